# SPDX-License-Identifier: Apache-2.0
"""A factory's batch: devices as they are born, interrupted and gone on with, sold to one
buyer in one signed file; and their labels."""
import copy
import json
import signal
import subprocess
import xml.etree.ElementTree as ET

import pytest

from agents import ApiError, World, wait_for
from cli import BERTH, PATIENCE_S, fails, ok, raw, run

N = 5


def at(agent):
    return ("--json", "--socket", agent.admin_sock)


@pytest.fixture(scope="module")
def batch(world, tmp_path_factory):
    """Five gateways, with the command and the factory killed in between."""
    out = tmp_path_factory.mktemp("batch") / "order-17"
    to = world.owner.identity("owner")["didLong"]
    words = ["devices", "birth", "--count", N, "--out", out, "--to", to]
    gateways = [world.gateway(f"GW-{i}") for i in range(N)]
    for gw in gateways[:2]:
        world.born(gw)
    p = subprocess.Popen([BERTH, *map(str, words), "--socket", str(world.factory.admin_sock)],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: all((world.factory.device(g.name) or {}).get("soldTo") for g in gateways[:2]), "two are sold")
    p.send_signal(signal.SIGKILL)
    p.wait()
    assert not out.exists()
    world.factory.restart()
    report, line = short = fails("E_UNAVAILABLE", *words, "--wait", 0, *at(world.factory))
    assert report["missing"] == 3 and report["born"] == report["sold"] == 2 and "devices" not in report, short
    p = subprocess.Popen([BERTH, *map(str, words), *map(str, at(world.factory))], stdout=subprocess.PIPE)
    world.born(gateways[2])
    wait_for(lambda: (world.factory.device("GW-2") or {}).get("soldTo"), "the third is sold")
    world.factory.restart()     # the command waits for it
    for gw in gateways[3:]:
        world.born(gw)
    report = json.loads(p.communicate(timeout=PATIENCE_S)[0])
    assert p.returncode == 0 and report["missing"] == 0 and report["refused"] == []
    assert sorted(d["serial"] for d in report["devices"]) == [g.name for g in gateways]
    for gw in gateways[1:]:
        gw.stop()
    return gateways, words, out


def test_the_same_command_says_the_same_again(world, batch):
    _, words, out = batch
    before = json.loads(out.read_text())
    assert len(before["chains"]) == N and "refused" not in before
    ok(*words, *at(world.factory))
    after = json.loads(out.read_text())
    assert [after[m] for m in ("devices", "chains")] == [before[m] for m in ("devices", "chains")]


def test_a_batch_is_what_it_was(world, batch, tmp_path):
    _, words, out = batch
    other = world.rv.identity("rendezvous")["didLong"]
    base = ["devices", "birth", "--out", tmp_path / "x", "--batch", "order-17"]
    fails("E_AUTHZ", *base, "--count", N, "--to", other, *at(world.factory))
    fails("E_USAGE", *base, "--count", N - 1, *at(world.factory))
    fails("E_NOMATCH", *base, "--count", N, *at(world.owner))
    for count in ("0", "1001", "x", ""):
        fails("E_USAGE", *base, "--count", count, *at(world.factory))
    fails("E_UNAVAILABLE", *base[:-1], "another", "--count", 1, "--wait", 0, *at(world.factory))  # all are in the first
    with pytest.raises(ApiError) as e:
        world.factory.post("/v1/devices/sell", {"device": "GW-0", "to": other})
    assert e.value.code == "E_AUTHZ"
    assert not (tmp_path / "x").exists()


def test_a_device_is_found_by_its_id_and_by_its_serial(world, batch):
    for d in json.loads(batch[2].read_text())["devices"]:
        for name in (d["device"], d["serial"]):
            assert ok("devices", "show", name, "--json", *at(world.factory))["device"] == d["device"]
        fails("E_NOMATCH", "devices", "show", d["device"][::-1], *at(world.factory))     # as long, and nobody's
        fails("E_NOMATCH", "devices", "show", d["device"][:-1], *at(world.factory))
        fails("E_NOMATCH", "devices", "approve", d["device"], *at(world.factory))        # no owner's


