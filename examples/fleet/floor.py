# SPDX-License-Identifier: Apache-2.0
"""The floor of an onboarding: what it is made of (count.c) at the price of bare library
calls (`bench crypto`, `bench store`, tests/courier/floor), measured in the same run."""
import json
import os
import re
import subprocess
import tempfile

from agents import BUILD, free_port

NEEDED = [BUILD / p for p in ("tests/bench/bench", "tests/courier/floor", "examples/fleet/count")]

# what is counted -> the row of the bench whose floor is its price.  A new key is one
# multiplication of the base point, as a signature is.
ROWS = {
    "ed25519 sign": "Ed25519 sign 1 KiB", "ed25519 verify": "Ed25519 verify 1 KiB", "ed25519 new key": "Ed25519 sign 1 KiB",
    "p256 sign": "P-256 sign 1 KiB", "p256 verify": "P-256 verify 1 KiB", "p256 new key": "P-256 sign 1 KiB",
    "p256 agreement": "P-256 agreement", "x25519 agreement": "X25519 agreement", "x25519 new key": "X25519 new key",
    "seal": "A256CBC-HS512 seal 1 KiB", "open": "A256CBC-HS512 seal 1 KiB", "wrap": "A256KW wrap 64 B", "unwrap": "A256KW wrap 64 B",
}


def can():
    return all(p.exists() for p in NEEDED)


def run(*args):
    return subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, check=True, text=True).stdout


def floors(text):
    """{row: microseconds} of what bench prints."""
    return {name.strip(): float(us) for name, us in re.findall(r"^\| (.+?)\s*\|\s*([\d.]+) \|", text, re.M)}


def prices():
    rows = floors(run(BUILD / "tests/bench/bench", "crypto"))
    store = floors(run(BUILD / "tests/bench/bench", "store"))
    with tempfile.TemporaryDirectory(prefix="berth.") as d:
        echo = json.loads(run(BUILD / "tests/courier/floor", d, free_port(), 300))["echo"]
    us = {what: rows[row] for what, row in ROWS.items()}
    # an owner's go to the disk together; a gateway has its disk to itself, and waits for it each time
    together, alone = store["64 writes in one commit"] / 64, store["one commit"]
    us["request answered"] = us["request made"] = echo / 2
    return us, {"owner": together, "rendezvous": together, "gateway": alone}


def measure():
    """{agent: ({what: how often}, microseconds)}"""
    counts = json.loads(run(BUILD / "examples/fleet/count"))
    us, commit = prices()
    out = {}
    for who, terms in counts.items():
        price = {**us, "transaction": commit[who]}
        out[who] = (terms, sum(n * price.get(what, 0) for what, n in terms.items()))
    return out


def cores():
    return len(os.sched_getaffinity(0))
