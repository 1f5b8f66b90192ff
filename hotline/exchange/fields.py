"""What a row of each kind of file holds: names (stable), Chinese headers, kinds, code tables."""

from dataclasses import dataclass

from hotline.domain.codes import Coded


class Form(Coded):
    """How a value is written."""

    TEXT = "text", "文字"
    PHONE = "phone", "电话号码（文本）"
    CODE = "code", "代码"
    CODES = "codes", "代码，多个用顿号隔开"
    FLAG = "flag", "是 或 否"
    NUMBER = "number", "整数"
    MOMENT = "moment", "时间，如 2026-03-05 08:30（北京时间）"
    HOURS = "hours", "开放时间，如 1-5 08:30-12:00 14:00-17:30; 6 09:00-12:00"
    GRANTS = "grants", "角色@机构或区划代码，如 handler@hefei.legal_aid; manager@340100; agent@*"
    PAIRS = "pairs", "名称=内容，多项用分号隔开"


@dataclass(frozen=True, slots=True)
class Field:
    """One column."""

    name: str
    label: str
    form: Form = Form.TEXT
    table: str | None = None
    """Code table of CODE and CODES."""
    required: bool = False
    personal: bool = False
    limit: int | None = None
    """Characters at most."""
    about: str = ""
    """Explanation for people, Chinese."""


@dataclass(frozen=True, slots=True)
class Record:
    """One kind of file."""

    id: str
    name: str
    """Chinese; also the name of the sheet."""
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field with this name. Raises KeyError."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


