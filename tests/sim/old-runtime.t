#!/usr/bin/env bash
# A runtime or driver older than CUDA 12.2, which tells no NUMA nodes, and one without stream-wait.
. tests/sim/sim.sh

scenario four-gpus '.gpus |= .[0:2] | .numa_attributes = false | .no_stream_wait = true
	| .gpus[1] |= del(.node_nvml)'
all --budget 60
is "$rc" 0 "exit code 0" || diag "$err"
is "$(q '[.records[] | select(.gpu != null) | .status] | unique | join(" ")')" ok "everything is measured"
is "$(q '.topology.gpus[0].declared_node | [.sysfs, .nvml, .cuda] | map(tostring) | join(" ")')" \
	"0 0 null" "the node is what the others say, and CUDA says none"
is "$(q '.topology.gpus[1].declared_node | [.sysfs, .nvml, .cuda] | map(tostring) | join(" ")')" \
	"0 null null" "or sysfs alone"
unlike "$(q '[.topology.gpus[].declared_node.cuda] | tostring')" "-1" "and nobody makes a node of it"
is "$(q .verdict.status)" pass "verdict"
done_testing
