/* html_machine.c - the machine as a drawing: a card for each node with its cores, its memory and
 * its GPUs, and the paths between them as thick as they are fast. See html.h.
 *
 * A card is as wide as a telephone; cards stand side by side where there is room. A rail beneath
 * them is what lies between the nodes: each node hangs on it by the rate at which its CPUs reach
 * the memory of the others, each GPU by the rate at which it is fed from their memory.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/html.h"
#include "result/derive.h"
#include "util/units.h"

enum { WIDTH = 340, NODE = 128, BUS = 146, GPU_X = 232, GPU_WIDTH = 104, GPU_HEIGHT = 46 };
enum { BARE = NODE + 20 }; /* a card of a machine without GPUs */
enum { TOP = 8, ROW = 60, NODE_LEAST = 132, RAIL = 34 };
/* From the middle of a GPU to the path from its own node, and to that from others. */
enum { NEAR = -6, FAR = 10 };
/* Cores that have a square each; of more, the first. */
enum { CORE = 7, CORE_GAP = 2, CORE_COLUMNS = 12, CORE_ROWS = 6 };
#define THICKEST 11.0
#define THINNEST 1.2

/* The figures of some paths to one and the same place. */
struct rates {
	double least, most; /* NaN: none */
};

/* What the drawing is made of. */
struct drawing {
	struct html *h;
	const struct machine *m;
	const struct record *copy;   /* one of the kind that is drawn for GPUs, or NULL */
	const struct record *memory; /* likewise between nodes */
	double most;                 /* the fastest of the copies, which is the thickest line */
};

static void join(struct rates *x, double v)
{
	x->least = isfinite(x->least) ? fmin(x->least, v) : v;
	x->most = isfinite(x->most) ? fmax(x->most, v) : v;
}

static bool is_copy(const struct record *r)
{
	return record_has(r, "gpu") && record_has(r, "memory") && r->memory == MEM_PINNED &&
	       strcmp(r->unit, "B/s") == 0 && !record_has(r, "peer") &&
	       !record_has(r, "together") && !record_has(r, "pages_asked") &&
	       record_has(r, "direction");
}

/* The kind that is measured on most nodes and GPUs, and in memory the operation that the tables
 * have: that of the first. */
static void choose(struct drawing *d)
{
	const struct result *res = d->h->text.res;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (!record_has_figure(r))
			continue;
		if (!d->copy && is_copy(r) && r->bytes == text_usual_bytes(res, r))
			d->copy = r;
		if (text_is_memory_rate(r) && text_is_whole(&d->h->text, r) &&
		    (!d->memory ||
		     (strcmp(d->memory->metric, "triad") != 0 && strcmp(r->metric, "triad") == 0)))
			d->memory = r;
	}
	for (size_t i = 0; d->copy && i < res->nrecords; i++)
		if (text_same_kind(d->copy, &res->records[i]) &&
		    record_has_figure(&res->records[i]))
			d->most = fmax(d->most, res->records[i].median);
}

/* From a node's memory (near) to a GPU; of all other nodes where `others`. */
static struct rates to_gpu(const struct drawing *d, int gpu, int node, bool others)
{
	const struct result *res = d->h->text.res;
	struct rates x = { NAN, NAN };

	for (size_t i = 0; d->copy && i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (r->gpu == gpu && record_has_figure(r) && text_same_kind(d->copy, r) &&
		    text_is_near(d->m, r) && (r->mem_node != node) == others)
			join(&x, r->median);
	}
	return x;
}

/* By the CPUs of a node, in its own memory or in that of the others. */
static struct rates in_memory(const struct drawing *d, int node, bool others)
{
	const struct matrix like = { .like = d->memory };
	const struct result *res = d->h->text.res;
	struct rates x = { NAN, NAN };

	for (size_t i = 0; d->memory && i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (record_has_figure(r) && text_is_memory_rate(r) && r->cpu_node == node &&
		    (r->mem_node != node) == others && matrix_takes(&like, r) &&
		    text_is_whole(&d->h->text, r))
			join(&x, r->median);
	}
	return x;
}

