# SPDX-License-Identifier: Apache-2.0
"""did:ethr on a live chain: registry-adapters/ethr and npm's ethr-did-resolver side by
side, what nodes that lie come to, and what a power cut between sending and receipt leaves."""
import base64
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import ethr_chain
from peers import BERTH, BUILD, HERE, PATIENCE_S, berth

sys.path.insert(0, str(HERE.parent / "system"))
from agents import Agent  # noqa: E402

NULL = "0x" + 40 * "0"
SECP256K1 = "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"  # of the key 1
FUNDS = hex(10 ** 20)


@pytest.fixture(scope="module", autouse=True)
def packages_ethr():
    ethr_chain.install()


@pytest.fixture
def chain():
    c = ethr_chain.Chain()
    yield c
    c.close()


@pytest.fixture(autouse=True)
def passphrase(tmp_path, monkeypatch):
    path = tmp_path / "pass"
    path.write_text("a passphrase of the tests\n")
    path.chmod(0o600)
    monkeypatch.setenv("BERTH_PASSPHRASE_FILE", str(path))


def until(what, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


class Account:
    """A key of ours with money on a chain."""

    def __init__(self, folder, name, chain, funds=FUNDS):
        self.uri = f"soft:{folder}/{name}-keys#{name}"
        berth("key", "generate", "--type", "secp256k1", "--key-uri", self.uri)
        made = json.loads(berth("did", "ethr", "create", "--key-uri", self.uri, "--network", chain.name).stdout)
        self.did, self.address = made["did"], made["address"]
        chain.rpc("evm_setAccountBalance", self.address, funds)
        # ganache takes a signed nonce of 0 for none, and gives the transaction the next one
        chain.rpc("evm_setAccountNonce", self.address, "0x1")


class World:
    """A configuration with one adapter for these chains."""

    def __init__(self, folder, *chains, url=None, **options):
        self.folder = folder
        self.config = folder / "berth.conf"
        self.state = folder / "change.json"
        self.write(*chains, url=url, **options)

    def write(self, *chains, url=None, **options):
        lines = [f"network-{i} = {c.name} {c.chain_id} {c.registry} {url or c.url}" for i, c in enumerate(chains)]
        lines += [f"{k.replace('_', '-')} = {v}" for k, v in dict({"poll_ms": 100, "confirmations": 0}, **options).items()]
        self.config.write_text("[egress]\nallow = 127.0.0.0/8\nhttp-hosts = 127.0.0.1\nrequests-per-second = 1000\n[adapter ethr]\n"
                               f"path = {BUILD.resolve()}/lib/berth/registry/ethr.so\n" + "\n".join(lines) + "\n")

    def words(self, verb, did, *args, key):
        return ["did", "ethr", verb, did, *map(str, args), "--key-uri", key.uri, "--config", self.config, "--state", self.state]

    def change(self, verb, did, *args, key, status=0):
        r = berth(*self.words(verb, did, *args, key=key), status=status)
        return json.loads(r.stdout) if status == 0 else r.stderr

    def resolve(self, did, status=0):
        return json.loads(berth("did", "resolve", did, "--config", self.config, status=status).stdout)

    def version(self, did, version):
        r = berth("did", "dereference", f"{did}?versionId={version}", "--config", self.config)
        return json.loads(r.stdout)["content"]


ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(text):
    n = 0
    for c in text:
        n = n * 58 + ALPHABET.index(c)
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def key_of(method):
    """The bytes of its key, however they are written; or the account."""
    if "publicKeyMultibase" in method:
        return base58(method["publicKeyMultibase"][1:])[2:]  # behind the multicodec
    if "publicKeyJwk" in method:
        x, y = (base64.urlsafe_b64decode(method["publicKeyJwk"][k] + "==") for k in "xy")
        return bytes([2 + (y[-1] & 1)]) + x
    if "publicKeyBase64" in method:
        return base64.b64decode(method["publicKeyBase64"])
    return bytes.fromhex(method["publicKeyHex"]) if "publicKeyHex" in method else method["blockchainAccountId"]


def method_of(method):
    """npm still has the types of 2018 and 2019 with the key in hex; the specification, and
    we, those of 2020 in multibase."""
    return method["id"], method["controller"], re.sub(r"20\d\d$", "", method["type"]), key_of(method)


def body(document):
    """Without the contexts: npm's are the same for every document, ours those of what is in
    it, and never the one that calls itself unstable."""
    assert "https://www.w3.org/ns/did/v1" in document["@context"]
    rest = {k: v for k, v in document.items() if k not in ("@context", "verificationMethod")}
    return rest, [method_of(m) for m in document["verificationMethod"]]


def agree(chain, world, did):
    """Both resolvers' document, which is one.  (In the second of a revocation npm's still
    has what was revoked.)"""
    newest = int(chain.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    until(lambda: time.time() >= newest + 1)
    ours, theirs = world.resolve(did), chain.resolve(did)
    assert body(ours["didDocument"]) == body(theirs["didDocument"])
    for member in ("versionId", "updated"):
        assert ours["didDocumentMetadata"].get(member) == theirs["didDocumentMetadata"].get(member)
    return theirs


def test_the_chain_has_the_registry(chain):
    """What the other tests stand on: a change by npm's code, seen by npm's resolver."""
    me, other = (a["address"] for a in chain.accounts[:2])
    assert chain.ask("call", account=0, method="changeOwner", args=[me, other])["status"] == 1
    result = chain.resolve(chain.did(0))
    assert result["didDocument"]["verificationMethod"][0]["blockchainAccountId"] == f"eip155:1337:{other}"
    assert len(chain.events(me)) == 1


def test_a_life_on_the_chain(chain, tmp_path, matrix):
    """The transcript: each step by us, and both resolvers say the same of it."""
    world = World(tmp_path, chain)
    first, second = Account(tmp_path, "first", chain), Account(tmp_path, "second", chain)
    did, delegate = first.did, chain.accounts[0]["address"]
    key = "0xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # RFC 8032, test 1
    versions = {}

    def step(name, verb=None, *args, key=None):
        result = world.change(verb, did, *args, key=key) if verb else None
        if verb == "deactivate":
            both = chain.resolve(did)
            assert both["didDocumentMetadata"]["deactivated"] is True and both["didDocument"]["verificationMethod"] == []
            r = berth("did", "resolve", did, "--config", world.config, status=4)
            assert "deactivated" in r.stderr
            assert json.loads(r.stdout)["didDocumentMetadata"] == both["didDocumentMetadata"]
        else:
            both = agree(chain, world, did)
        doc, meta = both["didDocument"], both["didDocumentMetadata"]
        if result:
            assert result["versionId"] == meta["versionId"] and result["did"] == did
            if not verb.startswith("revoke"):  # npm has what a block revokes as of that block
                versions[result["versionId"]] = doc
        methods = doc.get("verificationMethod") or []
        owner = methods[0]["blockchainAccountId"].split(":")[2].lower() if methods else "nobody"
        owner = {first.address.lower(): "first", second.address.lower(): "second"}.get(owner, owner)
        matrix.step(name, meta.get("versionId", "-"), owner, len(methods), len(doc.get("service", [])), "yes")
        assert not world.state.exists()
        return doc

    step("created: nothing is on the chain")
    step("owner: to the second key", "owner", second.address, key=first)
    doc = step("add-delegate veriKey", "add-delegate", "veriKey", delegate, "--validity", 86400, key=second)
    assert doc["verificationMethod"][1]["blockchainAccountId"] == f"eip155:1337:{delegate}"
    step("add-delegate sigAuth", "add-delegate", "sigAuth", delegate, "--validity", 86400, key=second)
    step("set-attribute did/svc/Hub", "set-attribute", "did/svc/Hub", "https://hub.test/in", "--validity", 86400, key=second)
    doc = step("set-attribute did/pub/Ed25519/veriKey", "set-attribute", "did/pub/Ed25519/veriKey/hex", key, "--validity", 86400,
               key=second)
    assert doc["service"][0]["serviceEndpoint"] == "https://hub.test/in"
    step("revoke-delegate veriKey", "revoke-delegate", "veriKey", delegate, key=second)
    step("revoke-attribute did/svc/Hub", "revoke-attribute", "did/svc/Hub", "https://hub.test/in", key=second)
    # the first key has lost its say
    assert "bad_actor" in world.change("owner", did, first.address, key=first, status=1)
    step("deactivate", "deactivate", key=second)
    # each version is what it was, at both
    for version, doc in list(versions.items())[:-1]:
        theirs = chain.resolve(f"{did}?versionId={version}")["didDocument"]
        ours = world.version(did, version)
        assert body(ours) == body(theirs)
        assert [m["id"] for m in ours["verificationMethod"]] == [m["id"] for m in doc["verificationMethod"]]


def test_what_expires_is_gone_at_both(chain, tmp_path):
    world, owner = World(tmp_path, chain), Account(tmp_path, "owner", chain)
    world.change("add-delegate", owner.did, "veriKey", chain.accounts[0]["address"], "--validity", 1, key=owner)
    world.change("add-delegate", owner.did, "veriKey", chain.accounts[1]["address"], "--validity", 3600, key=owner)
    until(lambda: len(chain.resolve(owner.did)["didDocument"]["verificationMethod"]) == 2)
    assert agree(chain, world, owner.did)["didDocument"]["verificationMethod"][1]["id"].endswith("#delegate-2")


def test_changes_of_others_are_read(chain, tmp_path):
    """By ethers, several in a block among them."""
    world = World(tmp_path, chain)
    me, other = (a["address"] for a in chain.accounts[:2])
    did = chain.did(0)
    for name, value in (("did/svc/Hub", "https://a.test"), ("did/pub/Secp256k1/sigAuth/hex", SECP256K1),
                        ("did/pub/X25519/enc/base64", "0x" + 64 * "2"), ("something else", "x")):
        value = value if value.startswith("0x") else "0x" + value.encode().hex()
        chain.ask("call", account=0, method="setAttribute", args=[me, "0x" + name.encode().ljust(32, b"\0").hex(), value, 3600])
    agree(chain, world, did)
    veri = "0x" + b"veriKey".ljust(32, b"\0").hex()
    nonce = int(chain.rpc("eth_getTransactionCount", me, "latest"), 16)
    chain.ask("hold")
    for i in range(3):
        data = "0xa7068d66" + me[2:].lower().rjust(64, "0") + veri[2:] + other[2:].lower().rjust(64, "0") + hex(3600 + i)[2:].rjust(64, "0")
        chain.rpc("eth_sendTransaction", {"from": me, "to": chain.registry, "data": data, "nonce": hex(nonce + i), "gas": "0x30000"})
    chain.ask("go")
    until(lambda: len(chain.events(me)) == 7)
    assert len({log["blockNumber"] for log in chain.events(me)}) == 5, "three of them in one block"
    agree(chain, world, did)


def test_networks_are_told_apart(chain, tmp_path):
    """The same account on two chains, of which the other has no base fees (EIP-155)."""
    old = ethr_chain.Chain("old", 4242, hardfork="berlin")
    try:
        world = World(tmp_path, chain, old)
        owner = Account(tmp_path, "owner", chain)
        old.rpc("evm_setAccountBalance", owner.address, FUNDS)
        there = owner.did.replace(":dev:", ":old:")
        world.change("set-attribute", there, "did/svc/Hub", "https://old.test", "--validity", 3600, key=owner)
        sent = old.rpc("eth_getTransactionByHash", old.events(owner.address)[0]["transactionHash"])
        assert int(sent["type"], 16) == 0 and int(sent["v"], 16) in (4242 * 2 + 35, 4242 * 2 + 36)
        assert "service" in agree(old, world, there)["didDocument"]
        assert "service" not in agree(chain, world, owner.did)["didDocument"]
        by_number = owner.did.replace(":dev:", ":0x1092:")
        assert world.resolve(by_number)["didDocument"]["service"][0]["serviceEndpoint"] == "https://old.test"
        assert berth("did", "resolve", owner.did.replace(":dev:", ":"), "--config", world.config, status=4)
    finally:
        old.close()


def test_another_account_pays(chain, tmp_path):
    """Meta-transactions: the owner has no money and signs; each kind of change."""
    world = World(tmp_path, chain)
    owner, payer = Account(tmp_path, "owner", chain, "0x0"), Account(tmp_path, "payer", chain)
    pays = ("--payer-key-uri", payer.uri)
    other = chain.accounts[0]["address"]
    assert "E_" in world.change("add-delegate", owner.did, "veriKey", other, "--validity", 3600, key=owner, status=1)
    world.state.unlink(missing_ok=True)
    world.change("add-delegate", owner.did, "veriKey", other, "--validity", 3600, *pays, key=owner)
    world.change("set-attribute", owner.did, "did/svc/Hub", "https://hub.test", "--validity", 3600, *pays, key=owner)
    assert len(agree(chain, world, owner.did)["didDocument"]["verificationMethod"]) == 2
    world.change("revoke-attribute", owner.did, "did/svc/Hub", "https://hub.test", *pays, key=owner)
    world.change("revoke-delegate", owner.did, "veriKey", other, *pays, key=owner)
    world.change("owner", owner.did, payer.address, *pays, key=owner)
    agree(chain, world, owner.did)
    senders = {chain.rpc("eth_getTransactionByHash", log["transactionHash"])["from"] for log in chain.events(owner.address)}
    assert senders == {payer.address.lower()} and sent(chain, owner) == 0


def test_a_daemons_key(chain, tmp_path):
    """keyd signs, for its account and for another that pays; the node takes what it says."""
    world, payer = World(tmp_path, chain), Account(tmp_path, "payer", chain)
    agent = Agent(tmp_path, "owner", "owner", keystore_main={"ethr-registry": f"{chain.chain_id}:{chain.registry}"}).start()
    try:
        there = ("--socket", agent.admin_sock, "--key", "plant")
        made = json.loads(berth("did", "ethr", "create", "--network", chain.name, *there).stdout)
        change = ("--config", world.config, "--state", world.state, *there)
        chain.rpc("evm_setAccountBalance", made["address"], FUNDS)
        chain.rpc("evm_setAccountNonce", made["address"], "0x1")
        berth("did", "ethr", "set-attribute", made["did"], *HUB, *change)
        berth("did", "ethr", "add-delegate", made["did"], "veriKey", payer.address, "--validity", 3600, "--payer-key-uri", payer.uri, *change)
        doc = agree(chain, world, made["did"])["didDocument"]
        assert doc["service"][0]["serviceEndpoint"] == HUB[1] and len(doc["verificationMethod"]) == 2
        senders = [chain.rpc("eth_getTransactionByHash", log["transactionHash"])["from"] for log in chain.events(made["address"])]
        assert senders == [made["address"].lower(), payer.address.lower()]
    finally:
        agent.stop()


def refused(world, did):
    r = berth("did", "resolve", did, "--config", world.config, status=4)
    assert "E_RESOLVE" in r.stderr, r.stderr
    return r.stderr


def number(call, method):
    return call["method"] == method


LIES = {
    "another chain": lambda call, r: "0x53a" if number(call, "eth_chainId") else r,
    "a block of 2^64": lambda call, r: dict(r, number="0x10000000000000000") if r and number(call, "eth_getBlockByNumber") else r,
    "a change beyond the head": lambda call, r: "0x" + "7f".rjust(64, "0") if "f96d0f9f" in json.dumps(call) and r else r,
    "no logs": lambda call, r: [] if r and number(call, "eth_getLogs") else r,
    "one log less": lambda call, r: r[1:] if r and number(call, "eth_getLogs") and len(r) > 1 else r,
    "logs out of order": lambda call, r: r[::-1] if r and number(call, "eth_getLogs") else r,
    "a loop": lambda call, r: [dict(log, data=log["data"][:-64] + log["blockNumber"][2:].rjust(64, "0")) for log in r]
    if r and number(call, "eth_getLogs") else r,
    "another contract": lambda call, r: [dict(log, address=NULL) for log in r] if r and number(call, "eth_getLogs") else r,
    "another identity": lambda call, r: [dict(log, topics=[log["topics"][0], "0x" + 64 * "1"]) for log in r]
    if r and number(call, "eth_getLogs") else r,
    "taken back": lambda call, r: [dict(log, removed=True) for log in r] if r and number(call, "eth_getLogs") else r,
    "another block": lambda call, r: [dict(log, blockNumber="0x1") for log in r] if r and number(call, "eth_getLogs") else r,
    "nothing": lambda call, r: None,
}


@pytest.fixture(scope="module")
def history():
    """A chain on which account 0 has changed hands and has two delegates in one block."""
    c = ethr_chain.Chain()
    me, other = (a["address"] for a in c.accounts[:2])
    data = "0xa7068d66" + me[2:].lower().rjust(64, "0") + b"veriKey".ljust(32, b"\0").hex() + other[2:].lower().rjust(64, "0")
    c.ask("hold")
    for i in range(2):
        c.rpc("eth_sendTransaction", {"from": me, "to": c.registry, "data": data + hex(99999 + i)[2:].rjust(64, "0"),
                                      "nonce": hex(i), "gas": "0x30000"})
    c.ask("go")
    until(lambda: len(c.events(me)) == 2)
    c.ask("call", account=0, method="changeOwner", args=[me, other])
    yield c
    c.close()


@pytest.mark.parametrize("lie", LIES)
def test_a_node_that_lies_is_not_believed(history, tmp_path, lie):
    honest, liar = ethr_chain.Proxy(history.url), ethr_chain.Proxy(history.url, LIES[lie])
    try:
        refused(World(tmp_path, history, url=liar.url), history.did(0))
        agree(history, World(tmp_path, history, url=honest.url), history.did(0))
        assert liar.calls and honest.calls
    finally:
        honest.close()
        liar.close()


def test_a_node_that_is_not_there(chain, tmp_path):
    gone = ethr_chain.Proxy(chain.url)
    gone.close()
    refused(World(tmp_path, chain, url=gone.url), chain.did(0))


@pytest.mark.parametrize("options", [{"batch": "no"}, {"history": "at-once"}, {"history": "at-once", "batch": "no"}])
def test_other_ways_to_ask(history, tmp_path, options):
    agree(history, World(tmp_path, history, **options), history.did(0))


def test_a_long_history(chain, tmp_path):
    """In time also where a node is slow: at once it takes a few calls, not one for each change."""
    me = chain.accounts[0]["address"]
    name = "0x" + b"did/svc/Hub".ljust(32, b"\0").hex()
    for i in range(60):
        chain.ask("call", account=0, method="setAttribute", args=[me, name, "0x" + b"https://hub.test".hex(), 3600 + i])
    node = ethr_chain.Proxy(chain.url)
    try:
        agree(chain, World(tmp_path, chain, url=node.url, history="at-once"), chain.did(0))
        assert node.calls.count("eth_getLogs") == 1
        agree(chain, World(tmp_path, chain, url=node.url), chain.did(0))
        assert node.calls.count("eth_getLogs") == 61
    finally:
        node.close()


class Cut:
    """A command whose power goes."""

    def __init__(self, world, *words, key):
        self.process = subprocess.Popen([BERTH, *map(str, world.words(*words, key=key))], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)


HUB = ("did/svc/Hub", "https://hub.test", "--validity", 3600)


def pending(chain, account):
    """How many of the account's transactions no block has yet."""
    pool = chain.rpc("txpool_content")
    return sum(len(txs) for part in pool.values() for who, txs in part.items() if who.lower() == account.address.lower())


def sent(chain, account):
    return int(chain.rpc("eth_getTransactionCount", account.address, "latest"), 16) - 1


@pytest.mark.parametrize("mined", ["before", "after"])
def test_killed_between_sending_and_receipt(chain, tmp_path, mined):
    """C113: started again, it sends the same bytes or finds them there: one event."""
    world, owner = World(tmp_path, chain), Account(tmp_path, "owner", chain)
    chain.ask("hold")
    cut = Cut(world, "set-attribute", owner.did, *HUB, key=owner)
    until(lambda: pending(chain, owner) == 1)
    cut.kill()
    kept = json.loads(world.state.read_text())
    assert chain.events(owner.address) == [] and len(kept["transactions"]) == 1
    if mined == "before":
        chain.ask("go")
        until(lambda: len(chain.events(owner.address)) == 1)
        done = world.change("set-attribute", owner.did, *HUB, key=owner)
    else:
        again = subprocess.Popen([BERTH, *map(str, world.words("set-attribute", owner.did, *HUB, key=owner))],
                                 stdout=subprocess.PIPE, text=True)
        chain.ask("go")
        done = json.loads(again.communicate(timeout=PATIENCE_S)[0])
    logs = chain.events(owner.address)
    assert [log["transactionHash"] for log in logs] == [done["transactionHash"]]
    assert sent(chain, owner) == 1 and pending(chain, owner) == 0 and not world.state.exists()
    agree(chain, world, owner.did)


def test_killed_before_it_left(chain, tmp_path):
    """What was kept and never sent is sent by the next, unchanged."""
    hang = ethr_chain.Proxy(chain.url, lambda call, r: ethr_chain.Proxy.HANG if number(call, "eth_sendRawTransaction") else r)
    world, owner = World(tmp_path, chain, url=hang.url), Account(tmp_path, "owner", chain)
    cut = Cut(world, "set-attribute", owner.did, *HUB, key=owner)
    assert hang.hung.wait(PATIENCE_S)
    cut.kill()
    hang.close()
    raw, = json.loads(world.state.read_text())["transactions"]
    assert pending(chain, owner) == 0
    world.write(chain)
    done = world.change("set-attribute", owner.did, *HUB, key=owner)
    log, = chain.events(owner.address)
    assert log["transactionHash"] == done["transactionHash"] and sent(chain, owner) == 1
    assert chain.rpc("eth_getTransactionByHash", done["transactionHash"])["input"][2:] in raw


def test_a_fee_is_raised_only_when_asked_for(chain, tmp_path):
    world, owner = World(tmp_path, chain), Account(tmp_path, "owner", chain)
    chain.ask("hold")
    short = ("--wait", 1)
    assert "E_UNAVAILABLE" in world.change("set-attribute", owner.did, *HUB, *short, key=owner, status=4)
    assert "E_UNAVAILABLE" in world.change("set-attribute", owner.did, *HUB, *short, key=owner, status=4)
    assert len(json.loads(world.state.read_text())["transactions"]) == 1
    # another change has to wait
    assert "E_USAGE" in world.change("deactivate", owner.did, key=owner, status=2)
    assert "E_UNAVAILABLE" in world.change("set-attribute", owner.did, *HUB, *short, "--raise-fee", key=owner, status=4)
    assert len(json.loads(world.state.read_text())["transactions"]) == 2
    chain.ask("go")
    world.change("set-attribute", owner.did, *HUB, key=owner)
    assert len(chain.events(owner.address)) == 1 and sent(chain, owner) == 1
    assert "E_USAGE" in world.change("set-attribute", owner.did, *HUB, "--raise-fee", key=owner, status=2)


def test_limits_on_what_is_signed(chain, tmp_path):
    world, owner = World(tmp_path, chain), Account(tmp_path, "owner", chain)
    dear = ethr_chain.Proxy(chain.url, lambda call, r: dict(r, baseFeePerGas=["0x" + "f" * 12] * 2)
                            if r and number(call, "eth_feeHistory") else r)
    world.write(chain, url=dear.url)
    assert "E_QUOTA" in world.change("set-attribute", owner.did, *HUB, key=owner, status=1)
    assert not world.state.exists() and "eth_sendRawTransaction" not in dear.calls
    dear.close()
    # a key of another kind, a null owner, a verb with too few words
    berth("key", "generate", "--type", "ed25519", "--key-uri", f"soft:{tmp_path}/ed#ed")
    ed = type("Key", (), {"uri": f"soft:{tmp_path}/ed#ed"})
    world.write(chain)
    assert "E_KEY" in world.change("set-attribute", owner.did, *HUB, key=ed, status=3)
    assert "E_USAGE" in world.change("owner", owner.did, NULL, key=owner, status=2)
    assert "E_USAGE" in world.change("add-delegate", owner.did, "veriKey", key=owner, status=2)
    assert chain.events(owner.address) == []
