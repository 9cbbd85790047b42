# SPDX-License-Identifier: Apache-2.0
"""@credo-ts/didcomm has DIDComm v1 alone: what each side says to the other's messages."""
import pytest

from didcomm_world import OURS_LACKS, Case, World, message
from peers import Node

PEER = "@credo-ts/didcomm 0.6.3 (DIDComm v1)"


@pytest.fixture(scope="module")
def credo():
    n = Node("credo_node.mjs")
    yield n
    n.close()


@pytest.fixture(scope="module")
def world():
    return World("credo", curves=["X25519"])


@pytest.mark.parametrize("kind", ["authcrypt", "anoncrypt", "forward"])
def test_we_say_that_the_peer_speaks_v1(credo, world, matrix, kind):
    packed = credo.ask("pack", anonymous=kind == "anoncrypt", routed=kind == "forward")["packed"]
    own = credo.ask("unpack", packed=packed)        # it is one that Credo reads
    assert own["message"]["@type"].startswith("https://didcomm.org/"), own
    r = world.unpack(packed)
    if "DIDComm v1" in OURS_LACKS:
        assert r.returncode == 1 and r.stderr.startswith("berth: E_ALG: "), r.stderr
    else:
        assert r.returncode == 3 and r.stderr.startswith("berth: E_ENV: ") and "DIDComm v1" in r.stderr, r.stderr
    matrix.message(PEER, "they to us, refused", kind)


@pytest.mark.parametrize("kind, alg", [(("authcrypt", "authcrypt", False, False), "ECDH-1PU+A256KW"),
                                       (("anoncrypt", "anoncrypt", False, False), "ECDH-ES+A256KW")], ids=["authcrypt", "anoncrypt"])
def test_credo_refuses_v2(credo, world, matrix, kind, alg):
    case = Case(kind, "X25519", "A256CBC-HS512", None)
    answer = credo.ask("unpack", packed=world.pack(message("credo", "X25519"), *case.our_args()))
    assert answer["error"] == f"Unsupported pack algorithm: {alg}"
    matrix.message(PEER, "we to them, refused", *case.row)
