# SPDX-License-Identifier: Apache-2.0
"""C138: `berth key policy`, and a daemon whose keys are bound to PCRs through an update
of the firmware. What is signed is checked with hashlib and openssl, not with our code."""
import hashlib
import json
import subprocess

import pytest

from agents import Agent, Tpm
from cli import PATIENCE_S, fails, ok
from test_cli_tpm import b64, openssl_verifies


@pytest.fixture
def tpm(tmp_path):
    t = Tpm(tmp_path / "tpm")
    yield t
    t.kill()


@pytest.fixture
def policy_key(tmp_path):
    (tmp_path / "pw").write_text("ab" * 32)
    (tmp_path / "pw").chmod(0o600)
    args = ("--key-uri", "soft:%s#policy" % (tmp_path / "policy.key"), "--passphrase-file", tmp_path / "pw")
    ok("key", "generate", "--type", "p256", *args)
    return args


def tool(tpm, *args):
    subprocess.run([args[0], "-T", tpm.tcti, *map(str, args[1:])], check=True, timeout=PATIENCE_S, stdout=subprocess.DEVNULL)


def values(tpm, tmp_path, pcrs):
    out = tmp_path / "values"
    tool(tpm, "tpm2_pcrread", "sha256:" + pcrs, "-o", out)
    return out


def test_a_policy_is_what_it_says(tmp_path, policy_key):
    v = tmp_path / "values"
    v.write_bytes(bytes(range(96)))
    p = ok("key", "policy", "--pcrs", "0,2,7", "--bank", "sha256", "--values", v, *policy_key)
    assert p["pcrs"] == [0, 2, 7] and p["bank"] == "sha256"
    want = hashlib.sha256(bytes(32) + bytes.fromhex("0000017f" "00000001" "000b" "03" "850000")
                          + hashlib.sha256(v.read_bytes()).digest()).digest()
    assert b64(p["policy"]) == want
    point, sig = b64(p["key"]), b64(p["signature"])
    assert point[0] == 4
    assert openssl_verifies(tmp_path, point[1:], want + b"berth pcr policy", sig)
    assert not openssl_verifies(tmp_path, point[1:], want, sig)


def test_what_it_does_not_sign(tmp_path, policy_key):
    v = tmp_path / "values"
    v.write_bytes(bytes(95))
    fails("E_USAGE", "key", "policy", "--pcrs", "0,2,7", "--values", v, *policy_key)
    v.write_bytes(bytes(96))
    ok("key", "policy", "--pcrs", "0,2,7", "--values", v, *policy_key)
    fails("E_USAGE", "key", "policy", "--pcrs", "0,7,2", "--values", v, *policy_key)
    fails("E_USAGE", "key", "policy", "--pcrs", "0,2,24", "--values", v, *policy_key)
    fails("E_USAGE", "key", "policy", "--pcrs", "0,2,7", "--bank", "sha1", "--values", v, *policy_key)
    fails("E_USAGE", "key", "policy", "--pcrs", "0,2,7", *policy_key)
    fails("E_USAGE", "key", "policy", "--pcrs", "0,2,7", "--values", v)
    jwk = tmp_path / "ed.jwk"
    jwk.write_text(json.dumps(ok("key", "generate", "--type", "ed25519")["privateJwk"]))
    fails("E_KEY", "key", "policy", "--pcrs", "0,2,7", "--values", v, "--jwk", jwk)


def test_c138_a_daemon_survives_an_update_of_the_firmware(tmp_path, tpm, policy_key):
    a = Agent(tmp_path, "gw", "owner", tpm=tpm)
    a.set("keystore main", pcrs="7 16")
    policies = a.dir / "keys" / "policies"

    def approve():
        p = ok("key", "policy", "--pcrs", "7,16", "--values", values(tpm, tmp_path, "7,16"), *policy_key)
        with open(policies, "a") as f:
            f.write(json.dumps(p) + "\n")

    def update():
        tool(tpm, "tpm2_pcrextend", "16:sha256=" + "11" * 32)

    assert "policies" in a.refuses_to_start("E_KEYSTORE")
    approve()
    did = a.start().identity("owner")["did"]
    a.stop()
    update()
    kept = (a.dir / "keys" / "keys").read_bytes()
    assert "berth key policy" in a.refuses_to_start("E_KEYSTORE")
    assert (a.dir / "keys" / "keys").read_bytes() == kept
    approve()
    assert a.start().identity("owner")["did"] == did
    a.stop()
    # the option is not what holds it: without it the store stays bound
    a.set("keystore main", pcrs=None)
    a.start().stop()
    update()
    a.refuses_to_start("E_KEYSTORE")
    assert tpm.transient_handles() == []


def test_only_a_tpm_store_can_be_bound(tmp_path):
    a = Agent(tmp_path, "soft", "owner")
    a.set("keystore main", pcrs="7")
    a.refuses_to_start("E_KEYSTORE")
    a.set("keystore main", pcrs="24")
    assert "not the number of a PCR" in a.refuses_to_start("E_CONFIG")
    a.set("keystore main", pcrs=None)
    a.start().stop()
