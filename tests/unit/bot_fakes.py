"""Small stand-ins for the dialogue's tests: an understander of key words, a handful of answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from hotline.domain.codes import Act, EmergencyKind, Topic
from hotline.domain.understanding import Reading, Slots, Understanding
from hotline.errors import NotFoundError
from hotline.knowledge.models import Answer, ArticleRef, Office, OfficeKind, Region, Status
from hotline.language.expect import Expect
from hotline.settings import BotSettings
from ivr.bot.dialogue import Dialogue
from ivr.bot.script import PaperCall

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CALLER = "13855512345"

REGIONS = (
    Region("340100", "合肥市", "合肥市"),
    Region("340111", "包河区", "合肥市"),
    Region("340122", "肥东县", "合肥市"),
    Region("340123", "肥西县", "合肥市"),
    Region("341200", "阜阳市", "阜阳市"),
    Region("341221", "临泉县", "阜阳市"),
    Region("341600", "亳州市", "亳州市"),
    Region("341621", "涡阳县", "亳州市"),
)

_EMERGENCIES = (
    (EmergencyKind.SUICIDE, "不想活|跳楼|喝农药"),
    (EmergencyKind.VIOLENCE, "打我|砍|救命"),
    (EmergencyKind.CONFINEMENT, "关在|锁在"),
    (EmergencyKind.ABDUCTION, "拐走|抢走孩子"),
)
_ACTS = (
    (Act.AGENT, "转人工|真人|接律师"),
    (Act.REPEAT, "再说一遍|没听清"),
    (Act.BYE, "再见|没有了"),
    (Act.PROGRESS, "进度|办到哪"),
    (Act.PLACE, "在哪里|地址|电话是多少|几点上班"),
    (Act.COMPLAINT, "投诉"),
    (Act.SUGGESTION, "建议"),
    (Act.APPLY, "申请|登记|帮我|预约"),
    (Act.NO, "^(不|没)|不用|不对|不可以|不行"),
    (Act.YES, "^(对|是的|好的?|可以|行|嗯|要)"),
)
_TOPICS = (
    (Topic.LEGAL_AID, "援助"),
    (Topic.NOTARY, "公证"),
    (Topic.WAGES, "工资|工钱"),
    (Topic.WORK_INJURY, "工伤|摔伤"),
    (Topic.DIVORCE, "离婚"),
    (Topic.FRAUD, "骗"),
    (Topic.LAWYER, "律师"),
    (Topic.MEDIATION, "调解"),
)
_OTHER = "天气|唱歌"


class FakeUnderstander:
    """Reads key words; ``readings`` of a sentence may be set by hand."""

    def __init__(self) -> None:
        self.readings: dict[str, tuple[Reading, ...]] = {}
        self.worry = 0.4
        """Of sentences with ``鬼影`` in them."""

    def understand(
        self, text: str, *, alternatives: Sequence[str] = (), expect: Expect | None = None
    ) -> Understanding:
        kind = next((k for k, words in _EMERGENCIES if re.search(words, text)), None)
        topic = next((t for t, words in _TOPICS if re.search(words, text)), Topic.SERVICE)
        act = next((a for a, words in _ACTS if re.search(words, text)), None)
        confidence = 0.9
        if act is None:
            act = Act.ASK if topic is not Topic.SERVICE else Act.OTHER
            off_topic = bool(re.search(_OTHER, text))
            confidence = 0.8 if act is Act.ASK or off_topic else 0.1
        if kind is not None:
            act, confidence = Act.EMERGENCY, 1.0
        readings = self.readings.get(text, (Reading(act, topic, confidence),))
        if text in self.readings:
            act, topic = readings[0].act, readings[0].topic
            confidence = readings[0].score
        return Understanding(
            text=text,
            act=act,
            topic=topic,
            confidence=confidence,
            readings=readings,
            emergency=kind,
            worry=self.worry if "鬼影" in text else 0.0,
            distress="我受不了了" in text,
            abusive="他妈" in text,
            foreign="hello" in text,
            slower="慢一点" in text,
            slots=self._slots(text, expect),
            reasons=(f"danger {kind}",) if kind else (),
        )

    def _slots(self, text: str, expect: Expect | None) -> Slots:
        phone = re.search(r"1[3-9]\d{9}", text)
        region = next(
            (r.code for r in reversed(REGIONS) if r.name in text or r.name[:-1] in text), None
        )
        since = re.search(r"(去年|今年|上个月|\d+月)[^，。]{0,3}", text)
        name = re.search(r"我叫([\u4e00-\u9fff]{2,3})", text)
        number = re.fullmatch(r"\d{4,14}", text)
        rating = expect and expect.kind == "rating" and re.fullmatch(r"[1-5]", text)
        return Slots(
            name=name.group(1) if name else None,
            phone=phone.group() if phone else None,
            region=region,
            since=since.group() if since else None,
            order_no=number.group() if number and expect and expect.kind == "order_no" else None,
            digits=text if re.fullmatch(r"\d+", text) else None,
            satisfaction=int(text) if rating else None,
        )


@dataclass(frozen=True, slots=True)
class FakeScored:
    answer: Answer
    score: float


def _answer(
    answer_id: str, topic: Topic, question: str, text: str, status: Status = Status.CURRENT
) -> Answer:
    return Answer(
        id=answer_id,
        topic=topic,
        question=question,
        similar=(),
        answer=text,
        next_step="可以先向劳动监察部门投诉。",
        prepare=("身份证", "合同"),
        articles=(ArticleRef("劳动合同法", "第三十条"),),
        reviewed=date(2026, 11, 1),
        status=status,
        note="",
    )


ANSWERS = (
    _answer("wages.unpaid", Topic.WAGES, "拖欠工资怎么办", "单位应当按时足额支付工资。"),
    _answer("work_injury.claim", Topic.WORK_INJURY, "怎么认定工伤", "一个月内由单位申请认定。"),
    _answer("divorce.how", Topic.DIVORCE, "怎么离婚", "可以协议离婚，也可以起诉离婚。"),
    _answer("divorce.changed", Topic.DIVORCE, "离婚新规", "这条规定改了。", Status.CHANGED),
    _answer("legal_aid.who", Topic.LEGAL_AID, "谁能申请法律援助", "经济困难的公民可以申请。"),
)

OFFICES = (
    Office(
        "feixi.aid",
        OfficeKind.LEGAL_AID,
        "合肥市",
        "肥西县",
        "肥西县法律援助中心",
        "人民路1号",
        "0551-12345678",
        "工作日九点到五点",
        "示例",
        date(2026, 11, 1),
        True,
    ),
    Office(
        "hefei.notary",
        OfficeKind.NOTARY,
        "合肥市",
        None,
        "合肥市公证机构",
        None,
        None,
        None,
        "待确认",
        date(2026, 11, 1),
        False,
    ),
)


class FakeKnowledge:
    """Scores by shared characters."""

    answers = ANSWERS

    def best(self, topic: Topic | None, text: str, limit: int = 3) -> list[FakeScored]:
        found = [
            FakeScored(answer, len(set(text) & set(answer.question)) / 10 + 0.2)
            for answer in ANSWERS
            if topic is None or answer.topic is topic
        ]
        return sorted(found, key=lambda item: -item.score)[:limit]

    def by_id(self, answer_id: str) -> Answer:
        for answer in ANSWERS:
            if answer.id == answer_id:
                return answer
        raise NotFoundError("no such answer")

    def offices(self, place: str, kind: OfficeKind) -> list[Office]:
        return [o for o in OFFICES if o.kind is kind and place in (o.city, o.county)]

    def find_region(self, text: str) -> list[Region]:
        return [r for r in REGIONS if r.name in text]


def dialogue(caller: str | None = CALLER, understander: FakeUnderstander | None = None) -> Dialogue:
    """A dialogue over the fakes."""
    heard = understander or FakeUnderstander()
    return Dialogue(caller, heard, FakeKnowledge(), REGIONS, BotSettings(), "01CALL")


def revive(text: str) -> Dialogue:
    """A dialogue from its saved state."""
    return Dialogue.from_json(text, FakeUnderstander(), FakeKnowledge(), REGIONS, BotSettings())


def paper(caller: str | None = CALLER, *, speech: bool = True, seats: bool = True) -> PaperCall:
    """A started call on paper."""
    return PaperCall(dialogue(caller), NOW).start(caller, speech=speech, seats=seats)
