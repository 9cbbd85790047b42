# SPDX-License-Identifier: Apache-2.0
"""`berth did publish` and `did fetch`: through resolverd to a web server's folder, to a
server that takes PUT, and to a Universal Registrar; and back."""
import json

import pytest

from cli import fails, ok, raw
from registries import Server, configuration


@pytest.fixture
def site(tmp_path):
    tmp_path.chmod(0o755)
    s = Server(tmp_path)
    s.did = "did:web:a.test%%3A%d" % s.port
    s.dir = tmp_path
    yield s
    s.close()


def write(site, name, value):
    path = site.dir / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_what_was_published_in_a_tree_is_resolved(site):
    tree = site.dir / "www"
    tree.mkdir(mode=0o755)
    conf = configuration(site.dir, [("web", {"publish-dir": tree})], servers=[site])
    did, folder = site.did + ":user", tree / ("a.test%%3A%d" % site.port) / "user"
    site.routes["/user/did.json"] = lambda h: (200, {"Content-Type": "application/did+json"}, (folder / "did.json").read_bytes()) \
        if (folder / "did.json").exists() else (404, {}, b"")
    doc, more = write(site, "doc", {"id": did}), write(site, "more", {"id": did, "alsoKnownAs": ["did:web:b.test"]})
    fails("E_RESOLVE", "did", "resolve", did, "--config", conf)
    out = ok("did", "publish", "create", did, "--part", "didDocument=%s" % doc, "--config", conf)
    assert out == {"receipt": {"url": "https://a.test:%d/user/did.json" % site.port}}
    assert ok("did", "resolve", did, "--config", conf)["didDocument"] == {"id": did}
    fails("E_RESOLVE", "did", "publish", "create", did, "--part", "didDocument=%s" % more, "--config", conf)
    ok("did", "publish", "update", did, "--part", "didDocument=%s" % more, "--config", conf)
    assert ok("did", "resolve", did, "--config", conf)["didDocument"]["alsoKnownAs"]
    fails("E_DID", "did", "publish", "update", site.did, "--part", "didDocument=%s" % more, "--config", conf)
    ok("did", "publish", "deactivate", did, "--config", conf)
    fails("E_RESOLVE", "did", "resolve", did, "--config", conf)
    fails("E_RESOLVE", "did", "publish", "deactivate", did, "--config", conf)
    assert list(folder.iterdir()) == []


def test_put_with_the_secret_of_a_file(site):
    (site.dir / "token").write_text("Bearer s3cret\n")
    conf = configuration(site.dir, [("web", {"publish-url": "https://a.test:%d/up" % site.port, "authorization-file": site.dir / "token"})],
                         servers=[site])
    doc = write(site, "doc", {"id": site.did})
    path = "/up/a.test:%d/.well-known/did.json" % site.port
    site.routes[path] = lambda h: (201 if h.headers["Authorization"] == "Bearer s3cret" else 401, {}, b"")
    args = ("did", "publish", "create", site.did, "--part", "didDocument=%s" % doc, "--config", conf)
    ok(*args)
    command, at, headers, body = site.seen[0]
    assert (command, at, body) == ("PUT", path, doc.read_bytes()) and headers["Content-Type"] == "application/json"
    (site.dir / "token").write_text("Bearer other\n")
    fails("E_NETPOL", *args)


def test_removed_by_http(site):
    conf = configuration(site.dir, [("web", {"publish-url": "itself"})], servers=[site])
    path, doc = "/user/did.json", write(site, "doc", {"id": site.did + ":user"})
    shown = {}

    def answer(h):
        if h.command == "PUT":
            shown[path] = h.body
        elif h.command == "DELETE":
            return (204 if shown.pop(path, None) else 404), {}, b""
        return (200, {"Content-Type": "application/did+json"}, shown[path]) if path in shown else (404, {}, b"")
    site.routes[path] = answer
    ok("did", "publish", "create", site.did + ":user", "--part", "didDocument=%s" % doc, "--config", conf)
    ok("did", "resolve", site.did + ":user", "--config", conf)
    out = ok("did", "publish", "deactivate", site.did + ":user", "--config", conf)
    assert out == {"receipt": {"url": "https://a.test:%d/user/did.json" % site.port}} and not shown
    command, at, headers, body = site.seen[-1]
    assert (command, at, body) == ("DELETE", path, b"") and "Content-Type" not in headers
    fails("E_RESOLVE", "did", "resolve", site.did + ":user", "--config", conf)
    fails("E_RESOLVE", "did", "publish", "deactivate", site.did + ":user", "--config", conf)
    site.routes[path] = (405, {}, b"")
    assert "not supported" in fails("E_RESOLVE", "did", "publish", "deactivate", site.did + ":user", "--config", conf)[1]


