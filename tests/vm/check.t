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
step rules $sim/check --strict
# automatic balancing
echo 1 >/proc/sys/kernel/numa_balancing
step balancing $sim/check --json
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
for i in $(ls /sys/bus/pci/devices/$first/msi_irqs); do echo 0-1 >/proc/irq/$i/smp_affinity_list; done
step served $sim/check --json
# locked memory, and a cpuset without the GPUs of node 1
step memlock sh -c "ulimit -l 64; $sim/check --json"
mkdir /sys/fs/cgroup/half
echo +cpuset +cpu >/sys/fs/cgroup/cgroup.subtree_control
echo 0-1 >/sys/fs/cgroup/half/cpuset.cpus
echo 0 >/sys/fs/cgroup/half/cpuset.mems
echo "50000 100000" >/sys/fs/cgroup/half/cpu.max
step cpuset sh -c "echo \$\$ >/sys/fs/cgroup/half/cgroup.procs; $sim/check --json"
# calls that a container's profile refuses
step refused refuse EPERM $sim/check --json
step render $sim/check --render-nodes --json
END

# wrong STEP: ids of what warns or fails
wrong() {
	q "$1" '[.checks[] | select(.status == "warn" or .status == "fail") | .id] | unique | join(" ")'
}
# finding STEP ID: status, subject and observed; fix STEP ID
finding() {
	q "$1" ".checks[] | select(.id == \"$2\" and .status != \"pass\") | \"\\(.status) \\(.subject): \\(.observed)\""
}
fix() {
	q "$1" "[.checks[] | select(.id == \"$2\" and .status != \"pass\") | .fix] | first"
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
like "$(finding width pcie.link-width)" '^warn GPU 0 .*its link runs at x8$' "half link width: found"
like "$(out width-text | tr -s ' \n' ' ')" 'GPU 0 .*: its link runs at x8 Expected: x16, .* To mend: reseat the GPU' "half link width: in the report"
is "$(wrong trained)" "" "half link width: mended"

is "$(wrong interrupts)" cpu.interrupts "interrupts: found"
like "$(finding interrupts cpu.interrupts)" '^warn GPU 0 .*interrupts are served elsewhere: irq [0-9]+; CPU 2$' "interrupts: where they are served"
like "$(fix interrupts cpu.interrupts)" 'echo 0-1 . sudo tee /proc/irq/.i/smp_affinity_list' "interrupts: what mends it"
is "$(wrong served)" "" "interrupts: mended"

is "$(wrong memlock)" memory.memlock "memlock: found"
like "$(finding memlock memory.memlock)" '64 KiB' "memlock: how little"
like "$(fix memlock memory.memlock)" 'ulimit -l unlimited' "memlock: what mends it"

is "$(wrong cpuset)" "container.cpu-quota container.gpu-node" "cpuset and quota: found"
is "$(finding cpuset container.gpu-node | grep -oE '^warn GPU [0-9]|may use no .*' | tr '\n' ' ')" \
	"warn GPU 2 may use no CPU and no memory (CPUs allowed: 0-1) warn GPU 3 may use no CPU and no memory (CPUs allowed: 0-1) " \
	"cpuset: the GPUs of node 1 are out of reach"
like "$(fix cpuset container.gpu-node)" 'cpuset-cpus=2-3 --cpuset-mems=1' "cpuset: what mends it"
like "$(finding cpuset container.cpu-quota)" "0.5 CPUs' time; it ran out in [0-9]+ of [0-9]+ periods" "quota: how much"

is "$(wrong refused)" container.mempolicy "refused calls: found"
like "$(finding refused container.mempolicy)" 'refuses set_mempolicy, mbind, move_pages' "refused calls: which"

is "$(q render '[.render_nodes[] | [.render_node, .gpu, .node] | join(" ")] | join(", ")')" \
	"renderD128 0 0, renderD129 1 0, renderD130 2 1, renderD131 3 1" "render nodes, GPUs and NUMA nodes"
done_testing
