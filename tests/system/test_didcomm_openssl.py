# SPDX-License-Identifier: Apache-2.0
"""Envelopes on every curve between `berth didcomm` and the second implementation in jose.py."""
import json
import uuid

import pytest

from cli import fails, ok
from jose import CURVES, Key, seal, unseal
from test_cli_tpm import tpm    # noqa: F401: a fixture
from test_pkcs11 import hsm     # noqa: F401: a fixture

KINDS = {"X25519": "x25519", "P-256": "p256", "P-384": "p384", "P-521": "p521"}


class Pair:
    """We, with a key of `berth key generate`, and a peer with one of openssl's."""

    def __init__(self, folder, crv, *store):
        self.folder = folder
        ours = ok("key", "generate", "--type", KINDS[crv], *store)
        assert ours["custody"] == ("hardware" if store else "software")
        private = {"keyUri": ours["keyUri"]} if store else {"privateKeyJwk": ours["privateJwk"]}
        self.jwk, self.key = ours["publicJwk"], Key(folder / "peer.pem", crv)
        self.us, self.peer = self.did("us", self.jwk), self.did("peer", self.key.jwk)
        self.kid, self.peer_kid = self.us + "#key-1", self.peer + "#key-1"
        self.secrets = folder / "secrets.json"
        self.secrets.write_text(json.dumps([{"id": self.kid, "type": "JsonWebKey2020", **private}]))

    def did(self, name, jwk):
        path = self.folder / (name + ".jwk")
        path.write_text(json.dumps(jwk))
        return ok("did", "create", "peer", "--numalgo", "2", "--agreement", path)["did"]

    def message(self, sender, receiver):
        return {"id": str(uuid.uuid4()), "type": "https://example.com/p/1.0/m", "from": sender, "to": [receiver], "body": {"a": [1]}}

    def seal(self, message, auth, **how):
        by = {"skid": self.peer_kid, "key": self.key} if auth else {}
        return seal(self.folder, message, self.kid, self.jwk, **by, **how)


@pytest.fixture(params=CURVES)
def pair(request, tmp_path):
    return Pair(tmp_path, request.param)


@pytest.mark.parametrize("auth", [True, False], ids=["authcrypt", "anoncrypt"])
def test_what_the_other_makes_is_opened(pair, auth):
    message = pair.message(pair.peer, pair.us)
    out = ok("didcomm", "unpack", "--secrets", pair.secrets, stdin=pair.seal(message, auth))
    assert out["message"] == message
    meta = out["metadata"]
    assert meta["authenticated"] is auth and meta["encrypted_from_kid"] == (pair.peer_kid if auth else None)
    assert meta["enc_alg_auth" if auth else "enc_alg_anon"] == "A256CBC-HS512+ECDH-%s+A256KW" % ("1PU" if auth else "ES")


@pytest.mark.parametrize("auth", [True, False], ids=["authcrypt", "anoncrypt"])
def test_what_we_make_is_opened_by_the_other(pair, auth):
    message = pair.message(pair.us, pair.peer)
    packed = ok("didcomm", "pack", *(["--from", pair.us] if auth else []), "--to", pair.peer, "--secrets", pair.secrets,
                stdin=json.dumps(message))
    assert unseal(json.dumps(packed), pair.peer_kid, pair.key, pair.jwk if auth else None) == message


@pytest.mark.parametrize("where, crv", [("tpm", "P-256"), ("tpm", "P-384"), ("hsm", "X25519"), ("hsm", "P-256"),
                                        ("hsm", "P-384"), ("hsm", "P-521")])
def test_a_key_that_stays_in_its_device_takes_both_sides(where, crv, tmp_path, request):
    """ECDH-1PU by a TPM and by a token, against one that has never heard of either."""
    name = "agree-" + KINDS[crv]
    store = request.getfixturevalue(where)
    uri = "tpm2:" + name + store if where == "tpm" else store.uri(name)
    pair = Pair(tmp_path, crv, "--use", "agree", "--key-uri", uri)
    theirs, ours = pair.message(pair.peer, pair.us), pair.message(pair.us, pair.peer)
    out = ok("didcomm", "unpack", "--secrets", pair.secrets, stdin=pair.seal(theirs, True))
    assert out["message"] == theirs and out["metadata"]["encrypted_from_kid"] == pair.peer_kid
    packed = ok("didcomm", "pack", "--from", pair.us, "--to", pair.peer, "--secrets", pair.secrets, stdin=json.dumps(ours))
    assert unseal(json.dumps(packed), pair.peer_kid, pair.key, pair.jwk) == ours


def test_the_tag_goes_into_the_derivation_with_its_length(pair):
    """As several had it first: without the length both sides of one make agree, and nobody else."""
    fails("E_DECRYPT", "didcomm", "unpack", "--secrets", pair.secrets,
          stdin=pair.seal(pair.message(pair.peer, pair.us), True, tag_length=False))


def test_c040_apv(pair):
    text = pair.seal(pair.message(pair.peer, pair.us), False, apv=False)
    fails("E_ENV", "didcomm", "unpack", "--secrets", pair.secrets, stdin=text)
    out = ok("didcomm", "unpack", "--allow-missing-apv", "--secrets", pair.secrets, stdin=text)
    assert out["metadata"]["authenticated"] is False
    text = pair.seal(pair.message(pair.peer, pair.us), True, apv=False)
    fails("E_ENV", "didcomm", "unpack", "--allow-missing-apv", "--secrets", pair.secrets, stdin=text)
