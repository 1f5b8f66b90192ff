"""Fixed texts: all there, short, plain, rendered ahead."""

import re
from pathlib import Path

import pytest
from bot_fakes import paper

from hotline.domain.codes import EmergencyKind, OrderState, Topic
from hotline.knowledge.speech import MOST_SYLLABLES, syllables
from ivr.bot import prompts
from ivr.bot.prompts import ALL, DANGER, GROUPS, KEYS, STATE, TOPIC, P

pytestmark = pytest.mark.unit

BOT = Path(prompts.__file__).parent
PROMPT_ID = re.compile(r'"((?:[a-z]+)(?:[._][a-z0-9_.]+)+)"')
AREAS = {name.split(".")[0] for name in P if "." in name}


def test_every_prompt_the_code_names_exists() -> None:
    named = set()
    for path in BOT.rglob("*.py"):
        if path.name not in ("prompts.py", "api.py"):
            named |= set(PROMPT_ID.findall(path.read_text(encoding="utf-8")))
    ids = {name for name in named if name.split(".")[0] in AREAS and "." in name}
    assert ids <= set(P), sorted(ids - set(P))


def test_every_prompt_is_used() -> None:
    code = "".join(
        path.read_text(encoding="utf-8") for path in BOT.rglob("*.py") if path.name != "prompts.py"
    )
    made = {f"silence_{n}" for n in (1, 2)}
    unused = [
        name
        for name in P
        if not name.endswith(".keys")
        and not re.search(f"[\"']{re.escape(name)}[\"']", code)
        and name not in made
        and name not in DANGER.values()
        and not name.startswith(("choice.", "answer.no_"))
    ]
    assert not unused
    assert all(name.removesuffix(".keys") in P for name in P)


def test_tables_are_whole() -> None:
    assert set(TOPIC) == set(Topic)
    assert set(STATE) == set(OrderState)
    assert set(DANGER) == {kind.value for kind in EmergencyKind}
    grouped = [topic for _, topics in GROUPS for topic in topics]
    assert len(grouped) == len(set(grouped))
    assert set(Topic) - set(grouped) == {Topic.SERVICE}
    assert len(GROUPS) <= len(KEYS)


def test_texts_are_short_and_chinese() -> None:
    for name, text in P.items():
        assert syllables(text) <= 60, name
        if name != "foreign":
            assert not re.search(r"[A-Za-z]", text), name
    assert all(syllables(text) < MOST_SYLLABLES for text in ALL)


def test_no_filler_comes_before_the_substance() -> None:
    fillers = ("好的", "嗯", "请稍等", "让我", "我来看看", "非常感谢您的耐心")
    assert not [name for name, text in P.items() if text.startswith(fillers)]


def test_all_has_every_fixed_text_once_the_greeting_first() -> None:
    assert ALL[0] == P["greeting"]
    assert len(ALL) == len(set(ALL))
    assert set(P.values()) <= set(ALL)


def test_what_is_fixed_in_a_talk_is_rendered_ahead() -> None:
    """Only names, numbers, places and answers of the knowledge base are spoken fresh."""
    call = paper()
    script = [
        "我想申请法律援助",
        "老板拖欠我工资三万块",
        "肥西县",
        "去年",
        "可以",
        "我叫张大勇",
        "急",
        "对",
    ]
    fresh = []
    for line in script:
        before = len(call.lines)
        call.run([line])
        said = [text for text in call.dialogue.state.said if len(call.lines) > before]
        fresh += [text for text in said if text not in ALL]
    assert all(len(text) <= 12 for text in fresh), fresh
