#include "measure/gpuplan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/units.h"

enum { SWEEP_FROM = 256, SWEEP_STEP = 4 };

/* How much less a mode is worth than the first one of its row. */
enum { LESS_BOTH = 2, LESS_AT_ONCE = 15, LESS_FAR = 40, LESS_SPREAD = 45, LESS_SWEEP = 60 };

struct planner {
	struct session *s;
	const struct plan_row *row;
	int kind;
};

static bool wanted(const struct planner *p, enum depth from)
{
	return from != DEPTH_NEVER && session_depth(p->s) >= from;
}

static struct cell cell_of(const struct planner *p, enum direction d, size_t bytes, int less)
{
	const struct plan_row *row = p->row;
	struct cell c = gpucopy_cell(&row->way, d, bytes, row->worth - less);
	struct record *r = &c.rec;

	snprintf(r->metric, sizeof r->metric, "%s", row->metric);
	snprintf(r->unit, sizeof r->unit, "%s", row->unit);
	r->better = row->better;
	record_set(r, "metric", "unit", "better", NULL);
	return c;
}

static struct cell together_cell(const struct planner *p, enum direction d, enum together how,
				 int less)
{
	struct cell c = cell_of(p, d, gpucopy_bytes(&p->row->way, session_options(p->s)), less);

	c.rec.together = how;
	record_set(&c.rec, "together", NULL);
	return c;
}

static int site_of(const struct planner *p, const struct placing *at, int gpu)
{
	struct site site = gpucopy_site(p->s, at, gpu, &p->row->way, p->kind);

	return session_site(p->s, &site);
}

/* ---- one GPU ---- */

static int plan_one_way(const struct planner *p, const struct placing *at, int gpu, int less)
{
	size_t bytes = gpucopy_bytes(&p->row->way, session_options(p->s));
	int site = site_of(p, at, gpu), rc = site;

	for (int d = DIR_H2D; rc >= 0 && d <= DIR_D2H; d++) {
		struct cell c = cell_of(p, (enum direction)d, bytes, less);

		rc = session_cell(p->s, (size_t)site, &c);
	}
	return rc < 0 ? rc : 0;
}

static int plan_both_ways(const struct planner *p, const struct placing *at, int gpu)
{
	struct cell sum = together_cell(p, DIR_BIDIRECTIONAL, TOGETHER_BOTH_WAYS, LESS_BOTH);
	struct cell members[2] = { together_cell(p, DIR_H2D, TOGETHER_BOTH_WAYS, LESS_BOTH),
				   together_cell(p, DIR_D2H, TOGETHER_BOTH_WAYS, LESS_BOTH) };
	int site = site_of(p, at, gpu), rc;
	size_t sites[2] = { (size_t)site, (size_t)site };

	if (site < 0)
		return site;
	sum.rec.cpu_node = at->cpu_node;
	sum.rec.mem_node = at->mem_node;
	sum.rec.gpu = gpu;
	record_set(&sum.rec, "cpu_node", "mem_node", "gpu", NULL);
	rc = session_joint(p->s, &sum, members, sites, 2);
	return rc < 0 ? rc : 0;
}

static int plan_sweep(const struct planner *p, int gpu)
{
	const struct session_options *o = session_options(p->s);
	size_t most = gpucopy_bytes(&p->row->way, o);
	struct placing at;
	int site, rc;

	if (!gpuplan_home(p->s, gpu, &at) && !session_near(p->s, 0, &at))
		return 0;
	site = rc = site_of(p, &at, gpu);
	for (size_t bytes = SWEEP_FROM; rc >= 0 && bytes <= most; bytes *= SWEEP_STEP)
		for (int d = DIR_H2D; rc >= 0 && d <= DIR_D2H; d++) {
			struct cell c = cell_of(p, (enum direction)d, bytes, LESS_SWEEP);

			if (bytes !=
			    (o->size ? o->size : GPUPLAN_USUAL)) /* that is a cell already */
				rc = session_cell(p->s, (size_t)site, &c);
			else
				record_release(&c.rec);
		}
	return rc < 0 ? rc : 0;
}

static int plan_gpu(const struct planner *p, int gpu)
{
	struct placing at;
	int rc = 0;

	for (size_t i = 0; rc == 0 && session_near(p->s, i, &at); i++) {
		if (wanted(p, p->row->near))
			rc = plan_one_way(p, &at, gpu, 0);
		if (rc == 0 && wanted(p, p->row->both_ways))
			rc = plan_both_ways(p, &at, gpu);
	}
	for (size_t i = 0; rc == 0 && wanted(p, p->row->far) && session_pair(p->s, i, &at); i++)
		if (!session_is_near(p->s, &at))
			rc = plan_one_way(p, &at, gpu, LESS_FAR);
	if (rc == 0 && wanted(p, p->row->sweep))
		rc = plan_sweep(p, gpu);
	return rc;
}

