# SPDX-License-Identifier: Apache-2.0
"""The main job with real processes: a gateway is born at its factory, sold, finds its
owner, is onboarded and provisioned, and stays so through kill -9."""
import json
import time

import pytest

from agents import ApiError, World, free_port, wait_for

ITEMS = {"wifi": b"ssid=plant\npsk=correct horse", "cloud": bytes(range(256))}


def secrets(gw):
    """What the applications' principal reads."""
    return {s["id"]: gw.app(f"/v1/secrets/{s['id']}")["data"] for s in gw.app("/v1/secrets")}


def b64(data):
    from agents import b64 as encode
    return encode(data)


APP = {"principal_app": {"uid": "0 65534", "may": "self device identity:operational present:operational secret:wifi secret:cloud"}}


@pytest.mark.parametrize("tpm", [False, True], ids=["soft", "tpm2"])
def test_from_birth_to_operational(world, tpm):
    gw = world.gateway("GW-TPM" if tpm else "GW-SOFT", tpm=tpm, **APP)
    began = time.monotonic()
    world.onboard(gw, ITEMS)
    status = gw.status()
    print("measured: onboarding %s: %d ms, %d octets, %.1f s with birth and sale" % (
        "tpm2" if tpm else "soft", status["onboarding"]["ms"], status["onboarding"]["bytes"], time.monotonic() - began))
    assert status["assurance"] == ("hardware" if tpm else "sealed")
    assert status["health"]["rollback_protection"] == ("tpm" if tpm else "none")
    assert status["ownerDid"] == world.owner.identity("owner")["did"]
    device = world.owner.device(gw.name)
    assert device["custody"] == status["assurance"]
    assert device["operationalDid"] == status["operationalDid"]
    assert status["factoryDid"] not in (status["operationalDid"], status["ownerDid"])
    assert secrets(gw) == {k: b64(v) for k, v in ITEMS.items()}

    gw.restart()
    again = gw.status()
    assert again["state"] == "OPERATIONAL"
    for member in ("operationalDid", "ownerDid", "factoryDid", "chainTip", "epoch", "assurance"):
        assert again.get(member) == status.get(member), member
    assert secrets(gw) == {k: b64(v) for k, v in ITEMS.items()}
    gw.post("/v1/ping")
    wait_for(lambda: gw.get("/v1/peers"), "the owner's pong")
    wait_for(lambda: gw.status()["queue"]["out"] == 0, "an empty outbox")
    assert gw.status()["queue"]["dead"] == 0
    assert gw.get("/v1/audit/verify")["rows"] >= 5
    assert gw.stop() == 0
    if tpm:
        assert gw.tpm.transient_handles() == []


def test_by_invitation(world):
    """No rendezvous takes part: its blob travels on a stick."""
    gw = world.gateway("GW-INV", **APP)
    world.born(gw)
    device = world.sold(gw)
    world.provisioned(gw, {"wifi": b"x"})
    invitation = world.owner.post(f"/v1/devices/{device}/invite")
    assert set(invitation) == {"blob", "package"}
    world.rv.stop()
    try:
        gw.post("/v1/onboard", {"invitation": invitation})
        gw.wait_state("OPERATIONAL")
        world.active(gw)
        assert secrets(gw) == {"wifi": b64(b"x")}
    finally:
        world.rv.start()


def test_an_invitation_for_another_device_is_refused(world):
    """C068: nothing happens, and the gateway goes on."""
    one, two = world.gateway("GW-I1"), world.gateway("GW-I2")
    for gw in (one, two):
        world.born(gw)
    invitation = world.owner.post(f"/v1/devices/{world.sold(one)}/invite")
    with pytest.raises(ApiError) as e:
        two.post("/v1/onboard", {"invitation": invitation})
    assert e.value.code in ("E_AUTHZ", "E_HOLDER", "E_ADDR"), e.value
    altered = json.loads(json.dumps(invitation))
    head, body, sig = altered["blob"].split(".")
    altered["blob"] = ".".join([head, body, ("A" if sig[0] != "A" else "B") + sig[1:]])
    with pytest.raises(ApiError) as e:
        one.post("/v1/onboard", {"invitation": altered})
    assert e.value.code == "E_SIG", e.value
    assert two.state_is("SEEKING", "INITIALIZED")
    one.post("/v1/onboard", {"invitation": invitation})
    one.wait_state("OPERATIONAL")
    for gw in (one, two):
        gw.stop()


