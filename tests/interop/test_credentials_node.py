# SPDX-License-Identifier: Apache-2.0
"""Credentials both ways between `berth` and others: SD-JWT VC with @sd-jwt/sd-jwt-vc,
VC-JWT 1.1 with did-jwt-vc, eddsa-jcs-2022 with @digitalbazaar; and what neither may
accept."""
import base64
import json

import pytest

from peers import Node, berth

NOW, NOW_S = "2026-11-23T13:30:00Z", 1795440600
AUD = "https://verifier.example"


def verify(what, *args, status=0, stdin):
    return json.loads(berth(what, "verify", "--now", NOW, *args, stdin=stdin, status=status).stdout)


@pytest.fixture(scope="module")
def node():
    n = Node("credentials_node.mjs")
    yield n
    n.close()


class Party:
    def __init__(self, folder, kind):
        key = json.loads(berth("key", "generate", "--type", kind).stdout)
        self.did, self.multikey, self.private = key["did"], key["multikey"], key["privateJwk"]
        self.public = {k: v for k, v in key["publicJwk"].items() if k in ("kty", "crv", "x", "y")}
        self.kid = "%s#%s" % (self.did, self.multikey)
        self.file = folder / (self.multikey + ".jwk")
        self.file.write_text(json.dumps(self.private))
        self.sign = ("--jwk", self.file, "--kid", self.kid)

    def document(self):
        method = {"id": self.kid, "type": "JsonWebKey2020", "controller": self.did, "publicKeyJwk": self.public}
        return {"@context": ["https://www.w3.org/ns/did/v1"], "id": self.did, "verificationMethod": [method],
                "assertionMethod": [self.kid], "authentication": [self.kid]}


@pytest.fixture
def party(tmp_path):
    return lambda kind: Party(tmp_path, kind)


def flip(token, at):
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]


# ---- SD-JWT VC ----

def claims_of(issuer, holder):
    return {"iss": issuer.did, "vct": "urn:t", "iat": NOW_S, "a": 1, "address": {"city": "x", "street": "y"},
            "list": ["p", "q", {"deep": None}], "cnf": {"jwk": holder.public}}


def test_they_verify_our_sd_jwt(node, party, tmp_path):
    issuer, holder, other = party("p256"), party("p256"), party("p256")
    claims = claims_of(issuer, holder)
    where = [x for p in ("/a", "/address", "/address/street", "/list/0", "/list/2") for x in ("--disclose", p)]
    token = berth("vc", "issue", "--format", "dc+sd-jwt", *issuer.sign, *where, stdin=json.dumps(claims)).stdout.strip()
    answer = node.ask("sd verify", token=token, issuer=issuer.public, bound=False)
    assert answer["ok"] and answer["payload"] == claims
    assert not node.ask("sd verify", token=token, issuer=other.public, bound=False)["ok"]
    (tmp_path / "vc").write_text(token)
    vp = berth("vp", "create", "--format", "dc+sd-jwt", "--challenge", "n", "--domain", AUD, *holder.sign,
               "--disclose", "/address/street", tmp_path / "vc").stdout.strip()
    answer = node.ask("sd verify", token=vp, issuer=issuer.public, bound=True)
    assert answer["ok"] and answer["payload"]["address"] == claims["address"] and "a" not in answer["payload"]
    assert answer["kb"]["nonce"] == "n" and answer["kb"]["aud"] == AUD
    for at in (20, vp.index("~") - 10, len(vp) - 10):
        assert not node.ask("sd verify", token=flip(vp, at), issuer=issuer.public, bound=True)["ok"]


def test_we_verify_their_sd_jwt(node, party):
    issuer, holder, other = party("p256"), party("p256"), party("p256")
    claims = claims_of(issuer, holder)
    frame = {"_sd": ["a", "address"], "address": {"_sd": ["street"]}, "list": {"_sd": [0, 2]}, "_sd_decoy": 3}
    token = node.ask("sd issue", jwk=issuer.private, kid=issuer.kid, claims=claims, frame=frame)["token"]
    assert verify("vc", stdin=token)["credential"] == claims
    kb = {"iat": NOW_S, "aud": AUD, "nonce": "n"}
    vp = node.ask("sd present", jwk=holder.private, token=token, frame={"a": True, "address": {"street": True}}, kb=kb)["token"]
    ask = ("--challenge", "n", "--domain", AUD)
    report = verify("vp", *ask, stdin=vp)
    assert report["checks"]["holder"] == "passed" and report["credential"]["list"] == ["q"]
    verify("vp", "--challenge", "m", stdin=vp, status=1)
    verify("vp", *ask, stdin=flip(vp, len(vp) - 10), status=1)
    stolen = node.ask("sd present", jwk=other.private, token=token, frame={}, kb=kb)["token"]
    verify("vp", *ask, stdin=stolen, status=1)


