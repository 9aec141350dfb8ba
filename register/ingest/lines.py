"""Looks at text line by line."""

from __future__ import annotations

import io

import polars as pl

from register.ingest.block import LINE, TEXT, Parted, no_rows, reject
from register.ingest.stretches import MAX_LINE_BYTES


def read_lines(text: bytes, first: int) -> pl.DataFrame:
    """Return the lines of a text (``__text``) with their numbers (``__line``)."""
    if not text:
        return pl.DataFrame(schema={TEXT: pl.String, LINE: pl.Int64})
    frame = pl.read_lines(io.BytesIO(text), name=TEXT)
    return frame.with_columns(pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(LINE))


def without_blank(lines: pl.DataFrame, ignored: str | None = None) -> pl.DataFrame:
    """Leave out lines of nothing but spaces, and those that a declared pattern says are no rows."""
    is_row = pl.col(TEXT).str.strip_chars("\ufeff\x1a \t\r\n") != ""
    if ignored is not None:
        is_row &= ~pl.col(TEXT).str.contains(ignored)
    return lines.filter(is_row)


def damage(text: pl.Expr) -> pl.Expr:
    """Return why a text cannot be read, whatever its form is: too long, binary, in another encoding; null if it can."""
    return (
        pl.when(text.str.len_bytes() > MAX_LINE_BYTES)
        .then(pl.lit("line:too_long"))
        .when(text.str.contains("\x00", literal=True))
        .then(pl.lit("line:binary"))
        .when(text.str.contains("\ufffd", literal=True))
        .then(pl.lit("line:encoding"))
    )


class LineText:
    """Rejects every line of a text for one reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def read(self, text: bytes, first: int, *, is_last: bool) -> tuple[Parted, int]:  # noqa: ARG002
        """Reject the lines of a stretch whose first line has the number ``first``."""
        lines = read_lines(text, first)
        filled = without_blank(lines)
        return (no_rows(()), reject(filled, self.reason), lines.height - filled.height), first + lines.height
