#include "kernels/page_trip.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine/sysroot.h"
#include "measure/clock.h"
#include "place/held.h"
#include "place/memory.h"
#include "util/child.h"
#include "util/random.h"

/* A driver's start and some GiB of pages take seconds. */
#define DEADLINE_S 25

/* What the process and its parent share. */
struct shared {
	struct page_trip trip;
	bool ended; /* it came to its end, and rc and e are its own */
	int rc;
	struct err e;
};

static int find(const struct memory *m, struct pages_found *f, struct err *e)
{
	struct placement p = { .requested = m->node };
	int rc = memory_prove(m->p, m->mapped, &p);

	*f = pages_found_of(&p);
	placement_release(&p);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

/* Every word differs from its neighbours: memory of zeros is short-cut by some machines. */
static void fill(const struct memory *m)
{
	uint64_t *word = m->p;

	for (size_t i = 0; i < m->mapped / sizeof *word; i++)
		word[i] = mix64(i);
}

static bool intact(const struct memory *m)
{
	const uint64_t *word = m->p;
	size_t i = 0, n = m->mapped / sizeof *word;

	while (i < n && word[i] == mix64(i))
		i++;
	return i == n;
}

static int prepare(struct page_trip *t, struct memory *m, struct err *e)
{
	const struct memory_want want = { t->machine, t->from, t->pages, NULL };
	int rc = memory_place(m, t->bytes, &want, e);

	if (rc == -ENOMEM && t->pages == PAGES_HUGETLB)
		return -ENOTSUP; /* e tells how many there are */
	if (rc < 0)
		return rc;
	t->mapped = m->mapped;
	fill(m);
	t->obtained = memory_obtained(m);
	if (t->obtained != t->pages && t->pages != PAGES_4K)
		return memory_no_such_pages(t->pages, e);
	return 0;
}

static int call(struct page_trip *t, struct page_list *pages, struct err *e)
{
	int rc = t->mover == MOVER_MIGRATE_PAGES ? process_move(0, t->from, t->to, &t->refusal, e)
						 : page_list_move(pages, t->to, &t->refusal, e);

	return rc < 0 ? -ENOTSUP : 0; /* what the kernel refuses, it refuses here */
}

static int timed_call(struct page_trip *t, struct page_list *pages, const struct sysroot *root,
		      struct err *e)
{
	struct vmstat before, after;
	struct instant began;
	int rc;

	vmstat_read(&before, root);
	t->first_cpu = sched_getcpu();
	began = clock_now();
	rc = call(t, pages, e);
	t->seconds = clock_span(began, clock_now());
	t->last_cpu = sched_getcpu();
	vmstat_read(&after, root);
	t->grown = vmstat_growth(&before, &after);
	return rc;
}

/* The call between two looks at every page. */
static int travel(struct page_trip *t, const struct memory *m, struct page_list *pages,
		  const struct sysroot *root, struct err *e)
{
	int rc = find(m, &t->before, e);

	if (rc == 0)
		rc = timed_call(t, pages, root, e);
	if (rc == 0)
		rc = find(m, &t->after, e);
	t->intact = rc == 0 && intact(m);
	t->left = memory_obtained(m);
	return rc;
}

/* Held pages: that it was the holding which kept them shows when they are let go. */
static int travel_held(struct page_trip *t, const struct memory *m, struct page_list *pages,
		       const struct sysroot *root, struct err *e)
{
	struct held held = { .how = t->lock, .p = m->p, .bytes = m->mapped, .gpu = t->gpu };
	int rc = held_take(&held, e);

	if (rc < 0)
		return rc;
	rc = travel(t, m, pages, root, e);
	held_release(&held);
	if (rc == 0)
		rc = call(t, pages, e);
	return rc == 0 ? find(m, &t->let_go, e) : rc;
}

static int live(struct page_trip *t, struct err *e)
{
	struct page_list *pages = NULL;
	struct memory m = { 0 };
	struct sysroot root;
	int rc = sysroot_open_live(&root, e);

	if (rc < 0)
		return rc;
	rc = prepare(t, &m, e);
	if (rc == 0 && page_list_make(&pages, m.p, m.mapped, page_step(t->obtained)) < 0)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = t->held ? travel_held(t, &m, pages, &root, e) : travel(t, &m, pages, &root, e);
	page_list_free(pages);
	memory_unmap(&m);
	sysroot_close(&root);
	return rc;
}

static int run(int out, void *arg)
{
	struct shared *s = arg;

	(void)out;
	s->rc = live(&s->trip, &s->e);
	s->ended = true;
	return 0;
}

int page_trip_make(struct page_trip *t, struct err *e)
{
	struct shared *s =
		mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct child_spec spec = { .run = run, .arg = s, .deadline_s = DEADLINE_S };
	struct child_result r;
	char how[100];
	int rc;

	if (s == MAP_FAILED)
		return err_set(e, -ENOMEM, "out of memory");
	s->trip = *t;
	rc = child_run(&spec, &r, e);
	if (rc == 0 && s->ended) {
		*t = s->trip;
		rc = s->rc;
		if (rc < 0)
			err_set(e, rc, "%s", s->e.text);
	} else if (rc == 0) {
		rc = err_set(e, -EIO, "the process whose pages were moved: %s",
			     child_describe(&r, how, sizeof how));
	}
	munmap(s, sizeof *s);
	return rc;
}
