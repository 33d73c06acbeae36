/* judge.h - from records and findings to one verdict. Pure: no I/O. */
#ifndef NB_RESULT_JUDGE_H
#define NB_RESULT_JUDGE_H

#include "result/result.h"

/* Derives what follows from the records (derive.h: a figure that no link could carry has
 * failed), looks at all of res, fills res->verdict, adds the findings of the run itself
 * (ids "gpu.count", "run.cells") to those of `numabench check`, and names in every record the
 * findings that explain it (explains.h). FAIL: a corrupt record, a finding with
 * status fail, a count other than run.options.require_gpus.
 * UNKNOWN: a record that failed, timed out, crashed, was misplaced, unproven or
 * unstable; a run that is not complete; a GPU that was busy; a test, or a GPU in
 * it, of which cells were planned and none came to a figure. Some cells left out
 * are a warning; what had nothing to do here decides nothing. -ENOMEM. */
int judge(struct result *res);

/* The exit code of design.md, section 4, for a verdict: 1, 3 or 0; `strict`
 * turns warnings into 1. */
int verdict_exit_code(const struct verdict *v, bool strict);

const char *verdict_name(enum verdict_status s);

#endif
