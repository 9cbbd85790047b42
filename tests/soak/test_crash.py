# SPDX-License-Identifier: Apache-2.0
"""The crash harness for as long as one likes: BERTH_CRASH_KILLS (300), BERTH_SEED."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from agents import Tpm  # noqa: E402
from crash import Story  # noqa: E402


def test_kill_9_anywhere_in_the_onboarding():
    seed = int(os.environ.get("BERTH_SEED", time.time_ns() & 0xffffffff))
    kills = int(os.environ.get("BERTH_CRASH_KILLS", 300))
    total = [0, 0, 0, 0]
    try:
        while total[0] < kills:
            story = Story(seed)     # a new world now and then, so that folders stay small
            try:
                while story.kills < 60 and total[0] + story.kills < kills:
                    story.batch(5, tpms=1)
                print(f"seed {seed}: {story.line()}", flush=True)
            finally:
                story.close()
            for i, n in enumerate((story.kills, story.lost, story.duplicated, story.diverged)):
                total[i] += n
            assert total[1:] == [0, 0, 0], f"BERTH_SEED={seed}"
            seed += 1
        print("measured: crash: kills %d lost %d duplicated %d diverged %d" % tuple(total))
    finally:
        Tpm.remove()
