# SPDX-License-Identifier: Apache-2.0
"""A gateway whose rendezvous has moved finds it by what the hook of a DHCP client wrote, read
by a confined core from a folder that is not its own."""
import pathlib
import subprocess

import pytest

from agents import World

HOOK = pathlib.Path(__file__).resolve().parents[2] / "examples/rendezvous-hints.sh"


def lease(file, reason, text):
    subprocess.run([HOOK], check=True, env={"PATH": "/usr/bin:/bin", "BERTH_HINTS": file, "reason": reason,
                                            "new_berth_rendezvous": text})


@pytest.fixture
def world():
    w = World()
    yield w
    w.close()


def test_a_lease_says_where_the_rendezvous_is_now(world):
    gw = world.gateway("GW-LEASE", rendezvous={"hints-file": world.dir / "lease/hints"})
    gw.sections["egress"]["hosts"] = world.hosts.replace("rv.test=127.0.0.1", "rv.test=127.0.0.2")  # nobody is there
    hints = world.dir / "lease/hints"
    hints.parent.mkdir(mode=0o755)
    world.born(gw)
    world.sold(gw)
    world.registered(gw)
    gw.post("/v1/onboard")
    gw.wait_state("SEEKING")
    lease(hints, "BOUND", "nng+tcp://[::1")                # no use to anybody, and nothing comes of it
    gw.post("/v1/onboard")
    assert gw.status()["state"] == "SEEKING"
    lease(hints, "RENEW", f"nng+tcp://127.0.0.1:{world.rv.port}")
    gw.post("/v1/onboard")
    gw.wait_state("OPERATIONAL")
    world.active(gw)


def test_the_hook_writes_what_a_lease_says_and_takes_it_back(tmp_path):
    hints = tmp_path / "hints"
    lease(hints, "BOUND", "ws://a,did:x:1 ws://b,ws://c,ws://d,ws://e")
    assert hints.read_text() == "ws://a\ndid:x:1 ws://b\nws://c\nws://d\n"
    lease(hints, "REBIND", "ws://f")
    assert hints.read_text() == "ws://f\n" and hints.stat().st_mode & 0o777 == 0o644
    lease(hints, "PREINIT", "ws://g")
    assert hints.read_text() == "ws://f\n"
    lease(hints, "EXPIRE", "")
    assert list(tmp_path.iterdir()) == []
    lease(tmp_path / "none/hints", "BOUND", "ws://a")       # no agent here: nobody's mistake
    assert list(tmp_path.iterdir()) == []
