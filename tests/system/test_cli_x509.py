# SPDX-License-Identifier: Apache-2.0
"""Keys of any custody and X.509: what `berth key csr` writes is judged by openssl."""
import subprocess

import pytest

from cli import PATIENCE_S, fails, ok, raw
from test_cli_tpm import tpm    # noqa: F401, a fixture
from test_pkcs11 import hsm     # noqa: F401, a fixture


@pytest.fixture(scope="module")
def pw(tmp_path_factory):
    path = tmp_path_factory.mktemp("pw") / "pw"
    path.write_text("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n")
    path.chmod(0o600)
    return path


def soft(folder, name):
    return "soft:%s/keys#%s" % (folder, name)


def openssl(*args, stdin=b""):
    return subprocess.run(["openssl", *map(str, args)], input=stdin, capture_output=True, timeout=PATIENCE_S)


def verified(pem, *text):
    """openssl takes the request, and finds each text in it."""
    r = openssl("req", "-verify", "-noout", "-text", "-nameopt", "utf8", stdin=pem)
    assert r.returncode == 0 and b"verify OK" in r.stderr, r.stderr
    for t in text:
        assert t in r.stdout.decode(), r.stdout.decode()


@pytest.mark.parametrize("kind, algorithm", [("p256", "ecdsa-with-SHA256"), ("p384", "ecdsa-with-SHA384"),
                                             ("p521", "ecdsa-with-SHA512"), ("ed25519", "ED25519"),
                                             ("secp256k1", "ecdsa-with-SHA256")])
def test_csr_of_a_sealed_key(tmp_path, pw, kind, algorithm):
    at = ("--key-uri", soft(tmp_path, "dev"), "--passphrase-file", pw)
    key = ok("key", "generate", "--type", kind, *at)
    pem = raw("key", "csr", *at, "--subject", "/CN=gw1/O=Müller", "--san", key["did"], "--san", "gw1.example")
    verified(pem, "Signature Algorithm: " + algorithm, "O=Müller", "URI:%s, DNS:gw1.example" % key["did"],
             "Digital Signature")
    der = raw("key", "csr", *at, "--subject", "/CN=gw1", "--der")
    assert openssl("req", "-inform", "DER", "-verify", "-noout", stdin=der).returncode == 0


@pytest.mark.parametrize("kind, algorithm", [("p256", "ecdsa-with-SHA256"), ("p384", "ecdsa-with-SHA384")])
def test_csr_of_a_key_in_a_tpm(tpm, kind, algorithm):
    uri = "tpm2:csr-%s%s" % (kind, tpm)
    key = ok("key", "generate", "--type", kind, "--key-uri", uri)
    verified(raw("key", "csr", "--key-uri", uri, "--subject", "/CN=gw1", "--san", key["did"]),
             "Signature Algorithm: " + algorithm, key["did"])


@pytest.mark.parametrize("kind, algorithm", [("p256", "ecdsa-with-SHA256"), ("p384", "ecdsa-with-SHA384"),
                                             ("p521", "ecdsa-with-SHA512"), ("ed25519", "ED25519"),
                                             ("secp256k1", "ecdsa-with-SHA256")])
def test_csr_of_a_key_in_a_token(hsm, kind, algorithm):     # noqa: F811
    at = ("--key-uri", hsm.uri("csr-" + kind))
    key = ok("key", "generate", "--type", kind, *at)
    verified(raw("key", "csr", *at, "--subject", "/CN=gw1", "--san", key["did"]), "Signature Algorithm: " + algorithm,
             key["did"], "Digital Signature")
    ok("key", "generate", "--type", "p256", "--use", "agree", "--key-uri", hsm.uri("agree-" + kind))
    fails("E_KEY", "key", "csr", "--key-uri", hsm.uri("agree-" + kind), "--subject", "/CN=gw1")


def test_csr_refusals(tmp_path, pw):
    at = ("--key-uri", soft(tmp_path, "dev"), "--passphrase-file", pw)
    ok("key", "generate", "--type", "p256", *at)
    verified(raw("key", "csr", *at, "--subject", "/CN=a"))
    fails("E_USAGE", "key", "csr", *at)
    fails("E_USAGE", "key", "csr", "--subject", "/CN=a")
    fails("E_TYPE", "key", "csr", *at, "--subject", "CN=a")
    fails("E_TYPE", "key", "csr", *at, "--subject", "/CN=a", "--san", "a b")
    fails("E_KEYSTORE", "key", "csr", "--key-uri", soft(tmp_path, "none"), "--passphrase-file", pw, "--subject", "/CN=a")
    agree = ("--key-uri", soft(tmp_path, "agree"), "--passphrase-file", pw)
    ok("key", "generate", "--type", "p256", "--use", "agree", *agree)
    fails("E_KEY", "key", "csr", *agree, "--subject", "/CN=a")
