# SPDX-License-Identifier: Apache-2.0
"""Messages both ways between `berth didcomm` and didcomm-node (didcomm-rust as
WASM): every kind of envelope, curve, content encryption and signature that both
have, what neither may accept, and what one of the two has not."""
import base64
import hashlib
import json

import pytest

from didcomm_world import ENCS, SIGNATURES, Case, World, alice, bob, cases, flip, given, message, person
from peers import berth

PEER = "didcomm-node 0.4.1"
THEY_LACK = {"P-384", "P-521"}
BOTH = ["X25519", "P-256"]
ANONCRYPT, AUTHCRYPT = ("anoncrypt", "anoncrypt", False, False), ("authcrypt", "authcrypt", False, False)
SIGNED = ("signed", "signed", True, False)
EACH = 6    # messages a kind
OLD, MEDIATORS, BEHIND = "did:example:alice-old", ["did:example:mediator-1", "did:example:mediator-2"], "did:example:behind"


@pytest.fixture(scope="module")
def world():
    keys = [MEDIATORS[0] + "#agree-1", MEDIATORS[1] + "#agree-1"]
    service = {"id": BEHIND + "#s", "type": "DIDCommMessaging",
               "serviceEndpoint": {"uri": "http://example.com/path", "accept": ["didcomm/v2"], "routingKeys": keys}}
    w = World("didcomm-node", "didcomm_node.mjs",
              others=[person(OLD, "x25519"), *(person(m, "x25519") for m in MEDIATORS), person(BEHIND, "x25519", [service])])
    yield w
    w.node.close()


def check_metadata(meta, case, to):
    assert meta["encrypted"] is ("crypt" in case.layers)
    assert meta["authenticated"] is ("auth" in case.layers or case.sign)
    assert meta["non_repudiation"] is case.sign
    assert meta["anonymous_sender"] is ("anoncrypt" in case.layers)
    if "authcrypt" in case.layers:
        assert meta["encrypted_from_kid"] == case.sender + "#agree-1"
    if "crypt" in case.layers:
        assert set(meta["encrypted_to_kids"]) == ({to} if "#" in to else {to + "#agree-1", to + "#agree-2"})
    if case.sign:
        assert (meta["sign_from"], meta["sign_alg"]) == (case.signer, case.alg)


def each(case):
    """Messages of the kind, to all keys of the recipient and to one of them."""
    for i in range(EACH):
        yield message(f"{case} {i}", case.curve), bob(case.curve) + ("#agree-2" if i % 3 == 2 else "")


# ---- every combination ----

@pytest.mark.parametrize("case", cases(False, THEY_LACK), ids=repr)
def test_they_read_what_we_pack(world, matrix, case):
    for m, to in each(case):
        answer = world.node.ask("unpack", packed=world.pack(m, *case.our_args(to)), all_keys=True)
        assert "error" not in answer, answer
        assert given(answer["message"]) == m
        check_metadata(answer["metadata"], case, to)
        matrix.message(PEER, "we to them", *case.row)


@pytest.mark.parametrize("case", cases(True, THEY_LACK), ids=repr)
def test_we_read_what_they_pack(world, matrix, case):
    for m, to in each(case):
        got = world.opened(world.theirs(**case.their_request(m, to)))
        assert got["message"] == m
        check_metadata(got["metadata"], case, to)
        matrix.message(PEER, "they to us", *case.row)


@pytest.mark.parametrize("curve", sorted(THEY_LACK))
def test_they_lack_the_curves_p384_and_p521(world, curve):
    case, m = Case(ANONCRYPT, curve, ENCS[0], None), message(curve, curve)
    answer = world.node.ask("pack", **case.their_request(m))
    assert "No key agreement keys found for recipient" in answer.get("error", ""), answer
    answer = world.node.ask("unpack", packed=world.pack(m, *case.our_args()))
    assert "error" in answer


@pytest.mark.parametrize("mode", ["signed", "anoncrypt"])
def test_they_take_one_signature_alone(world, mode):
    """v2.1 allows several; ours are read by us."""
    m, who = message("two signatures", "X25519"), alice("X25519")
    args = ["--mode", mode, *(("--to", bob("X25519")) if mode == "anoncrypt" else ())]
    packed = world.pack(m, *args, "--sign-by", who + "#EdDSA", "--sign-by", who + "#ES256")
    assert world.opened(packed)["message"] == m
    assert world.node.ask("unpack", packed=packed)["error"] == "Malformed: Wrong amount of signatures for jws"


# ---- what messages carry ----

