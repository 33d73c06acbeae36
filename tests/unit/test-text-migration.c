/* test-text-migration.c - what the report says of processes that were moved, of records put
 * together by hand. */
#include "moved_process.h"
#include "moved_records.h"

#include "result/findings.h"

/* 160 GB/s and 90 ns at home, `kept` of it and `slower` from afar. */
static void add_threads(struct bed *b, int from, int to, double kept, double slower)
{
	static const enum phase phases[] = { PHASE_BEFORE, PHASE_SETTLED, PHASE_RETURNED };
	struct record *r;

	for (size_t i = 0; i < 3; i++) {
		bool away = phases[i] == PHASE_SETTLED;

		r = add(b, "bandwidth", "B/s", away ? 160e9 * kept : 160e9);
		in_phase(sized(from_to(r, from, to), 1 << 30, CORES), phases[i]);
		r->pages = PAGES_THP;
		record_set(r, "pages", NULL);
		r = add(b, "latency", "s", away ? 90e-9 * slower : 90e-9);
		in_phase(sized(from_to(r, from, to), 1 << 30, 1), phases[i]);
	}
	sized(from_to(add(b, "transient-time", "s", 0.04), from, to), 1 << 30, CORES);
	sized(from_to(add(b, "refill-time", "s", 0.012), from, to), 1 << 30, CORES);
}

static struct record *add_pages(struct bed *b, enum mover mover, enum page_kind kind, double rate,
				int from, int to)
{
	struct record *r = of_pages(from_to(add(b, "page-rate", "B/s", rate), from, to), kind);

	r->mover = mover;
	r->moved = 1;
	record_set(r, "mover", "moved", NULL);
	return r;
}

static struct record *hold(struct record *r, enum page_lock lock, double moved)
{
	r->locked = lock;
	r->moved = moved;
	record_set(r, "locked", NULL);
	return r;
}

/* ---- threads and pages ---- */

static void test_nothing(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 0);
	print(&b);
	assert_string_equal(b.text, "");
	teardown(&b);
}

static void add_two_nodes(struct bed *b)
{
	struct record *r;

	add_threads(b, 0, 1, 0.61, 1.8);
	add_threads(b, 1, 0, 0.65, 1.7);
	for (int from = 0; from < 2; from++) {
		/* 8 GB in 1.1 s; the other ways are slower. */
		add_pages(b, MOVER_MOVE_PAGES, PAGES_THP, 8e9 / 1.1, from, !from);
		add_pages(b, MOVER_MOVE_PAGES, PAGES_4K, 2e9, from, !from);
		add_pages(b, MOVER_MIGRATE_PAGES, PAGES_THP, 5e9, from, !from);
		hold(add_pages(b, MOVER_MOVE_PAGES, PAGES_4K, 1.9e9, from, !from), LOCK_MLOCK, 1);
		r = add_pages(b, MOVER_MOVE_PAGES, PAGES_4K, 0, from, !from);
		hold(r, LOCK_IO_URING, 0);
		r = of_pages(from_to(add(b, "page-time", "s", 2.1e-6), from, !from), PAGES_4K);
		r->mover = MOVER_MOVE_PAGES;
		record_set(r, "mover", NULL);
	}
	r = sized(from_to(add(b, "balancing-time", "s", 14), 0, 1), 256 << 20, CORES);
	r->mover = MOVER_BALANCING;
	snprintf(r->kernel, sizeof r->kernel, "triad-avx2");
	record_set(r, "mover", "kernel", NULL);
}

static void test_sentence(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 0);
	add_two_nodes(&b);
	print(&b);
	show(&b);
	has(&b,
	    "a process moved from node 0 to node 1 keeps 0.61 of its bandwidth and pays 1.8x "
	    "latency; moving its 8 GB costs 1.1 s and pays after 2.8 s, or 275 GB streamed; the "
	    "kernel alone needs 14 s for 256 MiB; pinned buffers stay behind for good");
	has(&b, "a process moved from node 1 to node 0 keeps 0.65 of its bandwidth and pays 1.7x "
		"latency; moving its 8 GB costs 1.1 s and pays after 3.1 s, or 327 GB streamed; "
		"pinned");
	has(&b, "0 to 1 0.61 1.80x 40 ms 12 ms 1.1 s 2.8 s 14 s");
	has(&b, "move_pages, transparent huge pages 7.27");
	has(&b, "move_pages, 4 KiB pages 2.00 2.10 us 100 %");
	has(&b, "move_pages, 4 KiB pages, of io_uring none");
	has(&b, "registered buffers of io_uring stay where they are");
	has(&b, "mlocked pages move like others");
	lacks(&b, "a GPU's driver");
	lacks(&b, "moved back");
	teardown(&b);
}

