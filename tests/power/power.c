/* power.c - what the rule of lib/result/regress.h finds, and how often it is wrong: comparisons
 * are drawn, and judged by the very functions that judge results.
 *
 *     power                 the tables of results/power.md
 *     power ROW             that row alone, as it stands there
 *
 * A run median is the median of ten samples, which spread by 0.3 % within the run, times the luck
 * of the run, drawn for each cell: of physical pages, of clocks, of neighbours. The retest is one
 * more run. Every row has a seed of its own, so that it comes out the same wherever it is drawn.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/regress.h"
#include "util/random.h"

enum { COMPARISONS = 1000, SAMPLES = 10, CELLS_MOST = 400, RUNS_MOST = 20 };
static const double within = 0.003;
static const double turn = 6.283185307179586; /* 2 pi */

enum noise { GAUSSIAN, HEAVY, REGIMES, SHARED };
static const char *const noises[] = { [GAUSSIAN] = "Gaussian",
				      [HEAVY] = "heavy tails (t3)",
				      [REGIMES] = "two regimes, cell by cell",
				      [SHARED] = "two regimes, whole runs" };

static const char intro[] =
	"# What the rule for regressions finds, and how often it is wrong\n\n"
	"Made by `make power` out of `tests/power/power.c`, which draws comparisons and lets the "
	"very "
	"functions judge\n"
	"them that judge results (`lib/result/regress.c`); the rule is in "
	"[README.md](README.md#baselines-and-comparisons).\n"
	"Each row is 1,000 comparisons with nothing changed, 1,000 with one cell 5 % slower, 1,000 "
	"with "
	"one 10 % slower.\n"
	"A run median is that of ten samples that spread by 0.3 % within the run, times the luck "
	"of "
	"the run, drawn anew\n"
	"for every cell. All cells are one family here, which is the hardest case.\n\n"
	"- *spread*: standard deviation of run medians. *runs*: of the baseline + of the "
	"candidate.\n"
	"- *false alarms*: comparisons (not cells) that fail though nothing changed; *untested*: "
	"those "
	"that would without\n"
	"  a retest, as `numabench compare` without `--retest` does for five runs and more; "
	"*unknown*: those that end with 3.\n"
	"- *found*: the slowed cell fails; *told*: it fails, or the answer is that more runs are "
	"needed.\n"
	"- *cost*: minutes for all of these runs with `--quick`, 45 s each; the baseline is paid "
	"for "
	"once.\n";
static const char head[] = "| noise | spread | cells | runs | false alarms | untested | unknown | "
			   "5 % found | 5 % told | "
			   "10 % found | 10 % told | cost |\n"
			   "|---|---|---|---|---|---|---|---|---|---|---|---|\n";

struct row {
	enum noise noise;
	double spread;
	size_t cells, before, after; /* runs */
};

struct outcome {         /* in how many comparisons */
	size_t alarms;   /* a cell failed that had not changed */
	size_t untested; /* would have, without a retest */
	size_t unsure;   /* none failed, and of some cell it could not be told */
	size_t found;    /* the cell that was slowed failed */
	size_t told;     /* it failed, or it was told that more runs are needed */
};

static double uniform(uint64_t *state)
{
	return ((double)(random_next(state) >> 11) + 0.5) * 0x1p-53;
}

static double gaussian(uint64_t *state)
{
	double r = sqrt(-2 * log(uniform(state)));

	return r * cos(turn * uniform(state));
}

/* The luck of a run: mean 0 and standard deviation 1, whatever its shape. */
static double luck(enum noise noise, bool other_regime, uint64_t *state)
{
	/* In one run of four. */
	const double share = 0.25;
	double sum = 0, z;

	switch (noise) {
	case GAUSSIAN:
		return gaussian(state);
	case HEAVY: /* Student's t with three degrees of freedom has a variance of 3 */
		z = gaussian(state);
		for (int i = 0; i < 3; i++) {
			double g = gaussian(state);

			sum += g * g;
		}
		return z / sqrt(sum / 3) / sqrt(3);
	default:
		other_regime = noise == SHARED ? other_regime : uniform(state) < share;
		/* Slower by d in one run of four: a standard deviation of d sqrt(3) / 4. */
		return (share - (other_regime ? 1 : 0)) / sqrt(share * (1 - share));
	}
}

