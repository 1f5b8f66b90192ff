"""Builds and joins the rooms of dispatch: one object that knows every desk and what runs beside."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from fastapi import FastAPI
from sqlalchemy.orm import Session

from dispatch.callbacks.desk import RingDesk
from dispatch.callbacks.push import RingPusher
from dispatch.callbacks.rows import RingList, ring_policy
from dispatch.clocks.policy import Policy as DeadlinePolicy
from dispatch.clocks.rows import ClockRoom
from dispatch.clocks.scan import DeadlineScanner
from dispatch.http.citizen import citizen_router
from dispatch.http.orders import Rooms, orders_router
from dispatch.http.work import work_router
from dispatch.hub.http import hub_router
from dispatch.hub.outbox import Policy as Patience
from dispatch.hub.outgoing import Outgoing
from dispatch.hub.receiving import HubInbox
from dispatch.hub.reconcile import Reconciler
from dispatch.intake import IntakeDesk, Merging
from dispatch.life.desk import OrderDesk
from dispatch.life.ports import Effects
from dispatch.listing import OrderList
from dispatch.matching.decide import Policy as MatchPolicy
from dispatch.matching.outcomes import Recorder
from dispatch.matching.scorer import Scorer
from dispatch.matching.service import Matcher
from dispatch.matching.watch import MatchWatch
from dispatch.notices.desk import NoticeDesk, policy_of
from dispatch.notices.gateways import make_gateway
from dispatch.notices.opt_out import OptOuts
from dispatch.notices.sender import NoticeSender
from dispatch.notices.templates import Links, Templates
from dispatch.progress import Progress
from dispatch.tracking.desk import TrackingDesk
from dispatch.tracking.links import LinkMaker, LinkSigner, Purpose
from dispatch.tracking.rating import RatingDesk
from dispatch.tracking.stream import OrderFeed
from dispatch.triage import load_rules
from hotline.accounts.http import Gate, KeySource
from hotline.accounts.institutions import Institutions
from hotline.accounts.keys import ApiKeys
from hotline.accounts.passwords import Passwords
from hotline.accounts.rights import allowed
from hotline.accounts.seed import institutions_of
from hotline.accounts.sessions import Sessions, SessionSource
from hotline.accounts.sign_in import sign_in_router
from hotline.bus import Bus
from hotline.calendar import china_calendar
from hotline.db.opening import Store
from hotline.domain.events import Event
from hotline.domain.orders import OrderView
from hotline.knowledge.load import load_region_names
from hotline.knowledge.search import KnowledgeBase
from hotline.language import Understander
from hotline.roster.store import on_duty
from hotline.settings import Settings

Work = Callable[[], Awaitable[object]]


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


class Dispatching:
    """All of dispatch on one node."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        bus: Bus,
        *,
        knowledge: KnowledgeBase,
        understander: Understander | None,
        on_filed: Callable[[OrderView], None],
        wake_hub: Callable[[], None] = lambda: None,
    ) -> None:
        """``wake_hub``: there is a message for the hub; called in any thread.

        Raises NoticeSettingsError and RulesError (what is wrong in settings or rules).
        """
        db, ring = store.db, store.ring
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            """Steps tell of themselves in the database's thread."""
            loop.call_soon_threadsafe(bus.publish, event)

        calendar = china_calendar(
            tuple(settings.deadlines.hours),
            settings.deadlines.calendar_dir or settings.data_dir / "calendar",
        )
        deadlines = DeadlinePolicy(settings.deadlines, calendar)
        notices = policy_of(settings.notices)
        links = LinkMaker(
            LinkSigner.of(ring), settings.tracking.base_url, settings.tracking.link_days
        )

        def link(order_no: str, at: datetime) -> Links:
            progress = links.address(order_no, Purpose.PROGRESS, at)
            return Links(progress, links.address(order_no, Purpose.RATING, at))

        notice_desk = NoticeDesk(ring, Templates.load(settings.notices.templates), notices, link)
        rings = ring_policy(settings.callbacks, calendar.next_working)
        scorer = Scorer(calendar, MatchPolicy.of(settings.match))
        effects = Effects(
            clocks=ClockRoom(deadlines),
            outbox=Outgoing(ring, settings.hub.terminal, wake_hub),
            notices=notice_desk,
            callbacks=RingList(rings),
            outcomes=Recorder(scorer),
        )
        self._knowledge = knowledge
        self._regions = load_region_names()
        self.institutions = Institutions(db, ring, self._regions)
        self.desk = OrderDesk(db, ring, allowed, effects, publish=tell)
        self.intake = IntakeDesk(
            db,
            ring,
            settings.hub.terminal,
            on_filed=on_filed,
            desk=self.desk,
            merging=Merging(),
        )
        self.progress = Progress(db, ring)
        rules = load_rules(settings.match.rules_file) if settings.match.rules_file else load_rules()
        self.matcher = Matcher(db, ring, self.desk, scorer, rules, understander=understander)
        self.ratings = RatingDesk(db, ring, self.desk, settings.tracking.reopen)
        self.tracking = TrackingDesk(db, ring, self.ratings, allowed, links.signer)
        self.opt_outs = OptOuts(db, ring)
        self.rings = RingDesk(
            db,
            ring,
            rings,
            allowed,
            self.desk,
            self.ratings,
            notices=notice_desk,
            lease_s=settings.callbacks.lease_s,
            publish=tell,
        )
        self.feed = OrderFeed(
            db,
            bus,
            allowed,
            queue=settings.tracking.stream_queue,
            heartbeat_s=settings.tracking.heartbeat_s,
            stream_s=settings.tracking.stream_s,
        )
        self.lists = OrderList(db, ring, allowed)
        self.keys = ApiKeys(db, ring)
        self._passwords = Passwords(db, ring, settings.accounts)
        self.sessions = Sessions(db, settings.accounts)
        self.gate = Gate([KeySource(self.keys), SessionSource(self.sessions)])
        self.inbox = HubInbox(db, self.desk, settings.hub)
        self._hub_slots = settings.hub.inbound_slots
        self._offer_again = settings.tracking.reopen == "asked"
        self._works: dict[str, Work] = {
            "deadlines": DeadlineScanner(
                db,
                deadlines,
                self.desk,
                expiry=self.matcher,
                clock=now,
                poll_s=settings.deadlines.scan_s,
            ).run,
            "matching": MatchWatch(self.matcher, bus, now).run,
            "hub-reconcile": Reconciler(
                db, ring, settings.hub, self.inbox, wake=wake_hub, publish=bus.publish
            ).run_nightly,
            "order-feed": self.feed.run,
            "callbacks-due": RingPusher(db, bus.publish, on_duty=_on_duty).run,
        }
        gateway = make_gateway(settings)
        if gateway is not None:
            self._works["notices"] = NoticeSender(
                db,
                ring,
                gateway,
                notices,
                timeout_s=settings.notices.timeout_s,
                patience=Patience(max_attempts=settings.notices.max_attempts, first_s=5.0),
                publish=bus.publish,
            ).run

    @property
    def works(self) -> dict[str, Work]:
        """What runs beside, by name; each is run until cancelled."""
        return self._works

    async def prepare(self) -> None:
        """An empty directory gets the desks, so that an order always finds somebody."""
        if await self.institutions.listed():
            return
        for institution in institutions_of(self._knowledge.every_office, self._regions):
            await self.institutions.save(institution, actor="system", now=now())

    def mount(self, app: FastAPI) -> None:
        """The routers of dispatch."""
        gate = self.gate
        rooms = Rooms(
            self.intake,
            self.desk,
            self.lists,
            self.matcher,
            self.tracking,
            self.ratings,
            self.progress,
        )
        app.include_router(sign_in_router(self._passwords, self.sessions, gate.identity))
        app.include_router(orders_router(rooms, gate.identity))
        app.include_router(hub_router(self.inbox, self._hub_slots))
        app.include_router(work_router(self.rings, self.feed, self.opt_outs, gate.identity))
        app.include_router(
            citizen_router(self.tracking, self.opt_outs, offer_again=self._offer_again)
        )


def _on_duty(
    session: Session, institution: str | None, region: str | None, at: datetime
) -> list[str]:
    return [one.person_id for one in on_duty(session, at, institution=institution, region=region)]
