#!/usr/bin/env bash
# `report --format hwloc`: a topology that hwloc and its tools read, with what was measured as
# attributes of memory, and nothing that was not.
. tests/lib.sh

need jq python3 xmllint lstopo hwloc-calc taskset
made=tests/helpers/made-result
values=$BUILD/tests/helpers/hwloc-values
# Nothing of this machine or of whoever calls the tests.
unset HWLOC_XMLFILE HWLOC_SYNTHETIC HWLOC_FSROOT HWLOC_THISSYSTEM HWLOC_COMPONENTS

# write NAME [OPTION]..: $TEST_TMP/NAME.xml of $TEST_TMP/NAME.json, which xmllint and hwloc take
# without a word; hwloc-values asks hwloc itself to check the tree.
write() {
	local xml=$TEST_TMP/$1.xml
	run report --format hwloc "${@:2}" --output "$xml" "$TEST_TMP/$1.json"
	is "$rc$err" 0 "$1: it is written"
	is "$(xmllint --noout "$xml" 2>&1)" "" "$1: it is XML"
	HWLOC_XML_VERBOSE=1 run "$values" "$xml" Capacity
	is "$rc$err" 0 "$1: hwloc has nothing to say against it"
}
# has NAME ATTRIBUTE WANTED WHAT: the values of an attribute as a program finds them
has() {
	run "$values" "$TEST_TMP/$1.xml" "$2"
	is "$out" "$3" "$1: $4"
}
# wanted NAME TEST METRIC FACTOR: what the records say: the medians of whole nodes, rounded
wanted() {
	jq -r --arg test "$2" --arg metric "$3" --argjson factor "$4" '
		[.records[] | select(.test == $test and .metric == $metric and .pages_asked == null and .status == "ok")] |
		group_by([.mem_node, .cpu_node]) | map(max_by([.bytes, .threads])) |
		.[] | "node \(.mem_node) \(.cpu_node): \(.median * $factor | round)"' "$TEST_TMP/$1.json"
}
# given NAME ATTRIBUTE: the same out of the file, a node's CPUs being named by its number
given() {
	awk 'NR == FNR { id[$1 ":"] = $2; next } /^node/ { print $1, $2, id[$4] ": " $5 }' \
		<(jq -r '.topology.nodes[] | "\(.cpus) \(.id)"' "$TEST_TMP/$1.json") <("$values" "$TEST_TMP/$1.xml" "$2")
}

# two FILTER: the result of two nodes and two GPUs, changed.
two() { jq "$1" "$TEST_TMP/2x2.json"; }
"$made" 2x2 >"$TEST_TMP/2x2.json" || bail "made-result"

# ---- machines of several shapes ----
for kind in 2x8 8x16 no-gpu; do
	"$made" "$kind" >"$TEST_TMP/$kind.json"
	write "$kind"
	is "$(given "$kind" numabench:bandwidth)" "$(wanted "$kind" mem-bandwidth triad 9.5367431640625e-7)" "$kind: each bandwidth, in MiB/s"
	is "$(given "$kind" numabench:latency)" "$(wanted "$kind" mem-latency latency 1e9)" "$kind: each latency, in ns"
	has "$kind" Bandwidth "" "hwloc's own bandwidth is left to firmware"
done
is "$("$values" "$TEST_TMP/8x16.xml" numabench:latency | grep best | sort -u | wc -l)" 8 "8x16: a best memory for every node"
like "$(lstopo -i "$TEST_TMP/2x8.xml" --of console -v -)" 'numabench:simulated' "a simulated machine says so"

run lstopo -i "$TEST_TMP/2x8.xml" --of console --no-collapse --whole-io -
is "$(grep -c 'GPU(NVML) "nvml[0-7]"' <<<"$out")" 8 "2x8: lstopo draws eight GPUs"
is "$(awk '/Package/ { p++ } /nvml/ { print p $NF }' <<<"$out" | tr '\n' ' ')" \
	'1"nvml0" 1"nvml1" 1"nvml2" 1"nvml3" 2"nvml4" 2"nvml5" 2"nvml6" 2"nvml7" ' "each on the node that it is declared to hang on"
run hwloc-info -i "$TEST_TMP/2x8.xml" os=nvml3
like "$out" 'info NVIDIAUUID = GPU-00000003-' "with its UUID, as NVML would have told hwloc"
is "$(lstopo -i "$TEST_TMP/2x8.xml" --distances | tail -n 2 | tr -s ' ')" "$(printf ' 0 10 21\n 1 21 10')" "2x8: the distances"

