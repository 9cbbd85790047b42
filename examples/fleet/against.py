# SPDX-License-Identifier: Apache-2.0
"""Two builds on a machine that does other things, too: the same fleet with the programs of
each in turn, medians of what it took, and the floor measured in between.  Where the floor
moved, the machine did."""
import json
import os
import pathlib
import statistics
import subprocess
import sys

import floor
from agents import BUILD

HERE = pathlib.Path(__file__).resolve().parent

# name -> what it is in one fleet's figures
FIGURES = {
    "onboardings a second": lambda r: r["perSecond"], "p50 ms": lambda r: r["p50Ms"], "p95 ms": lambda r: r["p95Ms"],
    "owner's CPU ms": lambda r: sum(r["ownerCpuMs"].values()),
    **{f"  {name}": lambda r, name=name: r["ownerCpuMs"][name] for name in ("berthd", "keyd", "netd")},
    "gateway's CPU ms": lambda r: r["gatewayCpuMs"], "rendezvous' CPU ms": lambda r: r["rendezvousCpuMs"],
    "all ends' CPU ms": lambda r: sum(r["ownerCpuMs"].values()) + r["gatewayCpuMs"] + r["rendezvousCpuMs"],
    "owner's syncs": lambda r: r["ownerSyncs"], "gateway's syncs": lambda r: r["gatewaySyncs"], "wire octets": lambda r: r["wireBytes"],
    "requests": lambda r: r["requests"], "owner's PSS MiB": lambda r: r["ownerPssMiB"], "store octets a gateway": lambda r: r["storeBytes"],
    "failed": lambda r: r["failed"],
}


def parameters(argv):
    """The same fleet: without what is ours alone."""
    out, skip = [], False
    for a in argv:
        name = a.split("=", 1)[0]
        if not skip and name not in ("--against", "--rounds", "--json", "--no-floor"):
            out.append(a)
        skip = not skip and a in ("--against", "--rounds")
    return out


def fleet(build, args):
    r = subprocess.run([sys.executable, str(HERE / "fleet.py"), "--json", "--no-floor", *args], stdout=subprocess.PIPE, text=True, check=False,
                       env={**os.environ, "BERTH_BUILD": str(build)})
    if not r.stdout:
        raise SystemExit(f"the fleet of {build} has ended: {r.returncode}")
    return json.loads(r.stdout.splitlines()[-1])


def medians(results):
    """{figure: median}; a figure that not all of them have is left out."""
    out = {}
    for name, of in FIGURES.items():
        try:
            out[name] = statistics.median(of(r) for r in results)
        except KeyError:
            continue
    return out


def rows(theirs, ours):
    """(figure, median there, here, here over there)"""
    a, b = medians(theirs), medians(ours)
    return [(name, a[name], b[name], b[name] / a[name] if a[name] else None) for name in FIGURES if name in a and name in b]


def report(o, theirs, ours, floors):
    print(f"{o.gateways} gateways, {min(o.at_once, o.gateways)} at once, {o.rounds} rounds in turn; medians")
    print(f"{'':24} {'there':>10} {'here':>10} {'here/there':>10}")
    for name, a, b, ratio in rows(theirs, ours):
        print(f"{name:<24} {a:>10.2f} {b:>10.2f} " + (f"{ratio:>10.3f}" if ratio is not None else f"{'':>10}"))
    if floors:
        print(f"{'the floor meanwhile, ms':<24} {statistics.median(floors):.2f}, from {min(floors):.2f} to {max(floors):.2f}")


def run(argv, o):
    args, theirs, ours, floors = parameters(argv), [], [], []
    for i in range(o.rounds):
        if not o.no_floor and floor.can():
            floors.append(floor.all_ends(floor.measure()) / 1000)
        pair = [(pathlib.Path(o.against).resolve(), theirs), (BUILD, ours)]
        for build, results in pair if i % 2 == 0 else pair[::-1]:
            results.append(fleet(build, args))
    if o.json:
        print(json.dumps({"there": theirs, "here": ours, "floorMs": floors}))
    else:
        report(o, theirs, ours, floors)
    return any(r["failed"] for r in theirs + ours)
