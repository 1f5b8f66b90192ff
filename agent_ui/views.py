"""What pages show of seats and calls, as plain JSON: pure, things in and documents out."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from agent_ui.live.patch import Json
from hotline.analysis.stats import Stats
from hotline.domain.calls import CallRecord
from hotline.domain.codes import Act, Speaker, Topic
from hotline.domain.seats import SeatState
from hotline.privacy import mask_phone
from ivr.call.person import TalkState
from ivr.queue.parts import Place, Policy, Seat, Wanted


def seat_view(seat: Seat | None, policy: Policy) -> Json:
    """One seat, for its own page."""
    if seat is None:
        return {"state": SeatState.OFFLINE.value, "label": SeatState.OFFLINE.label}
    until: datetime | None = None
    if seat.state is SeatState.WRAP_UP and not policy.forced_disposition:
        until = seat.since + policy.wrap_up
    elif seat.state is SeatState.BREAK and seat.limit is not None:
        until = seat.since + seat.limit
    waits = seat.state.in_call or seat.state is SeatState.RINGING
    asked = seat.next.state is not SeatState.READY
    return {
        "state": seat.state.value,
        "label": seat.reason.label if seat.reason else seat.state.label,
        "reason": seat.reason.value if seat.reason else None,
        "since": _iso(seat.since),
        "until": _iso(until),
        "call_id": seat.call_id,
        "linked": seat.linked,
        "must_dispose": policy.forced_disposition and not seat.disposed,
        "next": (seat.next.reason.label if seat.next.reason else seat.next.state.label)
        if waits and asked
        else None,
    }


def seats_view(seats: Iterable[Seat], names: Mapping[str, str]) -> Json:
    """All seats, for colleagues and supervisors."""
    return {
        seat.agent.person_id: {
            "name": names.get(seat.agent.person_id, ""),
            "state": seat.state.value,
            "label": seat.reason.label if seat.reason else seat.state.label,
            "since": _iso(seat.since),
            "call_id": seat.call_id,
            "linked": seat.linked,
        }
        for seat in seats
    }


def queue_view(
    waiting: Iterable[Wanted], numbers: Mapping[str, str | None], seats: Iterable[Seat]
) -> Json:
    """Who waits; ``numbers``: callers' numbers by call, shown masked."""
    states = [seat.state for seat in seats]
    return {
        "waiting": {
            one.call_id: {
                "position": position,
                "since": _iso(one.since),
                "number": _masked(numbers.get(one.call_id)),
                "topic": _topic(one.topic),
                "emergency": one.emergency,
                "repeat": one.repeat,
            }
            for position, one in enumerate(waiting, 1)
        },
        "ready": states.count(SeatState.READY),
        "busy": sum(state.in_call or state is SeatState.RINGING for state in states),
        "signed_in": len(states),
    }


def call_view(
    record: CallRecord,
    talk: TalkState | None,
    *,
    regions: Mapping[str, str],
    place: Place | None = None,
) -> Json:
    """One call with everything said, for whoever has it (personal data)."""
    return {
        "call_id": record.call_id,
        "number": record.caller_number,
        "started": _iso(record.started_at),
        "answered": _iso(record.answered_at),
        "over": record.ended_at is not None,
        "region": record.region,
        "region_name": regions.get(record.region or ""),
        "topic": record.topic,
        "topic_label": _topic(record.topic),
        "act_label": _act(record.act),
        "order_no": record.order_no,
        "satisfaction": record.satisfaction,
        "held": talk.held if talk else None,
        "muted": talk.muted if talk else None,
        "talking": talk is not None,
        "talk_since": _iso(talk.since) if talk else None,
        "place": place.position if place else None,
        "lines": {
            str(turn.index): {
                "who": turn.speaker.value,
                "label": turn.speaker.label,
                "text": turn.text,
                "at": turn.started,
                "sure": turn.confidence,
            }
            for turn in record.turns
        },
        "hearing": {who.value: text for who, text in talk.hearing} if talk else {},
    }


def tiles_view(day: Stats, year: Stats, now: datetime) -> Json:
    """The wallboard's figures, with the number of calls each rests on."""
    return {
        "at": _iso(now),
        "answer_rate": _rate(day.answer_rate),
        "answer_rate_year": _rate(year.answer_rate),
        "human": _rate(day.answer_rate_human),
        "bot": _rate(day.answer_rate_bot),
        "service_level": _rate(day.service_level),
        "satisfaction": _rate(day.satisfaction_rate),
        "survey": _rate(day.survey_rate),
        "received": day.received,
        "going_on": day.going_on,
        "orders": day.orders_filed,
        "orders_acknowledged": _rate(day.orders_acknowledged),
        "orders_dead": day.orders_dead,
    }


def said(record: CallRecord) -> str:
    """What the caller has told so far, for searching answers (personal data)."""
    return "，".join(turn.text for turn in record.turns if turn.speaker is Speaker.CALLER)[-400:]


def spans(now: datetime) -> tuple[datetime, datetime]:
    """Begin of the sliding day (GB/T 33358) and of the year."""
    return now - timedelta(hours=24), now.replace(
        month=1, day=1, hour=0, minute=0, second=0, microsecond=0
    )


def _rate(rate: Any) -> Json:
    return {"value": rate.value, "part": rate.part, "whole": rate.whole}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def _masked(number: str | None) -> str:
    return (mask_phone(number) or "") if number else "号码未显示"


def _topic(code: str | None) -> str | None:
    return Topic(code).label if code else None


def _act(code: str | None) -> str | None:
    return Act(code).label if code else None
