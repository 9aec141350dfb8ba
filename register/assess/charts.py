"""The charts of an assessment as SVG text: a monthly series with its breaks, and a heat map of completeness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from register.locale.numbers import number
from register.page.svg import BLUE, GREY, INK, ORANGE, WIDTH, figure, line, shorten, text, ticks

#: From empty to complete, in even steps of lightness; the ink on them keeps a contrast of at least 4.5 to 1.
SHADES = ("#8c2d04", "#d9733a", "#f3b88f", "#d5e2f0", "#9fbcdc", "#5f8fc4")
#: From which share on a cell has the next shade.
EDGES = (0.5, 0.7, 0.9, 0.98, 0.9999)
DARK = (SHADES[0],)
#: A cell narrower than this has no room for its figure, which then stands in the table alone.
NARROW = 34


def shade(share: float) -> str:
    """Return the colour of a share."""
    return SHADES[sum(share >= edge for edge in EDGES)]


def monthly(
    name: str,
    title: str,
    description: str,
    counts: Mapping[str, float],
    breaks: Mapping[str, str],
    language: str,
) -> str:
    """Return a series of months, with a dashed line and a label where its level changes.

    Parameters
    ----------
    counts
        Records by month (YYYY-MM), every month in order.
    breaks
        Labels by month.
    """
    left, right, top, height = 70.0, 20.0, 40.0, 280.0
    months = list(counts)
    scale = ticks(max(counts.values(), default=1))
    bottom = height - 34

    def x(at: float) -> float:
        return left + (WIDTH - left - right) * at / max(1, len(months) - 1)

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / scale[-1]

    body = [
        line(left, y(t), WIDTH - right, y(t)) + text(left - 8, y(t) + 4, number(t, language), "end")
        for t in scale
    ]
    years = [at for at, month in enumerate(months) if month.endswith("-01") or at == 0]
    every = max(1, len(years) // 12 + 1)
    shown = [at for place, at in enumerate(years) if place % every == 0]
    if len(shown) > 1 and x(shown[1]) - x(shown[0]) < 40:
        shown = shown[1:]
    body += [
        line(x(at), bottom, x(at), bottom + 5, GREY) + text(x(at), bottom + 22, months[at][:4], "middle")
        for at in shown
    ]
    path = " ".join(f"{x(at):.1f},{y(counts[month]):.1f}" for at, month in enumerate(months))
    body.append(f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="2"/>')
    edge, row = -200.0, 0
    for month, label in breaks.items():
        place = x(months.index(month) - 0.5) if month in counts else left
        body.append(
            f'<line x1="{place:.1f}" y1="{top - 6:.1f}" x2="{place:.1f}" y2="{bottom:.1f}" stroke="{ORANGE}" '
            'stroke-width="1.5" stroke-dasharray="5 4"/>'
        )
        # Labels of neighbouring breaks take turns in two rows, and turn back at the right end.
        row = 1 - row if place - edge < 110 else 0
        edge = place
        anchor = "end" if place > WIDTH - 120 else "start"
        shift = -4 if anchor == "end" else 4
        body.append(
            text(
                place + shift,
                14 + 15 * row,
                label,
                anchor,
                f'fill="{ORANGE}" font-size="12" font-weight="600"',
            )
        )
    return figure(name, title, description, "".join(body), height)


def heat_map(
    name: str,
    title: str,
    description: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Mapping[tuple[int, int], tuple[float, str]],
) -> str:
    """Return a heat map of shares with the figure in each cell: colour is never all that tells.

    Parameters
    ----------
    cells
        Share and label by place of row and column; what is not there is drawn empty.
    """
    left, band, top = 250.0, 24.0, 28.0
    width = min(64.0, (WIDTH - left - 8) / max(1, len(columns)))
    height = top + band * len(rows) + 40
    body = [
        text(left + width * (at + 0.5), 18, column, "middle", 'font-size="12"')
        for at, column in enumerate(columns)
    ]
    for row, label in enumerate(rows):
        body.append(text(left - 8, top + band * row + 16, shorten(label, 36), "end", 'font-size="12"'))
        for column in range(len(columns)):
            cell = cells.get((row, column))
            at, y = left + width * column, top + band * row
            colour = shade(cell[0]) if cell else "#ffffff"
            body.append(
                f'<rect x="{at:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{band - 2:.1f}" fill="{colour}"'
                + ("/>" if cell else ' stroke="#d3d8de"/>')
            )
            if cell and width >= NARROW:
                ink = "#ffffff" if colour in DARK else INK
                body.append(
                    text(at + width / 2 - 1, y + 15, cell[1], "middle", f'fill="{ink}" font-size="12"')
                )
    at = left
    for shown, low in zip(SHADES, (0.0, *EDGES), strict=True):
        body.append(f'<rect x="{at:.1f}" y="{height - 26:.1f}" width="14" height="14" fill="{shown}"/>')
        percent = f"{100 * low:.0f}" if low < EDGES[-1] else "100"
        body.append(
            text(at + 18, height - 14, f"≥{percent}" if low < EDGES[-1] else percent, extra='font-size="12"')
        )
        at += 62
    return figure(name, title, description, "".join(body), height)
