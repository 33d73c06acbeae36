#!/usr/bin/env bash
# mem-bandwidth --list and --kernel: each form of an operation by its name.
. tests/lib.sh
need jq

run mem-bandwidth --list
is "$rc" 0 "mem-bandwidth --list ends well"
for op in read fill copy scale add triad update; do
    like "$out" "^$op-portable +[0-9]+ bytes an element, about +[0-9]+ on the bus\$" "--list has $op in its portable form"
done
like "$out" '^triad-portable +24 bytes an element, about 32 on the bus' "with what write-allocation adds"
is "$(awk '{ print $1 }' <<<"$out" | sort | uniq -d)" "" "no name stands there twice"
usable=$(awk '/^triad/ && !/not here/ { print $1 }' <<<"$out" | tail -n 1)

for kernel in copy-portable "$usable"; do
    run mem-bandwidth --kernel "$kernel" --size 1MiB --rounds 2 --json --nodes 0
    is "$rc" 0 "--kernel $kernel measures"
    is "$(jq -rs '[.[].records[]? | "\(.metric) \(.kernel) \(.verified)"] | unique[]' <<<"$out")" \
        "${kernel%%-*} $kernel true" "that operation in that form, and nothing else"
done

run mem-bandwidth --kernel triad --dry-run
is "$rc" 2 "--kernel with an unknown name is wrong usage"
like "$err" 'kernel triad: there is none; --list names them' "and says where the names are"
run mem-bandwidth --kernel ""
is "$rc" 2 "--kernel without a name, too"

run mem-bandwidth --size 1MiB --rounds 1 --json --nodes 0
is "$rc" 0 "without --kernel it chooses"
is "$(jq -rs '[.[].records[]? | . as $r | select(.kernel and (.kernel | startswith("\($r.metric)-") | not))] | length' <<<"$out")" 0 \
    "every figure names a form of its operation"
is "$(jq -rs '[.[].records[]?.metric] | unique | length' <<<"$out")" 7 "for all seven operations"
done_testing
