#!/usr/bin/env bash
# GPUs that are there and cannot be used, that others use, that are hidden or missing.
. tests/sim/sim.sh

all_short() {
	all --only gpu-latency "$@"
}
# state GPU: its state in the result, and why
state() {
	q ".topology.gpus[] | select(.index == $1) | .state"
}

scenario four-gpus '.gpus[1].cuda = false | .gpus[1].nvml = false'
all_short
is "$rc" 1 "a lost GPU: exit code 1"
is "$(state 1)" lost "a lost GPU: its state"
is "$(q .verdict.status)" fail "a lost GPU: the verdict"
like "$(head -n 1 <<<"$out")" "3 of 4 GPUs measured" "a lost GPU: the first line counts"
is "$(q '[.records[] | select(.gpu == 1) | .status] | unique | join(" ")')" skipped \
	"a lost GPU: recorded as skipped"
is "$(q '[.records[] | select(.gpu != null and .status == "ok") | .gpu] | unique | join(" ")' |
	tr -d '[]," ')" 023 "a lost GPU: the others keep their numbers"

scenario four-gpus '.driver_version = 12040'
all_short
is "$rc" 1 "a driver too old: exit code 1"
like "$(tr -s ' \n' ' ' <<<"$out")" "driver too old for this build: the driver supports CUDA 12.4" \
	"a driver too old: is said, with its version"
unlike "$out$err" "no driver|no NVIDIA driver" "a driver too old: and not that there is none"
is "$(q .run.complete)" true "a driver too old: the run came to its end"

scenario four-gpus '.driver_version = 0 | .nvml = false | .gpus |= map(. + { driver: "none" })'
all_short
is "$rc" 3 "no driver, and nothing else asked for: exit code 3"
like "$(q '.verdict.reasons[0]')" '^"?nothing was measured: gpu-latency: ' "no driver: the verdict's reason"
all_short --only gpu-latency,mem-latency
is "$rc" 0 "no driver, and CPU memory measured: a warning, exit code 0"
is "$(state 0)" no-driver "no driver: the state"
all_short --require-gpus 4
is "$rc" 1 "no driver, four GPUs required: exit code 1"
all_short --strict
is "$rc" 1 "no driver, --strict: exit code 1"

scenario four-gpus '.gpus |= map(. + { driver: "vfio-pci", cuda: false, nvml: false })'
all_short
is "$rc" 3 "GPUs of a virtual machine, and nothing else asked for: exit code 3"
is "$(state 3)" vfio "GPUs of a virtual machine: the state"

scenario four-gpus '.gpus = []'
all_short
is "$rc" 3 "no GPU on the bus, and nothing else asked for: exit code 3"
is "$(q '[.records[] | select(.test == "gpu-latency") | .status] | join(" ")')" skipped \
	"no GPU on the bus: recorded as skipped"
all_short --require-gpus 1
is "$rc" 1 "no GPU on the bus, one required: exit code 1"

scenario four-gpus
all_short --require-gpus 4
is "$rc" 0 "four required and four there: exit code 0"
all_short --require-gpus 3
is "$rc" 1 "three required and four there: exit code 1"
all_short --gpus 7
is "$rc" 3 "GPU 7 of four could be here and is not: exit code 3"
like "$err" "0-3" "GPU 7 of four: and says which there are"

scenario four-gpus '.gpus[2].processes = [424242]'
all_short
is "$rc" 3 "a busy GPU: exit code 3"
like "$(q '[.records[] | select(.gpu == 2) | "\(.status) \(.reason)"] | first')" "skipped.*busy" \
	"a busy GPU: skipped as busy"
like "$out" 424242 "a busy GPU: the report names the process"
all_short --busy
is "$rc" 0 "--busy: exit code 0"
is "$(q '[.records[] | select(.gpu == 2) | .status] | unique | join(" ")')" ok \
	"--busy: it is measured"

scenario four-gpus
export CUDA_VISIBLE_DEVICES=2,0
all_short
is "$rc" 0 "CUDA_VISIBLE_DEVICES: exit code 0"
is "$(q '[.records[] | select(.status == "ok") | .gpu] | unique | map(tostring) | join(" ")')" \
	"0 2" "CUDA_VISIBLE_DEVICES: two are measured, with nvidia-smi's numbers"
is "$(state 1)" hidden "CUDA_VISIBLE_DEVICES: the others are hidden"
near "$(q '.records[] | select(.gpu == 2 and .direction == "h2d") | .median')" 5.6e-6 0.15 \
	"CUDA_VISIBLE_DEVICES: and GPU 2 is GPU 2"
like "$out" CUDA_VISIBLE_DEVICES "CUDA_VISIBLE_DEVICES: the report says so"
all_short --gpus 1
is "$rc" 2 "CUDA_VISIBLE_DEVICES: a number that it hides is exit code 2"
like "$err" "0,2" "CUDA_VISIBLE_DEVICES: with the list of those left"
CUDA_VISIBLE_DEVICES=GPU-00000003 all_short
is "$(q '[.records[] | select(.status == "ok") | .gpu] | unique | map(tostring) | join(" ")')" \
	3 "CUDA_VISIBLE_DEVICES: a UUID"
unset CUDA_VISIBLE_DEVICES

scenario four-gpus '.gpus[1].device_file = false | .gpus[1].cuda = false'
all_short
is "$rc" 0 "hidden by a container: exit code 0"
is "$(state 1)" hidden "hidden by a container: the state"

# One says this node, the other that, the third nothing.
scenario four-gpus '.gpus[0] |= (.node_sysfs = -1 | .node_nvml = $nodes[0] | del(.node_cuda))'
all_short --gpus 0
is "$rc" 0 "GPU that sources disagree on: exit code 0"
is "$(q '.topology.gpus[0].declared_node | [.sysfs, .nvml, .cuda] | map(tostring) | join(" ")')" \
	"null $(jq '.[0]' <<<"$nodes") null" "GPU that sources disagree on: each is given apart"
done_testing
