#!/usr/bin/env bash
# Habits of a driver that a bench must allow for: kernels that are loaded when first launched, devices
# that are current for a thread, memory that one node has none of, a process that is let go late.
. tests/sim/sim.sh

# A kernel's first launch takes long, and waits for all streams; it is in no figure.
scenario four-gpus '.gpus |= .[0:1] | .lazy_load_s = 0.3 | .plants = [{ launch: 17e-6, start: 2e-6, latency: 9e-6 },
	{ memory: "mapped", load: 750e-9 }]'
bench gpu-latency --thorough --rounds 6
is "$rc" 0 "kernels loaded late: exit code 0" || diag "$err"
figure '.metric == "launch-latency"' 17e-6 "kernels loaded late: launch-latency"
figure '.metric == "load-latency"' 750e-9 "kernels loaded late: load-latency"
is "$(q '[.records[] | select(.quantiles) | .quantiles.max] | max < 0.2')" true "kernels loaded late: nor in any quantile"

# Each thread has a current device of its own: one that chooses none begins with a context on the
# first GPU, which cannot be had where no process may use that.
scenario four-gpus '.gpus |= .[0:3] | .gpus[0].compute_mode = "prohibited" | .shared = [{ memory: "pageable", bandwidth: 100e9 }]
	| .plants = [{ memory: "pageable", bandwidth: 9e9 }, { memory: "pinned", bandwidth: 50e9 }]'
bench gpu-bandwidth --size 4MiB --gpus 1,2
# (Where neighbours have the processors, threads may all begin late, and the cells are unstable.)
like "$(statuses '.together == "own-nodes" and .memory == "pageable"')" "^(ok|unstable: [^;]*void[^;]*|; )+$" \
	"a device for each thread: pageable copies of all GPUs at once can be made" || diag "$err"

# One node has no memory to be page-locked: its own cells fail, and nothing else.
two_nodes
scenario two-sockets "$split"' | .gpus |= [.[0], .[4]] | .faults = [{ kind: "out-of-memory", mem_node: 1 }]'
bench gpu-bandwidth --quick --size 1MiB
is "$rc" 3 "a node without memory: exit code 3" || diag "$err"
like "$(statuses '.memory == "pinned" and .mem_node == 1')" "^failed: .*pinned host memory: cudaHostAlloc.*cudaErrorMemoryAllocation" \
	"a node without memory: pinned memory there failed, and why"
is "$(statuses '.memory == "pinned" and .mem_node == 0 and .together != "own-nodes"')" ok "a node without memory: the other node's is measured"
is "$(statuses '.memory == "pageable"')" ok "a node without memory: and pageable memory of both, on both GPUs"

# A process that was waiting for others is let go late: all GPUs did not copy at once.
scenario two-sockets "$split"' | .gpus |= [.[0], .[4]] | .realtime = true | .late_party_s = 0.005
	| .plants = [{ bandwidth: 20e9 }]'
bench gpu-bandwidth --quick --size 1MiB --rounds 3
is "$rc" 3 "a process that is late: exit code 3" || diag "$err"
like "$(statuses '.together == "own-nodes"')" "unstable: every sample of 3 rounds in a row was void: GPU [01] began [0-9]+ us after" \
	"a process that is late: void, and the reason names its GPU"
done_testing
