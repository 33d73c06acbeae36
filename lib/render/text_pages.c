/* text_pages.c - how pages are moved, by whom, and what holds them; and what a move within a node
 * costs, where no pages are left behind. See text.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/table.h"
#include "render/text.h"
#include "result/core_pairs.h"
#include "result/moves.h"
#include "util/units.h"

/* ---- pages ---- */

static bool is_page_rate(const struct record *r)
{
	return move_is(r) && strcmp(r->metric, "page-rate") == 0 && record_has(r, "mover") &&
	       record_has_figure(r);
}

static bool same_way(const struct record *a, const struct record *b)
{
	return is_page_rate(b) && a->mover == b->mover && a->pages_asked == b->pages_asked &&
	       a->pages == b->pages && record_has(a, "locked") == record_has(b, "locked") &&
	       a->locked == b->locked;
}

/* All pairs of nodes, of one way to move pages. */
struct range {
	double least, most;
};

static void take(struct range *x, double v)
{
	if (!isfinite(v))
		return;
	x->least = fmin(x->least, v);
	x->most = fmax(x->most, v);
}

static const struct record *page_time(const struct text *t, const struct record *rate)
{
	const uint64_t apart = record_fields("metric", NULL);

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (move_is(r) && strcmp(r->metric, "page-time") == 0 && record_has_figure(r) &&
		    record_same_but(r, rate, apart))
			return r;
	}
	return NULL;
}

static char *way_label(const struct record *r, char *buf, size_t size)
{
	static const char *const pages[] = { [PAGES_4K] = "4 KiB pages",
					     [PAGES_THP] = "transparent huge pages",
					     [PAGES_HUGETLB] = "hugetlb pages" };
	static const char *const movers[] = { [MOVER_MOVE_PAGES] = "move_pages",
					      [MOVER_MIGRATE_PAGES] = "migrate_pages",
					      [MOVER_BALANCING] = "the kernel" };
	static const char *const locks[] = { [LOCK_MLOCK] = ", mlocked",
					     [LOCK_IO_URING] = ", of io_uring",
					     [LOCK_REGISTERED] = ", of a GPU" };

	snprintf(buf, size, "%s, %s%s", movers[r->mover],
		 pages[record_has(r, "pages") ? r->pages : r->pages_asked],
		 record_has(r, "locked") ? locks[r->locked] : "");
	return buf;
}

/* "1.2-3.4 ms"; where it is all nothing, `nothing`. */
static int put_range(struct table *table, const struct range *x, double factor, const char *unit,
		     const char *nothing)
{
	double low = fmax(x->least, 0) / factor, high = x->most / factor;
	int decimals = text_decimals(high);

	if (!(x->most > 0))
		return table_cell(table, "%s", isfinite(x->most) ? nothing : "");
	if (low > 0 && high / low < 1.05)
		return table_cell(table, "%.*f%s", decimals, (low + high) / 2, unit);
	return table_cell(table, "%.*f-%.*f%s", decimals, low, decimals, high, unit);
}

static int put_times(struct table *table, const struct range *x, const char *nothing)
{
	struct text_unit unit = text_unit_for("s", x->most);
	char name[8];

	snprintf(name, sizeof name, " %s", unit.name);
	return put_range(table, x, unit.factor, name, nothing);
}

static int put_way(struct text *t, struct table *table, const struct record *like)
{
	struct range rate = { INFINITY, -INFINITY }, time = rate, moved = rate;
	char label[64];
	int rc = table_cell(table, "%s", way_label(like, label, sizeof label));

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i], *each;

		if (!same_way(like, r))
			continue;
		each = page_time(t, r);
		take(&rate, r->median);
		take(&time, each ? each->median : NAN);
		take(&moved, record_has(r, "moved") ? 100 * r->moved : NAN);
	}
	if (rc == 0)
		rc = put_range(table, &rate, 1e9, "", "");
	if (rc == 0)
		rc = put_times(table, &time, "");
	if (rc == 0)
		rc = isfinite(moved.least) && moved.most > 0 && moved.most - moved.least < 0.1
			     ? table_cell(table, "%.*f %%", moved.most < 99.95, moved.most)
			     : put_range(table, &moved, 1, " %", "none");
	return rc;
}

static bool is_first(const struct text *t, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_page_rate(&t->res->records[i]) &&
		    same_way(&t->res->records[i], &t->res->records[at]))
			return false;
	return true;
}

/* Held pages by what became of them: each kind once. */
static void say_held(struct text *t)
{
	static const struct {
		enum page_lock lock;
		bool stayed;
		const char *text;
	} words[] = {
		{ LOCK_MLOCK, false,
		  "mlocked pages move like others: mlock keeps them in memory, "
		  "not on their node" },
		{ LOCK_IO_URING, true,
		  "registered buffers of io_uring stay where they are for as long as they are "
		  "registered: register them after binding, or anew after a move" },
		{ LOCK_REGISTERED, true,
		  "buffers that a GPU's driver has pinned stay where they are for good: allocate "
		  "them after binding, or free and allocate them anew after a move" },
	};

	for (size_t w = 0; w < sizeof words / sizeof *words; w++)
		for (size_t i = 0; i < t->res->nrecords; i++) {
			const struct record *r = &t->res->records[i];

			if (!is_page_rate(r) || !record_has(r, "locked") ||
			    !record_has(r, "moved") || r->locked != words[w].lock ||
			    move_stayed(r) != words[w].stayed)
				continue;
			text_say(t, 2, "%s", words[w].text);
			break;
		}
}

