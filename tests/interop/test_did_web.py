# SPDX-License-Identifier: Apache-2.0
"""did:web beside npm's web-did-resolver, before the same TLS server: the same documents
from the same URLs, and where we refuse what it takes."""
import json
import sys

import pytest

import peers

sys.path.insert(0, str(peers.ROOT / "tests/system"))
from registries import Server, configuration  # noqa: E402

FOLDER = peers.FOLDER / "web"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    folder.chmod(0o755)
    s = Server(folder)
    s.conf = configuration(folder, [("web", {})], servers=[s])
    yield s
    s.close()


@pytest.fixture(scope="module")
def theirs(site):
    peers.install(peers.HERE / "web", FOLDER)
    with pytest.MonkeyPatch.context() as m:
        m.setenv("NODE_EXTRA_CA_CERTS", str(site.pem))
        n = peers.Node("web.mjs", folder=FOLDER)
    yield n
    n.close()


def ask(site, theirs, did):
    """What each says, and which URL each asked for."""
    del site.seen[:]
    r = peers.berth("did", "resolve", did, "--config", site.conf, status=None)
    ours = json.loads(r.stdout)["didDocument"] if r.returncode == 0 else r.stderr.split()[1]
    our_paths = [path for _, path, _, _ in site.seen]
    del site.seen[:]
    answer = theirs.ask("resolve", did=did)
    return ours, answer.get("error") or answer["document"], our_paths, [path for _, path, _, _ in site.seen]


@pytest.mark.parametrize("path", ["", ":user", ":user:alice", ":a%20b", ":A.b-c_d", ":.well-known", ":%C3%BC"])
def test_the_same_document_of_the_same_url(site, theirs, path):
    did = "did:web:a.test%%3A%d%s" % (site.port, path)
    doc = {"@context": ["https://www.w3.org/ns/did/v1"], "id": did, "service": [
        {"id": did + "#s", "type": "LinkedDomains", "serviceEndpoint": "https://a.test"}]}
    site.routes.clear()
    url = "/%s/did.json" % path[1:].replace(":", "/") if path else "/.well-known/did.json"
    site.routes[url] = json.dumps(doc)
    ours, other, our_paths, their_paths = ask(site, theirs, did)
    assert ours == other == doc
    assert our_paths == their_paths == [url]


def test_neither_takes_another_s_document(site, theirs):
    did = "did:web:a.test%%3A%d" % site.port
    site.routes["/.well-known/did.json"] = json.dumps({"@context": [], "id": did + ":other"})
    assert ask(site, theirs, did)[:2] == ("E_RESOLVE:", "notFound")
    site.routes.clear()
    assert ask(site, theirs, did)[:2] == ("E_RESOLVE:", "notFound")


def test_what_we_refuse_and_it_asks_for(site, theirs):
    """Segments of dots, encoded separators, an address: it goes wherever the DID leads."""
    for did, path in (("did:web:a.test%%3A%d:x:..:y" % site.port, "/y/did.json"),
                      ("did:web:127.0.0.1%%3A%d" % site.port, None)):
        ours, _, our_paths, their_paths = ask(site, theirs, did)
        assert ours == "E_DID:" and our_paths == []
        assert path is None or their_paths == [path]
