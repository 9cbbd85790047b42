# SPDX-License-Identifier: Apache-2.0
"""What an owner provides for a device that is in use, with real daemons and the command line: it
comes whole or not at all, and what does not work is gone back from."""
import base64
import json
import subprocess

from agents import BERTH, wait_for
from cli import PATIENCE_S
from test_hooks import Hooked, owners_word


def hooked(world, name, script):
    h = Hooked(world, name, script)
    h.gw.set("principal modem", uid=0, may="secret:*")
    return h


def provision(world, *args):
    """berth provision on the owner; what it said, and its exit code."""
    p = subprocess.run([BERTH, "provision", "--socket", str(world.owner.admin_sock), *map(str, args)],
                       capture_output=True, text=True, timeout=2 * PATIENCE_S)
    return p.stdout, p.stderr, p.returncode


def write(world, name, data):
    path = world.dir / name
    path.write_text(data)
    return path


def value(gw, item):
    return gw.app(f"/v1/secrets/{item}").get("text")


def test_what_has_changed_comes_and_what_a_hook_cannot_do_goes(world):
    h = hooked(world, "GW-SET", 'read -r line; echo "$line" >>$out/runs; test "$line" != broken')
    h.onboard({"wifi": b"first\n", "lan": b"dhcp\n"})
    h.result("wifi", "ok")
    h.result("lan", "ok")
    before = h.gw.status()["generation"]

    out, err, rc = provision(world, h.gw.name, "--item", f"wifi={write(world, 'w', chr(10).join(['second', '']))}", "--type", "network", "--wait", PATIENCE_S)
    assert (rc, err) == (0, "") and "wifi: ok\n" in out and "lan: ok\n" in out or "lan: active\n" in out, (out, err, rc)
    assert value(h.gw, "wifi") == "second\n" and h.lines()[2:] == ["second"]
    assert h.gw.status()["itemSet"]["status"] == "active"

    out, err, rc = provision(world, h.gw.name, "--item", f"wifi={write(world, 'w', 'broken' + chr(10))}", "--item",
                             f"lan={write(world, 'l', 'static' + chr(10))}", "--type", "network", "--wait", PATIENCE_S)
    assert rc == 1 and "E_STATUS: reverted: failed" in err and "wifi: failed, exit 1\n" in out, (out, err, rc)
    assert "lan: reverted\n" in out or "lan: ok\n" in out, out
    assert value(h.gw, "wifi") == "second\n" and value(h.gw, "lan") == "dhcp\n"
    wait_for(lambda: h.lines()[-1] == "second" or h.lines()[-2:] == ["second", "dhcp"], h.lines)    # as it was
    shown = world.owner.get(f"/v1/devices/{h.gw.name}")
    assert shown["set"]["status"] == "reverted" and shown["set"]["results"]["wifi"] == {"status": "failed", "reason": "exit 1"}, shown
    assert h.gw.status()["generation"] > before
    text = subprocess.run([BERTH, "devices", "show", h.gw.name, "--socket", str(world.owner.admin_sock)], capture_output=True, text=True,
                          check=True).stdout
    assert "reverted" in text, text

    out, err, rc = provision(world, h.gw.name, "--remove", "lan", "--item", f"wifi={write(world, 'w', 'third' + chr(10))}",
                             "--type", "network", "--wait", PATIENCE_S)
    assert rc == 0 and "lan" not in [i["id"] for i in h.gw.status()["items"]], (out, err, rc)
    assert value(h.gw, "wifi") == "third\n"
    h.gw.stop()


def test_kill_9_in_the_middle_of_a_hook_goes_on(world):
    h = hooked(world, "GW-SET-KILL", "read -r line; echo $line >>$out/runs; test $line = old || test -e $out/ready || exec sleep 1000")
    h.onboard({"wifi": b"old\n"})
    h.result("wifi", "ok")
    provision(world, h.gw.name, "--item", f"wifi={write(world, 'k', 'new' + chr(10))}", "--type", "network")
    wait_for(lambda: h.lines() == ["old", "new"], lambda: f"{h.lines()}\n{h.gw.log()[-2000:]}")
    assert h.gw.status()["itemSet"] == {"seq": h.gw.status()["itemSet"]["seq"], "status": "trial", "hooks": 1}
    (h.out / "ready").touch()
    h.gw.restart()
    wait_for(lambda: h.gw.status()["itemSet"]["status"] == "active", h.gw.log)
    assert h.lines() == ["old", "new", "new"] and value(h.gw, "wifi") == "new\n"
    wait_for(lambda: owners_word(world, h.gw) == {"wifi": "ok"}, lambda: owners_word(world, h.gw))
    h.gw.stop()


def firmware(version):
    digest = base64.urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()
    return json.dumps({"url": "https://fw.example/a.raucb", "sha256": digest, "size": 5, "version": version})


