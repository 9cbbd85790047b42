# SPDX-License-Identifier: Apache-2.0
"""A thousand random messages, each time others: BERTH_SEED repeats a run.  `make
check-soak` has the hundred thousand."""
import os
import time

import differential

PEER = "didcomm-node 0.4.1"
COUNT = 1000


def test_random_messages_are_read_as_they_were_written(matrix):
    seed = int(os.environ.get("BERTH_SEED", time.time_ns() & 0xffffffff))
    rows, _ = differential.run(seed, COUNT, timeout=600)
    # the kinds come up by chance: the page has their sum
    refused = sum(row[-1] for row in rows if "refused" in row[0])
    matrix.message(PEER, "both ways, random messages", "any", "any", "any", COUNT)
    assert 0 < refused < COUNT
