#!/usr/bin/env bash
# The arithmetic of `make fidelity`, on rounds whose outcome is known.
. tests/lib.sh
need jq python3

# state [CHANGE..]: rounds of a machine on which all bars are met, changed by lines of Python.
state() {
    python3 - "$@" >"$TEST_TMP/state" <<'END'
import json, sys
def bandwidth(threads, i):
    # Ratios of 1.01 .. 1.10 in some order; likwid-bench is the best peer, though b was lucky once.
    rate = 1e10 * (1 + i / 7)
    ours = {op: rate * (1.01 + (3 * i % 10) / 100) for op in ("copy", "triad", "read", "write")}
    return {"kind": "bandwidth", "threads": threads, "trips": [[45e-9], [60e-9]], "figures": {
        op: {"numabench": {op + "-x": ours[op], op + "-y": ours[op] / 2},
             "likwid-bench": {op + "_mem": rate},
             "stress-ng": {"a": rate / 2, "b": 5e10 if i == 4 else rate / 4}} for op in ours}}
def latency(i):
    return {"kind": "latency", "trips": [[45e-9], [45e-9]],
            "figures": {"numabench": 1.5e-7 * (1.01 + i / 1e4), "chase-peer": 1.5e-7}}
one = [bandwidth(1, i) for i in range(10)]
two = [bandwidth(2, i) for i in range(10)]
late = [latency(i) for i in range(10)]
first = {f"mem-bandwidth: {i}": {"median": 100.0, "unstable": i >= 75} for i in range(100)}
second = {name: {"median": 102.9 if i % 2 else 97.2, "unstable": False}
          for i, name in enumerate(first)}
for line in sys.argv[1:]:
    exec(line)
print(json.dumps({"settings": {}}))
for r in one + two + late + [{"kind": "spread", "runs": [first, second]}]:
    print(json.dumps(r))
END
}
# judged NAME RC [CHANGE..]: what comes of it ($out is JSON).
judged() {
    local name=$1 want=$2
    shift 2
    state "$@"
    run tests/fidelity/run --report "$TEST_TMP/state" --json "$TEST_TMP/json"
    is "$rc" "$want" "$name" || diag "$out" "$err"
    json=$(<"$TEST_TMP/json")
}
get() { jq -r "$1" <<<"$json"; }

judged "all bars are met" 0
like "$out" 'All bars are met' "and it says so"
is "$(awk 'length > 80' <<<"$out")" "" "within 80 columns"
copy='.bandwidth[] | select(.threads == 1 and .operation == "copy" and .bar)'
is "$(get "$copy | .peer")" likwid-bench "the best peer is the one with the highest median, not the luckiest"
is "$(get "$copy | .ratio * 1000 | round")" 1055 "the ratio is the median of the paired ones"
is "$(get "$copy | [.low, .high] | map(. * 1000 | round) | @csv")" 1020,1090 \
    "its interval reaches from the second to the second last of ten"
is "$(get '[.bandwidth[] | select(.bar == 1) | .operation] | @csv')" '"copy","triad","read"' \
    "three operations of one thread must reach 1.00"
is "$(get '[.bandwidth[] | select(.bar == 0.97)] | length')" 5 "all others 0.97"
is "$(get '.bandwidth | map(select(.peer == "stress-ng").method) | unique | @csv')" '"a"' \
    "and each peer's method is that with the highest median"

judged "a bar that is missed ends with 1" 1 \
    'for i in (1, 2): one[i]["figures"]["read"]["numabench"] = {"x": 0.999e10 * (1 + i / 7)}'
like "$out" 'interval from 1.00 on: NOT MET' "and is named"
is "$(get '[.bandwidth[] | select(.met == false) | .operation] | @csv')" '"read"' "no other is"
judged "the same figures are enough with two threads" 0 \
    'for i in (1, 2): two[i]["figures"]["read"]["numabench"] = {"x": 0.98e10 * (1 + i / 7)}'
judged "a single bad round of ten decides nothing" 0 \
    'one[3]["figures"]["copy"]["numabench"] = {"x": 1e9}'

moved='for i in (1, 2): one[i]["trips"][1] = [45e-9 * (2.1 if i == 1 else 0.4)]'
judged "rounds in which the cores were moved are left out" 0 "$moved" \
    'for i in (1, 2): one[i]["figures"]["copy"]["numabench"] = {"x": 1e9}'
is "$(get .left_out)" 2 "and counted"
is "$(get "$copy | .rounds")" 8 "eight of ten are left"
judged "below six rounds there is no interval, and no verdict" 3 'del one[5:]'
judged "nor without one kind of rounds" 3 'late.clear()'
judged "but a bar that is missed stays missed" 1 'late.clear()' \
    'for r in two: r["figures"]["copy"]["numabench"] = {"x": 1e9}'

judged "latency may be off by 2 %" 0 'for r in late: r["figures"]["numabench"] = 1.47e-7 + 1e-12'
for ns in 1.464e-7 1.536e-7; do
    judged "but not by 2.4 % ($ns)" 1 "for r in late: r['figures']['numabench'] = $ns"
done

is "$(judged x 0 >/dev/null; get '[.spread.unstable, .spread.alike] | @csv')" 0.25,1 "both shares of the spread are there"
judged "more than a quarter unstable is too much" 1 'first["mem-bandwidth: 0"]["unstable"] = True'
apart='for i in range(8): second[f"mem-bandwidth: {i}"]["median"] = 103.1'
judged "one cell in ten may be apart" 0 'first["mem-bandwidth: 75"]["unstable"] = False' \
    'for i in range(7): second[f"mem-bandwidth: {i}"]["median"] = 103.1'
judged "no more of them" 1 "$apart"
like "$out" 'apart by 3.1%: mem-bandwidth: 0' "which are named"
judged "of mem-latency by 5 %" 0 "${apart//103.1/104.9}" \
    'first = {k.replace("bandwidth", "latency"): v for k, v in first.items()}' \
    'second = {k.replace("bandwidth", "latency"): v for k, v in second.items()}'

printf '%s\n' '{"kind":"latency"}' >"$TEST_TMP/state"
run tests/fidelity/run --report "$TEST_TMP/state"
is "$rc" 2 "a file that is no state is an error"
like "$err" 'does not begin with settings' "and says why"
done_testing
