#!/usr/bin/env bash
# Machines with one thing wrong: it fails with its id and exit code, and in a sentence that names the culprit; nothing
# else fails. Eight GPUs over PCIe Gen5 x16, on metal.
. tests/sim/sim.sh

healthy='.bare_metal = true | .noise = 0.003
	| .gpus = [range(8) as $i | .gpus[0] + { pci: "0000:\($i + 20):00.0", uuid: "GPU-0000000\($i)-aaaa-4bbb-8ccc-00000000000\($i)",
		persistence: 1, link: { gen: 5, width: 16, idle_gen: 1, mps: 256 } }]
	| .plants = [{ bandwidth: 55e9 }, { memory: "pageable", bandwidth: 9e9 }]'
gpus() {
	echo "$healthy | .gpus |= .[:$1]"
}
# measure [OPTION..]: large copies alone; what this machine's own settings give to be found is none of it.
echo '{ "rules": [ { "id": "*", "subject": "*", "severity": "pass" },
	{ "id": "pcie.link-*", "severity": "fail" }, { "id": "gpu.present", "severity": "fail" } ] }' >"$TEST_TMP/rules.json"
measure() {
	all --size 16MiB --only gpu-bandwidth --rules "$TEST_TMP/rules.json" "$@"
}
# failing: ids and subjects of what fails
failing() {
	q '[.checks[] | select(.status == "fail") | "\(.id) \(.subject | split(" (")[0])"] | unique | join(", ")'
}
# fails WANTED SENTENCE NAME: exit code 1, these ids alone, and the verdict's words
fails() {
	is "$rc" 1 "$3: exit code 1"
	is "$(failing)" "$1" "$3: what fails, and nothing else"
	like "$(q '.verdict.reasons | join("\n")')" "$2" "$3: a sentence names it"
	is "$(q .verdict.status)" fail "$3: the verdict"
}

# All of a kind and as they should be: and what is expected of their like.
scenario four-gpus "$(gpus 3)"
measure
is "$rc" 0 "three equal GPUs: exit code 0"
is "$(failing)" "" "three equal GPUs: nothing fails"
is "$(q '[.checks[] | select(.family == "physics" and .status == "pass") | .subject] | join(" ")')" "GPU 0 GPU 1 GPU 2" \
	"three equal GPUs: their links are judged"
is "$(q '[.checks[] | select(.family == "peers") | "\(.id) \(.status)"] | join(" ")')" "peers.gpu pass" \
	"three equal GPUs: and so are they by each other"
ok tests/validate results/schema.json <"$result" -- "three equal GPUs: the result is as its schema says"
run expect --output "$TEST_TMP/good.json" "$result"
is "$rc" 0 "expect: writes a file"
ok tests/validate results/expect-schema.json <"$TEST_TMP/good.json" -- "expect: as its schema says"
is "$(jq -r '.gpus[0].link + " " + (.machine.gpus | tostring)' "$TEST_TMP/good.json")" "Gen5 x16 3" "expect: links and counts are in it"
run report --expect "$TEST_TMP/good.json" "$result"
is "$rc" 0 "expect: the machine itself is as expected"

# One GPU of eight 7 % slow; and one 2 %, which is within what equal ones differ by.
scenario four-gpus "$healthy | .plants += [{ gpu: 5, memory: \"pinned\", bandwidth: 51.15e9 }, { gpu: 2, memory: \"pinned\", bandwidth: 53.9e9 }]"
measure
fails "peers.gpu GPU 5" "^GPU 5, pinned .*: [0-9.]+ GB/s, [67]\.[0-9] % worse than the median of its equals" "one of eight 7 % slow"

