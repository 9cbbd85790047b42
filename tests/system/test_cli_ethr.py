# SPDX-License-Identifier: Apache-2.0
"""`berth did ethr` before a node that a script plays (C113): what is on disk when, what is
signed, and what a process that was killed leaves to the next.  The same before a real
chain: tests/interop/test_ethr.py."""
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from agents import Agent, ApiError, call
from cli import BERTH, PATIENCE_S, fails, ok
from registries import Server, configuration

REGISTRY = "0xdCa7EF03e98e0DC2B855bE647C39ABe984fcF21B"
OTHER = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
WORDS = ("did/svc/Hub", "https://hub.test", "--validity", 3600)


class Node:
    """One account's transactions, which all come to block 5; knows no Keccak, so it learns
    of a hash when it is asked for one."""

    def __init__(self, state):
        self.state, self.raws, self.calls = state, [], []
        self.chain_id, self.fee, self.refuse = "0x539", "0x3b9aca00", None
        self.hang, self.hung, self.lock = threading.Event(), threading.Event(), threading.Lock()
        self.hang.set()

    def answer(self, handler):
        calls = json.loads(handler.body)
        answers = [self.one(c) for c in (calls if isinstance(calls, list) else [calls])]
        return json.dumps(answers if isinstance(calls, list) else answers[0])

    def one(self, call):
        method, params = call["method"], call["params"]
        self.calls.append(method)
        result = getattr(self, method, lambda *p: None)(*params)
        answer = {"jsonrpc": "2.0", "id": call["id"]}
        return dict(answer, **result) if isinstance(result, dict) and "error" in result else dict(answer, result=result)

    def eth_chainId(self):
        return self.chain_id

    def eth_getTransactionCount(self, account, tag):
        return hex(7 + (tag == "latest" and bool(self.raws)))

    def eth_estimateGas(self, transaction):
        return "0xf000"

    def eth_call(self, transaction, block):
        return "0x" + 64 * "0"

    def eth_gasPrice(self):
        return self.fee

    def eth_feeHistory(self, *params):
        return {"baseFeePerGas": [self.fee, self.fee], "reward": [["0x1"]]}

    def eth_getBlockByNumber(self, tag, full):
        return {"number": "0x20", "timestamp": "0x65000000"}

    def eth_sendRawTransaction(self, raw):
        if not self.hang.is_set():
            self.hung.set()
            self.hang.wait(PATIENCE_S)
        assert raw in json.loads(self.state.read_text())["transactions"]    # before it left
        with self.lock:
            if not self.refuse and raw not in self.raws:
                self.raws.append(raw)
        return {"error": {"code": -32000, "message": self.refuse or "already known"}}

    def eth_getTransactionByHash(self, tx):
        return {"hash": tx} if self.raws else None

    def eth_getTransactionReceipt(self, tx):
        return {"transactionHash": tx, "blockNumber": "0x5", "status": "0x1"} if self.raws else None


