"""Small phrases the dialogue must know whatever the language model makes of them: refusals,
follow-ups, words of courtesy. They depend on what was asked, which only the dialogue knows."""

import re
from typing import Literal

_PUNCTUATION = re.compile(r"[，。！？、；：,.!?;: ]")
_REFUSE = re.compile(
    r"(不想(说|讲|留|告诉|提供)|不愿意?|不方便|不告诉|不(留|说|讲|透露)(了|名|电话|号码)?$|保密|匿名"
    r"|不用(留|说|问|填|管|了)|别问|没必要|凭(什么|啥)|跳过|算了|不便|不说(行|可以|成)|别打)"
)
_DONT_KNOW = re.compile(
    r"(不知道|不晓得|不清楚|不记得|记不(得|住|清|到)|忘(了|记|掉)|说不(上|好|清|准)|没(记|有)单|没有?电话"
    r"|想不起|搞不清|弄不清|不懂|没有号码|找不到)"
)
_CANCEL = re.compile(
    r"(^(那|我|还是|先|就|算了|嗯)*(不|别|甭|不用|不要|不想)(登记|登|办|填|报)了?吧?$|取消(登记|吧|了|掉)?$"
    r"|^(那)?算了(吧|不办了|不登了)?$)"
)
_WHY = re.compile(
    r"(问这(个|些)?(干|做)(什么|啥|嘛)|为(什么|啥)要?(问|我的|这)|要(这个|电话|名字)干)"
)
_QUESTION = re.compile(
    r"(吗$|么$|怎么|咋|多少|几|什么|啥|哪|能不能|可不可以|要不要|是不是|多久|谁|如何|有没有)"
)
_NUMBER = re.compile(
    r"((单|编)号(是)?(多少|什么|几)|完整的?(单|编)号|(报|念|说|讲)(一下|一遍)?(完整的?)?(单|编)号)"
)
_CORRECTION = re.compile(
    r".{2,}(不对|不是|错了|说错了?|口误)+(啊|了|哦)?(应该)?(是|叫|改成|换成)(?P<right>.{2,})$"
)
_ASKING = re.compile(
    r"(我|俺|想|要|就是|咨询|请问|问问?|了解|说说?|一下|下|关于|有关|那个|这个|的?(事情?|问题|情况)|的|呀|啊|吧)"
)
_WHAT = re.compile(r"^(啥|什么|你?(说|讲)的?(啥|什么)|啥意思|什么意思|没听见|没听到)(啊|呀|呢)?$")
_CALLBACK = re.compile(r"^.{0,6}(给|帮)(我|俺)(回|打)(个|一个)?电话|(回个|回一个)电话|回拨")
_OTHERS = re.compile(
    r"(我|俺|咱)?(家)?(妈|爸|娘|爹|儿子|女儿|闺女|老公|老婆|媳妇|丈夫|妻子|爱人|哥|姐|弟|妹|孩子|娃|同学|朋友|同事|邻居"
    r"|奶奶|爷爷|父亲|母亲|男朋友|女朋友|老人)(他|她|现在|正|又|就)*(要|想|在|说|喝|吃|跳|割|上吊|自杀|不想活|站)"
    r"|(有人|有个人|那个人|他|她)(现在|正|就|说)*(要|想|在|喝|吃|跳|割|上吊|自杀|不想活|站)"
)
_HANGS = re.compile(
    r"^(但是|可是|因为|然后|结果|后来|如果|还有)+(我|俺|他|她|他们|老板|公司|对方|那个)?$"
)
_NO_HELP = re.compile(
    r"(说|讲|答)(的|了)?(这些)?(都)?(没(有)?用|白说|等于没说)|没帮(上|到)|不是我(要|想)(听|问|知道)的|^没(有)?用$|有(什么|啥)用"
)
_MEANT = re.compile(
    r"^(不是|不对|错了|你?听错了|没有|哎|我)*(的|啊)?我?(问|说|讲|想问|要问)的?是(?P<right>.{2,})$"
)
_MISHEARD = re.compile(r"(听错|搞错|弄错|理解错|不是(的|这个|这样|说|问)?|^不对|答非所问|牛头不对)")
_WANTS_ORDER = re.compile(
    r"^(好|行|那|嗯|你|您|就|请|麻烦)*((帮|给|替)(我|俺)(们)?|我?(要|想|想要)|直接)(登记|报个?案?|记|立个?单)(一下|上|个|吧|了)*$"
)
_SAFE = re.compile(
    r"(听错|弄错|搞错|误会|开(个)?玩笑|逗你|说着玩|没事了|没有?危险|安全了|已经安全|不危险|没人打我"
    r"|没有要?(自杀|寻死)|不是(要)?(自杀|寻死)|不会(死|自杀|做傻事)|没想(死|不开)|不死了|放我出来|报过警了)"
)
_WELL = re.compile(
    r"^(我|我们|人|现在|目前|都|还|很|挺|蛮|嗯|是|这边|家里)*"
    r"(没(有)?(什么|啥)?(事|危险)|不危险|安全|不要紧|好好的|很好|挺好|好着呢)"
    r"(的|得很|着呢|儿|啊|呢|呀|哦|了|没事|谢谢)*$"
)
_UNSAFE = re.compile(
    r"(不|没有?|不太|不大)安全|(?<!没)(?<!没有)(?<!不)有?危险|救救?我|快来(人|救)"
    r"|(?<!不用)(?<!不要)报警"
)
_HALF = re.compile(
    r"^(那个|这个|啥|就是|就是说|嗯|呃|额|喂|你好|您好|这样的|是这样|是这样的|事情是这样的|我跟你(们)?说"
    r"|我(就)?想?(请)?(咨询|问|请教)(一?下|个?事(情)?|个?问题|你(们)?)*"
    r"|我有个?(事|问题)(情)?|有个?(事|问题)(情)?|想?(问|咨询)(一下|个事|个问题)|请问(一下)?|同志|师傅|律师)+(啊|呢|吧|哈|呀)?$"
)

