/* Buffers lie where they are asked to, and what does not is found out. */
#include "unit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place/memory.h"
#include "place/threads.h"

enum { MIB = 1 << 20, NO_SUCH_NODE = 8000 };

static size_t base_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* A node that has memory and CPUs: the one that this runs on, which does not move. */
static int here(void)
{
	struct idset cpu = { { 0 } };
	unsigned node = 0;

	idset_add(&cpu, sched_getcpu());
	assert_int_equal(thread_bind(&cpu, NULL), 0);
	getcpu(NULL, &node);
	return (int)node;
}

static uint64_t pages_on(const struct placement *p, int node)
{
	for (size_t i = 0; i < p->nresident; i++)
		if (p->resident[i].node == node)
			return p->resident[i].pages;
	return 0;
}

static void test_buffer_is_proven(void **state)
{
	static const enum page_kind kinds[] = { PAGES_4K, PAGES_THP };
	int node = here();

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct placement p = { .requested = node };
		struct memory m;

		assert_int_equal(memory_map(&m, 8 * MIB + 1, node, kinds[i], NULL), 0);
		assert_int_equal((uintptr_t)m.p % (kinds[i] == PAGES_THP ? 2 * MIB : base_page()),
				 0);
		memset(m.p, 1, m.bytes);
		assert_int_equal(memory_prove(m.p, m.bytes, &p), 0);
		assert_true(placement_holds(&p));
		assert_int_equal(p.nresident, 1);
		assert_int_equal(pages_on(&p, node), 8 * MIB / base_page() + 1);
		/* A second buffer adds to it. */
		assert_int_equal(memory_prove(m.p, base_page(), &p), 0);
		assert_int_equal(pages_on(&p, node), 8 * MIB / base_page() + 2);
		assert_int_equal(memory_prove(m.p, 0, &p), 0);
		assert_int_equal(pages_on(&p, node), 8 * MIB / base_page() + 2);
		p.requested = node + 1;
		assert_false(placement_holds(&p));
		placement_release(&p);
		memory_unmap(&m);
		memory_unmap(&m);
	}
}

/* A page that nobody touched is not there, and a buffer with one does not hold. */
static void test_missing_pages_are_counted(void **state)
{
	struct placement p = { .requested = here() };
	size_t page = base_page();
	struct memory m;

	(void)state;
	assert_int_equal(memory_map(&m, 100 * page, p.requested, PAGES_4K, NULL), 0);
	memset(m.p, 1, 99 * page);
	assert_int_equal(memory_prove(m.p, m.bytes, &p), 0);
	assert_int_equal(pages_on(&p, p.requested), 99);
	assert_int_equal(pages_on(&p, -1), 1);
	assert_int_equal(p.resident[0].node, -1); /* in order of node */
	assert_false(placement_holds(&p));
	placement_release(&p);
	memory_unmap(&m);
}

/* Where the binding took, nobody touches ahead of those who will use it. */
static void test_bound_memory_is_left_alone(void **state)
{
	struct node n = { .id = here() };
	struct machine machine = { .nodes = &n, .nnodes = 1 };
	struct memory_want want = { .machine = &machine, .node = n.id, .pages = PAGES_4K };
	struct placement p = { .requested = n.id };
	struct memory m;

	(void)state;
	assert_int_equal(thread_cpus(&n.allowed_cpus, NULL), 0);
	assert_int_equal(memory_place(&m, MIB, &want, NULL), 0);
	assert_true(m.bound && !m.touched);
	assert_int_equal(memory_prove(m.p, m.bytes, &p), 0);
	assert_int_equal(pages_on(&p, -1), MIB / base_page());
	placement_release(&p);
	memory_unmap(&m);
}

