/* derive.h - what follows from the records of a run taken together.
 *
 * Fills fields of records from other records and the machine: nothing is
 * measured here, and no verdict is given. recommend() and judge() begin with it;
 * safe to repeat.
 */
#ifndef NB_RESULT_DERIVE_H
#define NB_RESULT_DERIVE_H

#include "result/result.h"

/* - ceiling_negotiated, ceiling_capable, ceiling_why of every one-way transfer between host and
 *   GPU in memory that a GPU reads and writes by itself (pinned, registered,
 *   write-combined, mapped): from link_during and the machine (physics.h). No such
 *   reference where the GPU has its own memory as a NUMA node (NVLink-C2C) or in a
 *   virtual machine, and the reason says so; nor where nobody looked whether this is one.
 * - a transfer between host and GPU, in memory of any kind, whose median is above what its
 *   link could carry at the very most (pcie_bound) is a measuring error: failed, with the
 *   reason; so is a sum that it is part of.
 * - of_alone of joint cells: of a member over the same cell alone; of a sum over the sum of
 *   its members alone. What was measured both ways at once is set against the sum of both
 *   ways of the GPU by itself.
 * - fit_start, fit_rate, fit_half of every series of three sizes or more between host and
 *   GPU, or peers, at its largest: least squares of t(n) = start + n / rate over the
 *   medians, each weighed by 1/t^2.
 * - pays_after and pays_bytes of what was moved (moves.h).
 * Figures that do not follow any more are taken away. -ENOMEM. */
int derive(struct result *res);

/* Whether `r` is a sum of joint cells (of GPUs, or of CPU nodes, whose sum names no cpu_node), and
 * whether `part` is one of those summed. */
bool joint_is_sum(const struct record *r);
bool joint_has_part(const struct record *sum, const struct record *part);

/* A number of the record's link under load (more.link_during): its "gen" or "width". */
struct known link_during(const struct record *r, const char *number);

#endif