/* "57.4", "31.0-38.2" */
static char *rate_text(const struct rates *x, char *buf, size_t size)
{
	int decimals = text_decimals(x->most / 1e9);
	char low[24], high[24];

	snprintf(low, sizeof low, "%.*f", decimals, x->least / 1e9);
	snprintf(high, sizeof high, "%.*f", decimals, x->most / 1e9);
	snprintf(buf, size, "%s%s%s", low, strcmp(low, high) ? "-" : "",
		 strcmp(low, high) ? high : "");
	return buf;
}

/* By the square of the rate: two thirds of it are to look like less than half. */
static double thick(const struct drawing *d, double rate)
{
	return fmax(THINNEST, THICKEST * rate * rate / (d->most * d->most));
}

/* ---- a card ---- */

/* Of the GPU that is drawn at this place. */
static int middle_of(size_t at)
{
	return TOP + ROW * (int)at + 4 + GPU_HEIGHT / 2;
}

static int home_of(const struct drawing *d, const struct gpu *g)
{
	const struct result *res = d->h->text.res;
	struct known declared = gpu_declared_node(d->m, g);

	for (size_t i = 0; i < res->nrecommendations; i++)
		if (res->recommendations[i].gpu == g->index && res->recommendations[i].has_node)
			return res->recommendations[i].node;
	return declared.is ? (int)declared.value : -1;
}

static void draw_cores(FILE *out, size_t n, int y)
{
	size_t shown =
		n < (size_t)(CORE_COLUMNS * CORE_ROWS) ? n : (size_t)(CORE_COLUMNS * CORE_ROWS);

	fputs("<path class=\"core\" d=\"", out);
	for (size_t i = 0; i < shown; i++)
		html_put(out, "M%d %dh%dv%dh-%dz", 12 + (int)(i % CORE_COLUMNS) * (CORE + CORE_GAP),
			 y + (int)(i / CORE_COLUMNS) * (CORE + CORE_GAP), CORE, CORE, CORE);
	fputs("\"/>", out);
}

static void draw_node(const struct drawing *d, const struct node *n, int height)
{
	struct rates own = in_memory(d, n->id, false);
	FILE *out = d->h->text.out;
	char text[64];
	int y = TOP + 40;

	html_put(out, "<rect class=\"node\" x=\"1\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>",
		 TOP, NODE, height - TOP);
	html_put(out, "<text class=\"title\" x=\"12\" y=\"%d\">node %d</text>", TOP + 18, n->id);
	html_put(out, "<text x=\"12\" y=\"%d\">%zu core%s</text>", TOP + 33, n->ncores,
		 plural(n->ncores));
	draw_cores(out, n->ncores, y);
	y = height - 40;
	html_put(out, "<path class=\"memory\" d=\"M12 %dH%d\"/>", y, NODE - 10);
	if (n->memory_bytes.is)
		html_put(out, "<text x=\"12\" y=\"%d\">%s</text>", y + 15,
			 format_size(text, sizeof text, (uint64_t)n->memory_bytes.value));
	else
		html_put(out, "<text x=\"12\" y=\"%d\">%s</text>", y + 15,
			 n->kind == NODE_MEMORYLESS ? "no memory" : "memory not known");
	if (isfinite(own.most))
		html_put(out, "<text class=\"rate\" x=\"12\" y=\"%d\">%s GB/s</text>", y + 30,
			 rate_text(&own, text, sizeof text));
}

/* A model without its maker, cut to fit. */
static const char *short_name(const struct gpu *g, char *buf, size_t size)
{
	static const char maker[] = "NVIDIA ";
	const char *name = g->name;

	if (strncmp(name, maker, sizeof maker - 1) == 0)
		name += sizeof maker - 1;
	snprintf(buf, size, "%.16s", name[0] ? name : gpu_state_name(g->state));
	return buf;
}

/* What its link was under load; an idle one says nothing. */
static const char *link_text(const struct drawing *d, const struct gpu *g, char *buf, size_t size)
{
	const struct record *r = d->copy ? text_home_cell(&d->h->text, d->copy, g->index) : NULL;
	struct known gen = { .is = false }, width = { .is = false };

	if (r) {
		gen = link_during(r, "gen");
		width = link_during(r, "width");
	}
	buf[0] = '\0';
	if (gen.is && width.is)
		snprintf(buf, size, "Gen%lld x%lld", gen.value, width.value);
	return buf;
}

