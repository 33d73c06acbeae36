#!/usr/bin/env bash
# numabench bind: what a command gets, what is wrong with a launch, and how both end. GPUs are
# simulated; CPUs, processes and signals are this machine's.
. tests/sim/sim.sh
two_nodes
placed="$split | .gpus = .gpus[:4] | .gpus[0,1] |= (.node_sysfs = 0 | .node_nvml = 0 | .node_cuda = 0)
    | .gpus[2,3] |= (.node_sysfs = 1 | .node_nvml = 1 | .node_cuda = 1)"
scenario two-sockets "$placed"
read -r -a cpus <<<"$(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)))')"
first=${cpus[0]} last=${cpus[-1]}
# What a command sees of itself.
# shellcheck disable=SC2016  # the shell of the command expands it
tells='echo "cpus=$(sed -n "s/^Cpus_allowed_list:\t//p" /proc/self/status) visible=$CUDA_VISIBLE_DEVICES order=$CUDA_DEVICE_ORDER omp=$OMP_NUM_THREADS"'
uuid() { jq -r ".gpus[$1].uuid" "$NUMABENCH_SIM"; }

# One GPU.
run bind --gpu 0 -- sh -c "$tells; exit 7"
is "$rc" 7 "ends as the command does"
like "$out" "visible=$(uuid 0) order=PCI_BUS_ID omp=[1-9]" "its GPU alone is visible, in PCI order; a thread for each core"
is "$(lines "$err")" 1 "one line says what it is bound to"
like "$err" "GPU 0: CPUs ${first}[^ ]* of node 0 \\(declared, not measured: --from RESULT would tell\\).*; memory of node 0 \\([0-9.]+ [GM]iB free for it\\)" "with the memory that the node has"
run bind --gpu 3 --quiet -- sh -c "$tells"
like "$out" "^cpus=(.*[,-])?$last visible=$(uuid 3)" "another GPU's CPUs are others"
is "$err" "" "--quiet says nothing"
run env OMP_NUM_THREADS=9 "$(command_path bind)" --gpu 0 --memory none -- sh -c "$tells"
like "$out" "omp=9" "OMP_NUM_THREADS stays where it is set"
like "$err" "memory not bound" "--memory none"
for word in preferred interleave; do
    run bind --gpu 2 --memory $word -- true
    is "$rc" 0 "--memory $word"
    like "$err" "memory (rather of node 1|in turn of nodes 0-1)" "  and says so"
done
run bind --gpu 2 --need 1000TiB -- true
is "$rc" 125 "more memory than there is: 125"
is "$(lines "$err")" 1 "  in one line"

# Ranks.
rank() { run env "$@"; }
bind=$(command_path bind)
for n in 0 1 2 3; do
    rank LOCAL_RANK=$n "$bind" --rank auto -- sh -c "$tells"
    like "$err" "GPU $n: CPUs" "rank $n: GPU $n"
    like "$out" "visible= order=PCI_BUS_ID" "  CUDA_VISIBLE_DEVICES is left alone"
done
rank CUDA_VISIBLE_DEVICES=3,1 SLURM_LOCALID=0 "$bind" --rank auto -- sh -c "$tells"
like "$err" "GPU 3: CPUs" "by position among the visible"
like "$out" "visible=3,1 " "which stay visible"
rank CUDA_VISIBLE_DEVICES="$(uuid 2),$(uuid 0)" MPI_LOCALRANKID=1 "$bind" --rank auto --isolate -- sh -c "$tells"
like "$out" "visible=$(uuid 0) " "--isolate: that alone; UUIDs"
rank CUDA_VISIBLE_DEVICES=2 LOCAL_RANK=3 "$bind" --rank auto -- true
like "$err" "GPU 2: CPUs" "a launcher that shows each rank one GPU"
rank OMPI_COMM_WORLD_LOCAL_RANK=2 SLURM_LOCALID=0 "$bind" --rank auto -- true
like "$err" "GPU 2: CPUs" "mpirun out of a batch script"
# MIG: instances by the names that NVML tells, the second behind a gap.
mig="$placed | .gpus[1] += { mig: true, instances: [\"MIG-11aa-1\", null, \"MIG-22bb-2\"] }"
scenario two-sockets "$mig"
for n in 0 1; do
    rank CUDA_VISIBLE_DEVICES=MIG-22bb-2,MIG-11aa-1 LOCAL_RANK=$n "$bind" --rank auto --isolate -- sh -c "$tells"
    like "$err" "GPU 1: CPUs" "MIG: instance $n of the list is GPU 1's"
    like "$out" "visible=$([ $n = 0 ] && echo MIG-22bb-2 || echo MIG-11aa-1) " "  and --isolate leaves it by its name"
