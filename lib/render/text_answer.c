/* text_answer.c - the answer in a few sentences, and how its figures came about. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/walk.h"
#include "result/judge.h"
#include "result/statistics.h"
#include "util/units.h"

static const char simulated[] =
	"SIMULATED: the GPU figures come from the test simulator, not from hardware.";

/* Why a GPU has no figures, in a few words. */
static const char *why_unmeasured(const struct result *res, const struct gpu *g)
{
	if (g->state != GPU_USABLE)
		return g->state_why[0] ? g->state_why : gpu_state_name(g->state);
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (record_has(r, "gpu") && r->gpu == g->index)
			return r->reason[0] ? r->reason : status_name(r->status);
	}
	if (g->busy)
		return g->busy_why[0] ? g->busy_why : "others use it";
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (strncmp(r->test, "gpu-", 4) == 0 && r->status != STATUS_OK && r->reason[0])
			return r->reason;
	}
	return "not asked for";
}

/* GPUs without figures, those with one and the same reason together. */
static void say_unmeasured(struct text *t)
{
	const struct machine *m = &t->res->machine;
	struct idset told = { 0 };

	for (size_t i = 0; i < m->ngpus; i++) {
		const char *why = why_unmeasured(t->res, &m->gpus[i]);
		struct idset alike = { 0 };
		char list[128];

		if (result_gpu_measured(t->res, m->gpus[i].index) ||
		    idset_has(&told, m->gpus[i].index))
			continue;
		for (size_t j = i; j < m->ngpus; j++)
			if (!result_gpu_measured(t->res, m->gpus[j].index) &&
			    strcmp(why_unmeasured(t->res, &m->gpus[j]), why) == 0)
				idset_add(&alike, m->gpus[j].index);
		told = idset_or(&told, &alike);
		idset_format(&alike, list, sizeof list);
		text_say(t, 2, "GPU %s not measured: %s", list, why);
	}
}

char *text_cells(const struct result *res, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < res->nrecords; i++)
		n += record_has_figure(&res->records[i]);
	if (n < res->nrecords)
		snprintf(buf, size, "%zu of %zu cells measured", n, res->nrecords);
	else
		snprintf(buf, size, "%zu cell%s measured", n, plural(n));
	return buf;
}

/* "8 of 8 GPUs measured", and of how many cells where some have no figure. */
static char *scope(const struct result *res, char *buf, size_t size)
{
	size_t n = res->machine.ngpus, passed = count_findings(res, "pass"), figures = 0;
	char cells[64] = "";

	for (size_t i = 0; i < res->nrecords; i++)
		figures += record_has_figure(&res->records[i]);
	if (figures < res->nrecords)
		snprintf(cells, sizeof cells, ", %zu of %zu cells", figures, res->nrecords);
	if (!res->nrecords && passed) /* checks alone */
		snprintf(buf, size, "%zu check%s passed", passed, plural(passed));
	else if (n)
		snprintf(buf, size, "%zu of %zu GPU%s measured%s", result_gpus_measured(res), n,
			 plural(n), cells);
	else
		snprintf(buf, size, "%sno GPU on this machine's PCI bus%s%s%s",
			 figures ? "CPU part only (" : "", figures ? ")" : "", cells,
			 cells[0] ? " measured" : "");
	return buf;
}

static size_t count_serious(const struct result *res)
{
	size_t n = 0;

	for (size_t i = 0; i < res->nfindings; i++)
		n += strcmp(res->findings[i].status, "warn") == 0 &&
		     finding_is_serious(&res->findings[i]);
	return n < res->verdict.nwarnings ? n : res->verdict.nwarnings;
}

enum text_tone text_tone(const struct result *res)
{
	static const enum text_tone tones[] = {
		[VERDICT_PASS] = TONE_GOOD, [VERDICT_FAIL] = TONE_BAD, [VERDICT_UNKNOWN] = TONE_OPEN
	};
	enum text_tone tone = tones[res->verdict.status];

	return tone == TONE_GOOD && count_serious(res) ? TONE_CARE : tone;
}

