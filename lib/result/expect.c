/* expect.c - a result against what was ordered: figures. See expect.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/derive.h"
#include "result/expect_parts.h"
#include "result/judge_cells.h"
#include "result/words.h"

/* ---- which records a row speaks of ---- */

static bool word_fits(const struct record *r, const char *field, int asked, int is)
{
	return asked < 0 || (record_has(r, field) && asked == is);
}

/* Over several GPUs or nodes, not both ways of one. */
static bool sums_several(const struct record *r)
{
	return joint_is_sum(r) && !record_has(r, "gpu");
}

/* What only some tests vary, and a row cannot ask for: then the usual one counts. */
static bool is_unusual(const struct record *r)
{
	return record_has(r, "pages_asked") || record_has(r, "policy") ||
	       record_has(r, "load_step") || record_has(r, "cpu_pair");
}

/* Small copies are for latencies, unless the row names the size. */
static bool size_fits(const struct expect_figure *f, const struct record *r)
{
	if (f->size.is)
		return record_has(r, "bytes") && r->bytes == (uint64_t)f->size.value;
	return !(record_has(r, "gpu") || record_has(r, "gpus")) ||
	       strcmp(r->metric, "bandwidth") != 0 || cell_is_large(r);
}

bool expect_is_of(const struct expect_figure *f, const struct result *res, const struct record *r)
{
	bool memory = !record_has(r, "gpu") && !record_has(r, "gpus") &&
		      !record_has(r, "together") && record_has(r, "threads");

	if (strcmp(f->test, r->test) != 0 || strcmp(f->metric, r->metric) != 0 || is_unusual(r) ||
	    !word_fits(r, "direction", f->direction, (int)r->direction) ||
	    !word_fits(r, "memory", f->memory, (int)r->memory) ||
	    (f->path[0] && strcmp(f->path, r->path) != 0) ||
	    (f->peer_access.is &&
	     (!record_has(r, "peer_access") || r->peer_access != f->peer_access.value)))
		return false;
	if (f->together < 0 ? record_has(r, "together")
			    : !word_fits(r, "together", f->together, (int)r->together))
		return false;
	if (f->sum != sums_several(r) || !size_fits(f, r))
		return false;
	return !memory || !record_has_figure(r) || cell_is_memory(res, r);
}

static bool gpu_fits(const struct expect_figure *f, const struct record *r)
{
	if (idset_empty(&f->gpus) || !record_has(r, "gpu"))
		return true;
	return idset_has(&f->gpus, r->gpu) &&
	       (!record_has(r, "peer") || idset_has(&f->gpus, r->peer));
}

static bool node_fits(const struct expect_figure *f, const struct record *r)
{
	return idset_empty(&f->nodes) || !record_has(r, "mem_node") ||
	       idset_has(&f->nodes, r->mem_node);
}

/* A GPU's own node is where it does best, if that node's memory was among those measured. */
static bool where_fits(const struct expect_figure *f, const struct result *res,
		       const struct record *r)
{
	const struct gpu *g = record_has(r, "gpu") ? machine_gpu(&res->machine, r->gpu) : NULL;
	struct known home = g ? gpu_declared_node(&res->machine, g) : UNKNOWN("no GPU");
	bool near = cell_is_near(&res->machine, r);

	if (f->where == EXPECT_ANY || !record_has(r, "mem_node") || record_has(r, "peer") ||
	    f->together > TOGETHER_BOTH_WAYS)
		return true;
	if (f->where == EXPECT_OWN)
		return g ? near && cell_at_home(res, r, r->gpu) == r : near;
	return g ? near && home.is && r->mem_node != home.value && r->cpu_node != home.value
		 : !near;
}

bool expect_is_there(const struct expect_figure *f, const struct result *res,
		     const struct record *r)
{
	return expect_is_of(f, res, r) && gpu_fits(f, r) && node_fits(f, r) && cell_is_sound(r) &&
	       where_fits(f, res, r);
}

char *expect_id(const struct expect_figure *f, char *buf, size_t size)
{
	const char *const parts[] = { f->test,
				      f->metric,
				      f->direction < 0 ? "" : direction_words[f->direction],
				      f->memory < 0 ? "" : memory_words[f->memory],
				      f->together < 0 ? "" : together_words[f->together],
				      f->path,
				      f->sum ? "sum" : "",
				      f->where == EXPECT_REMOTE ? "remote" : "" };
	size_t used = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		/* What a bandwidth is need not be said twice. */
		if (!parts[i][0] || (i == 1 && strcmp(parts[i], "bandwidth") == 0))
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? "." : "",
					 parts[i]);
		if (used >= size)
			break;
	}
	return buf;
}

/* ---- what comes of it ---- */

/* How far below its floor or above its ceiling, as a share; <= 0: it is met. */
static double misses_by(const struct expect_limit *floor, const struct expect_limit *ceiling,
			double v)
{
	double miss = -INFINITY;

	if (floor->is)
		miss = 1 - v / floor->value;
	if (ceiling->is)
		miss = fmax(miss, v / ceiling->value - 1);
	return miss;
}

static struct judged of_row(const struct expect_figure *f)
{
	struct judged j = { .reference = REFERENCE_EXPECTATION, .source = "--expect" };

	snprintf(j.id, sizeof j.id, "expect.%.56s", f->id);
	return j;
}

