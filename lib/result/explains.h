/* explains.h - which findings bear on which records.
 *
 * A finding of `numabench check` that warns or fails explains figures of the GPU, the node or the
 * package that it is about, of the kinds that a table here lists for its id. A record names them in
 * `findings`, a list of ids in its more.
 */
#ifndef NB_RESULT_EXPLAINS_H
#define NB_RESULT_EXPLAINS_H

#include "result/result.h"

bool finding_explains(const struct result *res, const struct finding *f, const struct record *r);

/* Renews the lists of all records; one that nothing explains has none. -ENOMEM. */
int findings_attach(struct result *res);

#endif
