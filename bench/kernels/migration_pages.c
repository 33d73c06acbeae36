#include "kernels/migration_pages.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/page_trip.h"
#include "place/memory.h"
#include "util/json.h"

static int open_nothing(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	(void)w;
	(void)site;
	(void)e;
	*buffers = NULL;
	return 0;
}

static void close_nothing(struct worker *w, void *buffers)
{
	(void)w;
	(void)buffers;
}

/* Where threads and pages were before, as the record's placement. */
static int tell_place(struct record *r, const struct page_trip *t)
{
	struct placement *p = &r->placement;
	struct idset cpus = { { 0 } };
	int rc;

	placement_release(p);
	p->requested = t->from;
	rc = pages_found_place(&t->before, p);
	idset_add(&cpus, t->first_cpu);
	idset_add(&cpus, t->last_cpu);
	if (rc == 0)
		rc = placement_add_cpus(p, t->machine, &cpus);
	record_set(r, "placement", NULL);
	return rc;
}

static int tell_moves(struct record *r, const struct page_trip *t, const struct page_moves *m)
{
	static const enum vmstat_counter told[] = { VMSTAT_MIGRATED, VMSTAT_NOT_MIGRATED,
						    VMSTAT_HUGE };
	json_t *o = page_moves_json(m);
	int bad = !o;

	if (!bad)
		bad = json_put(o, "before", pages_found_json(&t->before)) |
		      json_put(o, "after", pages_found_json(&t->after)) |
		      json_put(o, "pages_after", json_string(page_kind_name(t->left)));
	if (!bad && t->held)
		bad |= json_put(o, "let_go", pages_found_json(&t->let_go));
	for (size_t i = 0; i < sizeof told / sizeof *told && !bad; i++)
		bad |= json_put_known(o, vmstat_name(told[i]), &t->grown.of[told[i]]);
	if (!r->more)
		r->more = json_object();
	o = json_or_null(o, bad);
	return json_put(r->more, "page_moves", o) < 0 ? -ENOMEM : 0;
}

/* Whether the kernel counts in base pages what it moves: of transparent huge pages since it counts
 * these too (5.9), of hugetlb pages not always. */
static bool counts(const struct page_trip *t)
{
	return t->grown.of[VMSTAT_MIGRATED].is &&
	       (t->obtained == PAGES_4K ||
		(t->obtained == PAGES_THP && t->grown.of[VMSTAT_HUGE].is));
}

static void judge(struct record *r, const struct page_trip *t, const struct page_moves *m)
{
	const long long counted = t->grown.of[VMSTAT_MIGRATED].value;

	placement_judge(r, r->cpu_node);
	if (!t->intact)
		record_status(r, STATUS_CORRUPT, "the pages do not hold what they held before");
	else if (r->status == STATUS_OK && counts(t) && (uint64_t)counted < m->moved)
		record_status(r, STATUS_UNPROVEN,
			      "%llu pages are found on node %d, but the kernel counted %lld that "
			      "it moved",
			      (unsigned long long)m->moved, t->to, counted);
}

static int tell(struct record *r, const struct page_trip *t, const struct page_moves *m)
{
	int rc = tell_place(r, t);

	if (rc == 0)
		rc = tell_moves(r, t, m);
	r->bytes = t->mapped;
	r->pages = t->obtained;
	r->moved = m->share;
	r->verified = t->intact;
	record_set(r, "bytes", "pages", "moved", "verified", NULL);
	if (rc == 0)
		judge(r, t, m);
	return rc;
}

static double value_of(enum pages_figure figure, const struct page_trip *t,
		       const struct page_moves *m)
{
	double bytes = (double)m->moved * (double)page_step(PAGES_4K);

	if (t->seconds <= 0)
		return NAN;
	if (figure == PAGES_RATE)
		return bytes / t->seconds;
	return m->moved ? t->seconds / (bytes / (double)page_step(t->obtained)) : NAN;
}

static struct page_trip trip_of(const struct worker *w, const struct record *r)
{
	const struct gpu *g = record_has(r, "gpu") ? machine_gpu(w->machine, r->gpu) : NULL;

	return (struct page_trip){
		.machine = w->machine,
		.from = r->mem_node,
		.to = r->to_node,
		.bytes = r->bytes,
		.pages = r->pages_asked,
		.mover = r->mover,
		.held = record_has(r, "locked"),
		.lock = r->locked,
		.gpu = g ? g->pci : NULL,
	};
}

static int together(struct worker *w, struct member *members, size_t n, size_t *at, struct err *e)
{
	struct page_trip t = trip_of(w, &members[0].cell->rec);
	struct page_moves m = { 0 };
	int rc = page_trip_make(&t, e);

	*at = 0;
	if (rc == 0)
		m = page_moves_between(&t.before, &t.after, t.to);
	for (size_t i = 0; i < n && (rc == 0 || rc == -ENOTSUP); i++) {
		struct record *r = &members[i].cell->rec;

		members[i].placed = true;
		if (rc == -ENOTSUP) {
			record_status(r, STATUS_SKIPPED, "%s", e->text);
			continue;
		}
		rc = tell(r, &t, &m);
		members[i].value = value_of((enum pages_figure)members[i].cell->variant, &t, &m);
	}
	if (rc == -ENOMEM)
		err_set(e, rc, "out of memory");
	return rc == -ENOTSUP ? 0 : rc;
}

const struct migration_part migration_pages = {
	.name = "pages follow",
	.plan = pages_plan,
	.open = open_nothing,
	.together = together,
	.close = close_nothing,
	.list = pages_list,
};
