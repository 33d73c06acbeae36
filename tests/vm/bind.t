#!/usr/bin/env bash
# numabench bind and try on two nodes, by the kernel's own doing: what a tree inherits, a tree that is
# moved while it runs and what stays behind, refused policies, and a trial with a planted preference.
# GPUs 0 and 1 hang on node 0 (CPUs 0-1), GPUs 2 and 3 on node 1 (CPUs 2-3).
. tests/vm/lib.sh
scenario two-nodes '.noise = 0.002 | .plants = [{ bandwidth: 20e9 }, { mem_node: 1, bandwidth: 22e9 },
    { cpu_node: 1, mem_node: 1, bandwidth: 27e9 }]'
boot two-nodes <<'END'
workers=/numabench/tests/helpers/workers
bind=$sim/bind check=$sim/check
step tree $bind --gpu 2 --verify -- $workers
step preferred $bind --gpu 2 --memory preferred -- $workers
step interleave $bind --gpu 2 --memory interleave -- numactl --show
step cpus $bind --gpu 2 --memory none -- numactl --show
step one $bind --gpu 2 --smt one --need 100GiB -- true
step spread $bind --gpu 2 --need 1200MiB -- numactl --show
for n in 0 1 2 3; do
    step rank$n env LOCAL_RANK=$n $bind --rank auto -- sh -c 'grep allowed_list /proc/self/status; numactl --show'
done
# Ranks that their launcher has bound: to a part of the node, all of it, another one; a confined launcher.
for cpus in 3 2-3 0; do
    step had$cpus taskset -c $cpus env LOCAL_RANK=2 $bind --rank auto -- grep Cpus_allowed_list /proc/self/status
done
step confined taskset -c 2-3 sh -c "LOCAL_RANK=2 $bind --rank auto -- grep Cpus_allowed_list /proc/self/status; exit"
# A cpuset without the node, and one with its CPUs alone.
echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
cpuset() {
    mkdir /sys/fs/cgroup/$1
    echo $2 >/sys/fs/cgroup/$1/cpuset.cpus
    echo $3 >/sys/fs/cgroup/$1/cpuset.mems
    step $1 sh -c "echo \$\$ >/sys/fs/cgroup/$1/cgroup.procs; $bind --gpu 2 -- numactl --show"
}
cpuset outside 0-1 0
cpuset memory 0-3 0
# Trees that run: eight threads in four processes, on node 0.
hold() {
    "$@" $workers hold >/tmp/told 2>&1 &
    pid=$!
    while [ "$(cat /tmp/told 2>/dev/null | wc -l)" -lt 8 ]; do usleep 20000; done
}
drop() {
    kill $(pidof workers)
    wait $pid
    rm /tmp/told
}
hold taskset 3
step before $check --pid $pid --gpus 2 --json
step moved $bind --gpu 2 --pid $pid
step after $check --pid $pid --gpus 2 --json
drop
hold numactl -N0 -m0
step stubborn $bind --gpu 2 --pid $pid
drop
# Where the kernel refuses policies.
step refused refuse EPERM binding $bind --gpu 2 -- grep Cpus_allowed_list /proc/self/status
step strict refuse EPERM binding $bind --gpu 2 --strict -- true
try() {
    $sim/try --gpu 2 --quiet --log /tmp/log --metric 'rate: ([0-9.]+)' "$@" -- /numabench/sim/feed-gpu
}
step try try --output /tmp/try.json
(cd /tmp && tar c try.json)
step refused-try refuse EPERM binding $sim/try --gpu 2 --quiet --runs 1 --no-warm-up --log /tmp/log -- true
END

