#!/usr/bin/env bash
# Baselines and comparisons, out of one real run that is varied by jq.
. tests/lib.sh
need jq python3
repo=$PWD
cd "$TEST_TMP" || bail "no scratch folder"

run_steady numabench --all --quick --size 4MiB --budget 12 --only mem-bandwidth,mem-latency --output real
is "$rc" 0 "a real run"
# As large as it should be, every figure 100 times over that a run's luck may change: run N FILTER.
jq '.records |= map(select(.status == "ok") | .undersized = false)' real/result.json >template.json
cells=$(jq '.records | length' template.json)
triad=$(jq '[.records[].metric] | index("triad")' template.json)
one_run() {
	jq --argjson n "$1" ".run.id = \"run-\(\$n)\" | .run.started = \"2026-11-21T01:00:\(10 + \$n % 50)Z\"
		| .records |= (to_entries | map(.value.median *= (1 + 0.001 * (((\$n * 7 + .key) % 5) - 2))
			| .value)) | ${2:-.}" template.json >"run-$1.json"
}
for n in $(seq 0 9); do one_run "$n"; done
for n in $(seq 20 24); do one_run "$n"; done
for n in $(seq 30 35); do one_run "$n" ".records[$triad].median *= 0.85"; done

run baseline run-?.json -o base.json
is "$rc" 0 "baseline joins ten runs"
is "$err" "base.json: $cells cells of 10 runs" "and says of what it is"
"$repo"/tests/validate "$repo"/results/baseline-schema.json <base.json >validate.log 2>&1
ok $? "it is valid against results/baseline-schema.json"
[ ! -s validate.log ] || diag "$(<validate.log)"
run baseline run-?.json -o -
is "$(jq -S 'del(.made)' <<<"$out" | cksum)" "$(jq -S 'del(.made)' base.json | cksum)" "-o - prints the same"
jq '.host.conditions.kernel = "6.6.6"' run-3.json >other.json
jq '.run.complete = false' run-4.json >cut.json
run baseline run-[0125-9].json other.json cut.json run-9.json --output weak.json
is "$rc" 0 "runs that violate the others are dropped"
like "$err" 'dropped: run-3: other conditions: kernel is "6\.6\.6" here' "with what differs"
like "$err" "dropped: run-4: it was interrupted" "or why"
like "$err" "dropped: run-9: the same run was given before" "a run counts once"
like "$err" "weak: 8 runs, 10 or more are recommended" "a weak baseline is called so"
run baseline run-1.json
is "$rc" 2 "without --output it is wrong usage"
run baseline cut.json -o none.json
is "$rc" 2 "of no run there is no baseline"
is "$(ls none.json 2>/dev/null)" "" "and no file"

run compare --baseline base.json run-2[0-4].json
is "$rc" 0 "five runs of the same"
like "$out" "^PASS" "pass"
like "$out" "$cells cells of 5 runs were compared with 10 runs" "with all of their cells"
run compare --baseline base.json run-3[0-4].json
is "$rc" 1 "five runs with a slower triad"
like "$out" "FAIL  history\.mem-bandwidth\.triad" "fail by its id"
is "$(grep -c '^FAIL  ' <<<"$out")" 1 "and by nothing else"
is "$(head -n 1 <<<"$out")" "FAIL: 1 cell is worse than in the baseline" "its first line counts what is worse"
like "$(tr -s ' \n' ' ' <<<"$out")" "triad.*node 0 lacks 1[45]\.[0-9] %: .* GB/s in the baseline" "in a sentence that names the cell"
run compare --baseline base.json --format json run-3[0-4].json
is "$(jq -r '[.checks[] | select(.status == "fail") | .id] | join(" ")' <<<"$out")" history.mem-bandwidth.triad "--format json"
"$repo"/tests/validate "$repo"/results/schema.json <<<"$out" >validate.log 2>&1
ok $? "is a valid document"
run compare --baseline base.json --format junit run-3[0-4].json
is "$rc" 1 "--format junit"
like "$out" '<failure' "has a failure"
run compare --baseline base.json --format none run-20.json
is "$rc" 2 "an unknown format is wrong usage"

