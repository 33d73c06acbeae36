/* expect_hardware.c - a machine against what was ordered: counts, parts, links. See
 * expect_parts.h. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "result/derive.h"
#include "result/expect_parts.h"
#include "util/units.h"

/* Firmware, the kernel and its crash kernel keep that much of what is plugged in; of a GPU's
 * memory, ECC and the driver. */
static const double kept_back = 0.06;

__attribute__((format(printf, 5, 6))) static int tell(struct result *res, enum judged_status s,
						      const char *id, const char *subject,
						      const char *fmt, ...)
{
	struct judged j = { .reference = REFERENCE_EXPECTATION,
			    .status = s,
			    .source = "--expect",
			    .observed = NAN,
			    .expected = NAN };
	va_list args;

	snprintf(j.id, sizeof j.id, "expect.%s", id);
	snprintf(j.subject, sizeof j.subject, "%s", subject);
	va_start(args, fmt);
	vsnprintf(j.text, sizeof j.text, fmt, args);
	va_end(args);
	return judged_add(res, &j);
}

static enum judged_status status_of(bool good)
{
	return good ? JUDGED_PASS : JUDGED_FAIL;
}

static int judge_cpu(const struct expect *x, struct result *res)
{
	const json_t *host = res->host ? res->host : res->machine.host;
	const char *cpu =
		json_string_value(json_object_get(json_object_get(host, "identity"), "cpu"));

	if (!x->cpu[0])
		return 0;
	if (!cpu)
		return tell(res, JUDGED_UNKNOWN, "cpu", "CPU",
			    "the CPU is not known, %s is expected", x->cpu);
	return tell(res, status_of(fnmatch(x->cpu, cpu, 0) == 0), "cpu", "CPU",
		    "the CPU is %.100s, %s is expected", cpu, x->cpu);
}

static int judge_node_count(const struct expect *x, struct result *res)
{
	if (!x->count_nodes.is)
		return 0;
	return tell(res, status_of((long long)res->machine.nnodes == x->count_nodes.value), "nodes",
		    "nodes", "the machine has %zu NUMA node%s, %lld %s expected",
		    res->machine.nnodes, plural(res->machine.nnodes), x->count_nodes.value,
		    x->count_nodes.value == 1 ? "is" : "are");
}

/* There and of use; where nobody asked CUDA, there. */
static bool counts(const struct gpu *g)
{
	return g->state == GPU_USABLE || g->state == GPU_UNPROBED || g->state == GPU_NO_CUDA;
}

static int judge_gpu_count(const struct expect *x, struct result *res)
{
	const struct machine *m = &res->machine;
	const long long wanted = x->count_gpus.value;
	char which[160] = "";
	size_t n = 0, hidden = 0, used = 0;
	bool right;

	if (!x->count_gpus.is)
		return 0;
	for (size_t i = 0; i < m->ngpus; i++) {
		const struct gpu *g = &m->gpus[i];

		n += counts(g);
		hidden += g->state == GPU_HIDDEN;
		if (!counts(g) && used < sizeof which)
			used += (size_t)snprintf(which + used, sizeof which - used,
						 "; GPU %d (%s) is %s", g->index, g->pci,
						 gpu_state_name(g->state));
	}
	right = (long long)n == wanted;
	/* Which slot is empty nobody can say: those that are not are named. */
	for (size_t i = 0; i < m->ngpus && n == m->ngpus && !right && used < sizeof which; i++)
		used += (size_t)snprintf(which + used, sizeof which - used, "%s%s",
					 i ? ", " : "; there are ", m->gpus[i].pci);
	/* What is hidden from this process may be there and well: of that nobody can tell. */
	return tell(res,
		    !right && hidden && (long long)n < wanted && (long long)(n + hidden) >= wanted
			    ? JUDGED_UNKNOWN
			    : status_of(right),
		    "gpus", "GPUs", "the machine has %zu usable GPU%s, %lld %s expected%s", n,
		    plural(n), wanted, wanted == 1 ? "is" : "are", right ? "" : which);
}

/* ---- nodes ---- */

static int judge_cores(struct result *res, const struct node *n, long long cores)
{
	char subject[32];

	snprintf(subject, sizeof subject, "node %d", n->id);
	if (!idset_equal(&n->cpus, &n->allowed_cpus) && (long long)n->ncores < cores)
		return tell(res, JUDGED_UNKNOWN, "node-cores", subject,
			    "node %d has %lld cores or not: only %zu may be used by this process",
			    n->id, cores, n->ncores);
	return tell(res, status_of((long long)n->ncores == cores), "node-cores", subject,
		    "node %d has %zu cores, %lld are expected", n->id, n->ncores, cores);
}

