#!/usr/bin/env bash
# Every kind of host memory, both ways, and every size: what --thorough adds, on one GPU.
. tests/sim/sim.sh

# Every transfer takes `start` beside its bytes; pages of another kind have a rate of their own.
scenario four-gpus '.gpus |= .[0:1] | .plants = [
	{ memory: "pinned", direction: "h2d", bandwidth: 52e9, start: 1.5e-6 },
	{ memory: "pinned", direction: "d2h", bandwidth: 54e9, start: 1.2e-6 },
	{ memory: "pageable", direction: "h2d", bandwidth: 9e9, start: 20e-6 },
	{ memory: "pageable", direction: "d2h", bandwidth: 7.5e9, start: 25e-6 },
	{ memory: "pageable", pages: "thp", bandwidth: 12e9 },
	{ memory: "registered", pages: "4k", direction: "h2d", bandwidth: 50e9 },
	{ memory: "registered", pages: "4k", direction: "d2h", bandwidth: 51e9 },
	{ memory: "registered", pages: "thp", bandwidth: 44e9 },
	{ memory: "write-combined", direction: "h2d", bandwidth: 53e9 },
	{ memory: "write-combined", direction: "d2h", bandwidth: 41e9 },
	{ memory: "managed", direction: "h2d", bandwidth: 31e9, start: 10e-6 },
	{ memory: "managed", direction: "d2h", bandwidth: 22e9, start: 10e-6 },
	{ memory: "mapped", direction: "h2d", bandwidth: 38e9 },
	{ memory: "mapped", direction: "d2h", bandwidth: 46e9 } ]
	| .shared = [{ memory: "pinned", gpus: [0], bandwidth: 90e9 },
		     { memory: "pageable", gpus: [0], bandwidth: 10e9 }]'

# The bench in six rounds, so that a slow machine measures as much; what follows from its records,
# the fits, is found when they are part of a result.
all --only gpu-bandwidth
document=$result
bench gpu-bandwidth --thorough --size 4MiB
is "$rc" 0 "exit code 0" || diag "$err"
diag "took $elapsed s"
jq -s '.[0] + { records: .[1].records, recommendations: [] }' "$document" "$result" >"$TEST_TMP/whole"
run numabench report --format json "$TEST_TMP/whole"
is "$rc" 0 "the records make a result" || diag "$err"
result=$TEST_TMP/derived
printf '%s\n' "$out" >"$result"
# Huge pages are there or not; whatever else is skipped should not be.
is "$(statuses '.pages_asked != "hugetlb"')" ok "every record is ok, but for pages of hugetlbfs"
is "$(q '[.records[] | select(.direction != "bidirectional" and .status == "ok") | .verified]
	| all')" true "every record is verified"

# expected BANDWIDTH START BYTES: what a copy of so many bytes comes to.
expected() {
	awk -v b="$1" -v s="$2" -v n="$3" 'BEGIN { printf "%.6g", n / (s + n / b) }'
}
size=4194304
while read -r memory direction bandwidth start pages; do
	[ "$pages" != null ] && [ "$memory-$pages" != registered-4k ] || pages=
	asked=${pages:+.pages_asked == \"$pages\"}
	for d in h2d d2h; do
		[ "$direction" = "$d" ] || [ "$direction" = null ] || continue
		[ "$memory-$pages" != pageable-thp ] || start=$([ "$d" = h2d ] && echo 20e-6 || echo 25e-6)
		figure ".together == null and .bytes == $size and .memory == \"$memory\"
			and .direction == \"$d\" and ${asked:-.pages_asked == null}" \
			"$(expected "$bandwidth" "$start" $size)" "$memory${pages:+ in pages of $pages} $d"
	done
done < <(jq -r '.plants[] | [.memory, .direction, .bandwidth, .start // 0, .pages] | map(tostring)
	| join(" ")' "$NUMABENCH_SIM")

# Both ways at once the directions share what there is for both.
for row in "pinned 45e9 1.5e-6 1.2e-6" "pageable 5e9 20e-6 25e-6"; do
	read -r memory each start_h2d start_d2h <<<"$row"
	h2d=$(expected "$each" "$start_h2d" $size)
	d2h=$(expected "$each" "$start_d2h" $size)
	both=".together == \"both-ways\" and .memory == \"$memory\""
	figure "$both and .direction == \"h2d\"" "$h2d" "$memory, both ways: h2d"
	figure "$both and .direction == \"d2h\"" "$d2h" "$memory, both ways: d2h"
	figure "$both and .direction == \"bidirectional\"" \
		"$(awk -v a="$h2d" -v b="$d2h" 'BEGIN { print a + b }')" "$memory, both ways: the sum"
done

# The sweep: start-up time and rate come back from its fit.
for row in "pinned h2d 52e9 1.5e-6" "pinned d2h 54e9 1.2e-6" "pageable h2d 9e9 20e-6" \
	"pageable d2h 7.5e9 25e-6"; do
	read -r memory d bandwidth start <<<"$row"
	cell=".together == null and .pages_asked == null and .memory == \"$memory\" and .direction == \"$d\""
	for bytes in 256 4096 65536 1048576 $size; do
		figure "$cell and .bytes == $bytes" "$(expected "$bandwidth" "$start" "$bytes")" \
			"$memory $d of $bytes bytes"
	done
	for fit in "start $start" "rate $bandwidth" \
		"half $(awk -v s="$start" -v b="$bandwidth" 'BEGIN { print s * b }')"; do
		near "$(q ".records[] | select($cell and .fit_${fit% *} != null) | .fit_${fit% *}")" \
			"${fit#* }" 0.03 "$memory $d: the fit's ${fit% *}"
	done
done
done_testing
