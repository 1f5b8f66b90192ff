"""Written Chinese to the words that are said: figures, dates, amounts, numbers, marks. Pure.

``spoken`` returns Chinese characters, capital Latin letters (said by name), English words of
``english.py`` in small letters, and the pause marks ``，。！？；：、`` only. Each rule is one
pattern and one function. The order of ``_RULES`` matters, the more particular first: a telephone
number must be taken before a plain number is.
"""

import re
from collections.abc import Callable
from re import Match

from ivr.voice.english import ENGLISH
from ivr.voice.numbers import cardinal, digits, grouped

_NUM = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_FREE = r"(?<![\d.A-Za-z])"
"""A figure that is not the tail of a longer number or code."""

_UNITS = (
    "个月|个|位|名|人|年|天|周岁|周|岁|次|份|小时|分钟|秒|家|种|件|套|间|张|条|项|户|倍|元|块|角|分|万|千|亿|"
    "米|公里|千米|里|斤|公斤|克|吨|亩|平方米|平米|平|部|台|辆|只|头|口|代|届|轮|方|者|成|步|遍|句|段|片|本|级|等|审|"
    "楼|层|栋|幢|号|室|款|目|章|节|编|日|月|点|时|度|折|审|线|路|队|组|班|批|起|宗|笔|票|门|多|余|来"
)
_MEASURE = re.compile(
    "个|位|名|人|年(?!级)|天|周|岁|次|份|小时|分钟|秒|家|种|件|套|间|张|条|项|户|倍|元|块|万|千|亿|米|公里|"
    "斤|公斤|吨|亩|平方|平米|部|台|辆|只|头|口|代|届|轮|方|者|步|遍|句|段|片|本|笔|起|宗|批|组|点(?!\\d)|门"
)
"""Measure words before which a lone 2 is 两; before 月, 日, 号, 楼, 级, 款, 审 it stays 二."""

_WIDE: dict[int, int | str] = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)}
_WIDE |= {code: code - 0xFEE0 for code in range(0xFF21, 0xFF3B)}
_WIDE |= {code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)}
_WIDE |= {ord(a): b for a, b in zip("．％＋－＝／＠＆＃＊～〜￥", ".%+-=/@&#*~~¥", strict=True)}

_WIDE[ord("〇")] = "零"

_CIRCLED = {ord("①") + n: f"{n + 1}、" for n in range(20)}

_SERVICE_NUMBER = (
    r"(?:110|119|120|122|114|117|12[13]\d{2,3}|12117|9[56]\d{3,4}|100\d{2}|11185|11183)"
)
_LABELS = (
    r"(?:尾号|后四位|末四位|号码|编号|单号|工号|案号|证号|卡号|账号|帐号|密码|验证码|查询码|电话|热线|手机|拨打|拨|致电|"
    r"分机|邮编|QQ|微信号?|房号|车牌号?|信用代码)(?:是|为|：|:|\s)*"
)


def _year(match: Match[str]) -> str:
    return digits(match[1], yao=False) + "年"


def _years(match: Match[str]) -> str:
    return f"{digits(match[1], yao=False)}到{digits(match[2], yao=False)}年"


def _date(match: Match[str]) -> str:
    year, month, day = match[1], match[2], match[3]
    return f"{digits(year, yao=False)}年{cardinal(str(int(month)))}月{cardinal(str(int(day)))}日"


def _month_day(match: Match[str]) -> str:
    return f"{cardinal(str(int(match[1])))}月{cardinal(str(int(match[2])))}{match[3] or ''}"


def _clock(match: Match[str]) -> str:
    hour, minute, second = int(match[1]), int(match[2]), match[3]
    words = cardinal(str(hour), liang=True) + "点"
    if minute or second:
        words += ("零" if 0 < minute < 10 else "") + cardinal(str(minute)) + "分"
    if second:
        words += cardinal(str(int(second))) + "秒"
    return words


def _clock_range(match: Match[str]) -> str:
    return "到".join(part.strip() for part in re.split(r"[-~—–至]+", match[0]))


def _money(match: Match[str]) -> str:
    amount, scale, unit = match[1], match[2] or "", match[3] or "元"
    if scale:
        return cardinal(amount, liang=True) + scale + unit
    return _yuan(amount, unit)


def _yuan(amount: str, unit: str) -> str:
    """12.50元 is 十二元五角, as people pay; more than two places stay a decimal."""
    whole, _, cents = amount.replace(",", "").partition(".")
    if not 1 <= len(cents) <= 2:
        return cardinal(amount, liang=True) + unit
    jiao, fen = cents[0], cents[1:] or "0"
    words = cardinal(whole, liang=True) + unit if int(whole) or cents.strip("0") == "" else ""
    if jiao != "0":
        words += cardinal(jiao, liang=True) + "角"
    elif fen != "0" and words:
        words += "零"
    return words + (cardinal(fen, liang=True) + "分" if fen != "0" else "")


