#!/usr/bin/env bash
# numabench check on a real kernel: faults planted one by one, each found with its cause and what mends
# it, and gone when it is mended as the report says.
. tests/vm/lib.sh
scenario two-nodes
boot two-nodes <<'END'
gpus=$(sed -n 's/.*"pci": "\(.*\)".*/\1/p' $NUMABENCH_SIM)
first=$(echo "$gpus" | head -n 1)
device=/job/sim/sys/bus/pci/devices/$first
# links of real width, for those of virtual devices are made up
for gpu in $gpus; do
    cd /job/sim/sys/bus/pci/devices/$gpu
    echo 16 | tee max_link_width >current_link_width
    echo '32.0 GT/s PCIe' >max_link_speed
    echo '2.5 GT/s PCIe' >current_link_speed
done
cd /job
step healthy $sim/check --json
step healthy-text $sim/check
step rules $sim/check --strict
# automatic balancing
echo 1 >/proc/sys/kernel/numa_balancing
step balancing $sim/check --json
step balancing-text $sim/check
echo 0 >/proc/sys/kernel/numa_balancing
step balanced $sim/check --json
# half the link's width
echo 8 >$device/current_link_width
step width $sim/check --json
step width-text $sim/check
echo 16 >$device/current_link_width
step trained $sim/check --json
# interrupts on the other node
for i in $(ls /sys/bus/pci/devices/$first/msi_irqs); do echo 2 >/proc/irq/$i/smp_affinity_list; done
step interrupts $sim/check --json
step interrupts-text $sim/check
for i in $(ls /sys/bus/pci/devices/$first/msi_irqs); do echo 0-1 >/proc/irq/$i/smp_affinity_list; done
step served $sim/check --json
# locked memory, and a cpuset without the GPUs of node 1
step memlock sh -c "ulimit -l 64; $sim/check --json; $sim/check >text"
step memlock-text cat text
mkdir /sys/fs/cgroup/half
echo +cpuset +cpu >/sys/fs/cgroup/cgroup.subtree_control
echo 0-1 >/sys/fs/cgroup/half/cpuset.cpus
echo 0 >/sys/fs/cgroup/half/cpuset.mems
echo "50000 100000" >/sys/fs/cgroup/half/cpu.max
step cpuset sh -c "echo \$\$ >/sys/fs/cgroup/half/cgroup.procs; $sim/check --json; $sim/check >text"
step cpuset-text cat text
# and as it says to be mended
step widened sh -c "echo 0-3 >/sys/fs/cgroup/half/cpuset.cpus; echo 0-1 >/sys/fs/cgroup/half/cpuset.mems
    echo max >/sys/fs/cgroup/half/cpu.max; echo \$\$ >/sys/fs/cgroup/half/cgroup.procs; $sim/check --json"
# calls that a container's profile refuses
step refused refuse EPERM $sim/check --json
step render $sim/check --render-nodes --json
END

# For whoever is to read them as a newcomer does.
if [ -n "${KEEP:-}" ]; then
    mkdir -p "$KEEP" && n=0
    for s in balancing width interrupts memlock cpuset healthy; do
        cp "$got/$s-text.out" "$KEEP/machine-$((n += 1)).txt"
    done
fi

# wrong STEP: ids of what warns or fails
wrong() {
	q "$1" '[.checks[] | select(.status == "warn" or .status == "fail") | .id] | unique | join(" ")'
}
# finding STEP ID: status, subject and observed; fix STEP ID: each step that mends it, in a line
finding() {
	q "$1" ".checks[] | select(.id == \"$2\" and .status != \"pass\") | \"\\(.status) \\(.subject): \\(.observed)\""
}
fix() {
	q "$1" "[.checks[] | select(.id == \"$2\" and .status != \"pass\")][0].remedy[] | [.text, .command] | map(values) | join(\": \")"
}

is "$(rc healthy)" 0 "a healthy machine: exit code 0"
is "$(wrong healthy)" "" "a healthy machine: nothing is wrong"
is "$(q healthy '.checks[] | select(.id == "vm.guest") | .observed')" \
	"a virtual machine (QEMU): nodes and links as it shows them" "a virtual machine is told"
is "$(q healthy '[.checks[] | select(.id == "gpu.declared-node") | .observed] | join("; ")' | grep -o 'sysfs node [01]' | tr '\n' ' ')" \
	"sysfs node 0 sysfs node 0 sysfs node 1 sysfs node 1 " "the GPUs' nodes"
