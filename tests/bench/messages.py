#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages from daemon to daemon over nng on loopback, each durable on both sides before it
is answered; the same while 1,000 gateways are connected; what one of those costs.
BERTH_MESSAGES (2000) in each row, BERTH_GATEWAYS (1000)."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from agent import pss_kib  # noqa: E402
from agents import BUILD, free_port, wait_for  # noqa: E402
from couriers import Pair  # noqa: E402

N = int(os.environ.get("BERTH_MESSAGES", 2000))
GATEWAYS = int(os.environ.get("BERTH_GATEWAYS", 1000))
THREADS = 16
SIZE = 300
# both are at one address, and none has more than half of the requests
LIMITS = {"listen": {"connections": 2 * GATEWAYS, "requests-at-once": 2 * GATEWAYS + 96, "requests-per-second": 100000},
          "egress": {"requests-per-second": 100000}}
HERE = (BUILD / "tests/courier").resolve()


def row(what, value, unit, floor=None, note=""):
    ratio = "" if floor is None else f"{floor:.4g} {unit} | {value / floor:.2f}"
    print(f"| {what} | {value:.4g} {unit} | {ratio or ' | '} | {note} |", flush=True)


def one_floor():
    with tempfile.TemporaryDirectory(prefix="berth.") as d:
        out = subprocess.run([str(HERE / "floor"), d, str(free_port()), "300"], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)


def floor():
    """The disk is everybody's: the median of three."""
    runs = [one_floor() for _ in range(3)]
    return {k: statistics.median(r[k] for r in runs) for k in runs[0]}


def left_to_send(pair):
    return pair.agents[0].waiting()


def cpu_s(agent):
    """Of all its processes, so far."""
    total = 0
    for pid in agent.pids().values():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def one_at_a_time(pair, n):
    """The next one when the one before has been acknowledged."""
    pair.came(1)
    began = time.monotonic()
    for _ in range(n):
        pair.agents[0].send(pair.dids[1], 0, 1, SIZE)
        while left_to_send(pair):
            pass
    took = time.monotonic() - began
    return n / took, pair.came(1)["us"]


def many(pair, n, at_once=20, room=200):
    """As fast as they go: the outbox is never empty and never full."""
    pair.came(1)
    began, sent = time.monotonic(), 0
    while sent < n:
        if left_to_send(pair) > room - at_once:
            time.sleep(0.005)
        else:
            pair.agents[0].send(pair.dids[1], sent // at_once % THREADS, at_once, SIZE)
            sent += at_once
    wait_for(lambda: left_to_send(pair) == 0, "the outbox", 120, 0.005)
    return n / (time.monotonic() - began), pair.came(1)["us"]


def paced(pair, rate, n):
    """At so many a second, whatever becomes of them."""
    pair.came(1)
    began = time.monotonic()
    for i in range(n):
        pair.agents[0].send(pair.dids[1], i % THREADS, 1, SIZE)
        time.sleep(max(0, began + (i + 1) / rate - time.monotonic()))
    wait_for(lambda: left_to_send(pair) == 0, "the outbox", 120, 0.005)
    return pair.came(1)["us"]


def p(us, percent):
    return sorted(us)[min(len(us) - 1, len(us) * percent // 100)] / 1000


def rows(pair, what, bare):
    serial, us = one_at_a_time(pair, N // 10)
    row(f"{what}one at a time: from the command to the acknowledgement", 1e6 / serial, "us", bare["both"],
        "an API call and a question for the status each")
    row(f"{what}one at a time: from the command to the receiver's step, median", statistics.median(us), "us", bare["both"])
    before = [cpu_s(a) for a in pair.agents]
    fast, us = many(pair, N)
    cost = [(cpu_s(a) - b) / N * 1e6 for a, b in zip(pair.agents, before)]
    row(f"{what}as fast as they go", fast, "/s", 1e6 / bare["both"], "8 under way at most")
    row(f"{what}CPU for a message, all processes of both", sum(cost), "us", None, f"sender {cost[0]:.0f}, receiver {cost[1]:.0f}")
    us = paced(pair, fast / 2, N // 2)
    row(f"{what}at half of that: median", p(us, 50), "ms")
    row(f"{what}at half of that: p99", p(us, 99), "ms", bare["p99"] / 1000)
    return fast


def weigh(agent):
    return {name: pss_kib(pid) for name, pid in agent.pids().items()}


def crowd(pair, port):
    did = pair.dir / "did"
    did.write_text(pair.dids[1])
    return subprocess.Popen([str(HERE / "crowd"), str(port), str(GATEWAYS), "30", str(did)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def connections(pid):
    return sum(os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:") for fd in os.listdir(f"/proc/{pid}/fd"))


def with_gateways(pair, bare):
    right = pair.agents[1]
    before, had = weigh(right), connections(right.pids()["netd"])
    c = crowd(pair, right.port)
    try:
        for line in c.stdout:
            if line.startswith("connected"):
                break
        time.sleep(5)
        there = connections(right.pids()["netd"]) - had
        after = weigh(right)
        each = {k: (after[k] - before[k]) / max(there, 1) for k in after if k in before}
        row(f"{there} gateways connected: PSS for each, all processes", sum(each.values()), "KiB", None,
            " ".join(f"{k} {v:.2f}" for k, v in each.items()))
        rows(pair, f"{there} gateways connected, ", bare)
    finally:
        c.stdin.close()
        c.wait(10)


def main():
    bare = floor()
    print("\n| messages, daemon to daemon, durable on both sides | measured | floor | ratio | |\n|---|---|---|---|---|")
    row("the floor: nng REQ/REP echo of 2 KiB", bare["echo"], "us")
    row("the floor: SQLite commit with sync of 2 KiB", bare["commit"], "us")
    row("the floor: commit, echo with commit", bare["both"], "us")
    pair = Pair(1, proxied=False, env={"deadline_ms": 60000}, options=LIMITS)
    try:
        rows(pair, "", bare)
        with_gateways(pair, bare)
    finally:
        pair.close()


if __name__ == "__main__":
    main()
