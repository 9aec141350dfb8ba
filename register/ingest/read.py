"""Reads extracts of any form and quality in bounded blocks: every line becomes a row or a rejected line.

Nothing is guessed. A line that is not what the declaration says (too few or too many columns, a quote that never
closes, bytes that are not in the declared encoding, binary data, the header again) is kept aside with its line number,
its reason and its text. Blank lines are no rows; they are counted apart.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from operator import itemgetter
from typing import Protocol

import polars as pl

from register.ingest import sheets
from register.ingest.block import LINE, MAX_RAW_CHARACTERS, UNKNOWN, Block, Header, Parted
from register.ingest.delimited import UNIT_SEPARATOR, DelimitedText
from register.ingest.extracts import Extract
from register.ingest.filled import fill_down
from register.ingest.fixed import FixedText
from register.ingest.kinds import find_encoding, refuse_other_kind
from register.ingest.lines import LineText
from register.ingest.object_text import ObjectText, key_place, read_keys
from register.ingest.packed import open_extract
from register.ingest.source import Format, Source
from register.ingest.stretches import MAX_LINE_BYTES, read_pieces, read_stretches
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

BLOCK_BYTES = 48 * 2**20
# Bytes are turned into rows in stretches small enough that their memory is used again for the next one.
STRETCH_BYTES = 8 * 2**20
MAX_HEADER_LINES = 20


def find_header(extract: Extract) -> Header | None:
    """Read the header of an extract and hold it against its declaration; null if the extract is empty.

    A column is missed only while it is valid, where the period of the delivery is known.
    """
    source = extract.source
    refuse_other_kind(extract.path, extract.member, source.format)
    if source.format.is_typed:
        cells = sheets.read_header(extract.path, source.format, extract.member, extract.sheet)
        return _hold(cells, source, extract.period) if cells else None
    if source.format.type == "json":
        keys = read_keys(extract.path, extract.member, source.format)
        return None if keys is None else _hold_keys(keys, source, extract.period)
    line = first_line(extract)
    return read_header(line, source, extract.period) if line else None


def first_line(extract: Extract) -> str:
    """Return the first line of a text that is neither skipped nor blank; empty if there is none.

    A header in quotes may go on over several lines; it is returned whole.
    """
    form = extract.source.format
    preamble = Preamble(form)
    with open_extract(extract.path, extract.member) as stream:
        encoding = find_encoding(extract.path, extract.member, form)
        stretches = read_stretches(stream, encoding, MAX_LINE_BYTES)
        lines = (line for text, _ in stretches for line in text.removesuffix(b"\n").split(b"\n"))
        for line in lines:
            if not preamble.holds(line):
                return _whole_header(line, lines, extract.source)
    return ""


def _whole_header(first: bytes, rest: Iterator[bytes], source: Source) -> str:
    """Join the lines of a header in quotes, where that makes more declared columns of it."""
    header, quote = first.decode().strip("\ufeff\r"), source.format.quote
    if not quote or not source.format.has_header or header.count(quote) % 2 == 0:
        return header
    joined = header
    for line in islice(rest, MAX_HEADER_LINES):
        joined += "\n" + line.decode().strip("\r")
        if joined.count(quote) % 2 == 0:
            return joined if _declared(joined, source) > _declared(header, source) else header
    return header


def _hold_keys(keys: Mapping[str, str], source: Source, period: tuple[dt.date, dt.date] | None) -> Header:
    """Hold the keys of objects against a declaration; of what it does not declare nothing is read.

    Keys that it declares may stand in later objects alone. Where hardly one is known, keys may be somebody's names or
    numbers, and are told by their places.
    """
    header = _hold(list(keys), source, period)
    known = {
        name: place
        for name, place in zip(header.columns, keys.values(), strict=True)
        if not name.startswith(UNKNOWN)
    }
    places = {name: key_place(name) for name in sorted(source.headers - set(source.ignored))} | known
    is_doubtful = len(known) < max(2, len(source.headers) / 4)
    unknown = header.unknown
    if is_doubtful:
        unknown = tuple(f"#{at + 1}" for at, name in enumerate(header.columns) if name.startswith(UNKNOWN))
    return replace(header, columns=tuple(places), unknown=unknown, places=tuple(places.values()))


def _declared(line: str, source: Source) -> int:
    return sum(not column.startswith(UNKNOWN) for column in read_header(line, source).columns)


class Preamble:
    """Tells the lines above the header, or above the first row, from what follows; asked line by line, in order.

    They are as many as the declaration skips, then those before one that begins as declared, blank lines, and the line
    by which spreadsheets are told the delimiter ("sep=;").
    """

    _TOLD_DELIMITER = re.compile(r'"?sep=[^"]{1,2}"?', re.IGNORECASE)

    def __init__(self, form: Format) -> None:
        self.is_over = False
        self._left = form.skipped_lines
        self._begins = re.compile(form.begins) if form.begins else None

    def holds(self, line: bytes) -> bool:
        """Say whether a line, the next one, is still part of it."""
        if self._left:
            self._left -= 1
            return True
        text = line.decode(errors="replace").strip("\ufeff\r\n")
        is_begun = self._begins is None or self._begins.search(text) is not None
        self.is_over = bool(text.strip()) and is_begun and not self._TOLD_DELIMITER.fullmatch(text)
        return not self.is_over


def read_header(line: str, source: Source, period: tuple[dt.date, dt.date] | None = None) -> Header:
    """Hold a header line against a declaration. Without a header the declared columns are in their declared order.

    Of several delimiters that one counts by which most declared columns stand in the line, the first of those alike.
    """
    form = source.format
    read = []
    for delimiter in form.delimiters:
        cells = _cells(line, delimiter, form.quote) if form.has_header else form.columns
        header = replace(_hold(cells, source, period), lines=line.count("\n") + 1, delimiter=delimiter)
        if form.has_header:
            n_found = sum(not column.startswith(UNKNOWN) for column in header.columns)
        else:
            n_found = -abs(line.count(delimiter) + 1 - len(form.columns))
        read.append((n_found, header))
    return max(read, key=itemgetter(0))[1]


def _cells(line: str, separator: str, quote: str) -> list[str]:
    """Divide a header line. What no reader of CSV takes for one is divided anyhow; its columns will be missed."""
    if len(separator.encode()) > 1:
        line, separator = line.replace(separator, UNIT_SEPARATOR), UNIT_SEPARATOR
    try:
        header = pl.read_csv(
            io.StringIO(line),
            separator=separator,
            quote_char=quote or None,
            has_header=False,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return line.split(separator)
    return [cell or "" for cell in header.row(0)] if header.height == 1 else line.split(separator)


def _hold(cells: Sequence[str], source: Source, period: tuple[dt.date, dt.date] | None) -> Header:
    """Hold headers against a declaration: spaces, accents and case do not matter; of two alike the first counts.

    A column that stands under a former name gets its present one.
    """
    folded = _fold([*source.headers, *source.renamed, *cells])
    declared = {folded[former]: present for former, present in source.renamed.items()}
    declared |= {folded[header]: header for header in source.headers}
    columns: list[str] = []
    unknown: list[int] = []
    for position, cell in enumerate(cells):
        name = declared.get(folded[cell])
        if name is None or name in columns:
            unknown.append(position)
            name = f"{UNKNOWN}{position}"
        columns.append(name)
    if source.format.ends_with_delimiter and (not cells or cells[-1].strip()):
        columns.append(f"{UNKNOWN}end")
    elif source.format.ends_with_delimiter:
        unknown.remove(len(cells) - 1)
    present = frozenset(columns)
    present |= {name for name, headers in source.unfolded.items() if not present.isdisjoint(headers)}
    lacking_key = [header for value in source.key for header in value.headers if header not in present]
    every = (*source.row_values(), *source.every_value())
    values = [value for value in every if value.is_missing(present, period)]
    missing = [header for value in values for header in value.headers if header not in present]
    required = [
        header
        for name, value in source.columns.items()
        if source.table.columns[name].required and value.headers and not present & set(value.headers)
        for header in value.headers
    ]
    if not present & source.headers:
        # Rows of which nothing is known would be records of nobody.
        required = missing
    is_header = not source.format.has_header or len(cells) - len(unknown) >= max(2, len(source.headers) / 4)
    return Header(
        tuple(columns),
        tuple(_told(cells, unknown, is_header=is_header)),
        _in_extract([*missing, *lacking_key], source),
        _in_extract([*required, *lacking_key], source),
        cells[0].strip() if source.format.has_header and cells else "",
        is_doubtful=not is_header,
    )


def _in_extract(columns: Sequence[str], source: Source) -> tuple[str, ...]:
    """Return the headers that columns are taken from, each once."""
    return tuple(dict.fromkeys(header for name in columns for header in source.unfolded.get(name, (name,))))


def _told(cells: Sequence[str], places: Sequence[int], *, is_header: bool) -> list[str]:
    """Name columns that no declaration knows: by their place where they have no name, or the line may be no header.

    A file that came without its header must not tell its first person to whoever reads a log.
    """
    return [
        cells[place].strip() if is_header and cells[place].strip() else f"#{place + 1}" for place in places
    ]


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


def read_blocks(extract: Extract, header: Header, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield an extract in blocks, as `_read_blocks` does, with the cells filled that mean what stands above them."""
    blocks = _read_blocks(extract, header, block_bytes)
    columns = extract.source.format.filled_down
    return fill_down(blocks, columns) if columns else blocks


