# SPDX-License-Identifier: Apache-2.0
"""Bad input of SECURITY-CASES groups A, C, D and E through the command line: the exact
code and exit status, and each time the input with the defect removed."""
import base64
import json

import pytest

from cli import VECTORS, fails, ok, raw, token

RUST = VECTORS / "didcomm-rust"
SIMPLE = json.loads((RUST / "plaintext.json").read_text())[0]["message"]
N_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else data.encode()).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- A: JSON ----

@pytest.mark.parametrize("good, bad", [
    ('{"a":1,"b":2}', '{"a":1,"\\u0061":2}'),           # C001
    ('"\\u0001"', '"\\u0000"'), (b"{}", b"{}\0"),       # C004, C005
    ('"\\ud83d\\ude00"', '"\\ud800"'), ('"\\n"', '"\\x"'), (b'"a"', b'"\x01"'), (b'"a"', b'"\n"'),    # C007
    (b"[1,\t2]", b"[1,\x0b2]"), (b"{}", b"\xef\xbb\xbf{}"), ('"\u00ff"', b'"\xff"'),
    ("[0.5]", "[.5]"), ("[1]", "[01]"), ("[1.0]", "[1.]"), ("[1]", "[+1]"), ("[null]", "[NaN]"),      # C008
    ("[1]", "[0x1]"), ("[1e40]", "[1e400]"),
    ("{}", "{} {}"), ("{}", "{}x"), ("{}", "{"),                                                      # C012
    ("9007199254740992", "9007199254740993"),                                                         # C014
])
def test_a_json(good, bad):
    raw("jcs", stdin=good)
    assert fails("E_JSON", "jcs", stdin=bad)[0] is None


def test_c011_too_many_members_or_values():
    def members(n):
        return "{" + ",".join('"k%d":0' % i for i in range(n)) + "}"
    raw("jcs", stdin=members(1024))
    fails("E_JSON", "jcs", stdin=members(1025))
    raw("jcs", stdin="[" + "0," * 65534 + "0]")
    fails("E_JSON", "jcs", stdin="[" + "0," * 65535 + "0]")


# ---- C: JWS ----

@pytest.fixture(scope="module")
def jws(tmp_path_factory):
    key = ok("key", "generate", "--type", "p256")
    path = tmp_path_factory.mktemp("jws") / "p256.jwk"
    path.write_text(json.dumps(key["privateJwk"]))
    t = token("jws", "sign", "--jwk", path, stdin="{}")
    ok("jws", "verify", "--jwk", path, stdin=t)     # the twin of everything below
    return key, path, t.split(".")


@pytest.mark.parametrize("code, header", [
    ("E_ALG", {"alg": "EdDSA"}), ("E_ALG", {"alg": "ES256K"}), ("E_ALG", {"alg": "none"}), ("E_ALG", {"alg": "HS256"}),   # C022
    ("E_KEY", {"alg": "ES256", "jwk": {}}), ("E_KEY", {"alg": "ES256", "jku": "https://x.test"}),       # C023
    ("E_KEY", {"alg": "ES256", "x5c": []}), ("E_KEY", {"alg": "ES256", "x5u": "https://x.test"}),
    ("E_ENV", {"alg": "ES256", "crit": ["x"], "x": 1}), ("E_ENV", {"alg": "ES256", "crit": []}),        # C025
    ("E_ENV", {"alg": "ES256", "crit": ["alg"]}), ("E_ENV", {"alg": "ES256", "b64": False}),
    ("E_ENV", {}), ("E_ENV", {"alg": 1}), ("E_ENV", []), ("E_SIG", {"alg": "ES256", "x": 1}),
])
def test_c_headers(jws, code, header):
    _, path, (_, payload, sig) = jws
    assert fails(code, "jws", "verify", "--jwk", path, stdin=".".join((b64(json.dumps(header)), payload, sig)))[0] is None


