# SPDX-License-Identifier: Apache-2.0
"""`berth` without a daemon: every command, its results, codes and exit statuses."""
import hashlib
import base64
import json
import os
import re
import subprocess

import pytest

from cli import BERTH, BUILD, ROOT, VECTORS, fails, ok, raw, run, token


# ---- the frame ----

def test_version_and_help():
    assert raw("--version").startswith(b"berth 0.")
    for args in (("--help",), ("-h",), ("help",)):
        assert b"berth COMMAND" in raw(*args)


def commands():
    for line in raw("--help").decode().splitlines():
        if line.startswith("  ") and len(line) > 28 and line[2] != " " and not line.startswith("  berth"):
            yield line[2:13].strip(), line[14:27].strip()


def test_every_command_has_help_with_examples():
    found = list(commands())
    assert ("jcs", "") in found
    for group, name in found:
        text = raw(group, *([name] if name else []), "--help").decode()
        assert "usage: berth " + group in text and "examples:\n  " in text
        assert ("berth %s %s" % (group, name)).strip() in text.split("examples:")[1]
        assert "usage: berth " + group in raw(group, "--help").decode()


def test_man_page_has_every_command_and_option():
    page = (ROOT / "docs/man/berth.1").read_text().replace("\\\n", "")
    for group, name in commands():
        assert ("Nm Cm %s %s" % (group, name)).strip() in page, (group, name)
        for option in re.findall(r"^  (--[a-z-]+)", raw(group, *([name] if name else []), "--help").decode(), re.M):
            assert "Fl " + option[1:] in page, (group, name, option)


@pytest.mark.parametrize("args", [
    (), ("nonsense",), ("key",), ("key", "nonsense"), ("jcs", "--nonsense"), ("jcs", "-x"), ("jcs", "a", "b"),
    ("jcs", "--pretty=1"), ("jcs", "--pretty", "--nonsense"), ("jcs", "/nonexistent/file"), ("--json",),
])
def test_wrong_usage_is_e_usage(args):
    out, _ = fails("E_USAGE", *args)
    assert out is None


def test_errors_are_one_line_even_with_hostile_words():
    fails("E_USAGE", "jcs", "a\nb\x1b[2J\n")
    fails("E_USAGE", "x\ny")


def test_full_disk_is_e_unavailable():
    r = subprocess.run([BERTH, "jcs"], input=b"[]", stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE)
    assert r.returncode == 4 and r.stderr.startswith(b"berth: E_UNAVAILABLE: stdout")


# ---- jcs ----

def test_jcs_vectors():
    names = sorted(p.stem for p in (VECTORS / "jcs/input").glob("*.json"))
    for name in names:
        want = (VECTORS / "jcs/output" / (name + ".json")).read_bytes()
        assert raw("jcs", VECTORS / "jcs/input" / (name + ".json")) == want
        assert raw("jcs", "-", stdin=(VECTORS / "jcs/input" / (name + ".json")).read_bytes()) == want
        assert raw("jcs", stdin=want) == want
    assert len(names) == 6


def test_jcs_takes_any_value():
    for text in ("null", "true", "0", '""', "[]"):
        assert raw("jcs", stdin=text) == text.encode()


@pytest.mark.parametrize("text", [
    "", "{", '{"a":1,"a":2}', '"\\u0000"', "01", "1e400", "9007199254740993", "\ufeff[]", "[] []", "[" * 33 + "]" * 33,
])
def test_jcs_refuses_what_is_not_i_json(text):
    fails("E_JSON", "jcs", stdin=text)


def test_jcs_size_cap():
    fits = b'"' + b"x" * ((1 << 20) - 2) + b'"'
    assert raw("jcs", stdin=fits) == fits
    fails("E_SIZE", "jcs", stdin=fits + b" ")


