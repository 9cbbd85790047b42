# SPDX-License-Identifier: Apache-2.0
"""Messages both ways between `berth didcomm` and @veramo/did-comm: what they read of
ours, what we read of theirs, and why the rest is refused."""
import json

import pytest

from didcomm_world import ENCS, Case, World, alice, bob, decoded, flip, message

PEER = "@veramo/did-comm 7.0.1"
ANONCRYPT, AUTHCRYPT = ("anoncrypt", "anoncrypt", False, False), ("authcrypt", "authcrypt", False, False)
SIGNED = ("signed", "signed", True, False)
EACH = 6


@pytest.fixture(scope="module")
def world():
    w = World("veramo", "veramo_node.mjs", curves=["X25519"])
    yield w
    w.node.close()


def theirs(world, m, packing, enc=ENCS[0], alg="EdDSA"):
    answer = world.node.ask("pack", message=m, packing=packing, enc=enc, signer=f"{alice('X25519')}#{alg}")
    assert "packed" in answer, answer
    return answer["packed"]


# ---- what goes through ----

@pytest.mark.parametrize("enc", ENCS)
def test_they_read_our_anoncrypt(world, matrix, enc):
    case = Case(ANONCRYPT, "X25519", enc, None)
    for i in range(EACH):
        m = message(f"veramo {enc} {i}", "X25519")
        packed = world.pack(m, *case.our_args(bob("X25519") + ("#agree-2" if i % 3 == 2 else "")))
        answer = world.node.ask("unpack", packed=packed)
        assert answer == {"message": m, "metadata": {"packing": "anoncrypt"}}
        matrix.message(PEER, "we to them", *case.row)
        altered = json.dumps(flip(json.loads(packed), "ciphertext"))
        assert "unable to decrypt" in world.node.ask("unpack", packed=altered)["error"]
        matrix.message(PEER, "we to them, refused", "anoncrypt, altered", *case.row[1:])


@pytest.mark.parametrize("alg", ["EdDSA", "ES256K"])
def test_we_read_their_signature(world, matrix, alg):
    for i in range(EACH):
        m = message(f"veramo signed {i}", "X25519")
        packed = theirs(world, m, "jws", alg=alg)
        got = world.opened(packed)
        assert got["message"] == m and got["metadata"]["sign_from"] == f"{alice('X25519')}#{alg}"
        matrix.message(PEER, "they to us", "signed " + alg)
        r = world.unpack(json.dumps(flip(json.loads(packed), "signature")))
        assert r.returncode == 1 and r.stderr.startswith("berth: E_SIG: ")
        matrix.message(PEER, "they to us, refused", f"signed {alg}, altered")


@pytest.mark.parametrize("enc", ENCS)
def test_we_read_their_anoncrypt_where_apv_may_be_missing(world, matrix, enc):
    """Said for each message; an authcrypt is refused in any case."""
    for i in range(EACH):
        m = message(f"veramo without apv {enc} {i}", "X25519")
        packed = theirs(world, m, "anoncrypt", enc)
        r = world.berth("unpack", "--allow-missing-apv", stdin=packed)
        assert r.returncode == 0, r.stderr
        got = json.loads(r.stdout)
        assert got["message"] == m and got["metadata"]["authenticated"] is False
        matrix.message(PEER, "they to us, --allow-missing-apv", "anoncrypt", "X25519", enc)
        r = world.berth("unpack", "--allow-missing-apv", stdin=json.dumps(flip(json.loads(packed), "ciphertext")))
        assert r.returncode == 1 and r.stderr.startswith("berth: E_DECRYPT: "), r.stderr
    r = world.berth("unpack", "--allow-missing-apv", stdin=theirs(world, m, "authcrypt"))
    assert r.returncode == 3 and r.stderr.startswith("berth: E_ENV: "), r.stderr


# ---- what does not, and why ----

@pytest.mark.parametrize("packing", ["anoncrypt", "authcrypt"])
def test_veramo_writes_no_apv(world, packing):
    """v2.1 wants the hash of the kids there; without it nobody who checks it opens the message."""
    packed = theirs(world, message("apv", "X25519"), packing)
    assert "apv" not in json.loads(decoded(json.loads(packed)["protected"]))
    r = world.unpack(packed)
    assert (r.returncode, r.stderr) == (3, "berth: E_ENV: jwe: apv is missing or not a string\n")


@pytest.mark.parametrize("enc", ["A256GCM", "XC20P"])
def test_veramos_authcrypt_without_a_committing_cipher_is_e_alg(world, enc):
    """A256GCM is what it takes when nothing is said."""
    r = world.unpack(theirs(world, message("enc", "X25519"), "authcrypt", enc))
    assert (r.returncode, r.stderr) == (1, f"berth: E_ALG: jwe: enc {enc} with ECDH-1PU+A256KW\n")


def test_veramos_authcrypt_is_of_draft_3(world):
    """DIDComm's is draft 4: there the key that wraps depends on the tag."""
    m = message("draft", "X25519")
    ours = world.pack(m, *Case(AUTHCRYPT, "X25519", ENCS[0], None).our_args(bob("X25519") + "#agree-1"))
    both = {"recipient": world.keys[bob("X25519") + "#agree-1"], "sender": world.keys[alice("X25519") + "#agree-1"]}
    assert world.node.ask("kdf", packed=theirs(world, m, "authcrypt"), **both) == {"plain": True, "tagged": False}
    assert world.node.ask("kdf", packed=ours, **both) == {"plain": False, "tagged": True}
    assert "unable to decrypt" in world.node.ask("unpack", packed=ours)["error"]


def test_veramo_wants_a_signers_kid_in_protected(world):
    """Ours is in `header`, as in the appendix of the specification; theirs is read from either."""
    packed = world.pack(message("kid", "X25519"), *Case(SIGNED, "X25519", ENCS[0], "EdDSA").our_args())
    assert "does not match the `kid`" in world.node.ask("unpack", packed=packed)["error"]


def test_veramos_times_are_text(world):
    """Its mediation and pickup messages have created_time as text of ISO 8601; v2.1 has seconds."""
    m = message("time", "X25519", created_time="2026-11-28T18:00:00.000Z")
    r = world.unpack(theirs(world, m, "jws"))
    assert r.returncode == 3 and r.stderr.startswith("berth: E_TYPE: "), r.stderr
