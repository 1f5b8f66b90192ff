"""What is said after ringing somebody, and whether it can be so. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.callbacks.errors import RingInputError
from dispatch.callbacks.plan import check_later
from dispatch.life.fields import check_text
from hotline.domain.codes import Satisfaction
from hotline.domain.order_codes import CloseReason, RingKind, RingResult

MAX_NOTE = 2_000


class Then(StrEnum):
    """What a follow-up leads to."""

    LEAVE = "leave"
    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class RingReport:
    """What came of ringing somebody."""

    result: RingResult
    note: str | None = None
    """Personal data: sealed."""
    later: datetime | None = None
    """With LATER: the moment agreed."""
    level: Satisfaction | None = None
    """Follow-up: what the party says."""
    comment: str | None = None
    then: Then = Then.LEAVE
    close_reason: CloseReason = CloseReason.RESOLVED


def check_report(report: RingReport, kind: RingKind, *, rated: bool, now: datetime) -> None:
    """Raises RingInputError naming the field and the mend. ``rated``: since it was resolved."""
    problem = check_text(report.note, MAX_NOTE) if report.note else None
    if problem:
        raise RingInputError(f"note：说明{problem}", field="note")
    if report.result is RingResult.LATER:
        wrong = check_later(report.later, now)
        if wrong:
            raise RingInputError(f"later：{wrong}", field="later")
    follow_up = kind is RingKind.FOLLOW_UP
    reached = report.result in (RingResult.REACHED, RingResult.REFUSED)
    if report.level is not None:
        if not follow_up or report.result is not RingResult.REACHED:
            raise RingInputError("level：只有回访且已联系上时可填满意度", field="level")
        if rated:
            raise RingInputError("level：此次办理结果已评价过，不必再填", field="level")
    if report.then is not Then.LEAVE and not (follow_up and reached):
        raise RingInputError("then：只有联系上的回访可以办结或重办", field="then")
