"""Charts of match weights, in bits: their distribution, those of the levels, and how those of one pair add up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from register.locale.numbers import decimal, number
from register.page.svg import BLUE, GREY, INK, ORANGE, WIDTH, figure, line, shorten, text, ticks


@dataclass(frozen=True)
class Bar:
    """One bar with its label; ``note`` stands beside its value. A ``fixed`` weight is drawn hollow."""

    label: str
    value: float
    note: str = ""
    is_hollow: bool = False


def bits(value: float, language: str) -> str:
    """Return a weight with its sign and one decimal."""
    return decimal(value, 1, language, sign=True)


def histogram(
    name: str, title: str, description: str, bins: Sequence[tuple[float, float, float]],
    series: tuple[str, str], marks: Mapping[str, float], axis: str, language: str,
) -> str:  # fmt: skip
    """Return stacked columns one bit wide.

    Parameters
    ----------
    bins
        Foot of each column, in bits, and its two counts.
    series
        What the two counts are.
    marks
        Thresholds by their labels, drawn as vertical lines.
    axis
        What stands below.
    """
    left, right, top, height = 64.0, 16.0, 62.0, 330.0
    bottom = height - 48
    low = math.floor(min([foot for foot, *_ in bins] + list(marks.values())))
    high = math.ceil(max([foot + 1 for foot, *_ in bins] + list(marks.values())))
    scale = ticks(max((a + b for _, a, b in bins), default=1))

    def x(value: float) -> float:
        return left + (WIDTH - left - right) * (value - low) / max(high - low, 1)

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / scale[-1]

    body = [
        line(left, y(t), WIDTH - right, y(t)) + text(left - 8, y(t) + 4, number(t, language), "end")
        for t in scale
    ]
    at = left
    for label, colour in zip(series, (BLUE, ORANGE), strict=True):
        body.append(
            f'<rect x="{at:.1f}" y="4" width="12" height="12" fill="{colour}"/>' + text(at + 17, 15, label)
        )
        at += 34 + 7.2 * len(label)
    wide = max(x(1) - x(0) - 1, 0.5)
    for foot, lower, upper in bins:
        base = bottom
        for value, colour in ((lower, BLUE), (upper, ORANGE)):
            tall = bottom - y(value)
            body.append(
                f'<rect x="{x(foot) + 0.5:.1f}" y="{base - tall:.1f}" width="{wide:.1f}" '
                f'height="{tall:.1f}" fill="{colour}"/>'
            )
            base -= tall
    every = next(step for step in (1, 2, 4, 8, 16, 32) if (high - low) / step <= 18)
    body += [
        text(x(place), bottom + 20, number(place, language), "middle")
        for place in range(math.ceil(low / every) * every, high + 1, every)
    ]
    for turn, (label, value) in enumerate(marks.items()):
        foot = 34 + 16 * turn
        body.append(
            f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{foot}" y2="{bottom}" stroke="{INK}" '
            'stroke-width="1.5" stroke-dasharray="5 3"/>'
            + text(x(value) + 5, foot + 8, label, extra='font-weight="600"')
        )
    body.append(text((left + WIDTH - right) / 2, height - 8, axis, "middle", f'fill="{GREY}"'))
    return figure(name, title, description, "".join(body), height)


def diverging(
    name: str, title: str, description: str, groups: Mapping[str, Sequence[Bar]], language: str
) -> str:
    """Return bars to the right of zero for what speaks for one person, to the left for what speaks against it."""
    left, right, band = 300.0, 70.0, 18.0
    reach = max((abs(bar.value) for bars in groups.values() for bar in bars), default=1.0) or 1.0
    zero = left + (WIDTH - left - right) / 2
    unit = (WIDTH - left - right) / 2 / reach
    body, y = [], 10.0
    for heading, bars in groups.items():
        body.append(text(12, y + 13, heading, extra='font-weight="600"'))
        y += band + 2
        for bar in bars:
            colour = BLUE if bar.value >= 0 else ORANGE
            start = min(zero, zero + bar.value * unit)
            paint = (
                f'fill="#ffffff" stroke="{colour}" stroke-width="1.5"'
                if bar.is_hollow
                else f'fill="{colour}"'
            )
            body.append(text(left - 25, y + 13, shorten(bar.label, 42), "end", 'font-size="12"'))
            wide = abs(bar.value) * unit
            body.append(
                f'<rect x="{start:.1f}" y="{y + 3:.1f}" width="{wide:.1f}" height="{band - 6}" {paint}/>'
            )
            beyond = zero + bar.value * unit + (5 if bar.value >= 0 else -5)
            body.append(
                text(
                    beyond,
                    y + 13,
                    bits(bar.value, language),
                    "start" if bar.value >= 0 else "end",
                    'font-size="12"',
                )
            )
            y += band
        y += 8
    body.append(line(zero, 6, zero, y, INK))
    return figure(name, title, description, "".join(body), y + 6)


def waterfall(
    name: str, title: str, description: str, steps: Sequence[Bar], total: str, marks: Mapping[str, float],
    language: str,
) -> str:  # fmt: skip
    """Return how the weight of a pair adds up, step by step, from what is known of any two identities.

    Parameters
    ----------
    steps
        What each comparison adds; ``note`` says how alike the two are.
    total
        Label of the sum.
    marks
        Thresholds by their labels.
    """
    left, right, band, top = 300.0, 56.0, 26.0, 30.0
    running = [0.0]
    for step in steps:
        running.append(running[-1] + step.value)
    low, high = (pick([*running, *marks.values()]) for pick in (min, max))
    unit = (WIDTH - left - right) / max(high - low, 1.0)

    def x(value: float) -> float:
        return left + (value - low) * unit

    height = top + band * (len(steps) + 1) + 44
    foot = height - 40
    body = [line(x(0), top - 6, x(0), foot, GREY)]
    for label, value in marks.items():
        body.append(
            f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{top - 6:.1f}" y2="{foot:.1f}" stroke="{INK}" '
            'stroke-width="1.2" stroke-dasharray="5 3"/>'
            + text(x(value), top - 12, label, "middle", 'font-size="12"')
        )
    for turn, step in enumerate(steps):
        y = top + band * turn
        start, end = running[turn], running[turn + 1]
        colour = BLUE if step.value >= 0 else ORANGE
        body.append(
            text(left - 12, y + 11, shorten(step.label, 42), "end", 'font-size="12" font-weight="600"')
        )
        body.append(text(left - 12, y + 23, shorten(step.note, 50), "end", f'font-size="12" fill="{GREY}"'))
        wide = max(abs(x(end) - x(start)), 1.0)
        body.append(
            f'<rect x="{min(x(start), x(end)):.1f}" y="{y + 4:.1f}" width="{wide:.1f}" height="{band - 9}" '
            f'fill="{colour}"/>'
        )
        body.append(
            text(max(x(start), x(end)) + 4, y + 17, bits(step.value, language), extra='font-size="12"')
        )
        body.append(line(x(end), y + 4, x(end), y + band + 4, GREY, 0.8))
    y = top + band * len(steps)
    body.append(text(left - 12, y + 17, total, "end", 'font-weight="600"'))
    begin, end = sorted((x(0), x(running[-1])))
    body.append(
        f'<rect x="{begin:.1f}" y="{y + 4:.1f}" width="{max(end - begin, 1):.1f}" height="{band - 9}" fill="{INK}"/>'
    )
    body.append(text(end + 4, y + 17, bits(running[-1], language), extra='font-size="12" font-weight="600"'))
    return figure(name, title, description, "".join(body), height)
