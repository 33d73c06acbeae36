#!/usr/bin/env bash
# What `bind --print` prints, used by the tools it is for on four nodes, and looked at by
# `check --pid`: GPU n hangs on node n (CPUs 2n and 2n + 1). Tools that are not installed are skipped.
. tests/vm/lib.sh
need gcc ldd
scenario four-nodes
mkdir -p "$work/bin" "$work/lib" "$work/python"

# bring PROGRAM..: with the libraries that it needs; false where it is not installed.
bring() {
    local program path
    for program; do
        path=$(PATH=$PATH:/usr/sbin:/lib/systemd command -v "$program") || return 1
        cp -L "$path" "$work/bin" && needs "$path"
    done
}
# needs FILE..: the libraries that they are linked with.
needs() {
    local library
    while read -r library; do
        [ -e "$work/lib/${library##*/}" ] || cp -L "$library" "$work/lib"
    done < <(ldd "$@" 2>/dev/null | grep -Eo '=> /[^ ]+' | cut -c 4- | sort -u)
}
tools=
bring hwloc-bind && tools+=" hwloc-bind"
bring taskset && tools+=" taskset"
bring systemd && tools+=" systemd"
bring systemd-executor # of systemd 255 and later
# Python and the modules that the snippet and its workers load, no more.
python=/usr/bin/python3
[ -x $python ] && cp -L $python "$work/bin/python3" && needs $python && tools+=" python" &&
    $python -c 'import ctypes, encodings.ascii, multiprocessing.popen_spawn_posix, multiprocessing.spawn
import multiprocessing.resource_tracker, multiprocessing.synchronize, pkgutil, platform, runpy, sys
for m in list(sys.modules.values()):
    print(getattr(m, "__file__", None) or "")' | sort -u | while read -r file; do
        case $file in
        */lib-dynload/*) cp "$file" "$work/python" && needs "$file" ;;
        /usr/lib/python3*/*)
            inside=${file#/usr/lib/python3*/}
            mkdir -p "$work/python/$(dirname "$inside")"
            cp "$file" "$work/python/$inside"
            ;;
        esac
    done

# Compiling them takes emulated CPUs long.
[ ! -d "$work/python/ctypes" ] || $python -m compileall -q --invalidation-mode unchecked-hash "$work/python"

# Each thread has 4 MB of its own.
cat >"$TEST_TMP/threads.c" <<'END'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int gpu = open(argv[1], O_RDONLY), fd;
#pragma omp parallel
	memset(malloc(4 << 20), 1, 4 << 20);
	fd = open(argv[2], O_CREAT | O_WRONLY, 0600);
	dprintf(fd, "%d\n", (int)getpid());
	close(fd);
	return argc < 3 || gpu < 0 || open("/job/fifo", O_RDONLY) < 0;
}
END
gcc -fopenmp -O1 -o "$work/threads" "$TEST_TMP/threads.c" 2>"$TEST_TMP/cc" && needs "$work/threads" &&
    tools+=" openmp"
cat >"$work/hold.py" <<'END'
import multiprocessing, sys
gpu = open(sys.argv[1])
own = b"x" * 32000000

def work(number):
    worker_init_fn(number)
    own = b"x" * 16000000
    open(f"/tmp/python-{number}", "w").close()
    open("/job/fifo").read()

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    context.Process(target=work, args=(0,), daemon=True).start()
    open("/job/fifo").read()
