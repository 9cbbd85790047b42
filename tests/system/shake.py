# SPDX-License-Identifier: Apache-2.0
"""Makes races show: with BERTH_SHAKE=SEED[:SECONDS] in the environment the test frame pauses
at random, for so long at most (2 s unless told), before it calls an API, before it runs
`berth` and after it has started a process; and processes of the agents stand still (SIGSTOP)
for a moment, any of them at any time.  A test that passes only without it is wrong."""
import os
import random
import signal
import threading
import time

SEED, _, LONGEST = os.environ.get("BERTH_SHAKE", "").partition(":")
LONGEST_S = float(LONGEST or 2) if SEED else 0
STILL_S = 0.7
rng = random.Random(SEED)
lock, left = threading.Lock(), set()


def pause():
    """Short ones most of the time, so that a test is not only slow."""
    if SEED:
        time.sleep(LONGEST_S * rng.random() ** 3)


def signalled(pid, sig):
    with lock:
        if pid not in left:
            os.kill(pid, sig)


def kill(pid, sig):
    """By a test: nothing here interferes with that process any more."""
    with lock:
        left.add(pid)
        os.kill(pid, sig)


def stand_still(pid):
    try:
        signalled(pid, signal.SIGSTOP)
        time.sleep(STILL_S * rng.random())
        signalled(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass


def stumble(pids, lives):
    """A thread that lets one of pids() stand still now and then, as long as lives()."""
    def run():
        while lives():
            time.sleep(LONGEST_S * rng.random())
            found = sorted(pids())
            if found:
                stand_still(rng.choice(found))
    if SEED:
        threading.Thread(target=run, daemon=True).start()
