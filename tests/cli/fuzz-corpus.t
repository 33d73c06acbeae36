#!/usr/bin/env bash
# What tests/fuzz/run found to reach something, or to break it, given to the same code once more.
. tests/lib.sh

# unpack NAME: a recorded machine, in $machine
unpack() {
	machine=$TEST_TMP/$1
	mkdir "$machine"
	tar -xf tests/machines/vm-minors.tar.xz -C "$machine"
}
# replay TARGET INPUT..
replay() {
	RUN_TIMEOUT=300 run "$BUILD/tests/fuzz/replay" --target="$1" --base="$machine" --add=tests/fuzz/base.tree "${@:2}"
	is "$rc" 0 "$1: nothing breaks" || diag "$(tail -n 1 <<<"$out"): $err"
	is "$(lines "$out")" $(($# - 1)) "$1: all were tried"
}
for folder in tests/fuzz/corpus/*; do
	unpack "${folder##*/}"
	replay "${folder##*/}" "$folder"/*
done

# Every file missing, empty, cut, rubbish, a folder, unreadable: one at a time.
unpack sweep
mkdir "$TEST_TMP/inputs"
{
	(cd "$machine" && find proc sys \( -type f -o -type l \) ! -path '*/cpu[2-9]/*')
	sed -n 's/^[=>] //p' tests/fuzz/base.tree
} >"$TEST_TMP/files"
awk -v to="$TEST_TMP/inputs" '{
	split("- = < = / @", sign, " "); split(",,1,\033\377 -1 0x,,", body, ",")
	for (i = 1; i <= 6; i++) {
		name = to "/" NR "." i
		printf "%s %s\n%s\n", sign[i], $0, body[i] >name
		close(name)
	} }' "$TEST_TMP/files"
ok test "$(wc -l <"$TEST_TMP/files")" -gt 300 -- "there are files to spoil"
replay machine "$TEST_TMP"/inputs/*
unpack sweep-process
replay process "$TEST_TMP"/inputs/*

# refused COMMAND PATTERN NAME: it ends in good order, and says what is wrong in one line.
refused() {
	run "$1" --machine "$machine"
	is "$rc $(lines "$err")" "2 1" "$3: $1 says one line and ends with 2"
	like "$err" "$2" "$3: $1 says what is wrong"
}
# hwloc, which reads CPUs and nodes, takes the whole process with it over these.
for command in topology check; do
	machine=tests/fuzz/corpus/xml/hwloc-breaks
	refused $command "^numabench $command: $machine: (hwloc fails over the CPUs|no hwloc XML file)" "an XML file that is cut off"
	unpack $command
	nodes=$machine/sys/devices/system/node
	for list in '' 'rubbish' '1-0' '0-99999999'; do
		echo "$list" >"$nodes/online"
		refused $command "^numabench $command: $nodes/online: not a list of nodes" "a node list of '$list'"
	done
	echo 0-1 >"$nodes/online"
	rm -r "$nodes"/node[0-9]*
	refused $command "^numabench $command: $nodes: no node in it" "a list, and no nodes"
done
done_testing