static void test_page_kinds_obtained(void **state)
{
	struct memory m;
	int node = here();

	(void)state;
	/* Large, so that nine tenths would be huge pages whatever the alignment. */
	assert_int_equal(memory_map(&m, 64 * MIB, node, PAGES_4K, NULL), 0);
	memset(m.p, 1, m.bytes);
	assert_int_equal(memory_obtained(&m), PAGES_4K);
	memory_unmap(&m);
	/* Asked for as huge, but touched by nobody: not obtained. */
	assert_int_equal(memory_map(&m, 16 * MIB, node, PAGES_THP, NULL), 0);
	assert_int_equal(memory_obtained(&m), PAGES_4K);
	memset(m.p, 1, m.bytes);
	if (memory_obtained(&m) != PAGES_THP)
		print_message("no transparent huge pages obtained here\n");
	memory_unmap(&m);
}

static void test_bad_maps(void **state)
{
	struct err e = { "" };
	struct memory m;

	(void)state;
	assert_int_equal(memory_map(&m, MIB, NO_SUCH_NODE, PAGES_4K, &e), -EINVAL);
	assert_non_null(strstr(e.text, "node 8000"));
	assert_null(m.p);
	assert_int_equal(memory_map(&m, 0, 0, PAGES_4K, &e), -ENOMEM);
	assert_int_equal(memory_map(&m, SIZE_MAX, 0, PAGES_THP, &e), -ENOMEM);
	assert_int_equal(memory_map(&m, (size_t)1 << 46, 0, PAGES_HUGETLB, &e), -ENOMEM);
	assert_non_null(strstr(e.text, "huge"));
	memory_unmap(&m);
}

/* True when nobody may touch it: the kernel would not write there either. */
static bool guarded(char *at)
{
	int fd[2];
	bool refused;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "", 1), 1);
	refused = read(fd[0], at, 1) < 0 && errno == EFAULT;
	close(fd[0]);
	close(fd[1]);
	return refused;
}

/* What is forked does not have it, and cannot have its pages moved from under us. */
static void test_children_have_none(void **state)
{
	struct memory m;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(memory_map(&m, MIB, here(), PAGES_4K, NULL), 0);
	memset(m.p, 1, m.mapped);
	pid = fork();
	if (pid == 0)
		_exit(!guarded(m.p));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	memory_unmap(&m);
}

static void test_guards(void **state)
{
	static const enum page_kind kinds[] = { PAGES_4K, PAGES_THP };
	int node = here();

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct memory m;

		assert_int_equal(memory_map(&m, 5 * MIB, node, kinds[i], NULL), 0);
		assert_true(guarded((char *)m.p - 1));
		assert_true(guarded((char *)m.p + m.mapped));
		assert_false(guarded((char *)m.p + m.mapped - 1));
		memory_unmap(&m);
	}
}

