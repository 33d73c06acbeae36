/* Pages that are to move: what is counted, what is refused and why, and what holds them. */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/vmstat.h"
#include "place/held.h"
#include "place/memory.h"
#include "place/move.h"
#include "tree.h"

enum { MIB = 1 << 20, NO_SUCH_NODE = 900 };

static int here(void)
{
	unsigned node = 0;

	getcpu(NULL, &node);
	return (int)node;
}

static void test_refusals_are_told_apart(void **state)
{
	static const struct {
		int error;
		bool there, allowed, filtered;
		enum move_refusal why;
	} cases[] = {
		/* move_pages: a node that the cpuset forbids; that is not there */
		{ EACCES, true, false, false, MOVE_CPUSET },
		{ ENODEV, false, false, false, MOVE_NO_SUCH_NODE },
		{ ENODEV, true, true, false, MOVE_NO_SUCH_NODE },
		/* migrate_pages: likewise, without and with the right to ask for it */
		{ EPERM, true, false, false, MOVE_CPUSET },
		{ EINVAL, true, false, false, MOVE_CPUSET },
		{ EINVAL, false, false, false, MOVE_NO_SUCH_NODE },
		/* a filter may answer what it likes */
		{ EPERM, true, true, true, MOVE_FILTERED },
		{ EACCES, true, true, true, MOVE_FILTERED },
		{ ENOSYS, true, true, true, MOVE_FILTERED },
		/* a cpuset is the reason with and without one */
		{ EPERM, true, false, true, MOVE_CPUSET },
		{ EPERM, true, true, false, MOVE_NO_RIGHT },
		{ EACCES, true, true, false, MOVE_NO_RIGHT },
		{ ENOSYS, true, true, false, MOVE_NO_CALL },
		{ ENOSYS, true, false, false, MOVE_NO_CALL },
		{ ESRCH, true, true, true, MOVE_NO_PROCESS },
		{ EFAULT, true, true, true, MOVE_FAILED },
		{ EINVAL, true, true, false, MOVE_FAILED },
		{ ENOMEM, true, true, false, MOVE_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(move_refusal(cases[i].error, cases[i].there, cases[i].allowed,
					      cases[i].filtered),
				 cases[i].why);
}

static struct pages_found placed(struct resident *r, size_t n)
{
	const struct placement p = { .resident = r, .nresident = n };

	return pages_found_of(&p);
}

static void test_moves_are_counted(void **state)
{
	struct resident a[] = { { 0, 90 }, { 1, 10 } }, b[] = { { 0, 30 }, { 1, 60 }, { 2, 10 } },
			all[] = { { 1, 100 } };
	struct pages_found before = placed(a, 2), after = placed(b, 3), none = { 0 };
	struct page_moves m = page_moves_between(&before, &after, 1);

	(void)state;
	assert_int_equal(m.asked, 90);
	assert_int_equal(m.moved, 50);
	assert_int_equal(m.stayed, 40);
	assert_true(m.share == 0.6);
	after = placed(all, 1);
	m = page_moves_between(&before, &after, 1);
	assert_int_equal(m.moved, 90);
	assert_int_equal(m.stayed, 0);
	assert_true(m.share == 1);
	/* None went, or some went away: nothing was moved there. */
	m = page_moves_between(&before, &before, 1);
	assert_int_equal(m.moved, 0);
	assert_int_equal(m.stayed, 90);
	m = page_moves_between(&after, &before, 1);
	assert_int_equal(m.asked, 0);
	assert_int_equal(m.moved, 0);
	assert_true(m.share == 0.1);
	m = page_moves_between(&none, &none, 1);
	assert_int_equal(m.asked + m.moved + m.stayed, 0);
	assert_true(m.share == 0);
}

static void test_pages_to_where_they_are(void **state)
{
	static const enum page_kind kinds[] = { PAGES_4K, PAGES_THP };
	int node = here();

	(void)state;
	assert_int_equal(page_step(PAGES_4K), sysconf(_SC_PAGESIZE));
	assert_int_equal(page_step(PAGES_THP), 2 * MIB);
	for (size_t i = 0; i < 2; i++) {
		struct placement before = { 0 }, after = { 0 };
		enum move_refusal why = MOVE_FAILED;
		struct pages_found was, is;
		struct page_list *l;
		struct memory m;

		assert_int_equal(memory_map(&m, 4 * MIB, node, kinds[i], NULL), 0);
		memset(m.p, 1, m.mapped);
		assert_int_equal(memory_prove(m.p, m.mapped, &before), 0);
		assert_int_equal(page_list_make(&l, m.p, m.mapped, page_step(kinds[i])), 0);
		assert_int_equal(page_list_move(l, node, &why, NULL), 0);
		assert_int_equal(why, MOVE_TAKEN);
		assert_int_equal(process_move(0, node, node, &why, NULL), 0);
		assert_int_equal(memory_prove(m.p, m.mapped, &after), 0);
		was = pages_found_of(&before);
		is = pages_found_of(&after);
		assert_int_equal(page_moves_between(&was, &is, node).asked, 0);
		assert_true(page_moves_between(&was, &is, node).share == 1);
		placement_release(&before);
		placement_release(&after);
		page_list_free(l);
		memory_unmap(&m);
	}
	page_list_free(NULL);
}

/* A glance at numa_maps says the same as a question for every page, and touches none. */
static void test_glance(void **state)
{
	struct placement p = { .requested = here() };
	struct memory m;

	(void)state;
	assert_int_equal(memory_map(&m, 64 * page_step(PAGES_4K), p.requested, PAGES_4K, NULL), 0);
	memset(m.p, 1, 60 * page_step(PAGES_4K));
	for (int i = 0; i < 2; i++) { /* the second adds to the first */
		assert_int_equal(memory_glance(&m, &p), 0);
		assert_int_equal(p.proof, PROOF_NUMA_MAPS);
		assert_int_equal(p.nresident, 2);
		assert_int_equal(p.resident[0].node, -1);
		assert_int_equal(p.resident[0].pages, (i + 1) * 4);
		assert_int_equal(p.resident[1].node, p.requested);
		assert_int_equal(p.resident[1].pages, (i + 1) * 60);
	}
	placement_release(&p);
	memory_unmap(&m);
}

static void test_a_node_that_is_not_there(void **state)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct err e = { "" };
	enum move_refusal why;
	struct page_list *l;

	(void)state;
	page[0] = 1;
	assert_int_equal(page_list_make(&l, page, sizeof page, sizeof page), 0);
	assert_true(page_list_move(l, NO_SUCH_NODE, &why, &e) < 0);
	assert_int_equal(why, MOVE_NO_SUCH_NODE);
	assert_non_null(strstr(e.text, "node 900"));
	assert_non_null(strstr(e.text, "move_pages"));
	page_list_free(l);
	assert_true(process_move(0, here(), NO_SUCH_NODE, &why, &e) < 0);
	assert_int_equal(why, MOVE_NO_SUCH_NODE);
	assert_non_null(strstr(e.text, "migrate_pages"));
	assert_true(process_move(1 << 30, here(), here(), &why, &e) < 0);
	assert_int_equal(why, MOVE_NO_PROCESS);
}

/* Answers two calls with an error number, as a container's filter does. */
static void filter(unsigned error)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_move_pages, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_migrate_pages, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof rules / sizeof *rules, .filter = rules };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &program))
		_exit(77);
}

