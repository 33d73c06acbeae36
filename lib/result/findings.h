/* findings.h - what the machine and the records give to be found, before the verdict.
 * Private to lib/result. */
#ifndef NB_RESULT_FINDINGS_H
#define NB_RESULT_FINDINGS_H

#include "result/result.h"

/* Data that did not arrive as sent, one for each GPU or test; the records say it, too. */
#define FINDING_CORRUPT "run.corrupt"

/* Of the CPUs' time, what others used and a hypervisor took while cells were measured (run.load). An
 * idle server's own daemons and the kernel's threads stay below 1 %; a tenth of its cores moves
 * figures by more than the 3 % that count, and a quarter leaves no comparison whole. */
#define LOAD_WARNS   0.10
#define LOAD_SERIOUS 0.25

/* Replaces the findings of its own among res->findings; judge.h lists their ids. -ENOMEM. */
int findings_make(struct result *res);

/* A cell that was planned and left out (record.h), as against what cannot be measured here. */
bool cell_left_out(const struct record *r);

#endif