run compare --baseline base.json run-30.json
is "$rc" 3 "one run without a retest cannot tell"
run compare --baseline base.json run-30.json --retest run-35.json
is "$rc" 1 "with one that shows it, too, it can"
run compare --baseline base.json run-30.json --retest run-20.json
is "$rc" 0 "and one that does not takes it back"
run compare --baseline base.json run-30.json --on-unknown pass
is "$rc" 0 "--on-unknown pass"
like "$err" "UNKNOWN is taken for pass" "is loud"
run compare --baseline base.json run-30.json --on-unknown fail
is "$rc" 1 "--on-unknown fail"
run compare --baseline weak.json run-2[0-4].json --strict
is "$rc" 1 "--strict: a weak baseline is a warning"

jq '.host.identity.cpu = "6502"' run-20.json >foreign.json
run compare --baseline base.json foreign.json
is "$rc" 3 "another CPU is not comparable"
like "$(tr -s ' \n' ' ' <<<"$out")" 'not comparable: cpu is "6502", in the baseline "' "and both values are named"
is "$(grep -c 'cpu is' <<<"$out")" 1 "once"
like "$(head -n 1 <<<"$out")" "^UNKNOWN: not comparable" "and its first line says so"
jq '.host.conditions.kernel = "6.6.6" | .host.conditions.thp = "never"' run-20.json >changed.json
run compare --baseline base.json changed.json
is "$rc" 0 "another kernel is compared"
like "$(tr -s ' \n' ' ' <<<"$out")" 'changed: kernel is "6.6.6", in the baseline .* changed: thp is "never"' "and every change named"
jq '.records |= map(select(.test != "mem-latency"))' run-20.json >part.json
run compare --baseline base.json part.json
is "$rc" 0 "what was not planned is not judged"
like "$out" "not in the candidate's plan" "and named"
jq '.records |= map(if .test == "mem-latency" then .status = "crashed" | .reason = "ended by signal 11" | del(.median) else . end)' run-20.json >crashed.json
run compare --baseline base.json crashed.json
is "$rc" 3 "what was planned and has no figure is judged"
like "$(tr -s ' \n' ' ' <<<"$out")" "planned and not measured: crashed: ended by signal 11" "with its reason"

jq '.host.rest.hostname = "other"' run-21.json >host.json
run compare --baseline base.json run-20.json host.json
is "$rc" 2 "runs of two hosts"
like "$err" -- "--pool" "need --pool"
run compare --baseline base.json run-20.json host.json --pool
is "$rc" 0 "and have it"
run compare --baseline base.json run-20.json run-20.json
is "$rc" 2 "the same run twice is refused"
run compare --baseline base.json --ratios run-20.json
nodes=$(jq '.topology.nodes | length' template.json)
is "$rc" $((nodes > 1 ? 0 : 3)) "--ratios where there is nothing to set against anything"

# What is no evidence, and what arrived corrupt.
run compare --baseline base.json run-30.json --retest run-30.json
is "$rc $(wc -l <<<"$err")" "2 1" "a run is no retest of itself"
run compare --baseline base.json run-30.json --retest foreign.json
is "$rc" 2 "nor is one of another machine"
like "$err" '^numabench compare: --retest foreign.json is of another machine .*: cpu is "6502"' "and it is named"
jq '.run.complete = false | .records |= .[:1]' run-20.json >short.json
run compare --baseline base.json short.json
is "$rc" 3 "an interrupted run cannot tell"
like "$out" "1 of 1 run was interrupted" "and why"
jq '.records[0] |= (.bytes *= 2 | .status = "corrupt" | .reason = "bit 3")' run-20.json >corrupt.json
run compare --baseline base.json corrupt.json
is "$rc" 1 "corrupt data fail, in a cell that the baseline lacks, too"
like "$(tr -s ' \n' ' ' <<<"$out")" "data arrived corrupt: bit 3" "and it is told"
is "$(head -n 1 <<<"$out")" "FAIL: data arrived corrupt in 1 cell" "its first line blames nothing else"
run compare --baseline base.json run-1.json
like "$(tr -s ' \n' ' ' <<<"$out")" "1 of 1 run is of the baseline itself" "a run of the baseline is no evidence"
run compare --baseline base.json host.json
like "$(tr -s ' \n' ' ' <<<"$out")" 'another host: "other", in the baseline "' "another host is named"

