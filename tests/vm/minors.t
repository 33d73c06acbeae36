#!/usr/bin/env bash
# Render minors in another order than the GPUs' addresses: 2 0 3 1.
. tests/vm/lib.sh
scenario minors
boot minors <<'END'
step topology $sim/topology --json
step text $sim/topology
step kernel sh -c 'for r in /sys/class/drm/renderD*; do
    echo "${r##*/} $(basename "$(readlink -f $r/device)") $(cat $r/device/numa_node)"; done'
END
is "$(q topology '[.topology.gpus[] | [.index, .pci, .render_node, .declared_node.sysfs] | join(" ")] | join("\n")')" \
    "0 0000:11:00.0 renderD129 0
1 0000:12:00.0 renderD131 0
2 0000:21:00.0 renderD128 1
3 0000:22:00.0 renderD130 1" "JSON: render node, GPU and NUMA node belong together"
is "$(q topology '[.topology.gpus[] | [.render_node, .pci, .declared_node.sysfs] | join(" ")] | sort | join("\n")')" \
    "$(out kernel)" "as the kernel has them"
is "$(out text | awk '/^Node/ { node = $2 + 0 } /GPU [0-9]/ { for (i = 1; i <= NF; i++) if ($i ~ /^renderD/) print $2, $i, node }')" \
    "0 renderD129 0
1 renderD131 0
2 renderD128 1
3 renderD130 1" "text: each stands under its node"
done_testing
