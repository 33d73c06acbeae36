"""The arithmetic of tests/fidelity/run: from rounds to ratios, intervals, bars and shares. It
measures nothing; tests/cli/fidelity.t gives it rounds whose outcome is known."""
import math
import textwrap

# Where the time of a round trip between two cores changed by more than this factor within a round
# (bench/kernels/fingerprint.c says where it comes from), the cores were moved meanwhile.
CHANGED = 2.0
ROUNDS_LEAST = 6  # fewer make no interval
OPERATIONS = ("copy", "triad", "read", "write")
SPREAD = {"mem-bandwidth": 0.03, "mem-latency": 0.05}
ALIKE_LEAST, UNSTABLE_MOST = 0.90, 0.25
LATENCY_OFF = 0.02


def bar_of(operation, threads):
    """What the lower end of the ratio's interval must reach."""
    return 1.0 if threads == 1 and operation != "write" else 0.97


def median(v):
    v = sorted(v)
    middle = len(v) // 2
    return v[middle] if len(v) % 2 else (v[middle - 1] + v[middle]) / 2


def interval(v):
    """Of the median, at 95 %, free of any distribution: the k-th value from either end, as in
    lib/result/statistics.c. None below six values."""
    n, k, below = len(v), 0, 0.0
    while k < n and below + math.comb(n, k) / 2**n <= 0.025:
        below += math.comb(n, k) / 2**n
        k += 1
    v = sorted(v)
    return (v[k - 1], v[n - k]) if k else None


def moved(r):
    """Whether the cores of a round were moved in it."""
    return any(not 1 / CHANGED <= after / before <= CHANGED
               for before, after in zip(*r["trips"]))


def kept(rounds, kind, threads=None):
    return [r for r in rounds
            if r["kind"] == kind and r.get("threads") == threads and not moved(r)]


def paired(ours, theirs):
    """Medians of both and of the ratio within each round, with its interval."""
    ratios = [a / b for a, b in zip(ours, theirs)]
    low, high = interval(ratios) or (None, None)
    return {"ours": median(ours), "theirs": median(theirs), "ratio": median(ratios), "low": low,
            "high": high, "rounds": len(ratios)}


def methods_of(rounds, operation):
    """The figures of each peer's method, where it is there in every round."""
    found = {}
    for r in rounds:
        for peer, methods in r["figures"].get(operation, {}).items():
            for method, rate in methods.items() if peer != "numabench" else ():
                found.setdefault((peer, method), []).append(rate)
    return {key: v for key, v in found.items() if len(v) == len(rounds)}


def best_ours(r, operation):
    """The form of an operation is chosen anew in every turn; its figure is the best of them."""
    return max(r["figures"][operation]["numabench"].values())


def bandwidth_rows(rounds, threads):
    """One for each operation and peer, with the best of the peer's methods: that whose median over
    the rounds is highest, so that luck in single rounds chooses none. The first is the best peer's,
    on which the bar is."""
    rows = []
    rounds = kept(rounds, "bandwidth", threads)
    for operation in OPERATIONS:
        best = {}
        for (peer, method), rates in methods_of(rounds, operation).items():
            if peer not in best or median(rates) > median(best[peer][1]):
                best[peer] = (method, rates)
        order = sorted(best, key=lambda peer: -median(best[peer][1]))
        for peer in order:
            method, rates = best[peer]
            row = {"operation": operation, "threads": threads, "peer": peer, "method": method}
            row.update(paired([best_ours(r, operation) for r in rounds], rates))
            if peer == order[0]:
                row["bar"] = bar_of(operation, threads)
                row["met"] = None if row["low"] is None else row["low"] >= row["bar"]
            rows.append(row)
    return rows


def latency_row(rounds):
    rounds = kept(rounds, "latency")
    if not rounds:
        return None
    row = paired([r["figures"]["numabench"] for r in rounds],
                 [r["figures"]["chase-peer"] for r in rounds])
    row["bar"] = LATENCY_OFF
    row["met"] = None if row["low"] is None else abs(row["ratio"] - 1) <= LATENCY_OFF
    return row