/* In a child: what both calls are refused for under a filter, and that the text says so. */
static int filtered(unsigned error)
{
	static char page[4096] __attribute__((aligned(4096)));
	enum move_refusal list, process;
	struct err e = { "" }, e2 = { "" };
	struct page_list *l;
	int node = here();

	page[0] = 1;
	if (page_list_make(&l, page, sizeof page, sizeof page) < 0)
		return 1;
	filter(error);
	if (page_list_move(l, node, &list, &e) != -(int)error ||
	    process_move(0, node, node, &process, &e2) != -(int)error)
		return 2;
	if (list != MOVE_FILTERED || process != MOVE_FILTERED)
		return 3;
	return strstr(e.text, "seccomp") && strstr(e2.text, strerror((int)error)) ? 0 : 4;
}

static void test_filters(void **state)
{
	static const unsigned errors[] = { EPERM, ENOSYS, EACCES };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(filtered(errors[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 77)
			print_message("no filters of system calls here\n");
		else
			assert_int_equal(WEXITSTATUS(status), 0);
	}
}

/* ---- holding ---- */

static unsigned long locked_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long kb = 0;
	char line[200];

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmLck: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static void test_mlock(void **state)
{
	struct err e = { "" };
	struct memory m;
	unsigned long before = locked_kb();

	(void)state;
	assert_int_equal(memory_map(&m, 4 * 4096, here(), PAGES_4K, NULL), 0);
	memset(m.p, 1, m.mapped);
	struct held h = { .how = LOCK_MLOCK, .p = m.p, .bytes = m.mapped };

	assert_int_equal(held_take(&h, &e), 0);
	assert_int_equal(locked_kb(), before + 16);
	held_release(&h);
	assert_int_equal(locked_kb(), before);
	held_release(&h);
	memory_unmap(&m);
}

/* What may be locked is limited: told with the limit. The limit binds all but the superuser. */
static void test_mlock_over_the_limit(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct rlimit none = { 4096, 4096 };
		struct held h = { .how = LOCK_MLOCK, .bytes = 8 * 4096 };
		struct err e = { "" };

		h.p = mmap(NULL, h.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
		if (setrlimit(RLIMIT_MEMLOCK, &none) || (getuid() == 0 && setuid(65534)))
			_exit(77);
		_exit(held_take(&h, &e) == -ENOTSUP && strstr(e.text, "ulimit -l") &&
				      strstr(e.text, "4096")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}

static void test_io_uring(void **state)
{
	struct err e = { "" };
	struct memory m;
	int rc;

	(void)state;
	assert_int_equal(memory_map(&m, 4 * 4096, here(), PAGES_4K, NULL), 0);
	memset(m.p, 1, m.mapped);
	struct held h = { .how = LOCK_IO_URING, .p = m.p, .bytes = m.mapped };

	rc = held_take(&h, &e);
	if (rc < 0) { /* a container's filter, or a sysctl */
		print_message("%s\n", e.text);
		assert_int_equal(rc, -ENOTSUP);
		assert_true(e.text[0] != '\0');
		assert_int_equal(h.ring, -1);
	} else {
		assert_true(h.ring >= 0);
	}
	held_release(&h);
	assert_int_equal(h.ring, -1);
	memory_unmap(&m);
}

static void test_no_gpu(void **state)
{
	struct held h = { .how = LOCK_REGISTERED, .p = NULL, .bytes = 4096 };
	struct err e = { "" };

	(void)state;
	assert_int_equal(held_take(&h, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "no GPU"));
}

/* ---- counters ---- */

static void test_vmstat(void **state)
{
	struct vmstat v, later, grown;
	struct sysroot root;
	struct tree t;

	(void)state;
	tree_new(&t);
	tree_file(&t, "sys/x", "");
	tree_file(&t, "proc/vmstat",
		  "nr_free_pages 7\nnuma_hint_faults_local 5\nnuma_hint_faults 9\n"
		  "pgmigrate_success 100\npgmigrate_fail 3\n");
	assert_int_equal(sysroot_open_recorded(&root, t.path, NULL), 0);
	vmstat_read(&v, &root);
	assert_true(v.of[VMSTAT_HINT_FAULTS].is && v.of[VMSTAT_HINT_FAULTS].value == 9);
	assert_true(v.of[VMSTAT_MIGRATED].is && v.of[VMSTAT_MIGRATED].value == 100);
	assert_false(v.of[VMSTAT_HUGE].is);
	assert_non_null(strstr(v.of[VMSTAT_HUGE].why, "does not count"));
	later = v;
	later.of[VMSTAT_MIGRATED].value = 160;
	later.of[VMSTAT_HUGE] = KNOWN(1);
	grown = vmstat_growth(&v, &later);
	assert_int_equal(grown.of[VMSTAT_MIGRATED].value, 60);
	assert_int_equal(grown.of[VMSTAT_NOT_MIGRATED].value, 0);
	assert_false(grown.of[VMSTAT_HUGE].is);
	assert_string_equal(vmstat_name(VMSTAT_BALANCED), "numa_pages_migrated");
	sysroot_close(&root);
	tree_remove(&t);
	/* No such file at all. */
	tree_new(&t);
	tree_file(&t, "sys/x", "");
	assert_int_equal(sysroot_open_recorded(&root, t.path, NULL), 0);
	vmstat_read(&v, &root);
	for (int c = 0; c < VMSTAT_COUNTERS; c++)
		assert_false(v.of[c].is);
	sysroot_close(&root);
	tree_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals_are_told_apart),
		cmocka_unit_test(test_moves_are_counted),
		cmocka_unit_test(test_pages_to_where_they_are),
		cmocka_unit_test(test_glance),
		cmocka_unit_test(test_a_node_that_is_not_there),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_mlock),
		cmocka_unit_test(test_mlock_over_the_limit),
		cmocka_unit_test(test_io_uring),
		cmocka_unit_test(test_no_gpu),
		cmocka_unit_test(test_vmstat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
