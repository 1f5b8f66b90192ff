# ruff: noqa: E501 - a pattern is easier to read in one piece
"""Facts in a sentence: who, which telephone, where, since when, how much, how many."""

import re
from collections.abc import Callable

from hotline.domain.understanding import Slots
from hotline.language.expect import OPEN, Expect
from hotline.language.normalise import simplify
from hotline.language.numerals import parse_number, spoken_digits, to_digits

RegionFinder = Callable[[str], str | None]
"""Text -> GB/T 2260 code of the city or county of Anhui it names, or None."""

_NUMBER = "[0-9零〇一二两三四五六七八九十百千万亿]"
_DIGIT = "[0-9零〇洞一幺二两三四五六七拐八九]"
_GROUPED = re.compile(rf"{_DIGIT}(?:[\s,，、.。\-~啊嗯呃是的]{{0,3}}{_DIGIT})+")
_AMOUNT = re.compile(
    rf"(?P<tens>几)?(?P<number>{_NUMBER}+(?:\.\d+)?(?:点{_NUMBER}+)?)(?P<about>多|来)?(?P<large>[万千百亿]?)(?P<about2>多)?"
    rf"(?P<unit>块钱|块|元钱|元|圆|人民币|万(?!{_NUMBER}|一))(?P<tail>[一二三四五六七八九](?=$|[^{_NUMBER[1:-1]}年月天个]))?"
)
_SUM_WITHOUT_UNIT = re.compile(
    rf"(?:欠|借|赔|骗|花|交|付|还|给|拿|罚|押金|工资|彩礼|存)(?:了|我|他|我们|他们|走|去)*({_NUMBER}*[万千百]{_NUMBER}*)(?![年月天个人亩户])"
)
_PEOPLE = re.compile(
    rf"({_NUMBER}+|十几|几十|好几十)(?:多|来)?(?:个|名|位|号)?(?:多)?(?:农民工|工人|工友|人|业主|老乡|员工|职工|户|同事|村民|家长)"
)
_ABOUT_PEOPLE = {"十几": 10, "几十": 20, "好几十": 30}
_SINCE = re.compile(
    rf"(?:从|自从|打)?((?:(?:去年|前年|大前年|今年|上个?月|前天|昨天|今天|上个?(?:星期|礼拜|周)|年初|年底|过年|春节|"
    rf"{_NUMBER}{{2,4}}年)(?:{_NUMBER}{{1,3}}月份?)?(?:{_NUMBER}{{1,3}}[号日])?(?:年?底|年?初|年中|上半年|下半年|春天|夏天|秋天|冬天)?)"
    rf"|{_NUMBER}{{1,3}}月份?(?:{_NUMBER}{{1,3}}[号日])?(?!个)|(?:好?几|{_NUMBER}{{1,3}}|半)(?:多)?(?:个)?(?:多)?(?:年|月|星期|礼拜|周|天)(?:多|半)?)"
)
_AGE = re.compile(rf"{_NUMBER}+(?:多)?岁")
_NAME_TOLD = re.compile(
    r"(?:我(?:的名字)?(?:叫做?|姓名是|名字是|名字叫|的名字叫)|俺叫|本人(?:叫)?|名字(?:叫|是)|姓名是?|免贵姓|我姓|叫我)(?:是|做)?([\u4e00-\u9fa5]{1,4})"
)
_I_AM = re.compile(r"^(?:对|嗯|我|俺)*是([\u4e00-\u9fa5]{2,4})$")
_NAME_ALONE = re.compile(r"^[\u4e00-\u9fa5]{2,4}$")
_NAME_SPELT = re.compile(
    r"(?:弓长|木子|立早|耳东|古月|双木|口天|三横|草头|言午|双人|文武)的?|[\u4e00-\u9fa5]{2}的(?=[\u4e00-\u9fa5])"
)
_NOT_NAME = re.compile(
    r"什么|怎么|我|你|他|她|不|没|吗|啊|呢|吧|钱|的|了|是|要|电话|号码|这|那|谢谢|再见|转人工|好|对|嗯|知道|可以|行|就|老板|公司|先生$|女士$"
)
SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵汪祁毛禹狄米贝明臧计成戴宋茅庞熊纪舒屈项祝董梁"
    "杜阮蓝闵席季麻强贾路娄江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房丁邓郁单洪包左石崔吉龚程邢裴陆荣翁荀羊惠甄曲"
    "封储靳段富巫焦谷车侯全班秋仲宫宁仇栾甘厉武符刘景詹束龙叶司黎薄印白蒲邰从鄂索赖卓屠池乔闻党翟谭贡劳冉桑桂牛寿尚农温庄晏柴瞿阎慕连习艾"
    "容向古易慎廖终居衡步都耿满匡国文寇广东欧沃利蔚师巩聂晁勾敖冷辛简饶曾沙丰关查后荆红游权岳肖晋楚闫涂仝缑檀"
)
_COMPOUND = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "夏侯",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "司徒",
    "端木",
    "令狐",
    "东方",
    "南宫",
)
_DAYS_WORD = ("年", "月", "天", "星期", "礼拜", "周")
_RATINGS = (
    (
        1,
        re.compile(
            r"非常不满意|很不满意|特别不满意|极不满意|太差|差劲|很差|非常差|一点也?不满意|太不满意"
        ),
    ),
    (2, re.compile(r"不满意|不太满意|不怎么样|不好|不大满意|不行")),
    (
        5,
        re.compile(
            r"非常满意|很满意|特别满意|相当满意|十分满意|满意得很|太好了|非常好|特别好|很好|百分百|五分|最高|打五|挺满意"
        ),
    ),
    (3, re.compile(r"基本满意|一般|还可以|还行|马马虎虎|凑合|差不多|过得去|还好|比较满意|三分")),
    (4, re.compile(r"满意|可以|不错|好|行|四分|中")),
)
_RATING_DIGIT = re.compile(r"^(?:按|选|打|给|我)?([1-5一二三四五])(?:分|个|号)?$")


