#!/usr/bin/env bash
# One node, one GPU: nothing to bind, and that is said plainly; the runner itself, too.
. tests/vm/lib.sh
scenario one-node
boot one-node <<'END'
step all /numabench/sim/bin/numabench --all --quick --budget 300 --size 1MiB --quiet --json - \
    --output /job/out
step report cat /job/out/report.txt
step alone numabench --all --quick --budget 100 --size 1MiB --quiet --only mem-latency --json -
END
is "$(rc all)" 0 "numabench --all ends well"
is "$(count all ".test != \"migration\" and (($placed | not) or .status != \"ok\")")" 0 \
    "every record is ok and in its place"
is "$(q all '[.records[] | select(.test == "migration") | .status] | unique | join(" ")')" skipped \
    "there is nowhere to move to"
is "$(q all '.recommendations[0].matters')" one-node "there is one node: binding decides nothing"
like "$(out report | head -n 1)" "^SIMULATED\. [A-Z]+.*, 1 of 1 GPU measured" "the report's first line"
is "$(rc alone)" 0 "without the simulator: exit code 0"
is "$(q alone '.topology.gpus | length')" 0 "the machine's display device is no NVIDIA GPU"
is "$(q alone '.run.simulated')" false "and nothing is simulated"

# The runner: streams apart, status, deadline.
tests/vm/run one-node -- sh -c 'echo "one  two"; echo three >&2; exit 9' >"$TEST_TMP/1" 2>"$TEST_TMP/2"
is "$?" 9 "run: the command's exit status"
is "$(<"$TEST_TMP/1")" "one  two" "run: its stdout, and nothing of the console"
is "$(<"$TEST_TMP/2")" "three" "run: its stderr"
tests/vm/run --deadline 6 one-node -- sleep 1000 >/dev/null 2>"$TEST_TMP/2"
is "$?" 124 "run: ends by itself at the deadline"
like "$(<"$TEST_TMP/2")" "not finished within 6 s" "run: and says so"
tests/vm/run no-such -- true 2>/dev/null
is "$?" 125 "run: an error of its own is 125"
done_testing
