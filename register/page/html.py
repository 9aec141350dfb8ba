"""Small pieces of accessible HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

LEFT = ' class="left"'


def page(title: str, language: str, body: str, skip: str) -> str:
    """Return a page that needs no other file."""
    style = files(__package__).joinpath("page.css").read_text("utf-8")
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
