# SPDX-License-Identifier: Apache-2.0
"""GET /v1/watch: the full state first and after each change, each caller's own share,
resumed by generation over a kill -9, and taken back within a second."""
import json
import os
import pathlib
import select
import signal
import socket

import pytest

from agents import ApiError, call, wait_for
from cli import PATIENCE_S
from cli import fails, ok

ME, OTHER, THIRD = os.geteuid(), 65534, 65533
ITEMS = {"wifi": b"psk=correct horse", "cloud": b"token=battery staple"}

pytestmark = pytest.mark.skipif(ME != 0, reason="needs three uids")


class Stream:
    """A GET /v1/watch of a user; lines are taken as they come, heartbeats set aside."""

    def __init__(self, path, since=None, uid=ME):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.seteuid(uid)
        try:
            self.s.connect(str(path))
        finally:
            os.seteuid(ME)
        query = "" if since is None else f"?since={since}"
        self.s.sendall(f"GET /v1/watch{query} HTTP/1.1\r\nHost: berth\r\n\r\n".encode())
        self.raw, self.text, self.beats, self.head, self.ended = b"", b"", 0, None, False

    def take(self):
        """What is there now, without waiting."""
        while select.select([self.s], [], [], 0)[0]:
            more = self.s.recv(65536)
            if not more:
                self.ended = True
                break
            self.raw += more
        if self.head is None and b"\r\n\r\n" in self.raw:
            self.head, self.raw = self.raw.split(b"\r\n\r\n", 1)
        while self.head is not None and b"\r\n" in self.raw:
            size, rest = self.raw.split(b"\r\n", 1)
            n = int(size, 16)
            if len(rest) < n + 2:
                break
            self.text, self.raw = self.text + rest[:n], rest[n + 2:]
            self.ended |= n == 0

    def line(self):
        """The next line, or None when there is none yet."""
        self.take()
        while b"\n" in self.text:
            one, self.text = self.text.split(b"\n", 1)
            v = json.loads(one)
            if v.get("event") != "heartbeat":
                return v
            self.beats += 1
        return None

    def next(self, what="a line", seconds=PATIENCE_S):
        return wait_for(self.line, lambda: f"{what}; {self.seen()}", seconds)

    def until(self, event, seconds=PATIENCE_S):
        """The first line with that event."""
        def hit():
            v = self.line()
            return v if v and event in v["events"] else None
        return wait_for(hit, lambda: f"{event}; {self.seen()}", seconds)

    def seen(self):
        return f"answer {self.head}, then {self.text + self.raw}, {self.beats} heartbeats, {'ended' if self.ended else 'open'}"

    def close(self):
        self.s.close()


def opened(g):
    g.run_dir.chmod(0o755)      # what [api] group is for
    g.app_sock.chmod(0o666)
    return g


@pytest.fixture(scope="module")
def gw(world):
    g = world.gateway("GW-WATCH", principal_one={"uid": str(ME), "may": "self device identity:operational secret:wifi"},
                      principal_two={"uid": str(OTHER), "may": "self secret:cloud"}, api={"requests_at_once": 256})
    return opened(world.onboard(g, ITEMS))


def did_of(line):
    return line["state"]["identities"][0]["did"]


def rotate(world, gw):
    before = gw.status()["operationalDid"]
    gw.post("/v1/rotate")
    wait_for(lambda: (gw.answers() or {}).get("operationalDid") not in (None, before), "another operational DID")
    return gw.status()["operationalDid"]


def test_two_users_see_different_things(gw):
    one, two, admin = Stream(gw.app_sock), Stream(gw.app_sock, uid=OTHER), Stream(gw.admin_sock)
    a, b, c = one.next(), two.next(), admin.next()
    assert b"200 OK" in one.head and b"application/x-ndjson" in one.head.lower()
    assert a["events"] == b["events"] == c["events"] == [] and a["generation"] == b["generation"] == c["generation"] > 0
    assert a["state"]["device"]["state"] == "OPERATIONAL" and did_of(a) == gw.status()["operationalDid"]
    assert [s["id"] for s in a["state"]["secrets"]] == ["wifi"]
    assert "device" not in b["state"] and b["state"]["identities"] == [] and [s["id"] for s in b["state"]["secrets"]] == ["cloud"]
    assert {s["id"] for s in c["state"]["secrets"]} == set(ITEMS)
    for s in (one, two, admin):
        s.close()
    nobody = Stream(gw.app_sock, uid=THIRD)
    wait_for(lambda: nobody.take() or nobody.head, "an answer")
    assert b"403" in nobody.head
    nobody.close()


def test_a_change_is_the_full_state_again_and_only_for_whom_it_concerns(world, gw):
    one, two = Stream(gw.app_sock), Stream(gw.app_sock, uid=OTHER)
    first, other = one.next(), two.next()
    new = rotate(world, gw)
    changed = one.until("rotated")
    assert did_of(changed) == new != did_of(first) and changed["generation"] > first["generation"]
    assert [s["id"] for s in changed["state"]["secrets"]] == ["wifi"]
    world.active(gw)
    # a key that is not his is no news for the other
    assert two.line() is None and other["state"]["secrets"]
    one.close()
    two.close()


