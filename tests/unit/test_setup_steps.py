"""The set-up runs what is missing, in order, says how far it is, and what mends a failure."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from hotline.errors import SetupError
from hotline.setup.doctor import Finding, examine, healthy, show
from hotline.setup.packages import Package, install_line, sudo_line
from hotline.setup.steps import Report, Step, run_setup

pytestmark = pytest.mark.unit


class World:
    """Remembers what was done."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.calls: list[str] = []
        self.screen = io.StringIO()
        self.console = Console(file=self.screen, width=200)

    def step(
        self,
        name: str,
        *,
        run: Callable[[Report], None] | None = None,
        needs_root: bool = False,
        optional: bool = False,
    ) -> Step:
        def do(report: Report) -> None:
            self.calls.append(name)
            report(0.5, "half")
            if run is not None:
                run(report)
            self.done.add(name)

        return Step(
            name=name,
            name_zh=f"步骤{name}",
            done=lambda: name in self.done,
            run=do,
            fix=f"mend {name}",
            needs_root=needs_root,
            optional=optional,
        )


@pytest.fixture
def world() -> World:
    return World()


def fail(_report: Report) -> None:
    raise SetupError("the mirror is away")


def test_done_steps_are_skipped(world: World) -> None:
    steps = [world.step("a"), world.step("b")]
    world.done.add("a")
    first = run_setup(steps, console=world.console, is_root=False)
    second = run_setup(steps, console=world.console, is_root=False)
    assert [it.outcome for it in first] == ["already", "done"]
    assert [it.outcome for it in second] == ["already", "already"]
    assert world.calls == ["b"]
    assert "50%" in world.screen.getvalue()


def test_only_what_is_named(world: World) -> None:
    steps = [world.step("a"), world.step("b")]
    run_setup(steps, what=["b"], console=world.console, is_root=False)
    assert world.calls == ["b"]
    with pytest.raises(SetupError, match="there are: a, b"):
        run_setup(steps, what=["c"], console=world.console, is_root=False)


def test_a_failure_names_what_mends_it_and_stops(world: World) -> None:
    steps = [world.step("a", run=fail), world.step("b")]
    with pytest.raises(SetupError, match=r"the mirror is away.*mend a"):
        run_setup(steps, console=world.console, is_root=False)
    assert world.calls == ["a"]


def test_an_optional_failure_is_passed_over(world: World) -> None:
    steps = [world.step("a", run=fail, optional=True), world.step("b")]
    results = run_setup(steps, console=world.console, is_root=False)
    assert [it.outcome for it in results] == ["failed", "done"]
    assert "the mirror is away" in world.screen.getvalue()


def test_what_needs_root_is_printed_not_tried(world: World) -> None:
    steps = [world.step("a", needs_root=True, optional=True), world.step("b")]
    run_setup(steps, console=world.console, is_root=False)
    assert world.calls == ["b"]
    assert "mend a" in world.screen.getvalue()
    run_setup(steps, console=world.console, is_root=True)
    assert world.calls == ["b", "a"]


def test_an_interruption_is_not_swallowed(world: World) -> None:
    def interrupt(_report: Report) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_setup([world.step("a", run=interrupt)], console=world.console, is_root=False)
    assert "再次执行会继续" in world.screen.getvalue()


def test_progress_on_a_terminal(world: World) -> None:
    console = Console(file=world.screen, width=200, force_terminal=True)
    run_setup([world.step("a")], console=console, is_root=False)
    assert "步骤a" in world.screen.getvalue()


def test_the_doctor_sees_every_part(world: World) -> None:
    def broken() -> list[Finding]:
        raise SetupError("no Asterisk")

    def crash() -> list[Finding]:
        raise ValueError("13900001111")

    findings = examine(
        [
            ("good", lambda: [Finding("good", True, "here")]),
            ("asterisk", broken),
            ("odd", crash),
            ("extra", lambda: [Finding("extra", False, "missing", "get it", needed=False)]),
        ]
    )
    assert [it.ok for it in findings] == [True, False, False, False]
    assert not healthy(findings)
    assert healthy([findings[0], findings[3]])
    show(findings, world.console)
    text = world.screen.getvalue()
    assert "no Asterisk" in text
    assert "get it" in text
    assert "13900001111" not in text, "an unexpected error's text may hold anything"
    assert findings[0].as_dict()["part"] == "good"


def test_one_line_for_all_packages() -> None:
    lacking = [Package("a", "a", "", True), Package("b", "b", "", False)]
    assert install_line(lacking).endswith("a b")
    assert sudo_line(lacking).count("\n") == 0
    assert sudo_line(lacking).startswith("sudo sh -c 'apt-get update && apt-get install")
