#!/usr/bin/env bash
# Four nodes, four GPUs: placement in every cell, planted figures and recommendations, and a
# cpuset that gives half of the machine.
. tests/vm/lib.sh
# shellcheck disable=SC2034  # lib.sh knows it
DEADLINE=600

# A figure of its own for every cell. GPU 0 and 3 are fastest on the node that firmware
# declares; GPU 1 on node 3, though declared on 1; GPU 2 is as fast on all of them.
# What is not where it should be copies at 0.02 GB/s. All are planted so slow that the
# time does not count which the emulated host takes to start a copy.
# shellcheck disable=SC2016  # jq's
scenario four-nodes '
    [0, 3, null, 3] as $best
    | .plants = [{ bandwidth: 2e7, latency: 0.01 }] + [range(4) as $n | range(4) as $g
        | (if $best[$g] == null then 1 elif $best[$g] == $n then 1.4 else 1 + $n / 20 end) as $f
        | ((1.5 + 0.25 * $g) * 1e9 * $f) as $rate
        | { cpu_node: $n, mem_node: $n, gpu: $g } + (
            { memory: "pinned", direction: "h2d", bandwidth: $rate, latency: (400e-6 / $f) },
            { memory: "pinned", direction: "d2h", bandwidth: ($rate * 1.1), latency: (600e-6 / $f) },
            { memory: "pageable", direction: "h2d", bandwidth: ($rate / 2), latency: 1e-7 },
            { memory: "pageable", direction: "d2h", bandwidth: ($rate / 3), latency: 1e-7 })]'
boot four-nodes <<'END'
step topology $sim/topology --json
# While it runs, the kernel tells where the bound areas of all processes are.
spy() {
    "$@" &
    while kill -0 $! 2>/dev/null; do
        cat /proc/[0-9]*/numa_maps 2>/dev/null | grep ' bind:' >>/tmp/spied
        usleep 100000
    done
    wait $!
}
step bandwidth spy mem-bandwidth --quick --size 1MiB --rounds 1 --budget 200 --json
step latency mem-latency --quick --size 1MiB --rounds 1 --budget 100 --json
step spied sort -u /tmp/spied
all() {
    folder=$1
    shift
    /numabench/sim/bin/numabench --all --budget 900 --size 1MiB --quiet --json - --output /job/$folder "$@"
}
step all all out --quick --only gpu-bandwidth,gpu-latency
step report cat /job/out/report.txt
# Twelve rounds: their interval bears a sample or two in which the emulated host was held up.
step equal all equal --gpus 2 --only gpu-bandwidth
step equal-report cat /job/equal/report.txt
step bind $sim/bind --gpu 1 --from /job/out/result.json --print numactl -- true
for call in move-pages migrate-pages; do
    step moved-$call move-pages $call 0 3
done
step pages migration --only pages --nodes 0,3 --size 4MiB --budget 300 --rounds 1 --json
step threads migration --only threads --quick --nodes 2,3 --size 4MiB --budget 60 --rounds 1 --json

cd /sys/fs/cgroup
echo +cpuset >cgroup.subtree_control
mkdir part cpus
echo 2-5 >part/cpuset.cpus
echo 1-2 >part/cpuset.mems
echo 2-3 >cpus/cpuset.cpus
cd /job
within() {
    group=$1
    shift
    sh -c 'echo $$ >"/sys/fs/cgroup/$0/cgroup.procs"; exec "$@"' "$group" "$@"
}
step part-topology within part $sim/topology --json
step part-text within part $sim/topology
step part-plan within part mem-bandwidth --quick --dry-run --json
step part-measured within part mem-latency --quick --size 1MiB --rounds 1 --budget 100 --json
step part-gpus within part $sim/gpu-bandwidth --dry-run --json
step part-bind within part $sim/bind --gpu 0 -- grep allowed_list /proc/self/status
step part-wrong within part mem-latency --size 1MiB --nodes 0-1
step cpus-plan within cpus mem-latency --quick --dry-run --json
END

is "$(q topology '.topology.distances | tostring')" \
    '{"nodes":[0,1,2,3],"matrix":[[10,16,21,31],[16,10,31,21],[21,31,10,16],[31,21,16,10]]}' \
    "the distances are those of the machine"
is "$(q topology '[.topology.gpus[] | [.pci, .declared_node.sysfs] | join(" ")] | join(", ")')" \
    "0000:11:00.0 0, 0000:21:00.0 1, 0000:31:00.0 2, 0000:41:00.0 3" "every GPU is on its root port's node"

# Placement, by the record's word, and by the kernel's.
is "$(count bandwidth true)" 48 "three metrics of every CPU node x memory node"
is "$(count bandwidth "$placed and .status == \"ok\" and .placement.proof == \"move_pages\"")" 48 \
    "bandwidth: every page and every thread is where the record says"
is "$(count latency "$placed and .status == \"ok\" and .placement.proof == \"move_pages\"")" 16 \
    "latency: the same"
is "$(records bandwidth | jq '[.[] | .threads] | unique | tostring')" '"[2]"' "one thread on each core"
is "$(out spied | grep -o 'bind:[0-3] .*anon' | cut -c 6 | sort -u | tr '\n' ' ')" "0 1 2 3 " \
    "the kernel saw areas bound to all nodes"
