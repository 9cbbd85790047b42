# SPDX-License-Identifier: Apache-2.0
"""`make lifecycle`: the whole life of one gateway, as examples/lifecycle.sh tells it."""
import os
import subprocess

from cli import BUILD, PATIENCE_S, ROOT

MILESTONES = [
    "1. Birth", "gateway: INITIALIZED, epoch 0, owner nobody", '"custody":"hardware"',
    "2. From the integrator", "GW-0001: TRANSFERRED, epoch 0", "the chain has 2 entries",
    "3. Switched on", "gateway: OPERATIONAL, epoch 0", "GW-0001: ACTIVE, epoch 0", '"verified":true',
    "4. Renewals", '"verified":true', "another item reached the device in use",
    "5. Suspended", "gateway: QUARANTINED, epoch 0", "GW-0001: SUSPENDED, epoch 0", "berth: E_STATUS: ", "back in service",
    "6. What does it run?", '"verdict":"ok"', "GW-0001: REVOKED, epoch 0", "berth: E_STATUS: ", "onboarded anew",
    "7. From owner A to owner B", "epoch 1, owner nobody", '{"erasure":"counter"}', "berth: E_STATUS: ", "berth: E_AUTHZ: ",
    "gateway: OPERATIONAL, epoch 1", "by a chain of 3 entries",
    "8. Retired", "GW-0001: RETIRED, epoch 1", '"retired":true,"epoch":2,"erasure":"counter"', "gateway: RETIRED, epoch 2",
    "lifecycle passed: ",
]


def test_lifecycle():
    r = subprocess.run([ROOT / "examples/lifecycle.sh"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       stdin=subprocess.DEVNULL, timeout=10 * PATIENCE_S, env=dict(os.environ, BERTH_BUILD=str(BUILD)))
    text = r.stdout.decode()
    assert r.returncode == 0, text
    at = 0
    for milestone in MILESTONES:
        found = text.find(milestone, at)
        assert found >= 0, "%r is missing behind %r in\n%s" % (milestone, text[at - 60:at], text)
        at = found
    print("measured: lifecycle: %s" % text.splitlines()[-1].split("; ")[-1])
