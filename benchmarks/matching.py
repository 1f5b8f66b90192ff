"""Triage and matching against 2,000 handlers, and 100 claims of one order at once.

Shown apart: the decision alone (rules and score, no I/O), and the whole step with the database on
SQLite (lock, triage, match, two steps with events and audit, one durable transaction).

    python -m benchmarks.matching [--json] [--handlers 2000] [--orders 500] [--claims 100]
"""

import asyncio
import json
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from benchmarks.common import arguments, show
from dispatch.errors import AlreadyClaimedError
from dispatch.intake import IntakeDesk
from dispatch.life.actors import SYSTEM
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.matching.decide import Policy
from dispatch.matching.outcomes import Recorder
from dispatch.matching.scorer import Scorer, with_triage
from dispatch.matching.service import Matcher
from dispatch.triage import load_rules, told, triage
from hotline import logs
from hotline.calendar import china_calendar
from hotline.db import Database
from hotline.db.order_tables import DutyRow, GrantRow, InstitutionRow, PersonRow
from hotline.domain.codes import ServiceType, Terminal, Topic, Urgency
from hotline.domain.handling import OrderFacts
from hotline.domain.order_codes import InstitutionKind, Language, Right, Role
from hotline.domain.orders import Intake
from hotline.domain.people import Actor, Grant
from hotline.knowledge.load import load_stock
from hotline.privacy import KeyRing
from hotline.settings import Settings

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
"""A Thursday, 10:00 in China."""
KINDS = (
    InstitutionKind.LEGAL_SERVICE_CENTRE, InstitutionKind.LEGAL_AID_CENTRE,
    InstitutionKind.JUSTICE_OFFICE, InstitutionKind.MEDIATION_COMMITTEE,
    InstitutionKind.NOTARY_OFFICE, InstitutionKind.LAW_FIRM,
)  # fmt: skip
STORIES = (
    "老板拖欠我们{n}个人四个月工资，一直不给，我们是在工地打工的农民工。",
    "想问一下借条怎么写，借给朋友三万块钱，两年多了还没有还。",
    "婆婆今年七十多岁，几个儿子都不愿意赡养，想申请法律援助。",
    "后天开庭，对方在转移财产，不知道能不能先保全。",
    "邻居装修把我家的墙弄裂了，想请人民调解员来调解一下。",
    "在路上被车撞了，对方全责，保险公司只肯赔一部分，住院{n}天。",
)


def regions() -> list[str]:
    """Every city and county of Anhui."""
    return [region.code for region in load_stock().regions]


def fill(session: Session, handlers: int, chance: random.Random) -> None:
    """Institutions of every kind all over Anhui, a desk in each region, and their people."""
    places: list[str] = []
    for region in ["340000", *regions()]:
        session.add(_institution(f"desk-{region}", InstitutionKind.BUREAU, region, True))
        for kind in chance.sample(KINDS, 2):
            places.append(f"{kind.value}-{region}")
            session.add(_institution(places[-1], kind, region, False))
    session.add(_institution("line", InstitutionKind.HOTLINE, "340000", False))
    places.append("line")
    session.flush()
    topics = [topic.value for topic in Topic]
    people = [(f"p{number}", chance.choice(places)) for number in range(handlers)]
    for person, place in people:
        skills = chance.sample(topics, chance.randint(1, 6)) if chance.random() < 0.6 else []
        languages = chance.sample(list(Language), 1) if chance.random() < 0.3 else []
        session.add(
            PersonRow(
                person_id=person, staff_no=person, name_enc=b"-", institution=place,
                skills_json=json.dumps(skills), languages_json=json.dumps(languages),
                capacity=chance.randint(200, 400), updated_at=NOW,
            )
        )  # fmt: skip
    session.flush()
    for person, place in people:
        session.add(GrantRow(person_id=person, role=Role.HANDLER.value, institution=place))
        if chance.random() < 0.3:
            session.add(
                DutyRow(
                    institution=place, person_id=person, starts_at=NOW - timedelta(hours=2),
                    ends_at=NOW + timedelta(hours=6), source="planner",
                )
            )  # fmt: skip


def _institution(code: str, kind: InstitutionKind, region: str, desk: bool) -> InstitutionRow:
    return InstitutionRow(
        code=code, name=code, kind=kind.value, region=region, is_desk=desk, updated_at=NOW
    )


def facts(chance: random.Random, where: list[str]) -> OrderFacts:
    """Some order."""
    return OrderFacts(
        order_no="20260305000017",
        service_type=chance.choice(list(ServiceType)),
        act=chance.choice(["ask", "apply", "apply", "complaint"]),
        topic=chance.choice(list(Topic)).value,
        urgency=Urgency.NORMAL,
        region=chance.choice(where),
        terminal="web",
        language=chance.choice([None, None, "sign", "huizhou"]),
    )


def story(chance: random.Random) -> str:
    return chance.choice(STORIES).format(n=chance.randint(2, 60)) * chance.randint(1, 4)


def intake(chance: random.Random, where: list[str], number: int) -> Intake:
    one = facts(chance, where)
    return Intake(
        terminal=Terminal.WEB, idempotency_key=f"k{number}", service_type=one.service_type,
        act=one.act, topic=one.topic, urgency=one.urgency, title="基准测试诉求",
        description=story(chance), contact_name=None, contact_phone=None, caller_number=None,
        region=one.region,
    )  # fmt: skip


