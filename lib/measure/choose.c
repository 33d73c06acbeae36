/* choose.c - --cell: of all that a bench plans, the cells that were named, and what is measured
 * together with them. So that one figure can be looked at again, in a fresh process, with all else
 * as it was. */
#include <errno.h>
#include <stdlib.h>

#include "measure/session_parts.h"

/* Which cells are wanted: a unit whole, where one of its cells is named. */
static bool is_named(const struct session *s, size_t unit, const struct record *named, size_t n)
{
	for (size_t i = unit; i <= unit + s->cells[unit].nmembers; i++)
		for (size_t k = 0; k < n; k++)
			if (record_same_cell(&s->cells[i].cell.rec, &named[k]))
				return true;
	return false;
}

/* Moves what is kept to the front; to[i] is where cell i went. */
static void keep_cells(struct session *s, const bool *keep, size_t *to)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->ncells; i++) {
		size_t unit = s->cells[i].unit, like = s->cells[i].comparison;

		if (!keep[unit]) {
			record_release(&s->cells[i].cell.rec);
			continue;
		}
		to[i] = kept;
		s->cells[kept] = s->cells[i];
		s->cells[kept].unit = to[unit]; /* a unit's first cell comes first */
		s->cells[kept].comparison = keep[like] ? to[like] : to[unit];
		kept++;
	}
	s->ncells = kept;
}

/* Sites that no cell uses any more take no memory, and no worker. */
static void keep_sites(struct session *s, bool *used, size_t *to)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].cell.site != NO_SITE)
			used[s->cells[i].cell.site] = true;
	for (size_t i = 0; i < s->nsites; i++) {
		if (!used[i])
			continue;
		to[i] = kept;
		s->sites[kept++] = s->sites[i];
	}
	s->nsites = kept;
	for (size_t i = 0; i < s->ncells; i++)
		if (s->cells[i].cell.site != NO_SITE)
			s->cells[i].cell.site = to[s->cells[i].cell.site];
}

static int keep_named(struct session *s, const struct record *named, size_t n, struct err *e)
{
	size_t most = s->ncells > s->nsites ? s->ncells : s->nsites;
	bool *keep = calloc(most + 1, sizeof *keep), *used = calloc(most + 1, sizeof *used);
	size_t *to = calloc(most + 1, sizeof *to);
	int rc = keep && used && to ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < s->ncells; i++)
		keep[i] = session_is_unit(s, i) && is_named(s, i, named, n);
	if (rc == 0) {
		keep_cells(s, keep, to);
		keep_sites(s, used, to);
		if (!s->ncells)
			rc = err_set(e, -EINVAL,
				     "--cell: nothing like it is planned here; --dry-run --json "
				     "prints what is");
	}
	free(keep);
	free(used);
	free(to);
	return rc;
}

/* The records that the option's text holds: one object, or a list of them. */
static int read_named(const char *text, struct record **named, size_t *n, struct err *e)
{
	json_error_t wrong;
	json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES, &wrong);
	size_t all = json_is_array(doc) ? json_array_size(doc) : 1;
	int rc = 0;

	if (!doc)
		return err_set(e, -EINVAL, "--cell: column %d: %s", wrong.column, wrong.text);
	*named = calloc(all + 1, sizeof **named);
	if (!*named)
		rc = -ENOMEM;
	for (*n = 0; rc == 0 && *n < all;) {
		struct record *r = &(*named)[(*n)++];

		record_init(r);
		rc = record_from_json(r, json_is_array(doc) ? json_array_get(doc, *n - 1) : doc, e);
		if (rc == -EINVAL)
			err_within(e, rc, "--cell");
	}
	json_decref(doc);
	return rc;
}

int plan_choose(struct session *s, struct err *e)
{
	struct record *named = NULL;
	size_t n = 0;
	int rc;

	if (!s->options->cell)
		return 0;
	rc = read_named(s->options->cell, &named, &n, e);
	if (rc == 0)
		rc = keep_named(s, named, n, e);
	for (size_t i = 0; i < n; i++)
		record_release(&named[i]);
	free(named);
	return rc;
}
