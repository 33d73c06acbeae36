#!/usr/bin/env bash
# Gates: by a host function where the driver has no stream-wait, and released late.
. tests/sim/sim.sh

# measure NAME: two GPUs with a limit of both, launches that would show, by whatever gate there is
measure() {
	scenario four-gpus ".gpus |= .[0:2] | .launch_s = 4e-6 | $2
		| .plants = [{ gpu: 0, bandwidth: 40e9, start: 2e-6 }, { gpu: 1, bandwidth: 30e9, start: 3e-6 }]
		| .shared = [{ gpus: [0, 1], memory: \"pinned\", bandwidth: 56e9 }]"
	bench gpu-bandwidth --quick --size 1MiB
}
# figures NAME [SELECT]: what a gate must not change
figures() {
	near "$(q '.records[] | select(.together == null and .gpu == 0 and .memory == "pinned" and
		.direction == "h2d") | .median')" "$(awk 'BEGIN { print 2^20 / (2e-6 + 2^20 / 40e9) }')" \
		0.03 "$1: one GPU"
	near "$(q '.records[] | select(.together == "own-nodes" and .gpu == 0 and .direction == "h2d")
		| .median')" "$(awk 'BEGIN { print 2^20 / (2e-6 + 2^20 / 28e9) }')" 0.03 \
		"$1: two GPUs that share a limit"
}

measure stream-wait .
is "$rc" 0 "stream-wait: exit code 0" || diag "$err"
is "$(statuses)" ok "stream-wait: every record is ok"
figures stream-wait

measure host-function '.no_stream_wait = true'
is "$rc" 0 "host function: exit code 0" || diag "$err"
is "$(statuses)" ok "host function: every record is ok"
figures "host function"

# A few gates are seen late by one GPU: those samples are void, and what is kept is as good as ever.
measure late '.faults = [{ kind: "late-gate", gpu: 1, seconds: 2e-3, after: 40, times: 40 }]'
is "$rc" 0 "late a few times: exit code 0" || diag "$err"
figures "late a few times"
is "$(q '[.records[] | select(.together == "own-nodes" and .gpu == 0 and .direction == "h2d")
	| .samples[] | select(. < 26e9 or . > 29e9)] | length')" 0 \
	"late a few times: no sample that was begun late is kept"

# Always late: what needs streams to begin together cannot be had, and says so.
measure always '.faults = [{ kind: "late-gate", gpu: 1, seconds: 2e-3, after: 8 }]'
is "$rc" 3 "always late: exit code 3" || diag "$err"
like "$(statuses '.together == "own-nodes"')" "GPU 1 began [0-9]+ us after" \
	"always late: GPUs at once are not judged, and the reason names the GPU"
unlike "$(statuses '.together == "own-nodes"')" "^ok|; ok" "always late: none of them is ok"
is "$(statuses '.together == null')" ok "always late: one GPU at a time is as good as ever"

# A GPU that stays at an open gate once: the sample is void, and the next one good.
scenario four-gpus '.gpus |= .[0:1] | .plants = [{ bandwidth: 30e9 }]
	| .faults = [{ kind: "stuck-gate", gpu: 0, after: 30, times: 1 }]'
bench gpu-bandwidth --quick --size 1MiB --budget 5
is "$rc" 0 "stuck once: exit code 0" || diag "$err"
is "$(statuses)" ok "stuck once: every record is ok"
is "$(q '[.records[] | select(.samples) | .samples | length] | unique | tostring')" "[6]" \
	"stuck once: in all rounds"
figure '.memory == "pinned" and .together == null and .direction == "d2h"' 30e9 "stuck once: its figure"
done_testing
