# machine.sh - from a machine's description to QEMU's arguments. Sourced by tests/vm/run.
#
# A description (tests/vm/machines/*.conf) has one thing a line; # begins a remark:
#
#     node ID [cpus=LIST] [memory=SIZE]   a NUMA node; without CPUs or without memory where
#                                    none are said
#     distance A B N                 both ways; 20 where nothing is said
#     gpus NODE COUNT                GPUs behind root ports that hang on the node; "-": on a bus
#                                    that declares none. Node n has bus 0x10 * (n + 1), its GPUs
#                                    are on the buses after it: node 1 has 0000:21:00.0, ..
#     minors GPU..                   the order in which GPUs, counted from 0 in the order of
#                                    their lines, get their driver, and so their render minors
#     cpu MODEL                      default max,-erms: it hides SMT siblings, and emulated "rep movs"
#                                    copies byte by byte
#     smt N                          CPUs N to a core; LISTs name threads
#     disk SIZE                      /dev/vda, all zeros
#     modules none                   no driver for the GPUs
#     kernel ARGUMENT..              for the kernel's command line
#
# shellcheck shell=bash disable=SC2054  # commas are QEMU's

# machine_read FILE: fills qemu (its arguments), gpu_addresses and gpu_nodes (of each GPU, in order),
# minors, kernel_arguments and modules.
# shellcheck disable=SC2034  # read by tests/vm/run
machine_read() {
    local line words topology lineno=0
    gpu_addresses=() gpu_nodes=() minors=() kernel_arguments=() modules=all
    node_ids=() numa=() devices=()
    cpu_model=max,-erms smt=1 cpu_count=0 cpus_per_node="" memory_total=0 disk=""
    while IFS= read -r line || [ -n "$line" ]; do
        lineno=$((lineno + 1))
        read -ra words <<<"${line%%#*}"
        [ ${#words[@]} -gt 0 ] || continue
        case ${words[0]} in
        node | distance | gpus) "machine_${words[0]}" "${words[@]:1}" ;;
        minors) minors=("${words[@]:1}") ;;
        cpu) cpu_model=${words[1]} ;;
        smt) smt=${words[1]} ;;
        disk) disk=${words[1]} ;;
        modules) modules=${words[1]} ;;
        kernel) kernel_arguments=("${words[@]:1}") ;;
        *) machine_wrong "$1:$lineno: unknown word '${words[0]}'" ;;
        esac || machine_wrong "$1:$lineno: cannot make anything of '$line'"
    done <"$1"
    [ ${#node_ids[@]} -gt 0 ] || machine_wrong "$1 has no node"
    topology=sockets=$((cpu_count / cpus_per_node)),cores=$((cpus_per_node / smt)),threads=$smt
    qemu=(-m "${memory_total}M" -cpu "$cpu_model" -smp "$cpu_count,$topology"
        "${numa[@]}" "${devices[@]}")
    if [ -n "$disk" ]; then
        qemu+=(-drive "driver=null-co,size=$disk,read-zeroes=on,if=none,id=disk"
            -device "virtio-blk-pci,drive=disk")
    fi
}

machine_wrong() {
    echo "tests/vm/run: $*" >&2
    exit 125
}

machine_node() {
    local id=$1 word cpus="" memory=""
    shift
    for word; do
        case $word in
        cpus=*) cpus=${word#*=} ;;
        memory=*M) memory=${word//[!0-9]/} ;;
        memory=*G) memory=$((${word//[!0-9]/} * 1024)) ;;
        *) return 1 ;;
        esac
    done
    node_ids+=("$id")
    if [ -n "$memory" ]; then
        numa+=(-object "memory-backend-ram,id=m$id,size=${memory}M")
        memory_total=$((memory_total + memory))
    fi
    numa+=(-numa "node,nodeid=$id${cpus:+,cpus=$cpus}${memory:+,memdev=m$id}")
    if [ -n "$cpus" ]; then
        local first=${cpus%-*} last=${cpus#*-}
        [ "$first" -eq "$cpu_count" ] || return 1 # in order, without gaps
        cpu_count=$((last + 1))
        # Sockets follow the nodes; all have as many CPUs as the first.
        cpus_per_node=${cpus_per_node:-$((last - first + 1))}
        [ $((last - first + 1)) -eq "$cpus_per_node" ] || return 1
    fi
}

machine_distance() {
    numa+=(-numa "dist,src=$1,dst=$2,val=$3" -numa "dist,src=$2,dst=$1,val=$3")
}

machine_gpus() {
    local node=$1 count=$2 bus=pcie.0 number=0 port i
    if [ "$node" != - ]; then
        number=$((16 * (node + 1)))
        bus=bridge$node
        devices+=(-device "pxb-pcie,bus=pcie.0,id=$bus,bus_nr=$number,numa_node=$node")
    fi
    for ((i = 1; i <= count; i++)); do
        port=port${#gpu_addresses[@]}
        devices+=(-device "pcie-root-port,id=$port,bus=$bus,chassis=$((${#gpu_addresses[@]} + 1))"
            -device "virtio-gpu-pci,bus=$port")
        gpu_addresses+=("$(printf '0000:%02x:00.0' $((number + i)))")
        gpu_nodes+=("$node")
    done
}
