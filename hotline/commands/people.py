"""Commands of people, institutions, keys and duty."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from hotline.accounts.errors import AccountInputError
from hotline.accounts.institutions import Institutions
from hotline.accounts.keys import TERMINAL_RIGHTS, ApiKeys, KeyWish
from hotline.accounts.people import People
from hotline.accounts.records import ApiKey, NewKey, Person, Saved
from hotline.accounts.seed import institutions_of
from hotline.commands.care import opened
from hotline.commands.common import JSON, console, emit, plain_errors, run
from hotline.commands.records import (
    as_row,
    code,
    grant_of,
    region_names,
    shown_moment,
)
from hotline.db.opening import Store
from hotline.domain.codes import Terminal
from hotline.domain.order_codes import InstitutionKind, Right, Role
from hotline.domain.people import Grant, Institution
from hotline.exchange.cells import parse, render
from hotline.exchange.fields import INSTITUTIONS, PEOPLE
from hotline.knowledge.load import DATA, load_stock

people_app = typer.Typer(help="办理工单的人员", no_args_is_help=True)
institutions_app = typer.Typer(help="机构和窗口", no_args_is_help=True)
keys_app = typer.Typer(help="接口密钥", no_args_is_help=True)
OPERATOR = "operator"
"""Whoever runs commands on the machine itself, in events and audit."""
STAFF = Annotated[str, typer.Argument(help="工号")]
INSTITUTION = Annotated[str, typer.Argument(help="机构代码，如 hefei.legal_aid")]
"""Arguments several commands take."""


def _with_store(work: Callable[[Store, datetime], Awaitable[Any]]) -> Any:
    async def opened_work() -> Any:
        async with opened() as store:
            return await work(store, datetime.now(UTC))

    return run(opened_work())


def _people(store: Store) -> People:
    return People(store.db, store.ring, region_names(store.settings))


def _institutions(store: Store) -> Institutions:
    return Institutions(store.db, store.ring, region_names(store.settings))


@people_app.command("add")
@plain_errors
def add_person(
    staff_no: STAFF,
    name: Annotated[str, typer.Argument(help="姓名")],
    phone: Annotated[str | None, typer.Option(help="电话")] = None,
    institution: Annotated[str | None, typer.Option(help="所在机构代码")] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="角色@机构或区划代码，可多次；到处有效的写 角色@*，如 administrator@*"),
    ] = None,
) -> None:
    """登记一位人员。第一位系统管理员：hotline people add 工号 姓名 --role administrator@*"""
    grants = tuple(grant for word in role or () for grant in [grant_of(word)])
    person = Person(staff_no, name, phone, institution, grants=grants)

    async def work(store: Store, now: datetime) -> Saved:
        people = _people(store)
        if await people.known(staff_no):
            raise AccountInputError(
                f"staff_no：{staff_no} 已登记；改角色用 people grant，改资料用 import",
                field="staff_no",
            )
        return await people.save(person, actor=OPERATOR, now=now)

    console.print(f"{_with_store(work).label} {staff_no}")


@people_app.command("list")
@plain_errors
def list_people(
    institution: Annotated[str | None, typer.Option(help="只看这个机构")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="显示姓名和电话全文")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """人员列表（姓名和电话打码）。"""

    async def work(store: Store, now: datetime) -> list[Person]:
        people, found = _people(store), []
        after = ""
        while page := await people.listed(institution=institution, after=after, reveal=reveal):
            found += page
            after = page[-1].staff_no
        return found

    found: list[Person] = _with_store(work)
    if as_json:
        for person in found:
            emit({**as_row(PEOPLE, person), "person_id": person.person_id})
        return
    table = Table("工号", "姓名", "电话", "机构", "角色", "在岗", box=None)
    for person in found:
        roles = str(render(PEOPLE.field("grants"), person.grants))
        cells = (person.staff_no, person.name, person.phone or "", person.institution or "", roles)
        table.add_row(*cells, "是" if person.active else "否")
    console.print(table)


@people_app.command("grant")
@plain_errors
def grant(
    staff_no: STAFF,
    role: Annotated[str, typer.Argument(help="角色@机构或区划代码，如 manager@340100")],
    take: Annotated[bool, typer.Option("--take", help="收回这一角色")] = False,
) -> None:
    """给一个角色，或用 --take 收回。"""
    wanted: Grant = grant_of(role)

    async def work(store: Store, now: datetime) -> Saved:
        return await _people(store).grant(staff_no, wanted, given=not take, actor=OPERATOR, now=now)

    console.print(f"{_with_store(work).label} {staff_no} {role}")


@people_app.command("disable")
@plain_errors
def disable(
    staff_no: STAFF,
    back: Annotated[bool, typer.Option("--back", help="重新在岗")] = False,
) -> None:
    """停用一位人员：不再派单，其密钥失效。"""

    async def work(store: Store, now: datetime) -> Saved:
        return await _people(store).set_active(staff_no, back, actor=OPERATOR, now=now)

    console.print(f"{_with_store(work).label} {staff_no}")


@people_app.command("erase")
@plain_errors
def erase(staff_no: STAFF) -> None:
    """删除一位人员的姓名、电话和工号，收回角色、密钥和未开始的值班。"""

    async def work(store: Store, now: datetime) -> str:
        return await _people(store).erase(staff_no, store.settings, actor=OPERATOR, now=now)

    console.print(f"已删除，办理记录保留编号 {_with_store(work)}")


@people_app.command("roles")
@plain_errors
def roles(as_json: Annotated[bool, JSON] = False) -> None:
    """有哪些角色，各有哪些权限。"""
    from hotline.accounts.rights import ROLE_RIGHTS

    for role in Role:
        rights = sorted(ROLE_RIGHTS[role])
        if as_json:
            emit({"role": role.value, "name": role.label, "rights": [r.value for r in rights]})
        else:
            console.print(f"{role.value:14} {role.label}：{'、'.join(r.label for r in rights)}")


@institutions_app.command("add")
@plain_errors
def add_institution(
    institution: INSTITUTION,
    name: Annotated[str, typer.Argument(help="机构名称")],
    kind: Annotated[str, typer.Option(help="类型代码，见 hotline standard codes institution_kind")],
    region: Annotated[str, typer.Option(help="行政区划代码，如 340100")],
    parent: Annotated[str | None, typer.Option(help="上级机构代码")] = None,
    hours: Annotated[str | None, typer.Option(help="开放时间，如 1-5 08:30-12:00")] = None,
    desk: Annotated[bool, typer.Option("--desk", help="本区域兜底受理")] = False,
) -> None:
    """登记或更新一个机构、窗口。"""
    times = parse(INSTITUTIONS.field("hours"), hours, {}) or ()
    wanted = Institution(
        institution, name, code("kind", kind, InstitutionKind), region, parent, hours=times
    )
    wanted = Institution(**{**_fields(wanted), "is_desk": desk})

    async def work(store: Store, now: datetime) -> Saved:
        return await _institutions(store).save(wanted, actor=OPERATOR, now=now)

    console.print(f"{_with_store(work).label} {institution}")


@institutions_app.command("list")
@plain_errors
def list_institutions(
    region: Annotated[str | None, typer.Option(help="行政区划代码，市含所辖县区")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """机构列表。"""

    async def work(store: Store, now: datetime) -> list[Institution]:
        return await _institutions(store).listed(region=region)

    found: list[Institution] = _with_store(work)
    table = Table("代码", "名称", "类型", "区划", "兜底", "启用", box=None)
    for one in found:
        if as_json:
            emit(as_row(INSTITUTIONS, one))
            continue
        flags = ("是" if one.is_desk else "", "是" if one.active else "否")
        table.add_row(one.code, one.name, one.kind.label, one.region, *flags)
    if not as_json:
        console.print(table)


@institutions_app.command("seed")
@plain_errors
def seed() -> None:
    """按知识库的机构名录登记：各市机构和省级兜底；已有的不动，未核实的名称注明待核实。"""

    async def work(store: Store, now: datetime) -> tuple[int, int]:
        institutions = _institutions(store)
        offices = load_stock(store.settings.knowledge_dir or DATA).offices
        known = {one.code for one in await institutions.listed()}
        wanted = institutions_of(offices, institutions.regions)
        new = [one for one in wanted if one.code not in known]
        for one in new:
            await institutions.save(one, actor=OPERATOR, now=now)
        return len(new), len(wanted) - len(new)

    created, kept = _with_store(work)
    console.print(f"登记 {created} 个，已有 {kept} 个不变。名称带“（待核实）”的请核实后更新")


@institutions_app.command("disable")
@plain_errors
def disable_institution(
    institution: INSTITUTION,
    back: Annotated[bool, typer.Option("--back", help="重新启用")] = False,
) -> None:
    """停用一个机构：不再派单。"""

    async def work(store: Store, now: datetime) -> Saved:
        return await _institutions(store).set_active(institution, back, actor=OPERATOR, now=now)

    console.print(f"{_with_store(work).label} {institution}")


@keys_app.command("add")
@plain_errors
def add_key(
    name: Annotated[str, typer.Argument(help="谁用，如 合肥市中心窗口一体机")],
    terminal: Annotated[str, typer.Option(help="渠道代码：counter、web、other_hotline……")],
    right: Annotated[
        list[str] | None, typer.Option(help="权限代码，可多次；默认只能登记工单")
    ] = None,
    person: Annotated[str | None, typer.Option(help="属于哪位人员（工号），权限随人")] = None,
    days: Annotated[int | None, typer.Option(help="多少天后到期，默认长期", min=1)] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """发一把密钥。只显示这一次，请立即保存。"""
    rights = frozenset(code("right", word, Right) for word in right or ()) or TERMINAL_RIGHTS

    async def work(store: Store, now: datetime) -> NewKey:
        end = None if days is None else now + timedelta(days=days)
        wish = KeyWish(name, code("terminal", terminal, Terminal), rights, person, end)
        return await ApiKeys(store.db, store.ring).make(wish, actor=OPERATOR, now=now)

    _show_new(_with_store(work), as_json)


@keys_app.command("rotate")
@plain_errors
def rotate_key(
    key_id: Annotated[str, typer.Argument(help="密钥编号")],
    days: Annotated[int, typer.Option(help="旧密钥继续有效多少天", min=0)] = 7,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """换一把新密钥，旧的再用几天。"""

    async def work(store: Store, now: datetime) -> NewKey:
        return await ApiKeys(store.db, store.ring).rotate(
            key_id, overlap=timedelta(days=days), actor=OPERATOR, now=now
        )

    _show_new(_with_store(work), as_json)


@keys_app.command("revoke")
@plain_errors
def revoke_key(key_id: Annotated[str, typer.Argument(help="密钥编号")]) -> None:
    """撤销一把密钥，立即失效。"""

    async def work(store: Store, now: datetime) -> bool:
        return await ApiKeys(store.db, store.ring).revoke(key_id, actor=OPERATOR, now=now)

    console.print("已撤销" if _with_store(work) else "早已撤销")


@keys_app.command("list")
@plain_errors
def list_keys(as_json: Annotated[bool, JSON] = False) -> None:
    """密钥列表（不含密钥本身）。"""

    async def work(store: Store, now: datetime) -> list[ApiKey]:
        return await ApiKeys(store.db, store.ring).listed()

    now = datetime.now(UTC)
    for key in _with_store(work):
        ended = key.expires_at is not None and key.expires_at <= now
        state = "已撤销" if key.revoked_at else "已到期" if ended else "有效"
        row = {
            "key_id": key.key_id,
            "name": key.name,
            "terminal": key.terminal,
            "state": state,
            "expires_at": shown_moment(key.expires_at),
            "rights": [right.value for right in sorted(key.rights)],
            "person_id": key.person_id,
        }
        if as_json:
            emit(row)
        else:
            until = row["expires_at"] or "长期"
            console.print(f"{key.key_id}  {key.name}  {key.terminal}  {state}  到期 {until}")


def _show_new(new: NewKey, as_json: bool) -> None:
    if as_json:
        emit({"key_id": new.key.key_id, "key": new.presented})
        return
    console.print(f"密钥编号 {new.key.key_id}")
    console.print(new.presented)
    console.print("[yellow]只显示这一次，请立即保存；放在请求头 Authorization: Bearer 之后[/]")


def _fields(institution: Institution) -> dict[str, Any]:
    return {field.name: getattr(institution, field.name) for field in INSTITUTIONS.fields}
