/* test-budget.c - what a budget leaves out, and when: strictly after the first round, and later
 * only what would really miss it. The sessions are put together by hand, in the middle of their
 * rounds; they began long ago, so that this machine's own pace is nothing. */
#include <stdlib.h>
#include <string.h>

#include "measure/session_parts.h"
#include "unit.h"

enum { UNITS = 2 };

/* A session of 1000 s that has spent so many of them; the dearly wanted unit takes 90 s a round,
 * the other one `least`. */
static void make(struct session *s, struct cell_state *cells, int rounds, double spent,
		 double least)
{
	static const struct bench bench = { .name = "made-up" };
	static const struct session_options options = { .pages = -1 };
	static const struct session_sink sink = { .to = NULL };
	static struct site_state site; /* nothing is opened */

	*s = (struct session){ .bench = &bench,
			       .options = &options,
			       .sink = &sink,
			       .sites = &site,
			       .nsites = 1,
			       .cells = cells,
			       .ncells = UNITS,
			       .keep_open = true,
			       .exclusive = -1,
			       .budget_s = 1000,
			       .rounds = rounds,
			       .began = clock_now() };
	s->began.ns -= (uint64_t)(spent * 1e9);
	for (size_t i = 0; i < UNITS; i++) {
		cells[i] = (struct cell_state){ .unit = i, .comparison = i, .visited = true };
		record_init(&cells[i].cell.rec);
		cells[i].cell.worth = i == 0 ? 2 : 1;
		cells[i].sample_s = i == 0 ? 90 : least;
	}
}

/* Whether the unit that is worth least is left out; the other one never is. */
static bool leaves_out(int rounds, double spent, double least)
{
	struct cell_state cells[UNITS];
	struct session s;
	bool out;

	make(&s, cells, rounds, spent, least);
	budget_fit(&s);
	assert_true(session_active(&s, 0));
	out = !session_active(&s, 1);
	if (out) {
		assert_int_equal(cells[1].cell.rec.status, STATUS_SKIPPED);
		assert_non_null(strstr(cells[1].cell.rec.reason, "budget"));
	}
	for (size_t i = 0; i < UNITS; i++)
		record_release(&cells[i].cell.rec);
	return out;
}

static void test_overrun(void **state)
{
	static const struct {
		int rounds; /* made */
		double all; /* seconds that six would take */
		bool out;
	} rows[] = {
		{ 1, 990, false },
		{ 1, 1010, true }, /* five rounds are to come: nothing is lost */
		{ 2, 1010, false },
		{ 2, 1060, true }, /* what fitted at first may waver */
		{ 5, 1001, false },
		{ 5, 1045, false }, /* five rounds are not thrown away for that */
		{ 5, 1055, true },  /* but the budget is kept */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double least = 30, left = (6 - rows[i].rounds) * (90 + least);

		if (leaves_out(rows[i].rounds, rows[i].all - left, least) != rows[i].out)
			fail_msg("after %d rounds, six of which take %g s of 1000: %s",
				 rows[i].rounds, rows[i].all,
				 rows[i].out ? "nothing is left out" : "something is left out");
	}
}

/* A round more than six is made within the budget, or not at all. */
static void test_no_more(void **state)
{
	struct cell_state cells[UNITS];
	struct session s;

	(void)state;
	make(&s, cells, 6, 870, 30);
	assert_true(budget_another(&s));
	make(&s, cells, 6, 890, 30);
	assert_false(budget_another(&s));
	make(&s, cells, 5, 1200, 30); /* six are owed */
	assert_true(budget_another(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_overrun),
					    cmocka_unit_test(test_no_more) };

	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