def _read_blocks(extract: Extract, header: Header, block_bytes: int) -> Iterator[Block]:
    """Yield an extract in blocks of about ``block_bytes``; memory does not grow with the file.

    Parameters
    ----------
    extract
        The extract.
    header
        From `find_header`. An extract that lacks required columns has every line rejected, its header included.
    block_bytes
        About how large a block is.
    """
    form = extract.source.format
    if form.is_typed:
        yield from sheets.read_blocks(extract.path, form, header, extract.member, extract.sheet)
        return
    is_readable = not header.missing_required
    reader: TextReader = _reader(form, header) if is_readable else LineText("header:missing_column")
    line, read, n_read = 1, list[Parted](), 0
    with open_extract(extract.path, extract.member) as stream:
        cut = read_pieces if form.type == "json" and is_readable else read_stretches
        encoding = find_encoding(extract.path, extract.member, form)
        stretches = cut(stream, encoding, min(block_bytes, STRETCH_BYTES))
        header_lines = header.lines if form.has_header and is_readable else 0
        for text, consumed, before, blank in _without_top(stretches, form, header_lines):
            (rows, rejected, n_blank), line = reader.read(text, line + before, is_last=False)
            read.append((rows, rejected, blank + n_blank))
            n_read += consumed
            # Stretches end with a line, and so a little before they are full.
            if n_read > block_bytes - MAX_LINE_BYTES:
                yield _block(read, n_read)
                read, n_read = [], 0
    read.append(reader.read(b"", line, is_last=True)[0])
    yield _block(read, n_read)


