/* baseline.h - what a machine was like: the medians of several runs, its identity and conditions.
 *
 * results/README.md explains the file, results/baseline-schema.json is its JSON Schema.
 */
#ifndef NB_RESULT_BASELINE_H
#define NB_RESULT_BASELINE_H

#include "result/result.h"
#include "result/runs.h"
#include "util/err.h"

#define BASELINE_SCHEMA "numabench-baseline/1"

/* A run that was not taken in, and why. */
struct dropped {
	char run[64], why[300];
};

struct baseline {
	struct runs runs;
	char made[32]; /* UTC */
	struct dropped *dropped;
	size_t ndropped;
};

void baseline_init(struct baseline *b);
void baseline_release(struct baseline *b);

/* Joins runs. Those that violate what most of them (the first such, among equals) agree on are
 * dropped: another identity, other conditions, simulated among real ones, another host (unless
 * `pool`), the same run twice; and one that was interrupted, or whose data arrived corrupt. -EINVAL
 * with e where none is left, or none has a figure; -ENOMEM. */
int baseline_make(struct baseline *b, const struct result *runs, size_t n, bool pool,
		  const char *made, struct err *e);

/* A new reference, or NULL: out of memory. */
json_t *baseline_to_json(const struct baseline *b);
int baseline_print(const struct baseline *b, FILE *out); /* -EIO, -ENOMEM */
int baseline_write(const struct baseline *b, const char *path, struct err *e);

/* Fills an initialised baseline from a document. -EINVAL with place ("cells[4]: medians[2]") and
 * reason in e: another schema, missing members, wrong types, units or numbers, the same cell twice;
 * -ENOMEM. b is then to be released all the same. */
int baseline_from_json(struct baseline *b, const json_t *doc, struct err *e);
/* From a file of at most 64 MiB, as document_read has it. */
int baseline_read(struct baseline *b, const char *path, struct err *e);

#endif
