#!/usr/bin/env bash
# numabench check: what a user types and what comes back.
#     tests/cli/check.t --renew     writes the table of results/checks.md anew
. tests/lib.sh
need jq
if [ "${1:-}" = --renew ]; then
	sed '/^| check |/,$d' results/checks.md >"$TEST_TMP/new" &&
		"$BUILD/libexec/numabench/check" --list --markdown >>"$TEST_TMP/new" && cp "$TEST_TMP/new" results/checks.md
	skip_all "results/checks.md is renewed"
fi

# A server with faults of every kind in its files: GPU 1 at half its width, balancing on, interrupts on
# the wrong node, a limit of 64 KiB on locked memory, and a cpuset that misses the GPU's node.
faulty=$TEST_TMP/faulty
put() {
	mkdir -p "$faulty/${1%/*}"
	printf '%s\n' "$2" >"$faulty/$1"
}
for i in 0 1 2 3; do
	put sys/devices/system/cpu/cpu$i/topology/physical_package_id $((i / 2))
	put sys/devices/system/cpu/cpu$i/topology/core_id $((i % 2))
	put sys/devices/system/cpu/cpu$i/topology/core_cpus "$(printf %x $((1 << i)))"
	put sys/devices/system/cpu/cpu$i/topology/package_cpus "$(printf %x $((3 << i / 2 * 2)))"
done
put sys/devices/system/cpu/online 0-3
put sys/devices/system/cpu/possible 0-3
put sys/devices/system/node/online 0-1
for n in 0 1; do
	put sys/devices/system/node/node$n/cpulist $((n * 2))-$((n * 2 + 1))
	put sys/devices/system/node/node$n/cpumap "$(printf %08x $((3 << n * 2)))"
	put sys/devices/system/node/node$n/meminfo "Node $n MemTotal: 67108864 kB
Node $n MemFree: 60000000 kB"
	put sys/devices/system/node/node$n/distance "$((n ? 21 : 10)) $((n ? 10 : 21))"
done
# gpu BUS NODE WIDTH IRQ
gpu() {
	local d=sys/devices/pci0000:$1/0000:$1:01.0 g=0000:$1:00.0 f
	for f in "$d" "$d/$g"; do
		put "$f/current_link_speed" '2.5 GT/s PCIe'
		put "$f/max_link_speed" '32.0 GT/s PCIe'
		put "$f/current_link_width" "$3"
		put "$f/max_link_width" 16
	done
	put "$d/$g/vendor" 0x10de
	put "$d/$g/class" 0x030200
	put "$d/$g/numa_node" "$2"
	put "$d/$g/msi_irqs/$4" msi
	mkdir -p "$faulty/sys/bus/pci/devices" "$faulty/sys/class/drm"
	ln -s "../../../devices/pci0000:$1/0000:$1:01.0" "$faulty/sys/bus/pci/devices/0000:$1:01.0"
	ln -s "../../../devices/pci0000:$1/0000:$1:01.0/$g" "$faulty/sys/bus/pci/devices/$g"
	ln -s "../../devices/pci0000:$1/0000:$1:01.0/$g/drm/renderD$((129 - $2))" "$faulty/sys/class/drm/renderD$((129 - $2))"
}
gpu 17 0 16 40
gpu b1 1 8 41
put proc/irq/40/effective_affinity_list 3
put proc/irq/41/effective_affinity_list 2
put proc/sys/kernel/numa_balancing 1
put proc/self/limits 'Max locked memory         65536    65536    bytes
Max open files            65536    65536    files'
put proc/self/status 'Cpus_allowed_list:	0-1
Mems_allowed_list:	0-1
CapEff:	0000000000000000'

run check --machine "$faulty"
is "$rc" 1 "a faulty server: exit code 1"
is "$(awk 'length > 80' <<<"$out")" "" "text fits 80 columns"
like "$(head -n 1 <<<"$out")" '^FAIL: 2 failures, 3 warnings; [0-9]+ passed, [0-9]+ skipped$' "the first line counts"
is "$(grep -oE '^(FAIL|warn)' <<<"$out" | uniq | tr '\n' ' ')" "FAIL warn " "worst first"
flat=$(tr -s ' \n' ' ' <<<"$out")
# cause, and the command that mends it
while IFS='|' read -r what cause mend; do
	like "$flat" "$cause" "$what: the cause is told"
	like "$flat" "$mend" "$what: and what mends it"
