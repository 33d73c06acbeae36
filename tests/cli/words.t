#!/usr/bin/env bash
# The report in words: as text within 80 columns, as Markdown that whatever names a result holds cannot
# turn into anything else, and as a few lines to pass on that do not tell whose machine it was.
. tests/lib.sh

need jq python3
made=tests/helpers/made-result
report=$(command_path report)
for kind in 2x2 2x8 8x16 no-gpu incomplete failing hostile 10x24; do
	"$made" "$kind" >"$TEST_TMP/$kind.json" || bail "made-result $kind"
done
cp tests/fuzz/corpus/result/all "$TEST_TMP/real.json"

# What Markdown, or who shows it, would make something of; in every text of a result that is anybody's.
# shellcheck disable=SC2016
nasty='@torvalds #1 org/repo#2 GH-3 https://evil.example/x www.evil.example :smile: a@b.example $x^2$ deadbeefcafe1234 `c` ``` *b* __i__ ~~s~~ [l](http://evil.example) ![i](x.png) <b onclick=x>b</b> <!-- &amp; | a\|b |
# h
- l
1. x
    indented
---
=== '
jq --arg nasty "$nasty" '.run.id = $nasty[:60] | .topology.gpus[].name = $nasty[60:150] | .host.identity.cpu = $nasty
	| .records |= (to_entries | map(.value + (if .key % 3 == 0 then { status: "unstable", reason: $nasty } else {} end)))
	| .checks += [["fail", "unknown", "warn"][] as $s | { id: $nasty[:50], family: "x", status: $s, subject: $nasty[:60], observed: $nasty, expected: $nasty[:150],
		fix: "", source: $nasty[:100], authority: $nasty[:100], title: $nasty, harm: "factor", cost: $nasty, lasts: $nasty, scope: $nasty,
		remedy: [{ text: $nasty, command: $nasty }, { command: "````\n```\necho @torvalds" }], verify: { text: $nasty, command: "x" } }]' \
	"$TEST_TMP/2x2.json" >"$TEST_TMP/nasty.json"

# ---- Markdown ----
for kind in 2x2 8x16 no-gpu incomplete failing hostile nasty real; do
	run "$report" --format markdown --output "$TEST_TMP/$kind.md" "$TEST_TMP/$kind.json"
	is "$rc" 0 "$kind: Markdown"
done
like "$(head -n 1 "$TEST_TMP/2x2.md")" '^## numabench: SIMULATED\. PASS, 2 of 2 GPUs measured' "its first line is the answer"
like "$(<"$TEST_TMP/2x2.md")" '^\| node 0 \| \*\*55\.[0-9]\+\*\* \| 40\.[0-9]- \|$' "a matrix is a table, the best and the worst marked"
like "$(<"$TEST_TMP/2x2.md")" '^numactl --physcpubind=0-95 --membind=0 COMMAND  # GPU 0$' "lines to paste stand as they are"
like "$(<"$TEST_TMP/failing.md")" '^\*\*FAIL\*\* pcie.link-width: the link is narrower' "a finding by its id and title"
like "$(tr '\n' ' ' <"$TEST_TMP/failing.md")" 'To fix: see what the slot can do: +```sh +lspci -vv -s 17:00.0 +``` +- then: reseat the board +- Verify: run: +```sh +nvidia-smi' \
	"what mends it and how to verify that, commands as code"
like "$(<"$TEST_TMP/incomplete.md")" '^incomplete: the run ended before' "incomplete: it says so"
unlike "$(<"$TEST_TMP/no-gpu.md")" 'GPU [0-9]' "no GPU: none is spoken of"
if command -v cmark-gfm >/dev/null; then
	for kind in 2x2 8x16 no-gpu incomplete failing hostile nasty real; do
		cmark-gfm --unsafe -e table -e strikethrough -e autolink -e tasklist -e footnotes "$TEST_TMP/$kind.md" >"$TEST_TMP/$kind.html"
		COLUMNS=1000 run "$report" "$TEST_TMP/$kind.json"
		is "$(python3 tests/helpers/rendered-markdown "$TEST_TMP/$kind.md" "$TEST_TMP/$kind.html" <<<"${out/columns of several are*every row/}" 2>&1)" "" \
			"$kind: renders as what it is, nothing in it acts, and nothing of the text report is missing"
	done
