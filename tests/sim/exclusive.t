#!/usr/bin/env bash
# A GPU in exclusive-process mode: the workers of two nodes use it one after the other.
. tests/sim/sim.sh
guest_needs

scenario four-gpus '.gpus |= .[0:2] | .gpus[0].compute_mode = "exclusive-process"
	| .gpus[1] += { node_sysfs: 1, node_nvml: 1, node_cuda: 1 } | .plants = [ range(2) as $n | range(2) as $g | { cpu_node: $n, gpu: $g, memory: "pinned",
	    bandwidth: (8e9 + 2e9 * $n + 1.5e9 * $g) }, { memory: "pageable", bandwidth: 1e9 } ]'
guest_bench two-nodes gpu-bandwidth --size 2MiB --quick
is "$rc" 0 "exit code 0" || diag "$err"
diag "took $elapsed s"
is "$(statuses '.together != "own-nodes"')" ok "every record of one GPU is ok"
like "$(statuses '.together == "own-nodes"')" \
	"^skipped: .*GPU 0 takes one at a time" "what needs two processes at once is skipped, and says why"
for n in 0 1; do
	for g in 0 1; do
		figure ".together == null and .cpu_node == $n and .mem_node == $n and .gpu == $g and
			.memory == \"pinned\" and .direction == \"h2d\"" "$((80 + 20 * n + 15 * g))e8" \
			"node $n, GPU $g: its figure"
	done
done

# One that no process may use at all.
scenario four-gpus '.gpus |= .[0:2] | .gpus[0].compute_mode = "prohibited"'
all
is "$rc" 0 "a GPU that nobody may use: exit code 0"
like "$(q '.topology.gpus[0].state_why')" "compute mode is prohibited" \
	"a GPU that nobody may use: is said"
is "$(q '[.records[] | select(.status == "ok") | .gpu | values] | unique | map(tostring) | join(" ")')" 1 \
	"a GPU that nobody may use: the other one is measured"
done_testing
