/* chase.c - one random cycle, proven. */
#include "kernels/chase.h"

#include <stdatomic.h>

#include "util/random.h"

_Static_assert(sizeof(struct chase_line) == 64, "a line of the cache");

/* Fisher and Yates's shuffle. 32 random bits times i, shifted down: the bias is below n / 2^32
 * of a chance, of no weight here. */
static void shuffle(uint32_t *v, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (uint32_t)i;
	for (size_t i = n - 1; i > 0; i--) {
		size_t j = (size_t)((random_next(&seed) >> 32) * (i + 1) >> 32);
		uint32_t t = v[i];

		v[i] = v[j];
		v[j] = t;
	}
}

struct ordering {
	struct chase_order *o;
	const uint32_t *visit; /* the lines in the order of the cycle */
};

static void order_share(void *arg, size_t rank, size_t size)
{
	const struct ordering *g = arg;
	size_t n = g->o->n;

	for (size_t i = n * rank / size; i < n * (rank + 1) / size; i++)
		g->o->next[g->visit[i]] = g->visit[i + 1 < n ? i + 1 : 0];
}

void chase_order_fill(struct chase_order *o, uint32_t *visit, uint64_t seed, struct team *team)
{
	struct ordering g = { .o = o, .visit = visit };

	shuffle(visit, o->n, seed);
	team_run(team, order_share, &g);
	for (size_t k = 0; k < o->cursors; k++)
		o->start[k] = visit[o->n * k / o->cursors];
}

static size_t turned(const struct chase_order *o, size_t line, size_t turn)
{
	size_t at = line + turn % o->n;

	return at < o->n ? at : at - o->n;
}

struct linking {
	const struct chase_order *o;
	struct chase_line *lines;
	size_t turn;
	uint64_t seed;
};

/* From the first line to the last: memory is written as it lies, at full speed. */
static void link_share(void *arg, size_t rank, size_t size)
{
	const struct linking *k = arg;
	const struct chase_order *o = k->o;
	size_t n = o->n, back = n - k->turn % n;

	for (size_t i = n * rank / size; i < n * (rank + 1) / size; i++) {
		struct chase_line *line = &k->lines[i];

		line->next = &k->lines[turned(o, o->next[turned(o, i, back)], k->turn)];
		for (size_t w = 0; w < 7; w++)
			line->filler[w] = (k->seed + i * 7 + w) * RANDOM_STEP | 1;
	}
}

void chase_link(const struct chase_order *o, struct chase_line *lines, size_t turn, uint64_t seed,
		struct team *team)
{
	struct linking k = { .o = o, .lines = lines, .turn = turn, .seed = seed };

	team_run(team, link_share, &k);
}

struct proving {
	const struct chase_order *o;
	const struct chase_line *lines;
	size_t turn;
	atomic_size_t arrived, met_first, astray;
};

static bool is_line(const struct proving *p, const struct chase_line *at)
{
	uintptr_t offset = (uintptr_t)at - (uintptr_t)p->lines;

	return offset / sizeof(*at) < p->o->n && offset % sizeof(*at) == 0;
}

/* Steps that cursor k has to make. */
static size_t leg(const struct chase_order *o, size_t k)
{
	return o->n * (k + 1) / o->cursors - o->n * k / o->cursors;
}

static void prove_share(void *arg, size_t rank, size_t size)
{
	struct proving *p = arg;
	const struct chase_order *o = p->o;
	const struct chase_line *at[CHASE_CURSORS], *first;
	size_t from = o->cursors * rank / size, count = o->cursors * (rank + 1) / size - from;
	size_t met = 0, arrived = 0;

	first = &p->lines[turned(o, o->start[0], p->turn)];
	for (size_t c = 0; c < count; c++)
		at[c] = &p->lines[turned(o, o->start[from + c], p->turn)];
	/* Legs differ by one step at most. */
	for (size_t s = 0; s < o->n / o->cursors + 1; s++) {
		for (size_t c = 0; c < count; c++) {
			if (s >= o->n / o->cursors && s >= leg(o, from + c))
				continue;
			at[c] = at[c]->next;
			if (!is_line(p, at[c])) {
				atomic_fetch_add(&p->astray, 1);
				return;
			}
			met += at[c] == first;
		}
	}
	for (size_t c = 0; c < count; c++)
		arrived += at[c] ==
			   &p->lines[turned(o, o->start[(from + c + 1) % o->cursors], p->turn)];
	atomic_fetch_add(&p->met_first, met);
	atomic_fetch_add(&p->arrived, arrived);
}

/* All legs joined end to end make n steps from the first start back to it. Were the cycle
 * shorter, those steps would have met the first start more than once. */
bool chase_prove(const struct chase_order *o, const struct chase_line *lines, size_t turn,
		 struct team *team)
{
	struct proving p = { .o = o, .lines = lines, .turn = turn };

	team_run(team, prove_share, &p);
	return p.astray == 0 && p.arrived == o->cursors && p.met_first == 1;
}

const struct chase_line *chase_walk(const struct chase_line *p, size_t loads)
{
#define FOUR(p)  ((p)->next->next->next->next)
#define EIGHT(p) FOUR(FOUR(p))
	_Static_assert(CHASE_UNROLL == 32, "four times eight loads below");
	for (size_t i = 0; i < loads; i += CHASE_UNROLL) {
		p = EIGHT(p);
		p = EIGHT(p);
		p = EIGHT(p);
		p = EIGHT(p);
	}
	return p;
#undef EIGHT
#undef FOUR
}
