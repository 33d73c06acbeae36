#!/usr/bin/env bash
# Eight nodes: every page and every thread of all 64 pairs is where the record says.
. tests/vm/lib.sh
boot eight-nodes <<'END'
step bandwidth mem-bandwidth --quick --size 512KiB --rounds 1 --budget 300 --json
step latency mem-latency --quick --size 1MiB --rounds 1 --budget 200 --json
END
is "$(rc bandwidth)" 0 "mem-bandwidth ends well"
is "$(count bandwidth true)" 192 "three metrics of every CPU node x memory node"
is "$(count bandwidth "$placed and .status == \"ok\" and .placement.proof == \"move_pages\"")" 192 \
    "bandwidth: every page and every thread is where the record says"
is "$(records bandwidth | jq -c '[.[] | [.cpu_node, .mem_node]] | unique | length')" 64 "64 different pairs"
is "$(count latency "$placed and .status == \"ok\" and .placement.proof == \"move_pages\"")" 64 \
    "latency: the same"
done_testing
