#!/usr/bin/env bash
# Memory policies: every page of every cell is where its policy puts it, in 4 KiB and huge pages;
# what the kernel does not know, or refuses, is skipped with the reason.
. tests/vm/lib.sh
script() {
    cat <<'END'
set -- mem-bandwidth --kernel triad-portable --size 16MiB --rounds 1 --budget 300 --json
step thp "$@"
step small "$@" --pages 4k
for node in /sys/devices/system/node/node*; do
    echo 210 >"$node/hugepages/hugepages-2048kB/nr_hugepages"
done
step hugetlb "$@" --pages hugetlb
for node in /sys/devices/system/node/node*; do
    echo 0 >"$node/hugepages/hugepages-2048kB/nr_hugepages"
done
step refused refuse EPERM binding "$@" --pages 4k
step release uname -r
END
}

# In $got of a machine with $1 nodes: a CPU node's own memory is on one node, what is interleaved is
# on all, in equal parts within one page in a hundred.
judge() {
    local nodes=$1 kind kinds policies=default\ bind\ preferred\ interleave
    # shellcheck disable=SC2016  # jq's
    local near='.placement.resident == { "\(.cpu_node)": (.placement.resident | add) }'
    local even="(.placement.resident | add) as \$all | (.placement.resident | length) == $nodes
        and all(.placement.resident[]; (. * $nodes / \$all - 1) | fabs <= 0.01)"
    local there='(.placement.resident | add) * 4096 >= 3 * .bytes and .placement.ran_on == [.cpu_node]
        and .placement.proof == "move_pages"'
    case $(out release) in
    [0-5].* | 6.[0-8].*) ;;
    *) policies="$policies weighted-interleave" ;;
    esac
    for kind in thp:thp small:4k hugetlb:hugetlb; do
        kinds=${kind#*:} kind=${kind%:*}
        is "$(rc "$kind")" 0 "$nodes nodes, $kinds: the bench ends well" || diag "$(err "$kind")"
        is "$(records "$kind" | jq -r '[.[] | select(.policy and .status == "ok") | .policy] | unique
            | join(" ")' | tr ' ' '\n' | sort | xargs)" "$(xargs -n 1 <<<"$policies" | sort | xargs)" \
            "$nodes nodes, $kinds: policies measured: $policies"
        is "$(count "$kind" ".policy and .status == \"ok\" and (($there) | not)")" 0 \
            "$nodes nodes, $kinds: every page is proven, and every thread"
        is "$(count "$kind" ".policy and .status == \"ok\" and (.policy | test(\"interleave\") | not) and ($near)")" \
            $((3 * nodes)) "$nodes nodes, $kinds: default, bind and preferred are on the own node"
        is "$(count "$kind" ".policy == \"interleave\" and .status == \"ok\" and ($even)")" "$nodes" \
            "$nodes nodes, $kinds: interleave gives every node its share"
        is "$(count "$kind" '.policy == "interleave" and has("mem_node")')" 0 \
            "$nodes nodes, $kinds: and names no memory node"
        is "$(records "$kind" | jq -c '[.[] | select(.policy == "interleave") | .placement.weights] | unique')" \
            "[$(seq 0 $((nodes - 1)) | sed 's/.*/"&":1/' | paste -sd , | sed 's/.*/{&}/')]" \
            "$nodes nodes, $kinds: its weights are told"
        is "$(count "$kind" ".status == \"ok\" and has(\"pages\") and .pages != \"$kinds\"")" 0 \
            "$nodes nodes, $kinds: these are the pages obtained"
        # The rest of them: on one node, which is the one named.
        is "$(count "$kind" ".status == \"ok\" and .mem_node and .cpu_node and ($placed | not)")" 0 \
            "$nodes nodes, $kinds: all other cells are where they say"
        is "$(count "$kind" '(.status == "ok" or .policy == "weighted-interleave") | not')" 0 \
            "$nodes nodes, $kinds: nothing else is missing"
        if [ "${policies##* }" = interleave ]; then
            is "$(records "$kind" | jq -r '[.[] | select(.policy == "weighted-interleave")
                | "\(.status): \(.reason)"] | unique[]')" \
                "skipped: this kernel has no weighted interleave (6.9 and later have it)" \
                "$nodes nodes, $kinds: weighted interleave is skipped with the reason"
        fi
        # Of all nodes at once: their own memory, and that of each.
        is "$(count "$kind" '.together == "own-nodes" and .status == "ok" and (has("cpu_node") | not)')" 1 \
            "$nodes nodes, $kinds: all nodes at once on their own memory"
        is "$(count "$kind" '.together == "one-node" and .status == "ok" and (has("cpu_node") | not)')" \
            "$nodes" "$nodes nodes, $kinds: and on that of each node"
    done
    is "$(count refused ".policy and .policy != \"default\" and .status == \"ok\"")" 0 \
        "$nodes nodes: no policy is measured where mbind is refused"
    is "$(records refused | jq -r '[.[] | select(.policy and .policy != "default") | .status] | unique[]')" \
        skipped "$nodes nodes: they are skipped"
    like "$(records refused | jq -r '[.[] | select(.policy == "interleave") | .reason] | unique[]')" \
        'the kernel refuses memory policies here' "$nodes nodes: and say why"
    is "$(count refused ".policy == \"default\" and .status == \"ok\" and ($near)")" "$nodes" \
        "$nodes nodes: first touch needs nobody's consent"
}

boot two-nodes < <(script)
judge 2
rm -rf "${got:?}"/*
boot four-nodes < <(script | sed 's/16MiB/8MiB/; s/echo 210/echo 130/')
judge 4
done_testing