def decisions(scorer: Scorer, rounds: int, chance: random.Random) -> list[tuple[float, float]]:
    """Milliseconds of triage and matching, no I/O: by the wall clock, and of this thread's CPU
    (on a machine with other work the first holds that as well).
    """
    book, where = load_rules(), regions()
    spent: list[tuple[float, float]] = []
    for _ in range(rounds):
        order, text = facts(chance, where), story(chance)
        began, cpu = time.perf_counter(), time.thread_time()
        decision = triage(book, order, told("基准测试诉求", text))
        scorer.match(*with_triage(order, decision), NOW)
        wall, cpu = time.perf_counter() - began, time.thread_time() - cpu
        spent.append((wall * 1000, cpu * 1000))
    return spent


async def with_database(
    matcher: Matcher, desk: IntakeDesk, rounds: int, chance: random.Random
) -> list[tuple[float, float]]:
    """Milliseconds of the whole step, one after the other: wall clock, and the process's CPU."""
    where = regions()
    spent: list[tuple[float, float]] = []
    for number in range(rounds):
        order_no = (await desk.receive(intake(chance, where, number), NOW)).order_no
        began, cpu = time.perf_counter(), time.process_time()
        await matcher.receive(order_no, NOW)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        spent.append((wall * 1000, cpu * 1000))
    return spent


async def claim_one(
    db: Database, matcher: Matcher, intakes: IntakeDesk, steps: OrderDesk, clients: int
) -> list[Any]:
    """What ``clients`` get who claim one order at once."""
    query = select(col(PersonRow.person_id), col(PersonRow.institution)).limit(clients)
    people = await db.read(lambda session: [tuple(row) for row in session.execute(query)])
    order_no = (await intakes.receive(intake(random.Random(5), regions(), -1), NOW)).order_no
    fields = {
        "handling": "dispatch", "service_type": "legal_aid", "urgency": "normal",
        "complexity": "simple", "region": "340123",
    }  # fmt: skip
    offer = {"people": [row[0] for row in people], "until": NOW + timedelta(minutes=30)}
    await steps.step(order_no, "triaged", SYSTEM, fields, NOW)
    await steps.step(order_no, "offered", SYSTEM, offer, NOW)
    claims = [
        matcher.claim(
            order_no,
            Actor(f"person:{p}", (Grant(Role.HANDLER, i),), person_id=p, institution=i),
            NOW,
        )
        for p, i in people
    ]
    return await asyncio.gather(*claims, return_exceptions=True)


def allowed(actor: Actor, right: Right, *, region: str | None, institution: str | None) -> bool:
    return right in actor.rights or any(g.institution == institution for g in actor.grants)


async def main(handlers: int, orders: int, claims: int) -> list[tuple[str, Any]]:
    chance = random.Random(12348)
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        settings = Settings(data_dir=Path(folder))
        with Database(settings) as db:
            db.migrate()
            db.write_now(lambda session: fill(session, handlers, chance))
            ring = KeyRing.open(settings)
            scorer = Scorer(china_calendar(), Policy())
            orders_desk = OrderDesk(db, ring, allowed, Effects(outcomes=Recorder(scorer)))
            desk = IntakeDesk(db, ring, "hotline-12348", desk=orders_desk)
            matcher = Matcher(db, ring, orders_desk, scorer, load_rules())
            began = time.perf_counter()
            await matcher.refresh(NOW)
            read = (time.perf_counter() - began) * 1000
            decisions(scorer, 50, chance)
            alone = decisions(scorer, orders * 4, chance)
            whole = await with_database(matcher, desk, orders, chance)
            began = time.perf_counter()
            answers = await claim_one(db, matcher, desk, orders_desk, claims)
            took = (time.perf_counter() - began) * 1000
    won = sum(not isinstance(answer, BaseException) for answer in answers)
    lost = sum(isinstance(answer, AlreadyClaimedError) for answer in answers)
    return [
        ("handlers", handlers),
        ("directory read, ms", round(read, 1)),
        *_figures("decision", alone),
        *_figures("with SQLite", whole),
        ("claims at once", claims),
        ("winners", won),
        ("clear answers", lost),
        ("all claims answered, ms", round(took, 1)),
    ]


def _figures(name: str, spent: list[tuple[float, float]]) -> list[tuple[str, float]]:
    wall, cpu = np.array(spent).T
    return [
        (f"{name} p50, ms", round(float(np.percentile(wall, 50)), 2)),
        (f"{name} p95, ms", round(float(np.percentile(wall, 95)), 2)),
        (f"{name} CPU p50, ms", round(float(np.percentile(cpu, 50)), 2)),
        (f"{name} CPU p95, ms", round(float(np.percentile(cpu, 95)), 2)),
    ]


if __name__ == "__main__":
    logs.set_up("error")
    options = arguments(__doc__, handlers=2000, orders=500, claims=100)
    found = asyncio.run(main(options.handlers, options.orders, options.claims))
    show("triage and matching", found, only_json=options.json)