else
	skip "cmark-gfm is not installed" 8
fi
# GitHub takes 1 MiB: what is folded goes first.
jq '.records |= (to_entries | map(.value + { status: "unstable", reason: ("it is \(.key) " + "x" * 280) }))' "$TEST_TMP/10x24.json" >"$TEST_TMP/long.json"
run "$report" --format markdown --output "$TEST_TMP/long.md" "$TEST_TMP/long.json"
ok test "$(stat -c %s "$TEST_TMP/long.md")" -lt 1048576 -- "a very long one fits into the summary of a step"
like "$(<"$TEST_TMP/long.md")" '^Not measured, or with care: left out here' "and says what it leaves out"
like "$(<"$TEST_TMP/long.md")" '^### To paste' "which is not what is to be done"

# ---- to pass on ----
for kind in 2x2 2x8 8x16 10x24 no-gpu incomplete failing hostile nasty real; do
	run "$report" --share "$TEST_TMP/$kind.json"
	is "$rc $err" "0 " "$kind: to share"
	ok test "$(lines "$out")" -le 15 -- "$kind: in 15 lines at most"
	printf '%s\n' "$out" >"$TEST_TMP/$kind.md"
	if command -v cmark-gfm >/dev/null; then
		cmark-gfm --unsafe -e table -e strikethrough -e autolink -e tasklist "$TEST_TMP/$kind.md" >"$TEST_TMP/$kind.html"
		is "$(python3 tests/helpers/rendered-markdown "$TEST_TMP/$kind.md" "$TEST_TMP/$kind.html" </dev/null 2>&1)" "" "$kind: renders as what it is"
	else
		skip "cmark-gfm is not installed"
	fi
done
share=$(<"$TEST_TMP/2x8.md")
like "$(head -n 1 <<<"$share")" '^\*\*numabench: SIMULATED\. PASS, 8 of 8 GPUs measured\*\*$' "the verdict in a sentence"
like "$share" '^- 2 NUMA nodes, 96 cores, 1 TiB; 8 x NVIDIA H200; Intel Xeon 8480\+$' "of what machine"
like "$share" '^- Binding matters for 8 of 8 GPUs, by up to 1\.[34][0-9]x\. Bind GPU 0-3 to node 0, GPU 4-7 to node 1\.$' "what binding gains"
like "$share" '^- numabench 0\.[0-9.]+, driver 580\.65\.06, Linux 6\.12\.9; 2026-11-21, [0-9]+ cells measured in [0-9]+ s$' "versions, and how much was measured"
like "$share" '^\| Pinned h2d, GB/s \| GPU 0-3 \| GPU 4-7 \|$' "GPUs that are alike share a column"
like "$share" '^\| node 1 \| 40\.[0-9]- \| \*\*55\.[0-9]\+\*\* \|$' "the best and the worst are marked"
like "$(<"$TEST_TMP/8x16.md")" '^\| node 7 \|.* \*\*55\.[0-9]\+\*\* \|$' "eight nodes have a row each"
like "$(<"$TEST_TMP/10x24.md")" '^\| best of 10 nodes \| .* \|$' "more nodes: the best and the worst"
like "$(<"$TEST_TMP/no-gpu.md")" '^\| Memory bandwidth, triad, GB/s \| node 0 \| node 1 \|$' "no GPU: between the nodes"
like "$(<"$TEST_TMP/failing.md")" '^\*\*.*FAIL.* [0-9]+ corrupt\*\*$' "failures: of what kind"
like "$(<"$TEST_TMP/failing.md")" '^- findings: FAIL pcie.link-width, ' "failures: findings by their ids"
like "$(<"$TEST_TMP/incomplete.md")" 'the run is not complete$' "incomplete: it says so"