class World:
    def __init__(self, folder):
        self.state = folder / "change.json"
        self.node = Node(self.state)
        self.server = Server(folder)
        self.server.routes["/rpc"] = self.node.answer
        self.config = configuration(folder, [("ethr", {
            "network": "dev 1337 %s https://a.test:%d/rpc" % (REGISTRY, self.server.port), "poll-ms": 50})], servers=[self.server])
        passphrase = folder / "pass"
        passphrase.write_text("a passphrase of the tests\n")
        passphrase.chmod(0o600)
        self.env = {"BERTH_PASSPHRASE_FILE": str(passphrase)}
        self.uri = "soft:%s/keys#owner" % folder
        ok("key", "generate", "--type", "secp256k1", "--key-uri", self.uri, env=self.env)
        self.did = ok("did", "ethr", "create", "--key-uri", self.uri, "--network", "dev", env=self.env)["did"]

    def words(self, verb="set-attribute", *args, uri=None):
        return ["did", "ethr", verb, self.did, *map(str, args or WORDS), "--key-uri", uri or self.uri, "--config", str(self.config),
                "--state", str(self.state)]

    def start(self, *args):
        return subprocess.Popen([BERTH, *self.words(*args)], env=dict(os.environ, **self.env), start_new_session=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def close(self):
        self.node.hang.set()
        self.server.close()


@pytest.fixture
def world(tmp_path):
    w = World(tmp_path)
    yield w
    w.close()


def test_create_needs_no_chain(tmp_path):
    one = tmp_path / "one.jwk"      # the private key 1; only its public members are read
    one.write_text(json.dumps({"kty": "EC", "crv": "secp256k1", "x": "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g",
                               "y": "SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg"}))
    assert ok("did", "ethr", "create", "--jwk", one) == {"did": "did:ethr:" + OTHER, "address": OTHER}
    assert ok("did", "ethr", "create", "--jwk", one, "--network", "0xaa36a7")["did"] == "did:ethr:0xaa36a7:" + OTHER
    ed = tmp_path / "ed.jwk"
    ed.write_text(json.dumps(ok("key", "generate", "--type", "ed25519")["publicJwk"]))
    fails("E_KEY", "did", "ethr", "create", "--jwk", ed)
    fails("E_DID", "did", "ethr", "create", "--jwk", one, "--network", "no such")


@pytest.mark.parametrize("args", [
    ("create", "did:ethr:" + OTHER), ("owner", "did:ethr:" + OTHER), ("sell", "did:ethr:" + OTHER), ("owner",),
    ("add-delegate", "did:ethr:" + OTHER, "veriKey", OTHER), ("deactivate", "did:ethr:" + OTHER, "--validity", "1"),
    ("owner", "did:ethr:" + OTHER, "0x" + 40 * "0"), ("deactivate", "did:ethr:" + OTHER),
    ("deactivate", "did:ethr:" + OTHER, "--config", "x"), ("deactivate", "did:ethr:" + OTHER, "--max-fee", "0"),
    ("set-attribute", "did:ethr:" + OTHER, "a", "b", "--validity", "x"),
])
def test_wrong_usage(args):
    fails("E_USAGE", "did", "ethr", *args)


def test_a_change_is_on_disk_before_it_leaves(world):
    done = ok(*world.words(), env=world.env)
    assert done["did"] == world.did and done["versionId"] == "5" and len(done["transactionHash"]) == 66
    raw, = world.node.raws
    assert raw.startswith("0x02") and REGISTRY[2:].lower() in raw and b"https://hub.test".hex() in raw
    assert not world.state.exists()


def test_killed_while_it_is_sent(world):
    """C113"""
    world.node.hang.clear()
    cut = world.start()
    assert world.node.hung.wait(PATIENCE_S)
    raw, = json.loads(world.state.read_text())["transactions"]
    fails("E_UNAVAILABLE", *world.words(), env=world.env)       # one command at a time
    os.killpg(cut.pid, signal.SIGKILL)
    cut.communicate()
    world.node.hang.set()
    fails("E_USAGE", *world.words("deactivate", "--wait", "1"), env=world.env)     # and one change
    done = ok(*world.words(), env=world.env)
    assert world.node.raws == [raw] and done["versionId"] == "5" and not world.state.exists()


def test_killed_when_it_was_sent(world):
    """C113"""
    world.node.eth_getTransactionReceipt = lambda tx: None
    world.node.eth_getTransactionCount = lambda account, tag: "0x7"
    cut = world.start()
    end = time.monotonic() + PATIENCE_S
    while world.node.calls.count("eth_getTransactionReceipt") < 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(cut.pid, signal.SIGKILL)
    cut.communicate()
    assert len(world.node.raws) == 1 and world.state.exists()
    del world.node.eth_getTransactionReceipt
    sent = world.node.calls.count("eth_sendRawTransaction")
    ok(*world.words(), env=world.env)
    assert world.node.calls.count("eth_sendRawTransaction") == sent == 1 and not world.state.exists()


def test_what_a_node_refuses_is_kept(world):
    world.node.refuse = "insufficient funds for gas"
    _, line = fails("E_AUTHZ", *world.words(), env=world.env)
    assert "insufficient funds" in line and "the same command goes on" in line
    kept = world.state.read_text()
    world.node.refuse = None
    ok(*world.words(), env=world.env)
    assert world.node.raws == json.loads(kept)["transactions"]


def test_nothing_is_signed_that_is_too_dear_or_for_another_chain(world):
    world.node.fee = hex(150 * 10 ** 9)         # twice that is allowed for
    fails("E_QUOTA", *world.words(), env=world.env)
    world.node.fee = hex(90 * 10 ** 9)
    fails("E_QUOTA", *world.words("set-attribute", *WORDS, "--max-fee", 100), env=world.env)
    world.node.chain_id = "0x53a"
    fails("E_RESOLVE", *world.words(), env=world.env)
    assert not world.state.exists() and "eth_sendRawTransaction" not in world.node.calls
    world.node.chain_id = "0x539"
    ok(*world.words(), env=world.env)


def test_owner_and_payer_of_one_store(world):
    payer = world.uri.replace("#owner", "#payer")
    ok("key", "generate", "--type", "secp256k1", "--key-uri", payer, env=world.env)
    ok(*world.words("set-attribute", *WORDS, "--payer-key-uri", payer), env=world.env)
    assert "123b5e98" in world.node.raws[0]     # setAttributeSigned


def test_a_state_that_is_none_is_left_alone(world):
    world.state.write_text("{\"did\":\"x\"")
    fails("E_JSON", *world.words(), env=world.env)
    world.state.write_text("{\"did\":\"x\",\"call\":\"0x\",\"transactions\":[\"0x02\"]}")
    fails("E_TYPE", *world.words(), env=world.env)
    assert "0x02" in world.state.read_text() and "eth_sendRawTransaction" not in world.node.calls


def test_a_network_that_is_not_configured(world):
    fails("E_RESOLVE", *[w.replace(":dev:", ":sepolia:") for w in world.words()], env=world.env)
    assert world.node.calls == []


# ---- keys of a daemon ----

@pytest.fixture
def daemon(tmp_path):
    a = Agent(tmp_path, "owner", "owner", keystore_main={"ethr-registry": "1337:" + REGISTRY, "ethr-fee-max": 80})
    a.start()
    yield a
    a.stop()


def theirs(world, daemon, *args):
    """The words with the daemon's key instead."""
    words = world.words(*args)
    i = words.index("--key-uri")
    return words[:i] + ["--key", "plant"] + words[i + 2:] + ["--socket", str(daemon.admin_sock)]


def test_the_daemons_key_signs(world, daemon):
    made = ok("did", "ethr", "create", "--key", "plant", "--network", "dev", "--socket", daemon.admin_sock)
    assert made == ok("did", "ethr", "create", "--key", "plant", "--network", "dev", "--socket", daemon.admin_sock)
    world.did = made["did"]
    ok(*theirs(world, daemon), env=world.env)
    raw, = world.node.raws
    assert REGISTRY[2:].lower() in raw and made["address"][2:].lower() in raw and not world.state.exists()
    # what the CLI would allow and the daemon does not
    world.node.raws.clear()
    world.node.fee = hex(90 * 10 ** 9)
    fails("E_QUOTA", *theirs(world, daemon, "set-attribute", *WORDS, "--max-fee", 500), env=world.env)
    daemon.stop()
    daemon.set("keystore main", ethr_registry="1:" + REGISTRY)
    daemon.start()
    world.node.fee = "0x3b9aca00"
    fails("E_AUTHZ", *theirs(world, daemon), env=world.env)
    assert world.node.raws == [] and not world.state.exists()


def test_another_pays_for_the_daemons_key(world, daemon):
    ok(*theirs(world, daemon, "set-attribute", *WORDS, "--payer-key-uri", world.uri), env=world.env)
    assert "123b5e98" in world.node.raws[0]


ORDER = {"registry": "1337:" + REGISTRY, "function": "setAttribute", "identity": OTHER, "label": "did/svc/Hub", "value": "0x61",
         "validity": "0x10", "nonce": "0x0", "gas": "0xf000", "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x1"}


@pytest.mark.parametrize("code, change", [
    ("E_TYPE", {"nonce": None}), ("E_TYPE", {"nonce": 7}), ("E_TYPE", {"to": OTHER}), ("E_TYPE", {"value": "61"}),
    ("E_TYPE", {"function": "approve"}), ("E_TYPE", {"gas": "0x1"}), ("E_TYPE", {"label": None}), ("E_TYPE", {"owner": "0x00"}),
    ("E_TYPE", {"label": 33 * "x"}), ("E_TYPE", {"registry": "1337"}), ("E_TYPE", {"party": OTHER}), ("E_TYPE", {"gasPrice": "0x1"}),
    ("E_TYPE", {"meta": True}), ("E_AUTHZ", {"registry": "1338:" + REGISTRY}), ("E_AUTHZ", {"registry": "1337:" + OTHER}),
    ("E_QUOTA", {"maxFeePerGas": hex(81 * 10 ** 9)})])
def test_orders_that_are_not_signed(daemon, code, change):
    call(daemon.admin_sock, "POST", "/v1/ethr/keys", {"name": "plant"})
    assert call(daemon.admin_sock, "POST", "/v1/ethr/sign", {"name": "plant", "order": ORDER})["signed"].startswith("0x02")
    order = {k: v for k, v in dict(ORDER, **change).items() if v is not None}
    with pytest.raises(ApiError) as e:
        call(daemon.admin_sock, "POST", "/v1/ethr/sign", {"name": "plant", "order": order})
    assert e.value.code == code, e.value


def test_only_its_keys_sign_and_only_the_operator_asks(daemon):
    with pytest.raises(ApiError) as e:
        call(daemon.admin_sock, "POST", "/v1/ethr/sign", {"name": "nobody", "order": ORDER})
    assert e.value.code == "E_KEYSTORE"
    with pytest.raises(ApiError) as e:
        call(daemon.admin_sock, "POST", "/v1/ethr/keys", {"name": "Plant"})
    assert e.value.code == "E_TYPE"
    with pytest.raises(ApiError) as e:
        call(daemon.app_sock, "POST", "/v1/ethr/keys", {"name": "plant"})
    assert e.value.status in (403, 404)
