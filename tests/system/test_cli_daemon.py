# SPDX-License-Identifier: Apache-2.0
"""`berth` and its answers from the admin socket, given here by a server that can
also misbehave.  The same commands against real daemons: test_demo.py."""
import json
import os
import pty
import socket
import subprocess
import threading

import pytest

from cli import BERTH, PATIENCE_S, fails, ok, raw

STATUS = {"state": "OPERATIONAL", "generation": 2, "epoch": 0, "factoryDid": "did:peer:4zF", "operationalDid": "did:peer:4zO",
          "ownerDid": "did:peer:4zW", "chainTip": "C_1b", "assurance": "hardware",
          "health": {"state": "degraded", "rollback_protection": "tpm", "reasons": ["clock: untrusted", "other"]},
          "onboarding": {"ms": 388, "bytes": 65885}, "queue": {"out": 1, "in": 8, "dead": 0}}


def http(body, status=200, head=b""):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n" % (status, head, len(body)) + body


class Daemon:
    """Answers each request with the next of the given bytes; remembers the requests."""

    def __init__(self, path, *answers):
        self.path, self.answers, self.seen = str(path), list(answers), []
        self.s = socket.socket(socket.AF_UNIX)
        self.s.bind(self.path)
        self.s.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        for answer in self.answers:
            c, _ = self.s.accept()
            data = b""
            while b"\r\n\r\n" not in data:
                data += c.recv(65536)
            head, body = data.split(b"\r\n\r\n", 1)
            want = [int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")]
            while want and len(body) < want[0]:
                body += c.recv(65536)
            self.seen.append((head.split(b"\r\n")[0].decode(), json.loads(body) if body else None))
            try:
                c.sendall(answer)
            except OSError:
                pass
            c.close()


@pytest.fixture
def daemon(tmp_path):
    return lambda *answers: Daemon(tmp_path / "admin.sock", *answers)


def at(d, *args):
    return (args[0], "--socket", d.path, *args[1:])


# ---- the frame ----

def test_no_daemon_is_e_unavailable(tmp_path):
    fails("E_UNAVAILABLE", "status", "--socket", tmp_path / "none")
    fails("E_UNAVAILABLE", "--socket", tmp_path / "none", "--json", "status")
    fails("E_UNAVAILABLE", "status", env={"BERTH_SOCKET": str(tmp_path / "none")})
    fails("E_USAGE", "status", "--socket", "x" * 200)


def test_socket_from_option_environment_and_leading_option(daemon):
    d = daemon(*[http(STATUS)] * 3)
    assert ok("--socket", d.path, "--json", "status") == STATUS
    assert ok("status", "--json", env={"BERTH_SOCKET": d.path}) == STATUS
    assert ok("status", "--socket=" + d.path, "--pretty") == STATUS
    assert [s[0] for s in d.seen] == ["GET /v1/status HTTP/1.1"] * 3


@pytest.mark.parametrize("code,status", [("E_AUTHZ", 403), ("E_SIZE", 413), ("E_QUOTA", 429), ("E_KEYSTORE", 503),
                                         ("E_NOMATCH", 404), ("E_INTERNAL", 500), ("E_SDJWT", 400)])
def test_an_error_of_the_api_is_the_same_error_here(daemon, code, status):
    d = daemon(http({"error": code, "message": "line one\nline \u001b[2J two", "principal": None, "missing": None}, status))
    _, line = fails(code, *at(d, "status"))
    assert "line one?line ?[2J two" in line


def test_a_denial_says_what_is_missing(daemon):
    d = daemon(http({"error": "E_AUTHZ", "message": "lacks the right", "principal": "web", "missing": "secret:wifi"}, 403))
    assert "lacks the right: secret:wifi" in fails("E_AUTHZ", *at(d, "status"))[1]


GOOD = http(STATUS)


@pytest.mark.parametrize("answer", [
    b"", b"garbage\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n{}", b"HTTP/1.1 2x0 OK\r\n\r\n{}", b"HTTP/1.1 20", GOOD[:-1], GOOD + b" ",
    GOOD.replace(b"Content-Length: ", b"Content-Length: x"), GOOD.replace(b"Content-Length:", b"Content-Length: 9999999999 #"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", http({"error": "E_NONSENSE"}, 500), http(b"<html>", 502),
    b"HTTP/1.1 200 OK" + b"\r\nX: y" * 4000 + b"\r\n\r\n{}",
])
def test_what_is_no_answer_is_e_unavailable(daemon, answer):
    fails("E_UNAVAILABLE", *at(daemon(answer), "status"))


def test_every_truncation_is_e_unavailable(tmp_path):
    for n in range(0, len(GOOD), 7):
        path = tmp_path / str(n)
        fails("E_UNAVAILABLE", *at(Daemon(path, GOOD[:n]), "status"))


def test_the_cap_on_answers(daemon):
    fits = json.dumps(["x" * 1000] * 4000).encode()
    d = daemon(http(fits), http(b'"' + b"x" * (5 << 20) + b'"'))
    assert len(ok("devices", "list", "--json", "--socket", d.path)) == 4000
    fails("E_SIZE", "devices", "list", "--json", "--socket", d.path)


def test_an_answer_that_is_not_strict_json_is_e_json(daemon):
    fails("E_JSON", *at(daemon(http(b'{"a":1,"a":2}')), "status"))


def test_delegate_and_rotate(daemon, tmp_path):
    chain = {"deviceCredential": "a.b.c", "entries": [], "delegation": "d.e.f"}
    d = daemon(http(chain), http({"state": "RENEWING"}), http({"state": "READY", "devices": 3}))
    raw("devices", "delegate", "a/b", "--to", "did:x:y", "--until", "2027-01-01T00:00:00Z", "--out", tmp_path / "c",
        "--socket", d.path)
    assert d.seen[-1] == ("POST /v1/devices/a%2Fb/delegate HTTP/1.1", {"to": "did:x:y", "until": "2027-01-01T00:00:00Z"})
    assert json.loads((tmp_path / "c").read_text()) == chain
    assert raw("rotate", "--socket", d.path).decode().split() == ["state", "RENEWING"]
    assert d.seen[-1] == ("POST /v1/rotate HTTP/1.1", {})
    assert raw("rotate", "--socket", d.path).decode().split() == ["state", "READY", "devices", "3"]


def test_letting_a_device_go(daemon, tmp_path):
    chain = {"deviceCredential": "a.b.c", "entries": ["d.e.f"], "docs": {}}
    d = daemon(http({"state": "TRANSFERRING"}), http({"state": "TRANSFERRING"}), http({"state": "TRANSFERRED", "chain": chain}),
               http({"state": "TRANSFERRED", "receipt": "r.s.t"}), http({"state": "ACTIVE"}))
    at = ("--socket", d.path)
    assert raw("devices", "transfer", "a/b", "--to", "did:x:y", *at).decode() == "a/b is TRANSFERRING\n"
    assert d.seen[-1] == ("POST /v1/devices/a%2Fb/transfer HTTP/1.1", {"to": "did:x:y"})
    raw("devices", "transfer", "a", "--to", "did:x:y", "--out", tmp_path / "c", *at)     # asked again until it is there
    assert json.loads((tmp_path / "c").read_text()) == chain
    fails("E_USAGE", "devices", "transfer", "a", "--out", tmp_path / "d", *at)
    assert not (tmp_path / "d").exists()
    raw("devices", "transfer", "a", "--cancel", *at)
    assert d.seen[-1][1] == {"cancel": True}
    for wait in ("-1", "x", "1e9", "86401"):
        fails("E_USAGE", "devices", "transfer", "a", "--wait", wait, *at)


def test_the_end_of_a_device(daemon, tmp_path):
    dead = {"state": "RETIRED", "receipt": "r.s.t", "deviceCredential": "a.b.c"}
    (tmp_path / "receipt").write_text("r.s.t\n")
    d = daemon(http({"state": "RETIRING"}), http(dead), http(dead), http({"state": "RETIRING"}), http({"state": "OPERATIONAL"}))
    at = ("--socket", d.path)
    fails("E_UNAVAILABLE", "devices", "retire", "a", "--clear-tpm", "--out", tmp_path / "t", "--wait", "0", *at)
    assert d.seen[-1] == ("POST /v1/devices/a/retire HTTP/1.1", {"clearTpm": True})
    raw("devices", "retire", "a", "--receipt", tmp_path / "receipt", "--out", tmp_path / "t", *at)
    assert [s[1] for s in d.seen[-2:]] == [{"receipt": "r.s.t"}, {}]
    assert json.loads((tmp_path / "t").read_text()) == dead
    raw("consent", *at)
    assert d.seen[-1] == ("POST /v1/release-consent HTTP/1.1", {"consent": True})
    raw("consent", "--refuse", *at)
    assert d.seen[-1][1] == {"consent": False}


# ---- the commands ----

def test_status_for_people(daemon):
    text = raw(*at(daemon(http(STATUS)), "status")).decode()
    assert "state                OPERATIONAL\n" in text and "clock: untrusted; other" in text
    assert "388 ms, 65885 bytes" in text and "1 to send, 8 received, 0 given up" in text


def test_what_a_terminal_would_obey_is_not_printed(daemon):
    d = daemon(http([{"serial": "\u001b]0;x\u0007", "model": "\u009b2J", "state": "BORN", "device": "d"}]))
    assert b"?]0;x?" in raw("devices", "list", "--socket", d.path)


def test_people_see_the_short_form_of_a_did(daemon):
    d = daemon(http(dict(STATUS, ownerDid="did:peer:4zShort:zLongAndLonger")), http(dict(STATUS, ownerDid="did:peer:4zShort")))
    assert b"owner                did:peer:4zShort\n" in raw(*at(d, "status"))
    assert b"owner                did:peer:4zShort\n" in raw(*at(d, "status"))


def test_onboard_bodies(daemon, tmp_path):
    (tmp_path / "inv").write_text('{"blob":"b","package":{}}')
    d = daemon(*[http({"state": "SEEKING"})] * 5)
    for args, body in [((), {}), (("--dry-run",), {"dryRun": True}), (("--accept-tip", "T"), {"acceptTip": "T"}),
                       (("--abandon", "S"), {"abandon": "S"}),
                       (("--invitation", str(tmp_path / "inv")), {"invitation": {"blob": "b", "package": {}}})]:
        assert b"SEEKING" in raw(*at(d, "onboard", *args))
        assert d.seen[-1] == ("POST /v1/onboard HTTP/1.1", body)
    fails("E_USAGE", "onboard", "--dry-run", "--abandon", "S")
    (tmp_path / "inv").write_text("[]")
    fails("E_TYPE", "onboard", "--invitation", tmp_path / "inv")
    fails("E_USAGE", "onboard", "--invitation", tmp_path / "none")


def test_provision_bodies(daemon, tmp_path):
    (tmp_path / "f").write_bytes(b"\x00\xff=")
    d = daemon(http({}), http({}))
    raw(*at(d, "provision", "GW-1", "--item", "a=%s" % (tmp_path / "f"), "--item", "b=%s" % (tmp_path / "f"), "--type", "network"))
    assert [s[1] for s in d.seen] == [{"device": "GW-1", "id": i, "data": "AP89", "type": "network"} for i in "ab"]
    for bad in ("a", "=f", "a="):
        fails("E_USAGE", "provision", "GW-1", "--item", bad)
    fails("E_USAGE", "provision", "GW-1")


def test_sell_import_and_invite_files(daemon, tmp_path):
    d = daemon(http({"docs": {}, "entries": []}), http({"chain": {"docs": {}}}), http({"device": "d"}), http({"device": "d"}),
               http({"error": "E_VC", "message": "no", "principal": "admin", "missing": None}, 403), http({"blob": "x"}))
    out = tmp_path / "chain"
    raw("devices", "sell", "GW-1", "--to", "did:x:y", "--out", out, "--socket", d.path)
    assert json.loads(out.read_text()) == {"docs": {}, "entries": []} and out.stat().st_mode & 0o777 == 0o600
    raw("devices", "sell", "GW-1", "--to", "did:x:y", "--out", out, "--socket", d.path)
    assert json.loads(out.read_text()) == {"docs": {}}
    assert len(ok("devices", "import", out, out, "--json", "--socket", d.path)) == 2
    assert d.seen[-1] == ("POST /v1/devices/import HTTP/1.1", {"chain": {"docs": {}}})
    fails("E_VC", "devices", "import", out, out, "--socket", d.path)
    raw("invite", "--device", "a/b c", "--out", tmp_path / "inv", "--socket", d.path)
    assert d.seen[-1][0] == "POST /v1/devices/a%2Fb%20c/invite HTTP/1.1"
    assert json.loads((tmp_path / "inv").read_text()) == {"blob": "x"}
    fails("E_USAGE", "invite", "--device", "x")


def test_progress_bar_on_a_terminal(daemon, tmp_path):
    (tmp_path / "c").write_text("{}")
    d = daemon(*[http({})] * 3)
    top, sub = pty.openpty()
    r = subprocess.run([BERTH, "devices", "import", *[str(tmp_path / "c")] * 3, "--socket", d.path], stdout=subprocess.PIPE,
                       stderr=sub, timeout=PATIENCE_S)
    os.close(sub)
    assert r.returncode == 0 and r.stdout == b"imported: 3\n"
    assert b"3/3" in os.read(top, 65536)


@pytest.mark.parametrize("size,says", [(10, b""), (4000, b"too many for a QR code")])
def test_invite_qr(daemon, tmp_path, size, says):
    d = daemon(http({"blob": "x" * size}))
    out = raw("invite", "--device", "d", "--out", tmp_path / "inv", "--qr", "--socket", d.path)
    assert says in out and "█▀".encode() in out


def test_ping_waits_for_its_own_answer(daemon):
    d = daemon(http({"thid": "t2"}), http([{"did": "did:x:o", "thid": "t1"}]), http([{"did": "did:x:o", "thid": "t2"}]))
    assert b"pong from did:x:o after " in raw(*at(d, "ping", "--to", "did:x:o"))
    assert d.seen[0] == ("POST /v1/ping HTTP/1.1", {"to": "did:x:o"}) and len(d.seen) == 3


def test_how_long_a_peer_is_waited_for(daemon):
    for words in (("ping",), ("connect", "https://a.test/?_oob=e30"), ("discover", "did:x:o")):
        for bad in ("-1", "x", "86401"):
            fails("E_USAGE", *words, "--wait", bad, "--socket", "/nonexistent")
        fails("E_UNAVAILABLE", *words, "--wait", 86400, "--socket", "/nonexistent")     # the twin: nobody is there
    d = daemon(http({"thid": "t"}), http([]), http({"peer": "did:x:o"}), http([]))
    assert "no answer within 0 s" in fails("E_UNAVAILABLE", *at(d, "ping", "--wait", 0))[1]
    assert "no answer within 0 s" in fails("E_UNAVAILABLE", "discover", "did:x:o", "--wait", 0, "--socket", d.path)[1]
    assert len(d.seen) == 4 and not d.answers[4:]


def test_audit(daemon):
    d = daemon(http([{"seq": 1, "time": 1764000000, "event": "e", "detail": "d"}]), http([]), http({"verified": True, "rows": 7}))
    assert raw(*at(d, "audit")) == b"    1  2025-11-24T16:00:00Z  e  d\n"
    assert raw("audit", "verify", "--socket", d.path) == b"the chain of 7 rows holds\n"
    fails("E_USAGE", "audit", "nonsense")


def test_lists_for_people(daemon):
    d = daemon(http([]), http([]), http([{"name": "owner", "did": "did:x:o"}]), http([]),
               http({"device": "d", "state": "BORN"}))
    assert raw("devices", "list", "--socket", d.path) == b"no devices\n"
    assert raw(*at(d, "peers")) == b"no peer yet\n"
    assert raw(*at(d, "identity")) == b"NAME   DID\nowner  did:x:o\n"
    assert raw(*at(d, "credentials")) == b"no credential yet\n"
    assert b"state            BORN\n" in raw("devices", "show", "d", "--socket", d.path)


QUEUES = {
    "queue": {"out": 4, "in": 17, "dead": 1},
    "peers": [
        {"peer": "did:x:a", "messages": 3, "bytes": 900, "held": 0, "onTheWay": 0, "oldestSeconds": 7300, "nextTrySeconds": 61,
         "silentSeconds": 7200, "tries": 9, "error": "connection refused"},
        {"peer": "did:x:b", "messages": 1, "bytes": 30, "held": 1, "onTheWay": 0, "oldestSeconds": 12, "nextTrySeconds": None,
         "silentSeconds": None, "tries": 0, "error": ""},
        {"peer": "did:x:c", "messages": 2, "bytes": 60, "held": 0, "onTheWay": 1, "oldestSeconds": 1, "nextTrySeconds": 0,
         "silentSeconds": None, "tries": 0, "error": "the peer is busy"}],
    "messages": [{"id": f"m{i}", "peer": "did:x:a", "thid": "t", "bytes": 300, "held": False, "ageSeconds": 7300,
                  "givenUpInSeconds": 590000, "tries": 0, "error": ""} for i in range(3)],
    "dead": [{"id": "gone", "peer": "did:x:c", "thid": "t", "reason": "not delivered in time", "agoSeconds": 200000}],
}


def test_messages_for_people(daemon):
    d = daemon(http(QUEUES), http(QUEUES), http(QUEUES))
    assert raw(*at(d, "messages")).decode() == (
        "4 to send, 17 received, 1 given up\n"
        "WAITING FOR  MESSAGES  BYTES  HELD  OLDEST  NEXT TRY      WHY\n"
        "did:x:a      3         900    0     2 h     in 61 s       connection refused (9 tries)\n"
        "did:x:b      1         30     1     12 s    when it asks  -\n"
        "did:x:c      2         60     0     1 s     on the way    the peer is busy\n"
        "GIVEN UP  PEER     WHEN     REASON\n"
        "gone      did:x:c  2 d ago  not delivered in time\n")
    out = raw(*at(d, "messages", "--peer", "did:x:a")).decode()
    assert "ID  BYTES  AGE  TRIES  GIVEN UP  WHY\nm0  300    2 h  0      in 6 d    -\nm1 " in out and "gone" not in out
    assert json.loads(raw(*at(d, "messages", "--json"))) == QUEUES


def test_messages_retry_and_drop(daemon):
    d = daemon(http({"messages": 3}), http({"messages": 1}), http({"messages": 1}))
    assert raw("messages", "retry", "--peer", "did:x:a", "--socket", d.path) == b"tried now: 3\n"
    assert d.seen[-1] == ("POST /v1/messages/retry HTTP/1.1", {"peer": "did:x:a"})
    assert raw("messages", "drop", "m1", "--socket", d.path) == b"dropped: 1\n"
    assert d.seen[-1] == ("POST /v1/messages/drop HTTP/1.1", {"id": "m1"})
    assert json.loads(raw("messages", "drop", "m1", "--json", "--socket", d.path)) == {"messages": 1}
    for wrong in (["retry"], ["drop", "m1", "--peer", "did:x:a"], ["nonsense"], ["retry", "a", "b"]):
        fails("E_USAGE", "messages", *wrong, "--socket", d.path)
    for words in (["messages"], ["messages", "drop"]):
        assert b"examples:\n  berth messages" in raw(*words, "--help")


# ---- who is root reads and deletes nothing because a daemon says so ----

def test_a_backup_takes_the_snapshot_and_no_other_file(daemon, tmp_path):
    state, other, secret = tmp_path / "state", tmp_path / "other", tmp_path / "passphrase"
    state.mkdir()
    conf = tmp_path / "berth.conf"
    conf.write_text(f"[agent]\nstate-dir = {state}\n")
    conf.chmod(0o600)
    secret.write_text("correct horse battery staple")
    secret.chmod(0o600)
    other.write_text("somebody else's")
    snapshot = state / "berth.db.snapshot"
    snapshot.write_text("a store")
    linked = state / "linked"
    linked.symlink_to(other)
    d = daemon(*[http({"snapshot": str(p), "generation": 1}) for p in (other, linked, state / ".." / "other", snapshot, snapshot, snapshot)])
    order = at(d, "backup", tmp_path / "out", "--passphrase-file", secret, "--config", conf)
    for _ in range(3):
        fails("E_TYPE", *order)
    assert other.read_text() == "somebody else's" and linked.is_symlink() and snapshot.exists()
    raw(*order)
    assert not snapshot.exists() and (tmp_path / "out").read_bytes()[:8] == b"BERTHBAK"
    snapshot.symlink_to(other)
    fails("E_STORE", *order)
    assert other.read_text() == "somebody else's"
    os.mkfifo(snapshot)
    fails("E_STORE", *order)
    assert not snapshot.exists()
