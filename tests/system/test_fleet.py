# SPDX-License-Identifier: Apache-2.0
"""examples/fleet: ten simulated gateways, all at once, against a real owner; what it
counts and draws."""
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from agents import BUILD
from cli import PATIENCE_S
from openapi import ROOT

FLEET = ROOT / "examples/fleet"


def run(*args):
    r = subprocess.run([sys.executable, str(FLEET / "fleet.py"), "--no-floor", "--json", *args], stdout=subprocess.PIPE, text=True,
                       timeout=5 * PATIENCE_S, env={**os.environ, "BERTH_BUILD": str(BUILD)}, check=True)
    return [json.loads(line) for line in r.stdout.splitlines()]


def test_ten_are_onboarded_at_once():
    r, = run("--gateways", "10", "--at-once", "10")
    assert (r["gateways"], r["failed"], r["unanswered"], r["busy"]) == (10, 0, 0, 0)
    assert 0 < r["p50Ms"] <= r["p95Ms"] and r["perSecond"] > 0
    assert 20 << 10 < r["wireBytes"] < 64 << 10     # docs/BENCHMARKS.md: at most 64 KiB each
    assert r["gatewaySyncs"] > 5 and r["ownerSyncs"] > 0 and r["ownerPssMiB"] > 1


def test_a_slow_disk_fails_nobody_and_the_series_is_drawn(tmp_path):
    """5 ms more for each sync of the owner; two fleets and their plot."""
    results = run("--series", "2,4", "--at-once", "2", "--owner-fsync-ms", "5", "--plot", str(tmp_path / "fleet.svg"))
    assert [(r["gateways"], r["failed"], r["ownerFsyncMs"], r["fsyncMs"]) for r in results] == [(2, 0, 5, 0), (4, 0, 5, 0)]
    root = ElementTree.parse(tmp_path / "fleet.svg").getroot()
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.get("points").split()) for line in lines] == [2, 2]


def test_the_floor_counts_both_ends():
    counts = json.loads(subprocess.run([str(BUILD / "examples/fleet/count")], stdout=subprocess.PIPE, check=True).stdout)
    assert set(counts) == {"owner", "gateway", "rendezvous"}
    # five messages of the gateway to its owner, two to the rendezvous: each is one request
    assert counts["gateway"]["request made"] == counts["owner"]["request answered"] + counts["rendezvous"]["request answered"]
    assert counts["owner"]["message unpacked"] == 5
    assert counts["owner"]["message packed"] + counts["rendezvous"]["message packed"] == counts["gateway"]["message unpacked"]


@pytest.mark.parametrize("text, want", [("| P-256 agreement    |    49.35 |    47.34 |  0.96 | 1.20 met |\n", {"P-256 agreement": 49.35}),
                                        ("| primitive | floor us | ours us |\n|---|---|---|\n", {})])
def test_the_bench_is_read(text, want, monkeypatch):
    monkeypatch.syspath_prepend(str(FLEET))
    import floor
    assert floor.floors(text) == want
