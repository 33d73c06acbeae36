/* output.h - what a bench prints while its session goes on: one JSON object a
 * line for a program, progress and notes for a person. The records are kept for
 * the table at the end and the exit code. */
#ifndef NB_BENCH_OUTPUT_H
#define NB_BENCH_OUTPUT_H

#include <signal.h>
#include <stdbool.h>

#include "measure/session.h"
#include "result/result.h"
#include "util/options.h"
#include "util/progress.h"

struct output_options {
	bool json, list, quiet;
};

extern const struct opt output_option_table[];

struct output {
	struct output_options options;
	struct progress progress;
	struct result result; /* its records and machine */
	bool broken;          /* stdout could not be written, or memory is out */
};

struct session_sink output_sink(struct output *o, const volatile sig_atomic_t *stop);
void output_line(const char *text, void *stream); /* a FILE */

#endif
