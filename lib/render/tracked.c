/* tracked.c - see tracked.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render/tracked.h"

bool tracked_by(const struct field *f)
{
	return f->identifies && strcmp(f->key, "bytes") != 0 && strcmp(f->key, "threads") != 0;
}

bool tracked_value(const struct record *r)
{
	return r->status == STATUS_OK && record_has_figure(r);
}

static void print_list(const struct series *s, char *buf)
{
	size_t used = 0;

	for (size_t i = 0; i < s->n && used < TRACKED_LABEL; i++)
		used += (size_t)snprintf(buf + used, TRACKED_LABEL - used, "%s%.0f", i ? " " : "",
					 s->v[i]);
}

char *tracked_label(const struct field *f, const struct record *r, char buf[TRACKED_LABEL])
{
	const void *p = (const char *)r + f->offset;

	buf[0] = '\0';
	if (!(r->has >> (f - fields) & 1))
		return buf;
	if (f->type == FIELD_TEXT)
		snprintf(buf, TRACKED_LABEL, "%s", (const char *)p);
	else if (f->type == FIELD_INT)
		snprintf(buf, TRACKED_LABEL, "%d", *(const int *)p);
	else if (f->type == FIELD_WORD)
		snprintf(buf, TRACKED_LABEL, "%s", f->words[*(const unsigned *)p]);
	else if (f->type == FIELD_BOOL)
		snprintf(buf, TRACKED_LABEL, "%s", *(const bool *)p ? "true" : "false");
	else if (f->type == FIELD_INTEGERS)
		print_list(p, buf);
	return buf;
}

/* Test and metric stand for themselves, the rest is key=value. NULL: out of memory. */
static char *name_of(const struct record *r)
{
	char *name = NULL, label[TRACKED_LABEL];
	size_t length = 0;
	FILE *out = open_memstream(&name, &length);

	if (!out)
		return NULL;
	fprintf(out, "%s %s", r->test, r->metric);
	for (size_t i = 0; i < nfields; i++) {
		const struct field *f = &fields[i];

		if (tracked_by(f) && f->offset != offsetof(struct record, test) &&
		    f->offset != offsetof(struct record, metric) && tracked_label(f, r, label)[0])
			fprintf(out, " %s=%s", f->key, label);
	}
	if (fclose(out) == 0)
		return name;
	free(name);
	return NULL;
}

static bool is_followed(const struct record *r)
{
	return r->metric[0] && (!record_has(r, "cpu_pair") || record_has(r, "to_node"));
}

/* Of two of one name. */
static bool is_better(const struct record *a, const struct record *b)
{
	bool gpu = record_has(a, "gpu") || record_has(a, "gpus");
	bool rate = a->better == BETTER_HIGHER;

	if (a->bytes == b->bytes)
		return a->threads > b->threads;
	if (gpu && !rate)
		return a->bytes < b->bytes;
	if (gpu && (a->bytes == RECORD_USUAL_COPY || b->bytes == RECORD_USUAL_COPY))
		return a->bytes == RECORD_USUAL_COPY;
	return a->bytes > b->bytes;
}

static int by_name(const void *x, const void *y)
{
	const struct tracked *a = x, *b = y;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	if (a->r->better != b->r->better) /* no result of ours; qsort wants an order all the same */
		return a->r->better < b->r->better ? -1 : 1;
	if (is_better(a->r, b->r) != is_better(b->r, a->r))
		return is_better(a->r, b->r) ? -1 : 1;
	return a->r < b->r ? -1 : 1; /* the same cell twice: the first */
}

static int by_place(const void *x, const void *y)
{
	const struct tracked *a = x, *b = y;

	return a->r < b->r ? -1 : a->r > b->r;
}

/* Leaves the first of each name. */
static size_t keep_best(struct tracked *all, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept && strcmp(all[kept - 1].name, all[i].name) == 0)
			free(all[i].name);
		else
			all[kept++] = all[i];
	}
	return kept;
}

int tracked_find(const struct result *res, struct tracked **cells, size_t *n)
{
	struct tracked *all = calloc(res->nrecords + 1, sizeof *all);

	*cells = NULL;
	*n = 0;
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < res->nrecords; i++) {
		if (!is_followed(&res->records[i]))
			continue;
		all[*n].r = &res->records[i];
		all[*n].name = name_of(&res->records[i]);
		if (!all[*n].name) {
			tracked_release(all, *n);
			*n = 0;
			return -ENOMEM;
		}
		++*n;
	}
	qsort(all, *n, sizeof *all, by_name);
	*n = keep_best(all, *n);
	qsort(all, *n, sizeof *all, by_place);
	*cells = all;
	return 0;
}

void tracked_release(struct tracked *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(cells[i].name);
	free(cells);
}
