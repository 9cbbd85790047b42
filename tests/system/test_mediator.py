# SPDX-License-Identifier: Apache-2.0
"""Two whole agents that only dial out, and a mediator between them."""
import json
import os
import pathlib
import shutil
import signal
import tempfile

import pytest

from agents import Agent, free_port, wait_for


class Mediated:
    """A mediator and whoever is added: agents without a listener of their own."""

    def __init__(self, link="nng", **policy):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
        self.dir.chmod(0o755)
        self.agents = []
        self.mediator = self.add("med", "mediator", port=free_port(), link=link, policy={"mediate": "anyone", **policy})
        self.mediator.start()

    def add(self, name, role, **kw):
        a = Agent(self.dir, name, role, **kw)
        a.set("egress", hosts="med.test=127.0.0.1")
        self.agents.append(a)
        return a

    def client(self, name, granted=True):
        did = self.mediator.identity("mediator")["didLong"]
        a = self.add(name, "owner", mediator={"did": did, "uri": self.mediator.uri, "interval": "10"})
        a.start()
        if granted:
            wait_for(lambda: a.status().get("mediation", {}).get("registered"), lambda: a.log()[-2000:])
        return a

    def close(self):
        for a in self.agents:
            a.stop(signal.SIGKILL)
        shutil.rmtree(self.dir)


@pytest.fixture(params=["nng", "http", "ws"])
def world(request):
    w = Mediated(link=request.param)
    try:
        yield w
    finally:
        w.close()


def ping(a, b):
    thid = a.post("/v1/ping", {"to": b.identity("owner")["didLong"]})["thid"]
    wait_for(lambda: thid in json.dumps(a.get("/v1/peers")), lambda: f"{a.log()[-1500:]}\n{b.log()[-1500:]}")


def test_a_ping_and_its_answer_go_through_the_mediator(world):
    a, b = world.client("alice"), world.client("bob")
    for agent in (a, b):
        assert "listen" not in agent.sections
    ping(a, b)
    ping(b, a)
    for agent in (a, b):
        wait_for(lambda: agent.status()["queue"]["out"] == 0, lambda: f"{agent.name}: {agent.get('/v1/messages')}")
        assert agent.status()["queue"]["dead"] == 0


def test_what_waits_survives_the_mediators_death(world):
    a, b = world.client("alice"), world.client("bob")
    ping(a, b)      # registered, by now
    to = b.identity("owner")["didLong"]
    b.stop()
    thids = [a.post("/v1/ping", {"to": to})["thid"] for _ in range(3)]
    wait_for(lambda: a.status()["queue"]["out"] == 0, lambda: f"{a.get('/v1/messages')}")
    assert world.mediator.status()["relay"]["messages"] >= 3
    world.mediator.restart()    # kill -9
    b.start()
    wait_for(lambda: thids[-1] in json.dumps(a.get("/v1/peers")), lambda: b.log()[-3000:])
    os.kill(world.mediator.pids()["netd"], signal.SIGKILL)
    ping(a, b)


def test_an_endpoint_that_policy_forbids_is_passed_over():
    """The mediator's document names an address that nobody here may dial, and then the right one."""
    w = Mediated()
    try:
        w.mediator.stop()
        shutil.rmtree(w.mediator.state)
        w.mediator.state.mkdir(mode=0o700)
        (w.mediator.dir / "keys").unlink()
        w.mediator.set("listen", announce="nng+tcp://10.1.2.3:7000, " + w.mediator.uri)
        w.mediator.start()
        a, b = w.client("alice"), w.client("bob")
        ping(a, b)
        assert "E_NETPOL" in a.log()
        for agent in (a, b):
            wait_for(lambda: agent.status()["queue"]["out"] == 0, lambda: f"{agent.name}: {agent.get('/v1/messages')}")
            assert agent.status()["queue"]["dead"] == 0
    finally:
        w.close()


def test_nobody_is_a_client_by_default():
    w = Mediated(mediate="nobody")
    try:
        a = w.client("alice", granted=False)
        wait_for(lambda: "mediation denied by" in json.dumps(a.get("/v1/audit")), lambda: a.log()[-2000:])
        assert "GRANTED" not in w.mediator.log()
    finally:
        w.close()


def test_a_mediator_needs_both_did_and_uri(tmp_path):
    for given in ({"did": "did:example:m"}, {"uri": "nng+tcp://med.test:1"}):
        folder = tmp_path / next(iter(given))
        folder.mkdir()
        Agent(folder, "alice", "owner", mediator=given).refuses_to_start("E_CONFIG")
