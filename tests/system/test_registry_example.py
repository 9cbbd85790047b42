# SPDX-License-Identifier: Apache-2.0
"""A stranger's adapter: examples/registry-adapter, built elsewhere with the installed
header and nothing else of ours, against a registry over TLS."""
import json
import re
import shutil
import subprocess

import pytest

from cli import PATIENCE_S, ROOT, fails, ok
from registries import Server, configuration


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    folder.chmod(0o755)
    here = folder / "adapter"
    shutil.copytree(ROOT / "examples/registry-adapter", here)
    (folder / "include/berth").mkdir(parents=True)
    shutil.copy(ROOT / "include/berth/registry.h", folder / "include/berth")
    subprocess.run(["make", "-s", "-C", here, "BERTH_INCLUDE=%s/include" % folder, "CFLAGS=-Wall -Wextra -Werror -Wconversion"], check=True,
                   timeout=PATIENCE_S)
    used = subprocess.run(["nm", "-u", "-D", here / "example.so"], check=True, stdout=subprocess.PIPE).stdout.decode()
    assert "berth_" not in used
    return here / "example.so"


@pytest.fixture
def registry(tmp_path):
    tmp_path.chmod(0o755)
    s = Server(tmp_path, ("registry.test",))
    yield s
    s.close()


def test_made_up_documents(adapter, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "b.conf").write_text("[adapter x]\npath = %s\n" % adapter)
    assert ok("did", "resolve", "did:example:somebody", "--config", tmp_path / "b.conf")["didDocument"]["id"] == "did:example:somebody"
    fails("E_RESOLVE", "did", "resolve", "did:example:nobody", "--config", tmp_path / "b.conf")
    fails("E_DID", "did", "resolve", "did:example:Some_Body", "--config", tmp_path / "b.conf")
    (tmp_path / "b.conf").write_text("[adapter x]\npath = %s\nurl = https://a.test\nmore = 1\n" % adapter)
    fails("E_PLUGIN", "did", "resolve", "did:example:somebody", "--config", tmp_path / "b.conf")


def test_a_registry_over_tls(adapter, registry, tmp_path):
    conf = configuration(tmp_path, [(adapter, {"url": "https://registry.test:%d/dids/" % registry.port})], ["registry.test"], [registry])
    args = ("did", "resolve", "did:example:a-1", "--config", conf)
    registry.routes["/dids/a-1"] = json.dumps({"id": "did:example:a-1"})
    assert ok(*args)["didDocument"] == {"id": "did:example:a-1"}
    fails("E_RESOLVE", "did", "resolve", "did:example:b", "--config", conf)
    registry.routes["/dids/a-1"] = json.dumps({"id": "did:example:a-2"})
    fails("E_RESOLVE", *args)
    registry.routes["/dids/a-1"] = (302, {"Location": "/dids/a-2"}, "")
    fails("E_RESOLVE", *args)
    registry.routes["/dids/a-1"] = json.dumps({"id": "did:example:a-1", "x": "y" * (1 << 20)})
    fails("E_SIZE", *args)
    assert [path for _, path, _, _ in registry.seen] == ["/dids/a-1", "/dids/b"] + ["/dids/a-1"] * 3


def test_what_the_policy_refuses(adapter, registry, tmp_path):
    conf = configuration(tmp_path, [(adapter, {"url": "https://registry.test:%d/dids/" % registry.port})], ["registry.test"], [registry])
    conf.write_text(conf.read_text().replace("allow = 127.0.0.0/8\n", ""))
    fails("E_NETPOL", "did", "resolve", "did:example:a", "--config", conf)
    assert registry.seen == []


def test_the_guide_names_all_there_is():
    """Statuses, operations, phases and every function of both sides."""
    header = (ROOT / "include/berth/registry.h").read_text()
    guide = (ROOT / "docs/registry-adapters.md").read_text()
    names = re.findall(r"#define BERTH_REGISTRY_([A-Z_]+) \d", header)
    names += re.findall(r"^\t\w+ \(\*(\w+)\)\(", header, re.M) + ["version_id", "version_time", "deadline_ms", "max_bytes", "resource", "ttl_s"]
    assert len(names) > 30
    assert [n for n in names if not n.startswith("ABI_") and not re.search(r"\b%s\b" % n, guide)] == []
