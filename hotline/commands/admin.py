"""Commands for the first administrator and for passwords."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from hotline.accounts.errors import AccountInputError
from hotline.accounts.passwords import Passwords
from hotline.accounts.people import People
from hotline.accounts.records import Person
from hotline.commands.care import opened
from hotline.commands.common import console, plain_errors, run
from hotline.commands.people import OPERATOR, STAFF
from hotline.commands.records import region_names
from hotline.db.opening import Store
from hotline.domain.order_codes import Role
from hotline.domain.people import Grant

admin_app = typer.Typer(help="系统管理员与登录密码", no_args_is_help=True)


@admin_app.command()
@plain_errors
def create(staff_no: STAFF, name: Annotated[str, typer.Argument(help="姓名")]) -> None:
    """登记系统管理员并发首次登录密码（只显示这一次）。没有默认密码。"""

    async def work() -> str:
        async with opened() as store:
            people = People(store.db, store.ring, region_names(store.settings))
            if await people.known(staff_no):
                raise AccountInputError(
                    f"staff_no：{staff_no} 已登记；补发密码用 hotline admin password {staff_no}",
                    field="staff_no",
                )
            person = Person(staff_no, name, grants=(Grant(Role.ADMINISTRATOR),))
            now = datetime.now(UTC)
            await people.save(person, actor=OPERATOR, now=now)
            return await _passwords(store).set_first(staff_no, actor=OPERATOR, now=now)

    _show(staff_no, run(work()))


@admin_app.command()
@plain_errors
def password(staff_no: STAFF) -> None:
    """给已登记的人员发新的首次登录密码（只显示这一次）；旧密码和已登录的页面立即失效。"""

    async def work() -> str:
        async with opened() as store:
            now = datetime.now(UTC)
            return await _passwords(store).set_first(staff_no, actor=OPERATOR, now=now)

    _show(staff_no, run(work()))


def _passwords(store: Store) -> Passwords:
    return Passwords(store.db, store.ring, store.settings.accounts)


def _show(staff_no: str, first: str) -> None:
    console.print(f"工号 {staff_no} 的首次登录密码: {first}", markup=False)
    console.print("登录后须先改为自己的密码；此密码不会再显示。")
