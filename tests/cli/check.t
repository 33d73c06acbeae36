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
# The commands of a report's text, or of an --explain page: lines that nothing folds.
json_commands='.checks[] | .remedy[]?, .verify? | .command // empty'
text=$out
run check --machine "$faulty" --json
commands=$(jq -r "$json_commands" <<<"$out")
out=$text
is "$(awk 'length > 80' <<<"$out" | sed 's/^ *//' | grep -vxF "$commands")" "" "text fits 80 columns, but for commands"
while IFS= read -r command; do
	awk -v c="${command//\\/\\\\}" '{ sub(/^ +/, "") } $0 == c { any = 1 } END { exit !any }' <<<"$out" || missing="${missing:-} $command"
done <<<"$commands"
is "${missing:-}" "" "every command stands in a line of its own, whole"
is "$(head -n 1 <<<"$out")" 'FAIL: 2 failures and 3 warnings, the worst: A PCIe link has 8 of its 16 lanes' \
	"the first line counts, and names the worst"
is "$(sed -n 2p <<<"$out")" "recorded, bare metal, 2 NUMA nodes, 2 GPUs; numabench $(run numabench --version; grep -oE '[0-9]+\.[0-9.]+' <<<"$out" | head -n 1)" \
	"the second says what was looked at"
is "$(grep -oE '^(FAIL|warn)  [a-z.-]+' <<<"$out" | tr -s ' \n' ' ')" \
	"FAIL pcie.link-width FAIL container.gpu-node warn memory.memlock warn cpu.interrupts warn kernel.numa-balancing " \
	"worst first, by what it does if it is left"
counts=$(tr '\n' ' ' <<<"$out" | grep -oE '[0-9]+ of [0-9]+ checks.*\(--verbose')
is "$(grep -oE 'of [0-9]+' <<<"$counts" | tr -dc 0-9)" "$(grep -oE '[0-9]+' <<<"${counts/of [0-9]*checks/}" | awk '{ n += $1 } END { print n }')" \
	"the counts of checks add up"
like "$counts" '^2 of [0-9]+ checks fail, 3 warn, [0-9]+ passed, 6 need a run, [0-9]+ cannot be judged here' "and say what became of each"
flat=$(tr -s ' \n' ' ' <<<"$out")
# cause, and the command that mends it
while IFS='|' read -r what cause mend; do
	like "$flat" "$cause" "$what: the cause is told"
	like "$flat" "$mend" "$what: and what mends it"
done <<'END'
half link width|A PCIe link has 8 of its 16 lanes GPU 1 \(0000:b1:00.0\): its link runs at x8; sysfs: the GPU's end reports x8 of x16, port 0000:b1:01.0 above it x8 of x16 Expected: x16|reseat the GPU.* Verify: current_link_width is 16
cpuset|CPUs of the GPU's own node may not be used GPU 1 \(0000:b1:00.0\): its node is 1, of which this process may use no CPU \(CPUs allowed: 0-1\)|taskset -cp 0-3 \$\$.* Scope: this process; for a job
balancing|Automatic NUMA balancing is on numa_balancing: 1 Expected|if they are, now: sudo sysctl -w kernel.numa_balancing=0 - and for good: echo kernel.numa_balancing=0 \| sudo tee /etc/sysctl.d/[a-z0-9-]+.conf Verify: it prints 0: cat /proc/sys/kernel/numa_balancing Persists: sysctl alone: until the next boot
interrupts|GPU 0 \(0000:17:00.0\): 1 of its 1 interrupts are served elsewhere: irq 40 by CPU 3|for i in 40; do echo 0-1 \| sudo tee /proc/irq/\$i/smp_affinity_list; done.*irqbalance
memlock|Locked memory is limited to 64 KiB this process: 64 KiB Expected|LimitMEMLOCK=infinity.*Persists: ulimit: that shell and what it starts; limits.d: from the next login
END
like "$flat" 'Source: /proc/sys/kernel/numa_balancing; rests on: kernel Documentation/[^ ]*; .* More: numabench check --explain kernel.numa-balancing' \
	"where it was read, who says so, and where more is said"
is "$(grep -c '^      Costs: ' <<<"$out")" 5 "what each costs if left"
unlike "$out" '(GROUP|ADDRESS|COMMAND|  \.\. )' "nothing is left to fill in"
unlike "$out" 'CUDA runs on it' "what passed is folded"
run check --machine "$faulty" --verbose
like "$(tr -s ' \n' ' ' <<<"$out")" 'pcie.link-width GPU 0 \(0000:17:00.0\) its link runs at x16' "--verbose lists what passed"
like "$(tr -s ' \n' ' ' <<<"$out")" 'Not judged .*memory.free readings under load needs a run' "--verbose lists what was not judged, and why"

run check --machine "$faulty" --json
is "$rc" 1 "--json: the same exit code"
is "$(jq -r '[.checks[] | select(.status == "fail") | .id] | join(" ")' <<<"$out")" "pcie.link-width container.gpu-node" \
	"--json: the failures"
