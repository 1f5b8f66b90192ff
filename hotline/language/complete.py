"""Has the caller finished? Decides how long we wait, and that a pausing caller is not cut off."""

import re

from hotline.language.expect import OPEN, Expect
from hotline.language.normalise import plain, simplify
from hotline.language.numerals import spoken_digits

_BACKCHANNEL = re.compile(
    r"^(?:嗯+|哦+|噢+|喔+|啊+|哎+|唉+|诶+|欸+|呃+|额+|唔+|哼+|对+|好+|是+|行+|对啊|是啊|好啊|对的|是的|好的|好好|对对对?|是是是?|嗯对|嗯好|嗯是|哦好|哦是|行行|"
    r"知道|知道了|明白|明白了|晓得|晓得了|这样|这样啊|哦这样|原来这样|是吗|是嘛|中|照|管|可以|没错|好嘞|得|咳|咳咳)+(?:啊|呢|吧|哈|嘛|了)?$"
)
_HANGING = re.compile(
    r"(?:因为|所以|然后|但是|可是|不过|而且|就是|就是说|那个|这个|如果|要是|还有|另外|或者|以及|跟|和|与|把|被|给|在|从|到|向|对于|关于|为了|由于|虽然|结果|后来|之后|以后|以前|"
    r"的时候|当时|比如|例如|首先|第一|第二|其实|只是|不是说|我就|他就|她就|就|才|又|也|都|还|再|很|太|最|更|我|你|俺|我们|他们|想|要|想要|准备|打算|应该|可能|大概|"
    r"觉得|认为|说|问|叫|让|使|帮|替|往|按|照着|根据|的|地|得|而|并|且|一个|这种|那种|有个|有一个|有一次|那天|去年|前年|今年|昨天|前天|上个月|今天|呃|额|嗯|那么|那|这|于是|接着|本来|原来|"
    r"老板|公司|我老公|我老婆|我儿子|我女儿|我家|我爸|我妈|他|她|它|老公|邻居|房东|我们家|我们村|我们公司|我们单位|我们老板|我朋友|有人)$"
)
_OPENERS = re.compile(
    r"^(?:我|俺)?(?:想|要)?(?:问|咨询|请教|了解|打听|反映|说)(?:一?下|个事|个问题|点事|一个问题|一件事|个情况|一个事|一?下子)?(?:情况|问题|事情)?(?:啊|哈|吧)?$|"
    r"^(?:我|俺)?(?:有个|有一个|这边有个|遇到个|碰到个)(?:事|问题|事情|情况)(?:想)?(?:问|咨询|请教)?(?:一?下)?$|^(?:请问|请问一下|是这样|是这样的|情况是这样|事情是这样|你好|您好|喂|我跟你讲|我跟你说|我想|那个|你听我说|我想请问|律师你好|麻烦问一下)+$"
)
_QUESTION_END = re.compile(
    r"(?:吗|么|呢|怎么办|咋办|咋整|咋弄|咋搞|怎么弄|怎么搞|怎么处理|怎么解决|怎么算|怎么赔|怎么分|怎么判|怎么申请|怎么维权|怎么要|怎么写|怎么走|怎么告|多少[天年钱次人岁亩]?|多久|几年|几天|几点(?:上班|下班|开门|关门)?|什么条件|什么材料|什么手续|哪些|哪里|在哪|哪儿|"
    r"合不合法|行不行|对不对|可不可以|能不能要回来|管不管|要不要|好不好|是不是|中不中|合法不|犯法不|行不|不行吗|有没有|没有|能行|是什么|为什么|什么时候|什么意思|找谁|谁管|谁负责|谁赔|谁出|归谁|咋离|咋要|有用吗|有什么用|什么流程|啥|咋样|怎么样|怎么回事|到哪一步了|怎样|应该找.)$"
)
_QUESTION_INSIDE = re.compile(
    r"怎么|咋|如何|能不能|可不可以|是不是|有没有|算不算|要不要|该不该|能否|是否|什么|哪|谁|多少|几|多久|为啥|凭啥"
)
_REQUEST = re.compile(
    r"转人工|人工服务|接人工|找个人|换个人|真人|登记一下|帮我登记|申请法律援助|申请调解|申请仲裁|帮我们|帮帮我|帮帮忙|调解一下|调解调解|给我登记|投诉|再说一遍|再讲一遍|没听清|听不清|慢一点|说慢点|重复一下|"
    r"谢谢|再见|拜拜|挂了|查一下|查进度|救命|救我|快来|不想活|想死|打我了|打我|关起来|不让走|建议|预约"
)
_STATEMENT_END = re.compile(
    r"(?:不给|没给|不还|没还|不赔|不退|不管|不理|不认|不让|不肯|不同意|不承认|不发|没发|不付|不签|不办|不交房|不走|不搬|不养|不修|跑了|死了|去世了|没了|打了|被骗了|骗了|受伤了|摔伤了|断了|坏了|抓了|拘留了|辞退了|开除了|离婚|了钱|钱了|好几年了|很久了|"
    r"[\u4e00-\u9fa5]{2}了|不干|不行|害怕|不服|不合理|不公平|怀孕了|欠着|拖着|赖着)$"
)
_YES_NO = re.compile(
    r"^(?:对|是|嗯|好|行|可以|没错|有|要|需要|同意|愿意|中|照|管|得|成|确认|正确|不|没|没有|不是|不对|不要|不用|不行|错|错了|不需要|不同意|算了|当然|就是|是我|对就是|可|ok)"
)
_SAID_AGAIN = re.compile(r"^(?:是的?|对的?|好的?|行的?|嗯|不是的?|不对|不用|没有)+了?$")
"""Yes or no, once or several times over: ``是的是的``."""
_OWN_NUMBER = re.compile(
    r"((就|打)这个(号|电话|手机)?|现在(这个|用的)|本机|这个(号码?|电话|手机)(就行|可以)?$)"
)
_URGENT = re.compile(
    r"^(?:很|挺|蛮|好|比较|特别|非常|有点|有些|太|也|还|都)*(?:着急|急|赶)(?:得很|的很|的|了|死了|呢)?$"
)
"""How urgent it is, in a word."""
_NOTHING_MORE = re.compile(
    r"^(?:嗯|是|我|那|就)*(?:没有|没|不用|不需要|不要|没事|没别的)(?:别的|其他的?|什么)*(?:事|问题)?了(?:谢谢.{0,2})?$"
)
"""``没有了``, ``不用了``: the answer to whether there is anything else."""
_WANTS = re.compile(r"(?:我|俺)?(?:想|要)(?:登记|投诉|举报|预约|反映).{2,4}$|请你们帮.{2,8}$")
"""A wish with its object, the last syllables heard well or not."""
_NUMERIC = ("phone", "digits", "order_no", "rating")


