#!/usr/bin/env bash
# Processes that feed a GPU: what is planted for a node comes back when they are moved, bound, or
# their pages follow. The two nodes are this machine's CPUs in two halves (two_nodes).
# shellcheck disable=SC2016  # jq's
. tests/sim/sim.sh
two_nodes

# So slow that what is produced and consumed in real time, while others have the processor, makes no
# difference; the time of copies is simulated.
plants='.noise = 0 | .plants = [ ("h2d", "d2h") as $d | range(2) as $c | range(2) as $n
	| (if $d == "h2d" then 1 else 1.25 end) as $way
	| { cpu_node: $c, mem_node: $n, memory: "pinned", direction: $d,
	    bandwidth: ([40e4, 16e4][$n] * $way) },
	  { cpu_node: $c, mem_node: $n, memory: "registered", direction: $d,
	    bandwidth: ([36e4, 12e4][$n] * $way) },
	  { cpu_node: $c, mem_node: $n, memory: "pageable", direction: $d,
	    bandwidth: ([[30e4, 15e4], [20e4, 10e4]][$c][$n] * $way) } ]'

# rate H2D: what goes through both copies, in bytes a second, when d2h is 1.25 times as fast.
rate() {
	awk -v h="$1" 'BEGIN { print h * 1.25 / 2.25 }'
}
# feed SELECT: the records of feeding processes
feed() {
	q "[.records[] | select(.metric == \"feed-rate\" and ($1))] | $2"
}

# --- --quick -------------------------------------------------------------------------
# As long as it takes: copies, pinning and the driver's start, too. Within 8 s on a machine that has
# nothing else to do; a budget that bears neighbours, and as many rounds as there would be.
scenario four-gpus "$split | .gpus |= .[0:1] | .realtime = true | .context_s = 0.35 | .pin_s_per_gib = 0.3"
bench migration --quick --budget 60
is "$rc" 0 "--quick: exit code 0" || diag "$err"
diag "--quick took $elapsed s"
is "$(q '[.records[] | select(.metric | startswith("page-") | not) | .status] | unique | join(" ")')" ok \
	"--quick: nothing is left out, but what the simulator cannot move"
is "$(q '[.records[] | select(.phase and .gpu == null) | "\(.metric) \(.phase)"] | sort | join(", ")')" \
	"bandwidth after, bandwidth before, bandwidth returned, bandwidth settled, latency after, latency before, latency returned, latency settled" \
	"--quick: a rate and a latency in four phases"
is "$(q '[.records[] | select(.metric == "latency") | .cached_most] | unique | tostring')" '[0]' \
	"--quick: no load of the chase can have met its line in a cache"
is "$(q '[.records[] | select(.metric == "transient-time" and .median != null) | .resolution > 0] | all')" true \
	"--quick: of a transient it is told how short a one would not be seen"
is "$(feed true 'map("\(.memory) \(.phase)") | sort | unique | length')" 9 "--quick: a process that feeds a GPU, with three kinds of memory"
is "$(q '[.records[] | select(.to_node) | "\(.cpu_node) \(.to_node)"] | unique | join(", ")')" "0 1" "--quick: one pair of nodes"

# --- a process that is moved ---------------------------------------------------------
scenario four-gpus "$split | $plants | .gpus |= .[0:1]"
bench migration --only feed --quick --size 1MiB
is "$rc" 0 "moved: exit code 0" || diag "$err"
diag "took $elapsed s"
is "$(feed true length)" 9 "moved: three kinds of memory, three phases"
is "$(feed true 'map(.status) | unique | join(" ")')" ok "moved: all records are ok"
is "$(feed true 'all(.verified and .cpu_node == 0 and .mem_node == 0 and .to_node == 1 and .gpu == 0
	and (.samples | length) >= 6 and (.fresh | unique | length) >= 3)')" true \
	"moved: verified, from node 0 to node 1, six samples, buffers afresh three times"
while read -r memory phase h2d cpu page; do
	select=".metric == \"feed-rate\" and .memory == \"$memory\" and .phase == \"$phase\""
	figure "$select" "$(rate "$h2d")" "moved: $memory, $phase" 0.05
	is "$(q ".records[] | select($select) | .placement | [.ran_on[], (.resident | keys[])] | join(\" \")")" \
		"$cpu $page" "moved: $memory, $phase: threads on node $cpu, pages on node $page"
	near "$(q ".records[] | select($select) | .steps | .h2d + .d2h")" \
		"$(awk -v r="$(rate "$h2d")" 'BEGIN { print 1048576 / r }')" 0.02 \
		"moved: $memory, $phase: the seconds of both copies"