def test_c027_signatures_that_are_no_two_scalars(jws):
    _, path, (head, payload, sig) = jws
    good = unb64(sig)
    r, s = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")

    def rs(a, b):
        return a.to_bytes(32, "big") + b.to_bytes(32, "big")
    der = b"\x30\x44\x02\x20" + good[:32] + b"\x02\x20" + good[32:]
    top = (1 << 256) - 1
    for bad in (rs(0, s), rs(r, 0), rs(0, 0), rs(N_P256, s), rs(r, N_P256), rs(top, s), rs(r, top), good[:63], good + b"\0", der, b""):
        fails("E_SIG", "jws", "verify", "--jwk", path, stdin=".".join((head, payload, b64(bad))))
    assert s <= N_P256 // 2                          # C028: we emit low S and take either
    ok("jws", "verify", "--jwk", path, stdin=".".join((head, payload, b64(rs(r, N_P256 - s)))))


def test_c017_encodings_are_canonical(jws):
    _, path, (head, payload, sig) = jws
    for bad in (sig + "=", sig[:10] + "\n" + sig[10:], "+" + sig[1:], "/" + sig[1:], sig + "AAA"):
        fails("E_B64", "jws", "verify", "--jwk", path, stdin=".".join((head, payload, bad)))


def test_c024a_kids(jws):
    key, path, _ = jws
    kid = "%s#%s" % (key["did"], key["multikey"])
    ok("jws", "verify", stdin=token("jws", "sign", "--jwk", path, "--kid", kid, stdin="{}"))
    for bad in (key["did"], "#" + key["multikey"], key["multikey"], key["did"] + "#"):
        fails("E_ENV", "jws", "verify", stdin=token("jws", "sign", "--jwk", path, "--kid", bad, stdin="{}"))
    fails("E_KEY", "jws", "verify", stdin=token("jws", "sign", "--jwk", path, "--kid", kid + "x", stdin="{}"))


# ---- D, E: DIDComm ----

