# SPDX-License-Identifier: Apache-2.0
"""VC-JWT of the VC Data Model 1.1, both ways with did-jwt-vc, Veramo, IOTA and didkit;
and what neither side may accept of the other."""
import json

import pytest

from credentials_world import EACH, KINDS, NOW_S, Party, altered, claims, issue, verify
from peers import Node

V1 = ["https://www.w3.org/2018/credentials/v1"]
# name, script, prefix of its requests, algorithms that it verifies, that it signs with
PEERS = [
    ("did-jwt-vc 4.0.16", "credentials_node.mjs", "did-jwt-vc", ("EdDSA", "ES256", "ES256K"), ("EdDSA", "ES256", "ES256K")),
    ("@veramo/credential-w3c 7.0.1", "veramo_credentials.mjs", "veramo", ("EdDSA", "ES256", "ES256K"), ("EdDSA", "ES256", "ES256K")),
    ("@iota/identity-wasm 1.5.1", "iota_node.mjs", "iota", ("EdDSA", "ES256", "ES256K"), ("EdDSA",)),
    ("@spruceid/didkit-wasm-node 0.2.1", "credentials_node.mjs", "didkit", ("EdDSA", "ES256K"), ("EdDSA", "ES256K")),
]
FORMAT = "VC-JWT 1.1"


def combinations(column):
    return [pytest.param(peer, alg, id=f"{peer[2]}-{alg}") for peer in PEERS for alg in peer[column]]


@pytest.fixture(scope="module")
def nodes():
    started = {script: Node(script) for script in {peer[1] for peer in PEERS}}
    yield started
    for node in started.values():
        node.close()


@pytest.fixture
def party(tmp_path):
    return lambda alg: Party(tmp_path, KINDS[alg])


def credential(issuer, seed=0):
    return {"@context": V1, "type": ["VerifiableCredential"], "issuer": issuer, "id": "urn:uuid:0d4d7fbb-5c5f-4b0c-9b1b-2b8a5d0b2a00",
            "issuanceDate": "2026-01-01T00:00:00Z", "credentialSubject": {"id": "did:example:s", **claims(seed)}}


@pytest.mark.parametrize("peer, alg", combinations(3))
def test_they_verify_our_vc_jwt(nodes, party, matrix, peer, alg):
    name, script, prefix, *_ = peer
    node, issuer, other = nodes[script], party(alg), party(alg)
    ask = {"document": issuer.document(), "now": NOW_S, "alg": alg}
    for i in range(EACH):
        vc = credential(issuer.did, i)
        token = issue("vc-jwt", issuer, vc)
        answer = node.ask(prefix + " verify", token=token, **ask)
        assert "error" not in answer, answer
        if "credential" in answer:
            assert answer["credential"]["credentialSubject"] == vc["credentialSubject"]
        matrix.credential(name, "we to them", FORMAT, alg, accepted=1)
        for wrong in altered(token):
            assert not node.accepts(prefix + " verify", token=wrong, **ask)
            matrix.credential(name, "we to them", FORMAT, alg, refused=1)
    if prefix != "didkit":      # that one makes the document of a did:key itself
        stranger = dict(other.document(), id=issuer.did)
        assert not node.accepts(prefix + " verify", token=token, **dict(ask, document=stranger))


def theirs(node, prefix, issuer, alg, seed=0, **more):
    """A credential of theirs, and what we need beside it to verify it."""
    if prefix == "iota":        # it has keys and a DID of its own
        document = node.ask("document")["document"]
        answer = node.ask("iota issue", credential=credential(document["id"], seed))
    else:
        document = issuer.document()
        answer = node.ask(prefix + " issue", jwk=issuer.private, alg=alg, did=issuer.did, document=document,
                          credential=credential(issuer.did, seed), **{"kid": issuer.kid, **more})
    assert "token" in answer, answer
    return answer, document


@pytest.mark.parametrize("peer, alg", combinations(4))
def test_we_verify_their_vc_jwt(nodes, party, matrix, tmp_path, peer, alg):
    name, script, prefix, *_ = peer
    issuer, node = party(alg), nodes[script]
    (tmp_path / "docs").mkdir()
    # didkit writes no typ, which is accepted only where the format is said
    args = ("--did-docs", tmp_path / "docs", *(("--format", "vc-jwt") if prefix == "didkit" else ()))
    for i in range(EACH):
        answer, document = theirs(node, prefix, issuer, alg, i)
        (tmp_path / "docs" / "issuer.json").write_text(json.dumps(document))
        report = verify("vc", *args, stdin=answer["token"])
        assert report["verified"] and report["format"] == "vc-jwt" and report["issuer"] == document["id"]
        assert report["credential"]["credentialSubject"] == credential("", i)["credentialSubject"]
        matrix.credential(name, "they to us", FORMAT, alg, accepted=1)
        for wrong in altered(answer["token"]):
            assert verify("vc", *args, stdin=wrong, status=1)["error"] == "E_SIG"
            matrix.credential(name, "they to us", FORMAT, alg, refused=1)
    if prefix == "didkit":
        verify("vc", *args[:2], stdin=answer["token"], status=3)


@pytest.mark.parametrize("alg", PEERS[0][4])
def test_a_parsed_credential_is_what_its_token_says(nodes, party, alg):
    """C114: did-jwt takes a token apart and puts it into `proof` beside what it read."""
    node, issuer = nodes["credentials_node.mjs"], party(alg)
    answer, document = theirs(node, "did-jwt-vc", issuer, alg)
    parsed = node.ask("did-jwt-vc verify", token=answer["token"], document=document, now=NOW_S)["credential"]
    assert verify("vc", stdin=json.dumps(parsed))["verified"] is True
    parsed["credentialSubject"]["n"] = 2
    assert verify("vc", stdin=json.dumps(parsed), status=1)["credential"] is None


@pytest.mark.parametrize("peer", PEERS[:2], ids=lambda p: p[2])
def test_they_name_no_key_unless_told_to(nodes, party, peer):
    """Without a kid in the header we do not guess which key of the issuer signed (C024a)."""
    answer, _ = theirs(nodes[peer[1]], peer[2], party("EdDSA"), "EdDSA", kid=None)
    assert verify("vc", stdin=answer["token"], status=3)["error"] == "E_ENV"


def test_didkit_lacks_p256(nodes, party):
    issuer = party("ES256")
    token = issue("vc-jwt", issuer, credential(issuer.did))
    answer = nodes["credentials_node.mjs"].ask("didkit verify", token=token)
    assert "did:key type P-256 not supported" in answer["error"]