done
rank CUDA_VISIBLE_DEVICES=MIG-33cc-3 LOCAL_RANK=0 "$bind" --rank auto -- true
is "$rc" 125 "MIG: an instance that there is not"
scenario two-sockets "$placed"
# A launcher that has bound its ranks apart: they keep what they have there, and nothing elsewhere.
rank taskset -c "$last" env LOCAL_RANK=2 "$bind" --rank auto -- sh -c "$tells"
like "$out" "cpus=$last " "a rank that is bound already stays where it is"
rank taskset -c "$first" env LOCAL_RANK=2 "$bind" --rank auto -- sh -c "$tells"
is "$rc" 0 "a rank that is bound to the other node's cores gets its share"
unlike "$out" "cpus=${first}[ ,-]" "  of those beside its GPU"
like "$err" "its launcher had bound it to CPUs $first, of another node" "  and that is said"
# mpirun binds two ranks to a core each, of one package after the other; GPUs 0 and 1 are both on node 0.
if command -v mpirun.openmpi >/dev/null; then
    run env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
        mpirun.openmpi -np 2 "$bind" --rank auto -- sh -c 'echo "rank $OMPI_COMM_WORLD_LOCAL_RANK:"; cat /proc/self/status'
    node_0=$(jq -r '.nodes[0] | map("(^|[^0-9])\(.)([^0-9]|$)") | join("|")' "$NUMABENCH_SIM")
    is "$(sed -n 's/^Cpus_allowed_list:\t//p' <<<"$out" | grep -cE "$node_0")" 2 "mpirun: both ranks are on the node of their GPUs" || diag "$err"
else
    skip "Open MPI is not installed"
fi

# What is wrong: 125, one line.
while IFS='|' read -r variables arguments says; do
    # shellcheck disable=SC2086  # words
    run env $variables "$bind" $arguments
    is "$rc" 125 "bind $arguments${variables:+ with $variables}: 125"
    like "$err" "$says" "  and why"
    is "$(lines "$err")" 1 "  in one line"
    is "$out" "" "  and nothing is run"
done <<'END'
|-- echo x|which GPU
|--gpu 0|which command
|--gpu 0 --|which command
|--gpu 9 -- echo x|no GPU '9' here; GPUs: 0-3
|--gpu 0,1 -- echo x|one GPU at a time
|--gpu 0 --rank 0 -- echo x|exclude each other
|--gpu 0 --isolate -- echo x|--isolate goes with --rank
|--gpu 0 --memory local -- echo x|--memory
|--gpu 0 --smt two -- echo x|--smt
|--gpu 0 --from nowhere.json -- echo x|nowhere.json
|--gpu 0 --machine tests/machines -- echo x|--print only
|--gpu 0 --pid 1 -- echo x|--pid takes
|--rank 0 --pid 1|--pid takes
|--gpu 0 --pid 0|--pid
|--gpu 0 --need lots -- echo x|--need lots
|--gpu 0 --verify --print numactl|--verify runs the command
|--gpu 0 --pid 1 --print numactl|--pid takes
|--gpu 0 --pid 4194303|no process 4194303
|--gpu 0 --pid 1 --memory interleave|not interleaved
|--gpu 0 --pid 1 --need 1GiB|no --need
|--rank auto -- echo x|no launcher says which rank
|--rank 4 -- echo x|rank 4 .*no GPU: 4 are visible, for ranks 0 to 3
|--rank -1 -- echo x|'--rank -1'
LOCAL_RANK=one|--rank auto -- echo x|LOCAL_RANK=one
CUDA_VISIBLE_DEVICES=0,1 LOCAL_RANK=2|--rank auto -- echo x|rank 2 .LOCAL_RANK. has no GPU: 2 are visible
CUDA_VISIBLE_DEVICES=0,1|--gpu 3 -- echo x|GPU 3 is hidden .*; GPUs left: 0-1
CUDA_VISIBLE_DEVICES=|--rank 0 -- echo x|leaves no GPU
CUDA_VISIBLE_DEVICES=1,1|--rank 0 -- echo x|GPU 1 twice|leaves no GPU
END

