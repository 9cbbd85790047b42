#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bad network between two agents.

  fault_proxy.py --listen PORT --to PORT [--link nng|http] [--seed N] [--rates drop=30,twice=5,...]

Takes connections on 127.0.0.1:LISTEN, makes one of its own to 127.0.0.1:TO for each, and
passes on whole messages (of SP over TCP, or of HTTP), in per cent of which it

  drop   forgets them            late  passes them on seconds later, behind others
  twice  passes them on twice    cut   passes on a part and closes both connections
  half   passes on nothing any more on that connection, and closes it a while later

One seed decides all of it.  At the end, or with Proxy.counts, it says how often."""
import argparse
import asyncio
import collections
import json
import random
import re
import threading

GREETING = 8
MESSAGE_MAX = 8 << 20
KINDS = ("drop", "twice", "late", "cut", "half")


class Closed(Exception):
    pass


async def read_sp(reader):
    head = await reader.readexactly(8)
    n = int.from_bytes(head, "big")
    if n > MESSAGE_MAX:
        raise Closed
    return head + await reader.readexactly(n)


async def read_http(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    n = re.search(rb"\r\ncontent-length: *(\d+)", head, re.I)
    if head.startswith(b"HTTP/1.1 100"):
        return head + await read_http(reader)
    return head + (await reader.readexactly(int(n.group(1))) if n else b"")


class Proxy:
    """Runs in a thread of its own until close()."""

    def __init__(self, listen, to, link="nng", seed=1, late_s=2.0, half_s=3.0, **rates):
        assert set(rates) <= set(KINDS), rates
        self.listen, self.to, self.rates, self.late_s, self.half_s = listen, to, rates, late_s, half_s
        self.read = read_sp if link == "nng" else read_http
        self.link, self.rng = link, random.Random(seed)
        self.counts = collections.Counter()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(
            asyncio.start_server(self.connection, "127.0.0.1", self.listen, limit=MESSAGE_MAX))
        ready.set()
        self.loop.run_forever()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def heal(self):
        """From now on everything passes."""
        self.rates = {}

    def fault(self):
        at = self.rng.uniform(0, 100)
        for kind in KINDS:
            at -= self.rates.get(kind, 0)
            if at < 0:
                self.counts[kind] += 1
                return kind
        self.counts["passed"] += 1
        return None

    async def write_later(self, writer, message):
        await asyncio.sleep(self.rng.uniform(0.05, self.late_s))
        try:
            writer.write(message)
            await writer.drain()
        except OSError:
            pass

    async def pass_on_http(self, kind, message, writer):
        """In one connection nothing overtakes and nothing is doubled: a request comes twice
        over another one."""
        if kind == "late":
            await asyncio.sleep(self.rng.uniform(0.05, self.late_s))
        elif message.startswith(b"POST "):
            _, far = await asyncio.open_connection("127.0.0.1", self.to)
            far.write(message)
            await far.drain()
            self.loop.call_later(self.late_s, far.close)
        writer.write(message)
        await writer.drain()

    async def pass_on(self, message, writer):
        kind = self.fault()
        if kind == "drop":
            return
        if self.link == "http" and kind in ("twice", "late"):
            await self.pass_on_http(kind, message, writer)
            return
        if kind == "late":
            task = asyncio.create_task(self.write_later(writer, message))
            task.add_done_callback(lambda t: t.exception())
            return
        if kind == "half":
            await asyncio.sleep(self.half_s)
            raise Closed
        if kind == "cut":
            writer.write(message[:self.rng.randrange(1, len(message))])
            await writer.drain()
            raise Closed
        writer.write(message * (2 if kind == "twice" else 1))
        await writer.drain()

    async def pump(self, reader, writer):
        if self.link == "nng":
            writer.write(await reader.readexactly(GREETING))
        while True:
            await self.pass_on(await self.read(reader), writer)

    async def connection(self, reader, writer):
        far = None
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.to, limit=MESSAGE_MAX)
            self.counts["connections"] += 1
            pumps = [asyncio.create_task(self.pump(reader, far)), asyncio.create_task(self.pump(far_reader, writer))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for p in pumps:
                p.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass
        finally:
            for w in (writer, far):
                if w:
                    w.close()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--listen", type=int, required=True)
    ap.add_argument("--to", type=int, required=True)
    ap.add_argument("--link", choices=["nng", "http"], default="nng")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--rates", default="drop=30", help="KIND=PERCENT,...")
    a = ap.parse_args()
    rates = {k: float(v) for k, v in (r.split("=") for r in a.rates.split(","))}
    p = Proxy(a.listen, a.to, a.link, a.seed, **rates)
    try:
        p.thread.join()
    except KeyboardInterrupt:
        print(json.dumps(p.counts))


if __name__ == "__main__":
    main()
