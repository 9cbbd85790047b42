# SPDX-License-Identifier: Apache-2.0
"""Programs that make use of what an owner provisions, with real daemons: as whom they run,
what they reach, when they run again, and what never gets to them."""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import time

import pytest

from agents import alive, b64, wait_for

SOMEBODY = 61000
BERTH = pathlib.Path(os.environ.get("BERTH_BUILD", "build"), "bin/berth").resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a hook of its own user needs root")


class Hooked:
    """A gateway with one hook, which is a shell script that writes into a folder of its own."""

    def __init__(self, world, name, script, **options):
        self.gw, self.world = world.gateway(name), world
        self.out = self.gw.dir / "out"
        self.out.mkdir()
        os.chown(self.out, SOMEBODY, SOMEBODY)
        self.bin = self.gw.dir / "bin"
        self.bin.mkdir(mode=0o755)
        self.program = self.bin / "hook"
        self.write(script)
        self.gw.set("hook net", program=self.program, type="network firmware-ref", uid=SOMEBODY, write=self.out, **options)

    def write(self, script):
        self.program.write_text(f"#!/bin/sh\nout={self.out}\n{script}\n")
        self.program.chmod(0o755)

    def onboard(self, items, type="network"):
        self.world.born(self.gw)
        self.world.sold(self.gw)
        for item, data in items.items():
            self.world.owner.post("/v1/provision", {"device": self.gw.name, "id": item, "type": type, "data": b64(data)})
        self.world.switched_on(self.gw)
        return self

    def item(self, item):
        return next(i for i in self.gw.status()["items"] if i["id"] == item)

    def result(self, item, *results):
        wait_for(lambda: self.item(item)["result"] in results, lambda: f"{self.item(item)}\n{self.gw.log()[-3000:]}")
        return self.item(item)

    def lines(self, name="runs"):
        path = self.out / name
        return path.read_text().splitlines() if path.exists() else []


def test_it_runs_once_as_its_user_and_reaches_nothing_of_ours(world):
    wifi = b"ssid=plant\npsk=correct horse"
    script = """cat >$out/item
echo "$BERTH_ITEM_ID $BERTH_ITEM_TYPE $BERTH_ITEM_SHA256 $# $(id -u) $(id -g) $(id -G)" >>$out/runs
ls %s >$out/state 2>&1 && echo reached >>$out/runs
env >$out/env
echo "configured $BERTH_ITEM_ID"
"""
    h = Hooked(world, "GW-HOOK", "")
    h.write(script % h.gw.state)
    h.onboard({"wifi": wifi})
    assert h.result("wifi", "ok") == {"id": "wifi", "type": "network", "result": "ok", "hook": "net", "tries": 1}
    assert h.gw.get("/v1/device")["items"] == h.gw.status()["items"]
    assert (h.out / "item").read_bytes() == wifi
    assert (h.out / "item").stat().st_uid == SOMEBODY
    assert h.lines() == [f"wifi network {hashlib.sha256(wifi).hexdigest()} 0 {SOMEBODY} {SOMEBODY} {SOMEBODY}"]
    assert not any(line.startswith(("BERTH_PASS", "NOTIFY", "CREDENTIALS")) for line in h.lines("env"))
    assert "net: configured wifi" in h.gw.log()
    h.gw.restart()      # it has been: not once more
    h.gw.post("/v1/ping")
    wait_for(lambda: h.gw.get("/v1/peers"), "the owner's pong")
    assert h.item("wifi")["result"] == "ok" and len(h.lines()) == 1
    assert h.gw.stop() == 0


def owners_word(world, gw):
    return world.owner.get(f"/v1/devices/{gw.name}").get("items")


def test_what_fails_is_tried_again(world):
    h = Hooked(world, "GW-FAIL", "echo run >>$out/runs; cat >/dev/null; test -e $out/ready || exit 7")
    h.onboard({"wifi": b"x"})
    failed = h.result("wifi", "failed")
    assert failed["code"] == "exit 7" and failed["tries"] >= 1      # it is tried again by and by
    wait_for(lambda: owners_word(world, h.gw) == {"wifi": "failed"}, lambda: owners_word(world, h.gw))
    h.gw.restart()
    (h.out / "ready").touch()
    ok = h.result("wifi", "ok")
    assert "code" not in ok and ok["tries"] == len(h.lines()) >= 2
    wait_for(lambda: owners_word(world, h.gw) == {"wifi": "ok"}, lambda: owners_word(world, h.gw))
    assert "item wifi failed exit 7" in json.dumps(world.owner.get("/v1/audit"))
    assert all(abs(r["time"] - time.time()) < 86400 for r in h.gw.get("/v1/audit") if r["event"] == "hook")
    h.gw.stop()


def test_one_that_hangs_is_killed_with_what_it_started(world):
    h = Hooked(world, "GW-HANG", "sleep 1000 & echo $! >>$out/runs; echo $$ >>$out/runs; wait", timeout=1)
    h.onboard({"wifi": b"x"})
    h.result("wifi", "timed-out")
    wait_for(lambda: not any(alive(pid) for pid in h.lines()[:2]), "both to be gone")
    assert h.gw.state_is("OPERATIONAL")
    h.gw.stop()


