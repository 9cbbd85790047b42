# SPDX-License-Identifier: Apache-2.0
"""What an agent says in its log of peers that do not keep to DIDComm v2.1: one that
speaks v1, and one that leaves apv out of its anoncrypts."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import uuid

import pytest

from agents import Agent, b64, free_port, wait_for
from cli import VECTORS, ok, run
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


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *map(str, args)], input=data, stdout=subprocess.PIPE, check=True).stdout


def wrap(kek, key):
    """RFC 3394."""
    a, r = b"\xa6" * 8, [key[i:i + 8] for i in range(0, len(key), 8)]
    for t in range(6 * len(r)):
        i = t % len(r)
        out = openssl("enc", "-aes-256-ecb", "-nopad", "-K", kek.hex(), data=a + r[i])
        a, r[i] = bytes(x ^ y for x, y in zip(out[:8], (t + 1).to_bytes(8, "big"))), out[8:]
    return a + b"".join(r)


def anoncrypt_without_apv(folder, kid, jwk, message):
    """ECDH-ES+A256KW, A256CBC-HS512 on P-256, of openssl and hashlib alone."""
    def point(path):
        return openssl("pkey", "-in", path, "-pubout", "-outform", "DER")[-64:]
    raw = b"".join(base64.urlsafe_b64decode(jwk[c] + "==") for c in "xy")
    head = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
    (folder / "peer.der").write_bytes(head + raw)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "epk.pem")
    z = openssl("pkeyutl", "-derive", "-inkey", folder / "epk.pem", "-peerkey", folder / "peer.der", "-peerform", "DER")
    ours = point(folder / "epk.pem")
    alg = b"ECDH-ES+A256KW"
    kek = hashlib.sha256(b"\0\0\0\1" + z + len(alg).to_bytes(4, "big") + alg + bytes(8) + b"\0\0\1\0").digest()
    header = b64(json.dumps({"typ": "application/didcomm-encrypted+json", "alg": alg.decode(), "enc": "A256CBC-HS512",
                             "epk": {"kty": "EC", "crv": "P-256", "x": b64(ours[:32]), "y": b64(ours[32:])}}).encode())
    cek, iv = os.urandom(64), os.urandom(16)
    ct = openssl("enc", "-aes-256-cbc", "-K", cek[32:].hex(), "-iv", iv.hex(), data=json.dumps(message).encode())
    tag = hmac.new(cek[:32], header.encode() + iv + ct + (8 * len(header)).to_bytes(8, "big"), "sha512").digest()[:32]
    return json.dumps({"protected": header, "recipients": [{"header": {"kid": kid}, "encrypted_key": b64(wrap(kek, cek))}],
                       "iv": b64(iv), "ciphertext": b64(ct), "tag": b64(tag)})


def test_apv_may_be_missing_where_the_configuration_says_so(agent, tmp_path):
    """C040: an anonymous ping is refused by its step (C052), so that is how far it has come."""
    identity = agent.identity("rendezvous")
    doc = ok("did", "resolve", identity["didLong"])["didDocument"]
    vm = next(m for m in doc["verificationMethod"] if m["id"].endswith("#key-2"))
    public = point_of(vm["publicKeyMultibase"])

    def sends(**options):
        agent.set("interop", **options)
        agent.restart()
        text = anoncrypt_without_apv(tmp_path, identity["didLong"] + "#key-2", public,
                                     {"id": str(uuid.uuid4()), "type": PING, "body": {}})
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
    return {"x": b64(x.to_bytes(32, "big")), "y": b64(y.to_bytes(32, "big"))}
