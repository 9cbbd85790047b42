# SPDX-License-Identifier: Apache-2.0
"""An agent of another make over HTTP: didcomm-node packs, a plain HTTP client posts to a
running berthd, and didcomm-node unpacks what comes in the answer."""
import http.client
import json
import pathlib
import shutil
import sys
import tempfile
import uuid

import pytest

from peers import FOLDER, PATIENCE_S, Node, berth, new_key

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from agents import Agent, b64, free_port, wait_for     # noqa: E402

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ENCRYPTED = "application/didcomm-encrypted+json"
PING = "https://didcomm.org/trust-ping/2.0/ping"


def base58(text):
    n = 0
    for c in text:
        n = n * 58 + ALPHABET.index(c)
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def p256(point):
    """A compressed point as a JWK."""
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    x = int.from_bytes(point[1:], "big")
    y = pow(x**3 - 3 * x + 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b, (p + 1) // 4, p)
    y = y if y % 2 == point[0] % 2 else p - y
    return {"kty": "EC", "crv": "P-256", "x": b64(point[1:]), "y": b64(y.to_bytes(32, "big"))}


AGREE = {b"\xec\x01": lambda raw: {"kty": "OKP", "crv": "X25519", "x": b64(raw)}, b"\x80\x24": p256}


def resolve(did):
    return json.loads(berth("did", "resolve", did).stdout)["didDocument"]


def for_node(doc, did):
    """didcomm-node knows no Multikey: the agreement keys, in the form that it takes."""
    out = {"id": did, "verificationMethod": [], "keyAgreement": [], "authentication": [], "service": []}
    for vm in doc["verificationMethod"]:
        if vm["id"] not in doc["keyAgreement"]:
            continue
        kid, raw = did + "#" + vm["id"].split("#")[1], base58(vm["publicKeyMultibase"][1:])
        out["verificationMethod"].append(
            {"id": kid, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": AGREE[raw[:2]](raw[2:])})
        out["keyAgreement"].append(kid)
    assert out["keyAgreement"], doc
    return out


class Stranger:
    """A did:peer:2 whose messages didcomm-node packs."""

    def __init__(self, folder, agent):
        names = {}
        for use, kind in (("verification", "ed25519"), ("agreement", "x25519")):
            private, public = new_key(kind)
            (folder / f"{use}.jwk").write_text(json.dumps(public))
            names[use] = private
        r = berth("did", "create", "peer", "--numalgo", "2", "--verification", str(folder / "verification.jwk"),
                  "--agreement", str(folder / "agreement.jwk"))
        self.did = json.loads(r.stdout)["did"]
        mine = for_node(resolve(self.did), self.did)
        identity = agent.identity("rendezvous")
        self.to = identity["didLong"]
        theirs = resolve(self.to)
        docs = [mine, for_node(theirs, identity["didLong"]), for_node(theirs, identity["did"])]
        secrets = [{"id": mine["keyAgreement"][0], "type": "JsonWebKey2020", "privateKeyJwk": names["agreement"]}]
        (folder / "http-world.json").write_text(json.dumps({"docs": docs, "secrets": secrets}))
        self.node = Node("didcomm_node.mjs", folder.relative_to(FOLDER) / "http-world.json")

    def message(self, typ, body, **headers):
        return {"id": str(uuid.uuid4()), "typ": "application/didcomm-plain+json", "type": typ, "body": body,
                "from": self.did, "to": [self.to], **headers}

    def pack(self, message, sender=True):
        a = self.node.ask("pack", message=message, to=self.to, **({"from": self.did} if sender else {}))
        assert "packed" in a, a
        return a["packed"]

    def unpack(self, packed):
        a = self.node.ask("unpack", packed=packed)
        assert "message" in a, a
        return a


def post(agent, body, content_type=ENCRYPTED):
    c = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=PATIENCE_S)
    try:
        c.request("POST", "/didcomm", body, {"Content-Type": content_type})
        r = c.getresponse()
        return r.status, r.getheader("Content-Type"), r.read().decode()
    finally:
        c.close()


@pytest.fixture(scope="module")
def pair():
    folder = FOLDER / "http"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    home = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
    home.chmod(0o755)
    agent = Agent(home, "rv", "rendezvous", port=free_port(), link="http").start()
    stranger = Stranger(folder, agent)
    yield agent, stranger
    stranger.node.close()
    agent.stop()
    shutil.rmtree(home, ignore_errors=True)


def test_a_ping_is_answered_in_the_response(pair):
    agent, stranger = pair
    for _ in range(5):      # each is gone from the outbox once it has left
        ping = stranger.message(PING, {"response_requested": True}, return_route="all")
        status, typ, body = post(agent, stranger.pack(ping))
        assert (status, typ) == (200, ENCRYPTED)
        got = stranger.unpack(body)
        assert got["message"]["type"] == "https://didcomm.org/trust-ping/2.0/ping-response"
        assert got["message"]["thid"] == ping["id"]
        assert got["metadata"]["encrypted"] and got["metadata"]["authenticated"]
        # the peer may have it before the core hears that it has left
        wait_for(lambda: agent.status()["queue"]["out"] == 0, "an empty outbox")
        assert agent.status()["queue"]["dead"] == 0


def test_features_are_discovered(pair):
    agent, stranger = pair
    q = stranger.message("https://didcomm.org/discover-features/2.0/queries",
                         {"queries": [{"feature-type": "protocol", "match": "https://didcomm.org/*"}]}, return_route="all")
    status, _, body = post(agent, stranger.pack(q))
    assert status == 200
    message = stranger.unpack(body)["message"]
    assert message["type"] == "https://didcomm.org/discover-features/2.0/disclose" and message["thid"] == q["id"]
    found = {d["id"] for d in message["body"]["disclosures"]}
    assert {"https://didcomm.org/trust-ping/2.0", "https://didcomm.org/discover-features/2.0"} <= found


def test_without_return_route_nothing_comes_back(pair):
    agent, stranger = pair
    status, _, body = post(agent, stranger.pack(stranger.message(PING, {"response_requested": True})))
    assert (status, body) == (202, "")
    # a poll fetches what waited
    poll = stranger.message("https://didcomm.org/empty/1.0/empty", {}, return_route="all")
    status, _, body = post(agent, stranger.pack(poll))
    assert status == 200 and stranger.unpack(body)["message"]["type"].endswith("/ping-response")


def test_what_is_refused_sounds_like_what_is_stored(pair):
    agent, stranger = pair
    again = stranger.pack(stranger.message(PING, {"response_requested": True}, return_route="all"))
    assert post(agent, again)[0] == 200
    broken = json.loads(stranger.pack(stranger.message(PING, {}, return_route="all")))
    broken["tag"] = ("A" if broken["tag"][0] != "A" else "B") + broken["tag"][1:]
    unknown = dict(broken, recipients=[dict(broken["recipients"][0], header={"kid": "did:example:nobody#1"})])
    anonymous = stranger.pack(stranger.message(PING, {}, return_route="all"), sender=False)
    for body in (again, json.dumps(broken), json.dumps(unknown), anonymous, "{}", "not JSON"):
        assert post(agent, body) == (202, None, ""), body[:80]
    assert post(agent, again, "application/json") == (415, None, "")