# Files that are no baseline: one line that begins with the command and names the file, exit 2.
refused() {
	run compare --baseline "$1" run-20.json
	is "$rc $(wc -l <<<"$err") $out" "2 1 " "$2: refused in one line"
	like "$err" "^numabench compare: .*$1: $3|^numabench compare: cannot read $1: $3" "$2: file, place and reason"
}
head -c 3000 base.json >truncated.json
: >empty.json
truncate -s 100M huge.json
jq -c '.cells[0].medians[1] = -5' base.json >negative.json
sed '0,/"medians": \[[0-9.e+-]*/s//"medians": [1e999/' base.json >infinite.json
sed '0,/"medians": \[[0-9.e+-]*/s//"medians": [NaN/' base.json >nan.json
jq -c '.cells[0].medians |= map(. / 1e9)' base.json >units.json
sed '0,/"made"/s//"made": "", "made"/' base.json >twice.json
jq -c ".more = $(printf '[%.0s' {1..70})$(printf ']%.0s' {1..70})" base.json >deep.json
refused truncated.json "cut off" "line [0-9]+, column [0-9]+: the file is cut off"
refused empty.json "empty" "empty, not a baseline"
refused run-20.json "a result" 'schema: "numabench/1" is not "numabench-baseline/1": it is not a baseline'
refused huge.json "100 MB" "more than 64 MiB"
refused negative.json "a negative figure" 'cells\[0\]: medians\[1\]: -5 cannot be'
refused infinite.json "1e999" "line [0-9]+, column [0-9]+: real number overflow"
refused nan.json "NaN" "line [0-9]+, column [0-9]+"
refused units.json "GB/s" 'cells\[0\]: medians\[0\]: .* cannot be (bytes per second|seconds)'
refused twice.json "a key twice" "line [0-9]+, column [0-9]+: duplicate object key"
refused deep.json "deep nesting" "more: nested deeper than 64"
refused none.json "not there" "No such file"
run numabench --all --baseline units.json --output never
is "$rc" 2 "--all refuses it, too"
is "$(ls -d never 2>/dev/null)" "" "before anything is measured"
run numabench --all --ratios
is "$rc" 2 "--ratios goes with --baseline"

# The run itself: one cell alone, and a baseline that it is far better or far worse than.
cell=$(jq -c "[.records[] | select(.metric == \"triad\")][0] | del(.status)" real/result.json)
run mem-bandwidth --quick --size 4MiB --rounds 6 --json --cell "$cell"
is "$rc" 0 "--cell"
is "$(jq -s '[.[].records // [] | length] | add' <<<"$out")" 1 "measures that cell alone"
is "$(jq -s -r '[.[].records // [] | .[]][0].metric' <<<"$out")" triad "and it is the one"
run mem-bandwidth --quick --size 4MiB --cell '{"metric": "none"}'
is "$rc" 2 "a cell that is not planned is wrong usage"
run mem-bandwidth --quick --cell '{'
is "$rc" 2 "and so is what is no JSON"
like "$err" -- "--cell: column" "with its place"

# The rule itself: one row of the table is as it stands there, and the others keep what is promised.
row=$(grep -n '^| Gaussian | 1.0 % | 100 | 10 + 5 ' "$repo"/results/power.md | head -n 1)
if [ -x "$BUILD"/tests/power/power ] && [ -z "${SANITIZE:-}" ] && [ "$(uname -m)" = x86_64 ]; then
	is "$("$BUILD"/tests/power/power 3)" "${row#*:}" "a row of results/power.md comes out again"
else
	skip "this row is made on x86-64, without sanitizers"
fi
percents() { awk -F '|' -v want="$1" '$2 ~ /Gaussian/ && $5 ~ /10 \+ 5/ && $3 ~ want { gsub("%", ""); print $'"$2"' + 0 }' "$repo"/results/power.md; }
is "$(percents '[0-9]' 6 | awk '$1 > 1')" "" "false alarms in at most 1 % of comparisons"
is "$(percents ' 1.0 ' 9 | awk '$1 < 95')" "" "5 % is found at 1 % spread"
is "$(percents ' 2.0 ' 11 | awk '$1 < 95')" "" "10 % is found at 2 % spread"
isnt "$(percents ' 2.0 ' 11 | wc -l)" 0 "and there are such rows"
done_testing