/* What is derived: the formula, over what the records say. */
static void test_derived(void **state)
{
	const struct record *settled = NULL;
	struct bed b;

	(void)state;
	setup(&b, 2, 0);
	add_two_nodes(&b);
	print(&b);
	for (size_t i = 0; i < b.res.nrecords; i++) {
		const struct record *r = &b.res.records[i];
		bool rate = strcmp(r->metric, "bandwidth") == 0;
		bool should = record_has(r, "phase") && r->phase == PHASE_SETTLED;

		assert_int_equal(record_has(r, "pays_after"), should);
		assert_int_equal(record_has(r, "pays_bytes"), should && rate);
		if (should && rate && r->cpu_node == 0)
			settled = r;
	}
	assert_non_null(settled);
	assert_true(fabs(settled->pays_after - 1.1 / 0.39) < 0.01);
	assert_true(fabs(settled->pays_bytes - settled->median * settled->pays_after) < 1);
	/* Without pages that moved, nothing follows; and what stood there goes. */
	for (size_t i = 0; i < b.res.nrecords; i++)
		if (strcmp(b.res.records[i].metric, "page-rate") == 0)
			record_status(&b.res.records[i], STATUS_FAILED, "refused");
	print(&b);
	assert_false(record_has(settled, "pays_after"));
	lacks(&b, "8 GB costs");
	teardown(&b);
}

/* The kernel's own moves, watched: from its windows. */
static void test_balancing_pays(void **state)
{
	const struct moved_process m = { .local = 100e9,
					 .penalty = 2,
					 .pages_from = 1,
					 .pages_take = 4,
					 .before = 1,
					 .after = 10,
					 .window = 0.05,
					 .seed = 1 };
	struct timeline t;
	struct record *r;
	struct bed b;

	(void)state;
	setup(&b, 2, 0);
	r = from_to(add(&b, "balancing-time", "s", 5), 0, 1);
	moved_watch(m, &t);
	for (size_t i = 0; i < t.n; i++)
		if (t.windows[i].start >= 1 && t.windows[i].start < 2)
			t.windows[i].rate = 20e9; /* the faults cost more than the pages bring */
	assert_int_equal(timeline_store(r, &t), 0);
	timeline_release(&t);
	assert_int_equal(derive(&b.res), 0);
	assert_true(record_has(r, "pays_after") && r->pays_after > 2 && r->pays_after < 6);
	assert_true(fabs(r->pays_bytes / r->pays_after - 50e9) < 1e6);
	teardown(&b);
}

static void test_no_difference(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 0);
	add_threads(&b, 0, 1, 0.995, 1.01);
	add_pages(&b, MOVER_MOVE_PAGES, PAGES_THP, 8e9, 0, 1);
	print(&b);
	show(&b);
	has(&b, "keeps its bandwidth (0.99 of it) and keeps its latency (1.01x); moving its 8 GB "
		"costs 1 s and never pays");
	has(&b, "it makes no difference on this machine");
	has(&b, "1 s never");
	teardown(&b);
}

/* Noise as large as the difference: neither said nor denied. */
static void test_undecided(void **state)
{
	uint64_t seed = 1;
	struct bed b;

	(void)state;
	setup(&b, 2, 0);
	add_threads(&b, 0, 1, 0.97, 1.02);
	for (size_t i = 0; i < b.res.nrecords; i++) {
		struct record *r = &b.res.records[i];

		for (size_t k = 0; k < r->samples.n; k++)
			r->samples.v[k] *= 1 + 0.1 * moved_random(&seed);
		record_summarise(r);
	}
	add_pages(&b, MOVER_MOVE_PAGES, PAGES_THP, 8e9, 0, 1);
	print(&b);
	show(&b);
	has(&b, "costs 1 s, and whether that pays is open");
	has(&b, "1 s open");
	has(&b, "of its bandwidth (undecided: 0.9");
	has(&b, "x latency (undecided: ");
	for (size_t i = 0; i < b.res.nrecords; i++)
		b.res.records[i].samples.n = 5;
	print(&b);
	has(&b, "of its bandwidth (undecided: too few samples)");
	lacks(&b, "makes no difference");
	teardown(&b);
}

static void test_comes_back_slower(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 0);
	add_threads(&b, 0, 1, 0.6, 1.5);
	for (size_t i = 0; i < b.res.nrecords; i++) {
		struct record *r = &b.res.records[i];

		if (!record_has(r, "phase") || r->phase != PHASE_RETURNED)
			continue;
		for (size_t k = 0; k < r->samples.n; k++)
			r->samples.v[k] *= 0.9;
		record_summarise(r);
	}
	print(&b);
	has(&b, "moved back from node 1 to node 0 it comes to 0.90 of what it had");
	lacks(&b, "8 GB costs");
	teardown(&b);
}

/* 56 pairs are not 56 lines. */
static void test_many_pairs(void **state)
{
	size_t lines = 0;
	struct bed b;

	(void)state;
	setup(&b, 8, 0);
	for (int from = 0; from < 8; from++)
		for (int to = 0; to < 8; to++)
			if (from != to)
				add_threads(&b, from, to, 1 - 0.05 * abs(from - to),
					    1 + 0.1 * abs(from - to));
	print(&b);
	show(&b);
	for (const char *p = b.text; *p; p++)
		lines += *p == '\n';
	assert_in_range(lines, 8, 25);
	has(&b, "of 56 pairs the 6 that cost most, and the one that costs least");
	has(&b, "0 to 7 0.65 1.70x");
	has(&b, "0.95 1.10x");
	teardown(&b);
}

