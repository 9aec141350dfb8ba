"""The two charts of a calibration: how far totals are from their benchmarks, and how far weights moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from register.locale.numbers import number
from register.page.svg import BLUE, GREY, INK, ORANGE, PALE, WIDTH, figure, line, shorten, text

BAND = 26.0
HOLLOW = f'fill="#ffffff" stroke="{ORANGE}" stroke-width="2.5"'


@dataclass(frozen=True)
class Dot:
    """One row: values before and after (None for none), and half the interval around 0 that is as good."""

    label: str
    before: float | None
    after: float | None
    half: float = 0.0


def dots(
    name: str, title: str, description: str, rows: Sequence[Dot], legend: tuple[str, str, str], language: str
) -> str:
    """Return rows of two marks on an axis of percent around 0: before hollow, after full, the interval shaded."""
    left, right, top = 270.0, 30.0, 40.0
    height = top + BAND * len(rows) + 40
    ends = [abs(v) for row in rows for v in (row.before, row.after, row.half) if v is not None]
    step, reach = _scale(max(ends, default=0.0))

    def x(value: float) -> float:
        return left + (WIDTH - left - right) * (value + reach) / (2 * reach)

    body = []
    for turn in range(-round(reach / step), round(reach / step) + 1):
        at = x(turn * step)
        body.append(line(at, top - 4, at, height - 34, INK if turn == 0 else "#d3d8de"))
        words = ("+" if turn > 0 else "") + number(round(100 * turn * step, 6), language) + "\u00a0%"
        body.append(text(at, height - 14, words, "middle", 'font-size="12"'))
    for turn, row in enumerate(rows):
        y = top + BAND * turn + BAND / 2
        body.append(text(left - 12, y + 4, shorten(row.label, 36), "end"))
        if row.half:
            low, high = x(max(-row.half, -reach)), x(min(row.half, reach))
            body.append(
                f'<rect x="{low:.1f}" y="{y - 8:.1f}" width="{high - low:.1f}" height="16" fill="{PALE[BLUE]}"/>'
            )
        if row.before is not None:
            body.append(f'<circle cx="{x(row.before):.1f}" cy="{y:.1f}" r="5" {HOLLOW}/>')
        if row.after is not None:
            body.append(
                f'<rect x="{x(row.after) - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9" fill="{BLUE}"/>'
            )
    marks = (
        f'<circle cx="{left:.1f}" cy="12" r="5" {HOLLOW}/>',
        f'<rect x="{left + 115:.1f}" y="7.5" width="9" height="9" fill="{BLUE}"/>',
        f'<rect x="{left + 228:.1f}" y="4" width="20" height="16" fill="{PALE[BLUE]}"/>',
    )
    for mark, words, at in zip(marks, legend, (left + 10, left + 130, left + 254), strict=True):
        body.append(mark + text(at, 16, words))
    return figure(name, title, description, "".join(body), height)


def _scale(top: float) -> tuple[float, float]:
    """Return the step and the reach of an axis around 0."""
    top = max(top, 0.01)
    step = 10 ** math.floor(math.log10(top / 3))
    step = next(step * m for m in (1, 2, 5, 10) if top / (step * m) <= 3.5)
    return step, step * math.ceil(top / step)


def histogram(
    name: str,
    title: str,
    description: str,
    edges: Sequence[float],
    counts: Sequence[int],
    bounds: tuple[float | None, float | None],
    words: tuple[str, str],
    language: str,
) -> str:
    """Return how many people have which w/d; dashed lines stand at the bounds, a full one at 1.

    Parameters
    ----------
    words
        What the axes say: w/d, and people.
    """
    left, right, top, height = 70.0, 30.0, 26.0, 300.0
    bottom = height - 46
    shown = [one for one in bounds if one is not None]
    low, high = min([edges[0], 1.0, *shown]), max([edges[-1], 1.0, *shown])
    span = (high - low) or 1.0
    most = max(counts)

    def x(value: float) -> float:
        return left + (WIDTH - left - right) * (value - low) / span

    body = [line(left, bottom, WIDTH - right, bottom, INK)]
    for a, b, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if not count:
            continue
        tall = (bottom - top) * count / most
        wide = max(x(b) - x(a) - 0.8, 0.8)
        body.append(
            f'<rect x="{x(a):.1f}" y="{bottom - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{BLUE}"/>'
        )
    body.append(line(x(1), top - 6, x(1), bottom, INK, 1.5))
    body += [
        line(x(one), top - 6, x(one), bottom, ORANGE, 2).replace("/>", ' stroke-dasharray="6 4"/>')
        for one in shown
    ]
    taken: list[float] = []
    for one in sorted({*shown, 1.0, edges[0], edges[-1]}, key=lambda v: (v not in shown and v != 1.0, v)):
        if all(abs(x(one) - other) > 40 for other in taken):
            taken.append(x(one))
            label = f"{one:.2f}".replace(".", "," if language == "es" else ".")
            body.append(text(x(one), bottom + 18, label, "middle", 'font-size="12"'))
    body.append(text((left + WIDTH - right) / 2, height - 6, words[0], "middle"))
    body.append(text(left - 8, top + 4, number(most, language), "end", f'font-size="12" fill="{GREY}"'))
    body.append(text(left - 8, bottom, "0", "end", f'font-size="12" fill="{GREY}"'))
    body.append(text(left, 12, words[1]))
    return figure(name, title, description, "".join(body), height)
