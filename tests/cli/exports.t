#!/usr/bin/env bash
# The formats that other programs read, by those programs' own rules: csv, json, junit, prometheus
# (promtool and a running node_exporter), bmf. Of results of all sorts, hostile names among them.
. tests/lib.sh

need jq python3 xmllint
report=$(command_path report)
kinds="2x2 2x8 8x16 no-gpu incomplete failing hostile"
for kind in $kinds; do
	tests/helpers/made-result "$kind" >"$TEST_TMP/$kind.made" || bail "made-result $kind"
done
# Links are set against their ability where they are known to be no virtual ones.
jq '.host.conditions.virtualisation = "none"' "$TEST_TMP/2x8.made" >"$TEST_TMP/2x8.link" &&
	mv "$TEST_TMP/2x8.link" "$TEST_TMP/2x8.made"
cp tests/fuzz/corpus/result/memory-latency "$TEST_TMP/real.made" # runs as they were
cp tests/fuzz/corpus/result/all "$TEST_TMP/skipped.made"
cp tests/fuzz/corpus/result/no-records "$TEST_TMP/empty.made"
kinds="$kinds real skipped empty"

# ---- json: the whole document, and the schema's ----
for kind in $kinds; do
	run "$report" --format json --output "$TEST_TMP/$kind.json" "$TEST_TMP/$kind.made"
	is "$rc" 0 "json, $kind: written"
	out=$(tests/validate results/schema.json <"$TEST_TMP/$kind.json")
	is "$?" 0 "json, $kind: the schema allows it" || diag "$out"
done
is "$(jq -cS 'del(.verdict, .recommendations, .checks) | .records |= map(del(.findings))' "$TEST_TMP/hostile.made" |
	python3 -c '
import json, sys
was, now = json.loads(sys.stdin.read()), json.load(open(sys.argv[1]))
def missing(a, b, at):
    if isinstance(a, dict):
        for k in a:
            if k not in b: yield at + k
            else: yield from missing(a[k], b[k], at + k + ".")
    elif isinstance(a, list):
        if len(a) != len(b): yield at + "length"
        for x, y in zip(a, b): yield from missing(x, y, at)
    elif a != b: yield at + str(a)[:40]
print(*list(missing(was, now, ""))[:5])' "$TEST_TMP/hostile.json")" "" "json: nothing of the document is lost or changed"

# ---- junit: the schema that CI servers go by ----
for kind in $kinds; do
	"$report" --format junit --output "$TEST_TMP/$kind.junit" "$TEST_TMP/$kind.json"
	is "$(xmllint --noout --schema tests/junit.xsd "$TEST_TMP/$kind.junit" 2>&1)" "$TEST_TMP/$kind.junit validates" "junit, $kind: the schema allows it"
done

# ---- csv, prometheus, bmf: the figures of the result, and nothing else ----
for kind in $kinds; do
	for format in csv prometheus bmf; do
		run "$report" --format "$format" --output "$TEST_TMP/$kind.$format" "$TEST_TMP/$kind.json"
		is "$rc" 0 "$format, $kind: written"
	done
	out=$(tests/helpers/check-export "$TEST_TMP/$kind.json" "$TEST_TMP/$kind".{csv,prometheus,bmf} 2>&1)
	is "$?" 0 "csv, prometheus, bmf, $kind: right" || diag "$out"
	diag "$kind: $(paste -sd ';' <<<"$out")"
done

run "$report" --format csv "$TEST_TMP/2x8.json" "$TEST_TMP/real.json"
is "$rc" 0 "csv: several results in one table"
is "$(python3 -c '
import csv, sys
rows = list(csv.DictReader(sys.stdin, strict=True))
print(len(rows), sorted({r["simulated"] for r in rows}), len({r["run"] for r in rows}))' <"$TEST_TMP/.out")" \
	"$(jq -s 'map(.records | length) | add' "$TEST_TMP/2x8.json" "$TEST_TMP/real.json") ['false', 'true'] 2" \
	"csv: the rows of both, each with its run"
jq '.records[0].reason = "=1+2" | .records[0].status = "unstable" | .records[1].kernel = "@SUM(A1)"' \
	"$TEST_TMP/real.json" >"$TEST_TMP/formula.json"
run "$report" --format csv "$TEST_TMP/formula.json"
unlike "$out" '(^|,)"?[=@]' "csv: nothing is a formula to a spreadsheet"
like "$out" "\"'=1\\+2\"" "csv: but a text"
# What a newer version, or somebody, writes where we write numbers is none of them.
jq '.records |= (to_entries | map(.value + { quantiles: [{ p50: { "a\",\r\n=cmd|\"": 1 } }, { p50: "=1+1", p90: [1, "x"], p99: 2e-6 }, [], "x", 7][.key % 5] }))' \
	"$TEST_TMP/2x2.json" >"$TEST_TMP/newer.json"
run "$report" --format csv --output "$TEST_TMP/newer.csv" "$TEST_TMP/newer.json"
out=$(tests/helpers/check-export "$TEST_TMP/newer.json" "$TEST_TMP/newer.csv" 2>&1)
is "$?" 0 "csv: quantiles that are no numbers are none" || diag "$out"

