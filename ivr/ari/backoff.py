"""When to try the ARI link again, as a pure rule."""

from collections.abc import Callable


class Backoff:
    """Doubling waits with jitter, reset only after a link that lasted.

    A link that is accepted and dropped at once would, with a reset at each handshake, be tried in
    a tight loop; so the wait starts over only once a connection has held for ``lasting`` seconds.
    """

    def __init__(
        self,
        random: Callable[[], float],
        *,
        first: float = 0.2,
        longest: float = 15.0,
        lasting: float = 10.0,
    ) -> None:
        self._random = random
        self._first = first
        self._longest = longest
        self._lasting = lasting
        self._wait = first

    def after(self, lasted: float) -> float:
        """Seconds to wait after a link that held for ``lasted`` seconds (0: it failed)."""
        if lasted >= self._lasting:
            self._wait = self._first
        wait = self._wait
        self._wait = min(self._longest, self._wait * 2)
        return wait * (0.5 + self._random() / 2)
