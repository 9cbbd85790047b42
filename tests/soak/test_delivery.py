# SPDX-License-Identifier: Apache-2.0
"""Two real daemons on a network that loses, doubles, delays, reorders, cuts and forgets a
third of all frames, while either of them, or its berth-netd, is killed now and then: what
was accepted arrives, each has its effect once, and threads keep their order.
BERTH_DELIVERY_MINUTES (2) for each kind of link, BERTH_SEED."""
import os
import pathlib
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from couriers import Pair  # noqa: E402

MINUTES = float(os.environ.get("BERTH_DELIVERY_MINUTES", 2))
FAULTS = {"drop": 15, "twice": 5, "late": 5, "cut": 3, "half": 2}
NOTES_AT_ONCE = 3


def killed(pair):
    """kill -9 of a core, with all that belongs to it, or of a netd alone."""
    a = pair.agents[pair.rng.randrange(2)]
    if pair.rng.random() < 0.7:
        a.kill()
        a.start()
    else:
        a.kill_one("netd")


@pytest.mark.parametrize("link", ["nng", "http"])
def test_g5_minutes_of_faults_and_kills(link):
    seed = int(os.environ.get("BERTH_SEED", time.time_ns() & 0xffffffff))
    pair = Pair(seed, link, **FAULTS)
    kills = refused = 0
    try:
        end = time.monotonic() + MINUTES * 60
        while time.monotonic() < end:
            refused += not pair.chatter(NOTES_AT_ONCE)
            if pair.rng.random() < 0.1:
                killed(pair)
                kills += 1
            time.sleep(pair.rng.uniform(0, 0.4))
        pair.drained(1800)
        bad = pair.check()
        print(f"measured: delivery: {link}, seed {seed}, {MINUTES:g} min: {sum(pair.sent)} accepted, {refused} refused, "
              f"kills {kills}, lost {bad[0]} duplicated {bad[1]} out of order {bad[2]} given up {bad[3]}; {pair.faults()}",
              flush=True)
        assert bad == [0, 0, 0, 0], seed
    finally:
        pair.close()
