#!/usr/bin/env bash
# The tarball of `make portable`: what is in it, what it needs, and that it starts with nothing around it.
. tests/lib.sh
need readelf objdump tar setpriv
[ -z "${SANITIZE:-}" ] || skip_all "a sanitizer's runtime is a shared library"

RUN_TIMEOUT=400 run make -s portable B="$BUILD"
# glibc 2.38 renames strtol and its like, so that whatever is compiled there needs it.
if [ "$rc" -ne 0 ] && grep -q 'needs glibc' <<<"$err" &&
    ldd --version | awk 'NR == 1 { split($NF, v, "."); exit !(v[1] * 100 + v[2] > 237) }'; then
    skip_all "$err"
fi
is "$rc" 0 "make portable" || { diag "$err"; done_testing; exit; }
tarball=$(tail -n 1 <<<"$out")
like "$tarball" '/numabench-[0-9.]+-[a-z0-9_]+\.tar\.gz$' "names the tarball, which names version and processor"
case $tarball in /*) ;; *) tarball=$PWD/$tarball ;; esac

mkdir "$TEST_TMP/far away"
tar -xzf "$tarball" -C "$TEST_TMP/far away"
folder=$(echo "$TEST_TMP/far away"/*)
is "$(basename "$folder")" "$(basename "$tarball" .tar.gz)" "it unpacks into one folder of the same name"
is "$(ls "$folder/libexec/numabench")" "$(basename -s .c bench/*.c diag/*.c | sort)" "with every command"
is "$(find "$folder/share/man" -name '*.1' | wc -l)" "$(find "$folder" -type f -perm -u+x | wc -l)" "every manual page"
for file in README LICENSE share/numabench/schema.json share/man/man7/numabench.7; do
    ok test -s "$folder/$file" -- "and $file"
done

programs=("$folder/bin/numabench" "$folder"/libexec/numabench/*)
needed=$(readelf -d "${programs[@]}" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u)
like "$needed" '^libc\.so\.6$' "the programs need glibc"
is "$(grep -vE '^(lib(c|m|dl|rt|pthread|udev)|ld-linux[a-z0-9_-]*)\.so\.[0-9]+$' <<<"$needed")" "" "and nothing else shared but libudev"
is "$(readelf -d "${programs[@]}" | grep -E 'RPATH|RUNPATH')" "" "they look in no folder of the machine that built them"
newest=$(objdump -T "${programs[@]}" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
like "$newest" '^GLIBC_2\.[0-9]' "glibc's versions are read"
is "$(printf '%s\n' GLIBC_2.34 "$newest" | sort -V | tail -n 1)" GLIBC_2.34 "none is newer than 2.34"

# Nobody's process without an environment, in a folder that cannot be written to.
chmod 711 "$TEST_TMP"
chmod -R a+rX,a-w "$TEST_TMP/far away"
nobody=()
[ "$(id -u)" -ne 0 ] || nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
cd "$folder" || bail "no $folder"
bare() {
    run env -i "${nobody[@]}" "$@"
}
run numabench --version
is "$(env -i bin/numabench --version)" "$out" "bin/numabench --version says what the other build says"
ok "$("${nobody[@]}" test -w .; echo $((! $?)))" "the folder cannot be written to"
bare bin/numabench topology
is "$rc" 0 "topology, without an environment"
like "$out" '^Node [0-9]+, package' "  shows the nodes"
bare bin/numabench mem-bandwidth --size 1MiB --budget 1 --quiet --json
like "$rc" "^[03]$" "mem-bandwidth, likewise (3: a guest whose cores were moved meanwhile)"
like "$out" '"metric":"triad".*"samples":\[[0-9]' "  measures"
bare bin/numabench --all --dry-run --quick
is "$rc" 0 "--all --dry-run"
like "$err$out" 'mem-latency' "  finds its tests"
cd - >/dev/null || bail "no way back"

# What is missing is named, with its package, in one line.
cat >"$TEST_TMP/gcc" <<'END'
#!/bin/sh
case $1 in *libnuma.a) echo libnuma.a ;; *) exec gcc "$@" ;; esac
END
chmod +x "$TEST_TMP/gcc"
CC=$TEST_TMP/gcc run scripts/portable libs
isnt "$rc" 0 "no static libnuma"
is "$err" "make portable: no static libnuma (libnuma.a); on Debian and Ubuntu it is in libnuma-dev" "  one line that names it"
chmod -R u+w "$TEST_TMP/far away"
GLIBC=2.17 run scripts/portable pack "$folder"
isnt "$rc" 0 "a glibc newer than allowed"
like "$err" '^make portable: .*/numabench needs glibc 2\.[0-9]+ \([a-z_]+.*\); build it' "  named, with the function that needs it"
is "$(lines "$err")" 1 "  in one line"
GLIBC=2.17 CC=$TEST_TMP/gcc run scripts/portable
is "$rc" 2 "scripts/portable alone says how it is used"
done_testing
