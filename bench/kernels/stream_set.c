/* stream_set.c - three arrays and a team. */
#include "kernels/stream_set.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "measure/timing.h"

/* Loads that share their low 12 address bits with a store in flight wait for it (Intel
 * Optimization Reference Manual, "4-Kbyte aliasing"): array i begins i x 17 lines into its
 * mapping. Worth 5 to 15 % of a triad on one Xeon. */
enum { SKEW = 17 * 64 };

/* Threads' shares end at whole pages. */
enum { PAGE_ELEMENTS = 4096 / sizeof(double) };

/* Passes of one sample. */
enum { REPEATS_MOST = 1 << 24 };

uint64_t stream_set_bytes(uint64_t bytes)
{
	return STREAM_ARRAYS * (bytes + 2 * SKEW);
}

static void share_of(size_t n, size_t rank, size_t size, size_t *first, size_t *count)
{
	size_t pages = n / PAGE_ELEMENTS;
	size_t from = pages * rank / size * PAGE_ELEMENTS;
	size_t to = rank + 1 == size ? n : pages * (rank + 1) / size * PAGE_ELEMENTS;

	*first = from;
	*count = to - from;
}

static void fill_share(void *arg, size_t rank, size_t size)
{
	struct stream_set *set = arg;
	size_t first, n;

	share_of(set->n, rank, size, &first, &n);
	stream_data_fill(&set->data, set->array[0], set->array[1], set->array[2], first, n);
}

static enum page_kind smallest_pages(const struct stream_set *set)
{
	enum page_kind least = PAGES_HUGETLB;

	for (size_t i = 0; i < STREAM_ARRAYS; i++) {
		enum page_kind pages = memory_obtained(&set->memory[i]);

		least = pages < least ? pages : least;
	}
	return least;
}

int stream_set_open(struct stream_set **out, struct team *team, size_t bytes,
		    const struct memory_want *want, uint64_t seed, struct err *e)
{
	struct stream_set *set = calloc(1, sizeof(*set));
	int rc;

	*out = NULL;
	if (!set)
		return err_set(e, -ENOMEM, "out of memory");
	set->n = bytes / sizeof(double);
	for (size_t i = 0; i < STREAM_ARRAYS; i++) {
		rc = memory_place(&set->memory[i], set->n * sizeof(double) + i * SKEW, want, e);
		if (rc < 0) {
			stream_set_close(set);
			return rc;
		}
		set->array[i] = (double *)((char *)set->memory[i].p + i * SKEW);
	}
	stream_data_init(&set->data, seed);
	team_run(team, fill_share, set);
	set->pages = smallest_pages(set);
	*out = set;
	return 0;
}

void stream_set_close(struct stream_set *set)
{
	for (size_t i = 0; set && i < STREAM_ARRAYS; i++)
		memory_unmap(&set->memory[i]);
	free(set);
}

int stream_set_prove(const struct stream_set *set, struct placement *p)
{
	int rc = 0;

	for (size_t i = 0; i < STREAM_ARRAYS && rc == 0; i++)
		rc = memory_prove(set->memory[i].p, set->memory[i].bytes, p);
	return rc;
}

struct pass {
	const struct stream_run *run;
	double *sums; /* of each thread, a line apart */
};

enum { SUM_APART = 64 / sizeof(double) };

static void run_share(void *arg, size_t rank, size_t size)
{
	const struct pass *p = arg;
	const struct stream_run *r = p->run;
	double *const *array = r->set->array, sum = 0;
	size_t first, n;

	share_of(r->n, rank, size, &first, &n);
	first += r->first;
	for (unsigned i = 0; i < r->repeat; i++)
		sum += r->kernel->run(array[0] + first, array[1] + first, array[2] + first,
				      r->set->s, n);
	p->sums[rank * SUM_APART] = sum;
}

/* An update repeated must neither grow nor come to zero: a[i] = -a[i]. After an odd number of
 * passes that is one update of what the array held, which must be known to be checked. */
static void prepare_update(struct stream_run *r, struct team *team)
{
	r->set->s = -1;
	r->repeat |= 1;
	if (r->n == r->set->n && !r->set->checked[STREAM_UPDATE])
		team_run(team, fill_share, r->set);
}

