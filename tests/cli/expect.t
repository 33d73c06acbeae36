#!/usr/bin/env bash
# Expectations as files: examples, what is refused, what comes of a recorded run; and the formats for pipelines.
. tests/lib.sh
need jq

recorded=tests/fuzz/corpus/result/gpu # of a simulated machine with two GPUs
for file in results/expect/*.json; do
	ok tests/validate results/expect-schema.json <"$file" -- "$file is as its schema says"
	run report --expect "$file" "$recorded"
	ok test "$rc" -eq 1 -o "$rc" -eq 3 -- "$file is read, and this is no such machine"
	unlike "$err" . "$file: without a complaint"
done

run expect "$recorded"
is "$rc" 0 "expect: from a result"
printf '%s\n' "$out" >"$TEST_TMP/own.json"
ok tests/validate results/expect-schema.json <"$TEST_TMP/own.json" -- "expect: as its schema says"
run report --format json --expect "$TEST_TMP/own.json" "$recorded"
is "$(jq -r '[.checks[] | select(.family == "expectation" and .status != "pass") | .observed] | join("; ")' <<<"$out")" "" \
	"expect: the machine meets it"
ok tests/validate results/schema.json <<<"$out" -- "expect: the result with its findings is as its schema says"
run expect --margin 20 "$recorded"
near "$(jq -r '[.figures[] | select(.at_least)][0].at_least | split(" ")[0]' <<<"$out")" \
	"$(jq -r '[.figures[] | select(.at_least)][0].at_least | split(" ")[0] | tonumber * 0.8 / 0.95' "$TEST_TMP/own.json")" 0.01 "expect --margin"
run expect /nowhere
is "$rc $(lines "$err")" "2 1" "expect: no such result"

# ---- what is refused: exit code 2, one line with file, place and reason ----
# refused PATTERN NAME: the file $bad
bad=$TEST_TMP/bad.json
refused() {
	run report --expect "$bad" "$recorded"
	is "$rc $(lines "$err")" "2 1" "$2: exit code 2 and one line"
	like "$err" "^numabench report: --expect: .*$bad.*$1" "$2: file, place and reason"
}
head=$(printf '{ "schema": "numabench-expect/1",')
: >"$bad"
refused 'empty' "empty"
head -c 300 "$TEST_TMP/own.json" >"$bad"
refused 'line [0-9]+, column [0-9]+: the file is cut off' "cut off"
cp "$recorded" "$bad"
refused 'schema: .*numabench/1' "a result"
echo '{ "rules": [] }' >"$bad"
refused schema "a file of rules"
head -c 104857600 /dev/zero | tr '\0' ' ' >"$bad"
refused 'more than 1 MiB' "100 MB"
printf '%s' "$head" '"machine": { "gpus": NaN } }' >"$bad"
refused 'line 1, column' "NaN"
printf '%s' "$head" '"machine": { "gpus": 1e999 } }' >"$bad"
refused 'line 1, column .*overflow' "1e999"
printf '%s' "$head" '"machine": { "gpus": -8 } }' >"$bad"
refused 'machine: gpus: a whole number' "negative"
printf '%s' "$head" '"machine": { "gpus": 8, "gpus": 9 } }' >"$bad"
refused 'duplicate object key' "duplicate keys"
{ printf '%s"machine":' "$head"; printf '[%.0s' {1..3000}; } >"$bad"
refused 'line 1, column .*depth' "deep nesting"
printf '%s"machine": %s 1 %s }' "$head" "$(printf '[%.0s' {1..100})" "$(printf ']%.0s' {1..100})" >"$bad"
refused 'deeper than 64' "nesting deeper than 64"
printf '%s' "$head" '"figures": [ { "test": "gpu-bandwidth", "metric": "bandwidth", "at_least": "50 ns" } ] }' >"$bad"
refused 'figures\[0\]: at_least: bandwidth is in GB/s' "a wrong unit"
printf '%s' "$head" '"figures": [ { "test": "gpu-bandwidth", "metric": "bandwidth", "at_least": 50 } ] }' >"$bad"
refused 'figures\[0\]: at_least: a figure above 0 with its unit' "no unit"
printf '%s' "$head" '"figures": [ { "test": "t", "metric": "m", "at_least": "5 GB/s" }, { "tset": "t" } ] }' >"$bad"
refused 'figures\[1\]: tset: no such key' "a key that is misspelt"
rm -f "$bad"
refused 'No such file' "no such file"
run numabench --all --expect "$bad"
is "$rc" 2 "--all: refused before anything is measured"
like "$err" "^numabench: --expect: .*$bad.*No such file" "--all: and it says why"

# ---- one node's memory 20 % slow: a result altered by hand, for no simulator slows memory ----
two_nodes='.host.conditions.virtualisation = "none" | .topology.nodes = [.topology.nodes[0], .topology.nodes[0] + { id: 1 }] | .topology.distances = { nodes: [0, 1], matrix: [[10, 21], [21, 10]] }
	| .checks = [] | .records = [range(2) as $n | range(2) as $c | { test: "mem-bandwidth", metric: "triad", unit: "B/s", better: "higher",
		cpu_node: $c, mem_node: $n, bytes: 1073741824, threads: 2, undersized: false, status: "ok",
		samples: [range(6) | (200e9 + . * 1e8) * (if $c == $n then 1 else 0.5 end) * (if $n == 1 then $slow else 1 end)] }
		| . + { at: [range(6)], round: [range(6)], fresh: [0, 0, 1, 1, 2, 2], median: .samples[2], low: .samples[0], high: .samples[5], best: .samples[5], spread: 0.001 }]'
echo "$head"'"machine": { "nodes": 2 } }' >"$TEST_TMP/two.json"
# slow FACTOR: the result with node 1 at so much of node 0
slow() {
	jq --argjson slow "$1" "$two_nodes" "$recorded" >"$TEST_TMP/slow.json"
	run report --format json --expect "$TEST_TMP/two.json" "$TEST_TMP/slow.json"
}
slow 0.98
is "$(jq -r '[.checks[] | select(.status == "fail") | .id] | join(" ")' <<<"$out")" "" "a node 2 % slow: nothing fails"
slow 0.8
is "$rc" 1 "a node 20 % slow: exit code 1"
is "$(jq -r '[.checks[] | select(.status == "fail") | "\(.id) \(.subject)"] | join(" ")' <<<"$out")" "peers.node node 1" "a node 20 % slow: what fails, and nothing else"
like "$(jq -r '.verdict.reasons[0]' <<<"$out")" "^node 1, triad.*: 160.* GB/s, 20.0 % worse than its only equal .200.* GB/s" "a node 20 % slow: a sentence names it"

# ---- formats for pipelines ----
for file in tests/fuzz/corpus/result/* "$TEST_TMP/slow.json"; do
	run report --format junit "$file"
	printf '%s\n' "$out" >"$TEST_TMP/junit.xml"
	is "$rc" 0 "JUnit of ${file##*/}"
	if command -v xmllint >/dev/null; then
		run xmllint --noout --schema tests/junit.xsd "$TEST_TMP/junit.xml"
		is "$rc" 0 "JUnit of ${file##*/}: as its schema says" || diag "$err"
	else
		skip "xmllint is not installed"
	fi
	for format in github markdown nagios; do
		run report --format $format "$file"
		is "$rc" 0 "$format of ${file##*/}"
		unlike "$out" '[[:cntrl:]]' "$format of ${file##*/}: without control characters"
	done
