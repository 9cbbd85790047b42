# SPDX-License-Identifier: Apache-2.0
"""What each of an agent's processes has and has not, and what happens when one of
them, the TPM, the keys or the store goes away."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time

import pytest

import shake

from agents import BERTHD, ApiError, Tpm, World, alive, free_port, wait_for
from cli import PATIENCE_S

ME = os.geteuid()
ITEMS = {"wifi": b"psk=correct horse battery staple"}
APP = {"principal_app": {"uid": str(ME), "may": "self device identity:operational secret:wifi"}}
NO_ADAPTER = pathlib.Path(BERTHD).parents[1] / "lib/berth/registry/static.so"


@pytest.fixture(scope="module")
def gw(world):
    """An onboarded gateway with a TPM, an adapter where there is one, and an application."""
    g = world.gateway("GW-P", tpm=True, **APP)
    if NO_ADAPTER.exists() and ME == 0:
        folder = world.dir / "docs"
        folder.mkdir()
        lib = pathlib.Path(tempfile.mkdtemp(prefix="berth-test-", dir="/usr/local/lib"))
        lib.chmod(0o755)
        shutil.copy(NO_ADAPTER, lib / "static.so")
        g.set("adapter static", path=lib / "static.so", dir=folder)
    world.onboard(g, ITEMS)
    yield g
    if NO_ADAPTER.exists() and ME == 0:
        shutil.rmtree(lib)


def wifi(g):
    return g.app("/v1/secrets/wifi")["text"].encode()


def proc(pid, name):
    return pathlib.Path(f"/proc/{pid}/{name}").read_text(errors="replace")


def field(pid, name):
    return re.search(rf"^{name}:\s*(.*)$", proc(pid, "status"), re.M).group(1)


def fds(pid):
    """Those that are still there when they are looked at."""
    found = {}
    for f in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(f)] = os.readlink(f"/proc/{pid}/fd/{f}")
    return found


# ---- what each has

LIBRARIES = {   # which process may have which library mapped
    "libtss2-esys": {"keyd"}, "libtss2-tcti": {"keyd"}, "libtss2-sys": {"keyd"}, "libnng": {"netd"}, "libsqlite3": {"berthd"}, "libmicrohttpd": {"berthd"},
    "libcurl": {"resolverd"},
}


@pytest.mark.skipif(ME != 0, reason="/proc of a process that is not dumpable is root's")
def test_each_process_has_only_what_it_needs(gw):
    pids = gw.pids()
    assert {"berthd", "keyd", "netd"} <= set(pids)
    for name, pid in pids.items():
        maps = proc(pid, "maps")
        for library, owners in LIBRARIES.items():
            if ("berthd" if name == "starter" else name) not in owners:     # the starter is a copy of the core
                assert library not in maps, f"{library} in {name}"
        assert ("/registry/" in maps or "static.so" in maps) == (name == "resolverd"), name
        assert field(pid, "NoNewPrivs") == "1", name
        limits = proc(pid, "limits")
        assert re.search(r"Max core file size\s+0\s+0", limits), name
        env = [e.split("=")[0] for e in proc(pid, "environ").split("\0") if e]
        if name not in ("berthd", "starter"):    # the core's own block is what it was started with; it acts on none of it
            assert set(env) <= {"LANG", "CREDENTIALS_DIRECTORY", "TSS2_LOG", "BERTH_TCTI", "BERTH_PASSPHRASE_FILE"}, name
            assert not field(pid, "SigBlk").strip("0"), name
    keys = str(gw.dir / "keys")
    for name, pid in pids.items():
        opened = fds(pid)
        if name != "keyd":
            assert not any(keys in path or "tpm" in path for path in opened.values()), (name, opened)
        if name != "berthd":
            assert not any("berth.db" in path or str(gw.state) in path for path in opened.values()), (name, opened)
            assert opened[0] == "/dev/null", name
            sockets = [n for n, path in opened.items() if path.startswith("socket:")]
            assert len(sockets) == 1 if name == "starter" else 3 in sockets, (name, opened)


@pytest.mark.skipif(ME != 0, reason="/proc of a process that is not dumpable is root's")
def test_nothing_is_inherited(world):
    """Descriptors, environment and signal mask of a careless starter."""
    g = world.gateway("GW-FD")
    extra = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(extra, True)
    try:
        g.start(close_fds=False, env={**os.environ, "LD_DEBUG": "", "http_proxy": "http://127.0.0.1:1", "SECRET": "x",
                                      "TSS2_TCTI": "none"})
    finally:
        os.close(extra)
    for name, pid in g.pids().items():
        assert not any("hostname" in path for path in fds(pid).values()), name
        assert stat.S_IMODE(os.stat(f"/proc/{pid}").st_mode) and field(pid, "Umask") == "0077", name
    g.wait_state("INITIALIZED", "SEEKING")
    assert g.stop() == 0


def test_an_agent_interrupts_nobody(gw):
    """All threads of its processes, nng's too."""
    for name, pid in gw.pids().items():
        assert {os.sched_getscheduler(int(thread)) for thread in os.listdir(f"/proc/{pid}/task")} == {os.SCHED_BATCH}, name


