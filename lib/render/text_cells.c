/* text_cells.c - which records of a GPU belong together. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/judge_cells.h"
#include "util/json.h"

bool text_is_near(const struct machine *m, const struct record *r)
{
	return cell_is_near(m, r);
}

bool text_is_more(const struct record *a, const struct record *b)
{
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes;
	return a->threads > b->threads && record_has(a, "threads") && record_has(b, "threads");
}

bool text_same_kind(const struct record *a, const struct record *b)
{
	/* The cheap questions first: there may be thousands of records. */
	return a->direction == b->direction && a->memory == b->memory && a->bytes == b->bytes &&
	       strcmp(a->metric, b->metric) == 0 && record_has(b, "gpu") &&
	       (record_has(b, "cpu_node") || record_has(b, "mem_node")) &&
	       record_same_but(a, b, record_fields("gpu", "cpu_node", "mem_node", NULL));
}

uint64_t text_usual_bytes(const struct result *res, const struct record *like)
{
	const uint64_t apart = record_fields("gpu", "cpu_node", "mem_node", "bytes", NULL);
	struct {
		uint64_t bytes;
		size_t cells;
	} sizes[64] = { { 0 } };
	size_t n = 0, most = 0;

	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];
		size_t at = 0;

		if (r->direction != like->direction || r->memory != like->memory ||
		    strcmp(r->metric, like->metric) != 0 || !record_same_but(r, like, apart))
			continue;
		while (at < n && sizes[at].bytes != r->bytes)
			at++;
		if (at == sizeof sizes / sizeof *sizes)
			continue;
		sizes[at].bytes = r->bytes;
		sizes[at].cells++;
		n += at == n;
	}
	for (size_t i = 1; i < n; i++)
		if (sizes[i].cells > sizes[most].cells)
			most = i;
	return sizes[most].bytes;
}

/* The node that a GPU is best bound to, or -1. */
static int home_node(const struct result *res, int gpu)
{
	const struct gpu *g = machine_gpu(&res->machine, gpu);
	struct known declared;

	for (size_t i = 0; i < res->nrecommendations; i++)
		if (res->recommendations[i].gpu == gpu && res->recommendations[i].has_node)
			return res->recommendations[i].node;
	if (!g)
		return -1;
	declared = gpu_declared_node(&res->machine, g);
	return declared.is ? (int)declared.value : -1;
}

static int worth(const struct record *r, int home)
{
	bool there = (record_has(r, "cpu_node") && r->cpu_node == home) ||
		     (record_has(r, "mem_node") && r->mem_node == home);

	return 2 * there + record_has_figure(r);
}

const struct record *text_home_cell(const struct text *t, const struct record *like, int gpu)
{
	const struct record *found = NULL;
	int home = home_node(t->res, gpu);

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (r->gpu == gpu && text_same_kind(like, r) && text_is_near(&t->res->machine, r) &&
		    (!found || worth(r, home) > worth(found, home)))
			found = r;
	}
	return found;
}

int text_kinds(const struct text *t, bool (*wanted)(const struct record *r),
	       const struct record ***likes, size_t *n)
{
	*n = 0;
	*likes = calloc(t->res->nrecords + 1, sizeof **likes);
	if (!*likes)
		return -ENOMEM;
	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];
		bool seen = !record_has_figure(r) || !wanted(r);

		for (size_t j = 0; !seen && j < *n; j++)
			seen = text_same_kind((*likes)[j], r);
		if (!seen)
			(*likes)[(*n)++] = r;
	}
	return 0;
}

double text_quantile(const struct record *r, const char *name)
{
	const json_t *v = json_object_get(json_object_get(r->more, "quantiles"), name);

	return json_is_number(v) ? json_number_value(v) : NAN;
}
