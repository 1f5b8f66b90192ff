"""Commands of dispatch: the triage rules, the models of matching, evaluation."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from dispatch.matching.decide import Policy
from dispatch.matching.models import Comparison, ModelDesk, ModelInfo
from dispatch.matching.scorer import Scorer
from dispatch.matching.weights import LABELS
from dispatch.triage import RULES, check_rules, dry_run, load_rules, told
from hotline.analysis.evaluation import By, Evaluated, Evaluation, Share
from hotline.calendar import china_calendar
from hotline.commands.care import opened
from hotline.commands.common import JSON, console, emit, errors, plain_errors, run
from hotline.db.opening import Store
from hotline.domain.codes import ServiceType, Urgency
from hotline.domain.handling import OrderFacts
from hotline.domain.people import Actor
from hotline.errors import InputError
from hotline.language import Understander

triage_app = typer.Typer(help="工单分类规则：检查、试运行", no_args_is_help=True)
match_app = typer.Typer(help="工单匹配：学习权重、对照、启用", no_args_is_help=True)
OPERATOR = Actor("operator")
_BY = {"service": "服务事项", "post": "岗位", "institution": "机构", "person": "人员"}


@triage_app.command("check")
@plain_errors
def check(
    file: Annotated[Path, typer.Argument(help="规则文件，默认为随附的规则")] = RULES,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """检查规则文件；逐条指出规则、字段和改法，有错误时退出码为 1。"""
    problems = check_rules(file)
    for problem in problems:
        if as_json:
            emit(asdict(problem))
        else:
            errors.print(f"[red]✗[/] {problem}", markup=True)
    if problems:
        raise typer.Exit(1)
    if not as_json:
        console.print("规则文件没有问题")


@triage_app.command("try")
@plain_errors
def try_out(
    text: Annotated[str, typer.Argument(help="诉求内容")],
    service: Annotated[ServiceType, typer.Option(help="服务类型")] = ServiceType.CONSULTATION,
    topic: Annotated[str | None, typer.Option(help="事项；默认由热线自己判断")] = None,
    region: Annotated[str | None, typer.Option(help="行政区划代码")] = None,
    file: Annotated[Path, typer.Option(help="规则文件")] = RULES,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """试运行：一件诉求会怎样分类，哪些规则起了作用。"""
    book = load_rules(file)
    heard = Understander.load().understand(text)
    facts = OrderFacts(
        "试运行",
        service,
        heard.act.value,
        topic or heard.topic.value,
        Urgency.NORMAL,
        region,
        "phone_agent",
        emergency=heard.emergency.value if heard.emergency else None,
    )
    for fired in dry_run(book, facts, told("", text, None, heard)):
        row = {
            "rule": fired.rule.name,
            "decided": fired.decided,
            "outcome": fired.outcome,
            "because": fired.rule.because,
        }
        if as_json:
            emit(row)
        else:
            mark = "→" if fired.decided else "  （未采用）"
            console.print(f"{mark} {fired.outcome or '提示'}  {row['rule']}：{row['because']}")


def _desk(store: Store) -> ModelDesk:
    settings = store.settings
    own = settings.deadlines.calendar_dir or settings.data_dir / "calendar"
    calendar = china_calendar(tuple(settings.deadlines.hours), own)
    return ModelDesk(store.db, store.ring, Scorer(calendar, Policy.of(settings.match)))


@match_app.command("models")
@plain_errors
def models(as_json: Annotated[bool, JSON] = False) -> None:
    """列出所有模型和各项权重。"""

    async def work() -> list[ModelInfo]:
        async with opened() as store:
            return await _desk(store).models()

    found = run(work())
    for model in found:
        _show_model(model, as_json=as_json)
    if not found and not as_json:
        console.print("没有学习得到的模型，正在使用随附的权重")


@match_app.command("learn")
@plain_errors
def learn(as_json: Annotated[bool, JSON] = False) -> None:
    """由已办结工单重新估计权重；新模型只旁观对照，不会自动启用。"""

    async def work() -> dict[str, Any]:
        async with opened() as store:
            learnt = await _desk(store).learn(OPERATOR, datetime.now(UTC))
            return asdict(learnt.report) | {"model_id": learnt.weights.model_id}

    report = run(work())
    if as_json:
        emit(report)
        return
    auc, before = report["auc"], report["auc_before"]
    console.print(f"新模型 {report['model_id']}（旁观中）")
    console.print(f"训练 {report['trained_on']} 件，检验 {report['validated_on']} 件")
    console.print(f"区分力 {_interval(auc)}，现用模型 {_interval(before)}（0.5 为随机）")
    for name, weight in report["weights"].items():
        console.print(f"  {LABELS[name]}  {_interval(weight)}")


@match_app.command("compare")
@plain_errors
def compare(
    model_id: Annotated[str, typer.Argument(help="旁观中的模型")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """对照：现用模型与旁观模型对同一批工单的选择。"""

    async def work() -> Comparison:
        async with opened() as store:
            return await _desk(store).compare(model_id, datetime.now(UTC))

    found = run(work())
    if as_json:
        emit(asdict(found))
        return
    console.print(f"{found.orders} 件工单，首选相同 {_share(found.same_choice)}")
    for name, value in (("现用", found.expected_active), ("旁观", found.expected_shadow)):
        console.print(f"{name}模型预期办好的比例 {'无' if value is None else f'{value:.1%}'}")


@match_app.command("promote")
@plain_errors
def promote(model_id: Annotated[str, typer.Argument(help="旁观中的模型")]) -> None:
    """启用旁观中的模型；对照的工单不够多时拒绝。"""

    async def work() -> ModelInfo:
        async with opened() as store:
            return await _desk(store).promote(model_id, OPERATOR, datetime.now(UTC))

    console.print(f"已启用 {run(work()).model_id}")


@match_app.command("roll-back")
@plain_errors
def roll_back() -> None:
    """停用学习得到的模型，回到随附的权重。"""

    async def work() -> None:
        async with opened() as store:
            await _desk(store).roll_back(OPERATOR, datetime.now(UTC))

    run(work())
    console.print("已回到随附的权重")


@plain_errors
def evaluate(
    by: Annotated[By, typer.Option(help="按什么汇总")] = By.SERVICE,
    days: Annotated[float, typer.Option(help="最近多少天")] = 30.0,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """办理评价：签收、回退、按时、一次办好、重办、满意率与测评率；小样本给出区间。"""
    if not 0 < days <= 3660:
        raise InputError("--days：须为 0 到 3660 之间的天数", field="days")

    async def work() -> list[Evaluated]:
        async with opened() as store:
            until = datetime.now(UTC) + timedelta(seconds=1)
            return await Evaluation(store.db).by(by, until - timedelta(days=days), until)

    found = run(work())
    if as_json:
        for line in found:
            emit(asdict(line))
        return
    table = Table(title=f"最近 {days:g} 天，按{_BY[by.value]}")
    for name in (
        "",
        "派单",
        "及时签收",
        "回退",
        "按时",
        "一次办好",
        "重办",
        "满意",
        "测评",
        "在办",
    ):
        table.add_column(name, justify="left" if not name else "right")
    for line in found:
        shares = (
            *(line.accepted_in_time, line.returned, line.on_time, line.first_try),
            *(line.reopened, line.satisfaction, line.survey),
        )
        table.add_row(
            line.name or "（未知）", str(line.given), *map(_share, shares), str(line.load)
        )
    console.print(table)


def _show_model(model: ModelInfo, *, as_json: bool) -> None:
    if as_json:
        emit(asdict(model))
        return
    console.print(f"{model.model_id}  {model.state}  {model.made_at:%Y-%m-%d %H:%M}")
    for name, weight in model.weights.items():
        console.print(f"  {LABELS[name]}  {weight:.3f}")


def _share(share: Share) -> str:
    """A percentage, with its interval when the sample is small."""
    if share.value is None or share.interval is None:
        return "无"
    if not share.small:
        return f"{share.value:.1%}"
    low, high = share.interval
    return f"{share.value:.0%} [{low:.0%}, {high:.0%}] n={share.whole}"


def _interval(found: dict[str, float]) -> str:
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"
