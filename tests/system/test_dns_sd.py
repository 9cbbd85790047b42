# SPDX-License-Identifier: Apache-2.0
"""DNS-SD by unicast DNS (RFC 6763) as a source: a real dnsmasq says where the rendezvous has
moved to; servers that lie cost a try, or nothing.  The gateway's own address of the
rendezvous is dead in all of these, so that only DNS can help."""
import struct
import time

import pytest

import names
from agents import World, wait_for
from names import A, AAAA, DOMAIN, PTR, SRV, TXT, Dnsmasq, Liar, record, says, wire


@pytest.fixture
def world():
    w = World()
    w.servers = []
    yield w
    for s in w.servers:
        s.close()
    w.close()


def lost(world, server, **rendezvous):
    """A gateway that was sold, and looks for a rendezvous that is not where it was."""
    world.servers.append(server)
    gw = world.gateway("GW-DNS", rendezvous={"dns-sd": DOMAIN, "dns-sd-server": server.server, **rendezvous})
    gw.sections["egress"]["hosts"] = world.hosts.replace("rv.test=127.0.0.1", "rv.test=127.0.0.2")
    world.born(gw)
    world.sold(gw)
    world.registered(gw)
    gw.post("/v1/onboard")
    gw.wait_state("SEEKING")
    return gw


def found(world, gw):
    gw.post("/v1/onboard")      # what DNS said is for the next round
    gw.wait_state("OPERATIONAL")
    world.active(gw)


def rv_did(world):
    return world.rv.identity("rendezvous")["did"]


def browsed(gw, server, kind="PTR"):
    wait_for(lambda: server.asked(kind), lambda: server.log() + gw.log()[-2000:])


def test_dns_says_where_the_rendezvous_is_now(world):
    dns = Dnsmasq(world.dir, {"Yard 3": (rv_did(world)[:30], "rv", world.rv.port), "else": ("did:example:other", "rv", 9)},
                  {"rv": ["127.0.0.1"]})
    began = time.monotonic()
    gw = lost(world, dns)
    browsed(gw, dns, "A")
    found(world, gw)
    assert 1 <= dns.asked("PTR") <= 1 + (time.monotonic() - began) // 60        # once a minute at most


def test_an_ipv6_server_and_an_ipv6_address(world):
    rv = world.rv
    rv.set("listen", uri=f"nng+tcp://[::1]:{rv.port}, nng+tcp://127.0.0.1:{rv.port}")
    rv.stop()
    rv.start()
    dns = Dnsmasq(world.dir, {"hall": (rv_did(world), "rv", rv.port)}, {"rv": ["::1"]}, listen="::1")
    gw = lost(world, dns)
    gw.set("egress", allow="127.0.0.0/8, ::1/128")
    gw.stop()
    gw.start()
    browsed(gw, dns, "AAAA")
    found(world, gw)


def honest(world, address=b"\x7f\0\0\x01", port=None):
    """What a server says that tells the truth, as octets; each lie changes one of them."""
    instance = wire(f"x._berth._tcp.{DOMAIN}")
    did = f"did={rv_did(world)}".encode()
    return {
        PTR: [record(PTR, instance)],
        TXT: [record(TXT, bytes([len(did)]) + did)],
        SRV: [record(SRV, struct.pack(">HHH", 0, 0, port or world.rv.port) + wire(f"rv.{DOMAIN}"))],
        A: [record(A, address)],
        AAAA: [],
    }


def test_a_server_of_ours_that_tells_the_truth_is_believed(world):
    """The twin of all that follow."""
    truth = honest(world)
    dns = Liar(lambda kind, ident, question: says(ident, question, truth[kind]))
    gw = lost(world, dns)
    wait_for(lambda: AAAA in dns.asked, lambda: (dns.asked, gw.log()[-2000:]))
    found(world, gw)


def other(kind, octets):
    return lambda truth: {**truth, kind: octets}


LIES = {
    "names-that-lead-to-themselves": other(PTR, [record(PTR, b"\xc0\x0c", name=b"\xc0\x2a")]),
    "pointers-in-a-circle": other(PTR, [record(PTR, b"\xc0\x36")]),
    "many-that-lead-beyond-the-end": other(PTR, [record(PTR, b"\xff\xff")] * 60),
    "text-that-is-cut-off": other(TXT, [record(TXT, b"\xffdid=did:x")]),
    "a-did-that-we-do-not-know": other(TXT, [record(TXT, b"\x15did=did:peer:4zQmOther")]),
    "no-did": other(TXT, [record(TXT, b"\x00")]),
    "a-scheme-of-this-machine": lambda truth: other(
        TXT, [record(TXT, truth[TXT][0][12:] + b"\x0escheme=nng+ipc")])(truth),
    "a-host-with-a-path": other(SRV, [record(SRV, b"\0\0\0\0\0\x50" + b"\x04a/b@\0")]),
    "an-address-of-five-octets": other(A, [record(A, b"\x7f\0\0\x01\0")]),
    "metadata": other(A, [record(A, bytes([169, 254, 169, 254]))]),
    "somebody-else-at-the-address": other(A, [record(A, bytes([127, 0, 0, 9]))]),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_finds_nobody(world, lie):
    truth = LIES[lie](honest(world))
    dns = Liar(lambda kind, ident, question: says(ident, question, truth[kind]))
    gw = lost(world, dns)
    pids = gw.pids()
    wait_for(lambda: "dns-sd" in gw.log() or AAAA in dns.asked, lambda: (dns.asked, gw.log()[-2000:]))
    for _ in range(3):
        gw.post("/v1/onboard")
    assert gw.status()["state"] == "SEEKING"
    assert gw.pids() == pids            # nobody died of it
    if lie == "metadata":
        wait_for(lambda: "nng+tcp://169.254.169.254" in gw.log() and "E_NETPOL" in gw.log(), gw.log)
    gw.set("egress", hosts=world.hosts)  # and none of it stands in the way of the truth
    gw.stop()
    gw.start()
    gw.wait_state("OPERATIONAL")


@pytest.mark.parametrize("answer", [
    lambda kind, ident, question: None,
    lambda kind, ident, question: b"\0" * 3,
    lambda kind, ident, question: ident + b"\x85\x80" + b"\0" * 6000,
    lambda kind, ident, question: says(ident, question, [], flags=0x8583),
], ids=["silent", "short", "huge", "nxdomain"])
def test_a_server_that_is_of_no_use_costs_nothing_but_time(world, answer):
    dns = Liar(answer)
    gw = lost(world, dns)
    gw.set("egress", hosts=world.hosts)
    wait_for(lambda: dns.asked, gw.log)
    gw.stop()
    gw.start()                          # it asks nobody else meanwhile, and the owner is found
    gw.wait_state("OPERATIONAL")


def test_what_is_configured_wrong_is_said(world):
    gw = world.gateway("GW-CONF", rendezvous_x={"did": world.rv.identity("rendezvous")["didLong"], "uri": world.rv.uri,
                                                "dns-sd": DOMAIN})
    gw.refuses_to_start("E_CONFIG")