@pytest.fixture(scope="module")
def people(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    out = {}
    for name in ("alice", "bob"):
        keys = json.loads((RUST / "secrets" / (name + ".json")).read_text())
        path = folder / name
        path.write_text(json.dumps([{"id": k["kid"], "type": k["type"], "privateKeyJwk": k["privateKeyJwk"]} for k in keys]))
        path.chmod(0o600)
        out[name] = ("--secrets", path, "--did-docs", RUST / "diddocs")
    return out


@pytest.fixture(scope="module")
def authcrypt(people):
    m = ok("didcomm", "pack", "--no-forward", "--from", "did:example:alice", "--to", "did:example:bob", *people["alice"],
           stdin=json.dumps(SIMPLE))
    ok("didcomm", "unpack", *people["bob"], stdin=json.dumps(m))
    return m


def header(m, **change):
    h = json.loads(unb64(m["protected"]))
    for k, v in change.items():
        h.pop(k, None)
        if v is not None:
            h[k] = v
    return dict(m, protected=b64(json.dumps(h)))


def kid(m, kid_):
    return [dict(r, header={"kid": kid_}) for r in m["recipients"]]


MALLORY = {"encrypted_key": "AAAA", "header": {"kid": "did:example:mallory#k"}}


@pytest.mark.parametrize("code, change", [
    ("E_ENV", lambda m: header(m, apv=None)), ("E_ENV", lambda m: header(m, apv=b64(b"x" * 32))),       # C040
    ("E_ENV", lambda m: header(m, apu=b64("did:example:alice#other"))), ("E_ENV", lambda m: header(m, skid=None, apu=None)),
    ("E_ENV", lambda m: dict(m, recipients=[])),                                                      # C043
    ("E_SIZE", lambda m: dict(m, recipients=m["recipients"] * 5000)),
    ("E_ENV", lambda m: dict(m, recipients=m["recipients"] * 2)),
    ("E_ENV", lambda m: dict(m, recipients=m["recipients"] + [MALLORY])),
    ("E_ENV", lambda m: dict(m, recipients=kid(m, "#key-1"))),                                        # C024c
    ("E_ALG", lambda m: header(m, enc="A256GCM")), ("E_ALG", lambda m: header(m, enc="XC20P")),         # C037
    ("E_ALG", lambda m: header(m, alg="dir")), ("E_ALG", lambda m: header(m, alg="RSA1_5")),            # C038
    ("E_ALG", lambda m: header(m, alg="A256KW")),
    ("E_ALG", lambda m: header(m, alg="PBES2-HS512+A256KW", p2c=2 ** 31 - 1, p2s="AAAA")),
    ("E_ALG", lambda m: header(m, zip="DEF")),                                                        # C039
    ("E_ENV", lambda m: header(m, crit=["x"])),
    ("E_KEY", lambda m: header(m, epk=ok("key", "generate", "--type", "p256")["publicJwk"])),           # C036
    ("E_DECRYPT", lambda m: header(m, epk={"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))})),
    ("E_DECRYPT", lambda m: dict(m, tag="")), ("E_DECRYPT", lambda m: dict(m, tag=b64(unb64(m["tag"])[:16]))),      # C045
    ("E_DECRYPT", lambda m: dict(m, iv=b64(b"x" * 12))), ("E_DECRYPT", lambda m: dict(m, ciphertext="")),
    ("E_DECRYPT", lambda m: dict(m, ciphertext=b64(b"x" * 15))),
    ("E_DECRYPT", lambda m: dict(m, recipients=[dict(r, encrypted_key=b64(b"x" * 72)) for r in m["recipients"]])),
    ("E_ENV", lambda m: dict(m, unprotected={"alg": "dir"})), ("E_ENV", lambda m: dict(m, aad="AAAA")),
])
def test_d_envelopes(people, authcrypt, code, change):
    out, _ = fails(code, "didcomm", "unpack", *people["bob"], stdin=json.dumps(change(authcrypt)))
    assert out is None


def test_c026_signatures(people):
    m = ok("didcomm", "pack", "--mode", "signed", "--sign-by", "did:example:alice#key-1", *people["alice"],
           stdin=json.dumps(SIMPLE))
    unpack = ("didcomm", "unpack", *people["bob"])
    ok(*unpack, stdin=json.dumps(m))
    sig = m["signatures"][0]
    fails("E_ENV", *unpack, stdin=json.dumps(dict(m, signatures=[])))
    fails("E_ENV", *unpack, stdin=json.dumps(dict(m, signatures=[sig, sig])))
    fails("E_ENV", *unpack, stdin=json.dumps(dict(m, signature=sig["signature"])))
    fails("E_ENV", *unpack, stdin=json.dumps(dict(m, signatures=[sig, dict(sig, header={"kid": "did:example:bob#key-1"})])))
    other = dict(SIMPLE, **{"from": "did:example:bob"})
    fails("E_ADDR", *unpack, stdin=json.dumps(dict(m, payload=b64(json.dumps(other)))))    # C055
    fails("E_SIG", *unpack, stdin=json.dumps(dict(m, payload=b64(json.dumps(dict(SIMPLE, id="2"))))))


def test_c056_what_may_stand_in_what(people):
    def pack(message, *options):
        return raw("didcomm", "pack", "--no-forward", *options, *people["alice"], stdin=message)
    unpack = ("didcomm", "unpack", *people["bob"])
    for options in (("--from", "did:example:alice"), ()):
        packed = pack(json.dumps(SIMPLE), "--to", "did:example:bob", "--sign-by", "did:example:alice#key-1", *options)
        assert ok(*unpack, stdin=packed)["message"] == SIMPLE


@pytest.mark.parametrize("change", [
    {"created_time": 9007199254740993}, {"created_time": 1.5}, {"created_time": "17"}, {"created_time": -1},
    {"created_time": True}, {"expires_time": 1}, {"id": 1}, {"body": []},
])
def test_c009_headers_of_messages(people, change):
    unpack = ("didcomm", "unpack", *people["bob"])
    ok(*unpack, stdin=json.dumps(SIMPLE))
    fails("E_TYPE", *unpack, stdin=json.dumps(dict(SIMPLE, **change)))


def test_c072_expiry_is_judged_with_now(people):
    unpack = ("didcomm", "unpack", *people["bob"])
    m = json.dumps(dict(SIMPLE, created_time=1767225500, expires_time=1767225600))     # 2026-01-01T00:00:00Z
    assert ok(*unpack, stdin=m)["metadata"]["expired"] is None
    assert ok(*unpack, "--now", "2025-12-31T23:59:59Z", stdin=m)["metadata"]["expired"] is False
    fails("E_EXPIRED", *unpack, "--now", "2026-01-01T00:00:01Z", stdin=m)
    for times in ({"expires_time": 0}, {"created_time": 10, "expires_time": 9}):
        fails("E_TYPE", *unpack, stdin=json.dumps(dict(SIMPLE, **times)))
