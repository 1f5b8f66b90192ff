"""The doctor: asks every part how it is and says, part by part, what mends it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape

from hotline.errors import HotlineError


@dataclass(frozen=True, slots=True)
class Finding:
    """One part as the doctor found it."""

    part: str
    """What was looked at, e.g. ``asterisk``."""
    ok: bool
    detail: str
    """What is there, or what is wrong; no personal data."""
    fix: str = ""
    """Command or setting that mends it, empty when well."""
    needed: bool = True
    """Whether the hotline cannot run without it."""

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


Check = Callable[[], Sequence[Finding]]
"""Looks at one part; quick, changes nothing."""


def examine(checks: Sequence[tuple[str, Check]]) -> list[Finding]:
    """Run every check, given as (part, check); one that fails is a finding, not an end."""
    findings: list[Finding] = []
    for part, check in checks:
        try:
            findings.extend(check())
        except HotlineError as error:
            findings.append(Finding(part, False, str(error), "hotline setup"))
        except Exception as error:  # noqa: BLE001 - the doctor must see the other parts too
            findings.append(Finding(part, False, f"cannot be examined ({type(error).__name__})"))
    return findings


def healthy(findings: Sequence[Finding]) -> bool:
    """Whether everything that is needed is there."""
    return all(finding.ok for finding in findings if finding.needed)


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print the findings for people."""
    for finding in findings:
        mark = "[green]✓[/]" if finding.ok else "[red]✗[/]" if finding.needed else "[yellow]![/]"
        console.print(f"{mark} {finding.part}: {escape(finding.detail)}", highlight=False)
        if finding.fix and not finding.ok:
            console.print(f"    修复: {escape(finding.fix)}", highlight=False)
