# SPDX-License-Identifier: Apache-2.0
"""What an agent keeps of registries: over kill -9, without the network, and as `berth did resolve --offline` shows it."""
import json
import signal

import pytest

from agents import BUILD, wait_for
from cli import fails, ok
from registries import ask, asker, readable

DID = "did:example:kept"


@pytest.fixture
def agent(tmp_path_factory):
    docs = readable(tmp_path_factory.mktemp("docs"))
    (docs / "kept.json").write_text(json.dumps({"@context": ["https://www.w3.org/ns/did/v1"], "id": DID}))
    with asker(adapter_static={"path": BUILD.resolve() / "lib/berth/registry/static.so", "dir": docs}) as a:
        a.docs = docs
        yield a


def kept(a, did=DID):
    v = a.post("/v1/resolve", {"did": did})
    return v["didDocument"], v["didResolutionMetadata"]


def test_kept_over_a_kill_and_without_the_network(agent):
    doc, meta = kept(agent)
    assert doc is None and meta == {"error": "internalError"}   # nobody was asked
    assert ask(agent, DID) != "E_RESOLVE"
    doc, meta = kept(agent)
    assert doc["id"] == DID and meta["cached"] and meta["age"] >= 0
    agent.kill()
    (agent.docs / "kept.json").unlink()
    agent.set("resolution", offline="yes")
    agent.write()
    agent.start()
    assert "resolverd" not in agent.pids()
    assert ask(agent, DID) not in ("E_RESOLVE", "E_PLUGIN")
    assert ask(agent, "did:example:other") == "E_RESOLVE"
    doc, meta = kept(agent)
    assert doc["id"] == DID and meta["cached"] and meta["age"] >= 0
    v = ok("did", "resolve", DID, "--offline", "--socket", agent.admin_sock)
    assert v["didDocument"] == doc and v["didResolutionMetadata"]["cached"]
    assert ok("did", "resolve", DID, "--offline", "--config", agent.conf)["didDocument"] == doc
    fails("E_RESOLVE", "did", "resolve", "did:example:other", "--offline", "--socket", agent.admin_sock)
    assert ok("did", "dereference", DID, "--offline", "--socket", agent.admin_sock)["content"] == doc
    agent.set("resolution", offline="no")
    (agent.docs / "later.json").write_text(json.dumps({"@context": ["https://www.w3.org/ns/did/v1"], "id": "did:example:later"}))
    before = agent.log().count('"reload"')
    agent.write()
    agent.p.send_signal(signal.SIGHUP)
    wait_for(lambda: agent.log().count('"reload"') > before, "a reload")
    assert ask(agent, "did:example:later") not in ("E_RESOLVE", "E_PLUGIN")
    assert "resolverd" in agent.pids()
    assert kept(agent, "did:example:later")[1]["cached"]
