/* joint_bench.h - a session over a bench that does as it is told: two nodes that share the
 * CPUs there are, three GPUs that nobody has; cells alone and joint ones. */
#ifndef NB_TESTS_JOINT_BENCH_H
#define NB_TESTS_JOINT_BENCH_H

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure/session.h"
#include "unit.h"

/* GPU 0 and 1 on node 0, GPU 2 on node 1; one cell alone for each, two of them together and all
 * of them together: in the order planned. */
enum { NODES = 2, GPUS = 3, ROUNDS = 6, NEVER = -1 };
enum { ALONE, PAIR = ALONE + GPUS, ALL = PAIR + 1 + 2, CELLS = ALL + 1 + GPUS };
enum { OF_ONE, OF_PAIR, OF_ALL };
static const int node_of[GPUS] = { 0, 0, 1 };

enum trick {
	TRICK_NONE,
	TRICK_CRASH,
	TRICK_HANG,
	TRICK_FAIL,      /* and says which member */
	TRICK_FAIL_MUTE, /* and does not */
	TRICK_VOID,      /* the first try of a round */
	TRICK_VOID_EVER, /* every try from then on */
	TRICK_CORRUPT,
	TRICK_MISPLACE, /* pages on another node at the last proof */
	TRICK_NO_OPEN,  /* this machine does not have it */
	TRICK_WANDER,   /* samples from another node's CPUs */
	TRICK_LAST,     /* a bad status at the end */
	TRICK_SKIP,     /* no member has a figure, for a reason of its own */
};

/* What the bench shall do; read by the workers, which are forks. */
struct script {
	enum trick trick;
	int gpu;              /* whose fault it is */
	int where, elsewhere; /* OF_.. */
	int fresh;            /* from this opening on */
	bool no_memory;       /* the site of GPU 0 has no host buffer */
	double together_s;    /* what a joint sample takes */
	uint64_t site_bytes;
	int exclusive; /* this GPU takes one process at a time */
};

/* What workers leave for the test to see; shared with them. */
struct seen {
	pid_t pid[NODES];
	int side_by_side; /* workers seen alive at once */
	int proofs_asked; /* of the site without a host buffer */
	int closed, lasts;
};

struct told {
	struct record records[CELLS + 4];
	size_t n, planned;
	int samples[CELLS];
	char notes[1000];
	char err[512];
	struct seen seen;
};

struct state {
	struct script k;
	struct seen *seen;
};

static inline struct state *the_state(void)
{
	static struct state s; /* the bench's own option values, as session.h has it */

	return &s;
}

/* ---- the bench ---- */

static inline struct cell cell_of(int variant, int worth)
{
	struct cell c = { .variant = variant, .worth = worth };

	record_init(&c.rec);
	snprintf(c.rec.metric, sizeof c.rec.metric, "bandwidth");
	snprintf(c.rec.unit, sizeof c.rec.unit, "B/s");
	c.rec.better = BETTER_HIGHER;
	record_set(&c.rec, "metric", "unit", "better", NULL);
	if (variant != OF_ONE) {
		c.rec.together = variant == OF_PAIR ? TOGETHER_ONE_NODE : TOGETHER_OWN_NODES;
		record_set(&c.rec, "together", NULL);
	}
	return c;
}

static inline int plan(struct session *s, struct err *e)
{
	const struct script *k = &the_state()->k;
	struct cell pair[2], all[GPUS], sum, none = cell_of(OF_ONE, 0);
	size_t sites[GPUS];

	(void)e;
	for (int g = 0; g < GPUS; g++) {
		struct site t = { .cpu_node = node_of[g],
				  .mem_node = g == 0 && k->no_memory ? -1 : node_of[g],
				  .gpu = g,
				  .bytes = k->site_bytes };
		struct cell c = cell_of(OF_ONE, 9);

		sites[g] = (size_t)session_site(s, &t);
		assert_int_equal(session_cell(s, sites[g], &c), ALONE + g);
		all[g] = cell_of(OF_ALL, 1);
	}
	for (int i = 0; i < 2; i++)
		pair[i] = cell_of(OF_PAIR, 5);
	sum = cell_of(OF_PAIR, 5);
	assert_int_equal(session_joint(s, &sum, pair, sites, 2), PAIR);
	sum = cell_of(OF_ALL, 1);
	assert_int_equal(session_joint(s, &sum, all, sites, GPUS), ALL);
	session_skip(s, &none.rec, "not on %s", "this machine");
	record_release(&none.rec);
	return 0;
}

struct buffers {
	struct site site;
	int fresh, samples, proofs;
};

static inline bool now(const struct buffers *b, int where)
{
	const struct script *k = &the_state()->k;

	return k->gpu == b->site.gpu && (k->where == where || k->elsewhere == where) &&
	       b->fresh >= k->fresh;
}

