/* hwloc.c - the topology as hwloc's XML, with what was measured as memory attributes.
 *
 * The file is written from the result alone, so that the same result gives the same file anywhere:
 * it needs neither the machine nor the library (which is what reads it, tests/cli/hwloc.t). The
 * machine is as the run found it; nothing else is made up, and what a result does not hold
 * (`made`, below) is not there. The format is hwloc's own, version 2 (its hwloc2.dtd); attributes
 * beyond hwloc's own are read by hwloc 2.3 and later.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/formats.h"
#include "render/hwloc_tree.h"
#include "render/walk.h"

static const char made[] =
	"from the result of a run: nodes, online CPUs, cores, data caches, memory, distances, GPUs "
	"and devices, and where they hang, as the run found them. A result holds no bridges, no "
	"part numbers of PCI, no core numbers, no offline CPUs: they are not here";

/* hwloc_memattr_flag_e: the best is the highest, the lowest; each value is of an initiator. */
enum { HIGHER_FIRST = 1, LOWER_FIRST = 2, NEED_INITIATOR = 4 };

static const struct attribute {
	const char *name;     /* ours */
	const char *standard; /* hwloc's, whose values come from HMAT where firmware has it */
	unsigned flags;
	double factor; /* times the median */
	const char *unit, *of;
	bool (*takes)(const struct record *r);
	const char *metric; /* the one that stands for all */
} attributes[] = {
	{ .name = "numabench:bandwidth",
	  .standard = "Bandwidth",
	  .flags = HIGHER_FIRST | NEED_INITIATOR,
	  .factor = 1.0 / 1048576,
	  .unit = "MiB/s",
	  .of = "by the cores of the initiator together",
	  .takes = text_is_memory_rate,
	  .metric = "triad" },
	{ .name = "numabench:latency",
	  .standard = "Latency",
	  .flags = LOWER_FIRST | NEED_INITIATOR,
	  .factor = 1e9,
	  .unit = "ns",
	  .of = "of dependent loads by a core of the initiator",
	  .takes = text_is_memory_latency,
	  .metric = "latency" },
};
enum { NATTRIBUTES = sizeof attributes / sizeof *attributes };

struct xml {
	const struct result *res;
	size_t nnodes;
	/* The matrix of each attribute, memory node by CPU node; owned. As the report shows it. */
	const struct record *like[NATTRIBUTES], **cells[NATTRIBUTES];
};

/* ---- what was measured ---- */

static const struct record *find_like(const struct xml *x, const struct attribute *a)
{
	const struct text all = { .res = x->res };
	const struct record *found = NULL;
	int most = -1;

	for (size_t i = 0; i < x->res->nrecords; i++) {
		const struct record *r = &x->res->records[i];
		int worth = 2 * record_has_figure(r) + (strcmp(r->metric, a->metric) == 0);

		if (worth > most && a->takes(r) && !record_has(r, "pages_asked") &&
		    text_is_whole(&all, r)) {
			found = r;
			most = worth;
		}
	}
	return found;
}

/* The place of a node among the machine's; nnodes: there is no such node. */
static size_t place_of(const struct xml *x, int id)
{
	size_t i = 0;

	while (i < x->nnodes && x->res->machine.nodes[i].id != id)
		i++;
	return i;
}

static int find_cells(struct xml *x, size_t k)
{
	struct matrix m = { .like = find_like(x, &attributes[k]) };

	x->like[k] = m.like;
	x->cells[k] = calloc(x->nnodes * x->nnodes + 1, sizeof *x->cells[k]);
	if (!x->cells[k])
		return -ENOMEM;
	for (size_t i = 0; m.like && i < x->res->nrecords; i++) {
		const struct record *r = &x->res->records[i];
		size_t cpu, mem;

		if (!matrix_takes(&m, r))
			continue;
		cpu = place_of(x, r->cpu_node);
		mem = place_of(x, r->mem_node);
		if (cpu < x->nnodes && mem < x->nnodes)
			matrix_keep(&x->cells[k][mem * x->nnodes + cpu], r);
	}
	return 0;
}

/* Programs act upon a value, and no sign can stand beside it: 0 and why not, for what is not
 * sound. */
static unsigned long long sound_value(const struct attribute *a, const struct record *r, char *why,
				      size_t size)
{
	double v = record_has_figure(r) ? round(r->median * a->factor) : 0;

	if (r->status != STATUS_OK)
		snprintf(why, size, "%s: %s", status_name(r->status), r->reason);
	else if (record_has(r, "undersized") && r->undersized)
		snprintf(why, size, "undersized: caches hold a part of what was measured");
	else if (!(v >= 1 && v < 1e18))
		snprintf(why, size, "its figure is no whole number of %s above 0", a->unit);
	else
		return (unsigned long long)v;
	return 0;
}

/* The same of a place in the matrix, with an empty `why` where nothing was tried. What a CPU node
 * has of its own memory is most often its best: where that is missing, hwloc would call the best
 * of the others the best of all. */
static unsigned long long value_of(const struct xml *x, size_t k, size_t mem, size_t cpu, char *why,
				   size_t size)
{
	const struct machine *m = &x->res->machine;
	const struct node *own = machine_memory_for(m, m->nodes[cpu].id);
	const struct record *r = x->cells[k][mem * x->nnodes + cpu], *of_own = NULL;
	unsigned long long v = r ? sound_value(&attributes[k], r, why, size) : 0;

	if (own)
		of_own = x->cells[k][place_of(x, own->id) * x->nnodes + cpu];
	if (!v || !own || r == of_own)
		return v;
	if (of_own && sound_value(&attributes[k], of_own, why, size))
		return v;
	snprintf(why, size, "there is none of node %d, its own memory, to set beside it", own->id);
	return 0;
}