/* ---- all GPUs at once ---- */

bool gpuplan_home(const struct session *s, int gpu, struct placing *home)
{
	const struct machine *m = session_machine(s);
	const struct known node = gpu_declared_node(m, machine_gpu(m, gpu));
	bool found = false;

	for (size_t i = 0; node.is && !found && session_near(s, i, home); i++)
		found = home->mem_node == node.value;
	for (size_t i = 0; node.is && !found && session_near(s, i, home); i++)
		found = home->cpu_node == node.value;
	return found;
}

/* Another placing than its own; false where there is none. */
static bool elsewhere(const struct session *s, const struct placing *home, struct placing *at)
{
	size_t i = 0;

	while (session_near(s, i, at) && at->mem_node != home->mem_node)
		i++;
	for (size_t n = i + 1;; n = 0) { /* the next one, or the first */
		if (session_near(s, n, at))
			return at->mem_node != home->mem_node || at->cpu_node != home->cpu_node;
		if (n == 0)
			return false;
	}
}

/* Where a GPU is to be driven from; false: nowhere, with the reason. */
static bool place(const struct session *s, enum together how, const struct placing *one, int gpu,
		  struct placing *at, const char **why)
{
	struct placing home;

	*at = *one;
	if (how == TOGETHER_ONE_NODE)
		return true;
	*why = "declares no node that is measured";
	if (!gpuplan_home(s, gpu, &home))
		return false;
	*at = home;
	*why = "has no other node to be driven from";
	return how == TOGETHER_OWN_NODES || elsewhere(s, &home, at);
}

int gpuplan_list_gpus(struct record *r, const struct idset *gpus)
{
	r->gpus.v = calloc(idset_count(gpus) + 1, sizeof *r->gpus.v);
	if (!r->gpus.v)
		return -ENOMEM;
	for (int g = -1; (g = idset_next(gpus, g)) >= 0;)
		r->gpus.v[r->gpus.n++] = g;
	record_set(r, "gpus", NULL);
	return 0;
}

static int plan_together(const struct planner *p, enum together how, enum direction d,
			 const struct placing *one, int less)
{
	const struct idset *gpus = session_gpus(p->s);
	struct cell sum = together_cell(p, d, how, less);
	size_t room = idset_count(gpus) + 1, n = 0, *sites = calloc(room, sizeof *sites);
	struct cell *members = calloc(room, sizeof *members);
	const char *why = NULL;
	int rc = sites && members ? gpuplan_list_gpus(&sum.rec, gpus) : -ENOMEM, g = -1;

	if (how == TOGETHER_ONE_NODE) {
		sum.rec.cpu_node = one->cpu_node;
		sum.rec.mem_node = one->mem_node;
		record_set(&sum.rec, "cpu_node", "mem_node", NULL);
	}
	while (rc >= 0 && (g = idset_next(gpus, g)) >= 0) {
		struct placing at;

		if (!place(p->s, how, one, g, &at, &why))
			break;
		rc = site_of(p, &at, g);
		sites[n] = (size_t)rc;
		members[n++] = together_cell(p, d, how, less);
	}
	if (rc >= 0 && g < 0) {
		rc = session_joint(p->s, &sum, members, sites, n);
	} else {
		if (rc >= 0)
			session_skip(p->s, &sum.rec, "GPU %d %s", g, why);
		record_release(&sum.rec);
		for (size_t i = 0; i < n; i++)
			record_release(&members[i].rec);
	}
	free(sites);
	free(members);
	return rc < 0 ? rc : 0;
}

static int plan_all_at_once(const struct planner *p)
{
	bool several = session_near(p->s, 1, &(struct placing){ 0 });
	struct placing one = { 0 };
	int rc = 0;

	for (int d = DIR_H2D; rc == 0 && d <= DIR_BIDIRECTIONAL; d++) {
		enum direction way = (enum direction)d;

		if (wanted(p, p->row->all_at_once))
			rc = plan_together(p, TOGETHER_OWN_NODES, way, &one, LESS_AT_ONCE);
		if (!several || !wanted(p, p->row->spread))
			continue;
		for (size_t i = 0; rc == 0 && session_near(p->s, i, &one); i++)
			rc = plan_together(p, TOGETHER_ONE_NODE, way, &one, LESS_SPREAD);
		if (rc == 0)
			rc = plan_together(p, TOGETHER_CROSSED, way, &one, LESS_SPREAD);
	}
	return rc;
}

