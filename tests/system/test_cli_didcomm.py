# SPDX-License-Identifier: Apache-2.0
"""`berth didcomm` without a daemon."""
import json

import pytest

from cli import VECTORS, fails, ok, raw
from test_cli_vc import NOW

RUST = VECTORS / "didcomm-rust"
SIMPLE = json.loads((RUST / "plaintext.json").read_text())[0]["message"]


@pytest.fixture
def world(files, tmp_path):
    """Options of didcomm-rust's Alice and Bob: {name: ("--secrets", ..., "--did-docs", ...)}."""
    def secrets(name):
        keys = json.loads((RUST / "secrets" / (name + ".json")).read_text())
        return files([{"id": k["kid"], "type": k["type"], "privateKeyJwk": k["privateKeyJwk"]} for k in keys])
    return {n: ("--secrets", secrets(n), "--did-docs", RUST / "diddocs") for n in ("alice", "bob", "charlie", "mediator1", "mediator2", "mediator3")}


@pytest.mark.parametrize("name", ["encrypted", "signed"])
def test_didcomm_rust_messages(world, name):
    n = 0
    for case in json.loads((RUST / (name + ".json")).read_text()):
        message = json.dumps(case["message"])
        if case["expect"] == "accept":
            out = ok("didcomm", "unpack", *world["bob"], stdin=message)
            assert out["message"] == SIMPLE and out["metadata"]["expired"] is None, case["name"]
            assert out["metadata"]["encrypted"] is ("ciphertext" in case["message"])
        else:  # its epk is no canonical base64url
            fails("E_B64", "didcomm", "unpack", *world["bob"], stdin=message)
        n += 1
    print("vectors: didcomm-rust/%s (command line) %d/%d" % (name, n, n))


MODES = [
    ("plaintext", [], False, False, False), ("signed", ["--sign-by", "did:example:alice#key-1"], False, True, True),
    ("anoncrypt", [], True, False, False), ("authcrypt", ["--from", "did:example:alice"], True, True, False),
    ("authcrypt", ["--from", "did:example:alice", "--protect-sender"], True, True, False),
    ("anoncrypt", ["--sign-by", "did:example:alice#key-2"], True, True, True),
    ("anoncrypt", ["--enc", "XC20P"], True, False, False), ("anoncrypt", ["--enc", "A256GCM"], True, False, False),
    ("signed", ["--sign-by", "did:example:alice#key-3"], False, True, True),
    ("signed", ["--sign-by", "did:example:alice#key-2", "--sign-by", "did:example:alice#key-3"], False, True, True),
    ("authcrypt", ["--from", "did:example:alice", "--sign-by", "did:example:alice#key-1"], True, True, True),
]


def test_didcomm_attachments(files, tmp_path):
    key = ok("key", "generate", "--type", "ed25519")
    kid = "%s#%s" % (key["did"], key["multikey"])
    secrets = files([{"id": kid, "type": "JsonWebKey2020", "privateKeyJwk": key["privateJwk"]}])
    content = json.dumps({"id": "in", "type": "https://example.com/p/1.0/m"})
    jws = ok("didcomm", "pack", "--mode", "signed", "--sign-by", kid, "--secrets", secrets, stdin=content)
    data = {"base64": jws["payload"], "jws": {"signatures": jws["signatures"]}}
    message = {"id": "1", "type": "https://example.com/p/1.0/m", "attachments": [
        {"id": "signed", "data": data}, {"id": "json", "data": {"json": {"b": 1, "a": 2}}},
        {"id": "links", "data": {"links": ["https://x.test"], "hash": "zQmRN6wdp1S2A5EtjW9A3M1vKSBuQQGcgvuhoMUoEz4iiT5"}},
        {"id": "hash", "data": {"base64": "aGVsbG8", "hash": "zQmRN6wdp1S2A5EtjW9A3M1vKSBuQQGcgvuhoMUoEz4iiT5"}}]}

    def take(name, text):
        return ok("didcomm", "attachment", "--id", name, stdin=json.dumps(text))

    assert take("signed", message) == {"id": "signed", "content": jws["payload"], "signer": kid}
    assert take("hash", message) == {"id": "hash", "content": "aGVsbG8", "signer": None}
    unpacked = ok("didcomm", "unpack", stdin=json.dumps(message))
    assert take("json", unpacked) == {"id": "json", "content": "eyJhIjoyLCJiIjoxfQ", "signer": None}
    fails("E_NETPOL", "didcomm", "attachment", "--id", "links", stdin=json.dumps(message))
    fails("E_TYPE", "didcomm", "attachment", "--id", "none", stdin=json.dumps(message))
    fails("E_USAGE", "didcomm", "attachment", stdin=json.dumps(message))
    message["attachments"][3]["data"]["base64"] = "aGVsbG9v"
    fails("E_TYPE", "didcomm", "attachment", "--id", "hash", stdin=json.dumps(message))
    data["base64"] = "e30"
    fails("E_SIG", "didcomm", "attachment", "--id", "signed", stdin=json.dumps(message))


