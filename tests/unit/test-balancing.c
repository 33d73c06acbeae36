/* The guardian of kernel.numa_balancing: what it switches on is switched back, whoever dies. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place/balancing.h"
#include "tree.h"

#define SWITCH "proc/sys/kernel/numa_balancing"

struct scene {
	struct tree tree;
	struct sysroot root;
};

static void scene_new(struct scene *s, const char *mode)
{
	tree_new(&s->tree);
	tree_file(&s->tree, "sys/x", "");
	if (mode)
		tree_file(&s->tree, SWITCH, mode);
	assert_int_equal(sysroot_open_recorded(&s->root, s->tree.path, NULL), 0);
}

static void scene_end(struct scene *s)
{
	sysroot_close(&s->root);
	tree_remove(&s->tree);
}

static long long mode_of(const struct scene *s)
{
	struct known mode = balancing_mode(&s->root);

	assert_true(mode.is);
	return mode.value;
}

/* Within two seconds. */
static void expect_mode(const struct scene *s, long long mode)
{
	for (int i = 0; i < 200 && mode_of(s) != mode; i++)
		poll(NULL, 0, 10);
	assert_int_equal(mode_of(s), mode);
}

static void test_modes(void **state)
{
	static const struct {
		const char *text;
		bool is, on;
	} cases[] = {
		{ "0\n", true, false }, { "1\n", true, true },  { "2\n", true, false },
		{ "3\n", true, true },  { NULL, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct known mode;
		struct scene s;

		scene_new(&s, cases[i].text);
		mode = balancing_mode(&s.root);
		assert_int_equal(mode.is, cases[i].is);
		assert_int_equal(balancing_is_on(&mode), cases[i].on);
		if (!mode.is)
			assert_non_null(strstr(mode.why, "no automatic NUMA balancing"));
		scene_end(&s);
	}
}

static void test_on_and_back(void **state)
{
	struct balancing b;
	struct scene s;

	(void)state;
	/* The other bit stays as it is. */
	for (int before = 0; before <= 2; before += 2) {
		char text[8];

		snprintf(text, sizeof text, "%d\n", before);
		scene_new(&s, text);
		assert_int_equal(balancing_switch_on(&b, &s.root, NULL), 0);
		assert_true(b.guardian > 0);
		assert_int_equal(mode_of(&s), before + 1);
		assert_int_equal(balancing_switch_back(&b, NULL), 0);
		assert_int_equal(mode_of(&s), before);
		assert_int_equal(b.guardian, 0);
		assert_int_equal(balancing_switch_back(&b, NULL), 0);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
		scene_end(&s);
	}
}

static void test_nothing_to_do(void **state)
{
	struct err e = { "" };
	struct balancing b;
	struct scene s;

	(void)state;
	scene_new(&s, "1\n");
	assert_int_equal(balancing_switch_on(&b, &s.root, &e), 0);
	assert_int_equal(b.guardian, 0);
	assert_int_equal(balancing_switch_back(&b, &e), 0);
	assert_int_equal(mode_of(&s), 1);
	scene_end(&s);
	scene_new(&s, NULL);
	assert_int_equal(balancing_switch_on(&b, &s.root, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "no automatic NUMA balancing"));
	scene_end(&s);
}

static void test_not_allowed(void **state)
{
	char whole[4096];
	struct err e = { "" };
	struct balancing b;
	struct scene s;
	int status;
	pid_t pid;

	(void)state;
	scene_new(&s, "0\n");
	snprintf(whole, sizeof whole, "%s/" SWITCH, s.tree.path);
	chmod(whole, 0444);
	chmod(s.tree.path, 0755); /* mkdtemp's is ours alone */
	pid = fork();
	if (pid == 0) {
		if (getuid() == 0 && setuid(65534))
			_exit(77);
		_exit(balancing_switch_on(&b, &s.root, &e) == -EACCES && b.guardian == 0 &&
				      strstr(e.text, "kernel.numa_balancing")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77));
	assert_int_equal(mode_of(&s), 0);
	scene_end(&s);
}

/* Who wanted it is killed, and a child of his lives on with all that he had open. */
static void test_kill_9(void **state)
{
	pid_t holder, orphan = 0;
	int line[2];
	struct scene s;

	(void)state;
	scene_new(&s, "0\n");
	assert_int_equal(pipe(line), 0);
	holder = fork();
	if (holder == 0) {
		struct balancing b;
		pid_t child;

		if (balancing_switch_on(&b, &s.root, NULL) < 0)
			_exit(1);
		child = fork();
		if (child == 0) {
			pause();
			_exit(0);
		}
		if (write(line[1], &child, sizeof child) != sizeof child)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(line[0], &orphan, sizeof orphan), sizeof orphan);
	assert_int_equal(mode_of(&s), 1);
	kill(holder, SIGKILL);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	expect_mode(&s, 0);
	assert_int_equal(kill(orphan, 0), 0); /* it was there all the time */
	kill(orphan, SIGKILL);
	/* Nobody holds on to what the guardian inherited: this pipe comes to its end. */
	close(line[1]);
	assert_int_equal(read(line[0], &orphan, sizeof orphan), 0);
	close(line[0]);
	scene_end(&s);
}

/* The guardian is deaf to what ends a terminal's programs, and if it is killed the run still
 * switches back. */
static void test_guardian_is_hit(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct balancing b;
	struct scene s;

	(void)state;
	scene_new(&s, "0\n");
	assert_int_equal(balancing_switch_on(&b, &s.root, NULL), 0);
	assert_true(getsid(b.guardian) == b.guardian); /* no signal of ours to a group is its own */
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		kill(b.guardian, signals[i]);
	poll(NULL, 0, 50);
	assert_int_equal(mode_of(&s), 1);
	kill(b.guardian, SIGKILL);
	assert_int_equal(balancing_switch_back(&b, NULL), 0);
	assert_int_equal(mode_of(&s), 0);
	scene_end(&s);
}

/* Somebody who sets it meanwhile knows what he wants. */
static void test_set_by_others_meanwhile(void **state)
{
	struct balancing b;
	struct scene s;

	(void)state;
	scene_new(&s, "0\n");
	assert_int_equal(balancing_switch_on(&b, &s.root, NULL), 0);
	tree_file(&s.tree, SWITCH, "2\n");
	assert_int_equal(balancing_switch_back(&b, NULL), 0);
	assert_int_equal(mode_of(&s), 2);
	scene_end(&s);
}

/* Two at once: the second would take what the first has set for what is to be. */
static void test_one_at_a_time(void **state)
{
	struct balancing first, second;
	struct err e = { "" };
	struct scene s;

	(void)state;
	scene_new(&s, "0\n");
	assert_int_equal(balancing_switch_on(&first, &s.root, NULL), 0);
	tree_file(&s.tree, SWITCH, "0\n");
	assert_int_equal(balancing_switch_on(&second, &s.root, &e), -EBUSY);
	assert_int_equal(second.guardian, 0);
	assert_non_null(strstr(e.text, "another run"));
	assert_int_equal(balancing_switch_back(&first, NULL), 0);
	assert_int_equal(balancing_switch_on(&second, &s.root, NULL), 0);
	assert_int_equal(mode_of(&s), 1);
	assert_int_equal(balancing_switch_back(&second, NULL), 0);
	assert_int_equal(mode_of(&s), 0);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_on_and_back),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_not_allowed),
		cmocka_unit_test(test_kill_9),
		cmocka_unit_test(test_guardian_is_hit),
		cmocka_unit_test(test_set_by_others_meanwhile),
		cmocka_unit_test(test_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
