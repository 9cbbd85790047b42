# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml against berthd itself: a blank gateway, and an owner that is
its own factory, with keys in sealed files.  What needs an onboarded device is in
the onboarding tests; here every answer must be documented, refusals too."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cli import PATIENCE_S  # noqa: E402
from openapi import ask, check_answer, deref, operations  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))

CONF = """
[agent]
role = {role}
name = api test
state-dir = {dir}/state
run-dir = {dir}/run
log-format = json
[keystore main]
uri = soft:{dir}/keys
passphrase-file = {dir}/passphrase
[principal me]
uid = {me}
may = self device identity:* present:* secret:* cert:* key:*
"""


class Daemon:
    def __init__(self, role):
        self.tmp = tempfile.TemporaryDirectory(prefix="berth.")
        d = pathlib.Path(self.tmp.name)
        (d / "passphrase").write_text("correct horse battery staple")
        os.chmod(d / "passphrase", 0o600)
        (d / "berth.conf").write_text(CONF.format(role=role, dir=d, me=os.geteuid()))
        os.chmod(d / "berth.conf", 0o600)
        self.app, self.admin, self.log = str(d / "run/app.sock"), str(d / "run/admin.sock"), d / "log"
        self.p = subprocess.Popen([str(BUILD / "bin/berthd"), "--config", str(d / "berth.conf")],
                                  stderr=self.log.open("w"), stdout=subprocess.DEVNULL)

    def ready(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            assert self.p.poll() is None, self.log.read_text()
            try:
                if ask(self.admin, "GET", "/v1/status")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self):
        self.p.terminate()
        try:
            assert self.p.wait(PATIENCE_S) == 0, self.log.read_text()
        finally:
            self.p.kill()
            self.tmp.cleanup()


@pytest.fixture(scope="module", params=["gateway", "owner, factory", "rendezvous"])
def daemon(request):
    d = Daemon(request.param)
    try:
        yield d.ready()
    finally:
        d.stop()


def test_every_answer_is_a_documented_one(daemon):
    statuses = set()
    for method, path, op in operations():
        if "x-stream" in op:    # test_watch.py
            continue
        body = deref(op.get("requestBody"))
        example = body["content"]["application/json"].get("example") if body else None
        for name in op["x-socket"]:
            filled = path.replace("{name}", "factory").replace("{id}", "none")
            status, headers, answer = ask(getattr(daemon, name), method, filled, example)
            try:
                check_answer(op, status, headers, answer)
            except AssertionError as e:
                raise AssertionError(f"{method} {path} on {name}: {status} {answer}: {e}")
            assert status != 500, (method, path, answer)
            statuses.add(status)
    assert 200 in statuses


def test_c133_bad_bodies_never_reach_the_agent(daemon):
    for method, path, op in operations():
        if "x-stream" in op:    # test_watch.py
            continue
        body = deref(op.get("requestBody"))
        schema = body["content"]["application/json"]["schema"] if body else {}
        if schema.get("additionalProperties") is not False:
            continue
        filled = path.replace("{name}", "factory").replace("{id}", "none")
        for bad in ({"nobody-knows-this": 1}, [1], b"{", b'{"a":1,"a":1}'):
            status, headers, answer = ask(getattr(daemon, op["x-socket"][-1]), method, filled, bad)
            value = check_answer(op, status, headers, answer)
            assert status == 400 and value["error"] in ("E_TYPE", "E_JSON"), (path, bad, answer)
