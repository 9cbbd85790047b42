# SPDX-License-Identifier: Apache-2.0
"""did:webvh logs on the command line: made, changed, moved, approved, judged."""
import json
import shutil

import pytest

from cli import VECTORS, fails, ok
from test_pkcs11 import hsm     # noqa: F401, a fixture

SUITE = VECTORS / "didwebvh-test-suite"


@pytest.fixture
def work(tmp_path):
    (tmp_path / "www").mkdir()
    return Work(tmp_path)


class Work:
    def __init__(self, folder):
        self.folder, self.www = folder, folder / "www"

    def key(self, name):
        path = self.folder / (name + ".jwk")
        if not path.exists():
            path.write_text(json.dumps(ok("key", "generate", "--type", "ed25519")["privateJwk"]))
        return path

    def create(self, *more, key="a"):
        return ok("did", "create", "webvh", "--domain", "example.com:8443/dids/one", "--jwk", self.key(key), "--out", self.www, *more)

    def change(self, how, *more, key="a"):
        return ok("did", how, "webvh", "--log", self.www, "--jwk", self.key(key), *more)

    def no_change(self, code, how, *more, key="a"):
        before = (self.www / "did.jsonl").read_bytes()
        line = fails(code, "did", how, "webvh", "--log", self.www, "--jwk", self.key(key), *more)[1]
        assert (self.www / "did.jsonl").read_bytes() == before
        return line

    def verify(self, *more):
        if (self.www / "did-witness.json").exists():
            more += ("--witness", self.www / "did-witness.json")
        return ok("did", "verify-log", self.www / "did.jsonl", *more)


def test_a_log_from_its_first_entry_to_its_last(work):
    made = work.create("--portable", "--ttl", "60", "--service",
                       '{"id":"#in","type":"DIDCommMessaging","serviceEndpoint":{"uri":"https://example.com/in"}}')
    did = made["did"]
    assert did.startswith("did:webvh:Qm") and did.endswith(":example.com%3A8443:dids:one")
    fails("E_USAGE", "did", "create", "webvh", "--domain", "example.com", "--jwk", work.key("a"), "--out", work.www)
    seen = work.verify()
    assert (seen["did"], seen["versions"]) == (did, 1) and seen["didDocumentMetadata"]["ttl"] == "60"
    assert [s["id"].split("#")[1] for s in seen["didDocument"]["service"]] == ["in", "files", "whois"]
    assert seen["didDocument"]["service"][1]["serviceEndpoint"] == "https://example.com:8443/dids/one/"

    changed = dict(made["didDocument"], alsoKnownAs=["https://example.com/"])
    (work.folder / "new.json").write_text(json.dumps(changed))
    assert work.change("update", "--document", work.folder / "new.json")["didDocument"] == changed
    (work.folder / "new.json").write_text(json.dumps(dict(changed, id="did:example:x")))
    work.no_change("E_DID", "update", "--document", work.folder / "new.json")

    work.no_change("E_KEY", "rotate", "--update-key", work.key("b"), key="b")
    work.change("rotate", "--update-key", work.key("b"))
    work.no_change("E_KEY", "update")
    moved = work.change("migrate", "--domain", "example.org", "--did-web", key="b")
    assert moved["did"].endswith(":example.org") and did in moved["didDocument"]["alsoKnownAs"]
    web = json.loads((work.www / "did.json").read_text())
    assert web["id"] == "did:web:example.org" and moved["did"] in web["alsoKnownAs"]
    assert work.verify("--did", did)["didDocument"]["id"] == moved["did"]
    assert work.verify("--version-number", "1")["didDocument"]["id"] == did
    work.change("deactivate", key="b")
    seen = work.verify()
    assert seen["versions"] == 5 and seen["didDocumentMetadata"]["deactivated"] is True
    work.no_change("E_RESOLVE", "update", key="b")


def test_pre_rotation(work):
    work.create("--next-key", work.key("b"))
    work.no_change("E_USAGE", "update")
    work.no_change("E_RESOLVE", "rotate", "--next-key", work.key("c"))
    work.no_change("E_RESOLVE", "rotate", "--next-key", work.key("c"), key="c")
    work.change("rotate", "--next-key", work.key("c"), key="b")
    work.change("deactivate", key="c")
    entries = [json.loads(line) for line in (work.www / "did.jsonl").read_text().splitlines()]
    assert [e["parameters"].get("nextKeyHashes") is None for e in entries] == [False, False, False, True]
    assert work.verify()["didDocumentMetadata"]["deactivated"] is True