_A_WORD = 3
"""Syllables of a short answer at most."""


def own_number(text: str) -> bool:
    """Agrees to the number the call comes from: ``就用这个号码``."""
    return bool(_OWN_NUMBER.search(plain(text)))


def backchannel(text: str, expect: Expect = OPEN) -> bool:
    """Is it a sound of listening (嗯, 哦, 对对, 好) that need not stop the bot's voice?

    After a yes/no question the same words are the answer, so then nothing is.
    """
    if expect.kind in ("yes_no", "choice", "rating"):
        return False
    bare = re.sub(r"[^\u4e00-\u9fffa-z]", "", simplify(text))
    return bool(_BACKCHANNEL.match(bare))


def complete(text: str, expect: Expect = OPEN) -> float:
    """How likely the caller has said all they want to say, 0..1, from the words alone.

    0.9 and more: answer at once. Around 0.5: wait the usual pause. 0.2 and less: the sentence hangs
    in the air, wait long.
    """
    simple = re.sub(r"[\s，。,.!！、…~]", "", simplify(text))
    if not simple:
        return 0.0
    if simple.endswith(("?", "？")):
        return 0.95
    bare = re.sub(r"(?:啊|呀|哦|嘛|呗|哩|吧|哈|呐|诶|哎|嗯|呃|额|喽|咯)+$", "", simple) or simple
    answered = _answer(simple, bare, expect)
    return answered if answered is not None else _open(bare)


