#include "kernels/chase_loaded.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "result/statistics.h"

struct walk {
	struct chase_set *set;
	size_t loads;
	double seconds;
};

static void walk(void *arg)
{
	struct walk *k = arg;

	k->seconds = chase_set_walk_here(k->set, k->loads);
}

double chase_loaded_walk(struct chase_set *set, struct injector *in, struct team *team,
			 double share, size_t loads, double *injected)
{
	struct walk k = { .set = set, .loads = loads };

	*injected = injector_run(in, team, share, walk, &k);
	return isfinite(*injected) ? k.seconds : NAN;
}

static double median_of_json(const json_t *list)
{
	size_t n = json_array_size(list);
	double *v = calloc(n + 1, sizeof(*v)), median = NAN;

	for (size_t i = 0; v && i < n; i++)
		v[i] = json_real_value(json_array_get(list, i));
	if (v)
		median = median_of(v, n);
	free(v);
	return median;
}

int chase_loaded_tell(const struct injector *in, const struct team *team, double injected,
		      struct record *r)
{
	json_t *each, *how;

	if (!r->more)
		r->more = json_object();
	each = json_object_get(r->more, "injected_each");
	if (!each)
		json_object_set_new(r->more, "injected_each", each = json_array());
	how = json_pack("{s:I, s:s}", "threads", (json_int_t)team_size(team) - 1, "kernel",
			in->read->name);
	if (json_array_append_new(each, json_real(injected)) < 0 || !how ||
	    json_object_set_new(r->more, "injectors", how) < 0)
		return -ENOMEM;
	r->injected = median_of_json(each);
	record_set(r, "injected", NULL);
	return 0;
}
