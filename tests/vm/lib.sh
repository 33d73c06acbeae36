# lib.sh - for tests/vm/*.t: tests/lib.sh, and virtual machines.
#
#     . tests/vm/lib.sh
#     scenario two-nodes                 # simulated GPUs, as folder "sim" in the machine
#     boot two-nodes <<'END'             # a script for tests/vm/guest.sh
#     step topology topology --json
#     END
#     is "$(rc topology)" 0 "topology ends well"
#     is "$(q topology '.nodes | length')" 2 "two nodes"
# shellcheck shell=bash
# shellcheck disable=SC1091
. tests/lib.sh
need qemu-system-x86_64 busybox jq
tests/vm/kernel >/dev/null 2>"$TEST_TMP/kernel" ||
    skip_all "no kernel for virtual machines: $(tail -n 1 "$TEST_TMP/kernel")"
got=$TEST_TMP/got
work=$TEST_TMP/work
mkdir -p "$got" "$work"

# scenario MACHINE [JQ-FILTER [NAME]]: see tests/vm/scenario.
scenario() {
    [ -x "$BUILD/sim/bin/numabench" ] || skip_all "no simulator in $BUILD/sim (a build without CUDA?)"
    tests/vm/scenario "$1" "$work/${3:-sim}" "${2:-.}" || bail "scenario for $1: the filter fails"
}

# boot MACHINE: runs the script on stdin in the machine; what it sent is in $got.
boot() {
    local with=() path status start=$EPOCHREALTIME
    { echo '. /bin/guest.sh' && cat; } >"$work/script"
    for path in "$work"/*; do
        with+=(--with "$path")
    done
    tests/vm/run --deadline "${DEADLINE:-150}" --console "$TEST_TMP/console" "${with[@]}" "$1" -- \
        sh script >"$TEST_TMP/archive" 2>"$TEST_TMP/messages"
    status=$?
    tar -xi -C "$got" -f "$TEST_TMP/archive" 2>"$TEST_TMP/tar" || status="$status, and no archive"
    is "$status" 0 "$1: the machine ran to its end" || diag "$(<"$TEST_TMP/messages")"
    diag "$1 took $(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }') s: $(
        grep -H . "$got"/*.at | sed 's|.*/||; s|\.at:|=|' | sort -t= -k2n | tr '\n' ' ')"
}

# What a step left: its output, messages, exit status, and an answer out of its JSON, which
# may be a document or a bench's lines.
out() { cat "$got/$1.out"; }
err() { cat "$got/$1.err"; }
# The output without its line breaks: reports wrap.
flat() { tr -s ' \n' ' ' <"$got/$1.out"; }
rc() { cat "$got/$1.rc" 2>/dev/null || echo "no step $1"; }
q() { jq -r "$2" "$got/$1.out" 2>&1; }

# records NAME: all records of a step, document or lines, as one list.
records() {
    jq -cs '[.[].records // [] | .[]]' "$got/$1.out" 2>&1
}
# count NAME CONDITION: of how many records it is true.
count() {
    records "$1" | jq "[.[] | select($2)] | length" 2>&1
}

# What the helper counted: before, after, as "node:pages".
counted() {
    jq -r '[.refused, (.before, .after | to_entries | map("\(.key):\(.value)") | join(","))]
        | join(" ")' "$got/$1.out" 2>&1
}

# A condition for count: all pages of a journey were on the node that they leave, as many as its bytes
# take; $m tells what became of them, $to and $all where they were to go, and how many.
# shellcheck disable=SC2016,SC2034  # $m is jq's
pages_moved='.page_moves as $m | (.mem_node | tostring) as $from | (.to_node | tostring) as $to |
    (.bytes / 4096) as $all | $m.before == {($from): $all} and $m.asked == $all
    and .placement.resident == $m.before and .placement.ran_on == [.cpu_node]
    and .placement.proof == "move_pages" and .verified'
# Of records, a filter. Whole windows: before the move and after the way back at home, between them on the other node.
# shellcheck disable=SC2016,SC2034
windows='[.[] | select(.timeline) | . as $r | .timeline.windows[] | select(.straddles | not)
    | .home = (.start < 0 or .start >= $r.timeline.returned) | .want = (if .home then $r.cpu_node else $r.to_node end)]'

# A condition for count: every page is on the memory node that the record names, as many as
# its bytes take, and every thread ran on its CPU node. A sum over several has no place of its own,
# and a kernel's launch no memory.
# shellcheck disable=SC2016,SC2034  # $n is jq's
placed='(.mem_node | tostring) as $n | if .together and (.placement | not) then true else
    .placement.ran_on == [.cpu_node] and (.metric == "launch-latency"
    or (.placement.resident | keys) == [$n] and .placement.resident[$n] * 4096 >= .bytes) end'
