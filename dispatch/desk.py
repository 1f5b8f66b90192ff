"""Orders as a call sees them: file one, look some up."""

from collections.abc import Callable
from datetime import UTC, datetime

from dispatch.errors import OrderNotFoundError
from dispatch.intake import IntakeDesk
from dispatch.progress import Progress
from hotline.domain.orders import Intake, OrderView


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


class OrderDesk:
    """Intake and progress behind the two calls a telephone needs."""

    def __init__(
        self, intake: IntakeDesk, progress: Progress, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._intake = intake
        self._progress = progress
        self._clock = clock

    async def file(self, intake: Intake) -> OrderView:
        """See ``IntakeDesk.receive``."""
        return await self._intake.receive(intake, self._clock())

    async def look_up(
        self, order_no: str | None, phone: str | None, tail: str | None
    ) -> tuple[OrderView, ...]:
        """By whole number, or by phone and the number's last four digits; newest first.

        Empty when there is none. A phone alone finds nothing: a number can be faked.
        """
        try:
            if order_no:
                return (await self._progress.by_number(order_no),)
            if phone and tail:
                return (await self._progress.by_phone(phone, tail),)
        except OrderNotFoundError:
            pass
        return ()
