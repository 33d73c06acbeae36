#!/usr/bin/env bash
# The examples for pipelines of scripts/ci, with a numabench that ends as it is told to.
. tests/lib.sh

mkdir "$TEST_TMP/bin" "$TEST_TMP/work"
PATH=$TEST_TMP/bin:$PATH
report=$(command_path report)
recorded=$PWD/tests/fuzz/corpus/result/gpu
# $TEST_TMP/codes: exit codes of one run after another; "hang" does.
cat >"$TEST_TMP/bin/numabench" <<END
#!/usr/bin/env bash
if [ "\$1" = report ]; then shift; exec "$report" "\$@"; fi
echo "\$*" >>"$TEST_TMP/calls"
code=\$(head -n 1 "$TEST_TMP/codes"); sed -i 1d "$TEST_TMP/codes"
[ "\$code" != hang ] || exec sleep 60
while [ \$# -gt 0 ]; do [ "\$1" != --output ] || { mkdir -p "\$2"; cp "$recorded" "\$2/result.json"; }; shift; done
echo "NUMABENCH WORD - because | 'failures'=1"
exit "\$code"
END
for tool in scontrol logger; do
	printf '#!/bin/sh\necho "%s $*" >>"%s/told"\n' $tool "$TEST_TMP" >"$TEST_TMP/bin/$tool"
done
chmod +x "$TEST_TMP"/bin/*
# ending CODE..: how the next runs end
ending() {
	printf '%s\n' "$@" >"$TEST_TMP/codes"
	: >"$TEST_TMP/calls"
	: >"$TEST_TMP/told"
}

# ---- GitHub Actions ----
if /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
	/usr/bin/python3 -c 'import sys, yaml
w = yaml.safe_load(open("scripts/ci/github-actions.yml"))
assert set(w) == {"name", True, "jobs"} and {"workflow_dispatch", "schedule"} == set(w[True])
job = w["jobs"]["gpu-runner"]
assert {"runs-on", "timeout-minutes", "steps", "env"} == set(job)
for i, s in enumerate(job["steps"]):
    assert ("uses" in s) != ("run" in s) and set(s) <= {"uses", "run", "name", "if", "shell", "with"}
    if "run" in s:
        assert s["shell"] == "bash"
        open(sys.argv[1] + "/" + s["name"].lower() + ".sh", "w").write(s["run"])' "$TEST_TMP"
	is "$?" 0 "GitHub: the workflow is one"
	# step NAME: as the runner runs it
	step() {
		RUN_TIMEOUT=20 run env -C "$TEST_TMP/work" RETRY_SECONDS=0 EXPECT=expect.json GITHUB_STEP_SUMMARY="$TEST_TMP/summary.md" \
			bash --noprofile --norc -eo pipefail "$TEST_TMP/$1.sh"
	}
	for row in "0:0:1" "1:1:1" "3 0:0:2" "3 3 1:1:3" "3 3 3:3:3" "2:2:1"; do
		IFS=: read -r codes wanted times <<<"$row"
		# shellcheck disable=SC2086
		ending $codes
		step measure
		is "$rc $(wc -l <"$TEST_TMP/calls")" "$wanted $times" "GitHub: ends of $codes: exit code $wanted after $times"
	done
	like "$(cat "$TEST_TMP/calls")" "^--all --quick --quiet --expect expect.json --output numabench-results$" "GitHub: what is run"
	step report
	is "$rc" 0 "GitHub: the report"
	like "$out" '^::(notice|error|warning) title=numabench::' "GitHub: annotates"
	like "$(cat "$TEST_TMP/summary.md")" '^## numabench: ' "GitHub: the step's summary"
	like "$(cat "$TEST_TMP/work/numabench-results/junit.xml")" '<testsuite name="numabench.verdict"' "GitHub: JUnit"
	run "$(command_path numabench)" --help
	while read -r option; do
		[ "$option" = --format ] || like "$out" "$option" "GitHub: there is $option"
	done < <(grep -oE -- ' --[a-z-]+' scripts/ci/github-actions.yml | tr -d ' ' | sort -u)
else
	skip "python3-yaml is not installed"
fi

# ---- Slurm ----
prolog() {
	NUMABENCH_LIMIT=1 SLURMD_NODENAME=gpu17 RUN_TIMEOUT=20 run scripts/ci/slurm-prolog
}
for row in "0:0:^$" "1:0:^logger .*NUMABENCH WORD - because" "2:1:^scontrol update NodeName=gpu17 State=DRAIN Reason=NUMABENCH WORD - because $" \
	"3:0:^logger .*NUMABENCH WORD" "127:0:^logger" "hang:0:^logger .*no answer within 1 s"; do
	IFS=: read -r code wanted told <<<"$row"
	ending "$code"
	prolog
	is "$rc" "$wanted" "Slurm: check ends with $code: exit code $wanted"
	like "$(cat "$TEST_TMP/told")" "$told" "Slurm: and what is told"
done
is "$(cat "$TEST_TMP/calls")" "check --nagios" "Slurm: what is run"
if command -v shellcheck >/dev/null; then
	ok shellcheck scripts/ci/slurm-prolog -- "Slurm: shellcheck has nothing to say"
else
	skip "shellcheck is not installed"
fi

# ---- NHC: its check_cmd_status ----
check_cmd_status() {
	local limit wanted
	while getopts t:r: o; do case $o in t) limit=$OPTARG ;; r) wanted=$OPTARG ;; *) return 1 ;; esac done
	shift $((OPTIND - 1))
	OPTIND=1
	timeout "$limit" "$@" >"$TEST_TMP/nhc.out" 2>&1
	[ $? -eq "$wanted" ]
}
mapfile -t lines < <(sed -n 's/^\* || //p' scripts/ci/nhc.conf)
is "${#lines[@]}" 2 "NHC: there are lines"
for row in 0:0 1:1 3:1; do
	ending "${row%:*}"
	eval "${lines[0]}"
	is "$?" "${row#*:}" "NHC: a check that ends with ${row%:*}"
done
is "$(cat "$TEST_TMP/calls")" check "NHC: what is run"
run "$report" --expect results/expect/ci-runner.json "$recorded"
wanted=$((rc != 0))
eval "$(sed "s#/etc/numabench/expect.json#results/expect/ci-runner.json#; s#/var/lib/numabench/result.json#$recorded#" <<<"${lines[1]}")"
is "$?" "$wanted" "NHC: a result against what was ordered"
like "$(cat "$TEST_TMP/nhc.out")" '^NUMABENCH ' "NHC: and its line"
done_testing
