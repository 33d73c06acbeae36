#!/usr/bin/env bash
# What is seen of GPUs while they are measured: clocks that somebody set down, processes that draw,
# link errors while buffers were open; and page-locked memory that cannot be seen.
. tests/sim/sim.sh

# GPU 1 was set to a lower applications clock, GPU 2 is locked below its clock; GPU 3 runs at its
# default, which is not its highest.
clocks='.gpus |= map(. + { health: { clock: 1980, clock_default: 1980, clock_most: 1980, clock_now: 1980 } })'
scenario four-gpus "$clocks | .gpus[1].health.clock = 1200
	| .gpus[2] |= (.health.clock_now = 1050 | .clock_reasons = 2)
	| .gpus[3] |= (.health |= (.clock = 1500 | .clock_default = 1500 | .clock_now = 1500) | .clock_reasons = 2)"
all --only gpu-latency
is "$rc" 3 "clocks set down: exit code 3" || diag "$err"
is "$(q .verdict.status)" unknown "clocks set down: nothing can be said of the machine"
is "$(statuses '.gpu == 1')" "unstable: GPU 1 is clocked down: its applications clock is set to 1200 MHz, the default is 1980 MHz" \
	"an applications clock below its default"
is "$(statuses '.gpu == 2')" "unstable: GPU 2 is clocked down: it was set to run at 1050 of 1980 MHz while it copied" \
	"a clock that was locked"
is "$(statuses '.gpu == 0 or .gpu == 3')" ok "a default below the highest clock is as it should be"
is "$(q '[.records[] | select(.gpu == 1 and .samples != null)] | length > 0')" true "clocks set down: the figures are kept"

# Who draws is named; an idle desktop is measured, with a warning.
draw() {
	scenario four-gpus ".gpus |= .[0:1] | .gpus[0] |= (.graphics = [$$] | $1)"
	all --only gpu-latency
}
draw '.memory_used = 3e8'
is "$rc" 0 "an idle desktop: exit code 0" || diag "$err"
is "$(statuses '.gpu == 0')" ok "an idle desktop: the GPU is measured"
like "$(q '.checks[] | select(.id == "gpu.idle") | "\(.status) \(.observed)"')" "^warn process $$ \(.*\) draws on it" \
	"an idle desktop: a warning that names who"
draw '.utilisation = 60'
is "$rc" 3 "a game: exit code 3"
like "$(statuses '.gpu == 0')" "^skipped: busy: graphics process $$ \(.*\) uses it; memory in use: 0.0 of 80 GiB, 60 % utilised" \
	"a game: busy, and by whom"
draw '.memory_used = 9e9'
like "$(statuses '.gpu == 0')" "^skipped: busy: graphics process $$" "memory in use by what draws: busy, and by whom"
unlike "$(statuses '.gpu == 0')" "no process is listed" "memory in use by what draws: and not as if a container hid it"

# The counter grows between the first buffers' opening and that of the next ones.
scenario four-gpus '.gpus |= .[0:1] | .gpus[0].replays = [100, 107]'
bench gpu-bandwidth --quick --size 1MiB
is "$(q '[.records[] | select(.link_errors and .direction != "bidirectional") | [.memory, .link_errors.replays]
	| map(tostring) | join(" ")] | unique | map(select(endswith(" 7"))) | length')" 1 \
	"link errors: told of the buffers that were open meanwhile"
is "$(q '[.records[] | select(.link_errors) | .link_errors.replays] | unique | tostring')" "[0,7]" \
	"link errors: once, over all openings, and of no others"

# The driver's pages cannot be seen: ours stand in, and every word of it says so.
scenario four-gpus '.gpus |= .[0:1] | .pinned_unseen = true
	| .plants = [{ memory: "pinned", bandwidth: 52e9 }, { memory: "registered", bandwidth: 48e9 }, { memory: "pageable", bandwidth: 9e9 }]'
all --only gpu-bandwidth
is "$rc" 0 "pinned pages unseen: exit code 0" || diag "$err"
figure '.memory == "pinned" and .together == null and .direction == "h2d"' 48e9 \
	"pinned pages unseen: the figure is that of registered memory"
is "$(q '[.records[] | select(.memory == "pinned" and .gpu != null and .direction != "bidirectional")
	| .stand_in == "registered" and .placement.proof == "move_pages" and (.reason | contains("cannot be proven"))] | all')" \
	true "pinned pages unseen: the records say so, with the proof of what stands in"
is "$(q '[.records[] | select(.memory == "pageable") | has("stand_in")] | any')" false "pinned pages unseen: and no others"
like "$(tr -s ' \n' ' ' <<<"$out")" "Pinned and mapped memory is our own here, page-locked in place \(registered\): where pages of cudaHostAlloc lie cannot be proven\." \
	"pinned pages unseen: so does the report"
bench gpu-latency --size 1MiB
is "$(q '.records[] | select(.metric == "load-latency") | "\(.status) \(.stand_in) \(.placement.proof)"')" "ok registered move_pages" \
	"pinned pages unseen: nor where a GPU loads from mapped ones"
done_testing