_HEADS: tuple[tuple[str, str], ...] = (
    (
        "wait",
        r"^(请|你|您)?(等(一)?(等|下|会)(儿)?|稍等(一下)?|(让)?我想(一)?想|别急)(啊|哈|我.{0,6})?$",
    ),
    ("hear", r"(听得(见|到|清)(吗|不)|能听(见|到)|在听(吗|没)|你?在(吗|不在)|有人(吗|没))"),
    (
        "who",
        r"(你|您|这)(到底)?(是|叫)(不是)?(谁|什么人|机器人?|真人|人工智能|电脑|啥)"
        r"|是真?人(吗|还是)|(是不是|不会是|怕是)骗子",
    ),
    (
        "can",
        r"(你|您|你们)?(能|会|可以|管)(帮我)?(做|干|办|管|解决)(些)?(什么|啥|哪些)"
        r"|都?有(什么|哪些)(服务|功能)",
    ),
    ("wrong", r"^(哦|啊|不好意思|对不起)*(我)?打错(了|电话)"),
    ("thanks", r"^(好的?|行|嗯|那)*(谢谢|多谢|感谢|麻烦)(你|您|啊|了|哈|呀|小姑娘|同志|老师)*$"),
    ("hello", r"^(喂|你好|您好|哎|早上好|下午好|晚上好|啊)+(啊|呀)?$"),
)
Small = Literal["wait", "hear", "who", "can", "wrong", "thanks", "hello"]