def test_c158_an_older_firmware_is_not_gone_back_to(world):
    """Not by another set, not by one that is gone back from, not over a restart."""
    h = hooked(world, "GW-SET-FW", 'cat >/dev/null; echo $BERTH_ITEM_ID >>$out/runs; test $BERTH_ITEM_ID != wifi')
    h.onboard({"fw": firmware("1.0").encode()}, type="firmware-ref")
    h.result("fw", "ok")

    def offer(version, *more):
        return provision(world, h.gw.name, "--item", f"fw={write(world, 'f', firmware(version))}", "--type", "firmware-ref", *more)

    out, err, rc = offer("1.2", "--wait", PATIENCE_S)
    assert rc == 0, (out, err)
    for version in ("1.1", "1.2.0"):
        out, err, rc = offer(version, "--wait", PATIENCE_S)
        assert rc == 1 and "refused: E_REPLAY" in err and "fw: refused" in out, (out, err, rc)
    h.gw.restart()
    out, err, rc = offer("1.1", "--wait", PATIENCE_S)
    assert rc == 1 and "refused: E_REPLAY" in err, (out, err, rc)
    assert json.loads(value(h.gw, "fw"))["version"] == "1.2"

    offer("1.3")        # with something that its hook cannot do: only that is gone back from
    out, err, rc = provision(world, h.gw.name, "--item", f"wifi={write(world, 'w', 'x')}", "--type", "network", "--wait", PATIENCE_S)
    assert rc == 1 and "reverted: failed" in err, (out, err, rc)
    out, err, rc = provision(world, h.gw.name, "--remove", "wifi", "--wait", PATIENCE_S)
    installed = h.lines().count("fw")
    out, err, rc = offer("1.4", "--wait", PATIENCE_S)   # the twin
    assert rc == 0 and h.lines().count("fw") == installed + 1, (out, err, rc)
    h.gw.stop()


def test_who_cannot_be_reached_any_more_comes_back(world):
    """The classic lock-out: the owner is gone for the device once the new settings are in use."""
    h = hooked(world, "GW-LOCK", 'read -r line; echo "$line" >>$out/runs; while test $line = static -a -e $out/gate; do sleep 0.1; done')
    h.onboard({"lan": b"dhcp"})
    h.result("lan", "ok")
    (h.out / "gate").touch()
    provision(world, h.gw.name, "--item", f"lan={write(world, 'l', 'static')}", "--type", "network", "--confirm-within", 10)
    wait_for(lambda: "static" in h.lines(), h.gw.log)       # in use; and nothing is said of it until the hook has ended
    world.owner.kill()
    h.gw.restart()
    (h.out / "gate").unlink()
    wait_for(lambda: h.gw.status()["itemSet"]["status"] == "reverted", h.gw.log)
    assert h.gw.status()["itemSet"]["reason"] == "not-confirmed" and value(h.gw, "lan") == "dhcp"
    world.owner.start()
    wait_for(lambda: world.owner.get(f"/v1/devices/{h.gw.name}")["set"]["status"] == "reverted", world.owner.log)

    out, err, rc = provision(world, h.gw.name, "--item", f"lan={write(world, 'l', 'static2')}", "--type", "network",    # the twin
                             "--confirm-within", 600, "--wait", PATIENCE_S)
    assert rc == 0 and value(h.gw, "lan") == "static2", (out, err, rc)
    h.gw.stop()


def test_an_application_confirms(world):
    gw = world.gateway("GW-ACK")
    gw.set("principal modem", uid=0, may="secret:*")
    world.onboard(gw, {"lan": b"dhcp"})
    provision(world, gw.name, "--item", f"lan={write(world, 'l', 'static')}", "--type", "network", "--confirm-within", 600,
              "--confirm-by", "modem")
    wait_for(lambda: gw.status().get("itemSet", {}).get("status") == "trial", gw.log)
    assert gw.status()["itemSet"]["confirmBy"] == "modem" and value(gw, "lan") == "static"

    def ack():
        generation = gw.get("/v1/watch/acks")["generation"]
        gw.app("/v1/ack", {"gen": generation})
        return gw.status()["itemSet"]["status"] == "active"

    wait_for(ack, gw.log)
    wait_for(lambda: world.owner.get(f"/v1/devices/{gw.name}")["set"]["status"] == "active", world.owner.log)
    gw.stop()


def test_for_a_model_and_for_all(world):
    gws = [world.gateway(f"GW-FLEET{i}") for i in range(2)]
    for gw in gws:
        gw.set("device", model="EG-100")
        gw.set("principal modem", uid=0, may="secret:*")
        world.onboard(gw, {"lan": b"dhcp"})
    out, err, rc = provision(world, "--model", "EG-100", "--item", f"ntp={write(world, 'n', 'pool')}", "--wait", PATIENCE_S)
    assert rc == 0, (out, err)
    assert [value(gw, "ntp") for gw in gws] == ["pool", "pool"]
    provision(world, gws[0].name, "--item", f"ntp={write(world, 'n', 'own')}", "--wait", PATIENCE_S)
    provision(world, "--model", "EG-100", "--item", f"ntp={write(world, 'n', 'other')}", "--wait", PATIENCE_S)
    assert [value(gw, "ntp") for gw in gws] == ["own", "other"]
    for args in (["--item", "a=b"], ["X", "--all", "--item", "a=b"], ["X"], ["X", "--item", "a=b", "--confirm-within", "5"]):
        assert provision(world, *args)[2] in (2, 4), args
    for gw in gws:
        gw.stop()