def _percent(match: Match[str]) -> str:
    whole = {"%": "百", "‰": "千"}[match[2]]
    return f"{whole}分之{cardinal(match[1])}"


def _percent_range(match: Match[str]) -> str:
    return f"百分之{cardinal(match[1])}到百分之{cardinal(match[2])}"


def _fraction(match: Match[str]) -> str:
    return f"{cardinal(match[2])}分之{cardinal(match[1])}"


def _ratio(match: Match[str]) -> str:
    return f"{cardinal(match[1])}比{cardinal(match[2])}"


def _range(match: Match[str]) -> str:
    low, high, unit = match[1], match[2], match[3]
    if not unit:
        return f"{cardinal(low)}到{cardinal(high)}"
    liang = bool(_MEASURE.match(unit))
    return f"{cardinal(low, liang=liang)}到{cardinal(high, liang=liang)}{unit}"


def _ordinal(match: Match[str]) -> str:
    return "第" + cardinal(match[1])


def _code(match: Match[str]) -> str:
    """A code of letters and figures: letters by name, figures in groups."""
    parts = re.findall(r"[A-Za-z]+|\d+", match[0])
    return "，".join(grouped(part) if part.isdigit() else part.upper() for part in parts)


def _telephone(match: Match[str]) -> str:
    return "，".join(
        grouped(part) if len(part) > 4 else digits(part) for part in re.findall(r"\d+", match[0])
    )


def _landline(match: Match[str]) -> str:
    area, number = match[1], match[2]
    split = len(number) - 4
    return f"{digits(area)}，{digits(number[:split])}，{digits(number[split:])}"


def _labelled(match: Match[str]) -> str:
    return match[1] + (grouped(match[2]) if len(match[2]) > 1 else cardinal(match[2]))


def _case_number(match: Match[str]) -> str:
    """(2024)皖01民终123号: year and court figure by figure, as clerks read it."""
    rest = re.sub(r"\d+", lambda part: digits(part[0]), match[2])
    return digits(match[1], yao=False) + rest


def _figure(match: Match[str]) -> str:
    words, unit = match[0], match[2]
    number = match[1]
    if not unit and "." not in number and "," not in number and len(number) >= 7:
        return grouped(number)
    liang = bool(unit and _MEASURE.match(unit))
    spoken_number = cardinal(number, liang=liang)
    return spoken_number + words[len(number) :]


def _address(match: Match[str]) -> str:
    """A web address: letters by name, figures one by one, the dot as 点."""
    name = re.sub(r"^https?://", "", match[0]).rstrip("/")
    name = re.sub(r"\d+", lambda part: digits(part[0]), name.replace(".", "点"))
    return name.replace("/", "斜杠").upper()


def _letters(match: Match[str]) -> str:
    """An English word we can pronounce stays in small letters, others are spelled in capitals."""
    word = match[0].lower()
    return word if word in ENGLISH else match[0].upper()


_RULES: tuple[tuple[re.Pattern[str], Callable[[Match[str]], str]], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (
            r"(?:https?://)?(?=[\d.-]*[A-Za-z])[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)+(?:/[\w./-]*)?",
            _address,
        ),
        (r"[（(〔\[](\d{4})[）)〕\]](\D{1,3}\d{0,5}\D{1,4}\d+号)", _case_number),
        (_FREE + r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?(?!\d)", _date),
        (_FREE + r"((?:1[89]|20)\d\d)\s*[-~—–至到]\s*((?:1[89]|20)\d\d)年", _years),
        (_FREE + r"((?:1[89]|20)\d\d)年", _year),
        (_FREE + r"(\d{1,2})月(\d{1,2})([日号])?", _month_day),
        (
            r"\d{1,2}[:：]\d{2}\s*[-~—–至]+\s*\d{1,2}[:：]\d{2}(?!\d)",
            _clock_range,
        ),
        (_FREE + r"([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?!\d)", _clock),
        (_FREE + r"(" + _NUM + r")\s*[-~—–]{1,2}\s*(" + _NUM + r")(" + _UNITS + ")", _range),
        (r"[¥$]\s*(" + _NUM + r")\s*([万亿千百]?)(元|块)?", _money),
        (_FREE + r"(" + _NUM + r")([万亿千百]?)(元|块钱|块)", _money),
        (_FREE + r"(" + _NUM + r")%?\s*[-~—–至到]\s*(" + _NUM + r")%", _percent_range),
        (_FREE + r"(" + _NUM + r")\s*([%‰])", _percent),
        (_FREE + r"(0\d{2,3})[-—\s)）]{0,2}([2-9]\d{6,7})(?!\d)", _landline),
        (
            _FREE + r"(?:\+?86[-\s]?)?(1[3-9]\d)[-\s]?(\d{4})[-\s]?(\d{4})(?!\d)",
            lambda m: grouped(m[1] + m[2] + m[3]),
        ),
        (_FREE + r"[48]00[-\s]?\d{3}[-\s]?\d{4}(?!\d)", _telephone),
        (r"(" + _LABELS + r")(\d+)(?![\d.:：%年月]|(?:" + _UNITS + "))", _labelled),
        (
            r"(?<!第)" + _FREE + "(" + _SERVICE_NUMBER + r")(?![\d.:：%,]|(?:" + _UNITS + "))",
            lambda m: digits(m[1]),
        ),
        (r"(?<![A-Za-z\d])(?=[A-Za-z\d-]*\d)[A-Za-z]+[-]?\d[A-Za-z\d-]*", _code),
        (_FREE + r"\d{17}[Xx](?!\w)", lambda m: grouped(m[0][:17] + "0")[:-1] + "X"),
        (_FREE + r"(\d{5,})-(\d{3,})(?!\d)", lambda m: f"{grouped(m[1])}，{grouped(m[2])}"),
        (_FREE + r"(" + _NUM + r")\s*[-~—–]{1,2}\s*(" + _NUM + r")(" + _UNITS + ")?", _range),
        (_FREE + r"(\d+)/(\d+)", _fraction),
        (_FREE + r"(\d+)[:：](\d+)", _ratio),
        (r"第(\d+)", _ordinal),
        (r"(?<=\d)\s*[x×*]\s*(?=\d)", lambda m: "乘"),
        (r"(?:(?<=[^\d\w])|^)-(?=\d)", lambda m: "负"),
        (r"(" + _NUM + r")(" + _UNITS + ")?", _figure),
        (r"(?i:wi-?fi)", lambda m: "无线网"),
        (r"[A-Za-z]+", _letters),
    )
)

