# SPDX-License-Identifier: Apache-2.0
"""Credentials that a gateway holds: taken in, sealed, seen by whom they are granted to,
shown as a query asks; and the gateway's verdicts on those of others."""
import json
import os
import signal
import time

import pytest

from agents import ApiError, wait_for
from cli import fails, ok, raw, token
from test_api_onboarded import as_uid

ME = os.geteuid()
OTHER, THIRD = 65534, 65533

pytestmark = pytest.mark.skipif(ME != 0, reason="needs three uids")


class Issuer:
    def __init__(self, folder):
        key = ok("key", "generate", "--type", "ed25519")
        self.did, self.kid, self.jwk = key["did"], "%s#%s" % (key["did"], key["multikey"]), folder / "issuer.jwk"
        self.jwk.write_text(json.dumps(key["privateJwk"]))

    def sign(self, vc, *args):
        return token("vc", "issue", *args, "--jwk", self.jwk, "--kid", self.kid, stdin=json.dumps(vc))

    def vc(self, subject, **more):
        return self.sign(dict({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential", "Pass"],
                               "issuer": self.did, "credentialSubject": {"id": subject, "door": "north"}}, **more))

    def proved(self, subject):
        vc = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential", "Pass"],
              "issuer": self.did, "credentialSubject": {"id": subject, "gate": "west"}}
        return raw("vc", "issue", "--format", "di", "--jwk", self.jwk, "--kid", self.kid, stdin=json.dumps(vc)).decode().strip()

    def badge(self, subject):
        return self.sign({"iss": self.did, "vct": "urn:badge", "sub": subject, "name": "Box", "level": 3, "site": "Plant 7"},
                         "--format", "dc+sd-jwt", *sum((["--disclose", "/" + c] for c in ("name", "level", "site")), []))

    def status_list(self, path, index=None, now="2026-01-01T00:00:00Z"):
        entry = ["--index", str(index)] if index is not None else []
        new = path.parent.with_suffix(".new")       # by rename: the gateway may be reading
        new.write_bytes(raw("status-list", "create", "--format", "token", "--id", "urn:list", "--now", now, *entry,
                             "--jwk", self.jwk, "--kid", self.kid))
        new.rename(path)


@pytest.fixture(scope="module")
def issuer(world):
    return Issuer(world.dir)


@pytest.fixture(scope="module")
def gw(world):
    may = "present:operational identity:operational"
    g = world.gateway("GW-CRED", principal_one={"uid": str(ME), "may": may + " credential:* verify"},
                      principal_two={"uid": str(OTHER), "may": may + " credential:pass credential:mine import"})
    g.set("agent", clock_trusted="yes")
    world.onboard(g)
    g.run_dir.chmod(0o755)
    g.app_sock.chmod(0o666)
    return g


@pytest.fixture(scope="module")
def held(gw, issuer, tmp_path_factory):
    """A badge (SD-JWT) and a pass (vc+jwt) of the gateway's, by the command line."""
    folder = tmp_path_factory.mktemp("held")
    did = gw.identity("operational")["didLong"]
    texts = {"badge": issuer.badge(did), "pass": issuer.vc(did), "proved": issuer.proved(did)}
    for name, text in texts.items():
        (folder / name).write_text(text + "\n")
        v = ok("credentials", "import", "--id", name, folder / name, "--json", "--socket", gw.admin_sock)
        assert (v["id"], v["issuer"]) == (name, issuer.did) and v["holder"], v
    return texts


def present(gw, query, nonce="n1", audience="https://v.test"):
    return gw.app("/v1/identities/operational/present", {"audience": audience, "nonce": nonce, "query": query})


BADGE = {"dcql": {"credentials": [{"id": "q", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:badge"]},
                                   "claims": [{"path": ["level"]}]}]}}
PASS = {"pex": {"id": "d", "input_descriptors": [{"id": "p", "constraints": {"fields": [
    {"path": ["$.credentialSubject.door"], "filter": {"const": "north"}}]}}]}}


def test_list_show_and_rights(gw, held, issuer):
    mine = {c["id"]: c for c in gw.app("/v1/credentials")}
    assert set(mine) == {"operational", "badge", "pass", "proved"} and not any("credential" in c for c in mine.values())
    assert mine["badge"]["types"] == ["urn:badge"] and mine["pass"]["types"] == ["VerifiableCredential", "Pass"]
    assert gw.app("/v1/credentials/badge")["credential"] == held["badge"]
    everything = {c["id"]: c.get("credential") for c in ok("credentials", "--json", "--socket", gw.admin_sock)}
    assert everything["badge"] == held["badge"] and everything["operational"]
    assert b"badge" in raw("credentials", "list", "--socket", gw.admin_sock)
    assert b"urn:badge" in raw("credentials", "show", "badge", "--socket", gw.admin_sock)
    (status, theirs), (denied, why), (_, one) = as_uid(OTHER, gw, "/v1/credentials", "/v1/credentials/badge", "/v1/credentials/pass")
    assert status == 200 and [c["id"] for c in theirs] == ["pass"] and one["credential"] == held["pass"]
    assert denied == 403 and why["missing"] == "credential:badge"
    fails("E_NOMATCH", "credentials", "show", "none", "--socket", gw.admin_sock)
    fails("E_USAGE", "credentials", "show", "--socket", gw.admin_sock)


