# SPDX-License-Identifier: Apache-2.0
"""Alice and Bob of did:example, once for each curve, known to both sides; and the
kinds of envelopes that they send to each other."""
import base64
import json
import random
import shutil

from peers import FOLDER, Node, berth, new_key

CURVES = {"X25519": "x25519", "P-256": "p256", "P-384": "p384", "P-521": "p521"}
SIGNATURES = {"EdDSA": "ed25519", "ES256": "p256", "ES256K": "secp256k1"}
ENCS = ["A256CBC-HS512", "XC20P", "A256GCM"]
PLAIN = "application/didcomm-plain+json"
LUNCH = "https://example.com/protocols/lets_do_lunch/1.0/proposal"

# (layers, mode, signed inside, sender protected)
KINDS = [
    ("signed", "signed", True, False),
    ("anoncrypt", "anoncrypt", False, False),
    ("anoncrypt(sign)", "anoncrypt", True, False),
    ("authcrypt", "authcrypt", False, False),
    ("authcrypt(sign)", "authcrypt", True, False),
    ("anoncrypt(authcrypt)", "authcrypt", False, True),
    ("anoncrypt(authcrypt(sign))", "authcrypt", True, True),
]


def alice(curve):
    return "did:example:alice-" + CURVES[curve]


def bob(curve):
    return "did:example:bob-" + CURVES[curve]


def person(did, agree, service=()):
    doc = {"id": did, "verificationMethod": [], "keyAgreement": [], "authentication": [], "service": list(service)}
    secrets = []
    methods = [("agree-1", agree, "keyAgreement"), ("agree-2", agree, "keyAgreement"),
               *((alg, kind, "authentication") for alg, kind in SIGNATURES.items())]
    for fragment, kind, relationship in methods:
        private, public = new_key(kind)
        kid = f"{did}#{fragment}"
        doc["verificationMethod"].append(
            {"id": kid, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": public})
        doc[relationship].append(kid)
        secrets.append({"id": kid, "type": "JsonWebKey2020", "privateKeyJwk": private})
    return doc, secrets


class World:
    """script: the other side, given everybody's documents and keys; None: nobody yet."""

    def __init__(self, name, script=None, curves=CURVES, others=()):
        self.folder = FOLDER / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.docs, self.secrets = self.folder / "docs", self.folder / "secrets.json"
        self.docs.mkdir(parents=True)
        people = [person(who(curve), CURVES[curve]) for curve in curves for who in (alice, bob)]
        people += others
        self.documents = {doc["id"]: doc for doc, _ in people}
        for doc, _ in people:
            (self.docs / (doc["id"].split(":")[-1] + ".json")).write_text(json.dumps(doc))
        keys = [s for _, secrets in people for s in secrets]
        self.keys = {s["id"]: s["privateKeyJwk"] for s in keys}
        self.secrets.write_text(json.dumps(keys))
        (self.folder / "world.json").write_text(json.dumps({"docs": list(self.documents.values()), "secrets": keys}))
        self.node = script and Node(script, self.folder.relative_to(FOLDER) / "world.json")

    def berth(self, what, *args, stdin):
        return berth("didcomm", what, "--secrets", self.secrets, "--did-docs", self.docs, *args, stdin=stdin,
                     status=None)

    def pack(self, message, *args):
        r = self.berth("pack", *args, stdin=json.dumps(message))
        assert r.returncode == 0, (args, r.stderr)
        return r.stdout

    def unpack(self, packed):
        return self.berth("unpack", stdin=packed)

    def opened(self, packed):
        r = self.unpack(packed)
        assert r.returncode == 0, r.stderr
        return json.loads(r.stdout)

    def theirs(self, **q):
        answer = self.node.ask("pack", **q)
        assert "packed" in answer, answer
        return answer["packed"]


class Case:
    """One kind of envelope, its curve, encryption and signature."""

    def __init__(self, kind, curve, enc, alg):
        self.layers, self.mode, self.sign, self.protect = kind
        self.curve, self.enc, self.alg = curve, enc, alg
        self.envelope = self.layers.replace("sign", "sign " + alg) if self.sign and self.mode != "signed" else self.layers
        if self.mode == "signed":
            self.envelope = "signed " + alg
        self.sender = alice(curve)
        self.signer = f"{self.sender}#{alg}" if self.sign else None
        # what the matrix says of it
        self.row = (self.envelope, *(("-", "-") if self.mode == "signed" else (curve, enc)))

    def __repr__(self):
        return "-".join(x for x in (self.envelope.replace(" ", ":"), *self.row[1:]) if x != "-")

    def our_args(self, to=None):
        args = ["--mode", self.mode]
        if self.mode == "authcrypt":
            args += ["--from", self.sender]
        if self.mode != "signed":
            args += ["--to", to or bob(self.curve), "--enc", self.enc]
        if self.sign:
            args += ["--sign-by", self.signer]
        return args + (["--protect-sender"] if self.protect else [])

    def their_request(self, message, to=None):
        return {"mode": self.mode, "message": message, "to": to or bob(self.curve), "enc": self.enc,
                "protect_sender": self.protect, "from": self.sender if self.mode == "authcrypt" else None,
                "sign_by": self.signer}


def cases(by_them, they_lack):
    """What the two can choose: `--enc` is of our only encryption, theirs of the
    anoncrypt layer; an authcrypt is A256CBC-HS512 always."""
    for kind in KINDS:
        _, mode, sign, protect = kind
        for curve in CURVES if mode != "signed" else ["X25519"]:
            for enc in ENCS if mode == "anoncrypt" or (by_them and protect) else ENCS[:1]:
                for alg in SIGNATURES if sign else [None]:
                    if not {curve, enc, alg} & they_lack:
                        yield Case(kind, curve, enc, alg)


def message(seed, curve, **members):
    rng = random.Random(seed)
    size = rng.choice([0, 1, 15, 16, 17, 300, 5000, 20000])
    body = {"text": "".join(rng.choice("aé漢😀\"\\\n\u2028") for _ in range(size)), "n": [rng.getrandbits(40), -1, 0.5, None, True],
            "deep": {"a": [{"b": {}}]}}
    return {"id": f"{rng.getrandbits(128):032x}", "typ": PLAIN, "type": LUNCH, "from": alice(curve), "to": [bob(curve)],
            "created_time": 1516269022, "expires_time": 1516385931, "thid": f"t{rng.getrandbits(8)}", "body": body, **members}


def given(value):
    """A message of theirs as it is on the wire: they list what is absent as null."""
    return {k: v for k, v in value.items() if v is not None}


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def flip(envelope, field):
    """One bit of the decoded field, so that the encoding stays canonical."""
    raw = bytearray(decoded(envelope[field]))
    raw[len(raw) // 2] ^= 1
    return {**envelope, field: base64.urlsafe_b64encode(raw).decode().rstrip("=")}