is "$(rc rules)" 0 "a healthy machine: --strict, too"

is "$(wrong balancing)" kernel.numa-balancing "balancing: found, and nothing else"
like "$(fix balancing kernel.numa-balancing)" 'sysctl -w kernel.numa_balancing=0' "balancing: what mends it"
is "$(wrong balanced)" "" "balancing: mended"

is "$(rc width) $(wrong width)" "0 pcie.link-width" "half link width: only a warning in a virtual machine"
like "$(finding width pcie.link-width)" "^warn GPU 0 .*its link runs at x8; sysfs: the GPU's end reports x8 of x16, port" "half link width: found"
like "$(flat width-text)" 'PASS with 1 serious warning: A PCIe link has 8 of its 16 lanes .*: a virtual machine \(QEMU\), 2 NUMA nodes, 4 GPUs' \
	"half link width: what, and where, in the first lines"
like "$(flat width-text)" 'GPU 0 .*: its link runs at x8; .* Expected: x16, .* To fix: - this is a virtual machine: what follows is for its host, .* reseat the GPU' \
	"half link width: in the report"
is "$(wrong trained)" "" "half link width: mended"

is "$(wrong interrupts)" cpu.interrupts "interrupts: found"
like "$(finding interrupts cpu.interrupts)" '^warn GPU 0 .*interrupts are served elsewhere: irq [0-9,-]+ by CPU 2$' "interrupts: where they are served"
like "$(fix interrupts cpu.interrupts)" 'now: for i in [0-9 ]+; do echo 0-1 . sudo tee /proc/irq/.i/smp_affinity_list; done' "interrupts: what mends it"
is "$(wrong served)" "" "interrupts: mended"

is "$(wrong memlock)" memory.memlock "memlock: found"
like "$(finding memlock memory.memlock)" '64 KiB' "memlock: how little"
like "$(fix memlock memory.memlock)" 'ulimit -l unlimited' "memlock: what mends it"

is "$(wrong cpuset)" "container.cpu-quota container.gpu-node" "cpuset and quota: found"
is "$(finding cpuset container.gpu-node | grep -oE '^warn GPU [0-9]|may use no .*' | tr '\n' ' ')" \
	"warn GPU 2 may use no CPU and no memory (CPUs allowed: 0-1) warn GPU 3 may use no CPU and no memory (CPUs allowed: 0-1) " \
	"cpuset: the GPUs of node 1 are out of reach"
is "$(fix cpuset container.gpu-node | head -n 2)" "widen the control group, to the nodes of all GPUs that this process may use: echo 0-3 | sudo tee /sys/fs/cgroup/half/cpuset.cpus
echo 0-1 | sudo tee /sys/fs/cgroup/half/cpuset.mems" "cpuset: what mends it, for all GPUs"
like "$(finding cpuset container.cpu-quota)" "the time of 0.5 CPUs for 2; it ran out in [0-9]+ of the [0-9]+ periods" "quota: how much"
is "$(fix cpuset container.cpu-quota)" "take the quota off the control group that carries it: echo max | sudo tee /sys/fs/cgroup/half/cpu.max" \
	"quota: what mends it"
like "$(out cpuset-text | grep -oE '^(warn|FAIL)  [a-z.-]+' | tr '\n' ' ')" '^warn  container.cpu-quota warn  container.gpu-node $' "cpuset and quota: the worse first"
is "$(wrong widened)" "" "cpuset and quota: mended as it says"

for s in healthy balancing width interrupts memlock cpuset; do
	is "$(out $s-text | awk 'length > 80' | grep -vE '^ +(for|echo|sudo|printf|grep) ')" "" "$s: text fits 80 columns, but for commands"
done
like "$(flat healthy-text)" '^PASS: nothing found; [0-9]+ of [0-9]+ checks could be judged, [0-9]+ more need a run ' "a healthy machine: no more is claimed"

is "$(wrong refused)" container.mempolicy "refused calls: found"
like "$(finding refused container.mempolicy)" 'refuses set_mempolicy, mbind, move_pages' "refused calls: which"

is "$(q render '[.render_nodes[] | [.render_node, .gpu, .node] | join(" ")] | join(", ")')" \
	"renderD128 0 0, renderD129 1 0, renderD130 2 1, renderD131 3 1" "render nodes, GPUs and NUMA nodes"
done_testing
