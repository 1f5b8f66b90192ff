"""Where rows of demands go: to whoever receives them (dispatch), one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hotline.accounts.errors import NotAllowedError
from hotline.accounts.records import Saved
from hotline.accounts.rights import allowed
from hotline.domain.codes import ServiceType, Terminal, Urgency
from hotline.domain.order_codes import Right
from hotline.domain.orders import Intake, OrderView
from hotline.domain.people import Actor
from hotline.errors import HotlineError
from hotline.exchange.fields import INTAKES
from hotline.exchange.targets import Errors, Values


class Receiver(Protocol):
    """Whoever receives demands."""

    def clean(self, intake: Intake) -> Intake:
        """The document checked. Raises InputError (field and mend)."""

    async def check(self, intakes: Sequence[Intake]) -> Sequence[HotlineError | None]:
        """What is wrong with each beside what was received before (a number used for another)."""

    async def receive(self, intake: Intake, now: datetime) -> OrderView:
        """File it; the same number again gives the first order."""


@dataclass
class IntakesTarget:
    """Demands from another system."""

    receiver: Receiver
    actor: Actor
    now: datetime
    record = INTAKES

    def key(self, values: Values) -> str:
        """See ``Target``."""
        return f"{values['terminal']} {values['idempotency_key']}"

    async def existing(self, keys: Sequence[str]) -> Mapping[str, Intake]:
        """A demand's row says all of it."""
        return {}

    def assemble(self, values: Values, old: Intake | None) -> Intake:
        """See ``Target``."""
        given = dict(values)
        for name, default in (
            ("callback", False),
            ("confidential", False),
            ("extra", {}),
            ("urgency", Urgency.NORMAL.value),
        ):
            if given.get(name) is None:
                given[name] = default
        for name in ("contact_name", "contact_phone", "caller_number", "region"):
            given.setdefault(name, None)
        given["terminal"] = Terminal(given["terminal"])
        given["service_type"] = ServiceType(given["service_type"])
        given["urgency"] = Urgency(given["urgency"])
        return self.receiver.clean(Intake(**given))

    async def check(self, items: Sequence[Intake]) -> Errors:
        """See ``Target``."""
        barred = [
            None
            if allowed(self.actor, Right.FILE, region=item.region, institution=None)
            else NotAllowedError("没有登记这个区域工单的权限")
            for item in items
        ]
        found = await self.receiver.check(items)
        return [one or other for one, other in zip(barred, found, strict=True)]

    async def at_end(self) -> Sequence[tuple[int, HotlineError]]:
        """Nothing between rows."""
        return ()

    async def write(self, items: Sequence[Intake], *, last: bool) -> Sequence[Saved]:
        """See ``Target``."""
        views = [await self.receiver.receive(item, self.now) for item in items]
        return [Saved.SAME if view.duplicate else Saved.CREATED for view in views]
