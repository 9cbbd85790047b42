# SPDX-License-Identifier: Apache-2.0
"""`berth key` and what signs with it on a TPM 2.0 (swtpm): the evidence is checked
with openssl and by hand, not with our own code."""
import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess

import pytest

from agents import listens, wait_for
from cli import PATIENCE_S, fails, ok, token
from test_cli_vc import NOW, RDF, credential


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture(scope="module")
def tpm(tmp_path_factory):
    """Query part of a tpm2: URI for a TPM and a folder that are both new."""
    d = tmp_path_factory.mktemp("tpm")
    (d / "state").mkdir()
    (d / "keys").mkdir(mode=0o700)
    sock = str(d / "s")
    p = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", "dir=%s" % (d / "state"), "--server",
                          "type=unixio,path=" + sock, "--ctrl", "type=unixio,path=" + sock + ".ctrl", "--flags",
                          "not-need-init,startup-clear"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: listens(sock) and listens(sock + ".ctrl"), "swtpm")
    yield "?dir=%s&tcti=swtpm:path=%s" % (d / "keys", sock)
    p.send_signal(signal.SIGKILL)
    p.wait()


@pytest.fixture(scope="module")
def key(tpm):
    return ok("key", "generate", "--type", "p256", "--key-uri", "tpm2:device" + tpm)


def test_generate_show_list(tpm, key):
    assert key["custody"] == "hardware" and key["use"] == "sign" and "privateJwk" not in key
    assert key["keyUri"].startswith("tpm2:device?")
    assert ok("key", "show", "--key-uri", "tpm2:device" + tpm) == key
    assert key in ok("key", "list", "--key-uri", "tpm2:" + tpm)
    fails("E_KEYSTORE", "key", "generate", "--type", "p256", "--key-uri", "tpm2:device" + tpm)
    fails("E_KEY", "key", "generate", "--type", "ed25519", "--key-uri", "tpm2:other" + tpm)
    fails("E_KEYSTORE", "key", "show", "--key-uri", "tpm2:none" + tpm)


def test_no_tpm_is_e_keystore(tmp_path):
    fails("E_KEYSTORE", "key", "list", "--key-uri", "tpm2:?dir=%s&tcti=swtpm:path=/nonexistent" % tmp_path)


def test_jws_and_credential(tpm, key, tmp_path):
    uri = ("--key-uri", "tpm2:device" + tpm)
    public = tmp_path / "public.jwk"
    public.write_text(json.dumps(key["publicJwk"]))
    t = token("jws", "sign", *uri, stdin='{"a":1}')
    assert ok("jws", "verify", "--jwk", public, stdin=t)["payload"] == {"a": 1}
    kid = "%s#%s" % (key["did"], key["multikey"])
    vc = token("vc", "issue", *uri, "--kid", kid, stdin=json.dumps(credential(key["did"])))
    assert ok("vc", "verify", "--now", NOW, stdin=vc)["verified"] is True
    di = ok("vc", "issue", "--format", "di", *uri, "--kid", kid, stdin=json.dumps(credential(key["did"])))
    rdf = ok("vc", "issue", "--format", "di", "--cryptosuite", "ecdsa-rdfc-2019", *uri, "--kid", kid,
             stdin=json.dumps(credential(key["did"], **RDF)))
    assert ok("vc", "verify", "--now", NOW, stdin=json.dumps(rdf))["verified"] is True
    assert di["proof"]["cryptosuite"] == "ecdsa-jcs-2019"
    assert ok("vc", "verify", "--now", NOW, stdin=json.dumps(di))["verified"] is True
    # the same key issues an SD-JWT, and presents it as the holder that it names
    claims = {"iss": key["did"], "sub": key["did"], "vct": "t", "a": 1, "b": 2}
    sd = tmp_path / "sd"
    sd.write_text(token("vc", "issue", "--format", "dc+sd-jwt", *uri, "--kid", kid, "--disclose", "/a", "--disclose", "/b",
                        stdin=json.dumps(claims)))
    vp = token("vp", "create", "--challenge", "c", "--domain", "d", *uri, "--kid", kid, "--disclose", "/a", sd)
    report = ok("vp", "verify", "--now", NOW, "--challenge", "c", "--domain", "d", stdin=vp)
    assert report["verified"] is True and report["credential"] == {k: v for k, v in claims.items() if k != "b"}


def der(tag, *parts):
    body = b"".join(parts)
    assert len(body) < 128
    return bytes([tag, len(body)]) + body


