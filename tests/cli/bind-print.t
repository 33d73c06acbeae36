#!/usr/bin/env bash
# Every notation of `bind --print` on recorded machines, as its golden file says, and past whatever
# checker of its format is installed.
#     tests/cli/bind-print.t --renew [NAME]...     writes what is printed now; look at git diff
# A golden file (tests/cli/bind-print/NAME.golden) has a remark, "machine PATH", "options ..", and
# then for each notation "== NAME" with what it prints, what it says, and how it ends.
# shellcheck disable=SC1091
. tests/lib.sh
need tar python3
renew=
[ "${1:-}" != --renew ] || { renew=1 && shift; }
names=("$@")
[ ${#names[@]} -gt 0 ] || for f in tests/cli/bind-print/*.golden; do
    f=${f##*/}
    names+=("${f%.golden}")
done
bind=$BUILD/libexec/numabench/bind
mapfile -t notations < <("$bind" --print list | awk '{ print $1 }')
is "${#notations[@]}" 16 "sixteen notations"

# unpack PATH: prints what --machine takes.
unpack() {
    local to=$TEST_TMP/machines/${1##*/}
    case $1 in
    *.tar*)
        [ -d "$to" ] || { mkdir -p "$to" && tar -xf "$1" -C "$to"; }
        if [ -d "$to/sys" ]; then echo "$to"; else echo "$to"/*; fi
        ;;
    *) echo "$1" ;;
    esac
}
field() { sed -n "s/^$2 //p" "tests/cli/bind-print/$1.golden" | head -n 1; }

# printed NAME MACHINE: all notations; each one's output is kept in printed/NAME/NOTATION.
printed() {
    local notation options status
    mkdir -p "$TEST_TMP/printed/$1"
    read -r -a options <<<"$(field "$1" options)"
    for notation in "${notations[@]}"; do
        local file=$TEST_TMP/printed/$1/$notation
        "$bind" --machine "$2" "${options[@]}" --print "$notation" -- train "two words" >"$file" 2>"$TEST_TMP/said"
        status=$?
        echo "== $notation"
        cat "$file" "$TEST_TMP/said"
        [ $status -eq 0 ] || { echo "ends with $status" && rm "$file"; }
    done
}
for name in "${names[@]}"; do
    golden=tests/cli/bind-print/$name.golden
    path=$(field "$name" machine)
    if [ ! -e "$path" ]; then
        skip "$name: there is no $path"
        continue
    fi
    printed "$name" "$(unpack "$path")" >"$TEST_TMP/now"
    [ -z "$renew" ] || { sed '/^options /q' "$golden" && cat "$TEST_TMP/now"; } >"$TEST_TMP/new"
    [ -z "$renew" ] || cat "$TEST_TMP/new" >"$golden"
    is "$(diff <(sed '1,/^options /d' "$golden") "$TEST_TMP/now")" "" "$name: $(sed -n '1s/^# *//p' "$golden")"
done

# each NOTATION COMMAND..: all that was printed of it, past a checker.
each() {
    local notation=$1 file
    shift
    for file in "$TEST_TMP"/printed/*/"$notation"; do
        [ ! -e "$file" ] || "$@" "$file" >"$TEST_TMP/checked" 2>&1 || {
            diag "$file: $(head -n 20 "$TEST_TMP/checked")"
            return 1
        }
    done
}
for notation in lines numactl hwloc-bind taskset openmp docker podman torchrun openmpi mpich; do
    each $notation sh -n
    ok $? "$notation: a shell takes it"
done
each python python3 -m py_compile
ok $? "python: compiles"

# Two documents; what the kubelet reserves comes to the byte that it asks for; requests are limits.
cat >"$TEST_TMP/kubernetes.py" <<'END'
import sys, yaml
kubelet, pod = yaml.safe_load_all(open(sys.argv[1]))
mebi = lambda text: int(text.removesuffix("Mi"))
assert mebi(kubelet["systemReserved"]["memory"]) + mebi(kubelet["evictionHard"]["memory.available"]) == sum(
    mebi(node["limits"]["memory"]) for node in kubelet["reservedMemory"])
resources = pod["spec"]["containers"][0]["resources"]
assert resources["requests"] == resources["limits"] and int(resources["limits"]["cpu"]) > 0
assert pod["spec"]["containers"][0]["command"] == ["train", "two words"]
END
if python3 -c 'import yaml' 2>/dev/null; then
    each kubernetes python3 "$TEST_TMP/kubernetes.py"
    ok $? "kubernetes: what is reserved adds up, and pods are Guaranteed"
else
    skip "no python3-yaml"
fi
if command -v virt-xml-validate >/dev/null && command -v xmllint >/dev/null; then
    valid() { virt-xml-validate "$1" domain; }
    each libvirt valid
    ok $? "libvirt: virt-xml-validate"
else
    skip "no virt-xml-validate (libvirt-clients)"
fi
# Parsed by the client; then there is no daemon to go on with, or no such image.
while IFS='|' read -r tool create ends; do
    if ! command -v "$tool" >/dev/null; then
        skip "$tool is not installed"
        continue
    fi
    # It goes into a user namespace of its own before it reads anything.
    if [ "$tool" = podman ] && ! ${create% create*} info >"$TEST_TMP/info" 2>&1; then
        skip "podman cannot run here: $(tail -n 1 "$TEST_TMP/info")"
        continue
    fi
    parses() {
        sed -n "s|IMAGE|image|; s|^$tool run|$create|p" "$1" >"$TEST_TMP/line"
        [ -s "$TEST_TMP/line" ] && ! sh -e "$TEST_TMP/line" 2>&1 | grep -vE "$ends"
    }
    each "$tool" parses
    ok $? "$tool: its client takes the options"
done <<END
docker|docker -H unix:///nonexistent create|Cannot connect|failed to connect|See .docker
podman|podman --storage-driver vfs --root $TEST_TMP/podman --runroot $TEST_TMP/podman.run create --pull=never|image: image not known
END
if command -v systemd-analyze >/dev/null; then
    unit_is_clean() {
        local unit=$TEST_TMP/units/gpu.service
        rm -rf "$TEST_TMP/units"
        mkdir -p "$unit.d"
        # Of several GPUs the last drop-in.
        awk '/^# \/etc/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$1" >"$unit.d/gpu.conf"
        printf '[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n' >"$unit"
        SYSTEMD_UNIT_PATH=$TEST_TMP/units systemd-analyze verify --man=no "$unit" >"$TEST_TMP/verified" 2>&1
        ! grep -E 'gpu\.(conf|service)' "$TEST_TMP/verified"
    }
    each systemd unit_is_clean
    ok $? "systemd: systemd-analyze has nothing against it"
else
    skip "systemd-analyze is not installed"
fi
# A numactl that tells its words: every rank has its own, in order.
mkdir "$TEST_TMP/bin"
cat >"$TEST_TMP/bin/numactl" <<'END'
#!/bin/sh
echo "${OMPI_COMM_WORLD_RANK:-$PMI_RANK} $*"
END
chmod 755 "$TEST_TMP/bin/numactl"
while read -r notation run program; do
    if ! command -v "$program" >/dev/null; then
        skip "$program is not installed"
        continue
    fi
    grep "^$run" "$TEST_TMP/printed/demo/$notation" | sed "s/^$run/$program/" >"$TEST_TMP/line"
    out=$(PATH=$TEST_TMP/bin:$PATH OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
        OMPI_MCA_rmaps_base_oversubscribe=1 timeout 60 sh "$TEST_TMP/line" 2>&1 </dev/null | sort)
    is "$out" "$(sed -n 's/^env .* numactl //p' "$TEST_TMP/printed/demo/numactl" | tr -d "'" | awk '{ print NR - 1, $0 }')" \
        "$notation: each rank has its own words of numactl"
done <<'END'
openmpi mpirun mpirun.openmpi
mpich mpiexec mpiexec.mpich
END

# Words that a shell or YAML would take apart arrive as they were given.
machine=$(unpack tests/machines/vm-demo.tar.xz)
# shellcheck disable=SC1003  # that is what is meant
odd=(show "it's" $'two\nlines' '$HOME `x` "y" \' "- a: #b" '*' '')
for tool in taskset numactl; do
    printf '#!/bin/sh\nshift %d\nexec "$@"\n' 2 >"$TEST_TMP/bin/$tool"
    chmod 755 "$TEST_TMP/bin/$tool"
done
printf '#!/bin/sh\nfor word; do printf "<%%s>" "$word"; done\n' >"$TEST_TMP/bin/show"
chmod 755 "$TEST_TMP/bin/show"
for notation in taskset numactl openmp; do
    "$bind" --machine "$machine" --gpu 0 --print $notation -- "${odd[@]}" >"$TEST_TMP/line" 2>/dev/null
    is "$(PATH=$TEST_TMP/bin:$PATH sh "$TEST_TMP/line")" "$(printf '<%s>' "${odd[@]:1}")" "$notation: odd words survive the shell"
done
if python3 -c 'import yaml' 2>/dev/null; then
    "$bind" --machine "$machine" --gpu 0 --print kubernetes -- "${odd[@]}" >"$TEST_TMP/pod" 2>/dev/null
    is "$(python3 -c 'import sys, yaml
print("".join("<%s>" % w for w in list(yaml.safe_load_all(sys.stdin))[1]["spec"]["containers"][0]["command"][1:]))' <"$TEST_TMP/pod")" \
        "$(printf '<%s>' "${odd[@]:1}")" "kubernetes: and YAML"
else
    skip "no python3-yaml"
fi
run bind --machine "$machine" --gpu 0 --print kubernetes -- $'\xff'
is "$rc" 125 "kubernetes: a word that is no UTF-8 is refused"
# Of several bindings Python takes the one of its rank, and does not guess.
"$bind" --machine "$machine" --gpu all --print python >"$TEST_TMP/snippet.py"
run env -u LOCAL_RANK -u SLURM_LOCALID python3 "$TEST_TMP/snippet.py"
is "$rc" 1 "python: without a rank it stops"
like "$err" "^which GPU\\? none of LOCAL_RANK, OMPI_COMM_WORLD_LOCAL_RANK, MPI_LOCALRANKID, SLURM_LOCALID is set" "  and says why"
run env SLURM_LOCALID=8 python3 "$TEST_TMP/snippet.py"
is "$err" "local rank 8: there are 8 bindings" "python: a rank too many, as srun tells it"

# What is wrong with a notation.
run bind --machine "$machine" --gpu 0 --print slurmy
is "$rc" 125 "a notation that there is not: 125"
like "$err" "it is one of list, lines, numactl, .*, openstack" "  and those that there are"
run bind --machine "$machine" --gpu 0,99 --print numactl
is "$rc" 125 "a GPU that there is not: 125"
run bind --machine "$machine" --gpu 0 --print numactl
is "$out" "env CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=0 numactl --physcpubind=0-1 --membind=0 COMMAND" "without a command an example stands for it"
# A rank's GPU is chosen by whoever starts it, unless --isolate chooses.
run env -u CUDA_VISIBLE_DEVICES LOCAL_RANK=1 "$bind" --machine "$machine" --rank auto --print numactl
like "$out" "^numactl --physcpubind=[0-9-]+ --membind=0 COMMAND$" "a rank's line leaves CUDA_VISIBLE_DEVICES alone"
run env -u CUDA_VISIBLE_DEVICES LOCAL_RANK=1 "$bind" --machine "$machine" --rank auto --isolate --print numactl
like "$out" "^env CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=1 numactl --physcpubind=[0-9-]+ --membind=0 COMMAND$" "  and sets it with --isolate"
run bind --machine "$machine" --gpu 0 --need 64GiB --print numactl
is "$rc" 125 "more memory than there is: 125"
like "$err" "64 GiB needed, and no nodes of this machine have so much" "  and says so"
done_testing
