# SPDX-License-Identifier: Apache-2.0
"""`berth messages` on a real agent: what waits while its peer is down, why, and what an
operator can do about it."""
import json
import os
import signal
import subprocess

import pytest

from agents import BERTH, Tpm, World, wait_for
from cli import PATIENCE_S

APP = {"policy": {"collect": 0}}


@pytest.fixture(scope="module")
def world():
    w = World()
    try:
        yield w
    finally:
        w.close()
        Tpm.remove()


def berth(agent, *args):
    r = subprocess.run([BERTH, *args, "--socket", str(agent.admin_sock)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=PATIENCE_S, text=True)
    return r.returncode, r.stdout, r.stderr


def test_a_peer_that_is_down_and_comes_back(world):
    g = world.gateway("GW-M1", **APP)
    world.onboard(g, {})
    wait_for(lambda: g.status()["queue"]["out"] == 0, lambda: g.get("/v1/messages"))
    owner = world.owner.identity("owner")["did"]
    world.owner.stop()
    for _ in range(3):
        g.post("/v1/ping")
    row = wait_for(lambda: next((p for p in g.get("/v1/messages")["peers"] if p["onTheWay"] == 3), None), lambda: g.get("/v1/messages"))
    assert "  on the way  " in berth(g, "messages")[1]
    os.kill(g.pids()["netd"], signal.SIGKILL)   # else a minute passes before they are given up
    row = wait_for(lambda: next((p for p in g.get("/v1/messages")["peers"] if p["tries"] > 0), None), lambda: g.get("/v1/messages"))
    assert row["peer"] == owner and row["messages"] == 3 and row["held"] == 0 and row["silentSeconds"] >= 0
    assert row["nextTrySeconds"] is not None and row["error"] and row["bytes"] > 1000
    code, out, _ = berth(g, "messages")
    assert code == 0 and out.startswith("3 to send, ") and f"\n{owner}  3 " in out and " tries)\n" in out
    code, out, _ = berth(g, "messages", "--peer", owner)
    ids = [m["id"] for m in g.get("/v1/messages")["messages"]]
    assert all(f"\n{i}  " in out for i in ids) and len(ids) == 3
    assert berth(g, "messages", "drop", ids[1])[:2] == (0, "dropped: 1\n")
    code, _, err = berth(g, "messages", "drop", ids[1])
    assert code == 1 and err == "berth: E_NOMATCH: no such message\n"
    assert any("1 dropped: " + ids[1] in e["detail"] for e in g.get("/v1/audit"))
    assert berth(g, "messages", "retry", "--peer", owner)[1] == "tried now: 2\n"
    world.owner.start()
    wait_for(lambda: g.status()["queue"]["out"] == 0, lambda: g.get("/v1/messages"))
    assert json.loads(berth(g, "messages", "--json")[1])["peers"] == []
    g.stop()


def test_a_message_that_nobody_takes_is_shown_with_its_reason(world):
    g = world.gateway("GW-M2", delivery={"retry-for": 60}, **APP)
    world.onboard(g, {})
    wait_for(lambda: g.status()["queue"]["out"] == 0, lambda: g.get("/v1/messages"))
    g.set("egress", allow=None)     # the owner's address is private again
    g.restart()
    thid = g.post("/v1/ping")["thid"]
    dead = wait_for(lambda: g.get("/v1/messages")["dead"], lambda: g.get("/v1/messages"))
    assert [d["id"] for d in dead] == [thid] and dead[0]["reason"].startswith("E_NETPOL: ")
    assert any(e["event"] == "dead letter" and thid in e["detail"] for e in g.get("/v1/audit"))
    out = berth(g, "messages")[1]
    assert f"\n{thid}  " in out and "E_NETPOL" in out
    assert berth(g, "messages", "drop", "--peer", dead[0]["peer"])[1] == "dropped: 1\n"
    assert g.get("/v1/messages")["dead"] == []
    g.stop()
