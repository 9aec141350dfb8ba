"""Parts fixed-width text into rows and rejected lines."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from register.ingest.block import LINE, TEXT, Parted, as_rejected
from register.ingest.lines import damage, read_lines, without_blank
from register.ingest.source import Format


class FixedText:
    """Reads stretches of one fixed-width file.

    Places and widths are counted in characters. The spaces at the end of a line may be missing, as editors cut them
    off, but a line that ends before its last column begins is too short, and one with text beyond it too long.
    """

    def __init__(self, form: Format, columns: Sequence[str]) -> None:
        self.ignored = form.ignored_lines
        self.places = list(zip(columns, form.fixed, strict=True))
        self.last = max(column.start for column in form.fixed)
        self.end = max(column.start + column.width - 1 for column in form.fixed)

    def read(self, text: bytes, first: int, *, is_last: bool) -> tuple[Parted, int]:  # noqa: ARG002
        """Read a stretch whose first line has the number ``first``; return also the number of the line after it."""
        lines = read_lines(text, first)
        filled = without_blank(lines, self.ignored)
        line = pl.col(TEXT)
        length = line.str.strip_chars_end(" \t").str.len_chars()
        misfit = (
            pl.when(line.str.len_chars() < self.last)
            .then(pl.lit("line:too_few_columns"))
            .when(length > self.end)
            .then(pl.lit("line:too_many_columns"))
        )
        marked = filled.with_columns(pl.coalesce(damage(line), misfit).alias("reasons"))
        good = marked.filter(pl.col("reasons").is_null())
        cells = (
            line.str.slice(place.start - 1, place.width).str.strip_chars().replace("", None).alias(name)
            for name, place in self.places
        )
        rejected = as_rejected(marked.filter(pl.col("reasons").is_not_null()))
        return (good.select(*cells, LINE), rejected, lines.height - filled.height), first + lines.height
