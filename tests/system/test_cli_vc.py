# SPDX-License-Identifier: Apache-2.0
"""`berth vc`, `vp`, `sd-jwt`, `query` and `status-list` without a daemon."""
import base64
import json

import pytest

from cli import VECTORS, fails, ok, run, token
from test_cli_offline import TYPES

NOW = "2026-11-23T12:00:00Z"


@pytest.fixture
def party(jwk):
    """(DID, kid, JWK file) of a fresh did:key."""
    def make(kind="ed25519"):
        key, path = jwk(kind)
        return key["did"], "%s#%s" % (key["did"], key["multikey"]), path
    return make


def credential(issuer, subject="did:example:subject", **more):
    return dict({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
                 "issuer": issuer, "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z",
                 "credentialSubject": {"id": subject, "serial": "1234"}}, **more)


def issue(party_, files, vc):
    did, kid, path = party_
    return token("vc", "issue", "--format", "vc+jwt", "--jwk", path, "--kid", kid, files(vc))


@pytest.mark.parametrize("kind", [k for k in TYPES if k != "x25519"])
def test_vc_round_trip(party, files, kind):
    issuer = party(kind)
    vc = credential(issuer[0])
    report = ok("vc", "verify", "--now", NOW, files(issue(issuer, files, vc)))
    assert report["verified"] is True and report["credential"] == vc and report["format"] == "vc+jwt"
    assert report["issuer"] == issuer[0]
    checks = report["checks"]
    assert set(checks) == {"signature", "validity", "status", "issuer", "holder"}
    assert (checks["signature"], checks["validity"], checks["status"], checks["issuer"]) == \
        ("passed", "passed", "not-present", "not-checked")
    assert report["warnings"]


def test_vc_trust(party, files):
    issuer = party()
    t = files(issue(issuer, files, credential(issuer[0])))
    report = ok("vc", "verify", "--now", NOW, "--trust", "did:example:other", "--trust", issuer[0], t)
    assert report["checks"]["issuer"] == "passed"
    report, _ = fails("E_AUTHZ", "vc", "verify", "--now", NOW, "--trust", "did:example:other", t)
    assert report["verified"] is False and report["checks"]["issuer"] == "failed"


def test_vc_times(party, files):
    issuer = party()
    t = files(issue(issuer, files, credential(issuer[0])))
    for now in ("2027-01-01T00:00:01Z", "2025-12-31T23:59:59Z"):
        report, _ = fails("E_EXPIRED", "vc", "verify", "--now", now, t)
        assert report["verified"] is False and report["checks"]["validity"] == "failed"
        assert report["checks"]["signature"] == "passed"
    fails("E_USAGE", "vc", "verify", "--now", "yesterday", t)


def test_vc_refusals_print_a_report(party, files, jwk):
    issuer = party()
    t = issue(issuer, files, credential(issuer[0]))
    head, body, sig = t.split(".")
    flipped = ("A" if sig[10] != "A" else "B").join((sig[:10], sig[11:]))
    report, _ = fails("E_SIG", "vc", "verify", "--now", NOW, stdin=".".join((head, body, flipped)))
    assert report["verified"] is False and report["checks"]["signature"] == "failed" and report["credential"] is None
    report, _ = fails("E_ALG", "vc", "verify", "--now", NOW, "--jwk", jwk("p256")[1], stdin=t)
    assert report["verified"] is False
    report, _ = fails("E_SIG", "vc", "verify", "--now", NOW, "--jwk", jwk("ed25519")[1], stdin=t)
    assert report["verified"] is False
    report, _ = fails("E_VC", "vc", "verify", "--now", NOW, stdin='{"proof":{}}')
    assert report["verified"] is False and report["format"] == "di"
    report, _ = fails("E_ALG", "vc", "verify", "--now", NOW, "--format", "ldp_vc", stdin=t)
    assert report["verified"] is False


