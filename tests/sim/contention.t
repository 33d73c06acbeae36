#!/usr/bin/env bash
# What GPUs share shows when all of them run at once, and only then.
. tests/sim/sim.sh

# GPUs 0 and 1 hang on one root complex; GPU 2 is half as fast by itself; memory as a whole
# is another limit for pageable copies. GPU 3 is on its own.
scenario four-gpus '.plants = [
	{ memory: "pinned", direction: "h2d", bandwidth: 50e9 },
	{ memory: "pinned", direction: "d2h", bandwidth: 52e9 },
	{ memory: "pageable", direction: "h2d", bandwidth: 9e9 },
	{ memory: "pageable", direction: "d2h", bandwidth: 8e9 },
	{ gpu: 2, memory: "pinned", direction: "h2d", bandwidth: 25e9 },
	{ gpu: 2, memory: "pinned", direction: "d2h", bandwidth: 26e9 } ]
	| .shared = [
	{ name: "root complex, to the GPUs", gpus: [0, 1], memory: "pinned", direction: "h2d",
	  bandwidth: 60e9 },
	{ name: "root complex", gpus: [0, 1], memory: "pinned", bandwidth: 110e9 },
	{ name: "GPU 3", gpus: [3], memory: "pinned", bandwidth: 80e9 },
	{ name: "staging", memory: "pageable", bandwidth: 24e9 } ]'
all --budget 60 --only gpu-bandwidth
is "$rc" 0 "exit code 0" || diag "$err"
diag "took $elapsed s"

# at_once MEMORY DIRECTION WANTED..: of each GPU, when all run at once
at_once() {
	local memory=$1 direction=$2 gpu=0 sum=0 select
	select=".together == \"own-nodes\" and .memory == \"$memory\" and .direction == \"$direction\""
	for wanted in "${@:3}"; do
		figure "$select and .gpu == $gpu" "$wanted" "$memory $direction, all at once: GPU $gpu"
		sum=$(awk -v a="$sum" -v b="$wanted" 'BEGIN { print a + b }')
		gpu=$((gpu + 1))
	done
	figure "$select and .gpus == [0, 1, 2, 3]" "$sum" "$memory $direction, all at once: the sum"
}
# of_alone MEMORY DIRECTION WANTED
of_alone() {
	near "$(q ".records[] | select(.together == \"own-nodes\" and .memory == \"$1\"
		and .direction == \"$2\" and .gpus == [0, 1, 2, 3]) | .of_alone")" "$3" 0.03 \
		"$1 $2, all at once: its share of the single ones' sum"
}
for g in 0 1 2 3; do
	h2d=$([ $g = 2 ] && echo 25e9 || echo 50e9)
	d2h=$([ $g = 2 ] && echo 26e9 || echo 52e9)
	figure ".together == null and .gpu == $g and .memory == \"pinned\" and .direction == \"h2d\"" "$h2d" \
		"GPU $g alone: h2d"
	figure ".together == null and .gpu == $g and .memory == \"pinned\" and .direction == \"d2h\"" "$d2h" \
		"GPU $g alone: d2h"
done
at_once pinned h2d 30e9 30e9 25e9 50e9
at_once pinned d2h 52e9 52e9 26e9 52e9
of_alone pinned h2d "$(awk 'BEGIN { print 135 / 175 }')"
of_alone pinned d2h 1
# GPUs 0 and 1: 110 for four trains, of which those to the GPUs could have 30 each: 27.5.
at_once pinned bidirectional 55e9 55e9 51e9 80e9
# Both ways, one GPU by itself: 110 does not bind it, 80 binds GPU 3.
both='.together == "both-ways" and .memory == "pinned" and .direction == "bidirectional"'
figure "$both and .gpu == 0" 102e9 "GPU 0 both ways"
figure "$both and .gpu == 3" 80e9 "GPU 3 both ways"
figure '.together == "both-ways" and .memory == "pinned" and .gpu == 3 and .direction == "h2d"' 40e9 \
	"GPU 3 both ways: h2d"

# Pageable copies have a thread for each train: the same limit for all of them together.
bench gpu-bandwidth --size 4MiB
is "$rc" 0 "the bench alone: exit code 0" || diag "$err"
diag "took $elapsed s"
is "$(statuses)" ok "every record is ok"
for g in 0 1 2 3; do
	figure ".together == null and .gpu == $g and .memory == \"pageable\" and .direction == \"h2d\"" 9e9 \
		"GPU $g alone: pageable h2d"
	figure ".together == \"both-ways\" and .gpu == $g and .memory == \"pageable\"
		and .direction == \"bidirectional\"" 17e9 "GPU $g alone: pageable, both ways"
done
at_once pageable h2d 6e9 6e9 6e9 6e9
at_once pageable d2h 6e9 6e9 6e9 6e9
at_once pageable bidirectional 6e9 6e9 6e9 6e9
done_testing
