# SPDX-License-Identifier: Apache-2.0
"""Veramo's agent and a running berthd over HTTP: trust ping both ways.  Its own
authcrypt is not DIDComm's (test_veramo.py), so its protocols run on didcomm-node's
envelopes here; and what happens on its own."""
import json
import pathlib
import shutil
import sys

import pytest

from peers import FOLDER, Node, berth, new_key
from test_didcomm_http import PING, for_node, resolve

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from agents import World, free_port, wait_for     # noqa: E402

PEER = "@veramo/did-comm 7.0.1"


class Veramo:
    """A did:peer:2 that is reached by HTTP, and knows the agent."""

    def __init__(self, folder, envelopes):
        folder.mkdir(parents=True)
        self.port = free_port()
        service = {"t": "dm", "s": {"uri": f"http://127.0.0.1:{self.port}/", "a": ["didcomm/v2"]}}
        keys = {kind: new_key(kind) for kind in ("ed25519", "x25519", "p256")}
        for kind, (_, public) in keys.items():
            (folder / f"{kind}.jwk").write_text(json.dumps(public))
        self.did = json.loads(berth("did", "create", "peer", "--numalgo", "2", "--verification", folder / "ed25519.jwk",
                                    "--agreement", folder / "x25519.jwk", "--agreement", folder / "p256.jwk",
                                    "--service", json.dumps(service)).stdout)["did"]
        mine = for_node(resolve(self.did), self.did)
        secrets = [{"id": vm["id"], "type": "JsonWebKey2020", "privateKeyJwk": keys[kind][0]}
                   for vm, kind in zip(mine["verificationMethod"], ("x25519", "p256"))]
        world = {"docs": [mine], "secrets": secrets, "port": self.port, "envelopes": envelopes}
        (folder / "world.json").write_text(json.dumps(world))
        self.node = Node("veramo_node.mjs", folder.relative_to(FOLDER) / "world.json")

    def learn(self, agent, role):
        """The long and the short form of a DID, and where it listens."""
        identity = agent.identity(role)
        for did in {identity["didLong"], identity["did"]}:
            document = for_node(resolve(identity["didLong"]), did)
            if hasattr(agent, "port"):
                document["service"] = [{"id": did + "#s", "type": "DIDCommMessaging", "serviceEndpoint": {
                    "uri": f"http://127.0.0.1:{agent.port}/didcomm", "accept": ["didcomm/v2"]}}]
            assert self.node.ask("learn", document=document) == {}
        return identity["didLong"]

    def send(self, make, to, **more):
        return self.node.ask("send", make=make, args=[self.did, to], **more)

    def received(self, typ):
        return [m for m in self.node.ask("received")["received"] if m["type"] == typ]


@pytest.fixture(scope="module")
def agents():
    w = World(links=("factory", "rv", "owner"))
    try:
        yield w, w.onboard(w.gateway("GW-VERAMO"))
    finally:
        w.close()


@pytest.fixture(scope="module")
def veramo():
    """name of the envelopes -> the agent that uses them"""
    shutil.rmtree(FOLDER / "veramo-http", ignore_errors=True)
    made = {name: Veramo(FOLDER / "veramo-http" / name, name) for name in ("didcomm-node", "veramo")}
    yield made
    for v in made.values():
        v.node.close()


def test_we_answer_veramos_ping(veramo, agents, matrix):
    """The answer comes in the response, and its own handler takes it."""
    v = veramo["didcomm-node"]
    sent = v.send("createTrustPingMessage", v.learn(agents[0].rv, "rendezvous"), members={"return_route": "all"})
    assert "error" not in sent, sent
    assert sent["answer"]["type"] == PING + "-response" and sent["answer"]["threadId"] == sent["id"]
    assert {"type": "TrustPingResponseReceived", "value": "true"} in sent["answer"]["metaData"]
    matrix.message(PEER + " on didcomm-node", "they to us", "trust-ping 2.0 over HTTP", "X25519", "A256CBC-HS512")


def test_veramo_answers_our_ping(veramo, agents, matrix):
    v, gw = veramo["didcomm-node"], agents[1]
    v.learn(gw, "operational")
    thid = gw.post("/v1/ping", {"to": v.did})["thid"]
    wait_for(lambda: thid in json.dumps(gw.get("/v1/peers")), lambda: f"{v.node.ask('received')}\n{gw.log()[-3000:]}")
    assert [m["id"] for m in v.received(PING)] == [thid]
    matrix.message(PEER + " on didcomm-node", "we to them", "trust-ping 2.0 over HTTP", "P-256", "A256CBC-HS512")


def test_veramos_own_ping_is_not_answered(veramo, agents):
    """No apv, or no envelope at all (C057): it sounds like everything that is refused."""
    v, rv = veramo["veramo"], agents[0].rv
    to = v.learn(rv, "rendezvous")
    for packing in ("authcrypt", "none"):
        sent = v.send("createTrustPingMessage", to, members={"return_route": "all"}, packing=packing)
        assert "error" not in sent or packing == "none", sent
        assert "answer" not in sent, sent
    assert rv.status()["queue"]["out"] == 0
