# SPDX-License-Identifier: Apache-2.0
"""Keys in a PKCS #11 token (SoftHSM): `berth key` and what works with it, and a gateway
whose keystore is a token with a module that hangs, dies and lies (C143)."""
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from agents import BUILD, ApiError, alive, wait_for
from cli import PATIENCE_S, fails, ok, raw, run, token
from test_cli_tpm import openssl_verifies
from test_cli_vc import NOW, credential

SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
HOSTILE = BUILD / "tests/fakes/modules/hostile.so"
ITEMS = {"wifi": b"psk=correct horse battery staple"}


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Token:
    """A SoftHSM of one's own, found by SOFTHSM2_CONF."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        (self.dir / "tokens").mkdir(parents=True)
        self.conf, self.pin = self.dir / "softhsm2.conf", self.dir / "pin"
        self.conf.write_text(f"directories.tokendir = {self.dir}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.pin.write_text("1234\n")
        self.pin.chmod(0o600)
        self.env = {"SOFTHSM2_CONF": str(self.conf)}
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "gw", "--pin", "1234", "--so-pin",
                        "56785678"], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **self.env})

    def uri(self, name=None, module=SOFTHSM):
        obj = f";object={name}" if name else ""
        return f"pkcs11:token=gw{obj}?module-path={module}&pin-source=file:{self.pin}&x-dir={self.dir}/store"

    def tool(self, *args):
        r = subprocess.run(["pkcs11-tool", "--module", SOFTHSM, "--token-label", "gw", "--login", "--pin", "1234", *args],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
                           env={**os.environ, **self.env})
        return r.stdout

    def fault(self, word):
        pathlib.Path(f"{self.conf}.fault").write_text(word)

    def heal(self):
        pathlib.Path(f"{self.conf}.fault").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def hsm(tmp_path_factory):
    t = Token(tmp_path_factory.mktemp("hsm"))
    os.environ.update(t.env)
    yield t
    del os.environ["SOFTHSM2_CONF"]


@pytest.fixture(scope="module")
def key(hsm):
    return ok("key", "generate", "--type", "p256", "--key-uri", hsm.uri("device"))


def test_generate_show_list(hsm, key):
    assert key["custody"] == "hardware" and key["use"] == "sign" and "privateJwk" not in key
    assert re.fullmatch(r"pkcs11:token=gw;object=device\?module-path=\S+&pin-source=\S+&x-dir=\S+", key["keyUri"])
    assert ok("key", "show", "--key-uri", key["keyUri"]) == key
    assert key in ok("key", "list", "--key-uri", hsm.uri())
    fails("E_KEYSTORE", "key", "generate", "--type", "p256", "--key-uri", hsm.uri("device"))
    fails("E_KEYSTORE", "key", "show", "--key-uri", hsm.uri("none"))
    fails("E_KEY", "key", "attest", "--key-uri", hsm.uri("device"))


def test_pkcs11_tool_sees_a_key_that_cannot_be_taken_out(hsm, key):
    ours = [o for o in re.split(r"^(?=P\w+ Key Object)", hsm.tool("-O"), flags=re.M) if "label:      device\n" in o]
    private = next(o for o in ours if o.startswith("Private"))
    assert "Access:     sensitive, always sensitive, never extractable, local" in private
    assert re.search(r"Usage:\s+sign\n", private)
    public = next(o for o in ours if o.startswith("Public"))
    point = bytes.fromhex(re.search(r"EC_POINT:\s+([0-9a-f]+)", public).group(1))
    assert point == b"\x04\x41\x04" + b64(key["publicJwk"]["x"]) + b64(key["publicJwk"]["y"])


def test_jws_and_credential(hsm, key, tmp_path):
    public = tmp_path / "public.jwk"
    public.write_text(json.dumps(key["publicJwk"]))
    t = token("jws", "sign", "--key-uri", hsm.uri("device"), stdin='{"a":1}')
    assert ok("jws", "verify", "--jwk", public, stdin=t)["payload"] == {"a": 1}
    head, payload, sig = t.split(".")
    assert openssl_verifies(tmp_path, b64(key["publicJwk"]["x"]) + b64(key["publicJwk"]["y"]),
                            f"{head}.{payload}".encode(), b64(sig))
    kid = "%s#%s" % (key["did"], key["multikey"])
    vc = token("vc", "issue", "--key-uri", hsm.uri("device"), "--kid", kid, stdin=json.dumps(credential(key["did"])))
    assert ok("vc", "verify", "--now", NOW, stdin=vc)["verified"] is True


@pytest.mark.parametrize("kind", ["ed25519", "p384", "p521", "secp256k1"])
def test_every_kind_signs(hsm, tmp_path, kind):
    k = ok("key", "generate", "--type", kind, "--key-uri", hsm.uri("s-" + kind))
    public = tmp_path / "public.jwk"
    public.write_text(json.dumps(k["publicJwk"]))
    t = token("jws", "sign", "--key-uri", hsm.uri("s-" + kind), stdin='{"a":1}')
    assert ok("jws", "verify", "--jwk", public, stdin=t)["payload"] == {"a": 1}


@pytest.mark.parametrize("kind", ["x25519", "p256"])
def test_authcrypt_with_both_keys_in_the_token(hsm, tmp_path, kind):
    did, secrets = {}, {}
    for who in ("alice", "bob"):
        k = ok("key", "generate", "--type", kind, "--use", "agree", "--key-uri", hsm.uri(f"{who}-{kind}"))
        did[who] = k["did"]
        path = tmp_path / who
        path.write_text(json.dumps([{"id": f"{k['did']}#{k['multikey']}", "keyUri": k["keyUri"]}]))
        secrets[who] = ("--secrets", path)
    message = json.dumps({"id": "1", "type": "https://example.org/1.0/hello", "from": did["alice"], "to": [did["bob"]],
                          "body": {"text": "both ends in hardware"}})
    packed = raw("didcomm", "pack", "--from", did["alice"], "--to", did["bob"], *secrets["alice"], stdin=message)
    assert json.loads(b64(json.loads(packed)["protected"]))["alg"] == "ECDH-1PU+A256KW"
    out = ok("didcomm", "unpack", *secrets["bob"], stdin=packed)
    assert out["message"]["body"]["text"] == "both ends in hardware" and out["metadata"]["authenticated"] is True
    fails("E_DECRYPT", "didcomm", "unpack", *secrets["alice"], stdin=packed)


def test_a_uri_without_pin_or_module_is_refused(hsm, tmp_path):
    r = run("key", "list", "--key-uri", "pkcs11:token=gw?pin-value=97531")
    assert r.returncode == 3 and b"E_KEY" in r.stderr and b"97531" not in r.stderr
    fails("E_KEYSTORE", "key", "list", "--key-uri", f"pkcs11:token=gw?x-dir={hsm.dir}/store")
    fails("E_KEYSTORE", "key", "list", "--key-uri", hsm.uri(module="/nonexistent.so"))
    fails("E_KEYSTORE", "key", "list", "--key-uri", hsm.uri().replace("token=gw", "token=other"))


# ---- the daemon ----

@pytest.fixture(scope="module")
def gw(world, tmp_path_factory):
    """An onboarded gateway whose keys are in a token with the hostile module, without a fault."""
    t = Token(tmp_path_factory.mktemp("gw"))
    shutil.copy(HOSTILE, t.dir / "module.so")
    before, os.environ["SOFTHSM2_CONF"] = os.environ.get("SOFTHSM2_CONF"), str(t.conf)
    g = world.gateway("GW-T", keystore_main={"uri": f"pkcs11:token=gw?x-dir={t.dir}/store", "passphrase_file": None,
                                             "module_path": t.dir / "module.so", "pin_source": t.pin},
                      principal_app={"uid": str(os.geteuid()), "may": "self device identity:operational secret:wifi"})
    g.hsm = t
    world.onboard(g, ITEMS)
    if before:
        os.environ["SOFTHSM2_CONF"] = before
    else:
        del os.environ["SOFTHSM2_CONF"]
    return g


def goes_on(g):
    wait_for(lambda: "keyd" in g.pids() and g.status()["health"]["state"] == "ok", g.status)
    asked = g.post("/v1/ping")["thid"]
    wait_for(lambda: any(p["thid"] == asked for p in g.get("/v1/peers")), lambda: g.log()[-3000:])
    assert g.app("/v1/secrets/wifi")["text"].encode() == ITEMS["wifi"]
    assert g.status()["state"] == "OPERATIONAL"


def test_a_gateway_is_onboarded_with_its_keys_in_a_token(gw):
    assert "sensitive, always sensitive, never extractable" in gw_tool(gw)
    goes_on(gw)
    assert gw.status()["health"]["rollback_protection"] == "none"


def gw_tool(g):
    r = subprocess.run(["pkcs11-tool", "--module", SOFTHSM, "--token-label", "gw", "--login", "--pin", "1234", "-O"],
                       stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **g.hsm.env})
    return r.stdout


def test_its_keys_are_there_after_a_restart(world, gw):
    os.environ.update(gw.hsm.env)
    gw.restart()
    goes_on(gw)


@pytest.mark.parametrize("word", ["hang", "crash", "exit", "removed", "agreement-short"])
def test_c143_a_module_that_hangs_dies_or_lies_costs_keyd_and_no_more(gw, word):
    core, keyd = gw.p.pid, gw.pids()["keyd"]
    gw.hsm.fault(word)
    with pytest.raises(ApiError) as e:
        gw.post("/v1/ping", timeout=PATIENCE_S)
    assert e.value.status == 503 and e.value.code == "E_KEYSTORE"
    if word in ("hang", "crash", "exit"):
        wait_for(lambda: not alive(keyd), "the end of that keyd")
    assert gw.p.pid == core and gw.p.poll() is None
    assert gw.status()["state"] == "OPERATIONAL"
    gw.hsm.heal()
    goes_on(gw)


def test_a_second_keystore_is_not_quietly_left_out(world):
    g = world.add("two", "gateway", keystore_other={"uri": f"soft:{world.dir}/other"})
    assert "[keystore other]" in g.refuses_to_start("E_CONFIG")
    del g.sections["keystore other"]
    g.start()
    assert g.stop() == 0


def test_a_wrong_pin_is_tried_once_however_often_the_daemon_starts(world, tmp_path_factory):
    t = Token(tmp_path_factory.mktemp("pin"))
    shutil.copy(HOSTILE, t.dir / "module.so")
    t.pin.write_text("4321")
    g = world.add("pin", "gateway", keystore_main={
        "uri": f"pkcs11:token=gw?x-dir={t.dir}/store", "passphrase_file": None, "module_path": t.dir / "module.so",
        "module_dir": t.dir})   # its log is there
    for _ in range(3):      # each time a folder of credentials of its own, as the service manager has it
        folder = tmp_path_factory.mktemp("credentials")
        (folder / "berth-pin").write_text("4321")
        (folder / "berth-pin").chmod(0o400)
        os.environ.update(t.env, CREDENTIALS_DIRECTORY=str(folder))
        try:
            assert "PIN" in g.refuses_to_start("E_KEYSTORE")
        finally:
            del os.environ["CREDENTIALS_DIRECTORY"]
    assert pathlib.Path(f"{t.conf}.log").read_text().count("L") == 1
    t.pin.write_text("1234")
    g.set("keystore main", pin_source=t.pin)
    g.start()
    assert g.stop() == 0
    assert "4321" not in g.log() and "1234" not in g.log()