# A GPU of which nobody says where it hangs; a machine of one node.
scenario two-sockets "$placed | .gpus[1] |= del(.node_sysfs, .node_nvml, .node_cuda)"
run bind --gpu 1 -- echo x
is "$rc" 125 "a GPU without a declared node: 125"
like "$err" "GPU 1: no node is declared for it .*measure with \`numabench --all\`, then give --from RESULT" "  and what to do"
is "$(lines "$err")$out" 1 "  in one line, and nothing is run"
run bind --gpu 0 --quiet -- true
is "$rc" 0 "  the others can be bound"
scenario two-sockets "$placed | .nodes |= [add] | .gpus |= .[:2]"
run bind --gpu 0 -- true
like "$err" "GPU 0: CPUs .*; this machine has one NUMA node: there is nothing to choose" "one node: binding does not matter, and that is said"
scenario two-sockets "$placed"

# Programs that are not there, or not programs: as env. With --verify, too.
echo 'exit 0' >"$TEST_TMP/plain"
mkdir "$TEST_TMP/folder"
for verify in "" --verify; do
    while read -r code command; do
        # shellcheck disable=SC2086  # no word where it is empty
        run bind --gpu 0 --quiet $verify -- "$command"
        is "$rc" "$code" "bind $verify of ${command:-nothing at all}: $code"
        is "$(lines "$err")" 1 "  in one line"
    done <<END
127 no-such-program
127 $TEST_TMP/no-such-program
127
126 $TEST_TMP/plain
126 $TEST_TMP/folder
126 $TEST_TMP/plain/x
END
done

# Signals: the command is this very process, or gets what is sent to it.
for verify in "" --verify; do
    # shellcheck disable=SC2086
    run bind --gpu 0 --quiet $verify -- sh -c 'kill -TERM $$'
    is "$rc" 143 "bind $verify: dies by the signal that the command dies by"
    # shellcheck disable=SC2086,SC2016
    "$bind" --gpu 0 --quiet $verify -- sh -c 'trap "echo got it >'"$TEST_TMP"'/got; exit 9" USR1; touch '"$TEST_TMP"'/ready; while :; do sleep 0.05; done' \
        2>/dev/null &
    pid=$!
    for ((i = 0; i < 200; i++)); do [ -e "$TEST_TMP/ready" ] && break; sleep 0.02; done
    kill -USR1 $pid
    wait $pid 2>/dev/null
    is "$?" 9 "bind $verify: a signal is passed on, and the command decides"
    is "$(cat "$TEST_TMP/got" 2>&1)" "got it" "  it got it"
    rm -f "$TEST_TMP/got" "$TEST_TMP/ready"
done

# --verify looks at the command, and ends as it does. The machine itself has one node.
run bind --gpu 2 --verify -- sh -c 'sleep 0.5; exit 5'
is "$rc" 5 "--verify: the command's exit status"
like "$err" "seen last" "  what was seen last is told"
like "$err" "^Process [0-9]+ \\(sh\\)" "  by the report of check --pid"
is "$out" "" "  not on the command's stdout"
for ((i = 0; i < 8; i++)); do # they end when they are looked at
    run bind --gpu 2 --verify -- sleep 0.1$((4 + i % 4))
    ! grep -q 'has ended' <<<"$err" || break
done
is "$i" 8 "--verify: what is told was seen of a command that ran"
run bind --gpu 2 --verify --strict -- true
is "$rc" 125 "--verify --strict: a command too quick to be looked at was not proven"

# A process that runs. (Trees are moved in tests/vm/bind.t: the simulator lists no processes.)
sleep 30 &
pid=$!
run bind --gpu 3 --memory none --pid $pid
like "$out" "^1 thread of 1 process bound to CPUs (.*[,-])?$last" "--pid: it is moved"
is "$(taskset -cp $pid | sed 's/.*: //')" "$(sed -n 's/.*bound to CPUs //p' <<<"$out")" "  and runs there"
like "$out" "^Process $pid \\(sleep\\)" "  the proof follows"
is "$err" "" "  on standard output alone"
kill $pid
wait $pid 2>/dev/null
done_testing