# Whatever identifies is marked; nothing of it may be passed on.
mkdir "$TEST_TMP/MARK-folder"
jq 'def mark: if type == "string" then "MARK" + . else . end;
	def marks: walk(if type == "string" then "MARK" + . else . end);
	.run.id |= mark | .run.command |= marks | .run.options = { baseline: "/home/MARK/base", output: "/MARK" }
	| .host.rest = { hostname: "MARK-host", user: "MARK-user", gpus: [{ uuid: "MARK", serial: "MARK" }], nodes: [{ dimms: "MARK" }] }
	| .host.conditions += { cmdline: "root=UUID=MARK", kernel: "6.12.9-MARK", driver: "580.65.06 MARK", version: "MARK", cgroup: "/MARK" }
	| .host.identity.gpus[].serial = "MARK"
	| .topology.gpus[] |= (.uuid |= mark | .busy_why = "user MARK, pid 1" | .state_why = "MARK")
	| .topology.gpus |= (to_entries | map(.value + { pci: "dead:\(.key + 16):00.0" }))
	| .topology.devices += [{ kind: "nic", name: "MARK0", pci: "dead:55:00.0", node: 0 }]
	| .records |= (to_entries | map(.value + (if .key % 5 == 0 then { status: "corrupt", reason: "MARK dead:05:00.0" } else {} end)))
	| .checks += [["fail", "unknown", "warn", "pass", "skip"][] as $s | { id: "pcie.link-width", family: "MARK", status: $s, subject: "GPU 0 dead:55:00.0 MARK", observed: "MARK",
		expected: "MARK", fix: "MARK", source: "/sys/MARK", authority: "MARK", title: "MARK dead:55:00.0", cost: "MARK", lasts: "MARK", scope: "MARK", remedy: [{ command: "MARK" }] }]
	| .verdict = { status: "fail", reasons: ["MARK dead:55:00.0 in /home/MARK"] }' "$TEST_TMP/2x2.json" >"$TEST_TMP/MARK-folder/MARK.json"
run "$report" "$TEST_TMP/MARK-folder/MARK.json"
like "$out" 'MARK' "marks are in the report"
like "$out" 'dead:' "and addresses"
run "$report" --share "$TEST_TMP/MARK-folder/MARK.json"
is "$rc" 0 "to share what is marked"
unlike "${out//GB\/s/}" '[Mm][Aa][Rr][Kk]|dead|[0-9a-f]{4}:[0-9a-f]{2}:|/' "no name, number, address, path or command is passed on" ||
	diag "$out"
like "$out" 'FAIL.*findings: |^- findings: FAIL pcie.link-width' "and it is told what is wrong"
run "$report" --format share "$TEST_TMP/MARK-folder/MARK.json"
is "$(head -n 1 <<<"$out" | grep -c '^\*\*numabench: ')" 1 "--format share is the same"

# ---- text ----
for kind in 2x8 8x16 10x24 failing real; do
	run "$report" "$TEST_TMP/$kind.json"
	printf '%s\n' "$out" >"$TEST_TMP/$kind.txt"
	is "$(grep -vE '^ {2,}(numabench|numactl|nvidia-smi|lspci)|^    ' "$TEST_TMP/$kind.txt" | awk 'length > 80' | wc -l)" 0 "$kind: no line is longer than 80 columns"
done
like "$(head -n 1 "$TEST_TMP/2x8.txt")" '^SIMULATED\. PASS, 8 of 8 GPUs measured; nothing is wrong$' "the verdict in a sentence comes first"
# order FILE WORD..: they stand there one below the other
order() {
	local file=$1 last=0 at
	shift
	for word; do
		at=$(grep -nE -- "$word" "$file" | head -n 1 | cut -d: -f1)
		[ "${at:-0}" -gt "$last" ] || { echo "$word"; return; }
		last=$at
	done
}
is "$(order "$TEST_TMP/2x8.txt" '^SIMULATED' '^Pinned h2d, GB/s' '^Memory bandwidth, triad' '^Memory latency' '^Pinned h2d host-latency' '^When a process is moved' \
	'^Which node for which GPU' '^To paste')" "" "then copies, memory, latency, migration, bindings"
is "$(order "$TEST_TMP/failing.txt" '^Pinned h2d, GB/s' '^Not measured, or with care' '^Findings' '^      Expected: ' '^      To fix:' '^      Verify:' '^Which node for which GPU')" "" \
	"findings with their cures before the bindings"
