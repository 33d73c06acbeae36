/* stream_choose.c - a contest between the rows of an operation. */
#include "kernels/stream_choose.h"

#include <math.h>
#include <stdlib.h>

#include "measure/timing.h"
#include "result/statistics.h"

/* A trial lasts so long, one with ordinary stores up to the second figure; the speed of a row that
 * has not yet run is found on this much of each array for every thread. */
#define TRIAL_SECONDS 0.0015
#define LONGEST_TRIAL 0.030
#define STILL_IN_IT   1.2
enum { FIRST_BYTES = 2 << 20, ROUNDS = 9, ALL_ROUNDS = 3, REPEATS_MOST = 1 << 20, ROWS_MOST = 64 };

struct contest {
	struct stream_set *set;
	struct team *team;
	size_t caches; /* elements */
	size_t n;      /* rows that take part */
	struct entrant {
		const struct stream_kernel *row;
		size_t part; /* elements of a trial */
		unsigned repeat;
		double trial[ROUNDS]; /* seconds an element */
		size_t trials;
	} entrant[ROWS_MOST];
	bool mixed; /* some store ordinarily, some do not */
};

/* Seconds an element of one pass or several over the next part of the arrays. */
static double pass(struct contest *c, const struct entrant *t)
{
	struct stream_set *set = c->set;
	struct stream_run r = { .set = set, .kernel = t->row, .n = t->part, .repeat = t->repeat };

	if (set->cursor + r.n > set->n)
		set->cursor = 0;
	r.first = set->cursor;
	set->cursor += r.n;
	if (stream_set_run(&r, c->team) < 0)
		return INFINITY;
	return r.seconds / r.repeat / (double)r.n;
}

/* Must caches be full of what it leaves in them, for its trial to be fair to others? */
static bool fills_caches(const struct contest *c, const struct entrant *t)
{
	return c->mixed && t->row->store == STORE_ORDINARY;
}

/* How much a trial goes over: whole huge pages, so that the next part begins as aligned as the
 * first. Only whole arrays are gone over several times: a part would be in the caches by then. */
static void calibrate(struct contest *c, struct entrant *t)
{
	size_t n = c->set->n, least = FIRST_BYTES / sizeof(double) * team_size(c->team);
	double each;

	t->repeat = 1;
	t->part = least < n ? least : n;
	each = pass(c, t);
	t->part = (size_t)fmin(fmax(TRIAL_SECONDS / each, (double)t->part), (double)n);
	if (fills_caches(c, t) && t->part < c->caches && (double)c->caches * each <= LONGEST_TRIAL)
		t->part = c->caches + least < n ? c->caches + least : n;
	t->part = t->part < n ? t->part / least * least : n;
	if (t->part == n)
		t->repeat = repeats_for(each * (double)n, TRIAL_SECONDS, REPEATS_MOST);
}

static bool is_fair(const struct contest *c, const struct entrant *t)
{
	return !fills_caches(c, t) || t->part >= c->caches || t->part == c->set->n;
}

/* The middle of its trials, not the best: some rows have a fast and a slow gait, and whole arrays
 * are gone over in both (scale-avx512-nt of one Xeon: 27 and 19 GB/s). */
static double figure(const struct entrant *t)
{
	return median_of(t->trial, t->trials);
}

static const struct entrant *leader(const struct contest *c)
{
	const struct entrant *best = c->entrant;

	for (size_t i = 1; i < c->n; i++)
		if (figure(&c->entrant[i]) < figure(best))
			best = &c->entrant[i];
	return best;
}

static void try_row(struct contest *c, struct entrant *t)
{
	if (fills_caches(c, t) && t->part < c->set->n)
		pass(c, t);
	t->trial[t->trials++] = pass(c, t);
}

/* Those whose trials would not be fair stay away. Where there are others, that is: never all. */
static void enter(struct contest *c, enum stream_op op)
{
	const struct stream_kernel *k;
	size_t ordinary = 0, fair = 0;

	for (size_t i = 0; (k = stream_kernel(i)) && c->n < ROWS_MOST; i++)
		if (k->op == op && stream_usable(k)) {
			c->entrant[c->n++] = (struct entrant){ .row = k };
			ordinary += k->store == STORE_ORDINARY;
		}
	c->mixed = ordinary < c->n;
	for (size_t i = 0; i < c->n; i++) {
		calibrate(c, &c->entrant[i]);
		if (is_fair(c, &c->entrant[i]))
			c->entrant[fair++] = c->entrant[i];
	}
	c->n = fair;
}

const struct stream_kernel *stream_choose(struct stream_choice *choice, enum stream_op op,
					  struct stream_set *set, struct team *team,
					  uint64_t caches)
{
	struct contest c = { .set = set, .team = team, .caches = caches / sizeof(double) };

	if (choice->of[op])
		return choice->of[op];
	enter(&c, op);
	for (size_t round = 0; round < ROUNDS; round++) {
		double in_it = round == 0 ? 0 : STILL_IN_IT * figure(leader(&c));

		/* There and back again, so that each row comes after another one. */
		for (size_t i = 0; i < c.n; i++) {
			struct entrant *t = &c.entrant[round % 2 ? c.n - 1 - i : i];

			if (round < ALL_ROUNDS || figure(t) <= in_it)
				try_row(&c, t);
		}
	}
	return choice->of[op] = leader(&c)->row;
}

/* The seconds of a trial's passes are those of the sample to come, which is in the caches then. */
static double try_part(struct stream_run *run, const struct stream_kernel *row, struct team *team)
{
	run->kernel = row;
	run->repeat = 1;
	if (stream_set_run(run, team) < 0 || stream_set_run(run, team) < 0)
		return INFINITY;
	run->repeat = repeats_for(run->seconds, TRIAL_SECONDS, REPEATS_MOST);
	return stream_set_run(run, team) < 0 ? INFINITY : run->seconds / run->repeat;
}

const struct stream_kernel *stream_choose_part(enum stream_op op, const struct stream_run *run,
					       struct team *team)
{
	const struct stream_kernel *k, *rows[ROWS_MOST];
	double best[ROWS_MOST];
	struct stream_run trial = *run;
	size_t n = 0, least = 0;

	for (size_t i = 0; (k = stream_kernel(i)) && n < ROWS_MOST; i++)
		if (k->op == op && stream_usable(k)) {
			best[n] = INFINITY;
			rows[n++] = k;
		}
	for (int round = 0; round < ALL_ROUNDS; round++)
		for (size_t i = 0; i < n; i++)
			best[i] = fmin(best[i], try_part(&trial, rows[i], team));
	for (size_t i = 1; i < n; i++)
		if (best[i] < best[least])
			least = i;
	return rows[least];
}

struct stream_choice *stream_choose_all(const struct stream_kernel *only, struct stream_set *set,
					struct team *team, uint64_t caches)
{
	struct stream_choice *choice = calloc(1, sizeof(*choice));

	if (choice && only)
		choice->of[only->op] = only;
	for (enum stream_op op = 0; choice && !only && op < STREAM_OPS; op++)
		stream_choose(choice, op, set, team, caches);
	return choice;
}
