#!/usr/bin/env bash
# Firmware declares no node for the GPUs' bus: said so, never taken for node 0.
. tests/vm/lib.sh
# shellcheck disable=SC2016  # jq's
scenario undeclared '.plants = [{ bandwidth: 2e7 }] + [(0, 1) as $n | (0, 1) as $g | {
    cpu_node: $n, mem_node: $n, gpu: $g, bandwidth: (if $n == $g then 3e9 else 2e9 end) }]'
boot undeclared <<'END'
step topology $sim/topology --json
step text $sim/topology
step bind $sim/bind --gpu 0 -- true
step all /numabench/sim/bin/numabench --all --quick --budget 600 --size 1MiB --quiet --json - \
    --output /job/out --only gpu-bandwidth
END
is "$(q topology '[.topology.gpus[].declared_node | [.sysfs, .nvml, .cuda] | map(tostring) | join(" ")] | unique | join(",")')" \
    "null null null" "nobody declares a node"
like "$(out text)" "GPU 0: no node known: .*(-1|not declared)" "topology says so"
isnt "$(rc bind)" 0 "bind has nothing to follow"
like "$(err bind)" "GPU 0.*(no node|declare)" "and says so"
is "$(q all '[.recommendations[] | [.gpu, .node, .matters, .basis] | join(" ")] | join(", ")')" \
    "0 0 yes measured, 1 1 yes measured" "measured, the best node is known"
done_testing
