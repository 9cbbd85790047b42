# SPDX-License-Identifier: Apache-2.0
"""Peers whose only agreement key is on one curve, and an agent whose keys are in a file,
a TPM or a token: it has one on P-256 and a second on X25519, or else on P-384."""
import http.client
import json
import pathlib
import shutil
import tempfile
import uuid

import pytest

from agents import Agent, Tpm, free_port, wait_for
from cli import PATIENCE_S, ok
from test_pkcs11 import hsm     # noqa: F401: a fixture

ENCRYPTED = "application/didcomm-encrypted+json"
PING = "https://didcomm.org/trust-ping/2.0/ping"


def post(agent, body, content_type=ENCRYPTED):
    c = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=PATIENCE_S)
    try:
        c.request("POST", "/didcomm", body, {"Content-Type": content_type})
        r = c.getresponse()
        return r.status, r.read().decode()
    finally:
        c.close()


class Stranger:
    """A did:peer:2 with an Ed25519 key and an agreement key of that type."""

    def __init__(self, folder, kind):
        keys = [ok("key", "generate", "--type", k) for k in ("ed25519", kind)]
        for name, key in zip(("sign", "agree"), keys):
            (folder / f"{kind}-{name}.jwk").write_text(json.dumps(key["publicJwk"]))
        self.did = ok("did", "create", "peer", "--numalgo", "2", "--verification", folder / f"{kind}-sign.jwk",
                      "--agreement", folder / f"{kind}-agree.jwk")["did"]
        self.secrets = folder / f"{kind}-secrets.json"
        self.secrets.write_text(json.dumps([
            {"id": f"{self.did}#key-{i}", "type": "JsonWebKey2020", "privateKeyJwk": k["privateJwk"]}
            for i, k in enumerate(keys, 1)]))

    def pack(self, to, message, *options):
        envelope = ok("didcomm", "pack", "--from", self.did, "--to", to, "--secrets", self.secrets, *options,
                      stdin=json.dumps(message))
        return json.dumps(envelope)

    def unpack(self, text):
        return ok("didcomm", "unpack", "--secrets", self.secrets, stdin=text)


def keystore(where, home, request):
    """The uri of [keystore] and the TPM to be stopped."""
    if where == "tpm":
        tpm = Tpm(home / "tpm")
        return None, tpm
    return (request.getfixturevalue("hsm").uri() if where == "token" else None), None


@pytest.mark.parametrize("where, curves", [("file", ("x25519", "p256")), ("tpm", ("p384", "p256")),
                                           ("token", ("x25519", "p256"))])
def test_a_peer_on_either_curve_is_answered(where, curves, request):
    home = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
    home.chmod(0o755)
    uri, tpm = keystore(where, home, request)
    agent = Agent(home, "rv", "rendezvous", tpm=tpm, port=free_port(), link="http")
    if uri:
        agent.set("keystore main", uri=uri)
    try:
        agent.start()
        us = agent.identity("rendezvous")["didLong"]
        for curve in curves:
            peer = Stranger(home, curve)
            ping = {"id": str(uuid.uuid4()), "type": PING, "body": {"response_requested": True}, "return_route": "all"}
            packed = peer.pack(us, ping)
            assert len(json.loads(packed)["recipients"]) == 1
            status, body = post(agent, packed)
            assert status == 200, agent.log()[-2000:]
            got = peer.unpack(body)
            assert got["message"]["thid"] == ping["id"] and got["metadata"]["authenticated"]
            wait_for(lambda: agent.status()["queue"]["out"] == 0, "an empty outbox")
    finally:
        agent.stop()
        if tpm:
            tpm.kill()
        shutil.rmtree(home, ignore_errors=True)
