/* cells.c - the sites and cells that a bench adds, and what goes for a cell and for all
 * joint cells alike. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/session_parts.h"

/* Room for one more element of a growing array; NULL when there is none. */
static void *grown(void *array, size_t n, size_t element)
{
	if (n & (n - 1)) /* grows at powers of two only */
		return array;
	return realloc(array, (n ? 2 * n : 1) * element);
}

static bool same_site(const struct site *a, const struct site *b)
{
	return a->cpu_node == b->cpu_node && a->mem_node == b->mem_node && a->gpu == b->gpu &&
	       a->bytes == b->bytes && a->kind == b->kind && spread_same(&a->spread, &b->spread);
}

bool site_has_memory(const struct site *t)
{
	return t->mem_node >= 0 || t->spread.n > 0;
}

uint64_t site_bytes_on(const struct site *t, int node)
{
	double share = t->mem_node == node ? 1 : spread_share(&t->spread, node);

	return (uint64_t)ceil((double)t->bytes * share);
}

int session_site(struct session *s, const struct site *site)
{
	struct site_state *more;

	for (size_t i = 0; i < s->nsites; i++)
		if (same_site(&s->sites[i].site, site))
			return (int)i;
	more = grown(s->sites, s->nsites, sizeof *more);
	if (!more)
		return -ENOMEM;
	s->sites = more;
	s->sites[s->nsites] = (struct site_state){ .site = *site };
	return (int)s->nsites++;
}

/* What is compared differs in its nodes only, and is wanted alike. */
static bool compares(const struct cell *one, const struct cell *other)
{
	const struct record *a = &one->rec, *b = &other->rec;
	struct record x = *a, y = *b; /* to be looked at; nothing of them is owned */

	if (one->worth != other->worth || a->gpu != b->gpu || a->bytes != b->bytes ||
	    strcmp(a->metric, b->metric) != 0)
		return false; /* the quick way for most of some thousands */
	x.cpu_node = y.cpu_node;
	x.mem_node = y.mem_node;
	record_set(&x, "cpu_node", "mem_node", NULL);
	record_set(&y, "cpu_node", "mem_node", NULL);
	return record_same_cell(&x, &y);
}

/* The first cell that a unit is to be compared with, itself perhaps. */
static size_t comparison_of(const struct session *s, size_t unit)
{
	size_t i = 0;

	while (i < unit &&
	       !(session_is_unit(s, i) && compares(&s->cells[i].cell, &s->cells[unit].cell)))
		i++;
	return i;
}

static int add_cell(struct session *s, size_t site, const struct cell *c)
{
	struct cell_state *more = grown(s->cells, s->ncells, sizeof *more);
	struct record *r;

	if (!more)
		return -ENOMEM;
	s->cells = more;
	s->cells[s->ncells] = (struct cell_state){ .cell = *c, .unit = s->ncells };
	s->cells[s->ncells].cell.site = site;
	r = &s->cells[s->ncells].cell.rec;
	snprintf(r->test, sizeof r->test, "%s", s->bench->name);
	record_set(r, "test", NULL);
	if (site != NO_SITE) {
		const struct site *at = &s->sites[site].site;

		r->cpu_node = at->cpu_node;
		record_set(r, "cpu_node", NULL);
		if (at->mem_node >= 0) {
			r->mem_node = at->mem_node;
			record_set(r, "mem_node", NULL);
		}
		if (at->gpu >= 0) {
			r->gpu = at->gpu;
			record_set(r, "gpu", NULL);
		}
	}
	return (int)s->ncells++;
}

int session_cell(struct session *s, size_t site, const struct cell *c)
{
	int cell = add_cell(s, site, c);

	if (cell >= 0)
		s->cells[cell].comparison = comparison_of(s, (size_t)cell);
	return cell;
}

