"""What the tests' processes run. Spawned processes import this file: it must not import the libraries' test set-up."""

from __future__ import annotations

import os
import signal
import sys
import time


def succeed(i, queue=None):
    if queue is not None:
        queue.put(i)


def fail_one(i, how):
    """Process 1 ends in the given way, the others would sleep on."""
    if i != 1:
        time.sleep(60)
    if how == "raise":
        raise ValueError("of its own")
    if how == "exit":
        sys.exit(4)
    os.kill(os.getpid(), signal.SIGKILL)


def double(queue_in, queue_out):
    queue_out.put(queue_in.get() * 2)