static double run_median(const struct row *row, bool other_regime, double level, uint64_t *state)
{
	double v[SAMPLES], mean = level * (1 + row->spread * luck(row->noise, other_regime, state));

	for (int i = 0; i < SAMPLES; i++) {
		double x = mean * (1 + within * gaussian(state));
		int at = i;

		for (; at > 0 && v[at - 1] > x; at--)
			v[at] = v[at - 1];
		v[at] = x;
	}
	return (v[SAMPLES / 2 - 1] + v[SAMPLES / 2]) / 2;
}

struct world {
	double before[CELLS_MOST][RUNS_MOST], after[CELLS_MOST][RUNS_MOST];
	struct trial trials[CELLS_MOST];
};

static bool other_regime(uint64_t *state)
{
	return uniform(state) < 0.25;
}

static void draw(struct world *w, const struct row *row, double drop, uint64_t *state)
{
	for (size_t r = 0; r < row->before + row->after; r++) {
		bool other = other_regime(state), old = r < row->before;

		for (size_t c = 0; c < row->cells; c++)
			*(old ? &w->before[c][r] : &w->after[c][r - row->before]) =
				run_median(row, other, old || c ? 1 : 1 - drop, state);
	}
	for (size_t c = 0; c < row->cells; c++)
		w->trials[c] = (struct trial){ .before = w->before[c],
					       .after = w->after[c],
					       .n = row->before,
					       .m = row->after,
					       .higher = true,
					       .floor = TRIAL_FLOOR };
}

/* One comparison; the first cell is slowed by `drop`. */
static void compare(struct world *w, const struct row *row, double drop, uint64_t *state,
		    struct outcome *o)
{
	bool alarm = false, untested = false, unsure = false, found = false;

	draw(w, row, drop, state);
	if (regress(w->trials, row->cells) < 0)
		abort();
	for (size_t c = 0; c < row->cells; c++) {
		const struct trial *t = &w->trials[c];
		double again;
		bool holds, changed = drop > 0 && c == 0;

		if (t->outcome != TRIAL_SUSPECTED && t->outcome != TRIAL_UNSURE)
			continue;
		again = run_median(row, other_regime(state), changed ? 1 - drop : 1, state);
		holds = isnan(t->threshold) || trial_holds(t, again);
		if (t->outcome == TRIAL_SUSPECTED) {
			*(changed ? &found : &alarm) |= holds;
			untested |= !changed;
		} else {
			unsure |= holds;
			o->told += changed && holds;
		}
	}
	o->alarms += alarm;
	o->untested += untested;
	o->unsure += unsure && !alarm && !found;
	o->found += found;
	o->told += found;
}

static struct outcome many(const struct row *row, size_t index, double drop)
{
	uint64_t state = mix64(index * 1000 + (uint64_t)(drop * 100) + 1);
	struct world *w = malloc(sizeof *w);
	struct outcome o = { 0 };

	for (size_t i = 0; w && i < COMPARISONS; i++)
		compare(w, row, drop, &state, &o);
	if (!w)
		abort();
	free(w);
	return o;
}

static double percent(size_t n)
{
	return 100.0 * (double)n / COMPARISONS;
}

/* The tables, each with what it shows. */
static const struct row basic[] = {
	{ GAUSSIAN, 0, 100, 10, 5 },    { GAUSSIAN, 0.005, 100, 10, 5 },
	{ GAUSSIAN, 0.01, 100, 10, 5 }, { GAUSSIAN, 0.015, 100, 10, 5 },
	{ GAUSSIAN, 0.02, 100, 10, 5 }, { GAUSSIAN, 0, 400, 10, 5 },
	{ GAUSSIAN, 0.01, 400, 10, 5 }, { GAUSSIAN, 0.02, 400, 10, 5 },
};
static const struct row shapes[] = {
	{ HEAVY, 0.01, 100, 10, 5 },   { HEAVY, 0.02, 100, 10, 5 },   { HEAVY, 0.01, 400, 10, 5 },
	{ HEAVY, 0.02, 400, 10, 5 },   { REGIMES, 0.01, 100, 10, 5 }, { REGIMES, 0.02, 100, 10, 5 },
	{ REGIMES, 0.02, 400, 10, 5 }, { SHARED, 0.01, 100, 10, 5 },  { SHARED, 0.02, 100, 10, 5 },
	{ SHARED, 0.02, 400, 10, 5 },
};
static const struct row single[] = {
	{ GAUSSIAN, 0, 100, 10, 1 },    { GAUSSIAN, 0.005, 100, 10, 1 },
	{ GAUSSIAN, 0.01, 100, 10, 1 }, { GAUSSIAN, 0.02, 100, 10, 1 },
	{ GAUSSIAN, 0.01, 400, 10, 1 }, { GAUSSIAN, 0.02, 400, 10, 1 },
	{ HEAVY, 0.005, 100, 10, 1 },   { HEAVY, 0.01, 100, 10, 1 },
	{ REGIMES, 0.01, 100, 10, 1 },  { SHARED, 0.01, 100, 10, 1 },
};
static const struct row others[] = {
	{ GAUSSIAN, 0.01, 100, 10, 2 }, { GAUSSIAN, 0.01, 100, 10, 3 },
	{ GAUSSIAN, 0.02, 100, 10, 3 }, { GAUSSIAN, 0.01, 100, 5, 5 },
	{ GAUSSIAN, 0.02, 100, 5, 5 },  { GAUSSIAN, 0.01, 100, 5, 1 },
	{ GAUSSIAN, 0.01, 100, 3, 3 },  { GAUSSIAN, 0.02, 100, 15, 5 },
	{ GAUSSIAN, 0.02, 100, 20, 5 }, { GAUSSIAN, 0.02, 100, 20, 10 },
};

