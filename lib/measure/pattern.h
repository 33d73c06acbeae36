/* pattern.h - data that can be recognised: what a copy must bring.
 *
 * Every 8-byte word of a buffer is a function of a seed, the pass and its place,
 * so that contents differ from pass to pass and from word to word, and nothing
 * that was left over from an earlier pass can be taken for right.
 */
#ifndef NB_MEASURE_PATTERN_H
#define NB_MEASURE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "place/threads.h"
#include "result/record.h"

struct pattern {
	uint64_t seed, pass;
};

struct mismatch {
	size_t offset; /* of the first wrong byte, in the whole buffer */
	uint8_t expected, found;
	size_t words; /* how many words are wrong, in the part looked at */
};

/* Before the first pass over a buffer of a site's opening `fresh`; lane tells several buffers of a
 * site apart. Each pass raises `pass` by one. */
struct pattern pattern_start(uint64_t seed, int fresh, int lane);

/* Writes bytes [from, from + bytes) of the pattern to p; from is a multiple of 8. */
void pattern_fill(void *p, size_t bytes, size_t from, const struct pattern *what);

/* Both by a team's threads, each a part; NULL: by the caller. */
void pattern_fill_by(struct team *t, void *p, size_t bytes, size_t from,
		     const struct pattern *what);
bool pattern_check_by(struct team *t, const void *p, size_t bytes, size_t from,
		      const struct pattern *what, struct mismatch *m);

/* Fills p with what is no pass's contents. */
void pattern_poison(void *p, size_t bytes);

/* True when p holds bytes [from, from + bytes) of the pattern; else *m says where not. */
bool pattern_check(const void *p, size_t bytes, size_t from, const struct pattern *what,
		   struct mismatch *m);

/* Marks a record as corrupt, with GPU, node, direction (the one that went wrong, where the record
 * is of both), offset and bits in the reason. */
void pattern_report(struct record *r, enum direction d, const struct mismatch *m);

#endif
