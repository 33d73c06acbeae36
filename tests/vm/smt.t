#!/usr/bin/env bash
# Two threads to a core: one thread of each core measures, and siblings stay together.
. tests/vm/lib.sh
scenario smt
boot smt <<'END'
step topology $sim/topology --json
step threads mem-latency --quick --size 1MiB --rounds 1 --budget 100 --json
step bandwidth mem-bandwidth --quick --size 1MiB --rounds 1 --nodes 1 --budget 100 --json
step bind $sim/bind --gpu 0 -- grep allowed_list /proc/self/status
END
is "$(q topology '[.topology.nodes[].cores | join(" ")] | join(", ")')" "0-1 2-3, 4-5 6-7" "cores with their siblings"
is "$(records bandwidth | jq -c '[.[].threads] | unique')" "[2]" "two threads on a node of two cores and four CPUs"
is "$(count bandwidth "$placed and .status == \"ok\"")" 3 "all in their place"
is "$(out bind | sed -n 's/^Cpus_allowed_list:\t//p')" 4-7 "bind gives whole cores"
done_testing
