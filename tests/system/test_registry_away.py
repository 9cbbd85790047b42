# SPDX-License-Identifier: Apache-2.0
"""A did:web whose server, over TLS and a process of its own, is killed and comes back: what
counts meanwhile by policy, how old it is said to be, and what the server says then."""
import json
import subprocess
import sys

import pytest

from agents import BUILD, free_port, wait_for
from ca import openssl
from cli import ok
from registries import ask, asker, readable

SERVER = """
import functools, http.server, ssl, sys
folder, port = sys.argv[1], int(sys.argv[2])
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder + "/www")
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(folder + "/ca.pem", folder + "/key")
server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("up", flush=True)
server.serve_forever()
"""
AWAY = "a registry is not available"


class Site:
    """https://away.test:PORT, and one document."""

    def __init__(self, folder):
        self.folder, self.port, self.p = folder, free_port(), None
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key",
                "-out", folder / "ca.pem", "-subj", "/CN=away.test", "-addext", "subjectAltName=DNS:away.test", "-days", "3650")
        (folder / "www/user").mkdir(parents=True)
        self.file = folder / "www/user/did.json"
        self.did = "did:web:away.test%%3A%d:user" % self.port

    def show(self, version):
        self.file.write_text(json.dumps({"id": self.did, "alsoKnownAs": ["https://away.test/%d" % version]}))

    def start(self):
        self.p = subprocess.Popen([sys.executable, "-c", SERVER, str(self.folder), str(self.port)], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        assert self.p.stdout.readline() == "up\n"

    def kill(self):
        if self.p:
            self.p.kill()
            self.p.wait()
            self.p.stdout.close()
        self.p = None


@pytest.fixture
def site(tmp_path):
    s = Site(readable(tmp_path))
    s.show(1)
    s.start()
    yield s
    s.kill()


@pytest.fixture
def agent(site):
    with asker(("away.test", site.folder / "ca.pem"), resolution={"max_age": "10s", "stale": "1h"},
               adapter_web={"path": BUILD.resolve() / "lib/berth/registry/web.so"}) as a:
        yield a


def kept(a, did):
    """Which version is kept, and what is said of it."""
    v = a.post("/v1/resolve", {"did": did})
    document = v["didDocument"]
    return document and int(document["alsoKnownAs"][0].rsplit("/", 1)[1]), v["didResolutionMetadata"]


def fresh(a, did, believed, version):
    """The server is asked again as often as it takes to look at its answer before that is old."""
    def there():
        code, (shown, meta) = ask(a, did), kept(a, did)
        return code == believed and shown == version and "stale" not in meta and 0 <= meta["age"] <= 10
    wait_for(there, lambda: f"version {version}: {kept(a, did)}\n{a.log()[-2000:]}")


def away(a):
    return any(AWAY in r for r in a.status()["health"]["reasons"])


def test_a_server_that_is_killed_and_comes_back(site, agent):
    believed = ask(agent, site.did)
    assert believed not in ("E_RESOLVE", "E_NETPOL", "E_PLUGIN")
    fresh(agent, site.did, believed, 1)
    assert not away(agent)

    site.kill()
    wait_for(lambda: ask(agent, site.did) == believed and away(agent), "a document to count after its lifetime")
    version, meta = kept(agent, site.did)
    assert version == 1 and meta["cached"] and meta["stale"] and meta["age"] >= 10
    assert "not available, a document of" in agent.log()
    other = site.did + ":nobody"
    assert ask(agent, other) == "E_RESOLVE"         # of which nothing is known
    assert kept(agent, other)[1]["error"] == "internalError"

    agent.restart()                                 # it counts over a restart, and has not become younger
    assert ask(agent, site.did) == believed and away(agent)
    version, again = kept(agent, site.did)
    assert version == 1 and again["stale"] and again["age"] >= meta["age"]
    v = ok("did", "resolve", site.did, "--offline", "--socket", agent.admin_sock)
    assert v["didResolutionMetadata"]["stale"] and v["didResolutionMetadata"]["age"] >= again["age"]

    site.show(2)
    site.start()
    fresh(agent, site.did, believed, 2)

    site.file.unlink()                              # what the server itself says is not papered over
    wait_for(lambda: ask(agent, site.did) == "E_RESOLVE", "what is kept of it to be too old to count")
    version, meta = kept(agent, site.did)
    assert version is None and meta["error"] == "notFound"


def test_without_a_policy_nothing_stands_in(site, agent):
    agent.kill()
    agent.set("resolution", stale=None)
    agent.write()
    agent.start()
    believed = ask(agent, site.did)
    assert believed not in ("E_RESOLVE", "E_NETPOL", "E_PLUGIN")
    site.kill()
    wait_for(lambda: ask(agent, site.did) == "E_RESOLVE", "the document's lifetime to end")
    assert not away(agent)
