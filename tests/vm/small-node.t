#!/usr/bin/env bash
# A node with too little memory to give: its cells are refused with the figures, the others
# measured, and nothing is killed. Page cache on a node is no reason to refuse.
. tests/vm/lib.sh
boot small-node <<'END'
exec 9</dev/vda # the cache of a disk goes when nobody has it open
step cache taskset -c 2 dd if=/dev/vda of=/dev/null bs=1M count=400
step meminfo cat /sys/devices/system/node/node1/meminfo
step topology topology --json
# Three arrays of 16 MiB: more than half of what is free on node 1, or of what node 2 has.
step bandwidth mem-bandwidth --quick --size 16MiB --rounds 1 --nodes 1-2 --budget 300 --json
step kernel sh -c 'dmesg | grep -iE "oom|out of memory|killed process"'
END
free=$(out meminfo | awk '/MemFree/ { print $4 * 1024 }')
ok test "$free" -lt $((2 * 48 << 20)) -- "node 1 is full of page cache: $((free >> 20)) MiB are free"
ok test "$(q topology '.topology.nodes[1].giveable_bytes')" -gt $((350 << 20)) -- "and still it can give 350 MiB"
ok test "$(q topology '.topology.nodes[2].giveable_bytes')" -lt $((2 * 48 << 20)) -- "node 2 cannot give twice 48 MiB"
is "$(records bandwidth | jq -c '[.[] | select(.status == "ok") | [.cpu_node, .mem_node]] | unique')" "[[1,1],[2,1]]" \
    "node 1's memory is measured"
is "$(count bandwidth ".status == \"ok\" and $placed")" 6 "and is where it says"
is "$(count bandwidth '.mem_node == 2 and .status == "skipped"')" 6 "node 2's memory is skipped"
like "$(records bandwidth | jq -r '.[] | select(.mem_node == 2) | .reason' | sort -u)" "48 MiB .*[0-9]+.* MiB .*node 2" \
    "with the figures: what it takes and what there is"
is "$(out kernel)" "" "nothing was killed"
done_testing
