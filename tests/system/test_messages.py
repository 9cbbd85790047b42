# SPDX-License-Identifier: Apache-2.0
"""Messages from application to application, through real daemons and their sockets."""
import json
import pathlib
import subprocess
import sys

import pytest

from agents import ApiError, World, wait_for
from openapi import Http

BASIC = "https://didcomm.org/basicmessage/2.0/message"
MAY = f"self message:{BASIC} message:urn:app:weather/1.0/*"
APP = {"principal_app": {"uid": "0 65534", "may": MAY}}


@pytest.fixture(scope="module")
def world():
    w = World(owner=APP)
    w.gw = w.gateway("GW-MESSAGES", **APP)
    w.onboard(w.gw)
    yield w
    w.close()


def received(agent, n=1):
    wait_for(lambda: len(agent.app("/v1/messages")) >= n, lambda: f"{agent.app('/v1/messages')}\n{agent.log()[-3000:]}")
    return agent.app("/v1/messages")


def done(agent):
    for m in agent.app("/v1/messages"):
        agent.app("/v1/messages/ack", {"upTo": m["seq"]})
    assert agent.app("/v1/messages") == []


def test_a_basic_message_and_its_answer(world):
    gw, owner = world.gw, world.owner
    sent = gw.app("/v1/messages", {"to": "owner", "type": BASIC, "body": {"content": "21 degrees"}, "lang": "en",
                                   "acceptLang": ["de", "en"], "pleaseAck": True})
    (m,) = received(owner)
    assert (m["id"], m["type"], m["for"], m["lang"], m["accept-lang"]) == (sent["id"], BASIC, BASIC, "en", ["de", "en"])
    assert m["body"] == {"content": "21 degrees"} and m["from"] == gw.status()["operationalDid"]
    (ack,) = received(gw)
    assert ack["ack"] == [sent["id"]] and ack["for"] == BASIC
    owner.app("/v1/messages", {"to": m["from"], "type": "urn:app:weather/1.0/thanks", "thid": m["thid"], "body": {"n": 1}})
    answer = received(gw, 2)[1]
    assert answer["thid"] == sent["thid"] and answer["body"] == {"n": 1} and answer["seq"] > ack["seq"]
    assert gw.app(f"/v1/messages?after={ack['seq']}") == [answer]
    done(gw)
    done(owner)


def test_an_application_may_wait_for_a_message(world):
    """With no message there the answer comes with the first one, or empty at the end; who
    waits holds up nobody."""
    gw, owner = world.gw, world.owner
    done(owner)
    waiting, ask = Http(owner.app_sock), b"GET /v1/messages?wait=55 HTTP/1.1\r\nHost: berth\r\n\r\n"
    waiting.send(ask)
    assert owner.app("/v1/self")["principal"] == "app"
    assert owner.app("/v1/messages?wait=1") == []
    gw.app("/v1/messages", {"to": "owner", "type": BASIC, "body": {"content": "now"}})
    status, _, body = waiting.answer()
    while body == b"[]":        # we are slow
        waiting.send(ask)
        status, _, body = waiting.answer()
    assert status == 200 and [m["body"] for m in json.loads(body)] == [{"content": "now"}]
    waiting.close()
    assert len(owner.app("/v1/messages?wait=55")) == 1      # at once
    assert len(owner.app("/v1/messages?wait=nonsense")) == 1
    done(owner)
    left = Http(owner.app_sock)
    left.send(ask)
    assert owner.app("/v1/messages") == []
    owner.stop()        # with a request that waits
    owner.start()
    left.close()


def test_the_example_that_answers(world):
    gw, owner = world.gw, world.owner
    echo = pathlib.Path(__file__).parents[2] / "examples/echo.py"
    p = subprocess.Popen([sys.executable, str(echo), str(owner.app_sock)], stderr=subprocess.PIPE)
    try:
        for n in range(2):
            gw.app("/v1/messages", {"to": "owner", "type": BASIC, "body": {"content": str(n)}})
            assert received(gw, n + 1)[n]["body"] == {"content": str(n)}
        assert p.poll() is None, p.stderr.read()
    finally:
        p.terminate()
        p.communicate()
    done(gw)
    done(owner)


def test_it_is_given_again_until_it_is_acknowledged(world):
    gw, owner = world.gw, world.owner
    gw.app("/v1/messages", {"to": "owner", "type": BASIC, "body": {"content": "once"}})
    first = received(owner)
    owner.restart()
    assert owner.app("/v1/messages") == first
    done(owner)
    owner.restart()
    assert owner.app("/v1/messages") == []


def test_an_application_has_its_types_and_no_others(world):
    gw = world.gw
    for type_, missing in (("urn:app:other/1.0/x", "message:urn:app:other/1.0/x"),
                           ("https://didcomm.org/trust-ping/2.0/ping", "message:https://didcomm.org/trust-ping/2.0/ping")):
        with pytest.raises(ApiError) as e:
            gw.app("/v1/messages", {"to": "owner", "type": type_})
        assert (e.value.status, e.value.answer["principal"], e.value.answer["missing"]) == (403, "app", missing)
    with pytest.raises(ApiError) as e:
        gw.app("/v1/messages", {"to": "did:example:nobody", "type": BASIC, "body": {"content": ""}})
    assert e.value.status in (400, 503), e.value
    with pytest.raises(ApiError) as e:
        gw.app("/v1/messages", {"to": "owner", "type": BASIC, "body": {}})
    assert (e.value.status, e.value.code) == (400, "E_TYPE")
