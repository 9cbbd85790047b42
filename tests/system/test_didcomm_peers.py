# SPDX-License-Identifier: Apache-2.0
"""What an agent says in its log of peers that do not keep to DIDComm v2.1: one that
speaks v1, and one that leaves apv out of its anoncrypts."""
import json
import pathlib
import shutil
import tempfile
import uuid

import pytest

from agents import Agent, b64, free_port, wait_for
from cli import VECTORS, ok, run
from jose import seal
from test_agreement_keys import post

PING = "https://didcomm.org/trust-ping/2.0/ping"


@pytest.fixture(scope="module")
def agent():
    home = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
    home.chmod(0o755)
    a = Agent(home, "rv", "rendezvous", port=free_port(), link="http").start()
    yield a
    a.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("content_type, status", [
    ("application/didcomm-envelope-enc", 202), ("application/didcomm-encrypted+json", 202),
    ("application/ssi-agent-wire", 415), ("application/didcomm-enc-env", 415)])
def test_a_peer_that_speaks_v1_is_named_in_the_log(agent, content_type, status):
    for case in json.loads((VECTORS / "didcomm-v1/envelopes.json").read_text()):
        before = agent.log().count("the peer speaks DIDComm v1")
        assert post(agent, json.dumps(case["message"]), content_type)[0] == status
        wait_for(lambda: agent.log().count("the peer speaks DIDComm v1") == before + 1, agent.log)
        r = run("didcomm", "unpack", stdin=json.dumps(case["message"]))
        assert r.returncode == 3 and r.stderr == b"berth: E_ENV: the peer speaks DIDComm v1\n"


def test_apv_may_be_missing_where_the_configuration_says_so(agent, tmp_path):
    """C040: an anonymous ping is refused by its step (C052), so that is how far it has come."""
    identity = agent.identity("rendezvous")
    doc = ok("did", "resolve", identity["didLong"])["didDocument"]
    vm = next(m for m in doc["verificationMethod"] if m["id"].endswith("#key-2"))
    public = point_of(vm["publicKeyMultibase"])

    def sends(**options):
        agent.set("interop", **options)
        agent.restart()
        text = seal(tmp_path, {"id": str(uuid.uuid4()), "type": PING, "body": {}}, identity["didLong"] + "#key-2",
                    public, apv=False)
        at = len(agent.log())
        assert post(agent, text)[0] == 202
        wait_for(lambda: "E_ENV" in agent.log()[at:] or "E_AUTHZ" in agent.log()[at:], agent.log)
        return agent.log()[at:]

    assert "E_ENV: jwe: apv is missing" in sends()
    assert "E_ENV: jwe: apv is missing" in sends(allow_missing_apv="did:web:other.example")
    assert "E_AUTHZ: ping from nobody" in sends(allow_missing_apv=identity["did"])


def point_of(multikey):
    """The coordinates of a P-256 Multikey."""
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    n = 0
    for c in multikey[1:]:
        n = n * 58 + alphabet.index(c)
    raw = n.to_bytes(35, "big")
    assert raw[:2] == b"\x80\x24"
    p = 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1
    b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
    x = int.from_bytes(raw[3:], "big")
    y = pow((x ** 3 - 3 * x + b) % p, (p + 1) // 4, p)
    y = y if y % 2 == raw[2] % 2 else p - y
    return {"crv": "P-256", "x": b64(x.to_bytes(32, "big")), "y": b64(y.to_bytes(32, "big"))}