int text_move_pages(struct text *t)
{
	static const char *const heads[] = { "", "GB/s", "a page", "arrived" };
	struct table *table = table_new();
	bool any = false;
	int rc = table ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < sizeof heads / sizeof *heads; i++)
		rc = table_column(table, heads[i], i ? 'r' : 'l');
	for (size_t i = 0; rc == 0 && i < t->res->nrecords; i++) {
		if (!is_page_rate(&t->res->records[i]) || !is_first(t, i))
			continue;
		any = true;
		rc = put_way(t, table, &t->res->records[i]);
	}
	if (rc == 0 && any) {
		text_heading(t, "moving pages to another node");
		rc = text_table(t, table);
		say_held(t);
	}
	table_free(table);
	return rc;
}

/* ---- within a node ---- */

static bool is_within(const struct record *r, const char *metric)
{
	return move_is(r) && strcmp(r->metric, metric) == 0 && record_has(r, "bytes") &&
	       record_has(r, "cpu_node") && record_has(r, "to_node") && !move_between_nodes(r) &&
	       record_has_figure(r);
}

/* What the two cores have in common, where the machine is known; "" where not. */
static const char *cores_of(const struct text *t, const struct record *r)
{
	if (!t->res->machine.nnodes || !record_has(r, "cpu_pair") || r->cpu_pair.n != 2)
		return "";
	return core_bond_name(
		core_bond(&t->res->machine, (int)r->cpu_pair.v[0], (int)r->cpu_pair.v[1]));
}

/* Over as many bytes, between cores of one kind. The two loops' working sets differ by a line or
 * two, and by what lies beside them. */
static bool same_set(const struct text *t, const struct record *a, const struct record *b)
{
	if (strcmp(cores_of(t, a), cores_of(t, b)) != 0)
		return false;

	uint64_t low = a->bytes < b->bytes ? a->bytes : b->bytes,
		 high = a->bytes < b->bytes ? b->bytes : a->bytes;

	return high - low <= low / 64 + 128;
}

static int by_bytes(const void *a, const void *b)
{
	const struct record *const *x = a, *const *y = b;

	return ((*x)->bytes > (*y)->bytes) - ((*x)->bytes < (*y)->bytes);
}

/* One record of each working set, the smallest first. */
static size_t working_sets(const struct text *t, const struct record **sets)
{
	size_t n = 0;

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];
		bool seen = !is_within(r, "refill-time");

		for (size_t j = 0; j < n; j++)
			seen = seen || same_set(t, sets[j], r);
		if (!seen)
			sets[n++] = r;
	}
	if (n)
		qsort(sets, n, sizeof *sets, by_bytes);
	return n;
}

/* Over all nodes and all pairs of cores. */
static struct range over_nodes(const struct text *t, const char *metric, const struct record *like,
			       bool settled)
{
	struct range x = { INFINITY, -INFINITY };

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (!is_within(r, metric) || !same_set(t, r, like) ||
		    (settled && !(record_has(r, "phase") && r->phase == PHASE_SETTLED)))
			continue;
		take(&x, settled ? move_kept(t->res, r) : r->median);
	}
	return x;
}

/* A time of these moves; "<" the most of it that could have gone unseen. */
static int put_time(struct text *t, struct table *table, const struct record *like,
		    const char *metric, const char *nothing)
{
	struct range x = over_nodes(t, metric, like, false), unseen = { INFINITY, -INFINITY };
	char text[32];

	for (size_t i = 0; i < t->res->nrecords; i++) {
		const struct record *r = &t->res->records[i];

		if (is_within(r, metric) && same_set(t, r, like))
			take(&unseen, move_unseen(r));
	}
	if (isfinite(unseen.most) && unseen.most >= x.most)
		return table_cell(table, "<%s", format_seconds(text, sizeof text, unseen.most));
	return put_times(table, &x, nothing);
}

static int put_set(struct text *t, struct table *table, const struct record *like)
{
	struct range rate = over_nodes(t, "bandwidth", like, true),
		     latency = over_nodes(t, "latency", like, true);
	char bytes[32];
	int rc = table_cell(table, "%s", cores_of(t, like));

	if (rc == 0)
		rc = table_cell(table, "%s", format_size(bytes, sizeof bytes, like->bytes));
	if (latency.most > 0) /* of loads, above; of waiting, here */
		latency = (struct range){ 1 / latency.most, 1 / latency.least };
	if (rc == 0)
		rc = put_time(t, table, like, "refill-time", "none");
	if (rc == 0)
		rc = put_time(t, table, like, "transient-time", "at once");
	if (rc == 0)
		rc = put_range(table, &rate, 1, "", "");
	return rc < 0 ? rc : put_range(table, &latency, 1, "x", "");
}

int text_move_cores(struct text *t)
{
	static const char *const heads[] = { "",           "working set", "cold caches",
					     "settles in", "bandwidth",   "latency" };
	const struct record **sets = calloc(t->res->nrecords + 1, sizeof *sets);
	struct table *table = table_new();
	size_t n = sets ? working_sets(t, sets) : 0;
	int rc = table && sets ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < sizeof heads / sizeof *heads; i++)
		rc = table_column(table, heads[i], i ? 'r' : 'l');
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = put_set(t, table, sets[i]);
	if (rc == 0 && n) {
		text_heading(t, "when a thread is moved to another core of its node");
		rc = text_table(t, table);
		text_say(t, 2,
			 "cold caches: time lost until it runs as it did (settles in); <: too "
			 "little to be seen; what a move to another node costs beyond this is "
			 "distance");
	}
	table_free(table);
	free(sets);
	return rc;
}
