#!/usr/bin/env bash
# numabench check: what NVML, CUDA and the GPUs' files of sysfs give to be found, through the doubles.
. tests/sim/sim.sh
# This machine may be a virtual one itself, where the rows on node and link only warn.
cat >"$TEST_TMP/raise.json" <<'END'
{ "rules": [ { "id": "pcie.link-*", "severity": "fail" }, { "id": "gpu.declared-node", "severity": "fail" },
             { "id": "vm.*", "severity": "silent" } ] }
END

# checks [OPTION..]: runs it; findings in $out
checks() {
	run check --json --rules "$TEST_TMP/raise.json" "$@"
}
# status ID GPU: of one finding, and what was observed
status() {
	jq -r --arg id "$1" --arg gpu "GPU $2 " '.checks[] | select(.id == $id and (.subject | startswith($gpu)))
		| "\(.status): \(.observed)"' <<<"$out"
}
fix() {
	jq -r --arg id "$1" '[.checks[] | select(.id == $id and (.status == "warn" or .status == "fail")) | .fix][0]' <<<"$out"
}

healthy='.gpus |= map(. + { ecc: true, persistence: true, mig: false, switch_links: 18, memory: 85899345920,
	health: { bar1: 137438953472, ecc_errors: 0, repair_pending: 0, repair_failed: 0, power_limit: 700,
		power_default: 700, clock: 1980, clock_default: 1980, clock_most: 1980 } })'
scenario four-gpus "$healthy"
checks
is "$rc" 0 "healthy GPUs: exit code 0"
is "$(jq -r '[.checks[] | select(.family == "gpu" and (.status == "warn" or .status == "fail"))] | length' <<<"$out")" 0 \
	"healthy GPUs: nothing is wrong with them"
for id in persistence ecc ecc-errors power-limit clocks bar1 mig nvlink idle equal declared-node present; do
	like "$(status "gpu.$id" 3)" '^pass: ' "healthy GPUs: gpu.$id passes"
done

# fault ID STATUS OBSERVED MEND FILTER: GPU 1 alone is changed, and GPU 0 has nothing of it
fault() {
	scenario four-gpus "$healthy | .gpus[1] |= ($5)"
	checks
	like "$(status "$1" 1)" "^$2: $3(;|\$)" "$1: $2: $3"
	like "$(fix "$1")" "$4" "$1: how to mend it"
	unlike "$(status "$1" 0)" '^(warn|fail)' "$1: the others are well"
	is "$rc" "$([ "$2" = fail ] && echo 1 || echo 0)" "$1: exit code"
}
fault gpu.persistence warn off nvidia-persistenced '.persistence = false'
fault gpu.ecc fail off 'nvidia-smi -i 1 -e 1' '.ecc = false'
fault gpu.ecc-errors fail '2 uncorrectable errors since the driver was loaded' 'gpu-reset -i 1' '.health.ecc_errors = 2'
fault gpu.ecc-errors fail 'bad memory could not be replaced by spare rows' 'replace the GPU' '.health.repair_failed = 1'
fault gpu.ecc-errors fail 'bad memory was found and stays in use until the GPU is reset' reset '.health.repair_pending = 1'
fault gpu.power-limit warn '350 W' 'nvidia-smi -i 1 -pl 700' '.health.power_limit = 350'
fault gpu.bar1 warn '0.25 GiB' 'Above 4G Decoding' '.health.bar1 = 268435456'
fault gpu.nvlink warn '12 of 18 links are up' fabricmanager '.health.links_down = 6'
fault gpu.idle warn 'process 424242 uses it' -- '.processes = [424242]'
fault gpu.equal warn 'VBIOS: 1.2.3' VBIOS '.vbios = "1.2.3"'
fault gpu.present fail 'CUDA cannot use it: neither NVML nor CUDA sees it, though it is bound to the nvidia driver: it may have fallen off the bus' \
	'dmesg' '.cuda = false | .nvml = false'
fault pcie.link-width fail 'its link runs at x8' 'reseat the GPU' '.link = { gen: 5, width: 8, max_width: 16 }'

scenario four-gpus "$healthy | .driver_version = 12080"
checks
is "$rc" 1 "a driver older than the runtime: exit code 1"
like "$(jq -r '.checks[] | select(.id == "gpu.driver") | "\(.status) \(.observed) \(.fix)"' <<<"$out")" \
	'^fail driver for CUDA 12.8, .* newer and reload' "a driver older than the runtime: and how to mend it"

