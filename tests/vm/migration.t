#!/usr/bin/env bash
# Moving threads and pages for real: threads are where they should be in every window, every page
# is where the calls left it, held ones too, the kernel's balancing brings pages along, what is
# refused says by whom, and the sysctl is switched back whoever is killed.
. tests/vm/lib.sh
[ ! -x "$BUILD/sim/bin/numabench" ] || scenario two-nodes
boot two-nodes <<'END'
set -- --rounds 1 --json
for how in '' mlock io-uring; do
    for call in move-pages migrate-pages; do
        step "$call-$how" move-pages $call 0 1 $how
    done
done
step forked move-pages forked 0 1
step quick migration --quick --dry-run --json
step pages migration --only pages --size 4MiB --budget 300 "$@"
echo 4 >/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages
echo 4 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
step hugetlb migration --only pages --pages hugetlb --size 4MiB --budget 300 "$@"
# The simulated driver pins what is registered, as a real one does.
[ ! -d sim ] || step registered $sim/migration --only pages --size 2MiB --budget 300 "$@"
step threads migration --only threads --quick --size 4MiB --budget 60 "$@"

# Refusals: of a filter, of the kernel, for want of a node, and by a cpuset.
for error in EPERM ENOSYS EACCES; do
    step "filter-$error" refuse $error move-pages migrate-pages 0 1
    step "filter-list-$error" refuse $error asking move-pages move-pages 0 1
done
step right move-pages other 1 0 1
step none move-pages move-pages 0 5
step none-process move-pages migrate-pages 0 5
step filtered refuse EPERM binding migration --only pages --size 2MiB --budget 300 "$@"
mkdir /sys/fs/cgroup/half
echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
echo 0 >/sys/fs/cgroup/half/cpuset.mems
within() { sh -c 'echo $$ >/sys/fs/cgroup/half/cgroup.procs; exec "$@"' sh "$@"; }
step cpuset within migration --only pages "$@"
step cpuset-list within move-pages move-pages 0 1
step cpuset-process within move-pages migrate-pages 0 1

# The kernel does it, where it may.
mode() { cat /proc/sys/kernel/numa_balancing; }
step off migration --only balancing "$@"
step balancing migration --only balancing --allow-sysctl --size 4MiB --budget 40 "$@"
step mode mode
killed() {
    migration --only balancing --allow-sysctl --size 4MiB --budget 40 "$@" &
    for i in $(seq 100); do
        [ "$(mode)" = 0 ] || break
        usleep 100000
    done
    mode
    kill -9 $!
    for i in $(seq 50); do
        [ "$(mode)" != 0 ] || break
        usleep 100000
    done
    mode
}
step killed killed "$@"
END

# With --quick all parts of one pair, within 8 s by what they take on servers.
is "$(records quick | jq -r '[.[] | select(.mem_node == 0 and .to_node == 1) | .phase // .metric] | unique | join(" ")')" \
    'after before call-time page-rate page-time refill-time returned settled transient-time' "--quick: threads and pages of one pair"
is "$(records quick | jq '[.[] | select((.to_node // 1) != 1)] | length')" 0 "--quick: and of no other"
ok test "$(jq -r 'select(.note) | .note' "$got/quick.out" | sed -n 's/.*rounds of all take about \([0-9]*\) s/\1/p')" -le 8 \
    -- "--quick: it takes 8 s at the most, by what is known before"

refused() { jq -r '.refused' "$got/$1.out" 2>&1; }
why() { jq -r '.why' "$got/$1.out" 2>&1; }
for call in move-pages migrate-pages; do
    is "$(counted $call-)" 'taken 0:1000,1:500 1:1500' "$call: every page is on the other node"
    is "$(counted $call-mlock)" 'taken 0:1000,1:500 1:1500' "$call: locked ones (mlock) move with the others"
    is "$(counted $call-io-uring)" 'taken 0:1000,1:500 0:250,1:1250' \
        "$call: the 250 that io_uring has registered stay, and only these"
done

is "$(counted forked)" 'taken 0:1000,1:500 0:1000,1:500' "migrate-pages of a child: what its parent shares stays"

is "$(rc pages)" 0 "pages: the bench ends well" || diag "$(err pages)"
ok='.mover and .status == "ok"'
is "$(records pages | jq -r "[.[] | select($ok) | \"\(.mem_node)>\(.to_node) \(.mover) \(.pages_asked) \(.locked // \"free\")\"]
    | unique | length")" 10 "pages: both calls, small and huge, both ways; held ones one way"
is "$(count pages ".mover and (.status == \"ok\" | not) and .locked != \"registered\"")" 0 "pages: nothing else"
like "$(records pages | jq -r '.[] | select(.locked == "registered") | .reason')" 'no GPU' \
    "pages: what a GPU registers is skipped with the reason"
is "$(count pages "$ok and (($pages_moved) | not)")" 0 "pages: all are proven before, on the node that they leave"
# shellcheck disable=SC2016
is "$(count pages "$ok and .locked != \"io-uring\" and (($pages_moved and .moved == 1 and \$m.after == {(\$to): \$all}
    and \$m.moved == \$all and \$m.stayed == 0 and \$m.pgmigrate_success >= \$all) | not)")" 0 \
    "pages: all are proven after, on the node that they go to, and the kernel has counted them"
# shellcheck disable=SC2016
is "$(count pages "$ok and .locked == \"io-uring\" and ($pages_moved and .moved == 0 and .median == 0
    and \$m.after == {(\$from): \$all} and \$m.stayed == \$all and \$m.pgmigrate_fail >= \$all
    and \$m.let_go == {(\$to): \$all})")" 1 "pages: registered with io_uring they stay, and go when let go"
