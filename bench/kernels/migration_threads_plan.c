/* migration_threads_plan.c - which threads are moved where. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernels/chase_orders.h"
#include "kernels/migration_loops.h"
#include "kernels/migration_part.h"
#include "kernels/migration_threads.h"
#include "kernels/stream_set.h"
#include "kernels/working_set.h"
#include "result/core_pairs.h"

/* Bytes of three arrays' elements. */
enum { TRIPLE = STREAM_ARRAYS * sizeof(double) };

static const struct loop {
	struct migration_figure figure;
	size_t element; /* bytes that working sets are made of */
	double beside;  /* of a working set: what lies beside it, as in working_set */
	int worth;      /* within a band */
	/* Most bytes of a working set with --quick: of all, and of each of the node's cores, which
	 * touch it first (2.4 GB/s each, see plan_cost.c). */
	uint64_t quick, quick_core;
} loops[LOOPS] = {
	[LOOP_STREAM] = { .figure = { "bandwidth", "B/s", BETTER_HIGHER },
			  .element = TRIPLE,
			  .beside = 1,
			  .worth = 91,
			  .quick = (uint64_t)2 << 30,
			  .quick_core = 256 << 20 },
	/* One thread draws its order. It begins in no cache, and in the quarter of a second of such
	 * a ride loads of 60 ns are not around 4 million lines. */
	[LOOP_CHASE] = { .figure = { "latency", "s", BETTER_LOWER },
			 .element = sizeof(struct chase_line),
			 .beside = CHASE_WITH_ORDER,
			 .worth = 90,
			 .quick = 256 << 20,
			 .quick_core = 256 << 20 },
};

/* What comes of one experiment; the loop's own metric where none is named. */
static const struct figure {
	struct migration_figure figure;
	enum phase phase;
} figures[FIGURES] = {
	[FIGURE_BEFORE] = { .phase = PHASE_BEFORE },
	[FIGURE_AFTER] = { .phase = PHASE_AFTER },
	[FIGURE_SETTLED] = { .phase = PHASE_SETTLED },
	[FIGURE_RETURNED] = { .phase = PHASE_RETURNED },
	[FIGURE_TRANSIENT] = { .figure = { "transient-time", "s", BETTER_LOWER } },
	[FIGURE_REFILL] = { .figure = { "refill-time", "s", BETTER_LOWER } },
	[FIGURE_CALL] = { .figure = { "call-time", "s", BETTER_LOWER } },
};

/* ---- working sets ---- */

static struct working_set usual_set(const struct machine *m, const struct session_options *o,
				    const struct site *site)
{
	const struct loop *loop = &loops[THREADS_LOOP(MIGRATION_OWN(site->kind))];
	struct working_set w = working_set(m, o, site, loop->beside);
	const struct node *n = machine_node(m, site->cpu_node);
	uint64_t most = loop->quick_core * (n && n->ncores ? n->ncores : 1);

	most = most < loop->quick ? most : loop->quick;
	if (!o->quick || o->size || w.bytes <= most)
		return w;
	w.bytes = most;
	if (loop == &loops[LOOP_CHASE]) {
		w.undersized = false;
		return w;
	}
	w.undersized = most < WORKING_CACHES * w.caches;
	if (w.undersized)
		snprintf(w.cut, sizeof(w.cut), "--quick: cut to %llu MiB",
			 (unsigned long long)most >> 20);
	return w;
}

/* The number-th smallest cache, from 1, that a CPU of the node uses: half of it is a working set
 * that fits. 0 past the last, and where it is no smaller than `usual`. */
static uint64_t cache_set(const struct node *n, int cpu, size_t number, uint64_t usual)
{
	uint64_t last = 0;

	for (; number > 0; number--) {
		uint64_t next = 0;

		for (size_t i = 0; i < n->ncaches; i++)
			if (idset_has(&n->caches[i].cpus, cpu) && n->caches[i].bytes > last &&
			    (next == 0 || n->caches[i].bytes < next))
				next = n->caches[i].bytes;
		if (next == 0)
			return 0;
		last = next;
	}
	return last / 2 < usual ? last / 2 : 0;
}

/* Of two loops of one thread each over the same memory the records would be the same: the chase is
 * a line shorter. */
static uint64_t whole_elements(enum threads_loop loop, uint64_t bytes)
{
	uint64_t whole = bytes / loops[loop].element * loops[loop].element;

	return loop == LOOP_CHASE && whole % TRIPLE == 0 && whole > loops[loop].element
		       ? whole - loops[loop].element
		       : whole;
}

uint64_t threads_bytes(const struct machine *m, const struct session_options *o,
		       const struct site *site)
{
	int own = MIGRATION_OWN(site->kind), cpu;
	uint64_t usual = usual_set(m, o, site).bytes, bytes = usual;

	if (own >= LOOPS && threads_cpus(m, site->cpu_node, &cpu, 1))
		bytes = cache_set(machine_node(m, site->cpu_node), cpu, (size_t)(own / LOOPS),
				  usual);
	return whole_elements(THREADS_LOOP(own), bytes);
}

