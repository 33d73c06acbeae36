"""What is measured side by side: numabench and its peers, each as a function that makes one turn
and returns bytes per second (as STREAM counts them), by operation and by method.

A turn of a method is PASSES passes over arrays of SIZE bytes in all (each of the threads has its
part), and its figure the mean rate of them, since that is what all peers can tell."""
import json
import os
import re
import shutil
import subprocess
import sys

MIB = 1 << 20
PASSES = 4
LOADS = 250000  # of a chase's pass: about 30 ms, as mem-latency's samples


class Broken(Exception):
    """A program that cannot be run, or said what is not understood."""


def output(command, cpus, good=(0,)):
    """stdout of a command on these CPUs that ended well."""
    command = ["taskset", "-c", ",".join(map(str, cpus))] + command
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, timeout=600, check=False)
    if done.returncode not in good:
        last = (done.stderr.strip() or done.stdout.strip() or "nothing said").splitlines()[-1]
        raise Broken(f"{' '.join(command)}: ended with {done.returncode}: {last}")
    return done.stdout + done.stderr


def number(text, pattern, what):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise Broken(f"{what} did not print what looks like {pattern}")
    return float(found.group(1))


def mean_rate(samples):
    """Bytes over seconds of passes that are equally long in bytes."""
    return len(samples) / sum(1 / s for s in samples)


# ---- numabench ----

OURS = {"triad": "triad", "copy": "copy", "read": "read", "fill": "write"}


def records(program, options, cpus):
    # 3: unstable, say for the cores were moved meanwhile; whether that counts the round decides.
    for line in output([program, "--json"] + options, cpus, good=(0, 3)).splitlines():
        for record in json.loads(line).get("records", []) if line.startswith("{") else []:
            yield record


def numabench_bandwidth(job):
    """The fastest form of each operation, as users get it."""
    figures = {}
    options = ["--rounds", str(PASSES), "--budget", "60", "--size", str(job.size), "--pages",
               job.pages, "--seed", str(job.seed)]
    for r in records(f"{job.build}/libexec/numabench/mem-bandwidth", options, job.cpus):
        if r.get("threads") != len(job.cpus) or r["metric"] not in OURS:
            continue
        if r.get("status") not in ("ok", "unstable") or r.get("pages") != job.pages:
            raise Broken(f"mem-bandwidth: {r['metric']}: {r.get('status')}, {r.get('pages')} pages:"
                         f" {r.get('reason', '')}")
        # What wrote last is compared with its definition (results/README.md: verified).
        if not r.get("verified"):
            raise Broken(f"mem-bandwidth: {r['metric']} was not verified")
        figures[OURS[r["metric"]]] = {r["kernel"]: mean_rate(r["samples"])}
    missing = sorted(set(OURS.values()) - set(figures))
    if missing:
        raise Broken(f"mem-bandwidth: no figure for {', '.join(missing)}")
    return figures


def numabench_latency(job):
    options = ["--quick", "--rounds", "2", "--budget", "60", "--size", str(job.size), "--seed",
               str(job.seed)]
    for r in records(f"{job.build}/libexec/numabench/mem-latency", options, job.cpus):
        if r["metric"] == "latency" and r.get("pages") == "thp" and r.get("samples"):
            return sum(r["samples"]) / len(r["samples"])
    raise Broken("mem-latency: no figure on transparent huge pages: are there any free?")


def chase_peer(job):
    """Seconds a load, the mean of two passes, as mem-latency's two samples."""
    text = output([f"{job.build}/tests/helpers/chase-peer", str(job.size), str(LOADS), "2",
                   str(job.cpus[0])], job.cpus)
    passes = [float(ns) * 1e-9 for ns in re.findall(r"^([\d.]+) ns", text, re.MULTILINE)]
    if len(passes) != 2:
        raise Broken("chase-peer did not print two passes")
    return sum(passes) / len(passes)


def round_trips(build, cpus):
    """Seconds to pass a line between each CPU and the one before it in the list."""
    return [2e-9 * number(output([f"{build}/tests/helpers/round-trip", str(a), str(b)], [a, b]),
                          r"([\d.]+) ns", "round-trip")
            for a, b in zip(cpus, cpus[1:])]


# ---- likwid-bench: its stream_* is STREAM's triad; prints the mean of its iterations ----

