/* judge_physics.c - is it as fast as its link and its memory can be? See judge_parts.h.
 *
 * Which share of an ability is required is reasoned in results/README.md, "Required shares".
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/derive.h"
#include "result/judge_parts.h"

/* What must be reached of an ability, and what comes of it where that is not so. */
struct standard {
	const char *id;
	double share;
	enum judged_status below;
	const char *fix;
};

static const struct standard pcie = {
	.id = "physics.pcie-share",
	.share = 0.75,
	.below = JUDGED_FAIL,
	.fix = "see the pcie.* findings of numabench check: link speed and width of every hop, "
	       "payload size, IOMMU; then reseat the GPU or its riser, or try another slot",
};
/* Of the raw rate, where the payload size is not known: with payloads of 128 bytes 0.75 of what
 * is left between the headers are 0.63 to 0.65 of it. */
static const double pcie_raw_share = 0.65;

static const struct standard c2c = {
	.id = "physics.c2c-share",
	.share = 0.55,
	.below = JUDGED_WARN,
	.fix = "see that nothing holds back the GPU's clocks and power",
};
static const struct standard nvlink = {
	.id = "physics.nvlink-share",
	.share = 0.70,
	.below = JUDGED_WARN,
	.fix = "see nvidia-smi nvlink --status, and that the fabric manager runs",
};
static const struct standard dram = {
	.id = "physics.dram-share",
	.share = 0.60,
	.below = JUDGED_WARN,
	.fix = "a part with few cores may not reach more; else see the memory.* and cpu.* findings "
	       "of numabench check: channels, modules, governor",
};

/* A GPU's own path to its CPU, bytes a second and way of each link: NVIDIA Grace Hopper
 * whitepaper, 900 GB/s both ways over ten links. */
static const double c2c_link = 45e9;

/* Bytes a second and way of one NVLink, by a part of the GPU's name: NVIDIA's architecture
 * whitepapers (Volta, Ampere, Hopper, Blackwell). Parts that are not here are not judged. */
static const struct {
	const char *part;
	double rate;
} nvlinks[] = {
	{ "V100", 25e9 },  { "A100", 25e9 }, { "A800", 25e9 }, { "A30", 25e9 },   { "H100", 25e9 },
	{ "H200", 25e9 },  { "H800", 25e9 }, { "H20", 25e9 },  { "GH200", 25e9 }, { "B100", 50e9 },
	{ "GB200", 50e9 }, { "B200", 50e9 }, { "B300", 50e9 },
};

/* One figure against one ability. */
struct share {
	struct standard standard;
	const struct record *record;
	double ability;
	char subject[64], what[120]; /* "copies pinned h2d" */
	char of[120];      /* "that a link of Gen5 x16 could carry, which ran as Gen5 x8" */
	const char *doubt; /* why falling short fails nobody; NULL: it does */
};

static int tell_share(struct result *res, const struct share *s)
{
	const struct standard *d = &s->standard;
	const struct record *r = s->record;
	double share = r->median / s->ability, limit = d->share * s->ability;
	bool below = r->median < limit, sure = !record_has(r, "high") || r->high < limit;
	struct judged j = { .reference = REFERENCE_PHYSICS,
			    .record = r,
			    .observed = r->median,
			    .expected = limit,
			    .unit = "B/s",
			    .source = "results/README.md, Required shares" };
	char figure[32], able[32], node[32] = "";

	j.status = !below ? JUDGED_PASS : sure && !s->doubt ? d->below : JUDGED_WARN;
	if (record_has(r, "mem_node") && record_has(r, "gpu"))
		snprintf(node, sizeof node, " from node %d", r->mem_node);
	snprintf(j.id, sizeof j.id, "%s", d->id);
	snprintf(j.subject, sizeof j.subject, "%s", s->subject);
	judged_say(&j, "%s %s at %s%s, %.0f %% of the %s %s; at least %.0f %% are required%s%s",
		   s->subject, s->what, figure_text(figure, sizeof figure, "B/s", r->median), node,
		   100 * share, figure_text(able, sizeof able, "B/s", s->ability), s->of,
		   100 * d->share, below && s->doubt ? "; it does not fail, for " : "",
		   below && s->doubt ? s->doubt : "");
	if (below)
		snprintf(j.fix, sizeof j.fix, "%s", d->fix);
	return judged_add(res, &j);
}