# ---- VC-JWT 1.1 ----

KINDS = [("ed25519", "EdDSA"), ("p256", "ES256"), ("secp256k1", "ES256K")]
V1 = ["https://www.w3.org/2018/credentials/v1"]


@pytest.mark.parametrize("kind, alg", KINDS)
def test_they_verify_our_vc_jwt(node, party, kind, alg):
    issuer, other = party(kind), party(kind)
    vc = {"@context": V1, "type": ["VerifiableCredential"], "issuer": issuer.did, "id": "urn:1",
          "issuanceDate": "2026-01-01T00:00:00Z", "credentialSubject": {"id": "did:example:s", "n": 1.5}}
    token = berth("vc", "issue", "--format", "vc-jwt", *issuer.sign, stdin=json.dumps(vc)).stdout.strip()
    answer = node.ask("jwt verify", token=token, document=issuer.document(), now=NOW_S)
    assert answer["ok"] and answer["credential"]["credentialSubject"] == vc["credentialSubject"]
    assert not node.ask("jwt verify", token=flip(token, len(token) - 10), document=issuer.document(), now=NOW_S)["ok"]
    assert not node.ask("jwt verify", token=token, document=dict(other.document(), id=issuer.did), now=NOW_S)["ok"]


@pytest.mark.parametrize("kind, alg", KINDS)
def test_we_verify_their_vc_jwt(node, party, kind, alg):
    issuer = party(kind)
    payload = {"sub": "did:example:s", "nbf": 1767225600,
               "vc": {"@context": V1, "type": ["VerifiableCredential"], "credentialSubject": {"n": 1.5}}}
    token = node.ask("jwt issue", jwk=issuer.private, alg=alg, did=issuer.did, kid=issuer.kid, payload=payload)["token"]
    report = verify("vc", stdin=token)
    assert report["issuer"] == issuer.did and report["credential"]["credentialSubject"] == {"n": 1.5, "id": "did:example:s"}
    verify("vc", stdin=flip(token, len(token) - 10), status=1)
    # as they take it apart, with the token beside it (C114)
    parsed = node.ask("jwt verify", token=token, document=issuer.document(), now=NOW_S)["credential"]
    assert verify("vc", stdin=json.dumps(parsed))["verified"] is True
    parsed["credentialSubject"]["n"] = 2
    assert verify("vc", stdin=json.dumps(parsed), status=1)["credential"] is None


# ---- eddsa-jcs-2022 ----

def credential(issuer):
    return {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": issuer.did,
            "credentialSubject": {"id": "did:example:s", "n": 1.5, "é": "\u20ac"}}


def test_they_verify_our_proof(node, party):
    issuer = party("ed25519")
    vc = json.loads(berth("vc", "issue", "--format", "di", *issuer.sign, stdin=json.dumps(credential(issuer))).stdout)
    assert node.ask("di verify", document=vc)["ok"]
    assert not node.ask("di verify", document=dict(vc, name="altered"))["ok"]


def base58(data):
    n, text = int.from_bytes(data, "big"), ""
    while n:
        n, r = divmod(n, 58)
        text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[r] + text
    return text


def test_we_verify_their_proof(node, party):
    issuer = party("ed25519")
    seed = base64.urlsafe_b64decode(issuer.private["d"] + "=")
    answer = node.ask("di issue", document=credential(issuer), kid=issuer.kid, did=issuer.did, publicKey=issuer.multikey,
                      secretKey="z" + base58(b"\x80\x26" + seed))
    assert answer["ok"], answer
    vc = answer["document"]
    assert verify("vc", stdin=json.dumps(vc))["verified"] is True
    vc["credentialSubject"]["n"] = 2
    verify("vc", stdin=json.dumps(vc), status=1)
