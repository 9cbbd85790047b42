# SPDX-License-Identifier: Apache-2.0
"""A sample of tests/soak/test_crash.py: some ten kills, anywhere in the onboarding."""
import os
import time

from crash import Story


def test_kill_9_anywhere_in_the_onboarding():
    seed = int(os.environ.get("BERTH_SEED", time.time_ns() & 0xffffffff))
    print(f"seed {seed}")
    story = Story(seed)
    try:
        while story.kills < 10:
            story.batch(4, tpms=1)
        print("measured: " + story.line())
        assert (story.lost, story.duplicated, story.diverged) == (0, 0, 0), f"BERTH_SEED={seed}: {story.line()}"
    finally:
        story.close()
