# SPDX-License-Identifier: Apache-2.0
"""A batch of 200 devices that a manufacturer made without our factory: keys, credentials
and signatures by the command line, the file by this test."""
import concurrent.futures
import hashlib
import json
import os
import pty
import subprocess

from agents import b64
from cli import BERTH, fails, ok, token

N = 200
CONTEXT = ["https://www.w3.org/ns/credentials/v2", "urn:berth:contexts/onboarding/v1"]


class Party:
    """A did:jwk and the file of its key."""

    def __init__(self, folder, name):
        jwk = ok("key", "generate", "--type", "ed25519")["privateJwk"]
        self.file = folder / f"{name}.jwk"
        self.file.write_text(json.dumps(jwk))
        public = json.dumps({m: jwk[m] for m in ("crv", "kty", "x")}, separators=(",", ":"))
        self.did = "did:jwk:" + b64(public.encode())
        self.ref = {"id": self.did, "jkt": b64(hashlib.sha256(public.encode()).digest())}

    def sign(self, kind, subject, folder):
        file = folder / f"{kind}-{hashlib.sha256(json.dumps(subject).encode()).hexdigest()}.json"
        file.write_text(json.dumps({"@context": CONTEXT, "type": ["VerifiableCredential", kind], "issuer": self.did,
                                    "credentialSubject": subject}))
        return token("vc", "issue", "--format", "vc+jwt", "--jwk", self.file, "--kid", self.did + "#0", file)


def sha(text):
    return hashlib.sha256(text.encode()).digest()


def jkt_of(owner):
    """Of the key that the owner signs with, as its DID says."""
    doc = ok("did", "resolve", owner["didLong"])["didDocument"]
    name = doc["assertionMethod"][0]
    method = next(m for m in doc["verificationMethod"] if m["id"] == name)
    digits, number = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 0
    for c in method["publicKeyMultibase"][1:]:
        number = number * 58 + digits.index(c)
    key = number.to_bytes(34, "big")[2:]
    return b64(sha('{"crv":"Ed25519","kty":"OKP","x":"%s"}' % b64(key)))


def make(world, folder):
    maker, root = Party(folder, "maker"), Party(folder, "root")
    owner = world.owner.identity("owner")
    to = {"id": owner["didLong"], "jkt": jkt_of(owner)}
    rv = [{"id": world.rv.identity("rendezvous")["didLong"], "serviceEndpoint": world.rv.uri}]

    def chain(i):
        device = Party(folder, f"device-{i}").did
        dc = maker.sign("BerthDeviceCredential", {
            "id": device, "serial": f"M-{i:04}", "model": "Box", "hardware": "1", "firmware": "1",
            "keyProvenance": {"custody": "sealed"}, "ownershipRoot": root.ref, "rv": rv, "epoch0": 1,
            "recovery": False}, folder)
        oc = root.sign("BerthOwnershipCredential", {
            "id": device, "nextOwner": to, "deviceCredential": b64(sha(dc)), "seq": 0, "epoch": 1,
            "transferable": True}, folder)
        return {"docs": {}, "deviceCredential": dc, "entries": [oc]}

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        chains = list(pool.map(chain, range(N)))
    return maker, root, to, chains


def signed(by, to, chains, folder):
    tips = b"".join(sha(c["entries"][-1]) for c in chains)
    return by.sign("BerthBatchCredential", {"id": to["id"], "batch": "many", "count": len(chains),
                                            "chains": b64(hashlib.sha256(tips).digest())}, folder)


def test_two_hundred(world, tmp_path):
    maker, root, to, chains = make(world, tmp_path)
    world.owner.set("trust", issuer=maker.did)
    world.owner.stop()
    world.owner.start()
    file, at = tmp_path / "many", ("--json", "--socket", world.owner.admin_sock)

    def refused(code, by, what):
        file.write_text(json.dumps({"batch": "many", "signed": signed(by, to, what, tmp_path), "chains": what}))
        fails(code, "devices", "import", file, *at)
        assert world.owner.get("/v1/devices") == []

    refused("E_AUTHZ", maker, chains)                   # by another than who sold them
    refused("E_REPLAY", root, chains + chains[-1:])     # also where it was signed so
    file.write_text(json.dumps({"batch": "many", "signed": signed(root, to, chains, tmp_path), "chains": chains}))
    top, sub = pty.openpty()
    p = subprocess.Popen([BERTH, "devices", "import", str(file), "--socket", str(world.owner.admin_sock)],
                         stdout=subprocess.PIPE, stderr=sub)
    os.close(sub)
    bar = b""
    try:
        while part := os.read(top, 65536):
            bar += part
    except OSError:     # the other end is closed
        pass
    assert p.communicate(timeout=120)[0] == b"imported: 200\n" and p.returncode == 0, bar[-300:]
    assert b" 0/200" in bar and b" 200/200" in bar
    assert sorted(d["serial"] for d in world.owner.get("/v1/devices")) == [f"M-{i:04}" for i in range(N)]
