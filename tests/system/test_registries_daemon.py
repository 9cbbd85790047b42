# SPDX-License-Identifier: Apache-2.0
"""Registries as a running daemon asks them: with berth-resolverd confined and started by the
starter, killed, and its adapters' files replaced."""
import json
import os
import signal
import time

import pytest

import shake
from agents import BUILD, alive, wait_for
from registries import ask, asker, readable

DOC = "did:example:%s"


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    docs = readable(tmp_path_factory.mktemp("docs"))
    with asker(adapter_static={"path": BUILD.resolve() / "lib/berth/registry/static.so", "dir": docs}) as a:
        a.docs = docs
        yield a


def publish(a, name):
    text = json.dumps({"@context": ["https://www.w3.org/ns/did/v1"], "id": DOC % name})
    (a.docs / f"{name}.tmp").write_text(text)
    (a.docs / f"{name}.tmp").rename(a.docs / f"{name}.json")


def status(pid, name):
    return next(x.split()[1] for x in open(f"/proc/{pid}/status") if x.startswith(name + ":"))


def test_a_document_is_found_when_it_is_there(agent):
    assert ask(agent, DOC % "nobody") == "E_RESOLVE"
    publish(agent, "somebody")
    wait_for(lambda: ask(agent, DOC % "somebody") not in ("E_RESOLVE", "E_PLUGIN"), "the folder to be read again")


def test_c159_resolverd_is_confined(agent):
    pid = agent.pids()["resolverd"]
    assert status(pid, "Seccomp") == "2" and status(pid, "Seccomp_filters") == "2"  # that of all helpers, and its own
    assert status(pid, "NoNewPrivs") == "1"


def test_a_killed_one_is_not_missed(agent):
    """It had nothing under way: another one is asked at once, from a core that can start nothing itself."""
    old = agent.pids()["resolverd"]
    publish(agent, "later")
    time.sleep(1.1)     # it has lived so long that its end is no sign of a fault
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: not alive(old), "its end")
    assert ask(agent, DOC % "later") not in ("E_RESOLVE", "E_PLUGIN")
    assert agent.pids()["resolverd"] != old
    assert status(agent.pids()["resolverd"], "Seccomp_filters") == "2"


def test_a_stopped_one_is_killed_and_replaced(agent):
    """E_PLUGIN for who waits, and for the rest of the daemon nothing."""
    old = agent.pids()["resolverd"]
    publish(agent, "last")
    shake.kill(old, signal.SIGSTOP)
    assert ask(agent, DOC % "last") == "E_PLUGIN"
    wait_for(lambda: not alive(old), "its end")
    assert agent.status()["health"]["state"] == "ok"
    publish(agent, "other")
    wait_for(lambda: ask(agent, DOC % "other") not in ("E_PLUGIN", "E_RESOLVE"), "another one")


def reload(a):
    before = a.log().count('"reload"')
    a.write()
    a.p.send_signal(signal.SIGHUP)
    wait_for(lambda: a.log().count('"reload"') > before, "a reload")


def test_another_egress_policy_takes_another_process(agent):
    """What it was told it was told once."""
    old = agent.pids()["resolverd"]
    agent.set("api", requests_at_once=17)
    reload(agent)
    assert agent.pids()["resolverd"] == old     # nothing of it has changed
    agent.set("egress", requests_at_once=7)
    reload(agent)
    wait_for(lambda: not alive(old), "its end")
    assert ask(agent, DOC % "other") not in ("E_PLUGIN", "E_RESOLVE")
