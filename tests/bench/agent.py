#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole agent against its budgets: memory of all its processes, time to start,
size on disk, one onboarding, idle disk writes.  BERTH_IDLE_S (60): how long an agent
is left alone before it is weighed."""
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from agents import BUILD, Agent, Tpm, World  # noqa: E402

IDLE_S = int(os.environ.get("BERTH_IDLE_S", 60))
STARTS = 15


def row(what, value, budget, unit):
    verdict = "" if budget is None else f"{budget} {unit} | {value / budget:.2f} {'met' if value <= budget else 'MISSED'}"
    print(f"| {what} | {value:.4g} {unit} | {verdict or ' | '} |", flush=True)


def pss_kib(pid):
    return int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))


def private_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(map(int, re.findall(r"^Private_\w+:\s+(\d+)", text, re.M)))


def alone_kib(pids):
    """What it would be if nothing else on the machine mapped the same files: private
    memory, and each page of a file that any of ours has touched, once."""
    shared = {}
    for pid in pids:
        for part in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", pathlib.Path(f"/proc/{pid}/smaps").read_text(), flags=re.M)[1:]:
            head = part.split("\n", 1)[0].split()
            key = (head[5] if len(head) > 5 else "", head[2], head[1])
            n = sum(map(int, re.findall(r"^Shared_\w+:\s+(\d+)", part, re.M)))
            shared[key] = max(n, shared.get(key, 0))
    return sum(shared.values()) + sum(map(private_kib, pids))


def written(pids):
    return sum(int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{p}/io").read_text(), re.M).group(1)) for p in pids)


def ready_ms(agent):
    """From fork to the line that says so; what a service manager sees."""
    agent.write()
    began = time.monotonic()
    with open(agent.logfile, "wb") as log:
        agent.p = subprocess.Popen([str(BUILD / "bin/berthd"), "--config", str(agent.conf)], stderr=log)
    while b'"ready"' not in agent.logfile.read_bytes():
        time.sleep(0.0005)
    return (time.monotonic() - began) * 1000


def sizes():
    with tempfile.TemporaryDirectory() as d:
        total = 0
        for path in [*(BUILD / "bin").iterdir(), *(BUILD / "libexec").iterdir(), *BUILD.glob("lib/libberth.so"),
                     *BUILD.glob("lib/berth/registry/*.so")]:
            if path.is_file() and os.access(path, os.X_OK) and not path.suffix == ".o":
                out = pathlib.Path(d) / path.name
                shutil.copy(path, out)
                subprocess.run(["strip", "--strip-unneeded", str(out)], check=True)
                total += out.stat().st_size
        return total


def idle(folder):
    """A gateway alone, with software keys, waiting for its factory."""
    a = Agent(folder, "idle", "gateway", device={"serial": "B-1", "model": "Box"})
    (a.dir / "pass").write_text(os.urandom(32).hex())   # what docs/keystores.md tells a gateway to have
    a.set("agent", log_level="info")
    ready_ms(a)
    time.sleep(2)
    before = written(a.pids().values())
    time.sleep(max(IDLE_S - 2, 1))
    pids = a.pids()
    weights = {n: (pss_kib(p), private_kib(p)) for n, p in pids.items()}
    row(f"PSS of all processes after {IDLE_S} s", sum(w[0] for w in weights.values()) / 1024, 12, "MiB")
    row("the same, if nothing else mapped libc and the other libraries", alone_kib(pids.values()) / 1024, 12, "MiB")
    row("of it private", sum(w[1] for w in weights.values()) / 1024, None, "MiB")
    for name, (pss, private) in weights.items():
        row(f"  {name}: PSS ({private / 1024:.2f} MiB private)", pss / 1024, None, "MiB")
    row("disk writes of a blank gateway, in an hour", (written(pids.values()) - before) / 1024 * 3600 / IDLE_S, 64, "KiB")
    a.stop()
    starts(a, "a key that a machine made", 60)
    starts(phrase(folder), "a passphrase (Argon2id)", None)


def starts(agent, what, budget):
    """The store is there; the first start, which makes it, is not counted."""
    times = []
    for _ in range(STARTS):
        times.append(ready_ms(agent))
        agent.stop()
    row(f"start to ready, sealed file under {what}, median of {STARTS}", statistics.median(times), budget, "ms")
    row("  the fastest of them", min(times), None, "ms")


def phrase(folder):
    a = Agent(folder, "phrase", "gateway", device={"serial": "B-2", "model": "Box"})
    (a.dir / "pass").write_text("twenty two bottles of beer on the wall")
    a.set("agent", log_level="info")
    ready_ms(a)
    a.stop()
    return a


def onboarding():
    w = World()
    try:
        for tpm in (False, True):
            g = w.gateway("B-TPM" if tpm else "B-SOFT", tpm=tpm, policy={"collect": 0})
            w.onboard(g, {"wifi": os.urandom(200), "cloud": os.urandom(2000)})
            o = g.status()["onboarding"]
            name = "a TPM (swtpm)" if tpm else "software keys"
            row(f"onboarding, {name}: octets, both ways", o["bytes"] / 1024, 64, "KiB")
            row(f"onboarding, {name}: time", o["ms"], None, "ms")
        time.sleep(3)
        before = written(g.pids().values())
        time.sleep(IDLE_S)
        row("disk writes of an onboarded gateway, in an hour",
            (written(g.pids().values()) - before) / 1024 * 3600 / IDLE_S, 64, "KiB")
    finally:
        w.close()
        Tpm.remove()


def main():
    print("\n| the whole agent | measured | budget | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="berth.") as d:
        os.chmod(d, 0o755)
        idle(d)
    row("stripped programs, libberth.so and adapters together", sizes() / 1e6, 1.5, "MB")
    onboarding()


if __name__ == "__main__":
    main()
