"""A waiting caller's place in the queue, as the call sees it."""

import asyncio


class Ticket:
    """Says whom to ring next; ended by ``SeatDesk.leave``."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self._rings: asyncio.Queue[str | None] = asyncio.Queue()
        self._ring: str | None = None
        self.stopped = asyncio.Event()
        """Set when whoever is rung now is to be rung no longer."""

    async def next(self) -> str | None:
        """The person to ring now; None: the caller has waited as long as anybody should."""
        person = await self._rings.get()
        if person is not None:
            self._ring = person
            self.stopped.clear()
        return person

    def ring(self, person_id: str) -> None:
        """The queue has found somebody."""
        self._rings.put_nowait(person_id)

    def stop(self, person_id: str) -> None:
        """The queue takes its word back, whether it was acted upon already or not."""
        if self._ring == person_id:
            self.stopped.set()
            return
        waiting = [self._rings.get_nowait() for _ in range(self._rings.qsize())]
        for one in waiting:
            if one != person_id:
                self._rings.put_nowait(one)

    def end(self) -> None:
        """Nobody will come."""
        self._rings.put_nowait(None)