def test_dry_run_says_where_it_would_ask(world):
    gw = world.gateway("GW-DRY")
    world.born(gw)
    plan = gw.post("/v1/onboard", {"dryRun": True})
    assert plan["rendezvous"] == [world.rv.uri] and "rendezvous" in plan["would"]
    assert gw.state_is("INITIALIZED", "SEEKING")
    gw.stop()


def test_manual_approval():
    w = World(owner={"policy": {"approve": "manual"}})
    try:
        gw, other = w.gateway("GW-OK"), w.gateway("GW-NO")
        for g in (gw, other):
            w.born(g)
            w.sold(g)
            w.registered(g)
            g.post("/v1/onboard")
        for g in (gw, other):
            g.wait_state("PENDING")
            wait_for(lambda: w.owner.device(g.name)["state"] == "APPROVAL", "APPROVAL")
        w.owner.restart()       # the question outlives the one who asked
        gw.restart()
        assert gw.wait_state("PENDING")
        w.owner.post(f"/v1/devices/{gw.name}/approve")
        gw.wait_state("OPERATIONAL")
        w.active(gw)
        w.owner.post(f"/v1/devices/{other.name}/deny", {"reason": "not ours"})
        # it asks again soon, and is then before the owner's operator again
        wait_for(lambda: "not ours" in str(other.get("/v1/audit")), lambda: other.log()[-2000:])
        assert other.status()["operationalDid"] is None and w.owner.device(other.name)["state"] in ("PUBLISHED", "APPROVAL")
    finally:
        w.close()


def test_without_the_allow_line_nothing_is_dialled(world):
    """C092: the same run, one line less: loopback is not dialled."""
    gw = world.gateway("GW-NETPOL")
    gw.set("egress", allow=None)
    gw.start()
    wait_for(lambda: gw.get("/v1/messages")["dead"] or "E_NETPOL" in gw.log(), gw.log)
    time.sleep(1)
    assert gw.state_is("BLANK", "READY"), gw.status()
    assert world.factory.device(gw.name) is None
    assert "E_NETPOL" in gw.log()
    gw.set("egress", allow="127.0.0.0/8")       # the positive twin
    gw.stop()
    world.onboard(gw)
    gw.stop()


def test_two_gateways_at_one_owner(world):
    a, b = world.gateway("GW-A", **APP), world.gateway("GW-B", **APP)
    for gw in (a, b):
        gw.spawn()
    for gw in (a, b):
        gw.ready().wait_state("INITIALIZED", "SEEKING")
        world.sold(gw)
        world.provisioned(gw, {"wifi": gw.name.encode()})
        world.registered(gw)
    for gw in (a, b):
        gw.post("/v1/onboard")
    for gw in (a, b):
        gw.wait_state("OPERATIONAL")
        world.active(gw)
        assert secrets(gw) == {"wifi": b64(gw.name.encode())}
    assert a.status()["operationalDid"] != b.status()["operationalDid"]
    for gw in (a, b):
        gw.stop()


def test_hardware_that_no_root_vouches_for_is_not_taken(world):
    """A TPM and a factory without ek-roots: no DeviceCredential; with them, one."""
    w = World()
    try:
        gw = w.gateway("GW-EK", tpm=True, **APP)
        w.factory.set("trust", ek_roots=None)
        w.factory.stop()
        w.factory.start()
        gw.start()
        wait_for(lambda: "the factory refused us" in json.dumps(gw.get("/v1/audit")),
                 lambda: gw.log()[-1500:] + w.factory.log()[-1500:])
        assert "ek-roots" in json.dumps(w.factory.get("/v1/audit")) and gw.state_is("BLANK")
    finally:
        w.close()


def test_an_owner_takes_no_keys_weaker_than_its_policy():
    """P15: `accept = hardware`, and keys that are only sealed."""
    w = World(owner={"policy": {"accept": "hardware"}})
    try:
        gw = w.gateway("GW-WEAK")
        w.born(gw)
        w.sold(gw)
        w.registered(gw)
        gw.post("/v1/onboard")
        wait_for(lambda: "denied" in gw.log() or "E_AUTHZ" in w.owner.log(), lambda: w.owner.log()[-2000:])
        time.sleep(0.5)
        assert not gw.state_is("OPERATIONAL") and w.owner.device(gw.name)["state"] != "ACTIVE"
    finally:
        w.close()


def test_the_listening_port_is_taken(world):
    taken = world.add("other", "rendezvous", port=world.rv.port)
    line = taken.refuses_to_start("E_UNAVAILABLE")
    assert str(world.rv.port) in line
    taken.port = free_port()
    taken.set("listen", uri=f"nng+tcp://127.0.0.1:{taken.port}")
    taken.start()
    assert taken.stop() == 0
