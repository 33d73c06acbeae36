/* rules.h - the rules of --rules (result/rules.h), for what `numabench check` finds. */
#ifndef NB_DIAG_CHECKS_RULES_H
#define NB_DIAG_CHECKS_RULES_H

#include "result/result.h"
#include "util/err.h"

/* Reads the file and applies it to res's findings; *silenced gets how many were left out. -ENOENT
 * and the like; -EINVAL with file, line and key in e. */
int check_rules(const char *path, struct result *res, size_t *silenced, struct err *e);

#endif
