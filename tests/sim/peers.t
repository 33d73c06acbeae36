#!/usr/bin/env bash
# Every pair of GPUs, with and without peer access, one way and both ways.
. tests/sim/sim.sh

# Figures of its own for each ordered pair; without access half as fast, and slower to begin.
scenario four-gpus '.gpus |= [.[0:3][] | .switch_links = 18 | .l2_bytes = 1048576]
	| .plants = [ range(3) as $g | range(3) as $p | select($g != $p) | true, false
	| . as $on | { gpu: $g, peer: $p, peer_access: $on,
	    bandwidth: ((100e9 + 20e9 * $g + 7e9 * $p) / (if $on then 1 else 2 end)),
	    start: ((2e-6 + 0.3e-6 * $g + 0.1e-6 * $p) * (if $on then 1 else 3 end)),
	    latency: (20e-6 + 3e-6 * $g + 1e-6 * $p + (if $on then 0 else 15e-6 end)),
	    load: (600e-9 + 60e-9 * $g + 20e-9 * $p) } ]
	| .shared = [{ gpus: [0], memory: "peer", peer_access: true, bandwidth: 150e9 }]'
bench gpu-peer --size 4MiB
is "$rc" 0 "exit code 0" || diag "$err"
diag "took $elapsed s"
is "$(statuses)" ok "every record is ok"
is "$(q '[.records[] | .path] | unique | join(" ")')" NV18 "the declared path is NVLink"
while read -r g p access bandwidth start latency load; do
	pair=".together == null and .gpu == $g and .peer == $p and .peer_access == $access"
	name="GPU $g to GPU $p, access $access"
	# Without access the host's clock times each copy and the wait for it.
	[ "$access" = true ] && wait=0 || wait=$latency
	figure "$pair and .metric == \"bandwidth\" and .direction == \"d2h\"" \
		"$(awk "BEGIN { print 2^22 / ($start + $wait + 2^22 / $bandwidth) }")" "$name: bandwidth"
	[ "$access" = false ] || figure "$pair and .metric == \"device-latency\"" "$start" \
		"$name: device-latency"
	figure "$pair and .metric == \"host-latency\"" "$(awk "BEGIN { print $start + $latency }")" \
		"$name: host-latency"
	# By its own threads a GPU reaches a peer's memory only with access.
	[ "$access" = false ] || figure "$pair and .metric == \"load-latency\"" "$load" \
		"$name: load-latency"
done < <(jq -r '.plants[] | [.gpu, .peer, .peer_access, .bandwidth, .start, .latency, .load]
	| map(tostring) | join(" ")' "$NUMABENCH_SIM")
# Both ways: GPU 0 has 150e9 for both of them, GPUs 1 and 2 what each has one way.
both='.together == "both-ways" and .direction == "bidirectional" and .peer_access == true'
figure "$both and .gpu == 0 and .peer == 1" "$(awk 'BEGIN { print 2 * 2^22 / (2.1e-6 + 2^22 / 75e9) }')" \
	"GPUs 0 and 1 both ways: what GPU 0 has for both"
figure "$both and .gpu == 1 and .peer == 2" "$(awk 'BEGIN {
	print 2^22 / (2.5e-6 + 2^22 / 134e9) + 2^22 / (2.7e-6 + 2^22 / 147e9) }')" \
	"GPUs 1 and 2 both ways: the sum of each"

# Two that cannot reach each other: copies go through the host, and the rest says why it is not there.
scenario four-gpus '.gpus |= [.[0:2][] | .peers = [] | .l2_bytes = 1048576] | .plants = [{ bandwidth: 12e9 }]'
bench gpu-peer --size 4MiB
is "$rc" 0 "no peer access: exit code 0" || diag "$err"
figure '.together == null and .gpu == 0 and .metric == "bandwidth" and .peer_access == false' 12e9 \
	"no peer access: copies through the host"
like "$(statuses '.peer_access == true')" "^skipped: .*peer" "no peer access: what needs it is skipped, and says so"

scenario four-gpus '.gpus |= .[0:1]'
bench gpu-peer
is "$rc" 3 "one GPU, hence no pair: exit code 3" || diag "$err"
is "$(q '[.records[] | .status] | unique | join(" ")')" skipped "one GPU: skipped"
done_testing
