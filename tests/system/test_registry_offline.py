# SPDX-License-Identifier: Apache-2.0
"""A did:webvh carried to a site without a network: its log in a bundle, verified there."""
import json

import pytest

from cli import fails, ok
from registries import Server, configuration


@pytest.fixture
def site(tmp_path):
    tmp_path.chmod(0o755)
    s = Server(tmp_path)
    s.dir, s.www, s.mirror = tmp_path, tmp_path / "www", tmp_path / "mirror"
    s.www.mkdir()
    s.mirror.mkdir(mode=0o755)
    s.key = tmp_path / "key.jwk"
    s.key.write_text(json.dumps(ok("key", "generate", "--type", "ed25519")["privateJwk"]))
    s.signer = ok("did", "create", "key", "--jwk", s.key)["did"]
    s.online = configuration(tmp_path, [("web", {})], servers=[s]).rename(tmp_path / "online.conf")
    s.offline = configuration(tmp_path, [("static", {"dir": s.mirror})], servers=[s])
    out = ok("did", "create", "webvh", "--domain", "a.test:%d/user" % s.port, "--jwk", s.key, "--out", s.www, "--now", "2026-01-01T00:00:00Z")
    s.did, s.first = out["did"], out["versionId"]
    doc = json.loads((s.www / "did.jsonl").read_text())["state"]
    doc["service"] = [{"id": "#s", "type": "T", "serviceEndpoint": "https://a.test"}]
    (tmp_path / "doc.json").write_text(json.dumps(doc))
    ok("did", "update", "webvh", "--log", s.www, "--jwk", s.key, "--now", "2026-01-02T00:00:00Z", "--document", tmp_path / "doc.json")
    s.routes["/user/did.jsonl"] = lambda h: (200, {"Content-Type": "text/jsonl"}, (s.www / "did.jsonl").read_bytes())
    yield s
    s.close()


def export(site, *what):
    return ok("did", "export-bundle", "--out", site.dir / "b.jws", "--jwk", site.key, "--kid", site.signer + "#" + site.signer[8:], *what)


def carry(site):
    return ok("did", "import-bundle", site.dir / "b.jws", "--signer", site.signer, "--dir", site.mirror)


def test_a_log_is_bundled_as_it_came_and_verified_over_there(site):
    export(site, "--config", site.online, site.did)
    assert carry(site)["files"] == {"didDocument": 0, "did.jsonl": 1, "did-witness.json": 0, "resource": 0, "ethr": 0}
    del site.seen[:]
    here = ok("did", "resolve", site.did, "--config", site.online)["didDocument"]
    assert len(site.seen) > 0
    del site.seen[:]
    there = ok("did", "resolve", site.did, "--config", site.offline)["didDocument"]
    assert here == there and any(s["id"].endswith("#s") for s in there["service"])
    old = ok("did", "dereference", site.did + "?versionId=" + site.first, "--config", site.offline)["content"]
    assert not any(s["id"].endswith("#s") for s in old.get("service", []))
    assert site.seen == []
    fails("E_RESOLVE", "did", "dereference", site.did + "?versionId=9-none", "--config", site.offline)


def test_a_log_that_was_changed_on_the_way_is_found_out(site):
    export(site, "--log", site.www / "did.jsonl")
    carry(site)
    log = site.mirror / (site.mirror / "current").read_text() / "0.jsonl"
    good = log.read_text()
    assert ok("did", "resolve", site.did, "--config", site.offline)["didDocument"]["id"] == site.did
    log.write_text(good.replace("https://a.test\"", "https://b.test\""))
    assert log.read_text() != good
    fails("E_RESOLVE", "did", "resolve", site.did, "--config", site.offline)
    log.write_text(good)
    ok("did", "resolve", site.did, "--config", site.offline)


def test_what_is_no_good_here_is_not_bundled(site):
    text = (site.www / "did.jsonl").read_text()
    (site.www / "did.jsonl").write_text(text.replace("https://a.test\"", "https://b.test\""))
    args = ("did", "export-bundle", "--out", site.dir / "b.jws", "--jwk", site.key)
    fails("E_RESOLVE", *args, "--config", site.online, site.did)
    (site.www / "did.jsonl").write_text(text)
    fails("E_DID", *args, "--config", site.online, "did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8a")
    assert not (site.dir / "b.jws").exists()
