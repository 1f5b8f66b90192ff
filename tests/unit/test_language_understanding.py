"""What sentences mean; the sets with figures are in benchmarks/understanding.py."""

import csv
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.domain.codes import Act, EmergencyKind, Topic
from hotline.language import Expect, LanguageDataError, Understander
from hotline.language.danger import find_danger
from hotline.language.model import load_model, sources_hash
from hotline.language.neighbours import Example, Examples, load_examples
from hotline.language.normalise import plain

pytestmark = pytest.mark.unit

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "data"


@pytest.fixture(scope="module")
def understander() -> Iterator[Understander]:
    yield Understander.load()


def held_out(name: str) -> list[dict[str, str]]:
    with (BENCHMARK / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_weights_were_learnt_from_these_sources() -> None:
    assert load_model().trained_on == sources_hash(), "run: python -m hotline.language.train"


def test_examples_cover_every_act_and_topic() -> None:
    examples = load_examples()
    assert len(examples) >= 1500
    assert {example.act for example in examples} == set(Act)
    assert {example.topic for example in examples} == set(Topic)
    assert len({example.text for example in examples}) == len(examples)


def test_measurement_is_not_training(shared: Path) -> None:
    trained = {plain(example.text) for example in load_examples()}
    with (shared / "utterances" / "dev.tsv").open(encoding="utf-8") as stream:
        measured = [row["text"] for row in csv.DictReader(stream, delimiter="\t")]
    # 转人工 is what everybody says; a rule of its own reads it
    assert [text for text in measured if plain(text) in trained and text != "转人工"] == []


def test_own_sets_are_not_training() -> None:
    trained = {plain(example.text) for example in load_examples()}
    for name in ("sentences", "emergencies", "traps", "unread", "unread_danger"):
        rows = held_out(f"understanding_{name}.tsv")
        same = [row["text"] for row in rows if plain(row["text"]) in trained]
        assert [text for text in same if len(plain(text)) > 3] == []  # 是的 is what people say


def test_unseen_sentences(understander: Understander) -> None:
    rows = held_out("understanding_sentences.tsv")
    right = sum(
        (found.act, found.topic) == (row["act"], row["topic"])
        for row in rows
        for found in [understander.understand(row["text"])]
    )
    assert right / len(rows) >= 0.85


def test_no_emergency_is_missed(understander: Understander) -> None:
    rows = held_out("understanding_emergencies.tsv")
    assert [
        row["text"] for row in rows if understander.understand(row["text"]).act is not Act.EMERGENCY
    ] == []


def test_few_false_alarms(understander: Understander) -> None:
    rows = held_out("understanding_traps.tsv")
    alarms = [row["text"] for row in rows if understander.understand(row["text"]).emergency]
    assert len(alarms) / len(rows) <= 0.02, alarms


def test_emergencies_are_heard_through_a_bad_line(understander: Understander) -> None:
    rows = held_out("understanding_heard.tsv")
    read = [
        (row["act"], understander.understand(row["heard"], alternatives=others).emergency)
        for row in rows
        for others in [tuple(filter(None, (row.get("others") or "").split("|")))]
    ]
    cries = [kind for act, kind in read if act == "emergency"]
    assert sum(kind is None for kind in cries) <= 0.05 * len(cries)
    calm = [kind for act, kind in read if act != "emergency"]
    assert sum(kind is not None for kind in calm) <= 0.02 * len(calm)


def test_familiarity_is_the_share_of_known_neighbours() -> None:
    examples = Examples([Example(Act.ASK, Topic.WAGES, "老板不给工资")])
    assert examples.familiarity("老板不给钱") == 0.75
    assert examples.familiarity("要文已经") == 0.0
    assert examples.familiarity("好") == 1.0


def test_what_sounds_like_danger_worries(understander: Understander) -> None:
    assert understander.understand("要文已经买后里请万就做").worry > 0.03
    assert understander.understand("我家的房租到期了房东不退押金").worry < 0.02
    # an emergency is no mere worry, and neither is a question about one
    assert understander.understand("他正拿刀砍我").worry == 0.0
    assert understander.understand("听说隔壁有人跳楼是真的吗").worry == 0.0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("我不想活了", EmergencyKind.SUICIDE),
        ("我老公拿刀要砍我", EmergencyKind.VIOLENCE),
        ("老板把我们锁在厂里不让走", EmergencyKind.CONFINEMENT),
        ("孩子刚被人抱走了", EmergencyKind.ABDUCTION),
    ],
)
def test_kinds_of_emergency(understander: Understander, text: str, kind: EmergencyKind) -> None:
    found = understander.understand(text)
    assert (found.act, found.emergency) == (Act.EMERGENCY, kind)
    assert found.readings[0].act is Act.EMERGENCY


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("去年他拿刀砍过我能告吗", "law"),
        ("三年前我被人关在屋里不让走", "past"),
        ("新闻上说有人跳楼了", "told"),
        ("他没有打我", "denied"),
        ("要是他打我我就报警", "imagined"),
        ("警察把我儿子关起来了", "police"),
    ],
)
def test_what_speaks_against_danger(understander: Understander, text: str, reason: str) -> None:
    danger = find_danger(text)
    assert danger is None or reason in danger.against
    assert understander.understand(text).emergency is None


