#!/usr/bin/env bash
# numabench try: a planted preference is found with its sign and size, none where there is none, and
# what fails, hangs or leaves something behind is told, not averaged. Two nodes and their GPUs are
# simulated; a policy does not outlive exec there, so what memory alone does is tested in tests/vm.
. tests/sim/sim.sh
two_nodes
on_node_1='.gpus = .gpus[:2] | .gpus |= map(.node_sysfs = 1 | .node_nvml = 1 | .node_cuda = 1)'
# plant GAIN: copies by a thread on node 1 are so much faster.
plant() {
    scenario two-sockets "$split | $on_node_1 | .plants = [{ bandwidth: 20e9 }, { cpu_node: 1, bandwidth: (20e9 * $1) }]"
}
try() { run try --gpu 0 --quiet --log "$TEST_TMP/log" "$@"; }
figure='rate: ([0-9.]+)'
feed=$BUILD/sim/feed-gpu
row() { sed -n "s/^  $1  *//p" <<<"$out"; }

plant 1.35
try --metric "$figure" --output "$TEST_TMP/result.json" -- "$feed"
is "$rc" 0 "a command that runs well ends with 0" || diag "$err"
like "$out" "bind: yes, \\+35 % \\(\\+3[45] % to \\+3[56] %\\)" "a gain of 35 % is found"
is "$(grep -cE '^  (unbound|CPU only|memory only|both) ' <<<"$out")" 4 "four rows"
like "$(row both)" "1\\.3[45][0-9] +1\\.3[45][0-9] \\.\\. 1\\.3[45][0-9] +3$" "with gain, interval and runs"
like "$(row 'memory only')" " 1\\.00[0-9] | 0\\.99[0-9] " "memory alone changes nothing here"
is "$(grep -c '^rate:' "$TEST_TMP/log")" 13 "the log has what 3 x 4 runs and one before them said"
is "$(grep -c '^== run .* to warm up' "$TEST_TMP/log")" 1 "the first of them to warm up"
isnt "$(grep -oE '^== run [0-9]+ of 13: .*' "$TEST_TMP/log" | sed -n '2,5s/.*: //p' | paste -sd' ')" \
    "$(grep -oE '^== run [0-9]+ of 13: .*' "$TEST_TMP/log" | sed -n '6,9s/.*: //p' | paste -sd' ')$(
        grep -oE '^== run [0-9]+ of 13: .*' "$TEST_TMP/log" | sed -n '10,13s/.*: //p' | paste -sd' ')" "in an order of chance"
is "$(jq -r '[.records[] | [.test, .binding, .metric, .better, (.samples | length), .status] | join(" ")] | join(", ")' "$TEST_TMP/result.json")" \
    "try unbound figure higher 3 ok, try cpu figure higher 3 ok, try memory figure higher 3 ok, try both figure higher 3 ok" \
    "the records are in the result file"
is "$(jq -r '.run.complete, .run.simulated, .schema' "$TEST_TMP/result.json" | paste -sd' ')" "true true numabench/1" "which is one as any other"
run report "$TEST_TMP/result.json"
like "$out" "bind: yes, \\+35 %" "numabench report shows it"
like "$out" "  Bound to node 1 \\(declared, not measured: --from RESULT would tell\\)\\." "  and where it bound to, and who says so"
plant 0.8
try --metric "$figure" -- "$feed"
like "$out" "bind: no, -20 % " "a loss is found as one"
plant 1.35
try --metric "$figure" --better lower -- "$feed"
like "$out" "bind: no, -26 % " "--better lower turns it round"
plant 1
for seed in 1 2 3; do
    try --metric "$figure" --seed $seed -- "$feed"
    like "$out" "bind: no difference \\([-+][0-9.]+ % to [-+][0-9.]+ %\\)" "no difference is said where there is none"
done
# Runs that differ among themselves, the same ones whatever they are bound to.
try --runs 3 --seed 1 --metric "$figure" -- sh -c 'n=$(cat '"$TEST_TMP"'/n 2>/dev/null || echo 0)
    echo $((n + 1)) >'"$TEST_TMP"'/n; echo rate: $((100 + 37 * n % 50))'
like "$(tr '\n' ' ' <<<"$out" | tr -s ' ')" "bind: no difference \\(.* so much may yet hide in how the runs differ" "a wide interval is told as one"
# The time that a command takes.
# shellcheck disable=SC2016  # the shell of the command expands it
slower='case $(sed -n "s/^Cpus_allowed_list:\t//p" /proc/self/status) in *[,-]*) sleep 0.2 ;; *) sleep 0.05 ;; esac'
try -- sh -c "$slower"
# Of three runs a busy machine may hold up one: what is told for certain is the median.
ms() { row "$1" | awk '$2 == "ms" { printf "%d", $1 } $2 == "s" { printf "%d", $1 * 1000 }'; }
ok test $((2 * $(ms both))) -lt $((1 + $(ms unbound))) -- "time: less is better" || diag "$out"
unlike "$out" "bind: no, " "  and no loss"
like "$(row unbound)" "^[0-9.]+ m?s " "  and is told as time"
try --runs 2 --no-warm-up --metric "$figure" -- "$feed"
like "$out" "not known: fewer than three rounds" "two rounds say nothing"
is "$(grep -c '^rate:' "$TEST_TMP/log")" 8 "--no-warm-up: no run before them"

