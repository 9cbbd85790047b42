# SPDX-License-Identifier: Apache-2.0
"""`berth did export-bundle` and `import-bundle`: from one site's folder to another's
adapter, and what on the way is refused."""
import base64
import hashlib
import json

import pytest

from cli import BUILD, VECTORS, fails, ok, raw, token

NOW = "2026-11-01T00:00:00Z"
LATER = "2026-11-28T12:00:00Z"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture
def site(tmp_path):
    """A folder of documents, a signer, and the folder of an adapter with its configuration."""
    tmp_path.chmod(0o755)
    key = tmp_path / "op.jwk"
    key.write_text(json.dumps(ok("key", "generate", "--type", "ed25519")["privateJwk"]))
    signer = ok("did", "create", "key", "--jwk", key)["did"]
    docs = tmp_path / "docs"
    docs.mkdir(mode=0o755)
    (docs / "a.json").write_text('{"id":"did:web:a.test"}')
    (docs / "b.json").write_text('{"id":"did:web:b.test","service":[{"id":"#s","type":"T","serviceEndpoint":"https://b.test"}]}')
    mirror = tmp_path / "mirror"
    mirror.mkdir(mode=0o755)
    conf = tmp_path / "berth.conf"
    conf.write_text("[adapter mirror]\npath = %s\ndir = %s\n" % (BUILD.resolve() / "lib/berth/registry/static.so", mirror))

    class Site:
        pass
    s = Site()
    s.dir, s.key, s.did, s.docs, s.mirror, s.conf = tmp_path, key, signer, docs, mirror, conf
    s.kid = signer + "#" + signer[8:]
    s.file = tmp_path / "site.jws"

    def export(*more, now=NOW, dids=("did:web:a.test", "did:web:b.test")):
        return ok("did", "export-bundle", "--out", s.file, "--jwk", key, "--kid", s.kid, "--did-docs", docs, "--now", now, *more, *dids)
    s.export = export
    s.install = ["did", "import-bundle", s.file, "--signer", signer, "--dir", mirror, "--now", LATER]
    return s


def test_a_bundle_from_one_site_to_another(site):
    out = site.export("--serial", 7)
    assert out == {"serial": 7, "issued": NOW, "files": 2, "bytes": site.file.stat().st_size}
    out = ok(*site.install)
    assert out == {"files": {"didDocument": 2, "did.jsonl": 0, "did-witness.json": 0, "resource": 0, "ethr": 0}, "serial": 7,
                   "issued": NOW, "ageSeconds": 27 * 86400 + 43200, "unchanged": False}
    got = ok("did", "resolve", "did:web:b.test", "--config", site.conf)
    assert got["didDocument"]["service"][0]["serviceEndpoint"] == "https://b.test"
    fails("E_RESOLVE", "did", "resolve", "did:web:c.test", "--config", site.conf)
    assert ok(*site.install)["unchanged"]


def test_a_bundle_is_a_jws_that_anybody_verifies(site):
    site.export("--serial", 7)
    out = ok("jws", "verify", site.file)
    assert out["header"] == {"alg": "EdDSA", "typ": "berth-did-bundle+jws", "kid": site.kid}
    first = out["payload"]["files"][0]
    content = base64.urlsafe_b64decode(first["content"] + "=" * (-len(first["content"]) % 4))
    assert json.loads(content) == {"id": "did:web:a.test"} and first["id"] == "did:web:a.test"
    assert first["sha256"] == b64(hashlib.sha256(content).digest())


def test_logs_and_status_lists(site):
    log = site.dir / "did.jsonl"
    log.write_text('{"versionId":"1-Q","state":{"id":"did:webvh:Q:a.test"}}\n')
    witness = site.dir / "did-witness.json"
    witness.write_text("[]")
    vc = site.dir / "list.json"
    vc.write_text('{"id":"https://a.test/status/1","type":["VerifiableCredential"]}')
    jwt = site.dir / "list.jwt"
    jwt.write_text(token("jws", "sign", "--jwk", site.key, "--typ", "statuslist+jwt", stdin='{"sub":"https://a.test/status/2"}') + "\n")
    site.export("--log", "%s,%s" % (log, witness), "--status-list", vc, "--status-list", jwt, "--resource",
                "did:web:a.test/whois=%s" % vc)
    assert ok(*site.install)["files"] == {"didDocument": 2, "did.jsonl": 1, "did-witness.json": 1, "resource": 3, "ethr": 0}
    folder = site.mirror / (site.mirror / "current").read_text()
    index = json.loads((folder / "resources.json").read_text())
    assert {u: r.get("contentType") for u, r in index.items()} == {
        "https://a.test/status/1": "application/vc", "https://a.test/status/2": "application/statuslist+jwt", "did:web:a.test/whois": None}
    assert (folder / "resources" / index["https://a.test/status/1"]["file"]).read_text() == vc.read_text()
    assert (folder / "2.jsonl").read_text() == log.read_text() and (folder / "2.witness.json").read_text() == "[]"


