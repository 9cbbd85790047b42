# SPDX-License-Identifier: Apache-2.0
"""Forwards both ways between `berth didcomm` and didcomm-node, over didcomm-rust's own
people: bob behind one mediator, charlie behind a DID for an endpoint and two routing keys."""
import json
import subprocess

import pytest

from peers import BUILD, FOLDER, PATIENCE_S, ROOT

RUST = ROOT / "tests/vectors/didcomm-rust"
PEOPLE = ("alice", "bob", "charlie", "mediator1", "mediator2", "mediator3")
WAYS = {  # who opens it, and whom that is to be sent to
    "bob": [("mediator1", "did:example:bob")],
    "charlie": [("mediator3", "did:example:mediator2#key-x25519-1"), ("mediator2", "did:example:mediator1#key-x25519-1"),
                ("mediator1", "did:example:charlie")],
}


def node_doc(doc):
    """As didcomm-node wants it: references, and one endpoint a service."""
    refs = {r: [k if isinstance(k, str) else k["id"] for k in doc.get(r, [])] for r in ("keyAgreement", "authentication")}
    services = [dict(s, serviceEndpoint=s["serviceEndpoint"][0]) for s in doc.get("service") or []]
    return {"id": doc["id"], "verificationMethod": doc.get("verificationMethod", []), "service": services, **refs}


@pytest.fixture(scope="module")
def world():
    folder = FOLDER / "forward"
    folder.mkdir(exist_ok=True)
    docs, everybody = [], []
    for name in PEOPLE:
        docs.append(node_doc(json.loads((RUST / "diddocs" / (name + ".json")).read_text())))
        keys = [{"id": k["kid"], "type": k["type"], "privateKeyJwk": k["privateKeyJwk"]}
                for k in json.loads((RUST / "secrets" / (name + ".json")).read_text())]
        (folder / (name + ".json")).write_text(json.dumps(keys))
        everybody += keys
    (folder / "world.json").write_text(json.dumps({"docs": docs, "secrets": everybody}))
    return folder


def node(folder, **q):
    r = subprocess.run(["node", "didcomm_forward.mjs", folder.relative_to(FOLDER) / "world.json"], cwd=FOLDER, input=json.dumps(q), text=True,
                       capture_output=True, timeout=PATIENCE_S)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def berth(folder, name, verb, *args, stdin):
    r = subprocess.run([BUILD / "bin/berth", "didcomm", verb, *args, "--secrets", folder / (name + ".json"),
                        "--did-docs", RUST / "diddocs"], input=stdin, text=True, capture_output=True, timeout=PATIENCE_S)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def message(to):
    return {"id": "m-1", "typ": "application/didcomm-plain+json", "type": "https://example.com/p/1.0/m",
            "from": "did:example:alice", "to": ["did:example:" + to], "body": {"n": 1}}


@pytest.mark.parametrize("to", WAYS)
def test_theirs_is_opened_by_each_mediator_of_ours(world, matrix, to):
    theirs = node(world, pack=message(to), to="did:example:" + to, **{"from": "did:example:alice"})
    assert theirs["endpoint"] == "http://example.com/path"
    packed = theirs["packed"]
    for name, behind in WAYS[to]:
        out = berth(world, name, "unpack", stdin=packed)
        assert out["message"]["type"] == "https://didcomm.org/routing/2.0/forward"
        assert out["message"]["body"]["next"] == behind
        packed = json.dumps(out["message"]["attachments"][0]["data"]["json"])
    out = berth(world, to, "unpack", stdin=packed)
    assert out["message"] == message(to) and out["metadata"]["authenticated"]
    matrix.message("didcomm-node 0.4.1", "they to us", f"authcrypt in {len(WAYS[to])} forwards", "X25519", "A256CBC-HS512")


@pytest.mark.parametrize("to", WAYS)
def test_ours_is_opened_by_each_mediator_of_theirs(world, matrix, to):
    ours = berth(world, "alice", "pack", "--from", "did:example:alice", "--to", "did:example:" + to,
                 stdin=json.dumps(message(to)))
    out = node(world, open=json.dumps(ours))
    assert out["nexts"] == [behind for _, behind in WAYS[to]]
    assert out["message"]["id"] == "m-1" and out["authenticated"]
    matrix.message("didcomm-node 0.4.1", "we to them", f"authcrypt in {len(WAYS[to])} forwards", "X25519", "A256CBC-HS512")
