"""The journeys of both sides of a pair on one line of time, as a static SVG.

Shape and place say what colour says: an arrival points down into its bar, a departure up and out of it, other records
stand on the line with their initial. A bar runs from an arrival to the next departure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from html import escape

from register.review.records import Mark

Text = Callable[..., str]
WIDTH, LEFT, RIGHT, TOP, LANE, BAR = 1160, 34, 14, 20, 46, 12
COLOURS = ("#1b4f8a", "#9a3c06")
INK, SOFT, LINE, PALE = "#1f2933", "#4b5563", "#cbd2d9", "#eef1f4"
CROSSINGS = ("arrival", "departure")


def draw(journeys: Sequence[Sequence[Mark]], text: Text) -> str:
    """Return the SVG of two journeys, empty if neither has a dated record."""
    days = [mark.day for marks in journeys for mark in marks]
    if not days:
        return ""
    first, last = min(days), max(days)
    # A margin on both ends, so that no sign is cut; a single day has a year around it.
    slack = max((last - first).days // 40, 10 if last > first else 180)
    start, end = first - dt.timedelta(slack), last + dt.timedelta(slack)
    span = (end - start).days

    def x(day: dt.date) -> float:
        return round(LEFT + (day - start).days / span * (WIDTH - LEFT - RIGHT), 1)

    height = TOP + LANE * len(journeys) + 22
    title = escape(text("review.journeys"))
    counts = [sum(mark.what in CROSSINGS for mark in marks) for marks in journeys]
    summary = escape(text("review.journeys_desc", left=counts[0], right=counts[1], first=first, last=last))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="j-t j-d" font-size="12" '
        f'font-family="system-ui, sans-serif" fill="{INK}">'
        f'<title id="j-t">{title}</title><desc id="j-d">{summary}</desc>'
    ]
    parts += _ticks(start, end, x, height)
    for lane, marks in enumerate(journeys):
        parts += _lane(lane, marks, x, text, end)
    return "".join(parts) + "</svg>"


def _ticks(start: dt.date, end: dt.date, x: Callable[[dt.date], float], height: int) -> list[str]:
    """Return the lines of years; of months or days, where the journeys are short."""
    months = [dt.date(year, month, 1) for year in range(start.year, end.year + 1) for month in range(1, 13)]
    inside = [month for month in months if start < month < end]
    years = [month for month in inside if month.month == 1]
    if len(years) > 1:
        labels = {day: str(day.year) for day in years}
    elif len(inside) > 2:
        labels = {day: day.isoformat()[:7] for day in inside}
    else:
        days = ((end - start) * part / 6 + start for part in range(1, 6))
        labels = {day: day.isoformat() for day in days}
    step = max(1, -(-len(labels) // 14))
    return [
        f'<line x1="{x(day)}" x2="{x(day)}" y1="8" y2="{height - 18}" stroke="{LINE}"/>'
        f'<text x="{x(day)}" y="{height - 5}" text-anchor="middle" fill="{SOFT}">{label}</text>'
        for day, label in list(labels.items())[::step]
    ]


def _lane(
    lane: int, marks: Sequence[Mark], x: Callable[[dt.date], float], text: Text, end: dt.date
) -> list[str]:
    colour, top = COLOURS[lane % 2], TOP + LANE * lane
    middle = top + LANE / 2
    parts = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{middle}" y2="{middle}" stroke="{LINE}"/>'
        f'<text x="4" y="{middle + 6}" font-size="17" font-weight="700" fill="{colour}">{"AB"[lane]}</text>'
    ]
    for begun, left in _presence(marks):
        begin, finish = x(begun), x(left or end)
        hatch = "" if left else ' stroke-dasharray="4 3"'
        parts.append(
            f'<rect x="{begin}" y="{middle - BAR / 2}" width="{max(finish - begin, 1):.1f}" height="{BAR}" '
            f'fill="{PALE}" stroke="{colour}"{hatch}/>'
        )
    parts += [_sign(mark, x(mark.day), middle, colour, text) for mark in marks]
    return parts


def _presence(marks: Sequence[Mark]) -> list[tuple[dt.date, dt.date | None]]:
    """Return the stretches from an arrival to the departure that follows it; open where none does."""
    crossings = [mark for mark in marks if mark.what in CROSSINGS]
    bars: list[tuple[dt.date, dt.date | None]] = []
    for place, mark in enumerate(crossings):
        after = crossings[place + 1] if place + 1 < len(crossings) else None
        if mark.what == "arrival" and (after is None or after.what == "departure"):
            bars.append((mark.day, after.day if after else None))
    return bars


def _sign(mark: Mark, place: float, middle: float, colour: str, text: Text) -> str:
    what = text(f"review.mark_{mark.what}")
    said = f"<title>{escape(f'{mark.day} {what}')}{escape(f', {mark.post}' if mark.post else '')}</title>"
    if mark.what == "arrival":
        top = middle - BAR / 2
        return f'<path d="M{place - 5} {top - 9} h10 l-5 9 z" fill="{colour}">{said}</path>'
    if mark.what == "departure":
        foot = middle + BAR / 2
        return f'<path d="M{place - 5} {foot + 9} h10 l-5 -9 z" fill="#fff" stroke="{colour}">{said}</path>'
    return (
        f'<g>{said}<rect x="{place - 8}" y="{middle - 8}" width="16" height="16" rx="2" fill="#fff" '
        f'stroke="{colour}"/><text x="{place}" y="{middle + 4.5}" text-anchor="middle" font-weight="700">'
        f"{escape(what[:1].upper())}</text></g>"
    )