def attachments():
    text = b"\x00\x01 some bytes"
    digest = b"\x12\x20" + hashlib.sha256(text).digest()
    return [{"id": "1", "data": {"json": {"a": [1, {"b": "é"}], "n": None}}, "media_type": "application/json",
             "description": "x", "format": "f", "lastmod_time": 1516269022, "byte_count": 100},
            {"id": "2", "data": {"base64": base64.urlsafe_b64encode(text).decode().rstrip("=")}, "filename": "a.bin"},
            {"id": "3", "data": {"links": ["https://example.com/a"], "hash": "f" + digest.hex()}}]


@pytest.mark.parametrize("kind", [ANONCRYPT, AUTHCRYPT, SIGNED], ids=lambda k: k[0])
def test_attachments_arrive_both_ways(world, matrix, kind):
    case = Case(kind, "X25519", ENCS[0], "EdDSA" if kind[2] else None)
    m = message("attachments", "X25519", attachments=attachments())
    got = given(world.node.ask("unpack", packed=world.pack(m, *case.our_args()))["message"])
    assert {**got, "attachments": [given(a) for a in got["attachments"]]} == m
    matrix.message(PEER, "we to them", case.envelope + ", attachments", *case.row[1:])
    assert world.opened(world.theirs(**case.their_request(m)))["message"] == m
    matrix.message(PEER, "they to us", case.envelope + ", attachments", *case.row[1:])


def test_they_know_no_signed_attachment(world):
    """v2.1 has an object in data.jws, theirs must be a string."""
    jws = {"header": {"kid": alice("X25519") + "#EdDSA"}, "protected": "eyJhbGciOiJFZERTQSJ9", "signature": "AAAA"}
    m = message("jws", "X25519", attachments=[{"id": "1", "data": {"base64": "AAAA", "jws": jws}}])
    case = Case(ANONCRYPT, "X25519", ENCS[0], None)
    packed = world.pack(m, *case.our_args())
    assert world.opened(packed)["message"] == m
    assert world.node.ask("unpack", packed=packed)["error"] == "Malformed: Message is not a valid JWE, JWS or JWM"


def test_they_lose_the_last_bit_of_a_number(world):
    """Of one with 17 digits; what we read is what is there."""
    m, case = message("number", "X25519", body={"n": 1.0684664889999999e-8}), Case(ANONCRYPT, "X25519", ENCS[0], None)
    packed = world.pack(m, *case.our_args())
    assert world.opened(packed)["message"] == m
    assert world.node.ask("unpack", packed=packed)["message"]["body"] == {"n": 1.068466489e-8}


def rotated(jwt):
    return message("rotation", "X25519", from_prior=jwt)


def test_they_accept_our_rotation(world, matrix, tmp_path):
    (tmp_path / "old.jwk").write_text(json.dumps(world.keys[OLD + "#EdDSA"]))
    claims = {"iss": OLD, "sub": alice("X25519"), "iat": 1516269022}
    jwt = berth("jws", "sign", "--jwk", tmp_path / "old.jwk", "--typ", "JWT", "--kid", OLD + "#EdDSA",
                stdin=json.dumps(claims)).stdout.strip()
    case = Case(AUTHCRYPT, "X25519", ENCS[0], None)
    answer = world.node.ask("unpack", packed=world.pack(rotated(jwt), *case.our_args()))
    assert given(answer["metadata"]["from_prior"]) == claims
    assert answer["metadata"]["from_prior_issuer_kid"] == OLD + "#EdDSA"
    matrix.message(PEER, "we to them", "authcrypt, from_prior", *case.row[1:])


@pytest.mark.parametrize("alg", ["EdDSA", "ES256"])
def test_we_accept_their_rotation(world, matrix, alg):
    claims = {"iss": OLD, "sub": alice("X25519"), "iat": 1516269022}
    prior = world.node.ask("from_prior", claims=claims, kid=f"{OLD}#{alg}")
    case = Case(AUTHCRYPT, "X25519", ENCS[0], None)
    got = world.opened(world.theirs(**case.their_request(rotated(prior["jwt"]))))
    assert got["metadata"]["from_prior"] == claims
    assert got["metadata"]["from_prior_issuer_kid"] == f"{OLD}#{alg}"
    matrix.message(PEER, "they to us", "authcrypt, from_prior", *case.row[1:])
    # for another DID than the sender's, and in an envelope without sender
    other = world.node.ask("from_prior", claims=dict(claims, sub=bob("X25519")), kid=f"{OLD}#{alg}")["jwt"]
    bare = Case(ANONCRYPT, "X25519", ENCS[0], None).their_request(rotated(prior["jwt"]))
    for request in (case.their_request(rotated(other)), bare):
        answer = world.node.ask("pack", **request)
        if "packed" in answer:      # the first they do not even pack
            r = world.unpack(answer["packed"])
            assert r.returncode == 1 and r.stderr.startswith("berth: E_ROTATE: "), r.stderr


# ---- forward ----