def test_what_a_chain_says_of_a_did_ethr(site):
    """Recorded from a chain with the registry's published byte code; ethr-did-resolver says
    what the document is.  One site has it in its folder, the other gets it in a bundle."""
    case = next(c for c in json.loads((VECTORS / "ethr-did-resolver/chain.json").read_text()) if c["name"] == "another owner")
    did, here = case["did"], site.dir / "here"
    (here / "resources").mkdir(parents=True, mode=0o755)
    here.chmod(0o755)
    (here / "resources/e").write_text(json.dumps(case["evidence"]))
    (here / "resources.json").write_text(json.dumps({did: {"file": "e"}}))
    conf = site.dir / "here.conf"
    conf.write_text(site.conf.read_text().replace(str(site.mirror), str(here)))
    document = ok("did", "resolve", did, "--config", conf)["didDocument"]
    assert document["id"] == case["result"]["didDocument"]["id"] == did
    assert [m["id"] for m in document["verificationMethod"]] == [m["id"] for m in case["result"]["didDocument"]["verificationMethod"]]
    args = ("did", "export-bundle", "--out", site.file, "--jwk", site.key, "--kid", site.kid, "--now", NOW, "--serial", 9)
    ok(*args, "--config", conf, did)
    assert ok(*site.install)["files"] == {"didDocument": 0, "did.jsonl": 0, "did-witness.json": 0, "resource": 0, "ethr": 1}
    got = ok("did", "resolve", did, "--config", site.conf)
    assert got["didDocument"] == document and got["didDocumentMetadata"]["bundle"]["serial"] == 9
    fails("E_RESOLVE", "did", "fetch", did + "/x", "--config", site.conf)
    # a part of the history is none, in the folder as in the bundle
    less = dict(case["evidence"], logs=case["evidence"]["logs"][1:])
    (here / "resources/e").write_text(json.dumps(less))
    fails("E_RESOLVE", *args, "--config", conf, did)
    folder = site.mirror / (site.mirror / "current").read_text()
    (folder / "resources/0").write_text(json.dumps(less))
    fails("E_RESOLVE", "did", "resolve", did, "--config", site.conf)
    fails("E_USAGE", *args, did)        # without its registry


def test_older_bundles_and_other_signers_are_refused(site):
    site.export("--serial", 7)
    ok(*site.install)
    site.export("--serial", 6)
    fails("E_REPLAY", *site.install)
    site.export("--serial", 7, now="2026-11-02T00:00:00Z")
    fails("E_REPLAY", *site.install)
    other = ok("did", "create", "key", "--jwk", site.key, "--pretty")["did"][:-1] + "x"
    site.export("--serial", 8)
    fails("E_AUTHZ", *[other if w == site.did else w for w in site.install])
    fails("E_USAGE", "did", "import-bundle", site.file, "--dir", site.mirror)
    fails("E_USAGE", *site.install, "--jwk", site.key)
    assert (site.mirror / "current").read_text() == "bundle-7"
    assert ok("did", "import-bundle", site.file, "--jwk", site.key, "--dir", site.mirror, "--now", LATER)["serial"] == 8


def test_what_is_no_bundle(site):
    site.export("--serial", 7)
    good = site.file.read_text().strip()
    head, body, sig = good.split(".")
    site.file.write_text(".".join((head, body, sig[:-4] + ("AAAA" if sig[-4:] != "AAAA" else "BBBA"))))
    fails("E_SIG", *site.install)
    payload = base64.urlsafe_b64decode(body + "==").replace(b'"serial":7', b'"serial":9')
    site.file.write_text(".".join((head, b64(payload), sig)))
    fails("E_SIG", *site.install)
    site.file.write_text(token("jws", "sign", "--jwk", site.key, "--kid", site.kid, stdin=payload))
    fails("E_ENV", *site.install)    # another typ: what was signed for something else is no bundle
    signed = ["jws", "sign", "--jwk", site.key, "--kid", site.kid, "--typ", "berth-did-bundle+jws"]
    site.file.write_text(token(*signed, stdin='{"serial":9}'))
    fails("E_TYPE", *site.install)
    site.file.write_text(token(*signed, stdin='{"serial":9,"issued":"2030-01-01T00:00:00Z","files":[]}'))
    fails("E_EXPIRED", *site.install)
    site.file.write_text(token("jws", "sign", "--jwk", site.key, "--typ", "berth-did-bundle+jws", stdin=payload))
    fails("E_ENV", *site.install)    # no kid
    site.file.write_text("x")
    fails("E_ENV", *site.install)
    assert list(site.mirror.iterdir()) == []


def test_what_cannot_be_bundled(site):
    args = ["did", "export-bundle", "--out", site.file, "--jwk", site.key, "--did-docs", site.docs, "--now", NOW]
    fails("E_USAGE", *args)
    fails("E_RESOLVE", *args, "did:web:none.test")
    fails("E_USAGE", *args, "did:webvh:Q:a.test")
    fails("E_TYPE", *args, "did:web:a.test", "did:web:a.test")
    fails("E_USAGE", *args, "--serial", "-1", "did:web:a.test")
    fails("E_USAGE", *args, "--serial", "1e3", "did:web:a.test")
    fails("E_USAGE", *args, "--resource", "https://a.test/x", "did:web:a.test")
    fails("E_TYPE", *args, "--resource", "x=%s" % site.key, "did:web:a.test")
    fails("E_TYPE", *args, "--log", site.docs / "a.json")
    fails("E_TYPE", *args, "--status-list", site.docs.parent / "op.jwk")
    fails("E_USAGE", *args[:4], "--jwk", site.key, "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "--serial", "0")
    assert not site.file.exists()


def test_a_key_of_a_store_signs_too(site):
    uri = "soft:%s" % (site.dir / "keys.bin")
    (site.dir / "pw").write_text("secret passphrase\n")
    (site.dir / "pw").chmod(0o600)
    pw = ["--passphrase-file", site.dir / "pw"]
    ok("key", "generate", "--type", "p256", "--key-uri", uri + "#op", *pw)
    did = ok("did", "create", "key", "--key-uri", uri + "#op", *pw)["did"]
    ok("did", "export-bundle", "--out", site.file, "--key-uri", uri + "#op", *pw, "--kid", "%s#%s" % (did, did[8:]),
       "--did-docs", site.docs, "did:web:a.test")
    assert ok("did", "import-bundle", site.file, "--signer", did, "--dir", site.mirror)["files"]["didDocument"] == 1