# Programs act upon a value, and no sign can stand beside it.
jq '.records |= map(if .gpu == 1 then .status = "unstable" | .reason = "a neighbour" else . end)' "$TEST_TMP/2x2.json" >"$TEST_TMP/disturbed.json"
for format in prometheus bmf; do
	run "$report" --format "$format" "$TEST_TMP/disturbed.json"
	like "$out" 'gpu="0".*|gpu=0' "$format: a result has its figure"
	unlike "$out" '(bandwidth_bytes_per_second|latency_seconds)[{].*gpu="1"|gpu=1' "$format: what was disturbed has none"
done
run "$report" --format csv "$TEST_TMP/disturbed.json"
like "$out" '"unstable"' "csv: it has, beside its status"

is "$(jq -r '[.[] | keys[]] | unique | join(" ")' "$TEST_TMP/2x8.bmf")" "bandwidth latency" \
	"bmf: what is better high and what is better low are measures of their own"

# One series for one thing, from run to run: sizes and threads are no part of its name.
is "$(grep -c '^numabench_bandwidth_bytes_per_second.*memory="pinned",simulated' "$TEST_TMP/2x8.prometheus")" 32 \
	"prometheus: a GPU, a node, a direction: one series of all sizes"
usual=$(jq '.records[] | select(.test == "gpu-bandwidth" and .gpu == 3 and .mem_node == 0 and .direction == "h2d" and .memory == "pinned" and .bytes == 67108864) | .median' "$TEST_TMP/2x8.json")
near "$(sed -n 's/.*test="gpu-bandwidth",metric="bandwidth",cpu_node="0",mem_node="0",gpu="3",direction="h2d",memory="pinned",simulated="true"} //p' \
	"$TEST_TMP/2x8.prometheus")" "$usual" 1e-12 "prometheus: it is the one of 64 MiB"
least=$(jq '.records[] | select(.test == "gpu-latency" and .gpu == 3 and .mem_node == 0 and .direction == "h2d" and .bytes == 8) | .median' "$TEST_TMP/2x8.json")
near "$(sed -n 's/^numabench_latency_seconds{test="gpu-latency",metric="host-latency",cpu_node="0",mem_node="0",gpu="3",direction="h2d",memory="pinned",simulated="true"} //p' \
	"$TEST_TMP/2x8.prometheus")" "$least" 1e-12 "prometheus: of latencies it is that of the smallest copy"
like "$(<"$TEST_TMP/incomplete.prometheus")" '^numabench_run_complete\{simulated="true"\} 0$' "prometheus: an incomplete run says so"
like "$(<"$TEST_TMP/failing.prometheus")" '^numabench_finding\{id="pcie.link-width",family="pcie",subject="GPU 3",status="fail",simulated="true"\} 1$' \
	"prometheus: what fails is named"

# ---- the alerts that are documented are of series that exist ----
while read -r name; do
	like "$(cat "$TEST_TMP"/*.prometheus)" "^${name}[{ ]" "README: there is $name"
done < <(sed -n '/^groups:/,/^```/p' results/README.md | grep -oE 'numabench_[a-z0-9_]+' | sort -u)
is "$(cat "$TEST_TMP"/*.prometheus | sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' | sort -u)" \
	"$(grep '^| `numabench_' results/README.md | grep -oE 'numabench_[a-z0-9_]+' | sort -u)" "README: its table has all series, and no others"

# ---- promtool ----
promtool=$(tool promtool)
if [ -z "$promtool" ]; then
	skip "no promtool here (scripts/install-packages test fetches it)" 1
else
	for kind in $kinds; do
		out=$("$promtool" check metrics <"$TEST_TMP/$kind.prometheus" 2>&1)
		is "$? $out" "0 " "promtool: $kind"
	done
	sed -n '/^groups:/,/^```/{/^```/!p}' results/README.md >"$TEST_TMP/alerts.yml"
	out=$("$promtool" check rules "$TEST_TMP/alerts.yml" 2>&1)
	is "$?" 0 "promtool: the alerts of results/README.md" || diag "$out"
fi

# ---- node_exporter ----
exporter=$(tool prometheus-node-exporter)
if [ -z "$exporter" ]; then
	skip "no node_exporter here (scripts/install-packages test fetches it)" 1
else
	mkdir "$TEST_TMP/textfile"
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	"$exporter" --collector.disable-defaults --collector.textfile --collector.textfile.directory="$TEST_TMP/textfile" \
		--web.disable-exporter-metrics --web.listen-address="127.0.0.1:$port" >"$TEST_TMP/exporter.log" 2>&1 &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
		sleep 0.1
	done
	# The file is replaced while it runs.
	for kind in $kinds; do
		run "$report" --format prometheus --output "$TEST_TMP/textfile/numabench.prom" "$TEST_TMP/$kind.json"
		out=$(tests/helpers/check-export --scraped "$TEST_TMP/textfile/numabench.prom" "http://127.0.0.1:$port/metrics" 2>&1)
		is "$?" 0 "node_exporter serves it: $kind ($(head -n 1 <<<"$out" | cut -c1-60))" || diag "$out"
	done
	echo 'numabench_gpus 1 1795248741000' >>"$TEST_TMP/textfile/numabench.prom"
	out=$(tests/helpers/check-export --scraped "$TEST_TMP/textfile/numabench.prom" "http://127.0.0.1:$port/metrics" 2>&1)
	is "$?" 1 "and would not, had it a time stamp"
	kill "$pid"
	wait "$pid" 2>/dev/null
fi
done_testing
