"""One question when words heard badly might hide a cry for help: is the caller safe?

Recognition makes ``他又在打我`` into harmless syllables. Where the understanding saw no emergency
but is not at ease (``Understanding.worry``), asking once costs a calm caller two seconds.
"""

from hotline.domain.codes import Act, EmergencyKind, Topic
from hotline.domain.understanding import Understanding
from ivr.bot.flows import danger
from ivr.bot.phrases import is_well, says_safe, says_unsafe
from ivr.bot.talk import Talk

UNCLEAR = 0.8
"""Recognition below this may have hidden words."""
WORRY_UNCLEAR, WORRY_CLEAR = 0.1, 0.25
"""Worry from which we ask, of words heard badly and well (``benchmarks.understanding``: asked)."""
SHORT = 4
"""A no of so many syllables answers the question; a longer sentence tells on."""


def worrying(t: Talk, u: Understanding, confidence: float) -> bool:
    """Whether to ask; never twice in a call."""
    s = t.s
    free = s.expect in ("open", "story") and s.flow not in ("safety", "rate", "order_rating")
    least = WORRY_UNCLEAR if confidence < UNCLEAR else WORRY_CLEAR
    return free and not s.asked_safe and not s.emergency and u.worry >= least


def begin(t: Talk, said: str) -> None:
    """Ask; what was said waits for the answer. Ends the turn."""
    s = t.s
    s.asked_safe = True
    s.doubted, s.doubted_in = said, s.flow
    s.flow = "safety"
    t.flow().ask(t)


class SafetyFlow:
    """Safe: the talk goes on with what was said. Not safe: an emergency."""

    def start(self, t: Talk) -> None:
        self.ask(t)

    def ask(self, t: Talk) -> None:
        t.ask(t.p("safety.ask"), expect="yes_no", patience="short")

    def heard(self, t: Talk, u: Understanding) -> None:
        if is_well(u.text):
            self._go_on(t, t.s.doubted)
        elif says_unsafe(u.text) or (u.act is Act.NO and len(u.text) <= SHORT):
            unsafe(t, u.text)
        elif u.act is Act.YES or says_safe(u.text):
            self._go_on(t, t.s.doubted)
        else:
            # They tell on, and that it is an emergency would have been seen before us.
            self._go_on(t, f"{t.s.doubted}，{u.text}")

    def key(self, t: Talk, digit: str) -> None:
        if digit == "2":
            unsafe(t, "")
        elif digit in ("1", "#"):
            self._go_on(t, t.s.doubted)
        else:
            self.ask(t)

    def _go_on(self, t: Talk, said: str) -> None:
        s = t.s
        s.flow, s.doubted = s.doubted_in, ""
        s.expect = "story" if s.flow == "order" else "open"
        t.flow().heard(t, t.tools.understander.understand(said))


def silence(t: Talk) -> None:
    """No answer: asked once more; who still says nothing may not be able to. Ends the turn."""
    s = t.s
    s.silences += 1
    if s.silences < 2:
        t.flow().ask(t)
    else:
        unsafe(t, "")


def unsafe(t: Talk, answer: str) -> None:
    """An emergency of a kind not told. Ends the turn."""
    s = t.s
    said = "，".join(filter(None, (s.doubted, answer)))
    s.doubted = ""
    danger.begin(t, EmergencyKind.VIOLENCE, Topic.SERVICE, s.region, said)