char *text_verdict(const struct result *res, char *buf, size_t size)
{
	static const char *const words[] = {
		[VERDICT_PASS] = "PASS", [VERDICT_FAIL] = "FAIL", [VERDICT_UNKNOWN] = "UNKNOWN"
	};
	const struct verdict *v = &res->verdict;
	char warnings[64] = "", of[160];

	if (v->nwarnings)
		warnings_text(v->nwarnings, count_serious(res), warnings, sizeof warnings);
	snprintf(buf, size, "%s%s%s%s, %s", res->run.simulated ? "SIMULATED. " : "",
		 words[v->status], warnings[0] ? " with " : "", warnings,
		 scope(res, of, sizeof of));
	return buf;
}

/* ---- serious warnings, a line each; what fails or is unknown is among the reasons ---- */

struct serious {
	struct text *t;
	size_t told, untold;
};

static void say_serious(const struct told_finding *told, void *to)
{
	enum { LINES_MOST = 4 };
	const struct finding *f = told->finding;
	struct serious *s = to;

	if (strcmp(f->status, "warn") != 0 || !finding_is_serious(f))
		return;
	if (s->told == LINES_MOST) {
		s->untold++;
		return;
	}
	s->told++;
	text_say(s->t, 0, "! %s%s%s", told->subjects, told->subjects[0] ? ": " : "", f->observed);
}

static int say_all_serious(struct text *t)
{
	struct serious s = { .t = t };
	int rc = findings_tell(t->res, say_serious, &s);

	if (rc == 0 && s.untold)
		text_say(t, 0, "! and %zu more serious warning%s, among the findings below",
			 s.untold, plural(s.untold));
	return rc;
}

int text_answer(struct text *t)
{
	const struct result *res = t->res;
	char verdict[VERDICT_TEXT];
	int rc;

	text_say_verdict(t, "%s%s%s", text_verdict(res, verdict, sizeof verdict),
			 res->verdict.nreasons ? ": "
			 : res->verdict.status == VERDICT_PASS && !res->verdict.nwarnings
				 ? "; nothing is wrong"
				 : "",
			 res->verdict.nreasons ? res->verdict.reasons[0] : "");
	for (size_t i = 1; i < res->verdict.nreasons; i++)
		text_say(t, 2, "%s", res->verdict.reasons[i]);
	say_unmeasured(t);
	text_binding(t);
	rc = say_all_serious(t);
	if (res->run.simulated)
		text_say(t, 0, "%s", simulated);
	if (!res->run.complete)
		text_say(t, 0,
			 "incomplete: the run ended before its plan did; what is shown was "
			 "measured, the rest is missing.");
	return rc;
}

/* "8 x NVIDIA H200; " for each model; returns buf. */
static char *gpu_names(const struct machine *m, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < m->ngpus; i++) {
		const char *name = m->gpus[i].name;
		size_t alike = 0;
		bool seen = false;

		for (size_t j = 0; j < m->ngpus; j++) {
			bool same = strcmp(m->gpus[j].name, name) == 0;

			seen = seen || (same && j < i);
			alike += same;
		}
		if (!seen && used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%zu x %s",
						 used ? ", " : "", alike,
						 name[0] ? name : "GPU of unknown name");
	}
	return buf;
}

char *text_parts_of_machine(const struct machine *m, char *buf, size_t size)
{
	char gpus[256], memory[40] = "";
	unsigned long long bytes = 0;
	size_t cores = 0;

	for (size_t i = 0; i < m->nnodes; i++) {
		cores += m->nodes[i].ncores;
		if (m->nodes[i].memory_bytes.is)
			bytes += (unsigned long long)m->nodes[i].memory_bytes.value;
	}
	if (bytes) {
		char text[24];

		snprintf(memory, sizeof memory, ", %s", format_size(text, sizeof text, bytes));
	}
	snprintf(buf, size, "%zu NUMA node%s, %zu core%s%s; %s", m->nnodes, plural(m->nnodes),
		 cores, plural(cores), memory,
		 m->ngpus ? gpu_names(m, gpus, sizeof gpus) : "no GPU");
	return buf;
}

