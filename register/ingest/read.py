"""Reads delimited text of any quality in bounded blocks: every line becomes a row or a rejected line.

Nothing is guessed. A line that is not what the declaration says (too few or too many columns, a quote that never
closes, bytes that are not in the declared encoding, binary data, the header again) is kept aside with its line number,
its reason and its text. Blank lines are no rows; they are counted apart.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

from register.ingest.declaration import Source
from register.ingest.text import fold_text

BLOCK_BYTES = 32 * 2**20
MAX_LINE_BYTES = 2**20
MAX_RAW_CHARACTERS = 4_000
MAX_QUOTED_LINES = 50

LINE = "__line"
REJECTED_SCHEMA = {"line": pl.Int64, "reasons": pl.String, "raw": pl.String}


@dataclass(frozen=True)
class Block:
    """A stretch of one file.

    ``rows`` has one row per well-formed record: ``__line`` (the physical line it starts on, from 1) and one text
    column per header, empty text as null. ``rejected`` has line, reasons, raw. ``received`` is the sum of both.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    blank: int
    consumed: int

    @property
    def received(self) -> int:
        """Rows received in the block, well formed or not."""
        return self.rows.height + self.rejected.height


@dataclass(frozen=True)
class Header:
    """The header of a file, held against its declaration."""

    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    missing_required: tuple[str, ...]


def read_header(line: str, source: Source) -> Header:
    """Hold a header line against a declaration; stray spaces, accents and case do not matter."""
    raw = next(csv.reader([line], delimiter=source.delimiter, quotechar=source.quote or None), [])
    declared = {_fold(header): header for header in source.headers}
    columns: list[str] = []
    unknown: list[str] = []
    for position, cell in enumerate(raw):
        name = declared.get(_fold(cell))
        if name is None or name in columns:
            unknown.append(cell.strip())
            name = f"__unknown_{position}"
        columns.append(name)
    present = set(columns)
    missing = [
        value.column
        for value in source.every_value()
        if value.column and not value.optional and not present & set(value.headers)
    ]
    missing += [key for key in source.key if key not in present]
    required = [
        value.column
        for name, value in source.columns.items()
        if value.column and source.table.columns[name].required and not present & set(value.headers)
    ]
    required += [key for key in source.key if key not in present]
    return Header(
        tuple(columns), tuple(unknown), tuple(dict.fromkeys(missing)), tuple(dict.fromkeys(required))
    )


def _fold(header: str) -> str:
    folded = pl.select(fold_text(pl.lit(header.replace("\ufeff", "").replace("_", " ")))).item()
    return "" if folded is None else str(folded)


@contextmanager
def open_extract(path: Path) -> Iterator[IO[bytes]]:
    """Open an extract for reading bytes, unpacking gzip and the members of a zip one after the other."""
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as stream:
            yield stream  # type: ignore[misc]
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            member = next(name for name in sorted(archive.namelist()) if not name.endswith("/"))
            with archive.open(member) as inner:
                yield inner
    else:
        with path.open("rb") as stream:
            yield stream


def first_line(path: Path, source: Source) -> str:
    """Return the first line of a file that is not blank, decoded as declared; empty if there is none."""
    with open_extract(path) as stream:
        head = stream.read(MAX_LINE_BYTES)
    text = head.decode(_codec(source.encoding), errors="replace")
    return next((line for line in text.splitlines() if line.strip("\ufeff \t")), "")


