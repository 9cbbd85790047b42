# SPDX-License-Identifier: Apache-2.0
"""examples/verify-attestation.sh, which is openssl and tpm2-tools alone, agrees with what
`berth key attest` says of keys in a swtpm, and with nothing else."""
import base64
import hashlib
import json
import os
import subprocess

import pytest

from agents import Tpm, World
from cli import PATIENCE_S, ROOT, ok
from test_cli_tpm import b64

SCRIPT = ROOT / "examples" / "verify-attestation.sh"
FACTS = 13


def enc(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def device(tmp_path_factory):
    d = tmp_path_factory.mktemp("evidence")
    t = Tpm(d / "tpm")
    (d / "keys").mkdir(mode=0o700)
    query = "?dir=%s&tcti=%s" % (d / "keys", t.tcti)
    ok("key", "generate", "--type", "p256", "--key-uri", "tpm2:device" + query)
    ok("key", "generate", "--type", "p384", "--key-uri", "tpm2:large" + query)
    ok("key", "generate", "--type", "p256", "--use", "agree", "--key-uri", "tpm2:agree" + query)
    yield query
    t.kill()


def attest(device, name="device"):
    nonce = os.urandom(32).hex()
    return ok("key", "attest", "--key-uri", "tpm2:" + name + device, "--nonce", nonce), nonce


def verify(tmp_path, evidence, nonce, roots=None, *out):
    """(status, facts that failed)"""
    f = tmp_path / "evidence.json"
    f.write_text(json.dumps(evidence))
    r = subprocess.run([str(SCRIPT), str(f), str(roots or Tpm.made / "roots.pem"), nonce, *map(str, out)],
                       capture_output=True, text=True, timeout=PATIENCE_S)
    lines = r.stdout.splitlines()
    assert len(lines) == FACTS + len(out) and all(line[:6] in ("ok    ", "FAIL  ") for line in lines), r.stdout + r.stderr
    return r.returncode, [line[6:] for line in lines if line.startswith("FAIL")]


@pytest.mark.parametrize("name", ["device", "large", "agree"])
def test_they_agree(device, tmp_path, name):
    e, nonce = attest(device, name)
    assert verify(tmp_path, e, nonce) == (0, [])
    status, failed = verify(tmp_path, e, nonce, None, tmp_path)
    assert (status, failed) == (0, []) and (tmp_path / "credential").stat().st_size > 300


def flipped(text, at=-1):
    b = bytearray(b64(text))
    b[at] ^= 1
    return enc(bytes(b))


def test_and_on_what_is_none(device, tmp_path):
    e, nonce = attest(device)
    other, _ = attest(device, "agree")

    def failed(roots=None, asked=nonce, **changed):
        status, facts = verify(tmp_path, {**e, **changed}, asked, roots)
        assert status == 1
        return facts

    subprocess.run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -days 30 "
                   "-keyout /dev/null -out %s 2>/dev/null" % (tmp_path / "other.pem"), shell=True, check=True)
    assert failed(tmp_path / "other.pem") == ["the endorsement certificate leads to a root"]
    assert failed(asked="00" * 32) == ["the nonce is the one that was asked with", "for this nonce",
                                       "the quote holds for this nonce"]
    assert failed(keyPublic=other["keyPublic"]) == ["of exactly this key"]
    assert failed(certify={**e["certify"], "signature": flipped(e["certify"]["signature"])}) == [
        "signed by the attestation key"]
    assert failed(quote={**e["quote"], "signature": flipped(e["quote"]["signature"])}) == [
        "the quote holds for this nonce"]
    assert failed(certify={**e["certify"], "attest": flipped(e["certify"]["attest"], 0)}) == [
        "the certification has the magic of a TPM", "signed by the attestation key"]
    assert failed(certify=e["quote"])[:2] == ["and is one", "of exactly this key"]
    assert failed(ekPublic=flipped(e["ekPublic"], -2)) == ["and is for the endorsement key shown"]
    # the key vouches for itself
    facts = failed(akPublic=e["keyPublic"])
    assert "the attestation key is restricted, signs, and never leaves its TPM" in facts
    assert "signed by the attestation key" in facts
    assert verify(tmp_path, e, nonce) == (0, [])


@pytest.mark.parametrize("roots", [False, True], ids=["maker's word", "own roots"])
def test_p3_ek_live_between_daemons(roots):
    """The owner's berthd challenges the device's TPM through two keyds."""
    Tpm.make()
    w = World(owner={"policy": {"ek-live": "required"}, "trust": {"ek-roots": Tpm.made / "roots.pem"} if roots else {}})
    try:
        gw = w.onboard(w.gateway("GW-LIVE", tpm=True))
        assert gw.status()["assurance"] == "hardware"
        assert 0 < gw.status()["onboarding"]["bytes"] < 65536
        gw.stop()   # the TPM takes one caller at a time
        subprocess.run(["tpm2_pcrread", "-T", gw.tpm.tcti, "sha256:0,1,2,3,4,5,6,7", "-o", str(w.dir / "values")],
                       check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
        want = hashlib.sha256((w.dir / "values").read_bytes()).digest()
        assert b64(w.owner.device("GW-LIVE")["pcrDigest"]) == want
        soft = w.onboard(w.gateway("GW-SOFT"))  # `accept` has the word about these
        assert soft.status()["assurance"] == "sealed" and "pcrDigest" not in w.owner.device("GW-SOFT")
    finally:
        w.close()
