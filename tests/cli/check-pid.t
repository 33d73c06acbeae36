#!/usr/bin/env bash
# numabench check --pid: processes that run on this machine.
. tests/lib.sh
need jq
export COLUMNS=80

run check --pid $$
ok test "$rc" -ne 2 -a "$rc" -ne 125 -- "our own shell is judged"
like "$out" "^Process $$ \\(.*\\)" "and named"
is "$(awk 'length > 80' <<<"$out" | wc -l)" 0 "within 80 columns"
is "$err" "" "nothing on stderr"
run numabench check --pid $$ --json
ok jq -e . <<<"$out" -- "--json is JSON"
is "$(jq -r '.process.pid, .process.processes[0].pid' <<<"$out" | tr '\n' ' ')" "$$ $$ " "of that process"
is "$(jq -r '[.checks[].id] | join(" ")' <<<"$out")" "process.binding process.cores" "with its findings"
is "$(jq '[.process.processes[].name] | index("check")' <<<"$out")" null "who asks is not part of the answer"

# A process of many threads and areas takes no time.
sleep 30 &
sleeper=$!
run check --pid $sleeper
like "$out" "\\(sleep\\), 1 thread" "a child"
kill $sleeper
wait $sleeper 2>/dev/null
run check --pid $sleeper
is "$rc" 3 "one that has ended: 3"
is "$err" "numabench check: no process $sleeper" "in one line"
is "$out" "" "and nothing else"
run check --pid 1 --json
ok jq -e '.process.processes | length > 1' <<<"$out" -- "all processes of the machine"
ok awk -v t="$elapsed" 'BEGIN { exit !(t < 5) }' -- "in no time ($elapsed s)"

while IFS='|' read -r arguments says; do
    # shellcheck disable=SC2086  # words
    run check $arguments
    is "$rc" 2 "check $arguments: wrong usage"
    like "$err" "$says" "and why"
    is "$(lines "$err")" 1 "in one line"
done <<END
--pid 0|not a whole number
--pid x|not a whole number
--pid -3|not a whole number
--pid 4294967297|not a whole number
--pid $$ --list|exclude one another
--pid $$ --machine tests/machines|recorded
END
done_testing