is "$(out spied | awk '{ node = substr($2, 6); for (i = 3; i <= NF; i++)
    if ($i ~ /^N[0-9]+=/ && $i !~ "^N" node "=") print }')" "" "and no page of them on another node"

# The planted matrix.
is "$(rc all)" 0 "numabench --all ends with 0"
single='.together == null and .metric != "launch-latency"'
is "$(count all "$single")" 96 "4 nodes x 4 GPUs: four kinds of bandwidth, two of latency"
is "$(count all "$single and ($placed) and .status == \"ok\" and .verified")" 96 \
    "all are ok, verified and in their place"
is "$(count all '.status != "ok"')" 0 "and so is what was measured together"
is "$(jq -rn --slurpfile run "$got/all.out" --slurpfile scenario "$work/sim/scenario.json" '
    $scenario[0].plants[1:][] as $p | $run[0].records[]
    | select(.cpu_node == $p.cpu_node and .gpu == $p.gpu and .direction == $p.direction
        and .memory == $p.memory and .together == null)
    | (if .metric == "host-latency" then $p.latency else $p.bandwidth end) as $planted
    | select(.median / $planted - 1 | fabs > 0.05)
    | "GPU \(.gpu) node \(.cpu_node) \(.memory) \(.direction) \(.metric): \(.median), planted \($planted)"' 2>&1)" \
    "" "every figure is within 5 % of what was planted"

# Recommendations.
recommended() {
    q "$1" ".recommendations[] | select(.gpu == $2)
        | [.node, .matters, .agrees_with_declared, .basis] | join(\" \")"
}
is "$(recommended all 0)" "0 yes true measured" "GPU 0: node 0, as declared"
is "$(recommended all 1)" "3 yes false measured" "GPU 1: node 3, though firmware declares node 1"
is "$(recommended equal 2)" "2 no true measured" "GPU 2: binding does not matter; the declaration is followed"
is "$(recommended all 3)" "3 yes true measured" "GPU 3: node 3, as declared"
like "$(flat report)" " 1 3 1 ! +[0-9]" "the report says that firmware lies about GPU 1"
like "$(flat equal-report)" "GPU 2: [^;:]*no measurable difference" "and that binding GPU 2 makes no difference"
like "$(out report | head -n 1)" "^SIMULATED\. [A-Z]+.*, 4 of 4 GPUs measured" "its first line says what was measured"
like "$(out bind)" "^env .* numactl --physcpubind=6(-7|,7)? --membind=3 true" "bind --from follows what was measured"
is "$(q all '[.recommendations[] | select(.node == 3) | .cpus] | unique | length')" 2 \
    "GPUs 1 and 3 share node 3 and get cores of their own"

# Threads and pages, from any node to any: tests/vm/migration.t has the rest, on two.
is "$(counted moved-move-pages), $(counted moved-migrate-pages)" 'taken 0:1000,3:500 3:1500, taken 0:1000,3:500 3:1500' \
    "moved: both calls move every page"
is "$(records pages | jq -r '[.[] | select(.mover and .status == "ok") | "\(.mem_node)>\(.to_node)"] | unique | join(" ")')" \
    '0>3 3>0' "moved: between the nodes asked for, both ways"
is "$(count pages ".mover and .status == \"ok\" and .locked != \"io-uring\"
    and (($pages_moved and .moved == 1 and \$m.after == {(\$to): \$all}) | not)")" 0 "moved: every page is where it should be"
is "$(records threads | jq -c "[.[] | select(.timeline) | [.cpu_node, .to_node]] | unique")" '[[2,3]]' \
    "moved: threads move between those asked for"
is "$(records threads | jq "$windows | map(select(.cpu_node != .want)) | length")" 0 \
    "moved: in every window they are on their node"

# A cpuset of CPUs 2-5 and memory nodes 1-2.
is "$(q part-topology '[.topology.nodes[] | select(.allowed) | .id] | tostring')" "[1,2]" \
    "cpuset: nodes 1 and 2 are allowed"
is "$(q part-topology '[.topology.nodes[].allowed_cpus] | join(" ")')" " 2-3 4-5 " "cpuset: CPUs 2-5 are allowed"
for s in part-plan part-gpus part-measured; do
    is "$(rc $s)" 0 "cpuset: $s ends well"
    is "$(records $s | jq -c '[.[] | .cpu_node, .mem_node | values] | unique')" "[1,2]" "cpuset: only nodes 1 and 2"
done
is "$(count part-measured "$placed and .status == \"ok\"")" 4 "cpuset: what is measured is where it says"
is "$(rc part-wrong)" 2 "cpuset: --nodes 0-1 is refused"
like "$(err part-wrong)" "node 0 .*nodes that may: 1-2" "and it says which may be used"
for gpu in 0 3; do
    like "$(flat part-text)" "GPUs?[^.]* ${gpu}[^.]*(out of reach|may not (be )?use)" \
        "cpuset: topology says that GPU $gpu's node is out of reach"
done
is "$(out part-bind | sed -n 's/^Cpus_allowed_list:\t//p')" 2 "cpuset: bind gives the nearest core that it may"
is "$(records cpus-plan | jq -c '[([.[].cpu_node] | unique), ([.[].mem_node] | unique)]')" "[[1],[0,1,2,3]]" \
    "a cpuset of CPUs alone leaves all memory"
done_testing
