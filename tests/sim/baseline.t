#!/usr/bin/env bash
# --all --baseline: what got slower fails by its id, and nothing else does.
. tests/sim/sim.sh

# Ten runs that differ by what noise of 0.2 % makes of them, out of one; bandwidths alone.
measure() {
	all --only gpu-bandwidth "$@"
}
quiet='.noise = 0.0005 | .gpus |= .[0:3]'
scenario four-gpus "$quiet"
measure
is "$rc" 0 "a run as it should be"
for n in 0 1 2 3 4 5 6 7 8 9; do
	jq --argjson n "$n" '.run.id = "run-\($n)" | .records |= (to_entries
		| map((.value.median | values) *= (1 + 0.001 * (((.key * 7 + $n * 3) % 5) - 2)) | .value))' \
		"$result" >"$TEST_TMP/run-$n.json"
done
base=$TEST_TMP/base.json
run baseline "$TEST_TMP"/run-?.json -o "$base"
is "$rc" 0 "a baseline of ten runs"

# fails: the ids that fail, each once.
fails() {
	q '[.checks[] | select(.status == "fail") | .id] | unique | join(" ")'
}

measure --baseline "$base"
is "$rc" 0 "the same machine passes"
like "$out" "cells of 1 run were compared with 10 runs" "and is compared"
is "$(q '[.records[] | select(.retest)] | length')" 0 "nothing is measured twice"

scenario four-gpus "$quiet"' | .plants += [{ gpu: 2, memory: "pinned", direction: "d2h", bandwidth: 44e9 }]'
measure --baseline "$base"
is "$rc" 1 "one GPU whose d2h is 14 % slower fails"
like "$(fails)" "history.gpu-bandwidth.d2h.pinned" "by its id"
is "$(q '[.checks[] | select(.status == "fail" and .id == "history.gpu-bandwidth.h2d.pinned")] | length')" 0 \
	"the other direction does not"
is "$(q '[.checks[] | select(.status == "fail" and .family == "history" and .subject != "node 0, GPU 2") | .cell]
	| map(select(test("all GPUs at once") | not)) | length')" 0 "nor does any other GPU"
figure '.retest.median and .gpu == 2 and .direction == "d2h" and .together == null' 44e9 "the cell"
near "$(q '[.records[] | select(.gpu == 2 and .direction == "d2h" and .together == null and .memory == "pinned")
	| .retest.median][0]')" 44e9 0.01 "and its retest, in a fresh process,"
like "$err" "measured again, for it seems slower: .*pinned d2h.*GPU 2" "are told"
like "$(tr -s ' \n' ' ' <<<"$out")" "GPU 2 lacks 1[34]\.[0-9] %: 44(\.0[0-9]*)? GB/s, .* in the baseline.*a retest shows it, too" \
	"in a sentence that names the culprit"

# All links alike: absolute figures fail, ratios do not; one link alone fails those, too.
alike=' | (.plants[] | select(.memory == "pinned" or .memory == null) | .bandwidth | values) *= 0.75'
scenario four-gpus "$quiet$alike"
measure --baseline "$base" --ratios
is "$rc" 0 "--ratios: what slows all GPUs alike passes"
like "$out" "[0-9]+ cells of 1 run were compared" "and was judged"
scenario four-gpus "$quiet$alike"' | .plants += [{ gpu: 1, memory: "pinned", direction: "h2d", bandwidth: 34e9 }]'
measure --baseline "$base" --ratios
is "$rc" 1 "--ratios: one that is slower than its peers fails"
like "$(fails)" "history.gpu-bandwidth.h2d.pinned" "by its id"

scenario four-gpus "$quiet"
measure --baseline "$base" --gpus 0,2
is "$rc" 0 "--gpus: the others are not judged"
like "$out" "not in the candidate's plan" "and that is said"
scenario four-gpus "$quiet | .gpus |= .[0:2]"
measure --baseline "$base" --on-unknown fail
is "$(q .verdict.status)" unknown "a GPU that is gone: not comparable"
like "$(tr -s ' \n' ' ' <<<"$out")" 'number of gpus is "2", in the baseline "3"' "and both values are named"
is "$rc" 1 "--on-unknown fail"
like "$err" "UNKNOWN is taken for fail" "is loud"
jq '.simulated = false' "$base" >"$TEST_TMP/real.json"
run compare --baseline "$TEST_TMP/real.json" "$TEST_TMP/run-0.json"
is "$rc" 3 "simulated figures are not compared with real ones"
done_testing
