/* idset.h - a set of small numbers: CPUs, NUMA nodes or GPUs.
 *
 * A plain value: copy it, compare it, no release. Numbers may be sparse.
 * The text form is the kernel's list: "0-3,8,10-11".
 */
#ifndef NB_UTIL_IDSET_H
#define NB_UTIL_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum { IDSET_MAX = 8192 }; /* numbers 0 .. IDSET_MAX-1; Linux has at most 8192 CPUs */

struct idset {
	uint64_t word[IDSET_MAX / 64];
};

void idset_add(struct idset *s, int id);       /* out of range: ignored */
bool idset_has(const struct idset *s, int id); /* out of range: false */
size_t idset_count(const struct idset *s);
bool idset_empty(const struct idset *s);
bool idset_equal(const struct idset *a, const struct idset *b);
struct idset idset_and(const struct idset *a, const struct idset *b);
struct idset idset_or(const struct idset *a, const struct idset *b);
struct idset idset_minus(const struct idset *a, const struct idset *b);

/* The smallest member greater than `after`, or -1. Start with after = -1:
 *     for (int i = -1; (i = idset_next(&s, i)) >= 0;) */
int idset_next(const struct idset *s, int after);

/* Parses a list such as "0,2-3". Strict: no empty items, no blanks, no
 * reversed ranges, nothing above IDSET_MAX-1. An empty text is -EINVAL but
 * for idset_parse_kernel, which takes what sysfs prints (empty, newline).
 * -EINVAL with the offending part in e; *s is then empty. */
int idset_parse(struct idset *s, const char *text, struct err *e);
int idset_parse_kernel(struct idset *s, const char *text);

/* Writes the list form; returns the length it wants, as snprintf. Where that is too much it ends
 * with ",.." behind the last number that is whole: "0-3,8,..". */
size_t idset_format(const struct idset *s, char *buf, size_t size);

#endif
