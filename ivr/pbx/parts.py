"""The PBX for ``hotline setup`` and ``hotline doctor``: its set-up step and its findings."""

import os
from typing import Any

from hotline.errors import SetupError
from hotline.settings import Settings
from hotline.setup.doctor import Finding
from hotline.setup.steps import Report, Step
from ivr.pbx import sandbox
from ivr.pbx.control import AsteriskProcess, ari_get, taken_ports
from ivr.pbx.install import ensure
from ivr.pbx.layout import FALLBACK_PROMPTS, prompt_path
from ivr.pbx.locate import MEND, find, require
from ivr.pbx.modules import ESSENTIAL
from ivr.pbx.pjsip import PHONE, TRUNK

PART = "asterisk"


def asterisk_step(settings: Settings) -> Step:
    """Install Asterisk where there is none that is new enough."""

    def run(report: Report) -> None:
        ensure(settings, report)

    return Step(
        name=PART,
        name_zh="电话交换机 Asterisk",
        done=lambda: find(settings) is not None,
        run=run,
        fix=f"{MEND} --only {PART}",
    )


def check_pbx(settings: Settings) -> list[Finding]:
    """What is there of Asterisk, what is missing, and what mends it."""
    try:
        installation = require(settings)
    except SetupError as error:
        return [Finding(PART, False, str(error), f"{MEND} --only {PART}")]
    findings = [Finding(PART, True, f"{installation.version_text} ({installation.root})")]
    findings += _prompts(settings)
    if AsteriskProcess(settings, installation).pid is None:
        return findings + _stopped(settings)
    return findings + _running(settings)


def _stopped(settings: Settings) -> list[Finding]:
    taken = taken_ports(settings)
    findings = [
        Finding("asterisk ports", False, reason, f"HOTLINE_PBX__{name.upper()}=…")
        for name, reason in taken
    ]
    if not taken:
        findings.append(Finding("asterisk process", True, "not running; its ports are free"))
    if os.geteuid() == 0 and not sandbox.available():
        detail = "would run as root: this machine allows no mount namespace"
        findings.append(
            Finding("asterisk user", False, detail, "use an ordinary user", needed=False)
        )
    return findings


def _running(settings: Settings) -> list[Finding]:
    status, modules = ari_get(settings, "asterisk/modules")
    if status is None:
        detail = f"nobody answers on {settings.pbx.http_host}:{settings.pbx.http_port}"
        return [Finding("asterisk ARI", False, detail, "restart the hotline")]
    if status == 401:
        detail = "Asterisk refuses our ARI user or password"
        return [Finding("asterisk ARI", False, detail, "restart the hotline")]
    findings = [Finding("asterisk ARI", status == 200, f"answers {status}")]
    up = {it["name"] for it in _dicts(modules) if it["status"] == "Running"}
    down = [name for name in ESSENTIAL if f"{name}.so" not in up]
    detail = f"not running: {', '.join(down)}" if down else f"{len(ESSENTIAL)} running"
    findings.append(
        Finding("asterisk modules", not down, detail, f"{MEND} --only {PART}" if down else "")
    )
    for name in (TRUNK, PHONE):
        _, endpoint = ari_get(settings, f"endpoints/PJSIP/{name}")
        state = endpoint.get("state", "missing") if isinstance(endpoint, dict) else "missing"
        findings.append(Finding(f"asterisk {name}", state != "missing", str(state)))
    return findings


def _prompts(settings: Settings) -> list[Finding]:
    lacking = [name for name in FALLBACK_PROMPTS if not _rendered(settings, name)]
    if not lacking:
        return []
    detail = f"callers hear a tone for: {', '.join(lacking)}"
    return [Finding("asterisk prompts", False, detail, f"{MEND} --only prompts", needed=False)]


def _rendered(settings: Settings, name: str) -> bool:
    raw = prompt_path(settings, name)
    return raw.is_file() or raw.with_suffix(".wav").is_file()


def _dicts(value: object) -> list[dict[str, Any]]:
    return [it for it in value if isinstance(it, dict)] if isinstance(value, list) else []