def test_vc_issue_refusals(party, files):
    issuer, other = party(), party()
    vc = credential(issuer[0])
    sign = ("vc", "issue", "--format", "vc+jwt", "--jwk", issuer[2])
    fails("E_KEY", *sign, "--kid", other[1], files(vc))
    fails("E_USAGE", *sign, files(vc))
    fails("E_USAGE", "vc", "issue", "--kid", issuer[1], files(vc))
    fails("E_USAGE", *sign, "--kid", issuer[1], "--disclose", "/a", files(vc))
    del vc["credentialSubject"]
    fails("E_VC", *sign, "--kid", issuer[1], files(vc))
    fails("E_JSON", *sign, "--kid", issuer[1], stdin='{"a":1,"a":1}')
    for name in ("ldp_vc", "none"):
        _, line = fails("E_ALG", "vc", "issue", "--format", name, "--jwk", issuer[2], "--kid", issuer[1], files(vc))
        assert name in line


def test_vp_round_trip_and_refusals(party, files):
    issuer, holder, stranger = party("p256"), party(), party()
    vc = files(issue(issuer, files, credential(issuer[0], holder[0])))
    make = ("vp", "create", "--format", "vp+jwt", "--challenge", "c1", "--domain", "https://v.example")
    vp = files(token(*make, "--jwk", holder[2], "--kid", holder[1], vc))
    check = ("vp", "verify", "--now", NOW)
    report = ok(*check, "--challenge", "c1", "--domain", "https://v.example", "--trust", issuer[0], vp)
    assert report["verified"] is True and report["checks"]["holder"] == "passed"
    for args in (("--challenge", "c2", "--domain", "https://v.example"), ("--challenge", "c1", "--domain", "x")):
        report, _ = fails("E_HOLDER", *check, *args, vp)
        assert report["verified"] is False and report["checks"]["holder"] == "failed"
    fails("E_USAGE", *check, vp)
    fails("E_USAGE", "vp", "create", "--jwk", holder[2], "--kid", holder[1], vc)
    fails("E_USAGE", *make, "--jwk", holder[2], "--kid", holder[1])
    fails("E_ALG", "vp", "create", "--format", "ldp", "--challenge", "c", "--jwk", holder[2], "--kid", holder[1], vc)
    stolen = token(*make, "--jwk", stranger[2], "--kid", stranger[1], vc)
    report, _ = fails("E_HOLDER", *check, "--challenge", "c1", "--domain", "https://v.example", stdin=stolen)
    assert report["verified"] is False
    assert run("vc", "verify", "--now", NOW, vp).returncode == 3  # C033: not a credential


def test_vc_di(party, files):
    for kind, suite in (("ed25519", "eddsa-jcs-2022"), ("p256", "ecdsa-jcs-2019"), ("p384", "ecdsa-jcs-2019")):
        issuer = party(kind)
        sign = ("vc", "issue", "--format", "di", "--jwk", issuer[2], "--kid", issuer[1])
        vc = ok(*sign, "--cryptosuite", suite, "--now", NOW, files(credential(issuer[0])))
        assert vc["proof"]["cryptosuite"] == suite and vc["proof"]["created"] == NOW
        report = ok("vc", "verify", "--now", NOW, "--trust", issuer[0], files(vc))
        assert report["verified"] is True and report["format"] == "di" and report["credential"] == vc
        assert ok("vc", "verify", "--now", NOW, "--format", "di", "--jwk", issuer[2], files(vc))["verified"] is True
        fails("E_SIG", "vc", "verify", "--now", NOW, files(dict(vc, name="altered")))
        fails("E_EXPIRED", "vc", "verify", "--now", "2027-01-01T00:00:00Z", files(vc))
        fails("E_VC", "vc", "verify", "--now", NOW, files(dict(vc, proof=dict(vc["proof"], proofPurpose="authentication"))))
        fails("E_ALG", "vc", "verify", "--now", NOW, files(dict(vc, proof=dict(vc["proof"], cryptosuite="other-2022"))))
    pretty = run(*sign, "--pretty", files(credential(issuer[0])))
    assert pretty.stdout.count(b"\n") > 10 and json.loads(pretty.stdout)["proof"]
    fails("E_ALG", *sign, "--cryptosuite", "other-2022", files(credential(issuer[0])))
    fails("E_KEY", *sign, "--cryptosuite", "eddsa-jcs-2022", files(credential(issuer[0])))
    fails("E_USAGE", *sign, "--format", "vc+jwt", files(credential(issuer[0])))
    fails("E_JSON", *sign, stdin='{"a":9007199254740993}')


