#!/usr/bin/env bash
# A GPU server of two nodes, sixteen cores and eight GPUs: every GPU gets cores of its own.
. tests/vm/lib.sh
scenario demo
boot demo <<'END'
step overview /numabench/sim/bin/numabench
step topology $sim/topology --json
for gpu in 0 3 7; do
    step bind$gpu $sim/bind --gpu $gpu -- grep Cpus_allowed_list /proc/self/status
done
END
is "$(q topology '[.topology.gpus[] | .declared_node.sysfs] | tostring')" "[0,0,0,0,1,1,1,1]" "four GPUs a node"
is "$(out overview | sed -n 's/^  GPU \([0-7]\): numactl --physcpubind=\([^ ]*\) --membind=\(.\)$/\1 \2 \3/p')" \
    "0 0-1 0
1 2-3 0
2 4-5 0
3 6-7 0
4 8-9 1
5 10-11 1
6 12-13 1
7 14-15 1" "disjoint shares of their node's cores"
is "$(cat "$got"/bind?.out | sed 's/.*\t//' | tr '\n' ' ')" "0-1 6-7 14-15 " "and bind gives them"
done_testing
