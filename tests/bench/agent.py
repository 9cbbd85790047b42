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
SETTLED_S = 7           # what of a start may be written later has been by then (BERTH_STORE_LATER_MS)
STARTS = 30


def row(what, value, budget, unit):
    verdict = "" if budget is None else f"{budget} {unit} | {value / budget:.2f} {'met' if value <= budget else 'MISSED'}"
    print(f"| {what} | {value:.4g} {unit} | {verdict or ' | '} |", flush=True)


def pss_kib(pid):
    return int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))


def private_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(map(int, re.findall(r"^Private_\w+:\s+(\d+)", text, re.M)))


def mapped(pids):
    """The files that any of them has mapped: programs and libraries."""
    found = set()
    for pid in pids:
        found |= set(re.findall(r" (/\S+)$", pathlib.Path(f"/proc/{pid}/maps").read_text(), re.M))
    return sorted(f for f in found if os.path.isfile(f))


def alone(files, folder):
    """A command's beginning that gives what it starts copies of these files in the place
    of the files, so that nothing else on the machine shares a page with it."""
    binds = []
    for i, name in enumerate(files):
        copy = pathlib.Path(folder) / f"alone.{i}"
        shutil.copy(name, copy)
        binds += [str(copy), name]
    bind = 'while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit 1; shift 2; done; shift; exec "$@"'
    return ["unshare", "-m", "sh", "-c", bind, "sh", *binds, "--"]


def written(pids):
    return sum(int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{p}/io").read_text(), re.M).group(1)) for p in pids)


def ready_ms(agent, before=()):
    """From fork to the line that says so; what a service manager sees."""
    agent.write()
    began = time.monotonic()
    with open(agent.logfile, "wb") as log:
        agent.p = subprocess.Popen([*before, str(BUILD / "bin/berthd"), "--config", str(agent.conf)], stderr=log)
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
    """A gateway with software keys, waiting for its factory; first as it is on this
    machine, then with its programs and libraries to itself."""
    a = Agent(folder, "idle", "gateway", device={"serial": "B-1", "model": "Box"})
    (a.dir / "pass").write_text(os.urandom(32).hex())   # what docs/keystores.md tells a gateway to have
    a.set("agent", log_level="info")
    ready_ms(a)
    time.sleep(SETTLED_S)
    before = written(a.pids().values())
    time.sleep(IDLE_S)
    pids = a.pids()
    shared = sum(map(pss_kib, pids.values()))
    row("disk writes of a blank gateway, in an hour", (written(pids.values()) - before) / 1024 * 3600 / IDLE_S, 64, "KiB")
    files = mapped(pids.values())
    a.stop()
    weigh(a, alone(files, folder))
    row("PSS where libraries are shared with what else runs here", shared / 1024, None, "MiB")
    starts(a, "a key that a machine made", 60)
    starts(phrase(folder), "a passphrase (Argon2id)", None)


def weigh(agent, before):
    """Needs root, for mounts in a namespace of its own."""
    if os.geteuid() != 0:
        print("| PSS of one agent alone | not measured: not root | | |")
        return
    ready_ms(agent, before)
    time.sleep(IDLE_S)
    weights = {n: (pss_kib(p), private_kib(p)) for n, p in agent.pids().items()}
    agent.stop()
    row(f"PSS of all processes after {IDLE_S} s, one agent alone", sum(w[0] for w in weights.values()) / 1024, 12, "MiB")
    for name, (pss, private) in weights.items():
        row(f"  {name}: PSS ({private / 1024:.2f} MiB private)", pss / 1024, None, "MiB")


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
