# SPDX-License-Identifier: Apache-2.0
"""Random messages between libberth (peer.c) and didcomm-node (differential.mjs)."""
import json
import subprocess

from didcomm_world import ENCS, SIGNATURES, World
from peers import BUILD, FOLDER

CURVES = ["X25519", "P-256"]


def run(seed, count, timeout):
    """[direction, envelope, curve, enc, messages] for each kind that came up, and how many
    octets all messages had together."""
    world = World("differential", curves=CURVES)
    have = [",".join(names) for names in (ENCS, SIGNATURES)]
    peer = (BUILD / "tests" / "interop" / "peer").resolve()
    r = subprocess.run(["node", "differential.mjs", peer, world.folder.relative_to(FOLDER) / "world.json", str(seed), str(count),
                        *have], cwd=FOLDER, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    assert r.returncode == 0, f"seed {seed}: {r.stderr[-4000:]}"
    answer = json.loads(r.stdout)
    assert sum(row[-1] for row in answer["rows"]) == count
    return answer["rows"], answer["octets"]
