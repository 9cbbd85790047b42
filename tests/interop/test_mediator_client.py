# SPDX-License-Identifier: Apache-2.0
"""A client and senders of another make at our mediator, over HTTP: didcomm-node makes every
envelope and every forward, and opens what comes back."""
import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import uuid

import pytest

from peers import FOLDER, PATIENCE_S, Node, berth, new_key
from test_didcomm_http import ENCRYPTED, for_node, post, resolve

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from agents import Agent, free_port     # noqa: E402

MEDIATE, PICKUP = "https://didcomm.org/coordinate-mediation/3.0/", "https://didcomm.org/messagepickup/3.0/"
MEDIATE_2 = "https://didcomm.org/coordinate-mediation/2.0/"


def peer(folder, name, *service):
    """A did:peer:2, its document for didcomm-node, and its secret."""
    args = []
    for use, kind in (("verification", "ed25519"), ("agreement", "x25519")):
        private, public = new_key(kind)
        path = folder / f"{name}-{use}.jwk"
        path.write_text(json.dumps(public))
        args += [f"--{use}", str(path)]
    did = json.loads(berth("did", "create", "peer", "--numalgo", "2", *args, *service).stdout)["did"]
    doc = for_node(resolve(did), did)
    return did, doc, {"id": doc["keyAgreement"][0], "type": "JsonWebKey2020", "privateKeyJwk": private}


class Client:
    def __init__(self, folder, mediator):
        self.mediator = mediator
        identity = mediator.identity("mediator")
        self.to = identity["didLong"]
        service = {"type": "DIDCommMessaging", "serviceEndpoint": {"uri": self.to, "accept": ["didcomm/v2"]}}
        self.did, mine, secret = peer(folder, "client", "--service", json.dumps(service))
        self.sender, senders, senders_secret = peer(folder, "sender")
        mine["service"] = [{"id": self.did + "#service", "type": "DIDCommMessaging",
                            "serviceEndpoint": {"uri": self.to, "accept": ["didcomm/v2"], "routing_keys": []}}]
        docs = [mine, senders]
        for did in (identity["didLong"], identity["did"]):
            doc = for_node(resolve(self.to), did)
            doc["service"] = [{"id": did + "#service", "type": "DIDCommMessaging",
                               "serviceEndpoint": {"uri": mediator.uri, "accept": ["didcomm/v2"], "routing_keys": []}}]
            docs.append(doc)
        (folder / "world.json").write_text(json.dumps({"docs": docs, "secrets": [secret, senders_secret]}))
        self.world = folder.relative_to(FOLDER) / "world.json"
        self.node = Node("didcomm_node.mjs", self.world)

    def ask(self, typ, body):
        """One question to the mediator; the message in the answer."""
        q = {"id": str(uuid.uuid4()), "typ": "application/didcomm-plain+json", "type": typ, "body": body, "from": self.did,
             "to": [self.to], "return_route": "all"}
        a = self.node.ask(op="pack", message=q, to=self.to, **{"from": self.did})
        assert "packed" in a, a
        status, content_type, answer = post(self.mediator, a["packed"])
        assert (status, content_type) == (200, ENCRYPTED), typ
        got = self.node.ask(op="unpack", packed=answer)
        assert got["metadata"]["authenticated"] and got["message"]["thid"] == q["id"]
        return got["message"]

    def send(self, text):
        """By the sender, wrapped in the forward that didcomm-node finds in our document."""
        message = {"id": text, "typ": "application/didcomm-plain+json", "type": "https://didcomm.org/basicmessage/2.0/message",
                   "body": {"content": text}, "from": self.sender, "to": [self.did]}
        r = subprocess.run(["node", "didcomm_forward.mjs", self.world], cwd=FOLDER, text=True, capture_output=True, timeout=PATIENCE_S,
                           input=json.dumps({"pack": message, "to": self.did, "from": self.sender}))
        assert r.returncode == 0, r.stderr
        out = json.loads(r.stdout)
        assert out["endpoint"] == self.mediator.uri
        assert post(self.mediator, out["packed"]) == (202, None, "")

    def fetch(self, limit=10):
        """{id: message} of one delivery."""
        delivery = self.ask(PICKUP + "delivery-request", {"limit": limit})
        assert delivery["type"] == PICKUP + "delivery"
        out = {}
        for a in delivery["attachments"]:
            packed = a["data"]["base64"]
            packed = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
            out[a["id"]] = self.node.ask(op="unpack", packed=packed)["message"]
        return out


@pytest.fixture(scope="module")
def client():
    folder = FOLDER / "mediator-client"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    home = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
    home.chmod(0o755)
    mediator = Agent(home, "med", "mediator", port=free_port(), link="http", policy={"mediate": "anyone"}).start()
    c = Client(folder, mediator)
    yield c
    c.node.close()
    mediator.stop()
    shutil.rmtree(home, ignore_errors=True)


def test_from_the_request_to_an_empty_queue(client, matrix):
    grant = client.ask(MEDIATE + "mediate-request", {})
    assert grant["type"] == MEDIATE + "mediate-grant" and grant["body"]["routing_did"] == [client.to]
    update = {"recipient_did": client.did, "action": "add"}
    answer = client.ask(MEDIATE + "recipient-update", {"updates": [update]})
    assert answer["body"]["updated"] == [dict(update, result="success")]
    assert client.ask(PICKUP + "status-request", {})["body"]["message_count"] == 0
    for n in range(3):
        client.send(f"hello {n}")
    assert client.ask(PICKUP + "status-request", {"recipient_did": client.did})["body"]["message_count"] == 3
    first = client.fetch(limit=2)
    assert [m["body"]["content"] for m in first.values()] == ["hello 0", "hello 1"]
    assert all(m["from"] == client.sender for m in first.values())
    status = client.ask(PICKUP + "messages-received", {"message_id_list": list(first)})
    assert status["type"] == PICKUP + "status" and status["body"]["message_count"] == 1
    rest = client.fetch()
    assert [m["body"]["content"] for m in rest.values()] == ["hello 2"]
    assert client.ask(PICKUP + "messages-received", {"message_id_list": list(rest)})["body"]["message_count"] == 0
    assert client.ask(PICKUP + "delivery-request", {"limit": 1})["type"] == PICKUP + "status"
    matrix.message("didcomm-node 0.4.1", "they to us to them", "mediation 3.0, forward and pickup 3.0", "X25519", "A256CBC-HS512", 3)


def test_the_older_version_and_live_mode(client):
    grant = client.ask(MEDIATE_2 + "mediate-request", {})
    assert grant["body"]["routing_did"] == client.to
    answer = client.ask(MEDIATE_2 + "keylist-query", {})
    assert answer["type"] == MEDIATE_2 + "keylist" and {"recipient_did": client.did} in answer["body"]["keys"]
    q = {"id": "live", "typ": "application/didcomm-plain+json", "type": PICKUP + "live-delivery-change",
         "body": {"live_delivery": True}, "from": client.did, "to": [client.to], "return_route": "all"}
    packed = client.node.ask(op="pack", message=q, to=client.to, **{"from": client.did})["packed"]
    report = client.node.ask(op="unpack", packed=post(client.mediator, packed)[2])["message"]
    assert report["body"]["code"] == "e.m.live-mode-not-supported" and report["pthid"] == "live"