static void test_marks(void **state)
{
	struct bed b;

	(void)state;
	setup(&b, 2, 0);
	add_threads(&b, 0, 1, 0.6, 1.5);
	for (size_t i = 0; i < b.res.nrecords; i++)
		if (record_has(&b.res.records[i], "phase") &&
		    b.res.records[i].phase == PHASE_SETTLED) {
			record_status(&b.res.records[i], STATUS_UNSTABLE, "a neighbour");
			b.res.records[i].undersized = true;
			record_set(&b.res.records[i], "undersized", NULL);
		}
	print(&b);
	has(&b, "0 to 1 0.60u? 1.50xu?");
	has(&b, "u undersized");
	has(&b, "? unstable");
	teardown(&b);
}

static void test_within(void **state)
{
	static const struct {
		uint64_t bytes;
		double lost;
	} sets[] = { { 1 << 24, 2e-3 }, { 1 << 15, 3e-6 }, { 1 << 20, 90e-6 } };
	struct record *r;
	struct bed b;

	(void)state;
	setup(&b, 1, 0);
	for (size_t i = 0; i < 3; i++) {
		sized(from_to(add(&b, "refill-time", "s", sets[i].lost), 0, 0), sets[i].bytes, 1);
		sized(from_to(add(&b, "transient-time", "s", 3 * sets[i].lost), 0, 0),
		      sets[i].bytes, 1);
		in_phase(sized(from_to(add(&b, "bandwidth", "B/s", 50e9), 0, 0), sets[i].bytes, 1),
			 PHASE_BEFORE);
		in_phase(
			sized(from_to(add(&b, "bandwidth", "B/s", 49.5e9), 0, 0), sets[i].bytes, 1),
			PHASE_SETTLED);
	}
	/* The same between cores that are known: a row of its own. */
	r = sized(from_to(add(&b, "refill-time", "s", -1e-6), 0, 0), sets[0].bytes, 1);
	r->cpu_pair.v = calloc(2, sizeof *r->cpu_pair.v);
	r->cpu_pair.n = 2;
	r->cpu_pair.v[1] = 2;
	record_set(r, "cpu_pair", NULL);
	/* What noise hides, and what is over within the first window. */
	r = sized(from_to(add(&b, "refill-time", "s", 2e-6), 0, 0), 1 << 12, 1);
	r->low = -5e-6;
	r->high = 8e-6;
	r = sized(from_to(add(&b, "transient-time", "s", 0), 0, 0), 1 << 12, 1);
	r->more = json_pack("{s:f}", "resolution", 1.25e-3);
	print(&b);
	show(&b);
	has(&b, "same node 16 MiB none");
	has(&b, "4 KiB <8 us <1.2 ms");
	lacks(&b, "unknown");
	has(&b, "32 KiB 3.00 us 9.00 us 0.99");
	has(&b, "1 MiB 90.0 us 270.0 us 0.99");
	has(&b, "16 MiB 2.00 ms 6.00 ms 0.99");
	lacks(&b, "nodes");
	teardown(&b);
}

/* What there was no time for is told by part, in one line. */
static void test_left_out(void **state)
{
	struct record *r;
	struct bed b;

	(void)state;
	setup(&b, 2, 1);
	for (int i = 0; i < 5; i++) {
		r = add(&b, i == 4 ? "bandwidth" : "feed-rate", "B/s", 1e9);
		if (i < 4) {
			r->gpu = 0;
			r->binding = BOUND_BOTH;
			r->policy = MEMPOLICY_BIND;
			r->phase = PHASE_BEFORE;
			record_set(r, "gpu", i < 2 ? "binding" : i == 2 ? "policy" : "phase", NULL);
		} else {
			r->cpu_pair.v = calloc(2, sizeof *r->cpu_pair.v);
			r->cpu_pair.n = 2;
			record_set(r, "cpu_pair", NULL);
		}
		record_status(r, STATUS_SKIPPED, LEFT_OUT "no time");
	}
	assert_int_equal(findings_make(&b.res), 0);
	for (size_t i = 0; i < b.res.nfindings; i++)
		if (strcmp(b.res.findings[i].id, "run.cells") == 0) {
			assert_string_equal(b.res.findings[i].observed,
					    "5 of 5 cells without a figure: left out: no time: "
					    "migration: 2 feed-rate by binding, 1 feed-rate by "
					    "memory policy, 1 feed-rate of a moved process, 1 "
					    "bandwidth from core to core");
			teardown(&b);
			return;
		}
	fail();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_derived),
		cmocka_unit_test(test_balancing_pays),
		cmocka_unit_test(test_no_difference),
		cmocka_unit_test(test_undecided),
		cmocka_unit_test(test_comes_back_slower),
		cmocka_unit_test(test_many_pairs),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_left_out),
	};

	return cmocka_run_group_tests_name("text of moves", tests, NULL, NULL);
}