int stream_set_run(struct stream_run *r, struct team *team)
{
	struct stream_set *set = r->set;
	struct pass p = { .run = r };

	p.sums = calloc(team_size(team), SUM_APART * sizeof(double));
	if (!p.sums)
		return -ENOMEM;
	set->s = 2 + set->runs++ % 61;
	if (r->kernel->op == STREAM_UPDATE)
		prepare_update(r, team);
	r->seconds = time_team(team, run_share, &p);
	r->sum = r->expected_sum = 0;
	for (size_t i = 0; i < team_size(team); i++)
		r->sum += p.sums[i * SUM_APART];
	free(p.sums);
	if (r->kernel->op == STREAM_READ)
		r->expected_sum = r->repeat * stream_data_sum(&set->data, r->first, r->n);
	return 0;
}

int stream_set_sample(struct stream_run *r, struct team *team, unsigned *repeat)
{
	bool known = *repeat > 0;
	int rc;

	r->repeat = known ? *repeat : 1;
	rc = stream_set_run(r, team);
	/* A few passes over little memory are mostly the threads' start: once more, then. */
	while (rc == 0 && !known && r->seconds < SAMPLE_SECONDS && r->repeat < REPEATS_MOST) {
		r->repeat = repeats_for(r->seconds / r->repeat, 2 * SAMPLE_SECONDS, REPEATS_MOST);
		rc = stream_set_run(r, team);
	}
	*repeat = r->repeat;
	return rc;
}

double stream_run_rate(const struct stream_run *r)
{
	return stream_counted_bytes(r->kernel->op) * (double)r->n * r->repeat / r->seconds;
}

struct checking {
	const struct stream_set *set;
	enum stream_op op;
	pthread_mutex_t lock;
	struct stream_mismatch first;
};

static void check_share(void *arg, size_t rank, size_t size)
{
	struct checking *c = arg;
	const struct stream_set *set = c->set;
	struct stream_mismatch m;
	size_t first, n;

	share_of(set->n, rank, size, &first, &n);
	stream_data_check(&set->data, c->op, set->array[0], first, n, set->s, &m);
	pthread_mutex_lock(&c->lock);
	if (m.any && (!c->first.any || m.element < c->first.element))
		c->first = m;
	pthread_mutex_unlock(&c->lock);
}

void stream_set_check(struct stream_set *set, struct team *team, enum stream_op op,
		      struct stream_mismatch *m)
{
	struct checking c = { .set = set, .op = op };

	pthread_mutex_init(&c.lock, NULL);
	team_run(team, check_share, &c);
	pthread_mutex_destroy(&c.lock);
	*m = c.first;
}

double stream_set_tell(const struct stream_run *run, struct team *team, struct record *r)
{
	struct stream_set *set = run->set;
	enum stream_op op = run->kernel->op;
	struct stream_mismatch m = { 0 };
	struct instant began = clock_now();
	double seconds;

	if (!set->checked[op])
		stream_set_check(set, team, op, &m);
	seconds = clock_span(began, clock_now());
	set->checked[op] = true;
	r->verified = run->sum == run->expected_sum && !m.any;
	r->pages = set->pages;
	r->threads = (int)team_size(team);
	snprintf(r->kernel, sizeof(r->kernel), "%s", run->kernel->name);
	record_set(r, "kernel", "pages", "threads", "verified", NULL);
	memory_tell(&set->memory[0], r);
	if (m.any)
		record_status(
			r, STATUS_CORRUPT,
			"%s on node %d: wrong data at offset %zu: expected %.17g, found %.17g",
			run->kernel->name, set->memory[0].node, m.element * sizeof(double),
			m.expected, m.found);
	else if (!r->verified)
		record_status(
			r, STATUS_CORRUPT,
			"%s on node %d: wrong sum of offsets 0 to %zu: expected %.17g, found %.17g",
			run->kernel->name, set->memory[0].node, set->n * sizeof(double),
			run->expected_sum, run->sum);
	return seconds;
}
