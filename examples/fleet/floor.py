# SPDX-License-Identifier: Apache-2.0
"""The floor of an onboarding: what it is made of (count.c) at the price of bare library calls
(`bench crypto`, `bench octets`, `bench store`, price.c), measured in the same run.

Two counts.  The list: what its messages demand of whoever sends and takes them, by calls and
octets (count_list.c); docs/BENCHMARKS.md says why each term belongs.  The calls: what ours
asks of the primitives, each as if of 1 KiB, the count that was made before there was the
list; it is kept so that older figures can be compared.

A poll, with which a gateway that is through asks its owner for messages, has a list of its
own: it is in the floor of a fleet as often as it fell into what was measured."""
import functools
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

from agents import BUILD, free_port

NEEDED = [BUILD / p for p in ("tests/bench/bench", "tests/courier/floor", "examples/fleet/count", "examples/fleet/price")]
SMALL, LARGE = 256, 16384   # sizes in bench_octets.c and price.h
TOGETHER = 64               # price_store.c
STEADY = 1.1                # two measurements of a host that is are no further apart
PASSES = 3                  # of a bench that is quick, each over all of its rows, on each processor
ECHOES = 100

# ---- what is counted -> the row that is its price.  Of the calls a new key of P-256 is one
# multiplication of the base point, as a signature is; the list has its own price.
CALLS = {
    "ed25519 sign": "Ed25519 sign 1 KiB", "ed25519 verify": "Ed25519 verify 1 KiB", "ed25519 new key": "Ed25519 sign 1 KiB",
    "p256 sign": "P-256 sign 1 KiB", "p256 verify": "P-256 verify 1 KiB", "p256 new key": "P-256 sign 1 KiB",
    "p256 agreement": "P-256 agreement", "x25519 agreement": "X25519 agreement", "x25519 new key": "X25519 new key",
    "seal": "A256CBC-HS512 seal 1 KiB", "open": "A256CBC-HS512 seal 1 KiB", "wrap": "A256KW wrap 64 B", "unwrap": "A256KW wrap 64 B",
}
# of the list: rows by the call, and those at two sizes
FLAT = {
    "p256 agreement": "P-256 agreement", "p256 new key": "P-256 new key", "p256 signed": "P-256 sign 1 KiB",
    "p256 verified": "P-256 verify 1 KiB", "x25519 agreement": "X25519 agreement", "x25519 new key": "X25519 new key",
    "p256 point": "P-256 key of a document (floor: oct2point)", "ed25519 new key": "Ed25519 sign, 256 octets",
    "wrapped": "A256KW wrap 64 B", "unwrapped": "A256KW wrap 64 B",
    # their hashes and JSON are counted where those are
    "DID made": "base58 of a document, made (ours alone)", "DID resolved": "base58 of a document, read (ours alone)",
}
BY_SIZE = {
    "ed25519 signed": "Ed25519 sign", "ed25519 verified": "Ed25519 verify", "sealed": "A256CBC-HS512 seal",
    "opened": "A256CBC-HS512 open", "hashed": "SHA-256", "base64url made": "base64url encode", "base64url read": "base64url decode",
}


def can():
    return all(p.exists() for p in NEEDED)


def cores():
    return len(os.sched_getaffinity(0))


def at_once(n, *args):
    """What n of them print, who have each a processor to themselves and no more of the machine."""
    copies = [subprocess.Popen([str(a) for a in args], stdout=subprocess.PIPE, text=True) for _ in range(n)]
    out = [p.communicate()[0] for p in copies]
    if any(p.returncode for p in copies):
        raise SystemExit(f"{args[0]} has ended: {[p.returncode for p in copies]}")
    return "".join(out)


def run(*args):
    return at_once(1, *args)


def bench(group):
    """On all processors at once, for so they are at work in a fleet: two that share what is below
    them (a core, its caches, its clock) are slower than one by itself."""
    return "".join(at_once(cores(), BUILD / "tests/bench/bench", group, "quick") for _ in range(PASSES))


def floors(text):
    """{row: microseconds} of what bench prints, of several passes the median: the least is the
    machine at its best, and a fleet gets what the machine is in the middle of its run."""
    out = {}
    for name, us in re.findall(r"^\| (.+?)\s*\|\s*([\d.]+) \|", text, re.M):
        out.setdefault(name.strip(), []).append(float(us))
    return {name: statistics.median(us) for name, us in out.items()}


def cheapest(text):
    """The same, or ours where that is less."""
    ours = floors(re.sub(r"^(\| .+?\|)\s*[\d.]+ \|(?=\s*[\d.]+ \|)", r"\1", text, flags=re.M))
    return {name: min(us, ours.get(name, us)) for name, us in floors(text).items()}


def line(small, large, sizes=(SMALL, LARGE)):
    """(n, octets) -> microseconds, of what takes small and large at those sizes."""
    octet = max(0.0, (large - small) / (sizes[1] - sizes[0]))
    call = max(0.0, small - sizes[0] * octet)
    return lambda n, octets: n * call + octets * octet


# ---- the calls, as before
def of_calls(calls, crypto, store, echo):
    """{agent: microseconds}"""
    us = {what: crypto[row] for what, row in CALLS.items()}
    # an owner's go to the disk together; a gateway has its disk to itself, and waits for it each time
    together, alone = store["64 writes in one commit"] / 64, store["one commit"]
    us["request answered"] = us["request made"] = echo / 2
    commit = {"owner": together, "rendezvous": together, "gateway": alone}
    return {who: sum(n * {**us, "transaction": commit[who]}.get(what, 0) for what, n in c["calls"].items()) for who, c in calls.items()}


