# SPDX-License-Identifier: Apache-2.0
"""Two real daemons that write each other numbered notes (tests/courier/berthd.c), with a
bad network between them; what was sent is counted here, what came by them."""
import pathlib
import random
import shutil
import tempfile

from agents import BUILD, Agent, ApiError, free_port, wait_for
from cli import PATIENCE_S
from fault_proxy import Proxy

ME = "rendezvous"
DEADLINE_MS = 1000      # for an answer, instead of a minute


class Courier(Agent):
    def __init__(self, folder, name, link, hosts, **env):
        port, self.outside = free_port(), free_port()
        super().__init__(folder, name, ME, port=port, link=link)
        self.program, self.libexec = str(BUILD / "tests/courier/berthd"), (BUILD / "libexec").resolve()
        self.env = {f"BERTH_NOTE_{k.upper()}": str(v) for k, v in {"deadline_ms": DEADLINE_MS, **env}.items()}
        self.set("listen", announce=self.uri.replace(f":{port}", f":{self.outside}"))
        self.set("egress", hosts=hosts)
        self.set("agent", log_level="info")
        self.set("api", **{"requests-per-second": 10000})

    def did(self):
        return self.identity(ME)["didLong"]

    def send(self, to, thread, n, size=0):
        self.post("/v1/ping", {"to": f"{ME} {thread} {n} {size} {to}"})

    def waiting(self):
        return self.status()["queue"]["out"]


class Pair:
    """proxied: each is reached through a proxy with these faults; else directly.
    options: {section: {option: value}} of both."""

    def __init__(self, seed, link="nng", proxied=True, env=None, options=None, **faults):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="berth."))
        self.dir.chmod(0o755)
        self.rng, self.seed, self.proxies = random.Random(seed), seed, []
        self.agents = [Courier(self.dir, n, link, "left.test=127.0.0.1, right.test=127.0.0.1", **(env or {}))
                       for n in ("left", "right")]
        for i, a in enumerate(self.agents):
            for section, values in (options or {}).items():
                a.set(section, **values)
            if proxied:
                self.proxies.append(Proxy(a.outside, a.port, link, seed * 2 + i, **faults))
            else:
                a.set("listen", announce=a.uri)     # its own port
            a.start()
        self.dids = [a.did() for a in self.agents]
        self.sent = [0, 0]

    def close(self):
        for a in self.agents:
            a.stop()
        for p in self.proxies:
            p.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def chatter(self, n):
        """One of them, to the other, a few notes of one of four threads.  False: none of them was
        accepted, since the outbox has no room."""
        who = self.rng.randrange(2)
        try:
            self.agents[who].send(self.dids[1 - who], self.rng.randrange(4), n, self.rng.randrange(2000))
        except ApiError as e:
            assert e.code == "E_UNAVAILABLE", e
            return False
        self.sent[who] += n
        return True

    def drained(self, seconds=PATIENCE_S):
        wait_for(lambda: not any(a.waiting() for a in self.agents),
                 lambda: f"seed {self.seed}: {[a.get('/v1/messages') for a in self.agents]}"[:4000], seconds, 0.2)

    def came(self, who):
        *peers, own = self.agents[who].get("/v1/peers")
        return {"peers": peers, **own}

    def check(self):
        """(lost, duplicated, out of order, given up) of both ways"""
        bad = [0, 0, 0, 0]
        for who in range(2):
            got = self.came(who)
            peer = got["peers"][0] if got["peers"] else {"notes": 0, "times": 0, "outOfOrder": 0}
            bad[0] += self.sent[1 - who] - peer["notes"]
            bad[1] += peer["times"] - peer["notes"]
            bad[2] += peer["outOfOrder"]
            bad[3] += got["dead"]
        return bad

    def troubled(self):
        return sum(p.counts[k] for p in self.proxies for k in p.rates)

    def faults(self):
        return " ".join(f"{k} {v}" for k, v in sorted(sum((p.counts for p in self.proxies), type(self.proxies[0].counts)()).items()))
