#include "kernels/migration_pages.h"

#include <errno.h>
#include <stdio.h>

/* What is moved, by whom. */
static const struct row {
	enum mover mover;
	enum page_kind pages;
	bool held; /* in small pages; by what */
	enum page_lock lock;
	enum depth first, others; /* for the first pair, for all others */
	int worth;                /* within the band */
} rows[] = {
	{ .mover = MOVER_MOVE_PAGES,
	  .pages = PAGES_4K,
	  .first = DEPTH_QUICK,
	  .others = DEPTH_NORMAL,
	  .worth = 80 },
	{ .mover = MOVER_MOVE_PAGES,
	  .pages = PAGES_THP,
	  .first = DEPTH_QUICK,
	  .others = DEPTH_NORMAL,
	  .worth = 75 },
	{ .mover = MOVER_MOVE_PAGES,
	  .held = true,
	  .lock = LOCK_MLOCK,
	  .first = DEPTH_QUICK,
	  .others = DEPTH_THOROUGH,
	  .worth = 73 },
	{ .mover = MOVER_MOVE_PAGES,
	  .held = true,
	  .lock = LOCK_IO_URING,
	  .first = DEPTH_QUICK,
	  .others = DEPTH_THOROUGH,
	  .worth = 72 },
	{ .mover = MOVER_MOVE_PAGES,
	  .held = true,
	  .lock = LOCK_REGISTERED,
	  .first = DEPTH_NORMAL,
	  .others = DEPTH_NEVER,
	  .worth = 71 },
	{ .mover = MOVER_MIGRATE_PAGES,
	  .pages = PAGES_4K,
	  .first = DEPTH_NORMAL,
	  .others = DEPTH_NORMAL,
	  .worth = 35 },
	{ .mover = MOVER_MIGRATE_PAGES,
	  .pages = PAGES_THP,
	  .first = DEPTH_NORMAL,
	  .others = DEPTH_NORMAL,
	  .worth = 30 },
	{ .mover = MOVER_MOVE_PAGES,
	  .pages = PAGES_HUGETLB,
	  .first = DEPTH_THOROUGH,
	  .others = DEPTH_NEVER,
	  .worth = 10 },
};

/* In order of enum pages_figure. */
static const struct migration_figure figures[] = {
	[PAGES_RATE] = { "page-rate", "B/s", BETTER_HIGHER },
	[PAGES_TIME] = { "page-time", "s", BETTER_LOWER },
};

/* At some GB/s a call takes 10 ms and more, the shortest time to be trusted. Of what is held it is
 * to be seen whether it goes, not how fast. */
static const uint64_t usual_bytes[] = {
	[DEPTH_QUICK] = 32 << 20, [DEPTH_NORMAL] = 128 << 20, [DEPTH_THOROUGH] = 256 << 20
};
enum { HELD_MOST = 8 << 20 };
enum { HUGE_PAGE = 2 << 20 };

struct planner {
	struct session *s;
	struct migration_move at;
	bool first;
	uint64_t bytes;
	struct plan_cost *cost;
};

/* About what a journey takes: a process, and for each byte its first touch, the move, the looks
 * before and after, and the reading of all of it. */
#define TRIP_PROCESS 0.02
#define TRIP_BYTE    1.5e-9

/* ---- where from, where to ---- */

/* Ordered pairs of nodes with memory: the i-th. cpu_node drives mem_node, where pages are; to_node
 * is to_mem. False past the end. */
static bool page_pair(const struct session *s, size_t i, struct migration_move *m)
{
	const struct machine *machine = session_machine(s);
	struct idset nodes = machine_memory_nodes(machine);

	nodes = idset_and(&nodes, session_nodes(s));
	for (int from = -1; (from = idset_next(&nodes, from)) >= 0;) {
		const struct node *driver = machine_driver(machine, from);

		for (int to = -1; driver && (to = idset_next(&nodes, to)) >= 0;) {
			if (from == to || i-- > 0)
				continue;
			*m = (struct migration_move){ .cpu_node = driver->id,
						      .mem_node = from,
						      .to_node = to,
						      .to_mem = to };
			return true;
		}
	}
	return false;
}