threads() { grep -c " thread [01]: CPUs $2, policy $3 of nodes $4, memory on node 1\$" <<<"$(out "$1")"; }
is "$(rc tree)" 0 "a tree of forked and spawned workers with threads"
is "$(threads tree 2 2 1)" 8 "all of its eight threads have the CPUs, the policy (bind) and the memory" || diag "$(out tree)"
is "$(out tree | cut -d ' ' -f 1 | sort | uniq -c | xargs)" "2 first 4 forked 2 spawned" "forked, spawned, and itself"
like "$(err tree)" "seen last:" "--verify saw it"
like "$(err tree)" "^Process [0-9]+ .*bound well" "and found it bound well"
like "$(err tree)" "GPU 2: CPUs 2 of node 1 \\(declared, not measured: --from RESULT would tell\\); memory of node 1 \\([0-9.]+ MiB free for it\\)" "what the node has is told"
is "$(threads preferred 2 1 1)" 8 "--memory preferred"
like "$(out interleave)" "^policy: interleave" "--memory interleave"
like "$(out cpus)" "^policy: default" "--memory none"
is "$(rc one)" 125 "more than all nodes have: 125"
like "$(err one)" "100 GiB needed" "and says so"
like "$(out spread)" "^interleavemask: 0 1" "more than the node has is interleaved over both"
while read -r n cpu node; do
    like "$(out "rank$n")" "^Cpus_allowed_list:.$cpu\$" "rank $n has CPU $cpu"
    like "$(out "rank$n")" "^membind: $node" "  and the memory of node $node"
done <<'END'
0 0 0
1 1 0
2 2 1
3 3 1
END
like "$(out had3)" "list:.3\$" "a rank that its launcher has bound to a part of the node keeps that"
like "$(err had3)" "of CPUs 3, to which its launcher has bound it" "  and it is said"
like "$(out had2-3)" "list:.2\$" "one that has all of it gets its share"
like "$(out had0)" "list:.2\$" "one on another node gets its share, too"
like "$(err had0)" "its launcher had bound it to CPUs 0, of another node" "  and it is said"
like "$(out confined)" "list:.3\$" "a launcher that is confined: its CPUs are shared out among all four"
like "$(out outside)" "^physcpubind: [01] *\$" "a cpuset without the GPU's node is respected"
like "$(err outside)" "GPU 2 hangs on a node of which this process may not use the CPUs" "  and it is said"
like "$(out memory)" "^physcpubind: 2 *\$" "a cpuset with the node's CPUs and not its memory"
like "$(err memory)" "node 1 has no memory that may be used here \\(cpuset\\): its CPUs alone are bound" "  the CPUs are bound, and it is said"
# The share of its memory on node 1, and the CPUs of all its threads.
tree() { q "$1" '[.process.processes[] | [.bindings[] | .cpus] | unique | join(",")] | unique | join(" ")'; }
there() { q "$1" '[.process.processes[].verdict.share] | min * 100 | floor'; }
is "$(tree before)" 0-1 "before: its threads are on node 0"
ok test "$(there before)" -lt 10 -- "and so is its memory"
is "$(rc moved)" 0 "--pid: all of it is moved" || diag "$(out moved)"
like "$(out moved)" "^8 threads of 4 processes bound to CPUs 2" "all threads of all its processes"
like "$(out moved)" "^[0-9.]+ MiB moved to node 1" "and its memory"
like "$(out moved)" "^Process [0-9]+ " "then the proof"
is "$(tree after)" 2 "after: they are on node 1"
ok test "$(there after)" -ge 90 -- "and so is the memory of each"
is "$(rc stubborn)" 1 "a tree with a policy of its own is not wholly moved"
like "$(flat stubborn)" "[0-9.]+ MiB moved to node 1 .* 100 % of it is on node 1" "though its pages are"
like "$(flat stubborn)" "threads have a memory policy of their own \\(bind:0\\).*nobody else can change it" \
    "and that what it touches anew goes elsewhere is told"
is "$(out refused | cut -f 2)" 2 "mempolicy refused: the CPUs are bound"
like "$(err refused)" "memory is not bound" "and it is said"
is "$(rc strict)" 125 "--strict: then it stops"
is "$(rc try)" 0 "try: ends well" || diag "$(err try)"
like "$(out try)" "bind: yes, \\+3[0-9] % \\(\\+(2[5-9]|3[0-9]) % to \\+(3[3-9]|4[0-5]) %\\)" "a planted 35 % is found"
like "$(out try)" "^  memory only +[0-9.]+ +1\\.(0[7-9]|1[0-3])" "10 % of it by the memory alone"
like "$(out try)" "^  CPU only +[0-9.]+ +1\\.3[0-9]" "the CPUs alone bring all: first touch"
is "$(rc refused-try)" 0 "try where policies are refused"
is "$(grep -cE '^  (memory only|both) +skip' <<<"$(out refused-try)")" 2 "leaves out what needs them"
done_testing
