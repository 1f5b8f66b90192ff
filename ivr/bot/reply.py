"""What the bot would answer to one sentence: ``hotline understand`` and the text bot."""

from datetime import datetime

from hotline.domain.understanding import Understanding
from hotline.settings import BotSettings
from ivr.bot.api import Heard, Say, Started, Transfer
from ivr.bot.dialogue import Dialogue
from ivr.bot.ports import Knowledge, Regions, Understander


def understand_reply(
    text: str,
    *,
    understander: Understander,
    knowledge: Knowledge,
    regions: Regions,
    settings: BotSettings,
    now: datetime,
) -> tuple[Understanding, str]:
    """A sentence understood, and the reply of a fresh talk to it as its first words.

    Nothing is filed, looked up or rung: the reply ends where the call session would act.
    """
    talk = Dialogue(None, understander, knowledge, regions, settings, "text")
    talk.turn(Started(None), now)
    actions = talk.turn(Heard(text), now)
    words = [action.text for action in actions if isinstance(action, Say)]
    last = actions[-1]
    if isinstance(last, Transfer):
        words.append(last.wait_text)
    return understander.understand(text), "".join(words)