static const struct table {
	const char *title, *about;
	const struct row *rows;
	size_t n;
} tables[] = {
	{ "Ten runs against five, Gaussian spread",
	  "What is recommended. A true drop of 5 % is found where runs spread by 1 % at most, one "
	  "of "
	  "10 % where they spread by 2 %. Above a spread of 1 % the threshold is three times the "
	  "spread, and a "
	  "drop below that is not to be found: see how much your own runs spread (`spread` of each "
	  "cell in the baseline).",
	  basic, sizeof basic / sizeof *basic },
	{ "Other shapes of noise",
	  "Student's t with three degrees of freedom, scaled to the standard deviation that is "
	  "named; and machines with two regimes (one run in four is slower by 2.3 times that), "
	  "each cell by itself or all cells of a run together. Two regimes of 400 cells are where "
	  "the "
	  "retest matters most, and does not suffice.",
	  shapes, sizeof shapes / sizeof *shapes },
	{ "A candidate of one run: `--all --baseline FILE`",
	  "Without several runs there is no significance. A cell can fail only where the "
	  "baseline's "
	  "ten runs spread by 1 % at most, in this cell and in half of all, and where the retest "
	  "is beyond the whole threshold, too. Where they spread more, what exceeds the "
	  "threshold twice is *unknown* (exit code 3): compare five runs.",
	  single, sizeof single / sizeof *single },
	{ "Fewer runs, and more",
	  "Baselines of fewer than ten runs are said to be weak. More runs lower neither the floor "
	  "nor three "
	  "spreads: they make what is beyond these certain.",
	  others, sizeof others / sizeof *others },
};
enum { TABLES = sizeof tables / sizeof *tables };

/* Rows are numbered through, from 0. */
static void print_row(const struct row *r, size_t i)
{
	struct outcome same = many(r, i, 0), five = many(r, i, 0.05), ten = many(r, i, 0.10);

	printf("| %s | %.1f %% | %zu | %zu + %zu | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.1f %% "
	       "| %.1f %% | %.1f %% | %.0f |\n",
	       noises[r->noise], 100 * r->spread, r->cells, r->before, r->after,
	       percent(same.alarms), percent(same.untested), percent(same.unsure),
	       percent(five.found), percent(five.told), percent(ten.found), percent(ten.told),
	       (double)(r->before + r->after) * 0.75);
	fflush(stdout);
}

static void print_tables(void)
{
	size_t row = 0;

	printf("%s", intro);
	for (size_t t = 0; t < TABLES; t++) {
		printf("\n## %s\n\n%s\n\n%s", tables[t].title, tables[t].about, head);
		for (size_t i = 0; i < tables[t].n; i++)
			print_row(&tables[t].rows[i], row++);
	}
}

/* False: there are not so many. */
static bool print_one(size_t row)
{
	size_t first = 0;

	for (size_t t = 0; t < TABLES; first += tables[t++].n)
		if (row < first + tables[t].n) {
			print_row(&tables[t].rows[row - first], row);
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	char *end = NULL;
	size_t only = argc > 1 ? strtoul(argv[1], &end, 10) : 0;

	if (argc == 1)
		print_tables();
	else if (argc > 2 || only < 1 || *end || !print_one(only - 1)) {
		fprintf(stderr, "usage: power [ROW]\n");
		return 2;
	}
	return 0;
}