def test_locale_does_not_matter():
    env = {"LC_ALL": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"}
    assert raw("jcs", stdin="[1.50,1e-7]", env=env) == b"[1.5,1e-7]"


# ---- key ----

TYPES = {"ed25519": ("OKP", "Ed25519", "z6Mk"), "x25519": ("OKP", "X25519", "z6LS"), "p256": ("EC", "P-256", "zDna"),
         "p384": ("EC", "P-384", "z82L"), "p521": ("EC", "P-521", "z2J9"), "secp256k1": ("EC", "secp256k1", "zQ3s")}


@pytest.fixture
def files(tmp_path):
    """Writes JSON or text to a new file and gives its path."""
    def write(value, name=None):
        path = tmp_path / (name or "f%d" % len(list(tmp_path.iterdir())))
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        path.chmod(0o600)
        return path
    return write


@pytest.fixture
def jwk(files):
    def make(kind):
        key = ok("key", "generate", "--type", kind)
        return key, files(key["privateJwk"])
    return make


@pytest.fixture
def store(tmp_path, files):
    pw = files("correct horse\n", "pw")
    return ("soft:%s" % (tmp_path / "keys"), "--passphrase-file", pw)


@pytest.mark.parametrize("kind", TYPES)
def test_key_generate_in_the_clear(kind, files):
    key = ok("key", "generate", "--type", kind)
    kty, crv, prefix = TYPES[kind]
    assert set(key) == {"publicJwk", "privateJwk", "multikey", "did", "custody"}
    assert (key["publicJwk"]["kty"], key["publicJwk"]["crv"]) == (kty, crv)
    assert "d" not in key["publicJwk"] and dict(key["publicJwk"], d=key["privateJwk"]["d"]) == key["privateJwk"]
    assert key["multikey"].startswith(prefix) and key["did"] == "did:key:" + key["multikey"]
    assert key["custody"] == "software"
    assert ok("did", "create", "key", "--jwk", files(key["publicJwk"]))["did"] == key["did"]
    assert ok("key", "generate", "--type", kind)["did"] != key["did"]


@pytest.mark.parametrize("args", [
    (), ("--type", "rsa"), ("--type",), ("--type", "p256", "--type", "p384"), ("--type", "p256", "--use", "sign"),
    ("--type", "p256", "extra"), ("--type", "P256"),
])
def test_key_generate_wrong_usage(args):
    fails("E_USAGE", "key", "generate", *args)


def test_key_store(store, tmp_path):
    uri, *pw = store
    made = {k: ok("key", "generate", "--type", k, "--key-uri", uri + "#" + k, *pw) for k in TYPES}
    for kind, key in made.items():
        assert set(key) == {"keyUri", "publicJwk", "multikey", "did", "custody", "use"}
        assert key["keyUri"] == uri + "#" + kind and key["custody"] == "sealed"
        assert key["use"] == ("agree" if kind == "x25519" else "sign")
        assert ok("key", "show", "--key-uri", uri + "#" + kind, *pw) == key
        sealed = (tmp_path / "keys").read_bytes()
        assert key["publicJwk"]["x"].encode() not in sealed
    listed = ok("key", "list", "--key-uri", uri, *pw)
    assert sorted(listed, key=lambda k: k["did"]) == sorted(made.values(), key=lambda k: k["did"])
    assert ok("did", "create", "key", "--key-uri", uri + "#p256", *pw)["did"] == made["p256"]["did"]
    fails("E_KEYSTORE", "key", "generate", "--type", "p256", "--key-uri", uri + "#p256", *pw)
    fails("E_KEYSTORE", "key", "show", "--key-uri", uri, *pw)
    fails("E_KEYSTORE", "key", "show", "--key-uri", uri + "#none", *pw)
    fails("E_KEY", "key", "attest", "--key-uri", uri + "#p256", *pw)
    fails("E_KEY", "key", "generate", "--type", "ed25519", "--use", "agree", "--key-uri", uri + "#x", *pw)


def test_key_store_passphrase(store, files):
    uri, *pw = store
    made = ok("key", "generate", "--type", "ed25519", "--key-uri", uri, *pw)
    assert made["keyUri"] == uri + "#key"
    assert ok("key", "show", "--key-uri", uri, env={"BERTH_PASSPHRASE_FILE": str(pw[1])}) == made
    fails("E_KEYSTORE", "key", "show", "--key-uri", uri, "--passphrase-file", files("wrong\n"))
    fails("E_KEYSTORE", "key", "show", "--key-uri", uri)
    fails("E_KEYSTORE", "key", "list", "--key-uri", uri + "-elsewhere", *pw)


@pytest.mark.parametrize("uri", ["file:x", "soft:", "soft:x#UPPER", "tpm2:a?nonsense=1"])
def test_malformed_key_uris(uri):
    fails("E_KEY", "key", "list", "--key-uri", uri)


@pytest.mark.parametrize("nonce", ["", "00", "0" * 63, "0" * 65, "g" * 64])
def test_attest_nonce_is_32_bytes(store, nonce):
    fails("E_USAGE", "key", "attest", "--key-uri", store[0], "--nonce", nonce)


# ---- did ----

def test_did_create_reads_only_public_members(files):
    key = ok("key", "generate", "--type", "p256")
    bad = dict(key["publicJwk"], d="not base64url!")
    assert ok("did", "create", "key", "--jwk", files(bad))["did"] == key["did"]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("method", ["key", "jwk"])
def test_did_create_and_resolve(jwk, kind, method):
    key, path = jwk(kind)
    made = ok("did", "create", method, "--jwk", path)
    assert made["did"].startswith("did:%s:" % method) and made["didDocument"]["id"] == made["did"]
    r = ok("did", "resolve", made["did"])
    assert r["didDocument"] == made["didDocument"]
    assert "error" not in r["didResolutionMetadata"] and r["didResolutionMetadata"]["contentType"]
    assert set(r) == {"didDocument", "didResolutionMetadata", "didDocumentMetadata"}


def test_did_key_specification_resolves():
    n = 0
    for name in ("ed25519-x25519", "nist-curves", "secp256k1"):
        for did in json.loads((VECTORS / "did-key-spec" / (name + ".json")).read_text()):
            assert ok("did", "resolve", did)["didDocument"]["id"] == did
            n += 1
    assert n == 12


@pytest.mark.parametrize("numalgo", ["2", "4"])
def test_did_create_peer(jwk, numalgo):
    service = {"type": "DIDCommMessaging", "serviceEndpoint": {"uri": "https://example.com/in", "accept": ["didcomm/v2"]}}
    made = ok("did", "create", "peer", "--numalgo", numalgo, "--verification", jwk("ed25519")[1], "--agreement",
              jwk("x25519")[1], "--verification", jwk("p256")[1], "--service", json.dumps(service))
    assert made["did"].startswith("did:peer:" + numalgo)
    doc = ok("did", "resolve", made["did"])["didDocument"]
    assert doc == made["didDocument"]
    assert len(doc["verificationMethod"]) == 3 and len(doc["authentication"]) == 2 and len(doc["keyAgreement"]) == 1
    assert doc["service"][0]["serviceEndpoint"]["uri"] == "https://example.com/in"


def test_did_create_peer_0(jwk):
    key, path = jwk("ed25519")
    assert ok("did", "create", "peer", "--numalgo", "0", "--verification", path)["did"] == "did:peer:0" + key["multikey"]


def test_did_create_wrong_usage(jwk):
    path = jwk("ed25519")[1]
    for args in (("key",), (), ("web", "--jwk", path), ("key", "--jwk", path, "--key-uri", "soft:x"), ("peer",),
                 ("peer", "--numalgo", "1", "--verification", path), ("peer", "--numalgo", "2"),
                 ("peer", "--numalgo", "2", "--jwk", path), ("key", "--jwk", path, "--numalgo", "2"),
                 ("peer", "--numalgo", "0", "--verification", path, "--verification", path),
                 ("key", "--jwk", "/nonexistent.jwk")):
        fails("E_USAGE", "did", "create", *args)


def test_did_create_bad_keys(files, jwk):
    public = ok("key", "generate", "--type", "p256")["publicJwk"]
    fails("E_KEY", "did", "create", "key", "--jwk", files(dict(public, y=public["x"])))
    fails("E_KEY", "did", "create", "key", "--jwk", files({"kty": "RSA", "n": "AQAB", "e": "AQAB"}))
    fails("E_B64", "did", "create", "key", "--jwk", files(dict(public, x=public["x"] + "=")))
    fails("E_JSON", "did", "create", "key", "--jwk", files("{"))
    x = jwk("x25519")[1]
    fails("E_KEY", "did", "create", "peer", "--numalgo", "2", "--verification", x)
    fails("E_JSON", "did", "create", "peer", "--numalgo", "2", "--agreement", x, "--service", "{")


@pytest.mark.parametrize("did, error, code", [
    ("nonsense", "invalidDid", "E_DID"), ("did:", "invalidDid", "E_DID"), ("did:key:zNothing0", "invalidDid", None),
    ("did:nope:x", "methodNotSupported", "E_DID"),
])
def test_failed_resolution_still_prints_its_result(did, error, code):
    r = run("did", "resolve", did)
    assert r.returncode == 3
    result = json.loads(r.stdout)
    assert result["didDocument"] is None and result["didResolutionMetadata"]["error"] == error
    if code:
        fails(code, "did", "resolve", did)


def test_did_create_peer_3_is_found_by_its_2(jwk, tmp_path):
    made = ok("did", "create", "peer", "--numalgo", "3", "--verification", jwk("ed25519")[1])
    two = made["didDocument"]["alsoKnownAs"][0]
    assert made["did"].startswith("did:peer:3zQm") and two.startswith("did:peer:2.Vz6Mk")
    fails("E_RESOLVE", "did", "resolve", made["did"])
    (tmp_path / "two.json").write_text(json.dumps(ok("did", "resolve", two)["didDocument"]))
    assert ok("did", "resolve", made["did"], "--did-docs", tmp_path)["didDocument"] == made["didDocument"]


def test_did_peer_1_is_found_by_its_genesis_document(tmp_path):
    key = ok("did", "resolve", "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")["didDocument"]
    method = {**key["verificationMethod"][0], "id": "#a", "controller": "#id"}
    genesis = json.dumps({"verificationMethod": [method], "authentication": ["#a"]}, indent=1).encode()
    number = int.from_bytes(b"\x12\x20" + hashlib.sha256(genesis).digest(), "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit] + text
    (tmp_path / "genesis.json").write_bytes(genesis)
    doc = ok("did", "resolve", "did:peer:1z" + text, "--did-docs", tmp_path)["didDocument"]
    assert doc["verificationMethod"][0]["controller"] == doc["id"] == "did:peer:1z" + text
    (tmp_path / "genesis.json").write_bytes(genesis + b" ")
    fails("E_RESOLVE", "did", "resolve", "did:peer:1z" + text, "--did-docs", tmp_path)


def test_did_dereference(tmp_path):
    did = "did:web:example.com"
    doc = {"id": did, "service": [{"id": "#files", "type": "F", "serviceEndpoint": "https://a.example/b/"},
                                  {"id": "#more", "type": "M", "serviceEndpoint": {"uri": "x"}}]}
    (tmp_path / "a.json").write_text(json.dumps(doc))
    docs = ("--did-docs", tmp_path)

    def content(url, *more):
        return ok("did", "dereference", url, *docs, *more)["content"]

    assert content(did) == doc
    assert content(did + "#files") == doc["service"][0]
    assert content(did + "?service=files&relativeRef=c%2Fd%3Fe#f") == "https://a.example/b/c/d?e#f"
    assert content(did + "?service=files", "--accept", "application/did") == {**doc, "service": doc["service"][:1]}
    for code, error, url in (("E_RESOLVE", "notFound", did + "#no"), ("E_RESOLVE", "notFound", did + "?service=more"),
                             ("E_RESOLVE", "notFound", did + "?service=files&versionId=1"),
                             ("E_DID", "invalidDidUrl", did + "?service=files&relativeRef=//evil.example"),
                             ("E_DID", "invalidDidUrl", "example.com"),
                             ("E_DID", "methodNotSupported", "did:none:x#a")):
        more = docs if code == "E_RESOLVE" or "evil" in url else ()
        out, _ = fails(code, "did", "dereference", url, *more)
        assert out == {"content": None, "dereferencingMetadata": {"error": error}, "contentMetadata": {}}
    out, _ = fails("E_TYPE", "did", "dereference", did, *docs, "--accept", "text/html")
    assert out["dereferencingMetadata"] == {"error": "representationNotSupported"}


def test_did_docs_answer_for_other_methods(files, tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    key = ok("key", "generate", "--type", "ed25519")
    did = "did:web:example.com"
    doc = {"id": did, "verificationMethod": [{"id": did + "#k", "type": "JsonWebKey2020", "controller": did,
                                              "publicKeyJwk": key["publicJwk"]}], "assertionMethod": [did + "#k"]}
    (folder / "a.json").write_text(json.dumps(doc))
    assert ok("did", "resolve", did, "--did-docs", folder)["didDocument"] == doc
    out, _ = fails("E_RESOLVE", "did", "resolve", "did:web:example.org", "--did-docs", folder)
    assert out["didResolutionMetadata"]["error"] == "notFound"
    token_ = token("jws", "sign", "--jwk", files(key["privateJwk"]), "--kid", did + "#k", stdin='{"a":1}')
    good = ok("jws", "verify", "--did-docs", folder, stdin=token_)
    assert good == {"verified": True, "header": {"alg": "EdDSA", "kid": did + "#k"}, "payload": {"a": 1}}


# ---- jws ----

def test_jws_of_rfc_7515():
    folder = VECTORS / "jose-rfc7515-7517"
    out = ok("jws", "verify", "--jwk", folder / "rfc7515_A.3.jwk", folder / "rfc7515_A.3.jwsc")
    assert out["header"] == {"alg": "ES256"} and out["payload"]["iss"] == "joe"
    fails("E_ALG", "jws", "verify", "--jwk", folder / "rfc7515_A.3.jwk", folder / "rfc7515_A.1.jwsc")


@pytest.mark.parametrize("kind", [k for k in TYPES if k != "x25519"])
def test_jws_round_trip(jwk, files, kind):
    _, path = jwk(kind)
    payload = os.urandom(100)
    t = token("jws", "sign", "--jwk", path, "--typ", "T", "--kid", "K", "-", stdin=payload)
    out = ok("jws", "verify", "--jwk", path, files(t))
    assert out["verified"] is True and out["header"]["typ"] == "T" and out["header"]["kid"] == "K"
    assert "payloadB64" in out
    head, body, sig = t.split(".")
    flipped = ("A" if sig[10] != "A" else "B").join((sig[:10], sig[11:]))
    none, _ = fails("E_SIG", "jws", "verify", "--jwk", path, stdin=".".join((head, body, flipped)))
    assert none is None
    fails("E_SIG", "jws", "verify", "--jwk", path, stdin=".".join((head, "e30", sig)))
    fails("E_SIG", "jws", "verify", "--jwk", jwk(kind)[1], stdin=t)
    fails("E_ENV", "jws", "verify", "--jwk", path, stdin=head + "." + body)
    fails("E_B64", "jws", "verify", "--jwk", path, stdin=".".join((head, body + "=", sig)))


def test_jws_keys_that_do_not_fit(jwk, files):
    ed, p256 = jwk("ed25519")[1], jwk("p256")[1]
    t = token("jws", "sign", "--jwk", ed, stdin="x")
    fails("E_ALG", "jws", "verify", "--jwk", p256, stdin=t)
    fails("E_KEY", "jws", "sign", "--jwk", jwk("x25519")[1], stdin="x")
    fails("E_KEY", "jws", "sign", "--jwk", files(jwk("ed25519")[0]["publicJwk"]), stdin="x")
    fails("E_USAGE", "jws", "sign", stdin="x")
    fails("E_ENV", "jws", "verify", stdin=t)  # no kid to resolve


def test_jws_by_the_kid_of_a_did_key(jwk):
    key, path = jwk("p256")
    kid = "%s#%s" % (key["did"], key["multikey"])
    t = token("jws", "sign", "--jwk", path, "--kid", kid, stdin="[1]")
    assert ok("jws", "verify", stdin=t)["payload"] == [1]
    other = jwk("p256")[0]
    t = token("jws", "sign", "--jwk", path, "--kid", "%s#%s" % (other["did"], other["multikey"]), stdin="[1]")
    fails("E_SIG", "jws", "verify", stdin=t)


def test_jws_with_a_stored_key(store):
    uri, *pw = store
    ok("key", "generate", "--type", "secp256k1", "--key-uri", uri + "#s", *pw)
    t = token("jws", "sign", "--key-uri", uri + "#s", *pw, stdin="{}")
    assert ok("jws", "verify", "--key-uri", uri + "#s", *pw, stdin=t)["payload"] == {}


# ---- vc, vp ----

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


# ---- didcomm ----

RUST = VECTORS / "didcomm-rust"
SIMPLE = json.loads((RUST / "plaintext.json").read_text())[0]["message"]


@pytest.fixture
def world(files, tmp_path):
    """Options of didcomm-rust's Alice and Bob: {name: ("--secrets", ..., "--did-docs", ...)}."""
    def secrets(name):
        keys = json.loads((RUST / "secrets" / (name + ".json")).read_text())
        return files([{"id": k["kid"], "type": k["type"], "privateKeyJwk": k["privateKeyJwk"]} for k in keys])
    return {n: ("--secrets", secrets(n), "--did-docs", RUST / "diddocs") for n in ("alice", "bob", "charlie", "mediator1", "mediator2", "mediator3")}


@pytest.mark.parametrize("name", ["encrypted", "signed"])
def test_didcomm_rust_messages(world, name):
    n = 0
    for case in json.loads((RUST / (name + ".json")).read_text()):
        message = json.dumps(case["message"])
        if case["expect"] == "accept":
            out = ok("didcomm", "unpack", *world["bob"], stdin=message)
            assert out["message"] == SIMPLE and out["metadata"]["expired"] is None, case["name"]
            assert out["metadata"]["encrypted"] is ("ciphertext" in case["message"])
        else:  # its epk is no canonical base64url
            fails("E_B64", "didcomm", "unpack", *world["bob"], stdin=message)
        n += 1
    print("vectors: didcomm-rust/%s (command line) %d/%d" % (name, n, n))


MODES = [
    ("plaintext", [], False, False, False), ("signed", ["--sign-by", "did:example:alice#key-1"], False, True, True),
    ("anoncrypt", [], True, False, False), ("authcrypt", ["--from", "did:example:alice"], True, True, False),
    ("authcrypt", ["--from", "did:example:alice", "--protect-sender"], True, True, False),
    ("anoncrypt", ["--sign-by", "did:example:alice#key-2"], True, True, True),
    ("anoncrypt", ["--enc", "XC20P"], True, False, False), ("anoncrypt", ["--enc", "A256GCM"], True, False, False),
    ("signed", ["--sign-by", "did:example:alice#key-3"], False, True, True),
    ("signed", ["--sign-by", "did:example:alice#key-2", "--sign-by", "did:example:alice#key-3"], False, True, True),
    ("authcrypt", ["--from", "did:example:alice", "--sign-by", "did:example:alice#key-1"], True, True, True),
]


def test_didcomm_attachments(files, tmp_path):
    key = ok("key", "generate", "--type", "ed25519")
    kid = "%s#%s" % (key["did"], key["multikey"])
    secrets = files([{"id": kid, "type": "JsonWebKey2020", "privateKeyJwk": key["privateJwk"]}])
    content = json.dumps({"id": "in", "type": "https://example.com/p/1.0/m"})
    jws = ok("didcomm", "pack", "--mode", "signed", "--sign-by", kid, "--secrets", secrets, stdin=content)
    data = {"base64": jws["payload"], "jws": {"signatures": jws["signatures"]}}
    message = {"id": "1", "type": "https://example.com/p/1.0/m", "attachments": [
        {"id": "signed", "data": data}, {"id": "json", "data": {"json": {"b": 1, "a": 2}}},
        {"id": "links", "data": {"links": ["https://x.test"], "hash": "zQmRN6wdp1S2A5EtjW9A3M1vKSBuQQGcgvuhoMUoEz4iiT5"}},
        {"id": "hash", "data": {"base64": "aGVsbG8", "hash": "zQmRN6wdp1S2A5EtjW9A3M1vKSBuQQGcgvuhoMUoEz4iiT5"}}]}

    def take(name, text):
        return ok("didcomm", "attachment", "--id", name, stdin=json.dumps(text))

    assert take("signed", message) == {"id": "signed", "content": jws["payload"], "signer": kid}
    assert take("hash", message) == {"id": "hash", "content": "aGVsbG8", "signer": None}
    unpacked = ok("didcomm", "unpack", stdin=json.dumps(message))
    assert take("json", unpacked) == {"id": "json", "content": "eyJhIjoyLCJiIjoxfQ", "signer": None}
    fails("E_NETPOL", "didcomm", "attachment", "--id", "links", stdin=json.dumps(message))
    fails("E_TYPE", "didcomm", "attachment", "--id", "none", stdin=json.dumps(message))
    fails("E_USAGE", "didcomm", "attachment", stdin=json.dumps(message))
    message["attachments"][3]["data"]["base64"] = "aGVsbG9v"
    fails("E_TYPE", "didcomm", "attachment", "--id", "hash", stdin=json.dumps(message))
    data["base64"] = "e30"
    fails("E_SIG", "didcomm", "attachment", "--id", "signed", stdin=json.dumps(message))


@pytest.mark.parametrize("mode, options, encrypted, authenticated, signed", MODES)
def test_didcomm_pack_and_unpack(world, mode, options, encrypted, authenticated, signed):
    to = ["--to", "did:example:bob", "--no-forward"] if mode != "signed" else []
    packed = raw("didcomm", "pack", "--mode", mode, *options, *to, *world["alice"], stdin=json.dumps(SIMPLE))
    out = ok("didcomm", "unpack", *world["bob"], stdin=packed)
    assert out["message"] == SIMPLE
    meta = out["metadata"]
    assert (meta["encrypted"], meta["authenticated"], meta["non_repudiation"]) == (encrypted, authenticated, signed)
    assert {"anonymous_sender", "encrypted_from_kid", "encrypted_to_kids", "sign_from", "enc_alg_auth", "enc_alg_anon",
            "sign_alg", "from_prior", "from_prior_issuer_kid", "re_wrapped_in_forward", "expired"} <= set(meta)
    assert raw("didcomm", "unpack", *world["bob"], "--pretty", stdin=packed).count(b"\n") > 10


def test_didcomm_modes_default_by_from(world):
    bare = json.dumps({k: v for k, v in SIMPLE.items() if k not in ("from", "to")})
    for options, auth in ((["--from", "did:example:alice"], True), ([], False)):
        packed = raw("didcomm", "pack", *options, "--to", "did:example:bob", "--no-forward", *world["alice"], stdin=bare)
        out = ok("didcomm", "unpack", *world["bob"], stdin=packed)
        assert out["metadata"]["authenticated"] is auth
        assert out["message"]["to"] == ["did:example:bob"]
        assert out["message"].get("from") == ("did:example:alice" if auth else None)


def test_didcomm_several_recipients(world):
    message = json.dumps(dict(SIMPLE, to=["did:example:bob", "did:example:charlie"]))
    packed = ok("didcomm", "pack", "--from", "did:example:alice", "--to", "did:example:bob", "--to", "did:example:charlie",
                "--no-forward", *world["alice"], stdin=message)
    assert isinstance(packed, list) and len(packed) == 2
    for name, envelope in zip(("bob", "charlie"), packed):
        assert ok("didcomm", "unpack", *world[name], stdin=json.dumps(envelope))["message"]["id"] == SIMPLE["id"]
    fails("E_DECRYPT", "didcomm", "unpack", *world["bob"], stdin=json.dumps(packed[1]))


def test_didcomm_forwards_to_the_mediators_of_a_document(world, files, tmp_path):
    """Charlie's endpoint is did:example:mediator3, his routing keys are mediator2's and mediator1's."""
    message = json.dumps(dict(SIMPLE, to=["did:example:charlie"]))
    packed = raw("didcomm", "pack", "--from", "did:example:alice", "--to", "did:example:charlie", *world["alice"], stdin=message)
    for name, behind in (("mediator3", "did:example:mediator2#key-x25519-1"), ("mediator2", "did:example:mediator1#key-x25519-1"),
                         ("mediator1", "did:example:charlie")):
        fails("E_DECRYPT", "didcomm", "unpack", *world["charlie"], stdin=packed)
        out = ok("didcomm", "unpack", *world[name], stdin=packed)
        assert out["message"]["type"] == "https://didcomm.org/routing/2.0/forward"
        assert out["message"]["body"] == {"next": behind} and "from" not in out["message"]
        assert out["metadata"]["anonymous_sender"] and not out["metadata"]["re_wrapped_in_forward"]
        packed = json.dumps(out["message"]["attachments"][0]["data"]["json"])
    out = ok("didcomm", "unpack", *world["charlie"], stdin=packed)
    assert out["message"]["id"] == SIMPLE["id"] and out["metadata"]["authenticated"]
    assert out["metadata"]["re_wrapped_in_forward"] is False


def test_didcomm_what_a_mediator_rewrapped_is_taken_out(world):
    message = json.dumps(dict(SIMPLE, to=["did:example:charlie"]))
    packed = raw("didcomm", "pack", "--to", "did:example:charlie", "--no-forward", *world["alice"], stdin=message)
    for times in (1, 2, 3):
        forward = {"id": "f%d" % times, "type": "https://didcomm.org/routing/2.0/forward", "body": {"next": "did:example:charlie"},
                   "attachments": [{"data": {"json": json.loads(packed)}}]}
        packed = raw("didcomm", "pack", "--to", "did:example:charlie", "--no-forward", *world["mediator1"], stdin=json.dumps(forward))
        if times == 3:
            fails("E_ROUTE", "didcomm", "unpack", *world["charlie"], stdin=packed)
            break
        out = ok("didcomm", "unpack", *world["charlie"], stdin=packed)
        assert out["message"]["id"] == SIMPLE["id"] and out["metadata"]["re_wrapped_in_forward"] is True


def test_didcomm_time_is_judged_with_now_only(world):
    packed = raw("didcomm", "pack", "--to", "did:example:bob", "--no-forward", *world["alice"], stdin=json.dumps(SIMPLE))
    early = ok("didcomm", "unpack", *world["bob"], "--now", "2018-01-19T00:00:00Z", stdin=packed)
    assert early["metadata"]["expired"] is False
    late, _ = fails("E_EXPIRED", "didcomm", "unpack", *world["bob"], "--now", NOW, stdin=packed)
    assert late["metadata"]["expired"] is True
    fails("E_USAGE", "didcomm", "unpack", *world["bob"], "--now", "now", stdin=packed)


@pytest.mark.parametrize("code, options, message", [
    ("E_ADDR", ["--from", "did:example:alice", "--to", "did:example:bob"], {"from": "did:example:charlie"}),
    ("E_ADDR", ["--to", "did:example:bob"], {"to": ["did:example:charlie"]}),
    ("E_USAGE", ["--mode", "signed"], {}), ("E_USAGE", ["--mode", "authcrypt", "--to", "did:example:bob"], {}),
    ("E_USAGE", [], {}), ("E_USAGE", ["--mode", "nonsense"], {}), ("E_USAGE", ["--enc", "A128GCM", "--to", "did:example:bob"], {}),
    ("E_USAGE", ["--mode", "plaintext", "--enc", "XC20P"], {}),
    ("E_USAGE", ["--to", "did:example:bob", "--protect-sender"], {}),
    ("E_ALG", ["--from", "did:example:alice", "--to", "did:example:bob", "--enc", "XC20P"], {}),
    ("E_TYPE", ["--to", "did:example:bob"], {"created_time": 1.5}),
    ("E_TYPE", ["--to", "did:example:bob"], {"expires_time": 0}),
    ("E_RESOLVE", ["--to", "did:example:nobody"], {"to": ["did:example:nobody"]}),
    ("E_KEY", ["--from", "did:example:charlie", "--to", "did:example:bob"], {"from": "did:example:charlie"}),
])
def test_didcomm_pack_refusals(world, code, options, message):
    out, _ = fails(code, "didcomm", "pack", *options, *world["alice"], stdin=json.dumps(dict(SIMPLE, **message)))
    assert out is None


def test_didcomm_unpack_refusals(world, files):
    packed = ok("didcomm", "pack", "--from", "did:example:alice", "--to", "did:example:bob", "--no-forward", *world["alice"],
                stdin=json.dumps(SIMPLE))
    fails("E_DECRYPT", "didcomm", "unpack", *world["charlie"], stdin=json.dumps(packed))
    flipped = dict(packed, tag=("A" if packed["tag"][0] != "A" else "B") + packed["tag"][1:])
    fails("E_DECRYPT", "didcomm", "unpack", *world["bob"], stdin=json.dumps(flipped))
    fails("E_JSON", "didcomm", "unpack", *world["bob"], stdin=json.dumps(packed)[:-1])
    fails("E_SIZE", "didcomm", "unpack", *world["bob"], stdin=b" " * ((1 << 20) + 1))
    fails("E_TYPE", "didcomm", "unpack", "--secrets", files({}), stdin=json.dumps(packed))
    fails("E_USAGE", "didcomm", "unpack", "--secrets", "/nonexistent", stdin=json.dumps(packed))


def test_didcomm_with_stored_keys_and_peer_dids(store, files, jwk):
    uri, *pw = store
    for kind in ("ed25519", "x25519"):
        ok("key", "generate", "--type", kind, "--key-uri", uri + "#" + kind, *pw)
    public = {k: files(ok("key", "show", "--key-uri", uri + "#" + k, *pw)["publicJwk"]) for k in ("ed25519", "x25519")}
    did = ok("did", "create", "peer", "--numalgo", "2", "--agreement", public["x25519"],
             "--verification", public["ed25519"])["did"]
    doc = ok("did", "resolve", did)["didDocument"]
    kid = doc["keyAgreement"][0]
    kid = kid if kid.startswith("did:") else did + kid
    secrets = files([{"id": kid, "keyUri": uri + "#x25519"}])
    message = json.dumps({"id": "1", "type": "https://example.com/p/1.0/m", "body": {}})
    packed = raw("didcomm", "pack", "--from", did, "--to", did, "--secrets", secrets, *pw, stdin=message)
    out = ok("didcomm", "unpack", "--secrets", secrets, *pw, stdin=packed)
    assert out["metadata"]["encrypted_from_kid"] == kid and out["message"]["from"] == did


# ---- did resolve with a daemon's adapters ----

@pytest.fixture
def adapters(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "docs").mkdir(mode=0o755)
    (tmp_path / "docs/a.json").write_text('{"id":"did:web:a.test"}')

    def write(path):
        conf = tmp_path / "berth.conf"
        conf.write_text("[adapter files]\npath = %s\ndir = %s/docs\n" % (path, tmp_path))
        return conf
    return write


def test_did_resolve_asks_the_adapters_of_a_configuration(adapters):
    conf = adapters(BUILD.resolve() / "lib/berth/registry/static.so")
    assert ok("did", "resolve", "did:web:a.test", "--config", conf)["didDocument"] == {"id": "did:web:a.test"}
    assert ok("did", "resolve", "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "--config", conf)
    out, _ = fails("E_RESOLVE", "did", "resolve", "did:web:b.test", "--config", conf)
    assert out["didResolutionMetadata"]["error"] == "notFound"
    out, _ = fails("E_RESOLVE", "did", "resolve", "did:web:a.test", "--config", conf, "--offline")    # no daemon
    assert out["didResolutionMetadata"]["error"] == "internalError"
    out, _ = fails("E_DID", "did", "resolve", "did:peer:9", "--config", conf, "--offline")
    assert out["didResolutionMetadata"]["error"] == "invalidDid"
    out, line = fails("E_DID", "did", "resolve", "did:web:a.test", "--offline")
    assert out["didResolutionMetadata"]["error"] == "methodNotSupported"
    assert "--offline needs --config or --socket" in line
    assert ok("did", "resolve", "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "--offline")
    assert ok("did", "resolve", "did:web:a.test", "--offline", "--did-docs", conf.parent / "docs")


def test_c154_did_resolve_with_a_bad_adapter_or_configuration(adapters):
    for path in ("/nonexistent/x.so", BUILD.resolve() / "bin/berth"):
        assert fails("E_PLUGIN", "did", "resolve", "did:web:a.test", "--config", adapters(path))[0] is None
    conf = adapters("relative.so")
    fails("E_CONFIG", "did", "resolve", "did:web:a.test", "--config", conf)
    conf.chmod(0o666)
    fails("E_CONFIG", "did", "resolve", "did:web:a.test", "--config", conf)
    fails("E_CONFIG", "did", "resolve", "did:web:a.test", "--config", "/nonexistent")