static void draw_box(const struct drawing *d, const struct gpu *g, int y)
{
	FILE *out = d->h->text.out;
	char text[64];

	html_put(out,
		 "<rect class=\"gpu\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/><text "
		 "class=\"title\" x=\"%d\" y=\"%d\">GPU %d</text>",
		 GPU_X, y, GPU_WIDTH, GPU_HEIGHT, GPU_X + 8, y + 15, g->index);
	html_put(out, "<text class=\"model\" x=\"%d\" y=\"%d\">%s</text>", GPU_X + 8, y + 28,
		 short_name(g, text, sizeof text));
	if (link_text(d, g, text, sizeof text)[0])
		html_put(out, "<text class=\"model\" x=\"%d\" y=\"%d\">%s</text>", GPU_X + 8,
			 y + 40, text);
	fputc('\n', out);
}

static void draw_gpu(const struct drawing *d, const struct gpu *g, int node, size_t at)
{
	struct rates own = to_gpu(d, g->index, node, false), far = to_gpu(d, g->index, node, true);
	int middle = middle_of(at);
	FILE *out = d->h->text.out;
	char text[64];

	if (isfinite(far.most))
		html_put(out, "<path class=\"far\" stroke-width=\"%.1f\" d=\"M%d %dH%d\"/>",
			 thick(d, far.most), BUS, middle + FAR, GPU_X);
	if (isfinite(own.most))
		html_put(out, "<path class=\"near\" stroke-width=\"%.1f\" d=\"M%d %dH%d\"/>",
			 thick(d, own.most), NODE + 1, middle + NEAR, GPU_X);
	else
		html_put(out, "<path class=\"unmeasured\" d=\"M%d %dH%d\"/>", NODE + 1,
			 middle + NEAR, GPU_X);
	if (isfinite(own.most))
		html_put(out, "<text class=\"rate middle\" x=\"%d\" y=\"%d\">%s</text>",
			 (BUS + GPU_X) / 2, middle + NEAR - 8, rate_text(&own, text, sizeof text));
	if (isfinite(far.most))
		html_put(out, "<text class=\"farrate middle\" x=\"%d\" y=\"%d\">%s</text>",
			 (BUS + GPU_X) / 2 + 4, middle + FAR + 14,
			 rate_text(&far, text, sizeof text));
	draw_box(d, g, middle - GPU_HEIGHT / 2);
}

/* What hangs between the node, its GPUs and the others; `bus` is where the path to its GPUs ends,
 * 0 without. */
static void draw_rail(const struct drawing *d, const struct node *n, int height, int bus)
{
	struct rates far = in_memory(d, n->id, true);
	FILE *out = d->h->text.out;
	int y = height + RAIL - 8;
	char text[64];

	html_put(out, "<path class=\"rail\" d=\"M0 %dH%d\"/>", y, d->m->ngpus ? WIDTH : BARE);
	if (bus)
		html_put(out, "<path class=\"bus\" d=\"M%d %dV%d\"/>", BUS, bus, y);
	if (!isfinite(far.most))
		return;
	html_put(out, "<path class=\"far\" stroke-width=\"2\" d=\"M16 %dV%d\"/>", height, y);
	html_put(out, "<text class=\"farrate\" x=\"23\" y=\"%d\">%s GB/s</text>", height + 17,
		 rate_text(&far, text, sizeof text));
}

/* The same in words, for who does not see it. */
static void say_card(const struct drawing *d, const struct node *n)
{
	struct rates own = in_memory(d, n->id, false), far = in_memory(d, n->id, true);
	FILE *out = d->h->text.out;
	char text[64];

	html_put(out, "node %d: %zu core%s", n->id, n->ncores, plural(n->ncores));
	if (isfinite(own.most))
		html_put(out, ", its own memory %s GB/s", rate_text(&own, text, sizeof text));
	if (isfinite(far.most))
		html_put(out, ", that of other nodes %s GB/s", rate_text(&far, text, sizeof text));
	for (size_t i = 0; i < d->m->ngpus; i++) {
		const struct gpu *g = &d->m->gpus[i];

		if (home_of(d, g) != n->id)
			continue;
		own = to_gpu(d, g->index, n->id, false);
		far = to_gpu(d, g->index, n->id, true);
		html_put(out, "; GPU %d", g->index);
		if (isfinite(own.most))
			html_put(out, " %s GB/s", rate_text(&own, text, sizeof text));
		else
			fputs(" not measured", out);
		if (isfinite(far.most))
			html_put(out, ", from other nodes %s GB/s",
				 rate_text(&far, text, sizeof text));
	}
}

