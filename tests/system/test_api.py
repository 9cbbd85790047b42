# SPDX-License-Identifier: Apache-2.0
"""The local API over its sockets: the real server code over a fake backend, real
uids, the kernel's word about who calls."""
import array
import json
import os
import re
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli import PATIENCE_S  # noqa: E402
from openapi import Http, ask, check_answer, deref, operations, public_folder  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
SERVER = str(BUILD / "tests/system/api_server")
NOBODY = 65534
ME = os.geteuid()

CONF = """
[agent]
run-dir = {dir}/run
[api]
requests-per-second = {rate}
requests-at-once = {conns}
[principal tester]
uid = {me}
may = self device identity:web present:web secret:wifi credential:wifi verify import cert:web key:web message:https://didcomm.org/basicmessage/2.0/* message:urn:app:a
[principal stranger]
uid = 65534
may = self identity:db
"""


class Server:
    def __init__(self, rate=10000, conns=16, nofile=None, conf=CONF, umask=None):
        self.tmp = tempfile.TemporaryDirectory(prefix="berth.")
        self.dir = pathlib.Path(self.tmp.name)
        os.chmod(self.dir, 0o755)
        self.run = self.dir / "run"
        self.conf = self.dir / "berth.conf"
        self.conf.write_text(conf.format(dir=self.dir, rate=rate, conns=conns, me=ME))
        os.chmod(self.conf, 0o644)
        self.app, self.admin = str(self.run / "app.sock"), str(self.run / "admin.sock")
        self.args = [SERVER, str(self.conf)] + ([str(nofile)] if nofile else [])
        self.umask = umask
        self.p = None

    def start(self):
        pre = (lambda: os.umask(self.umask)) if self.umask is not None else None
        self.p = subprocess.Popen(self.args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=pre)
        line = self.p.stdout.readline()
        if line != "ready\n":
            self.p.wait(PATIENCE_S)
            return self.p.stderr.read()
        return None

    def fds(self):
        return len(os.listdir(f"/proc/{self.p.pid}/fd"))

    def __enter__(self):
        problem = self.start()
        assert problem is None, problem
        return self

    def __exit__(self, *a):
        if self.p and self.p.poll() is None:
            self.p.terminate()
            try:
                assert self.p.wait(PATIENCE_S) == 0
            finally:
                self.p.stdout.close()
                self.p.stderr.close()
        self.tmp.cleanup()


@pytest.fixture(scope="module")
def server():
    with Server() as s:
        yield s


def wait_for(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.02)


def as_uid(uid, code, *args):
    """Runs Python code in a process of another user; its stdout."""
    r = subprocess.run(["/usr/bin/python3", "-c", "import os, sys; sys.path.insert(0, sys.argv[1])\n" + code,
                        public_folder(), *args],
                       user=uid, group=uid, extra_groups=[], stdout=subprocess.PIPE, timeout=PATIENCE_S, check=True)
    return r.stdout.decode()


# ---- the document

def filled(path):
    if "/devices/" in path:
        return path.replace("{id}", "dev-1")
    return path.replace("{name}", "web").replace("{id}", "wifi")


def test_every_documented_operation_answers_as_documented(server):
    seen = 0
    for method, path, op in operations():
        if "x-stream" in op:    # system/test_watch.py
            continue
        body = deref(op.get("requestBody"))
        example = body["content"]["application/json"].get("example") if body else None
        for name in op["x-socket"]:
            status, headers, answer = ask(getattr(server, name), method, filled(path), example)
            assert status == (404 if "x-role" in op else 200), (method, path, answer)
            check_answer(op, status, headers, answer)
            seen += 1
        for name in {"app", "admin"} - set(op["x-socket"]):
            # a path that is there for reading only says so
            there = any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", p), path) and name in o["x-socket"] for _, p, o in operations())
            assert ask(getattr(server, name), method, filled(path), example)[0] == (405 if there else 404), (method, path)
        other = "GET" if method == "POST" else "POST"
        if other.lower() not in [m.lower() for m, p, _ in operations() if p == path]:
            status, _, answer = ask(getattr(server, op["x-socket"][0]), other, filled(path))
            # GET /v1/devices/import is the device named "import"
            assert status == 405 or (other == "GET" and status == 404), (other, path, answer)
    assert seen > 20


