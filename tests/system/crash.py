# SPDX-License-Identifier: Apache-2.0
"""kill -9 of cores and of keyds at random moments while gateways are onboarded; then
everything that was promised must hold.  One seed says which process dies when, the
scheduler says exactly where."""
import os
import random
import threading
import time

from agents import ApiError, World, b64, wait_for
from cli import PATIENCE_S

APP = {"principal_app": {"uid": str(os.geteuid()), "may": "self device secret:a secret:b"}}


class Killer(threading.Thread):
    """Waits for a moment of one agent's life, kills one of its processes, and starts
    the agent again when that was the core."""

    def __init__(self, rng, agent, done):
        super().__init__(daemon=True)
        self.rng, self.agent, self.done = rng, agent, done
        self.kills, self.fault = 0, None
        self.plan = [(rng.choice(["berthd", "berthd", "keyd"]), rng.random() < 0.6, rng.uniform(0, 0.5))
                     for _ in range(rng.randint(1, 3))]

    def moment(self, after_state, delay):
        """Right after the next change of state, or after a while."""
        seen = self.agent.log().count('"event":"state"')
        end = time.monotonic() + 5
        while after_state and not self.done.is_set() and time.monotonic() < end:
            if self.agent.log().count('"event":"state"') > seen:
                delay *= 0.1
                break
            time.sleep(0.002)
        time.sleep(delay)

    def run(self):
        try:
            for name, after_state, delay in self.plan:
                self.moment(after_state, delay)
                if self.done.is_set():
                    return
                if name == "berthd":
                    self.agent.kill()
                    self.kills += 1
                    self.agent.start()
                else:
                    self.kills += self.agent.kill_one("keyd")
        except Exception as e:      # for the test to raise
            self.fault = e


class Story:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.world = World()
        self.n = 0
        self.kills = self.lost = self.duplicated = self.diverged = 0

    def close(self):
        self.world.close()

    def one_more(self, tpm):
        w = self.world
        self.n += 1
        g = w.gateway(f"GW-C{self.n}", tpm=tpm, **APP)
        g.items = {"a": os.urandom(40), "b": os.urandom(3000)}
        w.born(g)
        w.sold(g)
        w.provisioned(g, g.items)
        w.registered(g)
        return g

    def batch(self, n, tpms):
        """n gateways at once; what is wrong afterwards is counted."""
        w = self.world
        gateways = [self.one_more(i < tpms) for i in range(n)]
        done = threading.Event()
        killers = [Killer(self.rng, a, done) for a in (w.owner, *gateways)]
        for g in gateways:
            g.post("/v1/onboard")
        for k in killers:
            k.start()
        for k in killers:
            k.join()
            if k.fault:
                raise k.fault
        done.set()
        self.kills += sum(k.kills for k in killers)
        for g in gateways:
            self.judge(g)
            g.stop()
            if g.tpm:
                self.lost += g.tpm.transient_handles() != []
        rows = w.owner.get("/v1/audit/verify")["rows"]
        assert rows > 0

    def items(self, g):
        try:
            return {i: g.app(f"/v1/secrets/{i}")["data"] for i in g.items}
        except (ApiError, OSError, EOFError):
            return {}

    def judge(self, g):
        w = self.world
        wait_for(lambda: "keyd" in g.pids(), "keyd")
        try:
            status = g.wait_state("OPERATIONAL")
            w.active(g)
        except AssertionError as e:
            self.lost += 1
            print(f"{g.name} does not converge: {str(e)[:4000]}\nowner: {w.owner.log()[-3000:]}")
            return
        mine = [d for d in w.owner.get("/v1/devices") if d["serial"] == g.name]
        end = time.monotonic() + PATIENCE_S     # a keyd that was killed last may just be starting
        want = {i: b64(v) for i, v in g.items.items()}
        while self.items(g) != want and time.monotonic() < end:
            time.sleep(0.1)
        events = [e["detail"] for e in g.get("/v1/audit") if "operational:" in e["detail"]]
        self.lost += self.items(g) != want
        self.duplicated += len(mine) != 1 or len(events) != 1
        self.diverged += (mine[0]["operationalDid"] != status["operationalDid"] or
                          status["ownerDid"] != w.owner.identity("owner")["did"])
        assert g.get("/v1/audit/verify")["rows"] > 0
        assert status["queue"]["dead"] == 0

    def line(self):
        return (f"crash: kills {self.kills} lost {self.lost} duplicated {self.duplicated} "
                f"diverged {self.diverged}")
