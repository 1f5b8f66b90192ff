"""Builds and joins the seats and their pages: queue, desk, screen pop, live documents."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import FastAPI
from sqlalchemy.orm import Session

from agent_ui.http import ask_of, live_router, seat_router, watch_router
from agent_ui.log import log_router
from agent_ui.pages import pages_router
from agent_ui.pop import ScreenPop
from agent_ui.room import PageRoom
from hotline.accounts.errors import PersonNotFoundError
from hotline.accounts.people import People
from hotline.analysis.stats import stats
from hotline.app.dispatching import Dispatching
from hotline.app.joints import now
from hotline.db import audit_log
from hotline.db.opening import Store
from hotline.db.seats import SeatStore
from hotline.domain.calls import CallRecord
from hotline.knowledge.load import load_region_names
from hotline.knowledge.search import KnowledgeBase
from hotline.settings import Settings
from ivr.ari import AriClient
from ivr.bot import api
from ivr.call.manager import CallManager
from ivr.desk.desk import SeatDesk, policy_of
from ivr.desk.lines import SeatLines
from ivr.queue.core import Queue
from ivr.queue.parts import Agent, Wanted

Work = Callable[[], Awaitable[object]]


class Desking:
    """The seats of one node and the pages that show them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        ari: AriClient,
        manager: CallManager,
        dispatching: Dispatching,
        knowledge: KnowledgeBase,
    ) -> None:
        self._settings = settings
        self._store = store
        self._manager = manager
        self._dispatching = dispatching
        regions = load_region_names()
        self._people = People(store.db, store.ring, regions)
        self._names: dict[str, str] = {}
        policy = policy_of(settings.queue)
        self._seats = SeatStore(store.db, settings.node)
        self.desk = SeatDesk(
            Queue(policy),
            SeatLines(ari, settings.pbx.ari_password),
            self._seats,
            now=now,
            agent_of=self._agent_of,
            talking=manager.talking,
        )
        self.room = PageRoom(
            self.desk,
            ScreenPop(store.calls, dispatching.lists, knowledge, regions, self._names),
            policy=policy,
            call=manager.session,
            stats=lambda since, until: stats(store.db, since, until),
            regions=regions,
            names=self._names,
            actor_of=self._people.actor,
            now=now,
        )
        self.desk.on_seat = self.room.seat_changed
        self.desk.on_queue = self.room.queue_changed
        manager.on_grown = self.room.call_grown

    @property
    def works(self) -> dict[str, Work]:
        """What runs beside, by name; each is run until cancelled."""
        return {"seats": self.desk.run, "wallboard": self.room.run}

    async def wanted(self, record: CallRecord, transfer: api.Transfer) -> Wanted:
        """What the queue is told of a caller: has called lately, and who spoke with them last."""
        at = now()
        earlier: list[CallRecord] = []
        if record.caller_number is not None:
            found = await self._store.calls.by_phone(record.caller_number)
            earlier = [call for call in found if call.call_id != record.call_id]
        lately = at - timedelta(days=self._settings.queue.repeat_days)
        talks = [call.seat for call in earlier if call.human_answered and call.seat]
        return Wanted(
            call_id=record.call_id,
            since=at,
            topic=record.topic,
            region=record.region,
            emergency=transfer.urgent,
            repeat=any(call.started_at >= lately for call in earlier),
            last_agent=talks[0] if talks else None,
        )

    def call_ended(self, record: CallRecord) -> None:
        """A call is over."""
        self.room.call_ended(record)

    def mount(self, app: FastAPI) -> None:
        """The routers and pages."""
        settings, rooms = self._settings, self._dispatching
        app.include_router(
            seat_router(self.room, settings, ask_of(self._manager.session), rooms.gate.identity)
        )
        app.include_router(watch_router(self._manager.session, self._audit, rooms.gate.identity))
        app.include_router(live_router(self.room, rooms.sessions, now))
        app.include_router(
            log_router(self._seats.intervals, self._name_of, rooms.gate.identity, now)
        )
        app.include_router(pages_router(settings.cache_dir, _sip_origin(settings)))

    async def _audit(self, actor: str, call_id: str, mode: str) -> None:
        ring, at = self._store.ring, now()
        digest = ring.audit_mac(f"{call_id}/{mode}".encode())

        def work(session: Session) -> None:
            audit_log.append(
                session,
                ring,
                actor=actor,
                action=f"call.watched.{mode}",
                subject=call_id,
                digest=digest,
                at=at,
            )

        await self._store.db.write(work)

    async def _name_of(self, person_id: str) -> str:
        try:
            return (await self._people.at_seat(person_id)).name
        except PersonNotFoundError:
            return "（已不在岗）"

    async def _agent_of(self, person_id: str) -> Agent:
        person = await self._people.at_seat(person_id)
        self._names[person_id] = person.name
        return Agent(person_id, person.region, person.skills, person.languages)


def _sip_origin(settings: Settings) -> str:
    """Where pages may open their SIP WebSocket, for the Content-Security-Policy."""
    if settings.queue.sip_url is not None:
        parts = urlsplit(settings.queue.sip_url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"ws://*:{settings.pbx.http_port} wss://*:{settings.pbx.https_port}"
