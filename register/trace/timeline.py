"""A person's stays drawn as a static, accessible SVG timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from xml.sax.saxutils import escape

from register.trace.verdicts import Explanation

WIDTH, HEIGHT, LEFT, RIGHT, BAR_TOP, BAR_HEIGHT = 960, 190, 20, 20, 70, 36
INSIDE, OUTSIDE, MIGRATION, IMPUTED = "#1b6ca8", "#d9dde1", "#b3261e", "#8a5a00"


def draw_timeline(found: Explanation, text: Callable[..., str]) -> str:
    """Return the SVG: a bar that is dark where the person was in the country, with movements and migrations marked.

    Shape and words carry what colour carries: migrations have a triangle and a label, imputed legs a dashed line.
    """
    until = dt.date.fromisoformat(str(found.rule["observed_until"]))
    starts = [row["from_date"] for row in found.stays] or [until - dt.timedelta(days=365)]
    first = min(starts)
    days = max((until - first).days, 1)

    def x(day: dt.date) -> float:
        inside = min(max((day - first).days, 0), days)
        return float(round(LEFT + inside / days * (WIDTH - LEFT - RIGHT), 1))

    title = escape(text("explain.timeline_title", person=found.person_id))
    summary = escape(text("explain.timeline_desc", movements=len(found.verdicts), stays=len(found.stays)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d" '
        f'font-family="sans-serif" font-size="13">',
        f'<title id="t">{title}</title>',
        f'<desc id="d">{summary}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" fill="#1a1a1a">{title}</text>',
    ]
    for stay in found.stays:
        begin, end = x(stay["from_date"]), x(stay["to_date"] or until)
        colour = INSIDE if stay["is_present"] else OUTSIDE
        side = text("explain.inside" if stay["is_present"] else "explain.outside")
        label = f"{side}: {stay['from_date']} – {stay['to_date'] or text('explain.still')}"
        parts.append(
            f'<rect x="{begin}" y="{BAR_TOP}" width="{max(end - begin, 0.5):.1f}" height="{BAR_HEIGHT}" '
            f'fill="{colour}"><title>{escape(label)}</title></rect>'
        )
    for row in found.verdicts:
        place = x(row["movement_date"])
        dash = f' stroke-dasharray="3 3" stroke="{IMPUTED}"' if row["is_imputed"] else ' stroke="#1a1a1a"'
        top, foot = BAR_TOP - 8, BAR_TOP + BAR_HEIGHT + 8
        parts.append(f'<line x1="{place}" x2="{place}" y1="{top}" y2="{foot}" stroke-width="1"{dash}/>')
        if row["is_migration"]:
            kind = text("explain.immigration" if row["direction"] == "arrival" else "explain.emigration")
            parts.append(
                f'<path d="M{place - 6} {BAR_TOP - 20} h12 l-6 11 z" fill="{MIGRATION}"/>'
                f'<text x="{place}" y="{BAR_TOP - 25}" text-anchor="middle" fill="{MIGRATION}">'
                f"{escape(kind)} {row['movement_date']}</text>"
            )
    for year in range(first.year + 1, until.year + 1):
        place = x(dt.date(year, 1, 1))
        parts.append(
            f'<line x1="{place}" x2="{place}" y1="{BAR_TOP + BAR_HEIGHT}" y2="{BAR_TOP + BAR_HEIGHT + 14}" '
            f'stroke="#5f6670"/><text x="{place}" y="{BAR_TOP + BAR_HEIGHT + 30}" text-anchor="middle" '
            f'fill="#3c4043">{year}</text>'
        )
    legend = (
        (INSIDE, text("explain.inside")),
        (OUTSIDE, text("explain.outside")),
    )
    for number, (colour, label) in enumerate(legend):
        place = LEFT + number * 150
        parts.append(
            f'<rect x="{place}" y="{HEIGHT - 24}" width="14" height="14" fill="{colour}"/>'
            f'<text x="{place + 20}" y="{HEIGHT - 12}" fill="#1a1a1a">{escape(label)}</text>'
        )
    parts.append(
        f'<line x1="{LEFT + 300}" x2="{LEFT + 320}" y1="{HEIGHT - 17}" y2="{HEIGHT - 17}" stroke="{IMPUTED}" '
        f'stroke-dasharray="3 3"/><text x="{LEFT + 326}" y="{HEIGHT - 12}" fill="#1a1a1a">'
        f"{escape(text('explain.imputed_leg'))}</text></svg>"
    )
    return "\n".join(parts) + "\n"
