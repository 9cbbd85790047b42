# SPDX-License-Identifier: Apache-2.0
"""Issuers, holders and verifiers of the credential tests."""
import base64
import json
import random

from peers import berth

NOW, NOW_S = "2026-11-23T13:30:00Z", 1795440600
AUD = "https://verifier.example"
KINDS = {"EdDSA": "ed25519", "ES256": "p256", "ES384": "p384", "ES256K": "secp256k1"}
# multicodec of the private keys, as varints
SECRET = {"ed25519": b"\x80\x26", "p256": b"\x86\x26", "p384": b"\x87\x26"}


class Party:
    """A did:key with its one key, known to both sides."""

    def __init__(self, folder, kind):
        key = json.loads(berth("key", "generate", "--type", kind).stdout)
        self.kind, self.did, self.multikey, self.private = kind, key["did"], key["multikey"], key["privateJwk"]
        self.public = {k: v for k, v in key["publicJwk"].items() if k in ("kty", "crv", "x", "y")}
        self.kid = "%s#%s" % (self.did, self.multikey)
        self.file = folder / (self.multikey + ".jwk")
        self.file.write_text(json.dumps(self.private))
        self.sign = ("--jwk", self.file, "--kid", self.kid)

    def document(self):
        method = {"id": self.kid, "type": "JsonWebKey2020", "controller": self.did, "publicKeyJwk": self.public}
        return {"@context": ["https://www.w3.org/ns/did/v1"], "id": self.did, "verificationMethod": [method],
                "assertionMethod": [self.kid], "authentication": [self.kid]}

    def multikeys(self):
        """The key as a Multikey with its private half."""
        d = base64.urlsafe_b64decode(self.private["d"] + "=" * (-len(self.private["d"]) % 4))
        return {"id": self.kid, "controller": self.did, "publicKeyMultibase": self.multikey,
                "secretKeyMultibase": "z" + base58(SECRET[self.kind] + d)}


def base58(data):
    n, text = int.from_bytes(data, "big"), ""
    while n:
        n, r = divmod(n, 58)
        text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[r] + text
    return text


EACH = 5    # credentials a kind


def claims(seed):
    """What a credential says of its subject."""
    rng = random.Random(seed)
    text = "".join(rng.choice("aé漢😀\"\\\n\u2028") for _ in range(rng.choice([0, 1, 20, 300])))
    return {"n": rng.choice([0, -1, 1.5, 1e21, 2**53 - 1, rng.getrandbits(50)]), "é": text,
            "deep": {"a": [rng.random(), None, {"b": {}}], text[:8]: True}}


def terms(seed):
    """What the context of VC Data Model 2.0 has words for, with nodes that have no name."""
    rng = random.Random(seed)
    text = lambda: "".join(rng.choice("aé漢😀\"\\\n\t\u2028") for _ in range(rng.choice([1, 5, 40])))      # noqa: E731
    node = lambda: {"type": [f"https://example.com/{rng.choice('xy')}"], "name": text()}             # noqa: E731
    return {"name": {"@value": text(), "@language": "en"}, "description": text(),
            "evidence": [node() for _ in range(rng.randrange(1, 5))], "termsOfUse": [node()] * rng.randrange(1, 3),
            "relatedResource": [{"id": f"https://example.com/{i}", "digestSRI": "sha384-" + "A" * 64} for i in range(1, 3)]}


def issue(fmt, issuer, credential, *args):
    return berth("vc", "issue", "--format", fmt, *issuer.sign, *args, stdin=json.dumps(credential)).stdout.strip()


def verify(what, *args, status=0, stdin):
    return json.loads(berth(what, "verify", "--now", NOW, *args, stdin=stdin, status=status).stdout)


def flip(token, at):
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]


def altered(token):
    """A JWT with another payload, and with another signature."""
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    other = json.dumps({**claims, "altered": True}, separators=(",", ":")).encode()
    yield ".".join((head, base64.urlsafe_b64encode(other).decode().rstrip("="), signature))
    yield flip(token, len(token) - 10)