def _answer(simple: str, bare: str, expect: Expect) -> float | None:
    """How complete it is as an answer to what was asked; None: judge it as free speech."""
    if expect.kind == "yes_no" and _YES_NO.match(bare) and len(bare) <= 8:
        hangs = _HANGING.search(bare) and len(bare) > 3 and not _SAID_AGAIN.match(bare)
        return 0.3 if hangs else 0.95
    agrees = own_number(bare) or _URGENT.match(bare)
    if expect.kind == "yes_no" and agrees and len(bare) <= 14:
        return 0.92
    if expect.kind == "yes_no" and len(bare) <= _A_WORD and not _dangling(bare):
        # heard right or wrong, it was the word that was asked for
        return 0.85
    if expect.kind in _NUMERIC:
        return _numbers(simple, expect)
    if expect.kind == "choice" and len(bare) <= 8:
        return 0.4 if _dangling(bare) else 0.9
    if expect.kind == "name":
        return _name(bare)
    if expect.kind in ("region", "since") and len(bare) <= 12:
        return (
            0.35
            if len(bare) < 2 or re.search(r"(?:在|是|从|我|就是|大概|好像|应该|那个)$", bare)
            else 0.9
        )
    return None


def _name(bare: str) -> float:
    """``我姓王`` is a whole answer, ``我姓`` and a lone ``王`` are not yet."""
    called = re.sub(r"^(?:我|俺)?(?:是|叫|姓|免贵姓)+", "", bare)
    least = 1 if re.match(r"^(?:我|俺)?(?:免贵)?姓", bare) else 2
    return 0.9 if least <= len(called) <= 8 and called[-1] not in "叫是姓" else 0.4


def _numbers(simple: str, expect: Expect) -> float | None:
    digits = spoken_digits(re.sub(r"[^0-9零〇洞一幺二两三四五六七拐八九]", "", simple))
    if expect.kind == "rating":
        return 0.95 if digits or "满意" in simple or len(simple) <= 4 else None
    if not digits:
        return None
    if expect.kind == "phone":
        whole = (
            (len(digits) == 11 and digits[0] == "1")
            or (digits[0] == "0" and len(digits) in (11, 12))
            or (len(digits) == 8 and digits[0] in "23456789")
        )
        if len(digits) == 8 and digits[0] == "1":
            whole = False
        return 0.97 if whole else 0.1 if len(digits) < 11 else 0.6
    return 0.75 if len(digits) >= 4 else 0.4


def _dangling(bare: str) -> bool:
    return bool(_HANGING.search(bare)) and not _QUESTION_END.search(bare)


def _open(bare: str) -> float:
    if _OPENERS.match(bare):
        return 0.05
    if _QUESTION_END.search(bare):
        return 0.95 if len(bare) > 4 else 0.8
    if _REQUEST.search(bare[-9:]) or _NOTHING_MORE.match(bare):
        return 0.92
    if _WANTS.search(bare) and not _dangling(bare):
        return 0.78
    if _dangling(bare):
        return 0.08
    if len(plain(bare)) <= 1:
        return 0.5
    if _BACKCHANNEL.match(bare) or (_YES_NO.match(bare) and len(bare) <= 5):
        return 0.7
    if _QUESTION_INSIDE.search(bare) and len(bare) >= 6:
        return 0.75
    if _STATEMENT_END.search(bare):
        return 0.6 if len(bare) >= 9 else 0.45
    return 0.25 if len(bare) < 8 else 0.4