LIKWID = {"triad": ("stream_mem", 3), "copy": ("copy_mem", 2), "read": ("load", 1),
          "write": ("store_mem", 1)}


def widest():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        flags = set(f.read().split())
    return "avx512" if "avx512f" in flags else "avx" if "avx" in flags else "sse"


def likwid_missing(job):
    if os.uname().machine != "x86_64":
        return f"its kernels for {os.uname().machine} are not known here"
    if job.cpus[0] != 0:
        return "it starts at CPU 0, which may not be used here"
    return None


def likwid(job):
    figures = {}
    for op, (kernel, arrays) in LIKWID.items():
        name = f"{kernel}_{widest()}"
        text = output(["likwid-bench", "-t", name, "-i", str(PASSES), "-W",
                       f"S0:{arrays * job.size // 1000}kB:{len(job.cpus)}"], job.cpus)
        used = sorted(int(cpu) for cpu in re.findall(r"Thread \d+ running on hwthread (\d+)", text))
        if used != sorted(job.cpus):
            raise Broken(f"likwid-bench ran on CPUs {used}, not {job.cpus}")
        figures[op] = {name: number(text, r"^MByte/s:\s*([\d.]+)", "likwid-bench") * 1e6}
    return figures


# ---- stress-ng memrate: two dozen loops one after another, the mean of their passes; each instance
# takes its own time, and they are added up as if they had always run at once ----

def stress_ng(job):
    n = len(job.cpus)
    text = output(["stress-ng", "--memrate", str(n), "--memrate-bytes", str(job.size // n),
                   "--memrate-ops", str(PASSES * n), "--timeout", "300", "--metrics-brief"],
                  job.cpus)
    figures = {"read": {}, "write": {}}
    for rate, method in re.findall(r"memrate\s+([\d.]+) (\w+) MB per sec", text):
        op = "read" if method.startswith("read") else "write"
        figures[op]["memrate " + method] = float(rate) * MIB * n
    if not figures["read"] or not figures["write"]:
        raise Broken("stress-ng did not print the rates of memrate")
    return figures


# ---- sysbench memory: each thread in a block of its own, words of 8 bytes. It writes the thread's
# number, and reads zeros ----

def sysbench(job):
    n = len(job.cpus)
    figures = {}
    for op in ("read", "write"):
        text = output(["sysbench", "memory", f"--threads={n}", "--memory-scope=local",
                       f"--memory-block-size={job.size // n}",
                       f"--memory-total-size={job.size * PASSES}", f"--memory-oper={op}", "run"],
                      job.cpus)
        figures[op] = {"memory": number(text, r"\(([\d.]+) MiB/sec\)", "sysbench") * MIB}
    return figures


# ---- mbw: counts a copied byte once; prints every pass of memcpy, a loop, memcpy in blocks ----

def mbw_missing(job):
    return "it has one thread" if len(job.cpus) > 1 else None


def mbw(job):
    text = output(["mbw", "-q", "-a", "-n", str(PASSES), str(job.size // MIB)], job.cpus)
    passes = {}
    for method, rate in re.findall(r"Method: (\w+)\s.*Copy: ([\d.]+) MiB/s", text):
        passes.setdefault(method.lower(), []).append(2 * float(rate) * MIB)
    if not passes:
        raise Broken("mbw did not print its passes")
    return {"copy": {method: mean_rate(rates) for method, rates in passes.items()}}


# name: the command it needs, the Debian package that has it, why it cannot be used for a job
PEERS = {
    "likwid-bench": (likwid, "likwid", likwid_missing),
    "stress-ng": (stress_ng, "stress-ng", None),
    "sysbench": (sysbench, "sysbench", None),
    "mbw": (mbw, "mbw", mbw_missing),
}


def usable(job, say):
    """The functions of this job's programs by name; tells why others are left out."""
    programs = {"numabench": numabench_bandwidth}
    for name, (function, package, missing) in PEERS.items():
        why = missing(job) if missing else None
        if not shutil.which(name):
            why = f"it is not installed (Debian: {package})"
        if why:
            say(f"{name}, {len(job.cpus)} threads: skipped, {why}")
        else:
            programs[name] = function
    return programs


if __name__ == "__main__":
    sys.exit("these are parts of tests/fidelity/run")
