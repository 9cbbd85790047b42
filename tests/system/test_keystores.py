# SPDX-License-Identifier: Apache-2.0
"""Several keystores in one agent, a berth-keyd for each: a factory whose issuing key and
ownership root are in a token, and an owner whose chain key is."""
import ctypes
import errno
import glob
import os
import shutil
import signal
import subprocess

import pytest

import shake
from agents import BERTHD, ApiError, World, alive, read_if_there, wait_for
from cli import PATIENCE_S
from test_pkcs11 import HOSTILE, Token

ITEMS = {"wifi": b"psk=correct horse battery staple"}


def keystore(t, words, store):
    return {"for": words, "uri": f"pkcs11:token=gw?x-dir={t.dir}/{store}", "module_path": t.dir / "module.so",
            "pin_source": t.pin}


def token(folder):
    t = Token(folder)
    shutil.copy(HOSTILE, t.dir / "module.so")
    return t


@pytest.fixture(scope="module")
def hsm(tmp_path_factory):
    t = token(tmp_path_factory.mktemp("hsm"))
    os.environ.update(t.env)
    yield t
    del os.environ["SOFTHSM2_CONF"]


@pytest.fixture(scope="module")
def world(hsm):
    w = World(factory={"keystore_hsm": keystore(hsm, "issuer root", "factory")},
              owner={"keystore_hsm": keystore(hsm, "owner", "owner")})
    yield w
    w.close()


def keyds(agent, library="libsofthsm2"):
    """pid of each keyd -> whether a PKCS #11 module, or another library, is in it"""
    found = {}
    for p in glob.glob(f"/proc/{agent.pids()['starter']}/task/*/children"):
        for pid in read_if_there(p).split():
            if read_if_there(f"/proc/{pid}/comm") == "berth-keyd\n" and alive(pid):
                found[int(pid)] = library in read_if_there(f"/proc/{pid}/maps")
    return found


def keyd(agent, has_module):
    return next((pid for pid, module in keyds(agent).items() if module == has_module), None)


def health(agent):
    return agent.status()["health"]


def where(agent):
    return {i["name"]: i["keystore"] for i in agent.get("/v1/identities") if i["name"] != "audit"}


def test_each_keystore_has_a_process_and_only_one_has_the_module(world, hsm):
    assert sorted(keyds(world.factory).values()) == [False, True] == sorted(keyds(world.owner).values())
    assert where(world.factory) == {"issuer": "hsm", "root": "hsm", "maker": "main"}
    assert where(world.owner) == {"owner": "hsm"} and where(world.rv) == {"rendezvous": "main"}
    # what others could be shown a proof of, which a token cannot give
    assert {i["custody"] for i in world.factory.get("/v1/identities")} == {"sealed"}
    listing = hsm.tool("-O")
    assert all(name in listing for name in ("issuer-sign", "root-sign", "owner-sign", "owner-agree"))
    assert "maker" not in listing


def test_a_device_is_born_sold_and_onboarded_by_keys_of_the_token(world):
    gw = world.gateway("GW-1")
    world.onboard(gw, ITEMS)
    assert world.owner.device("GW-1")["state"] == "ACTIVE" and gw.status()["assurance"] == "sealed"
    world.owner.post("/v1/rotate")      # a DID for this device alone, which `pairwise` would claim
    wait_for(lambda: "main" in where(world.owner).values(), lambda: where(world.owner))
    assert where(world.owner)["owner"] == "hsm"