def test_vc_di_chain(party, files):
    issuer = party()
    sign = ("vc", "issue", "--format", "di", "--jwk", issuer[2], "--kid", issuer[1])
    one = ok(*sign, "--proof-id", "urn:1", files(credential(issuer[0])))
    two = ok(*sign, "--previous-proof", "urn:1", files(one))
    assert two["proof"][1]["previousProof"] == "urn:1"
    assert ok("vc", "verify", "--now", NOW, files(two))["verified"] is True
    fails("E_SIG", "vc", "verify", "--now", NOW, files(dict(two, proof=two["proof"][1])))
    fails("E_VC", *sign, "--previous-proof", "urn:2", files(one))
    fails("E_VC", *sign, "--proof-id", "urn:1", files(one))


RDF = {"@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2"]}


def test_vc_rdf(party, files):
    for kind, suite in (("ed25519", "eddsa-rdfc-2022"), ("p256", "ecdsa-rdfc-2019"), ("p384", "ecdsa-rdfc-2019")):
        issuer = party(kind)
        sign = ("vc", "issue", "--format", "di", "--jwk", issuer[2], "--kid", issuer[1], "--cryptosuite", suite)
        one = ok(*sign, "--now", NOW, "--proof-id", "urn:1", files(credential(issuer[0], **RDF)))
        assert one["proof"]["cryptosuite"] == suite and "@context" not in one["proof"]
        vc = ok(*sign, "--now", NOW, "--previous-proof", "urn:1", files(one))
        for it in (one, vc):
            report = ok("vc", "verify", "--now", NOW, "--trust", issuer[0], files(it))
            assert report["verified"] is True and report["credential"] == it and not report["warnings"]
        fails("E_SIG", "vc", "verify", "--now", NOW, files(dict(vc, name="altered")))
        fails("E_SIG", "vc", "verify", "--now", NOW, files(dict(vc, proof=vc["proof"][1])))
        fails("E_VC", "vc", "verify", "--now", NOW, files(dict(vc, **{"@context": RDF["@context"][:1]})))
        holder = party("p256")
        made = ok("vp", "create", "--format", "di", "--cryptosuite", "ecdsa-rdfc-2019", "--challenge", "c", "--domain", "d",
                  "--jwk", holder[2], "--kid", holder[1], files(ok(*sign, files(credential(issuer[0], holder[0], **RDF)))))
        assert ok("vp", "verify", "--now", NOW, "--challenge", "c", "--domain", "d", files(made))["verified"] is True
        fails("E_HOLDER", "vp", "verify", "--now", NOW, "--challenge", "x", "--domain", "d", files(made))
    # what no context defines, and a context that nobody fetches
    fails("E_VC", *sign, files(credential(issuer[0])))
    fails("E_VC", *sign, files(credential(issuer[0], **{"@context": RDF["@context"] + ["https://a.example/v1"]})))
    fails("E_KEY", *sign[:-1], "eddsa-rdfc-2022", files(credential(issuer[0], **RDF)))


def test_vp_di(party, files):
    issuer, holder = party(), party("p256")
    jwt = files(issue(issuer, files, credential(issuer[0], holder[0])))
    di = files(ok("vc", "issue", "--format", "di", "--jwk", issuer[2], "--kid", issuer[1],
                  files(credential(issuer[0], holder[0]))))
    sign = ("--challenge", "c1", "--domain", "d1", "--jwk", holder[2], "--kid", holder[1])
    check = ("vp", "verify", "--now", NOW, "--trust", issuer[0])
    for fmt in ("di", "vp+jwt"):
        made = run("vp", "create", "--format", fmt, *sign, jwt, di)
        assert made.returncode == 0
        vp = files(made.stdout.decode().strip())
        report = ok(*check, "--challenge", "c1", "--domain", "d1", vp)
        assert report["verified"] is True and report["format"] == fmt and report["holder"] == holder[0]
        assert [c["format"] for c in report["credentials"]] == ["vc+jwt", "di"]
        fails("E_HOLDER", *check, "--challenge", "c2", "--domain", "d1", vp)
        fails("E_HOLDER", *check, "--challenge", "c1", "--domain", "d2", vp)
        fails("E_AUTHZ", "vp", "verify", "--now", NOW, "--trust", holder[0], "--challenge", "c1", vp)


