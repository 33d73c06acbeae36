/* rules.h - a file that raises, lowers or silences findings (--rules).
 *
 *     { "rules": [
 *         { "id": "kernel.numa-balancing", "severity": "fail", "why": "house rule 7" },
 *         { "id": "physics.pcie-share", "subject": "GPU 3", "severity": "silent" } ] }
 *
 * id and subject are shell patterns (fnmatch(3)); a rule without a subject holds for all.
 * severity: fail, warn, pass (it stays among what passed) or silent (it is left out). Rules
 * apply to what warns or fails, and the last one that matches counts. why is for the reader.
 *
 * What was judged against a reference (judge.h) answers only to rules that name it: to
 * "physics.*" and "peers.gpu", not to "*", which is all of `numabench check`; "gpu.count" and
 * "run.cells" to their very names.
 */
#ifndef NB_RESULT_RULES_H
#define NB_RESULT_RULES_H

#include "result/result.h"
#include "util/err.h"

/* Reads the file; *list is a new reference to its list of rules. A pattern of ids must match one of
 * what is judged here, or be `known` (NULL: any may be). -ENOENT and the like; -EINVAL with file,
 * line and key in e. */
int rules_read(json_t **list, const char *path, bool (*known)(const char *pattern), struct err *e);

/* Applies them to the findings of checks, or to those that were judged. What is no rule in the list
 * is passed over. Returns how many were left out. */
size_t rules_apply(const json_t *list, struct result *res, bool judged);

#endif
