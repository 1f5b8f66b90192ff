"""Which free seat a caller is given: pure, seats and caller in, one seat out."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from hotline.domain.order_codes import Language
from hotline.domain.regions import covers
from hotline.domain.seats import SeatState
from ivr.queue.parts import Agent, Policy, Seat, Wanted


def best_seat(
    seats: Iterable[Seat], one: Wanted, now: datetime, policy: Policy, passed: Collection[str]
) -> Seat | None:
    """The seat to ring for ``one``; None when nobody fits yet.

    Who spoke with the caller last comes first, then who speaks the language, then who knows the
    topic, then who has been idle longest. ``passed``: persons who did not take this call when they
    were rung; they are rung again only when there is nobody else.
    """
    free = [seat for seat in seats if seat.state is SeatState.READY and seat.linked]
    return min(
        (seat for seat in free if _may(seat, one, now, policy)),
        key=_order(one, passed),
        default=None,
    )


def widenings(one: Wanted, policy: Policy) -> list[datetime]:
    """When more seats come into question for a caller."""
    return [one.since + span for span in (policy.own_region, policy.own_skill, policy.only)]


def _may(seat: Seat, one: Wanted, now: datetime, policy: Policy) -> bool:
    agent, waited = seat.agent, now - one.since
    if one.only is not None and waited < policy.only:
        return agent.person_id == one.only
    if one.emergency or agent.person_id == one.last_agent:
        return True
    near = covers(agent.region, one.region) if agent.region and one.region else True
    return (near or waited >= policy.own_region) and (
        _skilled(agent, one) or waited >= policy.own_skill
    )


def _order(one: Wanted, passed: Collection[str]) -> Callable[[Seat], tuple[object, ...]]:
    foreign = one.language not in (None, Language.MANDARIN.value)

    def key(seat: Seat) -> tuple[object, ...]:
        agent = seat.agent
        return (
            agent.person_id in passed,
            agent.person_id != one.last_agent,
            foreign and one.language not in agent.languages,
            not _skilled(agent, one),
            one.topic is not None and one.topic not in agent.skills,
            seat.idle_since or seat.since,
            agent.person_id,
        )

    return key


def _skilled(agent: Agent, one: Wanted) -> bool:
    return not agent.skills or one.topic is None or one.topic in agent.skills
