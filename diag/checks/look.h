/* look.h - opens what the checks look at. */
#ifndef NB_DIAG_CHECKS_LOOK_H
#define NB_DIAG_CHECKS_LOOK_H

#include "check.h"
#include "machine/probe.h"

/* All that a struct look points to. */
struct sight {
	struct machine m;
	struct sysroot root;
	struct driver_facts driver;
	struct result res;
	bool has_result, has_root;
	struct look look;
};

struct sight_spec {
	const char *recorded; /* a recorded machine; NULL: this one */
	const char *result;   /* a result file ("-": standard input); NULL: none */
	bool gpus;            /* ask CUDA and NVML, too */
};

/* Looks at the machine and reads the result. A result of another machine than this one (of
 * another host name, or identity) is looked at in its place: then there are no files. As
 * machine_probe and result_read. */
int sight_open(struct sight *s, const struct sight_spec *spec, struct err *e);
void sight_close(struct sight *s);

#endif