def read_blocks(
    path: Path, source: Source, header: Header, block_bytes: int = BLOCK_BYTES
) -> Iterator[Block]:
    """Yield a file in blocks of about ``block_bytes``; memory does not grow with the file.

    Parameters
    ----------
    path
        The extract.
    source
        Its declaration.
    header
        From `read_header`. A file whose header lacks required columns has every line rejected, its first included.
    """
    readable = not header.missing_required
    line = 1
    carried = b""
    header_seen = not readable
    for text, is_last in _stretches(path, source.encoding, block_bytes):
        lines = _lines(carried + text, line)
        lines, carried = _hold_back_open_quote(lines, source, is_last)
        if not lines.height:
            continue
        line = int(lines[LINE][-1]) + 1
        consumed = len(text)
        blank = lines.filter(pl.col("text").str.strip_chars("\ufeff \t") == "").height
        lines = lines.filter(pl.col("text").str.strip_chars("\ufeff \t") != "")
        if not header_seen and lines.height:
            lines, header_seen = lines.slice(1), True
        if not readable:
            bad = _reject(lines, "header:missing_column")
            yield Block(_no_rows(header), bad, blank, consumed)
            continue
        yield _split(lines, source, header, blank, consumed)


def _codec(encoding: str) -> str:
    return {"utf-8": "utf-8", "latin-1": "latin-1", "windows-1252": "cp1252", "utf-16": "utf-16"}[encoding]