_F = Form
INSTITUTIONS = Record(
    "institutions",
    "机构",
    (
        Field(
            "code", "机构代码", required=True, limit=40, about="小写英文、数字、点、横线，不可更改"
        ),
        Field("name", "机构名称", required=True, limit=120),
        Field("kind", "类型", _F.CODE, "institution_kind", required=True),
        Field("region", "行政区划", _F.CODE, "region", required=True),
        Field("parent", "上级机构", limit=40, about="窗口填所属机构的代码"),
        Field("skills", "受理范围", _F.CODES, "skill", about="留空表示全部"),
        Field("languages", "语言", _F.CODES, "language"),
        Field("hours", "开放时间", _F.HOURS, about="1为周一，7为周日；留空按工作日历"),
        Field("is_desk", "兜底受理", _F.FLAG, about="本区域没有其他机构可派时由它受理"),
        Field("active", "启用", _F.FLAG, about="留空为启用"),
    ),
)
PEOPLE = Record(
    "people",
    "人员",
    (
        Field(
            "staff_no", "工号", required=True, limit=40, about="英文字母、数字、点、横线，不可更改"
        ),
        Field("name", "姓名", required=True, personal=True, limit=60),
        Field("phone", "电话", _F.PHONE, personal=True),
        Field("institution", "所在机构", limit=40, about="机构代码"),
        Field("skills", "擅长", _F.CODES, "skill", about="留空同所在机构"),
        Field("languages", "语言", _F.CODES, "language"),
        Field("capacity", "在办上限", _F.NUMBER, about="同时在办的工单数，留空为20"),
        Field("active", "在岗", _F.FLAG, about="留空为在岗"),
        Field("grants", "角色", _F.GRANTS, "role", about="@后为机构或区划代码，* 表示全省各机构"),
    ),
)
DUTIES = Record(
    "duties",
    "值班",
    (
        Field("staff_no", "工号", required=True, limit=40),
        Field("institution", "机构代码", required=True, limit=40),
        Field("starts_at", "开始", _F.MOMENT, required=True),
        Field("ends_at", "结束", _F.MOMENT, required=True, about="过夜的班写次日日期"),
        Field("source", "来源", _F.CODE, "duty_source", about="留空为文件导入"),
    ),
)
INTAKES = Record(
    "intakes",
    "诉求登记",
    (
        Field(
            "idempotency_key",
            "登记编号",
            required=True,
            limit=120,
            about="每件一个；同号只登记一次",
        ),
        Field("terminal", "受理渠道", _F.CODE, "terminal", required=True),
        Field("service_type", "服务类型", _F.CODE, "service_type", required=True),
        Field("act", "诉求类别", _F.CODE, "act", required=True),
        Field("topic", "事项", _F.CODE, "topic", required=True),
        Field("urgency", "紧急程度", _F.CODE, "urgency", about="留空为一般"),
        Field("title", "标题", required=True, limit=120, about="一句话，不含个人信息"),
        Field("description", "诉求内容", required=True, personal=True, limit=10_000),
        Field("contact_name", "联系人", personal=True, limit=60),
        Field("contact_phone", "联系电话", _F.PHONE, personal=True),
        Field("caller_number", "来电号码", _F.PHONE, personal=True),
        Field("region", "行政区划", _F.CODE, "region"),
        Field("since", "发生时间", personal=True, limit=60, about="当事人的说法，如 去年十月"),
        Field("call_id", "通话编号", limit=40),
        Field("callback", "要求回拨", _F.FLAG),
        Field("confidential", "保密", _F.FLAG, about="当事人要求保密"),
        Field("emergency", "紧急情形", _F.CODE, "emergency_kind"),
        Field("extra", "附加项", _F.PAIRS, personal=True, about="id_number 为居民身份证号码"),
    ),
)
ORDERS = Record(
    "orders",
    "工单",
    (
        Field("order_no", "工单编号", limit=20),
        Field("state", "状态", _F.CODE, "order_state"),
        Field("card", "预警", _F.CODE, "card"),
        Field("terminal", "受理渠道", _F.CODE, "terminal"),
        Field("service_type", "服务类型", _F.CODE, "service_type"),
        Field("act", "诉求类别", _F.CODE, "act"),
        Field("topic", "事项", _F.CODE, "topic"),
        Field("urgency", "紧急程度", _F.CODE, "urgency"),
        Field("emergency", "紧急情形", _F.CODE, "emergency_kind"),
        Field("region", "行政区划", _F.CODE, "region"),
        Field("title", "标题", limit=120),
        Field("handling", "处理方式", _F.CODE, "handling"),
        Field("complexity", "复杂程度", _F.CODE, "complexity"),
        Field("language", "语言", _F.CODE, "language"),
        Field("mode", "派单方式", _F.CODE, "match_mode"),
        Field("institution", "承办机构", limit=40),
        Field("handler", "办理人编号", limit=40),
        Field("callback", "要求回拨", _F.FLAG),
        Field("confidential", "保密", _F.FLAG),
        Field("created_at", "登记时间", _F.MOMENT),
        Field("due_at", "办理期限", _F.MOMENT),
        Field("assigned_at", "派送时间", _F.MOMENT),
        Field("accepted_at", "签收时间", _F.MOMENT),
        Field("resolved_at", "办理完毕时间", _F.MOMENT),
        Field("closed_at", "办结时间", _F.MOMENT),
        Field("close_reason", "办结原因", _F.CODE, "close_reason"),
        Field("satisfaction", "满意度", _F.CODE, "satisfaction"),
        Field("urged", "催办次数", _F.NUMBER),
        Field("returned", "回退次数", _F.NUMBER),
        Field("extended", "延期次数", _F.NUMBER),
        Field("reopened", "重办次数", _F.NUMBER),
        Field("merged_into", "并入工单", limit=20),
        Field("outside_no", "外部编号", limit=60, about="在来源热线（如12345）的编号"),
        Field("hub_state", "平台推送", _F.CODE, "hub_state"),
        Field("hub_receipt", "平台回执", limit=80),
        Field("contact_name", "联系人", personal=True),
        Field("contact_phone", "联系电话", _F.PHONE, personal=True),
        Field("caller_number", "来电号码", _F.PHONE, personal=True),
        Field("description", "诉求内容", personal=True),
    ),
)
RECORDS = {record.id: record for record in (INTAKES, ORDERS, INSTITUTIONS, PEOPLE, DUTIES)}
