# SPDX-License-Identifier: Apache-2.0
"""from_prior on the command line (C061 to C063) with didcomm-rust's people: Charlie
becomes Alice and writes to Bob."""
import json

import pytest

from cli import VECTORS, fails, ok, raw, token

RUST = VECTORS / "didcomm-rust"
MESSAGE = {"id": "1", "type": "https://example.com/p/1.0/m", "from": "did:example:alice", "to": ["did:example:bob"]}


@pytest.fixture
def world(tmp_path):
    out = {}
    for name in ("alice", "bob", "charlie"):
        keys = json.loads((RUST / "secrets" / (name + ".json")).read_text())
        path = tmp_path / (name + ".json")
        path.write_text(json.dumps([{"id": k["kid"], "type": k["type"], "privateKeyJwk": k["privateKeyJwk"]} for k in keys]))
        path.chmod(0o600)
        out[name] = ("--secrets", path, "--did-docs", RUST / "diddocs")
        for key in keys:
            jwk = tmp_path / (key["kid"].split(":")[-1] + ".jwk")
            jwk.write_text(json.dumps(key["privateKeyJwk"]))
            jwk.chmod(0o600)
            out[key["kid"]] = jwk
    return out


def rotation(world, key="did:example:charlie#key-1", kid=None, **claims):
    claims = {"iss": "did:example:charlie", "sub": "did:example:alice", "iat": 1700000000, **claims}
    return token("jws", "sign", "--jwk", world[key], "--typ", "JWT", "--kid", kid or key, stdin=json.dumps(claims))


def packed(world, jwt, *options):
    return raw("didcomm", "pack", "--no-forward", *(options or ("--from", "did:example:alice")), "--to", "did:example:bob",
               *world["alice"], stdin=json.dumps(dict(MESSAGE, from_prior=jwt)))


def test_a_good_rotation_is_reported(world):
    out = ok("didcomm", "unpack", *world["bob"], stdin=packed(world, rotation(world)))
    assert out["metadata"]["from_prior_issuer_kid"] == "did:example:charlie#key-1"
    assert out["metadata"]["from_prior"] == {"iss": "did:example:charlie", "sub": "did:example:alice", "iat": 1700000000}


@pytest.mark.parametrize("code, change", [
    ("E_ROTATE", {"sub": "did:example:bob"}), ("E_ROTATE", {"sub": "did:example:charlie"}),
    ("E_ROTATE", {"iss": "did:example:alice"}), ("E_ROTATE", {"key": "did:example:alice#key-1"}),
    ("E_ROTATE", {"key": "did:example:alice#key-1", "kid": "did:example:charlie#key-1"}),
    ("E_ROTATE", {"kid": "did:example:charlie#key-x25519-1"}), ("E_ENV", {"kid": "#key-1"}),
    ("E_ENV", {"kid": "did:example:charlie"}),
])
def test_c061_c062_bad_rotations(world, code, change):
    fails(code, "didcomm", "unpack", *world["bob"], stdin=packed(world, rotation(world, **change)))


def test_c061_exp_is_judged_with_now(world):
    message = packed(world, rotation(world, exp=1700000100, nbf=1700000000))
    ok("didcomm", "unpack", *world["bob"], stdin=message)
    ok("didcomm", "unpack", *world["bob"], "--now", "2023-11-14T22:14:00Z", stdin=message)
    for late in ("2023-11-14T22:15:00Z", "2023-11-14T22:13:19Z"):
        out, _ = fails("E_ROTATE", "didcomm", "unpack", *world["bob"], "--now", late, stdin=message)
        assert out["message"]["id"] == "1"


def test_c063_only_inside_authenticated_encryption(world):
    message = dict(MESSAGE, from_prior=rotation(world))
    fails("E_ROTATE", "didcomm", "unpack", *world["bob"], stdin=json.dumps(message))
    for options in (("--to", "did:example:bob"), ("--mode", "signed", "--sign-by", "did:example:alice#key-1"),
                    ("--mode", "plaintext")):
        fails("E_ROTATE", "didcomm", "pack", *options, *world["alice"], stdin=json.dumps(message))
    ok("didcomm", "unpack", *world["bob"], stdin=packed(
        world, rotation(world), "--sign-by", "did:example:alice#key-1"))