def read_slots(text: str, expect: Expect = OPEN, find_region: RegionFinder | None = None) -> Slots:
    """All facts a sentence tells; what has been asked decides how bare numbers and names are read."""
    simple = re.sub(r"\s+", " ", simplify(text)).strip()
    close = simple.replace(" ", "")
    runs = _digit_runs(close)
    phone = _phone(runs, expect)
    return Slots(
        name=_name(close, expect),
        phone=phone,
        region=find_region(close) if find_region else None,
        since=_since(close, expect),
        amount=_amount(close),
        people=_people(close),
        order_no=_order_no(close, runs, phone, expect),
        digits=_digits(close, runs, expect),
        satisfaction=_satisfaction(close, expect),
    )


def _digit_runs(text: str) -> list[str]:
    return [spoken_digits(found[0]) for found in _GROUPED.finditer(text)]


def _phone(runs: list[str], expect: Expect) -> str | None:
    """A mobile number (with or without 86) or a landline; grouping is free. Without an area code a
    landline is a telephone only where one was asked for."""
    patterns = [r"(?:86|0086)?(1[3-9]\d{9})", r"(0\d{2,3}[2-9]\d{6,7})"]
    if expect.kind == "phone":
        patterns.append(r"([2-9]\d{7})")
    for run in [*runs, "".join(runs)]:
        for pattern in patterns:
            found = re.fullmatch(pattern, run)
            if found:
                return found[1]
    return None


def _name(text: str, expect: Expect) -> str | None:
    text = re.sub(r"[，。,.!！?？、 ]", "", text)
    told = _NAME_TOLD.search(text)
    if told:
        return _as_name(_cut_name(told[1]))
    if expect.kind != "name":
        return None
    bare = re.sub(r"^(?:嗯|啊|呃|那个|哦)+|(?:啊|吧|呀|呢)$", "", text)
    bare = re.sub(r"^(?:我就?是|俺是|是|叫|姓)", "", bare)
    found = _I_AM.match(bare)
    return _as_name(_cut_name(found[1] if found else bare)) if len(bare) <= 8 else None


def _cut_name(text: str) -> str:
    spelt = re.match(
        r"([\u4e00-\u9fa5]{2,3}?)(?:[\u4e00-\u9fa5]{2}的.*|电话.*|我.*|住.*|今年.*|是.*|家.*|来.*|在.*|想.*|的.*)$",
        text,
    )
    return spelt[1] if spelt else text


def _as_name(text: str) -> str | None:
    if not text or _NOT_NAME.search(text):
        return None
    surname = text[:2] if text.startswith(_COMPOUND) else text[0]
    if surname[0] not in SURNAMES and surname not in _COMPOUND:
        return None
    return text if len(text) <= len(surname) + 2 else text[: len(surname) + 2]


def _since(text: str, expect: Expect) -> str | None:
    without_age = _AGE.sub("", text)
    found = _SINCE.findall(without_age)
    if not found:
        return None
    # a point in time says more than a length of time; without a question only the first is taken
    points = [
        one
        for one in found
        if not one.startswith(("半", "几", "好几")) and ("年" in one or "月" in one)
    ]
    chosen = (points or found)[0]
    return str(chosen) if expect.kind in ("since", "story", "open") or chosen else None


def _amount(text: str) -> int | None:
    found = _AMOUNT.search(text)
    if found:
        number = to_digits(found["number"]) if "点" in found["number"] else found["number"]
        scale = {"": 1, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}[found["large"]]
        if found["unit"] == "万":
            scale *= 10_000
        value = float(number) if re.fullmatch(r"\d+\.\d+", number) else parse_number(number)
        if value is not None and value:
            tail = (
                (parse_number(found["tail"]) or 0) * scale // 10
                if found["tail"] and scale > 1
                else 0
            )
            return round(value * scale) + tail
    bare = _SUM_WITHOUT_UNIT.search(text)
    if bare:
        return parse_number(bare[1]) or None
    return None


def _people(text: str) -> int | None:
    found = _PEOPLE.search(text)
    if not found or found[0] in ("一个人", "一人", "1个人", "三人", "第三人"):
        return None
    return _ABOUT_PEOPLE.get(found[1]) or parse_number(found[1])


def _order_no(text: str, runs: list[str], phone: str | None, expect: Expect) -> str | None:
    named = re.search(r"单号|工单|编号|受理号|单子号|尾号|后四位|后几位|单子", text)
    if not (named or expect.kind == "order_no"):
        return None
    candidates = [run for run in runs if len(run) >= 3 and run != phone]
    return max(candidates, key=len) if candidates else None


def _digits(text: str, runs: list[str], expect: Expect) -> str | None:
    if expect.kind in ("digits", "order_no", "phone", "choice", "rating"):
        single = re.fullmatch(rf"(?:按|选|是|第|我按)*({_DIGIT})(?:个|号|键)?", text)
        if single:
            return spoken_digits(single[1])
        joined = "".join(runs)
        return joined or None
    return next((run for run in runs if len(run) >= 4), None)


def _satisfaction(text: str, expect: Expect) -> int | None:
    if expect.kind != "rating" and "满意" not in text:
        return None
    bare = re.sub(r"[，。,.!！?？、啊呀吧呢的]", "", text)
    digit = _RATING_DIGIT.match(bare)
    if digit and expect.kind == "rating":
        return parse_number(digit[1])
    return next((level for level, pattern in _RATINGS if pattern.search(bare)), None)