@pytest.mark.parametrize("kind", ("ed25519", "p256", "p384", "secp256k1"))
def test_vc_jwt_of_1_1(party, files, kind):
    issuer, holder = party(kind), party()
    vc = {"@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiableCredential"], "id": "urn:1",
          "issuer": issuer[0], "issuanceDate": "2026-01-01T00:00:00Z", "expirationDate": "2027-01-01T00:00:00Z",
          "credentialSubject": {"id": holder[0], "a": 1}}
    sign = ("vc", "issue", "--jwk", issuer[2], "--kid", issuer[1], "--format")
    t = token(*sign, "vc-jwt", files(vc))
    report = ok("vc", "verify", "--now", NOW, "--trust", issuer[0], stdin=t)
    assert report["verified"] is True and report["format"] == "vc-jwt" and report["credential"] == vc
    fails("E_EXPIRED", "vc", "verify", "--now", "2027-01-01T00:00:00Z", stdin=t)
    fails("E_ENV", "vc", "verify", "--now", NOW, "--format", "vc+jwt", stdin=t)
    fails("E_VC", *sign, "vc-jwt", files(credential(issuer[0])))
    fails("E_VC", *sign, "vc+jwt", files(vc))
    fails("E_ALG", "vp", "verify", "--now", NOW, "--challenge", "c", stdin=t)
    beside = dict(vc, proof={"type": "JwtProof2020", "jwt": t})                         # C114
    assert ok("vc", "verify", "--now", NOW, files(beside))["verified"] is True
    report, _ = fails("E_SIG", "vc", "verify", "--now", NOW, files(dict(beside, name="altered")))
    assert report["credential"] is None


def test_enveloped(party, files):
    issuer, holder = party(), party("p256")
    vc = credential(issuer[0], holder[0])
    sd = token("vc", "issue", "--format", "vc+sd-jwt", "--jwk", issuer[2], "--kid", issuer[1],
               "--disclose", "/credentialSubject/serial", files(vc))
    context, data = "https://www.w3.org/ns/credentials/v2", "data:application/%s,%s"
    e = {"@context": context, "type": "EnvelopedVerifiableCredential", "id": data % ("vc+sd-jwt", sd)}
    assert ok("vc", "verify", "--now", NOW, files(e))["credential"] == vc
    fails("E_VC", "vc", "verify", "--now", NOW, files(dict(e, id="data:text/plain,x")))
    vp = token("vp", "create", "--format", "vp+jwt", "--challenge", "c", "--jwk", holder[2], "--kid", holder[1], files(sd))
    check = ("vp", "verify", "--now", NOW, "--challenge", "c")
    assert ok(*check, stdin=vp)["credentials"][0]["format"] == "vc+sd-jwt"
    e = {"@context": context, "type": "EnvelopedVerifiablePresentation", "id": data % ("vp+jwt", vp)}
    assert ok(*check, files(e))["verified"] is True
    fails("E_HOLDER", "vp", "verify", "--now", NOW, "--challenge", "other", files(e))


def sd_claims(issuer, holder_jwk=None, **more):
    cnf = {"cnf": {"jwk": {k: v for k, v in holder_jwk.items() if k in ("kty", "crv", "x", "y")}}} if holder_jwk else {}
    return dict({"iss": issuer, "vct": "https://credentials.example/id", "given_name": "Erika", "exp": 1830000000,
                 "address": {"city": "Koeln", "street": "Heidestrasse 17"}, "nationalities": ["DE", "FR"]}, **cnf, **more)


