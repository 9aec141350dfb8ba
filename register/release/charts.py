"""Static charts as SVG text, drawn here: a report must open without a network and print as it looks.

Every chart has a title and a description for screen readers, no text below 12 pixels, and colours that differ in
lightness as well as in hue (contrast of at least 3 to 1 with white), so that a grey print still tells them apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

BLUE, ORANGE, GREY, INK = "#1b4f8a", "#c4560a", "#6b7280", "#1f2933"
PALE = {BLUE: "#c9d8ea", ORANGE: "#f5d6c0"}
WIDTH = 720


@dataclass(frozen=True)
class Point:
    """One value of a series with half its 95% interval; provisional values are drawn hollow."""

    label: str
    value: float
    half: float = 0.0
    is_provisional: bool = False


def number(value: float, language: str) -> str:
    """Return a number as the language writes it: thin spaces between thousands, a decimal comma in Spanish."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    text = text.replace(",", "\u202f").replace("-", "\u2212")
    return text.replace(".", ",") if language == "es" else text


def figure(name: str, title: str, description: str, body: str, height: float) -> str:
    """Return an SVG with its accessible name and description."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-labelledby="{name}-t {name}-d" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>{body}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = "#d3d8de", width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def ticks(top: float, count: int = 5) -> list[float]:
    """Return round values from 0 to at least the top."""
    if top <= 0:
        return [0.0, 1.0]
    step = 10 ** math.floor(math.log10(top / count))
    step = next(step * m for m in (1, 2, 5, 10) if top / (step * m) <= count)
    return [step * i for i in range(math.ceil(top / step) + 1)]


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
        _line(left, y(t), WIDTH - right, y(t)) + _text(left - 8, y(t) + 4, number(t, language), "end")
        for t in scale
    ]
    body += [_text(x(label), bottom + 22, label, "middle") for label in labels]
    ends = []
    for (label, line), colour, shape in zip(
        series.items(), (BLUE, ORANGE), ("circle", "square"), strict=False
    ):
        path = " ".join(f"{x(p.label):.1f},{y(p.value):.1f}" for p in line)
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        for p in line:
            if p.half:
                body.append(
                    _line(
                        x(p.label), y(max(0, p.value - p.half)), x(p.label), y(p.value + p.half), colour, 1.5
                    )
                )
            body.append(_mark(x(p.label), y(p.value), colour, shape, hollow=p.is_provisional))
        ends.append((y(line[-1].value) if line else top, label, colour))
    ends.sort()
    at = -math.inf
    for place, label, colour in ends:
        at = max(place + 4, at + 18)
        body.append(_text(WIDTH - right + 12, at, label, extra=f'fill="{colour}" font-weight="600"'))
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
        _line(x(t), top - 4, x(t), height - 30) + _text(x(t), height - 12, number(t, language), "middle")
        for t in scale
    ]
    colours = (BLUE, ORANGE)
    at = left
    for label, colour in zip(rows, colours, strict=False):
        body.append(
            f'<rect x="{at:.1f}" y="4" width="12" height="12" fill="{colour}"/>' + _text(at + 17, 15, label)
        )
        at += 30 + 7.5 * len(label)
    for position, label in enumerate(labels):
        y = top + each * position
        body.append(_text(left - 8, y + band * len(rows) / 2 + 4, shorten(label, 33), "end"))
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
                    body.append(_line(x(max(0, p.value - p.half)), middle, end, middle, INK, 1.2))
                body.append(_text(end + 6, middle + 4, number(p.value, language), extra='font-size="12"'))
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
        _text(middle - gap, 20, sides[0], "end", f'fill="{BLUE}" font-weight="600"'),
        _text(middle + gap, 20, sides[1], "start", f'fill="{ORANGE}" font-weight="600"'),
    ]
    for t in scale:
        for sign in (-1, 1):
            at = middle + sign * (gap + span * t / scale[-1])
            body.append(
                _line(at, top, at, height - 34) + _text(at, height - 14, number(t, language), "middle")
            )
    for position, label in enumerate(reversed(labels)):
        y = top + band * position
        body.append(_text(middle, y + 13, label, "middle", 'font-size="12"'))
        for side, sign, colour in ((left_side, -1, BLUE), (right_side, 1, ORANGE)):
            value = next((p.value for p in side if p.label == label), 0.0)
            width = span * value / scale[-1]
            start = middle - gap - width if sign < 0 else middle + gap
            body.append(
                f'<rect x="{start:.1f}" y="{y + 2:.1f}" width="{width:.1f}" height="{band - 4}" fill="{colour}"/>'
            )
    return figure(name, title, description, "".join(body), height)


def shorten(text: str, length: int) -> str:
    """Return a label cut to a length."""
    return text if len(text) <= length else text[: length - 1] + "…"