int session_joint(struct session *s, const struct cell *sum, const struct cell *members,
		  const size_t *sites, size_t n)
{
	int first = add_cell(s, NO_SITE, sum), rc = first;

	if (first >= 0)
		s->cells[first].joint = true;
	for (size_t i = 0; rc >= 0 && i < n; i++) {
		rc = add_cell(s, sites[i], &members[i]);
		if (rc >= 0) {
			s->cells[rc].unit = (size_t)first;
			s->cells[first].nmembers++;
		}
	}
	for (size_t i = 0; rc >= 0 && i <= n; i++)
		s->cells[(size_t)first + i].comparison = comparison_of(s, (size_t)first);
	return rc < 0 ? rc : first;
}

int session_group(struct session *s, const struct cell *members, const size_t *sites, size_t n)
{
	int first = -EINVAL, rc = 0;

	for (size_t i = 0; i < n; i++)
		if (s->sites[sites[i]].site.cpu_node != s->sites[sites[0]].site.cpu_node)
			return -EINVAL;
	for (size_t i = 0; i < n && rc >= 0; i++) {
		rc = add_cell(s, sites[i], &members[i]);
		if (rc < 0)
			return rc;
		first = i == 0 ? rc : first;
		s->cells[rc].unit = (size_t)first;
		s->cells[first].nmembers = i;
	}
	if (first < 0)
		return first;
	s->cells[first].joint = true;
	for (size_t i = 0; i < n; i++)
		s->cells[(size_t)first + i].comparison = comparison_of(s, (size_t)first);
	return first;
}

size_t session_first(const struct cell_state *unit)
{
	return unit->cell.site == NO_SITE ? 1 : 0;
}

void session_skip(struct session *s, struct record *r, const char *fmt, ...)
{
	char why[sizeof r->reason];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	snprintf(r->test, sizeof r->test, "%s", s->bench->name);
	record_set(r, "test", NULL);
	record_status(r, STATUS_SKIPPED, "%s", why);
	if (s->sink->record)
		s->sink->record(r, s->sink->to);
}

void session_mark_all(struct session *s, enum status status, const char *why)
{
	for (size_t i = 0; i < s->ncells; i++) {
		struct record *r = &s->cells[i].cell.rec;

		if (r->status == STATUS_OK && r->samples.n > 0)
			record_status(r, status, "%s", why);
	}
}

bool session_is_unit(const struct session *s, size_t cell)
{
	return s->cells[cell].unit == cell;
}

bool session_active(const struct session *s, size_t cell)
{
	const struct cell_state *c = &s->cells[s->cells[cell].unit];

	return !c->done && (c->cell.site == NO_SITE || !s->sites[c->cell.site].lost);
}

bool session_void(const struct session *s, size_t cell)
{
	return s->cells[s->cells[cell].unit].voids > 0;
}

bool session_uses(const struct session *s, size_t cell, size_t site)
{
	const struct cell_state *c = &s->cells[cell];

	for (size_t i = 1; i <= c->nmembers; i++)
		if (c[i].cell.site == site)
			return true;
	return c->cell.site == site;
}

bool session_uses_gpu(const struct session *s, size_t cell, int gpu)
{
	const struct cell_state *c = &s->cells[cell];
	const struct record *r = &c->cell.rec;

	return (c->cell.site != NO_SITE && s->sites[c->cell.site].site.gpu == gpu) ||
	       (record_has(r, "peer") && r->peer == gpu);
}

size_t session_site_of(const struct session *s, size_t cell)
{
	const struct cell_state *c = &s->cells[cell];

	return c->cell.site == NO_SITE ? c[1].cell.site : c->cell.site;
}

void session_end_cell(struct session *s, size_t cell, enum status status, const char *why)
{
	struct cell_state *c = &s->cells[s->cells[cell].unit];

	for (size_t i = 0; i <= c->nmembers; i++)
		if (!c[i].done)
			record_status(&c[i].cell.rec, status, "%s", why);
	session_end_unit(s, cell);
}

void session_end_unit(struct session *s, size_t cell)
{
	struct cell_state *c = &s->cells[s->cells[cell].unit];

	for (size_t i = 0; i <= c->nmembers; i++)
		c[i].done = true;
}
