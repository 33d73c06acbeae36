#include "place/pages_found.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"

struct pages_found pages_found_of(const struct placement *p)
{
	struct pages_found f = { .proof = p->proof };

	for (; f.n < p->nresident && f.n < SPREAD_MOST; f.n++)
		f.of[f.n] = p->resident[f.n];
	return f;
}

int pages_found_place(const struct pages_found *f, struct placement *p)
{
	p->resident = calloc(f->n + 1, sizeof *p->resident);
	if (!p->resident)
		return -ENOMEM;
	memcpy(p->resident, f->of, f->n * sizeof *p->resident);
	p->nresident = f->n;
	p->proof = f->proof;
	return 0;
}

uint64_t pages_found_on(const struct pages_found *f, int node, uint64_t *all)
{
	uint64_t there = 0;

	*all = 0;
	for (size_t i = 0; i < f->n; i++) {
		*all += f->of[i].pages;
		there += f->of[i].node == node ? f->of[i].pages : 0;
	}
	return there;
}

json_t *pages_found_json(const struct pages_found *f)
{
	json_t *o = json_object();
	int bad = !o;

	for (size_t i = 0; i < f->n && !bad; i++) {
		char node[16];

		snprintf(node, sizeof node, "%d", f->of[i].node);
		bad |= json_put(o, node, json_integer((json_int_t)f->of[i].pages));
	}
	return json_or_null(o, bad);
}
