"""What the dialogue wants done with orders: carried out, and told back as its next input."""

import structlog

from hotline.domain.orders import OrderView
from hotline.errors import HotlineError
from ivr.bot import api
from ivr.call.ports import Orders
from ivr.call.record import CallBook

log = structlog.get_logger(__name__)

Errand = api.FileOrder | api.LookUp | api.RateOrder


class Errands:
    """Runs errands of one call; a failure is an answer too."""

    def __init__(self, orders: Orders, book: CallBook) -> None:
        self._orders = orders
        self._book = book

    async def run(self, errand: Errand) -> api.Input:
        """Do it; never raises HotlineError."""
        match errand:
            case api.FileOrder():
                return await self._file(errand)
            case api.LookUp():
                return await self._look_up(errand)
            case api.RateOrder():
                return await self._rate(errand)

    async def _file(self, wanted: api.FileOrder) -> api.Filed | api.FileFailed:
        try:
            order = await self._orders.file(wanted.intake)
        except HotlineError as error:
            log.error("order could not be filed", why=error.code)
            return api.FileFailed()
        self._book.update(order_no=order.order_no)
        return api.Filed(order)

    async def _look_up(self, wanted: api.LookUp) -> api.Found:
        found: tuple[OrderView, ...] = ()
        try:
            found = await self._orders.look_up(wanted.order_no, wanted.phone, wanted.tail)
        except HotlineError as error:
            log.warning("order could not be looked up", why=error.code)
        return api.Found(found)

    async def _rate(self, wanted: api.RateOrder) -> api.OrderRated:
        try:
            return await self._orders.rate(wanted)
        except HotlineError as error:
            log.error("rating could not be kept", why=error.code)
            return api.OrderRated(ok=False)