def test_who_has_decided_on_a_policy_is_obeyed(world):
    g = world.gateway("GW-IDLE")
    g.start(preexec_fn=lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)))
    for name, pid in g.pids().items():
        assert os.sched_getscheduler(pid) == os.SCHED_IDLE, name
    assert g.stop() == 0


def test_c145_nobody_looks_inside(gw):
    """Not dumpable: /proc is root's, ptrace by the same uid fails, gcore gets nothing."""
    script = ("import ctypes, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n"
              "r = libc.ptrace(16, int(sys.argv[1]), 0, 0)\nprint(r, ctypes.get_errno())\n")
    for name, pid in gw.pids().items():
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0, name
        if ME == 0:
            # root may; so look at it as the daemon's user without its capabilities would
            r = subprocess.run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", "/usr/bin/python3", "-c", script,
                                str(pid)], stdout=subprocess.PIPE, text=True, check=True)
        else:
            r = subprocess.run(["/usr/bin/python3", "-c", script, str(pid)], stdout=subprocess.PIPE, text=True, check=True)
        assert r.stdout.split() == ["-1", "1"], (name, r.stdout)      # EPERM


@pytest.mark.skipif(ME != 0, reason="reads another process' memory")
def test_c145_a_forced_crash_leaves_no_core(world, tmp_path):
    g = world.gateway("GW-CORE")
    world.born(g)
    pid = g.pids()["keyd"]
    os.kill(pid, signal.SIGABRT)
    wait_for(lambda: g.pids().get("keyd", pid) != pid, "keyd to come back")
    g.p.send_signal(signal.SIGABRT)
    assert g.p.wait(PATIENCE_S) == -signal.SIGABRT
    g.p = None
    assert not [f for f in g.dir.rglob("*core*")] and not list(pathlib.Path.cwd().glob("core*"))


def mode_of(path):
    """0 when it is gone already, as SQLite's journals are."""
    with contextlib.suppress(FileNotFoundError):
        return stat.S_IMODE(os.lstat(path).st_mode)
    return 0


def test_key_files_are_ours_alone(gw):
    for path in gw.dir.rglob("*"):
        mode = mode_of(path)
        if path.is_relative_to(gw.state) or path.is_relative_to(gw.dir / "keys"):
            assert not mode & 0o077, (path, oct(mode))


# ---- what happens when one goes

def goes_on(world, g):
    wait_for(lambda: set(g.pids()) >= {"berthd", "keyd", "netd"}, g.pids)
    wait_for(lambda: g.status()["health"]["state"] == "ok", g.status)   # keyd has opened its store
    before = len(g.get("/v1/peers"))
    asked = g.post("/v1/ping")["thid"]
    wait_for(lambda: any(p["thid"] == asked for p in g.get("/v1/peers")), lambda: g.log()[-2000:])
    assert len(g.get("/v1/peers")) >= before
    assert wifi(g) == ITEMS["wifi"]
    assert g.status()["queue"]["dead"] == 0


@pytest.mark.parametrize("name", ["netd", "keyd", "resolverd"])
def test_a_killed_process_comes_back(world, gw, name):
    if name not in gw.pids():
        pytest.skip("no adapter here, so no resolverd")
    core, old = gw.p.pid, gw.pids()[name]
    os.kill(old, signal.SIGKILL)
    if name != "resolverd":     # that one comes back when something is asked of it
        wait_for(lambda: gw.pids().get(name, old) != old, f"another {name}")
    assert gw.p.pid == core and gw.p.poll() is None
    if name == "resolverd":
        wait_for(lambda: not alive(old), "its end")
        assert gw.status()["state"] == "OPERATIONAL"
        return
    goes_on(world, gw)


