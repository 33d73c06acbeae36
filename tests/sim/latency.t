#!/usr/bin/env bash
# The four latencies of gpu-latency, each planted apart from the others.
. tests/sim/sim.sh

scenario four-gpus '.gpus |= .[0:1] | .plants = [
	{ memory: "pinned", direction: "h2d", bandwidth: 50e9, start: 2.5e-6, latency: 21e-6 },
	{ memory: "pinned", direction: "d2h", bandwidth: 40e9, start: 3.5e-6, latency: 26e-6 },
	{ memory: "pageable", direction: "h2d", bandwidth: 10e9, latency: 33e-6 },
	{ memory: "pageable", direction: "d2h", bandwidth: 8e9, latency: 38e-6 },
	{ memory: "mapped", load: 750e-9, load_tail: 6, load_tail_every: 50 },
	{ launch: 17e-6 } ]'
bench gpu-latency --thorough
is "$rc" 0 "exit code 0" || diag "$err"
diag "took $elapsed s"
is "$(statuses)" ok "every record is ok"

# latency METRIC MEMORY DIRECTION BYTES WANTED
latency() {
	figure ".metric == \"$1\" and .memory == \"$2\" and .direction == \"$3\" and .bytes == $4" \
		"$5" "$1, $2 $3 of $4 bytes"
}
# sum TERM..: of seconds, and bytes/rate
sum() {
	awk "BEGIN { printf \"%.6g\", $(IFS=+ && echo "$*") }"
}
for bytes in 8 64 512 4096 65536; do
	latency host-latency pinned h2d $bytes "$(sum 2.5e-6 21e-6 $bytes/50e9)"
	latency host-latency pinned d2h $bytes "$(sum 3.5e-6 26e-6 $bytes/40e9)"
done
for bytes in 8 65536; do
	latency host-latency pageable h2d $bytes "$(sum 33e-6 $bytes/10e9)"
	latency host-latency pageable d2h $bytes "$(sum 38e-6 $bytes/8e9)"
	latency device-latency pinned h2d $bytes "$(sum 2.5e-6 $bytes/50e9)"
	latency device-latency pinned d2h $bytes "$(sum 3.5e-6 $bytes/40e9)"
done
figure '.metric == "launch-latency"' 17e-6 "launch-latency"
figure '.metric == "load-latency"' 750e-9 "load-latency"

# One load in fifty takes six times as long: above p90, and in p99.
load='.records[] | select(.metric == "load-latency") | .quantiles'
near "$(q "$load.p90")" 750e-9 0.03 "load-latency: p90"
near "$(q "$load.p99")" 4500e-9 0.03 "load-latency: p99 is the tail"
is "$(q '[.records[] | .quantiles | select(.p50 <= .p90 and .p90 <= .p99 and .p99 <= .max and
	.operations >= 1000)] | length')" "$(q '.records | length')" \
	"every record has quantiles of a thousand operations or more"
done_testing
