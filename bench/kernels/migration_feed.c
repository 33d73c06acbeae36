/* migration_feed.c - parts 6, 7 and 8 of the migration bench: processes that feed a GPU. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/feed_plan.h"
#include "kernels/feed_visit.h"
#include "kernels/migration_part.h"
#include "util/random.h"

static int plan(struct session *s, const struct migration_options *o, struct plan_cost *c,
		struct err *e)
{
	(void)o;
	return feed_plan(s, c, e);
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
	(void)w;
	free(buffers);
}

struct feed_kept *feed_kept_of(struct worker *w, int gpu)
{
	struct feed_kept *k = w->bench_state;

	while (k && k->gpu != gpu)
		k = k->next;
	if (k || !(k = calloc(1, sizeof(*k))))
		return k;
	k->gpu = gpu;
	k->next = w->bench_state;
	w->bench_state = k;
	return k;
}

static void stop(struct worker *w)
{
	struct feed_kept *k = w->bench_state, *next;

	for (; k; k = next) {
		next = k->next;
		feed_process_end(k->p);
		free(k);
	}
	w->bench_state = NULL;
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

struct feed_order feed_order_of(const struct record *r)
{
	return (struct feed_order){ .memory = r->memory,
				    .node = -1,
				    .warm_s = FEED_WARM_S,
				    .seconds = FEED_QUICK_S,
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
	.stop = stop,
	.list = feed_list,
};
