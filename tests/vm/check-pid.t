#!/usr/bin/env bash
# Processes that run already, on two nodes: GPUs 0 and 1 (renderD128, 129) hang on node 0, GPUs 2
# and 3 (renderD130, 131) on node 1. What is bound how is the kernel's own doing.
. tests/vm/lib.sh
scenario two-nodes
boot two-nodes <<'END'
# Sixteen megabytes of its own, then it waits for a writer that never comes.
cat >/job/hold <<'HOLD'
exec awk -v name="$1" 'BEGIN {
    s = "x"; while (length(s) < 16e6) s = s s
    print "ready" >("/tmp/held-" name); close("/tmp/held-" name)
    getline line <"/job/fifo"
}' 3<"/dev/dri/$2"
HOLD
mkfifo /job/fifo
# hold NAME DEVICE COMMAND..: starts it, and waits until its memory is there; sets pid.
hold() {
    name=$1 device=$2
    shift 2
    "$@" sh /job/hold "$name" "$device" >/dev/null 2>&1 &
    pid=$!
    while [ ! -e "/tmp/held-$name" ]; do usleep 20000; done
}
look() {
    name=$1
    shift
    step "$name" check --pid "$pid" --json "$@"
    step "$name-text" check --pid "$pid" "$@"
}
hold well renderD130 numactl -N1 -m1
look well
step well-strict check --pid $pid --strict
step well-other check --pid $pid --gpus 0 --json
# Another user is not shown its memory, and says so.
chmod 755 /
echo 'other:x:1000:1000:other:/:/bin/sh' >/etc/passwd
as_other() {
    start-stop-daemon -S -c other -x /numabench/libexec/numabench/check -- "$@"
}
step stranger as_other --pid $pid
step stranger-json as_other --pid $pid --json
hold cpus renderD130 numactl -N1
look cpus
step cpus-strict check --pid $pid --strict
hold memory renderD131 numactl -m1
look memory
hold wrong renderD130 numactl -N0 -m0
look wrong
hold none renderD130 taskset 3
taskset -p f $pid >/dev/null
look none
# What the report says mends it.
taskset -a -p c $pid >/dev/null
migratepages $pid 0 1
look mended

# A launcher on all CPUs, and two that it started on the nodes of their GPUs.
cat >/job/launch <<'LAUNCH'
numactl -N0 -m0 sh /job/hold first renderD128 &
numactl -N1 -m1 sh /job/hold second renderD130 &
wait
LAUNCH
sh /job/launch >/dev/null 2>&1 &
pid=$!
while [ ! -e /tmp/held-first ] || [ ! -e /tmp/held-second ]; do usleep 20000; done
look tree
# The NVIDIA driver's device files are the scenario's: GPU 2 has minor 2. CUDA opens all of them.
for minor in 0 1 2 3; do : >/dev/nvidia$minor; done
hold nvidia ../nvidia2 numactl -N1 -m1
look_simulated() {
    step $1 $sim/check --pid "$pid" --json
    step $1-text $sim/check --pid "$pid"
}
look_simulated nvidia
cat >/job/all <<'ALL'
exec sh /job/hold "$@" 4</dev/nvidia0 5</dev/nvidia1 6</dev/nvidia3
ALL
all() {
    name=all
    "$@" sh /job/all all ../nvidia2 >/dev/null 2>&1 &
    pid=$!
    while [ ! -e /tmp/held-all ]; do usleep 20000; done
}
all env CUDA_VISIBLE_DEVICES=2 numactl -N1 -m1
look_simulated visible
step init check --pid 1 --json
step gone check --pid 99999
step no-number check --pid 0
step self sh -c 'check --pid $$ --json; true'
# Nothing is left that could hold what this script writes to.
for held in $(pidof awk); do kill "$held"; done
END

# verdict STEP: binding, wanted nodes, nodes of the CPUs, nodes to which memory is kept.
# shellcheck disable=SC2016  # $w is jq's
verdict() {
    q "$1" '.process | .worst as $w | [.binding, (.processes[] | select(.pid == $w).verdict
        | .wanted_nodes, .cpu_nodes, .kept_to_nodes)] | join("|")'
}
while IFS='/' read -r name status want text; do
    is "$(rc "$name")" "$status" "$name: ends with $status"
    is "$(verdict "$name")" "$want" "$name: ${want%%|*}"
    like "$(flat "$name-text")" "$text" "$name: in words"
    is "$(out "$name-text" | awk 'length > 80' | wc -l)" 0 "$name: within 80 columns"
done <<'END'
well/0/bound well|1|1|1/Its GPU is fed from node 1: its threads may run on node 1 alone; its memory is kept to node 1
cpus/0/CPU only|1|1|/CPU only.*nothing keeps its memory there.*Fix: .*numabench bind
memory/0/memory only|1|0-1|1/its threads may run on nodes 0-1.*Fix: .*taskset -a -c -p 2-3
wrong/1/bound to the wrong node|1|0|0/is fed from node 1: its threads may run on node 0; .* kept to node 0.*Fix: .*taskset -a -c -p 2-3 [0-9]+ migratepages [0-9]+ 0 1
none/0/not bound|1|0-1|/not bound.*Fix: .*numabench bind
mended/0/CPU only|1|1|/(9[0-9]|100) % of it is on node 1
nvidia/0/bound well|1|1|1/GPU 2 +0000:21:00.0 +node 1 +/dev/nvidia2
visible/0/bound well|1|1|1/CUDA_VISIBLE_DEVICES=2
tree/0/bound well|0|0|0/and 2 below it.*GPUs open.*node 0.*renderD128.*node 1.*renderD130
END
is "$(rc cpus-strict)" 1 "--strict: a warning counts"
is "$(rc well-strict)" 0 "--strict: what is well stays well"
is "$(q well '.process.processes[0].nodes[] | select(.node == 1) | .heap + .private >= 16e6')" true \
    "its sixteen megabytes are counted on node 1"
is "$(q well '.process.processes[0].bindings[0] | [.threads, .cpus, .policy] | join(" ")')" "1 2-3 bind:1" \
    "its thread, CPUs and the thread's own policy"
is "$(q none '.process.processes[0] | [.nodes[] | select(.node == 0) | .heap + .private] | add >= 16e6')" \
    true "what was not bound lies where it was touched"
is "$(q well '.process.processes[0].gpus[] | [.open_as, .pci, .node] | join(" ")')" \
    "/dev/dri/renderD130 0000:21:00.0 1" "the GPU is found by its render node"
is "$(q well '[.checks[] | [.id, .status] | join(" ")] | join(", ")')" \
    "process.binding pass, process.cores pass" "findings as everywhere"
is "$(q wrong '.checks[0].status')" fail "the wrong node is a failure"
is "$(rc stranger)" 3 "another user's process: cannot be judged"
like "$(flat stranger)" "cannot be seen.* root only" "and why"
is "$(q stranger-json '.process.processes[0].memory_why | length > 20')" true "in JSON too"
is "$(q tree '[.process.processes[].verdict.judged] | tostring')" "[false,true,true]" "the launcher is not judged"
is "$(q self '[.process.processes[].name] | tostring')" '["sh"]' "who asks is not part of the answer"
is "$(q init '.process.processes | length > 10')" true "the tree of the first process is the machine's"
is "$(rc gone)" 3 "a process that is not there: 3"
like "$(err gone)" "no process 99999" "and one line says so"
is "$(lines "$(err gone)")" 1 "one line"
is "$(rc no-number)" 2 "0 is no process: 2"
done_testing
