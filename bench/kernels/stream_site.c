#include "kernels/stream_site.h"

#include <errno.h>
#include <stdlib.h>

#include "kernels/stream_choose.h"
#include "kernels/stream_plan.h"
#include "kernels/stream_together.h"
#include "kernels/working_set.h"
#include "measure/clock.h"

int stream_site_open(struct worker *w, const struct site *site, void **buffers, struct err *e)
{
	struct policy policy;
	struct memory_want want = stream_want(w, site, &policy);
	struct stream_set *set;
	enum page_kind pages;
	bool demanded = stream_demands(site, &pages);
	int rc = stream_set_open(&set, w->team, stream_set_array(site->bytes), &want,
				 w->seed + (uint64_t)w->fresh, e);

	*buffers = set;
	if (rc == -ENOMEM && demanded && pages == PAGES_HUGETLB)
		return -ENOTSUP; /* e tells how many there are */
	if (rc < 0 || !demanded || set->pages == pages)
		return rc;
	stream_set_close(set);
	*buffers = NULL;
	return memory_no_such_pages(pages, e);
}

/* Bytes of the last-level caches in front of the worker's cores. */
static uint64_t caches_of(const struct worker *w)
{
	return machine_llc_bytes(w->machine, &w->node->allowed_cpus);
}

/* A cell under the arrays' size goes over a part of every thread's share. */
static struct stream_run run_of(struct stream_set *set, const struct cell *c)
{
	struct stream_run run = { .set = set, .n = set->n, .threads = (size_t)c->rec.threads };

	if (c->rec.bytes < set->n * sizeof(double))
		run.each = c->rec.bytes / sizeof(double) / run.threads;
	return run;
}

/* What fits into the caches has forms of its own that are best; they are looked for once for each
 * size, and remembered by the cell's record. Larger parts are as the whole. */
static const struct stream_kernel *row_of_part(struct worker *w, const struct stream_run *run,
					       const struct cell *c)
{
	enum stream_op op = (enum stream_op)c->variant;
	size_t bytes = run->each * run->threads * (size_t)stream_counted_bytes(op);
	const struct stream_kernel *row = NULL;

	if (!run->each || bytes >= caches_of(w))
		return NULL;
	if (!record_has(&c->rec, "kernel") || stream_ask(c->rec.kernel, &row, NULL) < 0)
		row = stream_choose_part(op, run, w->team);
	return row;
}

/* The rows are chosen when they are first wanted in a worker's life: its cells are compared with
 * each other. */
static int choose(struct worker *w, const struct stream_kernel *only, struct stream_run *run,
		  const struct cell *c)
{
	struct instant began = clock_now();
	struct stream_choice *choice = w->bench_state;

	if (!choice)
		choice = w->bench_state = calloc(1, sizeof(*choice));
	if (!choice)
		return -ENOMEM;
	run->kernel = only ? only : row_of_part(w, run, c);
	if (!run->kernel)
		run->kernel = stream_choose(choice, (enum stream_op)c->variant, run->set, w->team,
					    caches_of(w));
	w->aside_s += clock_span(began, clock_now());
	return 0;
}

static void tell(struct worker *w, const struct stream_run *run, struct record *r)
{
	bool all = run->threads == team_size(w->team);

	w->aside_s += stream_set_tell(run, w->team, r);
	if (all)
		working_quota(w->machine, w->node, run->threads, r);
}

/* Bound memory needs the kernel's consent only where the policy is what is measured. */
static bool refused(const struct stream_set *set, struct record *r)
{
	bool no = record_has(r, "policy") && r->policy == MEMPOLICY_BIND && !set->memory[0].bound;

	if (no)
		record_status(r, STATUS_SKIPPED, "the kernel refuses memory policies here");
	return no;
}

int stream_site_sample(struct worker *w, const struct stream_kernel *only, void *buffers,
		       struct cell *c, double *value, struct err *e)
{
	struct stream_run run = run_of(buffers, c);
	int rc;

	if (refused(buffers, &c->rec))
		return 0;
	rc = choose(w, only, &run, c);
	if (rc == 0)
		rc = stream_set_sample(&run, w->team, &c->repeat);
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	*value = stream_run_rate(&run);
	tell(w, &run, &c->rec);
	return 0;
}

/* A team does one thing at a time: of all joint cells one is this worker's. */
int stream_site_together(struct worker *w, const struct stream_kernel *only, struct member *members,
			 size_t n, size_t *at, struct err *e)
{
	struct cell *c = members[0].cell;
	struct stream_run run = run_of(members[0].buffers, c);
	int rc = n == 1 ? choose(w, only, &run, c) : -EINVAL;

	*at = 0;
	/* How many passes make a sample is found alone; the others wait meanwhile. */
	if (rc == 0 && !c->repeat)
		rc = stream_set_sample(&run, w->team, &c->repeat);
	if (rc < 0) {
		meeting_break(w->meeting);
		return err_set(e, rc,
			       rc == -EINVAL ? "a team cannot do two things at once"
					     : "out of memory");
	}
	run.repeat = c->repeat;
	rc = stream_together(&run, w->team, w->meeting, &members[0].value, e);
	if (rc == 0)
		tell(w, &run, &c->rec);
	return rc;
}

int stream_site_prove(struct worker *w, void *buffers, struct placement *p)
{
	(void)w;
	return stream_set_prove(buffers, p);
}

void stream_site_close(struct worker *w, void *buffers)
{
	(void)w;
	stream_set_close(buffers);
}

void stream_site_stop(struct worker *w)
{
	free(w->bench_state);
	w->bench_state = NULL;
}
