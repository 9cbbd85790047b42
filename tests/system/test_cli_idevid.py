# SPDX-License-Identifier: Apache-2.0
"""`berth key bind-idevid` and `verify-idevid`, with certificates that openssl issues at
test time.  Everything a binding says is left out or changed once, under signatures
that are good: `berth jws sign` makes them."""
import base64
import hashlib
import json

import pytest

from ca import Ca, openssl
from cli import fails, ok, raw, token
from test_cli_tpm import tpm    # noqa: F401, a fixture
from test_pkcs11 import hsm     # noqa: F401, a fixture

NOW = ("--now", "2026-11-28T12:00:00Z")
SUBJECT = "/O=Maker/CN=gw1/serialNumber=SN-4711"


def b64(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der(pem):
    return openssl("x509", "-outform", "DER", stdin=pem)


class World:
    """A maker's CA, a device with its two keys, and a binding of them."""

    def __init__(self, folder, device, did_key, where=(), kind="p256", did_kind="ed25519"):
        self.folder, self.where = folder, where
        self.root = Ca(folder, "root")
        self.device, self.did_key = ("--key-uri", device, *where), ("--key-uri", did_key, *where)
        ok("key", "generate", "--type", kind, *self.device)
        did = ok("key", "generate", "--type", did_kind, *self.did_key)
        self.did = did["did"]
        self.kid = "%s#%s" % (self.did, did["multikey"])
        self.cert = self.issue()
        self.args = ("--key-uri", device, "--did-key-uri", did_key, "--kid", self.kid, *where)
        self.verify = ("key", "verify-idevid", "--roots", self.root.pem, *NOW)

    def csr(self, subject=SUBJECT):
        return raw("key", "csr", *self.device, "--subject", subject)

    def issue(self, subject=SUBJECT, **kw):
        return self.root.sign(self.csr(subject), **kw)

    def file(self, content, name="cert.pem"):
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def bind(self, cert=None):
        return token("key", "bind-idevid", "--cert", self.file(cert or self.cert), *self.args)

    # by hand
    def inner(self, key=None, typ="berth-idevid-key+jwt", **change):
        o = {"v": 1, "did": self.did, "certHash": b64(hashlib.sha256(der(self.cert)).digest())}
        o.update(change)
        return self.sign(key or self.device, typ, {k: v for k, v in o.items() if v is not None})

    def outer(self, inner=None, cert=None, typ="berth-idevid+jwt", kid=None, key=None, **change):
        d = der(cert or self.cert)
        number = openssl("x509", "-noout", "-serial", stdin=cert or self.cert).decode().strip()
        o = {"v": 1, "iss": self.did, "certHash": b64(hashlib.sha256(d).digest()),
             "serial": number.removeprefix("serial=").lower(), "deviceSerial": "SN-4711", "certs": [b64(d)],
             "idevid": inner or self.inner(certHash=b64(hashlib.sha256(d).digest()))}
        o.update(change)
        return self.sign(key or self.did_key, typ, {k: v for k, v in o.items() if v is not None}, "--kid", kid or self.kid)

    def sign(self, key, typ, payload, *more):
        return token("jws", "sign", *key, *(["--typ", typ] if typ else []), *more, stdin=json.dumps(payload))


@pytest.fixture(scope="module")
def w(tmp_path_factory):
    folder = tmp_path_factory.mktemp("idevid")
    pw = folder / "pw"
    pw.write_text("a" * 64)
    pw.chmod(0o600)
    store = "soft:%s/keys#" % folder
    return World(folder, store + "idevid", store + "did", ("--passphrase-file", pw))


def test_bind_and_verify(w):
    binding = w.bind()
    said = ok(*w.verify, stdin=binding)
    assert said == {"verified": True, "did": w.did, "kid": w.kid, "deviceSerial": "SN-4711",
                    "certSha256": hashlib.sha256(der(w.cert)).hexdigest(),
                    "serial": "4fa1b2c3d4e5f60718293a4b5c6d7e8f901a2b3c"}
    header, payload, _ = binding.split(".")
    assert json.loads(unb64(header)) == {"alg": "EdDSA", "kid": w.kid, "typ": "berth-idevid+jwt"}
    inner = json.loads(unb64(payload))["idevid"].split(".")
    assert json.loads(unb64(inner[0])) == {"alg": "ES256", "typ": "berth-idevid-key+jwt"}
    assert unb64(payload) == json.dumps(json.loads(unb64(payload)), sort_keys=True, separators=(",", ":")).encode()
    ok(*w.verify, stdin=w.outer())      # what the tests below change is good as it is
    # openssl takes the certificate, too, and it never ends
    assert openssl("verify", "-CAfile", w.root.pem, "-x509_strict", w.file(w.cert)).endswith(b": OK\n")
    ok("key", "verify-idevid", "--roots", w.root.pem, "--now", "2999-01-01T00:00:00Z", stdin=binding)


def test_keys_in_a_tpm(tmp_path, tpm):     # noqa: F811
    t = World(tmp_path, "tpm2:idevid" + tpm, "tpm2:did" + tpm, did_kind="p384")
    assert ok(*t.verify, stdin=t.bind())["did"] == t.did


@pytest.mark.parametrize("kind, did_kind", [("p256", "ed25519"), ("p384", "p256")])
def test_keys_in_a_token(tmp_path, hsm, kind, did_kind):     # noqa: F811
    t = World(tmp_path, hsm.uri("idevid-" + kind), hsm.uri("did-" + kind), kind=kind, did_kind=did_kind)
    assert ok(*t.verify, stdin=t.bind())["did"] == t.did
    fails("E_KEYSTORE", "key", "bind-idevid", "--cert", t.file(t.cert), "--key-uri", hsm.uri("none"), *t.args[2:])


@pytest.mark.parametrize("kind", ["p384", "p521", "ed25519"])
def test_other_types_of_key(tmp_path, w, kind):
    store = "soft:%s/keys#" % tmp_path
    t = World(tmp_path, store + "idevid", store + "did", w.where, kind, "secp256k1")
    assert ok(*t.verify, stdin=t.bind())["deviceSerial"] == "SN-4711"


def test_a_ca_in_between(w, tmp_path):
    between = Ca(tmp_path, "between", w.root)
    cert = between.sign(w.csr())
    assert ok(*w.verify, stdin=w.bind(cert + between.pem.read_bytes()))["verified"] is True
    fails("E_SIG", *w.verify, stdin=w.bind(cert))
    # the one in between may also be what is trusted
    ok("key", "verify-idevid", "--roots", between.pem, *NOW, stdin=w.bind(cert))
    # DER has room for the device's own only
    assert ok("key", "verify-idevid", "--roots", between.pem, *NOW, stdin=w.bind(der(cert)))["verified"] is True
    six = (cert + between.pem.read_bytes()) * 3
    fails("E_SIZE", "key", "bind-idevid", "--cert", w.file(six), *w.args)


def test_binding_refuses_a_certificate_of_another_key(w, tmp_path):
    store = "soft:%s/keys#" % tmp_path
    other = World(tmp_path, store + "idevid", store + "did", w.where)
    fails("E_KEY", "key", "bind-idevid", "--cert", w.file(other.cert), *w.args)
    for kind in ("encipherment", "no_usage", "ca_device"):
        fails("E_KEY", "key", "bind-idevid", "--cert", w.file(w.issue(kind=kind)), *w.args)
    fails("E_KEY", "key", "bind-idevid", "--cert", w.file(w.issue("/CN=gw1")), *w.args)
    fails("E_TYPE", "key", "bind-idevid", "--cert", w.file(b"nothing"), *w.args)
    fails("E_ENV", "key", "bind-idevid", "--cert", w.file(w.cert), *w.args[:-4], "--kid", w.did, *w.where)
    fails("E_USAGE", "key", "bind-idevid", "--cert", w.file(w.cert), *w.args[:4])
    fails("E_KEYSTORE", "key", "bind-idevid", "--cert", w.file(w.cert), "--key-uri", "soft:%s/keys#none" % w.folder, *w.args[2:])


def test_an_rsa_certificate_is_e_key(w):
    csr = openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", w.folder / "rsa.key", "-subj", SUBJECT,
                  "-config", "/etc/ssl/openssl.cnf")
    cert = w.root.sign(csr)
    fails("E_KEY", "key", "bind-idevid", "--cert", w.file(cert), *w.args)
    fails("E_KEY", *w.verify, stdin=w.outer(cert=cert))