def _block(parts: Sequence[Parted], consumed: int) -> Block:
    """Put what was read of several stretches together. In one piece each column is worked on quicker."""
    rows, rejected, blank = zip(*parts, strict=True)
    return Block(pl.concat(rows, rechunk=True), pl.concat(rejected, rechunk=True), sum(blank), consumed)


def _reader(form: Format, header: Header) -> TextReader:
    if form.type == "json":
        return ObjectText(form, header)
    if form.fixed:
        return FixedText(form, header.columns)
    return DelimitedText(form, header)


def _without_top(
    stretches: Iterator[tuple[bytes, int]], form: Format, header_lines: int
) -> Iterator[tuple[bytes, int, int, int]]:
    """Take the lines before the first row off; yield text, bytes consumed, lines taken off, and how many were blank."""
    preamble = Preamble(form)
    is_above = bool(header_lines or form.skipped_lines or form.begins)
    for text, consumed in stretches:
        lines = blank = at = 0
        while is_above and at < len(text):
            end = text.find(b"\n", at) + 1 or len(text)
            line = text[at:end]
            if preamble.is_over or not preamble.holds(line):
                is_above = header_lines > 1
                if not header_lines:
                    break
                header_lines -= 1
            else:
                blank += is_blank(line)
            at, lines = end, lines + 1
        yield text[at:] if at else text, consumed, lines, blank


def is_blank(line: bytes) -> bool:
    """Say whether a line holds nothing."""
    return not line.decode(errors="replace").strip("\ufeff\x1a \t\r\n")
