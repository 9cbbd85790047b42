# SPDX-License-Identifier: Apache-2.0
"""What applications of an onboarded gateway get, each its own and no more, and what
somebody else can make of a presentation without any network."""
import json
import os
import subprocess
import sys

import pytest

from agents import ApiError
from cli import PATIENCE_S, fails, ok
from openapi import ask, check_answer, operations, public_folder

ME = os.geteuid()
OTHER, THIRD = 65534, 65533
ITEMS = {"wifi": b"psk=correct horse", "cloud": b"token=battery staple"}

pytestmark = pytest.mark.skipif(ME != 0, reason="needs three uids")


@pytest.fixture(scope="module")
def gw(world):
    g = world.gateway("GW-API", tpm=True,
                      principal_one={"uid": str(ME), "may": "self device identity:operational present:operational secret:wifi"},
                      principal_two={"uid": str(OTHER), "may": "self secret:cloud"})
    world.onboard(g, ITEMS)
    g.run_dir.chmod(0o755)      # what [api] group is for
    g.app_sock.chmod(0o666)
    return g


def as_uid(uid, g, *requests):
    """(status, answer) of GETs (a path) and POSTs (path, body) that another user makes."""
    code = ("import json, os, sys\nfrom openapi import ask\n"
            "for r in json.loads(sys.argv[2]):\n"
            "    path, body = r if isinstance(r, list) else (r, None)\n"
            "    s, h, b = ask(sys.argv[1], 'POST' if body is not None else 'GET', path, body)\n"
            "    print(json.dumps([s, json.loads(b)]))\n")
    here = public_folder()
    r = subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", sys.executable, "-c",
                        f"import sys; sys.path.insert(0, {here!r})\n" + code, str(g.app_sock), json.dumps(requests)],
                       stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE_S)
    return [json.loads(line) for line in r.stdout.splitlines()]


def test_each_user_sees_its_own_items(gw):
    one = {i["id"] for i in gw.app("/v1/secrets")}
    (status, two), (_, text), (denied, why) = as_uid(OTHER, gw, "/v1/secrets", "/v1/secrets/cloud", "/v1/secrets/wifi")
    assert one == {"wifi"} and status == 200 and {i["id"] for i in two} == {"cloud"}
    assert gw.app("/v1/secrets/wifi")["text"].encode() == ITEMS["wifi"] and text["text"].encode() == ITEMS["cloud"]
    assert denied == 403 and (why["error"], why["principal"], why["missing"]) == ("E_AUTHZ", "two", "secret:wifi")
    with pytest.raises(ApiError) as e:
        gw.app("/v1/secrets/cloud")
    assert (e.value.status, e.value.answer["principal"], e.value.answer["missing"]) == (403, "one", "secret:cloud")


def test_deny_by_default(gw):
    """Somebody whom no section names has no right at all, and is told that."""
    present = ["/v1/identities/operational/present", {"audience": "did:example:v", "nonce": "n"}]
    paths = ["/v1/device", "/v1/identities/operational", "/v1/secrets/wifi", present]
    for status, answer in as_uid(THIRD, gw, *paths):
        assert status == 403 and answer["error"] == "E_AUTHZ" and answer["principal"] in (None, ""), answer
        assert answer["missing"], answer
    for (status, answer), missing in zip(as_uid(THIRD, gw, "/v1/secrets", "/v1/identities"), ("secret:", "identity:")):
        assert status == 403 and answer["missing"] == missing, answer
    for status, answer in as_uid(OTHER, gw, *paths):
        assert status == 403 and answer["principal"] == "two", answer


def test_an_unknown_name_is_no_oracle(gw):
    """Without the grant an item that exists and one that does not look the same."""
    (a, one), (b, other) = as_uid(THIRD, gw, "/v1/secrets/wifi", "/v1/secrets/none")
    assert a == b == 403 and one["message"] == other["message"]


def test_p9_the_factory_did_is_not_on_app_sock(gw):
    """P9: nothing that an application can ask names the factory identity or its chain."""
    factory = gw.status()["factoryDid"]
    tip = gw.status()["chainTip"]
    assert factory.startswith("did:peer:4")
    seen = 0
    for method, path, op in operations():
        if "x-stream" in op:    # test_watch.py
            continue
        if "app" not in op["x-socket"]:
            continue
        path = path.replace("{name}", "operational").replace("{id}", "wifi")
        body = {"audience": "https://verifier.test", "nonce": "n-1"} if method == "POST" else None
        status, headers, raw = ask(gw.app_sock, method, path, body)
        text = check_answer(op, status, headers, raw)
        seen += status == 200
        assert factory not in json.dumps(text) and tip not in json.dumps(text), path
        if "presentation" in text:
            import base64
            for part in text["presentation"].split(".")[:2]:
                assert factory.encode() not in base64.urlsafe_b64decode(part + "==")
    assert seen >= 6
    with pytest.raises(ApiError) as e:
        gw.app("/v1/identities/factory")
    assert e.value.status == 403


def test_a_presentation_is_verified_offline(world, gw, tmp_path):
    """By a program that has no daemon: for its nonce and audience only (C129's kin), and
    for an owner that it trusts."""
    me = gw.app("/v1/identities/operational")
    owner = world.owner.identity("owner")
    token = gw.app("/v1/identities/operational/present", {"audience": "https://verifier.test", "nonce": "nonce-1"})
    file = tmp_path / "vp"
    file.write_text(token["presentation"])
    check = ("vp", "verify", "--offline", "--domain", "https://verifier.test")
    report = ok(*check, "--challenge", "nonce-1", "--trust", owner["did"], str(file))
    assert report["verified"] is True and report["checks"]["signature"] == "passed", report
    assert report["checks"]["issuer"] == "passed" and me["did"] in json.dumps(report), report
    fails("E_HOLDER", *check, "--challenge", "nonce-2", str(file))
    fails("E_HOLDER", "vp", "verify", "--offline", "--domain", "https://other.test", "--challenge", "nonce-1", str(file))
    stranger = world.rv.identity("rendezvous")["did"]
    fails("E_AUTHZ", *check, "--challenge", "nonce-1", "--trust", stranger, str(file))
    head, body, sig = token["presentation"].split(".")
    file.write_text(".".join([head, body, ("A" if sig[0] != "A" else "B") + sig[1:]]))
    fails("E_SIG", *check, "--challenge", "nonce-1", str(file))


def test_admin_sock_is_the_operators(gw):
    code = "import socket, sys\ntry: socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print('in')\nexcept PermissionError: print('no')\n"
    r = subprocess.run(["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups", sys.executable, "-c", code,
                        str(gw.admin_sock)], stdout=subprocess.PIPE, text=True, check=True)
    assert r.stdout == "no\n"
