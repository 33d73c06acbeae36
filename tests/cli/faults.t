#!/usr/bin/env bash
# Whatever goes wrong, a valid result file and the exit code of the manual.
. tests/lib.sh
need jq python3
repo=$PWD
cd "$TEST_TMP" || bail "no scratch folder"
small=(--quick --size 4MiB --budget 12)

valid() { # FILE NAME
    "$repo"/tests/validate "$repo"/results/schema.json <"$1" >/dev/null
    ok $? "$2: result.json is valid"
}

# A tree of our own, in which one executable is replaced by a script.
fake() { # NAME, script on stdin
    rm -rf tree
    mkdir -p tree/bin tree/libexec/numabench
    cp "$BUILD/bin/numabench" tree/bin/
    ln -s "$BUILD"/libexec/numabench/* tree/libexec/numabench/
    rm "tree/libexec/numabench/$1"
    cat >"tree/libexec/numabench/$1"
    chmod +x "tree/libexec/numabench/$1"
}
all_with_fake() { # NAME
    run "$PWD/tree/bin/numabench" --all "${small[@]}" --only mem-bandwidth,mem-latency --output "$1"
    valid "$1/result.json" "$1"
    is "$(jq '[.records[] | select(.test == "mem-latency" and (.status | IN("ok", "unstable")))] | length > 0' "$1/result.json")" \
        true "$1: the other test was run all the same"
}
# A guest's cores may be moved at any time, which makes figures unstable, and is no fault of ours.
statuses() { jq -r '[.records[] | select(.test == "mem-bandwidth") | .status | sub("unstable"; "ok")] | unique | join(" ")' "$1/result.json"; }

fake mem-bandwidth <<'S'
#!/bin/sh
kill -SEGV $$
S
all_with_fake crash
is "$rc" 3 "crash: exit code 3"
is "$(statuses crash)" crashed "crash: recorded as crashed"
like "$out" "signal 11" "crash: the report says how it ended"

fake mem-bandwidth <<'S'
#!/bin/sh
echo '{"planned": {"test": "mem-bandwidth", "metric": "triad", "cpu_node": 0, "mem_node": 0, "status": "ok"}}'
echo 'Segmentation fault, says the driver'
head -c 3000 /dev/urandom
S
all_with_fake rubbish
is "$rc" 3 "rubbish: exit code 3"
is "$(statuses rubbish)" failed "rubbish: recorded as failed"
is "$(jq -r '[.records[] | select(.metric == "triad") | .status] | first' rubbish/result.json)" failed \
    "rubbish: the planned cell is there"

fake mem-bandwidth <<S
#!/bin/sh
$BUILD/libexec/numabench/mem-bandwidth "\$@"
kill -SEGV \$\$
S
all_with_fake late
is "$rc" 3 "a crash after the last record: exit code 3"
is "$(statuses late)" "crashed ok" "a crash after the last record: the records stay, and it is recorded"

fake mem-bandwidth <<'S'
#!/bin/sh
exit 0
S
all_with_fake silent
is "$rc" 3 "silent: a test that reports nothing is not a success"

fake mem-bandwidth <<'S'
#!/bin/sh
exec sleep 1000
S
RUN_TIMEOUT=200 run "$PWD/tree/bin/numabench" --all --budget 1 --size 4MiB --only mem-bandwidth --output hang
is "$rc" 3 "hang: exit code 3"
is "$(statuses hang)" timeout "hang: recorded as timeout"
valid hang/result.json hang

# kill -9 of the test while it runs.
"$BUILD"/bin/numabench --all --size 64MiB --budget 30 --only mem-bandwidth,mem-latency --output killed >killed.out 2>killed.err &
pid=$!
for _ in $(seq 100); do
    child=$(pgrep -P $pid -f libexec/numabench/mem-bandwidth) && break
    sleep 0.05
done
sleep 2
kill -9 "$child"
wait $pid
is $? 3 "kill -9 of a child: exit code 3"
valid killed/result.json "kill -9 of a child"
is "$(jq -r '[.records[] | select(.test == "mem-bandwidth") | .status] | unique | join(" ")' killed/result.json)" crashed \
    "kill -9 of a child: its cells are recorded as crashed"
ok jq -e '[.records[] | select(.test == "mem-bandwidth") | .samples // [] | length] | add > 0' killed/result.json -- \
    "kill -9 of a child: with the samples that it had reported"
is "$(pgrep -f "$BUILD/libexec/numabench/mem-bandwidth")" "" "kill -9 of a child: its workers are gone too"

# kill -9 of a worker: the session goes on.
"$BUILD"/libexec/numabench/mem-bandwidth --quick --nodes 0 --size 64MiB --budget 10 --rounds 12 --json >worker.json 2>worker.err &
pid=$!
for _ in $(seq 100); do
    child=$(pgrep -P $pid) && break
    sleep 0.02
done
sleep 0.3
kill -9 "$child" 2>/dev/null
wait $pid
code=$?
crashed=$(jq -s '[.[] | .records // empty | .[] | select(.status == "crashed")] | length' worker.json)
ok=$(jq -s '[.[] | .records // empty | .[] | select((.status | IN("ok", "unstable")) and (.samples | length) == 12)] | length' worker.json)
is "$((ok + crashed))" 3 "kill -9 of a worker: every cell is recorded"
is "$crashed" 1 "kill -9 of a worker: one as crashed, the others in full by another worker"
is "$code" 3 "kill -9 of a worker: exit code 3"

for sig in INT TERM; do
    "$BUILD"/bin/numabench --all --only mem-bandwidth,mem-latency --output "sig$sig" >sig.out 2>sig.err &
    pid=$!
    sleep 2
    kill -$sig $pid
    wait $pid
    is $? $((128 + $(kill -l $sig))) "SIG$sig: exit code"
    valid "sig$sig/result.json" "SIG$sig"
    is "$(jq -r .run.complete "sig$sig/result.json")" false "SIG$sig: marked incomplete"
    like "$(cat sig.out)" "[Ii]ncomplete" "SIG$sig: the report says so"
    is "$(jq '[.records[] | select(.status == "crashed")] | length' "sig$sig/result.json")" 0 "SIG$sig: nothing is called crashed"
done

# A disk that is full: the limit on file size stands in for it.
run bash -c "ulimit -f 4; exec \"$BUILD/bin/numabench\" --all ${small[*]} --only mem-bandwidth --output full"
is "$rc" 2 "full disk: exit code 2"
like "$err" "full/.*(too large|No space)" "full disk: the line names the file and why"
is "$(find full -name '*.json*' -o -name '.*tmp*')" "" "full disk: nothing half-written is left"
if [ -w /dev/full ]; then
    run bash -c "exec \"$BUILD/bin/numabench\" --all ${small[*]} --only mem-latency --output o2 --json - >/dev/full"
    is "$rc" 2 "full stdout: exit code 2"
    like "$err" "stdout" "full stdout: says so"
    ok test -s o2/result.json -- "full stdout: the file is written all the same"
    run bash -c "exec \"$BUILD/libexec/numabench/mem-latency\" --size 4MiB --budget 2 --json >/dev/full"
    is "$rc" 2 "full stdout of a bench: exit code 2"
fi

echo precious >file
run numabench --all "${small[@]}" --output file
is "$rc" 2 "an output folder that is a file: exit code 2"
like "$err" "output folder file" "and one line"
is "$(<file)" precious "and the file is untouched"
run numabench --all "${small[@]}" --output file/below
is "$rc" 2 "an output folder that cannot be: exit code 2"
if [ "$(id -u)" -ne 0 ]; then
    mkdir sealed
    chmod 555 sealed
    run numabench --all "${small[@]}" --output sealed/x
    is "$rc" 2 "an output folder without permission: exit code 2"
fi

# Nothing could be measured: that is no success.
run numabench --all "${small[@]}" --size 1TiB --only mem-latency --output huge
is "$rc" 3 "a working set that fits nowhere: exit code 3"
like "$out" "do not fit" "and the report says why"

# One run a machine.
"$BUILD"/bin/numabench --all --only mem-bandwidth --output first >/dev/null 2>&1 &
pid=$!
sleep 1
RUN_IMPATIENT=1 run numabench --all "${small[@]}" --output second
is "$rc" 3 "a second run at the same time: exit code 3"
like "$err" "pid $pid" "and it says who is running"
ok test ! -e second -- "and makes no folder"
kill $pid
wait $pid

# No permission for the memory policy calls, as in a default container.
if [ -x "$BUILD/tests/helpers/refuse" ]; then
    for errno in EPERM ENOSYS; do
        run "$BUILD/tests/helpers/refuse" "$errno" "$BUILD/bin/numabench" --all "${small[@]}" --only mem-bandwidth --output "refuse$errno"
        is "$rc" 0 "mbind and move_pages refused with $errno: measured all the same"
        is "$(jq -r '[.records[] | select(.status == "ok") | .placement.proof] | unique | join(" ")' "refuse$errno/result.json")" \
            numa_maps "proven from numa_maps"
    done
else
    fail "tests/helpers/refuse is not built"
fi
done_testing
