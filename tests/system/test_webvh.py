# SPDX-License-Identifier: Apache-2.0
"""did:webvh through berth-resolverd: a log on a TLS server of its own, made by `berth`."""
import http.server
import json
import shutil
import ssl
import threading

import pytest

from ca import openssl
from cli import BUILD, VECTORS, fails, ok, raw

ADAPTER = BUILD.resolve() / "lib/berth/registry/web.so"
SUITE = VECTORS / "didwebvh-test-suite"


class Site:
    """https://webvh.test:PORT: files by their path, and what was asked for."""

    def __init__(self, folder):
        self.files, self.asked, self.secrets = {}, [], []
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key",
                "-out", folder / "ca.pem", "-subj", "/CN=webvh.test", "-addext", "subjectAltName=DNS:webvh.test", "-days", "3650")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "ca.pem", folder / "key")
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(site):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                body = site.files.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def do_PUT(self):
                site.asked.append("PUT " + self.path)
                site.files[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                site.secrets.append(self.headers["Authorization"])
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass
        return Handler


@pytest.fixture
def site(tmp_path):
    tmp_path.chmod(0o755)
    s = Site(tmp_path)
    s.conf = tmp_path / "berth.conf"
    s.conf.write_text("[agent]\nclock-trusted = yes\n[adapter web]\npath = %s\n[egress]\nallow = 127.0.0.0/8\nhosts = webvh.test=127.0.0.1\nca-file = %s/ca.pem\n"
                      % (ADAPTER, tmp_path))
    s.conf.chmod(0o644)
    s.www = tmp_path / "www"
    s.www.mkdir()
    s.key = tmp_path / "a.jwk"
    s.key.write_text(json.dumps(ok("key", "generate", "--type", "ed25519")["privateJwk"]))
    yield s
    s.server.shutdown()
    s.server.server_close()


def create(site, path="dids/one", *more):
    did = ok("did", "create", "webvh", "--domain", "webvh.test:%d/%s" % (site.port, path), "--jwk", site.key, "--out", site.www,
             *more)["did"]
    show(site, path)
    return did


def show(site, path="dids/one"):
    for f in site.www.iterdir():
        site.files["/%s/%s" % (path, f.name)] = f.read_bytes()


def update(site, *more):
    ok("did", "update", "webvh", "--log", site.www, "--jwk", site.key, *more)


def resolve(site, did):
    return ok("did", "resolve", did, "--config", site.conf)["didDocument"]


def test_a_log_is_resolved_and_verified(site):
    did = create(site)
    document = resolve(site, did)
    assert document["id"] == did and [s["type"] for s in document["service"]] == ["relativeRef", "LinkedVerifiablePresentation"]
    assert site.asked == ["/dids/one/did.jsonl"]
    (site.www / "new.json").write_text(json.dumps(dict(
        json.loads((site.www / "did.jsonl").read_text())["state"], alsoKnownAs=["https://webvh.test/"])))
    update(site, "--document", site.www / "new.json")
    show(site)
    assert resolve(site, did)["alsoKnownAs"] == ["https://webvh.test/"]
    first = ok("did", "dereference", did + "?versionNumber=1", "--config", site.conf)["content"]
    assert "alsoKnownAs" not in first
    for version, error in (("Number=3", "notFound"), ("Id=2-none", "notFound"), ("Time=2020-01-01T00:00:00Z", "notFound")):
        out, _ = fails("E_RESOLVE", "did", "dereference", did + "?version" + version, "--config", site.conf)
        assert out["dereferencingMetadata"]["error"] == error
    key = ok("did", "dereference", did + "?versionNumber=2#key-1", "--config", site.conf)["content"]
    assert key["controller"] == did


def test_what_the_server_changes_is_refused(site):
    did = create(site)
    good = site.files["/dids/one/did.jsonl"]
    for bad in (good.replace(b"Multikey", b"Multikex"), good[:-40], good.replace(b'"zz', b'"zy'), b"<html>", good + b"{}\n"):
        site.files["/dids/one/did.jsonl"] = bad
        if bad != good:
            meta = fails("E_RESOLVE", "did", "resolve", did, "--config", site.conf)[0]["didResolutionMetadata"]
            assert meta["error"] == "invalidDid" and meta["problemDetails"]["type"].endswith("#INVALID_DID")
            assert meta["problemDetails"]["detail"].startswith("did:webvh: ")
    del site.files["/dids/one/did.jsonl"]
    out, _ = fails("E_RESOLVE", "did", "resolve", did, "--config", site.conf)
    assert out["didResolutionMetadata"]["error"] == "notFound"
    assert out["didResolutionMetadata"]["problemDetails"]["type"].endswith("#NOT_FOUND")
    site.files["/dids/one/did.jsonl"] = good
    assert resolve(site, did)["id"] == did


def test_witnesses_are_fetched(site, tmp_path):
    w = tmp_path / "w.jwk"
    w.write_text(json.dumps(ok("key", "generate", "--type", "ed25519")["privateJwk"]))
    did = create(site, "dids/one", "--witness", ok("did", "create", "key", "--jwk", w)["did"])
    fails("E_RESOLVE", "did", "resolve", did, "--config", site.conf)
    assert site.asked[-1] == "/dids/one/did-witness.json"
    ok("did", "witness", "--log", site.www, "--jwk", w)
    show(site)
    assert resolve(site, did)["id"] == did


def test_a_log_of_others_at_its_place(site):
    """Their DIDs are of example.com, so that only the place is ours."""
    did = json.loads((SUITE / "services/java/resolutionResult.json").read_text())["didDocument"]["id"]
    conf = site.conf.read_text().replace("webvh.test=127.0.0.1", "example.com=127.0.0.1")
    site.conf.write_text(conf)
    line = fails("E_RESOLVE", "did", "resolve", did, "--config", site.conf)[1]
    assert line and not site.asked       # nobody listens on 443 there, or it is not who it should be


def publish(site, what, did, *names):
    parts = [x for n in names for x in ("--part", "%s=%s" % (n, site.www / n))]
    return ok("did", "publish", what, did, *parts, "--config", site.conf)


def reconfigure(site, *options):
    text = site.conf.read_text()
    site.conf.write_text(text.replace("[egress]", "\n".join([*options, "[egress]"])))


def test_a_log_is_published_by_put(site, tmp_path):
    did = create(site)
    site.files.clear()
    (tmp_path / "token").write_text("Bearer of news\n")
    reconfigure(site, "publish-url = itself", "authorization-file = %s/token" % tmp_path)
    assert publish(site, "create", did, "did.jsonl")["receipt"] == {"url": "https://webvh.test:%d/dids/one/did.jsonl" % site.port}
    assert resolve(site, did)["id"] == did and set(site.secrets) == {"Bearer of news"}
    first = (site.www / "did.jsonl").read_bytes()
    update(site, "--ttl", "60", "--did-web")
    publish(site, "update", did, "did.json", "did.jsonl")
    assert [a for a in site.asked if a.startswith("PUT")][-2:] == ["PUT /dids/one/did.jsonl", "PUT /dids/one/did.json"]
    assert json.loads(site.files["/dids/one/did.json"])["id"] == did.replace("webvh:" + did.split(":")[2], "web")
    # nothing goes back, and nobody's place is taken
    (site.www / "did.jsonl").write_bytes(first)
    fails("E_RESOLVE", "did", "publish", "update", did, "--part", "did.jsonl=%s/did.jsonl" % site.www, "--config", site.conf)
    fails("E_RESOLVE", "did", "publish", "create", did, "--part", "did.jsonl=%s/did.jsonl" % site.www, "--config", site.conf)
    assert site.files["/dids/one/did.jsonl"].count(b"\n") == 2


def test_a_log_is_published_in_a_folder(site, tmp_path):
    did = create(site, "a")
    tree = tmp_path / "tree"
    tree.mkdir(mode=0o755)
    reconfigure(site, "publish-dir = %s" % tree)
    publish(site, "create", did, "did.jsonl")
    place = tree / ("webvh.test%%3A%d" % site.port) / "a"
    assert (place / "did.jsonl").read_bytes() == (site.www / "did.jsonl").read_bytes()
    update(site)
    publish(site, "update", did, "did.jsonl")
    assert (place / "did.jsonl").read_bytes().count(b"\n") == 2
    assert [f.name for f in place.iterdir()] == ["did.jsonl"]


def test_what_is_beside_a_log_is_fetched(site):
    did = create(site)
    site.files.update({"/dids/one/whois.vp": b'{"type":"VerifiablePresentation"}', "/dids/one/governance/issuers.json": b"[]"})
    assert ok("did", "dereference", did + "/whois", "--config", site.conf)["content"] == "https://webvh.test:%d/dids/one/whois.vp" % site.port
    assert raw("did", "fetch", did + "/whois", "--config", site.conf) == b'{"type":"VerifiablePresentation"}'
    assert raw("did", "fetch", did + "/governance/issuers.json", "--config", site.conf) == b"[]"
    fails("E_RESOLVE", "did", "fetch", did + "/none", "--config", site.conf)


def test_a_did_that_has_moved(site):
    """What it was has the document of what it is, which says what it was; and versions of
    either have the name of their time."""
    old = create(site, "old", "--portable")
    new = ok("did", "migrate", "webvh", "--log", site.www, "--jwk", site.key, "--domain", "webvh.test:%d/new" % site.port)["did"]
    show(site, "old")
    show(site, "new")
    document = resolve(site, new)
    assert document["id"] == new and old in document["alsoKnownAs"]
    assert resolve(site, old) == document
    for did in (old, new):
        assert ok("did", "dereference", did + "?versionNumber=1", "--config", site.conf)["content"]["id"] == old
        assert ok("did", "dereference", did + "?versionNumber=2", "--config", site.conf)["content"] == document
        assert ok("did", "dereference", did + "#key-1", "--config", site.conf)["content"]["id"] == new + "#key-1"
    show(site, "elsewhere")         # where it never was
    out, _ = fails("E_RESOLVE", "did", "resolve", old.replace(":old", ":elsewhere"), "--config", site.conf)
    assert out["didResolutionMetadata"]["error"] == "invalidDid"


def test_an_address_is_never_asked(site):
    scid = create(site).split(":")[2]
    for host in ("127.0.0.1%%3A%d" % site.port, "127%%2E0%%2E0%%2E1%%3A%d" % site.port, "localhost%%3A%d" % site.port):
        out, _ = fails("E_DID", "did", "resolve", "did:webvh:%s:%s" % (scid, host), "--config", site.conf)
        assert out["didResolutionMetadata"]["error"] == "invalidDid"
    assert site.asked == []
    shutil.rmtree(site.www)
