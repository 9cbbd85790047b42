#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fleet of simulated gateways against one owner's agent: `examples/fleet/fleet.py --gateways 100`.

Factory, rendezvous and owner are berthd with all their processes.  The gateways are whole
agents in one process (gateways.c): own store, own key file, own nng sockets on loopback, each
at an address of its own.  They are born and sold first; what is measured is the time between
being switched on and OPERATIONAL, so many at once."""
import argparse
import json
import mmap
import os
import pathlib
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests/system"))
import against  # noqa: E402
import floor  # noqa: E402
import plot  # noqa: E402
from agents import BUILD, World, b64, wait_for  # noqa: E402

GATEWAYS = BUILD / "examples/fleet/gateways"
SLOW_DISK = BUILD / "examples/fleet/slow_disk.so"
ITEM = os.urandom(200)  # what each of them gets
IMPORTS_AHEAD = 100     # registrations on their way to the rendezvous
GATEWAY_MEMORY = 1331 << 10     # that one takes, its part of the owner's and of files included
# A gateway's process is small; so many in one would find their memory again page by page, in
# tables that are not in the processor's caches, and under a hypervisor in its tables, too.
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def options():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("--gateways", type=int, default=100, metavar="N")
    p.add_argument("--at-once", type=int, default=100, metavar="N", help="so many are being onboarded at any time")
    p.add_argument("--threads", type=int, default=0, metavar="N", help="of the simulator (default: 4, or 64 with a slow disk)")
    p.add_argument("--fsync-ms", type=int, default=0, metavar="MS", help="each sync of every agent takes so much longer")
    p.add_argument("--owner-fsync-ms", type=int, default=0, metavar="MS", help="of the owner only")
    p.add_argument("--dir", help="where all of it is (a folder that is made and removed; default: in $TMPDIR)")
    p.add_argument("--gateways-dir", metavar="DIR", help="where the gateways' folders are: each of them has a disk of its own in the"
                   " field, and a folder in memory leaves this one to the owner")
    p.add_argument("--profile", metavar="FILE", help="perf record of all processes while they are onboarded")
    p.add_argument("--json", action="store_true", help="one object a fleet instead of a report")
    p.add_argument("--series", metavar="N,N,...", help="fleets of these sizes, one after the other, and a table")
    p.add_argument("--plot", metavar="FILE", help="of the series, as SVG")
    p.add_argument("--no-floor", action="store_true", help="do not measure what bare library calls would take")
    p.add_argument("--against", metavar="BUILD-DIR", help="of another tree: the same fleet with its programs and with ours in turn, and what"
                   " differs, as medians; the floor is measured before each pair, so that a slow hour of the machine is seen")
    p.add_argument("--rounds", type=int, metavar="N", help="each fleet so often, and medians (default: 1, with --against 6)")
    o = p.parse_args()
    o.rounds = o.rounds or (6 if o.against else 1)
    return o


def pss_kib(pid):
    return int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))


def cpu_s(pid):
    """So far, of that process and all of its threads: clock_getcpuclockid(3), of which Python has none."""
    return time.clock_gettime(~pid << 3 | 2)


class Bar:
    """How far it is, on a terminal or not at all."""

    def __init__(self, what, n, quiet):
        self.what, self.n, self.shown = what, n, not quiet and sys.stderr.isatty()

    def at(self, i):
        if self.shown:
            full = 40 * i // self.n
            print(f"\r{self.what:<12} [{'#' * full}{'.' * (40 - full)}] {i}/{self.n}", end="", file=sys.stderr, flush=True)

    def end(self):
        if self.shown:
            print(file=sys.stderr)


class Syncs:
    """What an agent has synced, and how long it takes it (slow_disk.c)."""

    def __init__(self, folder, name, ms):
        self.file = pathlib.Path(folder) / f"{name}.syncs"
        self.file.write_bytes(bytes(8))
        self.env = {"LD_PRELOAD": str(SLOW_DISK.resolve()), "FLEET_FSYNC_MS": str(ms), "FLEET_FSYNC_COUNT": str(self.file)}

    def count(self):
        return struct.unpack("@Q", self.file.read_bytes())[0]


class Simulator:
    def __init__(self, world, o, ms):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="berth-fleet.", dir=o.gateways_dir or world.dir))
        (world.dir / "maker").write_text(world.factory.identity("maker")["didLong"])
        self.syncs = Syncs(world.dir, "gateways", ms)
        threads = o.threads or (64 if ms else 4)
        self.p = subprocess.Popen([str(GATEWAYS), str(self.dir), str(o.gateways), str(o.at_once), str(threads),
                                   str(world.dir / "maker"), world.factory.uri], text=True, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, env={**os.environ, **HUGE_PAGES, **self.syncs.env})

    def phase(self, name, bar):
        self.p.stdin.write(f"{name}\n")
        self.p.stdin.flush()
        for line in self.p.stdout:
            said = json.loads(line)
            if "end" in said:
                bar.end()
                return said
            bar.at(said["done"])
        raise SystemExit(f"the simulator has ended: {self.p.wait()}")

    def stop(self):
        self.p.kill()
        self.p.wait()
        if not os.environ.get("BERTH_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)


def world(o):
    """Limits as an owner of so many has to set them (docs/berth.conf.example)."""
    limits = {"connections": min(8192, o.gateways + 64), "requests-at-once": min(8192, 2 * o.gateways + 64)}
    api = {"requests-per-second": 10000}
    w = World.__new__(World)
    w.syncs = {}

    def add(name, role, **kw):
        a = World.add(w, name, role, **kw)
        folder = w.dir / f"{name}.d"
        folder.mkdir()
        ms = o.owner_fsync_ms or o.fsync_ms if name == "owner" else o.fsync_ms
        w.syncs[name] = Syncs(folder, name, ms)
        a.env = w.syncs[name].env
        a.set("agent", log_level="warn")
        a.set("listen", **limits)
        a.set("api", **api)
        a.set("egress", requests_per_second=10000)
        return a

    w.add = add
    w.__init__()
    return w


def sell_all(w, o):
    """From the factory to the owner, with something put aside for each."""
    bar, owner = Bar("sold", o.gateways, o.json), w.owner.identity("owner")["didLong"]
    for i, device in enumerate(w.factory.get("/v1/devices")):
        chain = w.factory.post("/v1/devices/sell", {"device": device["device"], "to": owner})
        w.owner.post("/v1/devices/import", {"chain": chain})
        w.owner.post("/v1/provision", {"device": device["serial"], "id": "wifi", "type": "network", "data": b64(ITEM)})
        bar.at(i + 1)
        if i % IMPORTS_AHEAD == IMPORTS_AHEAD - 1:
            wait_for(lambda: w.owner.status()["queue"]["out"] == 0, "registrations", 120, 0.02)
    bar.end()
    wait_for(lambda: in_state(w, "PUBLISHED") == o.gateways, lambda: f"{in_state(w, 'PUBLISHED')} are registered", 120, 0.2)


def in_state(w, state):
    return sum(d["state"] == state for d in w.owner.get("/v1/devices", timeout=120))


def store_bytes(agent):
    return sum(f.stat().st_size for f in agent.state.glob("berth.db*"))


def restart(w, active):
    """kill -9; all of them are what they were.  Until it answers, and what it synced for that."""
    before, began = w.syncs["owner"].count(), time.monotonic()
    w.owner.restart()
    took, syncs = time.monotonic() - began, w.syncs["owner"].count() - before
    if in_state(w, "ACTIVE") != active:
        raise SystemExit(f"after a restart {in_state(w, 'ACTIVE')} are ACTIVE, not {active}")
    return took, syncs


def fleet_memory(gateways, meminfo):
    """What they will take, of what there is no more than half."""
    return min(gateways * GATEWAY_MEMORY, int(re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.M).group(1)) * 1024 // 2)


def touch(octets):
    """Memory that the host of a virtual machine has never given it comes from there, at some 14 us a
    page, when it is touched: so that this is no part of what is measured, it is touched and given
    back before."""
    mmap.mmap(-1, octets, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()


def rendezvous_cpu_s(w):
    return sum(map(cpu_s, w.rv.pids().values()))


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def measure(w, o):
    sim = Simulator(w, o, o.fsync_ms)
    try:
        empty = store_bytes(w.owner)
        born = sim.phase("birth", Bar("born", o.gateways, o.json))
        if born["failed"]:
            raise SystemExit(f"{born['failed']} were not born")
        sell_all(w, o)
        touch(fleet_memory(o.gateways, pathlib.Path("/proc/meminfo").read_text()))
        sim.phase("boot", Bar("switched on", o.gateways, o.json))
        floor_before = floor.measure() if o.floor else None
        pids = w.owner.pids()
        before = {n: cpu_s(p) for n, p in pids.items()}
        cpu, rv = cpu_s(sim.p.pid), rendezvous_cpu_s(w)
        idle = sum(map(pss_kib, pids.values()))
        syncs, theirs = w.syncs["owner"].count(), sim.syncs.count()
        everybody = [*pids.values(), *w.rv.pids().values(), sim.p.pid]
        perf = o.profile and subprocess.Popen(["perf", "record", "-q", "-g", "-o", o.profile, "-p", ",".join(map(str, everybody))])
        r = sim.phase("onboard", Bar("onboarded", o.gateways, o.json))
        if perf:
            perf.terminate()
            perf.wait()
        good = o.gateways - r["failed"]
        wait_for(lambda: in_state(w, "ACTIVE") >= good, lambda: f"only {in_state(w, 'ACTIVE')} are ACTIVE at the owner", 120, 0.2)
        figures = {
            "gateways": o.gateways, "atOnce": min(o.at_once, o.gateways), "fsyncMs": o.fsync_ms, "ownerFsyncMs": o.owner_fsync_ms or o.fsync_ms,
            "failed": r["failed"], "unanswered": r["unanswered"], "busy": r["busy"],
            "perSecond": good / r["seconds"], "seconds": r["seconds"],
            "p50Ms": percentile(r["ms"], 50), "p95Ms": percentile(r["ms"], 95),
            "wireBytes": statistics.fmean(r["bytes"]), "requests": r["frames"] / o.gateways, "polls": r.get("polls", 0) / o.gateways,
            "ownerCpuMs": {n: (cpu_s(p) - before[n]) * 1000 / o.gateways for n, p in pids.items()},
            "gatewayCpuMs": (cpu_s(sim.p.pid) - cpu) * 1000 / o.gateways,
            "rendezvousCpuMs": (rendezvous_cpu_s(w) - rv) * 1000 / o.gateways,
            "ownerSyncs": (w.syncs["owner"].count() - syncs) / o.gateways, "gatewaySyncs": (sim.syncs.count() - theirs) / o.gateways,
            "ownerPssMiB": sum(map(pss_kib, pids.values())) / 1024, "ownerPssBeforeMiB": idle / 1024,
            "storeBytes": (store_bytes(w.owner) - empty) / o.gateways,
        }
        figures["restartSeconds"], figures["restartSyncs"] = restart(w, good)
        return figures, floor_before
    finally:
        sim.stop()


def report(r):
    print(f"{r['gateways']} gateways, {r['atOnce']} at once, {r['failed']} failed"
          f" ({r['unanswered']} requests without an answer, {r['busy']} answered \"later\")")
    print(f"  onboardings a second   {r['perSecond']:.1f}  ({r['seconds']:.2f} s)")
    print(f"  time of one            p50 {r['p50Ms']} ms, p95 {r['p95Ms']} ms")
    print(f"  on the wire            {r['wireBytes'] / 1024:.1f} KiB, {r['requests']:.1f} requests, {r['polls']:.1f} of them polls, rendezvous included")
    print(f"  processor time         owner {sum(r['ownerCpuMs'].values()):.2f} ms ("
          + ", ".join(f"{n} {ms:.2f}" for n, ms in r["ownerCpuMs"].items())
          + f"), gateway {r['gatewayCpuMs']:.2f} ms, rendezvous {r['rendezvousCpuMs']:.2f} ms")
    print(f"  syncs                  owner {r['ownerSyncs']:.2f}, gateway {r['gatewaySyncs']:.1f}")
    print(f"  owner's memory         {r['ownerPssMiB']:.1f} MiB PSS of all its processes ({r['ownerPssBeforeMiB']:.1f} before)")
    print(f"  killed and restarted   after {r['restartSeconds']:.2f} s it answers again, {r['restartSyncs']} syncs")
    print(f"  owner's store          {r['storeBytes'] / 1024:.1f} KiB a gateway")


ENDS = {"owner": lambda r: sum(r["ownerCpuMs"].values()), "gateway": lambda r: r["gatewayCpuMs"], "rendezvous": lambda r: r["rendezvousCpuMs"]}
COUNTS = {"list": "us", "listOverTcp": "tcpUs", "calls": "callsUs"}     # floor.py


def add_floor(r, before, after):
    """Of the rate that bare library calls would reach on these processors, and of the
    processor time, which what else runs here changes less.  The machine's speed changes in
    minutes: what it was in between counts."""
    r["floorBeforeUs"], r["floorAfterUs"] = floor.all_ends(before), floor.all_ends(after)
    f = floor.mean(before, after)
    r["floor"] = f = floor.with_polls(f, r["polls"])
    r["floorPerSecond"] = floor.cores() * 1e6 / floor.all_ends(f)
    r["ofFloorRate"] = r["perSecond"] / r["floorPerSecond"]
    ms = {who: cpu(r) for who, cpu in ENDS.items()}
    for name, key in COUNTS.items():
        of = {who: f[who][key] / 1000 / ms[who] for who in ENDS}
        r.setdefault("ofFloorCpuBy", {})[name] = {"all": sum(f[who][key] for who in ENDS) / 1000 / sum(ms.values()), **of}
    r["ofFloorCpu"], r["ownerOfFloorCpu"] = (r["ofFloorCpuBy"]["list"][of] for of in ("all", "owner"))


def report_floor(r):
    for who, f in r["floor"].items():
        print(f"  floor of the {who:<10} {f['us']:.0f} us (over TCP without nng {f['tcpUs']:.0f}, by calls {f['callsUs']:.0f}): "
              + ", ".join(f"{n:.4g} {what}" + (f" of {octets}" if octets else "") + f" {us:.0f}" for what, (n, octets, us) in f["terms"].items()))
    print(f"  of the floor           {r['ofFloorRate']:.2f} of {r['floorPerSecond']:.0f} a second; processor time: "
          + "; ".join(f"{name} {of['all']:.2f} (" + ", ".join(f"{who} {of[who]:.2f}" for who in ENDS) + ")" for name, of in r["ofFloorCpuBy"].items()))
    if not floor.is_steady(r["floorBeforeUs"], r["floorAfterUs"]):
        print(f"  the host was not steady: the floor took {r['floorBeforeUs']:.0f} us before and {r['floorAfterUs']:.0f} us after")


def one_fleet(o):
    w = world(o)
    try:
        r, floor_before = measure(w, o)
    finally:
        w.close()
    if floor_before:
        add_floor(r, floor_before, floor.measure())
    if o.json:
        print(json.dumps(r), flush=True)
    else:
        report(r)
        if floor_before:
            report_floor(r)
        sys.stdout.flush()
    return r


def middle(found):
    """The medians of several, figure by figure, of those that all of them have."""
    first = found[0]
    if isinstance(first, dict):
        return {key: middle([f[key] for f in found]) for key in first if all(key in f for f in found)}
    if isinstance(first, list):
        return [middle(list(of)) for of in zip(*found)]
    return statistics.median(found)


def rounds(o):
    found = [one_fleet(o) for _ in range(o.rounds)]
    if not o.json and o.floor and o.rounds > 1:
        of = sorted(r["ofFloorCpu"] for r in found)
        print(f"{o.rounds} fleets of {o.gateways:,}: processor time of the floor over theirs {statistics.median(of):.3f}, from {of[0]:.3f} to {of[-1]:.3f}")
    return {**middle(found), "failed": sum(r["failed"] for r in found)}


COLUMNS = (("gateways", "gateways", "{:,.0f}"), ("a second", "perSecond", "{:.1f}"), ("p50 ms", "p50Ms", "{:.0f}"), ("p95 ms", "p95Ms", "{:.0f}"),
           ("of the floor's rate", "ofFloorRate", "{:.2f}"), ("of its processor time", "ofFloorCpu", "{:.2f}"), ("owner's PSS MiB", "ownerPssMiB", "{:.1f}"),
           ("store KiB a gateway", "storeKiB", "{:.1f}"), ("failed", "failed", "{}"))


def table(results):
    print("\n| " + " | ".join(c[0] for c in COLUMNS) + " | owner's CPU ms |\n" + "|---" * (len(COLUMNS) + 1) + "|")
    for r in results:
        r = {**r, "storeKiB": r["storeBytes"] / 1024, "ofFloorRate": r.get("ofFloorRate", 0), "ofFloorCpu": r.get("ofFloorCpu", 0)}
        print("| " + " | ".join(form.format(r[key]) for _, key, form in COLUMNS) + f" | {sum(r['ownerCpuMs'].values()):.2f} |")


def main():
    o = options()
    if o.dir:
        tempfile.tempdir = o.dir
        os.makedirs(o.dir, exist_ok=True)
    if not GATEWAYS.exists():
        sys.exit("fleet.py: build first: make fleet")
    if o.against:
        sys.exit(against.run(sys.argv[1:], o))
    o.floor = not o.no_floor and floor.can()
    results = []
    for n in map(int, o.series.split(",")) if o.series else [o.gateways]:
        o.gateways = n
        results.append(rounds(o))
    if (o.series or o.rounds > 1) and not o.json:
        table(results)
    if o.plot:
        pathlib.Path(o.plot).write_text(plot.svg(results))
    sys.exit(any(r["failed"] for r in results))


if __name__ == "__main__":
    main()