# Commands that fail.
while IFS='|' read -r code says command; do
    try -- sh -c "$command"
    is "$rc" "$code" "a command that fails ends with its status: $command"
    like "$err" "run 1 .unbound.: $says.*; its output is in .*log" "  and is reported"
    like "$out" "bind: not known, for unbound has no figure" "  without a verdict"
done <<'END'
3|exit status 3|echo no >&2; exit 3
137|ended by signal 9|kill -9 $$
END
like "$(row unbound)" "crash|fail" "and its row has no figure"
try -- no-such-program
is "$rc" 127 "not found: 127"
try -- "$TEST_TMP"
is "$rc" 126 "not executable: 126"
try --deadline 0.3 -- sleep 20
is "$rc" 125 "a run past its deadline: 125"
like "$err" "no end within" "  and is reported"
ok test "${elapsed%.*}" -lt 10 -- "  at once"
try --metric "$figure" -- echo nothing
is "$rc" 125 "no figure in what it says: 125"
like "$err" "--metric matches nothing" "  and is reported"
try --metric 'rate: (.*)' -- echo rate: fast
like "$err" "found 'fast', which is no number" "a match that is no number"
try --metric 'rate: ([0-9]+)' --runs 1 -- printf 'rate: 7 rate: 8\nrate: 9 rate: 5\n'
like "$(row unbound)" "^5 " "the last match counts"
# Where only one way fails the others are told, and that one is not averaged.
# shellcheck disable=SC2016
half='case $(sed -n "s/^Cpus_allowed_list:\t//p" /proc/self/status) in *[,-]*) exit 0 ;; *) exit 9 ;; esac'
try --output "$TEST_TMP/half.json" -- sh -c "$half"
is "$rc" 9 "one way that fails: its status"
is "$(jq -r '[.records[] | [.binding, .status] | join(" ")] | join(", ")' "$TEST_TMP/half.json")" \
    "unbound ok, cpu failed, memory ok, both failed" "the others ran on"
like "$out" "CPU only: run [0-9]+: exit status 9" "and why is beneath the table"

# What a run leaves behind is ended: in its group, in a session of its own, an orphan.
try --runs 1 --no-warm-up -- sh -c 'sleep 4711 & setsid sleep 4712 & (setsid setsid -f sleep 4713) & exit 0'
is "$rc" 0 "a command that leaves processes behind"
is "$(pgrep -f '^sleep 471[123]')" "" "they are ended"
ok test "${elapsed%.*}" -lt 5 -- "and not waited for"
# Ctrl-C: what there is, and no more; the command is ended.
env XDG_RUNTIME_DIR="$TEST_TMP" "$(command_path try)" --gpu 0 --log "$TEST_TMP/log" --output "$TEST_TMP/part.json" -- \
    sh -c 'sleep 0.1; [ "$(grep -c "^== run .* s, " '"$TEST_TMP"'/log)" -lt 4 ] || sleep 4714' >"$TEST_TMP/out" 2>"$TEST_TMP/err" &
pid=$!
for ((i = 0; i < 300; i++)); do pgrep -f '^sleep 4714' >/dev/null && break; sleep 0.02; done
kill -INT $pid
wait $pid
is "$?" 130 "SIGINT: 130"
is "$(pgrep -f '^sleep 4714')" "" "  and the command is gone"
is "$(jq -r '.run.complete, ([.records[].samples // [] | length] | add)' "$TEST_TMP/part.json" | paste -sd' ')" "false 3" \
    "  three runs counted and are kept"

# Wrong usage: 125, one line, nothing run.
while IFS='|' read -r arguments says; do
    # shellcheck disable=SC2086  # words
    run try $arguments
    is "$rc" 125 "try $arguments: 125"
    like "$err" "$says" "  and why"
    is "$(lines "$err")" 1 "  in one line"
done <<'END'
-- true|which GPU
--gpu 0|which command
--gpu 0 --|which command
--gpu 9 -- true|no GPU '9'
--gpu 0,1 -- true|one GPU at a time
--gpu 0 --runs 0 -- true|--runs
--gpu 0 --metric rate -- true|no group
--gpu 0 --metric ( -- true|--metric
--gpu 0 --better lower -- true|--better goes with --metric
--gpu 0 --better faster -- true|--better
--gpu 0 --deadline soon -- true|--deadline
--gpu 0 --output nowhere/x.json -- true|nowhere/x.json
--gpu 0 --log nowhere/log -- true|nowhere/log
END
done_testing
