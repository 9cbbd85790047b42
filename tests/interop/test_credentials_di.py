# SPDX-License-Identifier: Apache-2.0
"""Data Integrity proofs both ways with @digitalbazaar/vc: credentials and presentations;
and what neither side may accept of the other."""
import json

import pytest

from credentials_world import AUD, EACH, Party, claims, issue, terms, verify
from peers import Node, berth

PEER = "@digitalbazaar/vc 7.3.0"
SUITES = [("eddsa-jcs-2022", "ed25519"), ("eddsa-rdfc-2022", "ed25519"), ("ecdsa-rdfc-2019", "p256"), ("ecdsa-rdfc-2019", "p384")]
BOTH = [pytest.param(*s, version, id="-".join((*s, version))) for s in SUITES for version in ("2.0", "1.1")]
ASK = ("--challenge", "n", "--domain", AUD)


@pytest.fixture(scope="module")
def node():
    n = Node("credentials_node.mjs")
    yield n
    n.close()


@pytest.fixture
def party(tmp_path):
    return lambda kind: Party(tmp_path, kind)


def credential(issuer, subject, suite, version, seed=0):
    """With terms of the contexts alone where it is expanded."""
    vc = {"type": ["VerifiableCredential"], "issuer": issuer.did, "credentialSubject": {"id": subject.did}}
    if version == "1.1":
        vc.update({"@context": ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/security/data-integrity/v2"],
                   "issuanceDate": "2026-01-01T00:00:00Z"})
    else:
        vc.update({"@context": ["https://www.w3.org/ns/credentials/v2"], "validFrom": "2026-01-01T00:00:00Z", **terms(seed)})
    if "jcs" in suite:
        vc["credentialSubject"].update(claims(seed))
    return vc


def key(party, suite):
    return {"cryptosuite": suite, "key": party.multikeys()}


def row(suite, kind, version):
    return PEER, f"{version}, {suite}", {"ed25519": "Ed25519", "p256": "P-256", "p384": "P-384"}[kind]


def wrong(document):
    """The same with another claim, and with another option of the proof."""
    yield dict(document, id="urn:altered")
    yield dict(document, proof=dict(document["proof"], created="2026-11-01T00:00:00Z"))


@pytest.mark.parametrize("suite, kind, version", BOTH)
def test_they_verify_our_proofs(node, party, matrix, tmp_path, suite, kind, version):
    issuer, holder = party(kind), party(kind)
    peer, fmt, alg = row(suite, kind, "VC " + version)
    for i in range(EACH):
        vc = json.loads(issue("di", issuer, credential(issuer, holder, suite, version, i), "--cryptosuite", suite))
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
    peer, fmt, alg = row(suite, kind, "VP of " + version)
    matrix.credential(peer, "we to them", fmt, alg, accepted=1)
    assert not node.accepts("di verify presentation", document=vp, **dict(ask, challenge="m"))
    assert not node.accepts("di verify presentation", document=vp, **dict(ask, domain="https://other.example"))
    for other in wrong(vp):
        assert not node.accepts("di verify presentation", document=other, **ask)
        matrix.credential(peer, "we to them", fmt, alg, refused=1)


@pytest.mark.parametrize("suite, kind, version", BOTH)
def test_we_verify_their_proofs(node, party, matrix, suite, kind, version):
    issuer, holder = party(kind), party(kind)
    peer, fmt, alg = row(suite, kind, "VC " + version)
    for i in range(EACH):
        answer = node.ask("di issue", document=credential(issuer, holder, suite, version, i), **key(issuer, suite))
        assert "error" not in answer, answer
        vc = answer["document"]
        assert verify("vc", stdin=json.dumps(vc))["verified"] is True
        matrix.credential(peer, "they to us", fmt, alg, accepted=1)
        for other in wrong(vc):
            assert verify("vc", stdin=json.dumps(other), status=1)["error"] == "E_SIG"
            matrix.credential(peer, "they to us", fmt, alg, refused=1)
    answer = node.ask("di present", document=vc, holder=holder.did, version=2.0, challenge="n",
                      domain=AUD, **key(holder, suite))
    assert "error" not in answer, answer
    vp = answer["document"]
    report = verify("vp", *ASK, stdin=json.dumps(vp))
    assert report["verified"] and report["checks"]["holder"] == "passed"
    peer, fmt, alg = row(suite, kind, "VP of " + version)
    matrix.credential(peer, "they to us", fmt, alg, accepted=1)
    assert verify("vp", "--challenge", "m", "--domain", AUD, stdin=json.dumps(vp), status=1)["error"] == "E_HOLDER"
    for other in wrong(vp):
        assert verify("vp", *ASK, stdin=json.dumps(other), status=1)["error"] == "E_SIG"
        matrix.credential(peer, "they to us", fmt, alg, refused=1)