/* ---- GPUs and their hosts ---- */

static bool is_large_copy(const struct record *r)
{
	return strcmp(r->test, "gpu-bandwidth") == 0 && strcmp(r->metric, "bandwidth") == 0 &&
	       record_has(r, "direction") && r->direction != DIR_BIDIRECTIONAL &&
	       record_has(r, "memory") && r->memory == MEM_PINNED && !record_has(r, "together") &&
	       !record_has(r, "pages_asked") && cell_is_large(r) && cell_is_sound(r);
}

/* What the path of one GPU could do; false: nobody knows. */
static bool ability_of(const struct gpu *g, const struct record *r, struct share *s)
{
	const struct known gen = link_during(r, "gen"), width = link_during(r, "width");
	size_t used;

	if (g->c2c_links.is && g->c2c_links.value > 0) {
		s->standard = c2c;
		s->ability = (double)g->c2c_links.value * c2c_link;
		snprintf(s->of, sizeof s->of, "of %lld NVLink-C2C links", g->c2c_links.value);
		return true;
	}
	if (!record_has(r, "ceiling_capable") || !isfinite(r->ceiling_capable) || !g->max_gen.is ||
	    !g->max_width.is)
		return false;
	s->standard = pcie;
	if (!g->mps.is || g->mps.value <= 0)
		s->standard.share = pcie_raw_share;
	s->ability = r->ceiling_capable;
	if (g->way_gen.is && g->way_width.is) {
		snprintf(s->of, sizeof s->of,
			 "that the slowest link above it, PCIe Gen%lld x%lld, could carry",
			 g->way_gen.value, g->way_width.value);
		return true;
	}
	used = (size_t)snprintf(s->of, sizeof s->of,
				"that its link of PCIe Gen%lld x%lld could carry", g->max_gen.value,
				g->max_width.value);
	if (gen.is && width.is &&
	    (gen.value < g->max_gen.value || width.value < g->max_width.value))
		snprintf(s->of + used, sizeof s->of - used, ", but it ran as Gen%lld x%lld",
			 gen.value, width.value);
	return true;
}

static int judge_gpu(struct result *res, const struct gpu *g)
{
	struct share worst = { .record = NULL };

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *like = &res->records[i], *r;
		struct share s = { .doubt = g->busy           ? "others were using the GPU"
					    : g->instances[0] ? "it is cut into MIG instances"
							      : NULL };

		if (!record_has(like, "gpu") || like->gpu != g->index || !is_large_copy(like))
			continue;
		r = cell_at_home(res, like, g->index);
		if (r != like || !ability_of(g, r, &s))
			continue;
		s.record = r;
		snprintf(s.subject, sizeof s.subject, "GPU %d", g->index);
		snprintf(s.what, sizeof s.what, "copies pinned %s", direction_name(r->direction));
		if (!worst.record || r->median / s.ability < worst.record->median / worst.ability)
			worst = s;
	}
	return worst.record ? tell_share(res, &worst) : 0;
}

/* ---- GPUs and each other ---- */

static double nvlink_rate(const struct gpu *g)
{
	for (size_t i = 0; g && i < sizeof nvlinks / sizeof *nvlinks; i++)
		if (strstr(g->name, nvlinks[i].part))
			return nvlinks[i].rate;
	return NAN;
}

