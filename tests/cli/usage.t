#!/usr/bin/env bash
# What a user types wrong, and what comes back: one line, exit code 2.
. tests/lib.sh

# refuses REGEX COMMAND..: exit code 2, one line on stderr that says why, nothing on stdout.
refuses() {
    local pattern=$1
    shift
    run "$@"
    is "$rc" 2 "exit code 2: $*"
    is "$(lines "$err")" 1 "  one line on stderr"
    like "$err" "$pattern" "  that names what is wrong"
    is "$out" "" "  and nothing on stdout"
}

commands=(numabench topology report baseline compare bind try mem-bandwidth mem-latency gpu-bandwidth gpu-latency)
for c in "${commands[@]}"; do
    run "$c" --help
    is "$rc" 0 "$c --help"
    like "$out" '^Usage: numabench' "  says how it is used"
    is "$(awk 'length > 80' <<<"$out")" "" "  in 80 columns"
    run "$c" --version
    is "$rc" 0 "$c --version"
    like "$out" '^numabench.* [0-9]+\.[0-9]+\.[0-9]+ \(with' "  names version and CUDA"
done

cd "$TEST_TMP" || bail "no scratch folder"
refuses "unknown option '--quik'" numabench --all --quik
refuses "no command 'topologie'" numabench topologie
refuses "no command '../bin/numabench'" numabench ../bin/numabench
refuses "'--quick' goes with --all" numabench --quick
refuses "exclude each other" numabench --all --quick --thorough
refuses "'--budget soon': not a time" numabench --all --budget soon
refuses "--budget" numabench --all --budget 0
refuses "'--size 12XB': not a size" numabench --all --size 12XB
refuses "--size" numabench --all --size
refuses "no test 'memory'; there are mem-bandwidth" numabench --all --only memory
refuses "leave no test" numabench --all --only mem-latency --skip mem-latency
refuses "node.*7" numabench --all --nodes 7
refuses "node list: '0-'" numabench --all --nodes 0-
refuses "'3-1'" numabench --all --nodes 3-1
refuses "at least 4096 bytes" numabench --all --size 8
refuses "nowhere/x.json" numabench --all --json nowhere/x.json --output .
refuses "is a folder" numabench --all --json . --output .
refuses "require-gpus" numabench --all --require-gpus -1
refuses "operand 'now'" numabench --all now
refuses "node.*4096" mem-bandwidth --nodes 4096
refuses "operand 'now'" mem-latency now
refuses "no RESULT given" report
refuses "nowhere.json.*No such file" report nowhere.json
refuses "format 'pdf'" report --format pdf nowhere.json
refuses "No such file" topology --machine nowhere
is "$(find . -type f ! -name .out ! -name .err)" "" "nothing was left behind by any of them"

echo hello >not-json
: >empty
echo '{"schema": "other/9"}' >foreign.json
echo '{"schema": "numabench/1", "run": {' >cut.json
mkdir folder
refuses "not-json: not JSON, and so not a result of numabench" report not-json
refuses "empty" report empty
refuses "foreign.json.*other/9" report foreign.json
refuses "cut.json.*line" report cut.json
refuses "folder" report folder
refuses "not-json" topology --machine not-json
refuses "folder" topology --machine folder

# What could be here and is not is unknown: 3.
for c in "numabench --all" gpu-bandwidth; do
    # shellcheck disable=SC2086  # two words
    run $c --gpus 999
    is "$rc" 3 "$c: a GPU that is not here ends with 3"
    like "$err" "GPU.*999" "  and is named"
    is "$(lines "$err")" 1 "  in one line"
done
if [ -w /dev/full ]; then
    for c in "numabench --list" "numabench --help" "numabench --version" numabench "mem-bandwidth --list" "topology --help"; do
        # shellcheck disable=SC2086
        set -- $c
        run bash -c 'exec "$@" >/dev/full' - "$(command_path "$1")" "${@:2}"
        is "$rc" 2 "a full stdout ends with 2: $c"
        like "$err" "out.*No space left" "  and says so"
    done
fi
# A reader that goes, as head does, is no error worth a word.
while read -r command; do
    # shellcheck disable=SC2086
    set -- $command
    run bash -c 'exec 3> >(:); wait $!; exec "$@" >&3' - "$(command_path "$1")" "${@:2}"
    is "$rc" 141 "nobody reads any more: $command ends by SIGPIPE"
    is "$err" "" "  without a word"
done <<END
numabench
topology
check --list
END

run bind --gpu 0
is "$rc" 125 "bind without a command ends with 125"
run bind -- true
is "$rc" 125 "bind without a GPU ends with 125"
run bind --gpu 9999 -- true
is "$rc" 125 "bind to a GPU that is not there ends with 125"
is "$(lines "$err")" 1 "  with one line"
done_testing