def test_sd_jwt(party, files):
    issuer, holder, stranger = party(), party("p256"), party("p256")
    sign = ("vc", "issue", "--format", "dc+sd-jwt", "--jwk", issuer[2], "--kid", issuer[1])
    claims = sd_claims(issuer[0], json.loads(holder[2].read_text()))
    t = token(*sign, "--disclose", "/given_name", "--disclose", "/address/city", "--disclose", "/nationalities/0", files(claims))
    assert t.endswith("~") and t.count("~") == 4
    report = ok("vc", "verify", "--now", NOW, "--trust", issuer[0], stdin=t)
    assert report["format"] == "dc+sd-jwt" and report["credential"] == claims and report["issuer"] == issuer[0]
    assert report["checks"]["holder"] == "not-present"
    vc, present = files(t), ("vp", "create", "--format", "dc+sd-jwt", "--challenge", "c1", "--domain", "https://v.example")
    vp = token(*present, "--now", NOW, "--jwk", holder[2], "--kid", holder[1], "--disclose", "/address/city", vc)
    check = ("vp", "verify", "--now", NOW, "--trust", issuer[0])
    report = ok(*check, "--challenge", "c1", "--domain", "https://v.example", stdin=vp)
    assert report["verified"] is True and report["checks"]["holder"] == "passed"
    shown = report["credential"]
    assert shown["address"] == claims["address"] and shown["nationalities"] == ["FR"] and "given_name" not in shown
    for args in (("--challenge", "c2"), ("--challenge", "c1", "--domain", "x")):        # C129
        report, _ = fails("E_HOLDER", *check, *args, stdin=vp)
        assert report["verified"] is False and report["checks"]["holder"] == "failed"
    fails("E_HOLDER", *check, "--challenge", "c1", stdin=t)
    fails("E_HOLDER", *check, "--challenge", "c1", stdin=token(*present, "--jwk", stranger[2], "--kid", stranger[1], vc))
    jwt, *rest = t.split("~")
    fails("E_SDJWT", "vc", "verify", "--now", NOW, stdin="~".join([jwt, rest[0], *rest]))
    fails("E_SDJWT", "vc", "verify", "--now", NOW, stdin="~".join([jwt, *rest[:-1], "WyJzIiwibiIsMV0", ""]))
    head, body, sig = jwt.split(".")
    flipped = ("A" if sig[10] != "A" else "B").join((sig[:10], sig[11:]))
    fails("E_SIG", "vc", "verify", "--now", NOW, stdin="~".join([".".join((head, body, flipped)), *rest]))
    fails("E_EXPIRED", "vc", "verify", "--now", "2028-01-01T00:00:00Z", stdin=t)
    fails("E_NOMATCH", *present, "--jwk", holder[2], "--kid", holder[1], "--disclose", "/none", vc)
    fails("E_USAGE", *sign, "--disclose", "/none", files(claims))
    decoyed = token(*sign, "--disclose", "/given_name", "--decoys", "5", files(claims))
    assert decoyed.count("~") == 2 and ok("vc", "verify", "--now", NOW, stdin=decoyed)["credential"] == claims
    assert len(json.loads(base64.urlsafe_b64decode(decoyed.split(".")[1] + "=="))["_sd"]) == 6
    fails("E_USAGE", *sign, "--decoys", "65", files(claims))
    fails("E_USAGE", "vc", "issue", "--decoys", "1", "--jwk", issuer[2], "--kid", issuer[1], files(credential(issuer[0])))
    fails("E_SDJWT", *sign, "--disclose", "/exp", files(claims))
    fails("E_VC", *sign, files({"iss": issuer[0]}))


