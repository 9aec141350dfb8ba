"""A person's stays drawn as a static, accessible SVG timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from xml.sax.saxutils import escape

from register.trace.verdicts import Explanation

WIDTH, LEFT, RIGHT, BAR_HEIGHT, TICK = 960, 20, 20, 36, 8
LABEL_TOP, LABEL_HEIGHT, LETTER = 46, 17, 7.2
# A label hides the line that leads to a label above it.
HALO = 'stroke="#ffffff" stroke-width="3" paint-order="stroke"'
INSIDE, OUTSIDE, MIGRATION, IMPUTED = "#1b6ca8", "#d9dde1", "#b3261e", "#8a5a00"


def draw_timeline(found: Explanation, text: Callable[..., str]) -> str:
    """Return the SVG: a bar that is dark where the person was in the country, with movements and migrations marked.

    Shape and words carry what colour carries: migrations have a triangle and a label, imputed legs a dashed line.
    Movements are marked above and below the bar, so that many of them do not hide it; labels that would run into each
    other stand on rows of their own.
    """
    until = dt.date.fromisoformat(str(found.rule["observed_until"]))
    starts = [row["from_date"] for row in found.stays] or [until - dt.timedelta(days=365)]
    first = min(starts)
    days = max((until - first).days, 1)

    def x(day: dt.date) -> float:
        inside = min(max((day - first).days, 0), days)
        return float(round(LEFT + inside / days * (WIDTH - LEFT - RIGHT), 1))

    labels = []
    for row in found.verdicts:
        if row["is_migration"]:
            kind = text("explain.immigration" if row["direction"] == "arrival" else "explain.emigration")
            labels.append((x(row["movement_date"]), f"{kind} {row['movement_date']}"))
    placed, rows = _place(labels)
    bar_top = LABEL_TOP + rows * LABEL_HEIGHT + 20
    height = bar_top + BAR_HEIGHT + 84
    title = escape(text("explain.timeline_title", person=found.person_id))
    summary = escape(text("explain.timeline_desc", movements=len(found.verdicts), stays=len(found.stays)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d" '
        f'font-family="sans-serif" font-size="13">',
        f'<title id="t">{title}</title>',
        f'<desc id="d">{summary}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" fill="#1a1a1a">{title}</text>',
    ]
    for stay in found.stays:
        begin, end = x(stay["from_date"]), x(stay["to_date"] or until)
        colour = INSIDE if stay["is_present"] else OUTSIDE
        side = text("explain.inside" if stay["is_present"] else "explain.outside")
        label = f"{side}: {stay['from_date']} – {stay['to_date'] or text('explain.still')}"
        parts.append(
            f'<rect x="{begin}" y="{bar_top}" width="{max(end - begin, 0.5):.1f}" height="{BAR_HEIGHT}" '
            f'fill="{colour}"><title>{escape(label)}</title></rect>'
        )
    for row in found.verdicts:
        dash = (
            f' stroke-dasharray="3 2" stroke="{IMPUTED}" stroke-width="2"'
            if row["is_imputed"]
            else ' stroke="#1a1a1a"'
        )
        above = f"M{x(row['movement_date'])} {bar_top - TICK} v{TICK}"
        parts.append(f'<path d="{above} m0 {BAR_HEIGHT} v{TICK}"{dash}/>')
    marks, words = [], []
    for (place, label), (middle, level) in zip(labels, placed, strict=True):
        foot = LABEL_TOP + (level + 1) * LABEL_HEIGHT
        marks.append(
            f'<path d="M{place} {foot - 3} V{bar_top - TICK - 10}" stroke="{MIGRATION}"/>'
            f'<path d="M{place - 6} {bar_top - TICK - 11} h12 l-6 11 z" fill="{MIGRATION}"/>'
        )
        words.append(
            f'<text x="{middle}" y="{foot - 5}" text-anchor="middle" fill="{MIGRATION}" {HALO}>{escape(label)}</text>'
        )
    parts += marks + words
    for year in range(first.year + 1, until.year + 1):
        place = x(dt.date(year, 1, 1))
        parts.append(
            f'<line x1="{place}" x2="{place}" y1="{bar_top + BAR_HEIGHT}" y2="{bar_top + BAR_HEIGHT + 14}" '
            f'stroke="#5f6670"/><text x="{place}" y="{bar_top + BAR_HEIGHT + 30}" text-anchor="middle" '
            f'fill="#3c4043">{year}</text>'
        )
    legend = (
        (INSIDE, text("explain.inside")),
        (OUTSIDE, text("explain.outside")),
    )
    for number, (colour, label) in enumerate(legend):
        place = LEFT + number * 150
        parts.append(
            f'<rect x="{place}" y="{height - 24}" width="14" height="14" fill="{colour}"/>'
            f'<text x="{place + 20}" y="{height - 12}" fill="#1a1a1a">{escape(label)}</text>'
        )
    parts.append(
        f'<line x1="{LEFT + 300}" x2="{LEFT + 320}" y1="{height - 17}" y2="{height - 17}" stroke="{IMPUTED}" '
        f'stroke-dasharray="3 3"/><text x="{LEFT + 326}" y="{height - 12}" fill="#1a1a1a">'
        f"{escape(text('explain.imputed_leg'))}</text></svg>"
    )
    return "\n".join(parts) + "\n"


def _place(labels: list[tuple[float, str]]) -> tuple[list[tuple[float, int]], int]:
    """Return for each label its middle, inside of the picture, and its row from the top, and how many rows there are.

    A label takes the lowest row that the one before it on that row leaves free.
    """
    ends: list[float] = []
    found = []
    for place, label in labels:
        half = len(label) * LETTER / 2
        middle = round(min(max(place, LEFT + half), WIDTH - RIGHT - half), 1)
        row = next((row for row, end in enumerate(ends) if middle - half > end), len(ends))
        ends[row : row + 1] = [middle + half + LETTER]
        found.append((middle, row))
    return [(middle, len(ends) - 1 - row) for middle, row in found], len(ends)
