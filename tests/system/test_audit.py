# SPDX-License-Identifier: Apache-2.0
"""The audit logs of a gateway and of its owner: signed by them, checked by somebody else
(here a second time, by hashlib and openssl), and what becomes of one that was touched."""
import hashlib
import json
import signal
import sqlite3

import pytest

from agents import World, call, wait_for
from cli import fails, ok, raw, token
from jose import openssl, unb64

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def world():
    w = World()
    w.gw = w.gateway("GW-AUDIT")
    w.onboard(w.gw, {"wifi": b"psk"})
    yield w
    w.close()


def at(agent):
    return ("--socket", agent.admin_sock)


def public_key(did):
    """The 32 octets in a did:key of Ed25519."""
    n = 0
    for c in did.removeprefix("did:key:z"):
        n = n * 58 + ALPHABET.index(c)
    raw_key = n.to_bytes(34, "big")
    assert raw_key[:2] == b"\xed\x01"
    return raw_key[2:]


def signed_by(did, jws, tmp_path):
    """The claims of a compact JWS that openssl says is that key's."""
    header, payload, sig = jws.split(".")
    assert json.loads(unb64(header))["typ"] == "berth-audit+jwt"
    (tmp_path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + public_key(did))
    (tmp_path / "sig").write_bytes(unb64(sig))
    (tmp_path / "in").write_text(f"{header}.{payload}")
    openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "key",
            "-sigfile", tmp_path / "sig", "-in", tmp_path / "in")
    return json.loads(unb64(payload))


def vec(text):
    return len(text.encode()).to_bytes(4, "big") + text.encode()


def end_of(lines):
    """Seq and hash at the end of an export, made anew."""
    seq, head = lines[0]["seq"], unb64(lines[0]["hash"])
    for row in lines[1:-1]:
        seq += 1
        assert row["seq"] == seq
        head = hashlib.sha256(b"berth-audit" + head + seq.to_bytes(8, "big") + row["time"].to_bytes(8, "big", signed=True)
                              + vec(row["event"]) + vec(row["detail"])).digest()
    return seq, head


@pytest.mark.parametrize("who", ["gw", "owner", "factory", "rv"])
def test_both_sides_sign_their_log_and_anybody_can_check_it(world, who, tmp_path):
    agent, file = getattr(world, who), tmp_path / "log"
    did = agent.identity("audit")["did"]
    raw("audit", "export", file, *at(agent))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    seq, head = end_of(lines)
    claims = signed_by(did, lines[-1]["signed"], tmp_path)
    assert claims["seq"] == seq and unb64(claims["head"]) == head and claims["iss"] == did == lines[0]["did"]
    assert ok("audit", "verify", file, "--did", did, "--json")["rows"] == seq
    if who in ("gw", "owner"):      # the others may have nothing to say yet
        assert seq > 3
    other = world.gw if agent is not world.gw else world.owner
    fails("E_AUTHZ", "audit", "verify", file, "--did", other.identity("audit")["did"])
    there = ok("audit", "verify", "--json", *at(agent))
    assert there["verified"] and there["did"] == did and there["signed"]["seq"] == seq