def test_the_queue_outlives_netd(world, gw):
    """Sent while there is no netd, and while the owner is away."""
    world.owner.stop()
    asked = gw.post("/v1/ping")["thid"]
    os.kill(gw.pids()["netd"], signal.SIGKILL)
    time.sleep(0.3)
    assert gw.status()["queue"]["out"] >= 1
    world.owner.start()
    wait_for(lambda: any(p["thid"] == asked for p in gw.get("/v1/peers")), lambda: gw.log()[-2000:])
    wait_for(lambda: gw.status()["queue"]["out"] == 0, "an empty outbox")


def test_a_process_that_hangs_is_replaced(world, gw):
    """keyd does not answer: that call fails at its deadline, the next keyd works."""
    old = gw.pids()["keyd"]
    shake.kill(old, signal.SIGSTOP)
    assert gw.status()["health"]["state"] == "degraded" or not alive(old)   # or somebody else has met it, and it was replaced by then
    wait_for(lambda: gw.pids().get("keyd", old) != old, "another keyd")
    goes_on(world, gw)


def test_keyd_is_killed_again_and_again_while_onboarding(world):
    """Each time something has happened; what failed is tried again by itself.  Twice at least while
    the owner is away and nothing goes on, for all the rest may be over too quickly."""
    g = world.gateway("GW-K", tpm=True, **APP)
    world.born(g)
    world.sold(g)
    world.provisioned(g, ITEMS)
    world.registered(g)
    world.owner.stop()
    g.post("/v1/onboard")
    for _ in range(2):
        old = wait_for(lambda: g.pids().get("keyd"), "keyd")
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: g.pids().get("keyd", old) != old, "another keyd")
    world.owner.start()
    killed, seen, end = 0, len(g.log()), time.monotonic() + PATIENCE_S
    while not g.state_is("OPERATIONAL"):
        assert time.monotonic() < end, (g.status(), g.log()[-3000:])
        if '"state"' in g.log()[seen:] and killed < 4 and g.kill_one("keyd"):
            seen = len(g.log())
            killed += 1
        time.sleep(0.01)
    world.active(g)
    wait_for(lambda: "keyd" in g.pids(), "keyd")
    assert wifi(g) == ITEMS["wifi"]
    assert g.stop() == 0
    assert g.tpm.transient_handles() == []


def test_c137_the_tpm_goes_and_comes_back(world, gw):
    before = gw.status()
    gw.tpm.kill()
    wait_for(lambda: gw.status()["health"]["state"] == "degraded", gw.status)
    assert "the keystore does not answer" in gw.status()["health"]["reasons"]
    with pytest.raises(ApiError) as e:
        gw.post("/v1/ping")
    assert e.value.code == "E_KEYSTORE" and e.value.status == 503
    assert "E_KEYSTORE" in gw.log() and gw.p.poll() is None
    gw.tpm.start()
    wait_for(lambda: "the keystore does not answer" not in gw.status()["health"]["reasons"], gw.status)
    goes_on(world, gw)
    assert gw.status()["operationalDid"] == before["operationalDid"]


def test_c141_another_tpm_is_no_new_identity(world, gw):
    """The TPM was cleared, or the disk was put into another machine."""
    gw.stop()
    before = sorted((gw.dir / "keys").glob("*"))
    gw.tpm.kill()
    shutil.copytree(Tpm.made / "state", gw.tpm.dir / "other", dirs_exist_ok=True)
    gw.tpm.start("other")
    line = gw.refuses_to_start("E_KEYSTORE")
    assert "cleared" in line or "is not" in line, line
    assert sorted((gw.dir / "keys").glob("*")) == before
    gw.tpm.kill()
    gw.refuses_to_start("E_KEYSTORE")     # none at all
    gw.tpm.start("state")
    gw.start()
    goes_on(world, gw)


# ---- state folders

def test_c150_one_without_the_other(world):
    g = world.gateway("GW-LOSS", **APP)
    world.onboard(g, ITEMS)
    did = g.status()["operationalDid"]
    g.stop()
    keys, store = g.dir / "keys", g.state / "berth.db"
    aside = g.dir / "aside"
    aside.mkdir()
    gone = [p for p in g.dir.iterdir() if p.name.startswith("keys")]
    for p in gone:
        p.rename(aside / p.name)
    assert gone and str(keys) in g.refuses_to_start("E_KEYSTORE")
    assert not keys.exists(), "a silent new identity"
    for p in gone:
        (aside / p.name).rename(p)
    gone = [p for p in g.state.iterdir() if p.name.startswith("berth.db")]
    for p in gone:
        p.rename(aside / p.name)
    assert gone and str(g.state) in g.refuses_to_start("E_STORE")
    assert not store.exists(), "a silent fresh start"
    store.touch(mode=0o600)
    g.refuses_to_start("E_STORE")
    store.unlink()
    for p in gone:
        (aside / p.name).rename(p)
    store.write_bytes(store.read_bytes()[:4096] + os.urandom(4096) + store.read_bytes()[8192:])
    backup = store.read_bytes()
    g.spawn()
    wait_for(lambda: g.answers() or g.p.poll() is not None, "an answer")
    if g.p.poll() is None:      # the page was a free one
        assert g.status()["operationalDid"] == did
    else:
        g.p = None
        assert "E_STORE" in g.log() and store.read_bytes() == backup