_SIGNS = (
    (re.compile(r"\s*℃"), "摄氏度"),
    (re.compile(r"(?<=\d)\s*(?:㎡|m²|m2)"), "平方米"),
    (re.compile(r"(?<=\d)\s*(?:km|KM|公里)(?![A-Za-z])"), "公里"),
    (re.compile(r"(?<=\d)\s*(?:kg|KG)(?![A-Za-z])"), "公斤"),
    (re.compile(r"(?<=\d)\s*cm(?![A-Za-z])"), "厘米"),
    (re.compile(r"[《》〈〉“”‘’\"'「」『』·•`^_|]"), ""),
    (re.compile(r"(?<=[元块次人斤吨米])/(?=[月天日年人次小平])"), "每"),
    (re.compile(r"[*＊](?=键)"), "星号"),
    (re.compile(r"[#＃](?=键)"), "井号"),
    (re.compile(r"(?<=[\u4e00-\u9fff])/(?=[\u4e00-\u9fff])"), "、"),
)

_MARKS = (
    (re.compile(r"[（(【〔\[{｛][^）)】〕\]}｝]*$"), lambda m: "，" + m[0][1:]),
    (re.compile(r"[（(【〔\[{｛]\s*"), lambda m: "，"),
    (re.compile(r"\s*[）)】〕\]}｝]"), lambda m: "，"),
    (re.compile(r"[—–]{1,2}|-{2,}"), lambda m: "，"),
    (re.compile(r"…+|\.{3,}"), lambda m: "。"),
    (re.compile(r"\s*\n\s*"), lambda m: "。"),
    (re.compile(r","), lambda m: "，"),
    (re.compile(r";"), lambda m: "；"),
    (re.compile(r":"), lambda m: "："),
    (re.compile(r"!"), lambda m: "！"),
    (re.compile(r"\?"), lambda m: "？"),
    (re.compile(r"\+"), lambda m: "加"),
    (re.compile(r"="), lambda m: "等于"),
    (re.compile(r"&"), lambda m: "和"),
    (re.compile(r"@"), lambda m: "艾特"),
    (re.compile(r"(?<=[A-Za-z])\.(?=[A-Za-z幺零一二三四五六七八九])"), lambda m: "点"),
    (re.compile(r"\.(?=\s|$)"), lambda m: "。"),
    (re.compile(r"(?<![a-z]) | (?![a-z])|[^\u4e00-\u9fffA-Za-z，。！？；：、 ]+"), lambda m: ""),
)
_PAUSES = "，。！？；：、"
_STRENGTH = {"、": 0, "，": 1, "：": 2, "；": 3, "？": 5, "！": 5, "。": 4}
_RUN = re.compile(f"[{_PAUSES}]{{2,}}")


def spoken(text: str) -> str:
    """The words of a written text: 3月5日前交3,500元 becomes 三月五日前交三千五百元."""
    words = text.translate(_WIDE).translate(_CIRCLED)
    words = re.sub(r"(?<=[\u4e00-\u9fff])[ \t\u3000]+(?=[\u4e00-\u9fff])", "", words)
    for sign, saying in _SIGNS:
        words = sign.sub(saying, words)
    for pattern, rule in _RULES:
        words = pattern.sub(rule, words)
    for pattern, mark in _MARKS:
        words = pattern.sub(mark, words)
    words = _RUN.sub(lambda run: max(run[0], key=lambda mark: _STRENGTH[mark]), words)
    return words.lstrip(_PAUSES)


__all__ = ["spoken"]