def test_witnesses(work):
    dids = [ok("did", "create", "key", "--jwk", work.key(w))["did"] for w in ("w1", "w2")]
    made = work.create(*(x for d in dids for x in ("--witness", d)), "--threshold", "2")
    assert [w["id"] for w in made["witness"]["witnesses"]] == dids
    fails("E_RESOLVE", "did", "verify-log", work.www / "did.jsonl")
    for i, w in enumerate(("w1", "w2")):
        if i:
            fails("E_RESOLVE", "did", "verify-log", work.www / "did.jsonl", "--witness", work.www / "did-witness.json")
        ok("did", "witness", "--log", work.www, "--jwk", work.key(w))
    assert work.verify()["didDocumentMetadata"]["witness"]["threshold"] == "2"
    fails("E_KEY", "did", "witness", "--log", work.www, "--jwk", work.key("a"))
    assert work.change("update", "--no-witness")["witness"] == made["witness"]
    fails("E_RESOLVE", "did", "verify-log", work.www / "did.jsonl", "--witness", work.www / "did-witness.json")
    for w in ("w1", "w2"):
        ok("did", "witness", "--log", work.www, "--jwk", work.key(w))
    assert work.verify()["didDocumentMetadata"]["witness"] == {}
    assert "witness" not in work.change("update")
    assert work.verify()["versions"] == 3
    fails("E_KEY", "did", "witness", "--log", work.www, "--jwk", work.key("w1"))


def test_what_was_tampered_with_is_refused(work):
    work.create()
    work.change("update", "--ttl", "5")
    good = (work.www / "did.jsonl").read_text()
    for a, b in (('"ttl":5', '"ttl":6'), ('"proofValue":"z', '"proofValue":"z1'), ("example.com", "example.org")):
        assert a in good
        (work.www / "bad.jsonl").write_text(good.replace(a, b))
        fails("E_RESOLVE", "did", "verify-log", work.www / "bad.jsonl")
    (work.www / "bad.jsonl").write_text("\n".join(reversed(good.splitlines())))
    fails("E_RESOLVE", "did", "verify-log", work.www / "bad.jsonl")
    (work.www / "bad.jsonl").write_text(good.replace('"ttl":5', '"ttl":6'))
    assert ok("did", "verify-log", work.www / "bad.jsonl", "--version-number", "1")["versions"] == 1
    fails("E_RESOLVE", "did", "verify-log", work.www / "did.jsonl", "--now", "2020-01-01T00:00:00Z")
    assert work.verify()["versions"] == 2


@pytest.mark.parametrize("domain", ["127.0.0.1", "localhost", "example.com:0", "example.com:99999", "example.com/../x",
                                    "example.com//x", "", "example.com/a:b", "ex ample.com", "[::1]"])
def test_places_that_are_none(work, domain):
    line = fails("E_USAGE" if domain == "example.com/a:b" else "E_DID", "did", "create", "webvh", "--domain", domain,
                 "--jwk", work.key("a"), "--out", work.www)
    assert line and not list(work.www.iterdir())


def test_the_scid_may_be_in_the_path(work):
    made = ok("did", "create", "webvh", "--domain", "example.com/{SCID}", "--jwk", work.key("a"), "--out", work.www)["did"]
    scid = made.split(":")[2]
    assert made == "did:webvh:%s:example.com:%s" % (scid, scid)


def test_keys_of_stores(work, tmp_path, hsm):     # noqa: F811
    pw = tmp_path / "pw"
    pw.write_text("a" * 64)
    pw.chmod(0o600)
    soft, token = "soft:%s/keys#update" % tmp_path, hsm.uri("webvh")
    for uri, more in ((soft, ("--passphrase-file", pw)), (token, ())):
        ok("key", "generate", "--type", "ed25519", "--key-uri", uri, *more)
        ok("did", "create", "webvh", "--domain", "example.com", "--key-uri", uri, "--out", work.www, *more)
        ok("did", "update", "webvh", "--log", work.www, "--key-uri", uri, "--ttl", "1", *more)
        assert work.verify()["versions"] == 2
        shutil.rmtree(work.www)
        work.www.mkdir()


def test_a_tpm_has_no_such_keys(work):
    line = fails("E_KEY", "did", "create", "webvh", "--domain", "example.com", "--key-uri", "tpm2:device?dir=/nowhere",
                 "--out", work.www)[1]
    assert "eddsa-jcs-2022" in line and "TPM" in line
    p256 = work.folder / "p256.jwk"
    p256.write_text(json.dumps(ok("key", "generate", "--type", "p256")["privateJwk"]))
    assert "eddsa-jcs-2022" in fails("E_KEY", "did", "create", "webvh", "--domain", "example.com", "--jwk", p256, "--out", work.www)[1]
    assert not list(work.www.iterdir())


@pytest.mark.parametrize("scenario", ["multi-update", "witness-threshold", "portable-move"])
@pytest.mark.parametrize("producer", ["java", "java-eecc", "python", "rust", "ts"])
def test_logs_of_others(scenario, producer):
    folder = SUITE / scenario / producer
    witness = ("--witness", folder / "did-witness.json") if scenario.startswith("witness") else ()
    seen = ok("did", "verify-log", folder / "did.jsonl", *witness)
    want = json.loads((folder / "resolutionResult.json").read_text())
    assert seen["didDocumentMetadata"]["versionId"] == want["didDocumentMetadata"]["versionId"]