FollowUp = Literal["prepare", "time", "cost", "where", "next", "law"]
_FOLLOW: tuple[tuple[FollowUp, str], ...] = (
    (
        "prepare",
        r"(准备|带|拿|交|提供|有|备齐?)(些|点|上|齐)*(什么|啥|哪些|哪样|哪几样)(东西|材料|证件|手续|证据|资料|文件)?"
        r"|(什么|啥|哪些)(东西|材料|证件|手续|证据|资料|文件)|材料有?(哪些|什么)|(材料|证据|手续)呢",
    ),
    (
        "time",
        r"(多(长|久)(的)?(时间|日子)?|多少(天|时间|日子|个?月)|几(天|个月)|时间)(才|就)?(能|可以)?(办|拿|下|出|批|等)?(好|完|到|来|下来|结果)?"
        r"|(什么|啥)时候(才)?(能|可以)?(办|批|下|出|有)?(好|完|下来|来|结果)?",
    ),
    ("cost", r"(收不收|要不要|收|要|花|交)(钱|费)|多少钱|(什么|多少)费用?|费用|免费|收费|贵不贵"),
    (
        "where",
        r"(去|到|上|在|往|找|向)(什么地方|哪(里|儿|个(部门|单位|地方))?|谁)(办|申请|弄|告|找|投诉|去|交|说)?(理)?"
        r"|(地址|电话|位置)(是)?(在)?(哪(里|儿)?|多少|什么)|怎么(去|走)",
    ),
    (
        "law",
        r"(哪|什么|啥)(一?条|个|部)?(法律|法|规定|依据)(规定|说)?(的)?|依据(是)?(什么|哪)|第几条",
    ),
    (
        "next",
        r"(对方|人家|老板|要是|如果|万一|还是|就是|就|硬是|死活)*"
        r"不(肯|愿意?|给|同意|理|认|出|赔|还|管|听)(出|给|赔|还|办|认|钱|我)*(怎么办|咋办|咋整|呢|怎么弄)"
        r"|(然后|接(着|下来)|下一步|往后|以后)(呢|怎么|咋|该|办|做)*|(具体)?(怎么|咋|如何)(办|弄|做|申请|操作|搞|处理)(理)?",
    ),
)
_FILL = re.compile(
    r"[那么我要这个的呢吗吧啊呀哦嗯还请问一下就应该需得能可以都是有去你们您办来先再现在了些]"
    r"|俺|咱|想|知道|大概|一般|到底|具体|它|他|手续|申请"
)


def plain(text: str) -> str:
    """The text without punctuation."""
    return _PUNCTUATION.sub("", text)


def refuses(text: str) -> bool:
    return bool(_REFUSE.search(plain(text)))


def does_not_know(text: str) -> bool:
    return bool(_DONT_KNOW.search(plain(text)))


def cancels(text: str) -> bool:
    """Gives up a running order or hand-over."""
    return bool(_CANCEL.search(plain(text)))


def asks_why(text: str) -> bool:
    """Asks why we want to know."""
    return bool(_WHY.search(plain(text)))


def is_question(text: str) -> bool:
    return bool(_QUESTION.search(plain(text)))


def wants_order(text: str) -> bool:
    """Asks in so many words to have something put down: ``你帮我登记一下吧``."""
    return bool(_WANTS_ORDER.search(plain(text)))


def about_more(text: str) -> str:
    """``那房子呢`` -> ``房子怎么办``: what a short question adds to the trouble at hand."""
    said = re.sub(r"^(那么?|还有|然后|如果|要是)+", "", plain(text))
    return re.sub(r"呢$", "怎么办", said)


def begins_story(text: str) -> bool:
    """Told of oneself, and no question yet: ``我今年七十三了``."""
    said = plain(text)
    return len(said) >= 6 and not is_question(said) and bool(re.search(r"我|俺|咱", said))


def corrected_part(text: str) -> str:
    """What follows a correction inside a sentence; empty when there is none."""
    found = _CORRECTION.search(plain(text))
    return found.group("right") if found else ""


def no_help(text: str) -> bool:
    """Says that the answer was no use: ``你说的没用``."""
    return bool(_NO_HELP.search(plain(text)))


def goes_on(text: str) -> bool:
    """``那要是没签合同呢`` goes on with the trouble at hand."""
    return bool(re.match(r"(那|要是|如果|万一|假如)", plain(text)))


