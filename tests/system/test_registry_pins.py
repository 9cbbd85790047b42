# SPDX-License-Identifier: Apache-2.0
"""C105 with a real daemon: a did:webvh whose server shows an older log, and another one,
after the daemon was restarted."""
import json

import pytest

from agents import wait_for
from cli import ok
from registries import ask, asker, readable
from test_webvh import ADAPTER, Site, create, show, update

CONTRADICTION = "registry contradicts itself"


@pytest.fixture
def site(tmp_path):
    s = Site(readable(tmp_path))
    s.www, s.key, s.ca = tmp_path / "www", tmp_path / "a.jwk", tmp_path / "ca.pem"
    s.www.mkdir()
    s.key.write_text(json.dumps(ok("key", "generate", "--type", "ed25519")["privateJwk"]))
    yield s
    s.server.shutdown()
    s.server.server_close()


@pytest.fixture
def agent(site):
    with asker(("webvh.test", site.ca), adapter_web={"path": ADAPTER}, resolution={"max_age": "10s"}) as a:
        yield a


def contradictions(a):
    return [r for r in a.get("/v1/audit") if r["event"] == CONTRADICTION]


def test_c105_a_log_never_goes_back_over_restarts(site, agent):
    did = create(site)
    old = dict(site.files)
    update(site)
    show(site)
    believed = ask(agent, did)
    assert believed not in ("E_RESOLVE", "E_NETPOL", "E_PLUGIN")
    assert contradictions(agent) == []

    agent.restart()             # nothing of it is in memory any more
    assert ask(agent, did) == believed
    new, site.files = site.files, old
    agent.restart()
    wait_for(lambda: ask(agent, did) == "E_RESOLVE", "what is kept of it to be too old to count")
    row, = contradictions(agent)
    assert row["detail"].startswith(did) and "roll-back" in row["detail"]
    assert agent.get("/v1/audit/verify")["verified"]

    agent.restart()             # said once
    assert ask(agent, did) == "E_RESOLVE"
    assert len(contradictions(agent)) == 1
    site.files = new            # and a registry that comes to itself is believed again
    agent.restart()
    assert ask(agent, did) == believed


def test_c105_a_move_sheds_no_pin(site, agent):
    """What was seen of the DID at its new place counts at the old one, which has stood still."""
    old = create(site, "old", "--portable")
    assert ask(agent, old) not in ("E_RESOLVE", "E_NETPOL", "E_PLUGIN")
    first = site.files["/old/did.jsonl"]
    new = ok("did", "migrate", "webvh", "--log", site.www, "--jwk", site.key, "--domain", "webvh.test:%d/new" % site.port)["did"]
    show(site, "new")
    believed = ask(agent, new)
    assert believed not in ("E_RESOLVE", "E_NETPOL", "E_PLUGIN")
    agent.status()              # what is believed is on the disk in the turn after
    agent.restart()
    wait_for(lambda: ask(agent, old) == "E_RESOLVE", "what is kept of it to be too old to count")
    result = agent.post("/v1/resolve", {"did": old})
    assert result["didResolutionMetadata"]["error"] == "invalidDid"
    assert "roll-back" in result["didResolutionMetadata"]["problemDetails"]["detail"]
    row, = contradictions(agent)
    assert row["detail"].startswith(old) and "roll-back" in row["detail"]
    assert first == site.files["/old/did.jsonl"]

    show(site, "old")           # the whole log at both: the old one has the document of the new
    agent.restart()
    assert ask(agent, old) == believed
    agent.status()
    result = agent.post("/v1/resolve", {"did": old})
    assert result["didDocument"]["id"] == new and old in result["didDocument"]["alsoKnownAs"]
    agent.restart()             # and what is kept of it is, over a restart
    assert agent.post("/v1/resolve", {"did": old})["didDocument"]["id"] == new
