"""The tables of a report, as accessible HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from register.locale.numbers import decimal, number
from register.page.html import page, table
from register.release.views import Row

Text = Callable[..., str]

__all__ = ["cell", "interval", "page", "rows_table", "table"]


def rows_table(
    caption: str,
    heads: Sequence[str],
    found: Sequence[Row],
    language: str,
    text: Text,
    digits: int | None = None,
) -> str:
    """Return rows as a table: figure, 95% interval, women, men, children, share final.

    Figures have as many decimals as ``digits``, or those that they need.
    """
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
            cell(row.value, language, digits) + mark,
            interval(row, language),
            *(cell(getattr(row, name), language, digits) for name in parts),
            share,
        ]
        lines.append((cells, "p" if row.status == "P" else ""))
    return table(caption, columns, lines, len(heads))


def _is_nan(value: float | None) -> bool:
    return value is not None and math.isnan(value)


def cell(value: float | None, language: str, digits: int | None = None) -> str:
    """Return a figure, or the sign of a withheld one."""
    if value is None:
        return "[c]"
    return number(value, language) if digits is None else decimal(value, digits, language)


def interval(row: Row, language: str) -> str:
    """Return the 95% interval in words of numbers."""
    if row.value is None or row.half is None:
        return "–"
    low, high = row.value - row.half, round(row.value + row.half)
    low = round(low if row.is_signed else max(0.0, low))
    return f"{number(low, language)} – {number(high, language)}"