/* The pair that the other parts begin with, too, where it is one of ours. */
static size_t first_pair(const struct session *s)
{
	struct migration_move of_threads, of_pages;

	if (!migration_pair(s, 0, &of_threads))
		return 0;
	for (size_t i = 0; page_pair(s, i, &of_pages); i++)
		if (of_pages.mem_node == of_threads.mem_node &&
		    of_pages.to_mem == of_threads.to_mem)
			return i;
	return 0;
}

/* Whole huge pages; a quarter of what either node can give, at most: other parts have buffers too.
 */
static uint64_t bytes_for(const struct session *s, const struct migration_move *at)
{
	const struct session_options *o = session_options(s);
	uint64_t bytes = o->size ? o->size + HUGE_PAGE - 1 : usual_bytes[session_depth(s)];
	const int nodes[] = { at->mem_node, at->to_mem };

	for (size_t i = 0; i < 2; i++) {
		const struct node *n = machine_node(session_machine(s), nodes[i]);

		if (n && n->giveable_bytes.is && (uint64_t)n->giveable_bytes.value / 4 < bytes)
			bytes = (uint64_t)n->giveable_bytes.value / 4;
	}
	return bytes / HUGE_PAGE * HUGE_PAGE;
}

/* ---- the plan ---- */

static uint64_t bytes_of(const struct planner *p, const struct row *row)
{
	bool few = row->held && session_options(p->s)->size == 0 && p->bytes > HELD_MOST;

	return few ? HELD_MOST : p->bytes;
}

static struct cell cell_of(const struct planner *p, const struct row *row, enum pages_figure figure)
{
	struct cell c = {
		.variant = (int)figure,
		.worth = migration_worth(p->s, p->first ? 0 : 1) + row->worth,
	};
	struct record *r = &c.rec;

	migration_record(r, &figures[figure]);
	r->mem_node = p->at.mem_node;
	r->to_node = p->at.to_node;
	r->mover = row->mover;
	r->pages_asked = row->pages;
	r->bytes = bytes_of(p, row);
	record_set(r, "mem_node", "to_node", "mover", "pages_asked", "bytes", NULL);
	if (row->held) {
		r->locked = row->lock;
		record_set(r, "locked", NULL);
	}
	return c;
}

static void skip(const struct planner *p, const struct row *row, const char *why)
{
	struct cell c = cell_of(p, row, PAGES_RATE);

	c.rec.cpu_node = p->at.cpu_node;
	record_set(&c.rec, "cpu_node", NULL);
	session_skip(p->s, &c.rec, "%s", why);
	record_release(&c.rec);
}

/* The GPU that is declared to hang on the node, else the first; NULL: none. */
static const struct gpu *gpu_for(const struct session *s, int node)
{
	const struct machine *m = session_machine(s);
	const struct idset *gpus = session_gpus(s);
	const struct gpu *any = NULL;

	for (int i = -1; (i = idset_next(gpus, i)) >= 0;) {
		const struct gpu *g = machine_gpu(m, i);
		struct known near = { 0 };

		if (!g || g->state != GPU_USABLE)
			continue;
		near = gpu_declared_node(m, g);
		if (near.is && near.value == node)
			return g;
		any = any ? any : g;
	}
	return any;
}

static int add(const struct planner *p, const struct row *row)
{
	struct site site = { .cpu_node = p->at.cpu_node,
			     .mem_node = -1, /* no buffer outlives a sample */
			     .gpu = -1,
			     .kind = MIGRATION_KIND(MIGRATION_PAGES, 0) };
	struct cell cells[PAGES_FIGURES];
	size_t sites[PAGES_FIGURES];
	int rc;

	if (row->held && row->lock == LOCK_REGISTERED) {
		const struct gpu *g = gpu_for(p->s, p->at.mem_node);

		if (!g) {
			skip(p, row, "there is no GPU that CUDA can use");
			return 0;
		}
		site.gpu = g->index;
	}
	rc = session_site(p->s, &site);
	if (rc < 0)
		return rc;
	for (int f = 0; f < PAGES_FIGURES; f++) {
		cells[f] = cell_of(p, row, (enum pages_figure)f);
		sites[f] = (size_t)rc;
	}
	p->cost->is_further = cells[0].worth < WORTH_BAND;
	plan_cost_round(p->cost,
			TRIP_PROCESS + TRIP_BYTE * (double)bytes_of(p, row) * (row->held ? 2 : 1));
	/* Pinned pages stay: there is no time for each. */
	rc = session_group(p->s, cells, sites,
			   row->held && row->lock != LOCK_MLOCK ? 1 : PAGES_FIGURES);
	return rc < 0 ? rc : 0;
}