scenario four-gpus "$healthy | .gpus |= map(del(.ecc) | del(.mig) | del(.persistence) | del(.health) | del(.switch_links))"
checks
is "$(for i in persistence ecc ecc-errors power-limit clocks bar1 mig nvlink; do status gpu.$i 0; done | grep -vc '^skip')" 0 \
	"what a part does not have is skipped"

# Only the caller's own GPUs are judged.
scenario four-gpus "$healthy | .gpus[1].persistence = false"
CUDA_VISIBLE_DEVICES=0,2 checks
is "$rc $(status gpu.persistence 1)" "0 " "a hidden GPU is not judged"
like "$(status gpu.present 1)" '^skip: hidden' "and said to be hidden"
unlike "$(jq -r '.checks[] | select(.status == "warn") | .id' <<<"$out")" '^gpu' "nor does it warn"

# A run's readings under load.
scenario four-gpus "$healthy | .gpus[2] |= (.link = { gen: 3, width: 16, max_gen: 5 } | .replays = [1, 9] | .clock_reasons = 72)
	| .gpus[3].link.idle_gen = 1"
run numabench --all --quick --size 4MiB --only gpu-bandwidth --gpus 2,3 --output "$TEST_TMP/run"
checks "$TEST_TMP/run/result.json"
is "$rc" 1 "readings under load: exit code"
is "$(status pcie.link-speed 2)" 'fail: under load its link ran at Gen3' "a link that stays at Gen3"
like "$(status pcie.link-speed 3)" '^pass: .*Gen5' "a link that wakes up"
is "$(status pcie.replays 2)" 'warn: 8 packets were sent again' "replays"
like "$(status gpu.clock-reasons 2)" '^fail: .*too hot' "clock event reasons"
like "$(status pcie.link-speed 0)" '^skip: .*no reading' "GPUs that were not measured"
run check --explain pcie.link-speed "$TEST_TMP/run/result.json"
like "$(tr -s ' \n' ' ' <<<"$out")" ' measured: The link of GPU 2 can carry [0-9.]+ GB/s as it runs' "what it costs here"

# numabench --all has it run before and after measuring.
result=$TEST_TMP/run/result.json
is "$(q '[.checks[] | select(.id == "pcie.link-speed" and (.subject | startswith("GPU 2"))) | .status] | first' | grep -cE '^(warn|fail)$')" 1 \
	"--all: what was read under load is judged"
is "$(q '[.records[] | select(.findings // [] | index("pcie.link-speed")) | .gpu // .gpus] | unique | tostring')" \
	"[2,[2,3]]" "--all: the records that a finding bears on name it, and no others"
like "$(tr -s ' \n' ' ' <"$TEST_TMP/run/report.txt")" 'pcie.link-speed: The GPU.s link runs at Gen3 under load, not Gen5 GPU 2 .* under load its link ran at Gen3 .* Affects: [0-9]+ cells of this run' \
	"--all: the report says so"
ok tests/validate results/schema.json <"$result" -- "--all: the result is as its schema says"
scenario four-gpus "$healthy | .gpus[1].health.ecc_errors = 2"
run numabench --all --quick --size 4MiB --only gpu-latency --gpus 1 --output "$TEST_TMP/ecc"
is "$rc" 1 "--all: a failed check fails the run"
like "$err" '^check: gpu.ecc-errors: GPU 1 ' "--all: and is told at once"
like "$(tr -s ' \n' ' ' <<<"$out")" 'FAIL.*: GPU 1 .*2 uncorrectable errors' "--all: and in the first line"
echo '{ "rules": [ { "id": "gpu.ecc-errors", "severity": "silent" } ] }' >"$TEST_TMP/rules.json"
run numabench --all --quick --size 4MiB --only gpu-latency --gpus 1 --output "$TEST_TMP/ecc2" --rules "$TEST_TMP/rules.json"
is "$rc" 0 "--all --rules: silenced"
run numabench --all --quick --size 4MiB --only gpu-latency --gpus 0 --output "$TEST_TMP/ecc4"
is "$rc" 0 "--all --gpus: the others are not judged"
echo '{ "rules": [ { "id": "gpu.ecc-errors" } ] }' >"$TEST_TMP/rules.json"
run numabench --all --quick --size 4MiB --only gpu-latency --gpus 0 --output "$TEST_TMP/ecc3" --rules "$TEST_TMP/rules.json"
is "$rc" 2 "--all --rules: what cannot be read is exit code 2"
like "$err" 'rules\[0\].severity' "--all --rules: and named"
done_testing