def test_explicit_curve_parameters_are_e_key(w):
    csr = openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit",
                  "-nodes", "-keyout", w.folder / "x.key", "-subj", SUBJECT, "-config", "/etc/ssl/openssl.cnf")
    fails("E_KEY", *w.verify, stdin=w.outer(cert=w.root.sign(csr)))


@pytest.mark.parametrize("change", [{"kind": "encipherment"}, {"kind": "no_usage"}, {"kind": "ca_device"},
                                    {"subject": "/CN=gw1"}])
def test_not_a_devices_certificate(w, change):
    fails("E_KEY", *w.verify, stdin=w.outer(cert=w.issue(**change)))


def test_validity(w):
    fails("E_EXPIRED", *w.verify, stdin=w.outer(cert=w.issue(end="20251231235959Z")))
    fails("E_EXPIRED", *w.verify, stdin=w.outer(cert=w.issue(start="20270101000000Z")))
    ok(*w.verify, stdin=w.outer(cert=w.issue(end="20270101000000Z")))
    fails("E_EXPIRED", "key", "verify-idevid", "--roots", w.root.pem, "--now", "2019-01-01T00:00:00Z", stdin=w.outer())


def test_roots(w, tmp_path):
    other = Ca(tmp_path, "root")     # of the same name
    fails("E_SIG", "key", "verify-idevid", "--roots", other.pem, *NOW, stdin=w.outer())
    both = w.file(other.pem.read_bytes() + w.root.pem.read_bytes(), "both.pem")
    ok("key", "verify-idevid", "--roots", both, *NOW, stdin=w.outer())
    fails("E_KEY", "key", "verify-idevid", "--roots", w.file(b"", "none.pem"), *NOW, stdin=w.outer())
    fails("E_USAGE", "key", "verify-idevid", stdin=w.outer())


