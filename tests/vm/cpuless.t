#!/usr/bin/env bash
# A node with memory and without CPUs: the host's, and once more as the memory of a GPU.
. tests/vm/lib.sh
scenario cpuless
scenario cpuless '.gpus[1].own_node = 2' grace
boot cpuless <<'END'
step topology $sim/topology --json
step text topology
step latency mem-latency --quick --size 1MiB --rounds 1 --budget 200 --json
# Everything but what takes --thorough.
step modes mem-latency --size 1MiB --rounds 1 --budget 300 --json
step list mem-latency --list
step gpu $sim/gpu-bandwidth --quick --size 1MiB --rounds 1 --gpus 0 --budget 300 --json
scenario grace
step grace-topology $sim/topology --json
step grace-text $sim/topology
step grace-latency $sim/mem-latency --quick --size 1MiB --rounds 1 --budget 200 --json
END
is "$(q topology '[.topology.nodes[] | [.id, .kind] | join(" ")] | join(", ")')" \
    "0 ordinary, 1 ordinary, 2 cpuless" "node 2 is listed as CPU-less"
like "$(out text)" "Node 2 has no CPUs; node 1's are the nearest" "and the nearest CPUs are named"
is "$(records latency | jq -c '[.[] | [.cpu_node, .mem_node]] | unique')" \
    "[[0,0],[0,1],[0,2],[1,0],[1,1],[1,2]]" "it is a memory node and no CPU node"
is "$(count latency "$placed and .status == \"ok\"")" 6 "all cells are in their place"
# pairs CONDITION: of the cells of mem-latency the CPU and memory nodes.
pairs() { records modes | jq -c "[.[] | select($1) | [.cpu_node, .mem_node]] | unique" 2>&1; }
near="[[0,0],[1,1],[1,2]]"
is "$(pairs '.pages_asked == "4k"')" "$near" "4 KiB pages: node 2 is driven by node 1"
is "$(count modes ".pages_asked == \"4k\" and $placed and .status == \"ok\" and .pages == \"4k\"")" 3 \
    "and all are in their place, in such pages"
is "$(pairs '.metric == "loaded-latency"')" "$near" "under load likewise"
is "$(count modes ".metric == \"loaded-latency\" and $placed and .status == \"ok\"")" 18 \
    "six steps of load each, chase and load in their place"
is "$(count modes '.load_step == 0 and .injected == 0')" 3 "none at the first step"
is "$(count modes '.load_step > 0 and .injected >= 0 and .injectors.threads == 1')" 15 "one other core at the others"
# In emulation cores take turns, and the other one may get none.
isnt "$(count modes '.load_step > 0 and .injected > 0')" 0 "which moves something"
is "$(records modes | jq -c '[.[] | select(.cpu_pair) | [.cpu_node, .cpu_pair[]]] | sort')" \
    "[[0,0,1],[0,0,2],[0,0,3],[0,1,2],[0,1,3],[1,2,3]]" "all pairs of cores, on the first one's node"
is "$(count modes '.cpu_pair and (.mem_node or (.status | IN("ok", "unstable") | not))')" 0 \
    "they have no memory node, and a figure or say that they never met"
is "$(count modes 'true')" 33 "and that is all"
is "$(grep -c '^[^ ]' "$got/list.out")" 6 "--list tells the modes"

is "$(records gpu | jq -c '[.[] | [.cpu_node, .mem_node]] | unique')" "[[0,0],[1,1],[1,2]]" \
    "copies from its memory are driven by node 1"
is "$(count gpu "($placed | not) or .status != \"ok\"")" 0 "and are in their place"

is "$(q grace-topology '[.topology.nodes[].id] | tostring')" "[0,1]" "a GPU's own memory is no host node"
is "$(q grace-topology '.topology.gpus[1].own_memory_node')" 2 "it is named on its GPU"
like "$(out grace-text)" "node 2 is the memory of GPU 1, not of the host" "and in a note"
is "$(records grace-latency | jq -c '[.[] | .mem_node] | unique')" "[0,1]" "and nothing is measured on it"
done_testing