def test_vc_policy(party, files, tmp_path):
    """--policy: rules by type, and no verdict on what was not checked."""
    issuer, anchor, subject = party(), party("p256"), party()
    schemas, delegations = tmp_path / "schemas", tmp_path / "delegations"
    schemas.mkdir()
    delegations.mkdir()

    def policy(text, **folders):
        f = tmp_path / "policy.conf"
        f.write_text("[policy]\n" + "".join("%s-dir = %s\n" % i for i in folders.items()) + text)
        f.chmod(0o600)
        return f

    vc = files(issue(issuer, files, credential(issuer[0], subject[0])))
    check = ("vc", "verify", "--now", NOW, vc, "--policy")
    report = ok(*check, policy("[credentials all]\nissuer = %s\n" % issuer[0]))
    assert report["verified"] is True and report["checks"]["issuer"] == "passed"
    assert report["policy"] == {"rules": ["all"], "assumed": [], "stale": []}
    report, _ = fails("E_AUTHZ", *check, policy("[credentials all]\nissuer = %s\n" % anchor[0]))
    assert report["verified"] is False and report["checks"]["issuer"] == "failed"
    fails("E_AUTHZ", *check, policy("[credentials other]\ntype = Other\nissuer = %s\n" % issuer[0]))
    report, _ = fails("E_AUTHZ", *check, policy("[credentials all]\n"))
    assert report["checks"]["issuer"] == "not-checked"
    report = ok(*check, policy("[credentials all]\nunchecked = issuer\n"))
    assert report["checks"]["issuer"] == "not-checked" and report["policy"]["assumed"] == ["issuer"]
    fails("E_ALG", *check, policy("[credentials all]\nissuer = %s\nformat = di\n" % issuer[0]))
    fails("E_ALG", *check, policy("[credentials all]\nissuer = %s\nalgorithm = ES256\n" % issuer[0]))
    fails("E_STATUS", *check, policy("[credentials all]\nissuer = %s\nstatus = required\n" % issuer[0]))
    fails("E_CONFIG", *check, policy("[credentials all]\nunchecked = signature\n"))
    fails("E_USAGE", *check, policy(""), "--trust", issuer[0])

    by_anchor = policy("[credentials all]\nanchor = %s\n" % anchor[0], delegation=delegations)
    fails("E_AUTHZ", *check, by_anchor)
    delegation = credential(anchor[0], issuer[0], type=["VerifiableCredential", "DelegationCredential"])
    delegation["credentialSubject"]["mayIssue"] = ["Badge"]
    (delegations / "d").write_text(issue(anchor, files, delegation))
    fails("E_AUTHZ", *check, by_anchor)                     # it is no Badge
    badge = credential(issuer[0], subject[0], type=["VerifiableCredential", "Badge"])
    badge = files(issue(issuer, files, badge))
    assert ok("vc", "verify", "--now", NOW, badge, "--policy", by_anchor)["checks"]["issuer"] == "passed"

    # what nobody here knows is kept
    more = {"evidence": [{"type": "Photo", "id": "https://example.com/p"}], "refreshService": {"type": "Refresh2099"},
            "nobody-knows-this": [1, {"a": None}]}
    strange = credential(issuer[0], subject[0], **more)
    assert ok("vc", "verify", "--now", NOW, files(issue(issuer, files, strange)))["credential"] == strange

    schema = {"credentialSchema": {"id": "https://example.com/s", "type": "JsonSchema"}}
    vc = files(issue(issuer, files, credential(issuer[0], subject[0], **schema)))
    check = ("vc", "verify", "--now", NOW, vc)
    assert ok(*check)["checks"]["schema"] == "not-checked"
    (schemas / "s.json").write_text(json.dumps({"$id": "https://example.com/s", "required": ["issuer"]}))
    assert ok(*check, "--schema-dir", schemas)["checks"]["schema"] == "passed"
    fails("E_VC", *check, "--policy", policy("[credentials all]\nissuer = %s\n" % issuer[0]))
    ok(*check, "--policy", policy("[credentials all]\nissuer = %s\n" % issuer[0], schema=schemas))
    (schemas / "s.json").write_text(json.dumps({"$id": "https://example.com/s", "required": ["nothing"]}))
    report, _ = fails("E_VC", *check, "--schema-dir", schemas)
    assert report["checks"]["schema"] == "failed"


def test_query(party, files):
    """What answers a query is what the holder discloses, and no more."""
    issuer, holder = party(), party("p256")
    sign = ("vc", "issue", "--format", "dc+sd-jwt", "--jwk", issuer[2], "--kid", issuer[1])
    claims = sd_claims(issuer[0], json.loads(holder[2].read_text()))
    sd = files(token(*sign, "--disclose", "/given_name", "--disclose", "/address/city", "--disclose", "/nationalities/0",
                     files(claims)))
    vc = files(token("vc", "issue", "--jwk", issuer[2], "--kid", issuer[1], files(credential(issuer[0], holder[0]))))
    dcql = {"credentials": [{"id": "q", "format": "dc+sd-jwt", "meta": {"vct_values": [claims["vct"]]},
                             "claims": [{"path": ["address", "city"]}, {"path": ["vct"]}]}]}
    answer = ok("query", "match", "--now", NOW, "--dcql", files(dcql), vc, sd)
    assert [m["id"] for m in answer["matches"]] == ["q"] and "submission" not in answer
    (found,) = answer["matches"][0]["credentials"]
    assert found == {"credential": 1, "name": str(sd), "format": "dc+sd-jwt", "holderBinding": True,
                     "claims": ["/address/city", "/vct"]}
    show = [a for c in found["claims"] for a in ("--disclose", c)]
    vp = token("vp", "create", "--now", NOW, "--challenge", "c", "--jwk", holder[2], "--kid", holder[1], *show, sd)
    shown = ok("vp", "verify", "--now", NOW, "--challenge", "c", stdin=vp)["credential"]
    assert shown["address"]["city"] == claims["address"]["city"] and "given_name" not in shown

    pex = {"id": "d", "input_descriptors": [
        {"id": "w3c", "format": {"jwt_vc": {"alg": ["EdDSA"]}}, "constraints": {"fields": [
            {"path": ["$.type"], "filter": {"type": "array", "contains": {"const": "VerifiableCredential"}}}]}},
        {"id": "sd", "constraints": {"limit_disclosure": "required", "fields": [{"path": ["$.given_name"]}]}}]}
    answer = ok("query", "match", "--now", NOW, "--pex", files({"presentation_definition": pex}), sd, vc)
    assert [(m["id"], [c["credential"] for c in m["credentials"]]) for m in answer["matches"]] == [("w3c", [1]), ("sd", [0])]
    assert answer["submission"]["definition_id"] == "d"
    assert [d["path"] for d in answer["submission"]["descriptor_map"]] == ["$.verifiableCredential[0]", "$.verifiableCredential[1]"]

    fails("E_NOMATCH", "query", "match", "--now", "2030-01-01T00:00:00Z", "--dcql", files(dcql), sd)
    fails("E_NOMATCH", "query", "match", "--now", NOW, "--dcql", files(dcql), vc)
    fails("E_TYPE", "query", "match", "--dcql", files({"credentials": []}), sd)
    fails("E_JSON", "query", "match", "--pex", files("{"), sd)
    fails("E_ENV", "query", "match", "--dcql", files(dcql), files("no credential"))
    fails("E_USAGE", "query", "match", sd)
    fails("E_USAGE", "query", "match", "--pex", files(pex), "--dcql", files(dcql), sd)


