"""The workbook: cover, contents, notes, one sheet a table.

Made for screen readers: one table a sheet, marked as
such, no merged, empty or hidden cells, no meaning by colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from register.locale import translate
from register.release.order import Order
from register.release.published import Published
from register.release.report import reading_notes

WITHHELD, NONE = "[c]", "[z]"
FIRST_ROW = 4
WIDEST = 60


def write_workbook(tables: Sequence[Published], order: Order, language: str, path: Path) -> None:
    """Write the workbook of a release in a language."""
    text: Callable[..., str] = lambda key, **values: translate(f"release.{key}", language, **values)  # noqa: E731
    country = order.releases.label("citizenship", order.parameters.country, language)
    title = text("workbook_title", country=country)
    with xlsxwriter.Workbook(str(path), {"strings_to_numbers": False, "in_memory": True}) as book:
        book.set_properties({"title": title, "subject": order.month, "category": language})
        styles = {
            "title": book.add_format({"bold": True, "font_size": 16}),
            "head": book.add_format({"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"}),
            "text": book.add_format({"text_wrap": True, "valign": "top"}),
            "link": book.add_format({"font_color": "#1b4f8a", "underline": 1}),
            "number": book.add_format({"num_format": "#,##0.##", "align": "right"}),
            "sign": book.add_format({"align": "right"}),
        }
        cover = book.add_worksheet(text("sheet_cover"))
        until = order.parameters.observed_until.isoformat()
        _column(
            cover, styles, title, [text("subtitle", month=order.month, until=until), text("workbook_signs")]
        )
        _contents(book.add_worksheet(text("sheet_contents")), styles, tables, language, text)
        notes = [*reading_notes(order, text)]
        notes += [
            f"{', '.join(map(str, period.years))}: {period.label[language]}"
            for period in order.releases.periods
        ]
        _column(book.add_worksheet(text("sheet_notes")), styles, text("how_to_read"), notes)
        for one in tables:
            _table(book.add_worksheet(one.table.name), styles, one, order, language, text)


def _column(sheet: Any, styles: dict[str, Any], title: str, lines: Sequence[str]) -> None:
    sheet.set_column(0, 0, 100)
    sheet.write(0, 0, title, styles["title"])
    for number, line in enumerate(lines):
        sheet.write(number + 1, 0, line, styles["text"])


def _contents(
    sheet: Any, styles: dict[str, Any], tables: Sequence[Published], language: str, text: Callable[..., str]
) -> None:
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 1, 90)
    sheet.write(0, 0, text("contents"), styles["title"])
    sheet.write_row(1, 0, [text("table"), text("table_title")], styles["head"])
    for number, one in enumerate(tables):
        sheet.write_url(number + 2, 0, f"internal:'{one.table.name}'!A1", styles["link"], one.table.name)
        sheet.write(number + 2, 1, one.table.title[language])


def _table(
    sheet: Any, styles: dict[str, Any], one: Published, order: Order, language: str, text: Callable[..., str]
) -> None:
    table, releases = one.table, order.releases
    sheet.write(0, 0, f"{table.name}. {table.title[language]}", styles["title"])
    unit = table.unit.get(language) or text("persons")
    sheet.write(1, 0, text("unit", unit=unit) + " " + table.note.get(language, ""))
    periods = [
        period.label[language] for period in releases.periods if period.concerns(table.name, one.years)
    ]
    sheet.write(2, 0, " ".join(periods) or text("no_breaks"))
    labelled = one.frame.with_columns(
        pl.col(name).replace(dict(releases.labels(name, language))) for name in table.dimensions
    )
    status = {"A": text("status_a"), "P": text("status_p")}
    heads = [releases.dimensions[name].label[language] for name in table.dimensions]
    heads += [text(key) for key in ("value", "error", "final", "status")]
    columns = [labelled[name].to_list() for name in table.dimensions]
    columns.append([WITHHELD if value is None else value for value in labelled["value"]])
    columns += [
        [NONE if value is None else value for value in labelled[name]]
        for name in ("standard_error", "share_final")
    ]
    columns.append([status[code] for code in labelled["obs_status"]])
    # A spreadsheet's table has a row at least, be it empty.
    last = FIRST_ROW + max(1, len(labelled))
    sheet.add_table(
        FIRST_ROW, 0, last, len(heads) - 1,
        {"columns": [{"header": head} for head in heads], "name": f"table_{table.name}", "style": None},
    )  # fmt: skip
    sheet.write_row(FIRST_ROW, 0, heads, styles["head"])
    for place, (head, column) in enumerate(zip(heads, columns, strict=True)):
        is_text = place < len(table.dimensions) or place == len(heads) - 1
        sheet.write_column(FIRST_ROW + 1, place, column, None if is_text else styles["number"])
        longest = max((len(str(value)) for value in column), default=0) if is_text else 8
        sheet.set_column(place, place, min(WIDEST, max(12, len(head) // 2, longest) + 2))
    sheet.freeze_panes(FIRST_ROW + 1, 0)