def _stretches(path: Path, encoding: str, block_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Yield UTF-8 text cut after a line end, and whether it is the last. Undecodable bytes become U+FFFD."""
    import codecs

    decoder = codecs.getincrementaldecoder(_codec(encoding))(errors="replace")
    rest = b""
    with open_extract(path) as stream:
        while True:
            raw = stream.read(block_bytes)
            is_last = not raw
            if encoding in ("latin-1", "windows-1252", "utf-8") and raw.isascii():
                text = raw
                if encoding == "utf-8":
                    text = decoder.decode(raw, final=is_last).encode()
            else:
                text = decoder.decode(raw, final=is_last).encode()
            if is_last:
                text += decoder.decode(b"", final=True).encode() if encoding != "utf-8" else b""
                yield rest + text, True
                return
            whole = rest + text
            cut = whole.rfind(b"\n") + 1
            if not cut and len(whole) > block_bytes + MAX_LINE_BYTES:
                # One line larger than a block: its tail cannot matter, the line is rejected for its length.
                rest = whole[: MAX_LINE_BYTES + 1]
                continue
            rest = whole[cut:]
            if cut:
                yield whole[:cut], False


def _lines(text: bytes, first: int) -> pl.DataFrame:
    if not text:
        return pl.DataFrame(schema={"text": pl.String, LINE: pl.Int64})
    frame = pl.read_lines(io.BytesIO(text), name="text")
    return frame.with_columns(pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(LINE))


def _hold_back_open_quote(lines: pl.DataFrame, source: Source, is_last: bool) -> tuple[pl.DataFrame, bytes]:
    """Keep the end of a block for the next one where a quoted field may go on over its edge."""
    if is_last or not source.quote or not lines.height:
        return lines, b""
    tail = lines.tail(MAX_QUOTED_LINES)
    odd = tail.filter(_is_odd(source.quote))
    if odd.height % 2 == 0:
        return lines, b""
    start = int(odd[LINE][-1])
    kept = lines.filter(pl.col(LINE) < start)
    held = lines.filter(pl.col(LINE) >= start)["text"]
    return kept, ("\n".join(held.to_list()) + "\n").encode()


def _is_odd(quote: str) -> pl.Expr:
    return pl.col("text").str.count_matches(quote, literal=True) % 2 == 1


def _split(lines: pl.DataFrame, source: Source, header: Header, blank: int, consumed: int) -> Block:
    """Part a block's lines into rows and rejected lines."""
    width = len(header.columns)
    text = pl.col("text")
    if source.quote and lines["text"].str.contains(source.quote, literal=True).any():
        lines = _join_quoted_lines(lines, source, width)
        # What stands between quotes cannot separate columns: look at the line without it.
        quote = source.quote
        bare = text.str.replace_all(f"{quote}[^{quote}]*{quote}", "")
    else:
        bare = text
    separators = bare.str.count_matches(source.delimiter, literal=True)
    reason = (
        pl.when(text.str.len_bytes() > MAX_LINE_BYTES)
        .then(pl.lit("line:too_long"))
        .when(text.str.contains("\x00", literal=True))
        .then(pl.lit("line:binary"))
        .when(text.str.contains("\ufffd", literal=True))
        .then(pl.lit("line:encoding"))
        .when(bare.str.contains(source.quote, literal=True) if source.quote else False)
        .then(pl.lit("line:open_quote"))
        .when(separators < width - 1)
        .then(pl.lit("line:too_few_columns"))
        .when(separators > width - 1)
        .then(pl.lit("line:too_many_columns"))
    )
    marked = lines.with_columns(reason.alias("reasons"))
    bad = marked.filter(pl.col("reasons").is_not_null())
    good = marked.filter(pl.col("reasons").is_null()) if bad.height else marked
    rejected = _as_rejected(bad)
    if not good.height:
        return Block(_no_rows(header), rejected, blank, consumed)
    rows = _parse(good["text"], source, header.columns)
    rows = rows.with_columns(good[LINE])
    again = _is_header_again(rows, header.columns)
    if again is not None:
        rejected = pl.concat([rejected, _reject(good.filter(again), "line:repeated_header")])
        rows = rows.filter(~again)
    return Block(rows, rejected, blank, consumed)


def _join_quoted_lines(lines: pl.DataFrame, source: Source, width: int) -> pl.DataFrame:
    """Join the lines of a quoted field that spans several, where that makes a whole record.

    Looks only at lines with an odd number of quotes: those alone can open or close such a field, and a stray quote
    must not swallow what follows it.
    """
    odd = lines.with_row_index("at").filter(_is_odd(source.quote))["at"].to_list()
    if not odd:
        return lines
    texts = lines["text"]
    joined: dict[int, tuple[int, str]] = {}
    position = 0
    while position + 1 < len(odd):
        start, end = odd[position], odd[position + 1]
        if end - start < MAX_QUOTED_LINES:
            whole = "\n".join(texts[start : end + 1].to_list())
            cells = next(csv.reader(io.StringIO(whole), delimiter=source.delimiter, quotechar=source.quote))
            if len(cells) == width:
                joined[start] = (end, whole)
                position += 2
                continue
        position += 1
    if not joined:
        return lines
    inside = {at for start, (end, _) in joined.items() for at in range(start + 1, end + 1)}
    whole_text = pl.DataFrame(
        {"at": list(joined), "whole": [whole for _, whole in joined.values()]},
        schema={"at": pl.UInt32, "whole": pl.String},
    )
    return (
        lines.with_row_index("at")
        .filter(~pl.col("at").is_in(list(inside)))
        .join(whole_text, on="at", how="left", maintain_order="left")
        .select(pl.coalesce("whole", "text").alias("text"), LINE)
    )


def _parse(texts: pl.Series, source: Source, columns: Sequence[str]) -> pl.DataFrame:
    whole: str = texts.str.join("\n").item()
    return pl.read_csv(
        io.BytesIO(whole.encode() + b"\n"),
        separator=source.delimiter,
        quote_char=source.quote or None,
        has_header=False,
        schema=dict.fromkeys(columns, pl.String),
    )


def _is_header_again(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series | None:
    first = next((column for column in columns if not column.startswith("__")), None)
    if first is None:
        return None
    again = rows[first].str.strip_chars().fill_null("") == first
    return again if again.any() else None


def _reject(lines: pl.DataFrame, reason: str) -> pl.DataFrame:
    return _as_rejected(lines.with_columns(pl.lit(reason).alias("reasons")))


def _as_rejected(marked: pl.DataFrame) -> pl.DataFrame:
    return marked.select(
        pl.col(LINE).alias("line"), "reasons", pl.col("text").str.slice(0, MAX_RAW_CHARACTERS).alias("raw")
    ).cast(REJECTED_SCHEMA)  # type: ignore[arg-type]


def _no_rows(header: Header) -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys(header.columns, pl.String), LINE: pl.Int64})