int gpuplan_rows(struct session *s, const struct plan_row *rows, size_t n)
{
	const struct idset *gpus = session_gpus(s);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct planner p = { .s = s, .row = &rows[i], .kind = (int)i };

		for (int g = -1; rc == 0 && (g = idset_next(gpus, g)) >= 0;)
			rc = plan_gpu(&p, g);
		if (rc == 0 && idset_count(gpus) > 1)
			rc = plan_all_at_once(&p);
	}
	return rc;
}

/* ---- what is no transfer ---- */

static int plan_other(struct session *s, const struct gpuplan_other *o, const struct placing *at,
		      int gpu)
{
	const struct site site = { .cpu_node = at->cpu_node,
				   .mem_node = o->bytes ? at->mem_node : -1,
				   .gpu = gpu,
				   .bytes = o->bytes,
				   .kind = o->kind };
	struct cell c = { .worth = o->worth };
	struct record *r = &c.rec;
	int rc = session_site(s, &site);

	if (rc < 0)
		return rc;
	record_init(r);
	snprintf(r->metric, sizeof r->metric, "%s", o->metric);
	snprintf(r->kernel, sizeof r->kernel, "%s", o->kernel);
	snprintf(r->unit, sizeof r->unit, "s");
	r->better = BETTER_LOWER;
	record_set(r, "metric", "kernel", "unit", "better", NULL);
	if (o->bytes) {
		r->memory = o->memory;
		r->bytes = o->bytes;
		record_set(r, "memory", "bytes", NULL);
	}
	rc = session_cell(s, (size_t)rc, &c);
	return rc < 0 ? rc : 0;
}

/* The first of the pairs with its CPU node. */
static bool first_of_its_cpus(const struct session *s, size_t pair, const struct placing *at)
{
	struct placing other;

	for (size_t i = 0; i < pair; i++)
		if (session_pair(s, i, &other) && other.cpu_node == at->cpu_node)
			return false;
	return true;
}

static int plan_everywhere(struct session *s, const struct gpuplan_other *o)
{
	const struct idset *gpus = session_gpus(s);
	struct placing at;
	int rc = 0;

	for (size_t i = 0; rc == 0 && session_pair(s, i, &at); i++) {
		bool near = o->bytes ? session_is_near(s, &at) : first_of_its_cpus(s, i, &at);
		enum depth from = near ? o->near : o->far;

		if (from == DEPTH_NEVER || session_depth(s) < from)
			continue;
		for (int g = -1; rc == 0 && (g = idset_next(gpus, g)) >= 0;)
			rc = plan_other(s, o, &at, g);
	}
	return rc;
}

int gpuplan_others(struct session *s, const struct gpuplan_other *all, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = plan_everywhere(s, &all[i]);
	return rc;
}

/* ---- --list ---- */

static const char *const depths[] = {
	[DEPTH_QUICK] = "", [DEPTH_NORMAL] = " (not --quick)", [DEPTH_THOROUGH] = " (--thorough)"
};

void gpuplan_list(const struct plan_row *rows, size_t n, void (*line)(const char *text, void *to),
		  void *to)
{
	for (size_t i = 0; i < n; i++) {
		const struct plan_row *r = &rows[i];
		const struct {
			enum depth from;
			const char *what;
		} modes[] = {
			{ r->near, "h2d, d2h" },
			{ r->both_ways, "both ways" },
			{ r->all_at_once, "all GPUs at once" },
			{ r->far, "from other nodes' CPUs" },
			{ r->spread, "all GPUs from one node and crossed" },
			{ r->sweep, "a sweep from 256 B" },
		};
		char text[400], size[32];
		size_t used = (size_t)snprintf(text, sizeof text, "%s %s%s%s, %s: ", r->metric,
					       memory_kind_name(r->way.memory),
					       r->way.several ? " in pages of " : "",
					       r->way.several ? page_kind_name(r->way.pages) : "",
					       format_size(size, sizeof size, r->way.bytes));

		for (size_t m = 0, said = 0; m < sizeof modes / sizeof *modes; m++)
			if (modes[m].from != DEPTH_NEVER && used < sizeof text)
				used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s",
							 said++ ? "; " : "", modes[m].what,
							 depths[modes[m].from]);
		line(text, to);
	}
}

void gpuplan_list_others(const struct gpuplan_other *all, size_t n,
			 void (*line)(const char *text, void *to), void *to)
{
	for (size_t i = 0; i < n; i++) {
		const struct gpuplan_other *o = &all[i];
		char text[200], size[32];

		snprintf(text, sizeof text, "%s%s%s: %s%s", o->metric, o->bytes ? ", " : "",
			 o->bytes ? format_size(size, sizeof size, o->bytes) : "", o->kernel,
			 depths[o->near]);
		line(text, to);
	}
}
