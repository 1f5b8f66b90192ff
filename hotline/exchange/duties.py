"""Where rows of duties go. They are held until the end: each is seen beside all others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.errors import NotAllowedError
from hotline.accounts.institutions import all_institutions
from hotline.accounts.records import Saved
from hotline.accounts.rights import reach
from hotline.db.order_tables import DutyRow, PersonRow
from hotline.domain.order_codes import DutySource, Right
from hotline.domain.people import Institution
from hotline.errors import HotlineError
from hotline.exchange.fields import DUTIES
from hotline.exchange.targets import Desk, Errors, Values
from hotline.roster.errors import DutyInputError, DutyOverlapError
from hotline.roster.plan import Duty, check_duty, overlaps
from hotline.roster.store import save_duty

_BATCH = 300
Key = tuple[str, datetime]


@dataclass
class DutiesTarget:
    """Duties; two of one person may not overlap, in the file or with what is kept."""

    desk: Desk
    record = DUTIES
    _people: Mapping[str, tuple[str, bool]] | None = None
    """(id, at work) by staff number."""
    _places: Mapping[str, Institution] = field(default_factory=dict)
    _all: list[Duty] = field(default_factory=list)

    def key(self, values: Values) -> str:
        """See ``Target``."""
        return f"{values['staff_no']} {values['starts_at'].timestamp()}"

    async def existing(self, keys: Sequence[str]) -> Mapping[str, Duty]:
        """A duty's row says all of it: nothing is taken over from what is kept."""
        return {}

    def assemble(self, values: Values, old: Duty | None) -> Duty:
        """See ``Target``."""
        source = DutySource(values.get("source") or DutySource.FILE.value)
        times: tuple[Any, Any] = values["starts_at"], values["ends_at"]
        return check_duty(Duty(values["staff_no"], values["institution"], *times, source))

    async def check(self, items: Sequence[Duty]) -> Errors:
        """See ``Target``."""
        await self._load()
        self._all += items
        return [self._wrong_with(item) for item in items]

    async def at_end(self) -> Sequence[tuple[int, HotlineError]]:
        """Overlaps inside the file, and with duties kept that the file does not change."""
        found: list[tuple[int, HotlineError]] = [
            (later, _overlap("与本文件中同一人的另一班时间重叠，请改时间"))
            for _, later in overlaps(self._all)
        ]
        mine = {(item.staff_no, item.starts_at) for item in self._all}
        for start in range(0, len(self._all), _BATCH):
            batch = self._all[start : start + _BATCH]
            kept = await self.desk.db.read(partial(self._kept, items=batch))
            for place, item in enumerate(batch, start):
                others = [
                    span for span in kept.get(item.staff_no, ()) if _key(item, span) not in mine
                ]
                if any(begin < item.ends_at and end > item.starts_at for begin, end in others):
                    mend = "与此人已有的班时间重叠，请改时间或先删去原来的班"
                    found.append((place, _overlap(mend)))
        return found

    async def write(self, items: Sequence[Duty], *, last: bool) -> Sequence[Saved]:
        """Everything with the last batch, by start: a duty cut short makes room for the next."""
        if not last:
            return []
        desk = self.desk
        ordered = sorted(self._all, key=lambda item: (item.staff_no, item.starts_at))
        saved: list[Saved] = []
        for start in range(0, len(ordered), _BATCH):
            batch = ordered[start : start + _BATCH]

            def work(session: Session, batch: Sequence[Duty] = batch) -> list[Saved]:
                return [
                    save_duty(session, desk.ring, item, actor=desk.actor.id, now=desk.now)
                    for item in batch
                ]

            saved += await desk.db.write(work)
        return saved

    async def _load(self) -> None:
        if self._people is not None:
            return

        def work(session: Session) -> tuple[dict[str, Institution], dict[str, tuple[str, bool]]]:
            columns = (col(PersonRow.staff_no), col(PersonRow.person_id), col(PersonRow.active))
            people = {no: (one, active) for no, one, active in session.execute(select(*columns))}
            return {one.code: one for one in all_institutions(session)}, people

        self._places, self._people = await self.desk.db.read(work)

    def _kept(
        self, session: Session, items: Sequence[Duty]
    ) -> dict[str, list[tuple[datetime, datetime]]]:
        """Spans of kept duties near these, by staff number."""
        people = self._people or {}
        names = {
            people[item.staff_no][0]: item.staff_no for item in items if item.staff_no in people
        }
        query = select(DutyRow).where(
            col(DutyRow.person_id).in_(names),
            col(DutyRow.starts_at) < max(item.ends_at for item in items),
            col(DutyRow.ends_at) > min(item.starts_at for item in items),
        )
        found: dict[str, list[tuple[datetime, datetime]]] = {}
        for row in session.scalars(query):
            found.setdefault(names[row.person_id], []).append((row.starts_at, row.ends_at))
        return found

    def _wrong_with(self, item: Duty) -> HotlineError | None:
        _, active = (self._people or {}).get(item.staff_no, ("", False))
        if not active:
            return DutyInputError("staff_no：没有这个工号，或此人已不在岗", field="staff_no")
        place = self._places.get(item.institution)
        if place is None or not place.active:
            return DutyInputError("institution：没有这个机构，或机构已停用", field="institution")
        own = reach(self.desk.actor, Right.ROSTER)
        if not own.holds(region=place.region, institution=place.code):
            return NotAllowedError("没有编辑这个机构值班表的权限")
        return None


def _key(item: Duty, span: tuple[datetime, datetime]) -> Key:
    return item.staff_no, span[0]


def _overlap(mend: str) -> DutyOverlapError:
    return DutyOverlapError(f"starts_at：{mend}", field="starts_at")