def test_a_buyer_takes_the_batch(world, batch, tmp_path):
    gateways, _, out = batch
    good, bad = json.loads(out.read_text()), tmp_path / "bad"

    def refused(code, change):
        v = copy.deepcopy(good)
        change(v)
        bad.write_text(json.dumps(v))
        fails(code, "devices", "import", bad, *at(world.owner))
        assert world.owner.get("/v1/devices") == []

    def altered(v):
        head, body, sig = v["chains"][3]["entries"][0].split(".")
        v["chains"][3]["entries"][0] = ".".join((head, body, ("A" if sig[0] != "A" else "B") + sig[1:]))

    def forged(v):
        head, body, sig = v["signed"].split(".")
        v["signed"] = ".".join((head, body, ("A" if sig[0] != "A" else "B") + sig[1:]))

    refused("E_SIG", forged)
    refused("E_SIG", altered)
    refused("E_SIG", lambda v: v["chains"].pop())
    refused("E_SIG", lambda v: v["chains"].reverse())
    refused("E_REPLAY", lambda v: v["chains"].append(v["chains"][0]))
    refused("E_VC", lambda v: v.pop("chains"))
    refused("E_VC", lambda v: v["chains"][0]["entries"].clear())
    refused("E_VC", lambda v: v.update(signed=v["chains"][0]["entries"][0]))
    answers = ok("devices", "import", out, *at(world.owner))
    assert sorted(d["serial"] for d in answers) == [g.name for g in gateways]
    assert raw("devices", "import", out, "--socket", world.owner.admin_sock) == b"imported: 5\n"
    world.registered(gateways[0])
    gateways[0].post("/v1/onboard")
    gateways[0].wait_state("OPERATIONAL")


def test_a_device_credential_of_another_chain(world, batch, tmp_path):
    """It is not what was hashed, but the entry names it: the daemon refuses."""
    v = json.loads(batch[2].read_text())
    v["chains"][0]["deviceCredential"] = v["chains"][1]["deviceCredential"]
    (tmp_path / "b").write_text(json.dumps(v))
    code = run("devices", "import", tmp_path / "b", *at(world.owner)).stderr.decode().split()[1]
    assert code in ("E_VC:", "E_HOLDER:"), code


def scanned(label, tmp_path):
    """What a reader that is not ours sees on the label, drawn by a program that is not ours."""
    png = tmp_path / "label.png"
    subprocess.run(["rsvg-convert", "--width", "600", "--output", str(png), str(label)], check=True)
    seen = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(png)], check=True, capture_output=True)
    return json.loads(seen.stdout)


def test_labels(world, batch, tmp_path):
    _, _, out = batch
    dirs = tmp_path / "all", tmp_path / "one"
    for d in dirs:
        d.mkdir()
    raw("devices", "label", "--batch", out, "--out", dirs[0])
    raw("devices", "label", "GW-1", "--out", dirs[1], "--socket", world.factory.admin_sock)
    devices = {d["device"]: d for d in json.loads(out.read_text())["devices"]}
    assert {p.stem for p in dirs[0].iterdir()} == set(devices)
    for path in dirs[0].iterdir():
        texts = [t.text for t in ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")]
        d = devices[path.stem]
        assert texts[:2] == [d["serial"], d["model"]] and "".join(texts[2:]) == d["device"]
        assert scanned(path, tmp_path) == {"deviceHash": d["device"], "model": d["model"], "serial": d["serial"]}
    one, = dirs[1].iterdir()
    assert one.read_bytes() == (dirs[0] / one.name).read_bytes()
    fails("E_USAGE", "devices", "label", "--out", dirs[0])
    fails("E_USAGE", "devices", "label", "GW-1", "--batch", out, "--out", dirs[0])


def test_labels_of_hostile_names(tmp_path):
    device = {"device": "a" * 64, "serial": "../<x>&\x1b", "model": "M"}
    (tmp_path / "b").write_text(json.dumps({"devices": [device]}))
    raw("devices", "label", "--batch", tmp_path / "b", "--out", tmp_path)
    texts = [t.text for t in ET.parse(tmp_path / ("a" * 64 + ".svg")).getroot().iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "../<x>&?"
    assert scanned(tmp_path / ("a" * 64 + ".svg"), tmp_path) == {"deviceHash": device["device"], "model": "M", "serial": device["serial"]}
    for bad in ("../" + "a" * 61, "a" * 63, "A" * 64):
        (tmp_path / "b").write_text(json.dumps({"devices": [{**device, "device": bad}]}))
        fails("E_TYPE", "devices", "label", "--batch", tmp_path / "b", "--out", tmp_path)


def test_refused_at_birth_and_born_later():
    w = World(factory={"policy": {"accept": "hardware"}})
    try:
        gw = w.gateway("GW-SOFT").start()
        words = ["devices", "birth", "--count", 1, "--out", w.dir / "b"]
        wait_for(lambda: (w.factory.device("GW-SOFT") or {}).get("denied"), lambda: w.factory.get("/v1/devices"))
        report, _ = fails("E_UNAVAILABLE", *words, "--wait", 0, *at(w.factory))
        assert report["refused"] == [{"serial": "GW-SOFT", "reason": "E_AUTHZ"}] and report["missing"] == 1
        gw.stop()
        w.factory.set("policy", accept="hardware sealed")
        w.factory.restart()
        w.born(gw)
        report = ok(*words, *at(w.factory))
        assert report["refused"] == [] and [d["serial"] for d in report["devices"]] == ["GW-SOFT"]
        batch = json.loads((w.dir / "b").read_text())
        assert "signed" not in batch and "chains" not in batch     # nothing is sold
        gw.stop()
    finally:
        w.close()
