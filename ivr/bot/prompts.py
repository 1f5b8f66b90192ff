"""Every fixed text the bot says, in one place.

``P`` maps ids to texts; an id ending in ``.keys`` replaces its twin while recognition is down.
Texts that carry something variable are split, so that the fixed parts come from the cache and only
the short variable part is spoken fresh. ``ALL`` lists what is worth rendering ahead, most needed
first. A text is short, warm and plain, and its first word says something.
"""

from hotline.domain.codes import EmergencyKind, OrderState, ServiceType, Topic

P: dict[str, str] = {
    # -- opening and the ground of a talk
    "greeting": (
        "您好，12348法律服务热线智能助手为您服务，通话会录音。请讲您的问题，想找人工请说转人工。"
    ),
    "greeting.keys": (
        "您好，12348法律服务热线智能助手为您服务，通话会录音。现在听不清语音，请您用按键。"
    ),
    "menu.main": (
        "问法律请按1，登记办事按2，查进度按3，查机构按4，找人工按0，有危险按9，重听按星号。"
    ),
    "go_ahead": "您请讲。",
    "hello": "您好，我在听，请讲您的问题。",
    "hear_you": "听得见，您请讲。",
    "listening": "我听着呢，您接着说。",
    "take_time": "不着急，您慢慢来，我等着。",
    "who": "我是12348的智能助手，不是真人。想找人工请说转人工。",
    "can_do": "法律问题可以问我，也能帮您登记、查进度、找机构。您请讲。",
    "more": "还有什么可以帮您？",
    "more.keys": "还要办别的，请按键。",
    "thanks": "不客气。还有什么可以帮您？",
    "off_topic": "这个我帮不上，我只懂法律方面的事。您有法律问题请讲。",
    "off_topic_again": "我只能答法律方面的事。要找人工请说转人工，没有别的事可以直接挂断。",
    "not_understood": "我没听明白，麻烦您换个说法再讲一遍。",
    "unclear": "没听清，请您再说一遍。",
    "keys_hint": "也可以按键：问法律按1，登记办事按2，查进度按3，查机构按4，找人工按0。",
    "slower": "好，我说慢一点。",
    "nothing_to_repeat": "请讲您的问题。",
    "adopted": "对不起，刚才线路断了一下。",
    "speech_lost": "对不起，我这会儿听不到您说话，请您用按键。",
    "silence_1": "您还在听吗？",
    "silence_2": "我没听到您说话，要找人工请按0。",
    "silence_2.keys": "没有收到您的按键，要找人工请按0。",
    "silence_end": "一直没有听到您的声音，我先挂了，您随时再打12348。",
    "long_call": "我们说得久了，我请话务员接着帮您。",
    "abuse_1": "您心里有气我理解，请文明用语，把事情讲给我听。",
    "abuse_2": "请您文明用语，再这样我只能结束通话了。",
    "abuse_end": "这次通话先到这里，您平静下来再打12348，我们还会帮您。再见。",
    "foreign": "Please hold for our staff. 我请话务员来接，请别挂机。",
    # -- choosing
    "choice.or": "还是",
    "choice.ask": "您是想问",
    "keys.choice": "第一个按1，第二个按2。",
    "choice.neither": "好，那您换个说法再讲一遍。",
    # -- answers
    "answer.none": "这个问题我这里没有现成的规定，不敢乱说。要为您转人工吗？",
    "answer.changed": "要为您转人工核对一下吗？",
    "answer.detail": "您想问的是哪一方面？多讲一句就行。",
    "answer.no_help": "没帮上您，要为您转人工吗？",
    "answer.no_law": "依据的条文我这里没有写明。要为您转人工问清楚吗？",
    "answer.no_where": "该去哪里办，我这里没有写明。要为您转人工问清楚吗？",
    "answer.no_next": "下一步怎么办，我这里没有写明。要为您转人工问清楚吗？",
    "answer.no_prepare": "要带哪些材料，我这里没有写明。要为您转人工问清楚吗？",
    "answer.no_time": "要多长时间，我这里没有准确的规定。要为您转人工问清楚吗？",
    "answer.no_cost": "费用多少，我这里没有准确的规定。要为您转人工问清楚吗？",
    "answer.prepare": "请准备",
    # -- orders
    "order.start": "好，我帮您登记。",
    "order.start_complaint": "好，您的投诉我来登记。",
    "order.start_suggestion": "好，您的建议我来登记。",
    "order.story": "请讲讲是怎么回事。",
    "order.story.keys": "请在这句话后讲发生了什么事，通话有录音，说完按井号。",
    "order.region": "事情在安徽哪个县、哪个区？",
    "order.region.keys": "请输入您那里的电话区号，按井号结束，不知道就直接按井号。",
    "order.county": "是哪个县、哪个区？",
    "order.elsewhere": "我没听出是安徽的哪个县区，请再说一遍县的名字。",
    "order.since": "这事是从什么时候开始的？",
    "order.since.keys": (
        "这事有多久了？一个月内按1，半年内按2，一年内按3，一年以上按4，跳过按井号。"
    ),
    "order.phone_own": "回电话就打您现在用的这个号码，尾号",
    "order.phone_own_ask": "可以吗？",
    "order.phone_own_ask.keys": "可以请按1，换号码按2，不留电话按3。",
    "order.phone": "请说回电的号码，一位一位慢慢说就行，按键输入也可以。",
    "order.phone.keys": "请输入回电的号码，按井号结束，不留电话直接按井号。",
    "order.phone_go_on": "您接着说。",
    "order.phone_wrong": "这个号码位数不对，请从头再说一遍。",
    "order.phone_wrong.keys": "这个号码位数不对，请重新输入，按井号结束。",
    "order.phone_none": "没有电话我们回不了您，您可以凭单号来查。",
    "order.name": "您贵姓，怎么称呼？不想说也可以。",
    "order.urgent": "这事急不急，最近有没有期限？",
    "order.urgent.keys": "很急请按1，不急按2。",
    "order.later": "这个我说不准，给您回电话的时候请您问他们。",
    "order.why": "是为了方便给您办理，也好给您回电话。",
    "order.anonymous": "不留名字也可以。",
    "order.never_mind": "不要紧。",
    "order.noted": "记下了。",
    "order.changed": "改好了。",
    "order.read": "我念给您听：",
    "order.read_urgent": "加急办理，",
    "order.read_no_phone": "不留回电的电话，",
    "order.right": "这样登记对吗？",
    "order.right.keys": "对请按1，不对按2。",
    "order.what_wrong": "哪里不对？您直接说对的就行。",
    "order.what_wrong.keys": "改地方按1，改电话按2，改时间按3，都不对按0找人工，没有错按井号。",
    "order.cancelled": "好，不登记了。还有什么可以帮您？",
    "order.again": "刚才没存上，我再存一次。",
    "order.failed": "系统现在存不上，我请话务员来帮您。",
    "order.failed_alone": "系统现在存不上，也没有接通话务员。请您过一会儿再打12348，对不起了。",
    "order.done_tail": "登记好了，单号后四位是",
    "order.done_tail_how": "用这个电话打来，报后四位就能查进度。",
    "order.done_whole": "登记好了，请拿笔记一下单号：",
    "order.done_whole_how": "凭单号就能查进度。",
    "order.duplicate": "这件事已经登记过了，不用再登，单号后四位是",
    "order.number_is": "完整的单号是",
    "closing.filed": "您说的我先登记上，会有人给您回电话。再见。",
    # -- calling back
    "callback.ok": "好，我登记下来，请话务员给您回电话。",
    "callback.nobody": "现在没有话务员值班，我登记下来，请他们给您回电话。",
    "callback.busy": "话务员都在忙，我登记下来，请他们给您回电话。",
    "callback.place": "好，您的位置给您留着，话务员按顺序给您回电话。",
    "callback.story": "您想说的是什么事？一句话就行。",
    "callback.done": "登记好了，话务员会打您尾号",
    "callback.done_how": "的电话，请留意接听。",
    "callback.done_plain": "登记好了，话务员会给您回电话，请留意接听。",
    "callback.already": "回电话已经登记了，请留意接听。",
    "callback.declined": "好，那就不回电话了。还有什么可以帮您？",
    # -- progress
    "progress.tail": "请说单号的后四位，按键也可以。",
    "progress.tail.keys": "请输入单号的后四位，按井号结束。",
    "progress.whole": "请说完整的单号，一共14位，按键也可以。",
    "progress.whole.keys": "请输入完整的单号，一共14位，按井号结束。",
    "progress.go_on": "您接着说。",
    "progress.wrong": "单号不对，可能少了或者错了一位，请再说一遍。",
    "progress.wrong.keys": "单号不对，可能少了或者错了一位，请重新输入，按井号结束。",
    "progress.none": "没有查到这个单号，请再核对一遍，从头说。",
    "progress.none.keys": "没有查到这个单号，请核对后重新输入，按井号结束。",
    "progress.none_again": "还是没有查到，我请话务员帮您查。",
    "progress.forgot": "不记得单号，我这里查不了，我请话务员帮您查。",
    "progress.yours": "您登记的",
    "progress.another": "还有一件，",
    "progress.urge": "要催一催，可以说转人工。",
    "progress.done": "已经办完。",
    # -- a finished order is rated
    "rating.ask": "这件事办得您满意吗？请按1到5打分，5分最满意，也可以直接说。",
    "rating.again": "没办好，对不起。要我们重新办理吗？",
    "rating.thanks": "您的评价记下了，谢谢您。",
    "rating.sorry": "您的意见记下了，会有人打电话给您问清楚。",
    "rating.reopened": "已经退回去重新办理，会有人联系您。",
    "rating.failed": "评价没有记上，对不起，您过一会儿再打来说。",
    # -- heard badly, and it may be danger
    "safety.ask": "您现在人安全吗？",
    "safety.ask.keys": "您现在人安全吗？安全请按1，有危险按2。",
    # -- places
    "place.region": "您要找的在安徽哪个市、哪个县？",
    "place.region.keys": "请输入您那里的电话区号，按井号结束。",
    "place.kind": "法律援助按1，公证处按2，人民调解按3，公共法律服务中心按4。",
    "place.unconfirmed": "的地址和电话，我这里还没有核实，不能随便告诉您。",
    "place.unknown": "这个地方的机构，我这里没有资料。",
    "place.ask_person": "要为您转人工查一下吗？",
    "place.ask_person.keys": "转人工查请按1，不用按2。",
    "place.no_region": "没有听出地方，我请话务员帮您查。",
    # -- people
    "keys.yes_no": "要请按1，不要按2。",
    "transfer.wait": "这就给您转人工，请别挂机。",
    "transfer.next": "这就给您转接下一位，请别挂机。",
    "returned": "人工已经接待完了，我是智能助手。还有什么可以帮您？",
    "transfer.misunderstood": "我没能听明白，给您转人工，请别挂机。",
    "distress": "您别着急，我听着呢。",
    "distress.offer": "要不要我请人来接，跟您细细说？",
    "transfer.distress": "我这就请人来帮您，别挂电话。",
    "transfer.distress_missed": (
        "值班人员暂时没接上，我还在。心里难受可以打12356，随时有人听您说。"
    ),
    # -- emergencies
    "danger.suicide": (
        "您先别挂，我在这里陪您。您的命最要紧，12356有专人听您说，"
        "受了伤或者吃了东西，马上打120。我现在就找人来帮您。"
    ),
    "danger.suicide_other": (
        "先打120救人，您守着他别走开，12356可以教您怎么劝。我现在就找人来帮您，您别挂。"
    ),
    "danger.violence": (
        "您先躲到安全的地方，马上打110，有人受伤打120。我现在就找人来帮您，您别挂。"
    ),
    "danger.confinement": (
        "您先顾好自己，别硬拼，能打110就马上打110，有人受伤打120。我现在就找人来帮您，您别挂。"
    ),
    "danger.abduction": ("马上打110报警，越快越好，有人受伤打120。我现在就找人来帮您，您别挂。"),
    "danger.wait": "紧急情况已经报上去了，正在接通值班人员，请别挂电话。",
    "danger.wait_unfiled": "正在接通值班人员，请别挂电话。",
    "danger.here": "我还在，您别挂。",
    "danger.still": "我还在找人，您别挂，我一直在这里。",
    "danger.where": "人还没接上，我一直在找。您现在在哪里？哪个县、哪条路，告诉我。",
    "danger.where.keys": "人还没接上，我一直在找。您安全请按1，还有危险按2。",
    "danger.place_noted": "地方记下了，我报给值班人员。",
    "danger.hurt": "有没有人受伤？受伤就马上打120。",
    "danger.hurt.keys": "有人受伤就马上打120。安全请按1，还有危险按2。",
    "danger.call_110": "能打电话就马上打110，打完我还在这里帮您。",
    "danger.with_you": "我在听，您身边有没有家里人、邻居？喊一个过来陪着您。",
    "danger.talk": "您愿意的话，跟我说说是什么事，我听着。",
    "danger.heard_1": "您说的我都听着呢，这些事您一个人扛，不容易。",
    "danger.heard_2": "您慢慢说，不着急，我哪儿也不去。",
    "danger.calm_1": "我还在，您慢慢呼吸，先坐下来。",
    "danger.calm_2": "我一直在这里陪您，人我还在找。",
    "danger.over": (
        "您平安就好。紧急登记已经报上去了，会有人打电话确认您的安全。您还有什么事，请讲。"
    ),
    "danger.bye": "您要是还有危险，马上打110。我先不挂，您随时可以讲。",
    # -- the end
    "rate": "请给这次服务打分，按1到5，5分最满意，不想评可以直接挂断。",
    "rate.thanks": "谢谢您，再见。",
    "rate.sorry": "没帮好您，对不起，我们会改。再见。",
    "bye": "感谢来电，再见。",
}