like "$(<"$TEST_TMP/8x16.txt")" '^  GPU +0-1 +2-3 +4-5 +6-7 +8-9 +10-11 +12-13 +14-15$' "16 GPUs: those alike share a column"
like "$(<"$TEST_TMP/8x16.txt")" '^  columns of several are of the first of them' "and it is told"
like "$(<"$TEST_TMP/8x16.txt")" '^ +15 +7  7 +1\.[67][0-9]x +1\.[67][0-9]x ' "16 GPUs: a row each for their nodes"
unlike "$(<"$TEST_TMP/2x8.txt")" '^ +GPU 0-3 ' "8 GPUs: a column each"
jq '.checks += [{ id: "a.b", family: "a", status: "warn", subject: "s", observed: "o", expected: "e", fix: "f", harm: "stall" },
	{ id: "a.c", family: "a", status: "warn", subject: "s", observed: "o", expected: "e", fix: "f", harm: "percent" }]' "$TEST_TMP/2x8.json" >"$TEST_TMP/warned.json"
run "$report" "$TEST_TMP/warned.json"
like "$(head -n 1 <<<"$out")" '^SIMULATED\. PASS with 2 warnings, 1 of them serious, 8 of 8 GPUs measured$' "serious warnings are counted in the first line"
is "$(sed -n 3,4p <<<"$out")" "Bind GPU 0-3 to node 0, GPU 4-7 to node 1.
! s: o" "then what to do, and what is serious, before any matrix"
sentence='SIMULATED\. PASS with 2 warnings, 1 of them serious, 8 of 8 GPUs measured'
while read -r format begins ends; do
	run "$report" --format "$format" "$TEST_TMP/warned.json"
	like "$out" "$begins$sentence$ends" "$format: the same sentence"
done <<'END'
nagios ^NUMABENCH.WARNING.-. :.s:.o.\|
github ^::notice.title=numabench:: :.s:.o$
junit > :.s:.o<
markdown ^##.numabench:. $
share numabench:. \*\*$
html > <
END
like "$out" 'class="answer care"' "html: no green"
jq '.records[0] |= (.status = "skipped" | .reason = "r")' "$TEST_TMP/2x8.json" >"$TEST_TMP/one-less.json"
for format in text nagios share; do
	run "$report" --format "$format" "$TEST_TMP/one-less.json"
	like "$(head -n 1 <<<"$out")" 'SIMULATED\. PASS, 8 of 8 GPUs measured, [0-9]+ of [0-9]+ cells' "$format: what was not measured is counted"
done
jq '.checks += [range(3) as $g | { id: "a.b", family: "a", status: "fail", subject: "GPU \($g)", observed: "o\($g)", expected: "e", fix: "f", title: "t", cost: "c",
	cost_here: "GPU \([0, 1, 1][$g]) is slow" }]' "$TEST_TMP/2x8.json" >"$TEST_TMP/costs.json"
run "$report" "$TEST_TMP/costs.json"
is "$(sed '1,/^Findings/d' <<<"$out" | grep -oE 'GPU [0-9]: o[0-9]|Here: .*' | tr -s ' ' | paste -sd ';')" \
	"GPU 0: o0;Here: GPU 0 is slow;GPU 1: o1;Here: GPU 1 is slow;GPU 2: o2" "what it costs here is told of each, but not again in the same words"
terminal() {
	python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.environ.pop("NO_COLOR", None)
    os.execv(sys.argv[1], sys.argv[1:])
data = b""
while True:
    try:
        more = os.read(fd, 65536)
    except OSError:
        break
    if not more:
        break
    data += more
sys.stdout.write(data.decode().replace("\r", ""))' "$@"
}
like "$(terminal "$report" "$TEST_TMP/2x8.json")" $'\033\\[32m55\\.[0-9]\\+\033\\[0m.*\033\\[33m40\\.[0-9]-\033\\[0m' "on a terminal the best and the worst have colours"
unlike "$(<"$TEST_TMP/2x8.txt")" $'\033' "elsewhere signs alone"
done_testing
