#!/usr/bin/env bash
# Budgets on two nodes with eight simulated GPUs that really take as long as they should. Copies of
# 16 MiB, for the simulating machine has to make them, too.
. tests/sim/sim.sh
[ -z "${SANITIZE:-}" ] || skip_all "a sanitizer's time is no measure of ours"

two_nodes
scenario two-sockets "$split"' | .realtime = true | .context_s = 0.35 | .pin_s_per_gib = 0.3
	| .launch_s = 3e-6 | .plants += [{ memory: "pinned", bytes_below: 1048576, start: 1.2e-6 }, { launch: 6e-6 }]'

# budget SECONDS NAME CODES: run --all --quick in it; within ten percent, or once more: a neighbour may
# have had the processors.
budget() {
	for _ in 1 2 3; do
		RUN_TIMEOUT=200 all --size 16MiB --budget "$1"
		[ "${elapsed%.*}" -lt $((1 + $1 * 11 / 10)) ] && [[ $rc = ["$3"] ]] &&
			{ [ "$3" != 0 ] || [ "$(statuses)" = ok ]; } && break
		diag "$2: took $elapsed s"
	done
	like "$rc" "^[$3]$" "$2: exit code $3" || diag "$err"
	ok test "${elapsed%.*}" -lt $((1 + $1 * 11 / 10)) -- "$2: kept within ten percent ($elapsed s)"
	is "$(q '[.records[] | select(.status == "ok" and .samples != null and (.round | unique | length) < 6)]
		| length')" 0 "$2: whatever was measured has six rounds"
}

budget 45 "45 s for eight GPUs" 0
is "$(statuses)" ok "45 s for eight GPUs: nothing was left out"
for what in pinned:own-nodes:24 pinned::32 pinned:both-ways:48 pageable::32; do
	IFS=: read -r memory together cells <<<"$what"
	is "$(q "[.records[] | select(.test == \"gpu-bandwidth\" and .memory == \"$memory\"
		and (.together // \"\") == \"$together\" and .gpu != null)] | length")" "$cells" \
		"45 s for eight GPUs: with all $cells cells of $memory $together"
done
is "$(q '[.records[] | select(.metric == "host-latency" or .metric == "launch-latency")] | length')" 48 \
	"45 s for eight GPUs: and latencies of every node and GPU"

# Where too little is left of a GPU to say anything, the verdict is unknown.
budget 20 "20 s for eight GPUs" 03
like "$(statuses)" "skipped: left out: " "20 s for eight GPUs: what did not fit was left out and is named"
like "$(q '.checks[] | select(.id == "run.cells") | .observed')" "budget: gpu-(bandwidth|latency): [0-9]+ [a-z]+" \
	"20 s for eight GPUs: by kind, in a finding"
done_testing
