#!/usr/bin/env bash
# A GPU that lies, hangs, crashes or goes away: what stands in the result, what the
# exit code is, and that the other GPUs are measured all the same.
. tests/sim/sim.sh

# Of GPUs by themselves; what all GPUs do at once cannot be had without one of them.
alone='(.together == null or .together == "both-ways")'
# others GPU NAME: all records of the other GPUs are ok, and there are some; what needs all of
# them is not, and names the one.
others() {
	is "$(q "[.records[] | select(.gpu != null and .gpu != $1 and $alone and .status == \"ok\")
		| .gpu] | unique | length")" 3 "$2: the other GPUs are measured"
	is "$(q "[.records[] | select(.gpu != null and .gpu != $1 and $alone and .status != \"ok\")]
		| length")" 0 "$2: and nothing is wrong with them"
}
at_once_names() {
	is "$(q "[.records[] | select(.together == \"own-nodes\")
		| select(.status == \"ok\" or (.reason | contains(\"GPU $1\") | not))] | length")" 0 \
		"$2: all GPUs at once is not judged, and the reason names the GPU"
}
# of GPU: the statuses of its records
of() {
	q "[.records[] | select(.gpu == $1) | .status] | unique | join(\" \")"
}
fault() {
	scenario four-gpus ".faults = [$1]"
}

fault '{ gpu: 2, kind: "flip", direction: "h2d", after: 40, offset: 12345, bit: 3 }'
all --only gpu-bandwidth
is "$rc" 1 "flipped bit: exit code 1"
# To check one direction the data must go the other way, too, but not many times.
corrupt='.records[] | select(.status == "corrupt" and .direction == "h2d")'
is "$(q "[$corrupt | .gpu | values] | unique | join(\" \")")" 2 "flipped bit: recorded as corrupt"
why=$(q "first($corrupt | .reason)")
like "$why" "GPU 2" "flipped bit: the reason names the GPU"
like "$why" "h2d" "flipped bit: the direction"
like "$why" "node [0-9]" "flipped bit: the node"
like "$why" "offset 12345:" "flipped bit: the offset"
like "$why" "bits 0x08 differ; wrong words of 8 bytes: 1" "flipped bit: the bits"
is "$(q '[.records[] | select(.status == "corrupt") | .verified] | any')" false \
	"flipped bit: and is not verified"
is "$(q .verdict.status)" fail "flipped bit: the verdict"
like "$out" "12345" "flipped bit: the report says where"
others 2 "flipped bit"

fault '{ gpu: 1, kind: "flip", direction: "d2h", after: 40, offset: 77, bit: 0 }'
all --only gpu-bandwidth
is "$rc" 1 "flipped bit d2h: exit code 1"
like "$(q '[.records[] | select(.status == "corrupt" and .direction == "d2h") | .reason] | first')" \
	"d2h.*, node [0-9]+, GPU 1: .* offset 77:" "flipped bit d2h: GPU, direction and offset"
others 1 "flipped bit d2h"

fault '{ gpu: 3, kind: "crash", after: 60 }'
all --only gpu-bandwidth
is "$rc" 3 "crash: exit code 3"
like "$(of 3)" crashed "crash: recorded as crashed"
like "$(q '[.records[] | select(.status == "crashed") | .reason] | first')" "signal 6" \
	"crash: the reason says how"
is "$(q .verdict.status)" unknown "crash: the verdict"
others 3 "crash"
at_once_names 3 "crash"

fault '{ gpu: 0, kind: "off-bus", after: 60 }'
all --only gpu-bandwidth
is "$rc" 3 "off the bus: exit code 3"
like "$(of 0)" failed "off the bus: recorded as failed"
like "$(q '[.records[] | select(.gpu == 0 and .status == "failed") | .reason] | first')" \
	cudaErrorDevicesUnavailable "off the bus: with CUDA's own name of the error"
others 0 "off the bus"
at_once_names 0 "off the bus"

fault '{ gpu: 1, kind: "out-of-memory" }'
all --only gpu-bandwidth
is "$rc" 3 "out of memory: exit code 3"
is "$(of 1)" failed "out of memory: recorded as failed"
like "$(q '[.records[] | select(.gpu == 1) | .reason] | first')" cudaErrorMemoryAllocation \
	"out of memory: with CUDA's own name of the error"
others 1 "out of memory"
at_once_names 1 "out of memory"

# It goes away in the middle of measuring, not while it warms up.
fault '{ gpu: 0, kind: "off-bus", after: 2500 }'
all --only gpu-bandwidth
is "$rc" 3 "off the bus mid-run: exit code 3"
is "$(q '[.records[] | select(.gpu == 0 and .status == "ok")] | length')" 0 \
	"off the bus mid-run: none of its records is ok"
is "$(q '[.records[] | select(.gpu == 0 and .status == "failed" and (.samples | length) > 0)] | length > 0')" \
	true "off the bus mid-run: though some have samples, which are kept"
others 0 "off the bus mid-run"
at_once_names 0 "off the bus mid-run"

# Memory of a GPU that is all but used up.
scenario four-gpus '.gpus[2].memory_free = 20e6'
all --only gpu-bandwidth
is "$rc" 3 "GPU memory used up: exit code 3"
like "$(q '[.records[] | select(.gpu == 2) | .reason] | first')" \
	"GPU memory.*cudaErrorMemoryAllocation" "GPU memory used up: the reason says which memory"
others 2 "GPU memory used up"

# The budget sets how long a hanging GPU is waited for; what was waited is not missing later.
scenario four-gpus '.gpus |= .[0:2] | .faults = [{ gpu: 1, kind: "hang", after: 60 }]'
RUN_TIMEOUT=120 all --budget 6
is "$rc" 3 "hang: exit code 3"
like "$(of 1)" timeout "hang: recorded as timeout"
is "$(q '[.records[] | select(.gpu == 1 and .test == "gpu-latency") | .status] | unique | join(" ")')" \
	skipped "hang: the GPU is closed to the next test"
is "$(q "[.records[] | select(.gpu == 0 and .test == \"gpu-bandwidth\" and $alone) | .status]
	| unique | join(\" \")")" ok "hang: the other GPU is measured"
is "$(q '[.records[] | select(.gpu == 0 and .test == "gpu-latency") | .status] | unique
	| join(" ")')" ok "hang: in the next test, too"
is "$(q .run.complete)" true "hang: the run came to its end"
diag "hang took $elapsed s"

# One that only hangs when both GPUs copy at once.
scenario four-gpus '.gpus |= .[0:2] | .faults = [{ gpu: 1, kind: "hang", at_once: 4 }]'
RUN_TIMEOUT=120 all --budget 6 --only gpu-bandwidth
is "$rc" 3 "hang at once: exit code 3"
like "$(q '[.records[] | select(.together == "own-nodes" and .direction == "bidirectional") | .reason]
	| join("; ")')" "GPU 1" "hang at once: the reason names the GPU that hangs"
is "$(q "[.records[] | select(.gpu == 0 and $alone) | .status] | unique | join(\" \")")" ok \
	"hang at once: the other GPU is measured to its end"
is "$(q '[.records[] | select(.status == "timeout")] | length > 0')" true \
	"hang at once: recorded as timeout"
is "$(q .run.complete)" true "hang at once: the run came to its end"
diag "hang at once took $elapsed s"
done_testing