TOPIC: dict[Topic, str] = {
    Topic.WAGES: "工资拖欠",
    Topic.WORK_INJURY: "工伤",
    Topic.DISMISSAL: "被辞退",
    Topic.SOCIAL_INSURANCE: "社保",
    Topic.DIVORCE: "离婚",
    Topic.CUSTODY: "孩子抚养",
    Topic.MARITAL_PROPERTY: "夫妻财产和彩礼",
    Topic.DOMESTIC_VIOLENCE: "家庭暴力",
    Topic.INHERITANCE: "遗产继承",
    Topic.SUPPORT_ELDERLY: "老人赡养",
    Topic.DEBT: "借钱还钱",
    Topic.FRAUD: "被骗和集资",
    Topic.TRAFFIC: "交通事故",
    Topic.MEDICAL: "医疗纠纷",
    Topic.CONSUMER: "消费纠纷",
    Topic.LEASE: "租房",
    Topic.HOUSE_PURCHASE: "买房和物业",
    Topic.NEIGHBOUR: "邻里纠纷",
    Topic.LAND: "土地和征收",
    Topic.CONTRACT: "合同纠纷",
    Topic.INJURY_COMPENSATION: "受伤赔偿",
    Topic.CRIMINAL: "刑事案件",
    Topic.ADMIN: "行政处罚和复议",
    Topic.MINOR: "未成年人",
    Topic.REPUTATION: "名誉和隐私",
    Topic.LITIGATION: "打官司",
    Topic.LEGAL_AID: "法律援助",
    Topic.MEDIATION: "人民调解",
    Topic.NOTARY: "公证",
    Topic.APPRAISAL: "司法鉴定",
    Topic.ARBITRATION: "仲裁",
    Topic.LAWYER: "找律师",
    Topic.SERVICE: "热线服务",
}
"""Topics as a caller would name them."""

