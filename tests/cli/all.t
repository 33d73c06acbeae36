#!/usr/bin/env bash
# `numabench --all` on the machine at hand, from end to end.
. tests/lib.sh
need jq python3
repo=$PWD
cd "$TEST_TMP" || bail "no scratch folder"
cpus=$(nproc)
sanitized=${SANITIZE:-}

small=(--quick --size 4MiB --budget 12)

run_steady numabench --all "${small[@]}" --json -
is "$rc" 0 "--all ends well on a machine without a GPU at fault"
"$repo"/tests/validate "$repo"/results/schema.json <<<"$out" >validate.log 2>&1
ok $? "what it prints with --json - is valid against results/schema.json"
is "$(jq -r .schema <<<"$out")" numabench/1 "it names its schema"
is "$(jq -r .run.complete <<<"$out")" true "the run is complete"
is "$(jq -r '.run.simulated' <<<"$out")" false "and nothing is simulated"
folder=$(tail -n 1 <<<"$err")
like "$folder" '/results/.*-[0-9]{8}T[0-9]{6}Z$' "the last line on stderr is the output folder"
ok test -s "$folder/result.json" -- "result.json is there"
ok test -s "$folder/report.txt" -- "report.txt is there"
is "$(jq -S . "$folder/result.json" | cksum)" "$(jq -S . <<<"$out" | cksum)" "the file holds what was printed"

ok=$(jq '[.records[] | select(.status == "ok")] | length' <<<"$out")
is "$(jq '[.records[] | select(.status == "ok") | select((.samples | length) >= 6)] | length' <<<"$out")" \
    "$ok" "every record that is ok carries at least six samples"
is "$(jq '[.records[] | select(.status == "ok") | select(.placement.proof == "move_pages" or .placement.proof == "numa_maps")] | length' <<<"$out")" \
    "$ok" "and the proof of its placement"
is "$(jq '[.records[] | select(.status == "ok") | . as $r | select(.placement.resident | keys == ["\($r.mem_node)"])] | length' <<<"$out")" \
    "$ok" "with every page on the node that it names"
is "$(jq '[.records[] | select(.status == "ok") | select(.placement.ran_on == [.cpu_node])] | length' <<<"$out")" \
    "$ok" "and every thread on the CPU node that it names"
is "$(jq '[.records[] | select(.status == "ok") | select(.verified == true)] | length' <<<"$out")" \
    "$ok" "and its data verified"
is "$(jq '[.records[] | select(.status == "ok" and .undersized != true)] | length' <<<"$out")" 0 \
    "a working set of 4 MiB is marked undersized"
for metric in triad read copy; do
    isnt "$(jq "[.records[] | select(.test == \"mem-bandwidth\" and .metric == \"$metric\" and (.status | IN(\"ok\", \"unstable\")))] | length" <<<"$out")" \
        0 "mem-bandwidth measured $metric"
done
isnt "$(jq '[.records[] | select(.test == "mem-latency" and (.status | IN("ok", "unstable")))] | length' <<<"$out")" 0 \
    "mem-latency measured"
ok jq -e '[.records[] | select((.status | IN("ok", "unstable")) and .unit == "B/s") | .median] | min > 1e8 and max < 1e13' "$folder/result.json" -- \
    "bandwidths are those of a computer"
ok jq -e '[.records[] | select(.test == "mem-latency" and (.status | IN("ok", "unstable"))) | .median] | min > 1e-10 and max < 1e-5' "$folder/result.json" -- \
    "latencies too"
ok jq -e '.topology.nodes | length > 0' "$folder/result.json" -- "the topology is in it"
ok jq -e '.host.identity and .host.conditions and .host.rest' "$folder/result.json" -- "and the provenance in its three parts"
ok jq -e '.run.seed > 0 and (.run.command | length) > 2' "$folder/result.json" -- "and seed and command"

run report "$folder/result.json"
is "$rc" 0 "report reads it back"
is "$out" "$(<"$folder/report.txt")" "and prints the same report"
is "$(awk 'length > 80' <<<"$out")" "" "in 80 columns"
if ! jq -e '.topology.gpus | length > 0' "$folder/result.json" >/dev/null; then
    like "$(head -n 1 <<<"$out")" "no (NVIDIA )?GPU" "its first line says that there is no GPU"
    is "$(jq '[.records[] | select(.test == "gpu-bandwidth" and .status == "skipped")] | length' "$folder/result.json")" \
        1 "the GPU part is recorded as skipped"
    run numabench --all "${small[@]}" --only mem-latency --require-gpus 8
    is "$rc" 1 "--require-gpus 8 fails without a GPU"
    like "$out$err" "8" "and says so"
    run numabench --all --only gpu-bandwidth --output nothing
    is "$rc" 3 "nothing measured, though nothing went wrong: unknown"
    like "$(head -n 2 <<<"$out" | tr '\n' ' ')" '^UNKNOWN, no GPU .* nothing was measured: gpu-bandwidth: ' "and that is what is said"
    run gpu-bandwidth --quick
    is "$rc" 3 "so it is with a test by hand"
    like "$err" '^numabench gpu-bandwidth: nothing was measured: ' "which says it, too"
    run_steady numabench --all "${small[@]}" --only mem-latency --require-gpus 0
    is "$rc" 0 "--require-gpus 0 does not"
fi

run_steady numabench --all "${small[@]}" --only mem-latency --output here --json also.json
is "$rc" 0 "--output"
is "$(ls here)" "$(printf 'report.txt\nresult.json')" "makes the folder with both files"
is "$(tail -n 1 <<<"$err")" here "and names it last"
ok cmp here/result.json also.json -- "--json FILE writes the same again"
is "$(jq -r '[.records[].test] | unique | join(" ")' also.json)" mem-latency "--only runs only that"
run numabench --all "${small[@]}" --skip mem-bandwidth,gpu-bandwidth,gpu-latency,migration --output skipped
is "$(jq -r '[.records[].test] | unique | join(" ")' skipped/result.json)" mem-latency "--skip leaves that out"

run numabench --all --dry-run --quick
is "$rc" 0 "--dry-run"
like "$out" "triad" "prints what would be measured"
is "$(find . -newer also.json -name 'result.json' -not -path './skipped/*')" "" "and leaves nothing behind"
run numabench --all --list
is "$rc" 0 "--list"
like "$out" '^mem-latency ' "lists the tests"

run numabench
is "$rc" 0 "numabench alone"
like "$out" "numabench --all" "says what to try next"

if [ "$cpus" -gt 1 ]; then
    run_steady taskset -c 0 "$BUILD/bin/numabench" --all "${small[@]}" --output one-cpu
    is "$rc" 0 "on one CPU it works as well"
    is "$(jq '[.records[] | select(.status == "ok" and .threads > 1)] | length' one-cpu/result.json)" 0 \
        "with one thread"
fi

if [ -z "$sanitized" ]; then
    # Ten times and three times what they take on a machine that does nothing else.
    run topology
    is "$rc" 0 "topology"
    ok awk -v t="$elapsed" 'BEGIN { exit !(t < 0.5) }' -- "takes no time ($elapsed s)"
    mkdir full
    cd full || bail "no scratch folder"
    RUN_TIMEOUT=180 run_steady numabench --all --quick
    is "$rc" 0 "--all --quick with its own working sets"
    ok awk -v t="$elapsed" 'BEGIN { exit !(t < 60) }' -- "takes $elapsed s"
    cd ..
fi
done_testing
