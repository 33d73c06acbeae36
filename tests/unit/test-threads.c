/* Threads run where they are asked to, all of them, and say so. */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/sysroot.h"
#include "place/threads.h"

enum { MOST = 8, RUNS = 300, NO_SUCH_CPU = 8190 };

/* The CPUs that this process may use: their number, at most MOST. */
static size_t usable_cpus(int *cpus)
{
	cpu_set_t set;
	size_t n = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (size_t c = 0; c < CPU_SETSIZE && n < MOST; c++)
		if (CPU_ISSET(c, &set))
			cpus[n++] = (int)c;
	return n;
}

struct seen {
	int cpu[MOST];
	atomic_size_t calls, inside;
	bool together;
};

/* Waits until all have come: the team must really run side by side. */
static void look(void *arg, size_t rank, size_t size)
{
	struct seen *s = arg;

	s->cpu[rank] = sched_getcpu();
	atomic_fetch_add(&s->calls, 1);
	atomic_fetch_add(&s->inside, 1);
	while (s->together && atomic_load(&s->inside) < size)
		sched_yield();
}

static void test_team_is_where_it_should_be(void **state)
{
	int cpus[MOST], order[MOST];
	size_t n = usable_cpus(cpus);

	(void)state;
	for (size_t size = 1; size <= n; size++) {
		struct idset asked = { { 0 } }, ran;
		struct seen s = { .together = true };
		struct team *t;

		/* The last CPU first, so that rank and CPU number differ. */
		for (size_t i = 0; i < size; i++) {
			order[i] = cpus[n - 1 - i];
			idset_add(&asked, order[i]);
		}
		assert_int_equal(team_start(&t, order, size, NULL), 0);
		assert_int_equal(team_size(t), size);
		ran = team_ran_on(t);
		assert_true(idset_empty(&ran));
		team_run(t, look, &s);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(s.cpu[i], order[i]);
		assert_int_equal(s.calls, size);
		ran = team_ran_on(t);
		assert_true(idset_equal(&ran, &asked));
		ran = team_ran_on(t);
		assert_true(idset_empty(&ran));
		team_stop(t);
	}
}

static void count(void *arg, size_t rank, size_t size)
{
	struct seen *s = arg;

	s->cpu[rank] = (int)size;
	atomic_fetch_add(&s->calls, 1);
}

/* Runs of few and of all, one after another: nobody falls behind, and who has no part is not
 * seen. */
static void test_first_of_a_team(void **state)
{
	enum { SIZE = 5 };
	int cpus[MOST];
	struct team *t;
	size_t n = usable_cpus(cpus);

	(void)state;
	for (size_t i = n; i < SIZE; i++)
		cpus[i] = cpus[0];
	assert_int_equal(team_start(&t, cpus, SIZE, NULL), 0);
	for (int i = 0; i < RUNS; i++) {
		size_t active = (size_t)(i * 3) % SIZE + 1;
		struct seen s = { .together = false };
		struct idset ran, first = { 0 };

		team_run_first(t, active, count, &s);
		assert_int_equal(s.calls, active);
		for (size_t k = 0; k < SIZE; k++)
			assert_int_equal(s.cpu[k], k < active ? active : 0);
		for (size_t k = 0; k < active; k++)
			idset_add(&first, cpus[k]);
		ran = team_ran_on(t);
		assert_true(idset_equal(&ran, &first));
	}
	team_stop(t);
}

/* More threads than CPUs: nobody may spin for ever. */
static void test_crowded_team_ends(void **state)
{
	int cpus[MOST];
	struct seen s = { .together = false };
	struct team *t;

	(void)state;
	usable_cpus(cpus);
	for (size_t i = 1; i < MOST; i++)
		cpus[i] = cpus[0];
	assert_int_equal(team_start(&t, cpus, MOST, NULL), 0);
	for (int i = 0; i < RUNS; i++)
		team_run(t, look, &s);
	assert_int_equal(s.calls, MOST * RUNS);
	team_stop(t);
}

static void test_bad_teams(void **state)
{
	int cpus[2];
	struct err e = { "" };
	struct team *t = (struct team *)&e;

	(void)state;
	usable_cpus(cpus);
	cpus[1] = NO_SUCH_CPU;
	assert_int_equal(team_start(&t, cpus, 2, &e), -EINVAL);
	assert_non_null(strstr(e.text, "CPU 8190"));
	assert_null(t);
	assert_int_equal(team_start(&t, cpus, 0, &e), -EINVAL);
	team_stop(NULL);
}

/* In a child: binding is for the calling thread, and stays. */
static void in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int bind_and_look(void)
{
	int cpus[MOST];
	struct idset one = { { 0 } }, absent = { { 0 } };
	struct err e = { "" };
	cpu_set_t now;

	idset_add(&one, cpus[usable_cpus(cpus) - 1]);
	if (thread_bind(&one, &e) != 0 || sched_getaffinity(0, sizeof(now), &now) != 0)
		return 1;
	if (CPU_COUNT(&now) != 1 || !CPU_ISSET((size_t)idset_next(&one, -1), &now))
		return 2;
	/* Partly impossible: the kernel takes the rest without a word, we do not. */
	idset_add(&one, NO_SUCH_CPU);
	if (thread_bind(&one, &e) != -EINVAL || !strstr(e.text, "8190"))
		return 3;
	idset_add(&absent, NO_SUCH_CPU);
	return thread_bind(&absent, &e) == -EINVAL ? 0 : 4;
}

static void test_bind(void **state)
{
	(void)state;
	in_child(bind_and_look);
}

static int offer_and_look(void)
{
	struct sysroot r;
	char text[32];

	process_offer_to_oom();
	if (sysroot_open_live(&r, NULL) < 0 ||
	    sysroot_text(&r, text, sizeof(text), "proc/self/oom_score_adj") < 0)
		return 1;
	sysroot_close(&r);
	return strcmp(text, "1000") == 0 ? 0 : 2;
}

static void test_oom(void **state)
{
	(void)state;
	in_child(offer_and_look);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_team_is_where_it_should_be),
		cmocka_unit_test(test_first_of_a_team),
		cmocka_unit_test(test_crowded_team_ends),
		cmocka_unit_test(test_bad_teams),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_oom),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
