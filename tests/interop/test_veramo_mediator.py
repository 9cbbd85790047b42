# SPDX-License-Identifier: Apache-2.0
"""Veramo as a mediator for `berth didcomm`: coordinate-mediation 2.0 and 3.0, forwards,
message pickup 3.0, over HTTP.  On didcomm-node's envelopes, see test_veramo_http.py."""
import http.client
import json
import sys
import uuid

import pytest

from didcomm_world import PLAIN, Case, World, alice, bob, message, person
from peers import FOLDER, HERE, PATIENCE_S, Node

sys.path.insert(0, str(HERE.parent / "system"))
from agents import free_port     # noqa: E402

PEER = "@veramo/did-comm 7.0.1 on didcomm-node"
MEDIATOR = "did:example:mediator"
MEDIATE, MEDIATE_2 = "https://didcomm.org/coordinate-mediation/3.0/", "https://didcomm.org/coordinate-mediation/2.0/"
PICKUP, FORWARD = "https://didcomm.org/messagepickup/3.0/", "https://didcomm.org/routing/2.0/forward"
ENCRYPTED = "application/didcomm-encrypted+json"


class Mediation:
    """Alice and Bob are ours, the mediator is Veramo's."""

    def __init__(self):
        self.port = free_port()
        service = {"id": MEDIATOR + "#s", "type": "DIDCommMessaging", "serviceEndpoint": {
            "uri": f"http://127.0.0.1:{self.port}/", "accept": ["didcomm/v2"]}}
        doc, secrets = person(MEDIATOR, "x25519", [service])
        self.world = World("veramo-mediator", curves=["X25519"], others=[(doc, secrets)])
        theirs = {"docs": list(self.world.documents.values()), "secrets": secrets, "port": self.port, "envelopes": "didcomm-node"}
        (self.world.folder / "veramo.json").write_text(json.dumps(theirs))
        self.node = Node("veramo_node.mjs", self.world.folder.relative_to(FOLDER) / "veramo.json")
        self.node.ask("received")       # it listens now

    def post(self, packed):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            c.request("POST", "/", packed, {"Content-Type": ENCRYPTED})
            r = c.getresponse()
            return r.status, r.read().decode()
        finally:
            c.close()

    def ask(self, typ, body, who=None):
        """What the mediator answers, read by us."""
        who = who or alice("X25519")
        m = {"id": str(uuid.uuid4()), "typ": PLAIN, "type": typ, "from": who, "to": [MEDIATOR], "body": body, "return_route": "all"}
        status, answer = self.post(self.world.pack(m, "--from", who, "--to", MEDIATOR))
        assert status == 200, (typ, status)
        got = self.world.opened(answer)
        assert got["metadata"]["authenticated"] and got["message"]["from"] == MEDIATOR
        assert got["message"].get("thid") == m["id"]
        return got["message"]

    def forward(self, packed, to):
        """What somebody sends who knows that `to` is behind the mediator."""
        m = {"id": str(uuid.uuid4()), "typ": PLAIN, "type": FORWARD, "to": [MEDIATOR], "body": {"next": to},
             "attachments": [{"id": "1", "data": {"json": json.loads(packed)}}]}
        return self.post(self.world.pack(m, "--mode", "anoncrypt", "--to", MEDIATOR))

    def waiting(self, who):
        return self.ask(PICKUP + "status-request", {}, who)["body"]["message_count"]


@pytest.fixture(scope="module")
def mediation():
    m = Mediation()
    yield m
    m.node.close()


def registered(mediation, version, who):
    if version == "2.0":
        grant = mediation.ask(MEDIATE_2 + "mediate-request", {}, who)
        assert grant["type"] == MEDIATE_2 + "mediate-grant" and grant["body"]["routing_did"] == [MEDIATOR]
        return
    grant = mediation.ask(MEDIATE + "mediate-request", {}, who)
    assert grant["type"] == MEDIATE + "mediate-grant" and grant["body"]["routing_did"] == [MEDIATOR]
    update = mediation.ask(MEDIATE + "recipient-update", {"updates": [{"recipient_did": who, "action": "add"}]}, who)
    assert update["type"] == MEDIATE + "recipient-update-response"
    # 3.0 says `updated`
    assert update["body"] == {"updates": [{"recipient_did": who, "action": "add", "result": "success"}]}
    known = mediation.ask(MEDIATE + "recipient-query", {}, who)
    assert known["body"]["dids"] == [{"recipient_did": who}]


@pytest.mark.parametrize("version, who", [("3.0", alice("X25519")), ("2.0", bob("X25519"))], ids=["3.0", "2.0"])
def test_messages_wait_at_veramo(mediation, matrix, version, who):
    """From the registration to the empty queue; what comes is what was sent."""
    world, case = mediation.world, Case(("anoncrypt", "anoncrypt", False, False), "X25519", "A256CBC-HS512", None)
    sent = [message(f"mediated {version} {i}", "X25519", to=[who]) for i in range(3)]
    key = who + "#agree-1"
    packed = [world.pack(m, *case.our_args(key)) for m in sent]
    # nobody is mediated who has not asked for it
    assert mediation.forward(packed[0], who)[0] == 202 and mediation.waiting(who) == 0
    registered(mediation, version, who)
    for p in packed:
        assert mediation.forward(p, who) == (202, "")
    assert mediation.waiting(who) == len(sent)
    got = {}
    while mediation.waiting(who):
        delivery = mediation.ask(PICKUP + "delivery-request", {"limit": 2}, who)
        assert delivery["type"] == PICKUP + "delivery" and 1 <= len(delivery["attachments"]) <= 2
        for a in delivery["attachments"]:
            m = world.opened(json.dumps(a["data"]["json"]))["message"]
            got[m["id"]] = m
        status = mediation.ask(PICKUP + "messages-received", {"message_id_list": [a["id"] for a in delivery["attachments"]]}, who)
        assert status["type"] == PICKUP + "status"
    assert got == {m["id"]: m for m in sent}
    matrix.message(PEER, "we to them to us", f"mediation {version}, forward and pickup 3.0", "X25519", "A256CBC-HS512", len(sent))


def test_veramo_keeps_a_message_once_for_each_key(mediation):
    """A message to two keys of one DID is delivered twice; whoever takes it knows its id."""
    world, who = mediation.world, alice("X25519")
    registered(mediation, "3.0", who)
    packed = world.pack(message("twice", "X25519", to=[who]), "--mode", "anoncrypt", "--to", who)
    mediation.forward(packed, who)
    delivery = mediation.ask(PICKUP + "delivery-request", {"limit": 9}, who)
    both = [world.opened(json.dumps(a["data"]["json"]))["message"]["id"] for a in delivery["attachments"]]
    assert len(both) == 2 and both[0] == both[1]
    assert delivery["attachments"][0]["id"] != delivery["attachments"][1]["id"]
    mediation.ask(PICKUP + "messages-received", {"message_id_list": [a["id"] for a in delivery["attachments"]]}, who)
    assert mediation.waiting(who) == 0