# Half the width of a link, and Gen3 in place of Gen5.
scenario four-gpus "$(gpus 3) | .gpus[1].link += { width: 8, max_width: 16 } | .gpus[2].link += { gen: 3, max_gen: 5 }
	| .plants += [{ gpu: 1, memory: \"pinned\", bandwidth: 27e9 }, { gpu: 2, memory: \"pinned\", bandwidth: 14e9 }]"
measure
fails "pcie.link-speed GPU 2, pcie.link-width GPU 1, physics.pcie-share GPU 1, physics.pcie-share GPU 2" \
	"^GPU 1 copies pinned .* 46 % of the 58.4 GB/s that its link of PCIe Gen5 x16 could carry, but it ran as Gen5 x8" "half link width"
like "$(q '.verdict.reasons | join("\n")')" "^GPU 2 copies pinned .*Gen5 x16 could carry, but it ran as Gen3 x16" "Gen3 in place of Gen5: a sentence names it"
run report --format json --expect "$TEST_TMP/good.json" "$result"
is "$rc" 1 "slow links, expected: exit code 1"
is "$(jq -r '[.checks[] | select(.id == "expect.gpu-link" and .status == "fail") | .subject] | join(" ")' <<<"$out")" "GPU 1 GPU 2" \
	"slow links, expected: they alone fall short"
like "$(jq -r '.checks[] | select(.id == "expect.gpu-link" and .status == "fail") | .observed' <<<"$out")" \
	"^GPU 1: its link ran as Gen5 x8 under load .* Gen5 x16 is expected" "slow links, expected: what they ran as"
cp "$result" "$TEST_TMP/links.json"
# Made so, and no fault: a rule takes it out, whoever judges, and the others stay.
is "$(q '.run.options.rules | length')" 3 "slow links: the rules that were asked for stand in the result"
jq '.run.options.rules += [{ id: "physics.*", subject: "GPU 1", severity: "silent" }, { id: "expect.gpu-link", severity: "pass" }]' \
	"$result" >"$TEST_TMP/ruled.json"
run report --format json --expect "$TEST_TMP/good.json" "$TEST_TMP/ruled.json"
is "$(jq -r '[.checks[] | select(.status == "fail" and (.family == "physics" or .id == "expect.gpu-link")) | "\(.id) \(.subject)"] | join(", ")' <<<"$out")" \
	"physics.pcie-share GPU 2" "slow links, one of them by design: --rules"

scenario four-gpus "$(gpus 2) | .faults = [{ gpu: 1, kind: \"flip\", direction: \"h2d\", after: 40, offset: 12345, bit: 3 }]"
measure
fails "run.corrupt GPU 1" "GPU 1.* offset 12345" "a corrupted byte"

scenario four-gpus "$(gpus 2)"
measure --expect "$TEST_TMP/good.json" --nagios
is "$rc $(lines "$out")" "2 1" "a missing GPU: FAIL is 2 for Nagios, in one line"
like "$out" "^NUMABENCH CRITICAL - SIMULATED\. FAIL.*, 2 of 2 GPUs measured.*: the machine has 2 usable GPUs" "a missing GPU: which says so"
run report --expect "$TEST_TMP/good.json" "$result"
is "$rc" 1 "a missing GPU: exit code 1"
# What all GPUs come to together is less as well.
is "$(q '[.checks[] | select(.status == "fail" and .subject != "machine") | .id] | unique | join(" ")')" expect.gpus "a missing GPU: its id"
like "$(q '.verdict.reasons[0]')" "^the machine has 2 usable GPUs, 3 are expected; there are 0000:20:00.0, 0000:21:00.0" \
	"a missing GPU: those that are there are named"
ok tests/validate results/schema.json <"$result" -- "a missing GPU: the result is as its schema says"

scenario four-gpus "$(gpus 3) | .gpus[1] |= (.cuda = false | .nvml = false)"
measure
fails "gpu.present GPU 1" "^GPU 1 \(0000:21:00.0\): CUDA cannot use it" "a GPU that the driver lost"
run report --expect "$TEST_TMP/good.json" "$result"
is "$rc" 1 "a GPU that the driver lost, expected: exit code 1"
like "$(tr -s ' \n' ' ' <<<"$out")" "the machine has 2 usable GPUs, 3 are expected; GPU 1 \(0000:21:00.0\) is lost" \
	"a GPU that the driver lost, expected: it is named"

# Nagios's own codes and line.
run report --nagios "$TEST_TMP/links.json"
is "$rc $(lines "$out")" "2 1" "--nagios: FAIL is 2, in one line"
like "$out" "^NUMABENCH CRITICAL - SIMULATED\. FAIL.*, 3 of 3 GPUs measured.*: GPU 1 .* \| 'gpus_measured'=3 'failures'=4;;0 .*'physics.pcie-share_GPU_1'=2[67][0-9]{9};;43836789298:" \
	"--nagios: the line and its data"
measure --nagios --expect /nowhere
is "$rc" 3 "--all --nagios: an error is 3"
like "$out" "^NUMABENCH UNKNOWN - .*/nowhere" "--all --nagios: and told in the line"
done_testing