/* Who is meant: the GPU, the pair, the node, or what the cell is called. */
static void name_subject(const struct record *r, char *to, size_t size)
{
	bool pulled = r->direction == DIR_H2D;

	if (record_has(r, "peer"))
		snprintf(to, size, "GPU %d to GPU %d", pulled ? r->peer : r->gpu,
			 pulled ? r->gpu : r->peer);
	else if (record_has(r, "gpu"))
		snprintf(to, size, "GPU %d", r->gpu);
	else if (record_has(r, "mem_node") && record_has(r, "cpu_node") &&
		 r->cpu_node != r->mem_node)
		snprintf(to, size, "node %d to node %d", r->cpu_node, r->mem_node);
	else if (record_has(r, "mem_node"))
		snprintf(to, size, "node %d", r->mem_node);
	else
		snprintf(to, size, "machine");
}

static int tell_figure(struct result *res, const struct expect_figure *f, const struct record *r,
		       size_t met)
{
	double v = r->median, miss = misses_by(&f->at_least, &f->at_most, v);
	const struct expect_limit *l = !f->at_least.is || (f->at_most.is && v > f->at_least.value)
					       ? &f->at_most
					       : &f->at_least;
	struct judged j = of_row(f);
	char own[32], limit[32], name[240];

	j.status = miss > 0 ? JUDGED_FAIL : JUDGED_PASS;
	j.record = r;
	j.observed = v;
	j.expected = l->value;
	snprintf(j.unit, sizeof j.unit, "%s", r->unit);
	figure_text(own, sizeof own, r->unit, v);
	figure_text(limit, sizeof limit, r->unit, l->value);
	record_name(r, name, sizeof name);
	name_subject(r, j.subject, sizeof j.subject);
	if (miss > 0)
		judged_say(&j, "%s is not as expected: %s: %s, %.1f %% %s %s", j.subject, name, own,
			   100 * miss, l == &f->at_least ? "below" : "above", limit);
	else
		judged_say(&j, "%zu of %zu as expected, %s %s; the nearest to it is %s: %s", met,
			   met, l == &f->at_least ? "at least" : "at most", limit, name, own);
	return judged_add(res, &j);
}

static int tell_unknown(struct result *res, const struct expect_figure *f, const char *subject,
			const char *why)
{
	struct judged j = of_row(f);

	j.status = JUDGED_UNKNOWN;
	snprintf(j.subject, sizeof j.subject, "%s", subject);
	judged_say(&j, "%s: %s is expected, but %s", subject, f->id, why);
	snprintf(
		j.fix, sizeof j.fix,
		"measure it (without --quick, --only, --gpus and --nodes, or with --size), or take "
		"the row out of the expectation");
	return judged_add(res, &j);
}

/* A GPU that can be used, that the row asks for, and of which nothing was measured. */
static int tell_unmeasured_gpus(struct result *res, const struct expect_figure *f)
{
	char subject[64];
	int rc = 0;

	for (size_t i = 0; i < res->machine.ngpus && rc == 0; i++) {
		const struct gpu *g = &res->machine.gpus[i];
		bool measured = g->state != GPU_USABLE ||
				!(idset_empty(&f->gpus) || idset_has(&f->gpus, g->index));

		for (size_t k = 0; k < res->nrecords && !measured; k++)
			measured = (res->records[k].gpu == g->index ||
				    (record_has(&res->records[k], "peer") &&
				     res->records[k].peer == g->index)) &&
				   record_has(&res->records[k], "gpu") &&
				   expect_is_there(f, res, &res->records[k]);
		snprintf(subject, sizeof subject, "GPU %d", g->index);
		if (!measured)
			rc = tell_unknown(res, f, subject, "nothing of it was measured");
	}
	return rc;
}

static int judge_figure(struct result *res, const struct expect_figure *f)
{
	const struct record *nearest = NULL;
	bool of_gpus = false;
	size_t there = 0, met = 0;
	int rc = 0;

	for (size_t i = 0; i < res->nrecords && rc == 0; i++) {
		const struct record *r = &res->records[i];
		double miss;

		if (!expect_is_there(f, res, r))
			continue;
		if (strcmp(r->unit, f->at_least.is ? f->at_least.unit : f->at_most.unit) != 0)
			return tell_unknown(res, f, "the expectation",
					    "its unit is not that of the figure");
		there++;
		of_gpus = of_gpus || record_has(r, "gpu");
		miss = misses_by(&f->at_least, &f->at_most, r->median);
		met += miss <= 0;
		if (!nearest || miss > misses_by(&f->at_least, &f->at_most, nearest->median))
			nearest = r;
		if (miss > 0)
			rc = tell_figure(res, f, r, 0);
	}
	if (rc == 0 && of_gpus && !f->sum)
		rc = tell_unmeasured_gpus(res, f);
	if (rc == 0 && !there)
		return tell_unknown(res, f, "the run", "nothing of it was measured");
	return rc == 0 && met == there ? tell_figure(res, f, nearest, met) : rc;
}

/* Each finding names the file that it rests on. */
static void name_source(const struct expect *x, struct result *res)
{
	for (size_t i = 0; i < res->nfindings; i++) {
		struct finding *f = &res->findings[i];

		if (x->source[0] && strcmp(f->family, reference_name(REFERENCE_EXPECTATION)) == 0)
			snprintf(f->source, sizeof f->source, "%s", x->source);
	}
}

int expect_judge(const struct expect *x, struct result *res)
{
	int rc;

	judged_forget(res, REFERENCE_EXPECTATION);
	rc = expect_judge_parts(x, res);
	for (size_t i = 0; i < x->nfigures && rc == 0; i++)
		rc = judge_figure(res, &x->figures[i]);
	name_source(x, res);
	return rc;
}
