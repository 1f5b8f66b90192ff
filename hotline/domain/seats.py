"""A seat's states, and the one table of the steps between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from hotline.domain.codes import Coded


class SeatState(Coded):
    """What an agent's seat is doing."""

    OFFLINE = "offline", "签出"
    SIGNED_IN = "sign_in", "签入"
    READY = "ready", "就绪"
    RINGING = "ringing", "振铃"
    TALKING = "talking", "通话"
    HELD = "held", "保持"
    WRAP_UP = "wrap_up", "话后"
    BREAK = "break", "小休"
    LINK_LOST = "link_lost", "话机断线"

    @property
    def in_call(self) -> bool:
        """A caller is with the seat."""
        return self in (SeatState.TALKING, SeatState.HELD)


class BreakReason(Coded):
    """Why a seat takes no calls. Every change of reason is an interval of its own."""

    REST = "rest", "小休"
    MEAL = "meal", "就餐"
    MEETING = "meeting", "会议"
    TRAINING = "training", "培训"
    PAPERWORK = "paperwork", "整理工单"
    MISSED = "missed", "多次未接"

    @property
    def chosen(self) -> bool:
        """A person may choose it; the others are set by the hotline."""
        return self is not BreakReason.MISSED


class SeatCause(Coded):
    """What moves a seat from one state to the next."""

    SIGN_IN = "sign_in", "签入"
    SIGN_OUT = "sign_out", "签出"
    READY = "ready", "示闲"
    BREAK = "break", "小休"
    RING = "ring", "来电振铃"
    ANSWER = "answer", "接听"
    MISS = "miss", "未接"
    CANCEL = "cancel", "来电取消"
    HOLD = "hold", "保持"
    RESUME = "resume", "恢复"
    END = "end", "挂机"
    LINK_DOWN = "link_down", "话机断线"
    LINK_UP = "link_up", "话机恢复"


_S, _C = SeatState, SeatCause
_IDLE = (_S.SIGNED_IN, _S.READY, _S.BREAK, _S.WRAP_UP, _S.LINK_LOST)

STEPS: Mapping[tuple[SeatState, SeatCause], SeatState] = MappingProxyType(
    {
        (_S.OFFLINE, _C.SIGN_IN): _S.SIGNED_IN,
        **{(state, _C.SIGN_OUT): _S.OFFLINE for state in _IDLE},
        **{(state, _C.READY): _S.READY for state in _IDLE},
        **{(state, _C.BREAK): _S.BREAK for state in _IDLE},
        (_S.READY, _C.RING): _S.RINGING,
        (_S.RINGING, _C.ANSWER): _S.TALKING,
        (_S.RINGING, _C.MISS): _S.READY,
        (_S.RINGING, _C.CANCEL): _S.READY,
        (_S.TALKING, _C.HOLD): _S.HELD,
        (_S.HELD, _C.RESUME): _S.TALKING,
        (_S.TALKING, _C.END): _S.WRAP_UP,
        (_S.HELD, _C.END): _S.WRAP_UP,
        (_S.READY, _C.LINK_DOWN): _S.LINK_LOST,
        (_S.RINGING, _C.LINK_DOWN): _S.LINK_LOST,
        (_S.LINK_LOST, _C.LINK_UP): _S.READY,
    }
)
"""(state, cause) -> the state after it; what is not here cannot happen."""


@dataclass(frozen=True, slots=True)
class SeatInterval:
    """A stretch of time a seat spent in one state."""

    person_id: str
    state: SeatState
    reason: BreakReason | None
    began_at: datetime
    ended_at: datetime
    cause: SeatCause
    """What ended it."""
    call_id: str | None = None