def test_kill_9_in_the_middle_means_once_more(world):
    script = "echo $$ >>$out/runs; cat >/dev/null; test -e $out/ready || exec sleep 1000"
    h = Hooked(world, "GW-KILL", script, timeout=600)
    h.onboard({"wifi": b"x"})
    wait_for(h.lines, h.gw.log)
    assert h.item("wifi")["result"] == "active"
    pid = h.lines()[0]
    (h.out / "ready").touch()
    h.gw.kill()
    wait_for(lambda: not alive(pid), "the hook to end with the core")
    h.gw.start()
    h.result("wifi", "ok")
    assert len(h.lines()) == 2
    h.gw.stop()


def test_only_what_is_its_business_gets_to_it(world):
    h = Hooked(world, "GW-ELSE", "echo $BERTH_ITEM_ID >>$out/runs", item="wifi")
    h.world.born(h.gw)
    h.world.sold(h.gw)
    for item, type in (("wifi", "network"), ("lan", "network"), ("conf", "config"), ("odd", "no-such-type")):
        world.owner.post("/v1/provision", {"device": h.gw.name, "id": item, "type": type, "data": b64(b"x")})
    world.switched_on(h.gw)
    h.result("wifi", "ok")
    assert h.item("lan")["result"] == h.item("conf")["result"] == "active"
    assert h.item("odd") == {"id": "odd", "type": "no-such-type", "result": "refused", "code": "E_TYPE"}
    assert h.lines() == ["wifi"]
    shown = subprocess.run([BERTH, "status", "--socket", str(h.gw.admin_sock)], capture_output=True, text=True, check=True).stdout
    assert "wifi: ok\n" in shown and "odd: refused, E_TYPE\n" in shown, shown
    wait_for(lambda: owners_word(world, h.gw) == {"wifi": "ok", "odd": "refused"}, lambda: owners_word(world, h.gw))
    assert "item odd refused E_TYPE" in json.dumps(world.owner.get("/v1/audit"))
    h.gw.stop()


def test_c158_what_is_refused_never_gets_to_rauc(world):
    """Without a signature where one is asked for, not above what is there: no hook hears of it."""
    h = Hooked(world, "GW-RAUC", "echo $BERTH_ITEM_ID >>$out/runs; cat >/dev/null")
    h.gw.set("device", firmware="1.4")
    world.born(h.gw)
    world.sold(h.gw)
    digest = base64.urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()
    for item, version in (("older", "1.3.9"), ("same", "1.4.0"), ("newer", "1.10")):
        reference = {"url": "https://fw.example/a.raucb", "sha256": digest, "size": 5, "version": version}
        world.owner.post("/v1/provision", {"device": h.gw.name, "id": item, "type": "firmware-ref",
                                           "data": b64(json.dumps(reference).encode())})
    world.switched_on(h.gw)
    h.result("newer", "ok")
    for item in ("older", "same"):
        assert h.item(item) == {"id": item, "type": "firmware-ref", "result": "refused", "code": "E_REPLAY"}
    assert h.lines() == ["newer"]
    h.gw.stop()


def test_a_program_that_is_not_roots_is_no_hook(world):
    h = Hooked(world, "GW-OWN", "true")
    os.chown(h.program, SOMEBODY, SOMEBODY)
    assert "belongs to user 61000" in h.gw.refuses_to_start("E_CONFIG")
    os.chown(h.program, 0, 0)
    h.bin.chmod(0o777)
    assert "writable by others" in h.gw.refuses_to_start("E_CONFIG")
    h.bin.chmod(0o755)
    h.gw.set("hook net", uid=0)
    assert "uid" in h.gw.refuses_to_start("E_CONFIG")
    h.gw.set("hook net", uid=SOMEBODY)
    h.gw.start()        # the positive twin
    assert h.gw.stop() == 0


def test_the_example(world):
    """examples/hook-network.sh, with another folder: it takes what it should, twice as well as once."""
    h = Hooked(world, "GW-EXAMPLE", "")
    example = (ROOT / "examples/hook-network.sh").read_text()
    h.program.write_text(example.replace("/var/lib/berth-wifi", str(h.out)))
    h.onboard({"wifi": b"ssid=plant\npsk=correct horse\n", "evil": b"ssid=x\n$(reboot)\n"})
    h.result("wifi", "ok")
    assert h.result("evil", "failed")["code"] == "exit 1"
    assert [p.name for p in h.out.iterdir()] == ["wifi.conf"]
    assert (h.out / "wifi.conf").read_bytes() == b"ssid=plant\npsk=correct horse\n"
    assert (h.out / "wifi.conf").stat().st_mode & 0o777 == 0o600
    assert "net: not lines of ssid= and psk=" in h.gw.log()
    h.gw.stop()
