#!/usr/bin/env bash
# Planted figures on machines of several nodes, emulated ones, where pages and threads can really
# be on the wrong node.
. tests/sim/sim.sh
guest_needs

# planted: a figure for each placement that was planted for one GPU by itself
planted() {
	while read -r c n g memory direction bandwidth; do
		figure ".together == null and .cpu_node == $c and .mem_node == $n and .gpu == $g
			and .memory == \"$memory\" and .direction == \"$direction\"" "$bandwidth" \
			"$1: CPUs of node $c, memory of node $n, GPU $g, $memory $direction"
	done < <(jq -r '.plants[] | [.cpu_node, .mem_node, .gpu, .memory, .direction, .bandwidth]
		| map(tostring) | join(" ")' "$NUMABENCH_SIM")
}

# The nodes are those of tests/vm/machines/cpuless.conf: node 1 drives the memory of node 2.
scenario four-gpus '.gpus |= .[0:2] | .plants = [
	([0, 0], [1, 1], [1, 2]) as [$c, $n] | range(2) as $g | ("h2d", "d2h") as $d
	| ((8e9 + 4e9 * $n + 1.5e9 * $g) * (if $d == "h2d" then 1 else 1.08 end)) as $pinned
	| { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pinned", direction: $d, bandwidth: $pinned },
	  { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pageable", direction: $d,
	    bandwidth: ($pinned / 8) } ]'
guest_bench cpuless gpu-bandwidth --quick --size 2MiB
is "$rc" 0 "a node without CPUs: exit code 0" || diag "$err"
diag "took $elapsed s"
is "$(statuses)" ok "a node without CPUs: every record is ok"
planted "a node without CPUs"

# Three axes, CPU node x memory node x GPU, and all GPUs at once from two worker processes.
# Pinned copies: the GPU reads every node's memory alike but for the node's own rate, and writes
# (d2h) to another node than its own at six tenths: a penalty in one direction only; the CPU makes
# no difference. Pageable copies: what counts is the node of the CPU that stages them.
scenario four-gpus '.gpus |= .[0:2] | .gpus[1] += { node_sysfs: 1, node_nvml: 1, node_cuda: 1 }
	| .plants = [ range(2) as $c | range(2) as $n | range(2) as $g
	| (8e9 + 1e9 * $n + 1.5e9 * $g) as $pinned
	| (1e9 + (if $c == $g then 0.5e9 else 0 end) + 0.04e9 * $n) as $pageable
	| { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pinned", direction: "h2d",
	    bandwidth: $pinned },
	  { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pinned", direction: "d2h",
	    bandwidth: ($pinned * (if $n == $g then 1 else 0.6 end)) },
	  { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pageable", direction: "h2d",
	    bandwidth: $pageable },
	  { cpu_node: $c, mem_node: $n, gpu: $g, memory: "pageable", direction: "d2h",
	    bandwidth: ($pageable * 0.9) } ]
	| .shared = [
	{ name: "between the sockets", gpus: [0, 1], memory: "pinned", direction: "h2d",
	  bandwidth: 12e9 },
	{ name: "staging", memory: "pageable", direction: "h2d", bandwidth: 2e9 } ]'
guest_bench two-nodes gpu-bandwidth --size 2MiB
is "$rc" 0 "two nodes: exit code 0" || diag "$err"
diag "took $elapsed s"
is "$(statuses)" ok "two nodes: every record is ok"
planted "two nodes"

# at_once HOW MEMORY DIRECTION NODE-OF-0 WANTED-0 NODE-OF-1 WANTED-1
at_once() {
	local select=".together == \"$1\" and .memory == \"$2\" and .direction == \"$3\""
	figure "$select and .gpu == 0 and .mem_node == $4" "$5" "at once, $1, $2 $3: GPU 0 from node $4"
	figure "$select and .gpu == 1 and .mem_node == $6" "$7" "at once, $1, $2 $3: GPU 1 from node $6"
}
at_once own-nodes pinned h2d 0 6e9 1 6e9
at_once own-nodes pinned d2h 0 8e9 1 10.5e9
at_once crossed pinned h2d 1 6e9 0 6e9
at_once crossed pinned d2h 1 5.4e9 0 5.7e9
at_once one-node pinned h2d 0 6e9 0 6e9
at_once one-node pinned d2h 0 8e9 0 5.7e9
at_once own-nodes pageable h2d 0 1e9 1 1e9
at_once own-nodes pageable d2h 0 1.35e9 1 1.386e9
done_testing
