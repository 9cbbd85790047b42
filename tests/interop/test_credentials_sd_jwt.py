# SPDX-License-Identifier: Apache-2.0
"""SD-JWT VC both ways with @sd-jwt/sd-jwt-vc and IOTA: nested, array and decoy digests,
key binding; and what neither side may accept of the other."""
import pytest

from credentials_world import AUD, KINDS, NOW_S, Party, flip, issue, verify
from peers import Node, berth

PEER, IOTA = "@sd-jwt/sd-jwt-vc 0.9.2", "@iota/identity-wasm 1.5.1"
ALGS = ("ES256", "ES384", "EdDSA")
FORMAT = "SD-JWT VC"
ASK = ("--challenge", "n", "--domain", AUD)


@pytest.fixture(scope="module")
def node():
    n = Node("credentials_node.mjs")
    yield n
    n.close()


@pytest.fixture(scope="module")
def iota():
    n = Node("iota_node.mjs")
    yield n
    n.close()


@pytest.fixture
def party(tmp_path):
    return lambda alg: Party(tmp_path, KINDS[alg])


def claims_of(issuer, holder):
    return {"iss": issuer.did, "vct": "urn:t", "iat": NOW_S, "a": 1, "address": {"city": "x", "street": "y"},
            "list": ["p", "q", {"deep": None}], "cnf": {"jwk": holder.public}}


def places(vp):
    """Where the three parts of a presentation are changed: header, signature, KB-JWT's signature."""
    return 20, vp.index("~") - 10, len(vp) - 10


@pytest.mark.parametrize("alg", ALGS)
def test_they_verify_our_sd_jwt(node, party, matrix, tmp_path, alg):
    issuer, holder, other = party(alg), party(alg), party(alg)
    claims = claims_of(issuer, holder)
    where = [x for p in ("/a", "/address", "/address/street", "/list/0", "/list/2") for x in ("--disclose", p)]
    token = issue("dc+sd-jwt", issuer, claims, *where)
    ask = {"alg": alg, "issuer": issuer.public}
    answer = node.ask("sd verify", token=token, bound=False, **ask)
    assert answer.get("payload") == claims, answer
    assert not node.accepts("sd verify", token=token, bound=False, alg=alg, issuer=other.public)
    (tmp_path / "vc").write_text(token)
    vp = berth("vp", "create", "--format", "dc+sd-jwt", *ASK, *holder.sign, "--disclose", "/address/street",
               tmp_path / "vc").stdout.strip()
    answer = node.ask("sd verify", token=vp, bound=True, **ask)
    assert answer["payload"]["address"] == claims["address"] and "a" not in answer["payload"]
    assert answer["kb"]["nonce"] == "n" and answer["kb"]["aud"] == AUD
    matrix.credential(PEER, "we to them", FORMAT, alg, accepted=1)
    matrix.credential(PEER, "we to them", FORMAT + " with key binding", alg, accepted=1)
    for at in places(vp):
        assert not node.accepts("sd verify", token=flip(vp, at), bound=True, **ask)
        matrix.credential(PEER, "we to them", FORMAT + " with key binding", alg, refused=1)


@pytest.mark.parametrize("alg", ALGS)
def test_we_verify_their_sd_jwt(node, party, matrix, alg):
    issuer, holder, other = party(alg), party(alg), party(alg)
    claims = claims_of(issuer, holder)
    frame = {"_sd": ["a", "address"], "address": {"_sd": ["street"]}, "list": {"_sd": [0, 2]}, "_sd_decoy": 3}
    token = node.ask("sd issue", alg=alg, jwk=issuer.private, kid=issuer.kid, claims=claims, frame=frame)["token"]
    assert verify("vc", stdin=token)["credential"] == claims
    matrix.credential(PEER, "they to us", FORMAT, alg, accepted=1)
    kb = {"iat": NOW_S, "aud": AUD, "nonce": "n"}
    vp = node.ask("sd present", alg=alg, jwk=holder.private, token=token, frame={"a": True, "address": {"street": True}},
                  kb=kb)["token"]
    report = verify("vp", *ASK, stdin=vp)
    assert report["checks"]["holder"] == "passed" and report["credential"]["list"] == ["q"]
    matrix.credential(PEER, "they to us", FORMAT + " with key binding", alg, accepted=1)
    assert verify("vp", "--challenge", "m", stdin=vp, status=1)["error"] == "E_HOLDER"
    stolen = node.ask("sd present", alg=alg, jwk=other.private, token=token, frame={}, kb=kb)["token"]
    assert verify("vp", *ASK, stdin=stolen, status=1)["error"] == "E_HOLDER"
    for at in places(vp)[1:]:
        verify("vp", *ASK, stdin=flip(vp, at), status=1)
        matrix.credential(PEER, "they to us", FORMAT + " with key binding", alg, refused=1)


def test_we_verify_iotas_sd_jwt(iota, party, matrix):
    """typ vc+sd-jwt, as before it was renamed; no @context, so it is no VCDM 2.0."""
    issuer = party("ES256")
    claims = {k: v for k, v in claims_of(issuer, issuer).items() if k != "cnf"}
    claims["list"][2] = {"deep": 0}     # null never gets into its builder
    token = iota.ask("sd issue", jwk=issuer.private, kid=issuer.kid, claims=claims, paths=["/a", "/address/street", "/list/0"])["token"]
    report = verify("vc", stdin=token)
    assert report["verified"] and report["credential"] == claims
    matrix.credential(IOTA, "they to us", FORMAT + " (vc+sd-jwt)", "ES256", accepted=1)
    wrong = flip(token, token.index("~") - 10)
    assert verify("vc", stdin=wrong, status=1)["error"] == "E_SIG"
    matrix.credential(IOTA, "they to us", FORMAT + " (vc+sd-jwt)", "ES256", refused=1)
    # its own verifier is of one mind with ours
    assert iota.ask("sd verify", token=token, issuer=issuer.public)["payload"] == claims
    assert not iota.accepts("sd verify", token=wrong, issuer=issuer.public)


def test_iota_knows_only_the_former_type(iota, party):
    issuer = party("ES256")
    token = issue("dc+sd-jwt", issuer, claims_of(issuer, issuer))
    answer = iota.ask("sd verify", token=token, issuer=issuer.public)
    assert 'expected "vc+sd-jwt" (or a superset) but found "dc+sd-jwt"' in answer["error"]