def test_at_rest_nothing_is_readable(gw, held):
    seen = 0
    for f in gw.state.iterdir():
        data = f.read_bytes()
        seen += len(data)
        for text in held.values():
            for part in text.replace("~", ".").split("."):
                assert len(part) < 20 or part.encode() not in data, f
    assert seen


def test_dcql_is_answered_with_the_least(gw, held, issuer, tmp_path):
    answer = present(gw, BADGE)
    ((name, (shown,)),) = answer["vpToken"].items()
    assert name == "q" and set(answer) == {"vpToken"}
    check = ("vp", "verify", "--trust", issuer.did, "--challenge", "n1", "--domain", "https://v.test")
    report = ok(*check, stdin=shown)
    assert report["checks"]["holder"] == "passed" and report["credential"]["level"] == 3
    assert not {"name", "site"} & set(report["credential"])
    fails("E_HOLDER", *check[:5], "n2", stdin=shown)


def test_pex_is_answered_with_a_submission(gw, held, issuer):
    answer = present(gw, PASS)
    assert answer["format"] == "vp+jwt" and answer["submission"]["definition_id"] == "d"
    assert answer["submission"]["descriptor_map"] == [{"id": "p", "format": "jwt_vc", "path": "$.verifiableCredential[0]"}]
    report = ok("vp", "verify", "--trust", issuer.did, "--challenge", "n1", "--domain", "https://v.test", stdin=answer["presentation"])
    assert report["verified"] is True and report["checks"]["holder"] == "passed"


def test_credentials_with_proofs_are_shown_under_a_proof(gw, held, issuer):
    gate = {"path": ["credentialSubject", "gate"], "values": ["west"]}
    answer = present(gw, {"dcql": {"credentials": [{"id": "q", "format": "ldp_vc", "meta": {"type_values": [["Pass"]]}, "claims": [gate]}]}})
    (shown,) = answer["vpToken"]["q"]
    check = ("vp", "verify", "--trust", issuer.did, "--challenge", "n1", "--domain", "https://v.test")
    report = ok(*check, stdin=shown)
    assert report["format"] == "di" and report["verified"] is True and report["checks"]["holder"] == "passed"
    fails("E_HOLDER", *check[:5], "n2", stdin=shown)
    both = {"pex": {"id": "d", "input_descriptors": [
        {"id": i, "constraints": {"fields": [{"path": ["$.credentialSubject." + i]}]}} for i in ("gate", "door")]}}
    answer = present(gw, both)
    assert answer["format"] == "vp+jwt" and [d["format"] for d in answer["submission"]["descriptor_map"]] == ["ldp_vc", "jwt_vc"]
    report = ok(*check, stdin=answer["presentation"])
    assert [c["format"] for c in report["credentials"]] == ["di", "vc+jwt"]


def test_nobody_shows_what_he_may_not_see(gw, held):
    def ask_as_two(query):
        ((status, answer),) = as_uid(OTHER, gw, ["/v1/identities/operational/present",
                                                 {"audience": "a", "nonce": "n", "query": query}])
        return status, answer
    assert ask_as_two(PASS)[0] == 200
    status, answer = ask_as_two(BADGE)
    assert status == 404 and answer["error"] == "E_NOMATCH"
    for bad in ({}, {"dcql": BADGE["dcql"], "pex": PASS["pex"]}, {"dcql": {}}, {"other": 1}):
        status, answer = ask_as_two(bad)
        assert status == 400 and answer["error"] == "E_TYPE", answer


def test_what_is_not_taken_in(gw, issuer, tmp_path):
    good = issuer.vc("did:example:other")
    head, body, sig = good.split(".")
    bad = {"E_SIG": ".".join((head, body, ("A" if sig[0] != "A" else "B") + sig[1:])), "E_ENV": "abc",
           "E_EXPIRED": issuer.vc("did:example:x", validUntil="2026-01-01T00:00:00Z")}
    for code, text in bad.items():
        fails(code, "credentials", "import", "--socket", gw.admin_sock, stdin=text)
    fails("E_TYPE", "credentials", "import", "--id", "a b", "--socket", gw.admin_sock, stdin=good)
    fails("E_TYPE", "credentials", "import", "--id", "operational", "--socket", gw.admin_sock, stdin=good)
    # somebody else's is held, but never shown as ours
    v = ok("credentials", "import", "--json", "--socket", gw.admin_sock, stdin=good)
    assert len(v["id"]) == 32 and "holder" not in v
    assert len(present(gw, PASS)["submission"]["descriptor_map"]) == 1
    assert ok("credentials", "remove", v["id"], "--json", "--socket", gw.admin_sock) == {"id": v["id"]}
    rows = ok("audit", "--json", "--socket", gw.admin_sock)
    for event in ("credential-imported", "credential-removed"):     # by the clock on the wall, not since some start
        assert abs(next(r["time"] for r in rows if r["event"] == event and r["detail"] == v["id"]) - time.time()) < 86400
    fails("E_NOMATCH", "credentials", "remove", v["id"], "--socket", gw.admin_sock)