done <<'EOT'
pinned before 40e4 0 0
pinned settled 40e4 1 0
pinned followed 40e4 1 0
registered before 36e4 0 0
registered settled 36e4 1 0
registered followed 36e4 1 0
pageable before 30e4 0 0
pageable settled 20e4 1 0
pageable followed 10e4 1 1
EOT
is "$(feed '.phase == "followed"' 'map("\(.memory) \(.moved) \(.mover) \(has("remedy"))") | sort | join("; ")')" \
	"pageable 1 migrate-pages false; pinned 0 migrate-pages true; registered 0 migrate-pages true" \
	"moved: pageable buffers follow, pinned and registered ones stay behind, which is told"
is "$(feed '.phase == "followed"' 'all(.page_moves | .asked == 512 and .moved + .stayed == 512)')" true \
	"moved: and counted page by page"
is "$(feed true 'all(.steps | .passes >= 12 and ([.produce, .h2d, .d2h, .consume] | all(. > 0)))')" true \
	"moved: what each step took is told"

# Where nothing tells where the driver's own pages are, ours stand in.
scenario four-gpus "$split | $plants | .gpus |= .[0:1] | .pinned_unseen = true"
bench migration --only feed --quick --size 1MiB
is "$rc" 0 "pinned pages unseen: exit code 0" || diag "$err"
is "$(feed true 'map("\(.status) \(.memory) \(.stand_in)") | unique | join("; ")')" \
	"ok pageable null; ok pinned registered; ok registered null" "pinned pages unseen: registered ones stand in"
figure '.memory == "pinned" and .phase == "followed"' "$(rate 36e4)" \
	"pinned pages unseen: their rate, the pages stay behind" 0.05

# --- bindings, policies, all GPUs at once ----------------------------------------------
scenario four-gpus "$split | $plants | .gpus |= .[0:2] | .gpus[1] += { node_sysfs: 1, node_nvml: 1,
	node_cuda: 1 }"
bench migration --only feed --size 1MiB
is "$rc" 0 "bound: exit code 0" || diag "$err"
diag "took $elapsed s"
is "$(feed '.status != "ok"' 'map("\(.status): \(.reason)") | unique | join("; ")')" "" \
	"bound: all records are ok"
is "$(feed '.binding and .together == null' 'map("\(.binding) \(.competing)") | sort | join(", ")')" \
	"both false, both true, cpu false, cpu true, memory false, memory true, unbound false, unbound true" \
	"bound: four bindings, quiet and under load"
for competing in false true; do
	for binding in cpu memory both; do
		figure ".binding == \"$binding\" and .competing == $competing and .together == null" \
			"$(rate 40e4)" "bound: $binding, competing load: $competing" 0.05
	done
done
is "$(feed '.binding and .together == null' 'all(.runs | length >= 10)')" true \
	"bound: ten fresh processes each"
is "$(feed '.binding == "both" and .gpu' 'all(.[].runs[]; .node_moves == 0 and .local_share == 1)')" true \
	"bound: to both, no process left its node, and all its pages were there"
# Where an unbound one was when it allocated, there its pinned pages stay: each of both buffers.
is "$(feed '.binding == "unbound" and .gpu' 'all(.[].runs[]; .rate as $r
	| any((40e4, 16e4) as $out | (50e4, 20e4) as $back | 1 / (1 / $out + 1 / $back);
		($r / . - 1) | fabs < 0.05))')" true \
	"bound: an unbound process has the rate of the nodes where its buffers came to lie"
is "$(feed '.binding == "unbound" and .together == null' '[.[].runs[].rate] | [min < 10e4, max > 20e4] | all')" \
	true "bound: among unbound ones there are some whose pages are local, and some whose are remote"
is "$(feed '.binding == "unbound" and .gpu' 'all(.[].runs[]; .local_share >= 0 and .local_share <= 1
	and .moves >= .node_moves and .node_moves >= 0)')" true \
	"bound: how often it was moved, and what share of its pages was local"
for gpu in 0 1; do
	figure ".together == \"own-nodes\" and .binding == \"both\" and .gpu == $gpu" \
		"$(rate "$([ $gpu = 0 ] && echo 40e4 || echo 16e4)")" "at once: GPU $gpu, bound" 0.05
