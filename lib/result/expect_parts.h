/* expect_parts.h - what expect.c is made of. Private to lib/result. */
#ifndef NB_RESULT_EXPECT_PARTS_H
#define NB_RESULT_EXPECT_PARTS_H

#include "result/expect.h"
#include "result/judge.h"

/* Counts, parts, memory and links: findings "expect.cpu", "expect.nodes", "expect.node-cores",
 * "expect.node-memory", "expect.gpus", "expect.gpu-name", "expect.gpu-memory",
 * "expect.gpu-node", "expect.gpu-link". -ENOMEM. */
int expect_judge_parts(const struct expect *x, struct result *res);

#endif