/* ---- in words ---- */

static void put_machine(FILE *out, int depth, const struct xml *x)
{
	const struct run_info *run = &x->res->run;

	hwloc_put_info(out, depth, "numabench:made", made);
	hwloc_put_info(out, depth, "numabench:run", run->id);
	hwloc_put_info(out, depth, "numabench:started", run->started);
	hwloc_put_info(out, depth, "numabench:version", run->version);
	if (run->simulated)
		hwloc_put_info(out, depth, "numabench:simulated", "a simulator's figures");
	if (!run->complete)
		hwloc_put_info(out, depth, "numabench:incomplete",
			       "the run ended before all was measured");
	for (size_t k = 0; k < NATTRIBUTES; k++) {
		char text[200];

		if (x->like[k])
			snprintf(text, sizeof text, "%s, median of %s, %s", attributes[k].unit,
				 x->like[k]->metric, attributes[k].of);
		else
			snprintf(text, sizeof text, "not measured");
		hwloc_put_info(out, depth, attributes[k].name, text);
	}
}

/* Of a memory node: which figures are not among the values. */
static void put_left_out(FILE *out, int depth, const struct xml *x, size_t mem)
{
	for (size_t k = 0; k < NATTRIBUTES; k++)
		for (size_t cpu = 0; cpu < x->nnodes; cpu++) {
			char why[340] = "", text[440];

			if (value_of(x, k, mem, cpu, why, sizeof why) || !why[0])
				continue;
			snprintf(text, sizeof text, "%s from node %d: %s", attributes[k].name,
				 x->res->machine.nodes[cpu].id, why);
			hwloc_put_info(out, depth, "numabench:left-out", text);
		}
}

static void put_remarks(FILE *out, int depth, const struct node *n, const void *arg)
{
	const struct xml *x = arg;

	if (n)
		put_left_out(out, depth, x, place_of(x, n->id));
	else
		put_machine(out, depth, x);
}

/* ---- in figures ---- */

/* Nothing where there is no value: whoever looks for the attribute is to learn that. */
static void put_attribute(FILE *out, const struct xml *x, const struct hwloc_tree *t, size_t k,
			  const char *name)
{
	bool any = false;

	for (size_t mem = 0; mem < x->nnodes; mem++)
		for (size_t cpu = 0; cpu < x->nnodes; cpu++) {
			const struct idset *cpus = &x->res->machine.nodes[cpu].cpus;
			unsigned long long v;
			char why[340];

			v = idset_empty(cpus) ? 0 : value_of(x, k, mem, cpu, why, sizeof why);
			if (!v)
				continue;
			if (!any)
				fprintf(out, "  <memattr name=\"%s\" flags=\"%u\">\n", name,
					attributes[k].flags);
			any = true;
			fprintf(out,
				"    <memattr_value target_obj_type=\"NUMANode\" "
				"target_obj_gp_index=\"%lu\" value=\"%llu\"",
				t->node_index[mem], v);
			hwloc_put_set(out, "initiator_cpuset", cpus);
			fputs("/>\n", out);
		}
	if (any)
		fputs("  </memattr>\n", out);
}

/* A list as hwloc has them: with its own length. */
static void put_list(FILE *out, const char *element, const struct xml *x, bool distances)
{
	const struct machine *m = &x->res->machine;
	size_t n = distances ? m->nnodes * m->nnodes : m->nnodes, length = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			int v = distances ? m->distances[i] : m->nodes[i].id;

			if (pass)
				fprintf(out, "%d ", v);
			else
				length += (size_t)snprintf(NULL, 0, "%d ", v);
		}
		if (!pass)
			fprintf(out, "    <%s length=\"%zu\">", element, length);
	}
	fprintf(out, "</%s>\n", element);
}

/* The kernel's: kind 5 is "from the OS" and "means latency" (hwloc_distances_kind_e). */
static void put_distances(FILE *out, const struct xml *x)
{
	if (!x->res->machine.distances || x->nnodes < 2)
		return;
	fprintf(out,
		"  <distances2 type=\"NUMANode\" nbobjs=\"%zu\" kind=\"5\" name=\"NUMALatency\" "
		"indexing=\"os\">\n",
		x->nnodes);
	put_list(out, "indexes", x, false);
	put_list(out, "u64values", x, true);
	fputs("  </distances2>\n", out);
}

static void put_document(FILE *out, const struct xml *x, struct hwloc_tree *t, bool standard)
{
	const struct hwloc_remarks remarks = { .of = put_remarks, .arg = x };

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n<topology version=\"2.0\">\n",
	      out);
	hwloc_tree_print(t, &remarks, out);
	put_distances(out, x);
	for (size_t k = 0; k < NATTRIBUTES; k++)
		if (standard)
			put_attribute(out, x, t, k, attributes[k].standard);
	for (size_t k = 0; k < NATTRIBUTES; k++)
		put_attribute(out, x, t, k, attributes[k].name);
	fputs("</topology>\n", out);
}

int format_hwloc(const struct result *r, const struct render_options *o, FILE *out)
{
	struct walk w;
	struct xml x = { .res = &w.rest, .nnodes = r->machine.nnodes };
	struct hwloc_tree t = { 0 };
	int rc = walk_open(&w, r);

	if (rc == 0)
		rc = hwloc_tree_make(&t, &r->machine);
	for (size_t k = 0; rc == 0 && k < NATTRIBUTES; k++)
		rc = find_cells(&x, k);
	if (rc == 0)
		put_document(out, &x, &t, o->hwloc_standard);
	for (size_t k = 0; k < NATTRIBUTES; k++)
		free(x.cells[k]);
	hwloc_tree_release(&t);
	walk_close(&w);
	return rc < 0 ? rc : ferror(out) ? -EIO : 0;
}