def test_a_job_of_a_registrar(site):
    did = "did:example:1"
    conf = configuration(site.dir, [("universal", {"registrars": "https://a.test:%d/1.0/" % site.port})], servers=[site])
    doc = write(site, "doc", {"id": did})

    def create(h):
        asked = json.loads(h.body)
        assert asked["options"] == {"clientSecretMode": True, "storeSecrets": False, "returnSecrets": False} and asked["did"] == did
        if "jobId" not in asked:
            assert asked["didDocument"] == {"id": did}
            state = {"state": "action", "action": "signPayload", "signingRequest": {"r": {"serializedPayload": "aGk=", "alg": "EdDSA"}}}
            return 200, {}, json.dumps({"jobId": "j", "didState": state})
        if asked.get("secret"):
            assert asked["secret"]["signingResponse"]["r"]["signature"] == "c2ln"
            return 200, {}, json.dumps({"jobId": "j", "didState": {"state": "wait", "wait": "a block"}})
        return 201, {}, json.dumps({"didState": {"state": "finished", "did": did}})
    site.routes["/1.0/create"] = create
    out = ok("did", "publish", "create", did, "--phase", "propose", "--part", "didDocument=%s" % doc, "--config", conf)["proposal"]
    assert out["answer"]["didState"]["signingRequest"]["r"]["alg"] == "EdDSA"
    signed = write(site, "signed", {"registrar": out["registrar"], "jobId": out["answer"]["jobId"],
                                    "secret": {"signingResponse": {"r": {"signature": "c2ln"}}}})
    args = ("did", "publish", "create", did, "--part", "transaction=%s" % signed, "--config", conf)
    assert ok(*args)["proposal"]["answer"]["didState"]["state"] == "wait"
    assert ok(*args, "--phase", "check")["receipt"]["answer"]["didState"]["state"] == "finished"
    made = {"didState": {"state": "finished", "did": did, "secret": {"verificationMethod": [{"privateKeyJwk": {}}]}}}
    site.routes["/1.0/create"] = json.dumps(made)
    line = fails("E_RESOLVE", *args)[1]
    assert "internal secret mode" in line
    leak = write(site, "leak", {"id": did, "verificationMethod": [{"privateKeyMultibase": "z"}]})
    seen = len(site.seen)
    fails("E_DID", "did", "publish", "create", did, "--phase", "propose", "--part", "didDocument=%s" % leak, "--config", conf)
    assert len(site.seen) == seen


def test_what_belongs_to_a_did_is_fetched(site):
    conf = configuration(site.dir, [("web", {})], servers=[site])
    site.routes["/whois.vp"] = (200, {"Content-Type": "application/vp"}, b"\x00binary\xff")
    site.routes["/status/1?x=y"] = b"a.b.c"
    assert raw("did", "fetch", site.did + "/whois", "--config", conf) == b"\x00binary\xff"
    raw("did", "fetch", "https://a.test:%d/status/1?x=y" % site.port, "--config", conf, "--out", site.dir / "list")
    assert (site.dir / "list").read_bytes() == b"a.b.c"
    fails("E_RESOLVE", "did", "fetch", site.did + "/none", "--config", conf)
    fails("E_RESOLVE", "did", "fetch", "did:example:1/whois", "--config", conf)     # nobody has that method
    fails("E_DID", "did", "fetch", "did:web:127.0.0.1/whois", "--config", conf)
    fails("E_NETPOL", "did", "fetch", "https://127.0.0.1.nip.test:22/x", "--config", conf)
    for what in ("http://a.test/x", site.did, site.did + "#k", "x"):
        fails("E_USAGE", "did", "fetch", what, "--config", conf)


def test_an_imported_bundle_has_the_list(site):
    key = write(site, "op.jwk", ok("key", "generate", "--type", "p256")["privateJwk"])
    signer = ok("did", "create", "key", "--jwk", key)["did"]
    mirror = site.dir / "mirror"
    mirror.mkdir(mode=0o755)
    vc = write(site, "list", {"id": "https://a.test/status/1", "type": ["VerifiableCredential"]})
    ok("did", "export-bundle", "--out", site.dir / "b.jws", "--jwk", key, "--kid", signer + "#" + signer[8:], "--status-list", vc)
    ok("did", "import-bundle", site.dir / "b.jws", "--signer", signer, "--dir", mirror)
    conf = configuration(site.dir, [("static", {"dir": mirror})], servers=[site])
    assert raw("did", "fetch", "https://a.test/status/1", "--config", conf) == vc.read_bytes()
    assert site.seen == []


def test_usage(site):
    conf = configuration(site.dir, [("web", {})], servers=[site])
    doc = write(site, "doc", {"id": site.did})
    fails("E_USAGE", "did", "publish", "make", site.did, "--config", conf)
    fails("E_USAGE", "did", "publish", "create", "a.test", "--config", conf)
    fails("E_USAGE", "did", "publish", "create", site.did)
    fails("E_USAGE", "did", "publish", "create", site.did, "--config", conf, "--phase", "commit")
    fails("E_USAGE", "did", "publish", "create", site.did, "--config", conf, "--part", "didDocument")
    fails("E_RESOLVE", "did", "publish", "create", site.did, "--config", conf, "--part", "didDocument=%s" % doc)    # not configured
    fails("E_RESOLVE", "did", "publish", "create", "did:example:1", "--config", conf, "--part", "didDocument=%s" % doc)
    fails("E_SIZE", "did", "publish", "create", site.did, "--config", conf, *["--part", "a=%s" % doc] * 9)
