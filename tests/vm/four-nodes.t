#!/usr/bin/env bash
# Four nodes, four GPUs: placement in every cell, planted figures and recommendations, and a
# cpuset that gives half of the machine.
. tests/vm/lib.sh

# A figure of its own for every cell. GPU 0 and 3 are fastest on the node that firmware
# declares; GPU 1 on node 3, though declared on 1; GPU 2 is as fast on all of them.
scenario four-nodes '
    [0, 3, null, 3] as $best
    | .plants = [range(4) as $n | range(4) as $g
        | (if $best[$g] == null then 1 elif $best[$g] == $n then 1.4 else 1 + $n / 20 end) as $f
        | (30 + 5 * $g) * 1e9 * $f as $rate
        | { cpu_node: $n, mem_node: $n, gpu: $g },
          { cpu_node: $n, mem_node: ($n + 1) % 4, gpu: $g, bandwidth: 1e9, latency: 1e-3 }
        | select(.bandwidth), (select(.bandwidth == null)
            | . + { memory: "pinned", direction: "h2d", bandwidth: $rate, latency: (20e-6 / $f) },
              . + { memory: "pinned", direction: "d2h", bandwidth: ($rate * 1.1), latency: (26e-6 / $f) },
              . + { memory: "pageable", direction: "h2d", bandwidth: ($rate / 5), latency: 1e-7 },
              . + { memory: "pageable", direction: "d2h", bandwidth: ($rate / 7), latency: 1e-7 })]'
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
step bandwidth spy mem-bandwidth --size 1MiB --rounds 1 --budget 200 --json
step latency mem-latency --size 1MiB --rounds 1 --budget 100 --json
step spied sort -u /tmp/spied
all() {
    /numabench/sim/bin/numabench --all --quick --budget 600 --size 1MiB --quiet --json - --output /work/out \
        --only gpu-bandwidth,gpu-latency "$@"
}
step all all
step report cat /work/out/report.txt
step bind $sim/bind --gpu 1 --from /work/out/result.json --print numactl -- true

cd /sys/fs/cgroup
echo +cpuset >cgroup.subtree_control
mkdir part cpus
echo 2-5 >part/cpuset.cpus
echo 1-2 >part/cpuset.mems
echo 2-3 >cpus/cpuset.cpus
cd /work
within() {
    group=$1
    shift
    sh -c 'echo $$ >"/sys/fs/cgroup/$0/cgroup.procs"; exec "$@"' "$group" "$@"
}
step part-topology within part $sim/topology --json
step part-text within part $sim/topology
step part-plan within part mem-bandwidth --dry-run --json
step part-measured within part mem-latency --size 1MiB --rounds 1 --budget 100 --json
step part-gpus within part $sim/gpu-bandwidth --dry-run --json
step part-bind within part $sim/bind --gpu 0 -- grep allowed_list /proc/self/status
step part-wrong within part mem-latency --size 1MiB --nodes 0-1
step cpus-plan within cpus mem-latency --dry-run --json
END
cp -r $got /tmp/vm/
done_testing