/* Where workers may not live side by side, who comes sees nobody. */
static inline void look_for_others(const struct worker *w)
{
	struct seen *seen = the_state()->seen;

	for (int n = 0; n < NODES; n++)
		if (n != w->node->id && seen->pid[n] && kill(seen->pid[n], 0) == 0)
			seen->side_by_side++;
	seen->pid[w->node->id] = getpid();
}

static inline int open_site(struct worker *w, const struct site *t, void **out, struct err *e)
{
	const struct script *k = &the_state()->k;
	struct buffers *b = calloc(1, sizeof *b);

	look_for_others(w);
	b->site = *t;
	b->fresh = w->fresh;
	if (k->trick == TRICK_NO_OPEN && now(b, k->where)) {
		free(b);
		return err_set(e, -ENOTSUP, "it has no such memory");
	}
	*out = b;
	return 0;
}

static inline void wander(const struct worker *w)
{
	for (size_t n = 0; n < w->machine->nnodes; n++)
		if (w->machine->nodes[n].id != w->node->id)
			assert_int_equal(thread_bind(&w->machine->nodes[n].allowed_cpus, NULL), 0);
}

static inline int mischief(struct worker *w, struct buffers *b, struct cell *c, struct err *e)
{
	const struct script *k = &the_state()->k;
	int tries = b->samples++;

	if (!now(b, c->variant))
		return 0;
	switch (k->trick) {
	case TRICK_CRASH:
		raise(SIGKILL);
		break;
	case TRICK_HANG:
		for (;;)
			pause();
	case TRICK_FAIL:
	case TRICK_FAIL_MUTE:
		return err_set(e, -EIO, "the device said no");
	case TRICK_VOID:
		return tries % 2 == 0 ? err_set(e, -EAGAIN, "the gate was late") : 0;
	case TRICK_VOID_EVER:
		return err_set(e, -EAGAIN, "the gate was late");
	case TRICK_CORRUPT:
		record_status(&c->rec, STATUS_CORRUPT, "bit 3 at offset 4096");
		break;
	case TRICK_WANDER:
		wander(w);
		break;
	default:
		break;
	}
	return 0;
}

static inline double value_of(const struct buffers *b, const struct cell *c)
{
	return 10 * (b->site.gpu + 1) + c->variant + 0.01 * b->fresh;
}

static inline void verify(struct cell *c)
{
	c->rec.verified = true;
	record_set(&c->rec, "verified", NULL);
}

static inline int sample(struct worker *w, void *buffers, struct cell *c, double *value,
			 struct err *e)
{
	struct buffers *b = buffers;
	int rc;

	look_for_others(w);
	rc = mischief(w, b, c, e);
	verify(c);
	*value = value_of(b, c);
	return rc;
}

static inline int together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	const struct script *k = &the_state()->k;
	double least;
	int rc = 0;

	usleep((useconds_t)(k->together_s * 1e6));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct buffers *b = m[i].buffers;

		if (k->trick != TRICK_FAIL_MUTE)
			meeting_at(w->meeting, w->party, b->site.gpu);
		rc = mischief(w, b, m[i].cell, e);
		if (rc < 0 && k->trick == TRICK_FAIL)
			*at = i;
		verify(m[i].cell);
		m[i].value = value_of(b, m[i].cell);
		if (k->trick != TRICK_SKIP || k->where != m[i].cell->variant)
			continue;
		record_status(&m[i].cell->rec, STATUS_SKIPPED, "the kernel has none");
		m[i].value = NAN;
	}
	if (rc == 0)
		rc = meeting_arrive(w->meeting);
	if (rc == 0)
		rc = meeting_least(w->meeting, w->party, &least);
	if (rc == -ECANCELED) /* streams have to end first */
		usleep(200000);
	if (rc == 0 && n == 1) /* node 1's, which meets node 0's */
		assert_true(least == 0 && w->party == 1);
	return rc;
}

static inline int prove(struct worker *w, void *buffers, struct placement *p)
{
	struct buffers *b = buffers;
	bool away = the_state()->k.trick == TRICK_MISPLACE && b->proofs++ > 0 && now(b, OF_ALL);

	(void)w;
	if (b->site.mem_node < 0)
		the_state()->seen->proofs_asked++;
	p->resident = calloc(1, sizeof *p->resident);
	p->resident[0] = (struct resident){ .node = b->site.mem_node + away, .pages = 7 };
	p->nresident = 1;
	p->proof = PROOF_MOVE_PAGES;
	return 0;
}

