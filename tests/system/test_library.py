# SPDX-License-Identifier: Apache-2.0
"""libberth as a stranger uses it: installed, found by pkg-config, linked from a folder
that knows nothing of this tree, and its symbols as docs/abi promises them."""
import base64
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from cli import BUILD, PATIENCE_S, ROOT, ok
from test_cli_tpm import openssl_verifies, tpm    # noqa: F401, one is a fixture
from test_pkcs11 import hsm     # noqa: F401, a fixture

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b


def install(*args):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    subprocess.run(["make", "-s", "install", "B=%s" % os.path.relpath(BUILD, ROOT), *args], cwd=ROOT, env=env, check=True,
                   timeout=5 * PATIENCE_S)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    path = tmp_path_factory.mktemp("prefix")
    install("PREFIX=%s" % path)
    return path


def version():
    return re.search(r"^VERSION\s*:= (\S+)$", (ROOT / "Makefile").read_text(), re.M).group(1)


def pkg_config(prefix, *args, **env):
    e = dict(os.environ, PKG_CONFIG_PATH=str(prefix / "lib/pkgconfig"), **env)
    r = subprocess.run(["pkg-config", *args, "berth"], env=e, capture_output=True, text=True, timeout=PATIENCE_S)
    assert r.returncode == 0, r.stderr
    return r.stdout.split()


def build(prefix, folder, source, how, cc=("cc", "-std=c99")):
    """The program, and the environment that it runs in."""
    flags = pkg_config(prefix, "--cflags", "--libs", *(["--static"] if how == "static" else []))
    if how == "static":     # the archive, though the shared library lies beside it
        flags = ["-l:libberth.a" if f == "-lberth" else f for f in flags]
    exe = folder / ("%s-%s" % (source.stem, how))
    shutil.copy(source, folder)
    subprocess.run([*cc, "-Wall", "-Wextra", "-Werror", "-o", str(exe), source.name, *flags], cwd=folder, check=True,
                   timeout=PATIENCE_S)
    needs = subprocess.run(["readelf", "-d", str(exe)], capture_output=True, text=True).stdout
    assert ("libberth.so.0" in needs) == (how == "shared")
    return exe, dict(os.environ, LD_LIBRARY_PATH=str(prefix / "lib"), TSS2_LOG="all+NONE")