done
figure '.together == "own-nodes" and .binding == "both" and .gpus == [0, 1]' \
	"$(awk -v a="$(rate 40e4)" -v b="$(rate 16e4)" 'BEGIN { print a + b }')" "at once: the sum" 0.05
is "$(feed '.together and .gpu' 'map("\(.binding) \(.gpu) \(.cpu_node) \(.mem_node)") | sort | join(", ")')" \
	"both 0 0 0, both 1 1 1, unbound 0 0 0, unbound 1 1 1" "at once: a record for each GPU"
for policy in default bind preferred; do
	figure ".policy == \"$policy\"" "$(rate 40e4)" "policy: $policy" 0.05
done
# Half of the pages on each node: the mean of what each takes.
for policy in interleave weighted-interleave; do
	figure ".policy == \"$policy\"" "$(rate "$(awk 'BEGIN { print 2 / (1 / 40e4 + 1 / 16e4) }')")" \
		"policy: $policy" 0.05
	is "$(feed ".policy == \"$policy\"" 'map(.placement.resident) | tostring')" '[{"0":256,"1":256}]' \
		"policy: $policy: half of the pages on each node"
done

# --- what is not there -------------------------------------------------------------------
bench migration --only feed --size 1MiB --dry-run
is "$(feed '.binding or .policy' 'map(.status) | unique | join(" ")')" skipped "a dry run plans bindings and policies"
is "$(feed '.binding or .policy' length)" 19 "all of them"
scenario four-gpus '.gpus = []'
bench migration --only feed --size 1MiB --quick
like "$(q '[.records[] | select(.status == "skipped") | .reason] | join("; ")')" 'no NVIDIA GPU' \
	"without GPUs: skipped with the reason"
bench migration --only pages --dry-run
is "$(q '[.records[] | select((.reason // "") | test("no NVIDIA"))] | length')" 0 \
	"parts that need no GPU say nothing of there being none"

# --- faults --------------------------------------------------------------------------------
scenario four-gpus "$split | $plants | .gpus |= .[0:1]
	| .faults = [{ kind: \"flip\", direction: \"d2h\", after: 7, times: 1, offset: 70000, bit: 3 }]"
bench migration --only feed --quick --size 1MiB
is "$rc" 1 "a flipped bit: exit code 1"
is "$(feed '.status == "corrupt"' 'length >= 1')" true "a flipped bit: the record is corrupt"
like "$(feed '.status == "corrupt"' '.[0].reason')" 'GPU 0.*d2h.*offset 70000.*bits 0x08' \
	"a flipped bit: where it was"
scenario four-gpus "$split | $plants | .gpus |= .[0:1]
	| .faults = [{ kind: \"flip\", direction: \"h2d\", after: 0, times: 1, offset: 8, bit: 0 }]"
bench migration --only feed --quick --size 1MiB
like "$(feed '.status == "corrupt"' '.[0].reason')" 'GPU 0.*h2d.*offset 8.*bits 0x01' \
	"a bit flipped while the GPU warms up: told all the same"
scenario four-gpus "$split | $plants | .gpus |= .[0:1] | .faults = [{ kind: \"crash\", after: 5 }]"
bench migration --only feed --quick --size 1MiB
is "$rc" 3 "a driver that crashes: exit code 3"
like "$(statuses '.metric == "feed-rate"')" 'crashed.*GPU 0.*signal 6' "a driver that crashes: crashed, and where"
scenario four-gpus "$split | $plants | .gpus |= .[0:1] | .faults = [{ kind: \"out-of-memory\" }]"
bench migration --only feed --quick --size 1MiB
like "$(statuses '.metric == "feed-rate"')" 'failed.*GPU 0.*[mM]emory' "a GPU without memory: failed, and why"

# Whoever is killed takes its processes along.
mine() {
	pgrep -f "^$BUILD/sim/libexec/numabench/migration" | wc -l
}
is "$(mine)" 0 "no process is left behind"
scenario four-gpus "$split | $plants | .gpus |= .[0:1] | .realtime = true"
"$BUILD/sim/libexec/numabench/migration" --only feed --quiet --size 1MiB >"$TEST_TMP/killed" 2>&1 &
victim=$!
disown
for ((i = 0; i < 100 && $(mine) < 3; i++)); do
	sleep 0.1
done
ok "$(($(mine) < 3))" "there are processes to be killed"
kill -9 $victim
for ((i = 0; i < 30 && $(mine) > 0; i++)); do
	sleep 0.1
done
is "$(mine)" 0 "kill -9: they are gone with the one that started them"
done_testing
