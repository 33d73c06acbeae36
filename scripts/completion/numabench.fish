# numabench.fish - completion for fish. The table that it goes by comes from the programs' own
# options when numabench is built (lib/util/options.h, options_table).

set -l table '
@TABLE@
'

# The machine's GPUs, numbered as nvidia-smi does, and its NUMA nodes; no driver is asked.
function __numabench_gpus
    set -l gpus /proc/driver/nvidia/gpus/*/
    set -q gpus[1]; and seq 0 (math (count $gpus) - 1)
end
function __numabench_nodes
    set -l nodes /sys/devices/system/node/node*
    string match -r '[0-9]+$' -- $nodes
end

# __numabench_is NAME: this is what is being typed; numabench: no command yet.
function __numabench_is
    set -l words (commandline -opc)
    set -l command numabench
    set -q words[2]; and not string match -q -- '-*' $words[2]; and set command $words[2]
    test $command = $argv[1]
end
function __numabench_first
    test (count (commandline -opc)) -eq 1
end
# Behind the --, where what is to be run begins.
function __numabench_behind
    contains -- -- (commandline -opc)
end

complete -c numabench -f
for line in (string split \n -- $table)
    # command, option, letter, kind, words, help
    set -l row (string split \t -- $line)
    set -q row[6]; or continue
    set -l when "__numabench_is $row[1]"
    set -l takes
    switch $row[4]
        case file
            set takes -r -F
        case folder
            set takes -x -a '(__fish_complete_directories)'
        case words
            set takes -x -a $row[5]
        case list
            set takes -x -a "(__fish_append , $row[5])"
        case gpu
            set takes -x -a '(__numabench_gpus)'
        case gpus
            set takes -x -a '(__fish_append , (__numabench_gpus))'
        case nodes
            set takes -x -a '(__fish_append , (__numabench_nodes))'
        case process
            set takes -x -a '(__fish_complete_pids)'
        case value
            set takes -x
    end
    if test $row[2] = -
        test $row[1] != numabench; and complete -c numabench -n __numabench_first -a $row[1] -d $row[6]
        switch $row[4]
            case file
                complete -c numabench -n $when -F
            case command
                complete -c numabench -n "$when; and __numabench_behind" -F -a '(__fish_complete_command)'
        end
        continue
    end
    set -l short
    test $row[3] != -; and set short -s (string sub -s 2 -- $row[3])
    complete -c numabench -n $when -l (string sub -s 3 -- $row[2]) $short $takes -d $row[6]
end
