# SPDX-License-Identifier: Apache-2.0
"""IPv6, and agents at several addresses: loopback addresses stand for interfaces."""
import subprocess

import pytest

import cli
from agents import World, free_port, wait_for
from cli import PATIENCE_S
from test_transports import Certs, openssl

ITEMS = {"wifi": b"ssid=plant"}
SCHEMES = {"nng": "nng+tcp://%s:%d", "tls": "nng+tls://%s:%d", "http": "http://%s:%d/didcomm",
           "https": "https://%s:%d/didcomm", "ws": "ws://%s:%d/ws", "wss": "wss://%s:%d/ws"}


class World6(World):
    """Everybody listens at ::1 alone and is dialled there, by address or by name."""

    def __init__(self, link, by_name=False, tls=None):
        self.link, self.by_name, self.tls = link, by_name, tls
        super().__init__(links=dict.fromkeys(("factory", "rv", "owner"), link))

    def add(self, name, role, **kw):
        a = super().add(name, role, **kw)
        a.set("egress", allow="::1/128", hosts=self.hosts.replace("127.0.0.1", "::1"))
        if kw.get("port"):
            host = f"{name}.test" if self.by_name else "[::1]"
            a.uri = SCHEMES[self.link] % (host, kw["port"])
            a.set("listen", uri=SCHEMES[self.link] % ("[::1]", kw["port"]), announce=a.uri)
        if self.tls:
            a.set("agent", clock_trusted="yes")     # certificates can be judged
            a.set("tls", ca=self.tls.dir / "ca.pem", **(self.tls.of_all if kw.get("port") else {}))
        return a


@pytest.fixture(scope="module")
def certs():
    c = Certs()
    c.new("six", "-out", "six.csr", subject="six")
    (c.dir / "ext").write_text("subjectAltName=IP:::1," + ",".join(f"DNS:{n}.test" for n in ("factory", "rv", "owner")) + "\n")
    openssl(c.dir, "x509", "-req", "-in", "six.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "30", "-extfile", "ext", "-out", "six.pem")
    c.of_all = {"certificate": c.dir / "six.pem", "key": c.dir / "six.key"}
    yield c
    c.folder.cleanup()


# nng's TLS compares names and no addresses (docs/nng-transport.md)
@pytest.mark.parametrize("link, by_name", [("nng", False), ("nng", True), ("http", False), ("ws", False),
                                           ("https", False), ("wss", False), ("tls", True)])
def test_onboarding_over_ipv6_alone(certs, link, by_name):
    w = World6(link, by_name, certs if link in ("https", "wss", "tls") else None)
    try:
        gw = w.gateway("GW-SIX")
        w.onboard(gw, ITEMS)
        assert "127.0.0" not in gw.log()
        gw.post("/v1/rotate")
        wait_for(lambda: "uses its new keys" in str(w.owner.get("/v1/audit")), gw.log)
    finally:
        w.close()


def test_the_egress_policy_is_about_ipv6_too():
    """The twin: ::1 that nobody has allowed is dialled by nobody."""
    w = World6("nng")
    try:
        gw = w.gateway("GW-SIX")
        w.born(gw)
        w.sold(gw)
        w.registered(gw)
        gw.stop()
        gw.set("egress", allow="127.0.0.0/8")
        gw.start()
        gw.post("/v1/onboard")
        wait_for(lambda: "E_NETPOL" in gw.log(), gw.log)
        assert gw.status()["state"] == "SEEKING"
    finally:
        w.close()


def test_an_address_that_this_machine_has_not_is_said():
    """In a network namespace of its own there is no ::1, as where the kernel has no IPv6."""
    w = World6("nng")
    try:
        port = free_port()
        a = w.add("lonely", "owner", port=port)
        a.write()
        r = subprocess.run(["unshare", "-n", a.program, "--config", str(a.conf)], capture_output=True, text=True, timeout=PATIENCE_S)
        assert r.returncode != 0
        assert f"[::1]:{port}" in r.stderr.splitlines()[-1], r.stderr
    finally:
        w.close()


@pytest.fixture
def world():
    w = World()
    yield w
    w.close()


def at(world, uris, announce):
    """The owner, from now on at these."""
    world.owner.stop()
    world.owner.set("listen", uri=", ".join(uris), announce=", ".join(announce))
    world.owner.start()


def test_several_addresses_are_tried_in_turn(world):
    """One announced address is dead when the device comes; of the others one dies later."""
    port = free_port()
    dead, two, six = (f"http://{host}:{port}/didcomm" for host in ("127.0.0.9", "127.0.0.2", "[::1]"))
    at(world, [two, six, f"http://127.0.0.3:{port}/didcomm"], [dead, two, six])
    gw = world.gateway("GW-TWO", policy={"owner-silent": "2"})
    gw.set("egress", allow="127.0.0.0/8, ::1/128")
    world.onboard(gw, ITEMS)
    assert f"nobody answers at {dead}: trying {two}" in str(gw.get("/v1/audit"))
    at(world, [six], [dead, two, six])
    wait_for(lambda: f"the owner is at {six} from now on" in str(gw.get("/v1/audit")), gw.log)
    gw.post("/v1/rotate")
    wait_for(lambda: "uses its new keys" in str(world.owner.get("/v1/audit")), gw.log)


def test_a_peer_with_a_dead_address_and_an_ipv6_one(world):
    """An invitation names both, and so does the document of the DID in it."""
    port = free_port()
    dead, six = f"http://127.0.0.9:{port}/didcomm", f"http://[::1]:{port}/didcomm"
    at(world, [six], [dead, six])
    other = world.add("other", "owner", port=free_port(), link="http")
    other.set("egress", allow="127.0.0.0/8, ::1/128")
    other.set("listen", announce=None)
    other.start()
    url = cli.raw("invite", "--oob", "--goal", "talk", "--socket", str(world.owner.admin_sock)).decode().strip()
    assert "it has answered" in cli.raw("connect", url, "--wait", PATIENCE_S, "--socket", str(other.admin_sock)).decode()
    assert f"{dead}: E_UNAVAILABLE" in other.log()
