"""The queue: who is rung for whom. Facts and ``now`` go in, a list of what to do comes out."""

from datetime import datetime, timedelta

from hotline.domain.seats import STEPS, BreakReason, SeatCause, SeatInterval, SeatState
from ivr.errors import SeatStepError
from ivr.queue.choice import best_seat, widenings
from ivr.queue.parts import (
    Agent,
    Next,
    Output,
    Place,
    Policy,
    QueueChanged,
    Ring,
    Seat,
    SeatChanged,
    StopRing,
    WaitedOut,
    Wanted,
)

_SMOOTH = 0.2
"""Weight of the newest call in the mean handling time."""
_CALLS_TO_KNOW = 5
"""Calls handled before a wait is foretold at all."""


class Queue:
    """All seats and all waiting callers of one node.

    Every method that changes something returns what is to be done about it. What cannot be done
    raises SeatStepError and changes nothing.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._seats: dict[str, Seat] = {}
        self._waiting: dict[str, Wanted] = {}
        self._ringing: dict[str, str] = {}
        """Call to the person rung for it."""
        self._passed: dict[str, set[str]] = {}
        """Persons who missed or refused a call: rung again only when there is nobody else."""
        self._began: dict[str, datetime] = {}
        self._unstaffed: datetime | None = None
        """Since when nobody takes calls; None while somebody does."""
        self._mean: timedelta | None = None
        self._handled = 0

    # ---- what stands -----------------------------------------------------------------------------

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Everybody signed in."""
        return tuple(self._seats.values())

    def seat(self, person_id: str) -> Seat | None:
        """The seat of a person; None when not signed in."""
        return self._seats.get(person_id)

    @property
    def waiting(self) -> tuple[Wanted, ...]:
        """Callers who wait, the next first; those being rung for among them."""
        return tuple(sorted(self._waiting.values(), key=lambda one: one.rank))

    @property
    def staffed(self) -> bool:
        """Somebody takes calls, now or after the present one."""
        return any(seat.rings_at_all and seat.linked for seat in self._seats.values())

    def place(self, call_id: str) -> Place | None:
        """Where a caller stands; None when not waiting."""
        order = [one.call_id for one in self.waiting]
        if call_id not in order:
            return None
        position = order.index(call_id) + 1
        seats = sum(seat.rings_at_all and seat.linked for seat in self._seats.values())
        known = self._mean if self._handled >= _CALLS_TO_KNOW and seats else None
        return Place(position, known * position / seats if known else None, seats)

    def deadline(self, now: datetime) -> datetime | None:
        """When ``tick`` has to be called next."""
        times = [
            one.since + self._policy.max_wait
            for one in self._waiting.values()
            if one.call_id not in self._ringing
        ]
        for one in self._waiting.values():
            if one.call_id not in self._ringing:
                times += [at for at in widenings(one, self._policy) if at > now]
        if self._unstaffed is not None and self._waiting:
            times.append(self._unstaffed + self._policy.unstaffed)
        for seat in self._seats.values():
            if seat.state is SeatState.RINGING:
                times.append(seat.since + self._policy.ring)
            elif seat.state is SeatState.WRAP_UP and not self._held_back(seat):
                times.append(seat.since + self._policy.wrap_up)
        return min(times, default=None)

    # ---- people ----------------------------------------------------------------------------------

    def sign_in(self, agent: Agent, now: datetime) -> list[Output]:
        """Somebody takes a seat; signing in twice only brings skills up to date."""
        seat = self._seats.get(agent.person_id)
        if seat is not None:
            seat.agent = agent
            return self._match(now)
        self._seats[agent.person_id] = Seat(agent, SeatState.SIGNED_IN, now)
        return [SeatChanged(agent.person_id, None)]

    def sign_out(self, person_id: str, now: datetime) -> list[Output]:
        """Somebody leaves; during a call, after it."""
        seat = self._known(person_id)
        if seat.state.in_call or seat.state is SeatState.RINGING:
            seat.next = Next(SeatState.OFFLINE)
            return [SeatChanged(person_id, None)]
        return self._move(seat, SeatCause.SIGN_OUT, now) + self._match(now)

    def ready(self, person_id: str, now: datetime) -> list[Output]:
        """Somebody takes calls (again); during a call, after it."""
        seat = self._known(person_id)
        if seat.state.in_call or seat.state is SeatState.RINGING:
            seat.next = Next()
            return [SeatChanged(person_id, None)]
        if self._held_back(seat):
            raise SeatStepError("请先登记本次通话的处理结果，再示闲")
        return self._make_ready(seat, now)

    def take_break(
        self,
        person_id: str,
        reason: BreakReason,
        now: datetime,
        limit: timedelta | None = None,
    ) -> list[Output]:
        """Somebody takes no calls for a while; during a call, after it."""
        seat = self._known(person_id)
        if seat.state.in_call or seat.state is SeatState.RINGING:
            seat.next = Next(SeatState.BREAK, reason)
            return [SeatChanged(person_id, None)]
        if self._held_back(seat):
            raise SeatStepError("请先登记本次通话的处理结果，再小休")
        return self._move(seat, SeatCause.BREAK, now, reason=reason, limit=limit) + self._match(now)

    def restore(self, seat: Seat, now: datetime) -> list[Output]:
        """A seat as it was before a restart. Who was being rung is ready again."""
        if seat.state is SeatState.RINGING:
            seat.state, seat.call_id = SeatState.READY, None
        if seat.state is SeatState.READY and not seat.linked:
            seat.state = SeatState.LINK_LOST
        self._seats[seat.agent.person_id] = seat
        return [SeatChanged(seat.agent.person_id, None), *self._match(now)]

    def link(self, person_id: str, up: bool, now: datetime) -> list[Output]:
        """The seat's telephone has come or gone. A call it is in goes on."""
        seat = self._seats.get(person_id)
        if seat is None or seat.linked == up:
            return []
        seat.linked = up
        if up and seat.state is SeatState.LINK_LOST:
            return self._move(seat, SeatCause.LINK_UP, now) + self._match(now)
        if up or seat.state not in (SeatState.READY, SeatState.RINGING):
            return [SeatChanged(person_id, None)]
        out: list[Output] = self._unring(seat)
        return out + self._move(seat, SeatCause.LINK_DOWN, now) + self._match(now)

    # ---- calls -----------------------------------------------------------------------------------

    def join(self, wanted: Wanted, now: datetime) -> list[Output]:
        """A caller needs a person."""
        self._waiting[wanted.call_id] = wanted
        return [QueueChanged(wanted.call_id), *self._match(now)]

    def leave(self, call_id: str, now: datetime) -> list[Output]:
        """A caller waits no longer: hung up, or does something else."""
        if self._waiting.pop(call_id, None) is None:
            return []
        self._passed.pop(call_id, None)
        out: list[Output] = [QueueChanged(call_id)]
        person = self._ringing.pop(call_id, None)
        seat = self._seats.get(person) if person else None
        if seat is not None:
            out.append(StopRing(call_id, seat.agent.person_id))
            out += self._stop(seat, SeatCause.CANCEL, now)
        return out + self._match(now)

    def answered(self, call_id: str, person_id: str, now: datetime) -> list[Output]:
        """The rung agent has picked up."""
        seat = self._known(person_id)
        if self._ringing.get(call_id) != person_id:
            raise SeatStepError("来电已被取消或由他人接听")
        del self._ringing[call_id], self._waiting[call_id]
        self._passed.pop(call_id, None)
        seat.misses = 0
        self._began[person_id] = now
        return [QueueChanged(call_id), *self._move(seat, SeatCause.ANSWER, now)]

    def missed(self, call_id: str, person_id: str, now: datetime) -> list[Output]:
        """The rung agent did not pick up, refused, or could not be rung."""
        seat = self._seats.get(person_id)
        if seat is None or self._ringing.get(call_id) != person_id:
            return []
        del self._ringing[call_id]
        self._passed.setdefault(call_id, set()).add(person_id)
        seat.misses += 1
        return self._stop(seat, SeatCause.MISS, now) + self._match(now)

    def took(self, person_id: str, call_id: str, now: datetime) -> list[Output]:
        """A seat has a call the queue did not give it: taken over, or found after a restart."""
        seat = self._known(person_id)
        if seat.state.in_call:
            seat.call_id = call_id
            return []
        if seat.state is SeatState.RINGING:
            if seat.call_id != call_id:
                raise SeatStepError("话机正在振铃，请先处理来电")
            return self.answered(call_id, person_id, now)
        self._began[person_id] = now
        ended = self._close(seat, SeatCause.ANSWER, now)
        seat.state, seat.since, seat.reason, seat.call_id = SeatState.TALKING, now, None, call_id
        return [SeatChanged(person_id, ended)]

    def hold(self, person_id: str, held: bool, now: datetime) -> list[Output]:
        """Asterisk has taken the agent out of the talk, or put them back."""
        seat = self._known(person_id)
        return self._move(seat, SeatCause.HOLD if held else SeatCause.RESUME, now)

    def ended(self, person_id: str, now: datetime) -> list[Output]:
        """The agent's part of the call is over."""
        seat = self._seats.get(person_id)
        if seat is None or not seat.state.in_call:
            return []
        began = self._began.pop(person_id, None)
        if began is not None:
            self._learn(now - began)
        seat.idle_since = now
        seat.disposed = False
        return self._move(seat, SeatCause.END, now)

    def disposed(self, person_id: str, now: datetime) -> list[Output]:
        """The result of the last call is stored."""
        seat = self._known(person_id)
        seat.disposed = True
        return self.tick(now)

    def tick(self, now: datetime) -> list[Output]:
        """Time has passed."""
        out: list[Output] = []
        for seat in list(self._seats.values()):
            if seat.state is SeatState.RINGING and now - seat.since >= self._policy.ring:
                call = seat.call_id or ""
                out.append(StopRing(call, seat.agent.person_id))
                out += self.missed(call, seat.agent.person_id, now)
            elif self._wrapped_up(seat, now):
                out += self._go_on(seat, now)
        out += self._match(now)
        alone = self._unstaffed is not None and now - self._unstaffed >= self._policy.unstaffed
        for one in list(self._waiting.values()):
            long = now - one.since >= self._policy.max_wait or alone
            if long and one.call_id not in self._ringing:
                out += [WaitedOut(one.call_id), *self.leave(one.call_id, now)]
        return out

    # ---- inside ----------------------------------------------------------------------------------

    def _known(self, person_id: str) -> Seat:
        seat = self._seats.get(person_id)
        if seat is None:
            raise SeatStepError("尚未签入，请先签入")
        return seat

    def _held_back(self, seat: Seat) -> bool:
        waits = self._policy.forced_disposition and not seat.disposed
        return seat.state is SeatState.WRAP_UP and waits

    def _wrapped_up(self, seat: Seat, now: datetime) -> bool:
        over = seat.state is SeatState.WRAP_UP and now - seat.since >= self._policy.wrap_up
        return over and not self._held_back(seat)

    def _go_on(self, seat: Seat, now: datetime) -> list[Output]:
        """After wrap-up: what was asked for, else the next call."""
        wanted, seat.next = seat.next, Next()
        if wanted.state is SeatState.OFFLINE:
            return self._move(seat, SeatCause.SIGN_OUT, now)
        if wanted.state is SeatState.BREAK:
            return self._move(seat, SeatCause.BREAK, now, reason=wanted.reason)
        return self._make_ready(seat, now)

    def _make_ready(self, seat: Seat, now: datetime) -> list[Output]:
        if seat.state in (SeatState.READY, SeatState.LINK_LOST):
            return []
        seat.misses = 0
        out = self._move(seat, SeatCause.READY, now)
        if not seat.linked:
            return out + self._move(seat, SeatCause.LINK_DOWN, now)
        return out + self._match(now)

    def _unring(self, seat: Seat) -> list[Output]:
        if seat.state is not SeatState.RINGING or seat.call_id is None:
            return []
        self._ringing.pop(seat.call_id, None)
        self._passed.setdefault(seat.call_id, set()).add(seat.agent.person_id)
        return [StopRing(seat.call_id, seat.agent.person_id)]

    def _stop(self, seat: Seat, cause: SeatCause, now: datetime) -> list[Output]:
        """Ringing is over without an answer."""
        out = self._move(seat, cause, now)
        if seat.next.state is not SeatState.READY:
            return out + self._go_on(seat, now)
        if seat.misses >= self._policy.misses:
            seat.misses = 0
            out += self._move(seat, SeatCause.BREAK, now, reason=BreakReason.MISSED)
        return out

    def _move(
        self,
        seat: Seat,
        cause: SeatCause,
        now: datetime,
        *,
        reason: BreakReason | None = None,
        limit: timedelta | None = None,
        call_id: str | None = None,
    ) -> list[Output]:
        after = STEPS.get((seat.state, cause))
        if after is None:
            raise SeatStepError(f"“{seat.state.label}”状态下不能{cause.label}")
        if after is seat.state and seat.reason is reason:
            return []
        ended = self._close(seat, cause, now)
        seat.state, seat.since, seat.reason, seat.limit = after, now, reason, limit
        if call_id is not None:
            seat.call_id = call_id
        elif not (after.in_call or after in (SeatState.RINGING, SeatState.WRAP_UP)):
            seat.call_id = None
        if after is SeatState.OFFLINE:
            del self._seats[seat.agent.person_id]
        return [SeatChanged(seat.agent.person_id, ended)]

    @staticmethod
    def _close(seat: Seat, cause: SeatCause, now: datetime) -> SeatInterval:
        return SeatInterval(
            seat.agent.person_id, seat.state, seat.reason, seat.since, now, cause, seat.call_id
        )

    def _learn(self, span: timedelta) -> None:
        self._handled += 1
        handled = span + self._policy.wrap_up
        self._mean = (
            handled if self._mean is None else self._mean + _SMOOTH * (handled - self._mean)
        )

    def _match(self, now: datetime) -> list[Output]:
        """Ring for whoever can be served, the most urgent first."""
        self._unstaffed = None if self.staffed else self._unstaffed or now
        out: list[Output] = []
        for one in self.waiting:
            if one.call_id in self._ringing:
                continue
            passed = self._passed.get(one.call_id, set())
            seat = best_seat(self._seats.values(), one, now, self._policy, passed)
            if seat is None:
                continue
            self._ringing[one.call_id] = seat.agent.person_id
            out += self._move(seat, SeatCause.RING, now, call_id=one.call_id)
            out.append(Ring(one.call_id, seat.agent.person_id))
        return out
