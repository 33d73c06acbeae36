#include "front/load.h"

#include <math.h>
#include <sys/resource.h>

#include "util/json.h"
#include "util/now.h"

/* Less than this the kernel's ticks do not tell apart. */
#define SHORTEST_S 0.5

static double seconds_of(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec * 1e-6;
}

/* This process, and all children that have ended, theirs included. */
static double our_seconds(void)
{
	double sum = 0;

	for (int i = 0; i < 2; i++) {
		struct rusage used = { .ru_maxrss = 0 };

		getrusage((const int[]){ RUSAGE_SELF, RUSAGE_CHILDREN }[i], &used);
		sum += seconds_of(&used.ru_utime) + seconds_of(&used.ru_stime);
	}
	return sum;
}

struct load_reading load_begin(const struct machine *m)
{
	struct load_reading now = { .at = seconds_now(), .ours = our_seconds() };
	struct sysroot root;

	if (sysroot_open_live(&root, NULL) < 0)
		return now;
	now.is = cputime_read(&now.cpus, &root, &m->allowed_cpus) == 0;
	sysroot_close(&root);
	return now;
}

void load_end(struct load *l, const struct load_reading *from, const struct machine *m)
{
	struct load_reading now = load_begin(m);
	double all = (now.at - from->at) * (double)idset_count(&m->allowed_cpus);

	if (!from->is || !now.is)
		return;
	l->all += all;
	/* The kernel's ticks may count less than what was used. */
	l->others += fmax(0, now.cpus.busy - from->cpus.busy - (now.ours - from->ours));
	l->stolen += fmax(0, now.cpus.stolen - from->cpus.stolen);
}

json_t *load_json(const struct load *l)
{
	json_t *o;
	int bad = 0;

	if (!(l->all >= SHORTEST_S))
		return NULL;
	o = json_object();
	bad |= json_put(o, "others", json_real(fmin(1, l->others / l->all)));
	bad |= json_put(o, "stolen", json_real(fmin(1, l->stolen / l->all)));
	return json_or_null(o, bad);
}
