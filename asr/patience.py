"""How long a silence may be before the caller is taken to have finished."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a silence may be before the turn is the bot's; seconds of silence."""

    complete_s: float = 0.48
    """Enough when the words heard so far are complete."""
    incomplete_s: float = 1.42
    """Enough when they may go on, or are not known: people pause for up to 1.2 s inside a sentence,
    and the last sound before a pause is too weak for the VAD."""
    hanging_s: float = 1.8
    """Enough when the sentence hangs in the air (... 因为)."""
    speculate_s: float = 0.22
    """When the words heard so far are looked at."""
    max_s: float = 28.0
    """An utterance is closed at this length, and a new one begun, whatever the speaker does."""

    def needed(self, score: float | None) -> float:
        """Silence that closes an utterance whose words are complete to this degree (0..1).

        Only a score that is nearly sure shortens the wait: an answer that comes early is nice, one
        that comes in the middle of a sentence is not.
        """
        if score is None:
            return self.incomplete_s
        steps = (
            (_HANGING, self.hanging_s),
            (_OPEN, self.incomplete_s),
            (LIKELY, self.incomplete_s),
            (_COMPLETE, self.complete_s),
        )
        if score <= steps[0][0]:
            return self.hanging_s
        for (low, before), (high, after) in pairwise(steps):
            if score < high:
                return before + (score - low) / (high - low) * (after - before)
        return self.complete_s


_HANGING, _OPEN, LIKELY, _COMPLETE = 0.15, 0.3, 0.6, 0.9
"""Scores of completeness between which the silence needed changes."""

SHORT_ANSWER = Patience(complete_s=0.42, incomplete_s=0.95, hanging_s=1.4)
"""For a question that a word answers: yes or no, a number, a name."""
STORY = Patience(complete_s=0.6)
"""For an open question: what happened?"""
TALK = Patience(complete_s=0.35, incomplete_s=0.6, hanging_s=0.6)
"""For the transcript of a talk between people: nobody answers, a line may end at any pause."""