def integer(b):
    b = b.lstrip(b"\0") or b"\0"
    return der(2, (b"\0" if b[0] & 0x80 else b"") + b)


def openssl_verifies(folder, point, message, sig):
    spki = der(0x30, bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107"), der(3, b"\0\4" + point))
    for name, data in (("k.der", spki), ("m", message), ("s", der(0x30, integer(sig[:32]), integer(sig[32:])))):
        (folder / name).write_bytes(data)
    r = subprocess.run(["openssl", "dgst", "-sha256", "-verify", "k.der", "-keyform", "DER", "-signature", "s", "m"],
                       cwd=folder, capture_output=True, text=True)
    return r.stdout.strip() == "Verified OK"


def point_of(public_area):
    """The end of a TPMT_PUBLIC of an ECC key: two TPM2B of 32 bytes."""
    assert public_area[-68:-66] == public_area[-34:-32] == b"\0\x20"
    return public_area[-66:-34] + public_area[-32:]


def name_of(public_area):
    return b"\0\x0b" + hashlib.sha256(public_area).digest()


def test_attest(tpm, key, tmp_path):
    nonce = os.urandom(32)
    e = ok("key", "attest", "--key-uri", "tpm2:device" + tpm, "--nonce", nonce.hex())
    assert e["keyUri"] == key["keyUri"] and b64(e["nonce"]) == nonce
    ak, area = b64(e["akPublic"]), b64(e["keyPublic"])
    assert point_of(area) == b64(key["publicJwk"]["x"]) + b64(key["publicJwk"]["y"])
    for part, kind in (("certify", b"\x80\x17"), ("quote", b"\x80\x18")):
        attest, sig = b64(e[part]["attest"]), b64(e[part]["signature"])
        assert attest[:6] == b"\xffTCG" + kind
        assert b"\0\x20" + nonce in attest
        assert openssl_verifies(tmp_path, point_of(ak), attest, sig)
        assert not openssl_verifies(tmp_path, point_of(area), attest, sig)
    assert name_of(area) in b64(e["certify"]["attest"])
    again = ok("key", "attest", "--key-uri", "tpm2:device" + tpm)
    assert again["akPublic"] == e["akPublic"] and again["nonce"] != e["nonce"]
    assert "ekPublic" in e


def test_seal_pin(tpm, tmp_path):
    """tpm2-tools open what we sealed, given the authorisation of the blob's label; and
    nothing opens it without."""
    tcti = tpm.split("tcti=")[1]
    pin, blob = tmp_path / "pin", tmp_path / "pin.tpm"
    pin.write_text("123456\n")
    pin.chmod(0o600)
    ok("key", "seal-pin", "--in", pin, "--out", blob, "--tcti", tcti)
    assert blob.stat().st_mode & 0o777 == 0o600 and b"123456" not in blob.read_bytes()
    data = blob.read_bytes()
    assert data[:9] == b"BERTHBLB\x01"
    seed, handle, rest, parts = data[9:41], int.from_bytes(data[41:45], "big"), data[45:], []
    while rest:
        n = int.from_bytes(rest[:2], "big")
        parts.append(rest[:2 + n])
        rest = rest[2 + n:]
    _, pub, priv = parts
    auth = bytearray(hmac.digest(seed, b"pin/", "sha256"))
    auth[-1] |= 1
    (tmp_path / "pub").write_bytes(pub)
    (tmp_path / "priv").write_bytes(priv)

    def tool(*args):
        return subprocess.run([args[0], "-T", tcti, *map(str, args[1:])], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=PATIENCE_S)
    assert tool("tpm2_load", "-C", hex(handle), "-u", tmp_path / "pub", "-r", tmp_path / "priv", "-c",
                tmp_path / "ctx").returncode == 0
    assert tool("tpm2_unseal", "-c", tmp_path / "ctx").returncode != 0
    tool("tpm2_flushcontext", "-t")
    assert tool("tpm2_unseal", "-c", tmp_path / "ctx", "-p", "hex:" + auth.hex()).stdout == b"123456"
    tool("tpm2_flushcontext", "-t")

    pin.write_bytes(b"x" * 129)
    fails("E_SIZE", "key", "seal-pin", "--in", pin, "--out", blob, "--tcti", tcti)
    pin.chmod(0o644)
    fails("E_KEYSTORE", "key", "seal-pin", "--in", pin, "--out", blob, "--tcti", tcti)
    assert blob.read_bytes() == data
    fails("E_USAGE", "key", "seal-pin", "--in", pin)
