# lib.sh - TAP for tests in bash. Source it from the repository's root:
#
#     . tests/lib.sh
#     run numabench --help
#     is "$rc" 0 "--help ends well"
#     like "$out" 'Usage' "and says how it is used"
#     done_testing
#
# $BUILD is the build folder (default build), $TEST_TMP a folder of this test's
# own, removed at its end. Nothing here ends the test at the first failure.
# shellcheck shell=bash disable=SC2034  # rc, out, err and elapsed are the caller's

BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
TEST_TMP=$(mktemp -d "${TMPDIR:-/tmp}/numabench-test.XXXXXX")
export LC_ALL=C NO_COLOR=1
# Results and temporary files of this test's own (the lock is the machine's: see run); no scenario or GPU choice of the caller's.
export XDG_RUNTIME_DIR=$TEST_TMP XDG_STATE_HOME=$TEST_TMP/state TMPDIR=$TEST_TMP
unset NUMABENCH_SIM CUDA_VISIBLE_DEVICES NVIDIA_VISIBLE_DEVICES
test_number=0
test_failures=0
test_planned=
test_finished=

test_end() {
	local code=$?
	# A test that stopped half-way prints no plan, which prove counts as a failure.
	[ -n "$test_finished" ] || echo "# ended early with $code" >&2
	rm -rf "$TEST_TMP"
	exit $((code ? code : test_failures > 0))
}
trap test_end EXIT

# plan N: how many tests there will be. Without it end with done_testing.
plan() {
	test_planned=$1
	test_finished=1
	echo "1..$1"
}

done_testing() {
	[ -n "$test_planned" ] || echo "1..$test_number"
	test_finished=1
}

# skip_all WHY: nothing here can be tested on this machine.
skip_all() {
	echo "1..0 # SKIP $*"
	test_finished=1
	exit 0
}

# bail WHY: no further test makes sense.
bail() {
	echo "Bail out! $*"
	exit 255
}

# diag TEXT..: a remark, not a result.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /' >&2
}

# pass NAME, fail NAME
pass() {
	test_number=$((test_number + 1))
	echo "ok $test_number - $1"
}
fail() {
	test_number=$((test_number + 1))
	test_failures=$((test_failures + 1))
	echo "not ok $test_number - $1"
	diag "failed at ${BASH_SOURCE[-1]} line ${BASH_LINENO[-2]}: $1"
	return 1
}

# skip WHY [N]: N tests (one without N) that cannot run here.
skip() {
	local i
	for ((i = 0; i < ${2:-1}; i++)); do
		test_number=$((test_number + 1))
		echo "ok $test_number # SKIP $1"
	done
}

# ok CONDITION-COMMAND.. -- NAME, or ok STATUS NAME: "ok $? name", "ok test -f x -- name"
ok() {
	local name=${*: -1} status
	if [ $# -eq 2 ]; then
		status=$1
	else
		"${@:1:$#-2}" >/dev/null
		status=$?
	fi
	if [ "$status" -eq 0 ]; then pass "$name"; else fail "$name"; fi
}

# is GOT WANTED NAME; isnt GOT UNWANTED NAME
is() {
	if [ "$1" = "$2" ]; then pass "$3"; else
		fail "$3"
		diag "got:    ${1:0:2000}"
		diag "wanted: ${2:0:2000}"
		return 1
	fi
}
isnt() {
	if [ "$1" != "$2" ]; then pass "$3"; else
		fail "$3"
		diag "got, and should not: ${1:0:2000}"
		return 1
	fi
}

# like TEXT REGEX NAME; unlike TEXT REGEX NAME: extended regular expressions of
# grep, matched line by line.
like() {
	if grep -qE -e "$2" <<<"$1"; then pass "$3"; else
		fail "$3"
		diag "no match for: $2"
		diag "in: ${1:0:4000}"
		return 1
	fi
}
unlike() {
	if ! grep -qE -e "$2" <<<"$1"; then pass "$3"; else
		fail "$3"
		diag "matches, and should not: $2"
		diag "$(grep -nE -e "$2" <<<"$1" | head -n 5)"
		return 1
	fi
}

# near GOT WANTED SHARE NAME: |GOT / WANTED - 1| <= SHARE
near() {
	if awk -v a="$1" -v b="$2" -v s="$3" \
		'BEGIN { d = a / b - 1; exit !(a ~ /[0-9]/ && (d < 0 ? -d : d) <= s) }'; then
		pass "$4"
	else
		fail "$4"
		diag "got $1, wanted $2 within $3 of it"
		return 1
	fi
}

# lines TEXT: how many lines it has.
lines() {
	[ -n "$1" ] && grep -c '' <<<"$1" || echo 0
}

# command_path NAME: where run finds it.
command_path() {
	local root=${RUN_ROOT:-$BUILD}
	case $1 in
	*/*) echo "$1" ;;
	numabench) echo "$root/bin/numabench" ;;
	*) if [ -x "$root/libexec/numabench/$1" ]; then echo "$root/libexec/numabench/$1"; else echo "$1"; fi ;;
	esac
}

# run COMMAND..: sets out, err, rc and elapsed (seconds). stdin is empty.
# "numabench" alone, or the name of an executable beside it, is found in $BUILD;
# RUN_ROOT=$BUILD/sim takes those of the simulator. RUN_TIMEOUT (60 s) ends what hangs: rc 124.
# A run that finds another one under way on the machine waits for it, but with RUN_IMPATIENT=1.
run() {
	local start command tries
	command=$(command_path "$1")
	shift
	for ((tries = 0; tries < 60; tries++)); do
		start=$EPOCHREALTIME
		timeout -k 2 "${RUN_TIMEOUT:-60}" "$command" "$@" \
			>"$TEST_TMP/.out" 2>"$TEST_TMP/.err" </dev/null
		rc=$?
		elapsed=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')
		if [ "$rc" -ne 3 ] || [ -n "${RUN_IMPATIENT:-}" ] ||
			! grep -q 'another run is under way' "$TEST_TMP/.err"; then
			break
		fi
		sleep 2
	done
	out=$(tr -d '\0' <"$TEST_TMP/.out")
	err=$(tr -d '\0' <"$TEST_TMP/.err")
}

# run_steady COMMAND..: as run, up to three times while it ends with 3: a guest's cores may be moved at
# any time, which makes figures unstable, and is no fault of ours.
run_steady() {
	local again
	for again in 1 2 3; do
		run "$@"
		[ "$rc" -eq 3 ] || return
		[ "$again" -eq 3 ] || diag "once more: $1 ended with 3: $(grep -m 1 -iE 'unstable|unknown' <<<"$err$out")"
	done
}

# tool NAME: the path of one of those that scripts/install-packages unpacks rather than installs, or
# of one that is installed all the same. Fails where there is none.
tool() {
	local folder
	for folder in "$BUILD" build; do
		[ ! -x "$folder/tools/usr/bin/$1" ] || { echo "$folder/tools/usr/bin/$1" && return; }
	done
	command -v "$1"
}

# need COMMAND..: skips the whole test where one is missing.
need() {
	local c
	for c; do
		command -v "$c" >/dev/null || skip_all "$c is not installed"
	done
}
