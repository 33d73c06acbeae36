/* test-policy.c - memory policies: what each asks of the kernel, and whether the pages are as it
 * allows. */
#include "unit.h"

#include <errno.h>
#include <numaif.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "place/memory.h"
#include "place/threads.h"
#include "result/record.h"
#include "tree.h"

enum { MIB = 1 << 20, NODES_MOST = 4 };

static struct spread spread_of(const unsigned *weights, size_t n)
{
	struct spread s = { .n = n };

	for (size_t i = 0; i < n; i++)
		s.of[i] = (struct node_weight){ .node = (int)i, .weight = weights[i] };
	return s;
}

/* Pages by node; -1 at NODES_MOST stands for those that are nowhere. */
static struct placement placed(const struct spread *s, uint64_t slack, const uint64_t *pages)
{
	struct placement p = { .spread = *s, .slack = slack, .proof = PROOF_MOVE_PAGES };

	p.resident = calloc(NODES_MOST + 1, sizeof *p.resident);
	if (pages[NODES_MOST])
		p.resident[p.nresident++] = (struct resident){ -1, pages[NODES_MOST] };
	for (int i = 0; i < NODES_MOST; i++)
		if (pages[i])
			p.resident[p.nresident++] = (struct resident){ i, pages[i] };
	return p;
}

static void test_shares(void **state)
{
	static const struct {
		unsigned weights[NODES_MOST];
		size_t n;
		uint64_t slack, pages[NODES_MOST + 1];
		bool holds;
	} rows[] = {
		{ { 1, 1 }, 2, 0, { 500, 500 }, true },
		{ { 1, 1 }, 2, 0, { 505, 495 }, true }, /* one in a hundred */
		{ { 1, 1 }, 2, 0, { 506, 494 }, false },
		{ { 1, 1 }, 2, 6, { 506, 494 }, true }, /* the last turn */
		{ { 1, 1 }, 2, 5, { 506, 494 }, false },
		{ { 1, 1 }, 2, 0, { 1000 }, false },
		{ { 1, 1 }, 2, 400, { 500, 499, 1 }, false }, /* a node that is not asked for */
		{ { 1, 1 }, 2, 400, { 500, 499, 0, 0, 1 }, false }, /* nowhere */
		{ { 1, 1 }, 2, 400, { 0 }, false },
		{ { 1, 1, 1, 1 }, 4, 0, { 250, 250, 250, 250 }, true },
		{ { 1, 1, 1, 1 }, 4, 0, { 250, 250, 246, 254 }, false },
		{ { 3, 1 }, 2, 0, { 750, 250 }, true },
		{ { 3, 1 }, 2, 0, { 748, 252 }, true },
		{ { 3, 1 }, 2, 0, { 745, 255 }, false }, /* each one's share counts */
		{ { 3, 1 }, 2, 0, { 500, 500 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct spread s = spread_of(rows[i].weights, rows[i].n);
		struct placement p = placed(&s, rows[i].slack, rows[i].pages);

		if (placement_holds(&p) != rows[i].holds)
			fail_msg("row %zu", i);
		p.proof = PROOF_NONE;
		assert_false(placement_holds(&p));
		placement_release(&p);
	}
}

static void test_share(void **state)
{
	struct spread none = { 0 }, s = spread_of((unsigned[]){ 3, 1 }, 2), other = s;

	(void)state;
	assert_true(spread_share(&none, 0) == 0);
	assert_true(spread_share(&s, 0) == 0.75 && spread_share(&s, 1) == 0.25);
	assert_true(spread_share(&s, 2) == 0);
	assert_true(spread_same(&s, &other) && spread_same(&none, &(struct spread){ 0 }));
	other.of[1].weight = 2;
	assert_false(spread_same(&s, &other) || spread_same(&s, &none));
}

static void test_judged(void **state)
{
	static const struct {
		unsigned weights[NODES_MOST];
		uint64_t pages[NODES_MOST + 1];
		const char *reason;
	} rows[] = {
		{ { 1, 1 },
		  { 600, 400 },
		  "asked for parts of equal size on nodes 0, 1, found 600 pages on node 0, 400 "
		  "pages on node 1" },
		{ { 3, 1 },
		  { 500, 500 },
		  "asked for parts of 3 on node 0, 1 on node 1, found 500 pages on node 0, 500 "
		  "pages on node 1" },
		{ { 1, 1 },
		  { 0 },
		  "asked for parts of equal size on nodes 0, 1, found no page at all" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct spread s = spread_of(rows[i].weights, 2);
		struct record r;

		record_init(&r);
		r.placement = placed(&s, 0, rows[i].pages);
		placement_judge(&r, 0);
		assert_int_equal(r.status, STATUS_MISPLACED);
		assert_string_equal(r.reason, rows[i].reason);
		record_release(&r);
	}
}

/* To JSON and back: "weights" and "slack" take the place of "requested". */
static void test_json(void **state)
{
	struct spread s = spread_of((unsigned[]){ 3, 0, 1 }, 3);
	struct record r, back;
	json_t *o, *p;

	(void)state;
	s.of[1] = s.of[2];
	s.n = 2;
	record_init(&r);
	record_init(&back);
	r.placement = placed(&s, 7, (uint64_t[]){ 750, 0, 250, 0, 0 });
	r.placement.ran_on = calloc(1, sizeof(int));
	record_set(&r, "placement", NULL);
	o = record_to_json(&r);
	p = json_object_get(o, "placement");
	assert_null(json_object_get(p, "requested"));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(p, "weights"), "2")),
			 1);
	assert_int_equal(record_from_json(&back, o, NULL), 0);
	assert_true(spread_same(&back.placement.spread, &s));
	assert_int_equal(back.placement.slack, 7);
	assert_true(placement_holds(&back.placement));
	json_decref(o);
	record_release(&r);
	record_release(&back);
}

