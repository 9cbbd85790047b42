# SPDX-License-Identifier: Apache-2.0
"""C.1a (b) with real daemons: the buyer who got a shorter chain onboards the device, and
whom he sold it on to learns that from the device's own receipt."""
import base64
import hashlib
import json

from agents import b64
from cli import fails, ok, raw, token


B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def thumbprint(did, fragment):
    """RFC 7638, of an Ed25519 key in a DID document."""
    method = next(m for m in ok("did", "resolve", did)["didDocument"]["verificationMethod"] if m["id"].endswith(fragment))
    number = 0
    for c in method["publicKeyMultibase"][1:]:
        number = number * 58 + B58.index(c)
    codec, key = number.to_bytes(34, "big")[:2], number.to_bytes(34, "big")[2:]
    assert codec == b"\xed\x01"
    return b64(hashlib.sha256(b'{"crv":"Ed25519","kty":"OKP","x":"%s"}' % b64(key).encode()).digest())


def sold_on(seller, chain, buyer, tmp_path):
    """The chain with one entry more, signed with the seller's own key."""
    first = json.loads(base64.urlsafe_b64decode(chain["entries"][0].split(".")[1] + "=="))["credentialSubject"]
    me, to = seller.identity("owner"), buyer.identity("owner")
    subject = {"id": first["id"], "nextOwner": {"id": to["didLong"], "jkt": thumbprint(to["didLong"], "#key-1")},
               "prev": b64(hashlib.sha256(chain["entries"][0].encode()).digest()),
               "deviceCredential": first["deviceCredential"], "seq": 1, "epoch": first["epoch"], "transferable": True}
    vc = tmp_path / "oc.json"
    vc.write_text(json.dumps({
        "@context": ["https://www.w3.org/ns/credentials/v2", "urn:berth:contexts/onboarding/v1"],
        "type": ["VerifiableCredential", "BerthOwnershipCredential"], "issuer": me["didLong"], "credentialSubject": subject}))
    seller.stop()       # its keyd has the keys for itself
    key = ("--passphrase-file", seller.dir / "pass", "--key-uri")
    uri = next(k["keyUri"] for k in ok("key", "list", *key, f"soft:{seller.dir}/keys") if "#owner-sign." in k["keyUri"])
    entry = token("vc", "issue", "--format", "vc+jwt", *key, uri, "--kid", me["didLong"] + "#key-1", vc)
    seller.start()
    return {**chain, "entries": [*chain["entries"], entry]}


def test_taken_by_an_earlier_owner(world, tmp_path):
    gw = world.gateway("GW-TAKEN")
    chain = world.chain(world.born(gw))
    world.owner.post("/v1/devices/import", {"chain": chain})
    world.switched_on(gw)
    buyer = world.add("buyer", "owner", trust={"issuer": world.factory.identity("issuer")["did"]}).start()
    longer = tmp_path / "longer"
    longer.write_text(json.dumps(sold_on(world.owner, chain, buyer, tmp_path)))

    receipt = next(i for i in ok("identity", "--json", "--socket", gw.admin_sock) if i["name"] == "operational")["receipt"]
    assert gw.get("/v1/device")["receipt"] == receipt
    assert ok("devices", "show", "GW-TAKEN", "--json", "--socket", world.owner.admin_sock)["receipt"] == receipt
    file, bad = tmp_path / "receipt", tmp_path / "bad"
    file.write_text(receipt + "\n")
    head, body, sig = receipt.split(".")
    bad.write_text(".".join([head, body, ("A" if sig[0] != "A" else "B") + sig[1:]]))
    at = ("--socket", buyer.admin_sock)
    fails("E_SIG", "devices", "import", longer, "--receipt", bad, *at)
    fails("E_USAGE", "devices", "import", longer, "--receipt", file, "--receipt", bad, *at)
    assert ok("devices", "list", "--json", *at) == []
    before = ok("devices", "import", longer, "--json", *at)[0]          # the twin without one
    assert "taken" not in before and buyer.status()["health"]["state"] == "ok"

    answer = ok("devices", "import", longer, "--receipt", file, "--json", *at)[0]
    assert answer["serial"] == "GW-TAKEN" and answer["taken"] == "taken-by-earlier-owner"
    assert answer["takenProof"]["receipt"] == receipt and answer["takenProof"]["seq"] == 0
    assert answer["takenProof"]["owner"] == gw.status()["ownerDid"]
    assert ok("devices", "list", "--json", *at)[0]["taken"] == "taken-by-earlier-owner"
    assert ok("devices", "show", "GW-TAKEN", "--json", *at)["takenProof"] == answer["takenProof"]
    assert "taken-by-earlier-owner" in raw("devices", "import", longer, "--receipt", file, *at).decode()
    health = buyer.status()["health"]
    assert health["state"] == "degraded" and "taken by another owner" in " ".join(health["reasons"])
    assert "says taken-by-earlier-owner" in json.dumps(buyer.get("/v1/audit"))

    other = world.gateway("GW-OTHER")
    world.onboard(other)
    foreign = tmp_path / "foreign"
    foreign.write_text(other.get("/v1/device")["receipt"])
    fails("E_HOLDER", "devices", "import", longer, "--receipt", foreign, *at)
    for agent in (gw, other, buyer):
        agent.stop()