def hop(world, packed, reader):
    """What the next mediator has to pass on, and to whom."""
    if reader == "they":
        answer = world.node.ask("forwarded", packed=packed)
        assert "error" not in answer, answer
        return answer["next"], answer["forwarded"]
    m = world.opened(packed)["message"]
    assert m["type"] == "https://didcomm.org/routing/2.0/forward"
    return m["body"]["next"], m["attachments"][0]["data"]["json"]


@pytest.mark.parametrize("enc", ENCS)
@pytest.mark.parametrize("reader", ["they", "we"])
def test_their_forward_is_unwrapped_hop_by_hop(world, matrix, enc, reader):
    m = message("forward", "X25519", to=[BEHIND])
    answer = world.node.ask("pack", mode="authcrypt", message=m, to=BEHIND, enc=enc, forward=True,
                            **{"from": alice("X25519")})
    assert answer["service"]["service_endpoint"] == "http://example.com/path"
    to, packed = hop(world, answer["packed"], reader)
    assert to == MEDIATORS[1] + "#agree-1"
    to, packed = hop(world, json.dumps(packed), reader)
    assert to == BEHIND
    assert world.opened(json.dumps(packed))["message"] == m
    matrix.message(PEER, "they to us" if reader == "we" else "they to them to us", "forward(forward(authcrypt))", "X25519", enc)


@pytest.mark.parametrize("enc", ENCS)
def test_they_forward_what_we_wrap(world, matrix, enc):
    m = message("forward", "X25519", to=[BEHIND])
    inner = json.loads(world.pack(m, "--from", alice("X25519"), "--to", BEHIND))
    for to, via in ((BEHIND, MEDIATORS[1]), (MEDIATORS[1], MEDIATORS[0])):
        forward = {"id": "f-" + to, "typ": m["typ"], "type": "https://didcomm.org/routing/2.0/forward", "to": [via],
                   "body": {"next": to}, "attachments": [{"id": "1", "data": {"json": inner}}]}
        inner = json.loads(world.pack(forward, "--mode", "anoncrypt", "--to", via, "--enc", enc))
    to, inner = hop(world, json.dumps(inner), "they")
    assert to == MEDIATORS[1]
    to, inner = hop(world, json.dumps(inner), "they")
    assert to == BEHIND
    assert given(world.node.ask("unpack", packed=json.dumps(inner))["message"]) == m
    matrix.message(PEER, "we to them", "forward(forward(authcrypt))", "X25519", enc)


# ---- what nobody may accept ----

@pytest.mark.parametrize("curve", BOTH)
@pytest.mark.parametrize("kind", [ANONCRYPT, AUTHCRYPT], ids=lambda k: k[0])
@pytest.mark.parametrize("field", ["ciphertext", "tag", "iv"])
def test_neither_reads_a_changed_message(world, matrix, kind, curve, field):
    case, m = Case(kind, curve, ENCS[0], None), message(f"changed {field}", curve)
    ours = json.loads(world.pack(m, *case.our_args()))
    theirs = json.loads(world.theirs(**case.their_request(m)))
    for way, envelope in (("we to them", ours), ("they to us", theirs)):
        altered = json.dumps(flip(envelope, field))
        assert "error" in world.node.ask("unpack", packed=altered)
        r = world.unpack(altered)
        assert (r.returncode, r.stdout) == (1, "")
        assert r.stderr == "berth: E_DECRYPT: jwe: cannot be decrypted\n"
        matrix.message(PEER, way + ", refused", f"{case.envelope}, altered", *case.row[1:])


@pytest.mark.parametrize("alg", SIGNATURES)
def test_neither_reads_a_changed_signature(world, matrix, alg):
    case, m = Case(SIGNED, "X25519", ENCS[0], alg), message("changed signature", "X25519")
    ours = json.loads(world.pack(m, *case.our_args()))
    theirs = json.loads(world.theirs(**case.their_request(m)))
    for way, envelope in (("we to them", ours), ("they to us", theirs)):
        envelope["signatures"] = [flip(envelope["signatures"][0], "signature")]
        assert "error" in world.node.ask("unpack", packed=json.dumps(envelope))
        r = world.unpack(json.dumps(envelope))
        assert r.returncode == 1 and r.stderr.startswith("berth: E_SIG: "), r.stderr
        matrix.message(PEER, way + ", refused", f"{case.envelope}, altered")


def test_a_message_to_somebody_else_is_e_addr(world):
    """It is encrypted for Bob, and its `to` says Carol."""
    m = message("carol", "X25519", to=["did:example:carol"])
    answer = world.node.ask("pack", **Case(ANONCRYPT, "X25519", ENCS[0], None).their_request(m))
    if "packed" in answer:
        r = world.unpack(answer["packed"])
        assert r.returncode == 1 and r.stderr.startswith("berth: E_ADDR: "), r.stderr
