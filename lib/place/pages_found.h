/* pages_found.h - where pages were found, by node, as a plain value: it can be handed from one
 * process to another, and kept by the hundred. */
#ifndef NB_PLACE_PAGES_FOUND_H
#define NB_PLACE_PAGES_FOUND_H

#include <jansson.h>

#include "result/record.h"

struct pages_found {
	size_t n;
	struct resident of[SPREAD_MOST]; /* in order of node */
	enum proof proof;
};

struct pages_found pages_found_of(const struct placement *p);
/* As the pages of an empty placement. -ENOMEM. */
int pages_found_place(const struct pages_found *f, struct placement *p);
/* Pages on a node; *all gets those on all nodes. */
uint64_t pages_found_on(const struct pages_found *f, int node, uint64_t *all);
/* { "0": 128, "1": 384 }; NULL: out of memory. */
json_t *pages_found_json(const struct pages_found *f);

#endif