done <<'END'
half link width|GPU 1 \(0000:b1:00.0\): its link runs at x8 Expected: x16|To mend: reseat the GPU
cpuset|GPU 1 \(0000:b1:00.0\): its node is 1, of which this process may use no CPU \(CPUs allowed: 0-1\)|--cpuset-cpus=2-3 --cpuset-mems=1
balancing|numa_balancing: 1, on|sudo sysctl -w kernel.numa_balancing=0
interrupts|GPU 0 \(0000:17:00.0\): 1 of 1 interrupts are served elsewhere: irq 40; CPU 3|echo 0-1 . sudo tee /proc/irq/\$i/smp_affinity_list
memlock|this process: 64 KiB|ulimit -l unlimited
END
like "$flat" 'Read: /proc/sys/kernel/numa_balancing; rests on: kernel Documentation/' "where it was read, and who says so"
unlike "$out" 'CUDA runs on it' "what passed is folded"
run check --machine "$faulty" --verbose
like "$(tr -s ' \n' ' ' <<<"$out")" 'pcie.link-width GPU 0 \(0000:17:00.0\) its link runs at x16' "--verbose lists what passed"

run check --machine "$faulty" --json
is "$rc" 1 "--json: the same exit code"
is "$(jq -r '[.checks[] | select(.status == "fail") | .id] | join(" ")' <<<"$out")" "pcie.link-width container.gpu-node" \
	"--json: the failures"
is "$(jq -r '[.checks[] | select([.id, .family, .status, .subject, .observed, .expected, .source, .authority]
	| any(. == null or . == ""))] | length' <<<"$out")" 0 "--json: every finding says everything"
is "$(jq -r '[.checks[] | select((.status == "warn" or .status == "fail") and (.fix // "") == "")] | length' <<<"$out")" 0 \
	"--json: whatever is wrong says what mends it"
ids=$(jq -r '.checks[].id' <<<"$out" | uniq)
run check --list
is "$(grep -oE '^[a-z]+\.[a-z0-9-]+' <<<"$out")" "$ids" "--list names every check, and each tells something"

# --strict and --rules
run check --machine "$faulty" --rules <(echo '{ "rules": [ { "id": "*", "severity": "warn", "why": "x" } ] }')
is "$rc" 0 "--rules: lowered, exit code 0"
run check --machine "$faulty" --strict --rules <(echo '{ "rules": [ { "id": "*", "severity": "warn" } ] }')
is "$rc" 1 "--strict: warnings fail"
like "$(head -n 1 <<<"$out")" '^FAIL: 5 warnings' "--strict: and the first line says so"
run check --machine "$faulty" --strict --rules <(echo '{ "rules": [ { "id": "*", "severity": "silent" } ] }')
is "$rc" 0 "--rules: silenced"
like "$out" '^PASS: nothing is wrong; .* 5 silenced by rules$' "--rules: and counted"
cat >"$TEST_TMP/rules.json" <<'END'
{ "rules": [
    { "id": "*", "severity": "silent" },
    { "id": "pcie.link-*", "subject": "GPU 1*", "severity": "pass" },
    { "id": "memory.memlock", "severity": "fail" } ] }
END
run check --machine "$faulty" --json --rules "$TEST_TMP/rules.json"
is "$(jq -r '[.checks[] | select(.status == "fail") | .id] | join(" ")' <<<"$out")" memory.memlock "--rules: raised; the last that matches counts"
is "$(jq -r '.checks[] | select(.id == "pcie.link-width" and (.subject | startswith("GPU 1"))) | .status' <<<"$out")" pass \
	"--rules: by id and subject"
# rule LINE-AND-KEY-REGEX TEXT
rule() {
	printf '%s\n' "$2" >"$TEST_TMP/bad.json"
	run check --machine "$faulty" --rules "$TEST_TMP/bad.json"
	is "$rc" 2 "a bad rule: exit code 2: $1"
	like "$err" "$1" "a bad rule: $1"
}
rule 'line 2: rules\[0\]\.severity: one of fail' '{ "rules": [
{ "id": "gpu.ecc", "severity": "loud" } ] }'
rule 'line 4: rules\[1\]\.id: no check has such an id' '{ "rules": [
{ "id": "gpu.ecc", "severity": "warn" },

{ "id": "gpu.eec", "severity": "warn" } ] }'
rule 'rules\[0\]\.idd: no such key; there are id' '{ "rules": [ { "idd": "gpu.ecc" } ] }'
rule 'rules\[0\]\.subject: a text is needed' '{ "rules": [ { "id": "gpu.ecc", "subject": 3, "severity": "warn" } ] }'
rule 'line 2, column' '{ "rules": [
}'
rule 'rules: a list is needed' '{ "rules": 3 }'
rule 'ruls: no such key' '{ "rules": [], "ruls": 1 }'
run check --machine "$faulty" --rules "$TEST_TMP/none"
is "$rc" 2 "no such rules file: exit code 2"
like "$err" "No such file" "no such rules file: said"

