# SPDX-License-Identifier: Apache-2.0
"""Real daemons over a network that loses, doubles, delays, reorders, cuts and forgets: every
message arrives, each has its effect once, threads keep their order.  The long run is
tests/soak/test_delivery.py."""
import os
import time

import pytest

from cli import PATIENCE_S
from couriers import Pair

FAULTS = {"drop": 15, "twice": 5, "late": 5, "cut": 3, "half": 2}


@pytest.mark.parametrize("link", ["nng", "http"])
def test_g5_a_third_of_all_frames_in_trouble(link):
    seed = int(os.environ.get("BERTH_SEED", time.time_ns() & 0xffffffff))
    pair = Pair(seed, link, **FAULTS)
    try:
        while pair.sent[0] + pair.sent[1] < 20 or pair.troubled() < 5:
            pair.chatter(2)
            time.sleep(0.05)
        pair.drained(3 * PATIENCE_S)
        bad = pair.check()
        print(f"measured: {link}, seed {seed}: {sum(pair.sent)} sent, lost {bad[0]} duplicated {bad[1]} "
              f"out of order {bad[2]} given up {bad[3]}; frames: {pair.faults()}")
        assert bad == [0, 0, 0, 0], seed
    finally:
        pair.close()


def test_a_good_network_in_between():
    """The twin: the proxy alone changes nothing."""
    pair = Pair(1)
    try:
        for _ in range(10):
            pair.chatter(3)
        pair.drained()
        assert pair.check() == [0, 0, 0, 0] and sum(pair.sent) == 30
        assert set(pair.proxies[0].counts) <= {"passed", "connections"}
    finally:
        pair.close()
