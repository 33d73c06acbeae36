#!/usr/bin/env bash
# Nodes 0, 2 and 3: nothing assumes that numbers have no gaps.
. tests/vm/lib.sh
# shellcheck disable=SC2016  # jq's
scenario sparse '.plants = [{ bandwidth: 1e9 }] + [[0, 2, 3][] as $n | {
    cpu_node: $n, mem_node: $n, bandwidth: (2e9 + $n * 2e8) }]'
boot sparse <<'END'
step topology $sim/topology --json
step latency mem-latency --quick --size 1MiB --rounds 1 --budget 200 --json
step all /numabench/sim/bin/numabench --all --quick --budget 600 --size 1MiB --quiet --json - \
    --output /job/out --only gpu-bandwidth --gpus 1
step wrong mem-latency --size 1MiB --nodes 0-2
step bind $sim/bind --gpu 1 -- grep allowed_list /proc/self/status
END
is "$(q topology '[.topology.nodes[] | [.id, .cpus] | join(" ")] | join(", ")')" "0 0, 2 1, 3 2" \
    "nodes 0, 2 and 3 with their CPUs"
is "$(q topology '.topology.distances | tostring')" '{"nodes":[0,2,3],"matrix":[[10,20,20],[20,10,20],[20,20,10]]}' \
    "and their distances"
is "$(count latency "$placed and .status == \"ok\"")" 9 "all pairs are measured in their place"
is "$(records latency | jq -c '[.[].mem_node] | unique')" "[0,2,3]" "under their own numbers"
is "$(rc all)" 0 "numabench --all ends well"
is "$(count all "($placed | not) or .status != \"ok\"")" 0 "everything is in its place"
is "$(q all '.records[] | select(.median / (2e9 + .mem_node * 2e8)
    / (if .direction == "bidirectional" then 2 else 1 end) - 1 | fabs > 0.05) | [.mem_node, .memory, .direction, .median] | tostring')" "" "the planted figures come back"
is "$(q all '.recommendations[] | select(.gpu == 1) | [.node, .cpus, .agrees_with_declared] | join(" ")')" \
    "3 2 false" "node 3 with its CPU is recommended for the GPU that is declared on node 2"
is "$(rc wrong)" 2 "--nodes 0-2 is refused"
like "$(err wrong)" "node 1 .*0,2-3" "node 1 is not there, and those that are get named"
is "$(out bind | sed -n 's/^Cpus_allowed_list:\t//p')" 1 "bind gives the core of node 2"
done_testing
