#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ours beside other people's implementations, in one run: messages by didcomm-node and
Veramo, credentials by did-jwt-vc, didkit, IOTA, @sd-jwt/sd-jwt-vc and @digitalbazaar/vc.

Each side is a process that has read its keys and documents and warmed up; they take turns
in each of BERTH_ROUNDS (9) rounds.  A row has the medians of the processes' own CPU time,
and the median of the rounds' ratios, so that what else the machine does hits both."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INTEROP = HERE.parent / "interop"
sys.path.insert(0, str(INTEROP))
import ethr_chain  # noqa: E402
from credentials_world import NOW_S, Party, issue  # noqa: E402
from peers import BUILD, FOLDER, Node, berth, install, new_key  # noqa: E402

ROUNDS = int(os.environ.get("BERTH_ROUNDS", 9))
SLICE_US = 100e3    # how long one side works in one round
WARM_UP_US = 1e6    # until their code is compiled
ALICE, BOB = "did:example:alice", "did:example:bob"
ENC = "A256CBC-HS512"


class Side:
    """A process that does what it is asked n times."""

    def __init__(self, ask):
        self.ask = ask

    def run(self, n, **q):
        answer = self.ask(**dict({"now": NOW_S}, **q), n=n)
        assert "us" in answer, answer
        return answer["us"], answer.get("out")

    def times(self, **q):
        """Warms up; how many fill a slice, and what one makes."""
        us, spent, n = 0, 0, 1
        while spent < WARM_UP_US:
            us, out = self.run(n, **q)
            spent += us * n
            n = max(1, round(SLICE_US / max(us, 1)))
        return n, out


