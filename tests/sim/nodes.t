#!/usr/bin/env bash
# Planted figures on a machine of two nodes, with a CPU-less third: in an emulated one, where
# pages and threads can really be on the wrong node.
. tests/sim/sim.sh
need qemu-system-x86_64 busybox
[ -z "${SANITIZE:-}" ] || skip_all "an emulated machine is too slow for sanitizers"
tests/vm/kernel >/dev/null 2>&1 || skip_all "no kernel to boot"

# The nodes are those of tests/vm/machines/cpuless.conf: node 1 drives the memory of node 2.
scenario four-gpus '.gpus |= .[0:2] | .plants = [
	([0, 0], [1, 1], [1, 2]) as [$c, $n] | range(2) as $g
	| (8e9 + 4e9 * $n + 1.5e9 * $g) as $pinned
	| { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pinned", direction: "h2d",
	    bandwidth: $pinned },
	  { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pinned", direction: "d2h",
	    bandwidth: ($pinned * 1.08) },
	  { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pageable", bandwidth: ($pinned / 8) } ]'
folder=$(dirname "$NUMABENCH_SIM")
run tests/vm/run --with "$folder" cpuless -- env NUMABENCH_SIM="$(basename "$folder")/scenario.json" \
	LD_LIBRARY_PATH=/numabench/sim/lib \
	/numabench/sim/libexec/numabench/gpu-bandwidth --json --size 2MiB --rounds 6 --budget 60
is "$rc" 0 "exit code 0" || diag "$err"
result=$TEST_TMP/records
jq -s '{ records: [.[].records // [] | .[]] }' <<<"$out" >"$result"
is "$(q '.records | length')" 24 "three placements, two GPUs, four ways"
is "$(q '[.records[] | select(.status != "ok") | .reason] | unique | join("; ")')" "" \
	"all of them ok"
while read -r c n g memory direction bandwidth; do
	near "$(q ".records[] | select(.cpu_node == $c and .mem_node == $n and .gpu == $g
		and .memory == \"$memory\" and (\"$direction\" == \"null\" or .direction == \"$direction\"))
		| .median" | head -n 1)" "$bandwidth" 0.03 \
		"node $c with memory of node $n, GPU $g, $memory $direction"
done < <(jq -r '.plants[] | [.cpu_node, .mem_node, .gpu, .memory, .direction, .bandwidth]
	| map(tostring) | join(" ")' "$NUMABENCH_SIM")
done_testing