@pytest.mark.parametrize("code, change", [
    ("E_TYPE", {"v": 2}), ("E_TYPE", {"v": None}), ("E_TYPE", {"iss": None}), ("E_TYPE", {"certHash": None}),
    ("E_TYPE", {"serial": None}), ("E_TYPE", {"deviceSerial": None}), ("E_TYPE", {"certs": None}), ("E_TYPE", {"certs": []}),
    ("E_TYPE", {"certs": [1]}), ("E_TYPE", {"certs": ["AAAA"]}), ("E_B64", {"certs": ["A"]}), ("E_TYPE", {"certs": [""]}),
    ("E_TYPE", {"idevid": 1}), ("E_TYPE", {"more": 1}), ("E_ENV", {"idevid": "a.b"}),
    ("E_AUTHZ", {"iss": "did:example:other"}), ("E_AUTHZ", {"certHash": b64(b"\1" * 32)}), ("E_B64", {"certHash": "AAAA"}),
    ("E_AUTHZ", {"serial": "01"}), ("E_AUTHZ", {"deviceSerial": "SN-4712"}),
    ("E_ENV", {"typ": "JWT"}), ("E_ENV", {"typ": None}), ("E_ENV", {"typ": "berth-idevid-key+jwt"}),
    ("E_ENV", {"kid": "#key"}), ("E_SIZE", {"serial": "0" * 41}), ("E_SIZE", {"certs": ["A" * 11000]}),
])
def test_what_the_dids_key_says(w, code, change):
    fails(code, *w.verify, stdin=w.outer(**change))


@pytest.mark.parametrize("code, change", [
    ("E_TYPE", {"v": 2}), ("E_TYPE", {"did": None}), ("E_TYPE", {"certHash": None}), ("E_TYPE", {"more": 1}),
    ("E_AUTHZ", {"did": "did:example:other"}), ("E_AUTHZ", {"certHash": b64(b"\1" * 32)}),
    ("E_ENV", {"typ": "JWT"}), ("E_ENV", {"typ": "berth-idevid+jwt"}),
])
def test_what_the_certificates_key_says(w, code, change):
    fails(code, *w.verify, stdin=w.outer(w.inner(**change)))


def flip(jws):
    head, sig = jws.rsplit(".", 1)
    return head + "." + ("B" if sig[0] == "A" else "A") + sig[1:]


def test_both_signatures(w):
    fails("E_SIG", *w.verify, stdin=flip(w.outer()))
    fails("E_SIG", *w.verify, stdin=w.outer(flip(w.inner())))
    # the DID's key cannot speak for the certificate's, nor the other way round
    fails("E_ALG", *w.verify, stdin=w.outer(w.inner(key=w.did_key)))
    fails("E_ALG", *w.verify, stdin=w.outer(key=w.device))
    other = ("--key-uri", "soft:%s/keys#other" % w.folder, *w.where)
    ok("key", "generate", "--type", "p256", *other)
    fails("E_SIG", *w.verify, stdin=w.outer(w.inner(key=other)))


def test_the_key_is_one_of_the_dids(w, tmp_path):
    key = ok("key", "show", *w.did_key)
    did = "did:web:gw1.example"
    for rel, code in (("authentication", None), ("assertionMethod", None), ("capabilityInvocation", "E_KEY"), (None, "E_KEY")):
        kid = did + "#key-1"
        doc = {"id": did, "verificationMethod": [{"id": kid, "type": "Multikey", "controller": did,
                                                  "publicKeyMultibase": key["multikey"]}]}
        if rel:
            doc[rel] = [kid]
        folder = tmp_path / str(rel)
        folder.mkdir()
        (folder / "gw1.json").write_text(json.dumps(doc))
        binding = w.outer(w.inner(did=did), iss=did, kid=kid)
        if code:
            fails(code, *w.verify, "--did-docs", folder, stdin=binding)
        else:
            assert ok(*w.verify, "--did-docs", folder, stdin=binding)["did"] == did
    fails("E_DID", *w.verify, stdin=binding)