def test_vc_sd_jwt(party, files):
    issuer, holder = party("p384"), party()
    vc = credential(issuer[0], holder[0])
    sign = ("vc", "issue", "--format", "vc+sd-jwt", "--jwk", issuer[2], "--kid", issuer[1])
    t = token(*sign, "--disclose", "/credentialSubject/serial", files(vc))
    report = ok("vc", "verify", "--now", NOW, stdin=t)
    assert report["format"] == "vc+sd-jwt" and report["credential"] == vc
    vp = token("vp", "create", "--challenge", "c", "--domain", "d", "--jwk", holder[2], "--kid", holder[1], files(t))
    report = ok("vp", "verify", "--now", NOW, "--challenge", "c", "--domain", "d", stdin=vp)
    assert "serial" not in report["credential"]["credentialSubject"] and report["checks"]["holder"] == "passed"
    fails("E_VC", *sign, files({"iss": issuer[0], "vct": "t"}))
    fails("E_SDJWT", *sign, "--disclose", "/issuer", files(vc))


def test_status_list(files):
    made = files(ok("status-list", "create", "--id", "urn:list", "--issuer", "did:example:i", "--purpose", "suspension"))
    assert json.loads(made.read_text())["credentialSubject"]["statusPurpose"] == "suspension"
    assert ok("status-list", "check", "--index", "94567", made) == {"status": 0}
    changed = files(ok("status-list", "set", "--index", "94567", "--value", "1", made))
    assert ok("status-list", "check", "--index", "94567", "--offline", changed) == {"status": 1}
    assert ok("status-list", "check", "--index", "94566", changed) == {"status": 0}
    for index in ("131072", "-1", "1e3", "18446744073709551616", "", "07"):     # C125
        fails("E_STATUS", "status-list", "check", "--index=" + index, changed)
    assert ok("status-list", "check", "--index", "131071", changed) == {"status": 0}
    fails("E_USAGE", "status-list", "check", changed)
    fails("E_USAGE", "status-list", "set", "--index", "1", "--value", "2", changed)
    fails("E_STATUS", "status-list", "create", "--length", "131064")
    fails("E_STATUS", "status-list", "check", "--index", "1", stdin="{}")
    template = files({"id": "urn:x", "name": "kept"})
    assert ok("status-list", "create", template)["name"] == "kept"
    dates = ("--now", "2026-11-01T00:00:00Z", "--ttl", "60", "--valid-until", "2026-12-01T00:00:00Z")
    dated = ok("status-list", "create", *dates)
    assert (dated["validFrom"], dated["validUntil"]) == (dates[1], dates[5]) and dated["credentialSubject"]["ttl"] == 60000
    dated = ok("status-list", "set", "--index", "1", "--now", "2026-11-02T00:00:00Z", files(dated))
    assert (dated["validFrom"], dated["validUntil"]) == ("2026-11-02T00:00:00Z", dates[5])
    dated = ok("status-list", "create", "--format", "token", *dates)
    assert (dated["iat"], dated["ttl"], dated["exp"]) == (1793491200, 60, 1796083200)
    assert ok("status-list", "set", "--index", "1", "--now", "2026-11-02T00:00:00Z", files(dated))["iat"] == 1793577600
    bare = {"bits": 1, "lst": "eNrbuRgAAhcBXQ"}     # the draft's own; nothing is put to it
    changed = ok("status-list", "set", "--index", "1", files(bare))
    assert set(changed) == {"bits", "lst"} and ok("status-list", "check", "--index", "1", files(changed)) == {"status": 1}
    four = files(ok("status-list", "create", "--format", "token", "--size", "4", "--id", "urn:t", "--index", "7", "--value", "9"))
    assert ok("status-list", "check", "--index", "7", four) == {"status": 9}
    token_ = VECTORS / "token-status-list" / "status_list_jwt_raw.jwt"
    assert [ok("status-list", "check", "--index", str(i), token_)["status"] for i in range(8)] == [1, 0, 0, 1, 1, 1, 0, 1]