@pytest.mark.parametrize("sig", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
def test_c143_a_keyd_that_fails_costs_its_own_calls(world, hsm, sig):
    f, gw, late = world.factory, world.gateway(f"GW-{sig.name}"), world.gateway(f"LATE-{sig.name}")
    world.born(gw)
    wait_for(lambda: f.device(gw.name), "the factory knows the device")
    core, other, bad = f.p.pid, keyd(f, False), keyd(f, True)
    hsm.fault("initialize")     # so that it does not come back before we have looked
    shake.kill(bad, sig)
    with pytest.raises(ApiError) as e:
        world.chain(gw)
    assert (e.value.status, e.value.code) == (503, "E_KEYSTORE")
    assert health(f)["state"] == "degraded" and "[keystore hsm] does not answer" in health(f)["reasons"]
    assert "the keystore does not answer" not in health(f)["reasons"]
    wait_for(lambda: not alive(bad), "the end of that keyd")
    late.start()                # the factory's other keys take its request
    wait_for(lambda: f.device(late.name), lambda: f.log()[-3000:])
    assert f.p.pid == core and keyd(f, False) == other
    hsm.heal()
    wait_for(lambda: health(f)["state"] == "ok", lambda: f.log()[-3000:])
    assert keyd(f, True) not in (None, bad) and keyd(f, False) == other
    assert world.sold(gw) == world.owner.device(gw.name)["device"]
    late.wait_state("INITIALIZED", "SEEKING")


def has_landlock():
    return ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1


def test_c159_a_module_writes_to_its_token_and_where_it_is_told(world, hsm):
    """It leaves in the token's folder what it met."""
    f, outcome, refused = world.factory, hsm.dir / "tokens/outcome", errno.EACCES if has_landlock() else 0
    (hsm.dir / "more").mkdir()
    (hsm.dir / "spy").symlink_to(f.dir / "keys")    # the other store's sealed file
    assert (hsm.dir / "spy").read_bytes()
    for name, told in (("GW-2", False), ("GW-3", True)):
        if told:
            f.set("keystore hsm", module_dir=hsm.dir / "more")
            f.restart()
        gw = world.born(world.gateway(name))
        hsm.fault("outside")
        f.restart()             # it tries when it is loaded
        assert outcome.read_text() == f"{0 if told else refused} {refused}"
        outcome.unlink()
        world.chain(gw)         # and when it signs
        hsm.heal()
        assert outcome.read_text() == f"{0 if told else refused} {refused}"
        assert (hsm.dir / "more/written").exists() == (told or not refused)
    f.set("keystore hsm", module_dir=hsm.dir / "gone")
    f.stop()
    assert "module-dir" in f.refuses_to_start("E_KEYSTORE")
    f.set("keystore hsm", module_dir=None)
    f.start()


def test_no_key_moves_from_one_keystore_to_another(world):
    f = world.factory
    dids = {i["name"]: i["did"] for i in f.get("/v1/identities")}
    hsm = f.sections["keystore hsm"]
    f.stop()
    f.set("keystore hsm", **{"for": "issuer"})
    assert "root-sign is in [keystore hsm]" in f.refuses_to_start("E_KEYSTORE")
    f.set("keystore hsm", **{"for": "issuer root maker"})
    assert "is in [keystore main], but the configuration has it in [keystore hsm]" in f.refuses_to_start("E_KEYSTORE")
    del f.sections["keystore hsm"]
    f.refuses_to_start("E_KEYSTORE")
    f.sections["keystore hsm"] = {**hsm, "for": "issuer root"}
    f.start()
    assert {i["name"]: i["did"] for i in f.get("/v1/identities")} == dids


def test_claims_that_do_not_go_together_are_e_config(world):
    g = world.add("claims", "rendezvous", keystore_other={"uri": f"soft:{world.dir}/other"})
    assert "[keystore other]: say what it is for" in g.refuses_to_start("E_CONFIG")
    r = subprocess.run([BERTHD, "--check-config", g.conf], capture_output=True, text=True, timeout=PATIENCE_S)
    assert r.returncode == 3 and "[keystore other]: say what it is for" in r.stderr
    g.set("keystore other", **{"for": "pets"})
    assert "for: not one of its words" in g.refuses_to_start("E_CONFIG")
    g.set("keystore main", **{"for": "owner"})
    g.set("keystore other", **{"for": "maker"})
    assert "[keystore main] for" in g.refuses_to_start("E_CONFIG")
    g.set("keystore main", **{"for": None})
    g.set("keystore other", passphrase_file=g.dir / "pass")
    g.start()
    assert where(g) == {"rendezvous": "main"} and len(keyds(g)) == 2
    assert subprocess.run([BERTHD, "--check-config", g.conf], capture_output=True, timeout=PATIENCE_S).returncode == 0
    assert g.stop() == 0


def test_the_store_decides_the_type_of_key(world, hsm, tmp_path_factory):
    """A token without Ed25519 signs with P-256; one that has it does not."""
    assert world.factory.identity("issuer")["did"].startswith("did:key:z6Mk")
    t = token(tmp_path_factory.mktemp("plain"))
    t.fault("no-ed25519")
    g = world.add("plain", "factory", keystore_hsm=keystore(t, "root", "store"))
    os.environ.update(t.env)
    try:
        g.start()
    finally:
        os.environ.update(hsm.env)
    assert g.identity("root")["did"].startswith("did:key:zDn")
    assert g.identity("issuer")["did"].startswith("did:key:z6Mk")
    assert g.stop() == 0


def test_a_gateways_own_keys_are_in_a_tpm_and_the_rest_is_not(world):
    """Certificate, quote and challenge come from the store that has the device's keys."""
    g = world.gateway("GW-M")
    t = world.tpm("GW-M")
    world.trust_tpms()
    g.set("keystore tpm", **{"for": "device"}, uri=f"tpm2:?dir={g.dir}/tpm-keys&tcti={t.tcti}")
    world.onboard(g, ITEMS)
    assert g.status()["assurance"] == "hardware" == world.owner.device("GW-M")["custody"]
    own = [i for i in g.get("/v1/identities") if i["name"] != "audit"]      # that key is for the log
    assert {i["custody"] for i in own} == {"hardware"}
    assert set(where(g).values()) == {"tpm"}
    assert health(g)["rollback_protection"] == "none"   # the counters are the sealed file's
    main, tpm = sorted(keyds(g, "libtss2-esys"), key=keyds(g, "libtss2-esys").get)
    os.kill(main, signal.SIGKILL)
    wait_for(lambda: len(keyds(g)) == 2 and main not in keyds(g) and health(g)["state"] == "ok", g.log)
    assert tpm in keyds(g)
