# SPDX-License-Identifier: Apache-2.0
"""The ways to a TPM that a TCTI string names: swtpm by path (everywhere else) and by
port, the access broker tpm2-abrmd on a bus of its own; and what is not one."""
import json
import socket
import subprocess

import pytest

from agents import listens, wait_for
from cli import BERTH, PATIENCE_S, fails, free_port, ok, token

BROKER = """
tpm2-abrmd --session --allow-root --tcti=swtpm:path=$1/s >$1/log 2>&1 & broker=$!
trap 'kill $broker; wait $broker' EXIT
for i in $(seq 2000); do
	tpm2_getcap -T tabrmd:bus_type=session properties-fixed >/dev/null 2>&1 && break; sleep 0.05
done
q="?dir=$1/keys&tcti=tabrmd:bus_type=session"
set -e
$BERTH key generate --type p256 --key-uri "tpm2:device$q" >/dev/null
$BERTH key generate --type p384 --key-uri "tpm2:large$q" >/dev/null
$BERTH key attest --key-uri "tpm2:device$q" >$1/evidence
for i in 1 2 3 4 5; do
	echo '{"a":1}' | $BERTH jws sign --key-uri "tpm2:device$q" >>$1/tokens
done
$BERTH key show --key-uri "tpm2:device$q" >$1/key
tpm2_getcap -T tabrmd:bus_type=session handles-transient >$1/transient
"""


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def swtpm(folder, server, ctrl):
    (folder / "state").mkdir()
    (folder / "keys").mkdir(mode=0o700)
    return subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", "dir=%s" % (folder / "state"), "--server", server,
                             "--ctrl", ctrl, "--flags", "not-need-init,startup-clear"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_by_port(tmp_path):
    port = free_port(2)
    p = swtpm(tmp_path, f"type=tcp,port={port}", f"type=tcp,port={port + 1}")
    try:
        wait_for(lambda: answers(port + 1), "swtpm")
        uri = f"tpm2:device?dir={tmp_path}/keys&tcti=swtpm:host=127.0.0.1,port={port}"
        key = ok("key", "generate", "--type", "p256", "--key-uri", uri)
        assert key["custody"] == "hardware" and ok("key", "show", "--key-uri", uri) == key
        assert token("jws", "sign", "--key-uri", uri, stdin="{}").count(".") == 2
    finally:
        p.kill()
        p.wait()
    fails("E_KEYSTORE", "key", "show", "--key-uri", uri)


def test_by_the_access_broker(tmp_path):
    p = swtpm(tmp_path, f"type=unixio,path={tmp_path}/s", f"type=unixio,path={tmp_path}/s.ctrl")
    try:
        wait_for(lambda: listens(tmp_path / "s") and listens(tmp_path / "s.ctrl"), "swtpm")
        r = subprocess.run(["dbus-run-session", "--", "sh", "-c", f"BERTH={BERTH}\n{BROKER}", "sh", str(tmp_path)],
                           capture_output=True, text=True, timeout=PATIENCE_S)
        assert r.returncode == 0, r.stderr + (tmp_path / "log").read_text()
    finally:
        p.kill()
        p.wait()
    (tmp_path / "public.jwk").write_text(json.dumps(json.loads((tmp_path / "key").read_text())["publicJwk"]))
    tokens = (tmp_path / "tokens").read_text().split()
    assert len(tokens) == 5
    for t in tokens:
        assert ok("jws", "verify", "--jwk", tmp_path / "public.jwk", stdin=t)["payload"] == {"a": 1}
    assert (tmp_path / "transient").read_text().strip() == ""


@pytest.mark.parametrize("tcti", ["cmd:touch /tmp/x", "/usr/lib/x.so", "libtss2-tcti-swtpm.so", "none", ""])
def test_what_is_not_one(tmp_path, tcti):
    """A string that would make the loader open or run something."""
    (tmp_path / "keys").mkdir(mode=0o700)
    env = {"BERTH_TCTI": tcti or "x"}
    fails("E_KEYSTORE", "key", "generate", "--type", "p256", "--key-uri", f"tpm2:device?dir={tmp_path}/keys", env=env)