# --explain
for id in $ids; do
	run check --explain "$id"
	[ "$rc" -eq 0 ] && [ "$(grep -cE '^(Right is|Why|By hand|To mend|If left|Read from|Rests on|Severity):' <<<"$out")" -eq 8 ] &&
		[ -z "$(awk 'length > 80' <<<"$out")" ] || bad="${bad:-} $id"
done
is "${bad:-}" "" "--explain tells all of every check, within 80 columns"
run check --explain gpu.nothing
is "$rc" 2 "--explain of no check: exit code 2"

# render nodes
run check --machine "$faulty" --render-nodes
like "$out" '^/dev/dri/renderD128 +0000:b1:00.0 +1 +- +GPU 1$' "--render-nodes: minor order proves nothing"
run check --machine "$faulty" --render-nodes --json
is "$(jq -c '.render_nodes[1] | [.render_node, .pci, .gpu, .node]' <<<"$out")" '["renderD129","0000:17:00.0",0,0]' "--render-nodes --json"

# A result of another machine is judged as it is, without this machine's files.
cat >"$TEST_TMP/other.json" <<'END'
{ "schema": "numabench/1", "run": { "id": "a", "started": "2026-01-01T00:00:00Z", "seconds": 1, "command": [], "version": "0", "seed": 1,
  "simulated": false, "complete": true, "options": {} }, "host": { "identity": { "cpu": "another" }, "rest": { "hostname": "elsewhere" } },
  "topology": null, "records": [], "checks": [], "recommendations": [], "verdict": { "status": "pass", "reasons": [] } }
END
run check --json --machine "$faulty"
topology=$("$BUILD/libexec/numabench/topology" --machine "$faulty" --json)
jq --argjson t "$topology" '.topology = $t.topology | .records = [
	{ "test": "gpu-bandwidth", "metric": "bandwidth", "gpu": 0, "status": "ok", "link_during": { "gen": 3, "width": 16 },
	  "link_errors": { "replays": 0, "aer_correctable": 2 }, "clock_reasons": ["hw-thermal", "hw-slowdown"] }]' \
	"$TEST_TMP/other.json" >"$TEST_TMP/result.json"
run check --json "$TEST_TMP/result.json"
is "$rc" 1 "a result of another machine: exit code" || diag "$err"
is "$(jq -r '.checks[] | select(.id == "pcie.link-speed" and (.subject | startswith("GPU 0"))) | "\(.status) \(.observed)"' <<<"$out")" \
	"fail under load its link ran at Gen3" "a result of another machine: its link under load"
is "$(jq -r '.checks[] | select(.id == "kernel.numa-balancing") | .observed' <<<"$out")" "the result is of another machine" \
	"a result of another machine: this machine's files are not mixed in"
is "$(jq -r '[.checks[] | select(.id == "gpu.clock-reasons" or .id == "pcie.errors") | select(.status != "skip") | .status] | join(" ")' <<<"$out")" \
	"fail warn" "a result of another machine: heat and errors"

# usage
run check --list --render-nodes
is "$rc" 2 "contradictory options: exit code 2"
run check a b
is "$rc" 2 "two results: exit code 2"
run check "$TEST_TMP/none.json"
is "$rc" 2 "a result that is not there: exit code 2"
run check --machine "$TEST_TMP/none"
is "$rc" 2 "a machine that is not there: exit code 2"
run check --machine "$faulty" --pid 1
is "$rc" 2 "--pid of a recorded machine: exit code 2"
run check --machine "$faulty" --gpus 0 --json
is "$(jq -r '[.checks[] | select((.status == "warn" or .status == "fail") and (.subject | startswith("GPU 1")))] | length' <<<"$out")" 0 \
	"--gpus: only those are judged"
is "$(jq -r '[.checks[] | select(.id == "gpu.present") | .observed] | join("; ")' <<<"$out")" "CUDA was not asked; not asked for (--gpus)" \
	"--gpus: and the others are said not to be"
run check --machine "$faulty" --gpus 7
is "$rc" 3 "--gpus with what is not there: exit code 3"

# This machine: quick, and whatever is wrong with it is said with what mends it.
run check --json
like "$rc" '^[01]$' "this machine: an exit code"
ok awk -v t="$elapsed" 'BEGIN { exit !(t < 1) }' -- "this machine: in less than a second"

# The table in the documentation is the program's own.
run check --list --markdown
is "$(sed -n '/^| check |/,/^$/p' results/checks.md | sed '/^$/d')" "$out" "results/checks.md has the program's table (check --list --markdown)"
done_testing
