# SPDX-License-Identifier: Apache-2.0
"""A device changes hands and ends, with real daemons: keys in a file and in a TPM."""
import json
import os
import pathlib
import subprocess

import pytest

from agents import ApiError, World, free_port, wait_for
from cli import BERTH, PATIENCE_S, fails, ok, raw

APP = {"principal_app": {"uid": "0 65534", "may": "self device identity:operational present:operational secret:wifi"}}
VERIFY = pathlib.Path(__file__).resolve().parents[2] / "examples/verify-tombstone.sh"


@pytest.fixture(scope="module")
def world():
    w = World()
    w.hosts += ", buyer.test=127.0.0.1"
    rv = {"did": w.rv.identity("rendezvous")["didLong"], "uri": w.rv.uri}
    w.buyer = w.add("buyer", "owner", port=free_port(), rendezvous_a=rv,
                    trust={"issuer": w.factory.identity("issuer")["did"]}).start()
    yield w
    w.close()


def onboarded(world, name, tpm, **policy):
    gw = world.gateway(name, tpm=tpm, policy={"release_notice": 0, **policy}, **APP)
    world.onboard(gw, {"wifi": b"psk of A"})
    assert gw.app("/v1/secrets/wifi")["text"] == "psk of A"
    return gw


def at(agent):
    return ("--socket", agent.admin_sock)


@pytest.mark.parametrize("tpm", [False, True], ids=["soft", "tpm2"])
def test_from_owner_to_owner(world, tpm, tmp_path):
    gw = onboarded(world, "GW-SOLD-TPM" if tpm else "GW-SOLD", tpm)
    before, chain, to = gw.status(), tmp_path / "chain", world.buyer.identity("owner")["didLong"]
    raw("devices", "transfer", gw.name, "--to", to, "--out", chain, *at(world.owner))
    assert len(json.loads(chain.read_text())["entries"]) == 2
    shown = ok("devices", "show", gw.name, "--json", *at(world.owner))
    assert shown["state"] == "TRANSFERRED"
    assert shown["ended"]["erasure"] == ("counter" if tpm else "overwritten")
    fails("E_AUTHZ", "devices", "transfer", gw.name, "--to", world.owner.identity("owner")["didLong"], *at(world.owner))

    now = gw.status()
    assert now["epoch"] == before["epoch"] + 1 and now["ownerDid"] is None and now["operationalDid"] is None
    with pytest.raises(ApiError) as e:
        gw.app("/v1/secrets/wifi")
    assert e.value.code == "E_NOMATCH"
    assert [i["name"] for i in gw.get("/v1/identities")] == ["factory", "audit"]
    gw.restart()
    # nobody takes it with the chain of before; B does with the one that the receipt opened
    assert ok("devices", "import", chain, "--json", *at(world.buyer))[0]["serial"] == gw.name
    world.provisioned(gw, {"wifi": b"psk of B"}, world.buyer)
    world.registered(gw, world.buyer)
    gw.post("/v1/onboard")
    gw.wait_state("OPERATIONAL")
    world.active(gw, world.buyer)
    after = gw.status()
    assert after["ownerDid"] == world.buyer.identity("owner")["did"]
    assert after["operationalDid"] != before["operationalDid"]
    assert gw.app("/v1/secrets/wifi")["text"] == "psk of B"
    gw.stop()


def tombstone(path, did):
    return subprocess.run([str(VERIFY), str(path), did], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, "BERTH": BERTH}, timeout=PATIENCE_S)


@pytest.mark.parametrize("tpm", [False, True], ids=["soft", "tpm2"])
def test_the_end(world, tpm, tmp_path):
    gw = onboarded(world, "GW-END-TPM" if tpm else "GW-END", tpm)
    path, issuer = tmp_path / "tombstone", world.factory.identity("issuer")["did"]
    raw("devices", "retire", gw.name, "--out", path, *at(world.owner))
    r = tombstone(path, issuer)
    assert r.returncode == 0, r.stderr
    assert json.loads(r.stdout)["serial"] == gw.name
    assert json.loads(r.stdout)["erasure"] == ("counter" if tpm else "overwritten")
    assert tombstone(path, world.owner.identity("owner")["did"]).returncode != 0    # no manufacturer of ours
    forged = json.loads(path.read_text())
    forged["receipt"] = forged["receipt"][:-8] + ("A" * 8 if forged["receipt"][-8:] != "A" * 8 else "B" * 8)
    (tmp_path / "forged").write_text(json.dumps(forged))
    assert tombstone(tmp_path / "forged", issuer).returncode != 0

    gw.restart()
    assert gw.status()["state"] == "RETIRED" and "this device was retired" in gw.status()["health"]["reasons"]
    fails("E_TYPE", "onboard", *at(gw))
    fails("E_TYPE", "rotate", *at(gw))
    gw.stop()


def test_its_tpm_is_cleared(world, tmp_path):
    gw = onboarded(world, "GW-CLEAR", True, clear_tpm="yes")
    handles = lambda: subprocess.run(["tpm2_getcap", "-T", gw.tpm.tcti, "handles-persistent"], stdout=subprocess.PIPE,
                                     check=True, timeout=PATIENCE_S, text=True).stdout.split()
    raw("devices", "retire", gw.name, "--clear-tpm", "--out", tmp_path / "t", *at(world.owner))
    assert tombstone(tmp_path / "t", world.factory.identity("issuer")["did"]).returncode == 0
    wait_for(lambda: "the TPM was cleared" in gw.log(), lambda: gw.log()[-2000:])
    assert gw.status()["state"] == "RETIRED"
    gw.stop()
    assert handles() == []
    gw.refuses_to_start("E_KEYSTORE")       # there is no device any more that it could be


def test_the_operator_of_the_device_has_a_say(world, tmp_path):
    gw = onboarded(world, "GW-SAY", False, release_consent="required")
    chain, to = tmp_path / "chain", world.buyer.identity("owner")["didLong"]
    fails("E_TYPE", "consent", *at(gw))
    fails("E_UNAVAILABLE", "devices", "transfer", gw.name, "--to", to, "--out", chain, "--wait", "1", *at(world.owner))
    gw.wait_state("RELEASING")
    seen = gw.app("/v1/device")
    assert seen["release"]["consent"] is False and seen["release"]["nextOwner"] == world.buyer.identity("owner")["did"]
    raw("consent", "--refuse", *at(gw))
    wait_for(lambda: world.owner.device(gw.name)["state"] == "ACTIVE", "the owner to hear of it")
    assert gw.app("/v1/secrets/wifi")["text"] == "psk of A"
    assert ok("devices", "transfer", gw.name, "--to", to, "--json", *at(world.owner))["state"] == "TRANSFERRING"
    gw.wait_state("RELEASING")
    raw("consent", *at(gw))
    raw("devices", "transfer", gw.name, "--to", to, "--out", chain, *at(world.owner))
    assert chain.exists()
    gw.stop()


def test_kill_9_in_the_middle(world, tmp_path):
    gw = onboarded(world, "GW-KILL", False)
    to = world.buyer.identity("owner")["didLong"]
    ok("devices", "transfer", gw.name, "--to", to, "--json", *at(world.owner))
    gw.kill()
    world.owner.restart()
    gw.start()
    raw("devices", "transfer", gw.name, "--to", to, "--out", tmp_path / "chain", "--wait", "120", *at(world.owner))
    assert gw.status()["epoch"] == 1
    gw.stop()
