"""Charts as SVG text: made on the server, printed as they are seen, no script."""

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 14, 26
INK, GREY, RED, BLUE = "#1d2733", "#8a96a3", "#b3261e", "#1f5fa8"


def lines(
    series: Sequence[tuple[str, str, Sequence[float]]],
    labels: Sequence[str],
    *,
    title: str,
    unit: str = "",
    bottom: float | None = None,
    mark: float | None = None,
) -> str:
    """Curves over the same places: (name, colour, values); ``mark``: a level drawn across.

    ``labels``: a word for some places, empty for the others. ``bottom``: least value shown.
    """
    values = [value for _, _, curve in series for value in curve] + ([] if mark is None else [mark])
    low = min(values) if bottom is None else bottom
    high = low + _round_up(max([*values, low + 1e-9]) - low)
    parts = [_open(title), *_scale(low, high, unit), *_below(labels)]
    if mark is not None:
        y = _y(mark, low, high)
        parts.append(_line(_LEFT, y, WIDTH - _RIGHT, y, RED, dashed=True))
    for _, colour, curve in series:
        count = max(1, len(curve) - 1)
        points = " ".join(
            f"{_x(k / count):.1f},{_y(max(low, value), low, high):.1f}"
            for k, value in enumerate(curve)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.4"/>'
        )
    for k, (name, colour, _) in enumerate(series):
        x = _LEFT + 8 + 130 * k
        parts.append(f'<rect x="{x}" y="2" width="12" height="4" fill="{colour}"/>')
        parts.append(_text(x + 16, 8, name, "start"))
    return "".join((*parts, "</svg>"))


def heat(rows: Sequence[tuple[str, Sequence[float]]], columns: Sequence[str], *, title: str) -> str:
    """A table of numbers as shades, the number written in each field."""
    high = max((value for _, values in rows for value in values), default=0.0) or 1.0
    wide = (WIDTH - _LEFT - _RIGHT) / max(1, len(columns))
    tall = 24
    parts = [_open(title, height=tall * len(rows) + 24)]
    for k, column in enumerate(columns):
        parts.append(_text(_LEFT + wide * (k + 0.5), 12, column))
    for row, (name, values) in enumerate(rows):
        y = 18 + row * tall
        parts.append(_text(_LEFT - 6, y + 16, name, "end"))
        for k, value in enumerate(values):
            share = value / high
            ink = "#fff" if share > 0.55 else INK
            x = _LEFT + wide * k
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{wide - 1:.1f}" height="{tall - 1}" '
                f'fill="{BLUE}" fill-opacity="{0.06 + 0.9 * share:.2f}"/>'
            )
            parts.append(_text(x + wide / 2, y + 16, f"{value:.0f}", colour=ink))
    return "".join((*parts, "</svg>"))


def _open(title: str, height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
    )


def _scale(low: float, high: float, unit: str) -> list[str]:
    parts = []
    for k in range(5):
        value = low + (high - low) * k / 4
        y = _y(value, low, high)
        parts.append(_line(_LEFT, y, WIDTH - _RIGHT, y, "#e3e7eb"))
        shown = f"{value:.1%}" if unit == "%" else f"{value:,.0f}{unit}"
        parts.append(_text(_LEFT - 6, y + 4, shown, "end"))
    return parts


def _round_up(span: float) -> float:
    """The span or a little more, so that its quarters are numbers people say."""
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(step for step in (1, 2, 2.5, 5, 10) if step * power * 4 >= span * (1 - 1e-9))
    return step * power * 4


def _below(labels: Sequence[str]) -> list[str]:
    count = max(1, len(labels) - 1)
    return [_text(_x(k / count), HEIGHT - 8, label) for k, label in enumerate(labels) if label]


def _x(share: float) -> float:
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.0
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _line(
    x: float, y: float, to_x: float, to_y: float, colour: str, *, dashed: bool = False
) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"{dash}/>'
    )


def _text(x: float, y: float, words: str, anchor: str = "middle", *, colour: str = GREY) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" text-anchor="{anchor}" '
        f'fill="{colour}">{escape(words)}</text>'
    )