def test_c150_an_owner_whose_store_is_gone(world):
    """Roles that step no counter lose their store just as loudly."""
    w = World()
    try:
        for a in (w.owner, w.factory, w.rv):
            a.stop()
            for p in a.state.glob("berth.db*"):
                p.unlink()
            assert str(a.state) in a.refuses_to_start("E_STORE")
    finally:
        w.close()


def test_c142_the_wrong_passphrase_and_lax_files(world):
    g = world.add("lax", "rendezvous", port=free_port()).start()
    g.stop()
    (g.dir / "pass").write_text("another")
    g.refuses_to_start("E_KEYSTORE")
    g2 = world.add("lax2", "rendezvous", port=free_port())
    (g2.dir / "pass").chmod(0o644)
    g2.refuses_to_start("E_KEYSTORE")
    (g2.dir / "pass").chmod(0o600)
    g2.start()
    g2.stop()
    (g2.dir / "keys").chmod(0o644)
    g2.refuses_to_start("E_KEYSTORE")


def test_c131_modes_of_what_others_may_reach(world):
    """Whatever the starter's umask was; and nothing is reused that others made."""
    g = world.add("modes", "rendezvous", port=free_port())
    g.start(preexec_fn=lambda: os.umask(0))
    for path, mode in ((g.run_dir, 0o750), (g.app_sock, 0o660), (g.admin_sock, 0o600)):
        assert stat.S_IMODE(os.lstat(path).st_mode) == mode, path
    for path in g.state.iterdir():
        assert not mode_of(path) & 0o077, path
    assert g.stop() == 0
    assert not g.app_sock.exists() and not g.admin_sock.exists()
    g.run_dir.chmod(0o777)
    assert str(g.run_dir) in g.refuses_to_start("E_CONFIG")
    g.run_dir.chmod(0o750)
    g.app_sock.write_text("not a socket")
    g.refuses_to_start("E_CONFIG")
    g.app_sock.unlink()
    g.app_sock.symlink_to("/tmp/elsewhere")
    g.refuses_to_start("E_CONFIG")
    g.app_sock.unlink()
    g.state.chmod(0o777)
    assert str(g.state) in g.refuses_to_start("E_STORE")
    g.state.chmod(0o700)
    g.start()
    again = world.add("modes2", "rendezvous", port=free_port())
    again.set("agent", run_dir=g.run_dir)
    again.refuses_to_start("E_UNAVAILABLE")     # another daemon is there
    assert g.status()["state"] == "READY"


# ---- configuration and signals