static void draw_card(const struct drawing *d, const struct node *n)
{
	FILE *out = d->h->text.out;
	size_t gpus = 0, at = 0;
	int height, bus = 0;

	for (size_t i = 0; i < d->m->ngpus; i++) {
		const struct gpu *g = &d->m->gpus[i];

		if (home_of(d, g) != n->id)
			continue;
		if (!bus && isfinite(to_gpu(d, g->index, n->id, true).most))
			bus = middle_of(gpus) + FAR;
		gpus++;
	}
	height = TOP + ROW * (int)gpus > NODE_LEAST ? TOP + ROW * (int)gpus : NODE_LEAST;
	html_put(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
		 d->m->ngpus ? WIDTH : BARE, d->m->nnodes > 1 ? height + RAIL : height + 2);
	say_card(d, n);
	fputs("\">", out);
	if (d->m->nnodes > 1)
		draw_rail(d, n, height, bus);
	draw_node(d, n, height);
	for (size_t i = 0; i < d->m->ngpus; i++)
		if (home_of(d, &d->m->gpus[i]) == n->id)
			draw_gpu(d, &d->m->gpus[i], n->id, at++);
	fputs("</svg>\n", out);
}

/* Every path from a GPU to its own node. */
static bool all_measured(const struct drawing *d)
{
	for (size_t i = 0; i < d->m->ngpus; i++) {
		const struct gpu *g = &d->m->gpus[i];
		int home = home_of(d, g);

		if (machine_node(d->m, home) && !isfinite(to_gpu(d, g->index, home, false).most))
			return false;
	}
	return true;
}

static void say_key(const struct drawing *d)
{
	FILE *out = d->h->text.out;
	char what[160];

	fputs("<figcaption>", out);
	if (d->copy)
		html_put(out, "Between node and GPU: %s, GB/s; the faster, the thicker. %s",
			 record_what(d->copy, what, sizeof what),
			 d->m->nnodes > 1 ? "Dashed: from the memory of other nodes. " : "");
	if (!all_measured(d))
		fputs("Dotted: not measured. ", out);
	if (d->memory)
		html_put(out, "In a node: %s of its own memory by its own cores%s.",
			 d->memory->metric,
			 d->m->nnodes > 1 ? "; dashed beneath it: of the other nodes' memory" : "");
	fputs("</figcaption>\n", out);
}

/* GPUs that nothing ties to a node. */
static void say_homeless(const struct drawing *d)
{
	struct idset gpus = { 0 };
	char list[128];

	for (size_t i = 0; i < d->m->ngpus; i++)
		if (!machine_node(d->m, home_of(d, &d->m->gpus[i])))
			idset_add(&gpus, d->m->gpus[i].index);
	idset_format(&gpus, list, sizeof list);
	if (!idset_empty(&gpus))
		html_put(d->h->text.out,
			 "<p class=\"note\">GPU %s: on which node is not known</p>\n", list);
}

int html_machine(struct html *h)
{
	struct drawing d = { .h = h, .m = &h->res->machine };

	h->text.res = &h->walk.rest;
	if (!d.m->nnodes)
		return 0;
	choose(&d);
	html_put(h->text.out,
		 "<figure class=\"machine\">\n<div class=\"nodes%s\" "
		 "style=\"--n:%zu\">\n",
		 d.m->ngpus ? "" : " bare", d.m->nnodes);
	for (size_t i = 0; i < d.m->nnodes; i++)
		draw_card(&d, &d.m->nodes[i]);
	fputs("</div>\n", h->text.out);
	say_key(&d);
	fputs("</figure>\n", h->text.out);
	say_homeless(&d);
	return 0;
}
