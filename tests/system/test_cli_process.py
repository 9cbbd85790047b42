# SPDX-License-Identifier: Apache-2.0
"""What `berth` is to others while it runs: passphrases, keys and backups go through it."""
import os
import pathlib
import re
import resource
import signal
import subprocess

import pytest

from agents import wait_for
from cli import BERTH, PATIENCE_S

BERTH = str(pathlib.Path(BERTH).resolve())
# The same user as everybody else here, and not more than that.
BARE = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


@pytest.fixture
def reading(tmp_path):
    """A command that waits for its input."""
    started = []

    def start(*command):
        p = subprocess.Popen([*BARE, *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, cwd=tmp_path, preexec_fn=unlimited)
        started.append(p)
        wait_for(lambda: p.poll() is not None or name(p) == pathlib.Path(command[0]).name and asleep(p), lambda: name(p))
        assert p.poll() is None
        return p

    yield start
    for p in started:
        p.stdin.close()
        p.wait(PATIENCE_S)


def unlimited():
    resource.setrlimit(resource.RLIMIT_CORE, [resource.getrlimit(resource.RLIMIT_CORE)[1]] * 2)


def proc(p, what):
    return pathlib.Path(f"/proc/{p.pid}/{what}").read_text()


def name(p):
    return proc(p, "comm").strip()


def asleep(p):
    return re.search(r"^State:\s+S", proc(p, "status"), re.M) is not None


def is_seen(p):
    """By who has the same user and no more rights."""
    r = subprocess.run([*BARE, "cat", f"/proc/{p.pid}/environ"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       timeout=PATIENCE_S)
    assert r.returncode == 0 or b"denied" in r.stderr or b"not permitted" in r.stderr, r.stderr
    return r.returncode == 0


def core_limit(p):
    return re.search(r"^Max core file size\s+(\S+)\s+(\S+)", proc(p, "limits"), re.M).groups()


def test_c145_nobody_looks_inside_the_command(reading):
    berth, twin = reading(BERTH, "jcs"), reading("/usr/bin/cat")
    assert not is_seen(berth)
    assert is_seen(twin)
    assert core_limit(berth) == ("0", "0")


def test_c145_it_leaves_no_core(reading, tmp_path):
    p = reading(BERTH, "jcs")
    p.send_signal(signal.SIGABRT)
    assert p.wait(PATIENCE_S) == -signal.SIGABRT
    assert not list(tmp_path.glob("core*"))