def test_the_document_lists_every_route_and_field():
    """The table in agent/core/api_route.c against the document, both ways."""
    r = subprocess.run([SERVER, "--routes"], stdout=subprocess.PIPE, text=True, check=True)
    table = {}
    for line in r.stdout.splitlines():
        method, path, sockets, right, *fields = line.split()
        table[method, path] = sockets, right, sorted(fields)
    documented = {}
    for method, path, op in operations():
        body = deref(op.get("requestBody"))
        schema = body["content"]["application/json"]["schema"] if body else {}
        assert not body or schema.get("additionalProperties") is False or schema == {"type": "object"}
        fields = [f"{n}:{s['type']}:{'required' if n in schema.get('required', []) else 'optional'}:{s.get('maxLength', s.get('maxItems', s.get('maximum', 0)))}"
                  for n, s in schema.get("properties", {}).items()]
        assert bool(body and body.get("required")) == bool(schema.get("required"))
        documented[method, path] = "+".join(op["x-socket"]), op.get("x-right", "-"), sorted(fields)
    assert table == documented


# ---- who calls

@pytest.mark.skipif(ME != 0, reason="needs another uid")
def test_c130_another_uid_is_another_principal(server):
    os.chmod(server.run, 0o755)     # what the group would do
    os.chmod(server.app, 0o666)
    try:
        out = as_uid(NOBODY, "from openapi import ask\n"
                     "for p in ['/v1/self', '/v1/identities', '/v1/identities/web', '/v1/secrets/wifi']:\n"
                     "    s, h, b = ask(sys.argv[2], 'GET', p); print(s, b.decode())", server.app)
    finally:
        os.chmod(server.app, 0o660)
        os.chmod(server.run, 0o750)
    mine, list_, web, wifi = (line.split(" ", 1) for line in out.splitlines())
    assert mine[0] == "200" and json.loads(mine[1])["principal"] == "stranger"
    assert json.loads(mine[1])["selectors"]["uid"] == NOBODY
    assert [i["name"] for i in json.loads(list_[1])] == ["db"]
    assert web[0] == "403" and json.loads(web[1])["missing"] == "identity:web"
    assert wifi[0] == "403" and json.loads(wifi[1]) == {
        "error": "E_AUTHZ", "message": "this principal lacks the right", "principal": "stranger", "missing": "secret:wifi"}
    status, _, body = ask(server.app, "GET", "/v1/identities")
    assert status == 200 and [i["name"] for i in json.loads(body)] == ["web"]


@pytest.mark.skipif(ME != 0, reason="needs another uid")
def test_c130_a_foreign_uid_does_not_get_in(server):
    out = as_uid(NOBODY, "import socket\n"
                 "for p in sys.argv[2:]:\n"
                 "    try: socket.socket(socket.AF_UNIX).connect(p); print('in')\n"
                 "    except OSError as e: print(e.errno)", server.app, server.admin)
    assert out.split() == ["13", "13"]


