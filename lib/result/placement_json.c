#include "result/placement_json.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/words.h"

const char *const proof_words[] = { [PROOF_NONE] = "none",
				    [PROOF_MOVE_PAGES] = "move_pages",
				    [PROOF_NUMA_MAPS] = "numa_maps",
				    NULL };

bool json_whole(const json_t *v, json_int_t *i)
{
	double d = json_number_value(v);

	if (json_is_integer(v))
		*i = json_integer_value(v);
	else if (json_is_real(v) && floor(d) == d && fabs(d) <= 9007199254740992.0) /* 2^53 */
		*i = (json_int_t)d;
	else
		return false;
	return true;
}

bool spread_same(const struct spread *a, const struct spread *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->of[i].node != b->of[i].node || a->of[i].weight != b->of[i].weight)
			return false;
	return true;
}

double spread_share(const struct spread *s, int node)
{
	double own = 0, all = 0;

	for (size_t i = 0; i < s->n; i++) {
		all += s->of[i].weight;
		own += s->of[i].node == node ? s->of[i].weight : 0;
	}
	return all > 0 ? own / all : 0;
}

/* One node, or the weights of several. */
static int put_wish(json_t *o, const struct placement *p)
{
	json_t *weights;
	int bad = 0;

	if (p->spread.n == 0)
		return json_object_set_new(o, "requested", json_integer(p->requested));
	weights = json_object();
	for (size_t i = 0; i < p->spread.n; i++) {
		char node[16];

		snprintf(node, sizeof node, "%d", p->spread.of[i].node);
		bad |= json_object_set_new(weights, node, json_integer(p->spread.of[i].weight));
	}
	bad |= json_object_set_new(o, "weights", weights);
	return bad | json_object_set_new(o, "slack", json_integer((json_int_t)p->slack));
}

