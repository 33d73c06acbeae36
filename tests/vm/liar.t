#!/usr/bin/env bash
# Firmware declares each GPU on the other one's node: what was measured is recommended, and the lie named.
. tests/vm/lib.sh
# shellcheck disable=SC2016  # jq's
planted='.plants = [{ bandwidth: 2e7 }] + [(0, 1) as $n | (0, 1) as $g | {
    cpu_node: $n, mem_node: $n, gpu: $g, bandwidth: (if $n != $g then 3e9 else 2e9 end) }]'
scenario liar "$planted"
boot liar <<'END'
step overview /numabench/sim/bin/numabench
step all /numabench/sim/bin/numabench --all --quick --budget 600 --size 1MiB --quiet --json - \
    --output /job/out --only gpu-bandwidth
step report cat /job/out/report.txt
step declared $sim/bind --gpu 0 -- grep Cpus_allowed_list /proc/self/status
step measured $sim/bind --gpu 0 --from /job/out/result.json -- grep Cpus_allowed_list /proc/self/status
END
is "$(q all '[.recommendations[] | [.gpu, .node, .matters, .agrees_with_declared] | join(" ")] | join(", ")')" \
    "0 1 yes false, 1 0 yes false" "the fast nodes are recommended, against the declaration"
like "$(flat report)" "GPU node declared .* 0 1 0 ! .* 1 0 1 ! " \
    "the report says that the declaration is wrong"
like "$(out overview)" "GPU 0: numactl --physcpubind=0-1 --membind=0" "without a result it is followed"
like "$(out declared)" "0-1$" "by bind, too"
like "$(out measured)" "2-3$" "which follows a result where there is one"
like "$(err measured)" "CPUs 2-3 of node 1 \\(measured\\)" "and says so"
done_testing
