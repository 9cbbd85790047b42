# SPDX-License-Identifier: Apache-2.0
"""`berth rotate` with real daemons, with keys in a file and in a TPM; and in the middle
of it kill -9."""
import pytest

from agents import wait_for
from cli import fails, ok

APP = {"principal_app": {"uid": "0 65534", "may": "self device identity:operational present:operational secret:wifi"}}


def rotated(world, gw, before):
    wait_for(lambda: gw.state_is("OPERATIONAL") and gw.status()["operationalDid"] != before
             and world.owner.device(gw.name)["operationalDid"] == gw.status()["operationalDid"]
             and world.owner.device(gw.name)["state"] == "ACTIVE",
             lambda: f"{gw.answers()} {world.owner.device(gw.name)}\n{gw.log()[-2000:]}\n{world.owner.log()[-2000:]}")
    return gw.status()


@pytest.mark.parametrize("tpm", [False, True], ids=["soft", "tpm2"])
def test_new_keys_on_demand(world, tpm, tmp_path):
    gw = world.gateway("GW-ROT-TPM" if tpm else "GW-ROT", tpm=tpm, **APP)
    world.onboard(gw, {"wifi": b"psk"})
    before, me = gw.status(), gw.app("/v1/identities/operational")
    assert ok("rotate", "--json", "--socket", gw.admin_sock)["state"] in ("RENEWING", "ROTATING", "OPERATIONAL")
    after = rotated(world, gw, before["operationalDid"])
    assert after["generation"] > before["generation"]
    for member in ("ownerDid", "factoryDid", "chainTip", "epoch", "assurance"):
        assert after[member] == before[member], member
    now = gw.app("/v1/identities/operational")
    assert now["did"] == after["operationalDid"] and now["credential"] != me["credential"] and "stale" not in now
    assert gw.app("/v1/secrets/wifi")["text"] == "psk"      # the items are the epoch's
    vp = tmp_path / "vp"
    vp.write_text(gw.app("/v1/identities/operational/present", {"audience": "https://v.test", "nonce": "n"})["presentation"])
    report = ok("vp", "verify", "--offline", "--domain", "https://v.test", "--challenge", "n", "--trust",
                world.owner.identity("owner")["did"], vp)
    assert report["verified"] is True, report
    gw.post("/v1/ping")
    wait_for(lambda: gw.get("/v1/peers"), "the owner's pong to the new DID")
    wait_for(lambda: gw.status()["queue"]["out"] == 0, "an empty outbox")
    names = [i["name"] for i in gw.get("/v1/identities")]
    assert sorted(names) == ["audit", "factory", "operational"], names      # nothing of the old one
    gw.restart()
    assert gw.status()["operationalDid"] == after["operationalDid"]
    gw.stop()
    if tpm:
        assert gw.tpm.transient_handles() == []
    else:
        keys = ok("key", "list", "--key-uri", f"soft:{gw.dir}/keys", "--passphrase-file", gw.dir / "pass")
        assert sum("#op-" in k["keyUri"] for k in keys) == 2, keys


def test_kill_9_in_the_middle(world):
    gw = world.gateway("GW-ROT-KILL")
    world.onboard(gw)
    for victim in (gw, world.owner, gw):
        before = gw.status()["operationalDid"]
        world.owner.stop()
        gw.post("/v1/rotate")
        gw.wait_state("RENEWING")
        gw.kill()
        world.owner.start()
        gw.start()
        if victim is world.owner:
            victim.kill()
            victim.start()
        rotated(world, gw, before)
    gw.stop()


def test_another_did_of_the_owner(world):
    """M13: the devices follow; the chain's DID stays the owner, and credentials come from it."""
    a, b = (world.gateway(name, **APP) for name in ("GW-PEER-A", "GW-PEER-B"))
    for gw in (a, b):
        world.onboard(gw)
    before = {i["did"] for i in world.owner.get("/v1/identities")}
    assert ok("rotate", "--json", "--socket", world.owner.admin_sock)["devices"] >= 2
    for gw in (a, b):
        wait_for(lambda: "the owner speaks as" in str(gw.get("/v1/audit")), gw.log)
    wait_for(lambda: str(world.owner.get("/v1/audit")).count("uses our new DID") >= 2, world.owner.log)
    new = {i["did"] for i in world.owner.get("/v1/identities")} - before
    assert len(new) >= 2        # one for each
    for gw in (a, b):
        gw.restart()
        gw.post("/v1/ping")
        wait_for(lambda: [p for p in gw.get("/v1/peers") if p["did"] in new], "a pong from the new DID")
        assert gw.status()["ownerDid"] in before
        old = gw.status()["operationalDid"]
        gw.post("/v1/rotate")       # and M12 goes on over it
        rotated(world, gw, old)
        gw.stop()


def test_only_a_gateway_that_has_an_owner(world):
    gw = world.gateway("GW-ROT-NONE")
    world.born(gw)
    fails("E_TYPE", "rotate", "--socket", gw.admin_sock)
    fails("E_NOMATCH", "rotate", "--socket", world.rv.admin_sock)
    gw.stop()


@pytest.mark.parametrize("tpm", [False, True], ids=["soft", "tpm2"])
def test_old_keys_stay_until_who_has_to_confirm_has_switched(world, tpm):
    gw = world.gateway("GW-GRACE-TPM" if tpm else "GW-GRACE", tpm=tpm,
                       principal_modem={"uid": 0, "may": "self device identity:operational", "confirm": "yes"}, policy={"grace": "1h"})
    world.onboard(gw)
    before = gw.status()["operationalDid"]
    ok("rotate", "--json", "--socket", gw.admin_sock)
    rotated(world, gw, before)

    def of_before():
        return [i for i in gw.get("/v1/identities") if i["did"] == before]

    wait_for(lambda: "grace" in gw.status(), gw.log)
    grace = gw.status()["grace"]
    assert grace["did"] == before and grace["waiting"] == ["modem"] and 0 < grace["seconds"] <= 3600 and of_before(), grace
    gw.restart()
    assert gw.status()["grace"]["waiting"] == ["modem"] and of_before()
    gw.app("/v1/ack", {"gen": 1})       # of before it
    assert gw.status()["grace"]["waiting"] == ["modem"]
    gw.app("/v1/ack", {"gen": gw.get("/v1/watch/acks")["generation"]})
    wait_for(lambda: "grace" not in gw.status(), gw.status)
    assert not of_before()
    gw.restart()
    assert "grace" not in gw.status() and not of_before() and gw.state_is("OPERATIONAL")
    gw.stop()
