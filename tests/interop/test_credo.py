# SPDX-License-Identifier: Apache-2.0
"""@credo-ts/didcomm has DIDComm v1 alone: what each side says to the other's messages."""
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

from didcomm_world import Case, World, message
from peers import HERE, Node
from test_didcomm_http import post

sys.path.insert(0, str(HERE.parent / "system"))
from agents import Agent, free_port, wait_for     # noqa: E402

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
    assert r.returncode == 3 and r.stderr.startswith("berth: E_ENV: ") and "DIDComm v1" in r.stderr, r.stderr
    matrix.message(PEER, "they to us, refused", kind)


@pytest.mark.parametrize("kind, alg", [(("authcrypt", "authcrypt", False, False), "ECDH-1PU+A256KW"),
                                       (("anoncrypt", "anoncrypt", False, False), "ECDH-ES+A256KW")], ids=["authcrypt", "anoncrypt"])
def test_credo_refuses_v2(credo, world, matrix, kind, alg):
    case = Case(kind, "X25519", "A256CBC-HS512", None)
    answer = credo.ask("unpack", packed=world.pack(message("credo", "X25519"), *case.our_args()))
    assert answer["error"] == f"Unsupported pack algorithm: {alg}"
    matrix.message(PEER, "we to them, refused", *case.row)


@pytest.fixture
def agent():
    home = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
    home.chmod(0o755)
    a = Agent(home, "rv", "rendezvous", port=free_port(), link="http").start()
    yield a
    a.stop(signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)


def test_v1_over_http_is_refused_and_logged(credo, agent):
    """By its own media type at once, by the one that some use for v2 like all that is not for us."""
    packed = credo.ask("pack")["packed"]
    assert post(agent, packed, "application/ssi-agent-wire") == (415, None, "")
    assert post(agent, packed, "application/didcomm-envelope-enc") == (202, None, "")
    wait_for(lambda: "the peer speaks DIDComm v1" in agent.log(), agent.log)