# What goes out comes back in: our own reader of hwloc's files sees the same machine.
run topology --json --machine "$TEST_TMP/2x8.xml"
same='[.topology | (.nodes[] | [.id, .kind, .package, .cpus, .cores, .caches, .memory_bytes]), .distances, (.gpus[] | [.index, .pci, .uuid, .name, .declared_node.sysfs])]'
is "$(jq -c "$same" <<<"$out")" "$(jq -c "$same" "$TEST_TMP/2x8.json")" "2x8: read back, it is the same machine"

# ---- tools ----
if hwloc-calc --help 2>&1 | grep -q best-memattr; then
	for cpu in 0 100; do
		is "$(hwloc-calc -i "$TEST_TMP/2x8.xml" --local-memory --best-memattr numabench:bandwidth "pu:$cpu")" $((cpu / 96)) \
			"hwloc-calc: the best memory for CPU $cpu"
	done
else
	skip "this hwloc-calc knows no --best-memattr" 2
fi
like "$(lstopo -i "$TEST_TMP/2x8.xml" --memattrs)" 'NUMANode L#1 = [0-9]+ from cpuset 0xffffffff,0xffffffff,0xffffffff \(Package' \
	"lstopo --memattrs: initiators are packages"

# ---- hwloc's own ----
cp "$TEST_TMP/2x8.json" "$TEST_TMP/standard.json"
write standard --as-hwloc-standard
for pair in Bandwidth:bandwidth Latency:latency; do
	has standard "${pair%:*}" "$("$values" "$TEST_TMP/2x8.xml" "numabench:${pair#*:}")" "hwloc's own ${pair%:*} is ours, where it is asked for"
done
run report --as-hwloc-standard "$TEST_TMP/2x8.json"
is "$rc" 2 "--as-hwloc-standard without --format hwloc is refused"
like "$err" 'goes with --format hwloc' "and it is said why"

# ---- nodes with gaps between their numbers; one without CPUs; one without memory ----
two '
	def re: if . == 1 then 5 else . end;
	.topology.nodes[1].id = 5 | .topology.distances.nodes = [0, 5] | .topology.gpus[1].declared_node = {sysfs: 5, nvml: 5, cuda: 5} |
	.records |= map(if has("cpu_node") then .cpu_node |= re else . end | if has("mem_node") then .mem_node |= re else . end |
		if has("to_node") then .to_node |= re else . end)' >"$TEST_TMP/sparse.json"
write sparse
is "$(given sparse numabench:bandwidth)" "$(wanted sparse mem-bandwidth triad 9.5367431640625e-7)" "sparse: the values are those of node 0 and node 5"

two '.topology.nodes[1] |= (.kind = "cpuless" | .cpus = "" | .allowed_cpus = "" | .cores = [] | .caches = [] | .package = null | .package_why = "no CPU") |
	.topology.allowed_cpus = "0-95" | .records |= map(select(.cpu_node != 1))' >"$TEST_TMP/cpuless.json"
write cpuless
is "$(given cpuless numabench:bandwidth)" "$(wanted cpuless mem-bandwidth triad 9.5367431640625e-7)" "CPU-less: its memory has a value from the node that has CPUs"
is "$(lstopo -i "$TEST_TMP/cpuless.xml" --of console --only numanode - | wc -l)" 2 "CPU-less: both nodes are there"
is "$(hwloc-info -i "$TEST_TMP/cpuless.xml" numa:1 | grep -c '^ cpuset = 0xffffffff,0xffffffff,0xffffffff$')" 1 "CPU-less: it is near the CPUs of the nearest, as hwloc has it"

two '.topology.nodes[1] |= (.kind = "memoryless" | .memory_bytes = 0) | .records |= map(select(.mem_node != 1))' >"$TEST_TMP/memoryless.json"
write memoryless
has memoryless numabench:latency "$("$values" "$TEST_TMP/memoryless.xml" numabench:latency | grep -v '^node 1')" "memoryless: no value of memory that is not there"
like "$out" 'node 0 from 96-191: [0-9]' "memoryless: its cores have one of the other's"

# CPUs that the run was not allowed to use.
two '.topology.allowed_cpus = "0-47" | .topology.nodes[0].allowed_cpus = "0-47" | .topology.nodes[1].allowed_cpus = "" | .topology.nodes[1].allowed = false |
	.topology.nodes[0].cores |= .[:24] | .topology.nodes[1].cores = [] | .records |= map(select(.cpu_node == 0 and .mem_node == 0))' >"$TEST_TMP/cpuset.json"
write cpuset
is "$(lstopo -i "$TEST_TMP/cpuset.xml" --of console --only pu - | wc -l) $(lstopo -i "$TEST_TMP/cpuset.xml" --disallowed --of console --only pu - | wc -l)" "48 192" \
	"a cpuset: what was not allowed is there, and hidden unless it is asked for"

# ---- what was not measured, or not well, has no value ----
"$made" incomplete >"$TEST_TMP/incomplete.json"
write incomplete
run "$values" "$TEST_TMP/incomplete.xml" numabench:bandwidth
is "$rc" 3 "incomplete: what was not measured is no attribute"
like "$(<"$TEST_TMP/incomplete.xml")" 'numabench:incomplete' "incomplete: it is said"
two '.records |= map(select(.test == "mem-latency" and .metric == "latency")) |
	.records |= map(if .cpu_node == 0 and .mem_node == 1 then . + {status: "unstable", reason: "a quota \u0007 <&\">"} else . end |
		if .cpu_node == 1 and .mem_node == 1 then . + {undersized: true} else . end)' >"$TEST_TMP/partly.json"
write partly
has partly numabench:latency "$(printf 'node 0 from 0-95: %s\nbest for 0: node 0' "$(wanted partly mem-latency latency 1e9 | sed -n 's/^node 0 0: //p')")" \
	"unstable and undersized figures are no values; without its own memory's a node has none, lest another's is called its best"
like "$(xmllint --xpath 'string(//info[@name="numabench:left-out"][1]/@value)' "$TEST_TMP/partly.xml")" 'its own memory|unstable' "and it is said which, and why"
like "$(<"$TEST_TMP/partly.xml")" 'left-out" value="numabench:latency from node 0: unstable: a quota \? &lt;&amp;&quot;&gt;"' "in the record's own words"
for kind in failing hostile; do
	"$made" "$kind" >"$TEST_TMP/$kind.json"
	write "$kind"
done
unlike "$("$values" "$TEST_TMP/failing.xml" numabench:bandwidth; "$values" "$TEST_TMP/failing.xml" numabench:latency)" ': 0$' "failing: nothing is 0"
unlike "$(<"$TEST_TMP/hostile.xml")" '<script|<img|[^ -~]' "hostile: names are text, and printable"

two '.topology.nodes = [] | .topology.distances = null | .records = []' >"$TEST_TMP/nothing.json"
run report --format hwloc "$TEST_TMP/nothing.json"
is "$rc" 2 "a result without CPUs cannot be shown"
like "$err" 'knows of no CPU' "and it is said why"
# Caches and cores that overlap, in all directions, with levels that are none.
two '.topology.nodes[0].caches = [{level: 3, bytes: 9, cpus: "0-50"}, {level: 3, bytes: 9, cpus: "40-120"}, {level: 1, bytes: 9, cpus: "0-95"},
	{level: 2, bytes: 9, cpus: "0-7"}, {level: 9, bytes: 9, cpus: "0-3"}, {level: 4, bytes: 9, cpus: "0-1"}] | .topology.nodes[1].cores[0] = "95-99" |
	.topology.nodes[0].package = 7 | .topology.nodes[1].package = 7 | .topology.gpus[0].pci = "../\"<x" | .topology.gpus[1].pci = "0000:17:00.9"' >"$TEST_TMP/crossed.json"
write crossed
is "$(given crossed numabench:bandwidth)" "$(wanted crossed mem-bandwidth triad 9.5367431640625e-7)" "what contradicts itself is left out, and the values are there"

# ---- a run as it was ----
cp tests/fuzz/corpus/result/all "$TEST_TMP/real.json"
write real
is "$(given real numabench:bandwidth)" "$(wanted real mem-bandwidth triad 9.5367431640625e-7)" "a real run: its bandwidth"
run topology --json
jq --argjson here "$out" '.topology = $here.topology | .host = $here.host' tests/fuzz/corpus/result/all >"$TEST_TMP/here.json"
write here
is "$(HWLOC_XMLFILE=$TEST_TMP/here.xml HWLOC_THISSYSTEM=1 hwloc-bind pu:0 -- sh -c 'taskset -cp $$' | sed 's/.*: //')" \
	"$(hwloc-bind pu:0 -- sh -c 'taskset -cp $$' | sed 's/.*: //')" "made of this machine, it stands for it: hwloc binds by it"
done_testing
