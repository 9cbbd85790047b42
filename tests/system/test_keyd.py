# SPDX-License-Identifier: Apache-2.0
"""berth-keyd under a core that goes on: taken over, stopped, or behind a TPM that
does not answer."""
import pathlib
import re
import shutil
import signal
import time

import pytest

import shake
from agents import BUILD, ApiError, alive, free_port, wait_for

OPEN_S = 30         # then a keyd that has not opened its store is given up
ITEMS = {"wifi": b"psk=correct horse battery staple"}


@pytest.fixture(scope="module")
def gw(world):
    g = world.gateway("GW-H", tpm=True)
    world.onboard(g, ITEMS)
    return g


def is_degraded(g):
    health = g.status()["health"]
    return health["state"] == "degraded" and "the keystore does not answer" in health["reasons"]


def status_of(pid, name):
    return re.search(rf"^{name}:\s*(.*)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1)


def test_c159_keyd_is_confined(world, gw):
    """Two filters: what every process gets, and its own once the store is open."""
    pid = gw.pids()["keyd"]
    assert status_of(pid, "Seccomp") == "2" and status_of(pid, "Seccomp_filters") == "2"
    assert status_of(world.rv.pids()["keyd"], "Seccomp_filters") == "2"
    assert status_of(gw.pids()["netd"], "Seccomp_filters") == "2"    # see test_sandbox.c of netd
    assert status_of(gw.p.pid, "Seccomp_filters") == "1"    # see test_core_sandbox.c


def test_c159_a_keyd_that_is_taken_over_is_killed_and_replaced(world, tmp_path):
    """It tries to run another program when it is asked for a counter once too often."""
    g = world.add("taken", "rendezvous", port=free_port())
    g.libexec = tmp_path / "libexec"
    shutil.copytree(BUILD / "libexec", g.libexec)
    shutil.copy(BUILD / "tests/rogue/forbidden/berth-keyd", g.libexec)
    g.start()
    did = g.identity("rendezvous")["did"]
    # each lasts for a few calls
    wait_for(lambda: g.status() and g.log().count("signal 31: a system call that it may not make") >= 3, g.log)
    wait_for(lambda: not is_degraded(g), g.log)
    assert g.log().count('is back"') >= 3 and "sleep" not in g.pids()
    assert g.identity("rendezvous")["did"] == did
    assert g.stop() == 0


def goes_on(g, asked):
    wait_for(lambda: any(p["thid"] == asked for p in g.get("/v1/peers")), lambda: g.log()[-2000:])
    assert g.status()["queue"]["dead"] == 0


def test_c137_a_keyd_that_hangs_costs_a_restart_and_no_message(world, gw):
    """The call that meets it fails at its deadline; the queue is as it was."""
    world.owner.stop()
    asked = gw.post("/v1/ping")["thid"]
    wait_for(lambda: gw.status()["queue"]["out"] >= 1, gw.status)
    old = gw.pids()["keyd"]
    shake.kill(old, signal.SIGSTOP)
    assert is_degraded(gw) or not alive(old)        # or somebody else has met it, and it was replaced by then
    wait_for(lambda: gw.pids().get("keyd", old) != old, gw.log)
    wait_for(lambda: not is_degraded(gw), gw.status)
    assert gw.status()["queue"]["out"] >= 1
    world.owner.start()
    goes_on(gw, asked)


def test_c137_a_tpm_that_hangs_leaves_the_api_alive(gw):
    """keyd is started again, and waits for the device; nobody waits for keyd."""
    old, began = gw.pids()["keyd"], time.monotonic()
    gw.tpm.p.send_signal(signal.SIGSTOP)
    try:
        assert is_degraded(gw)
        wait_for(lambda: gw.pids().get("keyd", old) != old, gw.log)
        before = len(gw.log())
        for _ in range(200):
            assert is_degraded(gw)
            with pytest.raises(ApiError) as e:
                gw.post("/v1/ping")
            assert (e.value.code, e.value.status) == ("E_KEYSTORE", 503)
        # all of that while one and the same keyd was opening its store, or one in OPEN_S
        ended = gw.log()[before:].count("is gone after")
        assert ended <= (time.monotonic() - began) // OPEN_S
    finally:
        gw.tpm.p.send_signal(signal.SIGCONT)
    wait_for(lambda: not is_degraded(gw), lambda: gw.log()[-2000:])
    goes_on(gw, gw.post("/v1/ping")["thid"])


def test_a_sealed_file_whose_key_the_tpm_keeps(world):
    """All of it behind the daemon: keys that no TPM has, a restart, another TPM."""
    g = world.add("kept", "rendezvous", port=free_port())
    tpm = world.tpm("kept")
    g.set("keystore main", uri=f"soft:{g.dir}/keys?seal=tpm2", tcti=tpm.tcti, passphrase_file=None)
    (g.dir / "pass").unlink()
    g.start()
    did = g.identity("rendezvous")["did"]
    g.stop()
    g.start()
    assert g.identity("rendezvous")["did"] == did
    assert tpm.p.poll() is None and g.stop() == 0
    before = (g.dir / "keys").read_bytes()
    tpm.kill()
    shutil.copytree(tpm.made / "state", tpm.dir / "other")
    tpm.start("other")
    assert "cleared or replaced" in g.refuses_to_start("E_KEYSTORE")
    assert (g.dir / "keys").read_bytes() == before
