"""Reads extracts of any form and quality in bounded blocks: every line becomes a row or a rejected line.

Nothing is guessed. A line that is not what the declaration says (too few or too many columns, a quote that never
closes, bytes that are not in the declared encoding, binary data, the header again) is kept aside with its line number,
its reason and its text. Blank lines are no rows; they are counted apart.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from register.ingest import sheets
from register.ingest.block import LINE, MAX_RAW_CHARACTERS, Block, Header, Parted
from register.ingest.delimited import UNIT_SEPARATOR, DelimitedText
from register.ingest.fixed import FixedText
from register.ingest.lines import LineText
from register.ingest.packed import open_extract
from register.ingest.source import Format, Source
from register.ingest.stretches import MAX_LINE_BYTES, read_stretches
from register.ingest.text import fold_text

__all__ = [
    "LINE",
    "MAX_LINE_BYTES",
    "MAX_RAW_CHARACTERS",
    "Block",
    "Header",
    "find_header",
    "first_line",
    "read_blocks",
    "read_header",
]

BLOCK_BYTES = 40 * 2**20


def find_header(
    path: Path, source: Source, member: str | None = None, period: tuple[dt.date, dt.date] | None = None
) -> Header | None:
    """Read the header of an extract and hold it against its declaration; null if the extract is empty.

    Parameters
    ----------
    path, member
        The extract; the member of a zip that holds several.
    source
        Its declaration.
    period
        The first and last day that the delivery covers, where known: a column is missed only while it is valid.
    """
    form = source.format
    if form.is_typed:
        cells = sheets.read_header(path, form, member)
        return _hold(cells, source, period) if cells else None
    line = first_line(path, source, member)
    return read_header(line, source, period) if line else None


def first_line(path: Path, source: Source, member: str | None = None) -> str:
    """Return the first line of a text that is neither skipped nor blank; empty if there is none."""
    skipped = source.format.skipped_lines
    with open_extract(path, member) as stream:
        for text, _ in read_stretches(stream, source.format.encoding, MAX_LINE_BYTES):
            for line in text.split(b"\n"):
                if skipped:
                    skipped -= 1
                elif not _is_blank(line):
                    return line.decode().strip("\ufeff\r")
    return ""


def read_header(line: str, source: Source, period: tuple[dt.date, dt.date] | None = None) -> Header:
    """Hold a header line against a declaration. Without a header the declared columns are in their declared order."""
    form = source.format
    if form.fixed:
        cells = [column.name for column in form.fixed]
    elif not form.has_header:
        cells = list(form.columns)
    else:
        separator = form.delimiter
        if len(separator.encode()) > 1:
            line, separator = line.replace(separator, UNIT_SEPARATOR), UNIT_SEPARATOR
        try:
            cells = next(csv.reader([line], delimiter=separator, quotechar=form.quote or None), [])
        except csv.Error:
            # What no reader of CSV takes for a header is none; its columns will be missed.
            cells = line.split(separator)
    return _hold(cells, source, period)


def _hold(cells: Sequence[str], source: Source, period: tuple[dt.date, dt.date] | None) -> Header:
    """Hold headers against a declaration: spaces, accents and case do not matter; of two alike the first counts."""
    folded = _fold([*source.headers, *cells])
    declared = {folded[header]: header for header in source.headers}
    columns: list[str] = []
    unknown: list[str] = []
    for position, cell in enumerate(cells):
        name = declared.get(folded[cell])
        if name is None or name in columns:
            unknown.append(cell.strip())
            name = f"__unknown_{position}"
        columns.append(name)
    present = frozenset(columns)
    lacking_key = [key for key in source.key if key not in present]
    values = [value for value in source.every_value() if value.is_missing(present, period)]
    missing = [header for value in values for header in value.columns if header not in present]
    required = [
        header
        for name, value in source.columns.items()
        if source.table.columns[name].required and not present & set(value.headers)
        for header in value.columns
    ]
    return Header(
        tuple(columns),
        tuple(unknown),
        tuple(dict.fromkeys([*missing, *lacking_key])),
        tuple(dict.fromkeys([*required, *lacking_key])),
        cells[0].strip() if source.format.has_header and cells else "",
    )


def _fold(headers: Sequence[str]) -> dict[str, str]:
    """Return each header as it is compared: without case, accents, punctuation and stray spaces."""
    bare = pl.Series([header.replace("\ufeff", "").replace("_", " ") for header in headers], dtype=pl.String)
    folded = bare.to_frame("text").select(fold_text(pl.col("text")).fill_null("")).to_series()
    return dict(zip(headers, folded, strict=True))


class TextReader(Protocol):
    """Reads the stretches of one text, in order."""

    def read(self, text: bytes, first: int, *, is_last: bool) -> tuple[Parted, int]:
        """Read a stretch whose first line has the number ``first``; return also the number of the line after it."""
        ...


def read_blocks(
    path: Path, source: Source, header: Header, block_bytes: int = BLOCK_BYTES, member: str | None = None
) -> Iterator[Block]:
    """Yield an extract in blocks of about ``block_bytes``; memory does not grow with the file.

    Parameters
    ----------
    path, member
        The extract; the member of a zip that holds several.
    source
        Its declaration.
    header
        From `find_header`. An extract that lacks required columns has every line rejected, its header included.
    block_bytes
        About how large a block is.
    """
    form = source.format
    if form.is_typed:
        yield from sheets.read_blocks(path, form, header, member)
        return
    is_readable = not header.missing_required
    reader: TextReader = _reader(form, header) if is_readable else LineText("header:missing_column")
    line = 1
    with open_extract(path, member) as stream:
        stretches = read_stretches(stream, form.encoding, block_bytes)
        has_header = form.has_header and is_readable
        for text, consumed, before, blank in _without_preamble(stretches, form.skipped_lines, has_header):
            (rows, rejected, n_blank), line = reader.read(text, line + before, is_last=False)
            yield Block(rows, rejected, blank + n_blank, consumed)
    (rows, rejected, n_blank), line = reader.read(b"", line, is_last=True)
    if rows.height or rejected.height or n_blank:
        yield Block(rows, rejected, n_blank, 0)


def _reader(form: Format, header: Header) -> TextReader:
    if form.fixed:
        return FixedText(form, header.columns)
    return DelimitedText(form, header.columns, header.first)


def _without_preamble(
    stretches: Iterator[tuple[bytes, int]], skipped: int, has_header: bool
) -> Iterator[tuple[bytes, int, int, int]]:
    """Take the lines before the first row off; yield text, bytes consumed, lines taken off, and how many were blank."""
    for text, consumed in stretches:
        lines = blank = at = 0
        while (skipped or has_header) and at < len(text):
            end = text.find(b"\n", at) + 1 or len(text)
            if skipped:
                skipped -= 1
            elif _is_blank(text[at:end]):
                blank += 1
            else:
                has_header = False
            at, lines = end, lines + 1
        yield text[at:] if at else text, consumed, lines, blank


def _is_blank(line: bytes) -> bool:
    return not line.decode(errors="replace").strip("\ufeff \t\r\n")
