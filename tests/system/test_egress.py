# SPDX-License-Identifier: Apache-2.0
"""What registry adapters may ask for, from berth.conf to the socket: `berth did resolve`,
berth-resolverd, the adapter `web`, and tests/fakes/hostile.py at the other end."""
import os
import subprocess
import sys

import pytest

from cli import BUILD, ROOT, fails, free_port, ok

CERTIFICATES = """
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=authority
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self.key -out self.pem -days 30 \
    -subj /CN=owner.test -addext subjectAltName=DNS:owner.test
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout good.key -out good.csr -subj /CN=owner.test
echo subjectAltName=DNS:owner.test > ext
openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out good.pem
"""


class Server:
    def __init__(self, folder):
        self.dir, self.log = folder, folder / "hostile.log"
        folder.chmod(0o755)
        subprocess.run(["sh", "-ec", CERTIFICATES], cwd=folder, check=True, capture_output=True)
        self.good, self.self, self.plain, self.proxy = (free_port() for _ in range(4))
        self.p = subprocess.Popen(
            [sys.executable, ROOT.resolve() / "tests/fakes/hostile.py", self.log, f"https=127.0.0.1:{self.good},good",
             f"https=127.0.0.1:{self.self},self", f"http=127.0.0.1:{self.plain}", f"proxy=127.0.0.1:{self.proxy}"],
            cwd=folder, stdout=subprocess.PIPE)
        assert self.p.stdout.readline() == b"ready\n"

    def did(self, port=None, path=""):
        return "did:web:owner.test%%3A%d%s" % (port or self.good, path)

    def lines(self, begin):
        return [x for x in self.log.read_text().splitlines() if x.startswith(begin)]

    def conf(self, egress, agent="clock-trusted = yes"):
        conf = self.dir / "berth.conf"
        conf.write_text("[agent]\n%s\n[adapter web]\npath = %s\n[egress]\nhosts = owner.test=127.0.0.1\n%s\n" % (
            agent, BUILD.resolve() / "lib/berth/registry/web.so", egress.format(d=self.dir, s=self)))
        return conf


ALLOWED = "allow = 127.0.0.0/8\nca-file = {d}/ca.pem\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("egress"))
    yield s
    s.p.kill()
    s.p.wait()


@pytest.fixture(autouse=True)
def nothing_logged(server):
    os.truncate(server.log, 0)


def resolve(server, egress, did=None, **kw):
    return ok("did", "resolve", did or server.did(), "--config", server.conf(egress, **kw))["didDocument"]


def refused(code, server, egress, did=None, env=None, **kw):
    return fails(code, "did", "resolve", did or server.did(), "--config", server.conf(egress, **kw), env=env)[1]


def test_what_is_allowed_is_resolved(server):
    assert resolve(server, ALLOWED) == {"id": server.did()}
    assert len(server.lines("connect")) == 1


def test_c092_without_the_allow_line_nothing_is_connected(server):
    refused("E_NETPOL", server, "ca-file = {d}/ca.pem\n")
    refused("E_NETPOL", server, "allow = 10.0.0.0/8\nca-file = {d}/ca.pem\n")
    assert server.lines("connect") == []


def test_c098_certificates_are_judged(server):
    assert "issuer" in refused("E_NETPOL", server, "allow = 127.0.0.0/8\n")     # unknown to the system's authorities
    refused("E_NETPOL", server, ALLOWED, did=server.did(server.self))
    assert server.lines("request") == []
    assert resolve(server, "allow = 127.0.0.0/8\nca-file = {d}/self.pem\n", did=server.did(server.self))


def test_c098_without_a_clock_e_clock(server):
    refused("E_CLOCK", server, ALLOWED, agent="clock-trusted = no")
    assert server.lines("connect") == []


def test_c101_nothing_of_the_environment_counts(server):
    env = {n: "http://127.0.0.1:%d" % server.proxy for n in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")}
    env.update({n: str(server.dir / "self.pem") for n in ("CURL_CA_BUNDLE", "SSL_CERT_FILE")})
    env["SSLKEYLOGFILE"] = str(server.dir / "keys.log")
    refused("E_NETPOL", server, ALLOWED, did=server.did(server.self), env=env)
    assert ok("did", "resolve", server.did(), "--config", server.conf(ALLOWED), env=env)
    assert server.lines("proxy") == [] and not (server.dir / "keys.log").exists()


@pytest.mark.parametrize("path, code", [
    ("endless", "E_SIZE"), ("long", "E_SIZE"), ("headers", "E_SIZE"), ("gzip", "E_NETPOL"), ("transfer-gzip", "E_NETPOL"),
    ("redirect", "E_NETPOL"), ("short", "E_RESOLVE"), ("close", "E_RESOLVE"), ("ok", "E_RESOLVE"),
])
def test_c094_c099_replies_that_are_none(server, path, code):
    refused(code, server, ALLOWED, did=server.did(path=":" + path))
    assert len(server.lines("request")) == 1


def test_names_and_a_proxy(server):
    through = ALLOWED + "proxy = http://127.0.0.1:{s.proxy}\n"
    refused("E_CONFIG", server, through)
    assert resolve(server, through + "names = *.test\n") == {"id": server.did()}
    assert server.lines("proxy") == ["proxy 127.0.0.1:%d CONNECT owner.test:%d" % (server.proxy, server.good)]
    os.truncate(server.log, 0)
    refused("E_NETPOL", server, through + "names = other.test\n")
    refused("E_NETPOL", server, ALLOWED + "names = other.test\n")
    refused("E_NETPOL", server, "proxy = http://127.0.0.1:{s.proxy}\nnames = *\nca-file = {d}/ca.pem\n")
    assert server.lines("connect") == []