static inline void last(struct worker *w, void *buffers, struct record *r)
{
	struct buffers *b = buffers;

	(void)w;
	the_state()->seen->lasts++;
	r->more =
		json_pack("{s:i, s:{s:i}}", "opening", b->fresh, "link_after", "gen", b->site.gpu);
	if (the_state()->k.trick == TRICK_LAST && now(b, the_state()->k.where))
		record_status(r, STATUS_UNSTABLE, "the clock was lowered");
}

static inline void close_site(struct worker *w, void *buffers)
{
	(void)w;
	the_state()->seen->closed++;
	free(buffers);
}

/* ---- the machine ---- */

static inline struct machine two_nodes(int exclusive)
{
	struct machine m = { .live = true, .nnodes = NODES, .ngpus = GPUS };
	cpu_set_t mask;
	int n = 0;

	m.nodes = calloc(NODES, sizeof *m.nodes);
	m.gpus = calloc(GPUS, sizeof *m.gpus);
	sched_getaffinity(0, sizeof mask, &mask);
	for (int c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET((size_t)c, &mask)) {
			idset_add(&m.allowed_cpus, c);
			idset_add(&m.nodes[n++ % NODES].cpus, c);
		}
	for (int i = 0; i < NODES; i++) {
		struct node *node = &m.nodes[i];

		node->id = i;
		node->allowed_cpus = node->cpus;
		node->allowed = true;
		node->memory_bytes = node->free_bytes = node->giveable_bytes = KNOWN(1 << 30);
	}
	for (int g = 0; g < GPUS; g++)
		m.gpus[g] = (struct gpu){ .index = g,
					  .state = GPU_USABLE,
					  .exclusive = KNOWN(g == exclusive) };
	return m;
}

/* ---- the sink ---- */

static inline void on_record(const struct record *r, void *to)
{
	struct told *t = to;
	json_t *o = record_to_json(r);

	assert_true(t->n < CELLS + 4);
	record_init(&t->records[t->n]);
	assert_int_equal(record_from_json(&t->records[t->n], o, NULL), 0);
	t->n++;
	json_decref(o);
}

static inline void on_planned(const struct record *r, void *to)
{
	struct told *t = to;

	(void)r;
	t->planned++;
}

static inline void on_sample(size_t cell, const struct record *r, void *to)
{
	struct told *t = to;

	assert_true(cell < CELLS);
	assert_int_equal(r->samples.n, ++t->samples[cell]);
}

static inline void on_note(const char *line, void *to)
{
	struct told *t = to;
	size_t n = strlen(t->notes);

	snprintf(t->notes + n, sizeof t->notes - n, "%s\n", line);
}

/* records[0] becomes the first cell's; what was skipped in the plan is looked at here. */
static inline void drop_skipped(struct told *t)
{
	assert_int_equal(t->n, CELLS + 1);
	assert_int_equal(t->records[0].status, STATUS_SKIPPED);
	assert_string_equal(t->records[0].reason, "not on this machine");
	assert_string_equal(t->records[0].test, "fake");
	record_release(&t->records[0]);
	memmove(&t->records[0], &t->records[1], CELLS * sizeof t->records[0]);
	t->n = CELLS;
}

static inline int run_with(const struct script *k, struct session_options o, struct told *t)
{
	const struct bench b = {
		.name = "fake",
		.needs_gpu = true,
		.own = the_state(),
		.plan = plan,
		.open = open_site,
		.sample = sample,
		.together = together,
		.prove = prove,
		.last = last,
		.close = close_site,
	};
	struct session_sink sink = { .record = on_record,
				     .planned = on_planned,
				     .sample = on_sample,
				     .note = on_note,
				     .to = t };
	struct machine m = two_nodes(k->exclusive);
	struct err e = { "" };
	int rc;

	*the_state() = (struct state){ .k = *k };
	the_state()->seen = mmap(NULL, sizeof(struct seen), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(the_state()->seen, MAP_FAILED);
	*t = (struct told){ 0 };
	rc = session_run(&b, &o, &m, &sink, &e);
	t->seen = *the_state()->seen;
	snprintf(t->err, sizeof t->err, "%s", e.text);
	munmap(the_state()->seen, sizeof(struct seen));
	machine_release(&m);
	return rc;
}

static inline struct session_options six_rounds(void)
{
	struct session_options o = session_options_default();

	o.rounds = ROUNDS;
	o.budget_s = 20;
	o.seed = 5;
	return o;
}

static inline struct script plain(void)
{
	return (struct script){
		.where = NEVER, .elsewhere = NEVER, .exclusive = NEVER, .site_bytes = 4096
	};
}

static inline void run(const struct script *k, struct told *t)
{
	assert_int_equal(run_with(k, six_rounds(), t), 0);
	assert_int_equal(t->planned, CELLS);
	drop_skipped(t);
}

static inline void forget(struct told *t)
{
	for (size_t i = 0; i < t->n; i++)
		record_release(&t->records[i]);
}

#endif