def spread_row(first, second):
    """Of the cells that have a figure in both of two runs: how many are marked unstable in one of
    them, and of the others how many medians are alike."""
    cells = [(name, first[name], second[name]) for name in first if name in second]
    if not cells:
        return None
    steady = [(name, a, b) for name, a, b in cells if not a["unstable"] and not b["unstable"]]
    apart = {name: abs(a["median"] - b["median"]) / min(a["median"], b["median"])
             for name, a, b in steady}
    unlike = {name: off for name, off in apart.items() if off > SPREAD[name.split(":")[0]]}
    alike = 1 - len(unlike) / len(steady) if steady else None
    unstable = 1 - len(steady) / len(cells)
    return {"cells": len(cells), "unstable": unstable, "alike": alike, "unlike": unlike,
            "met": alike is not None and alike >= ALIKE_LEAST and unstable <= UNSTABLE_MOST}


def judge(rounds):
    """All of it. met: True, False, or None where too little was measured to say."""
    spread = [r for r in rounds if r["kind"] == "spread"]
    report = {
        "bandwidth": [row for threads in sorted({r["threads"] for r in rounds
                                                 if r["kind"] == "bandwidth"})
                      for row in bandwidth_rows(rounds, threads)],
        "latency": latency_row(rounds),
        "spread": spread_row(*spread[-1]["runs"]) if spread else None,
        "left_out": sum(1 for r in rounds if r["kind"] != "spread" and moved(r)),
    }
    verdicts = [row["met"] for row in report["bandwidth"] if "bar" in row]
    verdicts += [report[k]["met"] if report[k] else None for k in ("latency", "spread")]
    report["met"] = False if False in verdicts else None if None in verdicts else True
    return report


# ---- the table ----

WORDS = {True: "met", False: "NOT MET", None: "too few rounds"}


def ends(row):
    return f"{row['low']:.3f}-{row['high']:.3f}" if row["low"] is not None else "none"


def print_bandwidth(rows, threads):
    print(f"\nBandwidth, {threads} {'thread' if threads == 1 else 'threads'}, GB/s,"
          f" {rows[0]['rounds']} rounds\n"
          "          ours  theirs  ratio  95 % interval  peer")
    for row in rows:
        print(f"  {row['operation']:5} {row['ours'] / 1e9:7.2f} {row['theirs'] / 1e9:7.2f}"
              f" {row['ratio']:6.3f} {ends(row):>14}  {row['peer']} {row['method']}")
        if "bar" in row:
            print(f"        interval from {row['bar']:.2f} on: {WORDS[row['met']]}")


def print_report(report):
    for threads in sorted({row["threads"] for row in report["bandwidth"]}):
        print_bandwidth([row for row in report["bandwidth"] if row["threads"] == threads], threads)
    row = report["latency"]
    if row:
        print(f"\nLatency, ns, {row['rounds']} rounds\n"
              "          ours  theirs  ratio  95 % interval  peer\n"
              f"        {row['ours'] * 1e9:6.1f} {row['theirs'] * 1e9:7.1f} {row['ratio']:6.3f}"
              f" {ends(row):>14}  chase-peer\n"
              f"        ratio within {LATENCY_OFF:.0%} of 1: {WORDS[row['met']]}")
    row = report["spread"]
    if row:
        alike = "none is steady" if row["alike"] is None else f"{row['alike']:.0%}"
        print(f"\nTwo runs, {row['cells']} cells\n"
              f"  unstable              {row['unstable']:.0%}, at most {UNSTABLE_MOST:.0%}\n"
              f"  of the others, alike  {alike}, at least {ALIKE_LEAST:.0%} (bandwidth within"
              f" {SPREAD['mem-bandwidth']:.0%}, latency {SPREAD['mem-latency']:.0%})\n"
              f"  {WORDS[row['met']]}")
        for name, off in sorted(row["unlike"].items(), key=lambda item: -item[1]):
            print(textwrap.fill(f"apart by {off:.1%}: {name}", 80, initial_indent=" " * 4,
                                subsequent_indent=" " * 6))
    print(f"\nRounds left out, for the cores were moved in them: {report['left_out']}")
    print({True: "All bars are met.", False: "NOT all bars are met.",
           None: "Too little was measured for a verdict on all bars."}[report["met"]])
