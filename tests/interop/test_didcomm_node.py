# SPDX-License-Identifier: Apache-2.0
"""Messages both ways between `berth didcomm` and didcomm-node (didcomm-rust as
WASM): every kind of envelope, both curves, every content encryption that both
have, and what neither may accept."""
import base64
import json
import os
import pathlib
import random
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
BERTH = str(BUILD / "bin" / "berth")
HERE = pathlib.Path(__file__).resolve().parent
CURVES = {"x": ("x25519", "ed25519"), "p": ("p256", "p256")}
A, B = "did:example:alice-%s", "did:example:bob-%s"
EACH = 6	# messages a kind


def berth(*args, stdin=""):
    return subprocess.run([BERTH, *args], input=stdin, text=True, capture_output=True, timeout=60)


def new_key(kind):
    r = berth("key", "generate", "--type", kind)
    assert r.returncode == 0, r.stderr
    jwk = json.loads(r.stdout)["privateJwk"]
    return jwk, {k: v for k, v in jwk.items() if k != "d"}


def person(did, agree, sign):
    doc = {"id": did, "verificationMethod": [], "keyAgreement": [], "authentication": [], "service": []}
    secrets = []
    for fragment, kind, rel in (("agree-1", agree, "keyAgreement"), ("agree-2", agree, "keyAgreement"),
                                ("sign-1", sign, "authentication")):
        private, public = new_key(kind)
        kid = f"{did}#{fragment}"
        doc["verificationMethod"].append(
            {"id": kid, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": public})
        doc[rel].append(kid)
        secrets.append({"id": kid, "type": "JsonWebKey2020", "privateKeyJwk": private})
    return doc, secrets


class Node:
    def __init__(self, folder, world):
        self.process = subprocess.Popen(["node", "didcomm_node.mjs", world], cwd=folder, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **q):
        self.process.stdin.write(json.dumps(q) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


class World:
    def __init__(self, folder):
        self.folder = folder
        self.docs, self.secrets = folder / "docs", folder / "secrets.json"
        shutil.rmtree(self.docs, ignore_errors=True)
        self.docs.mkdir()
        docs, secrets = [], []
        for curve, (agree, sign) in CURVES.items():
            for name in (A, B):
                doc, keys = person(name % curve, agree, sign)
                docs.append(doc)
                secrets += keys
                (self.docs / (doc["id"].split(":")[-1] + ".json")).write_text(json.dumps(doc))
        self.secrets.write_text(json.dumps(secrets))
        (folder / "world.json").write_text(json.dumps({"docs": docs, "secrets": secrets}))
        self.node = Node(folder, "world.json")

    def pack(self, message, *args):
        r = berth("didcomm", "pack", "--secrets", str(self.secrets), "--did-docs", str(self.docs), *args,
                  stdin=json.dumps(message))
        assert r.returncode == 0, (args, r.stderr)
        return json.dumps(json.loads(r.stdout))

    def unpack(self, packed):
        return berth("didcomm", "unpack", "--secrets", str(self.secrets), "--did-docs", str(self.docs), stdin=packed)


@pytest.fixture(scope="session")
def world():
    folder = BUILD / "interop"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "didcomm_node.mjs"):
        shutil.copy(HERE / name, folder / name)
    r = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"], cwd=folder,
                       text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert r.returncode == 0, r.stdout
    w = World(folder)
    yield w
    w.node.close()


# (name, mode, sign inside, protect sender)
KINDS = [
    ("signed", "signed", True, False),
    ("anoncrypt", "anoncrypt", False, False),
    ("anoncrypt(sign)", "anoncrypt", True, False),
    ("authcrypt", "authcrypt", False, False),
    ("authcrypt(sign)", "authcrypt", True, False),
    ("anoncrypt(authcrypt)", "authcrypt", False, True),
    ("anoncrypt(authcrypt(sign))", "authcrypt", True, True),
]
ENCS = ["A256CBC-HS512", "XC20P"]


def cases(theirs):
    """What the two sides can choose: ours takes --enc for the only encryption of a
    message, theirs for its anoncrypt layer."""
    for name, mode, sign, protect in KINDS:
        for curve in CURVES:
            several = mode == "anoncrypt" or (theirs and protect)
            for enc in ENCS if several else ENCS[:1]:
                yield pytest.param((name, mode, sign, protect, curve, enc), id=f"{name}-{CURVES[curve][0]}-{enc}")


def messages(name, curve, enc):
    rng = random.Random(f"{name} {curve} {enc}")
    for i in range(EACH):
        size = rng.choice([0, 1, 15, 16, 17, 300, 5000, 20000])
        body = {"text": "".join(rng.choice("aé漢😀\"\\\n\u2028") for _ in range(size)), "n": [i, -1, 0.5, None, True],
                "deep": {"a": [{"b": {}}]}}
        yield {"id": f"{rng.getrandbits(128):032x}", "typ": "application/didcomm-plain+json",
               "type": "https://example.com/protocols/lets_do_lunch/1.0/proposal", "from": A % curve,
               "to": [B % curve], "created_time": 1516269022, "expires_time": 1516385931, "thid": f"t{i}", "body": body}


def check_metadata(meta, name, curve, theirs_named=False):
    assert meta["encrypted"] is ("crypt" in name)
    assert meta["authenticated"] is ("auth" in name or "sign" in name)
    assert meta["non_repudiation"] is ("sign" in name)
    assert meta["anonymous_sender"] is ("anoncrypt" in name)
    if "authcrypt" in name:
        assert meta["encrypted_from_kid"] == A % curve + "#agree-1"
    if "crypt" in name:
        assert set(meta["encrypted_to_kids"]) == {B % curve + "#agree-1", B % curve + "#agree-2"}
    if "sign" in name:
        assert meta["sign_from"] == A % curve + "#sign-1"


def our_args(mode, sign, protect, curve, enc):
    args = ["--mode", mode]
    if mode == "authcrypt":
        args += ["--from", A % curve]
    if mode != "signed":
        args += ["--to", B % curve, "--enc", enc]
    if sign:
        args += ["--sign-by", A % curve + "#sign-1"]
    return args + (["--protect-sender"] if protect else [])


def their_request(mode, sign, protect, curve, enc, message):
    return dict(op="pack", mode=mode, message=message, to=B % curve, enc=enc, protect_sender=protect,
                **{"from": A % curve if mode == "authcrypt" else None},
                sign_by=A % curve + "#sign-1" if sign else None)


counts = {"ours": 0, "theirs": 0, "refused": 0}


@pytest.mark.parametrize("case", cases(False))
def test_they_read_what_we_pack(world, case):
    name, mode, sign, protect, curve, enc = case
    for message in messages(name, curve, enc):
        answer = world.node.ask(op="unpack", packed=world.pack(message, *our_args(mode, sign, protect, curve, enc)))
        assert "error" not in answer, answer
        got = {k: v for k, v in answer["message"].items() if v is not None}
        assert got == message
        check_metadata(answer["metadata"], name, curve)
        counts["ours"] += 1


@pytest.mark.parametrize("case", cases(True))
def test_we_read_what_they_pack(world, case):
    name, mode, sign, protect, curve, enc = case
    for message in messages(name, curve, enc):
        answer = world.node.ask(**their_request(mode, sign, protect, curve, enc, message))
        assert "error" not in answer, answer
        r = world.unpack(answer["packed"])
        assert r.returncode == 0, r.stderr
        got = json.loads(r.stdout)
        assert got["message"] == message
        check_metadata(got["metadata"], name, curve)
        counts["theirs"] += 1


def flip(text, field):
    """One bit of the decoded field, so that the encoding stays canonical."""
    raw = bytearray(base64.urlsafe_b64decode(text[field] + "=" * (-len(text[field]) % 4)))
    raw[len(raw) // 2] ^= 1
    return {**text, field: base64.urlsafe_b64encode(raw).decode().rstrip("=")}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("mode", ["authcrypt", "anoncrypt"])
@pytest.mark.parametrize("field", ["ciphertext", "tag", "iv"])
def test_neither_reads_a_changed_message(world, mode, curve, field):
    message = next(messages("changed", curve, field))
    ours = json.loads(world.pack(message, *our_args(mode, False, False, curve, "A256CBC-HS512")))
    theirs = json.loads(world.node.ask(**their_request(mode, False, False, curve, "A256CBC-HS512", message))["packed"])
    assert "error" in world.node.ask(op="unpack", packed=json.dumps(flip(ours, field)))
    for envelope in (ours, theirs):
        r = world.unpack(json.dumps(flip(envelope, field)))
        assert (r.returncode, r.stdout) == (1, "")
        assert r.stderr == "berth: E_DECRYPT: jwe: cannot be decrypted\n"
        counts["refused"] += 1


@pytest.mark.parametrize("curve", CURVES)
def test_neither_reads_a_changed_signature(world, curve):
    message = next(messages("changed", curve, "signature"))
    ours = json.loads(world.pack(message, *our_args("signed", True, False, curve, None)))
    theirs = json.loads(world.node.ask(**their_request("signed", True, False, curve, None, message))["packed"])
    for envelope in (ours, theirs):
        envelope["signatures"] = [flip(envelope["signatures"][0], "signature")]
        assert "error" in world.node.ask(op="unpack", packed=json.dumps(envelope))
        r = world.unpack(json.dumps(envelope))
        assert r.returncode == 1 and r.stderr.startswith("berth: E_SIG: "), r.stderr
        counts["refused"] += 1


def test_a_sender_who_is_not_from_is_refused(world):
    """didcomm-node packs no such message, so ours is packed for another recipient."""
    message = next(messages("to", "x", "carol")) | {"to": ["did:example:carol"]}
    packed = world.node.ask(op="pack", mode="anoncrypt", message=message, to=B % "x", enc="XC20P")
    if "packed" in packed:
        r = world.unpack(packed["packed"])
        assert r.returncode == 1 and r.stderr.startswith("berth: E_ADDR: "), r.stderr


@pytest.mark.parametrize("curve", CURVES)
def test_a256gcm_is_read(world, curve):
    message = next(messages("gcm", curve, "A256GCM"))
    answer = world.node.ask(**their_request("anoncrypt", False, False, curve, "A256GCM", message))
    r = world.unpack(answer["packed"])
    assert r.returncode == 0, r.stderr
    assert json.loads(r.stdout)["metadata"]["enc_alg_anon"] == "A256GCM+ECDH-ES+A256KW"
    counts["theirs"] += 1


def test_zz_counts(capsys):
    with capsys.disabled():
        print()
        for way, text in (("ours", "packed by us, read by them"), ("theirs", "packed by them, read by us")):
            print(f"vectors: didcomm-node 0.4.1, {text} {counts[way]}/{counts[way]}")
        print(f"vectors: didcomm-node 0.4.1, changed and refused {counts['refused']}/{counts['refused']}")
    assert counts["ours"] and counts["theirs"] and counts["refused"]
