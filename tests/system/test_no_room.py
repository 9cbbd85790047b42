# SPDX-License-Identifier: Apache-2.0
"""C148: the disk of an agent is full.  What comes is refused and not acknowledged, it goes on
answering whoever asks how it is, and takes everything when there is room again."""
import os
import subprocess

import pytest

from agents import ApiError, World, wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
ROOM = 8 << 20


@pytest.fixture
def world():
    """The owner's state is on a disk of its own."""
    w = World()
    w.owner.stop()
    aside = w.owner.dir / "aside"
    w.owner.state.rename(aside)
    w.owner.state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "none", w.owner.state], check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", w.owner.state], check=True)
        w.owner.start()
        yield w
    finally:
        w.owner.stop()
        subprocess.run(["umount", w.owner.state], check=True)
        w.close()


def fill(folder):
    """To the last octet."""
    file = folder / "filler"
    with open(file, "wb", 0) as f:
        for size in (1 << 16, 1):
            try:
                while True:
                    f.write(b"x" * size)
            except OSError:
                pass
    return file


def is_refused(owner, gw, n):
    try:
        owner.post("/v1/provision", {"device": gw.name, "id": f"item-{n}", "type": "config", "data": "QUFB" * 8192})
    except ApiError as e:
        assert e.code == "E_STORE", e
        return True
    return False


def test_c148_a_full_disk_is_e_store_and_the_agent_stays_alive(world):
    owner, gw = world.owner, world.gateway("GW-ROOM")
    world.born(gw)
    world.sold(gw)
    world.registered(gw)
    pids, filler = owner.pids(), fill(owner.state)
    wait_for(lambda n=iter(range(9)): is_refused(owner, gw, next(n)), "the disk to be full")
    gw.post("/v1/onboard")      # what it says is not acknowledged either
    wait_for(lambda: gw.state_is("CONTACTING", "OWNER_PROVED", "SEEKING"), gw.status)
    for _ in range(20):
        assert owner.status()["state"] == "READY" and owner.device(gw.name)["state"] in ("PUBLISHED", "SESSION")
        assert is_refused(owner, gw, 10)
    assert owner.pids() == pids
    assert gw.status()["state"] != "OPERATIONAL"
    filler.unlink()
    assert not is_refused(owner, gw, 11)
    gw.wait_state("OPERATIONAL")
    world.active(gw)
    assert owner.pids() == pids and owner.get("/v1/audit/verify")["verified"]
