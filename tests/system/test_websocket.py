# SPDX-License-Identifier: Apache-2.0
"""WebSockets of somebody else's make (python3-websockets) at both ends of ours."""
import asyncio
import json
import pathlib
import shutil
import tempfile
import threading
import uuid

import pytest
import websockets

from agents import Agent, free_port, wait_for
from cli import PATIENCE_S, raw

PING = "https://didcomm.org/trust-ping/2.0/ping"
PONG = "https://didcomm.org/trust-ping/2.0/ping-response"
SECONDS = PATIENCE_S


class Stranger:
    """A did:peer:2 of its own, on the command line."""

    def __init__(self, folder, endpoint=None):
        self.folder = folder
        folder.mkdir()
        keys = {}
        for use, kind in (("verification", "ed25519"), ("agreement", "x25519")):
            keys[use] = json.loads(raw("key", "generate", "--type", kind))["privateJwk"]
            public = {k: v for k, v in keys[use].items() if k != "d"}
            (folder / f"{use}.jwk").write_text(json.dumps(public))
        service = {"type": "DIDCommMessaging", "serviceEndpoint": {"uri": endpoint, "accept": ["didcomm/v2"]}}
        self.did = json.loads(raw("did", "create", "peer", "--numalgo", "2", "--verification", folder / "verification.jwk",
                                  "--agreement", folder / "agreement.jwk",
                                  *(["--service", json.dumps(service)] if endpoint else [])))["did"]
        doc = json.loads(raw("did", "resolve", self.did))["didDocument"]
        kid = doc["keyAgreement"][0]
        kid = kid if isinstance(kid, str) else kid["id"]
        kid = self.did + "#" + kid.split("#")[1]
        (folder / "secrets.json").write_text(json.dumps([
            {"id": kid, "type": "JsonWebKey2020", "privateKeyJwk": keys["agreement"]}]))

    def pack(self, to, **headers):
        m = {"id": str(uuid.uuid4()), "typ": "application/didcomm-plain+json", "type": PING, "from": self.did, "to": [to],
             "body": {"response_requested": True}, **headers}
        return m["id"], raw("didcomm", "pack", "--from", self.did, "--to", to, "--secrets", self.folder / "secrets.json",
                            stdin=json.dumps(m)).decode().strip()

    def unpack(self, packed):
        text = packed.decode() if isinstance(packed, bytes) else packed
        return json.loads(raw("didcomm", "unpack", "--secrets", self.folder / "secrets.json", stdin=text))["message"]


@pytest.fixture
def world():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
    folder.chmod(0o755)
    agent = Agent(folder, "rv", "rendezvous", port=free_port(), link="ws").start()
    yield agent, folder
    agent.stop()
    shutil.rmtree(folder, ignore_errors=True)


def url(agent):
    return f"ws://127.0.0.1:{agent.port}/ws"


def emptied(agent):
    wait_for(lambda: agent.status()["queue"]["out"] == 0, lambda: agent.get("/v1/messages"))
    assert agent.status()["queue"]["dead"] == 0


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_a_client_is_answered_on_its_connection(world, binary):
    agent, folder = world
    me = Stranger(folder / "me")
    to = agent.identity("rendezvous")["didLong"]

    async def talk():
        async with websockets.connect(url(agent)) as ws:
            for _ in range(3):
                sent, packed = me.pack(to, return_route="all")
                await ws.send(packed.encode() if binary else packed)
                got = await asyncio.wait_for(ws.recv(), SECONDS)
                assert isinstance(got, bytes) == binary
                answer = me.unpack(got)
                assert (answer["type"], answer["thid"]) == (PONG, sent)
            await asyncio.wait_for(await ws.ping(), SECONDS)
            await asyncio.to_thread(emptied, agent)     # they were confirmed by pongs

    asyncio.run(talk())


def test_what_authenticates_nobody_hears_nothing(world):
    """I2: garbage, an altered message, and one that does not ask for answers here."""
    agent, folder = world
    me = Stranger(folder / "me")
    to = agent.identity("rendezvous")["didLong"]
    _, good = me.pack(to, return_route="all")
    altered = json.loads(good)
    altered["ciphertext"] = altered["ciphertext"][:-4] + "AAAA"

    async def talk():
        async with websockets.connect(url(agent)) as ws:
            for message in ("{}", "not JSON", json.dumps(altered), me.pack(to)[1]):
                await ws.send(message)
            sent, packed = me.pack(to, return_route="all")     # the positive twin: nothing came before its answer
            await ws.send(packed)
            threads = set()
            while sent not in threads:
                threads.add(me.unpack(await asyncio.wait_for(ws.recv(), SECONDS))["thid"])

    asyncio.run(talk())


def test_one_who_left_gets_the_rest_when_it_comes_again(world):
    """A message that was not confirmed stays in the outbox: the client goes without a word
    before it has read its answer."""
    agent, folder = world
    me = Stranger(folder / "me")
    to = agent.identity("rendezvous")["didLong"]
    sent, packed = me.pack(to, return_route="all")

    async def leave():
        ws = await websockets.connect(url(agent))
        await ws.send(packed)
        ws.transport.abort()

    async def come_again():
        async with websockets.connect(url(agent)) as ws:
            await ws.send(me.pack(to, return_route="all")[1])
            threads = []
            while sent not in threads:
                threads.append(me.unpack(await asyncio.wait_for(ws.recv(), SECONDS))["thid"])
            await asyncio.to_thread(emptied, agent)

    asyncio.run(leave())
    wait_for(lambda: agent.status()["queue"]["out"] == 1, lambda: agent.log()[-2000:])
    asyncio.run(come_again())


class Server(threading.Thread):
    """An agent of another make: what is sent to it is kept, and may be answered."""

    def __init__(self):
        super().__init__(daemon=True)
        self.port, self.got, self.answers, self.conns = free_port(), [], [], 0
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.start()
        assert self.ready.wait(SECONDS)

    async def talk(self, ws, path):
        assert path == "/agent?x=1"
        self.conns += 1
        async for message in ws:
            self.got.append(message)
            if self.answers:
                await ws.send(self.answers.pop(0))

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(websockets.serve(self.talk, "127.0.0.1", self.port))
        self.ready.set()
        self.loop.run_forever()

    async def shut(self):
        self.server.close()
        await self.server.wait_closed()

    def close(self):
        asyncio.run_coroutine_threadsafe(self.shut(), self.loop).result(SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(SECONDS)


def test_an_endpoint_that_is_a_websocket_is_dialled(world):
    """The answer to a ping goes to the service of who sent it; what the server says on that
    connection is taken like anything else."""
    agent, folder = world
    server = Server()
    me = Stranger(folder / "me", f"ws://127.0.0.1:{server.port}/agent?x=1")
    to = agent.identity("rendezvous")["didLong"]

    async def say(packed):
        async with websockets.connect(url(agent)) as ws:
            await ws.send(packed)
            await asyncio.wait_for(await ws.ping(), SECONDS)

    second, packed = me.pack(to)
    server.answers.append(packed)
    first, packed = me.pack(to)
    asyncio.run(say(packed))
    try:
        wait_for(lambda: len(server.got) == 2, lambda: agent.log()[-2000:])
        assert [me.unpack(m)["thid"] for m in server.got] == [first, second]
        assert all(isinstance(m, str) for m in server.got) and server.conns == 1
        emptied(agent)
    finally:
        server.close()
