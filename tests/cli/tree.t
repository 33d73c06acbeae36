#!/usr/bin/env bash
# The house rules that a tool can check.
. tests/lib.sh
need git
[ -d .git ] || git rev-parse --git-dir >/dev/null 2>&1 || skip_all "not a git checkout"

# includes FOLDER ALLOWED-REGEX: the folders of lib that FOLDER's files include.
includes() {
    local bad
    bad=$(git ls-files -co --exclude-standard "$1/*.c" "$1/*.h" | xargs grep -nE '^#include "[a-z]+/' |
        grep -vE "#include \"($2)/")
    is "$bad" "" "$1 includes nothing to its right (may: $2)"
}
includes lib/util util
includes lib/machine 'machine|util'
includes lib/result 'result|machine|util'
includes lib/place 'place|result|machine|util'
includes lib/measure 'measure|place|result|machine|util'
includes lib/render 'render|result|machine|util'
includes lib/front 'front|render|result|machine|util'
includes diag 'checks|front|render|result|place|machine|util'
is "$(grep -lE '#include "machine/(probe|sysroot|gpu|nvml)' lib/result/*.[ch] lib/render/*.[ch])" "" \
    "lib/result and lib/render know the machine as data only"
is "$(grep -nE '\b(exit|printf|puts|getenv|perror)\(' lib/*/*.c | grep -vE '\b(v?snprintf|_exit|fprintf|dprintf)\(' |
    grep -vE '^lib/[a-z]+/[a-z_]+\.c:[0-9]+:[[:space:]]*(/?\*|//)|^lib/machine/hwtopo.c:.*getenv')" "" "the library neither prints nor exits nor reads the environment"
is "$(grep -nE '"/(sys|proc)/' -r lib bench diag numabench.c | grep -vE 'lib/machine/sysroot|^diag/checks/|^lib/render/launch_python')" "" \
    "no literal path under /sys or /proc outside sysroot, but in the words of checks and what Python is to run"
is "$(git ls-files -co --exclude-standard '*.c' '*.h' '*.cu' | xargs wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 }')" "" \
    "no file over 500 lines"
is "$(for f in bench/*.c; do n=$(wc -l <"$f"); [ "$n" -le 150 ] || echo "$f: $n"; done)" "" "no bench over 150 lines"
ok test "$(wc -l <Makefile)" -le 150 -- "the Makefile has at most 150 lines"
is "$(find tests -name '*.t' ! -perm -u+x)" "" "every test can be executed"
if command -v shellcheck >/dev/null; then
    # Not: variables that lib.sh sets (2154), blanks in words of our own (2046), other languages' $ in
    # quotes (2016), files that are sourced from elsewhere (1091), functions called without arguments (2119).
    scripts=$(git ls-files -co --exclude-standard scripts tests | xargs grep -lE '^#!(/usr/bin/env bash|/bin/(ba)?sh)')
    is "$(xargs shellcheck -x -f gcc -e SC2154,SC2046,SC2016,SC1091,SC2119 <<<"$scripts")" "" \
        "shellcheck has nothing to say of $(wc -w <<<"$scripts") scripts"
else
    skip "shellcheck is not installed"
fi

run make -s install DESTDIR="$TEST_TMP/root" PREFIX=/usr B="$BUILD"
is "$rc" 0 "make install"
run "$TEST_TMP/root/usr/bin/numabench" --list
is "$rc" 0 "what was installed starts"
run "$TEST_TMP/root/usr/bin/numabench" topology
is "$rc" 0 "and finds its commands"
is "$(find "$TEST_TMP/root" -name '*.1' | wc -l)" "$(find "$TEST_TMP/root" -type f -perm -u+x | wc -l)" \
    "every command has its manual page"
is "$(cd "$TEST_TMP/root/usr/share" && find bash-completion zsh fish -type f | sort | tr '\n' ' ')" \
    "bash-completion/completions/numabench fish/vendor_completions.d/numabench.fish zsh/site-functions/_numabench " \
    "each shell finds its completion"
done_testing