static int judge_pair(struct result *res, const struct record *r)
{
	const double rate = nvlink_rate(machine_gpu(&res->machine, r->gpu));
	struct share s = { .standard = nvlink, .record = r };
	bool pulled = r->direction == DIR_H2D;
	int links = 0;

	if (!record_has(r, "peer") || !record_has(r, "peer_access") || !r->peer_access ||
	    record_has(r, "together") || r->direction == DIR_BIDIRECTIONAL || !cell_is_sound(r) ||
	    !cell_is_large(r) || strcmp(r->metric, "bandwidth") != 0 ||
	    sscanf(r->path, "NV%d", &links) != 1 || links < 1 || !isfinite(rate))
		return 0;
	s.ability = links * rate;
	snprintf(s.subject, sizeof s.subject, "GPU %d to GPU %d", pulled ? r->peer : r->gpu,
		 pulled ? r->gpu : r->peer);
	snprintf(s.what, sizeof s.what, "%s", "copies");
	snprintf(s.of, sizeof s.of, "of %d NVLinks", links);
	/* Every pair that is as it should be would be a long list. */
	return r->median < nvlink.share * s.ability ? tell_share(res, &s) : 0;
}

/* ---- memory ---- */

/* Bytes a second on the node's channels. */
static double on_channels(const struct record *r)
{
	double factor = record_has(r, "bus_factor") && r->bus_factor > 1 ? r->bus_factor : 1;

	return r->median * factor;
}

/* More than there can be: what the firmware tells of the modules is as likely wrong. */
static int tell_beyond(struct result *res, const struct share *s)
{
	struct judged j = {
		.reference = REFERENCE_PHYSICS,
		.status = JUDGED_WARN,
		.id = "physics.dram-bound",
		.record = s->record,
		.observed = s->record->median,
		.expected = s->ability,
		.unit = "B/s",
		.fix = "compare the modules' number and speed with dmidecode -t memory"
	};
	char figure[32], able[32];

	snprintf(j.subject, sizeof j.subject, "%s", s->subject);
	judged_say(&j, "%s %s at %s, more than the %s %s: either is a measuring error", s->subject,
		   s->what, figure_text(figure, sizeof figure, "B/s", s->record->median),
		   figure_text(able, sizeof able, "B/s", s->ability), s->of);
	return judged_add(res, &j);
}

/* The threads had all cores of their node: a cpuset, or a quota, left none out. */
static bool had_all_cores(const struct result *res, const struct record *r)
{
	const struct node *n = machine_node(&res->machine, r->cpu_node);

	return n && idset_equal(&n->cpus, &n->allowed_cpus) &&
	       (!record_has(r, "threads") || (size_t)r->threads >= n->ncores);
}

static int judge_memory(struct result *res, const struct node *n)
{
	const struct record *best = NULL;
	struct share s = { .standard = dram };

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (strcmp(r->test, "mem-bandwidth") != 0 || !record_has(r, "ceiling_capable") ||
		    !cell_is_memory(res, r) || !cell_is_near(&res->machine, r) ||
		    r->mem_node != n->id || !(r->ceiling_capable > 0))
			continue;
		if (!best || on_channels(r) > on_channels(best))
			best = r;
	}
	if (!best)
		return 0;
	s.record = best;
	s.ability = best->ceiling_capable * best->median / on_channels(best);
	snprintf(s.subject, sizeof s.subject, "node %d", n->id);
	snprintf(s.what, sizeof s.what, "moves its own memory (%s)", best->metric);
	snprintf(s.of, sizeof s.of, "that its channels could carry");
	if (best->median > s.ability)
		return tell_beyond(res, &s);
	return had_all_cores(res, best) ? tell_share(res, &s) : 0;
}

int judge_physics(struct result *res)
{
	int rc = 0;

	judged_forget(res, REFERENCE_PHYSICS);
	for (size_t i = 0; rc == 0 && i < res->machine.ngpus; i++)
		rc = judge_gpu(res, &res->machine.gpus[i]);
	for (size_t i = 0; rc == 0 && i < res->nrecords; i++)
		rc = judge_pair(res, &res->records[i]);
	for (size_t i = 0; rc == 0 && i < res->machine.nnodes; i++)
		rc = judge_memory(res, &res->machine.nodes[i]);
	return rc;
}
