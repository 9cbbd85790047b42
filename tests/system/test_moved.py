# SPDX-License-Identifier: Apache-2.0
"""An owner goes on on another host while its gateway works: its files are copied, its address
is another, and nobody is at the old one."""
import shutil

import pytest

import names
from agents import World, free_port, wait_for


@pytest.fixture
def world():
    w = World(links=("owner",))     # over http it is known at once that nobody is there
    w.servers = []
    yield w
    for s in w.servers:
        s.close()
    w.close()


def moved(world, host, port):
    """The owner's folder, copied; the old one is gone for good."""
    old = world.owner
    old.stop()
    new = world.add("owner-two", "owner", port=port)
    shutil.rmtree(new.state)
    for name in ("state", "keys", "pass"):
        src = old.dir / name
        (shutil.copytree if src.is_dir() else shutil.copy2)(src, new.dir / name)
    for section, options in old.sections.items():
        if section not in ("agent", "keystore main", "listen"):
            new.sections[section] = dict(options)
    uri = f"http://{host}:{port}/didcomm"
    new.set("listen", uri=uri, announce=uri)
    new.set("policy", owner_silent="2")
    world.owner = new.start()
    return uri


def comes_to(gw, owner, uri):
    wait_for(lambda: f"the owner is at {uri} from now on" in str(gw.get("/v1/audit")), lambda: gw.log()[-3000:])
    wait_for(lambda: f"comes to {uri}" in str(owner.get("/v1/audit")), lambda: owner.log()[-3000:])
    gw.post("/v1/rotate")               # and all else goes over it
    wait_for(lambda: "uses its new keys" in str(owner.get("/v1/audit")), lambda: gw.log()[-3000:] + owner.log()[-3000:])


def test_an_owner_goes_on_from_another_folder_at_another_address(world):
    gw = world.gateway("GW-MOVED", policy={"owner-silent": "2"})
    world.onboard(gw)
    uri = moved(world, "127.0.0.3", free_port())
    comes_to(gw, world.owner, uri)


def test_dns_says_where_it_is_when_no_rendezvous_does(world):
    port = free_port()
    dns = names.Dnsmasq(world.dir, {"office": (world.owner.identity("owner")["did"], "new", port, "scheme=http", "path=/didcomm")},
                        {"new": ["127.0.0.2"]})
    world.servers.append(dns)
    gw = world.gateway("GW-DNS", policy={"owner-silent": "2"},
                       rendezvous={"dns-sd": names.DOMAIN, "dns-sd-server": dns.server})
    world.onboard(gw)
    world.rv.stop()
    uri = moved(world, "127.0.0.2", port)
    comes_to(gw, world.owner, uri)