static bool wanted(const struct planner *p, const struct row *row)
{
	const struct session_options *o = session_options(p->s);
	enum depth from = p->first ? row->first : row->others;

	if (o->pages >= 0 && (enum page_kind)o->pages == row->pages && !row->held)
		return from != DEPTH_NEVER || p->first;
	return from != DEPTH_NEVER && session_depth(p->s) >= from && (o->pages < 0 || row->held);
}

static int plan_pair(struct planner *p)
{
	int rc = 0;

	p->bytes = bytes_for(p->s, &p->at);
	for (size_t i = 0; rc == 0 && i < sizeof rows / sizeof *rows; i++) {
		if (!wanted(p, &rows[i]))
			continue;
		if (p->bytes > 0)
			rc = add(p, &rows[i]);
		else
			skip(p, &rows[i], LEFT_OUT "neither node has memory to spare for it");
	}
	return rc;
}

/* Nodes with memory that this process may not use: a move to one of them is refused. */
static size_t forbidden(struct planner *p)
{
	const struct machine *m = session_machine(p->s);
	struct idset ours = machine_memory_nodes(m);
	char list[100], why[200];
	size_t n = 0;

	if (session_options(p->s)->nodes) /* what was asked for is allowed */
		return 0;
	idset_format(&ours, list, sizeof list);
	snprintf(why, sizeof why,
		 "the cpuset of this process allows memory of nodes %s only (cpuset.mems): pages "
		 "cannot be moved there",
		 list);
	p->at.mem_node = idset_next(&ours, -1);
	p->bytes = bytes_for(p->s, &p->at);
	for (size_t i = 0; i < m->nnodes && p->at.mem_node >= 0; i++) {
		const struct node *driver = machine_driver(m, p->at.mem_node);

		if (m->nodes[i].allowed || m->nodes[i].kind == NODE_MEMORYLESS || !driver)
			continue;
		p->at.cpu_node = driver->id;
		p->at.to_node = p->at.to_mem = m->nodes[i].id;
		skip(p, &rows[0], why);
		n++;
	}
	return n;
}

static void skip_all(const struct planner *p)
{
	struct cell c = cell_of(p, &rows[0], PAGES_RATE);

	record_unset(&c.rec, "to_node", "mem_node", "bytes", NULL);
	session_skip(p->s, &c.rec,
		     "one node with memory is used here: there is no other to move pages to");
	record_release(&c.rec);
}

int pages_plan(struct session *s, const struct migration_options *o, struct plan_cost *c,
	       struct err *e)
{
	struct planner p = { .s = s, .cost = c };
	size_t first = first_pair(s), i;
	int rc = 0;

	(void)o;
	for (i = 0; rc == 0 && page_pair(s, i, &p.at); i++) {
		p.first = i == first;
		if (p.first || session_depth(s) > DEPTH_QUICK)
			rc = plan_pair(&p);
	}
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	p.first = true;
	if (forbidden(&p) == 0 && i == 0)
		skip_all(&p);
	return 0;
}

void pages_list(void (*line)(const char *text, void *to), void *to)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		char text[120];

		snprintf(text, sizeof text, "%-20s %s pages by %s%s%s", "page-rate, page-time",
			 page_kind_name(row->pages), mover_name(row->mover),
			 row->held ? ", held by " : "", row->held ? page_lock_name(row->lock) : "");
		line(text, to);
	}
}