# ---- the list
def of_library(rows):
    """{what: (n, octets) -> microseconds}"""
    at = {what: line(rows[f"{row}, 256 octets"], rows[f"{row}, 16 KiB"]) for what, row in BY_SIZE.items()}
    mac = line(rows["HMAC-SHA-512, 256 octets"], rows["HMAC-SHA-512, 16 KiB"])
    at["authenticated"] = lambda n, octets: mac(0, octets)  # with what is sealed or opened
    at.update({what: lambda n, octets, us=rows[row]: n * us for what, row in FLAT.items()})
    return at


def of_rows(store, who):
    """A durable step is a row of few octets, at a gateway with a sync of its own; a message or a
    record that is kept is one more row of that transaction."""
    row = line(store["together"] / TOGETHER, store["large together"] / TOGETHER)
    step = store["one"] if who == "gateway" else row(1, SMALL)
    return {"durable step": lambda n, octets: n * step, "message kept": row, "record kept": row}


def of_links(link, who):
    """Of a frame: half a request and its answer, which are as long in price_links.c."""
    end = link["asks" if who == "gateway" else "answers"]
    echo = line(end["small"], end["large"], (2 * SMALL, 2 * LARGE))
    return {"frame": lambda n, octets: echo(n / 2, octets), "link dialled": lambda n, octets: n * end["link"],
            "link taken": lambda n, octets: n * end["link"]}


def terms(who, counted, library, price, link, texts=None):
    """{what: [n, octets, microseconds]} for one agent; what has no price is an error.  texts: whose
    JSON it is, when it is not that of its onboarding."""
    at = {**library, **of_rows(price["store"], who), **of_links(price[link], who)}
    at.update({what: lambda n, octets, us=price["json"].get(f"{texts or who} {what}", 0.0): us for what in ("JSON made", "JSON read")})
    return {what: [n, octets, at[what](n, octets)] for what, (n, octets) in counted.items()}


def total(of):
    return sum(us for _, _, us in of.values())


@functools.cache
def counted():
    """Of one onboarding and one poll, and the texts of their JSON: the same at each measurement."""
    with tempfile.TemporaryDirectory(prefix="berth.") as d:
        counts = json.loads(run(BUILD / "examples/fleet/count", f"{d}/texts"))
        return counts, pathlib.Path(f"{d}/texts").read_text()


def priced(who, of, library, price, texts=None):
    nng, tcp = (terms(who, of, library, price, link, texts) for link in ("nng", "tcp"))
    return {"terms": nng, "us": total(nng), "tcpUs": total(tcp)}


def measure():
    """{agent: {"terms": {what: [n, octets, us]}, "us": their sum, "tcpUs": the sum with requests
    over TCP itself instead of nng, "callsUs": that of the calls, "calls": {what: n}, "poll": the
    first three of a poll}}"""
    counts, texts = counted()
    with tempfile.TemporaryDirectory(prefix="berth.") as d:
        pathlib.Path(f"{d}/texts").write_text(texts)
        price = json.loads(run(BUILD / "examples/fleet/price", f"{d}/texts", d, free_port()))
        echo = json.loads(run(BUILD / "tests/courier/floor", d, free_port(), ECHOES))["echo"]
    crypto = bench("crypto")
    library = of_library({**cheapest(crypto), **cheapest(bench("octets"))})
    calls = of_calls(counts, floors(crypto), floors(bench("store")), echo)
    return {who: {**priced(who, c["list"], library, price), "callsUs": calls[who], "calls": c["calls"],
                  "poll": priced(who, c["poll"], library, price, f"{who} poll")} for who, c in counts.items()}


# ---- the floor of one fleet
def mean(before, after):
    """Of two measurements, term by term; what is counted is the same in both."""
    if isinstance(before, dict):
        return {key: mean(before[key], after[key]) for key in before}
    if isinstance(before, list):
        return [mean(*pair) for pair in zip(before, after)]
    return before if before == after else (before + after) / 2


def all_ends(found):
    return sum(end["us"] for end in found.values())


def is_steady(before_us, after_us):
    return max(before_us, after_us) <= STEADY * min(before_us, after_us)


def with_polls(found, n):
    """With so many of them for one onboarding: a term more, not in the calls, where they never were."""
    out = {}
    for who, end in found.items():
        nng, tcp = (n * end["poll"][key] for key in ("us", "tcpUs"))
        term = {"polls": [n, 0, nng]} if nng else {}
        out[who] = {**end, "terms": {**end["terms"], **term}, "us": end["us"] + nng, "tcpUs": end["tcpUs"] + tcp}
    return out


def table(found):
    ends = ("owner", "gateway", "rendezvous")
    print("| term | " + " | ".join(f"{who}: n | octets | us" for who in ends) + " |\n" + "|---" * 10 + "|")
    for what in sorted({t for who in ends for t in found[who]["terms"]}):
        row = [found[who]["terms"].get(what, [0, 0, 0.0]) for who in ends]
        print(f"| {what} | " + " | ".join(f"{n} | {octets:,} | {us:.1f}" for n, octets, us in row) + " |")
    for key in (k for k in ("us", "tcpUs", "callsUs") if k in found["owner"]):
        print(f"| {key} | " + " | ".join(f"| | {found[who][key]:.0f}" for who in ends) + " |")


if __name__ == "__main__":  # the tables of docs/BENCHMARKS.md
    measured = measure()
    table(measured)
    print("\na poll:\n")
    table({agent: end["poll"] for agent, end in measured.items()})
