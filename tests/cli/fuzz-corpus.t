#!/usr/bin/env bash
# What tests/fuzz/run found to reach something, or to break it, given to the same code once more.
. tests/lib.sh

for folder in tests/fuzz/corpus/*; do
	target=${folder##*/}
	mkdir "$TEST_TMP/$target"
	tar -xf tests/machines/vm-minors.tar.xz -C "$TEST_TMP/$target"
	run "$BUILD/tests/fuzz/replay" --target="$target" --base="$TEST_TMP/$target" \
		--add=tests/fuzz/base.tree "$folder"/*
	is "$rc" 0 "$target: nothing breaks" || diag "$(tail -n 1 <<<"$out"): $err"
	is "$(lines "$out")" "$(find "$folder" -type f | wc -l)" "$target: all were tried"
done

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
	machine=$TEST_TMP/machine
	for list in '' 'rubbish' '1-0' '0-99999999'; do
		echo "$list" >"$machine/sys/devices/system/node/online"
		refused $command "^numabench $command: $machine/sys/devices/system/node/online: not a list of nodes" \
			"a node list of '$list'"
	done
done
done_testing