class Ours(Side):
    def __init__(self, world):
        self.process = subprocess.Popen([str(BUILD / "tests/bench/side/ours")], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        print(json.dumps(world), file=self.process.stdin, flush=True)
        super().__init__(self.line)

    def line(self, **q):
        print(json.dumps(q), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class Theirs(Side):
    def __init__(self, whose):
        if whose == "webvh":
            install(INTEROP / "webvh", FOLDER / "webvh")
            self.node = Node("webvh.mjs", folder=FOLDER / "webvh")
        elif whose == "ethr":
            self.node = Node("judge.mjs", folder=ethr_chain.FOLDER)
        else:
            self.node = Node("theirs.mjs", "side/world.json", whose)
        super().__init__(lambda op, **q: self.node.ask(op, **q))
        self.close = self.node.close


def verdict(ratio, goal):
    return "" if goal is None else f"{goal} {'met' if ratio >= goal else 'MISSED'} "


def compare(name, ours, our_q, theirs, their_q, goal=None):
    """A row.  goal: at least so many times as fast.  What they and we made the last time."""
    n_theirs, their_out = theirs.times(**their_q)
    n_ours, our_out = ours.times(**our_q)
    rounds = [(theirs.run(n_theirs, **their_q)[0], ours.run(n_ours, **our_q)[0]) for _ in range(ROUNDS)]
    them, us = (statistics.median(r[i] for r in rounds) for i in (0, 1))
    ratio = statistics.median(r[0] / r[1] for r in rounds)
    print(f"| {name} | {them:.0f} | {us:.1f} | {ratio:.1f} | {verdict(ratio, goal)}|", flush=True)
    return their_out, our_out


def head(title):
    print(f"\n| {title} | theirs us | ours us | times as fast | goal |\n|---|---|---|---|---|")


# ---- messages ----

def person(did):
    doc, secrets = {"id": did, "verificationMethod": [], "keyAgreement": [], "authentication": [], "service": []}, []
    for kid, kind, what in ((did + "#agree", "x25519", "keyAgreement"), (did + "#sign", "ed25519", "authentication")):
        private, public = new_key(kind)
        doc["verificationMethod"].append({"id": kid, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": public})
        doc[what].append(kid)
        secrets.append({"id": kid, "type": "JsonWebKey2020", "privateKeyJwk": private})
    return doc, secrets


def message(size):
    m = {"id": "5f1f8e16-9e0c-4b7c-9a70-0d1b0f3a7c11", "typ": "application/didcomm-plain+json", "type": "https://example.org/readings/1.0/report",
         "from": ALICE, "to": [BOB], "created_time": 1795440600, "body": {}}
    while len(json.dumps(m)) < size - 24:
        m["body"][f"reading-{len(m['body']):04}"] = "a value of thirty characters.."
    return json.dumps(m)


def messages(peer, theirs, ours, opens_ours):
    """opens_ours: the two open the same envelope; otherwise each its own."""
    for size, label in ((300, "300 B"), (10240, "10 KiB")):
        text = message(size)
        for mode in ("authcrypt", "anoncrypt", "signed"):
            how = {"mode": mode}
            if mode == "signed":
                how["sign_by"] = ALICE + "#sign"
            else:
                how.update({"to": BOB, "enc": ENC}, **({"from": ALICE} if mode == "authcrypt" else {}))
            pack = {"op": "pack", "text": text, **how}
            their_out, our_out = compare(f"{peer} {mode} pack {label}", ours, pack, theirs, pack)
            theirs_q = {"op": "unpack", "text": their_out}
            compare(f"{peer} {mode} unpack {label}", ours, theirs_q if opens_ours else {"op": "unpack", "text": our_out}, theirs, theirs_q)


# ---- credentials ----

DEVICE = {"serial": "GW-2026-000123", "model": "edge-gateway-4c", "hardware": {"board": "rev-c", "ram": 512, "flash": 4096},
          "firmware": {"version": "4.2.1", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
          "rendezvous": [{"did": f"did:example:rv{i}", "uri": f"nng+tcp://rv{i}.example:4000"} for i in (1, 2)], "recovery": True}
TYPES, UNDEFINED = ["VerifiableCredential"], "https://www.w3.org/ns/credentials/undefined-terms/v2"


def credential(version, issuer, n):
    """With n parts of a device."""
    vc = {"id": "urn:uuid:5f1f8e16-9e0c-4b7c-9a70-0d1b0f3a7c11", "type": TYPES, "issuer": issuer.did,
          "credentialSubject": {"id": "did:example:gateway-0001", **DEVICE}}
    if n > 1:
        vc["credentialSubject"]["part"] = [dict(DEVICE["hardware"], serial=f"GW-2026-{i:06}") for i in range(n)]
    if version == "1.1":
        return {"@context": ["https://www.w3.org/2018/credentials/v1"], **vc, "issuanceDate": "2026-01-01T00:00:00Z"}
    return {"@context": ["https://www.w3.org/ns/credentials/v2", UNDEFINED], **vc, "validFrom": "2026-01-01T00:00:00Z"}


def jwts(theirs, ours, issuer):
    q = {"text": issue("vc-jwt", issuer, credential("1.1", issuer, 1)), "document": issuer.document()}
    for name, op in (("did-jwt-vc 4.0.16", "did-jwt-vc"), ("@iota/identity-wasm 1.5.1", "iota"), ("@spruceid/didkit-wasm-node 0.2.1", "didkit")):
        compare(f"{name}, VC-JWT 1.1 EdDSA", ours, {"op": "vc-jwt", **q}, theirs, {"op": op, **q})
    token = issue("vc+jwt", issuer, credential("2.0", issuer, 1))
    compare("did-jwt-vc 4.0.16 with VC-JWT 1.1, ours with vc+jwt of the same subject", ours, {"op": "vc+jwt", "text": token},
            theirs, {"op": "did-jwt-vc", **q})


def sd_jwts(theirs, ours, folder):
    for alg, kind, digest in (("ES256", "p256", "sha256"), ("EdDSA", "ed25519", None)):
        issuer = Party(folder, kind)
        claims = {"iss": issuer.did, "vct": "urn:device", "iat": NOW_S, **{f"c{i}": f"claim number {i} of eight" for i in range(8)}}
        token = issue("dc+sd-jwt", issuer, claims, *(x for i in range(8) for x in ("--disclose", f"/c{i}")))
        compare(f"@sd-jwt/sd-jwt-vc 0.9.2, SD-JWT VC {alg}, 8 disclosures", ours, {"op": "dc+sd-jwt", "text": token},
                theirs, {"op": "sd-jwt-vc", "text": token, "jwk": issuer.public, "hash": digest})


def proofs(theirs, ours, issuer):
    for suite in ("eddsa-jcs-2022", "eddsa-rdfc-2022"):
        for n, label in ((1, "1 KiB"), (150, "16 KiB")):
            text = issue("di", issuer, credential("2.0", issuer, n), "--cryptosuite", suite)
            compare(f"@digitalbazaar/vc 7.3.0, {suite}, {label}", ours, {"op": "di", "text": text},
                    theirs, {"op": "vc", "text": text, "suite": suite}, goal=20 if suite == "eddsa-rdfc-2022" else None)


def credentials(theirs, ours):
    with tempfile.TemporaryDirectory(prefix="berth.") as d:
        issuer = Party(pathlib.Path(d), "ed25519")
        jwts(theirs, ours, issuer)
        sd_jwts(theirs, ours, pathlib.Path(d))
        proofs(theirs, ours, issuer)


# ---- did:webvh ----

LOG_ENTRIES = 100


def logs(theirs, ours):
    """A log of ours, by one key: what is parsed, hashed and verified by both."""
    with tempfile.TemporaryDirectory(prefix="berth.") as d:
        private, _ = new_key("ed25519")
        jwk = pathlib.Path(d, "key.jwk")
        jwk.write_text(json.dumps(private))
        how = ("--jwk", jwk, "--now", "2026-01-01T00:00:00Z")
        berth("did", "create", "webvh", "--domain", "example.com", "--out", d, *how)
        for _ in range(LOG_ENTRIES - 1):
            berth("did", "update", "webvh", "--log", d, *how)
        text = pathlib.Path(d, "did.jsonl").read_text()
    compare(f"didwebvh-ts 2.8.0, log of {LOG_ENTRIES} entries", ours, {"op": "webvh", "text": text}, theirs, {"op": "time", "text": text})


# ---- did:ethr ----

CHANGES = 100
ED25519 = "0xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"     # RFC 8032, test 1


def word(text):
    return "0x" + text.encode().ljust(32, b"\0").hex()


def events(theirs, ours):
    """What a node of a local chain said of an account with so many attributes and delegates,
    one in a block, half of them taken back."""
    chain = ethr_chain.Chain()
    me, other = (a["address"] for a in chain.accounts[:2])
    for i in range(0, CHANGES, 4):
        hub, x = [me, word("did/svc/Hub"), "0x" + f"https://hub{i}.test".encode().hex()], hex(int(other, 16) + i)[2:].rjust(40, "0")
        for method, args in (("setAttribute", [*hub, 86400]), ("addDelegate", [me, word("veriKey"), "0x" + x, 86400]),
                             ("revokeAttribute", hub), ("setAttribute", [me, word("did/pub/Ed25519/veriKey/hex"), ED25519, 86400 + i])):
            chain.ask("call", account=0, method=method, args=args)
    logs, did = chain.events(me), chain.did(0)
    blocks = {log["blockNumber"]: chain.rpc("eth_getBlockByNumber", log["blockNumber"], False) for log in logs}
    head = chain.rpc("eth_getBlockByNumber", "latest", False)
    said = {"changed": logs[-1]["blockNumber"], "logs": logs, "blocks": blocks}
    evidence = {"chainId": "0x539", "registry": chain.registry.lower(), "identity": me.lower(), "blockNumber": head["number"],
                "blockTimestamp": head["timestamp"], "changed": said["changed"], "logs": logs,
                "blocks": {n: b["timestamp"] for n, b in blocks.items()}}
    now, registry = int(head["timestamp"], 16), chain.registry
    chain.close()
    their_doc, our_doc = compare(f"ethr-did-resolver 11.1.3, {len(logs)} changes", ours,
                                 {"op": "ethr", "text": json.dumps(evidence), "did": did, "now": now},
                                 theirs, {"op": "time", "text": json.dumps(said), "did": did, "registry": registry})
    assert [m["id"] for m in json.loads(their_doc)["verificationMethod"]] == [m["id"] for m in json.loads(our_doc)["verificationMethod"]]


def main():
    install()
    ethr_chain.install()
    shutil.copy(HERE / "side/theirs.mjs", FOLDER)
    docs, secrets = zip(*map(person, (ALICE, BOB)))
    world = {"docs": docs, "secrets": [s for each in secrets for s in each]}
    (FOLDER / "side").mkdir(exist_ok=True)
    (FOLDER / "side/world.json").write_text(json.dumps(world))
    ours = Ours(world)
    print(f"Medians of {ROUNDS} rounds in turn, CPU time of each process.")
    for whose, title, rows in (("didcomm-node", "DIDComm, didcomm-node", lambda t: messages("didcomm-node 0.4.1,", t, ours, True)),
                               ("veramo", "DIDComm, Veramo", lambda t: messages("@veramo/did-comm 7.0.1,", t, ours, False)),
                               ("credentials", "credentials, verification", lambda t: credentials(t, ours)),
                               ("webvh", "did:webvh", lambda t: logs(t, ours)), ("ethr", "did:ethr", lambda t: events(t, ours))):
        head(title)
        theirs = Theirs(whose)
        rows(theirs)
        theirs.close()
    ours.close()


if __name__ == "__main__":
    main()
