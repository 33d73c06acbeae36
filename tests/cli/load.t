#!/usr/bin/env bash
# Other work beside a run is seen, and told in its first lines; a run's folder is its own.
. tests/lib.sh
need jq
repo=$PWD
cd "$TEST_TMP" || bail "no scratch folder"
small=(--quick --size 4MiB --budget 3 --only "mem-latency,mem-bandwidth")

# A loop for every CPU: each gets at least a good part of one, whoever else there is.
loops=()
for ((i = 0; i < $(nproc); i++)); do
	(while :; do :; done) &
	loops+=($!)
done
run_steady numabench --all "${small[@]}" --output busy
kill "${loops[@]}"
wait "${loops[@]}" 2>/dev/null
load=$(jq -c '.run.load // empty' busy/result.json)
"$repo"/tests/validate "$repo"/results/schema.json <busy/result.json >validate.log 2>&1
ok $? "with what went on beside it, a result is valid against results/schema.json"
if [ -z "$load" ]; then
	diag "this kernel does not count what its CPUs do: no finding"
else
	diag "beside a loop on every CPU: $load"
	is "$(jq -r '.checks[] | select(.id == "run.load") | "\(.status) \(.subject) \(.harm)"' busy/result.json)" "warn CPUs factor" \
		"a loop on every CPU: a serious warning"
	is "$rc" 0 "which is no failure"
	like "$(head -n 3 <<<"$out" | tr '\n' ' ')" "(PASS with .*serious.*)?! CPUs: other work used [0-9]+ % of the CPUs' time while it was measured" \
		"told in the first lines"
	is "$(jq '[.records[] | select(.metric and ((.findings // []) | index("run.load") | not))] | length' busy/result.json)" 0 \
		"and every cell names it"
	echo '{ "rules": [ { "id": "run.load", "severity": "silent", "why": "it is never idle" } ] }' >rules.json
	run numabench --all "${small[@]}" --only mem-latency --output ruled --rules rules.json
	isnt "$rc" 2 "a rule may name it"
fi

# Another run of the same second: taken for granted for a minute.
for ((i = 0; i < 120; i++)); do
	mkdir -p "results/$(uname -n)-$(date -u -d "+$i seconds" +%Y%m%dT%H%M%SZ)"
done
run numabench --all "${small[@]}" --only mem-latency
like "$(tail -n 1 <<<"$err")" '^\./results/.*Z-2$' "a folder that is there is left alone: -2"
ok test -s "$(tail -n 1 <<<"$err")/result.json" -- "and the result is in it"
is "$(find results -name result.json | wc -l)" 1 "and in no other"
done_testing
