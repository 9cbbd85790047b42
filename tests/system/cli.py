# SPDX-License-Identifier: Apache-2.0
"""Runs `berth` and checks what every command promises: one JSON value on stdout,
or exactly one line on stderr and the exit status that belongs to its code."""
import errno
import json
import os
import pathlib
import random
import re
import socket
import subprocess

import shake

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
BERTH = str(BUILD / "bin" / "berth")
VECTORS = ROOT / "tests" / "vectors"

# How long anything is waited for that another process does: enough for a machine that has
# much else to do.  Who waits ends when it has come, so that the length costs nothing.
PATIENCE_S = 120

given = set()


def is_free(port):
    for family, host in (socket.AF_INET, ""), (socket.AF_INET6, "::1"):
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            try:
                with socket.socket(family, kind) as s:
                    s.bind((host, port))
            except OSError as e:
                if e.errno == errno.EADDRINUSE:
                    return False
    return True     # as far as this machine has such addresses


def free_port(n=1):
    """The first of n in a row, TCP and UDP, that nobody has and nobody here was given before.
    None of those that the kernel gives to who dials: one of these may be somebody's end of a
    connection by the time that it is bound, or bound again."""
    dialling = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(10240, (dialling if dialling > 12000 else 65536) - n)
        row = set(range(port, port + n))
        if not row & given and all(map(is_free, row)):
            given.update(row)
            return port


EXIT = {}
for _status, _names in {
    3: "JSON B64 TYPE SIZE ENV DID CONFIG KEY SDJWT",
    1: "ALG SIG DECRYPT ADDR AUTHZ ROTATE REPLAY EXPIRED CLOCK ROUTE QUOTA NETPOL VC HOLDER STATUS NOMATCH",
    4: "RESOLVE KEYSTORE STORE PLUGIN UNAVAILABLE", 5: "NOMEM INTERNAL", 2: "USAGE",
}.items():
    EXIT.update({"E_" + n: _status for n in _names.split()})


def run(*args, stdin=b"", env=None):
    if isinstance(stdin, str):
        stdin = stdin.encode()
    e = dict(os.environ, **(env or {}))
    e.pop("BERTH_PASSPHRASE_FILE", None)
    e.update(env or {})
    shake.pause()
    return subprocess.run([BERTH, *map(str, args)], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=2 * PATIENCE_S, env=e)     # some wait themselves


def raw(*args, **kw):
    r = run(*args, **kw)
    assert r.returncode == 0, r.stderr.decode()
    assert r.stderr == b""
    return r.stdout


def ok(*args, **kw):
    out = raw(*args, **kw)
    assert out.endswith(b"\n")
    return json.loads(out)


def token(*args, **kw):
    out = raw(*args, **kw).decode()
    assert re.fullmatch(r"\S+\n", out)
    return out.strip()


def fails(code, *args, **kw):
    """Returns what it printed before it failed (JSON or None) and the line."""
    r = run(*args, **kw)
    line = r.stderr.decode()
    assert re.fullmatch(r"berth: (E_[A-Z0-9]+): [^\n]+\n", line), (r.returncode, line, r.stdout)
    assert line.split()[1] == code + ":", line
    assert r.returncode == EXIT[code], line
    return (json.loads(r.stdout) if r.stdout else None), line
