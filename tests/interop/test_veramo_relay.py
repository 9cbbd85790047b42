# SPDX-License-Identifier: Apache-2.0
"""Veramo as a client of our mediator, and an agent of ours as Veramo's client: running
daemons over HTTP.  On didcomm-node's envelopes, see test_veramo_http.py."""
import base64
import json
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

from didcomm_world import LUNCH, PLAIN
from peers import FOLDER, HERE, berth
from test_didcomm_http import for_node, post, resolve
from test_veramo_http import Veramo

sys.path.insert(0, str(HERE.parent / "system"))
from agents import Agent, free_port, wait_for     # noqa: E402

PEER = "@veramo/did-comm 7.0.1 on didcomm-node"
MEDIATE, MEDIATE_2 = "https://didcomm.org/coordinate-mediation/3.0/", "https://didcomm.org/coordinate-mediation/2.0/"
PICKUP, FORWARD = "https://didcomm.org/messagepickup/3.0/", "https://didcomm.org/routing/2.0/forward"
ALL_BACK = {"return_route": "all"}


@pytest.fixture(scope="module")
def home():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
    folder.chmod(0o755)
    for name in ("veramo-relay", "veramo-relay-native"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def veramo(home):
    v = Veramo(FOLDER / "veramo-relay", "didcomm-node")
    yield v
    v.node.close()


@pytest.fixture(scope="module")
def relay(home):
    a = Agent(home, "med", "mediator", port=free_port(), link="http", policy={"mediate": "anyone"}).start()
    yield a
    a.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def client(home, veramo):
    """One of ours without a listener; Veramo's agent is its mediator."""
    a = Agent(home, "alice", "owner", mediator={"did": veramo.did, "uri": f"http://127.0.0.1:{veramo.port}/", "interval": "10"})
    a.start()
    wait_for(lambda: "mediated" in [i["name"] for i in a.get("/v1/identities")], "the identity that asks")
    for role in ("mediated", "owner"):
        veramo.learn(a, role)
    a.restart()
    yield a
    a.stop(signal.SIGKILL)


def asks(veramo, make, *args):
    """One of Veramo's own requests, and our mediator's answer as its handlers took it."""
    sent = veramo.node.ask("send", make=make, args=[veramo.did, *args], members=ALL_BACK)
    assert "answer" in sent and sent["answer"]["threadId"] == sent["id"], sent
    return sent["answer"]


def packed(m, *args):
    return berth("didcomm", "pack", "--no-forward", "--mode", "anoncrypt", *args, stdin=json.dumps(m)).stdout


@pytest.mark.parametrize("version", ["3.0", "2.0"])
def test_veramo_is_a_client_of_our_mediator(relay, veramo, matrix, version):
    to = veramo.learn(relay, "mediator")
    if version == "2.0":
        # it goes on in 3.0: Veramo knows no keylist-update
        grant = asks(veramo, "createMediateRequestMessage", to)
        assert grant["type"] == MEDIATE_2 + "mediate-grant" and grant["data"]["routing_did"] == to
    else:
        grant = asks(veramo, "createV3MediateRequestMessage", to)
        assert grant["type"] == MEDIATE + "mediate-grant" and grant["data"]["routing_did"] == [to]
        assert [m for m in grant["metaData"] if m["type"] == "DIDCommMessagingServiceAdded"]
    done = asks(veramo, "createV3RecipientUpdateMessage", to, [{"recipient_did": veramo.did, "action": "add"}])
    assert done["data"]["updated"][0]["result"] in ("success", "no_change")
    assert asks(veramo, "createV3RecipientQueryMessage", to)["data"]["dids"] == [{"recipient_did": veramo.did}]
    # somebody writes to it
    m = {"id": "lunch-" + version, "typ": PLAIN, "type": LUNCH, "to": [veramo.did], "body": {"é": 1}}
    forward = {"id": "f-" + version, "typ": PLAIN, "type": FORWARD, "to": [to], "body": {"next": veramo.did},
               "attachments": [{"id": "1", "data": {"json": json.loads(packed(m, "--to", veramo.did))}}]}
    assert post(relay, packed(forward, "--to", to))[0] == 202
    assert asks(veramo, "createV3StatusRequestMessage", to)["data"]["message_count"] == 1
    delivery = asks(veramo, "createV3DeliveryRequestMessage", to)
    assert delivery["type"] == PICKUP + "delivery"
    (attachment,) = delivery["attachments"]
    inner = base64.urlsafe_b64decode(attachment["data"]["base64"] + "==").decode()
    assert veramo.node.ask("unpack", packed=inner)["message"] == m
    # its handler looks for data.json alone and says nothing: it comes again until somebody does
    assert asks(veramo, "createV3StatusRequestMessage", to)["data"]["message_count"] == 1
    received = {"id": "r-" + version, "type": PICKUP + "messages-received", "from": veramo.did, "to": [to],
                "body": {"message_id_list": [attachment["id"]]}, **ALL_BACK}
    assert veramo.node.ask("send", message=received)["answer"]["data"]["message_count"] == 0
    matrix.message(PEER, "they to us to them", f"mediation {version}, forward and pickup 3.0", "X25519", "A256CBC-HS512")


def test_our_client_and_veramos_answers(client, veramo):
    """It is granted and registered; 3.0 says `updated` where Veramo says `updates`, and what is
    not 3.0 is refused."""
    wait_for(lambda: "recipient-update-response: E_TYPE: updated: missing" in client.log(), client.log)
    assert client.status()["mediation"] == {"state": "GRANTED", "registered": 0}
    assert veramo.received(MEDIATE + "recipient-update")


def test_veramos_own_forward_is_taken_where_apv_may_be_missing(relay, veramo, matrix):
    """Its own encryption, without apv, both of the message and of the forward: not by default."""
    to = veramo.learn(relay, "mediator")
    native = Veramo(FOLDER / "veramo-relay-native", "veramo")
    try:
        native.learn(relay, "mediator")
        behind = {"id": native.did + "#s", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": to, "accept": ["didcomm/v2"]}}
        native.node.ask("learn", document=dict(for_node(resolve(native.did), native.did), service=[behind]))
        asks(veramo, "createV3MediateRequestMessage", to)
        asks(veramo, "createV3RecipientUpdateMessage", to, [{"recipient_did": native.did, "action": "add"}])
        m = {"id": "own", "typ": PLAIN, "type": LUNCH, "from": native.did, "to": [native.did], "body": {"é": 1}}
        assert "error" not in native.node.ask("send", message=m, packing="anoncrypt")
        assert asks(veramo, "createV3StatusRequestMessage", to)["data"]["message_count"] == 0
        relay.set("interop", allow_missing_apv=relay.identity("mediator")["did"])
        relay.stop()
        relay.start()
        assert "error" not in native.node.ask("send", message=m, packing="anoncrypt")
        (attachment,) = asks(veramo, "createV3DeliveryRequestMessage", to)["attachments"]
        inner = base64.urlsafe_b64decode(attachment["data"]["base64"] + "==").decode()
        assert native.node.ask("unpack", packed=inner) == {"message": m, "metadata": {"packing": "anoncrypt"}}
        matrix.message("@veramo/did-comm 7.0.1", "they to us to them, allow-missing-apv", "forward(anoncrypt)", "X25519", "A256GCM")
    finally:
        native.node.close()
