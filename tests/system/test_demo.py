# SPDX-License-Identifier: Apache-2.0
"""`make demo`: the main job with real processes, a real TPM's software twin, several
user ids, a kill -9, an impostor and two lying devices."""
import os
import pathlib
import re
import subprocess

from agents import wait_for
from cli import BUILD, PATIENCE_S, ROOT

MILESTONES = [
    "1. A gateway is born in a factory", "ok  GW-0001 is INITIALIZED, keys in hardware", "GW-0001  Demo Gateway  BORN   hardware",
    "2. The new owner takes the papers", "imported: 1", "wifi is kept for GW-0001", "app is kept for GW-0001",
    "3. The gateway is switched on", "device GW-0001 proved itself (hardware keys)", "operational credential issued",
    "4. It gets its operational identity", "BerthOperationalCredential", "ok  GW-0001 is OPERATIONAL",
    "5. A local application uses it", '"principal":"dashboard"', '"title":"Plant 7"',
    "I am dashboard on a device that is OPERATIONAL", '"missing":"secret:wifi"',
    '"verified":true', '"issuer":"passed","holder":"passed"', "berth: E_HOLDER: ",
    "6. Power cut", "pong from did:peer:4", "state                OPERATIONAL", "rollback protection  tpm",
    "7. A second gateway", "berth: E_HOLDER: the chain ends at another owner", "berth: E_AUTHZ: blob by neither owner nor delegate",
    "its assurance is reported as what it is: sealed",
    "8. Devices that lie", "device GW-0003 refused at birth: E_SIG", "device GW-0003 refused: E_SIG",
    "GW-0001  Demo Gateway  ACTIVE     hardware", "GW-0002  Demo Gateway  ACTIVE     sealed", "GW-0003  Demo Gateway  ",
    "demo passed: GW-0001 OPERATIONAL (hardware) after kill -9, ",
]


def test_demo():
    r = subprocess.run([ROOT / "examples/demo.sh"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                       timeout=10 * PATIENCE_S, env=dict(os.environ, BERTH_BUILD=str(BUILD)))
    text = r.stdout.decode()
    assert r.returncode == 0, text
    at = 0
    for milestone in MILESTONES:
        found = text.find(milestone, at)
        assert found >= 0, "%r is missing behind %r in\n%s" % (milestone, text[at - 60:at], text)
        at = found
    assert "GW-0003  Demo Gateway  ACTIVE" not in text     # but PUBLISHED, or at it again
    assert "\x1b" not in text and "FAILED" not in text
    where = re.search(r"/tmp/berth-demo\.\w+", text).group()
    assert not pathlib.Path(where).exists()
    wait_for(lambda: not subprocess.run(["pgrep", "-f", where], stdout=subprocess.PIPE).stdout, "the end of all processes")
    print("measured: demo: %s" % text.splitlines()[-1].split("; ")[-1])
    ms, size = map(int, re.search(r"(\d+) ms and (\d+) bytes to onboard", text).groups())
    print("measured: demo: onboarding %d ms, %d bytes" % (ms, size))
    assert size <= 64 << 10     # the budget, with the EK certificate counted once


def test_python_and_shell_examples_are_what_the_readme_shows():
    readme = (ROOT / "README.md").read_text()
    for name in ("app.sh", "app.py"):
        lines = [l for l in (ROOT / "examples" / name).read_text().splitlines() if l.startswith(("api /v1", "berth = ", "print("))]
        assert lines
        for line in lines:
            assert line in readme, (name, line)
