"""The set-up as a list of steps: each knows whether it is done, how to do it and what mends it.

``hotline.app`` assembles the steps of all rooms; this module only runs them, in order, shows how
far each is, skips what is done, and stops at the first that fails.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hotline.errors import HotlineError, SetupError

Report = Callable[[float, str], None]
"""Given to a step: call it with how much is done (0 to 1) and a word on what is being done."""

Outcome = Literal["already", "done", "failed", "skipped"]

LINE_S = 5.0
"""Where there is no terminal (a log), a running step says something at most this often."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be there."""

    name: str
    """Stable id for the command line, e.g. ``asterisk``."""
    name_zh: str
    """Shown to people."""
    done: Callable[[], bool]
    """Whether nothing is left to do; quick, no side effect."""
    run: Callable[[Report], None]
    """Does it; can be called again after an interruption. Raises HotlineError."""
    fix: str
    """Command that mends it by hand."""
    needs_root: bool = False
    """Whether an ordinary user cannot do it."""
    optional: bool = False
    """Whether the hotline runs (with less) when it fails."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step ended."""

    name: str
    outcome: Outcome
    seconds: float
    detail: str = ""


def run_setup(
    steps: Sequence[Step],
    *,
    what: Sequence[str] = (),
    console: Console | None = None,
    is_root: bool,
) -> list[StepResult]:
    """Run the steps named in ``what`` (all when empty), in order.

    A failed optional step is told and passed over. A failed needed step raises SetupError with the
    command that mends it; Ctrl-C leaves what was done in place, the next run goes on there.
    Raises SetupError for an unknown name.
    """
    screen = console or Console()
    chosen = _chosen(steps, what)
    results: list[StepResult] = []
    for step in chosen:
        result = _run_one(step, screen, is_root=is_root)
        results.append(result)
        if result.outcome == "failed" and not step.optional:
            raise SetupError(f"{step.name}: {result.detail}. Mend it with: {step.fix}")
    return results


def _chosen(steps: Sequence[Step], what: Sequence[str]) -> list[Step]:
    known = {step.name for step in steps}
    unknown = [name for name in what if name not in known]
    if unknown:
        raise SetupError(f"no set-up step {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    return [step for step in steps if not what or step.name in what]


def _run_one(step: Step, screen: Console, *, is_root: bool) -> StepResult:
    started = time.monotonic()
    if step.done():
        screen.print(f"[green]✓[/] {step.name_zh}", highlight=False)
        return StepResult(step.name, "already", time.monotonic() - started)
    if step.needs_root and not is_root:
        screen.print(
            f"[yellow]![/] {step.name_zh}: 需要管理员权限，请执行: {step.fix}", highlight=False
        )
        return StepResult(step.name, "failed", time.monotonic() - started, "needs root")
    try:
        _with_progress(step, screen)
    except HotlineError as error:
        screen.print(f"[red]✗[/] {step.name_zh}: {error}", highlight=False, markup=True)
        return StepResult(step.name, "failed", time.monotonic() - started, str(error))
    except KeyboardInterrupt:
        screen.print(f"[yellow]■[/] {step.name_zh}: 已中断，再次执行会继续", highlight=False)
        raise
    seconds = time.monotonic() - started
    screen.print(f"[green]✓[/] {step.name_zh} [dim]{seconds:.1f} s[/]", highlight=False)
    return StepResult(step.name, "done", seconds)


def _with_progress(step: Step, screen: Console) -> None:
    if not screen.is_terminal:
        step.run(_Lines(step, screen))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} % {task.fields[word]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as bars:
        task: TaskID = bars.add_task(f"  {step.name_zh}", total=1.0, word="")
        step.run(lambda share, word: bars.update(task, completed=share, word=word))


class _Lines:
    """Progress for a log: a line now and then instead of a bar."""

    def __init__(self, step: Step, screen: Console) -> None:
        self._step = step
        self._screen = screen
        self._last = float("-inf")

    def __call__(self, share: float, word: str) -> None:
        now = time.monotonic()
        if now - self._last >= LINE_S:
            self._last = now
            self._screen.print(f"  {self._step.name_zh} {share:4.0%} {word}", highlight=False)
