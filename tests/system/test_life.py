# SPDX-License-Identifier: Apache-2.0
"""An owner takes a gateway out of service and back, asks what it runs, and lets it begin
anew after it was revoked: real daemons, a real TPM (swtpm), and a verifier with the lists."""
import json
import os
import struct
import subprocess

import pytest

from agents import ApiError, World, wait_for
from cli import fails, ok, raw
from openapi import check, deref, operations

ME = os.geteuid()


@pytest.fixture(scope="module")
def world():
    w = World(owner={"policy": {"credential-status": "yes"}})
    yield w
    w.close()


@pytest.fixture(scope="module")
def gw(world):
    # a boot that measured nothing into PCR 0 to 7, as swtpm has them
    spec = b"Spec ID Event03\0" + struct.pack("<IBBBBI HH B", 0, 0, 2, 0, 2, 1, 0x0b, 32, 0)
    (world.dir / "event-log").write_bytes(struct.pack("<II20sI", 0, 3, b"", len(spec)) + spec)
    g = world.gateway("GW-LIFE", tpm=True, device={"event-log": world.dir / "event-log"}, principal_app={
        "uid": str(ME), "may": "self device identity:operational present:operational secret:wifi message:urn:app:*"})
    world.onboard(g, {"wifi": b"psk=correct horse"})
    return g


def owner(world, *words):
    return raw("devices", *words, "--socket", world.owner.admin_sock).decode()


def show(world, gw):
    device = world.owner.get(f"/v1/devices/{gw.name}")
    answer = next(op for _, path, op in operations() if path == "/v1/devices/{id}")["responses"]["200"]
    check(deref(answer)["content"]["application/json"]["schema"], device)
    return device


def refused(gw, code, path, body=None):
    with pytest.raises(ApiError) as e:
        gw.app(path, body)
    assert (e.value.status, e.value.code) == (403, code), e.value.answer


def lists(world, tmp_path):
    folder = tmp_path / "lists"
    folder.mkdir(exist_ok=True)
    owner(world, "status-lists", "--out", str(folder))
    return folder


def present(gw, tmp_path):
    token = gw.app("/v1/identities/operational/present", {"audience": "https://v.test", "nonce": "n"})["presentation"]
    (tmp_path / "vp").write_text(token)
    return tmp_path / "vp"


def verify(*more):
    return ("vp", "verify", "--offline", "--domain", "https://v.test", "--challenge", "n", *map(str, more))


def of_attestation(world):
    text = raw("metrics", "--socket", world.owner.admin_sock).decode()
    return [int(line.split()[1]) for line in text.splitlines() if line.startswith(("berth_devices_d", "berth_devices_s"))]


def test_attested(world, gw):
    owner(world, "attest", gw.name, "--log")
    device = wait_for(lambda: (d := show(world, gw)).get("attested") and d, "evidence")
    assert device["attested"]["verdict"] == "ok" and device["attested"]["pcrDigest"] == device["pcrDigest"], device
    assert device["attested"]["log"] == "holds" and of_attestation(world) == [0, 0]
    assert device["attested"]["pcrValues"] == [f"{i}:{'00' * 32}" for i in range(8)] and "values" not in device["attested"]
    gw.stop()
    subprocess.run(["tpm2_pcrextend", "-T", gw.tpm.tcti, "7:sha256=" + "11" * 32], check=True)
    gw.start()
    owner(world, "attest", gw.name, "--log")
    wait_for(lambda: show(world, gw)["attested"]["verdict"] == "drift", lambda: show(world, gw))
    assert "since it was onboarded: PCR 7; PCR 7 is not what its event log amounts to" in owner(world, "show", gw.name)
    one, = world.owner.get("/v1/devices")
    assert set(one["attested"]) == {"verdict", "atS", "at"} and one["attested"]["at"] in owner(world, "list"), one
    health = world.owner.status()["health"]
    assert any(r.startswith("devices: 1 not what they attested before") for r in health["reasons"]), health
    assert of_attestation(world) == [1, 0]


