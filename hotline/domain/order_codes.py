"""Code tables of an order's life. The promise of ``hotline.domain.codes`` holds: never renamed."""

from hotline.domain.codes import Coded


class Role(Coded):
    """What somebody may do; where they may do it is in the grant."""

    AGENT = "agent", "话务员"
    HANDLER = "handler", "办理人员"
    SUPERVISOR = "supervisor", "班长"
    REVIEWER = "reviewer", "质检员"
    MANAGER = "manager", "管理人员"
    ADMINISTRATOR = "administrator", "系统管理员"


class Right(Coded):
    """One thing the server lets somebody do."""

    FILE = "order.file", "登记工单"
    READ = "order.read", "查看工单"
    REVEAL = "order.reveal", "查看当事人信息"
    CONFIDENTIAL = "order.confidential", "查看保密工单"
    HANDLE = "order.handle", "签收和办理工单"
    DISPATCH = "order.dispatch", "派遣工单"
    SUPERVISE = "order.supervise", "催办、督办和审批"
    CALLBACK = "callback.work", "回拨和回访"
    SEAT = "seat.use", "坐席接听"
    MONITOR = "seat.monitor", "坐席监控"
    ROSTER = "roster.edit", "编辑值班表"
    PEOPLE = "people.edit", "管理机构和人员"
    KEYS = "keys.edit", "管理接口密钥"
    RULES = "rules.edit", "编辑分类和匹配规则"
    EVALUATE = "evaluation.read", "查看评价"
    EXCHANGE = "exchange.use", "导入导出数据"
    HUB = "hub.operate", "处理平台推送"
    AUDIT = "audit.read", "查看审计"


class InstitutionKind(Coded):
    """What kind of institution handles an order."""

    BUREAU = "bureau", "司法局"
    LEGAL_SERVICE_CENTRE = "legal_service_centre", "公共法律服务中心"
    STATION = "station", "公共法律服务工作站"
    JUSTICE_OFFICE = "justice_office", "司法所"
    LEGAL_AID_CENTRE = "legal_aid_centre", "法律援助中心"
    MEDIATION_COMMITTEE = "mediation_committee", "人民调解委员会"
    NOTARY_OFFICE = "notary_office", "公证处"
    APPRAISAL_INSTITUTE = "appraisal_institute", "司法鉴定机构"
    ARBITRATION_COMMISSION = "arbitration_commission", "仲裁机构"
    LAW_FIRM = "law_firm", "律师事务所"
    HOTLINE = "hotline", "热线平台"
    WEB_PLATFORM = "web_platform", "网络平台"
    WINDOW = "window", "服务窗口"
    OTHER_HOTLINE = "other_hotline", "其他热线"


class Language(Coded):
    """What a caller speaks when it is not the common language."""

    MANDARIN = "mandarin", "普通话"
    JIANGHUAI = "jianghuai", "江淮官话"
    ZHONGYUAN = "zhongyuan", "中原官话"
    HUIZHOU = "huizhou", "徽州话"
    GAN = "gan", "赣语"
    WU = "wu", "吴语"
    SIGN = "sign", "手语"


class Handling(Coded):
    """What triage decides about a demand."""

    ANSWER = "answer", "直接答复"
    DISPATCH = "dispatch", "派单办理"


class Complexity(Coded):
    """How long a demand may take."""

    SIMPLE = "simple", "一般"
    COMPLEX = "complex", "复杂"


class MatchMode(Coded):
    """How an order comes to its handler."""

    ASSIGN = "assign", "直接派送"
    OFFER = "offer", "公开认领"
    DESK = "desk", "区域兜底"


class Clock(Coded):
    """A deadline of an order."""

    TRIAGE = "triage", "受理"
    DISPATCH = "dispatch", "派送"
    CLAIM = "claim", "认领"
    ACCEPT = "accept", "签收"
    RETURN = "return", "回退"
    FEEDBACK = "feedback", "反馈"
    EXTENSION = "extension", "延期审批"
    FOLLOW_UP = "follow_up", "回访"
    ARCHIVE = "archive", "归档"


class Card(Coded):
    """Warning an order carries: yellow before a deadline, red when it has passed."""

    NONE = "0", "正常"
    YELLOW = "1", "黄牌"
    RED = "2", "红牌"


class ReturnReason(Coded):
    """Why a handler gives an order back."""

    NOT_OURS = "not_ours", "不属于本单位职责"
    WRONG_REGION = "wrong_region", "不属于本辖区"
    INCOMPLETE = "incomplete", "信息不全无法办理"
    DUPLICATE = "duplicate", "重复工单"
    CONFLICT = "conflict", "存在利益冲突"
    NO_CAPACITY = "no_capacity", "承办力量不足"


class ExtensionReason(Coded):
    """Why a handler asks for more time."""

    COMPLEX_CASE = "complex_case", "案情复杂"
    WAITING_MATERIAL = "waiting_material", "等待材料"
    WAITING_OTHERS = "waiting_others", "需其他单位配合"
    APPRAISAL = "appraisal", "等待鉴定或评估"
    PARTY_REQUEST = "party_request", "当事人要求"


class CloseReason(Coded):
    """How an order ended."""

    RESOLVED = "resolved", "诉求已解决"
    ANSWERED = "answered", "已解答"
    REFERRED = "referred", "已告知其他途径"
    NOT_ACCEPTED = "not_accepted", "不符合受理条件"
    PARTY_WITHDREW = "party_withdrew", "当事人撤回"
    UNREACHABLE = "unreachable", "多次联系不上当事人"
    UNREASONABLE = "unreasonable", "诉求无法支持，已说明"


class DutySource(Coded):
    """Who put a duty into the roster."""

    HAND = "hand", "手工登记"
    FILE = "file", "文件导入"
    PLANNER = "planner", "排班程序"


class RingKind(Coded):
    """Why somebody is rung."""

    CALLBACK = "callback", "回拨"
    FOLLOW_UP = "follow_up", "回访"


class RingResult(Coded):
    """What came of ringing somebody."""

    REACHED = "reached", "已联系上"
    NO_ANSWER = "no_answer", "无人接听"
    BUSY = "busy", "占线"
    OFF = "off", "关机或停机"
    WRONG_NUMBER = "wrong_number", "号码有误"
    REFUSED = "refused", "对方拒绝"
    LATER = "later", "约定改时间"
