#!/usr/bin/env bash
# Two nodes, four GPUs: what bind promises, and placement where the kernel refuses to be asked.
. tests/vm/lib.sh
scenario two-nodes
boot two-nodes <<'END'
# A process with eight megabytes of heap tells what it may use and where its pages are.
cat >/job/child <<'CHILD'
grep allowed_list /proc/self/status
awk 'BEGIN {
    s = "x"; while (length(s) < 8e6) s = s s
    while ((getline line < "/proc/self/numa_maps") > 0) print line
}'
echo "visible=$CUDA_VISIBLE_DEVICES order=$CUDA_DEVICE_ORDER"
numactl --show
exit 7
CHILD
step unbound sh /job/child
for gpu in 0 3; do
    step bind$gpu $sim/bind --gpu $gpu -- sh /job/child
    step print$gpu $sim/bind --gpu $gpu --print numactl -- sh /job/child
    step printed$gpu sh -c "$($sim/bind --gpu $gpu --print numactl -- sh /job/child)"
done
step refused-bind refuse EPERM $sim/bind --gpu 3 -- sh /job/child
for error in EPERM ENOSYS EACCES; do
    step $error refuse $error mem-latency --quick --size 1MiB --rounds 1 --budget 60 --json
done
step binding refuse EPERM binding mem-bandwidth --quick --size 1MiB --rounds 1 --budget 100 --json
step asking refuse EPERM asking mem-bandwidth --quick --size 1MiB --rounds 1 --budget 100 --json
step gpus refuse EPERM $sim/gpu-bandwidth --quick --size 1MiB --rounds 1 --gpus 2 --budget 200 --json
END

# Pages of anonymous memory: how many on which nodes.
pages() {
    out "$1" | grep -E 'heap|anon=' | grep -v file= | grep -Eo 'N[0-9]+=[0-9]+' |
        awk -F= '{ n[$1] += $2 } END { for (i in n) if (n[i] >= 1000) print i }' | sort | tr '\n' ' '
}
# bind: GPU 0 hangs on node 0 (CPUs 0-1, shared with GPU 1), GPU 3 on node 1 (CPUs 2-3, with GPU 2).
is "$(rc unbound)" 7 "the child ends with 7"
while read -r gpu node cpus; do
    for s in bind$gpu printed$gpu; do
        is "$(rc "$s")" 7 "$s: ends as the command does"
        is "$(out "$s" | sed -n 's/^Cpus_allowed_list:\t//p')" "$cpus" "$s: its CPUs are $cpus"
        is "$(pages "$s")" "N$node " "$s: its memory is on node $node"
        like "$(out "$s")" "^membind: $node *\$" "$s: numactl sees it bound to node $node"
    done
    like "$(out "bind$gpu")" "^visible=GPU-0000000$gpu-.* order=PCI_BUS_ID" \
        "GPU $gpu alone is visible, in PCI order"
    like "$(out "print$gpu")" "^env CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=[^ ]+ numactl --physcpubind=$cpus --membind=$node sh /job/child" \
        "--print gives numactl's line"
done <<'END'
0 0 0
3 1 3
END
if [ "$(rc refused-bind)" = 7 ]; then
    is "$(pages refused-bind)" "N1 " "bind without mempolicy calls: memory is on node 1 by first touch"
    isnt "$(err refused-bind)" "" "and it says that the memory is not bound"
else
    is "$(rc refused-bind)" 125 "bind that cannot bind the memory ends with 125"
    like "$(err refused-bind)" "not permitted|refuse|set_mempolicy" "and says why"
fi

# Refused calls: proven by numa_maps or said to be unproven, and never wrong in silence.
for s in EPERM ENOSYS EACCES binding asking; do
    cells=12
    [ "$(rc "$s")" != "no step $s" ] && [ "${s#E}" = "$s" ] || cells=4
    is "$(count $s true)" $cells "$s: all cells are recorded"
    is "$(count $s ".status == \"ok\" and ($placed | not)")" 0 "$s: what is ok is where it says"
    is "$(count $s '.status != "ok" and .reason == null')" 0 "$s: what is not ok says why"
    is "$(count $s ".status == \"ok\" and .cpu_node == .mem_node")" $((cells / 2)) \
        "$s: each node's own memory is measured"
done
for s in EPERM ENOSYS EACCES asking; do
    is "$(count $s '.status == "ok" and .placement.proof != "numa_maps"')" 0 "$s: proven by numa_maps"
done
is "$(count asking '.status == "ok"')" 12 "asking: every placement is bound, and proven by numa_maps"
is "$(count binding '.status == "ok" and .placement.proof != "move_pages"')" 0 \
    "binding: proven by move_pages"
isnt "$(count gpus true)" 0 "GPU copies are recorded where the kernel refuses"
is "$(count gpus ".status == \"ok\" and ($placed | not)")" 0 "those that are ok are where they say"
is "$(count gpus '.status != "ok" and .reason == null')" 0 "those that are not say why"
done_testing
