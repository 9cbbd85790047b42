# SPDX-License-Identifier: Apache-2.0
"""Where private keys are: after the main job with software keys, every secret of every
agent's sealed file is looked for in the memory of every process, in all files the
agents wrote, and in what else is in the folders for temporary files, in raw, hex,
base64 and base64url.  It is found in the keyd that holds it and nowhere else."""
import base64
import os
import pathlib
import re
import signal
import stat
import subprocess
import time

import pytest

from agents import BUILD, wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="reads other processes' memory")

ITEMS = {"wifi": b"psk=correct horse battery staple", "cloud": os.urandom(600)}
APP = {"principal_app": {"uid": str(os.geteuid()), "may": "self device identity:operational present:operational secret:wifi"}}
FILE_MAX = 64 << 20


def base64_forms(secret):
    """What is the same of its base64 whatever stands before and after it."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret + b"\0\0")
        first, last = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        yield text[first:last]


def forms(secret):
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    if len(secret) >= 32:   # half of a key is too much as well
        found |= {secret[:16], secret[-16:]}
    for text in base64_forms(secret):
        found |= {text, text.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def test_the_forms_are_found_at_every_alignment():
    secret = os.urandom(32)
    for before in range(7):
        whole = os.urandom(before) + secret + os.urandom(5)
        for text in (whole, whole.hex().encode(), whole.hex().upper().encode(), base64.b64encode(whole),
                     base64.urlsafe_b64encode(whole)):
            assert any(form in text for form in forms(secret)), (before, text)
        other = os.urandom(before) + os.urandom(40)
        for text in (other, other.hex().encode(), base64.b64encode(other)):
            assert not any(form in text for form in forms(secret))


class Secrets:
    """(agent, name) -> the secret; one expression finds any form of any."""

    def __init__(self):
        self.by_form = {}

    def add(self, owner, name, secret):
        for form in forms(secret):
            self.by_form[form] = (owner, name)

    def compile(self):
        self.all = re.compile(b"|".join(map(re.escape, sorted(self.by_form, key=len, reverse=True))))
        return self

    def within(self, data):
        return {self.by_form[m.group(0)] for m in self.all.finditer(data)}


def mappings(pid):
    """Of each mapping that can hold what was not in a file: what smaps says, and its contents."""
    text = pathlib.Path(f"/proc/{pid}/smaps").read_text()
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for part in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", text, flags=re.M)[1:]:
            head = part.split("\n", 1)[0]
            start, end = (int(n, 16) for n in head.split()[0].split("-"))
            mode, inode = head.split()[1], head.split()[4]
            if mode[0] != "r" or (mode[1] != "w" and inode != "0") or "[v" in head:
                continue
            data = bytearray()
            try:
                mem.seek(start)
                while len(data) < end - start:
                    got = mem.read(end - start - len(data))
                    if not got:
                        break
                    data += got
            except OSError:     # a device, or gone
                continue
            yield part, bytes(data)


def in_memory(secrets, pid):
    found = {}
    for part, data in mappings(pid):
        for secret in secrets.within(data):
            found.setdefault(secret, []).append(part)
    return found


def files(world, since):
    """All that the agents wrote, and what is new in the folders for temporary files."""
    for root in (world.dir, pathlib.Path.cwd(), pathlib.Path("/tmp"), pathlib.Path("/var/tmp"), pathlib.Path("/dev/shm")):
        for path in root.rglob("*") if root == world.dir else root.glob("*"):
            try:
                s = path.lstat()
            except OSError:
                continue
            if stat.S_ISREG(s.st_mode) and s.st_size <= FILE_MAX and (root == world.dir or s.st_mtime >= since):
                yield path


def secrets_of(agent, into):
    """The file is locked by its keyd, so this is a look at its bytes."""
    out = subprocess.run([str(BUILD / "tests/system/store_secrets"), str(agent.dir / "keys"), str(agent.dir / "pass")],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    names = []
    for name, value in (line.split() for line in out.splitlines()):
        into.add(agent.name, name, bytes.fromhex(value))
        names.append(name)
    return names


def test_keys_are_in_their_keyd_and_nowhere_else(world):
    since = time.time() - 1
    g = world.gateway("GW-M", **APP)
    world.onboard(g, ITEMS)
    asked = g.post("/v1/ping")["thid"]
    wait_for(lambda: any(p["thid"] == asked for p in g.get("/v1/peers")), "a pong")
    assert g.app("/v1/secrets/wifi")["text"].encode() == ITEMS["wifi"]
    g.app("/v1/identities/operational/present", {"audience": "https://verifier.test", "nonce": "n" * 16})

    secrets, names = Secrets(), {}
    for a in world.agents:
        names[a.name] = secrets_of(a, secrets)
        assert len(names[a.name]) > 3, a.name
        secrets.add(a.name, "passphrase", (a.dir / "pass").read_bytes())
    secrets.compile()

    for a in world.agents:
        for process, pid in a.pids().items():
            found = in_memory(secrets, pid)
            if process != "keyd":
                assert not found, (a.name, process, sorted(found))
                continue
            # its own, all of them: so the search works
            assert sorted(found) == sorted((a.name, name) for name in names[a.name]), a.name
            for (_, name), parts in found.items():
                for part in parts:      # locked, not dumped, not inherited
                    flags = re.search(r"^VmFlags: (.*)$", part, re.M).group(1).split()
                    assert {"lo", "dd", "wf"} <= set(flags), (a.name, name, part)

    for a in world.agents:      # a crash leaves nothing either
        pid = a.pids()["keyd"]
        os.kill(pid, signal.SIGABRT)
        wait_for(lambda a=a, pid=pid: a.pids().get("keyd", pid) != pid, "another keyd")
    seen = 0
    for path in files(world, since):
        try:
            found = secrets.within(path.read_bytes())
        except OSError:
            continue
        seen += 1
        if path.name == "pass" and path.parent.parent == world.dir:
            assert found == {(path.parent.name, "passphrase")}, path
        else:
            assert not found, (path, found)
    assert seen > 5 * len(world.agents)