static void test_judge(void **state)
{
	static const struct {
		struct resident resident[2];
		size_t nresident;
		int ran_on;
		enum proof proof;
		enum status before, after;
		const char *says;
	} rows[] = {
		{ { { 1, 512 } }, 1, 0, PROOF_MOVE_PAGES, STATUS_OK, STATUS_OK, "" },
		{ { { 1, 512 } }, 1, 0, PROOF_NUMA_MAPS, STATUS_OK, STATUS_OK, "" },
		{ { { 0, 512 } },
		  1,
		  0,
		  PROOF_MOVE_PAGES,
		  STATUS_OK,
		  STATUS_MISPLACED,
		  "asked for node 1, found 512 pages on node 0" },
		{ { { -1, 3 }, { 1, 509 } },
		  2,
		  0,
		  PROOF_NUMA_MAPS,
		  STATUS_OK,
		  STATUS_MISPLACED,
		  "3 pages not there, 509 pages on node 1" },
		{ { { 0, 0 } }, 0, 0, PROOF_MOVE_PAGES, STATUS_OK, STATUS_MISPLACED, "no page" },
		{ { { 1, 512 } },
		  1,
		  1,
		  PROOF_MOVE_PAGES,
		  STATUS_OK,
		  STATUS_MISPLACED,
		  "a thread was seen on node 1, it belongs on node 0" },
		{ { { -1, 512 } }, 1, 0, PROOF_NONE, STATUS_OK, STATUS_UNPROVEN, "numa_maps" },
		{ { { -1, 512 } }, 1, 1, PROOF_NONE, STATUS_OK, STATUS_MISPLACED, "thread" },
		{ { { 0, 512 } }, 1, 0, PROOF_NUMA_MAPS, STATUS_UNPROVEN, STATUS_MISPLACED, "512" },
		{ { { 0, 512 } }, 1, 0, PROOF_NUMA_MAPS, STATUS_UNSTABLE, STATUS_MISPLACED, "512" },
		{ { { 0, 512 } }, 1, 0, PROOF_MOVE_PAGES, STATUS_CORRUPT, STATUS_CORRUPT, "" },
		{ { { 0, 512 } }, 1, 0, PROOF_MOVE_PAGES, STATUS_FAILED, STATUS_FAILED, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct resident resident[2];
		int ran_on = rows[i].ran_on;
		struct record r = { .status = rows[i].before };

		memcpy(resident, rows[i].resident, sizeof(resident));
		r.placement = (struct placement){ .requested = 1,
						  .resident = resident,
						  .nresident = rows[i].nresident,
						  .ran_on = &ran_on,
						  .nran_on = 1,
						  .proof = rows[i].proof };
		placement_judge(&r, 0);
		assert_int_equal(r.status, rows[i].after);
		if (!strstr(r.reason, rows[i].says))
			fail_msg("row %zu: '%s' does not say '%s'", i, r.reason, rows[i].says);
	}
}

/* ---- no permission: a seccomp filter as a container has it ---- */

static const int placement_calls[] = { SYS_mbind, SYS_set_mempolicy, SYS_get_mempolicy,
				       SYS_move_pages };
static const int reading_calls[] = { SYS_openat };

static bool refuse(const int *calls, size_t n, int error)
{
	struct sock_filter code[16] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr)) };
	unsigned short used = 1;

	for (size_t i = 0; i < n; i++) {
		code[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							    (unsigned)calls[i], 0, 1);
		code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
							    SECCOMP_RET_ERRNO | (unsigned)error);
	}
	code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { .len = used, .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#define EXPECT(what)                                                                               \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			print_error("line %d: not so: %s\n", __LINE__, #what);                     \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

/* A machine of one node, whose CPUs are given. */
static struct machine machine_of(struct node *n)
{
	return (struct machine){ .nodes = n, .nnodes = 1, .cpu_quota_milli = UNKNOWN("none") };
}

/* Nobody but the node's own CPUs touched it, and it is there; without CPUs nobody does. */
static int first_touch_places(int node)
{
	struct idset none = { { 0 } }, all;
	struct node n = { .id = node };
	struct machine machine = machine_of(&n);
	struct memory_want want = { .machine = &machine, .node = node };
	struct placement p = { .requested = node }, empty = p;
	struct record r = { .status = STATUS_OK };
	struct memory m;

	EXPECT(thread_cpus(&all, NULL) == 0);
	n.allowed_cpus = all;
	EXPECT(memory_place(&m, 40 * MIB + 1, &want, NULL) == 0);
	EXPECT(!m.bound && m.touched);
	EXPECT(memory_prove(m.p, m.bytes, &p) == 0);
	EXPECT(p.proof == PROOF_NUMA_MAPS && placement_holds(&p));
	EXPECT(pages_on(&p, node) == 40 * MIB / base_page() + 1);
	memory_tell(&m, &r);
	EXPECT(r.status == STATUS_OK && !strstr(r.reason, "no CPU"));
	memory_unmap(&m);
	n.allowed_cpus = none;
	EXPECT(memory_place(&m, MIB, &want, NULL) == 0);
	EXPECT(!m.bound && !m.touched);
	EXPECT(memory_prove(m.p, m.bytes, &empty) == 0 && !placement_holds(&empty));
	memory_tell(&m, &r);
	EXPECT(r.status == STATUS_OK);
	r.placement = empty;
	placement_judge(&r, 0);
	EXPECT(r.status == STATUS_MISPLACED);
	EXPECT(strstr(r.reason, "found 256 pages not there; the kernel refuses to bind"));
	/* A CPU that is not there cannot be pinned to: an error, not a guess. */
	idset_add(&n.allowed_cpus, IDSET_MAX - 1);
	memory_unmap(&m);
	EXPECT(memory_place(&m, MIB, &want, NULL) == -EINVAL && !m.p);
	placement_release(&p);
	placement_release(&empty);
	return 0;
}

/* In a child whose kernel refuses; `earlier` is proven by move_pages before that. */
static int live_without_permission(int error, int node)
{
	struct memory mine, *earlier = &mine;
	struct placement p = { .requested = node }, again = p, part = p, holes = p;
	size_t page = base_page();
	struct memory m;

	EXPECT(memory_map(earlier, MIB, node, PAGES_4K, NULL) == 0);
	memset(earlier->p, 1, earlier->bytes);
	EXPECT(memory_prove(earlier->p, earlier->bytes, &again) == 0);
	EXPECT(again.proof == PROOF_MOVE_PAGES && placement_holds(&again));
	EXPECT(refuse(placement_calls, 4, error));
	EXPECT(policy_bind_thread(earlier->node) == -error);
	EXPECT(memory_map(&m, 1000 * page, earlier->node, PAGES_4K, NULL) == 0);
	EXPECT(!m.bound);
	memset(m.p, 1, m.bytes);
	EXPECT(memory_prove(m.p, m.bytes, &p) == 0);
	EXPECT(p.proof == PROOF_NUMA_MAPS && placement_holds(&p));
	EXPECT(pages_on(&p, m.node) == 1000);
	/* Part of an area whose pages are all there and on one node. */
	EXPECT(memory_prove((char *)m.p + page, 10 * page, &part) == 0);
	EXPECT(part.proof == PROOF_NUMA_MAPS && pages_on(&part, m.node) == 10);
	/* The weakest proof of several is what is said. */
	EXPECT(memory_prove(m.p, m.bytes, &again) == 0);
	EXPECT(again.proof == PROOF_NUMA_MAPS && placement_holds(&again));
	memory_unmap(&m);
	/* Pages that are not there are missed here, too; and of a part nothing is known then. */
	EXPECT(memory_map(&m, 100 * page, earlier->node, PAGES_4K, NULL) == 0);
	memset((char *)m.p + 50 * page, 1, 50 * page);
	EXPECT(memory_prove(m.p, m.bytes, &holes) == 0);
	EXPECT(holes.proof == PROOF_NUMA_MAPS && !placement_holds(&holes));
	EXPECT(pages_on(&holes, -1) == 50 && pages_on(&holes, m.node) == 50);
	placement_release(&part);
	EXPECT(memory_prove(m.p, page, &part) == 0);
	EXPECT(part.proof == PROOF_NONE && !placement_holds(&part));
	memory_unmap(&m);
	/* Huge pages count as many base pages. */
	placement_release(&p);
	EXPECT(memory_map(&m, 4 * MIB, earlier->node, PAGES_THP, NULL) == 0);
	memset(m.p, 1, m.bytes);
	EXPECT(memory_prove(m.p, m.bytes, &p) == 0);
	EXPECT(pages_on(&p, earlier->node) == 4 * MIB / page);
	EXPECT(first_touch_places(earlier->node) == 0);
	/* And where /proc cannot be read either, that is said. */
	EXPECT(refuse(reading_calls, 1, EACCES));
	EXPECT(memory_prove(m.p, m.bytes, &again) == 0);
	EXPECT(again.proof == PROOF_NONE && !placement_holds(&again));
	return 0;
}

static void test_no_permission(void **state)
{
	static const int errors[] = { EPERM, ENOSYS, EACCES };
	int node = here();

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(live_without_permission(errors[i], node));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffer_is_proven),
		cmocka_unit_test(test_missing_pages_are_counted),
		cmocka_unit_test(test_bound_memory_is_left_alone),
		cmocka_unit_test(test_page_kinds_obtained),
		cmocka_unit_test(test_bad_maps),
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_children_have_none),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_no_permission),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