@pytest.mark.parametrize("mode, options, encrypted, authenticated, signed", MODES)
def test_didcomm_pack_and_unpack(world, mode, options, encrypted, authenticated, signed):
    to = ["--to", "did:example:bob", "--no-forward"] if mode != "signed" else []
    packed = raw("didcomm", "pack", "--mode", mode, *options, *to, *world["alice"], stdin=json.dumps(SIMPLE))
    out = ok("didcomm", "unpack", *world["bob"], stdin=packed)
    assert out["message"] == SIMPLE
    meta = out["metadata"]
    assert (meta["encrypted"], meta["authenticated"], meta["non_repudiation"]) == (encrypted, authenticated, signed)
    assert {"anonymous_sender", "encrypted_from_kid", "encrypted_to_kids", "sign_from", "enc_alg_auth", "enc_alg_anon",
            "sign_alg", "from_prior", "from_prior_issuer_kid", "re_wrapped_in_forward", "expired"} <= set(meta)
    assert raw("didcomm", "unpack", *world["bob"], "--pretty", stdin=packed).count(b"\n") > 10


def test_didcomm_modes_default_by_from(world):
    bare = json.dumps({k: v for k, v in SIMPLE.items() if k not in ("from", "to")})
    for options, auth in ((["--from", "did:example:alice"], True), ([], False)):
        packed = raw("didcomm", "pack", *options, "--to", "did:example:bob", "--no-forward", *world["alice"], stdin=bare)
        out = ok("didcomm", "unpack", *world["bob"], stdin=packed)
        assert out["metadata"]["authenticated"] is auth
        assert out["message"]["to"] == ["did:example:bob"]
        assert out["message"].get("from") == ("did:example:alice" if auth else None)


def test_didcomm_several_recipients(world):
    message = json.dumps(dict(SIMPLE, to=["did:example:bob", "did:example:charlie"]))
    packed = ok("didcomm", "pack", "--from", "did:example:alice", "--to", "did:example:bob", "--to", "did:example:charlie",
                "--no-forward", *world["alice"], stdin=message)
    assert isinstance(packed, list) and len(packed) == 2
    for name, envelope in zip(("bob", "charlie"), packed):
        assert ok("didcomm", "unpack", *world[name], stdin=json.dumps(envelope))["message"]["id"] == SIMPLE["id"]
    fails("E_DECRYPT", "didcomm", "unpack", *world["bob"], stdin=json.dumps(packed[1]))


def test_didcomm_forwards_to_the_mediators_of_a_document(world, files, tmp_path):
    """Charlie's endpoint is did:example:mediator3, his routing keys are mediator2's and mediator1's."""
    message = json.dumps(dict(SIMPLE, to=["did:example:charlie"]))
    packed = raw("didcomm", "pack", "--from", "did:example:alice", "--to", "did:example:charlie", *world["alice"], stdin=message)
    for name, behind in (("mediator3", "did:example:mediator2#key-x25519-1"), ("mediator2", "did:example:mediator1#key-x25519-1"),
                         ("mediator1", "did:example:charlie")):
        fails("E_DECRYPT", "didcomm", "unpack", *world["charlie"], stdin=packed)
        out = ok("didcomm", "unpack", *world[name], stdin=packed)
        assert out["message"]["type"] == "https://didcomm.org/routing/2.0/forward"
        assert out["message"]["body"] == {"next": behind} and "from" not in out["message"]
        assert out["metadata"]["anonymous_sender"] and not out["metadata"]["re_wrapped_in_forward"]
        packed = json.dumps(out["message"]["attachments"][0]["data"]["json"])
    out = ok("didcomm", "unpack", *world["charlie"], stdin=packed)
    assert out["message"]["id"] == SIMPLE["id"] and out["metadata"]["authenticated"]
    assert out["metadata"]["re_wrapped_in_forward"] is False


def test_didcomm_what_a_mediator_rewrapped_is_taken_out(world):
    message = json.dumps(dict(SIMPLE, to=["did:example:charlie"]))
    packed = raw("didcomm", "pack", "--to", "did:example:charlie", "--no-forward", *world["alice"], stdin=message)
    for times in (1, 2, 3):
        forward = {"id": "f%d" % times, "type": "https://didcomm.org/routing/2.0/forward", "body": {"next": "did:example:charlie"},
                   "attachments": [{"data": {"json": json.loads(packed)}}]}
        packed = raw("didcomm", "pack", "--to", "did:example:charlie", "--no-forward", *world["mediator1"], stdin=json.dumps(forward))
        if times == 3:
            fails("E_ROUTE", "didcomm", "unpack", *world["charlie"], stdin=packed)
            break
        out = ok("didcomm", "unpack", *world["charlie"], stdin=packed)
        assert out["message"]["id"] == SIMPLE["id"] and out["metadata"]["re_wrapped_in_forward"] is True


