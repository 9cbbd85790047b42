# SPDX-License-Identifier: Apache-2.0
"""The main job over each transport, with real daemons: messages go both ways, and the
gateway only dials out."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile

import pytest

from agents import World, b64, wait_for
from cli import PATIENCE_S

ITEMS = {"wifi": b"ssid=plant\npsk=correct horse"}
APP = {"principal_app": {"uid": "0 65534", "may": "self device identity:operational secret:wifi"}}


def openssl(folder, *args):
    subprocess.run(["openssl", *args], check=True, cwd=folder, capture_output=True, timeout=PATIENCE_S)


class Certs:
    """An authority, and certificates for hosts."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="berth.")
        self.dir = pathlib.Path(self.folder.name)
        self.new("ca", "-x509", "-days", "30", "-out", "ca.pem", subject="authority")

    def new(self, name, *args, subject):
        openssl(self.dir, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-subj", f"/CN={subject}", *args)

    def of(self, host, days=30):
        """What [tls] of that host says."""
        self.new(host, "-out", f"{host}.csr", subject=host)
        (self.dir / "ext").write_text(f"subjectAltName=DNS:{host}\n")
        openssl(self.dir, "x509", "-req", "-in", f"{host}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", str(days), "-extfile", "ext", "-out", f"{host}.pem")
        return {"certificate": self.dir / f"{host}.pem", "key": self.dir / f"{host}.key"}


@pytest.fixture(scope="module")
def certs():
    c = Certs()
    yield c
    c.folder.cleanup()


def secrets(gw):
    return {s["id"]: gw.app(f"/v1/secrets/{s['id']}")["data"] for s in gw.app("/v1/secrets")}


def onboarded(w, gw):
    """Onboarding, and a ping answered after both have started again."""
    w.onboard(gw, ITEMS)
    assert secrets(gw) == {k: b64(v) for k, v in ITEMS.items()}
    gw.restart()
    w.owner.restart()
    gw.post("/v1/ping")
    wait_for(lambda: gw.get("/v1/peers"), "the owner's pong")
    for agent in (gw, w.owner):
        wait_for(lambda: agent.status()["queue"]["out"] == 0, lambda: f"{agent.name}: {agent.get('/v1/messages')}")
        assert agent.status()["queue"]["dead"] == 0


@pytest.mark.parametrize("link", ["tls", "https", "wss"])
def test_onboarding_over_tls(certs, link):
    w = World(owner={"tls": certs.of("owner.test")}, factory={"tls": certs.of("factory.test")},
              links={"owner": link, "factory": link})
    try:
        gw = w.gateway("GW-TLS", tls={"ca": certs.dir / "ca.pem"}, **APP)
        gw.set("agent", clock_trusted="yes")
        onboarded(w, gw)
    finally:
        w.close()


@pytest.mark.parametrize("link", ["tls", "https"])
def test_c098_a_message_waits_for_a_certificate_that_is_right(certs, link):
    """Without a clock E_CLOCK, a certificate of another host E_NETPOL; a new one by
    SIGHUP, and the onboarding goes on: nothing has been given up."""
    w = World(owner={"tls": certs.of("another.test")}, links={"owner": link})
    try:
        gw = w.gateway("GW-C098", tls={"ca": certs.dir / "ca.pem"}, **APP)
        w.born(gw)
        w.sold(gw)
        w.provisioned(gw, ITEMS)
        w.registered(gw)
        gw.post("/v1/onboard")
        wait_for(lambda: "E_CLOCK" in gw.log(), lambda: gw.log()[-2000:])
        gw.set("agent", clock_trusted="yes")
        gw.restart()
        wait_for(lambda: "E_NETPOL" in gw.log(), lambda: gw.log()[-2000:])
        assert not gw.state_is("OPERATIONAL") and gw.status()["queue"]["dead"] == 0
        w.owner.set("tls", **certs.of("owner.test"))
        w.owner.write()
        w.owner.p.send_signal(signal.SIGHUP)
        gw.restart()
        gw.wait_state("OPERATIONAL")
        w.active(gw)
        assert secrets(gw) == {k: b64(v) for k, v in ITEMS.items()}
    finally:
        w.close()


def test_c098_who_is_not_whom_we_look_for_is_told_of_whichever_is_dialled_first(certs):
    """With a link to the rendezvous, which is in order; and that one is left alone."""
    w = World(owner={"tls": certs.of("another.test")}, links={"owner": "tls"})
    try:
        gw = w.gateway("GW-C098-2", tls={"ca": certs.dir / "ca.pem"}, **APP)
        gw.set("agent", clock_trusted="yes")
        gw.restart()
        w.born(gw)
        w.sold(gw)
        w.registered(gw)
        gw.post("/v1/onboard")
        wait_for(lambda: "E_NETPOL" in gw.log(), lambda: gw.log()[-2000:])
        assert [line for line in gw.log().splitlines() if "E_NETPOL" in line and "owner.test" not in line] == []
    finally:
        w.close()


@pytest.mark.parametrize("links", [("factory", "rv", "owner"), ("owner",)], ids=["all", "owner"])
def test_onboarding_over_websockets(links):
    w = World(links=dict.fromkeys(links, "ws"))
    try:
        gw = w.gateway("GW-WS", **APP)
        onboarded(w, gw)
        for agent in w.agents:
            assert agent.status()["queue"]["dead"] == 0
    finally:
        w.close()


@pytest.mark.parametrize("link", ["ws", "tls"])
def test_a_netd_that_dies_is_replaced_and_nothing_is_lost(certs, link):
    """kill -9 of either side's netd, with the connection open that answers come on."""
    w = World(owner={"tls": certs.of("owner.test")}, links={"owner": link})
    try:
        gw = w.gateway("GW-KILL", tls={"ca": certs.dir / "ca.pem"}, **APP)
        gw.set("agent", clock_trusted="yes")
        w.onboard(gw, ITEMS)
        for agent in (w.owner, gw, w.owner):
            before = agent.pids()["netd"]
            os.kill(before, signal.SIGKILL)
            wait_for(lambda: agent.pids().get("netd", before) != before, "another netd")
            thid = gw.post("/v1/ping")["thid"]
            wait_for(lambda: thid in json.dumps(gw.get("/v1/peers")), lambda: gw.log()[-2000:])
        for agent in (gw, w.owner):
            wait_for(lambda: agent.status()["queue"]["out"] == 0, lambda: f"{agent.name}: {agent.get('/v1/messages')}")
            assert agent.status()["queue"]["dead"] == 0
    finally:
        w.close()


def test_onboarding_over_a_unix_socket():
    with tempfile.TemporaryDirectory(prefix="berth.") as folder:
        uri = f"nng+ipc://{folder}/owner.sock"
        w = World(owner={"listen": {"uri": uri, "announce": uri}})
        try:
            gw = w.gateway("GW-IPC", **APP)
            gw.set("egress", ipc=folder)
            onboarded(w, gw)
            w.owner.stop()
            assert not list(pathlib.Path(folder).iterdir())
        finally:
            w.close()


def test_a_socket_of_no_named_folder_is_e_netpol():
    """C103: the same run, one line less."""
    with tempfile.TemporaryDirectory(prefix="berth.") as folder:
        uri = f"nng+ipc://{folder}/owner.sock"
        w = World(owner={"listen": {"uri": uri, "announce": uri}})
        try:
            gw = w.gateway("GW-IPCPOL", **APP)
            w.born(gw)
            w.sold(gw)
            w.provisioned(gw, ITEMS)
            w.registered(gw)
            gw.post("/v1/onboard")
            wait_for(lambda: "E_NETPOL" in gw.log(), lambda: gw.log()[-2000:])
            assert not gw.state_is("OPERATIONAL")
        finally:
            w.close()
