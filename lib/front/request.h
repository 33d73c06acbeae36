/* request.h - what `numabench --all` is asked for. */
#ifndef NB_FRONT_REQUEST_H
#define NB_FRONT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "util/options.h"

struct request {
	bool all, quick, thorough, busy, strict, list, dry_run, quiet, nagios, ratios;
	double budget_s; /* 0: the pace's */
	const char *output, *json, *only, *skip, *nodes, *gpus, *rules, *expect, *baseline;
	uint64_t size;
	int require_gpus; /* -1: not asked */
	int seed;         /* 0: from the clock */
	int on_unknown;   /* the exit code instead of 3: 0 or 1; -1: not asked */
};

extern const struct opt request_option_table[];
/* "pass", "fail": the choices of --on-unknown, in the order of their exit codes. */
extern const char *const on_unknown_words[];
struct request request_default(void);

struct pace {
	const char *name;
	double budget_s;
	const char *rounds;
};

/* --quick, --thorough or neither, with --budget in it. */
struct pace request_pace(const struct request *r);

#endif
