# SPDX-License-Identifier: Apache-2.0
"""DIDComm over HTTP between whole agents: the main job with nothing but http://
endpoints, and with some of each."""
import json
import os
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from agents import BUILD, World, b64, free_port, wait_for
from cli import PATIENCE_S

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


def test_a_netd_that_dies_is_replaced_and_nothing_is_lost():
    """kill -9 of either side's netd, with the gateway's poll held at its owner."""
    w = World(links=("owner",))
    try:
        gw = w.gateway("GW-NETD", **APP)
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


class TlsProxy:
    """What stands in front of an http:// listener: takes TLS off, hands octets on."""

    def __init__(self, folder, host):
        self.cert, key = folder / "proxy.pem", folder / "proxy.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", self.cert, "-days", "30", "-subj", f"/CN={host}",
                        "-addext", f"subjectAltName=DNS:{host}"], check=True, capture_output=True, timeout=PATIENCE_S)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.cert, key)

    def start(self, port, to):
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.serve, args=(to,), daemon=True).start()

    def serve(self, to):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(conn, to), daemon=True).start()

    def one(self, conn, to):
        try:
            inside = self.context.wrap_socket(conn, server_side=True)
        except (ssl.SSLError, OSError):
            return
        outside = socket.create_connection(("127.0.0.1", to))
        threading.Thread(target=self.pump, args=(outside, inside), daemon=True).start()
        self.pump(inside, outside)

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def libexec_that_trusts(folder, cert):
    """berth-netd in a mount namespace of its own, where the system's authorities are one."""
    folder.mkdir()
    for name in ("keyd", "resolverd"):
        (folder / f"berth-{name}").symlink_to((BUILD / f"libexec/berth-{name}").resolve())
    netd = folder / "berth-netd"
    unshare = "unshare -m" if os.geteuid() == 0 else "unshare -rm"
    netd.write_text(f"#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nexec {unshare} /bin/sh -c 'mount --bind {cert} "
                    f"/etc/ssl/certs/ca-certificates.crt && exec {(BUILD / 'libexec/berth-netd').resolve()}'\n")
    netd.chmod(0o755)
    return folder


def test_https_is_verified_against_the_systems_authorities():
    """The owner behind a TLS proxy: a certificate of nobody's is not reached and the
    message waits; once it is trusted the onboarding goes on."""
    port = free_port()
    w = World(owner={"listen": {"announce": f"https://owner.test:{port}/didcomm"}}, links=("owner",))
    proxy = TlsProxy(w.dir, "owner.test")
    proxy.start(port, w.owner.port)
    try:
        gw = w.gateway("GW-TLS", **APP)
        gw.set("agent", clock_trusted="yes")
        w.born(gw)
        w.sold(gw)
        w.provisioned(gw, ITEMS)
        w.registered(gw)
        gw.post("/v1/onboard")
        wait_for(lambda: "SSL peer certificate" in gw.log(), lambda: gw.log()[-2000:])
        assert not gw.state_is("OPERATIONAL") and gw.status()["queue"]["dead"] == 0
        gw.libexec = libexec_that_trusts(w.dir / "libexec", proxy.cert)
        gw.restart()
        gw.wait_state("OPERATIONAL")
        w.active(gw)
        assert secrets(gw) == {k: b64(v) for k, v in ITEMS.items()}
    finally:
        proxy.close()
        w.close()
