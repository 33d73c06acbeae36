#!/usr/bin/env bash
# Time lines of moves: out of a result as a table, and out of that as a picture.
. tests/lib.sh
need jq

# A result of this machine with two time lines, made here: 1 GB/s, and half of it after the move;
# and pages that follow within a second.
run numabench topology --json
is "$rc" 0 "the machine can be read"
printf '%s\n' "$out" | jq '
    def window(i; rate; share): {start: (i / 10 - 0.55), seconds: 0.1, rate: rate, cpu_node: 0}
        + (if i == 5 then {straddles: true} else {} end)
        + (if share then {share: ([[i / 10 - 0.55, 0] | max, 1] | min)} else {} end);
    def record(metric; unit): {test: "migration", metric: metric, unit: unit, better: "higher",
        cpu_node: 0, mem_node: 0, to_node: 1, samples: [1], at: [0], round: [0], fresh: [0],
        median: 1, best: 1, placement: {requested: 0, resident: {"0": 1}, ran_on: [0], proof: "none"},
        status: "ok"};
    {schema: "numabench/1",
     run: {id: "x", started: "2026-11-21T00:00:00Z", seconds: 1, version: "0", seed: 1,
           simulated: true, complete: true, command: [], options: {}},
     host: (.host // {identity: {}, conditions: {}, rest: {}}), topology: .topology,
     records: [record("bandwidth"; "B/s") + {phase: "settled", timeline: {call: 1e-5, returned: 1.2,
                   windows: [range(20) | window(.; if . < 5 or . > 16 then 1e9 else 5e8 end; false)]}},
               record("balancing-time"; "s") + {mover: "balancing", timeline: {
                   windows: [range(30) | window(.; 1e9; true)]}},
               record("bandwidth"; "B/s") + {phase: "followed", mover: "migrate-pages", locked: "registered", pages_asked: "thp",
                   timeline: {windows: [window(1; 1e9; false)]}},
               record("a-name-of-thirty-one-letters.."; "B/s") + {timeline: {windows: [range(20) | window(.; 2e9; false)]}},
               record("latency"; "s") + {timeline: {windows: [range(9) | window(.; null; false)]}}],
     checks: [], recommendations: [], verdict: {status: "pass", reasons: []}}' >"$TEST_TMP/result.json"
run sh -c 'tests/validate results/schema.json <"$1"' sh "$TEST_TMP/result.json"
is "$rc" 0 "the schema knows time lines" || diag "$err$out"

run numabench report --format timeline-csv "$TEST_TMP/result.json"
is "$rc" 0 "timeline-csv is a format"
printf '%s\n' "$out" >"$TEST_TMP/moves.csv"
is "$(wc -l <"$TEST_TMP/moves.csv")" 81 "a row for each window, and a head"
is "$(sed -n 2p "$TEST_TMP/moves.csv")" \
    '0,"bandwidth; settled; node 0 to node 1",1,"B/s",1.0000000000000001e-05,1.2,-0.55000000000000004,0.10000000000000001,1000000000,0,,0' \
    "a row says all that is known of a window"

if command -v gnuplot >/dev/null; then
    for picture in 0.png 1.png 0.svg; do
        run gnuplot -c scripts/gnuplot/timeline.gp "$TEST_TMP/moves.csv" "$TEST_TMP/$picture" "${picture%.*}"
        is "$rc$out$err" 0 "$picture: drawn without a word"
    done
    is "$(head -c 4 "$TEST_TMP/1.png" | tail -c 3)" PNG "it is a PNG"
    like "$(cat "$TEST_TMP/0.svg")" 'SIMULATED: bandwidth; settled; node 0 to node 1' \
        "its title says what, and that it is simulated"
    like "$(cat "$TEST_TMP/0.svg")" 'moved back' "and when it was moved back"
    # A letter is about 0.6 as wide as high.
    for number in 0 1 2 3; do
        run gnuplot -d -c scripts/gnuplot/timeline.gp "$TEST_TMP/moves.csv" "$TEST_TMP/title.svg" "$number" "a-host-of-some-letters-20261121T081221Z"
        is "$rc$err" 0 "time line $number: drawn without a word"
        is "$(python3 -c '
import re, sys
page = open(sys.argv[1], encoding="utf-8").read()
texts = re.findall(r"font-size=\"([\d.]+)\".*?<text[^>]*>(?:<tspan[^>]*>)?\s*([^<]*)", page, re.S)
texts = [(float(size), text.strip()) for size, text in texts]
wide = [t for size, t in texts if not t.startswith("blue:") and 12 + 0.6 * size * len(t) > 645]
print(wide, "GB/s" in " ".join(t for _, t in texts), len(texts) > 8)' "$TEST_TMP/title.svg")" "[] True True" "and no text is cut at the right, nor its unit"
    done
    run gnuplot -d -c scripts/gnuplot/timeline.gp "$TEST_TMP/moves.csv" "$TEST_TMP/4.png" 4
    is "$rc" 1 "a time line without a figure is no picture"
    like "$err" 'nothing was counted in any window of time line number 4' "and it is said"
    run gnuplot -c scripts/gnuplot/timeline.gp "$TEST_TMP/moves.csv" "$TEST_TMP/5.png" 5
    is "$rc" 1 "a time line that is not there is refused"
    like "$err" 'there is no time line number 5' "and said to be"
else
    diag "no gnuplot here: nothing is drawn"
fi
done_testing
