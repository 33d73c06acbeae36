# sim.sh - for tests/sim/*.t: tests/lib.sh, and scenarios made from those in scenarios/.
# shellcheck shell=bash
. tests/lib.sh

need jq
RUN_ROOT=$BUILD/sim
[ -x "$RUN_ROOT/bin/numabench" ] || skip_all "no simulator in $RUN_ROOT (a build without CUDA?)"
# The programs know this folder, too, but not when a sanitizer's dlopen searches for them.
export LD_LIBRARY_PATH=$RUN_ROOT/lib

# The nodes of this machine that have CPUs, as a JSON list.
nodes=$(for n in /sys/devices/system/node/node[0-9]*; do
	[ -n "$(tr -d '[:space:]' <"$n/cpulist")" ] && echo "${n##*node}"
done | jq -cs 'sort')

# scenario NAME [JQ-FILTER]: makes $TEST_TMP/NAME.N with the scenario, its overlay, and
# lets what runs from now on live in it. In the filter $nodes are this machine's.
scenario_number=0
scenario() {
	local folder
	scenario_number=$((scenario_number + 1))
	folder=$TEST_TMP/$1.$scenario_number
	mkdir "$folder"
	jq --argjson nodes "$nodes" "${2:-.} | .overlay = \".\"" "tests/sim/scenarios/$1.json" \
		>"$folder/scenario.json" || bail "scenario $1: the filter fails"
	tests/sim/overlay "$folder/scenario.json" "$folder" || bail "scenario $1: no overlay"
	export NUMABENCH_SIM=$folder/scenario.json
}

# two_nodes: lets this machine's CPUs be two nodes in the scenarios that follow: $split is a filter
# that makes them (nodes.c). Skips all where there is one CPU.
two_nodes() {
	local cpus
	cpus=$(python3 -c 'import os; print(*sorted(c for c in os.sched_getaffinity(0) if c < 64))')
	[[ $cpus == *" "* ]] || skip_all "one CPU is not enough for two nodes"
	nodes='[0,1]'
	# shellcheck disable=SC2034  # for the tests
	split=$(jq -nc --arg c "$cpus" '($c | split(" ") | map(tonumber)) as $c | ($c | length / 2 | ceil) as $h
		| [$c[:$h], $c[$h:]]' | sed 's/^/.nodes = /')
}

# all [OPTION..]: numabench --all in its quickest form, the result in $result (a
# file). The memory benches stay out: they have nothing to do with GPUs.
all() {
	local folder=$TEST_TMP/out.$scenario_number
	rm -rf "$folder"
	run numabench --all --quick --size 4MiB --only gpu-bandwidth,gpu-latency \
		--output "$folder" "$@"
	result=$folder/result.json
}

# q JQ-FILTER: an answer out of the result.
q() {
	jq -r "$1" "$result" 2>&1
}

# bench NAME [OPTION..]: one bench alone, in as few rounds as there may be; its records in $result.
bench() {
	result=$TEST_TMP/records.$scenario_number
	run "$1" --json --rounds 6 --budget 100 "${@:2}"
	jq -s '{ records: [.[].records // [] | .[]] }' <<<"$out" >"$result"
}

# guest_bench MACHINE NAME [OPTION..]: the same in a virtual machine of tests/vm, which has several
# nodes: there pages and threads can really be on the wrong one. Needs what guest_needs looks for.
guest_needs() {
	need qemu-system-x86_64 busybox
	[ -z "${SANITIZE:-}" ] || skip_all "an emulated machine is too slow for sanitizers"
	tests/vm/kernel >/dev/null 2>&1 || skip_all "no kernel to boot"
}
guest_bench() {
	local folder
	folder=$(dirname "$NUMABENCH_SIM")
	result=$TEST_TMP/records.$scenario_number
	RUN_TIMEOUT=${RUN_TIMEOUT:-300} run tests/vm/run --with "$folder" "$1" -- \
		env NUMABENCH_SIM="$(basename "$folder")/scenario.json" LD_LIBRARY_PATH=/numabench/sim/lib \
		"/numabench/sim/libexec/numabench/$2" --json --rounds 6 --budget 100 "${@:3}"
	jq -s '{ records: [.[].records // [] | .[]] }' <<<"$out" >"$result"
}

# figure SELECT WANTED NAME [SHARE]: the median of the one record that a jq condition selects,
# within 3 % of the planted one.
figure() {
	near "$(q "[.records[] | select($1) | .median]
		| if length == 1 then .[0] else \"\(length) records\" end")" "$2" "${4:-0.03}" "$3"
}

# statuses [SELECT]: those of the records, and why where they are not ok.
statuses() {
	q "[.records[] | select(${1:-true}) | .status + (if .status == \"ok\" then \"\"
		else \": \" + (.reason // \"\") end)] | unique | join(\"; \")"
}
