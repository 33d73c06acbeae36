/* stream_set.c - three arrays and a team. */
#include "kernels/stream_set.h"

#include <errno.h>
#include <math.h>
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

/* A pass over so many bytes or fewer is short against a time slice. */
enum { LITTLE = 64 << 20 };

uint64_t stream_set_bytes(uint64_t bytes)
{
	return STREAM_ARRAYS * (bytes + 2 * SKEW);
}

uint64_t stream_set_array(uint64_t set_bytes)
{
	return set_bytes / STREAM_ARRAYS - 2 * SKEW;
}

void stream_share(size_t n, size_t rank, size_t size, size_t *first, size_t *count)
{
	size_t pages = n / PAGE_ELEMENTS;
	size_t from = pages * rank / size * PAGE_ELEMENTS;
	size_t to = rank + 1 == size ? n : pages * (rank + 1) / size * PAGE_ELEMENTS;

	*first = from;
	*count = to - from;
}

size_t stream_share_least(size_t n, size_t threads)
{
	size_t pages = n / PAGE_ELEMENTS / threads * PAGE_ELEMENTS;

	return pages ? pages : n / threads;
}

static size_t threads_of(const struct stream_run *r, const struct team *team)
{
	return r->threads ? r->threads : team_size(team);
}

/* What a thread goes over in a run. */
static void part_of(const struct stream_run *r, size_t rank, size_t size, size_t *first,
		    size_t *count)
{
	stream_share(r->n, rank, size, first, count);
	*first += r->first;
	if (r->each && r->each < *count)
		*count = r->each;
}

static void fill_share(void *arg, size_t rank, size_t size)
{
	struct stream_set *set = arg;
	size_t first, n;

	stream_share(set->n, rank, size, &first, &n);
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

	p->slack = 0;
	for (size_t i = 0; i < STREAM_ARRAYS && rc == 0; i++) {
		rc = memory_prove(set->memory[i].p, set->memory[i].bytes, p);
		p->slack += memory_turn(&set->memory[i], &p->spread);
	}
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

	part_of(r, rank, size, &first, &n);
	for (unsigned i = 0; i < r->repeat; i++)
		sum += r->kernel->run(array[0] + first, array[1] + first, array[2] + first,
				      r->set->s, n);
	p->sums[rank * SUM_APART] = sum;
}

static double expected_sum(const struct stream_run *r, size_t threads)
{
	double sum = 0;
	size_t first, n;

	if (!r->each)
		return r->repeat * stream_data_sum(&r->set->data, r->first, r->n);
	for (size_t i = 0; i < threads; i++) {
		part_of(r, i, threads, &first, &n);
		sum += stream_data_sum(&r->set->data, first, n);
	}
	return r->repeat * sum;
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

void stream_set_scalar(struct stream_set *set)
{
	set->s = 2 + set->runs++ % 61;
}

int stream_set_run(struct stream_run *r, struct team *team)
{
	struct stream_set *set = r->set;
	size_t threads = threads_of(r, team);
	struct pass p = { .run = r };

	p.sums = calloc(threads, SUM_APART * sizeof(double));
	if (!p.sums)
		return -ENOMEM;
	stream_set_scalar(set);
	if (r->kernel->op == STREAM_UPDATE)
		prepare_update(r, team);
	r->seconds = time_team_first(team, threads, run_share, &p);
	r->sum = r->expected_sum = 0;
	for (size_t i = 0; i < threads; i++)
		r->sum += p.sums[i * SUM_APART];
	free(p.sums);
	if (r->kernel->op == STREAM_READ)
		r->expected_sum = expected_sum(r, threads);
	return 0;
}

static double elements_of(const struct stream_run *r)
{
	return r->each ? (double)r->each * (double)r->threads : (double)r->n;
}

/* A pass over little memory that was interrupted seems to take as long as a sample: then the
 * sooner of two tells. */
static int try_again(struct stream_run *r, struct team *team)
{
	double seconds = r->seconds;
	int rc;

	if (elements_of(r) * sizeof(double) > LITTLE)
		return 0;
	rc = stream_set_run(r, team);
	r->seconds = fmin(r->seconds, seconds);
	return rc;
}

int stream_set_sample(struct stream_run *r, struct team *team, unsigned *repeat)
{
	bool known = *repeat > 0;
	double enough = known ? SAMPLE_SECONDS / 2 : SAMPLE_SECONDS;
	int rc;

	r->threads = threads_of(r, team);
	r->repeat = known ? *repeat : 1;
	rc = stream_set_run(r, team);
	if (rc == 0 && !known)
		rc = try_again(r, team);
	/* A few passes over little memory are mostly the threads' start: once more, then. And
	 * what seemed long once, because a neighbour was there, may have been too short. */
	while (rc == 0 && r->seconds < enough && r->repeat < REPEATS_MOST) {
		r->repeat = repeats_for(r->seconds / r->repeat, 2 * SAMPLE_SECONDS, REPEATS_MOST);
		rc = stream_set_run(r, team);
	}
	*repeat = r->repeat;
	return rc;
}

double stream_run_rate(const struct stream_run *r)
{
	return stream_counted_bytes(r->kernel->op) * elements_of(r) * r->repeat / r->seconds;
}

struct checking {
	const struct stream_run *run;
	pthread_mutex_t lock;
	struct stream_mismatch first;
};

static void check_share(void *arg, size_t rank, size_t size)
{
	struct checking *c = arg;
	const struct stream_set *set = c->run->set;
	struct stream_mismatch m;
	size_t first, n;

	part_of(c->run, rank, size, &first, &n);
	stream_data_check(&set->data, c->run->kernel->op, set->array[0], first, n, set->s, &m);
	pthread_mutex_lock(&c->lock);
	if (m.any && (!c->first.any || m.element < c->first.element))
		c->first = m;
	pthread_mutex_unlock(&c->lock);
}

void stream_set_check(const struct stream_run *run, struct team *team, struct stream_mismatch *m)
{
	struct checking c = { .run = run };
	/* Of parts of shares, those who worked on them; whole arrays can be looked at by all. */
	size_t threads = run->each ? threads_of(run, team) : team_size(team);

	pthread_mutex_init(&c.lock, NULL);
	team_run_first(team, threads, check_share, &c);
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

	if (run->each || !set->checked[op])
		stream_set_check(run, team, &m);
	seconds = clock_span(began, clock_now());
	if (!run->each)
		set->checked[op] = true;
	r->verified = run->sum == run->expected_sum && !m.any;
	r->pages = set->pages;
	r->threads = (int)threads_of(run, team);
	r->bus_factor = stream_traffic_bytes(run->kernel) / stream_counted_bytes(op);
	snprintf(r->kernel, sizeof(r->kernel), "%s", run->kernel->name);
	record_set(r, "kernel", "pages", "threads", "verified", NULL);
	if (!run->each) /* caches are not on that bus */
		record_set(r, "bus_factor", NULL);
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
