#include "result/derive.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/fit.h"
#include "result/moves.h"
#include "result/physics.h"

/* ---- ceilings ---- */

struct known link_during(const struct record *r, const char *number)
{
	const json_t *v = json_object_get(json_object_get(r->more, "link_during"), number);

	return json_is_integer(v) ? KNOWN(json_integer_value(v))
				  : UNKNOWN("the link was not read under load");
}

/* A one-way transfer between host and GPU. */
static bool is_transfer(const struct record *r)
{
	return record_has(r, "gpu") && record_has(r, "direction") && record_has(r, "memory") &&
	       r->direction != DIR_BIDIRECTIONAL && strcmp(r->unit, "B/s") == 0 &&
	       !record_has(r, "peer");
}

static bool by_gpu_itself(enum memory_kind m)
{
	return m == MEM_PINNED || m == MEM_REGISTERED || m == MEM_WRITE_COMBINED || m == MEM_MAPPED;
}

/* Why a GPU's path to the host has no ceiling; NULL where it has. */
static const char *no_reference(const struct result *res, int gpu)
{
	const char *guest = result_guest(res);
	const struct gpu *g = machine_gpu(&res->machine, gpu);

	if (!g)
		return "the GPU is not in the topology: no physics reference";
	if ((g->own_memory_node.is && g->own_memory_node.value >= 0) ||
	    (g->c2c_links.is && g->c2c_links.value > 0))
		return "NVLink-C2C: no PCIe ceiling";
	if (!guest)
		return "not known whether the link is a virtual one: no physics reference";
	return strcmp(guest, "none") ? "virtual link: no physics reference" : NULL;
}

static int number(const struct known *k)
{
	return k->is && k->value > 0 ? (int)k->value : 0;
}

static void set_or_unset(struct record *r, const char *field, double *to, double v)
{
	*to = v;
	if (isfinite(v))
		record_set(r, field, NULL);
	else
		record_unset(r, field, NULL);
}

static void fill_ceilings(const struct result *res, struct record *r)
{
	const struct gpu *g = machine_gpu(&res->machine, r->gpu);
	const char *none = no_reference(res, r->gpu);
	const struct known gen = link_during(r, "gen"), width = link_during(r, "width");
	double now = NAN, able = NAN;
	char why[sizeof r->ceiling_why] = "";

	if (r->samples.n == 0) {
		; /* nothing to set against it */
	} else if (none) {
		snprintf(why, sizeof why, "%s", none);
	} else {
		int mps = number(&g->mps);

		now = pcie_ceiling(number(&gen), number(&width), mps, r->direction);
		able = pcie_ceiling(number(&g->max_gen), number(&g->max_width), mps, r->direction);
		if (g->way_gen.is && g->way_width.is)
			able = fmin(able, pcie_ceiling(number(&g->way_gen), number(&g->way_width),
						       mps, r->direction));
		if (!gen.is || !width.is)
			snprintf(why, sizeof why, "%s", (gen.is ? width : gen).why);
		else if (!isfinite(now))
			snprintf(why, sizeof why, "no formula for PCIe Gen%lld x%lld", gen.value,
				 width.value);
		if (!mps && (isfinite(now) || isfinite(able)))
			snprintf(why + strlen(why), sizeof why - strlen(why),
				 "%spayload size not readable: raw link rate", why[0] ? "; " : "");
	}
	set_or_unset(r, "ceiling_negotiated", &r->ceiling_negotiated, now);
	set_or_unset(r, "ceiling_capable", &r->ceiling_capable, able);
	memcpy(r->ceiling_why, why, sizeof why);
	if (why[0])
		record_set(r, "ceiling_why", NULL);
	else
		record_unset(r, "ceiling_why", NULL);
}

static void refuse_impossible(const struct result *res, struct record *r)
{
	const struct known gen = link_during(r, "gen"), width = link_during(r, "width");
	double bound = pcie_bound(number(&gen), number(&width), r->direction);

	if (record_has_figure(r) && !no_reference(res, r->gpu) && r->median > bound)
		record_status(r, STATUS_FAILED,
			      "measuring error: %.1f GB/s is more than the %.1f GB/s that PCIe "
			      "Gen%lld x%lld carries",
			      r->median / 1e9, bound / 1e9, gen.value, width.value);
}

/* ---- joint cells ---- */

/* Of all CPU nodes at once, no GPU in it. */
static bool sums_nodes(const struct record *r)
{
	return record_has(r, "together") && !record_has(r, "gpu") && !record_has(r, "gpus") &&
	       !record_has(r, "cpu_node");
}

bool joint_is_sum(const struct record *r)
{
	return record_has(r, "together") &&
	       (record_has(r, "gpus") || sums_nodes(r) ||
		(r->together == TOGETHER_BOTH_WAYS && r->direction == DIR_BIDIRECTIONAL));
}

static bool has_gpu(const struct record *sum, int gpu)
{
	if (!record_has(sum, "gpus"))
		return record_has(sum, "gpu") && sum->gpu == gpu;
	for (size_t i = 0; i < sum->gpus.n; i++)
		if (sum->gpus.v[i] == gpu)
			return true;
	return false;
}

static bool has_node(const struct record *sum, const struct record *part)
{
	return record_has(part, "cpu_node") &&
	       (!record_has(sum, "mem_node") || part->mem_node == sum->mem_node) &&
	       record_same_but(sum, part,
			       record_fields("cpu_node", "mem_node", "threads", "bytes", NULL));
}

