# SPDX-License-Identifier: Apache-2.0
"""Data Integrity proofs both ways with @digitalbazaar/vc: credentials and presentations;
and what neither side may accept of the other."""
import json

import pytest

from credentials_world import AUD, EACH, Party, claims, issue, verify
from peers import Node, berth

PEER = "@digitalbazaar/vc 7.3.0"
SUITES = [("eddsa-jcs-2022", "ed25519"), ("eddsa-rdfc-2022", "ed25519"), ("ecdsa-rdfc-2019", "p256"), ("ecdsa-rdfc-2019", "p384")]
# What `berth` does not know; a name taken out of here joins every test.
OURS_LACKS = {"eddsa-rdfc-2022", "ecdsa-rdfc-2019"}
BOTH = [s for s in SUITES if s[0] not in OURS_LACKS]
ASK = ("--challenge", "n", "--domain", AUD)


@pytest.fixture(scope="module")
def node():
    n = Node("credentials_node.mjs")
    yield n
    n.close()


@pytest.fixture
def party(tmp_path):
    return lambda kind: Party(tmp_path, kind)


def credential(issuer, subject, suite, seed=0):
    """With terms of the base context alone where it is expanded."""
    vc = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": issuer.did,
          "name": f"é \u20ac {seed}", "validFrom": "2026-01-01T00:00:00Z", "credentialSubject": {"id": subject.did}}
    if "jcs" in suite:
        vc["credentialSubject"].update(claims(seed))
    return vc


def key(party, suite):
    return {"cryptosuite": suite, "key": party.multikeys()}


def row(suite, kind, presentation=False):
    return PEER, ("presentation, " if presentation else "") + suite, {"ed25519": "Ed25519", "p256": "P-256", "p384": "P-384"}[kind]


def wrong(document):
    """The same with another claim, and with another option of the proof."""
    yield dict(document, id="urn:altered")
    yield dict(document, proof=dict(document["proof"], created="2026-11-01T00:00:00Z"))


@pytest.mark.parametrize("suite, kind", BOTH)
def test_they_verify_our_proofs(node, party, matrix, tmp_path, suite, kind):
    issuer, holder = party(kind), party(kind)
    peer, fmt, alg = row(suite, kind)
    for i in range(EACH):
        vc = json.loads(issue("di", issuer, credential(issuer, holder, suite, i), "--cryptosuite", suite))
        answer = node.ask("di verify", document=vc, cryptosuite=suite)
        assert "error" not in answer, answer
        matrix.credential(peer, "we to them", fmt, alg, accepted=1)
        for other in wrong(vc):
            assert not node.accepts("di verify", document=other, cryptosuite=suite)
            matrix.credential(peer, "we to them", fmt, alg, refused=1)
    (tmp_path / "vc").write_text(json.dumps(vc))
    vp = json.loads(berth("vp", "create", "--format", "di", "--cryptosuite", suite, *ASK, *holder.sign, tmp_path / "vc").stdout)
    ask = {"cryptosuite": suite, "challenge": "n", "domain": AUD}
    answer = node.ask("di verify presentation", document=vp, **ask)
    assert "error" not in answer, answer
    peer, fmt, alg = row(suite, kind, True)
    matrix.credential(peer, "we to them", fmt, alg, accepted=1)
    assert not node.accepts("di verify presentation", document=vp, **dict(ask, challenge="m"))
    assert not node.accepts("di verify presentation", document=vp, **dict(ask, domain="https://other.example"))
    for other in wrong(vp):
        assert not node.accepts("di verify presentation", document=other, **ask)
        matrix.credential(peer, "we to them", fmt, alg, refused=1)


@pytest.mark.parametrize("suite, kind", BOTH)
def test_we_verify_their_proofs(node, party, matrix, suite, kind):
    issuer, holder = party(kind), party(kind)
    peer, fmt, alg = row(suite, kind)
    for i in range(EACH):
        answer = node.ask("di issue", document=credential(issuer, holder, suite, i), **key(issuer, suite))
        assert "error" not in answer, answer
        vc = answer["document"]
        assert verify("vc", stdin=json.dumps(vc))["verified"] is True
        matrix.credential(peer, "they to us", fmt, alg, accepted=1)
        for other in wrong(vc):
            assert verify("vc", stdin=json.dumps(other), status=1)["error"] == "E_SIG"
            matrix.credential(peer, "they to us", fmt, alg, refused=1)
    answer = node.ask("di present", document=vc, holder=holder.did, challenge="n", domain=AUD, **key(holder, suite))
    assert "error" not in answer, answer
    vp = answer["document"]
    report = verify("vp", *ASK, stdin=json.dumps(vp))
    assert report["verified"] and report["checks"]["holder"] == "passed"
    peer, fmt, alg = row(suite, kind, True)
    matrix.credential(peer, "they to us", fmt, alg, accepted=1)
    assert verify("vp", "--challenge", "m", "--domain", AUD, stdin=json.dumps(vp), status=1)["error"] == "E_HOLDER"
    for other in wrong(vp):
        assert verify("vp", *ASK, stdin=json.dumps(other), status=1)["error"] == "E_SIG"
        matrix.credential(peer, "they to us", fmt, alg, refused=1)


@pytest.mark.parametrize("suite, kind", [s for s in SUITES if s[0] in OURS_LACKS])
def test_a_suite_that_we_lack_is_e_alg(node, party, suite, kind):
    """Both of them make and read it already: what they say of it is known before ours is there."""
    issuer, holder = party(kind), party(kind)
    vc = node.ask("di issue", document=credential(issuer, holder, suite), **key(issuer, suite))["document"]
    assert node.accepts("di verify", document=vc, cryptosuite=suite)
    assert not any(node.accepts("di verify", document=other, cryptosuite=suite) for other in wrong(vc))
    assert verify("vc", stdin=json.dumps(vc), status=1)["error"] == "E_ALG"
