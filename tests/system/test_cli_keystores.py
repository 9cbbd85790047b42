# SPDX-License-Identifier: Apache-2.0
"""What `berth key list --capabilities` says of a store, and that it is true."""
from cli import ROOT, fails, ok, raw
from test_cli_tpm import tpm    # noqa: F401, a fixture
from test_pkcs11 import hsm     # noqa: F401, a fixture

AGREE = ["ECDH-ES+A256KW", "ECDH-1PU+A256KW"]
TYPES = ("ed25519", "x25519", "p256", "p384", "p521", "secp256k1")


def makes(where, store, named):
    """The store's own word, held against an attempt at every type and use."""
    said = ok("key", "list", "--capabilities", "--key-uri", store, *where)
    can = {(c["type"], c["use"]): c["alg"] for c in said["capabilities"]}
    assert len(can) == len(said["capabilities"])
    for kind in TYPES:
        for use in ("sign", "agree", "attest"):
            args = ("key", "generate", "--type", kind, "--use", use, "--key-uri", named("%s-%s" % (kind, use)), *where)
            if (kind, use) in can:
                key = ok(*args)
                assert key["custody"] == said["custody"] and key["use"] == use
            else:
                fails("E_KEY", *args)
    assert len(ok("key", "list", "--key-uri", store, *where)) >= len(can)
    return said, can


def test_capabilities_of_a_sealed_file(tmp_path):
    pw = tmp_path / "pw"
    pw.write_text("a" * 64)
    pw.chmod(0o600)
    store = "soft:%s/keys" % tmp_path
    where = ("--passphrase-file", pw)
    ok("key", "generate", "--type", "p256", "--key-uri", store, *where)
    said, can = makes(where, store, lambda name: store + "#" + name)
    assert (said["custody"], said["attestable"], said["import"]) == ("sealed", False, True)
    assert can[("ed25519", "sign")] == ["EdDSA"] and can[("secp256k1", "sign")] == ["ES256K"]
    assert can[("p521", "sign")] == ["ES512"] and can[("x25519", "agree")] == AGREE
    assert not [use for _, use in can if use == "attest"] and len(can) == 10


def test_capabilities_of_a_tpm(tpm):
    ok("key", "generate", "--type", "p256", "--key-uri", "tpm2:first" + tpm)
    said, can = makes((), "tpm2:" + tpm, lambda name: "tpm2:" + name + tpm)
    assert (said["custody"], said["attestable"], said["import"]) == ("hardware", True, False)
    assert can == {("p256", "sign"): ["ES256"], ("p256", "agree"): AGREE, ("p384", "sign"): ["ES384"],
                   ("p384", "agree"): AGREE, ("p256", "attest"): ["TPM2_Certify", "TPM2_Quote"]}


def test_capabilities_of_a_token(hsm):     # noqa: F811
    ok("key", "generate", "--type", "p256", "--key-uri", hsm.uri("first"))
    said, can = makes((), hsm.uri(), hsm.uri)
    assert (said["custody"], said["attestable"], said["import"]) == ("hardware", False, False)
    assert can == {("ed25519", "sign"): ["EdDSA"], ("p256", "sign"): ["ES256"], ("p384", "sign"): ["ES384"],
                   ("p521", "sign"): ["ES512"], ("secp256k1", "sign"): ["ES256K"],
                   **{(kind, "agree"): AGREE for kind in ("x25519", "p256", "p384", "p521", "secp256k1")}}


def test_capabilities_as_a_table(tpm):
    ok("key", "generate", "--type", "p256", "--key-uri", "tpm2:second" + tpm)
    table = raw("key", "list", "--capabilities", "--pretty", "--key-uri", "tpm2:" + tpm).decode().splitlines()
    assert table[0].split() == ["TYPE", "USE", "CUSTODY", "ATTESTABLE", "ALGORITHMS"]
    assert table[1].split() == ["p256", "sign", "hardware", "yes", "ES256"] and len(table) == 6
    assert "\n".join(table) in (ROOT / "docs/keystores.md").read_text()
