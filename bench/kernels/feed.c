#include "kernels/feed.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "measure/clock.h"
#include "util/random.h"

/* Eight words side by side: the compiler's own vectors, as wide as the machine has them. */
typedef uint64_t words __attribute__((vector_size(FEED_UNIT)));
enum { WIDTH = FEED_UNIT / sizeof(uint64_t) };

/* What a pass writes: word i is first + i * step. No two passes have a word in common but by
 * chance, and the sum is known without reading. */
struct contents {
	uint64_t first, step;
};

enum { OUT, BACK, HOSTS };

struct feed {
	struct feed_spec spec;
	struct hostmem host[HOSTS];
	void *device;
	struct gpu_stream *stream;
	uint64_t random;
	int cpu, node; /* at the last look */
};

const char *feed_step_name(enum feed_step s)
{
	static const char *const names[] = { [FEED_PRODUCE] = "produce",
					     [FEED_H2D] = "h2d",
					     [FEED_D2H] = "d2h",
					     [FEED_CONSUME] = "consume" };

	return names[s];
}

/* ---- buffers ---- */

int feed_open(struct feed **out, const struct feed_spec *spec, struct err *e)
{
	static const struct policy as_process = { .which = MEMPOLICY_DEFAULT };
	struct feed *f = calloc(1, sizeof(*f));
	int rc;

	*out = NULL;
	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	f->spec = *spec;
	f->random = spec->seed;
	f->cpu = f->node = -1;
	rc = gpu_stream_open(&f->stream, spec->dev, e);
	if (rc == 0)
		rc = gpu_alloc(spec->dev, &f->device, spec->bytes, e);
	for (int i = 0; rc == 0 && i < HOSTS; i++) {
		f->host[i] = (struct hostmem){
			.kind = spec->memory,
			.bytes = spec->bytes,
			.dev = spec->dev,
			.want = { .machine = spec->machine,
				  .node = spec->node,
				  .pages = spec->pages,
				  .policy = spec->node < 0 ? &as_process : NULL },
		};
		rc = hostmem_alloc(&f->host[i], e);
	}
	if (rc < 0) {
		feed_close(f);
		return rc;
	}
	*out = f;
	return 0;
}

void feed_close(struct feed *f)
{
	if (!f)
		return;
	for (int i = 0; i < HOSTS; i++)
		hostmem_free(&f->host[i]);
	if (f->device)
		gpu_free(f->spec.dev, f->device);
	gpu_stream_close(f->stream);
	free(f);
}

int feed_prove(struct feed *f, struct placement *p)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < HOSTS; i++)
		rc = memory_prove(f->host[i].p, f->host[i].bytes, p);
	return rc;
}

bool feed_stand_in(const struct feed *f)
{
	return f->host[OUT].stand_in || f->host[BACK].stand_in;
}

/* ---- looks ---- */

static void count_node(struct feed_seen *s, int node)
{
	size_t i = 0;

	while (i < s->n && s->on[i].node != node)
		i++;
	if (i == FEED_NODES)
		return;
	if (i == s->n)
		s->on[s->n++].node = node;
	s->on[i].looks++;
}

static void look(struct feed *f, struct feed_seen *s)
{
	int cpu = sched_getcpu();

	if (cpu != f->cpu) {
		const struct node *n = machine_node_of_cpu(f->spec.machine, cpu);
		int node = n ? n->id : -1;

		if (s->looks > 0) {
			s->moves++;
			s->node_moves += node != f->node;
		}
		f->cpu = cpu;
		f->node = node;
	}
	s->looks++;
	count_node(s, f->node);
}

/* ---- the steps ---- */

static void write_words(uint64_t *p, size_t n, uint64_t first, uint64_t step)
{
	words v, add;

	for (size_t k = 0; k < WIDTH; k++) {
		v[k] = first + k * step;
		add[k] = WIDTH * step;
	}
	for (size_t i = 0; i < n; i += WIDTH, v += add)
		*(words *)(void *)&p[i] = v;
}

static uint64_t sum_words(const uint64_t *p, size_t n)
{
	words v = { 0 };
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i += WIDTH)
		v += *(const words *)(const void *)&p[i];
	for (size_t k = 0; k < WIDTH; k++)
		sum += v[k];
	return sum;
}

/* n * first + step * (0 + 1 + .. n - 1); n is even. */
static uint64_t sum_of(const struct contents *c, size_t n)
{
	return n * c->first + n / 2 * (n - 1) * c->step;
}

