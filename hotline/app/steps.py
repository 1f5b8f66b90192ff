"""The set-up of the whole hotline: the steps of all rooms in order, and the doctor's checks."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from agent_ui import vendor
from asr import choose_engine
from asr import models as asr_models
from dispatch.hub.pusher import HubPusher
from hotline.app.joints import fixed_texts
from hotline.app.voices import has_all, prerender, render_to_sln16
from hotline.calendar import CHINA
from hotline.db import Database
from hotline.errors import HotlineError, SetupError
from hotline.knowledge.check import check as check_knowledge
from hotline.knowledge.load import DATA
from hotline.knowledge.search import KnowledgeBase
from hotline.knowledge.speech import spoken
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.setup.calendar import check_calendar
from hotline.setup.doctor import Check, Finding
from hotline.setup.packages import check_packages, packages_step
from hotline.setup.secrets import ensure_secrets, missing
from hotline.setup.steps import Report, Step
from ivr.bot import prompts
from ivr.pbx.layout import FALLBACK_PROMPTS, prompt_path
from ivr.pbx.parts import asterisk_step, check_pbx
from ivr.voice import models as voice_models
from ivr.voice.engines.choose import pick

DEMO_ANSWERS = ("wages.unpaid",)
"""What the demo's caller is answered; the other answers are rendered in the background."""


def steps(settings: Settings) -> list[Step]:
    """Everything ``hotline setup`` does, in order."""
    return [
        packages_step(),
        Step(
            "secrets",
            "生成密钥",
            lambda: not missing(settings.data_dir) and settings.keys_path.exists(),
            lambda report: _secrets(settings),
            "hotline setup --only secrets",
        ),
        asterisk_step(settings),
        Step(
            "database",
            "建立数据库",
            lambda: False,
            lambda report: _migrate(settings),
            "hotline setup --only database",
        ),
        Step(
            "recognition",
            "语音识别模型",
            lambda: choose_engine(settings).model_path is not None,
            lambda report: _recognition(settings, report),
            "hotline models fetch",
            optional=True,
        ),
        Step(
            "voice",
            "语音合成模型",
            lambda: not voice_models.verify(settings.cache_dir),
            lambda report: _voice(settings, report),
            "hotline setup --only voice",
            optional=True,
        ),
        Step(
            "pages",
            "网页组件",
            lambda: not vendor.missing(settings.cache_dir),
            lambda report: vendor.build(settings.cache_dir),
            "hotline setup --only pages",
            optional=True,
        ),
        Step(
            "prompts",
            "录制提示语",
            lambda: has_all(settings, first_texts(settings)) and _has_fallback(settings),
            lambda report: _prompts(settings, report),
            "hotline setup --only prompts",
            optional=True,
        ),
    ]


def checks(settings: Settings) -> Sequence[tuple[str, Check]]:
    """What the doctor looks at, part by part."""
    return [
        ("packages", check_packages),
        ("asterisk", lambda: check_pbx(settings)),
        ("database", lambda: [*_check_database(settings)]),
        ("keys", lambda: [*_check_keys(settings)]),
        ("recognition", lambda: [*_check_recognition(settings)]),
        ("voice", lambda: [*_check_voice(settings)]),
        ("pages", lambda: [*_check_pages(settings)]),
        ("prompts", lambda: [*_check_prompts(settings)]),
        ("knowledge", lambda: [*_check_knowledge(settings)]),
        ("hub", lambda: [*_check_hub(settings)]),
        ("calendar", lambda: [*check_calendar(settings, datetime.now(CHINA).date())]),
    ]


def first_texts(settings: Settings) -> list[str]:
    """Texts a call's first minute needs, most needed first, then what the demo answers.

    ``hotline up`` renders the others in the background (``voice render`` does it at once).
    """
    knowledge = KnowledgeBase.load(settings.knowledge_dir or DATA)
    demo = [spoken(a) for a in knowledge.answers if a.id in DEMO_ANSWERS]
    return [*FALLBACK_PROMPTS.values(), *prompts.FIRST, *demo]


def all_texts(settings: Settings) -> list[str]:
    """Every fixed text the hotline can say, most needed first."""
    knowledge = KnowledgeBase.load(settings.knowledge_dir or DATA)
    return list(dict.fromkeys([*first_texts(settings), *fixed_texts(knowledge)]))


def _secrets(settings: Settings) -> None:
    ensure_secrets(settings.data_dir)
    KeyRing.open(settings)