size_t threads_cpus(const struct machine *m, int node, int *cpus, size_t room)
{
	struct idset only = { { 0 } };
	size_t n;

	idset_add(&only, node);
	n = cores_spread(m, &only, cpus, room);
	return n < room ? n : room;
}

/* ---- cells ---- */

/* One experiment, wherever it goes. */
struct journey {
	enum threads_loop loop;
	struct placing at;
	int to_node;
	size_t size; /* of the working set; 0: the usual one */
	size_t threads;
	int pair[2]; /* within a node: from CPU, to CPU */
	int worth;
};

static int fill_cell(struct cell *c, const struct journey *j, enum threads_figure what)
{
	const struct figure *f = &figures[what];
	struct record *r = &c->rec;

	*c = (struct cell){ .variant = (int)what, .worth = j->worth };
	migration_record(r, f->figure.metric ? &f->figure : &loops[j->loop].figure);
	r->to_node = j->to_node;
	r->threads = (int)j->threads;
	record_set(r, "to_node", "threads", NULL);
	if (!f->figure.metric) {
		r->phase = f->phase;
		record_set(r, "phase", NULL);
	}
	if (j->to_node != j->at.cpu_node)
		return 0;
	r->cpu_pair.v = malloc(sizeof(j->pair) / sizeof(*j->pair) * sizeof(double));
	if (!r->cpu_pair.v)
		return -ENOMEM;
	for (r->cpu_pair.n = 0; r->cpu_pair.n < 2; r->cpu_pair.n++)
		r->cpu_pair.v[r->cpu_pair.n] = j->pair[r->cpu_pair.n];
	record_set(r, "cpu_pair", NULL);
	return 0;
}

/* What an experiment takes on the memory node. */
static uint64_t bytes_there(enum threads_loop loop, uint64_t bytes)
{
	return loop == LOOP_STREAM ? stream_set_bytes(bytes / STREAM_ARRAYS)
				   : chase_orders_bytes(bytes);
}

/* Seconds that drawing an order takes for a line of it: one thread, no two of its steps near each
 * other. */
#define DRAW_LINE 80e-9

static void count(struct session *s, const struct journey *j, int site, uint64_t bytes,
		  struct plan_cost *c)
{
	bool chase = j->loop == LOOP_CHASE;
	size_t here = session_threads(s, j->at.cpu_node);

	c->is_further = j->worth < WORTH_BAND;
	if (chase && site >= c->sites)
		plan_cost_once(c, DRAW_LINE * (double)(bytes / sizeof(struct chase_line)));
	plan_cost_site(c, site, bytes, here);
	plan_cost_cell(
		c, (double)bytes, here,
		threads_ride_most(
			j->loop, bytes,
			machine_llc_bytes(
				session_machine(s),
				&machine_node(session_machine(s), j->at.cpu_node)->allowed_cpus),
			session_options(s)->quick));
}

static int add(struct session *s, const struct journey *j, struct plan_cost *c, struct err *e)
{
	struct site site = {
		.cpu_node = j->at.cpu_node,
		.mem_node = j->at.mem_node,
		.gpu = -1,
		.kind = MIGRATION_KIND(MIGRATION_THREADS, THREADS_KIND(j->loop, j->size)),
	};
	const struct session_options *o = session_options(s);
	struct working_set w = usual_set(session_machine(s), o, &site);
	struct cell cells[FIGURES];
	size_t sites[FIGURES];
	int rc = 0, at;

	w.bytes = threads_bytes(session_machine(s), o, &site);
	if (w.bytes == 0) /* a cache as large as all that may be used */
		return 0;
	if (w.bytes < loops[j->loop].element)
		return err_set(e, -EINVAL, "--size: at least %zu bytes are needed",
			       loops[j->loop].element);
	site.bytes = bytes_there(j->loop, w.bytes);
	at = session_site(s, &site);
	if (at < 0)
		return at;
	for (size_t i = 0; i < FIGURES; i++) {
		sites[i] = (size_t)at;
		rc = rc < 0 ? rc : fill_cell(&cells[i], j, (enum threads_figure)i);
		if (j->size == 0)
			working_set_tell(&w, loops[j->loop].element, &cells[i].rec);
		cells[i].rec.bytes = w.bytes;
		record_set(&cells[i].rec, "bytes", NULL);
	}
	if (rc == 0)
		count(s, j, at, w.bytes, c);
	return rc < 0 ? rc : session_group(s, cells, sites, FIGURES);
}

/* ---- from node to node ---- */

