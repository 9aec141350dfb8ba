"""Small pieces of accessible HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files

from register.release.charts import number
from register.release.views import Row

Text = Callable[..., str]
LEFT = ' class="left"'


def page(title: str, language: str, body: str, skip: str) -> str:
    """Return a page that needs no other file."""
    style = files(__package__).joinpath("report.css").read_text("utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">{escape(skip)}</a>\n{body}\n</body>\n</html>\n'
    )


def table(
    caption: str, columns: Sequence[str], lines: Iterable[tuple[Sequence[str], str]], heads: int = 1
) -> str:
    """Return a table whose first columns head its rows.

    Parameters
    ----------
    lines
        Cells and the class of each row.
    heads
        How many columns head a row.
    """
    head = "".join(
        f'<th scope="col"{LEFT if place < heads else ""}>{escape(column)}</th>'
        for place, column in enumerate(columns)
    )
    body = []
    for cells, kind in lines:
        first = "".join(f'<th scope="row">{escape(cell)}</th>' for cell in cells[:heads])
        rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells[heads:])
        body.append(f'<tr class="{kind}">{first}{rest}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def rows_table(caption: str, heads: Sequence[str], found: Sequence[Row], language: str, text: Text) -> str:
    """Return rows as a table: figure, 95% interval, women, men, children, share final."""
    parts = [
        name for name in ("women", "men", "children") if any(not _is_nan(getattr(row, name)) for row in found)
    ]
    columns = [*heads, *(text(name) for name in ("total", "interval", *parts, "final"))]
    lines = []
    for row in found:
        share = "" if row.share_final is None else f"{number(100 * row.share_final, language)}\u00a0%"
        mark = "\u00a0p" if row.status == "P" else ""
        cells = [
            *row.labels,
            cell(row.value, language) + mark,
            interval(row, language),
            *(cell(getattr(row, name), language) for name in parts),
            share,
        ]
        lines.append((cells, "p" if row.status == "P" else ""))
    return table(caption, columns, lines, len(heads))


def _is_nan(value: float | None) -> bool:
    return value is not None and math.isnan(value)


def cell(value: float | None, language: str) -> str:
    """Return a figure, or the sign of a withheld one."""
    return "[c]" if value is None else number(value, language)


def interval(row: Row, language: str) -> str:
    """Return the 95% interval in words of numbers."""
    if row.value is None or row.half is None:
        return "–"
    low, high = row.value - row.half, round(row.value + row.half)
    low = round(low if row.is_signed else max(0.0, low))
    return f"{number(low, language)} – {number(high, language)}"