def test_c130_a_passed_descriptor_speaks_for_who_connected_and_dies_with_it(server):
    """A child connects, hands us the descriptor and later exits."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        s = socket.socket(socket.AF_UNIX)
        s.connect(server.app)
        socket.send_fds(theirs, [b"x"], [s.fileno()])
        theirs.recv(1)
        os._exit(0)
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    c = Http.__new__(Http)
    c.s, c.rest = socket.socket(fileno=fds[0]), b""
    c.s.settimeout(PATIENCE_S)
    status, _, body = c.ask("GET", "/v1/self")
    assert status == 200 and json.loads(body)["selectors"]["pid"] == pid
    ours.send(b"x")
    os.waitpid(pid, 0)
    assert c.s.recv(1) == b""       # closed by the server, not by a timeout
    c.close()
    ours.close()
    theirs.close()


def test_c130_a_process_that_is_gone_before_accept_is_nobody():
    """The server is stopped while a child connects, asks and exits."""
    with Server() as s:
        os.kill(s.p.pid, signal.SIGSTOP)
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            c = socket.socket(socket.AF_UNIX)
            c.connect(s.app)
            socket.send_fds(theirs, [b"x"], [c.fileno()])
            os._exit(0)
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        os.waitpid(pid, 0)
        c = socket.socket(fileno=fds[0])
        c.settimeout(PATIENCE_S)
        c.sendall(b"GET /v1/self HTTP/1.1\r\nHost: berth\r\n\r\n")
        os.kill(s.p.pid, signal.SIGCONT)
        try:
            answer = c.recv(4096)
        except ConnectionResetError:
            answer = b""
        assert answer == b"" or b" 401 " in answer.split(b"\r\n")[0]
        c.close()
        assert ask(s.app, "GET", "/v1/self")[0] == 200
        ours.close()
        theirs.close()


# ---- sockets

def test_c131_modes_under_umask_0_and_a_clean_end():
    with Server(umask=0) as s:
        assert stat.S_IMODE(os.lstat(s.run).st_mode) == 0o750
        assert stat.S_IMODE(os.lstat(s.app).st_mode) == 0o660
        assert stat.S_IMODE(os.lstat(s.admin).st_mode) == 0o600
        s.p.terminate()
        assert s.p.wait(PATIENCE_S) == 0
        assert os.listdir(s.run) == []


def test_c131_a_second_daemon_is_refused_and_a_stale_socket_is_not():
    with Server() as s:
        second = subprocess.run(s.args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S)
        assert second.returncode == 1 and second.stderr.startswith("E_UNAVAILABLE"), second.stderr
        assert ask(s.app, "GET", "/v1/self")[0] == 200
        s.p.kill()
        s.p.wait()
        assert sorted(os.listdir(s.run)) == ["admin.sock", "app.sock"]
        assert s.start() is None
        assert ask(s.app, "GET", "/v1/self")[0] == 200


@pytest.mark.parametrize("trap", ["file", "link", "lax"])
def test_c131_traps_at_the_path_are_refused(trap):
    s = Server()
    s.run.mkdir(mode=0o750)
    if trap == "file":
        (s.run / "app.sock").write_text("x")
    elif trap == "link":
        (s.run / "app.sock").symlink_to(s.dir / "elsewhere")
    else:
        os.chmod(s.run, 0o777)
    assert s.start().startswith("E_CONFIG")
    assert not (s.dir / "elsewhere").exists()
    s.__exit__()


# ---- limits

def test_c132_idle_connections_cost_their_user_and_nobody_else():
    """One user fills its share (we, as uid 65534 in the kernel's eyes, by a child)."""
    with Server(conns=4) as s:
        os.chmod(s.run, 0o755)
        os.chmod(s.app, 0o666)
        child = subprocess.Popen(
            ["/usr/bin/python3", "-c",
             "import socket, sys, time\n"
             "held = []\n"
             "for i in range(300):\n"
             "    c = socket.socket(socket.AF_UNIX); c.settimeout(5)\n"
             "    try: c.connect(sys.argv[1]); held.append(c)\n"
             "    except OSError: pass\n"
             "print('held', flush=True); sys.stdin.read(1)\n"
             "c = socket.socket(socket.AF_UNIX); c.settimeout(5); c.connect(sys.argv[1])\n"
             "c.sendall(b'GET /v1/self HTTP/1.1\\r\\nHost: berth\\r\\n\\r\\n'); print(c.recv(4096), flush=True)\n", s.app],
            user=NOBODY if ME == 0 else None, group=NOBODY if ME == 0 else None, extra_groups=[] if ME == 0 else None,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert child.stdout.readline() == "held\n"
        if ME == 0:
            assert ask(s.app, "GET", "/v1/self")[0] == 200
        assert ask(s.admin, "GET", "/v1/status")[0] == 200
        assert s.fds() < 60
        child.kill()
        child.wait()
        wait_for(lambda: s.fds() < 15)


def test_c132_one_connection_too_many_is_told_so():
    with Server(conns=2) as s:
        held = [Http(s.app), Http(s.app)]
        for c in held:
            assert c.ask("GET", "/v1/self")[0] == 200
        status, headers, body = ask(s.app, "GET", "/v1/self")
        assert status == 429 and headers["retry-after"] == "1" and json.loads(body)["error"] == "E_QUOTA"
        held[0].close()
        wait_for(lambda: ask(s.app, "GET", "/v1/self")[0] == 200)
        held[1].close()


def test_c132_too_many_requests_are_429_with_retry_after():
    with Server(rate=5) as s:
        c = Http(s.app)
        n = 100             # at once, for a while later there may be more again
        c.send(b"GET /v1/self HTTP/1.1\r\nHost: berth\r\n\r\n" * n)
        answers = [c.answer() for _ in range(n)]
        assert [a[0] for a in answers[:10]] == [200] * 10
        status, headers, body = next(a for a in answers if a[0] != 200)
        assert status == 429 and headers["retry-after"] == "1" and json.loads(body)["error"] == "E_QUOTA"
        assert ask(s.admin, "GET", "/v1/status")[0] == 200
        wait_for(lambda: ask(s.app, "GET", "/v1/self")[0] == 200)
        c.close()


def test_c132_slow_writers_and_those_who_never_read_are_cut():
    with Server() as s:
        slow, mute, silent = Http(s.app), Http(s.app), Http(s.app)
        slow.send(b"GET /v1/self HTTP/1.1\r\n")
        mute.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        mute.s.setblocking(False)
        try:
            while True:             # pipelined, and the answers are never taken
                mute.s.send(b"GET /v1/self HTTP/1.1\r\nHost: berth\r\n\r\n" * 100)
        except BlockingIOError:
            pass

        def is_cut():
            time.sleep(0.5)
            try:
                slow.send(b"X")     # 2 bytes a second
            except OSError:
                return True
            assert ask(s.app, "GET", "/v1/self")[0] == 200
            return False
        wait_for(is_cut)
        assert silent.s.recv(1) == b""
        wait_for(lambda: s.fds() < 12)
        for c in slow, mute, silent:
            c.close()


def test_c089_without_descriptors_accepting_pauses_and_recovers():
    with Server(conns=64, nofile=24) as s:
        held = []
        for _ in range(40):
            held.append(Http(s.app, timeout=0.2))
        for c in held:
            c.close()
        wait_for(lambda: s.fds() < 12)
        assert ask(s.app, "GET", "/v1/self")[0] == 200


# ---- HTTP

def test_c133_sizes(server):
    path = "/v1/identities/web/present"
    body = {"audience": "a", "nonce": "n"}
    pad = 256 * 1024 - len(json.dumps(body)) 
    exact = json.dumps(body).encode() + b" " * pad
    assert len(exact) == 256 * 1024
    assert ask(server.app, "POST", path, exact)[0] == 200
    status, _, answer = ask(server.app, "POST", path, exact + b" ")
    assert status == 413 and json.loads(answer)["error"] == "E_SIZE"
    c = Http(server.app)
    c.send(b"POST /v1/identities/web/present HTTP/1.1\r\nHost: berth\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    c.send(chunk * 9 + b"0\r\n\r\n")
    assert c.answer()[0] == 413
    c.close()
    status, _, answer = ask(server.app, "GET", "/v1/self", extra=["X-Pad: " + "x" * 8000])
    assert status == 200
    assert ask(server.app, "GET", "/v1/self", extra=["X-Pad: " + "x" * 8200])[0] == 431
    assert ask(server.app, "GET", "/v1/self", extra=["X-Pad: " + "x" * 100000])[0] == 431


def test_c133_hosts(server):
    for host, want in (("berth", 200), ("localhost", 200), ("BERTH", 200), ("berth.evil.test", 400), ("", 400),
                       ("127.0.0.1", 400), ("berth:80", 400)):
        status, _, body = ask(server.app, "GET", "/v1/self", host=host)
        assert status == want, host
        assert status == 200 or json.loads(body)["error"] == "E_TYPE"
    assert ask(server.app, "GET", "/v1/self", extra=["Host: berth"])[0] == 400
    c = Http(server.app)
    c.send(b"GET /v1/self HTTP/1.1\r\n\r\n")
    assert c.answer()[0] == 400
    c.close()


def test_c133_paths_and_types(server):
    for path in ("/", "/v1", "/v1/self/", "/v1/none", "/v1/../v1/self", "/v1/%73elf"):
        assert ask(server.app, "GET", path)[0] == 404, path
    assert ask(server.app, "GET", "/v1/secrets/wi%66i")[0] == 200
    assert ask(server.app, "GET", "/v1/secrets/wifi%00x")[0] == 400
    assert ask(server.app, "GET", "/v1/self?x=1")[0] == 200
    assert ask(server.admin, "GET", "/v1/audit?after=5")[0] == 200
    assert ask(server.admin, "GET", "/v1/audit?after=x")[0] == 400
    for body in ({"audience": 1, "nonce": "n"}, {"nonce": "n"}, [], {"audience": "a", "nonce": "n", "x": 1}):
        status, _, answer = ask(server.app, "POST", "/v1/identities/web/present", body)
        assert status == 400 and json.loads(answer)["error"] == "E_TYPE"
    status, _, answer = ask(server.app, "POST", "/v1/identities/web/present", b'{"nonce":"a","nonce":"b"}')
    assert status == 400 and json.loads(answer)["error"] == "E_JSON"


def test_c088_two_lengths_and_a_broken_chunk_are_no_second_request(server):
    for request in (
            b"POST /v1/identities/web/present HTTP/1.1\r\nHost: berth\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/self HTTP/1.1\r\nHost: berth\r\n\r\n",
            b"POST /v1/identities/web/present HTTP/1.1\r\nHost: berth\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"FFFFFFFFFFFFFFFF\r\nx\r\n0\r\n\r\nGET /v1/self HTTP/1.1\r\nHost: berth\r\n\r\n",
            b"POST /v1/identities/web/present HTTP/1.1\r\nHost: berth\r\nContent-Length: -1\r\n\r\n"
            b"GET /v1/self HTTP/1.1\r\nHost: berth\r\n\r\n"):
        c = Http(server.app)
        c.send(request)
        got = b""
        try:
            while more := c.s.recv(65536):
                got += more
        except (ConnectionResetError, TimeoutError):
            pass
        assert b'"principal":"tester","selectors"' not in got, got
        assert got == b"" or got.startswith(b"HTTP/1.1 4"), got
        c.close()


def test_c136_passed_descriptors_are_dropped(server):
    before = server.fds()
    c = Http(server.app)
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
    anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    for i in range(50):
        c.s.sendmsg([b"G" if i == 0 else b"ET /v1/self HTTP/1.1\r\nHost: berth\r\n" if i == 1 else b"X-%d: y\r\n" % i], anc)
    c.s.sendmsg([b"\r\n"], anc)
    # The stream is cut into pieces by them, which may cost this client its answer.
    try:
        assert c.answer()[0] == 200
    except (EOFError, ConnectionResetError):
        pass
    assert server.fds() <= before + 2       # the connection and its pidfd; none of 408
    assert ask(server.app, "GET", "/v1/self")[0] == 200
    c.close()
    for fd in fds:
        os.close(fd)


def test_c136_the_log_is_escaped():
    with Server() as s:
        assert ask(s.app, "GET", "/v1/secrets/%25n%25s")[0] == 403
        assert ask(s.app, "GET", "/v1/secrets/x%22%7D%5C")[0] == 403
        assert ask(s.app, "GET", "/v1/secrets/a%0Aforged%1b[1m")[0] == 400
        s.p.terminate()
        s.p.wait(PATIENCE_S)
        lines = [json.loads(line) for line in s.p.stderr.read().splitlines()]
        assert [line["event"] for line in lines] == ["api-denied"] * 2
        assert "secret:%n%s" in json.dumps(lines[0])
        assert 'secret:x"}\\' in "".join(str(v) for v in lines[1].values())


def test_head_and_keep_alive(server):
    c = Http(server.app)
    for _ in range(3):
        assert c.ask("GET", "/v1/self")[0] == 200
    assert c.ask("HEAD", "/v1/self")[0] == 405
    c.close()


def test_speed_of_one_connection(server):
    c = Http(server.app)
    n, start = 2000, time.monotonic()
    for _ in range(n):
        assert c.ask("GET", "/v1/self")[0] == 200
    print(f"measured: local API {n / (time.monotonic() - start):.0f} requests/s on one connection")
    c.close()