GROUPS: tuple[tuple[str, tuple[Topic, ...]], ...] = (
    (
        "干活和工资",
        (
            Topic.WAGES,
            Topic.WORK_INJURY,
            Topic.DISMISSAL,
            Topic.SOCIAL_INSURANCE,
            Topic.ARBITRATION,
        ),
    ),
    (
        "婚姻和家庭",
        (
            Topic.DIVORCE,
            Topic.CUSTODY,
            Topic.MARITAL_PROPERTY,
            Topic.INHERITANCE,
            Topic.SUPPORT_ELDERLY,
            Topic.DOMESTIC_VIOLENCE,
        ),
    ),
    ("借钱和买卖", (Topic.DEBT, Topic.FRAUD, Topic.CONTRACT, Topic.CONSUMER)),
    (
        "车祸和受伤",
        (Topic.TRAFFIC, Topic.MEDICAL, Topic.INJURY_COMPENSATION, Topic.APPRAISAL),
    ),
    ("房子和土地", (Topic.LEASE, Topic.HOUSE_PURCHASE, Topic.NEIGHBOUR, Topic.LAND)),
    ("打官司和处罚", (Topic.LITIGATION, Topic.CRIMINAL, Topic.ADMIN)),
    ("援助和公证", (Topic.LEGAL_AID, Topic.LAWYER, Topic.NOTARY, Topic.MEDIATION)),
    ("孩子和名誉", (Topic.MINOR, Topic.REPUTATION)),
)
"""Topics by the keys of the first sub-menu, for callers whom we cannot hear."""

