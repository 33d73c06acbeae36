/* judge_parts.h - the parts of judge() that set records against physics and against each other.
 * Private to lib/result. results/README.md says which shares are required, and why.
 */
#ifndef NB_RESULT_JUDGE_PARTS_H
#define NB_RESULT_JUDGE_PARTS_H

#include "result/judge.h"
#include "result/judge_cells.h"

/* Sets the best cell of every GPU, and of every node's own memory, against what its path could
 * carry at the smaller ability of both ends; renews the findings of REFERENCE_PHYSICS, one for
 * each GPU, pair or node: "physics.pcie-share" (fails), "physics.c2c-share",
 * "physics.nvlink-share", "physics.dram-share" (warn). What has no known ability is not judged,
 * nor is a GPU that was not measured from the node it hangs on. -ENOMEM. */
int judge_physics(struct result *res);

/* Sets equal GPUs, equal nodes and symmetric pairs against the median of the others; renews the
 * findings of REFERENCE_PEERS, one for each that differs and one for each group that was judged:
 * "peers.gpu", "peers.node" (fail), "peers.gpu-latency", "peers.node-latency", "peers.pair",
 * "peers.node-pair" (warn). A GPU that physics fails is told once, there. -ENOMEM. */
int judge_peers(struct result *res);

#endif
