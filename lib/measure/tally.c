#include "measure/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result/statistics.h"

struct tally {
	struct tally *next;
	size_t site;
	int variant;
	double *v;
	size_t n;
};

static const struct {
	const char *name;
	double p;
} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "max", 1 } };

static struct tally *of_cell(struct tally **first, const struct cell *c)
{
	struct tally *t = *first;

	while (t && (t->site != c->site || t->variant != c->variant))
		t = t->next;
	if (!t && (t = calloc(1, sizeof *t))) {
		*t = (struct tally){ .next = *first, .site = c->site, .variant = c->variant };
		*first = t;
	}
	return t;
}

static json_t *spell(struct tally *t)
{
	json_t *o = json_object();

	sort_doubles(t->v, t->n);
	for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
		json_object_set_new(o, quantiles[i].name,
				    t->n ? json_real(quantile_sorted(t->v, t->n, quantiles[i].p))
					 : json_null());
	json_object_set_new(o, "operations", json_integer((json_int_t)t->n));
	return o;
}

int tally_add(struct tally **first, struct cell *c, const double *v, size_t n)
{
	struct tally *t = of_cell(first, c);
	double *more = t ? realloc(t->v, (t->n + n + 1) * sizeof *more) : NULL;

	if (!more)
		return -ENOMEM;
	t->v = more;
	if (n)
		memcpy(t->v + t->n, v, n * sizeof *v);
	t->n += n;
	if (!c->rec.more)
		c->rec.more = json_object();
	return json_object_set_new(c->rec.more, "quantiles", spell(t)) < 0 ? -ENOMEM : 0;
}

void tally_free(struct tally *t)
{
	for (struct tally *next; t; t = next) {
		next = t->next;
		free(t->v);
		free(t);
	}
}