@pytest.mark.parametrize("fmt", ("bitstring", "di", "token"))
def test_status_of_a_credential(party, files, tmp_path, fmt):
    issuer, other = party(), party("p256")
    lists = tmp_path / "lists"
    lists.mkdir()
    if fmt == "token":
        status = {"status": {"status_list": {"idx": 5, "uri": "urn:list"}}}
    else:
        status = {"credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation",
                                       "statusListIndex": "5", "statusListCredential": "urn:list"}}
    vc = files(issue(issuer, files, credential(issuer[0], **status)))
    check = ("vc", "verify", "--now", NOW, vc)
    report, _ = fails("E_STATUS", *check)
    assert report["checks"]["status"] == "failed" and report["verified"] is False
    report = ok(*check, "--no-status")
    assert report["checks"]["status"] == "not-checked" and report["verified"] is True
    fails("E_STATUS", *check, "--status-dir", lists)
    sign = ("--jwk", issuer[2], "--kid", issuer[1])
    made = run("status-list", "create", "--format", fmt, "--id", "urn:list", "--now", NOW, *sign)
    assert made.returncode == 0
    (lists / "list").write_bytes(made.stdout)
    report = ok(*check, "--status-dir", lists)
    assert report["checks"]["status"] == "passed" and report["verified"] is True
    made = run("status-list", "set", "--index", "5", "--format", fmt, *sign, lists / "list")
    assert made.returncode == 0
    (lists / "list").write_bytes(made.stdout)
    assert ok("status-list", "check", "--index", "5", lists / "list") == {"status": 1}
    report, _ = fails("E_STATUS", *check, "--status-dir", lists)
    assert report["checks"]["status"] == "failed" and report["credential"]
    forged = run("status-list", "create", "--format", fmt, "--id", "urn:list", "--now", NOW, "--jwk", other[2], "--kid", other[1])
    (lists / "list").write_bytes(forged.stdout)
    fails("E_STATUS", *check, "--status-dir", lists)         # by somebody else


def test_vc_with_a_stored_key(store, files):
    uri, *pw = store
    key = ok("key", "generate", "--type", "p256", "--key-uri", uri + "#i", *pw)
    kid = "%s#%s" % (key["did"], key["multikey"])
    t = token("vc", "issue", "--key-uri", uri + "#i", *pw, "--kid", kid, files(credential(key["did"])))
    assert ok("vc", "verify", "--now", NOW, stdin=t)["verified"] is True
    vc = ok("vc", "issue", "--format", "di", "--key-uri", uri + "#i", *pw, "--kid", kid, files(credential(key["did"])))
    assert vc["proof"]["cryptosuite"] == "ecdsa-jcs-2019"
    assert ok("vc", "verify", "--now", NOW, files(vc))["verified"] is True
    sd = token("vc", "issue", "--format", "dc+sd-jwt", "--key-uri", uri + "#i", *pw, "--kid", kid,
               files({"iss": key["did"], "vct": "t"}))
    assert ok("vc", "verify", "--now", NOW, stdin=sd)["verified"] is True
