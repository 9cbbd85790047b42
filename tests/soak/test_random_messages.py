# SPDX-License-Identifier: Apache-2.0
"""The differential test of tests/interop for as long as one likes: BERTH_MESSAGES
(100000), BERTH_SEED."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
import differential  # noqa: E402
import peers  # noqa: E402


def test_random_messages_are_read_as_they_were_written(capsys):
    seed = int(os.environ.get("BERTH_SEED", time.time_ns() & 0xffffffff))
    count = int(os.environ.get("BERTH_MESSAGES", 100000))
    peers.install()
    started = time.monotonic()
    rows, octets = differential.run(seed, count, timeout=24 * 3600)
    refused = sum(row[-1] for row in rows if "refused" in row[0])
    with capsys.disabled():
        print()
        for row in sorted(rows):
            print("| " + " | ".join(map(str, row)) + " |")
        print(f"measured: differential: seed {seed}, {count} messages of {octets // count} octets on average in "
              f"{len(rows)} kinds, {count - refused} read as written, {refused} altered and refused by both, "
              f"{time.monotonic() - started:.0f} s")