json_t *placement_to_json(const struct placement *p)
{
	json_t *o = json_object(), *resident = json_object(), *ran_on = json_array();
	int bad = 0;

	for (size_t i = 0; i < p->nresident; i++) {
		char node[16];

		snprintf(node, sizeof node, "%d", p->resident[i].node);
		bad |= json_object_set_new(resident, node,
					   json_integer((json_int_t)p->resident[i].pages));
	}
	for (size_t i = 0; i < p->nran_on; i++)
		bad |= json_array_append_new(ran_on, json_integer(p->ran_on[i]));
	bad |= put_wish(o, p);
	bad |= json_object_set_new(o, "resident", resident);
	bad |= json_object_set_new(o, "ran_on", ran_on);
	bad |= json_object_set_new(o, "proof", json_string(proof_words[p->proof]));
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

void placement_release(struct placement *p)
{
	free(p->resident);
	free(p->ran_on);
	*p = (struct placement){ 0 };
}

int placement_copy(struct placement *to, const struct placement *from)
{
	struct placement p = *from;

	p.resident = calloc(from->nresident + 1, sizeof *p.resident);
	p.ran_on = calloc(from->nran_on + 1, sizeof *p.ran_on);
	if (!p.resident || !p.ran_on) {
		placement_release(&p);
		return -ENOMEM;
	}
	if (from->nresident)
		memcpy(p.resident, from->resident, from->nresident * sizeof *p.resident);
	if (from->nran_on)
		memcpy(p.ran_on, from->ran_on, from->nran_on * sizeof *p.ran_on);
	placement_release(to);
	*to = p;
	return 0;
}

static int by_node(const void *a, const void *b)
{
	const struct resident *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

/* A node's number in its one spelling; -1 stands for pages that are nowhere. */
static bool node_number(const char *text, int *node)
{
	char again[16];
	long n = strtol(text, NULL, 10);

	if (n < -1 || n > INT_MAX)
		return false;
	*node = (int)n;
	snprintf(again, sizeof again, "%d", *node);
	return strcmp(again, text) == 0;
}

static int by_weighed_node(const void *a, const void *b)
{
	const struct node_weight *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

static int read_weights(struct spread *s, const char *key, json_t *o, struct err *e)
{
	const char *node;
	json_t *weight;

	if (!json_is_object(o) || !json_object_size(o) || json_object_size(o) > SPREAD_MOST)
		return err_set(e, -EINVAL, "%s.weights: an object of 1 to %d nodes is needed", key,
			       SPREAD_MOST);
	json_object_foreach(o, node, weight)
	{
		struct node_weight *w = &s->of[s->n++];
		json_int_t n;

		if (!node_number(node, &w->node) || w->node < 0)
			return err_set(e, -EINVAL, "%s.weights: \"%.20s\" is no node number", key,
				       node);
		if (!json_whole(weight, &n) || n < 1 || n > INT_MAX)
			return err_set(e, -EINVAL, "%s.weights.%s: 1 or more is needed", key, node);
		w->weight = (unsigned)n;
	}
	qsort(s->of, s->n, sizeof *s->of, by_weighed_node);
	return 0;
}

/* One node, or the weights of several with the slack. */
static int read_wish(struct placement *p, const char *key, const json_t *v, struct err *e)
{
	json_t *weights = json_object_get(v, "weights");
	json_int_t n;

	if (!weights) {
		if (!json_whole(json_object_get(v, "requested"), &n) || n < 0 || n > INT_MAX)
			return err_set(e, -EINVAL, "%s.requested: a node number is needed", key);
		p->requested = (int)n;
		return 0;
	}
	if (!json_whole(json_object_get(v, "slack"), &n) || n < 0)
		return err_set(e, -EINVAL, "%s.slack: a number of pages, 0 or more, is needed",
			       key);
	p->slack = (uint64_t)n;
	return read_weights(&p->spread, key, weights, e);
}

static int read_resident(struct placement *p, const char *key, json_t *o, struct err *e)
{
	const char *node;
	json_t *pages;

	if (!json_is_object(o))
		return err_set(e, -EINVAL, "%s.resident: an object {\"node\": pages} is needed",
			       key);
	p->resident = calloc(json_object_size(o) + 1, sizeof *p->resident);
	if (!p->resident)
		return err_set(e, -ENOMEM, "%s: out of memory", key);
	json_object_foreach(o, node, pages)
	{
		struct resident *r = &p->resident[p->nresident++];
		json_int_t n;

		if (!node_number(node, &r->node))
			return err_set(e, -EINVAL, "%s.resident: \"%.20s\" is no node number", key,
				       node);
		if (!json_whole(pages, &n) || n < 0)
			return err_set(e, -EINVAL,
				       "%s.resident.%s: a number of pages, 0 or more, is needed",
				       key, node);
		r->pages = (uint64_t)n;
	}
	qsort(p->resident, p->nresident, sizeof *p->resident, by_node);
	return 0;
}

static int read_ran_on(struct placement *p, const char *key, const json_t *list, struct err *e)
{
	if (!json_is_array(list))
		return err_set(e, -EINVAL, "%s.ran_on: a list of node numbers is needed", key);
	p->ran_on = calloc(json_array_size(list) + 1, sizeof *p->ran_on);
	if (!p->ran_on)
		return err_set(e, -ENOMEM, "%s: out of memory", key);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_int_t n;

		if (!json_whole(json_array_get(list, i), &n) || n < 0 || n > INT_MAX)
			return err_set(e, -EINVAL, "%s.ran_on[%zu]: a node number is needed", key,
				       i);
		p->ran_on[p->nran_on++] = (int)n;
	}
	return 0;
}

static int read_proof(struct placement *p, const char *key, const json_t *v, struct err *e)
{
	const char *word = json_string_value(v);

	for (int i = 0; word && proof_words[i]; i++)
		if (strcmp(proof_words[i], word) == 0) {
			p->proof = (enum proof)i;
			return 0;
		}
	return err_set(e, -EINVAL, "%s.proof: move_pages, numa_maps or none is needed", key);
}

int placement_from_json(struct placement *to, const char *key, const json_t *v, struct err *e)
{
	struct placement p = { 0 };
	int rc;

	if (!json_is_object(v))
		return err_set(e, -EINVAL, "%s: an object is needed", key);
	rc = read_wish(&p, key, v, e);
	if (rc == 0)
		rc = read_resident(&p, key, json_object_get(v, "resident"), e);
	if (rc == 0)
		rc = read_ran_on(&p, key, json_object_get(v, "ran_on"), e);
	if (rc == 0)
		rc = read_proof(&p, key, json_object_get(v, "proof"), e);
	placement_release(rc == 0 ? to : &p);
	if (rc == 0)
		*to = p;
	return rc;
}
