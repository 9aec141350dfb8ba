"""Small pieces of accessible HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files

from register.release.charts import number
from register.release.views import Row

Text = Callable[..., str]


def page(title: str, language: str, body: str, skip: str) -> str:
    """Return a page that needs no other file."""
    style = files(__package__).joinpath("report.css").read_text("utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">{escape(skip)}</a>\n{body}\n</body>\n</html>\n'
    )


def table(caption: str, columns: Sequence[str], lines: Iterable[tuple[Sequence[str], str]]) -> str:
    """Return a table whose first column heads its rows.

    Parameters
    ----------
    lines
        Cells and the class of each row.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = []
    for cells, kind in lines:
        rest = "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])
        body.append(f'<tr class="{kind}"><th scope="row">{escape(cells[0])}</th>{rest}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def rows_table(caption: str, heads: Sequence[str], found: Sequence[Row], language: str, text: Text) -> str:
    """Return rows as a table: figure, 95% interval, women, men, children, share final."""
    columns = [*heads, *(text(name) for name in ("total", "interval", "women", "men", "children", "final"))]
    lines = []
    for row in found:
        share = "" if row.share_final is None else f"{number(100 * row.share_final, language)}\u00a0%"
        mark = "\u00a0p" if row.status == "P" else ""
        cells = [
            *row.labels,
            cell(row.value, language) + mark,
            interval(row, language),
            *(cell(part, language) for part in (row.women, row.men, row.children)),
            share,
        ]
        lines.append((cells, "p" if row.status == "P" else ""))
    return table(caption, columns, lines)


def cell(value: float | None, language: str) -> str:
    """Return a figure, or the sign of a withheld one."""
    return "[c]" if value is None else number(value, language)


def interval(row: Row, language: str) -> str:
    """Return the 95% interval in words of numbers."""
    if row.value is None or row.half is None:
        return "–"
    low, high = round(max(0.0, row.value - row.half)), round(row.value + row.half)
    return f"{number(low, language)} – {number(high, language)}"
