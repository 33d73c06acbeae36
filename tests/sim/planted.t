#!/usr/bin/env bash
# What is planted comes back: every node, GPU, direction and kind of memory.
. tests/sim/sim.sh

# A figure for each cell that no other cell has: a matrix with two cells exchanged,
# or pages on another node than the record says, cannot pass.
scenario four-gpus '.plants = [ $nodes[] as $n | range(4) as $g
	| (20e9 + 7e9 * $g + 1.5e9 * $n) as $pinned
	| { cpu_node: $n, mem_node: $n, gpu: $g, memory: "pinned", direction: "h2d",
	    bandwidth: $pinned, latency: (20e-6 + 4e-6 * $g + 2e-6 * $n) },
	  { cpu_node: $n, mem_node: $n, gpu: $g, memory: "pinned", direction: "d2h",
	    bandwidth: ($pinned * 1.06), latency: (21.5e-6 + 4e-6 * $g + 2e-6 * $n) },
	  { cpu_node: $n, mem_node: $n, gpu: $g, memory: "pageable", direction: "h2d",
	    bandwidth: ($pinned / 5), latency: 1e-7 },
	  { cpu_node: $n, mem_node: $n, gpu: $g, memory: "pageable", direction: "d2h",
	    bandwidth: ($pinned / 6), latency: 1e-7 },
	  { cpu_node: $n, gpu: $g, launch: (30e-6 + 3e-6 * $g + 1e-6 * $n) } ]'
all
is "$rc" 0 "exit code 0"
diag "took $elapsed s"

is "$(q '[.records[] | select(.status != "ok")] | length')" 0 "every record is ok"
while read -r n g memory direction bandwidth latency launch; do
	if [ "$launch" != null ]; then
		figure ".metric == \"launch-latency\" and .cpu_node == $n and .gpu == $g" "$launch" \
			"node $n, GPU $g: launch"
		continue
	fi
	cell=".together == null and .mem_node == $n and .cpu_node == $n and .gpu == $g
		and .memory == \"$memory\" and .direction == \"$direction\""
	name="node $n, GPU $g, $memory $direction"
	figure "$cell and .metric == \"bandwidth\"" "$bandwidth" "$name: bandwidth"
	[ "$memory" = pageable ] ||
		figure "$cell and .metric == \"host-latency\"" "$latency" "$name: latency"
done < <(jq -r '.plants[] | [.mem_node // .cpu_node, .gpu, .memory, .direction, .bandwidth, .latency,
	.launch] | map(tostring) | join(" ")' "$NUMABENCH_SIM")

gpu_records='[.records[] | select(.mem_node != null and .direction != "bidirectional")]'
is "$(q "$gpu_records | all(.verified == true)")" true "every record is verified"
is "$(q "$gpu_records | all(.placement.proof != \"none\")")" true "with a proof of its placement"
is "$(q "$gpu_records | all(.mem_node as \$n | .placement.resident | keys == [\$n | tostring])")" \
	true "all pages on the record's own node"
is "$(q "$gpu_records | all((.samples | length) >= 6 and (.fresh | unique | length) >= 3)")" \
	true "six samples, three allocations"
is "$(q '[.records[] | select(.metric == "host-latency") | .quantiles
	| select(.p50 <= .p90 and .p90 <= .p99 and .p99 <= .max and .operations >= 1200)] | length
	== 8 * '"$(jq length <<<"$nodes")")" true "latencies have quantiles of all operations"
is "$(q '[.records[] | select(.test == "gpu-bandwidth" and .gpu != null and .direction != "bidirectional")]
	| all(.link_before.gen == 1 and .link_during.gen == 5)')" true \
	"the link was read idle and under load"

is "$(q .run.simulated)" true "the result is marked simulated"
like "$out" SIMULATED "and so is the report"
like "$(head -n 1 <<<"$out")" "4 of 4 GPUs measured" "its first line says what was measured"
is "$(q .verdict.status)" pass "verdict"
is "$(q '[.topology.gpus[].pci] | join(" ")')" \
	"0000:17:00.0 0000:2a:00.0 0000:3d:00.0 0000:5d:00.0" "GPUs in PCI order"

# A cold GPU, and one bench alone: the first sample is as good as the others.
scenario four-gpus '.gpus |= .[0:1] | .noise = 0 | .cold_s = 0.08 | .cold_factor = 0.3
	| .plants = [{ bandwidth: 30e9 }]'
run gpu-bandwidth --json --size 4MiB --rounds 6 --budget 20
is "$rc" 0 "a cold GPU: exit code 0"
is "$(jq -s '[.[].records // [] | .[] | select(.memory == "pinned" and .direction != "bidirectional") | .samples[]]
	| length == 24 and all(. > 29e9)' <<<"$out")" true "a cold GPU is warm before its first sample"

# What the host takes to start a copy is in no figure, however small the copy and slow the start.
pinned='[.[].records // [] | .[] | select(.memory == "pinned" and .together == null)]'
for launch in 3e-6 1e-3; do
	scenario four-gpus ".gpus |= .[0:1] | .noise = 0 | .launch_s = $launch
		| .plants = [{ bandwidth: 20e9 }]"
	run gpu-bandwidth --json --quick --size 4KiB --rounds 6 --budget 60
	is "$rc" 0 "copies of 4 KiB, $launch s to start one: exit code 0"
	# Whole nanoseconds of 205 make up to half a percent.
	near "$(jq -s "$pinned | [.[].samples[]] | min" <<<"$out")" 20e9 0.01 \
		"copies of 4 KiB, $launch s to start one: the slowest sample"
done
done_testing
