"""Finds the header of an extract and holds it against the declaration: which column is which, unknown or missing."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from operator import itemgetter

import polars as pl

from register.ingest import sheets
from register.ingest.block import UNKNOWN, Header
from register.ingest.delimited import UNIT_SEPARATOR
from register.ingest.extracts import Extract
from register.ingest.kinds import find_encoding, refuse_other_kind
from register.ingest.object_text import key_place, read_keys
from register.ingest.packed import open_extract
from register.ingest.preamble import Preamble
from register.ingest.source import Source
from register.ingest.stretches import MAX_LINE_BYTES, read_stretches
from register.ingest.text import fold_text

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
        stretches = read_stretches(stream, encoding, MAX_LINE_BYTES, form.other_encoding)
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
