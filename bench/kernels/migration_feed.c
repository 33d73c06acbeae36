/* migration_feed.c - parts 6, 7 and 8 of the migration bench: processes that feed a GPU. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/feed_plan.h"
#include "kernels/feed_visit.h"
#include "kernels/migration_part.h"
#include "util/random.h"

static int plan(struct session *s, const struct migration_options *o, struct err *e)
{
	(void)o;
	return feed_plan(s, e);
}

static int open_site(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct feed_site *s = calloc(1, sizeof(*s));

	*buffers = s;
	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	s->part = (enum feed_part)MIGRATION_OWN(site->kind);
	s->gpu = site->gpu;
	s->random = mix64(w->seed + (uint64_t)w->fresh * RANDOM_STEP) + (uint64_t)site->gpu;
	return 0;
}

static int together(struct worker *w, struct member *m, size_t n, size_t *at, struct err *e)
{
	static feed_visit_fn *const visits[] = {
		[FEED_MOVED] = feed_visit_moved,
		[FEED_BINDINGS] = feed_visit_bindings,
		[FEED_AT_ONCE] = feed_visit_at_once,
		[FEED_POLICIES] = feed_visit_policies,
	};
	const struct feed_site *s = m[0].buffers;
	int rc = visits[s->part](w, m, n, at, e);

	return rc == -ENOMEM && !e->text[0] ? err_set(e, rc, "out of memory") : rc;
}

static void close_site(struct worker *w, void *buffers)
{
	struct feed_site *s = buffers;

	(void)w;
	feed_process_end(s->p);
	free(s);
}

struct feed_birth feed_birth_of(const struct worker *w, struct feed_site *s,
				const struct idset *cpus, const struct policy *policy)
{
	int pages = w->options->pages;

	return (struct feed_birth){ .machine = w->machine,
				    .gpu = s->gpu,
				    .cpus = cpus,
				    .policy = policy,
				    .bytes = feed_bytes(w->options),
				    .pages = pages < 0 ? PAGES_4K : (enum page_kind)pages,
				    .seed = random_next(&s->random) };
}

const struct idset *feed_cpus(const struct worker *w, int node)
{
	return &machine_node(w->machine, node)->allowed_cpus;
}

struct feed_order feed_order_of(const struct worker *w, const struct record *r)
{
	/* Where memory alone differs the scheduler has nothing to do with it. */
	bool longer = w->options->thorough && !record_has(r, "policy");

	return (struct feed_order){ .memory = r->memory,
				    .node = -1,
				    .warm_s = FEED_WARM_S,
				    .seconds = longer ? FEED_LONG_S : FEED_QUICK_S,
				    .least = FEED_PASSES };
}

int feed_skip_all(struct member *m, size_t n, const struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		record_status(&m[i].cell->rec, STATUS_SKIPPED, "%s", e->text);
		m[i].value = NAN;
		m[i].placed = true;
	}
	return 0;
}

const struct migration_part migration_feed = {
	.name = "feed",
	.plan = plan,
	.open = open_site,
	.together = together,
	.close = close_site,
	.list = feed_list,
};
