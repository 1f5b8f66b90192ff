"""``docs/order-steps.md`` from the table: ``python -m dispatch.life.page``."""

from pathlib import Path

from dispatch.life.ports import ClockDo, RingDo
from dispatch.life.shapes import FieldSpec, Held, Kind, Ring, Step, Tie
from dispatch.life.steps import STEPS
from hotline.domain.codes import OrderState

PAGE = Path(__file__).resolve().parents[2] / "docs" / "order-steps.md"
_HEAD = """# Steps of an order

Made from `dispatch/life/steps.py` by `python -m dispatch.life.page`; a test keeps it current. Only
these steps change an order. Deadlines belong to `dispatch.clocks`, texts to `dispatch.notices`,
lists of people to ring to `dispatch.callbacks`, messages to [the hub protocol](hub-protocol.md).

**Who**: the right, and the tie to the order in brackets; any one is enough. *place*: the right is
held for the order's region or institution. *holder*: the order's handler, or anybody of its
institution while no handler is named. *asked*: has an open offer. *system*: the hotline itself.
**Fields**: `*` must be given; *text* is sealed. **Clocks**: ▶ starts anew, ■ stops, ⏸ pauses,
⏵ resumes, → extended to `until`, ↻ worked out anew from its start.
"""
_SIGNS = {
    ClockDo.START: "▶",
    ClockDo.STOP: "■",
    ClockDo.PAUSE: "⏸",
    ClockDo.RESUME: "⏵",
    ClockDo.EXTEND: "→",
    ClockDo.RECKON: "↻",
}


def render() -> str:
    """The page's text."""
    states = "\n".join(f"| {state.label} | `{state.value}` |" for state in OrderState)
    steps = "\n".join(_section(step) for step in STEPS.values())
    return f"{_HEAD}\n## States\n\n| | code |\n|---|---|\n{states}\n\n{steps}"


def _section(step: Step) -> str:
    lines = [
        f"## {step.label} `{step.name}`\n",
        f"- ways: {_ways(step)}",
        f"- who: {'; '.join(_who(by.right.value, by.tie) for by in step.by)}",
    ]
    if step.fields:
        lines.append(f"- fields: {', '.join(_field(spec) for spec in step.fields)}")
    if step.clocks:
        clocks = (f"{_SIGNS[effect.do]}{effect.clock.value}" for effect in step.clocks)
        lines.append(f"- clocks: {' '.join(clocks)}")
    lines.append(f"- hub: {f'`{step.hub}`' if step.hub else 'not told'}")
    if step.notice:
        lines.append(f"- text message: `{step.notice}`")
    if step.rings:
        lines.append(f"- to be rung: {', '.join(map(_ring, step.rings))}")
    if step.after_erasure:
        lines.append("- also when the party's data were erased")
    return "\n".join(lines) + "\n"


def _ways(step: Step) -> str:
    """Sources with the same target together; those that stay are named once."""
    targets: dict[str, list[str]] = {}
    for source, target in step.ways.items():
        name = f"`{source.value}`" if source else "nothing"
        if target is source:
            shown = "unchanged"
        elif isinstance(target, Held):
            shown = "the state before"
        else:
            shown = f"`{target.value}`"
        targets.setdefault(shown, []).append(name)
    return "; ".join(f"{', '.join(sources)} → {shown}" for shown, sources in targets.items())


def _who(right: str, tie: Tie) -> str:
    return "system" if tie is Tie.SYSTEM else f"`{right}` ({tie.value})"


def _field(spec: FieldSpec) -> str:
    kind = spec.codes.__name__ if spec.codes else spec.kind.value
    star = "*" if spec.required else ""
    return (
        f"{spec.label} `{spec.name}`{star} ({'text, sealed' if spec.kind is Kind.TEXT else kind})"
    )


def _ring(ring: Ring) -> str:
    effect = ring.effect
    sign = "+" if effect.do is RingDo.OPEN else "−"
    text = f"{sign}{effect.kind.value} {effect.reason}".rstrip()
    return f"{text} (if {ring.when.removeprefix('field:')})" if ring.when else text


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
