# SPDX-License-Identifier: Apache-2.0
"""P6: what somebody has who holds a device, or a copy of its disk, and not what its keys are
sealed with: the installer of one fresh from the factory, the thief of one in use.  Every file
that its agent wrote is looked through for what the owner provided and for the owner; with a
copy of the disk no agent starts; at the device itself an application's socket says nothing to
who has no right."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

from cli import PATIENCE_S
from openapi import public_folder
from test_memory import forms

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs other uids")

ITEMS = {"wifi": b"psk=correct horse battery staple", "cloud": b"token=" + os.urandom(24).hex().encode()}
NOBODY = 65534


def files(agent):
    return [p for p in pathlib.Path(agent.dir).rglob("*") if p.is_file()]


def shown(agent, secret):
    """The files in which it stands, in whatever form."""
    wanted = forms(secret)
    return [str(p) for p in files(agent) if any(form in p.read_bytes() for form in wanted)]


@pytest.fixture(scope="module")
def gw(world):
    return world.gateway("GW-HAND", tpm=True, principal_app={"uid": "1", "may": "self secret:wifi"})


def test_p6_a_device_from_the_factory_carries_nothing_of_use(world, gw):
    world.born(gw)
    did = world.owner.identity("owner")["did"]
    world.sold(gw)
    world.provisioned(gw, ITEMS)
    assert gw.stop() == 0
    assert len(files(gw)) > 2
    for data in (*ITEMS.values(), did.encode(), world.owner.uri.encode()):
        assert shown(gw, data) == []
    assert shown(gw, b"GW-HAND")        # the twin: its own serial is there, and found
    gw.start()


def test_p6_the_disk_of_a_device_in_use_shows_whose_it_is_and_no_secret(world, gw):
    world.switched_on(gw)
    assert gw.stop() == 0
    for data in ITEMS.values():
        assert shown(gw, data) == []
    assert shown(gw, world.owner.identity("owner")["did"].encode())      # not hidden, docs/security-properties.md says so
    gw.start()
    gw.wait_state("OPERATIONAL")


def test_p6_a_copy_of_the_disk_starts_nowhere_else(world, gw, tmp_path):
    """Another TPM beside the copy: no agent, no identity, and nothing made anew."""
    assert gw.stop() == 0
    before = {p: p.read_bytes() for p in files(gw) if p.suffix != ".log" and "log" not in p.name}
    gw.tpm.kill()
    gw.tpm.start("another")
    gw.refuses_to_start("E_KEYSTORE")
    gw.tpm.kill()
    gw.tpm.start("state")
    assert {p for p in before if p.exists() and p.read_bytes() == before[p]} >= {p for p in before if "keys" in str(p)}
    gw.start()          # the twin: with its own
    gw.wait_state("OPERATIONAL")


def test_p6_who_stands_beside_it_gets_nothing_from_its_sockets(gw):
    gw.run_dir.chmod(0o755)
    gw.app_sock.chmod(0o666)
    code = ("import json, sys; sys.path.insert(0, sys.argv[1])\nfrom openapi import ask\n"
            "print(json.dumps([ask(sys.argv[2], 'GET', p)[0] for p in sys.argv[3:]]))\n")
    paths = ("/v1/device", "/v1/identities", "/v1/secrets", "/v1/secrets/wifi", "/v1/trust")

    def statuses(uid):
        r = subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", sys.executable, "-c", code,
                            public_folder(), str(gw.app_sock), *paths], stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE_S)
        return dict(zip(paths, json.loads(r.stdout)))

    assert set(statuses(NOBODY).values()) <= {403, 404}, statuses(NOBODY)
    assert statuses(1)["/v1/secrets/wifi"] == 200       # the twin
    r = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "test", "-w", str(gw.admin_sock)])
    assert r.returncode != 0