def test_applications_take_in_what_is_theirs(gw, held, issuer):
    vc = issuer.vc("did:example:other", refreshService={"type": "VerifiableCredentialRefreshService2021", "id": "https://a.example"})
    path = "/v1/credentials"
    (one, mine), (two, theirs), (three, hashed) = as_uid(OTHER, gw, [path, {"credential": vc, "id": "mine"}],
                                                          [path, {"credential": vc, "id": "badge"}], [path, {"credential": vc}])
    assert one == 200 and mine["id"] == "mine" and mine["refreshService"]["id"] == "https://a.example"
    assert two == 403 and theirs["error"] == "E_AUTHZ" and gw.app("/v1/credentials/badge")["credential"] == held["badge"]
    assert three == 200 and len(hashed["id"]) == 32
    with pytest.raises(ApiError) as e:      # the first principal has no such right
        gw.app(path, {"credential": vc})
    assert e.value.status == 403
    for name in ("mine", hashed["id"]):
        ok("credentials", "remove", name, "--json", "--socket", gw.admin_sock)


def verify(gw, text):
    return gw.app("/v1/verify", {"credential": text})


def reconfigure(gw, done):
    gw.write()
    gw.p.send_signal(signal.SIGHUP)
    return wait_for(done, "the policy is used")


def test_verdicts_by_policy(gw, held, issuer):
    vc = issuer.vc("did:example:x", validUntil="2030-01-01T00:00:00Z")
    report = verify(gw, vc)
    assert report["verified"] is False and report["error"] == "E_AUTHZ" and report["checks"]["signature"] == "passed"
    gw.set("credentials pass", type="Pass", issuer=issuer.did)
    report = reconfigure(gw, lambda: (lambda r: r["verified"] and r)(verify(gw, vc)))
    assert report["policy"] == {"rules": ["pass"], "assumed": [], "stale": []} and report["checks"]["issuer"] == "passed"
    report = verify(gw, held["badge"])      # there is no rule for these
    assert report["verified"] is False and report["error"] == "E_AUTHZ"
    vp = present(gw, PASS)["presentation"]
    report = gw.app("/v1/verify", {"presentation": vp, "challenge": "n1", "domain": "https://v.test"})
    assert report["verified"] is True and report["checks"]["holder"] == "passed"
    report = gw.app("/v1/verify", {"presentation": vp, "challenge": "n2"})
    assert report["verified"] is False and report["error"] == "E_HOLDER"
    for body in ({}, {"credential": vc, "presentation": vp}, {"presentation": vp}):
        with pytest.raises(ApiError) as e:
            gw.app("/v1/verify", body)
        assert e.value.status == 400 and e.value.code == "E_TYPE"
    ((status, answer),) = as_uid(OTHER, gw, ["/v1/verify", {"credential": vc}])
    assert status == 403 and answer["missing"] == "verify"


def test_c127_no_way_back_over_a_restart(gw, held, issuer):
    """A revoked credential stays revoked when an older list is put into the folder."""
    lists = gw.dir / "lists"
    lists.mkdir(mode=0o755)
    vc = issuer.vc("did:example:x", status={"status_list": {"idx": 7, "uri": "urn:list"}})
    gw.set("policy", status_dir=lists)
    gw.set("credentials pass", type="Pass", issuer=issuer.did, status="required")
    issuer.status_list(lists / "l", now="2026-02-01T00:00:00Z")
    reconfigure(gw, lambda: verify(gw, vc)["verified"])
    issuer.status_list(lists / "l", index=7, now="2026-03-01T00:00:00Z")
    wait_for(lambda: not verify(gw, vc)["verified"], "the new list is seen")
    issuer.status_list(lists / "l", now="2026-02-01T00:00:00Z")
    wait_for(lambda: "older" in verify(gw, vc)["detail"], "the old list is seen")
    gw.stop()
    gw.start()
    gw.app_sock.chmod(0o666)
    report = verify(gw, vc)
    assert report["verified"] is False and report["error"] == "E_STATUS" and "older" in report["detail"]
    issuer.status_list(lists / "l", now="2026-03-01T00:00:00Z")
    wait_for(lambda: verify(gw, vc)["verified"], "a list as new as that counts")
    # and what is held is still there
    assert {c["id"] for c in gw.app("/v1/credentials")} == {"operational", "badge", "pass", "proved"}
    assert present(gw, BADGE)["vpToken"]["q"]
