#!/usr/bin/env bash
# A node with CPUs and a GPU, but without memory.
. tests/vm/lib.sh
scenario memoryless
boot memoryless <<'END'
step topology $sim/topology --json
step memory mem-bandwidth --quick --size 1MiB --rounds 1 --budget 200 --json
step gpu $sim/gpu-bandwidth --quick --size 1MiB --rounds 1 --gpus 1 --budget 300 --json
step bind $sim/bind --gpu 1 -- grep allowed_list /proc/self/status
step print $sim/bind --gpu 1 --print numactl -- true
END
is "$(q topology '[.topology.nodes[] | [.id, .kind] | join(" ")] | join(", ")')" \
    "0 ordinary, 1 memoryless, 2 ordinary" "node 1 is listed as memory-less"
is "$(q topology '.topology.gpus[1].declared_node.sysfs')" 1 "GPU 1 hangs on it"
is "$(records memory | jq -c '[.[] | [.cpu_node, .mem_node]] | unique')" \
    "[[0,0],[0,2],[1,0],[1,2],[2,0],[2,2]]" "it is a CPU node and no memory node"
is "$(count memory "$placed and .status == \"ok\"")" 18 "all cells are in their place"
is "$(rc memory)" 0 "and mem-bandwidth ends well"
is "$(records gpu | jq -c '[.[] | [.cpu_node, .mem_node]] | unique')" "[[0,0],[1,2],[2,2]]" \
    "copies from node 1's CPUs use the nearest memory, node 2's"
is "$(count gpu "($placed | not) or .status != \"ok\"")" 0 "and are in their place"
is "$(out bind | sed -n 's/^Cpus_allowed_list:\t//p')" 2-3 "bind gives GPU 1 the cores of node 1"
unlike "$(out print)" "membind=1" "and binds no memory to a node that has none"
done_testing