def _migrate(settings: Settings) -> None:
    with Database(settings) as db:
        db.migrate()


def _recognition(settings: Settings, report: Report) -> None:
    results = asr_models.fetch(settings, progress=_share(report))
    if choose_engine(settings).model_path is None:
        raise SetupError("; ".join(result.detail for result in results))


def _voice(settings: Settings, report: Report) -> None:
    voice_models.fetch(settings.cache_dir, _share(report))


def _share(report: Report) -> Callable[[str, int, int], None]:
    return lambda what, done, total: report(done / total if total else 0.0, what)


def _prompts(settings: Settings, report: Report) -> None:
    prerender(settings, first_texts(settings), report)
    for name, text in FALLBACK_PROMPTS.items():
        path = prompt_path(settings, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        render_to_sln16(text, path, settings)


def _has_fallback(settings: Settings) -> bool:
    return all(prompt_path(settings, name).is_file() for name in FALLBACK_PROMPTS)


def _check_database(settings: Settings) -> Iterable[Finding]:
    name = settings.db_url.split("://")[0]
    try:
        with Database(settings):
            yield Finding("database", True, name, "")
    except HotlineError as error:
        yield Finding("database", False, str(error), "hotline setup --only database")


def _check_keys(settings: Settings) -> Iterable[Finding]:
    path = settings.keys_path
    fix = "hotline setup --only secrets"
    if not path.exists():
        yield Finding("keys", False, f"{path} is not there", fix)
    elif path.stat().st_mode & 0o077:
        yield Finding("keys", False, f"{path} can be read by others", f"chmod 600 {path}")
    else:
        yield Finding("keys", True, KeyRing.open(settings).cipher, "")


def _check_recognition(settings: Settings) -> Iterable[Finding]:
    choice = choose_engine(settings)
    ok = choice.model_path is not None
    yield Finding("recognition", ok, f"{choice.name}: {choice.reason}", "hotline models fetch")


def _check_voice(settings: Settings) -> Iterable[Finding]:
    try:
        yield Finding("voice", True, pick(settings.voice, settings.cache_dir).voice, "")
    except HotlineError as error:
        yield Finding("voice", False, str(error), "hotline setup --only voice")


def _check_pages(settings: Settings) -> Iterable[Finding]:
    missing = vendor.missing(settings.cache_dir)
    detail = f"missing: {', '.join(missing)}" if missing else f"libraries {vendor.stamp()}"
    yield Finding("pages", not missing, detail, "hotline setup --only pages")


def _check_prompts(settings: Settings) -> Iterable[Finding]:
    texts = all_texts(settings)
    ready = sum(has_all(settings, [text]) for text in texts)
    detail = f"{ready} of {len(texts)} texts are rendered"
    fine = has_all(settings, first_texts(settings)) and _has_fallback(settings)
    yield Finding("prompts", fine, detail, "hotline setup --only prompts")


def _check_knowledge(settings: Settings) -> Iterable[Finding]:
    result = check_knowledge(settings.knowledge_dir or DATA, None)
    detail = f"{len(result.stock.answers)} answers"
    yield Finding("knowledge", result.ok, detail, "hotline knowledge check")


def _check_hub(settings: Settings) -> Iterable[Finding]:
    if not settings.hub.secret:
        yield Finding("hub", False, "hub.secret is empty", "hotline setup --only secrets")
        return

    async def look() -> tuple[int, int]:
        ring = KeyRing.open(settings)
        with Database(settings) as db:
            db.migrate()
            status = await HubPusher(db, ring, settings.hub).status()
            return status.pending, status.dead

    pending, dead = asyncio.run(look())
    detail = f"{settings.hub.url}: {pending} waiting, {dead} dead letters"
    yield Finding("hub", dead == 0, detail, "hotline hub dead-letters")
    if in_the_clear(settings.hub.url):
        yield Finding(
            "hub link",
            False,
            "orders would cross the network in the clear: hub.url is plain http",
            "HOTLINE_HUB__URL=https://… (hub.ca_file for an authority of your own)",
            needed=False,
        )


def in_the_clear(url: str) -> bool:
    """Whether what is sent to this address can be read on its way: http to another machine."""
    address = urlsplit(url)
    return address.scheme == "http" and address.hostname not in ("127.0.0.1", "::1", "localhost")


def is_root() -> bool:
    """Whether this process may install packages."""
    return os.geteuid() == 0


def checkout() -> Path:
    """The project's folder."""
    return Path(__file__).resolve().parents[2]