def test_didcomm_time_is_judged_with_now_only(world):
    packed = raw("didcomm", "pack", "--to", "did:example:bob", "--no-forward", *world["alice"], stdin=json.dumps(SIMPLE))
    early = ok("didcomm", "unpack", *world["bob"], "--now", "2018-01-19T00:00:00Z", stdin=packed)
    assert early["metadata"]["expired"] is False
    late, _ = fails("E_EXPIRED", "didcomm", "unpack", *world["bob"], "--now", NOW, stdin=packed)
    assert late["metadata"]["expired"] is True
    fails("E_USAGE", "didcomm", "unpack", *world["bob"], "--now", "now", stdin=packed)


@pytest.mark.parametrize("code, options, message", [
    ("E_ADDR", ["--from", "did:example:alice", "--to", "did:example:bob"], {"from": "did:example:charlie"}),
    ("E_ADDR", ["--to", "did:example:bob"], {"to": ["did:example:charlie"]}),
    ("E_USAGE", ["--mode", "signed"], {}), ("E_USAGE", ["--mode", "authcrypt", "--to", "did:example:bob"], {}),
    ("E_USAGE", [], {}), ("E_USAGE", ["--mode", "nonsense"], {}), ("E_USAGE", ["--enc", "A128GCM", "--to", "did:example:bob"], {}),
    ("E_USAGE", ["--mode", "plaintext", "--enc", "XC20P"], {}),
    ("E_USAGE", ["--to", "did:example:bob", "--protect-sender"], {}),
    ("E_ALG", ["--from", "did:example:alice", "--to", "did:example:bob", "--enc", "XC20P"], {}),
    ("E_TYPE", ["--to", "did:example:bob"], {"created_time": 1.5}),
    ("E_TYPE", ["--to", "did:example:bob"], {"expires_time": 0}),
    ("E_RESOLVE", ["--to", "did:example:nobody"], {"to": ["did:example:nobody"]}),
    ("E_KEY", ["--from", "did:example:charlie", "--to", "did:example:bob"], {"from": "did:example:charlie"}),
])
def test_didcomm_pack_refusals(world, code, options, message):
    out, _ = fails(code, "didcomm", "pack", *options, *world["alice"], stdin=json.dumps(dict(SIMPLE, **message)))
    assert out is None


def test_didcomm_unpack_refusals(world, files):
    packed = ok("didcomm", "pack", "--from", "did:example:alice", "--to", "did:example:bob", "--no-forward", *world["alice"],
                stdin=json.dumps(SIMPLE))
    fails("E_DECRYPT", "didcomm", "unpack", *world["charlie"], stdin=json.dumps(packed))
    flipped = dict(packed, tag=("A" if packed["tag"][0] != "A" else "B") + packed["tag"][1:])
    fails("E_DECRYPT", "didcomm", "unpack", *world["bob"], stdin=json.dumps(flipped))
    fails("E_JSON", "didcomm", "unpack", *world["bob"], stdin=json.dumps(packed)[:-1])
    fails("E_SIZE", "didcomm", "unpack", *world["bob"], stdin=b" " * ((1 << 20) + 1))
    fails("E_TYPE", "didcomm", "unpack", "--secrets", files({}), stdin=json.dumps(packed))
    fails("E_USAGE", "didcomm", "unpack", "--secrets", "/nonexistent", stdin=json.dumps(packed))


def test_didcomm_with_stored_keys_and_peer_dids(store, files, jwk):
    uri, *pw = store
    for kind in ("ed25519", "x25519"):
        ok("key", "generate", "--type", kind, "--key-uri", uri + "#" + kind, *pw)
    public = {k: files(ok("key", "show", "--key-uri", uri + "#" + k, *pw)["publicJwk"]) for k in ("ed25519", "x25519")}
    did = ok("did", "create", "peer", "--numalgo", "2", "--agreement", public["x25519"],
             "--verification", public["ed25519"])["did"]
    doc = ok("did", "resolve", did)["didDocument"]
    kid = doc["keyAgreement"][0]
    kid = kid if kid.startswith("did:") else did + kid
    secrets = files([{"id": kid, "keyUri": uri + "#x25519"}])
    message = json.dumps({"id": "1", "type": "https://example.com/p/1.0/m", "body": {}})
    packed = raw("didcomm", "pack", "--from", did, "--to", did, "--secrets", secrets, *pw, stdin=message)
    out = ok("didcomm", "unpack", "--secrets", secrets, *pw, stdin=packed)
    assert out["metadata"]["encrypted_from_kid"] == kid and out["message"]["from"] == did
