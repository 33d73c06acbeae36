/* fingerprint.c - a few pairs of cores that tell where all of them are. */
#include "kernels/fingerprint.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "kernels/pingpong.h"
#include "util/units.h"

/* Within a regime round trips of the guest named in the header varied by 1.7; between regimes they
 * differed by 3.3 and more. */
#define CHANGED 2.0

/* The cores behind one last-level cache, or of a node where no cache is known. */
struct group {
	const struct idset *cpus;
	int first, second; /* CPUs of its first two cores; -1: none */
};

static const struct idset *behind(const struct node *n, int cpu)
{
	const struct cache *last = machine_last_cache(n, cpu);

	return last ? &last->cpus : &n->cpus;
}

static size_t add_core(struct group *groups, size_t n, const struct node *node, int cpu)
{
	for (size_t g = 0; g < n; g++) {
		if (!idset_has(groups[g].cpus, cpu))
			continue;
		if (groups[g].second < 0)
			groups[g].second = cpu;
		return n;
	}
	if (n < FINGERPRINT_PAIRS / 2)
		groups[n++] = (struct group){ behind(node, cpu), cpu, -1 };
	return n;
}

void fingerprint_plan(struct fingerprint *f, const struct machine *m)
{
	struct group groups[FINGERPRINT_PAIRS / 2];
	size_t n = 0;

	for (size_t i = 0; i < m->nnodes; i++)
		for (size_t c = 0; c < m->nodes[i].ncores; c++)
			n = add_core(groups, n, &m->nodes[i],
				     idset_next(&m->nodes[i].cores[c].cpus, -1));
	f->n = 0;
	for (size_t g = 0; g < n; g++) {
		const struct group *own = &groups[g];

		if (own->second >= 0)
			f->pair[f->n++] = (struct cpu_pair){ own->first, own->second, NAN };
		if (g > 0)
			f->pair[f->n++] = (struct cpu_pair){ own[-1].first, own->first, NAN };
	}
}

int fingerprint_take(struct fingerprint *f, const struct machine *m, struct err *e)
{
	fingerprint_plan(f, m);
	for (size_t i = 0; i < f->n; i++) {
		struct cpu_pair *p = &f->pair[i];
		int rc = pingpong(p->a, p->b, &p->seconds, e);

		if (rc == -EAGAIN)
			p->seconds = NAN;
		else if (rc < 0)
			return rc;
	}
	return 0;
}

bool fingerprint_changed(const struct fingerprint *before, const struct fingerprint *after,
			 char *why, size_t size)
{
	if (size > 0)
		why[0] = '\0';
	for (size_t i = 0; i < before->n && i < after->n; i++) {
		const struct cpu_pair *was = &before->pair[i], *is = &after->pair[i];
		double ratio = is->seconds / was->seconds;

		if (!(ratio > CHANGED || ratio < 1 / CHANGED)) /* nor where one of them is NaN */
			continue;
		snprintf(why, size,
			 "CPUs %d and %d pass a cache line in %.0f ns, and before in %.0f: the "
			 "guest's cores were moved to others, or a neighbour came or went",
			 is->a, is->b, is->seconds * 1e9, was->seconds * 1e9);
		return true;
	}
	return false;
}

bool fingerprint_words(const struct fingerprint *f, char *buf, size_t size)
{
	double least = INFINITY, most = 0;
	char pairs[48], time[48];
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (!isfinite(f->pair[i].seconds))
			continue;
		least = fmin(least, f->pair[i].seconds);
		most = fmax(most, f->pair[i].seconds);
		n++;
	}
	snprintf(buf, size, "%s", "");
	if (n == 0)
		return false;
	if (f->n == 1)
		snprintf(pairs, sizeof(pairs), "CPUs %d and %d", f->pair[0].a, f->pair[0].b);
	else
		snprintf(pairs, sizeof(pairs), "%zu pair%s of CPUs", n, plural(n));
	/* What is the same in whole nanoseconds is no range. */
	if (lround(least * 1e9) == lround(most * 1e9))
		snprintf(time, sizeof(time), "%ld ns", lround(most * 1e9));
	else
		snprintf(time, sizeof(time), "%ld to %ld ns", lround(least * 1e9),
			 lround(most * 1e9));
	snprintf(buf, size, "between %s a cache line passes in %s", pairs, time);
	return true;
}