static size_t words_of(const struct feed *f)
{
	return f->spec.bytes / sizeof(uint64_t);
}

/* Words from `at` on until the next look. */
static size_t part(const struct feed *f, size_t at)
{
	const size_t most = FEED_LOOK / sizeof(uint64_t);

	return words_of(f) - at < most ? words_of(f) - at : most;
}

static void produce(struct feed *f, const struct contents *c, struct feed_seen *s)
{
	uint64_t *p = f->host[OUT].p;

	for (size_t at = 0; at < words_of(f); at += part(f, at)) {
		write_words(&p[at], part(f, at), c->first + at * c->step, c->step);
		look(f, s);
	}
}

static uint64_t consume(struct feed *f, struct feed_seen *s)
{
	const uint64_t *p = f->host[BACK].p;
	uint64_t sum = 0;

	for (size_t at = 0; at < words_of(f); at += part(f, at)) {
		sum += sum_words(&p[at], part(f, at));
		look(f, s);
	}
	return sum;
}

static int copy(struct feed *f, enum gpu_direction way, struct err *e)
{
	const struct gpu_transfer t = hostmem_transfer(&f->host[way == GPU_H2D ? OUT : BACK],
						       f->device, way, f->spec.bytes);

	return gpu_do(f->stream, &t, e);
}

/* ---- what went wrong ---- */

/* The first word that is not as produced; false: all are. */
static bool find_wrong(const struct feed *f, const struct contents *c, struct mismatch *m)
{
	const uint64_t *p = f->host[BACK].p;

	*m = (struct mismatch){ 0 };
	for (size_t i = 0; i < words_of(f); i++) {
		uint64_t want = c->first + i * c->step;
		size_t byte = 0;

		if (p[i] == want || m->words++)
			continue;
		while (((const uint8_t *)&p[i])[byte] == ((const uint8_t *)&want)[byte])
			byte++;
		m->offset = i * sizeof(*p) + byte;
		m->expected = ((const uint8_t *)&want)[byte];
		m->found = ((const uint8_t *)&p[i])[byte];
	}
	return m->words > 0;
}

/* Copies back once more, over what is no pass's contents: where that is wrong in the same word, the
 * copy to the GPU was. */
static int find_culprit(struct feed *f, const struct contents *c, struct feed_run *r, struct err *e)
{
	struct mismatch again;
	int rc;

	r->wrong = true;
	find_wrong(f, c, &r->where);
	pattern_poison(f->host[BACK].p, f->spec.bytes);
	rc = copy(f, GPU_D2H, e);
	r->way = find_wrong(f, c, &again) && again.offset == r->where.offset ? DIR_H2D : DIR_D2H;
	return rc;
}

/* ---- passes ---- */

static int pass(struct feed *f, struct feed_run *r, struct err *e)
{
	struct contents c = { .first = random_next(&f->random) };
	struct instant at[FEED_STEPS + 1];
	uint64_t sum;
	int rc;

	c.step = random_next(&f->random) | 1;
	at[FEED_PRODUCE] = clock_now();
	produce(f, &c, &r->seen);
	at[FEED_H2D] = clock_now();
	rc = copy(f, GPU_H2D, e);
	look(f, &r->seen);
	at[FEED_D2H] = clock_now();
	if (rc == 0)
		rc = copy(f, GPU_D2H, e);
	look(f, &r->seen);
	at[FEED_CONSUME] = clock_now();
	if (rc < 0)
		return rc;
	sum = consume(f, &r->seen);
	at[FEED_STEPS] = clock_now();
	for (int i = 0; i < FEED_STEPS; i++)
		r->step[i] += clock_span(at[i], at[i + 1]);
	r->seconds += clock_span(at[0], at[FEED_STEPS]);
	r->passes++;
	return sum == sum_of(&c, words_of(f)) ? 0 : find_culprit(f, &c, r, e);
}

int feed_run(struct feed *f, double seconds, unsigned least, bool (*more)(void *arg), void *arg,
	     struct feed_run *r, struct err *e)
{
	struct feed_run others = { 0 };
	int rc = 0;

	*r = (struct feed_run){ 0 };
	while (rc == 0 && !r->wrong && (r->passes < least || r->seconds < seconds))
		rc = pass(f, r, e);
	while (rc == 0 && !r->wrong && !others.wrong && more && more(arg))
		rc = pass(f, &others, e);
	if (others.wrong) {
		r->wrong = true;
		r->way = others.way;
		r->where = others.where;
	}
	return rc;
}
