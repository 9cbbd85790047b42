# SPDX-License-Identifier: Apache-2.0
"""An owner whose agent came back from an old copy sells a device twice (C.1a (c)): the device
refuses both, and the factory's root, or nobody, says which holds."""
import json
import shutil

import pytest

from agents import World, free_port, wait_for
from cli import fails, raw


@pytest.fixture(scope="module")
def world():
    w = World(factory={"policy": {"recovery": "yes"}})
    w.hosts += ", b.test=127.0.0.1, c.test=127.0.0.1"
    rv = {"did": w.rv.identity("rendezvous")["didLong"], "uri": w.rv.uri}
    w.b, w.c = (w.add(name, "owner", port=free_port(), rendezvous_a=rv,
                      trust={"issuer": w.factory.identity("issuer")["did"]}).start() for name in "bc")
    yield w
    w.close()


def at(agent):
    return ("--socket", agent.admin_sock)


def did(agent):
    return agent.identity("owner")["didLong"]


def audited(agent, text):
    return [e["detail"] for e in agent.get("/v1/audit") if text in e["detail"]]


def sold_twice(world, gw, folder):
    """The owner's agent forgets the first sale; both buyers are registered."""
    world.sold(gw)
    world.registered(gw)
    copy = folder / "copy"
    world.owner.stop()
    for what in ("state", "keys"):
        of = world.owner.dir / what
        shutil.copytree(of, copy / what) if of.is_dir() else shutil.copy(of, copy / what)
    world.owner.start()
    raw("devices", "transfer", gw.name, "--to", did(world.b), "--out", folder / "b.chain", *at(world.owner))
    fails("E_AUTHZ", "devices", "transfer", gw.name, "--to", did(world.c), "--out", folder / "c.chain", *at(world.owner))
    world.owner.stop()
    for what in ("state", "keys"):
        to = world.owner.dir / what
        shutil.rmtree(to) if to.is_dir() else to.unlink()
        shutil.move(copy / what, to)
    world.owner.start()
    raw("devices", "transfer", gw.name, "--to", did(world.c), "--out", folder / "c.chain", *at(world.owner))
    for name in "bc":
        raw("devices", "import", folder / f"{name}.chain", *at(getattr(world, name)))
        world.registered(gw, getattr(world, name))


def test_the_root_resolves_a_fork(world, tmp_path):
    gw, other = (world.born(world.gateway(name)) for name in ("GW-FORK", "GW-OTHER"))
    sold_twice(world, gw, tmp_path)
    b, c, held = (tmp_path / f"{name}.chain" for name in ("b", "c", "held"))
    gw.post("/v1/onboard")
    wait_for(lambda: audited(gw, "two owners show forked chains: both refused"), lambda: gw.get("/v1/audit"))
    assert gw.state_is("SEEKING")

    resolve = lambda device, chain, *refused: ("devices", "resolve", device, "--chain", chain, "--out", held,
                                               *(x for r in refused for x in ("--refuse", r)), *at(world.factory))
    (tmp_path / "other.chain").write_text(json.dumps(world.chain(other)))
    fails("E_HOLDER", *resolve(other.name, b, c))                        # that word would be for another device
    fails("E_HOLDER", *resolve(gw.name, b, tmp_path / "other.chain"))
    fails("E_NOMATCH", *resolve(gw.name, b, b))                          # no fork
    fails("E_NOMATCH", *resolve("GW-NONE", b, c))
    fails("E_USAGE", *resolve(gw.name, b))
    fails("E_NOMATCH", *resolve(gw.name, b, c)[:-2], *at(world.owner))   # no factory
    assert not held.exists()
    raw(*resolve(gw.name, b, c))
    first = json.loads(held.read_text())
    assert first["entries"][:2] == json.loads(b.read_text())["entries"] and len(first["entries"]) == 3
    fails("E_AUTHZ", *resolve(gw.name, c, b))                            # the root speaks once
    held.unlink()
    raw(*resolve(gw.name, b, c))
    assert json.loads(held.read_text()) == first
    assert len(audited(world.factory, "fork of device GW-FORK at entry 1 resolved: 1 refused")) == 1

    raw("devices", "import", held, *at(world.b))
    world.registered(gw, world.b)
    gw.post("/v1/onboard")
    gw.wait_state("OPERATIONAL")
    world.active(gw, world.b)
    assert gw.status()["ownerDid"] == world.b.identity("owner")["did"]
    assert audited(gw, "refused: E_AUTHZ: entries[1] is one side of a fork")
    assert world.c.device(gw.name)["state"] == "PUBLISHED"
    gw.stop()
    other.stop()