def b64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point_of_did_key(did):
    """x || y of a P-256 did:key, without any of our code."""
    n = 0
    for c in did.removeprefix("did:key:z"):
        n = n * 58 + B58.index(c)
    raw = n.to_bytes(35, "big")
    assert raw[:2] == b"\x80\x24" and raw[2] in (2, 3)    # multicodec p256-pub, compressed
    x = int.from_bytes(raw[3:], "big")
    y = pow(x**3 - 3 * x + B, (P + 1) // 4, P)
    y = y if y % 2 == raw[2] % 2 else P - y
    return raw[3:] + y.to_bytes(32, "big")


def judge(did, jws, folder):
    header, payload, sig = jws.split(".")
    assert b64(payload) == b"hello\n"
    assert b64(header).decode() == '{"alg":"ES256","kid":"%s#%s"}' % (did, did.removeprefix("did:key:"))
    assert openssl_verifies(folder, point_of_did_key(did), ("%s.%s" % (header, payload)).encode(), b64(sig))
    assert ok("jws", "verify", stdin=jws)["verified"] is True


@pytest.mark.parametrize("how", ["shared", "static"])
def test_a_key_its_did_and_a_signature(prefix, tmp_path, tpm, hsm, how):     # noqa: F811
    exe, env = build(prefix, tmp_path, prefix / "share/doc/berth/examples/key_did.c", how)
    pw = tmp_path / "pw"
    pw.write_text("a" * 64)
    pw.chmod(0o600)
    for args in (["soft:keys#device", "pw"], ["tpm2:example-%s%s" % (how, tpm)], [hsm.uri("example-" + how)]):
        dids = set()
        for _ in range(2):      # the second time the key is there
            r = subprocess.run([exe, *args], input="hello\n", capture_output=True, text=True, cwd=tmp_path, env=env,
                               timeout=PATIENCE_S)
            assert r.returncode == 0 and r.stderr == "", r.stderr
            did, jws = r.stdout.split()
            judge(did, jws, tmp_path)
            dids.add(did)
        assert len(dids) == 1
    r = subprocess.run([exe, "soft:missing/keys#device", "pw"], capture_output=True, text=True, cwd=tmp_path, env=env,
                       timeout=PATIENCE_S)
    assert r.returncode == 4 and r.stderr.startswith("E_KEYSTORE: ") and r.stdout == ""
    assert subprocess.run([exe], env=env, capture_output=True, timeout=PATIENCE_S).returncode == 2


def test_the_other_example_too(prefix, tmp_path):
    exe, env = build(prefix, tmp_path, prefix / "share/doc/berth/examples/did_resolve.c", "shared")
    r = subprocess.run([exe, "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"], env=env, capture_output=True,
                       timeout=PATIENCE_S)
    assert r.returncode == 0


def test_the_headers_are_also_c_plus_plus(prefix, tmp_path):
    src = tmp_path / "x.cc"
    src.write_text("#include <berth/key.h>\n#include <berth/didcomm.h>\nint main() { berth_keychain *k; "
                   "return berth_keychain_open(&k, \"x\", nullptr) == BERTH_E_KEY ? 0 : 1; }\n")
    exe = tmp_path / "x"
    subprocess.run(["g++", "-Wall", "-Wextra", "-Werror", "-o", str(exe), str(src),
                    *pkg_config(prefix, "--cflags", "--libs")], check=True, timeout=PATIENCE_S)
    assert subprocess.run([exe], env=dict(os.environ, LD_LIBRARY_PATH=str(prefix / "lib")), timeout=PATIENCE_S).returncode == 0


def test_pkg_config_below_a_destdir(tmp_path):
    install("DESTDIR=%s" % tmp_path, "PREFIX=/usr")
    flags = pkg_config(tmp_path / "usr", "--cflags", "--libs", PKG_CONFIG_SYSROOT_DIR=str(tmp_path))
    assert "-lberth" in flags and "-lsodium" not in flags
    assert pkg_config(tmp_path / "usr", "--modversion") == [version()]
    text = (tmp_path / "usr/lib/pkgconfig/berth.pc").read_text()
    assert "prefix=/usr\n" in text and "@" not in text and str(tmp_path) not in text
    private = pkg_config(tmp_path / "usr", "--static", "--libs")
    for lib in ("-lsodium", "-lcrypto", "-lsecp256k1", "-lcjson", "-ltss2-mu"):
        assert lib in private


def test_nothing_is_exported_but_what_is_promised():
    r = subprocess.run(["nm", "-D", "--defined-only", str(pathlib.Path(BUILD, "lib/libberth.so"))], capture_output=True,
                       text=True, check=True)
    versions = dict(line.split()[2].split("@@") for line in r.stdout.splitlines() if " A " not in line)
    assert set(versions.values()) == {"BERTH_0", "BERTH_PRIVATE_" + version()}     # the second: for our own programs
    assert re.fullmatch("berth_private_[0-9a-f]{16}", " ".join(n for n in versions if versions[n] != "BERTH_0"))
    assert sorted(n for n in versions if versions[n] == "BERTH_0") == (ROOT / "docs/abi/libberth-0.symbols").read_text().split()


def test_a_program_takes_no_library_with_another_table(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(BUILD / "lib/libberth.so", tmp_path / "lib/libberth.so.0")
    program = (BUILD / "bin/berthd").read_bytes()
    name = re.search(rb"berth_private_[0-9a-f]{16}", program).group()
    for table in (name, name[:-1] + (b"1" if name.endswith(b"0") else b"0")):
        (tmp_path / "bin/berthd").write_bytes(program.replace(name, table))
        (tmp_path / "bin/berthd").chmod(0o755)
        r = subprocess.run([tmp_path / "bin/berthd", "--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S)
        assert (r.returncode == 0) == (table == name)
        assert (b"undefined symbol: " + table in r.stderr) == (table != name)


def test_the_page_tells_of_every_function():
    page = (ROOT / "docs/man/libberth.3").read_text()
    for name in (ROOT / "docs/abi/libberth-0.symbols").read_text().split():
        assert re.search(r"\b%s\b" % name, page), name
