"""What the API tests ask with, and who asks."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2

from hotline.accounts.keys import KeyWish
from hotline.accounts.people import People
from hotline.accounts.records import Person
from hotline.app.dispatching import Dispatching, now
from hotline.db.opening import Store
from hotline.domain.codes import Terminal
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Grant
from hotline.knowledge.load import load_region_names
from hotline.roster.plan import Duty
from hotline.roster.store import Roster

COUNTER_RIGHTS = frozenset({Right.FILE, Right.READ})
PEOPLE = {
    "anna": ("HF0001", "赵敏华", Grant(Role.HANDLER, institution="hefei.legal_aid")),
    "ben": ("HF0002", "钱卫东", Grant(Role.HANDLER, institution="hefei.legal_aid")),
    "boss": ("HF0003", "孙国强", Grant(Role.SUPERVISOR, region="340100")),
    "wuhu": ("WH0001", "李秀英", Grant(Role.SUPERVISOR, region="340200")),
}


def a_demand(**changed: Any) -> dict[str, Any]:
    """A demand as a counter posts it."""
    return {
        "service_type": "legal_aid",
        "act": "apply",
        "topic": "wages",
        "title": "拖欠工资，合肥市肥西县",
        "description": "老板姓赵，欠了我们七个人四个月的工钱，一直不给。",
        "contact_name": "孙大勇",
        "contact_phone": "13955512345",
        "region": "340123",
        **changed,
    }


@dataclass
class Api:
    """A client, keys by name, and the rooms behind."""

    client: httpx2.AsyncClient
    rooms: Dispatching
    store: Store
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    async def ask(
        self, who: str | None, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx2.Response:
        """One request in somebody's name; ``key="…"`` is the idempotency key."""
        sent = {name.replace("_", "-"): value for name, value in headers.items() if name != "key"}
        if who is not None:
            sent["Authorization"] = f"Bearer {self.keys[who]}"
        if "key" in headers:
            sent["Idempotency-Key"] = headers["key"]
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=sent)

    async def file(self, key: str = "k-1", who: str = "counter", **changed: Any) -> str:
        """File a demand; its number."""
        answer = await self.ask(who, "POST", "/orders", a_demand(**changed), key=key)
        assert answer.status_code in (200, 201), answer.text
        number: str = answer.json()["order_no"]
        return number

    async def settle(self, order_no: str, *states: str) -> dict[str, Any]:
        """The order, once what runs beside has brought it to one of these states."""
        async with asyncio.timeout(20):
            while True:
                found: dict[str, Any] = (
                    await self.ask("boss", "GET", f"/orders/{order_no}")
                ).json()
                if found["view"]["state"] in states:
                    return found
                await asyncio.sleep(0.02)


async def fill(api: Api) -> None:
    """Two handlers, two supervisors, a counter, each with a key; one handler on duty."""
    store = api.store
    people = People(store.db, store.ring, load_region_names())
    moment = now()
    for name, (staff_no, called, grant) in PEOPLE.items():
        home = "hefei.legal_aid" if grant.role is Role.HANDLER else None
        await people.save(
            Person(staff_no, called, institution=home, grants=(grant,)),
            actor="operator",
            now=moment,
        )
        kept = await people.get(staff_no)
        api.ids[name] = kept.person_id
        wish = KeyWish(called, Terminal.PHONE_AGENT, staff_no=staff_no)
        api.keys[name] = (await api.rooms.keys.make(wish, actor="operator", now=moment)).presented
    wish = KeyWish("窗口", Terminal.COUNTER, rights=COUNTER_RIGHTS)
    api.keys["counter"] = (await api.rooms.keys.make(wish, actor="operator", now=moment)).presented
    duty = Duty(
        "HF0001", "hefei.legal_aid", moment - timedelta(hours=1), moment + timedelta(hours=8)
    )
    await Roster(store.db, store.ring).save([duty], actor="operator", now=moment)
