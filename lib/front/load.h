/* load.h - how busy others kept the CPUs while a test measured. */
#ifndef NB_FRONT_LOAD_H
#define NB_FRONT_LOAD_H

#include <jansson.h>
#include <stdbool.h>

#include "machine/cputime.h"
#include "machine/machine.h"

/* Seconds of CPU time, over all tests so far: of all that there was on the CPUs that may be used,
 * what others used and what a hypervisor took. */
struct load {
	double all, others, stolen;
};

/* A reading before a test; to be ended, or forgotten where a process of ours was killed: then
 * nobody tells what it used from what others did. */
struct load_reading {
	bool is; /* the kernel tells */
	double at, ours;
	struct cputime cpus;
};

struct load_reading load_begin(const struct machine *m);
void load_end(struct load *l, const struct load_reading *from, const struct machine *m);

/* As run.load of the result; NULL: it is not known, or out of memory. */
json_t *load_json(const struct load *l);

#endif