static int judge_memory(struct result *res, const char *id, const char *subject,
			const struct known *has, long long expected)
{
	char is[32], wanted[32];

	format_size(wanted, sizeof wanted, (uint64_t)expected);
	if (!has->is)
		return tell(res, JUDGED_UNKNOWN, id, subject,
			    "%s: its memory is not known, %s are expected", subject, wanted);
	return tell(res, status_of((double)has->value >= (1 - kept_back) * (double)expected), id,
		    subject, "%s has %s of memory, %s are expected", subject,
		    format_size(is, sizeof is, (uint64_t)has->value), wanted);
}

static int judge_node(struct result *res, const struct expect_nodes *row, const struct node *n)
{
	char subject[32];
	int rc = 0;

	snprintf(subject, sizeof subject, "node %d", n->id);
	if (row->cores.is)
		rc = judge_cores(res, n, row->cores.value);
	if (rc == 0 && row->memory.is)
		rc = judge_memory(res, "node-memory", subject, &n->memory_bytes, row->memory.value);
	return rc;
}

/* ---- GPUs ---- */

/* The best that the link was seen to do under load; false: nobody looked. */
static bool seen_under_load(const struct result *res, int gpu, struct expect_link *best)
{
	*best = (struct expect_link){ .is = false };
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		struct known gen = link_during(r, "gen"), width = link_during(r, "width");

		if (!record_has(r, "gpu") || r->gpu != gpu || !gen.is || !width.is)
			continue;
		best->is = true;
		best->gen = (int)gen.value > best->gen ? (int)gen.value : best->gen;
		best->width = (int)width.value > best->width ? (int)width.value : best->width;
	}
	return best->is;
}

/* Why the ability that the link states is not true of the GPU; NULL: nothing speaks against it. */
static const char *misstated(const struct result *res, const struct gpu *g,
			     const struct expect_link *ran)
{
	const char *guest = result_guest(res);

	if (guest && strcmp(guest, "none") != 0)
		return "the link is a virtual one";
	if (ran->is && ((g->max_gen.is && ran->gen > g->max_gen.value) ||
			(g->max_width.is && ran->width > g->max_width.value)))
		return "the link ran better than it states that it can";
	return NULL;
}

const char *expect_link_of(struct expect_link *link, const struct result *res, const struct gpu *g)
{
	struct expect_link ran, able = { .is = g->max_gen.is && g->max_width.is,
					 .gen = (int)g->max_gen.value,
					 .width = (int)g->max_width.value };

	link->is = false;
	if (!seen_under_load(res, g->index, &ran))
		return "its link was not read under load";
	*link = misstated(res, g, &ran) ? ran : able;
	link->is = link->is && link->gen >= 1 && link->gen <= 7 && link->width >= 1 &&
		   link->width <= 32;
	return link->is ? NULL : "its link's ability is not known";
}

static int judge_misstated(struct result *res, const struct expect_link *want, const char *subject,
			   const struct expect_link *ran, const char *why)
{
	if (!ran->is)
		return tell(res, JUDGED_UNKNOWN, "gpu-link", subject,
			    "%s: %s, and what it is under load was not read; Gen%d x%d is expected",
			    subject, why, want->gen, want->width);
	return tell(
		res, status_of(ran->gen >= want->gen && ran->width >= want->width), "gpu-link",
		subject,
		"%s: its link ran as Gen%d x%d under load, Gen%d x%d is expected; what it states "
		"that it can is not judged: %s",
		subject, ran->gen, ran->width, want->gen, want->width, why);
}