END
cat >"$work/slurm.conf" <<'END'
ClusterName=numab
SlurmctldHost=four-nodes(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
StateSaveLocation=/tmp/slurm
SlurmdSpoolDir=/tmp/slurm/d
SlurmctldPidFile=/tmp/slurm/ctld.pid
SlurmdPidFile=/tmp/slurm/d.pid
SlurmctldLogFile=/tmp/slurm/ctld.log
SlurmdLogFile=/tmp/slurm/d.log
PluginDir=/job/slurm
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
GresTypes=gpu
NodeName=four-nodes NodeAddr=127.0.0.1 Sockets=4 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=1000 Gres=gpu:4
PartitionName=p Nodes=four-nodes Default=YES MaxTime=INFINITE State=UP
END
# Other versions want another configuration.
slurm=$(echo /usr/lib/*/slurm-wlm)
if [[ $(PATH=$PATH:/usr/sbin slurmd -V 2>&1) == *22.05* ]] && bring slurmd slurmctld salloc srun slurmstepd; then
    mkdir "$work/slurm"
    for plugin in auth_none cred_none proctrack_linuxproc task_affinity jobacct_gather_none select_cons_tres \
        mpi_none switch_none gres_gpu gpu_generic hash_k12 sched_builtin sched_backfill priority_basic topology_none \
        accounting_storage_none jobcomp_none prep_script preempt_none mcs_none site_factor_none route_default \
        ext_sensors_none power_none acct_gather_energy_none acct_gather_filesystem_none \
        acct_gather_interconnect_none acct_gather_profile_none core_spec_none job_container_none launch_slurm \
        cgroup_v2 cgroup_v1 cli_filter_none job_submit_lua burst_buffer_lua serializer_json; do
        [ ! -e "$slurm/$plugin.so" ] || { cp "$slurm/$plugin.so" "$work/slurm" && needs "$slurm/$plugin.so"; }
    done
    cp "$slurm"/libslurmfull.so "$work/lib"
    tools+=" slurm"
fi
echo "tools='$tools'" >"$work/tools"

boot four-nodes <<'END'
. /job/tools
has() { case "$tools " in *" $1 "*) ;; *) return 1 ;; esac; }
# Sixteen megabytes of its own, then it waits for a writer that never comes.
cat >/job/hold <<'HOLD'
echo $$ >"/tmp/pid-$1"
exec awk -v name="$1" 'BEGIN {
    s = "x"; while (length(s) < 16e6) s = s s
    print "ready" >("/tmp/held-" name); close("/tmp/held-" name)
    getline line <"/job/fifo"
}' 3<"$2"
HOLD
mkfifo /job/fifo
# Files of the driver's name; that they are /dev/null nobody looks at.
for minor in 0 1 2 3; do mknod /dev/nvidia$minor c 1 3; done
export PATH=$PATH:/job/bin LD_LIBRARY_PATH=/job/lib
await() {
    tries=0
    until [ -s "$1" ] || [ $tries -ge 160 ]; do usleep 50000; tries=$((tries + 1)); done
}
look() {
    step "$1" $sim/check --pid "$2" --json
}
# applied NOTATION GPU WORD..: prints it, lets the shell run it, and looks.
applied() {
    notation=$1 gpu=$2
    shift 2
    step print-$notation$gpu $sim/bind --gpu $gpu --print $notation "$@" -- sh /job/hold $notation$gpu /dev/nvidia$gpu
    $sim/bind --gpu $gpu --print $notation "$@" -- sh /job/hold $notation$gpu /dev/nvidia$gpu 2>/dev/null >/tmp/line
    sh /tmp/line >/dev/null 2>/tmp/applied.err &
    await /tmp/held-$notation$gpu
    cat /tmp/applied.err >&2
    look $notation$gpu "$(cat /tmp/pid-$notation$gpu)"
}
applied numactl 2
! has hwloc-bind || applied hwloc-bind 3
! has taskset || applied taskset 1
# The other policies, as numactl sees them.
for notation in numactl hwloc-bind; do
    [ $notation = numactl ] || has $notation || continue
    for policy in preferred interleave; do
        step $notation-$policy sh -c \
            "$($sim/bind --gpu 2 --memory $policy --print $notation -- numactl --show 2>/dev/null)"
    done
    # More than a node of this machine has, and half of it is there however the kernel has filled the nodes.
    step $notation-need sh -c "$($sim/bind --gpu 2 --need 800MiB --print $notation -- numactl --show 2>/dev/null)"
done
# The line for more memory than a node gives is the last one.
step lines sh -c "$($sim/bind --gpu 1 --print lines -- numactl --show 2>/dev/null | grep '^env .* numactl' | tail -n 1)"
if has openmp; then
    $sim/bind --gpu 2 --print openmp -- /job/threads /dev/nvidia2 /tmp/pid-openmp >/tmp/line 2>/dev/null
    sh /tmp/line & await /tmp/pid-openmp
    look openmp "$(cat /tmp/pid-openmp)"
    step openmp-threads sh -c 'grep -h Cpus_allowed_list /proc/'"$(cat /tmp/pid-openmp)"'/task/*/status'
fi
if has python; then
    { $sim/bind --gpu 0,3 --print python && cat /job/hold.py; } >/job/snippet.py 2>/dev/null
    mkdir -p /usr/lib
    LOCAL_RANK=1 PYTHONHOME=/job/python PYTHONPATH=/job/python PYTHONDONTWRITEBYTECODE=1 \
        python3 -S /job/snippet.py /dev/nvidia3 2>/tmp/snippet-said &
    pid=$!
    tries=0
    until [ -e /tmp/python-0 ] || [ $tries -ge 200 ]; do usleep 50000; tries=$((tries + 1)); done
    look python $pid
    step python-said cat /tmp/snippet-said
fi
if has systemd; then
    # Without the last but one it says that it is not in charge of this machine.
    mkdir -p /job/units/gpu1.service.d /run/user/0 /run/systemd/system /usr/lib/systemd
    ln -s /job/bin/systemd-executor /usr/lib/systemd
    $sim/bind --gpu 1 --print systemd >/job/units/gpu1.service.d/gpu1.conf 2>/dev/null
    # What the unit says itself is not added to.
    printf '%s\n' '[Unit]' DefaultDependencies=no '[Service]' 'ExecStart=/bin/sh /job/hold systemd /dev/nvidia1' \
        CPUAffinity=0 NUMAPolicy=bind NUMAMask=0 >/job/units/gpu1.service
    XDG_RUNTIME_DIR=/run/user/0 SYSTEMD_UNIT_PATH=/job/units systemd --user --unit=gpu1.service >/dev/null 2>&1 &
    await /tmp/held-systemd
    look systemd "$(cat /tmp/pid-systemd)"
    step systemd-env sh -c 'tr "\0" "\n" </proc/'"$(cat /tmp/pid-systemd)"'/environ'
fi
if has slurm; then
    mkdir -p /tmp/slurm/d /etc
    ip link set lo up
    ip address add 10.0.0.1/32 dev lo # names are looked up for a network that there is
    echo '127.0.0.1 localhost four-nodes' >/etc/hosts
    echo CgroupPlugin=cgroup/v1 >/job/cgroup.conf
    $sim/bind --gpu all --print slurm -- \
        sh -c 'exec sh /job/hold slurm$SLURM_LOCALID /dev/nvidia$SLURM_LOCALID' >/tmp/slurm.txt 2>/dev/null
    grep -E '^(AutoDetect|Name)' /tmp/slurm.txt >/job/gres.conf
    export SLURM_CONF=/job/slurm.conf
    echo root:x:0:0:root:/:/bin/sh >/etc/passwd
    mkdir -p /usr/sbin
    ln -s /job/bin/slurmstepd /usr/sbin/slurmstepd
    slurmctld -c >/tmp/slurm/1 2>&1
    slurmd >/tmp/slurm/2 2>&1
    sed -n '/^salloc/,$p' /tmp/slurm.txt >/tmp/line
    sh /tmp/line >/tmp/srun 2>&1 &
    for i in 0 1 2 3; do await /tmp/held-slurm$i; done
    step slurm-said sh -c 'cat /job/gres.conf /tmp/line /tmp/srun; cat /tmp/slurm/*.log'
    for i in 0 1 2 3; do look slurm$i "$(cat /tmp/pid-slurm$i)"; done
fi
for held in $(pidof awk); do kill "$held"; done
kill $(jobs -p) 2>/dev/null
killall -9 systemd slurmctld slurmd python3 threads 2>/dev/null
true
END
# verdict STEP: binding, wanted nodes, nodes of the CPUs, nodes to which memory is kept.
# shellcheck disable=SC2016  # $w is jq's
verdict() {
    q "$1" '.process | .worst as $w | [.binding, (.processes[] | select(.pid == $w).verdict
        | .wanted_nodes, .cpu_nodes, .kept_to_nodes)] | join("|")'
}
while read -r tool name want; do
    case " numactl $tools " in
    *" $tool "*) is "$(verdict "$name")" "${want//_/ }" "$name: ${want//_/ }" || diag "$(err "$name")" ;;
    *) skip "$name: no $tool (or another version than the test knows)" ;;
    esac
