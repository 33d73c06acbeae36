# numabench.bash - completion for bash. The table that it goes by comes from the programs' own
# options when numabench is built (lib/util/options.h, options_table).
# shellcheck shell=bash

IFS= read -r -d '' _numabench_table <<'END' || :
@TABLE@
END

# The machine's GPUs, numbered as nvidia-smi does, and its NUMA nodes; no driver is asked.
_numabench_gpus() {
    local gpus=(/proc/driver/nvidia/gpus/*/) i
    [ -d "${gpus[0]}" ] && for i in "${!gpus[@]}"; do echo "$i"; done
}
_numabench_nodes() {
    local node
    for node in /sys/devices/system/node/node[0-9]*; do echo "${node##*node}"; done
}

# _numabench_list WORD..: of these, one behind what stands before the last comma.
_numabench_list() {
    local before=
    [[ $cur != *,* ]] || before=${cur%,*},
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$*" -- "${cur##*,}")
    compopt -o nospace 2>/dev/null
}

# _numabench_value KIND WORDS
_numabench_value() {
    case $1 in
    file | folder)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen "$([ "$1" = file ] && echo -f || echo -d)" -- "$cur")
        ;;
    words) mapfile -t COMPREPLY < <(compgen -W "$2" -- "$cur") ;;
    list) _numabench_list "$2" ;;
    gpu) mapfile -t COMPREPLY < <(compgen -W "$(_numabench_gpus)" -- "$cur") ;;
    gpus) _numabench_list "$(_numabench_gpus)" ;;
    nodes) _numabench_list "$(_numabench_nodes)" ;;
    process) mapfile -t COMPREPLY < <(compgen -W "$(ps -e -o pid=)" -- "$cur") ;;
    esac
}

# _numabench_command AT: the words from there on are a command of its own.
_numabench_command() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif [ "$1" -eq "$COMP_CWORD" ]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
    else
        _numabench_value file
    fi
}

# Where the command that is to be run begins, behind options and --; nothing: not before the cursor.
_numabench_behind() {
    local i word
    for ((i = 2; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --) [ "$i" -ge "$COMP_CWORD" ] || echo $((i + 1)) ;;
        -*)
            [ "${kinds[$word]:-flag}" = flag ] && continue
            [ "${COMP_WORDS[i + 1]:-}" != = ] || ((i++))
            ((i++))
            continue
            ;;
        *) echo "$i" ;;
        esac
        return
    done
}

_numabench() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=numabench
    local name option letter kind words names='' behind
    local -A kinds=() values=()
    COMPREPLY=()
    # "--format=te" comes as three words.
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    ((COMP_CWORD < 2)) || [[ ${COMP_WORDS[1]} == -* ]] || command=${COMP_WORDS[1]}
    while IFS=$'\t' read -r name option letter kind words _; do
        [ "$option" != - ] || [ "$name" = numabench ] || names+=" $name"
        [ "$name" = "$command" ] || continue
        for name in "$option" "$letter"; do
            if [ "$name" != - ] || [ "$option" = - ]; then kinds[$name]=$kind values[$name]=$words; fi
        done
    done <<<"$_numabench_table"
    if [ "${kinds[-]:-}" = command ]; then
        behind=$(_numabench_behind)
        if [ -n "$behind" ]; then
            _numabench_command "$behind"
            return
        fi
    fi
    if [[ $prev == -?* && ${kinds[$prev]:-flag} != flag ]]; then
        _numabench_value "${kinds[$prev]}" "${values[$prev]}"
    elif [[ $cur == -* ]]; then
        unset 'kinds[-]'
        mapfile -t COMPREPLY < <(compgen -W "${!kinds[*]}" -- "$cur")
    elif [ "${kinds[-]:-}" = commands ]; then
        ((COMP_CWORD > 1)) || mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
    else
        _numabench_value "${kinds[-]:-}"
    fi
}
complete -F _numabench numabench
