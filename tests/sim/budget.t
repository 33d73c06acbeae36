#!/usr/bin/env bash
# Budgets on two nodes with eight simulated GPUs that really take as long as they should. Copies of
# 16 MiB, for the simulating machine has to make them, too.
. tests/sim/sim.sh
[ -z "${SANITIZE:-}" ] || skip_all "a sanitizer's time is no measure of ours"

two_nodes
scenario two-sockets "$split"' | .realtime = true | .context_s = 0.35 | .pin_s_per_gib = 0.3
	| .launch_s = 3e-6 | .plants += [{ memory: "pinned", bytes_below: 1048576, start: 1.2e-6 }, { launch: 6e-6 }]'

# budget SECONDS..: run --all --quick in the first of these budgets in which nothing is left out, or in
# the last: where others have the processors, the copies that the simulator makes take longer.
budget() {
	for seconds; do
		RUN_TIMEOUT=200 all --size 16MiB --budget "$seconds"
		name="$seconds s for eight GPUs"
		[ "$(statuses)" != ok ] || break
		diag "$name: took $elapsed s, and: $(statuses)"
	done
	ok test "${elapsed%.*}" -lt $((1 + seconds * 11 / 10)) -- "$name: kept within ten percent ($elapsed s)"
	is "$(q '[.records[] | select(.status == "ok" and .samples != null and (.round | unique | length) < 6)]
		| length')" 0 "$name: whatever was measured has six rounds"
}

budget 45 90 150
is "$rc" 0 "$name: exit code 0" || diag "$err"
is "$(statuses)" ok "$name: nothing was left out"
for what in pinned:own-nodes:24 pinned::32 pinned:both-ways:48 pageable::32; do
	IFS=: read -r memory together cells <<<"$what"
	is "$(q "[.records[] | select(.test == \"gpu-bandwidth\" and .memory == \"$memory\"
		and (.together // \"\") == \"$together\" and .gpu != null)] | length")" "$cells" \
		"$name: with all $cells cells of $memory $together"
done
is "$(q '[.records[] | select(.metric == "host-latency" or .metric == "launch-latency")] | length')" 48 \
	"$name: and latencies of every node and GPU"

# Where too little is left of a GPU to say anything, the verdict is unknown.
budget 20
like "$rc" "^[03]$" "$name: exit code $rc" || diag "$err"
like "$(statuses)" "skipped: left out: " "$name: what did not fit was left out and is named"
like "$(q '.checks[] | select(.id == "run.cells") | .observed')" "budget: gpu-(bandwidth|latency): [0-9]+ [a-z]+" \
	"$name: by kind, in a finding"
done_testing