static int judge_link(struct result *res, const struct expect_link *want, const struct gpu *g,
		      const char *subject)
{
	struct expect_link ran;
	bool able, seen = seen_under_load(res, g->index, &ran);
	const char *why = misstated(res, g, &ran);

	if (why)
		return judge_misstated(res, want, subject, &ran, why);
	if (!g->max_gen.is || !g->max_width.is)
		return tell(res, JUDGED_UNKNOWN, "gpu-link", subject,
			    "%s: its link's ability is not known, Gen%d x%d is expected", subject,
			    want->gen, want->width);
	able = g->max_gen.value >= want->gen && g->max_width.value >= want->width;
	if (!seen)
		return tell(res, able ? JUDGED_UNKNOWN : JUDGED_FAIL, "gpu-link", subject,
			    "%s: its link can be Gen%lld x%lld, Gen%d x%d is expected, and what it "
			    "is under load was not read",
			    subject, g->max_gen.value, g->max_width.value, want->gen, want->width);
	return tell(res, status_of(able && ran.gen >= want->gen && ran.width >= want->width),
		    "gpu-link", subject,
		    "%s: its link ran as Gen%d x%d under load and can be Gen%lld x%lld, Gen%d x%d "
		    "is expected",
		    subject, ran.gen, ran.width, g->max_gen.value, g->max_width.value, want->gen,
		    want->width);
}

static int judge_gpu(struct result *res, const struct expect_gpus *row, const struct gpu *g)
{
	const struct known home = gpu_declared_node(&res->machine, g);
	char subject[32];
	int rc = 0;

	snprintf(subject, sizeof subject, "GPU %d", g->index);
	if (row->name[0])
		rc = tell(res,
			  g->name[0] ? status_of(fnmatch(row->name, g->name, 0) == 0)
				     : JUDGED_UNKNOWN,
			  "gpu-name", subject, "%s is %s, %s is expected", subject,
			  g->name[0] ? g->name : "of no known name", row->name);
	if (rc == 0 && row->memory.is)
		rc = judge_memory(res, "gpu-memory", subject, &g->memory_bytes, row->memory.value);
	if (rc == 0 && row->node.is)
		rc = home.is ? tell(res, status_of(home.value == row->node.value), "gpu-node",
				    subject, "%s hangs on node %lld, node %lld is expected",
				    subject, home.value, row->node.value)
			     : tell(res, JUDGED_UNKNOWN, "gpu-node", subject,
				    "%s: nobody declares its node, node %lld is expected", subject,
				    row->node.value);
	if (rc == 0 && row->link.is)
		rc = judge_link(res, &row->link, g, subject);
	return rc;
}

/* A number that a row names and the machine lacks is told by the counts, or here. */
static int tell_absent(struct result *res, const char *id, const char *thing,
		       const struct idset *asked, const struct known *count,
		       bool (*is_there)(const struct machine *m, int number))
{
	int rc = 0;

	for (int i = -1; rc == 0 && !count->is && (i = idset_next(asked, i)) >= 0;) {
		char subject[32];

		snprintf(subject, sizeof subject, "%s %d", thing, i);
		if (!is_there(&res->machine, i))
			rc = tell(res, JUDGED_FAIL, id, subject,
				  "%s is expected, and there is none", subject);
	}
	return rc;
}

static bool has_node(const struct machine *m, int id)
{
	return machine_node(m, id) != NULL;
}

static bool has_gpu(const struct machine *m, int index)
{
	return machine_gpu(m, index) != NULL;
}

static int judge_rows(const struct expect *x, struct result *res)
{
	const struct machine *m = &res->machine;
	int rc = 0;

	for (size_t i = 0; i < x->nnodes && rc == 0; i++) {
		const struct expect_nodes *row = &x->nodes[i];

		rc = tell_absent(res, "nodes", "node", &row->nodes, &x->count_nodes, has_node);
		for (size_t k = 0; k < m->nnodes && rc == 0; k++)
			if (idset_empty(&row->nodes) || idset_has(&row->nodes, m->nodes[k].id))
				rc = judge_node(res, row, &m->nodes[k]);
	}
	for (size_t i = 0; i < x->ngpus && rc == 0; i++) {
		const struct expect_gpus *row = &x->gpus[i];

		rc = tell_absent(res, "gpus", "GPU", &row->gpus, &x->count_gpus, has_gpu);
		for (size_t k = 0; k < m->ngpus && rc == 0; k++)
			if (counts(&m->gpus[k]) &&
			    (idset_empty(&row->gpus) || idset_has(&row->gpus, m->gpus[k].index)))
				rc = judge_gpu(res, row, &m->gpus[k]);
	}
	return rc;
}

int expect_judge_parts(const struct expect *x, struct result *res)
{
	int rc = judge_cpu(x, res);

	if (rc == 0)
		rc = judge_node_count(x, res);
	if (rc == 0)
		rc = judge_gpu_count(x, res);
	return rc == 0 ? judge_rows(x, res) : rc;
}
