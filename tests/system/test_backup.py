# SPDX-License-Identifier: Apache-2.0
"""An owner's, a factory's and a rendezvous' state in one encrypted file, and an agent that
goes on from an older one: with what it knows, loudly, and without issuing anything twice."""
import ctypes
import hashlib
import json
import shutil
import stat
import subprocess

import pytest

from agents import World, free_port, wait_for
from cli import BERTH, PATIENCE_S, fails, ok, raw
from jose import unb64

ITEMS = {"wifi": b"psk"}


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text("correct horse battery staple")
    path.chmod(0o600)
    return path


def at(agent):
    return ("--socket", agent.admin_sock)


def backup(agent, file, secret):
    return raw("backup", file, "--passphrase-file", secret, "--config", agent.conf, *at(agent)).decode()


def restore(agent, file, secret):
    return raw("restore", file, "--passphrase-file", secret, "--config", agent.conf).decode()


def lose(agent):
    """The machine is gone: its store and its keys."""
    agent.kill()
    shutil.rmtree(agent.state)
    (agent.dir / "keys").unlink()


def test_a_backup_is_for_the_passphrase_alone(world, secret, tmp_path):
    file, bad = tmp_path / "owner.bak", tmp_path / "bad.bak"
    said = backup(world.owner, file, secret)
    assert "passphrases of key files are not in it" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and not list(world.owner.state.glob("*.snapshot"))
    data = file.read_bytes()
    for word in (b"SQLite", b"BERTHKEY", world.owner.identity("owner")["did"].encode()):
        assert word not in data
    other = tmp_path / "other"
    other.write_text("another passphrase")
    other.chmod(0o600)
    opts = ("--config", world.owner.conf)
    fails("E_DECRYPT", "restore", file, "--passphrase-file", other, *opts)
    for at_byte in (30, 60, len(data) // 2, len(data) - 1):
        bad.write_bytes(data[:at_byte] + bytes([data[at_byte] ^ 1]) + data[at_byte + 1:])
        fails("E_DECRYPT", "restore", bad, "--passphrase-file", secret, *opts)
    for n, code in ((0, "E_ENV"), (7, "E_ENV"), (72, "E_ENV"), (73, "E_DECRYPT"), (len(data) // 2, "E_DECRYPT"), (len(data) - 1, "E_DECRYPT")):
        bad.write_bytes(data[:n])
        fails(code, "restore", bad, "--passphrase-file", secret, *opts)
    bad.write_bytes(b"X" + data[1:])
    fails("E_ENV", "restore", bad, "--passphrase-file", secret, *opts)
    # all is in order, but somebody lives there
    fails("E_STORE", "restore", file, "--passphrase-file", secret, *opts)
    fails("E_USAGE", "restore", file, *opts)


def opened(data, private):
    """A backup for an X25519 key, by libsodium and hashlib alone: the format of agent/cli/backup.h."""
    sodium = ctypes.CDLL("libsodium.so.23")
    assert data[:10] == b"BERTHBAK\x02\x20"
    ephemeral, nonce, tag, ct = data[10:42], data[42:66], data[66:82], data[82:]
    z, public, plain = (ctypes.create_string_buffer(n) for n in (32, 32, len(ct)))
    assert sodium.crypto_scalarmult(z, private, ephemeral) == 0 and sodium.crypto_scalarmult_base(public, private) == 0
    part = lambda b: len(b).to_bytes(4, "big") + b
    key = hashlib.sha256((1).to_bytes(4, "big") + z.raw + part(b"berth-backup-2") + part(ephemeral) + part(public.raw) +
                         (256).to_bytes(4, "big")).digest()
    box = ct + tag
    u64 = ctypes.c_ulonglong
    assert sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(plain, None, None, box, u64(len(box)), data[:66], u64(66), nonce, key) == 0
    return plain.raw


def test_a_backup_is_for_the_key_alone(world, secret, tmp_path):
    """Encrypted to a DID that says its key, or to a JWK; opened with that key, here a second time by hand."""
    owner, file = world.owner, tmp_path / "owner.bak"
    opts = ("--config", owner.conf)
    jwk, other, signs = (tmp_path / name for name in ("jwk", "other", "signs"))
    for path, kind in ((other, "x25519"), (signs, "ed25519"), (jwk, "x25519")):
        made = ok("key", "generate", "--type", kind)
        path.write_text(json.dumps(made["privateJwk"]))
    (tmp_path / "pub").write_text(json.dumps(made["publicJwk"]))
    did = made["did"]
    for to in (did, tmp_path / "pub"):
        raw("backup", file, "--to", to, *opts, *at(owner))
        assert opened(file.read_bytes(), unb64(json.loads(jwk.read_text())["d"]))[:7] == b"\x00\x05store"
        fails("E_DECRYPT", "restore", file, "--jwk", other, *opts)
        fails("E_ENV", "restore", file, "--passphrase-file", secret, *opts)
        fails("E_STORE", "restore", file, "--jwk", jwk, *opts)      # it opens, but somebody lives there
    backup(owner, tmp_path / "under", secret)
    fails("E_ENV", "restore", tmp_path / "under", "--jwk", jwk, *opts)
    fails("E_KEY", "backup", tmp_path / "x", "--to", signs, *opts, *at(owner))
    fails("E_USAGE", "backup", tmp_path / "x", *opts, *at(owner))
    fails("E_USAGE", "backup", tmp_path / "x", "--to", did, "--passphrase-file", secret, *opts, *at(owner))
    assert not (tmp_path / "x").exists() and not list(owner.state.glob("*.snapshot"))


def test_a_gateway_has_none(world, secret, tmp_path):
    gw = world.gateway("GW-NO-BACKUP")
    world.born(gw)
    fails("E_AUTHZ", "backup", tmp_path / "gw.bak", "--passphrase-file", secret, "--config", gw.conf, *at(gw))
    assert not (tmp_path / "gw.bak").exists()


@pytest.mark.parametrize("who", ["factory", "rv"])
def test_factory_and_rendezvous_come_back_as_who_they_were(world, who, secret, tmp_path):
    agent, file = getattr(world, who), tmp_path / "bak"
    before = {i["name"]: i["did"] for i in agent.get("/v1/identities")}
    backup(agent, file, secret)
    lose(agent)
    restore(agent, file, secret)
    agent.start()
    assert {i["name"]: i["did"] for i in agent.get("/v1/identities")} == before
    gw = world.gateway(f"GW-AFTER-{who.upper()}")
    world.onboard(gw, ITEMS)


def test_an_owner_from_an_older_backup(world, secret, tmp_path):
    """A is onboarded before the backup and renewed after it, B and C are onboarded after it."""
    owner, file = world.owner, tmp_path / "owner.bak"
    a = world.onboard(world.gateway("GW-A"), ITEMS)
    before = owner.status()
    backup(owner, file, secret)
    b = world.gateway("GW-B")
    world.born(b)
    chain_b = world.chain(b)
    owner.post("/v1/devices/import", {"chain": chain_b})
    world.provisioned(b, ITEMS)
    world.switched_on(b)
    did_a = a.status()["operationalDid"]
    a.post("/v1/rotate")
    wait_for(lambda: a.status()["operationalDid"] not in (None, did_a), "the renewal of A")
    world.active(a)
    renewed = a.status()
    for gw in (a, b):
        gw.stop()           # all is well again by itself, once those that are known have spoken
    lose(owner)
    assert "2 files" in restore(owner, file, secret)
    owner.start()

    # it says so, and counts on
    health = owner.status()["health"]
    assert health["state"] == "degraded" and any("restored from a backup" in r for r in health["reasons"])
    assert owner.status()["generation"] > before["generation"]
    assert owner.device("GW-B") is None and owner.device("GW-A")["state"] == "ACTIVE"
    assert ok("audit", "verify", "--json", *at(owner))["verified"]
    assert any(r["event"] == "restored" for r in ok("audit", "--json", *at(owner)))
    owner.restart()         # once is enough
    assert any("restored" in r for r in owner.status()["health"]["reasons"])

    # new devices are onboarded as ever
    world.onboard(world.gateway("GW-D"), ITEMS)
    owner.post("/v1/devices/import", {"chain": chain_b})
    assert owner.device("GW-B")["state"] in ("IMPORTED", "CHAIN_OK", "PUBLISHED")
    # it says of whom it has not heard, until somebody says that all is well
    def show():
        return ok("restore", "show", "--json", *at(owner))
    wait_for(lambda: "GW-D" not in [d["serial"] for d in show()["devices"]], show)      # asked once it was in use, and has answered
    behind = show()
    assert behind["restored"]
    assert [d["state"] for d in behind["devices"] if d["serial"] == "GW-A"] in ([], ["ACTIVE"], ["RENEW_PENDING"])
    unheard = [d["serial"] for d in behind["devices"]]
    assert [d["serial"] for d in ok("devices", "list", "--json", *at(owner)) if d.get("unheard")] == unheard
    assert "GW-A" in unheard     # it is off
    assert ok("devices", "show", "GW-A", "--json", *at(owner))["unheard"]
    assert b"not heard since the restore: see berth restore show" in raw("devices", "list", *at(owner))
    assert b"more than a day" not in raw("restore", "show", *at(owner))
    later = subprocess.run(["faketime", "-f", "+25h", BERTH, "restore", "show", *map(str, at(owner))], capture_output=True,
                           timeout=PATIENCE_S)
    assert later.returncode == 0 and b"it was let go after the backup" in later.stdout
    assert "unheard" not in owner.device("GW-D")
    raw("restore", "end", *at(owner))
    assert not ok("restore", "show", "--json", *at(owner))["restored"]
    fails("E_NOMATCH", "restore", "end", *at(owner))
    wait_for(lambda: owner.status()["health"]["state"] == "ok", owner.status)
    assert owner.status()["health"]["reasons"] == []

    # nothing is lost on the devices, and nobody takes them
    for gw in (a, b):
        gw.start()
        gw.wait_state("OPERATIONAL")
    world.active(a)
    again = a.status()
    assert [again[m] for m in ("ownerDid", "chainTip", "epoch")] == [renewed[m] for m in ("ownerDid", "chainTip", "epoch")]


def test_on_another_machine_under_another_address(secret, tmp_path):
    """The same owner elsewhere: what it knows goes with it, and new devices find it there."""
    w = World()
    try:
        w.hosts += ", new.test=127.0.0.1"
        for agent in (w.rv, w.factory, w.owner):
            agent.sections["egress"]["hosts"] = w.hosts
            agent.restart()
        gw = w.onboard(w.gateway("GW-MOVE"), ITEMS)
        did = w.owner.identity("owner")["did"]
        backup(w.owner, tmp_path / "bak", secret)
        w.owner.kill()
        moved = w.add("new", "owner", port=free_port(), rendezvous_a={"did": w.rv.identity("rendezvous")["didLong"], "uri": w.rv.uri},
                      trust={"issuer": w.factory.identity("issuer")["did"]})
        shutil.copy(w.owner.dir / "pass", moved.dir / "pass")
        moved.write()
        moved.state.rmdir()
        restore(moved, tmp_path / "bak", secret)
        moved.start()
        assert moved.identity("owner")["did"] == did
        assert moved.device(gw.name)["state"] == "ACTIVE"
        w.owner = moved
        w.onboard(w.gateway("GW-NEW-HOUSE"), ITEMS)
    finally:
        w.close()


def test_to_another_address_while_devices_are_on(secret, tmp_path):
    """At both addresses for a while, with a new DID for each device that names the new one;
    then the old address goes."""
    w = World()
    try:
        gw, owner = w.onboard(w.gateway("GW-ADDRESS"), ITEMS), w.owner
        old, port = owner.sections["listen"]["uri"], free_port()
        new = f"nng+tcp://127.0.0.1:{port}"
        owner.set("listen", uri=f"{old}, {new}", announce=f"nng+tcp://owner.test:{port}")
        owner.restart()
        owner.post("/v1/rotate")
        wait_for(lambda: any(f"owner.test:{port}" in r["detail"] for r in ok("audit", "--json", *at(gw))),
                 lambda: gw.log()[-2000:])
        wait_for(lambda: any("uses our new DID" in r["detail"] for r in ok("audit", "--json", *at(owner))), "the answer")
        owner.set("listen", uri=new)
        owner.restart()
        before = gw.status()["operationalDid"]
        gw.post("/v1/rotate")
        wait_for(lambda: gw.status()["operationalDid"] not in (None, before), lambda: gw.log()[-2000:])
        w.active(gw)
        w.onboard(w.gateway("GW-AT-THE-NEW"), ITEMS)
    finally:
        w.close()