def test_check_config_names_line_and_option(tmp_path):
    conf = tmp_path / "berth.conf"

    def check(text, mode=0o600):
        conf.write_text(text)
        conf.chmod(mode)
        r = subprocess.run([BERTHD, "--check-config", str(conf)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return r.returncode, r.stderr.strip().splitlines()[-1] if r.stderr else r.stdout.strip()
    assert check("[agent]\nrole = owner\n") == (0, f"{conf}: no fault found")
    for text, line, option in (("[agent]\nrole = owner\ncolour = red\n", "3", "colour"),
                               ("[agent]\nrole = emperor\n", "2", "role"),
                               ("[agent]\nname = a\n\nname = b\n", "4", "name"),
                               ("[policy]\ncollect = 9999\n", "2", "collect"),
                               ("[egress]\nallow = 300.0.0.0/8\n", "2", "allow"),
                               ("[egress]\nnames = a.test\nhttp-hosts = *.test\n", "3", "http-hosts"),
                               ("[nonsense]\nx = y\n", "1", "nonsense")):
        status, said = check(text)
        assert status == 3 and said.startswith("berthd: E_CONFIG: ") and line in said and option in said, (text, said)
    status, said = check("[agent]\nrole = owner\n", 0o666)
    assert status == 3 and "E_CONFIG" in said
    r = subprocess.run([BERTHD, "--config", str(tmp_path / "none")], stderr=subprocess.PIPE, text=True)
    assert r.returncode == 3 and "E_CONFIG" in r.stderr
    r = subprocess.run([BERTHD, "--frobnicate"], stderr=subprocess.PIPE, text=True)
    assert r.returncode == 2 and "E_USAGE" in r.stderr


def test_sighup_takes_a_good_file_and_keeps_the_old_one_else(world):
    g = world.add("hup", "rendezvous", port=free_port(),
                  principal_app={"uid": str(ME), "may": "self"}).start()
    assert g.app("/v1/self")["principal"] == "app"

    def reload(extra="", **principal):
        seen = g.log().count('"reload"')
        g.set("principal app", **principal)
        g.write(extra)
        g.p.send_signal(signal.SIGHUP)
        wait_for(lambda: g.log().count('"reload"') > seen, g.log)
        return [line for line in g.log().splitlines() if '"reload"' in line][-1]
    with pytest.raises(ApiError):
        g.app("/v1/device")
    assert "E_" not in reload(may="self device")
    assert g.app("/v1/device")["state"] == "READY"
    for extra in ("[nonsense]\n", "[agent]\ncolour = red\n", "[principal other]\nmay = device\n",
                  "[rendezvous x]\ndid = did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp\n",
                  "[trust]\nek-roots = /nonexistent\n", "[principal p]\nuid = no-such-user-here\nmay = self\n"):
        line = reload(extra, may="self")
        assert "E_CONFIG" in line or "E_DID" in line, (extra, line)
        assert g.app("/v1/device")["state"] == "READY", extra
    assert "E_" not in reload(may="self")
    with pytest.raises(ApiError):
        g.app("/v1/device")
    g.set("agent", log_level="error")
    g.write()
    g.p.send_signal(signal.SIGHUP)
    for _ in range(20):
        g.p.send_signal(signal.SIGHUP)
    assert g.status()["state"] == "READY"
    assert g.stop() == 0


def test_sigterm_ends_everything_with_status_0(world):
    g = world.add("term", "rendezvous", port=free_port()).start()
    pids = g.pids()
    assert g.stop() == 0
    wait_for(lambda: not any(map(alive, pids.values())), pids)
    g.start()
    assert g.stop(signal.SIGINT) == 0


def test_c157_signals_under_load(world, gw):
    for i in range(30):
        if gw.p is None:
            gw.spawn()
        gw.ready()
        for _ in range(i % 4):
            gw.p.send_signal(signal.SIGHUP)
        if i % 3 == 0:
            gw.post("/v1/ping")
        if i % 5 == 4:
            assert gw.stop() == 0
    if gw.p is None:
        gw.start()
    goes_on(world, gw)
    assert gw.get("/v1/audit/verify")["rows"] > 0


def test_without_the_starter_the_agent_ends(world):
    """It could start nothing any more: who started the agent starts it again."""
    g = world.add("orphan", "rendezvous", port=free_port())
    g.start()
    left = g.pids()
    os.kill(left["starter"], signal.SIGKILL)
    assert g.p.wait(timeout=PATIENCE_S) == 4
    wait_for(lambda: not any(map(alive, left.values())), "its processes to end")


def test_readiness_is_told_to_the_service_manager(world, tmp_path):
    path = str(tmp_path / "notify")
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    told = []

    def listen():       # all the time: what finds no room is not sent again
        while not told or told[-1] != b"STOPPING=1":
            told.append(s.recv(64))
    threading.Thread(target=listen, daemon=True).start()
    try:
        g = world.add("notify", "rendezvous", port=free_port())
        g.start(env={**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
        wait_for(lambda: len(told) > 3, told)
        assert told[:4] == [b"READY=1"] + [b"WATCHDOG=1"] * 3
        for name, pid in g.pids().items():
            if ME == 0 and name not in ("berthd", "starter"):
                assert "NOTIFY" not in proc(pid, "environ"), name
        assert g.stop() == 0
        wait_for(lambda: told[-1] == b"STOPPING=1", told)
        assert set(told[1:-1]) == {b"WATCHDOG=1"}
    finally:
        s.close()


def test_logs_are_json_lines_without_secrets(world, gw):
    for line in gw.log().splitlines():
        if line.startswith("{"):
            event = json.loads(line)
            assert {"time", "level", "process", "event", "text"} <= set(event)
    everything = gw.log() + world.owner.log() + world.factory.log()
    for secret in (ITEMS["wifi"].decode(), (world.owner.dir / "pass").read_text()):
        assert secret not in everything
