#!/usr/bin/env bash
# A node with memory and without CPUs: the host's, and once more as the memory of a GPU.
. tests/vm/lib.sh
scenario cpuless
scenario cpuless '.gpus[1].own_node = 2' grace
boot cpuless <<'END'
step topology $sim/topology --json
step text topology
step latency mem-latency --size 1MiB --rounds 1 --budget 200 --json
step gpu $sim/gpu-bandwidth --size 1MiB --rounds 1 --gpus 0 --budget 300 --json
scenario grace
step grace-topology $sim/topology --json
step grace-text $sim/topology
step grace-latency $sim/mem-latency --size 1MiB --rounds 1 --budget 200 --json
END
is "$(q topology '[.topology.nodes[] | [.id, .kind] | join(" ")] | join(", ")')" \
    "0 ordinary, 1 ordinary, 2 cpuless" "node 2 is listed as CPU-less"
like "$(out text)" "Node 2 has no CPUs; node 1's are the nearest" "and the nearest CPUs are named"
is "$(records latency | jq -c '[.[] | [.cpu_node, .mem_node]] | unique')" \
    "[[0,0],[0,1],[0,2],[1,0],[1,1],[1,2]]" "it is a memory node and no CPU node"
is "$(count latency "$placed and .status == \"ok\"")" 6 "all cells are in their place"
is "$(records gpu | jq -c '[.[] | [.cpu_node, .mem_node]] | unique')" "[[0,0],[1,1],[1,2]]" \
    "copies from its memory are driven by node 1"
is "$(count gpu "($placed | not) or .status != \"ok\"")" 0 "and are in their place"

is "$(q grace-topology '[.topology.nodes[].id] | tostring')" "[0,1]" "a GPU's own memory is no host node"
is "$(q grace-topology '.topology.gpus[1].own_memory_node')" 2 "it is named on its GPU"
like "$(out grace-text)" "node 2 is the memory of GPU 1, not of the host" "and in a note"
is "$(records grace-latency | jq -c '[.[] | .mem_node] | unique')" "[0,1]" "and nothing is measured on it"
done_testing