done <<'END'
numactl numactl2 bound_well|2|2|2
hwloc-bind hwloc-bind3 bound_well|3|3|3
taskset taskset1 CPU_only|1|1|
openmp openmp CPU_only|2|2|
systemd systemd bound_well|1|1|1
python python bound_well|3|3|3
slurm slurm0 bound_well|0|0|0
slurm slurm1 bound_well|1|1|1
slurm slurm2 bound_well|2|2|2
slurm slurm3 bound_well|3|3|3
END
# What check --pid does not tell of them.
for tool in numactl hwloc-bind; do
    case " numactl $tools " in
    *" $tool "*)
        like "$(out $tool-preferred)" "^preferred( node)?: 2 *$" "$tool: preferred"
        like "$(out $tool-interleave)" "^interleavemask: 0 1 2 3 *$" "$tool: interleaved over all nodes"
        like "$(out $tool-need)" "^interleavemask: 2 3 *$" "$tool: what is too much for a node, over its nearest too"
        ;;
    *) skip "$tool is not installed" 3 ;;
    esac
done
like "$(out lines)" "^physcpubind: 2 3 *$" "lines: the CPUs of GPU 1"
like "$(out lines)" "^interleavemask: 0 1 *$" "lines: memory of its node and the nearest"
if [[ $tools == *openmp* ]]; then
    is "$(out openmp-threads | cut -f 2 | sort | tr '\n' ' ')" "4 5 " "openmp: a thread on each core"
fi
if [[ $tools == *systemd* ]]; then
    like "$(out systemd-env)" '^CUDA_VISIBLE_DEVICES=GPU-00000001-' "systemd: the service sees its GPU"
fi
if [[ $tools == *python* ]]; then
    is "$(q python '[.process.processes[] | select(.verdict.binding == "bound well")] | length >= 2')" true \
        "python: the worker that it spawned, too"
    is "$(out python-said)" "" "python: without a word"
fi
if [[ $tools == *slurm* ]]; then
    unlike "$(out slurm-said)" "fix your gres.conf|srun: error" "slurm: takes the gres.conf and the options" ||
        diag "$(out slurm-said)"
fi
like "$(err print-taskset1)" "taskset leaves out memory" "what a tool cannot bind is said"
done_testing