STATE: dict[OrderState, str] = {
    OrderState.DRAFT: "刚登记，还没有受理。",
    OrderState.RECEIVED: "已经收到，正等着受理。",
    OrderState.INCOMPLETE: "还缺一些情况，会有人联系您补充。",
    OrderState.TRIAGED: "已经受理，正在派给承办单位。",
    OrderState.ASSIGNED: "已经派给承办单位，等他们签收。",
    OrderState.IN_PROGRESS: "正在办理。",
    OrderState.RETURNED: "承办单位退回来了，正在重新派。",
    OrderState.EXTENSION: "还在办理，承办单位申请了延期。",
    OrderState.URGED: "正在办理，已经催过承办单位。",
    OrderState.SUPERVISED: "正在办理，上级在督办。",
    OrderState.RESOLVED: "已经办完，会有人打电话回访您。",
    OrderState.REOPENED: "正在重新办理。",
    OrderState.CLOSED: "已经办结。",
    OrderState.ARCHIVED: "已经办结归档。",
    OrderState.MERGED: "已经并到您另一件相同的单子里一起办。",
    OrderState.WITHDRAWN: "已经撤回，没有再办。",
}
"""Where an order stands, as a caller can understand it."""

DANGER: dict[str, str] = {
    EmergencyKind.SUICIDE: "danger.suicide",
    EmergencyKind.VIOLENCE: "danger.violence",
    EmergencyKind.CONFINEMENT: "danger.confinement",
    EmergencyKind.ABDUCTION: "danger.abduction",
}

