/* retest.c - the run against its baseline, and what seems slower measured once more: that cell
 * alone, in a fresh process with fresh buffers. See run.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front/run.h"
#include "result/compare.h"
#include "result/derive.h"
#include "result/field.h"
#include "util/json.h"

/* The worst of each family come first; past this many, what is slow is slow everywhere. */
enum { RETESTS_MAX = 16 };

/* What identifies a cell, as --cell takes it. */
static json_t *cell_json(const struct runs_cell *c)
{
	json_t *o = record_to_json(&c->rec);

	json_object_del(o, "status");
	json_object_del(o, "unit");
	json_object_del(o, "better");
	json_object_del(o, "path");
	return o;
}

/* The cell, and with ratios those that it is set against. NULL: out of memory. */
static char *cells_text(const struct runs *all, const struct runs_cell *cell)
{
	size_t *peers = calloc(all->ncells + 1, sizeof *peers), n = 0;
	json_t *list = json_array();
	char *text = NULL;
	int bad = !peers;

	bad |= json_array_append_new(list, cell_json(cell));
	if (!bad && cell->against != AGAINST_NOTHING)
		n = runs_peers(all, &cell->rec, cell->against, peers);
	for (size_t i = 0; i < n; i++)
		bad |= json_array_append_new(list, cell_json(&all->cells[peers[i]]));
	if (!bad)
		text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	free(peers);
	return text;
}

/* The record of the cell says what its retest gave. */
static int note_retest(struct result *res, const struct record *cell, const struct result *again)
{
	static const char *const kept[] = {
		"median", "low", "high", "samples", "status", "reason"
	};

	for (size_t i = 0; i < res->nrecords; i++) {
		struct record *r = &res->records[i];

		if (!record_same_cell(r, cell))
			continue;
		for (size_t k = 0; k < again->nrecords; k++) {
			json_t *o;

			if (!record_same_cell(&again->records[k], cell))
				continue;
			if (!r->more)
				r->more = json_object();
			o = json_object();
			for (size_t f = 0; f < sizeof kept / sizeof *kept; f++) {
				json_t *v = field_get(&fields[field_index(kept[f])],
						      &again->records[k]);

				if (v)
					json_object_set_new(o, kept[f], v);
			}
			return json_put(r->more, "retest", o) < 0 ? -ENOMEM : 0;
		}
	}
	return 0;
}

static int retest(struct run *r, struct comparison *c, const struct runs *all, size_t cell,
		  struct err *e)
{
	const struct runs_cell *what = c->cells[cell].after;
	char *text = cells_text(all, what);
	struct result again;
	struct runs runs;
	int rc;

	result_init(&again);
	runs_init(&runs);
	rc = text ? run_again(r, what->rec.test, text, &again, e) : -ENOMEM;
	again.machine = r->res.machine; /* borrowed: what its links could carry */
	if (rc == 0)
		rc = derive(&again);
	again.machine = (struct machine){ .live = false };
	if (rc == 0)
		rc = runs_add(&runs, &again);
	if (rc == 0)
		rc = comparison_retests(c, &runs);
	if (rc == 0)
		rc = note_retest(&r->res, &what->rec, &again);
	runs_release(&runs);
	result_release(&again);
	free(text);
	return rc;
}

static int retest_suspects(struct run *r, struct comparison *c, const struct runs *all, FILE *log,
			   struct err *e)
{
	size_t *cells = calloc(c->ncells + 1, sizeof *cells), n = 0, most;
	char text[400];
	int rc = cells ? 0 : -ENOMEM;

	if (rc == 0)
		n = comparison_suspects(c, cells);
	most = n < RETESTS_MAX ? n : RETESTS_MAX;
	if (log && most < n)
		fprintf(log,
			"%zu cells seem slower than in the baseline; the %zu worst are measured "
			"again\n",
			n, most);
	for (size_t i = 0; i < most && rc == 0 && !*r->stop; i++) {
		if (log)
			fprintf(log, "measured again, for it seems slower: %s\n",
				runs_cell_name(c->cells[cells[i]].after, text, sizeof text));
		rc = retest(r, c, all, cells[i], e);
	}
	progress_clear(&r->progress);
	free(cells);
	return rc;
}

int run_compare(struct run *r, FILE *log, struct err *e)
{
	int rc;

	if (!r->ask.baseline)
		return 0;
	r->res.run.complete = true; /* its tests are done */
	rc = derive(&r->res);
	if (rc == 0)
		rc = runs_add(&r->now, &r->res);
	if (rc == 0)
		rc = compare(&r->comparison, &r->baseline.runs, &r->now, r->ask.ratios);
	if (rc == 0)
		rc = retest_suspects(r, &r->comparison, &r->now, log, e);
	return rc == -ENOMEM ? err_set(e, rc, "out of memory") : rc;
}
