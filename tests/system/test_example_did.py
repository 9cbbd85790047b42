# SPDX-License-Identifier: Apache-2.0
"""examples/did_resolve.c, built as a stranger would: the installed headers, -lberth."""
import json
import os
import subprocess

import pytest

from cli import BUILD, ROOT

DID = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"
JWK = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    lib = tmp_path_factory.mktemp("example")
    exe = lib / "did_resolve"
    (lib / "libberth.so.0").symlink_to(BUILD / "lib" / "libberth.so")   # as installing does
    subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "-o", str(exe),
                    str(ROOT / "examples/did_resolve.c"), f"-L{BUILD}/lib", "-lberth"], check=True)

    def run(*args, stdin=""):
        return subprocess.run([str(exe), *args], input=stdin, text=True, capture_output=True,
                              env=dict(os.environ, LD_LIBRARY_PATH=str(lib)))
    return run


def test_resolves(example):
    r = example(DID)
    assert r.returncode == 0 and r.stderr == ""
    assert json.loads(r.stdout)["didDocument"]["id"] == DID


def test_makes_dids_from_a_jwk(example):
    assert example("key", stdin=JWK).stdout == DID + "\n"
    peer = example("peer", stdin=JWK).stdout.strip()
    assert peer.startswith("did:peer:4zQm")
    assert json.loads(example(peer).stdout)["didDocument"]["id"] == peer


def test_says_what_is_wrong(example):
    r = example("did:web:example.com")
    assert r.returncode == 3 and r.stderr.startswith("E_DID: ")
    assert json.loads(r.stdout)["didResolutionMetadata"] == {"error": "methodNotSupported"}
    r = example("key", stdin="{}")
    assert r.returncode == 3 and r.stderr.startswith("E_KEY: ") and r.stdout == ""
    assert example().returncode == 2


def test_the_header_is_also_c_plus_plus(tmp_path):
    src = tmp_path / "x.cc"
    src.write_text('#include <berth/did.h>\nint main() { char *s; return berth_did_canonical(&s, "x") == BERTH_OK; }\n')
    subprocess.run(["g++", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "-o", str(tmp_path / "x"), str(src),
                    f"-L{BUILD}/lib", "-lberth"], check=True)