KEYS = ("1", "2", "3", "4", "5", "6", "7", "8")
"""Keys of a sub-menu; 9 leads on, 0 is a person."""

MENU_MORE = "其他的请按9。"
MENU_NONE = "都不是请按井号。"


def choice_first(label: str) -> str:
    """``您是想问工伤，``"""
    return f"{P['choice.ask']}{label}，"


def choice_second(label: str) -> str:
    """``还是交通事故？``"""
    return f"{P['choice.or']}{label}？"


def menu_entry(label: str, key: str) -> str:
    """``离婚请按1，``"""
    return f"{label}请按{key}，"


def about(topic: Topic) -> str:
    """What an order is about, read back: ``您说的是工资拖欠的事，``"""
    return f"您说的是{TOPIC[topic]}的事，"


def waiting(position: int) -> str:
    """Where somebody stands in the queue: ``您前面还有2位，``; for the next one nothing."""
    return f"您前面还有{position - 1}位，" if position > 1 else ""


def wish(kind: ServiceType) -> str:
    """Which service an order asks for, read back: ``您要申请法律援助，``"""
    verb = {ServiceType.COMPLAINT: "", ServiceType.SUGGESTION: "提"}.get(kind, "办")
    return f"您要{verb}{kind.label}，"


def matter(topic: Topic) -> str:
    """An order found: ``工资拖欠的单子，``"""
    return f"{TOPIC[topic]}的单子，"


HOLD = "请您稍等，马上就来。"
"""Said again and again while a person has put the caller on hold."""
WAIT_ON = "话务员都在通话，请您再等一等。不想等的话，按1我们给您回电话。"
"""Said again and again to somebody who waits for a person."""


def _parts() -> list[str]:
    """Texts made of fixed words only."""
    found = [*STATE.values(), HOLD, WAIT_ON]
    found += [MENU_MORE, MENU_NONE]
    for make in (about, matter):
        found += [make(topic) for topic in Topic]
    found += [wish(kind) for kind in ServiceType]
    for make_choice in (choice_first, choice_second):
        found += [make_choice(TOPIC[topic]) for topic in Topic]
    for key, (label, topics) in zip(KEYS, GROUPS, strict=True):
        found.append(menu_entry(label, key))
        found += [menu_entry(TOPIC[item], KEYS[n]) for n, item in enumerate(topics)]
    return found


_FIRST = (
    "greeting greeting.keys menu.main more go_ahead hello hear_you listening take_time "
    "not_understood unclear silence_1 silence_2 speech_lost "
    "danger.suicide danger.suicide_other danger.violence danger.confinement danger.abduction "
    "danger.wait danger.here danger.still danger.where "
    "transfer.wait transfer.misunderstood callback.nobody callback.story "
    "choice.ask choice.or answer.none answer.detail keys.yes_no "
    "order.start order.story order.region order.county order.elsewhere order.since "
    "order.phone_own order.phone_own_ask order.phone order.name order.urgent "
    "order.read order.right order.done_tail order.done_tail_how "
    "rate rate.thanks bye safety.ask"
)

FIRST: tuple[str, ...] = tuple(P[name] for name in _FIRST.split())
"""What any call's first minute needs (greeting, danger, a person, an order): set-up waits for these
alone, the rest is rendered while the hotline runs."""

ALL: tuple[str, ...] = tuple(dict.fromkeys([*FIRST, *P.values(), *_parts()]))
"""Every fixed text once, most needed first: what is rendered ahead."""