def test_a_touched_export_is_refused(world, tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    earlier = tmp_path / "head"
    earlier.write_text(token("audit", "sign", *at(world.owner)))
    raw("audit", "export", good, *at(world.owner))
    lines = good.read_text().splitlines(keepends=True)
    ok("audit", "verify", good, "--head", earlier, "--json")

    def refused(changed, code="E_SIG"):
        bad.write_text("".join(changed))
        return fails(code, "audit", "verify", bad)[1]

    assert "row 2" in refused(lines[:2] + lines[3:])                                        # a line
    assert refused([line.replace('"time":', '"time":1') if i == 2 else line for i, line in enumerate(lines)])
    refused(lines[:-1])                                                                     # the end
    raw("audit", "export", tmp_path / "gw", *at(world.gw))
    refused(lines[:-1] + (tmp_path / "gw").read_text().splitlines(keepends=True)[-1:], "E_AUTHZ")   # another's
    refused(lines[:-1] + [json.dumps({"signed": earlier.read_text()}) + "\n"])              # an earlier one
    refused(["{]\n"] + lines[1:], "E_JSON")
    # what is signed as a whole, but is not where the log was before
    old = next(i for i, line in enumerate(lines) if "audit-signed" in line)
    bad.write_text("".join(lines[:old] + [json.dumps({"signed": json.loads(lines[old])["detail"]}) + "\n"]))
    ok("audit", "verify", bad, "--json")
    fails("E_SIG", "audit", "verify", bad, "--head", earlier)
    ok("audit", "verify", good, "--head", earlier, "--json")


def renewed(world):
    before = world.gw.status()["operationalDid"]
    world.gw.post("/v1/rotate")
    wait_for(lambda: world.gw.status()["operationalDid"] not in (None, before), lambda: world.gw.log()[-2000:])
    world.active(world.gw)


def test_a_cut_log_is_found_out_by_the_owner(world, tmp_path):
    """Two exports, both whole and signed; between them the owner has seen a head that is only in the second."""
    first, second = tmp_path / "first", tmp_path / "second"
    device = ("--device", world.gw.name, "--json", *at(world.owner))
    raw("audit", "export", first, *at(world.gw))
    renewed(world)
    held = world.owner.device(world.gw.name)["device"]
    held = call(world.owner.admin_sock, "GET", f"/v1/devices/{held}")["audit"]
    assert held["did"] == world.gw.identity("audit")["did"]
    assert signed_by(held["did"], held["signed"], tmp_path)["seq"] == held["seq"]
    ok("audit", "verify", first, *device)
    raw("audit", "sign", *at(world.gw))
    renewed(world)
    raw("audit", "export", second, *at(world.gw))
    ok("audit", "verify", second, *device)
    ok("audit", "verify", first, "--json")
    fails("E_SIG", "audit", "verify", first, *device)
    raw("audit", "export", tmp_path / "owners", *at(world.owner))
    fails("E_AUTHZ", "audit", "verify", tmp_path / "owners", *device)       # another's
    fails("E_USAGE", "audit", "verify", *device)
    fails("E_USAGE", "audit", "verify", first, "--did", held["did"], *device)


def test_a_touched_store_is_found_out(world):
    gw = world.gw
    token("audit", "sign", *at(gw))
    gw.stop(signal.SIGTERM)

    def meddled(*sql):
        """E_SIG with it, and all is well again after it was taken back."""
        file = gw.state / "berth.db"
        kept = file.read_bytes()
        db = sqlite3.connect(file)
        for one in sql:
            db.execute(one)
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode")
        db.close()
        gw.start()
        line = fails("E_SIG", "audit", "verify", *at(gw))[1]
        gw.kill()
        for f in gw.state.glob("berth.db*"):
            f.unlink()
        file.write_bytes(kept)
        file.chmod(0o600)
        return line

    try:
        assert "row 2" in meddled("UPDATE audit SET detail = detail || '.' WHERE seq = 2")
        assert "row 3" in meddled("DELETE FROM audit WHERE seq = 3")
        assert "ends at" in meddled("DELETE FROM audit WHERE seq > 4")
    finally:
        gw.start()
    assert ok("audit", "verify", "--json", *at(gw))["verified"]


def test_the_log_is_signed_at_a_good_end(world):
    owner = world.owner
    owner.post("/v1/rotate")
    before = ok("audit", "verify", "--json", *at(owner))
    owner.stop(signal.SIGTERM)
    owner.start()
    after = ok("audit", "verify", "--json", *at(owner))
    assert after["signed"]["row"] > (before["signed"] or {"row": 0})["row"]
    rows = call(owner.admin_sock, "GET", f"/v1/audit?after={after['signed']['row'] - 1}")
    assert rows[0]["event"] == "audit-signed"
