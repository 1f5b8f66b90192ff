"""How a sentence is said: despair, abuse, not Mandarin, a wish for slower speech."""

import re

_DISTRESS = re.compile(
    r"走投无路|没(?:有)?活路|绝望|崩溃|没办法了|一点办法(?:也|都)?没有|求求你|求你们|求您|救救我|可怜可怜|天都塌了|活不下去|过不下去|没法活|没法过|撑不(?:住|下去)|受不了了|快疯了|要疯了|快急疯|睡不着|天天(?:晚上)?哭|"
    r"哭了|孤儿寡母|揭不开锅|无依无靠|害怕|好怕|绝路|心灰意冷|抑郁|喘不过气|没人管我|没地方去|不知道怎么活|欲哭无泪|跪下|给你磕头|死的心都有|难受得很|太难了|压得|实在没(?:有)?办法|叫天天不应"
)
_ABUSE = re.compile(
    r"他妈的|妈的|你妈|草你|操你|操蛋|我操|卧槽|傻[逼比叉b]|煞笔|沙比|二百五|王八蛋|混蛋|狗东西|狗日|狗娘养|龟孙|龟儿子|滚(?:蛋|远点|开|你|犊子)?$|滚蛋|去死吧你|你去死|去你的|去你妈|神经病啊?你|你(?:这个|个|是)?(?:神经病|白痴|废物|蠢货|蠢猪|笨蛋|脑残|垃圾|猪|畜生|贱人)|"
    r"废物|脑残|垃圾东西|什么东西你|吃屎|放屁|放你|婊子|贱货|日你|特么|他娘的|娘希匹|妈了个|傻子吧你|有病吧你|你有病|死全家|不要脸的东西|瘪三|杂种|老子弄死你"
)
_LATIN = re.compile(r"[a-z]{2,}", re.IGNORECASE)
_OTHER_SCRIPT = re.compile(
    r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff\u0e00-\u0e7f\u0f00-\u0fff\u1800-\u18af]"
)
_KNOWN_LATIN = {
    "ok",
    "app",
    "pos",
    "vip",
    "dna",
    "kfc",
    "ktv",
    "atm",
    "gps",
    "icu",
    "hr",
    "ppt",
    "wifi",
    "qq",
    "etc",
    "4s",
    "bye",
    "hello",
    "hi",
    "pdf",
    "ai",
    "ct",
    "nn",
}
_HAN = re.compile(r"[\u3400-\u9fff]")
_SLOWER = re.compile(
    r"慢(?:一|点|些|慢|着)|说慢|讲慢|太快|快了点|语速|慢慢(?:说|讲)|别(?:说|讲)(?:那么|这么)快|(?:说|讲)(?:得|的)?(?:有点)?快"
)
_NOT_SLOWER = re.compile(
    r"办(?:得|的)?(?:太)?慢|慢慢(?:还|来|等)|进度|处理.{0,3}慢|超速|车速|慢性|开(?:得|的)太快"
)


def distressed(text: str) -> bool:
    """Sounds desperate or helpless."""
    return bool(_DISTRESS.search(text))


def abusive(text: str) -> bool:
    """Abuses us; quoting what others said is not abuse."""
    found = _ABUSE.search(text)
    return found is not None and not re.search(
        r"骂我|骂俺|骂人|骂他|说我是|骂我是|辱骂", text[: found.start()]
    )


def foreign(text: str) -> bool:
    """Mostly another script, or Latin words without Chinese characters."""
    other = len(_OTHER_SCRIPT.findall(text))
    han = len(_HAN.findall(text))
    if other > han:
        return True
    words = [word for word in _LATIN.findall(text) if word.lower() not in _KNOWN_LATIN]
    return len(words) >= 2 and han < len(words)


def slower(text: str) -> bool:
    """Asks us to speak slower."""
    return bool(_SLOWER.search(text)) and not _NOT_SLOWER.search(text)