@pytest.mark.parametrize(
    "kind", ["open", "yes_no", "phone", "name", "rating", "digits", "story", "choice"]
)
def test_no_question_hides_an_emergency_or_the_wish_for_a_person(
    understander: Understander, kind: str
) -> None:
    asked = Expect(kind, (Topic.WAGES,))  # type: ignore[arg-type]
    assert understander.understand("我要跳楼", expect=asked).act is Act.EMERGENCY
    assert understander.understand("转人工", expect=asked).act is Act.AGENT


@pytest.mark.parametrize(
    ("text", "act"),
    [("对", Act.YES), ("嗯", Act.YES), ("没错", Act.YES), ("不是的", Act.NO), ("不用", Act.NO)],
)
def test_short_answers(understander: Understander, text: str, act: Act) -> None:
    assert understander.understand(text, expect=Expect("yes_no")).act is act


def test_answers_with_facts(understander: Understander) -> None:
    found = understander.understand("幺三八零五五幺二三四五", expect=Expect("phone"))
    assert found.slots.phone == "13805512345"
    assert found.act is Act.OTHER
    assert understander.understand("三个月", expect=Expect("since")).slots.since == "三个月"


def test_the_topic_of_the_talk_helps_short_questions(understander: Understander) -> None:
    asked = Expect("open", (Topic.NOTARY,))
    assert understander.understand("要带什么材料", expect=asked).topic is Topic.NOTARY


def test_errors_of_the_recogniser(understander: Understander) -> None:
    assert understander.understand("我在工地上摔伤了怎么认定工商").topic is Topic.WORK_INJURY
    assert understander.understand("我想申请法律原主").topic is Topic.LEGAL_AID
    heard = understander.understand("工商怎么人定", alternatives=["工伤怎么认定"])
    assert heard.topic is Topic.WORK_INJURY


def test_manners(understander: Understander) -> None:
    assert understander.understand("你他妈的什么东西").abusive
    assert not understander.understand("邻居骂我是王八蛋怎么办").abusive
    assert understander.understand("hello can you speak english").foreign
    assert not understander.understand("我要做dna鉴定").foreign
    assert understander.understand("你说慢一点").slower
    assert not understander.understand("你们办得太慢了").slower
    assert understander.understand("我真是走投无路了求求你们").distress


def test_nothing_said(understander: Understander) -> None:
    found = understander.understand("  。 ")
    assert (found.act, found.topic, found.confidence) == (Act.OTHER, Topic.SERVICE, 0.0)


def test_readings_explain_themselves(understander: Understander) -> None:
    found = understander.understand("老板欠我工资不给")
    assert found.readings[0].act is found.act and found.readings[0].topic is found.topic
    assert [one.score for one in found.readings] == sorted(
        (one.score for one in found.readings), reverse=True
    )
    assert any("wages" in reason for reason in found.reasons)
    assert 0 <= found.confidence <= 1


def test_any_text_is_read_quickly(understander: Understander) -> None:
    rng = random.Random(5)
    texts = [
        "".join(rng.choices("老板欠我工资离婚打人跳楼关在的了吗123abc，。", k=60))
        for _ in range(40)
    ]
    begun = time.process_time()
    for text in texts:
        understander.understand(text)
    assert (time.process_time() - begun) / len(texts) < 0.05


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "examples.tsv"
    bad.write_text(
        "act\ttopic\ttext\nask\twages\t老板欠钱\nask\tnonsense\t什么\n", encoding="utf-8"
    )
    with pytest.raises(LanguageDataError, match="line 3"):
        load_examples(bad)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("借钱不还怎么去法院起诉", Topic.DEBT),
        ("拖欠工资怎么申请劳动仲裁", Topic.WAGES),
        ("打官司要准备什么材料", Topic.LITIGATION),
        ("劳动仲裁要准备什么材料", Topic.ARBITRATION),
    ],
)
def test_the_cause_goes_before_the_procedure(
    understander: Understander, text: str, topic: Topic
) -> None:
    assert understander.understand(text).topic is topic
