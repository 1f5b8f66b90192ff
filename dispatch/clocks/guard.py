"""Tells a clock that was set from time that passed: pure."""

from datetime import datetime

JUMP_S = 120.0
"""Differences below this are drift."""
HOLD_S = 60.0
"""So long a clock set forward must stay before its time is believed."""


class ClockGuard:
    """Compares the wall clock with one that only runs (``time.monotonic``).

    A wrong time, put right soon (a bad time server, a slip of the hand), must not make thousands
    of orders red. A real one (after a machine's sleep) only waits a minute.
    """

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None
        self._hold_until: float | None = None

    def jump(self, wall: datetime, running: float) -> float:
        """Seconds the wall clock was set forward (or back, negative) since the last look; 0: not.

        ``running``: seconds of a clock that is never set.
        """
        jumped = 0.0
        if self._last is not None:
            last_wall, last_running = self._last
            jumped = (wall - last_wall).total_seconds() - (running - last_running)
        self._last = wall, running
        if abs(jumped) < JUMP_S:
            return 0.0
        self._hold_until = running + HOLD_S if jumped > 0 else None
        return jumped

    def wait(self, running: float) -> float:
        """Seconds until the wall clock may be believed again; 0: now."""
        if self._hold_until is None:
            return 0.0
        return max(0.0, self._hold_until - running)
