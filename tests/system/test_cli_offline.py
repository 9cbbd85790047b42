# SPDX-License-Identifier: Apache-2.0
"""`berth` without a daemon: words, JSON, keys, DIDs and signatures, with results, codes and exit
statuses; credentials are in test_cli_vc.py, messages in test_cli_didcomm.py."""
import hashlib
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


def test_help_is_what_is_written_for_each_group():
    written = {p.stem: p.read_bytes() for p in (ROOT / "agent/cli/help").glob("*.txt")}
    assert set(written) == {group for group, _ in commands()}
    for group, text in written.items():
        assert raw(group, "--help") == text


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
