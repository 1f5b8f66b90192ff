"""The hotline of one node: everything built, joined, started and stopped in order."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from asr import RecognizerPool
from dispatch.hub.pusher import HubPusher
from hotline import metrics
from hotline.app import web
from hotline.app.desking import Desking
from hotline.app.dispatching import Dispatching
from hotline.app.fallback import FallbackReader
from hotline.app.joints import (
    DeskOrders,
    PoolEars,
    begin_recording,
    fixed_texts,
    load_language,
    now,
)
from hotline.bus import Bus, make_bus
from hotline.db.opening import Store, open_store
from hotline.db.retention import purge
from hotline.domain.calls import CallRecord
from hotline.domain.events import Event
from hotline.errors import HotlineError
from hotline.knowledge.search import KnowledgeBase
from hotline.language import Understander, backchannel
from hotline.settings import Settings
from ivr.ari import AriClient, AriEvent
from ivr.bot.dialogue import Dialogue
from ivr.call.manager import CallManager
from ivr.call.session import Parts
from ivr.pbx.control import AsteriskProcess
from ivr.voice.mouth import Mouth
from ivr.voice.service import VoiceService

log = structlog.get_logger(__name__)
_DAY_S = 86_400.0
_EARS_LOST_S = 10.0
"""Recognition without a living worker for so long is down: running calls go on by keys."""
_WATCH_S = 1.0
"""How often an Asterisk that has died is looked for."""


@dataclass(slots=True)
class House:
    """Builds the rooms from settings. ``start`` and ``stop`` are the only ways in and out."""

    settings: Settings
    watch: Callable[[str, CallRecord], None] = lambda name, record: None
    """Told of call.started, call.adopted and call.ended, for the demo and tests."""
    own_pbx: bool = True
    """Start the Asterisk of ``settings.pbx_dir`` (else it is somebody else's)."""

    store: Store = field(init=False)
    bus: Bus = field(init=False)
    pool: RecognizerPool = field(init=False)
    voice: VoiceService = field(init=False)
    ari: AriClient = field(init=False)
    manager: CallManager = field(init=False)
    pusher: HubPusher = field(init=False)
    dispatching: Dispatching = field(init=False)
    desking: Desking = field(init=False)
    knowledge: KnowledgeBase = field(init=False)
    understander: Understander = field(init=False)
    _stack: contextlib.AsyncExitStack = field(init=False)

    async def start(self) -> None:
        """Start everything, in the order in which it is needed. Raises HotlineError."""
        self._stack = contextlib.AsyncExitStack()
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self, *, drain: bool = True) -> None:
        """Take no new calls, wait for the running ones, then end everything."""
        if drain:
            await self.manager.drain(self.settings.drain_s)
        await self._stack.aclose()

    async def _start(self) -> None:
        await self._open_store()
        await asyncio.gather(self._start_speech(), self._start_pbx())
        await self._start_calls()
        await self._serve()
        self._run("voice-ahead", self._render_ahead)

    async def _open_store(self) -> None:
        self.store = await asyncio.to_thread(open_store, self.settings)
        self._stack.push_async_callback(self.store.aclose)
        self._run("retention", self._purge_daily)
        self.bus = make_bus(self.settings)
        await self.bus.start()
        self._stack.push_async_callback(self.bus.stop)
        self.pusher = HubPusher(
            self.store.db,
            self.store.ring,
            self.settings.hub,
            node=self.settings.node,
            publish=self.bus.publish,
        )
        self._run("hub-pusher", self.pusher.run)
        self._stack.callback(self.pusher.stop)

    async def _purge_daily(self) -> None:
        while True:
            await purge(self.store.db, self.store.ring, self.settings, now())
            await self.store.audit.anchor()
            await asyncio.sleep(_DAY_S)

    async def _start_speech(self) -> None:
        self.knowledge, self.understander = await asyncio.to_thread(
            load_language, self.settings.knowledge_dir
        )
        places = [region.name for region in self.knowledge.regions]
        self.pool = RecognizerPool(self.settings, places=places)
        self.voice = VoiceService(
            self.settings.voice, self.settings.cache_dir, max_cache_bytes=4 * 2**30
        )
        await asyncio.gather(self.pool.start(), self.voice.start())
        self._stack.push_async_callback(self.pool.stop)
        self._stack.push_async_callback(self.voice.stop)

    async def _render_ahead(self) -> None:
        await self.voice.prerender(fixed_texts(self.knowledge))

    async def _watch_ears(self) -> None:
        loop = asyncio.get_running_loop()
        seen, up = loop.time(), True
        while True:
            await asyncio.sleep(_WATCH_S)
            if self.pool.stats().alive:
                seen, up = loop.time(), True
            elif up and loop.time() - seen > _EARS_LOST_S:
                up = False
                log.error("recognition is down; calls go on by keys")
                self.manager.ears_lost()

    async def _start_pbx(self) -> None:
        if not self.own_pbx:
            return
        pbx = AsteriskProcess(self.settings)
        await asyncio.to_thread(pbx.start)
        self._stack.push_async_callback(asyncio.to_thread, pbx.stop)

        async def watch() -> None:
            while True:
                await asyncio.sleep(_WATCH_S)
                await asyncio.to_thread(pbx.revive)

        self._run("pbx-watch", watch)

    async def _start_calls(self) -> None:
        pbx = self.settings.pbx
        rooms = self.dispatching = Dispatching(
            self.settings,
            self.store,
            self.bus,
            knowledge=self.knowledge,
            understander=self.understander,
            on_filed=lambda view: self._filed(view.order_no),
            wake_hub=self.pusher.wake,
        )
        await rooms.prepare()
        for name, work in rooms.works.items():
            self._run(name, work)
        self.ari = AriClient(
            host=pbx.http_host,
            port=pbx.http_port,
            user=pbx.ari_user,
            password=pbx.ari_password,
            app=pbx.ari_app,
            on_event=self._ari_event,
            on_ready=self._ari_ready,
            on_lost=lambda: metrics.ARI_CONNECTED.set(0),
        )
        self.manager = CallManager(
            self.ari,
            self.store.calls,
            new_recording=lambda record: begin_recording(
                self.settings.recordings_dir, self.store.ring, record
            ),
            node=self.settings.node,
            now=now,
            observe=self._observe,
        )
        self.desking = Desking(
            self.settings, self.store, self.ari, self.manager, rooms, self.knowledge
        )
        reader = FallbackReader(self.settings, self.store.calls, rooms.intake, self.store.ring)
        self.manager.before_reconcile = reader.take_in
        self._run("fallback-reader", reader.run)
        self.manager.use(
            Parts(
                ari=self.ari,
                pbx=pbx,
                ears=PoolEars(self.pool),
                mouth=Mouth(self.voice, fixed_texts(self.knowledge)),
                orders=DeskOrders(rooms.intake, rooms.progress, rooms.ratings),
                new_dialogue=self._new_dialogue,
                old_dialogue=self._old_dialogue,
                backchannel=backchannel,
                now=now,
                queue=self.settings.queue,
                desk=self.desking.desk,
                wanted=self.desking.wanted,
            )
        )
        if self.pool.hears:
            self._run("ears-watch", self._watch_ears)
        await self.ari.start()
        self._stack.push_async_callback(self.ari.stop)
        await self.ari.wait_ready(30.0)
        for name, work in self.desking.works.items():
            self._run(name, work)

    async def _serve(self) -> None:
        server = web.Server(self)
        await server.start()
        self._stack.push_async_callback(server.stop)

    def _new_dialogue(self, call_id: str, caller: str | None) -> Dialogue:
        return Dialogue(
            caller,
            self.understander,
            self.knowledge,
            self.knowledge.regions,
            self.settings.bot,
            call_id,
        )

    def _old_dialogue(self, state: str) -> Dialogue:
        return Dialogue.from_json(
            state, self.understander, self.knowledge, self.knowledge.regions, self.settings.bot
        )

    async def _ari_ready(self) -> None:
        metrics.ARI_CONNECTED.set(1)
        if self.ari.connects > 1:
            metrics.ARI_RECONNECTS.inc()
        if self.ari.connects > 1:
            await self.manager.reconcile()
            await self.desking.desk.renew()
            return
        await self.desking.desk.restore()
        await self.manager.reconcile()
        await self.desking.desk.reconcile()

    def _ari_event(self, event: AriEvent) -> None:
        self.manager.on_event(event)
        self.desking.desk.on_event(event)

    def _filed(self, order_no: str) -> None:
        self.pusher.wake()
        self.bus.publish(Event("order.filed", now(), order_no))

    def _observe(self, name: str, record: CallRecord) -> None:
        metrics.CALLS_ACTIVE.set(self.manager.live)
        data: dict[str, str | int | float | bool | None] = {"outcome": record.outcome}
        self.bus.publish(Event(name, now(), record.call_id, data))
        if name == "call.ended":
            self.desking.call_ended(record)
        self.watch(name, record)

    def _run(self, name: str, work: Callable[[], "asyncio.Future[None] | object"]) -> None:
        task = asyncio.create_task(self._guard(name, work), name=name)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._stack.push_async_callback(end)

    async def _guard(self, name: str, work: Callable[[], object]) -> None:
        """A background part that dies is told and started again, never silently missing."""
        while True:
            try:
                await work()  # type: ignore[misc]  # each work is a coroutine function
                return
            except HotlineError as error:
                log.error("background part failed", part=name, why=error.code)
            except Exception:
                log.exception("background part failed", part=name)
            await asyncio.sleep(1.0)
