#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""did:web beside npm's web-did-resolver, in turns, from one TLS server on this machine:
BERTH_DIDS (1,000) distinct DIDs, 16 at once.  CPU is of the processes that resolve
(ours: the asking one and berth-resolverd), the time also of the server, which is slow."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))
sys.path.insert(0, str(HERE.parent / "system"))
from peers import BUILD, FOLDER, Node, install  # noqa: E402
from peers import HERE as INTEROP  # noqa: E402
from registries import Server, configuration  # noqa: E402

N = int(os.environ.get("BERTH_DIDS", 1000))
ROUNDS = int(os.environ.get("BERTH_ROUNDS", 5))
AT_ONCE = 16


def cpu_us(pid):
    """User and system time of a process and those it started."""
    total = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(path.parent.name) == pid or int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total * 1_000_000 // os.sysconf("SC_CLK_TCK")


class Ours:
    def __init__(self, conf, prefix):
        self.process = subprocess.Popen([BUILD / "tests/system/registry_many", conf, prefix, str(N), str(ROUNDS + 1), str(2 * AT_ONCE)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def round(self):
        before = cpu_us(self.process.pid)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        out = json.loads(self.process.stdout.readline())
        return out["resolved"], out["us"], cpu_us(self.process.pid) - before


class Theirs:
    def __init__(self, prefix):
        self.node, self.prefix = Node("web.mjs", folder=FOLDER / "web"), prefix

    def round(self):
        out = self.node.ask("many", prefix=self.prefix, n=N, atOnce=AT_ONCE)
        return out["resolved"], out["us"], out["cpu"]


def main():
    install(INTEROP / "web", FOLDER / "web")
    with tempfile.TemporaryDirectory(prefix="berth.") as d:
        os.chmod(d, 0o755)
        folder = pathlib.Path(d)
        site = Server(folder)
        prefix = "did:web:a.test%%3A%d:u:" % site.port
        for i in range(N):
            site.routes["/u/%d/did.json" % i] = json.dumps({"@context": ["https://www.w3.org/ns/did/v1"], "id": prefix + str(i)})
        os.environ["NODE_EXTRA_CA_CERTS"] = str(site.pem)
        conf = configuration(folder, [("web", {})], servers=[site], egress="requests-per-second = 1000")
        sides = {"berth": Ours(conf, prefix), "web-did-resolver 2.0.32": Theirs(prefix)}
        took = {name: [] for name in sides}
        for i in range(ROUNDS + 1):     # the first is to warm up
            for name, side in sides.items():
                resolved, us, cpu = side.round()
                assert resolved == N, (name, resolved)
                took[name] += [(us, cpu)] if i else []
        print("| did:web, %d distinct, %d at once over TLS | CPU a resolution | time a resolution |" % (N, AT_ONCE))
        print("|---|---|---|")
        for name, rows in took.items():
            print("| %s | %.0f us | %.0f us |" % (name, *(statistics.median(r[i] for r in rows) / N for i in (1, 0))))
        ratio = statistics.median(b[1] / a[1] for a, b in zip(*took.values()))
        print("CPU: %.2f times as fast" % ratio)


main()