def vague(text: str) -> bool:
    """Names a trouble and asks nothing: ``工伤``, ``我想问问遗产的事``."""
    said = plain(text)
    return not is_question(said) and len(_ASKING.sub("", said)) <= 4


def asks_again(text: str) -> bool:
    """A bare ``啥`` means that we were not heard."""
    return bool(_WHAT.match(plain(text)))


def wants_callback(text: str) -> bool:
    """Asks to be rung back: ``你们给我回个电话``."""
    return bool(_CALLBACK.search(plain(text)))


def asks_instead(text: str) -> bool:
    """A short question where a story was asked for."""
    said = plain(text)
    ends = re.search(r"(吗|呢|么|多久|多长时间|什么|多少钱|哪里|怎么办)$", said)
    return len(said) <= 14 and bool(ends)


def where_in(text: str) -> str:
    """The place in an answer to the question where: ``我在南京`` -> ``南京``."""
    return re.sub(r"^(我|我们|俺|人|就|家|是|住|现在)*(在|是)", "", plain(text)) or plain(text)


def someone_else(text: str) -> bool:
    """Tells of another person: ``我妈喝农药了``, ``有人要跳楼``."""
    return bool(_OTHERS.search(plain(text)))


def meant(text: str) -> str:
    """``不是，我问的是工伤`` -> ``工伤``: what was really meant; empty when it is not said."""
    found = _MEANT.search(plain(text))
    return found.group("right") if found else ""


def misheard(text: str) -> bool:
    """Says that we have understood wrongly."""
    return bool(_MISHEARD.search(plain(text)))


def asks_number(text: str) -> bool:
    """Wants to hear the number of the order just filed."""
    return bool(_NUMBER.search(plain(text)))


def says_safe(text: str) -> bool:
    """Takes an emergency back: misheard, a joke, over."""
    return bool(_SAFE.search(plain(text)))


def is_well(text: str) -> bool:
    """Answers that they are safe: ``没事``, ``挺安全的``."""
    return bool(_WELL.match(plain(text)))


def says_unsafe(text: str) -> bool:
    """Answers that they are not safe."""
    return bool(_UNSAFE.search(plain(text)))


def only_begins(text: str) -> bool:
    """Nothing but the opening of a sentence: ``那个我想问一下``."""
    return bool(_HALF.match(plain(text)))


def hangs(text: str) -> bool:
    """Breaks off after its first word: ``但是他``."""
    return bool(_HANGS.match(plain(text)))


def small_talk(text: str) -> Small | None:
    """Courtesies and questions about the line itself."""
    for kind, pattern in _HEADS:
        if re.search(pattern, plain(text)):
            return kind  # type: ignore[return-value]
    return None


def follow_up(text: str) -> FollowUp | None:
    """A question that only makes sense after an answer: nothing is left of it but the asking."""
    said = plain(text)
    for kind, pattern in _FOLLOW:
        if re.search(pattern, said):
            left = said
            for _, other in _FOLLOW:
                left = re.sub(other, "", left)
            if len(_FILL.sub("", left)) <= 1:
                return kind
    return None


_LEAD, _END = r"^(是|要|就|我|问|说|选|按)*(的是)?", r"那?(个|种|样|项|条)?(吧|啊|的)?$"
_FIRST = re.compile(rf"{_LEAD}(第一|前一|前面|前头|头一|头里|1|一){_END}")
_SECOND = re.compile(rf"{_LEAD}(第二|后一|后面|后头|末|2|二|两){_END}")
_NEITHER = re.compile(r"(都不|两个都不|不是这|不对|不是$|没有一个)")


def picked(text: str) -> int | None:
    """0 for the first, 1 for the second, -1 for neither, None when it names no position."""
    said = plain(text)
    if _NEITHER.search(said):
        return -1
    if _FIRST.match(said):
        return 0
    if _SECOND.match(said):
        return 1
    return None
