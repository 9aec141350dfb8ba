"""The charts of a release, as static SVG: series over time, bars, an age pyramid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from register.locale.numbers import number
from register.page import svg
from register.page.svg import BLUE, INK, ORANGE, PALE, WIDTH, figure, shorten, ticks

#: What the other writers of a release draw and write numbers with.
__all__ = [
    "BLUE",
    "INK",
    "ORANGE",
    "WIDTH",
    "Point",
    "bars",
    "figure",
    "lines",
    "number",
    "pyramid",
    "shorten",
]


@dataclass(frozen=True)
class Point:
    """One value of a series with half its 95% interval; provisional values are drawn hollow."""

    label: str
    value: float
    half: float = 0.0
    is_provisional: bool = False


def lines(
    name: str, title: str, description: str, series: Mapping[str, Sequence[Point]], language: str
) -> str:
    """Return a chart of series over time, with bars for the 95% intervals and hollow marks for provisional values."""
    left, right, top, height = 70.0, 150.0, 16.0, 320.0
    points = [point for line in series.values() for point in line]
    labels = sorted({point.label for point in points})
    scale = ticks(max((point.value + point.half for point in points), default=1))
    bottom = height - 40

    def x(label: str) -> float:
        return left + (WIDTH - left - right) * (labels.index(label) / max(1, len(labels) - 1))

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / scale[-1]

    body = [
        svg.line(left, y(t), WIDTH - right, y(t)) + svg.text(left - 8, y(t) + 4, number(t, language), "end")
        for t in scale
    ]
    body += [svg.text(x(label), bottom + 22, label, "middle") for label in labels]
    ends = []
    for (label, line), colour, shape in zip(
        series.items(), (BLUE, ORANGE), ("circle", "square"), strict=False
    ):
        path = " ".join(f"{x(p.label):.1f},{y(p.value):.1f}" for p in line)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        for p in line:
            if p.half:
                body.append(
                    svg.line(
                        x(p.label), y(max(0, p.value - p.half)), x(p.label), y(p.value + p.half), colour, 1.5
                    )
                )
            body.append(_mark(x(p.label), y(p.value), colour, shape, hollow=p.is_provisional))
        ends.append((y(line[-1].value) if line else top, label, colour))
    ends.sort()
    at = -math.inf
    for place, label, colour in ends:
        at = max(place + 4, at + 18)
        body.append(svg.text(WIDTH - right + 12, at, label, extra=f'fill="{colour}" font-weight="600"'))
    return figure(name, title, description, "".join(body), height)


def _mark(x: float, y: float, colour: str, shape: str, *, hollow: bool) -> str:
    fill = "#ffffff" if hollow else colour
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" stroke="{colour}" stroke-width="2"/>'
    paint = f'fill="{fill}" stroke="{colour}" stroke-width="2"'
    return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" {paint}/>'


def bars(name: str, title: str, description: str, rows: Mapping[str, Sequence[Point]], language: str) -> str:
    """Return horizontal bars: for each label one bar a series, with the 95% interval.

    Parameters
    ----------
    rows
        Series name to its points; the points of all series have the same labels.
    """
    labels = list(dict.fromkeys(point.label for line in rows.values() for point in line))
    left, right, band, top = 250.0, 70.0, 18.0, 30.0
    each = band * len(rows) + 10
    height = top + each * len(labels) + 30
    scale = ticks(max((p.value + p.half for line in rows.values() for p in line), default=1))

    def x(value: float) -> float:
        return left + (WIDTH - left - right) * value / scale[-1]

    body = [
        svg.line(x(t), top - 4, x(t), height - 30)
        + svg.text(x(t), height - 12, number(t, language), "middle")
        for t in scale
    ]
    colours = (BLUE, ORANGE)
    at = left
    for label, colour in zip(rows, colours, strict=False):
        body.append(
            f'<rect x="{at:.1f}" y="4" width="12" height="12" fill="{colour}"/>'
            + svg.text(at + 17, 15, label)
        )
        at += 30 + 7.5 * len(label)
    for position, label in enumerate(labels):
        y = top + each * position
        body.append(svg.text(left - 8, y + band * len(rows) / 2 + 4, shorten(label, 33), "end"))
        for turn, (line, colour) in enumerate(zip(rows.values(), colours, strict=False)):
            for p in line:
                if p.label != label:
                    continue
                middle = y + band * turn + band / 2
                hollow = (
                    f'fill="{PALE[colour]}" stroke="{colour}"' if p.is_provisional else f'fill="{colour}"'
                )
                width = max(0.0, x(p.value) - left)
                body.append(
                    f'<rect x="{left}" y="{middle - 7:.1f}" width="{width:.1f}" height="14" {hollow}/>'
                )
                end = x(p.value)
                if p.half:
                    end = x(p.value + p.half)
                    body.append(svg.line(x(max(0, p.value - p.half)), middle, end, middle, INK, 1.2))
                body.append(svg.text(end + 6, middle + 4, number(p.value, language), extra='font-size="12"'))
    return figure(name, title, description, "".join(body), height)


def pyramid(
    name: str, title: str, description: str, left_side: Sequence[Point], right_side: Sequence[Point],
    sides: tuple[str, str], language: str,
) -> str:  # fmt: skip
    """Return an age pyramid: women and girls on the left, men and boys on the right, the oldest on top."""
    labels = list(dict.fromkeys(point.label for point in (*left_side, *right_side)))
    band, top = 18.0, 34.0
    height = top + band * len(labels) + 36
    middle, gap = WIDTH / 2, 62.0
    scale = ticks(max((p.value for p in (*left_side, *right_side)), default=1), 4)
    span = middle - gap - 20
    body = [
        svg.text(middle - gap, 20, sides[0], "end", f'fill="{BLUE}" font-weight="600"'),
        svg.text(middle + gap, 20, sides[1], "start", f'fill="{ORANGE}" font-weight="600"'),
    ]
    for t in scale:
        for sign in (-1, 1):
            at = middle + sign * (gap + span * t / scale[-1])
            body.append(
                svg.line(at, top, at, height - 34) + svg.text(at, height - 14, number(t, language), "middle")
            )
    for position, label in enumerate(reversed(labels)):
        y = top + band * position
        body.append(svg.text(middle, y + 13, label, "middle", 'font-size="12"'))
        for side, sign, colour in ((left_side, -1, BLUE), (right_side, 1, ORANGE)):
            value = next((p.value for p in side if p.label == label), 0.0)
            width = span * value / scale[-1]
            start = middle - gap - width if sign < 0 else middle + gap
            body.append(
                f'<rect x="{start:.1f}" y="{y + 2:.1f}" width="{width:.1f}" height="{band - 4}" fill="{colour}"/>'
            )
    return figure(name, title, description, "".join(body), height)
