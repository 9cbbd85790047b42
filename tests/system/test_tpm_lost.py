# SPDX-License-Identifier: Apache-2.0
"""C141: a TPM that is not the one any more, seen from a daemon that runs and from one
that starts; and what a daemon that is killed leaves in it."""
import pytest

from agents import Agent, Tpm, wait_for


@pytest.fixture
def agent(tmp_path):
    t = Tpm(tmp_path / "tpm")
    a = Agent(tmp_path, "owner", "owner", tpm=t)
    yield a
    if a.p:
        a.kill()
    t.kill()


def test_c141_status_says_that_the_identity_is_lost(agent):
    did = agent.start().identity("owner")["did"]
    s = agent.status()
    assert (s["state"], s["health"]["state"], s["health"]["rollback_protection"]) == ("READY", "ok", "tpm")
    agent.tpm.kill()
    wait_for(lambda: agent.status()["health"]["state"] == "degraded", "the device's end to be seen")
    s = agent.status()
    assert s["state"] == "READY" and s["health"]["reasons"] == ["the keystore does not answer"]
    agent.tpm.start("another")
    s = wait_for(lambda: agent.state_is("IDENTITY_LOST") and agent.status(), agent.status)
    assert "the TPM was cleared or replaced, and the keys are lost with it" in s["health"]["reasons"]
    agent.stop()
    assert "cleared or replaced" in agent.refuses_to_start("E_KEYSTORE")
    assert agent.tpm.transient_handles() == []
    # nothing was made anew, nor thrown away
    agent.tpm.kill()
    agent.tpm.start("state")
    assert agent.start().identity("owner")["did"] == did
    assert agent.status()["state"] == "READY"


def test_a_killed_daemon_leaves_nothing_in_the_tpm(agent):
    for _ in range(3):
        agent.start()
        agent.status()
        agent.kill()
    agent.start().stop()
    assert agent.tpm.transient_handles() == []
