# guest.sh - for the scripts that tests/vm/*.t run in a virtual machine (busybox sh).
#
# What a script prints is an archive: every step's output and exit status, sent as the
# step ends, so that a machine that is ended at its deadline has told what it could.
# shellcheck shell=sh disable=SC2034

sim=/numabench/sim/libexec/numabench
export NUMABENCH_SIM=/job/sim/scenario.json

# send NAME: files /tmp/NAME.*
send() {
    (cd /tmp && tar c "$1".*)
    rm -f /tmp/"$1".*
}

# step NAME COMMAND..: NAME.out, NAME.err and NAME.rc for the host. COMMAND may be a function.
step() {
    step_name=$1
    shift
    "$@" >"/tmp/$step_name.out" 2>"/tmp/$step_name.err" </dev/null
    echo $? >"/tmp/$step_name.rc"
    cut -d ' ' -f 1 /proc/uptime >"/tmp/$step_name.at"
    send "$step_name"
}

# The scenario of the simulator's programs, out of those in /job.
scenario() {
    export NUMABENCH_SIM="/job/$1/scenario.json"
}

# In the simulator pinned memory is ordinary memory, which the kernel's automatic balancing
# marks, moves and hides from move_pages; real pinned memory it leaves alone.
echo 0 >/proc/sys/kernel/numa_balancing