def test_suspended_and_back(world, gw, tmp_path):
    vp = present(gw, tmp_path)
    fails("E_STATUS", *verify(vp))      # without the lists nobody knows
    report = ok(*verify("--status-dir", lists(world, tmp_path), vp))
    assert report["verified"] is True and report["checks"]["status"] == "passed", report

    assert "is suspended" in owner(world, "suspend", gw.name, "--reason", "not seen for a week")
    fails("E_STATUS", *verify("--status-dir", lists(world, tmp_path), vp))
    status = gw.wait_state("QUARANTINED")
    assert status["health"]["state"] == "degraded"
    assert any("suspended by its owner: not seen for a week" in r for r in status["health"]["reasons"]), status
    wait_for(lambda: show(world, gw)["status"]["noted"], "the device's word")
    assert show(world, gw)["state"] == "SUSPENDED"

    me = gw.app("/v1/identities/operational")
    assert me["outOfService"] == "suspended" and "credential" not in me
    assert gw.app("/v1/secrets") == []
    refused(gw, "E_STATUS", "/v1/secrets/wifi")
    refused(gw, "E_STATUS", "/v1/identities/operational/present", {"audience": "https://v.test", "nonce": "n"})
    refused(gw, "E_STATUS", "/v1/messages", {"to": world.owner.identity("owner")["did"], "type": "urn:app:x"})
    would = json.loads(raw("onboard", "--dry-run", "--json", "--socket", gw.admin_sock))
    assert "suspended" in would["would"] and would["ownerDid"] == world.owner.identity("owner")["did"]
    fails("E_STATUS", "onboard", "--socket", gw.admin_sock)
    gw.restart()
    refused(gw, "E_STATUS", "/v1/secrets/wifi")

    owner(world, "resume", gw.name)
    gw.restart()        # it would come back by itself, within the hour
    gw.wait_state("OPERATIONAL")
    assert gw.app("/v1/secrets/wifi")["text"] == "psk=correct horse"
    assert "credential" in gw.app("/v1/identities/operational")
    assert ok(*verify("--status-dir", lists(world, tmp_path), present(gw, tmp_path)))["verified"] is True
    fails("E_TYPE", "devices", "resume", gw.name, "--socket", world.owner.admin_sock)


def test_revoked_and_onboarded_anew(world, gw, tmp_path):
    before, vp = gw.status()["operationalDid"], present(gw, tmp_path)
    owner(world, "revoke", gw.name, "--reason", "stolen")
    status = gw.wait_state("QUARANTINED")
    assert any("revoked by its owner: stolen; berth onboard" in r for r in status["health"]["reasons"]), status
    fails("E_TYPE", "devices", "resume", gw.name, "--socket", world.owner.admin_sock)
    wait_for(lambda: show(world, gw)["status"]["noted"], "the device's word")
    owner(world, "approve", gw.name)
    gw.restart()
    gw.wait_state("OPERATIONAL")
    wait_for(lambda: world.owner.device(gw.name)["state"] == "ACTIVE", lambda: world.owner.device(gw.name))
    assert gw.status()["operationalDid"] != before
    folder = lists(world, tmp_path)
    fails("E_STATUS", *verify("--status-dir", folder, vp))
    assert ok(*verify("--status-dir", folder, present(gw, tmp_path)))["verified"] is True
    assert gw.app("/v1/secrets/wifi")["text"] == "psk=correct horse"
    for a in (gw, world.owner):
        assert a.get("/v1/audit/verify")["verified"] is True
    # every list that was ever written is judged the same by the tool for lists
    for name in ("revocation", "suspension"):
        (tmp_path / "list").write_text((folder / f"{name}.jwt").read_text())
        assert ok("status-list", "check", "--index", "0", str(tmp_path / "list"))["status"] in (0, 1)