int text_machine(struct text *t)
{
	const struct machine *m = &t->res->machine;
	const struct run_info *run = &t->res->run;
	char made_of[400], took[32];

	text_gap(t);
	text_say(t, 0, "%s: %s", run->id[0] ? run->id : "this run",
		 text_parts_of_machine(m, made_of, sizeof made_of));
	text_say(t, 0, "numabench %s, %s, %s", run->version, run->started,
		 format_seconds(took, sizeof took, run->seconds));
	if (m->nnodes == 1)
		text_say(t, 0, "There is one NUMA node here, hence nothing to choose between.");
	return 0;
}

/* What is left of a level once another was taken off it: it may be nothing. */
static bool is_remainder(const struct record *r)
{
	return strcmp(r->metric, "transient-time") == 0 || strcmp(r->metric, "refill-time") == 0;
}

enum { PRECISION_LEAST = 10 };

/* How precise they came to be: half of an interval's width, as a share of its median. */
static void say_precision(struct text *t)
{
	double *v = calloc(t->res->nrecords + 1, sizeof *v);
	size_t n = 0;

	for (size_t i = 0; v && i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (record_has_figure(r) && record_has(r, "low") && record_has(r, "high") &&
		    r->median > 0 && !is_remainder(r))
			v[n++] = (r->high - r->low) / 2 / r->median;
	}
	if (n >= PRECISION_LEAST) { /* fewer have their intervals beside them */
		sort_doubles(v, n);
		text_say(t, 0,
			 "Precision reached: half of the 95 %% intervals are within %.1f %% of "
			 "their "
			 "median, nine in ten within %.1f %%, all within %.1f %%.",
			 100 * quantile_sorted(v, n, 0.5), 100 * quantile_sorted(v, n, 0.9),
			 100 * v[n - 1]);
	}
	free(v);
}

/* Memory that others stand in for. */
static void say_stand_in(struct text *t)
{
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (!record_has_figure(r) || !json_object_get(r->more, "stand_in"))
			continue;
		text_say(t, 0,
			 "Pinned and mapped memory is our own here, page-locked in place "
			 "(registered): where pages of cudaHostAlloc lie cannot be proven.");
		return;
	}
}

/* How the figures came about, in one line. */
int text_basis(struct text *t)
{
	size_t least = SIZE_MAX, most = 0, figures = 0;
	bool by_call = false, by_maps = false;
	const char *proof;

	text_legend(t);
	if (t->o->remark) {
		text_gap(t);
		text_say(t, 0, "%s", t->o->remark);
	}
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (!record_has_figure(r))
			continue;
		figures++;
		least = r->samples.n < least ? r->samples.n : least;
		most = r->samples.n > most ? r->samples.n : most;
		if (r->status == STATUS_OK && record_has(r, "placement")) {
			by_call = by_call || r->placement.proof == PROOF_MOVE_PAGES;
			by_maps = by_maps || r->placement.proof == PROOF_NUMA_MAPS;
		}
	}
	if (!figures)
		return 0;
	text_gap(t);
	proof = by_call && by_maps ? "move_pages or numa_maps"
		: by_call          ? "move_pages"
		: by_maps          ? "numa_maps"
				   : NULL;
	if (least == most)
		text_say(t, 0,
			 "Figures are medians of %zu %s%s%s%s. GB/s is 10^9 bytes per second.",
			 most, most == 1 ? "sample" : "samples",
			 proof ? "; every page was found where the row says (" : "",
			 proof ? proof : "", proof ? ")" : "");
	else
		text_say(t, 0,
			 "Figures are medians of %zu to %zu samples%s%s%s. GB/s is 10^9 bytes per "
			 "second.",
			 least, most, proof ? "; every page was found where the row says (" : "",
			 proof ? proof : "", proof ? ")" : "");
	say_stand_in(t);
	say_precision(t);
	return 0;
}

int text_say_simulated(struct text *t)
{
	if (t->res->run.simulated) {
		text_gap(t);
		text_say(t, 0, "%s", simulated);
	}
	return 0;
}