is "$(count pages "$ok and .pages_asked == \"thp\" and (.pages == \"thp\" and .page_moves.pages_after == \"thp\"
    and .page_moves.thp_migration_success == .bytes / 2097152 | not)")" 0 "pages: huge pages move whole"
is "$(count pages "$ok and .locked != \"io-uring\" and (.median > 0 | not)")" 0 "pages: each has a rate and a time"

is "$(count hugetlb '.pages_asked == "hugetlb" and .status == "ok" and .pages == "hugetlb" and .moved == 1
    and .page_moves.after == { "1": 1024 }')" 2 "pages: hugetlb pages move, their rate and time"

if [ -d "$work/sim" ]; then
    # shellcheck disable=SC2016
    is "$(count registered "$ok and .locked == \"registered\" and .gpu == 0 and ($pages_moved and .moved == 0
        and \$m.after == {(\$from): \$all} and \$m.let_go == {(\$to): \$all})")" 1 \
        "pages: what a GPU has registered stays, and goes when let go" || diag "$(err registered)"
else
    skip "no simulator in $BUILD/sim (a build without CUDA?)"
fi

# 3: the rest of the guest had the processor too often, which is said.
is "$(rc threads)" "$([ "$(count threads '.status == "unstable"')" = 0 ] && echo 0 || echo 3)" \
    "threads: the bench ends well" || diag "$(err threads)"
# Whether a rate settles is up to who else has the processor; where threads and pages are is not.
is "$(records threads | jq -r '[.[] | select(.timeline) | .metric] | sort | join(" ")')" 'bandwidth latency' \
    "threads: a time line of bandwidth, and one of latency"
is "$(count threads '.status == "ok" or .status == "skipped" or .status == "unstable" | not')" 0 \
    "threads: nothing misplaced, nothing failed" ||
    diag "$(records threads | jq -c '.[] | del(.timeline)')"
is "$(records threads | jq "$windows | map(select(.cpu_node != .want)) | length")" 0 \
    "threads: in every window they are on their node"
ok test "$(records threads | jq "$windows | map(.home) | [(map(select(.)) | length), (map(select(. | not)) | length)] | min")" -ge 8 \
    -- "threads: and there are windows of both"
is "$(count threads '.phase and .placement and (.placement.resident | keys) != [.mem_node | tostring]')" 0 \
    "threads: their pages have stayed"

for error in EPERM ENOSYS EACCES; do
    is "$(refused filter-$error) $(refused filter-list-$error)" 'filtered filtered' "$error of a filter is the filter's"
done
is "$(refused right)" no-right "pages of another user's process: the kernel wants the right to"
is "$(refused none) $(refused none-process)" 'no-such-node no-such-node' "a node that is not there"
is "$(refused cpuset-list) $(refused cpuset-process)" 'cpuset cpuset' "a cpuset that forbids the node is told from all these"
like "$(why cpuset-list)" 'node 1 by move_pages: the cpuset of this process allows memory of nodes 0 only' \
    "and says what it allows"
is "$(records filtered | jq -r '[.[] | select(.mover and .locked != "registered") | "\(.mover) \(.status)"] | unique | join(", ")')" \
    'migrate-pages skipped, move-pages ok' "the call that is refused is skipped, the other one measured"
like "$(records filtered | jq -r '.[] | select(.mover == "migrate-pages") | .reason')" \
    'by migrate_pages: a filter of system calls \(seccomp\)' "with the reason"
is "$(records cpuset | jq -r '[.[] | select(.mover) | "\(.mem_node)>\(.to_node) \(.status)"] | join(" ")')" '0>1 skipped' \
    "in that cpuset the move to the other node is skipped"
like "$(records cpuset | jq -r '.[].reason')" 'cpuset of this process allows memory of nodes 0 only' "with the reason"

is "$(records off | jq -r '[.[] | select(.mover) | .status] | unique[]')" skipped "balancing is off: skipped"
like "$(records off | jq -r '.[].reason')" 'is off \(kernel.numa_balancing\); --allow-sysctl' "and how to have it measured"
is "$(rc balancing)" 0 "balancing: the bench ends well" || diag "$(err balancing)"
# Any speed will do; the direction and the counters must be right.
# shellcheck disable=SC2016
is "$(count balancing '.mover == "balancing" and .balancing and (.to_node | tostring) as $to |
    .balancing.after[$to] > 0 and .moved > 0 and .balancing.numa_pages_migrated >= .balancing.after[$to]
    and .balancing.numa_hint_faults > 0')" 1 "balancing: pages came after the threads, and the kernel has counted them"
# shellcheck disable=SC2016
is "$(count balancing '.timeline.windows | length > 10 and ([.[] | select(.start < -0.1) | .share] | unique) == [0]
    and ([.[] | select(.straddles | not) | select(.share) | .share] | last) > 0')" 1 \
    "balancing: the time line has the share, from none on"
is "$(records balancing | jq "$windows | map(select(.cpu_node != .want)) | length")" 0 \
    "balancing: the threads are on their node in every window"
is "$(count balancing '.mover == "balancing" and .placement and (.placement.resident | keys) == [.mem_node | tostring] and .verified')" 1 \
    "balancing: all pages began on the old node, and hold what they should"
# shellcheck disable=SC2016
is "$(count balancing '.phase == "followed" and .mover == "balancing" and .status == "ok" and
    ((.to_node | tostring) as $to | .median > 0 and .placement.ran_on == [.to_node]
    and .placement.resident[$to] >= 0.99 * (.placement.resident | add) | not)')" 0 \
    "balancing: the rate after it is that of pages and threads on the new node"
is "$(out mode)" 0 "balancing: the sysctl is switched back"
is "$(tail -n 2 "$got/killed.out" | tr '\n' ' ')" '1 0 ' "kill -9 while it is on: it is switched back"

done_testing
