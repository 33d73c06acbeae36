#!/usr/bin/env bash
# Every recorded machine shows what its expectation says.
#     tests/machines/recorded.t [NAME]...
#     tests/machines/recorded.t --renew [NAME]...     writes what is shown now; look at git diff
# An expectation (tests/machines/NAME.expect) has remarks, the line "machine PATH" (a folder in a
# tar archive, or an hwloc XML file; from the repository's root), and then what
# tests/machines/summary.jq makes of the topology, the notes that `topology` prints, what `check`
# finds wrong, and how `bind` would bind each GPU.
# shellcheck disable=SC1091
. tests/lib.sh
need jq tar
renew=
[ "${1:-}" != --renew ] || { renew=1 && shift; }
names=("$@")
[ ${#names[@]} -gt 0 ] || for f in tests/machines/*.expect; do
    f=${f##*/}
    names+=("${f%.expect}")
done
topology=$BUILD/libexec/numabench/topology check=$BUILD/libexec/numabench/check

# unpack PATH NAME: prints what --machine takes.
unpack() {
    case $1 in
    *.tar*)
        mkdir "$TEST_TMP/$2"
        tar -xf "$1" -C "$TEST_TMP/$2"
        # An archive of hwloc's has one folder in it, one of ours proc/ and sys/.
        if [ -d "$TEST_TMP/$2/sys" ]; then echo "$TEST_TMP/$2"; else echo "$TEST_TMP/$2"/*; fi
        ;;
    *) echo "$1" ;;
    esac
}

shown() {
    local json gpu
    json=$("$topology" --machine "$1" --json 2>&1)
    jq -r -f tests/machines/summary.jq <<<"$json" 2>&1 || echo "$json"
    # Notes are the last table, wrapped; each is one line here.
    "$topology" --machine "$1" | sed -n '/^Notes$/,$p' | sed '1d; s/^  -  /note: /; s/^     */ /' |
        awk '/^note: / { if (line) print line; line = $0; next } { line = line $0 } END { if (line) print line }'
    "$check" --machine "$1" --json | jq -r '.checks[] | select(.status == "warn" or .status == "fail")
        | "\(.status) \(.id): \(.subject): \(.observed)"'
    for gpu in $(jq '.topology.gpus[].index' <<<"$json"); do
        echo "bind $gpu: $("$BUILD/libexec/numabench/bind" --machine "$1" --gpu "$gpu" --print numactl -- true 2>&1 | sed 's/^env [^ ]* [^ ]* //')"
    done
}

for name in "${names[@]}"; do
    file=tests/machines/$name.expect
    path=$(sed -n 's/^machine //p' "$file")
    if [ ! -e "$path" ]; then
        skip "$name: there is no $path"
        continue
    fi
    machine=$(unpack "$path" "$name")
    if [ -n "$renew" ]; then
        { sed '/^machine /q' "$file" && shown "$machine"; } >"$TEST_TMP/new" && cat "$TEST_TMP/new" >"$file"
    fi
    is "$(shown "$machine")" "$(sed '1,/^machine /d' "$file")" "$name: $(sed -n '1s/^# *//p' "$file")"
done
done_testing