done
if /usr/bin/python3 -c 'import junitparser' 2>/dev/null; then
	run /usr/bin/python3 -c 'import sys, junitparser as j
x = j.JUnitXml.fromfile(sys.argv[1])
for s in x:
    assert s.tests == len(list(s)), s.name
    assert s.errors + s.failures + s.skipped == sum(1 for c in s if c.result), s.name
print(sum(s.tests for s in x))' "$TEST_TMP/junit.xml"
	is "$rc" 0 "JUnit: read by junitparser, and the counts are right" || diag "$err"
else
	skip "python3-junitparser is not installed"
fi
run report --expect results/expect/pcie-8gpu.json "$TEST_TMP/slow.json"
like "$out" '^ +Source: +--expect results/expect/pcie-8gpu.json$' "text: a finding names the file that expects it"
run report --expect "$TEST_TMP/two.json" --format junit "$TEST_TMP/slow.json"
is "$rc" 1 "JUnit: with --expect the verdict's exit code"
like "$out" '<testcase classname="numabench.peers" name="peers.node: node 1">' "JUnit: the finding is a case"
like "$out" '<failure type="fail" message="node 1, triad' "JUnit: that fails"
run report --expect "$TEST_TMP/two.json" --format github "$TEST_TMP/slow.json"
like "$out" '^::error title=peers.node%3A node 1::node 1, triad' "GitHub: an annotation"
ok test "$(grep -c '^::error' <<<"$out")" -le 10 -- "GitHub: no more than are shown"
run report --expect "$TEST_TMP/two.json" --format markdown "$TEST_TMP/slow.json"
like "$(tr '\n' ' ' <<<"$out")" '\*\*FAIL\*\* peers\.node: Slower than its equals  - node 1, triad' "Markdown: the finding"
if command -v cmark-gfm >/dev/null; then
	html=$(cmark-gfm -e table <<<"$out")
	like "$html" '<strong>FAIL</strong> peers.node' "Markdown: renders"
	unlike "$html" '\|---' "Markdown: its tables, too"
else
	skip "cmark-gfm is not installed" 2
fi
run report --nagios "$TEST_TMP/own.json"
is "$rc" 3 "--nagios: what cannot be read is 3"
like "$out" '^NUMABENCH UNKNOWN - ' "--nagios: and told in the line"
run check --nagios --machine tests/machines/vm-demo.tar.xz
is "$rc" 3 "check --nagios: what cannot be read is 3"
mkdir "$TEST_TMP/demo"
tar -xf tests/machines/vm-demo.tar.xz -C "$TEST_TMP/demo"
run check --nagios --machine "$TEST_TMP/demo"
ok test "$rc" -le 2 -- "check --nagios: Nagios's codes"
like "$out" "^NUMABENCH (OK|WARNING|CRITICAL) - .* \| 'failures'=[0-9]+;;0 'warnings'=[0-9]+;0$" "check --nagios: one line"
done_testing
