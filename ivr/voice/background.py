"""Work nobody waits for gets the processor only while nothing else wants it."""

import os
from contextlib import suppress


def give_way() -> None:
    """Make this process the last in the queue (Linux's SCHED_IDLE, which needs no privilege).

    Low nice values alone are not enough: at nice 10 a renderer still takes a tenth of a core from
    a recognizer, and a caller waits for that. Call it before the process starts threads.
    """
    os.nice(15)
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


__all__ = ["give_way"]
