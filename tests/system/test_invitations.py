# SPDX-License-Identifier: Apache-2.0
"""Two daemons that have never heard of each other, and `berth invite --oob` between them."""
import base64
import json

import pytest

from agents import Agent, free_port, wait_for
import cli
from cli import PATIENCE_S, fails, ok

BASIC = "https://didcomm.org/basicmessage/2.0/message"
APP = {"uid": "0 65534", "may": f"message:{BASIC}"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    agents = []
    for name in ("alice", "bob"):
        a = Agent(folder, name, "owner", port=free_port(), principal_app=APP)
        a.set("egress", hosts="alice.test=127.0.0.1, bob.test=127.0.0.1")
        agents.append(a.start())
    yield agents
    for a in agents:
        a.stop()


def raw(*args):
    return cli.raw(*args).decode()


def at(agent):
    return "--socket", str(agent.admin_sock)


patient = "--wait", PATIENCE_S


def peer(agent):
    return next(p for p in agent.get("/v1/peers") if "moved" not in p and "via" in p)


def test_invite_connect_talk_rotate_and_part(pair, tmp_path):
    alice, bob = pair
    file = tmp_path / "invitation.json"
    url = raw("invite", "--oob", "--goal", "read the meter", "--goal-code", "org.example.meter", "--expires", "600",
              "--out", file, *at(alice)).strip()
    token = url.split("_oob=")[1]
    message = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert message == json.loads(file.read_text()) and message["body"]["accept"] == ["didcomm/v2"]
    assert message["type"] == "https://didcomm.org/out-of-band/2.0/invitation" and message["expires_time"]
    out = raw("connect", url, *patient, *at(bob))
    assert "read the meter" in out and "it has answered" in out
    fails("E_REPLAY", "connect", file, *at(bob))
    bob.restart()
    fails("E_REPLAY", "connect", file, *at(bob))
    a, b = peer(bob)["did"], peer(alice)["did"]
    assert a not in message["from"] and peer(alice)["goalCode"] == "org.example.meter"
    bob.app("/v1/messages", {"to": a, "type": BASIC, "body": {"content": "42"}})
    wait_for(lambda: alice.app("/v1/messages"), alice.log)
    assert [m["from"] for m in alice.app("/v1/messages")] == [b]

    features = {(d["feature-type"], d["id"]) for d in ok("discover", a, "--json", *patient, *at(bob))}
    assert ("protocol", "https://didcomm.org/basicmessage/2.0") in features and ("accept", "didcomm/v2") in features
    assert raw("discover", a, "--match", "*issue-credential/3.0", *patient, *at(bob)).split() == [
        "FEATURE", "ID", "protocol", "https://didcomm.org/issue-credential/3.0"]

    raw("rotate", "--peer", a, *at(bob))
    wait_for(lambda: peer(alice)["did"] != b, lambda: alice.get("/v1/peers"))
    alice.app("/v1/messages", {"to": peer(alice)["did"], "type": BASIC, "body": {"content": "43"}})
    wait_for(lambda: bob.app("/v1/messages"), bob.log)
    raw("disconnect", a, *at(bob))
    wait_for(lambda: peer(alice).get("ended"), lambda: alice.get("/v1/peers"))
    assert any("has ended" in row["detail"] for row in alice.get("/v1/audit"))
    assert "ENDED" in raw("peers", *at(alice))


def test_refusals(pair, tmp_path):
    alice, bob = pair
    fails("E_TYPE", "connect", "https://example.com/?_oobid=5f0e3ffb-3f92-4648-9868-0d6f8889e6f3", *at(bob))
    fails("E_B64", "connect", "https://example.com/?_oob=***", *at(bob))
    fails("E_USAGE", "invite", "--oob", "--uses", "many", *at(alice))
    fails("E_TYPE", "invite", "--oob", "--uses", "0", *at(alice))
    fails("E_TYPE", "invite", "--oob", "--uses", "257", *at(alice))
    url = raw("invite", "--oob", *at(alice)).strip()
    fails("E_ADDR", "connect", url, *at(alice))
    attached = tmp_path / "message.json"
    attached.write_text(json.dumps({"type": "urn:x", "id": "1"}))
    made = ok("invite", "--oob", "--attach", attached, "--uses", "2", "--json", *at(alice))
    assert made["invitation"]["attachments"][0]["data"]["json"]["type"] == "urn:x"
    answer = ok("connect", made["url"], "--json", *patient, *at(bob))
    assert answer["attachments"] == made["invitation"]["attachments"]