static void test_bad_json(void **state)
{
	static const struct {
		const char *json, *why;
	} rows[] = {
		{ "{'weights': {}}", "slack" },
		{ "{'weights': {}, 'slack': 0}", "1 to 64 nodes" },
		{ "{'weights': 1, 'slack': 0}", "1 to 64 nodes" },
		{ "{'weights': {'0': 0}, 'slack': 0}", "weights.0: 1 or more" },
		{ "{'weights': {'-1': 1}, 'slack': 0}", "\"-1\" is no node number" },
		{ "{'weights': {'0': 1}, 'slack': -1}", "slack" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[200];
		struct err e = { "" };
		struct record r;
		json_t *o;

		snprintf(text, sizeof text, "{'placement': %s}", rows[i].json);
		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		o = json_loads(text, 0, NULL);
		assert_non_null(o);
		record_init(&r);
		assert_int_equal(record_from_json(&r, o, &e), -EINVAL);
		if (!strstr(e.text, rows[i].why))
			fail_msg("row %zu: \"%s\"", i, e.text);
		json_decref(o);
		record_release(&r);
	}
}

/* ---- the kernel ---- */

static void test_weights(void **state)
{
	struct idset nodes = { 0 }, many = { 0 };
	struct sysroot root;
	struct spread s;
	struct tree t;

	(void)state;
	for (int n = 0; n < 3; n++)
		idset_add(&nodes, 2 * n);
	for (int n = 0; n <= SPREAD_MOST; n++)
		idset_add(&many, n);
	tree_new(&t);
	tree_file(&t, "sys/kernel/mm/mempolicy/weighted_interleave/node0", "7\n");
	tree_file(&t, "sys/kernel/mm/mempolicy/weighted_interleave/node4", "2\n");
	assert_int_equal(sysroot_open_recorded(&root, t.path, NULL), 0);
	assert_int_equal(policy_spread(&s, MEMPOLICY_WEIGHTED, &nodes, &root, NULL), 0);
	assert_int_equal(s.n, 3);
	assert_true(s.of[0].node == 0 && s.of[0].weight == 7);
	assert_true(s.of[1].node == 2 && s.of[1].weight == 1); /* it has none */
	assert_true(s.of[2].node == 4 && s.of[2].weight == 2);
	assert_int_equal(policy_spread(&s, MEMPOLICY_INTERLEAVE, &nodes, &root, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(s.of[i].weight, 1);
	assert_int_equal(policy_spread(&s, MEMPOLICY_INTERLEAVE, &many, &root, NULL), -E2BIG);
	sysroot_close(&root);
	tree_remove(&t);
}

static int here(void)
{
	struct idset cpu = { { 0 } };
	unsigned node = 0;

	idset_add(&cpu, sched_getcpu());
	assert_int_equal(thread_bind(&cpu, NULL), 0);
	getcpu(NULL, &node);
	return (int)node;
}

/* Under each policy on one node: pages are there; what the kernel has not is not supported. */
static void test_policies_place(void **state)
{
	static const enum page_kind kinds[] = { PAGES_4K, PAGES_THP };
	int node = here();

	(void)state;
	for (int which = MEMPOLICY_DEFAULT; which <= MEMPOLICY_WEIGHTED; which++)
		for (size_t k = 0; k < 2; k++) {
			struct policy policy = { .which = (enum mempolicy)which, .node = node };
			struct memory_want want = { .node = node,
						    .pages = kinds[k],
						    .policy = &policy };
			struct placement p = { .requested = node };
			struct err e = { "" };
			struct memory m;
			int rc;

			if (policy_spreads(policy.which))
				policy.spread = spread_of((unsigned[]){ 1 }, 1);
			policy.spread.of[0].node = node;
			rc = memory_place(&m, 4 * MIB, &want, &e);
			if (rc == -ENOTSUP) {
				assert_true(strstr(e.text, "weighted") || strstr(e.text, "refuse"));
				continue;
			}
			assert_int_equal(rc, 0);
			assert_true(m.bound && !m.touched);
			memset(m.p, 1, m.bytes);
			p.spread = policy.spread;
			assert_int_equal(memory_prove(m.p, m.bytes, &p), 0);
			assert_true(placement_holds(&p));
			placement_release(&p);
			memory_unmap(&m);
		}
}

static void test_bad_policies(void **state)
{
	struct policy policy = { .which = MEMPOLICY_PREFERRED, .node = 8000 };
	struct memory_want want = { .node = 8000, .pages = PAGES_4K, .policy = &policy };
	struct err e = { "" };
	struct memory m;
	int rc = memory_place(&m, MIB, &want, &e);

	(void)state;
	if (rc != -ENOTSUP) {
		assert_int_equal(rc, -EINVAL);
		assert_non_null(strstr(e.text, "does not exist"));
	}
	assert_null(m.p);
	assert_int_equal(memory_no_such_pages(PAGES_HUGETLB, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "hugetlb"));
}

/* Of the thread, for memory that has none of its own; the mode is what the kernel then says. */
static void test_thread_policy(void **state)
{
	static const int modes[] = { [MEMPOLICY_BIND] = MPOL_BIND,
				     [MEMPOLICY_PREFERRED] = MPOL_PREFERRED,
				     [MEMPOLICY_INTERLEAVE] = MPOL_INTERLEAVE };
	const struct policy none = { .which = MEMPOLICY_DEFAULT };
	struct policy policy = { .node = here() };
	struct err e = { "" };
	int mode = -1;

	(void)state;
	for (int which = MEMPOLICY_BIND; which <= MEMPOLICY_INTERLEAVE; which++) {
		int rc;

		policy.which = (enum mempolicy)which;
		if (policy_spreads(policy.which))
			policy.spread = spread_of((unsigned[]){ 1 }, 1);
		policy.spread.of[0].node = policy.node;
		rc = policy_apply_thread(&policy, &e);
		if (rc == -ENOTSUP)
			skip();
		assert_int_equal(rc, 0);
		assert_int_equal(get_mempolicy(&mode, NULL, 0, NULL, 0), 0);
		assert_int_equal(mode, modes[which]);
	}
	assert_int_equal(policy_apply_thread(&none, &e), 0);
	assert_int_equal(get_mempolicy(&mode, NULL, 0, NULL, 0), 0);
	assert_int_equal(mode, MPOL_DEFAULT);
	policy = (struct policy){ .which = MEMPOLICY_BIND, .node = 8000 };
	assert_int_equal(policy_apply_thread(&policy, &e), -EINVAL);
	assert_non_null(strstr(e.text, "does not exist"));
}

static void test_turns(void **state)
{
	const uint64_t huge = 2 * MIB / (uint64_t)sysconf(_SC_PAGESIZE);
	const struct memory small = { .pages = PAGES_4K }, large = { .pages = PAGES_THP };
	struct spread none = { 0 }, even = spread_of((unsigned[]){ 1, 1 }, 2),
		      uneven = spread_of((unsigned[]){ 2, 5 }, 2);

	(void)state;
	assert_int_equal(memory_turn(&small, &none), 0);
	assert_int_equal(memory_turn(&small, &even), 1);
	assert_int_equal(memory_turn(&large, &even), huge);
	assert_int_equal(memory_turn(&large, &uneven), 5 * huge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),         cmocka_unit_test(test_share),
		cmocka_unit_test(test_judged),         cmocka_unit_test(test_json),
		cmocka_unit_test(test_bad_json),       cmocka_unit_test(test_weights),
		cmocka_unit_test(test_policies_place), cmocka_unit_test(test_bad_policies),
		cmocka_unit_test(test_turns),          cmocka_unit_test(test_thread_policy),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