def test_a_kill_in_the_middle_loses_no_rotation(world, gw):
    stream = Stream(gw.app_sock)
    seen = stream.next()
    for kill_first in (True, False):
        if kill_first:
            gw.post("/v1/rotate")
            gw.kill()
            opened(gw.start())
            wait_for(lambda: gw.status()["operationalDid"] not in (None, did_of(seen)), "the rotation goes on")
        else:
            rotate(world, gw)
            gw.kill()
            opened(gw.start())
        stream.take()
        assert stream.ended
        stream.close()
        stream = Stream(gw.app_sock, seen["generation"])
        again = stream.next()
        if did_of(again) == did_of(seen):
            again = stream.until("rotated")
        assert "rotated" in again["events"] and again["generation"] > seen["generation"]
        assert did_of(again) == gw.status()["operationalDid"] != did_of(seen)
        seen = again
        world.active(gw)
    stream.close()
    # who has seen it hears of it no more, but gets the full state
    now = call(gw.app_sock, "POST", "/v1/ack", {"gen": seen["generation"]})["generation"]
    later = Stream(gw.app_sock, now)
    assert later.next()["events"] == []
    later.close()


def test_a_right_that_is_taken_away_is_redacted_at_once(gw):
    one, two = Stream(gw.app_sock), Stream(gw.app_sock, uid=OTHER)
    one.next(), two.next()
    gw.set("principal one", may="self device identity:operational")
    kept = gw.sections.pop("principal two")
    gw.write()
    gw.p.send_signal(signal.SIGHUP)
    less = one.next("less")
    assert less["events"] == ["revoked"] and less["state"]["secrets"] == [] and less["state"]["identities"]
    gone = two.next("nothing")
    assert gone["state"] is None and gone["events"] == ["revoked", "drop-sessions"]
    wait_for(lambda: two.take() or two.ended, "the end")
    # the twin: given back, and seen again
    gw.set("principal one", may="self device identity:operational secret:wifi")
    gw.sections["principal two"] = kept
    gw.write()
    gw.p.send_signal(signal.SIGHUP)
    assert [s["id"] for s in one.next("more")["state"]["secrets"]] == ["wifi"]
    one.close()
    two.close()
    two = Stream(gw.app_sock, uid=OTHER)
    assert two.next()["state"]["secrets"]
    two.close()


def test_out_of_service_is_redacted(world, gw):
    one = Stream(gw.app_sock)
    assert one.next()["state"]["secrets"]
    world.owner.post(f"/v1/devices/{gw.name}/suspend", {"reason": "stolen"})
    out = one.until("revoked")
    assert "drop-sessions" in out["events"] and out["state"]["secrets"] == []
    assert "credential" not in out["state"]["identities"][0]
    world.owner.post(f"/v1/devices/{gw.name}/resume")
    gw.post("/v1/ping")         # by itself it asks within the hour
    wait_for(lambda: (one.line() or out)["state"]["secrets"], "the return")
    one.close()


def test_ack(gw):
    seen = Stream(gw.app_sock)
    now = seen.next()["generation"]
    seen.close()
    assert call(gw.app_sock, "POST", "/v1/ack", {"gen": now})["generation"] == now
    assert gw.get("/v1/watch/acks")["acks"]["one"] == now
    with pytest.raises(ApiError) as e:
        call(gw.app_sock, "POST", "/v1/ack", {"gen": now + 1})
    assert e.value.code == "E_TYPE"
    assert gw.get("/v1/watch/acks")["acks"]["one"] == now


def rss(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])


def test_200_idle_streams_take_less_than_4_mib(gw):
    warm = Stream(gw.app_sock)
    warm.next()
    before = rss(gw.p.pid)
    streams = [Stream(gw.app_sock) for _ in range(200)]
    for s in streams:
        s.next()
    grown = rss(gw.p.pid) - before
    print(f"200 idle streams: {grown} KiB")
    assert grown < 4096
    assert gw.status()["state"] == "OPERATIONAL"        # and the operator is heard
    for s in streams:
        s.close()
    warm.close()


def test_the_command_follows(gw):
    v = ok("watch", "--once", "--json", "--socket", gw.admin_sock)
    assert did_of(v) == gw.status()["operationalDid"] and v["events"] == []
    since = ok("watch", "--once", "--json", "--since", "1", "--socket", gw.admin_sock)
    assert "rotated" in since["events"] and since["generation"] == v["generation"]
    fails("E_USAGE", "watch", "--since", "x", "--socket", gw.admin_sock)
    fails("E_UNAVAILABLE", "watch", "--once", "--socket", gw.dir / "nobody.sock")
