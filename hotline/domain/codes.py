"""Code tables of the trade: stable codes (stored, sent to the hub) and their Chinese names (shown).

A code, once published, is never renamed or given another meaning: orders, records and the hub keep
it for years. The Chinese name may be improved at any time.
"""

from enum import StrEnum


class Coded(StrEnum):
    """A stable code with the Chinese name people see: ``Act.ASK.label`` is ``咨询``."""

    label: str

    # The default lets type checkers accept look-ups by code, Topic("wages"); every member has one.
    def __new__(cls, code: str, label: str = "") -> "Coded":
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member


class Act(Coded):
    """What the caller wants of us with this sentence."""

    ASK = "ask", "咨询"
    APPLY = "apply", "申请办理"
    PROGRESS = "progress", "查询进度"
    PLACE = "place", "查询机构"
    COMPLAINT = "complaint", "投诉"
    SUGGESTION = "suggestion", "建议"
    AGENT = "agent", "转人工"
    EMERGENCY = "emergency", "紧急求助"
    REPEAT = "repeat", "重听"
    YES = "yes", "肯定"
    NO = "no", "否定"
    BYE = "bye", "结束"
    OTHER = "other", "其他"


class Topic(Coded):
    """The trouble itself: the cause before the procedure, the procedure before the service."""

    WAGES = "wages", "劳动报酬"
    WORK_INJURY = "work_injury", "工伤"
    DISMISSAL = "dismissal", "解除劳动合同"
    SOCIAL_INSURANCE = "social_insurance", "社会保险"
    DIVORCE = "divorce", "离婚"
    CUSTODY = "custody", "子女抚养"
    MARITAL_PROPERTY = "marital_property", "婚姻财产与彩礼"
    DOMESTIC_VIOLENCE = "domestic_violence", "家庭暴力"
    INHERITANCE = "inheritance", "继承"
    SUPPORT_ELDERLY = "support_elderly", "赡养"
    DEBT = "debt", "借贷担保"
    FRAUD = "fraud", "诈骗与集资"
    TRAFFIC = "traffic", "交通事故"
    MEDICAL = "medical", "医疗纠纷"
    CONSUMER = "consumer", "消费维权"
    LEASE = "lease", "房屋租赁"
    HOUSE_PURCHASE = "house_purchase", "购房与物业"
    NEIGHBOUR = "neighbour", "相邻关系"
    LAND = "land", "土地与征收"
    CONTRACT = "contract", "合同"
    INJURY_COMPENSATION = "injury_compensation", "人身损害"
    CRIMINAL = "criminal", "刑事"
    ADMIN = "admin", "行政处罚与复议"
    MINOR = "minor", "未成年人"
    REPUTATION = "reputation", "名誉与隐私"
    LITIGATION = "litigation", "诉讼与执行"
    LEGAL_AID = "legal_aid", "法律援助"
    MEDIATION = "mediation", "人民调解"
    NOTARY = "notary", "公证"
    APPRAISAL = "appraisal", "司法鉴定"
    ARBITRATION = "arbitration", "仲裁"
    LAWYER = "lawyer", "律师"
    SERVICE = "service", "热线服务"


class ServiceType(Coded):
    """The public legal service an order asks for."""

    CONSULTATION = "consultation", "法律咨询"
    LEGAL_AID = "legal_aid", "法律援助"
    MEDIATION = "mediation", "人民调解"
    NOTARY = "notary", "公证"
    APPRAISAL = "appraisal", "司法鉴定"
    ARBITRATION = "arbitration", "仲裁"
    PUBLICITY = "publicity", "法治宣传"
    LOOKUP = "lookup", "法律查询"
    LAWYER = "lawyer", "律师"
    RECONSIDERATION = "reconsideration", "行政复议"
    COMPLAINT = "complaint", "投诉"
    SUGGESTION = "suggestion", "建议"


class Terminal(Coded):
    """Where a demand was received (“一次接收、三台通行”)."""

    PHONE_BOT = "phone_bot", "热线智能助手"
    PHONE_AGENT = "phone_agent", "热线坐席"
    WEB = "web", "网络平台"
    COUNTER = "counter", "实体平台窗口"
    OTHER_HOTLINE = "other_hotline", "其他热线"


class Urgency(Coded):
    """How soon a handler must act; ``emergency`` is danger to life or freedom now."""

    NORMAL = "normal", "一般"
    URGENT = "urgent", "紧急"
    EMERGENCY = "emergency", "特急"


class EmergencyKind(Coded):
    """What kind of danger; decides which number the caller is told."""

    SUICIDE = "suicide", "轻生"
    VIOLENCE = "violence", "暴力"
    CONFINEMENT = "confinement", "非法拘禁"
    ABDUCTION = "abduction", "拐卖"


class OrderState(Coded):
    """The life of an order; the steps between the states belong to ``dispatch``."""

    DRAFT = "draft", "草稿"
    RECEIVED = "received", "待受理"
    INCOMPLETE = "incomplete", "待补充"
    TRIAGED = "triaged", "待派遣"
    ASSIGNED = "assigned", "待签收"
    IN_PROGRESS = "in_progress", "办理中"
    RETURNED = "returned", "回退"
    EXTENSION = "extension", "延期"
    URGED = "urged", "催办"
    SUPERVISED = "supervised", "督办"
    RESOLVED = "resolved", "待回访"
    REOPENED = "reopened", "重办"
    CLOSED = "closed", "办结"
    ARCHIVED = "archived", "归档"
    MERGED = "merged", "合并"
    WITHDRAWN = "withdrawn", "撤回"


class HubState(Coded):
    """Where the pushing of one order to the hub stands."""

    PENDING = "pending", "待推送"
    ACKNOWLEDGED = "acknowledged", "平台已接收"
    DEAD = "dead", "推送失败待处理"


class CallOutcome(Coded):
    """How a call ended; exactly one for every call."""

    ANSWERED_BY_BOT = "answered_by_bot", "智能助手解答"
    ORDER_FILED = "order_filed", "已登记工单"
    TRANSFERRED = "transferred", "转人工接听"
    CALLBACK = "callback", "登记回拨"
    ABANDONED = "abandoned", "来电人挂断"
    EMERGENCY = "emergency", "紧急处置"
    ENDED_ABUSE = "ended_abuse", "文明用语提醒后结束"
    SILENT = "silent", "无应答结束"
    FAILED = "failed", "接续失败"
    VOICEMAIL = "voicemail", "留言"
    FALLBACK_SEAT = "fallback_seat", "系统故障由坐席接听"


class Speaker(Coded):
    """Who said a turn."""

    CALLER = "caller", "来电人"
    BOT = "bot", "智能助手"
    AGENT = "agent", "坐席"


class Satisfaction(Coded):
    """The five national levels (好差评); the first three count as satisfied."""

    VERY_SATISFIED = "5", "非常满意"
    SATISFIED = "4", "满意"
    FAIR = "3", "基本满意"
    DISSATISFIED = "2", "不满意"
    VERY_DISSATISFIED = "1", "非常不满意"
