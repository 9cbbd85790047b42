# SPDX-License-Identifier: Apache-2.0
"""DIDComm over HTTP between whole agents: the main job with nothing but http://
endpoints, and with some of each."""
import pytest

from agents import World, b64, wait_for

ITEMS = {"wifi": b"ssid=plant\npsk=correct horse", "cloud": bytes(range(256))}
APP = {"principal_app": {"uid": "0 65534", "may": "self device identity:operational secret:wifi secret:cloud"}}
ALL = ("factory", "rv", "owner")


def secrets(gw):
    return {s["id"]: gw.app(f"/v1/secrets/{s['id']}")["data"] for s in gw.app("/v1/secrets")}


@pytest.mark.parametrize("links", [ALL, ("owner",), ("factory", "rv")], ids=["all", "owner", "the others"])
def test_onboarding_over_http(links):
    """The gateway only dials out; what its owner sends comes in the answers."""
    w = World(links=links)
    try:
        gw = w.gateway("GW-HTTP", **APP)
        w.onboard(gw, ITEMS)
        assert secrets(gw) == {k: b64(v) for k, v in ITEMS.items()}
        gw.restart()
        w.owner.restart()
        gw.post("/v1/ping")
        wait_for(lambda: gw.get("/v1/peers"), "the owner's pong")
        for agent in (gw, *w.agents):
            wait_for(lambda: agent.status()["queue"]["out"] == 0, lambda: f"{agent.name}: {agent.get('/v1/messages')}")
            assert agent.status()["queue"]["dead"] == 0
        for agent in w.agents:
            listens = agent.sections.get("listen", {}).get("uri", "")
            assert (agent.name in links) == listens.startswith("http://")
    finally:
        w.close()


def test_without_the_allow_line_nothing_is_posted():
    """C092, C103 over HTTP: the same run, one line less."""
    w = World(links=ALL)
    try:
        gw = w.gateway("GW-HTTPPOL")
        gw.set("egress", allow=None)
        gw.start()
        wait_for(lambda: "E_NETPOL" in gw.log(), gw.log)
        assert gw.state_is("BLANK", "READY") and w.factory.device(gw.name) is None
        gw.stop()
        gw.set("egress", allow="127.0.0.0/8")
        w.onboard(gw)
    finally:
        w.close()
