# SPDX-License-Identifier: Apache-2.0
"""did:web through berth-resolverd: a TLS server under a .test name, and what it says."""
import json
import subprocess

import pytest

from cli import BUILD, PATIENCE_S, fails, ok
from registries import Server, configuration

KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def document(did, **more):
    return json.dumps({"@context": ["https://www.w3.org/ns/did/v1"], "id": did, "verificationMethod": [
        {"id": did + "#k", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": KEY}], "authentication": [did + "#k"], **more})


@pytest.fixture
def site(tmp_path):
    tmp_path.chmod(0o755)
    s = Server(tmp_path, ("a.test", "xn--pple-43d.test"))
    s.did = "did:web:a.test%%3A%d" % s.port
    s.conf = configuration(tmp_path, [("web", {})], ("a.test", "xn--pple-43d.test", "other.test"), [s])
    yield s
    s.close()


def resolve(site, did):
    return ok("did", "resolve", did, "--config", site.conf)


def refused(code, site, did):
    return fails(code, "did", "resolve", did, "--config", site.conf)[0]["didResolutionMetadata"]["error"]


def test_a_document_comes_over_tls(site):
    site.routes["/.well-known/did.json"] = document(site.did)
    site.routes["/user/a%20b/did.json"] = document(site.did + ":user:a%20b")
    assert resolve(site, site.did)["didDocument"] == json.loads(document(site.did))
    assert resolve(site, site.did + ":user:a%20b")["didDocument"]["id"] == site.did + ":user:a%20b"
    command, path, headers, _ = site.seen[0]
    assert command == "GET" and path == "/.well-known/did.json" and "application/did" in headers["Accept"]
    got = ok("did", "dereference", site.did + "#k", "--config", site.conf)
    assert got["content"]["publicKeyJwk"] == KEY


def test_c097_a_document_of_another_id_is_none(site):
    """Of another case, with a dot at the end, of a look-alike, of another port, another path."""
    for other in (site.did.replace("a.test", "A.test"), site.did.replace("a.test", "a.test."), site.did.replace("%3A", "%3a"),
                  "did:web:a.test", site.did + ":user", "did:web:xn--pple-43d.test%%3A%d" % site.port, "did:web:\\u0430.test"):
        site.routes["/.well-known/did.json"] = document(other).replace("\\\\u", "\\u")
        refused("E_RESOLVE", site, site.did)
    site.routes["/.well-known/did.json"] = document(site.did)
    assert resolve(site, site.did)["didDocument"]["id"] == site.did
    look_alike = "did:web:xn--pple-43d.test%%3A%d" % site.port      # the same server serves it, and its document is the other's
    refused("E_RESOLVE", site, look_alike)


def test_c091_c096_what_is_no_did_web_is_not_asked_for(site):
    for did in ("did:web:127.0.0.1", "did:web:localhost", "did:web:0x7f.1", "did:web:2130706433", "did:web:127.1",
                "did:web:A.test%%3A%d" % site.port, "did:web:a.test.%%3A%d" % site.port, site.did + ":..", site.did + ":a:",
                "did:web:a.test%3A0", "did:web:a.test%3A99999"):
        refused("E_DID", site, did)
    fails("E_NETPOL", "did", "resolve", "did:web:a.test%3A22", "--config", site.conf)
    assert site.seen == []


def test_what_servers_say(site):
    def says(code, headers=None, body=""):
        site.routes["/.well-known/did.json"] = (code, headers or {}, body)
    refused("E_RESOLVE", site, site.did)            # 404
    says(410)
    refused("E_RESOLVE", site, site.did)
    says(503)
    refused("E_RESOLVE", site, site.did)
    says(302, {"Location": "https://a.test:%d/elsewhere" % site.port})
    site.routes["/elsewhere"] = document(site.did)
    refused("E_NETPOL", site, site.did)
    assert "/elsewhere" not in [path for _, path, _, _ in site.seen]
    says(200, {"Content-Type": "text/html"}, document(site.did))
    refused("E_RESOLVE", site, site.did)
    says(200, {"Content-Type": "application/did+ld+json"}, "{")
    refused("E_RESOLVE", site, site.did)
    says(200, {"Content-Type": "application/did+ld+json"}, document(site.did, a="x" * 70000))
    refused("E_SIZE", site, site.did)
    says(200, {"Content-Type": "application/did+ld+json; charset=utf-8"}, document(site.did))
    resolve(site, site.did)


def test_another_host_s_certificate_is_none(site):
    site.routes["/.well-known/did.json"] = document("did:web:other.test%%3A%d" % site.port)
    refused("E_NETPOL", site, "did:web:other.test%%3A%d" % site.port)


def test_ports_that_are_named_and_no_others(site, tmp_path):
    site.routes["/.well-known/did.json"] = document(site.did)
    for ports, good in (("443 %d" % site.port, True), ("443", False), ("443, %d" % (site.port ^ 1), False)):
        site.conf = configuration(tmp_path, [("web", {})], servers=[site], egress="ports = " + ports)
        del site.seen[:]
        if good:
            resolve(site, site.did)
        else:
            refused("E_NETPOL", site, site.did)
        assert bool(site.seen) == good


def test_two_adapters_the_first_that_has_the_method(site, tmp_path):
    (tmp_path / "docs").mkdir(mode=0o755)
    (tmp_path / "docs/x.json").write_text('{"id":"did:example:x"}')
    site.routes["/.well-known/did.json"] = document(site.did)
    site.conf = configuration(tmp_path, [("web", {}), ("static", {"dir": tmp_path / "docs"})], servers=[site])
    resolve(site, site.did)
    assert resolve(site, "did:example:x")["didDocument"] == {"id": "did:example:x"}
    static = {"dir": tmp_path / "docs"}
    site.conf = configuration(tmp_path, [("static", static), ("web", {})], servers=[site])
    refused("E_RESOLVE", site, site.did)        # static has any method, and no such document
    for methods in ("example", "x, example"):
        site.conf = configuration(tmp_path, [("static", {**static, "methods": methods}), ("web", {})], servers=[site])
        resolve(site, site.did)
        resolve(site, "did:example:x")
        refused("E_DID", site, "did:exampl:x")
        refused("E_DID", site, "did:examples:x")
    site.conf = configuration(tmp_path, [("static", {**static, "methods": "Example"})], servers=[site])
    fails("E_CONFIG", "did", "resolve", "did:example:x", "--config", site.conf)


# ---- many at once ----

def many(conf, prefix, n, rounds=1):
    r = subprocess.run([BUILD / "tests/system/registry_many", conf, prefix, str(n), str(rounds)], stdout=subprocess.PIPE, timeout=5 * PATIENCE_S)
    assert r.returncode == 0
    return [json.loads(line) for line in r.stdout.splitlines()]


def test_a_thousand_at_once_and_none_is_lost(site, tmp_path):
    """Bounded by the pool: 16 connections to an address, however many want something."""
    for i in range(1000):
        site.routes["/u/%d/did.json" % i] = document(site.did + ":u:%d" % i)
    site.conf = configuration(tmp_path, [("web", {})], servers=[site], egress="requests-per-second = 1000")
    out, = many(site.conf, site.did + ":u:", 1000)
    assert (out["resolved"], out["failed"]) == (1000, 0)
    assert len(site.seen) == len({path for _, path, _, _ in site.seen}) == 1000
    assert site.most <= 16


# ---- a Universal Resolver ----

def universal(site, tmp_path, *resolvers, **options):
    urls = " ".join("https://a.test:%d%s" % (s.port, path) for s, path in resolvers)
    site.conf = configuration(tmp_path, [("universal", {"resolvers": urls, **options})], servers=[s for s, _ in resolvers])


def result(did, **metadata):
    return json.dumps({"didDocument": json.loads(document(did)), "didResolutionMetadata": {}, "didDocumentMetadata": metadata})


def test_a_universal_resolver_is_asked(site, tmp_path):
    universal(site, tmp_path, (site, "/1.0/identifiers/"))
    did = "did:example:a%3Ab"
    site.routes["/1.0/identifiers/did:example:a%253Ab"] = result(did)
    assert resolve(site, did)["didDocument"]["id"] == did
    site.routes["/1.0/identifiers/did:example:2"] = document("did:example:2")
    assert resolve(site, "did:example:2")["didDocument"]["id"] == "did:example:2"
    site.routes["/1.0/identifiers/did:example:3"] = (410, {}, json.dumps({"didDocument": None, "didDocumentMetadata": {"deactivated": True}}))
    said = fails("E_RESOLVE", "did", "resolve", "did:example:3", "--config", site.conf)[0]
    assert said == {"didDocument": None, "didResolutionMetadata": {}, "didDocumentMetadata": {"deactivated": True}}
    refused("E_RESOLVE", site, "did:example:4")


def test_metadata_of_the_document_are_handed_on(site, tmp_path):
    universal(site, tmp_path, (site, "/r"))
    site.routes["/r/did:example:5"] = result("did:example:5", versionId="3", created="2026-01-01T00:00:00Z")
    assert resolve(site, "did:example:5")["didDocumentMetadata"] == {"versionId": "3", "created": "2026-01-01T00:00:00Z"}
    assert resolve(site, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")["didDocumentMetadata"] == {}


def test_c100_a_universal_resolver_that_lies(site, tmp_path):
    universal(site, tmp_path, (site, "/r"))
    site.routes["/r/did:example:1"] = result("did:example:2")
    refused("E_RESOLVE", site, "did:example:1")
    site.routes["/r/did:example:1"] = document("did:example:2")
    refused("E_RESOLVE", site, "did:example:1")


def test_c100_much_depends_on_some_dids(site, tmp_path):
    """DIDs that the configuration names come from no universal resolver, whatever it dresses the answer as."""
    for answer in (result("did:example:root"), document("did:example:root")):
        universal(site, tmp_path, (site, "/r"))
        site.routes["/r/did:example:root"] = answer
        resolve(site, "did:example:root")
        site.conf.write_text(site.conf.read_text() + "[trust]\nroot = did:example:root\n")
        refused("E_RESOLVE", site, "did:example:root")
        universal(site, tmp_path, (site, "/r"), authoritative="yes")
        site.conf.write_text(site.conf.read_text() + "[trust]\nroot = did:example:root\n")
        resolve(site, "did:example:root")


def test_a_method_with_evidence_is_not_taken_from_one(site, tmp_path):
    did = "did:webvh:QmX:a.test"
    universal(site, tmp_path, (site, "/r"))
    for answer in (result(did), document(did)):
        site.routes["/r/" + did] = answer
        refused("E_RESOLVE", site, did)


def test_one_that_is_silent_does_not_hold_up_the_next(site, tmp_path):
    import time
    other = Server(tmp_path)

    def silent(handler):
        time.sleep(20)
    site.routes["/r/did:example:1"] = silent
    other.routes["/r/did:example:1"] = result("did:example:1")
    universal(site, tmp_path, (site, "/r"), (other, "/r"))
    try:
        assert resolve(site, "did:example:1")["didDocument"]["id"] == "did:example:1"
        assert len(site.seen) == len(other.seen) == 1
    finally:
        other.close()
