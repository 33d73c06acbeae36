#compdef numabench
# numabench.zsh - completion for zsh, installed as _numabench. The table that it goes by comes from
# the programs' own options when numabench is built (lib/util/options.h, options_table).

_numabench_table='
@TABLE@
'

# The machine's GPUs, numbered as nvidia-smi does, and its NUMA nodes; no driver is asked.
_numabench_gpus() {
    local -a gpus=(/proc/driver/nvidia/gpus/*(N/))
    (( $#gpus )) && print -l -- {0..$(($#gpus - 1))}
}
_numabench_nodes() {
    local -a nodes=(/sys/devices/system/node/node<->(N:t))
    print -l -- ${nodes#node}
}

# _numabench_value KIND WORDS
_numabench_value() {
    case $1 in
    file) _files ;;
    folder) _files -/ ;;
    words) compadd -- ${=2} ;;
    list) compset -P '*,'; compadd -q -S , -- ${=2} ;;
    gpu) compadd -- $(_numabench_gpus) ;;
    gpus) compset -P '*,'; compadd -q -S , -- $(_numabench_gpus) ;;
    nodes) compset -P '*,'; compadd -q -S , -- $(_numabench_nodes) ;;
    process) _pids ;;
    *) _message 'a value' ;;
    esac
}

_numabench() {
    local line called=numabench word
    integer i
    local -a row subcommands offered
    local -A kinds values

    (( CURRENT > 2 )) && [[ $words[2] != -* ]] && called=$words[2]
    for line in ${(f)_numabench_table}; do
        row=("${(@ps:\t:)line}") # command, option, letter, kind, words, help
        [[ $row[2] == - && $row[1] != numabench ]] && subcommands+=("$row[1]:${row[6]//:/\\:}")
        [[ $row[1] == $called ]] || continue
        for word in $row[2] $row[3]; do
            [[ $word == - && $row[2] != - ]] && continue
            kinds[$word]=$row[4] values[$word]=$row[5]
            [[ $word == - ]] || offered+=("$word:${row[6]//:/\\:}")
        done
    done
    if [[ $kinds[-] == command ]]; then # what is to be run begins behind options and --
        for (( i = 3; i <= CURRENT; i++ )); do
            word=$words[i]
            if [[ $word == -- ]]; then
                (( i++ ))
            elif [[ $word == -* ]]; then
                [[ $word != *=* && ${kinds[$word]:-flag} != flag ]] && (( i++ ))
                continue
            fi
            if (( i <= CURRENT )); then
                words=("${(@)words[i,-1]}")
                (( CURRENT -= i - 1 ))
                _normal
                return
            fi
        done
    fi
    if [[ $words[CURRENT] == --*=* ]]; then
        word=${words[CURRENT]%%=*}
        compset -P '*='
    else
        word=$words[CURRENT-1]
    fi
    if [[ $word == -?* && ${kinds[$word]:-flag} != flag ]]; then
        _numabench_value $kinds[$word] $values[$word]
    elif [[ $words[CURRENT] == -* ]]; then
        _describe -o option offered
    elif [[ $kinds[-] == commands ]]; then
        (( CURRENT > 2 )) || _describe command subcommands
    else
        _numabench_value "$kinds[-]" ''
    fi
}

# Called by the completion system, or read by hand.
if [[ $funcstack[1] == _numabench ]]; then
    _numabench "$@"
elif (( $+functions[compdef] )); then
    compdef _numabench numabench
fi