is "$(jq -r '[.checks[] | select([.id, .family, .status, .subject, .observed, .expected, .source, .authority]
	| any(. == null or . == ""))] | length' <<<"$out")" 0 "--json: every finding says everything"
is "$(jq -r '[.checks[] | select((.status == "warn" or .status == "fail") and (.fix // "") == "")] | length' <<<"$out")" 0 \
	"--json: whatever is wrong says what mends it"
is "$(jq -r '[.checks[] | select(.status == "warn" or .status == "fail") | select([.title, .harm, .cost, .remedy[0], .verify, .lasts]
	| any(. == null or . == "")) | .id] | join(" ")' <<<"$out")" "" "--json: and its title, harm, cost, remedy, how to verify it, and how long it lasts"
is "$(jq -r '[.checks[] | select(.status != "warn" and .status != "fail" and .remedy) | .id] | join(" ")' <<<"$out")" "" \
	"--json: what is not wrong has no remedy"
ids=$(jq -r '.checks[].id' <<<"$out" | uniq)
run check --list
is "$(grep -oE '^[a-z]+\.[a-z0-9-]+' <<<"$out" | grep -v ^process)" "$ids" "--list names every check, and each tells something"
apart=$(grep -oE '^process\.[a-z0-9-]+' <<<"$out")
is "$apart" $'process.binding\nprocess.cores' "--list names those of --pid, too"

# --strict and --rules
run check --machine "$faulty" --rules <(echo '{ "rules": [ { "id": "*", "severity": "warn", "why": "x" } ] }')
is "$rc" 0 "--rules: lowered, exit code 0"
run check --machine "$faulty" --strict --rules <(echo '{ "rules": [ { "id": "*", "severity": "warn" } ] }')
is "$rc" 1 "--strict: warnings fail"
like "$(head -n 1 <<<"$out")" '^FAIL: 5 warnings, 3 of them serious, the worst: ' "--strict: and the first line says so"
run check --machine "$faulty" --strict --rules <(echo '{ "rules": [ { "id": "*", "severity": "silent" } ] }')
is "$rc" 0 "--rules: silenced"
unlike "$out" 'numabench --all' "a recorded machine: no run is proposed, for there is none"
like "$out" '^PASS: nothing found; [0-9]+ of [0-9]+ checks could be judged, 6 more need a run$' "--rules: and nothing is claimed of what was not judged"
like "$(tr '\n' ' ' <<<"$out")" '[0-9]+ of [0-9]+ checks .*; 5 findings silenced by rules' "--rules: and counted"
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

# --explain: pages, and commands that a shell takes as they stand. Recorded, so that it is quick.
: >"$TEST_TMP/commands"
for id in $ids $apart; do
	run check --explain "$id" --machine "$faulty"
	[ "$rc" -eq 0 ] && [ "$(grep -cE '^(Right is|Why|By hand|To fix|If left|Source|Rests on|Severity):' <<<"$out")" -eq 8 ] ||
		bad="${bad:-} $id"
	# Prose fits, so what does not is a command.
	awk 'length > 80' <<<"$out" | sed 's/^ *//' >>"$TEST_TMP/commands"
done
is "${bad:-}" "" "--explain tells all of every check"
while IFS= read -r command; do
	bash -n -c "$command" 2>/dev/null && [[ $command =~ ^(sudo|echo|printf|nvidia-smi|for|grep|sort|cat|ls)\  ]] || bad="${bad:-}|$command"
done < <(cat "$TEST_TMP/commands" && echo "$commands" | grep -vE '^(ulimit|taskset) ')
is "${bad:-}" "" "--explain: within 80 columns, but for commands, which bash takes"
run check --explain pcie.link-width --machine "$faulty"
like "$out" '^Now, here:   fail: GPU 1 \(0000:b1:00.0\): its link runs at x8' "--explain says what it finds here"
like "$out" '^ +grep \. /sys/bus/pci/devices/0000:b1:00.0/\*_link_width$' "--explain: with that GPU's address"
run check --explain cpu.interrupts --machine "$faulty"
like "$out" '^ +for i in 40; do echo 0-1 . sudo tee /proc/irq/.i/smp_affinity_list; done$' "--explain: and what mends it here"
unlike "$out" 'ADDRESS|^Fill in' "--explain: nothing is left to fill in"
run check --explain process.binding --machine "$faulty"
like "$out" '^ +taskset -a -c -p 0-1 PID$' "--explain of what --pid tells"
like "$out" '^Fill in: ' "--explain: what is left to fill in is said"
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
ok awk -v t="$elapsed" 'BEGIN { exit !(t < 5) }' -- "this machine: in no time ($elapsed s)"

# The table in the documentation is the program's own.
run check --list --markdown
is "$(sed -n '/^| check |/,/^$/p' results/checks.md | sed '/^$/d')" "$out" "results/checks.md has the program's table (check --list --markdown)"
done_testing
