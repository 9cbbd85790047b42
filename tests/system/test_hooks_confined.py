# SPDX-License-Identifier: Apache-2.0
"""What keeps a hook out of what is not its own: landlock, where the modes of files would let
it, as another user and as the daemon's own.  Each refusal has its twin: the same user without
the sandbox, or the same hook where it may."""
import os
import pathlib
import shutil
import subprocess

import pytest

from agents import BUILD, Agent, wait_for

NOBODY, DAEMON = 65534, 1
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="to be two users needs root")


TRIES = """cat >/dev/null
try() { what=$1; shift; said=$(LC_ALL=C "$@" 2>&1 >/dev/null) && said=ok; echo "$what: $(echo "$said" | tail -n 1)" >>$out/said; }
try read cat $beside/file
try list ls $beside
try write sh -c "echo x >$beside/file"
try make touch $beside/more
try remove rm $beside/file
try state ls $state
try config cat $config
try passphrase cat $pass
try system cat /etc/passwd
try own touch $out/mine
try socket python3 -c 'import socket; socket.socket(socket.AF_UNIX)'
try network python3 -c 'import socket; socket.socket(socket.AF_INET)'
"""


class Confined:
    """A gateway with a hook of that user, a folder of the hook's own, and one beside it that
    everybody may read and write as far as its modes go."""

    def __init__(self, world, gw, user, group):
        self.world, self.gw, self.user = world, gw, user
        root = world.dir / f"hook-{gw.name}"
        root.mkdir(mode=0o755)
        self.out, self.beside = root / "out", root / "beside"
        for folder in (self.out, self.beside):
            folder.mkdir()
            folder.chmod(0o777)
        (self.beside / "file").write_text("x")
        (self.beside / "file").chmod(0o666)
        program = root / "bin" / "hook"
        program.parent.mkdir(mode=0o755)
        program.write_text(f"#!/bin/sh\nout={self.out} beside={self.beside} state={gw.state} config={gw.conf} pass={gw.dir / 'pass'}\n{TRIES}")
        program.chmod(0o755)
        gw.set("hook net", program=program, type="network", uid=user, gid=group, write=self.out)

    def said(self):
        self.world.onboard(self.gw, {"wifi": b"x"})
        wait_for(lambda: next(i for i in self.gw.status()["items"] if i["id"] == "wifi")["result"] == "ok",
                 lambda: f"{self.gw.status()['items']}\n{self.gw.log()[-3000:]}")
        lines = (self.out / "said").read_text().splitlines()
        return {line.split(": ")[0]: line for line in lines if ": " in line}

    def may_without(self, *command):
        """The modes alone would let that user."""
        return subprocess.run(command, user=self.user, group=self.user, extra_groups=[], cwd="/", capture_output=True).returncode == 0


def refused(line):
    return "Permission denied" in line      # EACCES; what the filter of system calls refuses is EPERM


def check_files(h, said):
    for what in ("read", "list", "write", "make", "remove"):
        assert refused(said[what]), said
    assert said["system"] == "system: ok" and said["own"] == "own: ok" and (h.out / "mine").exists(), said
    assert (h.beside / "file").read_text() == "x" and not (h.beside / "more").exists()
    assert h.may_without("cat", h.beside / "file") and h.may_without("sh", "-c", f"echo y >{h.beside / 'file'}")
    assert h.may_without("ls", h.beside) and h.may_without("touch", h.beside / "more")


def test_another_user_is_kept_out_by_landlock_where_modes_would_let_it(world):
    h = Confined(world, world.gateway("GW-NOBODY"), NOBODY, NOBODY)
    said = h.said()
    check_files(h, said)
    assert refused(said["state"]) and refused(said["config"]) and refused(said["passphrase"])
    assert said["socket"] == "socket: ok" and said["network"] == "network: ok", said    # D-Bus is its business
    h.gw.stop()


class OwnedAgent(Agent):
    """One whose daemon is not root's."""

    def write(self, extra=""):
        super().write(extra)
        for path in [self.dir, *self.dir.rglob("*")]:
            os.chown(path, DAEMON, DAEMON, follow_symlinks=False)

    def spawn(self, **kw):
        self.write()
        self.logfile.touch()
        os.chown(self.logfile, DAEMON, DAEMON)
        return super().spawn(**{"user": DAEMON, "group": DAEMON, "extra_groups": [], "cwd": "/", **kw})

    def reachable(self, folder):
        """Wherever the build is, that user gets to it."""
        for part in ("bin", "libexec", "lib"):
            shutil.copytree(BUILD / part, folder / part, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
        self.program, self.libexec = str(folder / "bin/berthd"), folder / "libexec"
        return self


def test_the_daemons_own_user_is_kept_out_of_what_is_the_daemons(world):
    """It owns state, configuration and passphrase, and gets to none of them, nor to any local socket."""
    pattern = world.gateway("GW-OWN")
    shutil.rmtree(pattern.dir)
    gw = OwnedAgent(world.dir, "GW-OWN", "gateway").reachable(world.dir / "own-build")
    gw.sections = pattern.sections
    world.agents.append(gw)
    h = Confined(world, gw, DAEMON, DAEMON)
    said = h.said()
    assert pathlib.Path(f"/proc/{gw.p.pid}").stat().st_uid == DAEMON
    check_files(h, said)
    for what, path in (("state", gw.state), ("config", gw.conf), ("passphrase", gw.dir / "pass")):
        assert refused(said[what]), said
        assert h.may_without("ls" if path.is_dir() else "cat", path)    # the twin: it is its own
    assert "Operation not permitted" in said["socket"], said
    assert said["network"] == "network: ok", said
    gw.stop()
    gw.set("hook net", uid=NOBODY, gid=NOBODY)      # and nobody else can it be
    assert "only root can run it as user 65534" in gw.refuses_to_start("E_CONFIG")