bool joint_has_part(const struct record *sum, const struct record *part)
{
	if (sums_nodes(sum))
		return has_node(sum, part);
	/* Both ways of one GPU, or one pair, are two parts; of several GPUs each is one. */
	bool two = !record_has(sum, "gpus");

	if (!record_has(part, "gpu") || !has_gpu(sum, part->gpu) || joint_is_sum(part) ||
	    (part->direction == sum->direction) == two)
		return false;
	/* A sum over nodes has none. */
	if (record_has(sum, "cpu_node") && part->cpu_node != sum->cpu_node)
		return false;
	if (record_has(sum, "mem_node") && part->mem_node != sum->mem_node)
		return false;
	return record_same_but(
		sum, part, record_fields("gpu", "gpus", "direction", "cpu_node", "mem_node", NULL));
}

/* The pair of peers the other way round: what one pushes the other could pull. */
static bool is_mirrored(const struct record *a, const struct record *b)
{
	return record_has(a, "peer") && a->gpu == b->peer && a->peer == b->gpu &&
	       a->direction != b->direction &&
	       record_same_but(a, b,
			       record_fields("gpu", "peer", "direction", "together", "cpu_node",
					     "mem_node", NULL));
}

/* The same transfer while nothing else runs; NULL without. Both ways of one GPU are one
 * by itself. A pair of peers may have been measured from its other end. */
static const struct record *alone(const struct result *res, const struct record *r)
{
	const uint64_t together = record_fields("together", NULL);
	bool both = r->direction == DIR_BIDIRECTIONAL;
	const struct record *mirrored = NULL;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *o = &res->records[i];

		if (!record_has_figure(o) || record_has(o, "together") != both ||
		    (both && o->together != TOGETHER_BOTH_WAYS))
			continue;
		if (o->gpu == r->gpu && o->direction == r->direction &&
		    record_same_but(o, r, together))
			return o;
		if (is_mirrored(o, r))
			mirrored = o;
	}
	return mirrored;
}

/* What the parts of a sum come to, each alone; NaN where one is missing. */
static double parts_alone(const struct result *res, const struct record *sum)
{
	size_t wanted = record_has(sum, "gpus") ? sum->gpus.n : 2, n = 0;
	double all = 0;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *part = &res->records[i], *by_itself;

		if (!joint_has_part(sum, part))
			continue;
		by_itself = alone(res, part);
		if (!by_itself)
			return NAN;
		all += by_itself->median;
		n++;
	}
	return n == wanted || (n && sums_nodes(sum)) ? all : NAN;
}

static void fill_of_alone(const struct result *res, struct record *r)
{
	const struct record *other;
	double base = NAN;

	if (!record_has(r, "together"))
		return;
	if (record_has_figure(r) && joint_is_sum(r)) {
		base = parts_alone(res, r);
	} else if (record_has_figure(r)) {
		other = alone(res, r);
		base = other ? other->median : NAN;
	}
	set_or_unset(r, "of_alone", &r->of_alone, base > 0 ? r->median / base : NAN);
}

static void refuse_sum(const struct result *res, struct record *sum)
{
	char name[160];

	for (size_t i = 0; i < res->nrecords && record_has_figure(sum); i++) {
		const struct record *part = &res->records[i];

		if (part->status == STATUS_FAILED && joint_has_part(sum, part) &&
		    strncmp(part->reason, "measuring error", strlen("measuring error")) == 0)
			record_status(sum, STATUS_FAILED, "measuring error in a part of it: %s",
				      record_name(part, name, sizeof name));
	}
}

/* ---- series of sizes ---- */

static bool has_rate(const struct record *r)
{
	return record_has(r, "gpu") && record_has(r, "bytes") && r->bytes > 0 &&
	       strcmp(r->unit, "B/s") == 0 && record_has_figure(r) && r->median > 0;
}

/* Scratch: room for as many sizes as there are records. */
static void fit_series(const struct result *res, struct record *largest, double *bytes,
		       double *seconds)
{
	struct size_fit fit;
	size_t n = 0;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (r->gpu != largest->gpu || r->direction != largest->direction || !has_rate(r) ||
		    !record_same_but(largest, r, record_fields("bytes", NULL)))
			continue;
		if (r->bytes > largest->bytes)
			return;
		bytes[n] = (double)r->bytes;
		seconds[n++] = (double)r->bytes / r->median;
	}
	if (!fit_sizes(bytes, seconds, n, &fit))
		return;
	largest->fit_start = fit.start;
	largest->fit_rate = fit.rate;
	largest->fit_half = fit.half;
	record_set(largest, "fit_start", "fit_rate", "fit_half", NULL);
}

int derive(struct result *res)
{
	double *bytes = calloc(res->nrecords + 1, sizeof *bytes),
	       *seconds = calloc(res->nrecords + 1, sizeof *seconds);
	int rc = bytes && seconds ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		struct record *r = &res->records[i];

		if (!is_transfer(r))
			continue;
		if (by_gpu_itself(r->memory))
			fill_ceilings(res, r);
		refuse_impossible(res, r);
	}
	for (size_t i = 0; rc == 0 && i < res->nrecords; i++)
		if (joint_is_sum(&res->records[i]))
			refuse_sum(res, &res->records[i]);
	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		struct record *r = &res->records[i];

		fill_of_alone(res, r);
		record_unset(r, "fit_start", "fit_rate", "fit_half", NULL);
		if (has_rate(r))
			fit_series(res, r, bytes, seconds);
	}
	free(seconds);
	free(bytes);
	return rc < 0 ? rc : derive_moves(res);
}
