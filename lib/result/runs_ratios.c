/* runs_ratios.c - figures formed within one run, for machines that others share: a neighbour that
 * slows everything alike changes none of them. See runs.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "result/runs.h"
#include "result/statistics.h"

/* What a cell and those it is set against differ in, and what they must have. */
static uint64_t apart(enum against against, const struct record *r)
{
	if (against == AGAINST_GPUS)
		return record_has(r, "gpu") ? record_fields("gpu", "peer", NULL) : 0;
	/* Of memory alone, the threads stay where they are. */
	if (!record_has(r, "mem_node"))
		return record_has(r, "gpu") && record_has(r, "cpu_node")
			       ? record_fields("cpu_node", NULL)
			       : 0;
	return record_has(r, "gpu") ? record_fields("cpu_node", "mem_node", NULL)
				    : record_fields("mem_node", NULL);
}

size_t runs_peers(const struct runs *r, const struct record *rec, enum against against,
		  size_t *peers)
{
	uint64_t fields_apart = apart(against, rec);
	size_t n = 0;

	for (size_t i = 0; fields_apart && i < r->ncells; i++)
		if (strcmp(r->cells[i].rec.metric, rec->metric) == 0 &&
		    record_same_but(&r->cells[i].rec, rec, fields_apart) &&
		    !record_same_cell(&r->cells[i].rec, rec))
			peers[n++] = i;
	return n;
}

static double ratio_in_run(const struct runs *r, size_t cell, const size_t *peers, size_t n,
			   size_t run, double *v)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(r->cells[peers[i]].medians[run]))
			v[k++] = r->cells[peers[i]].medians[run];
	/* NaN where the cell has none, or all of the others. */
	return r->cells[cell].medians[run] / median_of(v, k);
}

static int add_ratio(struct runs *to, const struct runs *from, size_t cell, enum against against,
		     size_t *peers, double *v)
{
	const struct runs_cell *c = &from->cells[cell];
	size_t n = runs_peers(from, &c->rec, against, peers);
	struct runs_cell *made;

	/* Corrupt data are told, whatever they could be set against. */
	if (!n && !(against == AGAINST_NODES && runs_is_corrupt(c->why)))
		return 0;
	made = runs_new_cell(to, &c->rec, against);
	if (!made)
		return -ENOMEM;
	memcpy(made->why, c->why, sizeof made->why);
	for (size_t run = 0; run < from->n; run++)
		made->medians[run] = ratio_in_run(from, cell, peers, n, run, v);
	return 0;
}

int runs_ratios(struct runs *to, const struct runs *from)
{
	size_t *peers = calloc(from->ncells + 1, sizeof *peers);
	double *v = calloc(from->ncells + 1, sizeof *v);
	int rc = 0;

	to->runs = calloc(from->n + 1, sizeof *to->runs);
	if (!peers || !v || !to->runs)
		rc = -ENOMEM;
	if (rc == 0 && from->n)
		memcpy(to->runs, from->runs, from->n * sizeof *to->runs);
	to->n = rc == 0 ? from->n : 0;
	to->identity = json_incref(from->identity);
	to->conditions = json_incref(from->conditions);
	to->simulated = from->simulated;
	to->pooled = from->pooled;
	to->undersized = from->undersized;
	to->interrupted = from->interrupted;
	for (size_t i = 0; i < from->ncells && rc == 0; i++)
		for (int kind = AGAINST_NODES; kind <= AGAINST_GPUS && rc == 0; kind++)
			rc = add_ratio(to, from, i, (enum against)kind, peers, v);
	free(peers);
	free(v);
	return rc;
}
