"""A call on paper: runs a Dialogue over written lines and gives the transcript.

Lines are what the caller says; ``[1]`` is a key, ``[12#]`` several, ``[沉默]`` silence, ``[挂断]``
hanging up, ``[断识别]`` the loss of recognition, ``[重启]`` a restart of the hotline.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hotline.domain.codes import HubState, OrderState
from hotline.domain.orders import Intake, OrderView
from ivr.bot.api import (
    Action,
    Adopted,
    Filed,
    FileFailed,
    FileOrder,
    Found,
    HangUp,
    Hangup,
    Heard,
    Input,
    Key,
    Listen,
    LookUp,
    Note,
    OrderRated,
    RateOrder,
    Say,
    Silence,
    SpeechLost,
    Started,
    Transfer,
    TransferDone,
)
from ivr.bot.dialogue import Dialogue

_SPECIAL: dict[str, Input] = {
    "沉默": Silence(),
    "挂断": Hangup(),
    "断识别": SpeechLost(),
    "重启": Adopted(),
}


@dataclass(slots=True)
class PaperCall:
    """One call on paper. The world around it is told by the fields."""

    dialogue: Dialogue
    now: datetime
    person_answers: bool = False
    store_works: bool = True
    orders: tuple[OrderView, ...] = ()
    """What a look-up finds."""
    lines: list[str] = field(default_factory=list)
    """The transcript."""
    filed: list[Intake] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    ratings: list[RateOrder] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    last: Action | None = None

    def start(self, caller: str | None, *, speech: bool = True, seats: bool = True) -> "PaperCall":
        """Answer the call."""
        self.give(Started(caller, speech, False, seats))
        return self

    def run(self, script: Iterable[str]) -> "PaperCall":
        """Say the lines one after the other until the call is over."""
        for line in script:
            if isinstance(self.last, HangUp):
                break
            self._line(line)
        return self

    def _line(self, line: str) -> None:
        self.lines.append(f"来电：{line}")
        found = re.fullmatch(r"\[(.+)\]", line)
        if found is None:
            self.give(Heard(line))
        elif found.group(1) in _SPECIAL:
            self.give(_SPECIAL[found.group(1)])
        else:
            for digit in found.group(1):
                if not isinstance(self.last, HangUp):
                    self.give(Key(digit))

    def give(self, given: Input) -> list[Action]:
        """One turn, and those that follow from what the world answers; the first's actions."""
        self.now += timedelta(seconds=5)
        actions = self.dialogue.turn(given, self.now)
        said = "".join(action.text for action in actions if isinstance(action, Say))
        if said:
            self.lines.append(f"助手：{said}")
        self.notes += [action for action in actions if isinstance(action, Note)]
        self.last = actions[-1]
        if isinstance(given, Hangup):
            self.filed += [a.intake for a in actions if isinstance(a, FileOrder)]
            self.ratings += [a for a in actions if isinstance(a, RateOrder)]
        answer = self._world(self.last)
        if answer is not None:
            self.give(answer)
        return actions

    def _world(self, last: Action) -> Input | None:
        match last:
            case FileOrder(intake):
                self.filed.append(intake)
                self.lines.append(f"　　〔登记 {intake.title}〕")
                return Filed(self._view(intake)) if self.store_works else FileFailed()
            case LookUp():
                return Found(self.orders)
            case RateOrder():
                self.ratings.append(last)
                self.lines.append(f"　　〔评价 {last.level} 分〕")
                return OrderRated(self.store_works, self.store_works and last.again)
            case Transfer():
                self.transfers.append(last)
                self.lines.append(f"　　〔转人工 {last.reason}：{last.wait_text}〕")
                return TransferDone(self.person_answers)
            case HangUp(outcome):
                self.lines.append(f"　　〔结束 {outcome.label}〕")
            case Listen():
                pass
        return None

    def _view(self, intake: Intake) -> OrderView:
        return OrderView(
            order_no="20261123000014",
            state=OrderState.RECEIVED,
            hub_state=HubState.PENDING,
            hub_receipt=None,
            topic=intake.topic,
            urgency=intake.urgency,
            title=intake.title,
            created_at=self.now,
            updated_at=self.now,
        )

    @property
    def transcript(self) -> str:
        return "\n".join(self.lines)
