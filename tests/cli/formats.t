#!/usr/bin/env bash
# What holds for every format of `numabench report`, whichever there are: quick and small, the same
# every time, marked when simulated, whole in a file or not there.
. tests/lib.sh

need jq python3
report=$(command_path report)
run "$report" --format none "$TEST_TMP/none.json"
is "$rc" 2 "an unknown format is refused"
formats=$(sed -n 's/.*there are: //p' <<<"$err" | tr -d ,)
ok "$(($(wc -w <<<"$formats") < 10))" "and told which there are: $formats"
run "$report" --help
for format in $formats; do
	like "$out" "^ +$format  +[A-Za-z1]" "--help tells of $format"
done

# 1 MB of records, judged once, as a run leaves it.
tests/helpers/made-result 4x12 >"$TEST_TMP/4x12.json" || bail "made-result"
run "$report" --format json --output "$TEST_TMP/large.json" "$TEST_TMP/4x12.json"
ok "$(($(stat -c %s "$TEST_TMP/large.json") < 1000000))" "a result of $(stat -c %s "$TEST_TMP/large.json") bytes"
cp tests/fuzz/corpus/result/no-records "$TEST_TMP/empty.json"
cp tests/fuzz/corpus/result/control-characters "$TEST_TMP/control.json"
tests/helpers/made-result hostile >"$TEST_TMP/hostile.json"
# Every third record lacks its size, every fifth its unit, every seventh its nodes; every eleventh is of what nobody knows.
tests/helpers/made-result 2x2 | jq '.records |= (to_entries | map(.key as $k | .value
	| if $k % 3 == 0 then del(.bytes, .threads) else . end | if $k % 5 == 0 then del(.unit, .better) else . end
	| if $k % 7 == 0 then del(.cpu_node, .mem_node, .gpu) else . end
	| if $k % 11 == 0 then .test = "gpu-quantum" | .metric = "flips" | .unit = "Hz" | .colour = [{ of: null }] else . end))' >"$TEST_TMP/lacking.json"

# budget COMMAND..: "quick small", or by how much it is not: 0.2 s of CPU, the best of five; 64 MB.
budget() {
	python3 -c '
import resource, subprocess, sys
least = 9
for _ in range(5):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    if least < 0.2:
        break
print("quick" if least < 0.2 else least, "small" if after.ru_maxrss < 65536 else after.ru_maxrss)' "$@"
}

mkdir "$TEST_TMP/out"
for format in $formats; do
	file=$TEST_TMP/out/$format
	if [ -n "${SANITIZE:-}" ]; then
		skip "sanitizers take their time"
	else
		is "$(budget "$report" --format "$format" "$TEST_TMP/large.json")" "quick small" \
			"$format: 1 MB of records in 0.2 s and 64 MB"
	fi
	for result in large empty control hostile lacking; do
		"$report" --format "$format" "$TEST_TMP/$result.json" >"$file.1" 2>"$TEST_TMP/.err"
		is "$? $(<"$TEST_TMP/.err")" "0 " "$format, $result: written"
		"$report" --format "$format" --output "$file" "$TEST_TMP/$result.json"
		cmp -s "$file.1" "$file"
		is "$?" 0 "$format, $result: the same to a file, once more"
		cp "$file" "$file.$result"
	done
	is "$(python3 -c '
import sys
for path in sys.argv[2:]:
    text = open(path, "rb").read().decode("utf-8")
    if "\x1b" in text or "\u202e" in text and sys.argv[1] != "json":
        print(path)' "$format" "$file".{large,empty,control,hostile} 2>&1)" "" "$format: UTF-8, and nothing that steers a terminal"
	is "$(grep -aoiE '(^|[^a-z_-])-?(nan|inf)([^a-z]|$)' "$file.lacking" | sort -u)" "" "$format: what a record lacks is no number"
	ok grep -qiE 'simulated' "$file.hostile" -- "$format: simulated figures are marked"

	# What cannot be written is told, and nothing is left behind.
	"$report" --format "$format" "$TEST_TMP/large.json" >/dev/full 2>"$TEST_TMP/.err"
	is "$?" 2 "$format: a full disk is no success"
	like "$(<"$TEST_TMP/.err")" 'standard output: No space left' "$format: and it is told"
	echo before >"$file"
	(ulimit -f 1 && exec "$report" --format "$format" --output "$file" "$TEST_TMP/large.json") 2>"$TEST_TMP/.err"
	rc=$?
	if [ "$rc" -eq 0 ]; then # it is that short
		ok "$(($(stat -c %s "$file") > 1024))" "$format: fits into what there is"
	else
		is "$rc $(<"$file")" "2 before" "$format: what stood there stays when there is no room"
		like "$(<"$TEST_TMP/.err")" "$file: File too large" "$format: and it is told"
	fi
	run "$report" --format "$format" --output "$TEST_TMP/none/$format" "$TEST_TMP/large.json"
	is "$rc" 2 "$format: no such folder"
	rm -f "$file" "$file".{1,large,empty,control,hostile,lacking}
done
is "$(ls -A "$TEST_TMP/out")" "" "nothing half written is left behind"
done_testing
