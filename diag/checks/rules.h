/* rules.h - a file that raises, lowers or silences findings (--rules).
 *
 *     { "rules": [
 *         { "id": "kernel.numa-balancing", "severity": "fail", "why": "house rule 7" },
 *         { "id": "gpu.ecc", "subject": "GPU 3*", "severity": "silent" } ] }
 *
 * id and subject are shell patterns (fnmatch(3)); a rule without a subject holds for all.
 * severity: fail, warn, pass (it stays among what passed) or silent (it is left out). Rules
 * apply to what warns or fails, and the last one that matches counts. why is for the reader.
 */
#ifndef NB_DIAG_CHECKS_RULES_H
#define NB_DIAG_CHECKS_RULES_H

#include "result/result.h"
#include "util/err.h"

/* Reads the file and applies it to res's findings; *silenced gets how many were left out. -ENOENT
 * and the like; -EINVAL with file, line and key in e. */
int rules_apply(const char *path, struct result *res, size_t *silenced, struct err *e);

#endif