static size_t fewer(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int plan_pairs(struct session *s, struct plan_cost *c, struct err *e)
{
	struct migration_move m;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < migration_pairs(s) && migration_pair(s, i, &m); i++)
		for (size_t loop = 0; rc >= 0 && loop < LOOPS; loop++) {
			struct journey j = {
				.loop = (enum threads_loop)loop,
				.at = { m.cpu_node, m.mem_node },
				.to_node = m.to_node,
				.threads = loop == LOOP_CHASE
						   ? 1
						   : fewer(session_threads(s, m.cpu_node),
							   session_threads(s, m.to_node)),
				.worth = migration_worth(s, i) + loops[loop].worth,
			};

			rc = add(s, &j, c, e);
		}
	return rc < 0 ? rc : 0;
}

static void skip(struct session *s, const char *why)
{
	struct record r;

	migration_record(&r, &loops[LOOP_STREAM].figure);
	r.phase = PHASE_SETTLED;
	record_set(&r, "phase", NULL);
	session_skip(s, &r, "%s", why);
	record_release(&r);
}

/* ---- from core to core ---- */

static bool share_a_cache(const struct node *n, int a, int b)
{
	const struct cache *c = machine_last_cache(n, a);

	return c && idset_has(&c->cpus, b);
}

/* A core of the node that does, or does not, share the last-level cache of `from`; -1: none. */
static int core_beside(const struct machine *m, const struct node *n, int from, bool shares)
{
	int cpus[IDSET_MAX];
	size_t count = threads_cpus(m, n->id, cpus, IDSET_MAX);

	for (size_t i = 0; i < count; i++)
		if (cpus[i] != from && share_a_cache(n, from, cpus[i]) == shares)
			return cpus[i];
	return -1;
}

/* All working sets, by both loops. */
static int plan_cores(struct session *s, struct placing at, const int pair[2], int worth,
		      struct plan_cost *c, struct err *e)
{
	struct journey j = {
		.at = at, .to_node = at.cpu_node, .threads = 1, .pair = { pair[0], pair[1] }
	};
	size_t sizes = 0;
	int rc = 0;

	while (rc >= 0) {
		for (size_t loop = 0; rc >= 0 && loop < LOOPS; loop++) {
			j.loop = (enum threads_loop)loop;
			j.size = sizes;
			/* What fits into no cache takes longest, and costs least. */
			j.worth = worth + loops[loop].worth + (sizes ? LOOPS : 0);
			rc = add(s, &j, c, e);
		}
		struct site next = {
			.cpu_node = at.cpu_node,
			.mem_node = at.mem_node,
			.kind = MIGRATION_KIND(MIGRATION_THREADS, THREADS_KIND(0, ++sizes)),
		};
		if (threads_bytes(session_machine(s), session_options(s), &next) == 0)
			break;
	}
	return rc < 0 ? rc : 0;
}

/* On the first CPU node; on all of them where there is time. */
static int plan_within(struct session *s, struct plan_cost *c, struct err *e)
{
	const struct machine *m = session_machine(s);
	struct idset cpu = machine_cpu_nodes(m);
	bool any = false;
	int rc = 0, pair[2], worth = WORTH_WITHIN_NODE;

	cpu = idset_and(&cpu, session_nodes(s));
	for (int id = -1; rc == 0 && (id = idset_next(&cpu, id)) >= 0;) {
		const struct node *n = machine_node(m, id), *mem = machine_memory_for(m, id);

		if (!mem || threads_cpus(m, id, &pair[0], 1) == 0)
			continue;
		for (int shares = 1; rc == 0 && shares >= 0; shares--) {
			pair[1] = core_beside(m, n, pair[0], shares);
			if (pair[1] < 0)
				continue;
			rc = plan_cores(s, (struct placing){ id, mem->id }, pair, worth, c, e);
			any = true;
		}
		if (any && session_depth(s) < DEPTH_THOROUGH)
			break;
		worth = any ? WORTH_AGAIN : worth;
	}
	if (rc == 0 && !any)
		skip(s, "no CPU node has two cores here: there is none to move a thread to");
	return rc;
}

int threads_plan(struct session *s, const struct migration_options *o, struct plan_cost *c,
		 struct err *e)
{
	int rc = plan_pairs(s, c, e);

	(void)o;
	if (rc == 0 && migration_pairs(s) == 0)
		skip(s, "one node with cores is used here: there is no other to move threads to");
	return rc < 0 || session_depth(s) == DEPTH_QUICK ? rc : plan_within(s, c, e);
}

void threads_list(void (*line)(const char *text, void *to), void *to)
{
	line("bandwidth, latency: threads moved to another node, their pages stay (--quick: one "
	     "pair)",
	     to);
	line("bandwidth, latency: a thread moved to another core of its node, from the first-level "
	     "cache to memory (not --quick)",
	     to);
	line("transient-time, call-time, refill-time: what each of these moves costs", to);
}
