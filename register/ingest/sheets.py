"""Reads files whose cells know dates and numbers from text, as the text that a register reads.

They are Parquet files, workbooks, and files of SPSS and Stata. A date is written out as ISO 8601, a whole number
without decimals. The number of a row is that of a workbook's own row, or the place of the record in another file.
"""

from __future__ import annotations

import fnmatch
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from register.errors import ExtractError, UsageError
from register.ingest.block import LINE, TEXT, Block, Header, no_rejected, no_rows, reject
from register.ingest.labelled import LABELLED, column_names, read_frames
from register.ingest.packed import Member, is_packed, open_extract
from register.ingest.source import Format

BATCH_ROWS = 200_000


def read_header(path: Path, form: Format, member: Member, sheet: str | None) -> list[str]:
    """Return the headers of a file, or of a workbook's sheet; none if it is empty."""
    if form.type == "parquet":
        with _open_parquet(path, member) as file:
            return _flat(pl.DataFrame(file.schema_arrow.empty_table())).columns
    if form.type in LABELLED:
        return column_names(path, member, form)
    cells = _read_sheet(path, member, sheet)
    place = _header_place(cells, form)
    if place is None:
        return []
    if not form.has_header:
        return list(form.columns)
    return [cell or "" for cell in cells.row(place)]


def read_blocks(
    path: Path, form: Format, header: Header, member: Member, sheet: str | None
) -> Iterator[Block]:
    """Yield the rows of a file, or of a workbook's sheet."""
    size = path.stat().st_size
    if form.type == "parquet":
        yield from _read_parquet(path, header, member, size)
        return
    if form.type in LABELLED:
        yield from _read_labelled(path, form, header, member)
        return
    cells = _read_sheet(path, member, sheet)
    place = _header_place(cells, form)
    if place is not None:
        first = place + 1 if form.has_header and not header.missing_required else place
        yield _block(cells.slice(first), first + 1, header, size, form.ignored_lines)


def _read_parquet(path: Path, header: Header, member: Member, size: int) -> Iterator[Block]:
    line = 1
    with _open_parquet(path, member) as file:
        total = max(1, file.metadata.num_rows)
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            rows = _as_text(_flat(pl.DataFrame(pa.Table.from_batches([batch]))))
            yield _block(rows, line, header, size * batch.num_rows // total)
            line += batch.num_rows


def _read_labelled(path: Path, form: Format, header: Header, member: Member) -> Iterator[Block]:
    line, left = 1, path.stat().st_size
    for frame, labels in read_frames(path, member, form):
        rows = _as_text(frame)
        rows = rows.with_columns(
            pl.col(name).replace(codes) for name, codes in labels.items() if name in rows.columns
        )
        # How many rows there are is told by some of these files only.
        yield _block(rows, line, header, left)
        line, left = line + frame.height, 0


def _block(
    cells: pl.DataFrame, first: int, header: Header, consumed: int, ignored: str | None = None
) -> Block:
    """Make a block of cells: rows of nothing are no rows, and a row that begins like the header is it again.

    A row whose cells, joined by commas, fit the pattern of ignored lines is none either.
    """
    cells = cells.rename(dict(zip(cells.columns, header.columns, strict=True)))
    rows = cells.with_columns(pl.all().replace("", None)).with_columns(
        pl.int_range(first, first + cells.height, dtype=pl.Int64).alias(LINE)
    )
    filled = rows.filter(~pl.all_horizontal(pl.col(header.columns).is_null()))
    text = _row_text(header.columns).alias(TEXT)
    if ignored is not None:
        filled = filled.filter(~text.str.contains(ignored))
    blank = rows.height - filled.height
    if header.missing_required:
        bad = reject(filled.select(LINE, text), "header:missing_column")
        return Block(no_rows(header.columns), bad, blank, consumed)
    again = filled.select(
        (pl.col(header.columns[0]).str.strip_chars() == header.first).fill_null(value=False)
    )
    repeated = again.to_series() & (header.first != "")
    rejected = no_rejected()
    if repeated.any():
        rejected = reject(filled.filter(repeated).select(LINE, text), "line:repeated_header")
        filled = filled.filter(~repeated)
    return Block(filled, rejected, blank, consumed)


def _row_text(columns: Sequence[str]) -> pl.Expr:
    return pl.concat_str([pl.col(name).fill_null("") for name in columns], separator=",")


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Make columns of what columns hold within them, named as in JSON: ``person.name``."""
    while nested := [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Struct)]:
        frame = frame.unnest(nested, separator=".")
    return frame


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Write every cell out; what is neither text, number, date nor truth value (a list, a picture) is nothing."""
    return frame.select(_text_of(name, dtype).alias(name) for name, dtype in frame.schema.items())


def _text_of(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Date):
        return column.dt.strftime("%Y-%m-%d")
    if isinstance(dtype, pl.Datetime):
        return _day_or_time(column.dt.replace_time_zone(None).dt.strftime("%Y-%m-%d %H:%M:%S"))
    if dtype.is_float():
        is_whole = (column == column.floor()) & (column.abs() < 2**53)
        return (
            pl.when(is_whole)
            .then(column.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(column.cast(pl.String))
        )
    if dtype.is_nested() or isinstance(dtype, pl.Binary | pl.Object):
        return pl.lit(None, dtype=pl.String)
    return column.cast(pl.String)


def _day_or_time(text: pl.Expr) -> pl.Expr:
    """Leave a day without its midnight, and a time without the day on which clocks begin in workbooks."""
    time = text.str.replace(r"^1899-12-3[01] (\d{2}:\d{2}:\d{2})$", "${1}")
    return time.str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00$", "${1}")


def _open_parquet(path: Path, member: Member) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(_bytes(path, member) if is_packed(path.name) else path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ExtractError("not_of_format", where=str(path), format="parquet") from error


def pick_sheets(path: Path, form: Format, member: Member) -> list[str]:
    """Return the sheets of a workbook that its declaration names, in the workbook's order; case does not matter.

    Raises
    ------
    ExtractError
        If there is none of a name, or if no sheet fits any pattern.
    """
    with _open_book(path, member) as book:
        known: list[str] = list(book.sheet_names)
    fits = {
        name: [sheet for sheet in known if fnmatch.fnmatchcase(_fold(sheet), _fold(name))]
        for name in form.sheets
    }
    for name, found in fits.items():
        if not found and (not is_pattern(name) or not any(fits.values())):
            raise ExtractError("no_sheet", where=str(path), name=name, known=", ".join(known))
    return [sheet for sheet in known if any(sheet in found for found in fits.values())]


def is_pattern(sheet: str) -> bool:
    """Say whether a name stands for several sheets. A workbook's own names cannot hold these signs."""
    return "*" in sheet or "?" in sheet


def _fold(name: str) -> str:
    return name.strip().casefold()


def _read_sheet(path: Path, member: Member, sheet: str | None) -> pl.DataFrame:
    """Return all rows of a sheet, the first if not named, as text; the first of them the workbook's first."""
    with _open_book(path, member) as book:
        cells = book.load_sheet(0 if sheet is None else sheet, header_row=None, skip_rows=0, dtypes="string")
    rows: pl.DataFrame = cells.to_polars()
    return rows.select(_day_or_time(pl.all()))


@contextmanager
def _open_book(path: Path, member: Member) -> Iterator[Any]:
    """Open a workbook.

    Raises
    ------
    UsageError
        If the library that reads workbooks is not installed.
    ExtractError
        If the file is no workbook.
    """
    if find_spec("fastexcel") is None:
        raise UsageError("missing_extra", where=str(path), extra="xlsx")
    import fastexcel

    try:
        yield fastexcel.read_excel(_bytes(path, member).read())
    except fastexcel.FastExcelError as error:
        raise ExtractError("not_of_format", where=str(path), format="xlsx") from error


def _bytes(path: Path, member: Member) -> io.BytesIO:
    with open_extract(path, member) as stream:
        return io.BytesIO(stream.read())


def _header_place(sheet: pl.DataFrame, form: Format) -> int | None:
    """Return the place of the header, or of the first row where there is none: the first row that holds anything.

    Where the format says how it begins, the first row whose cells, joined by commas, begin so.
    """
    is_first = pl.any_horizontal(pl.all().is_not_null())
    if form.begins is not None:
        is_first &= _row_text(sheet.columns).str.contains(form.begins)
    filled = sheet.slice(form.skipped_lines).select(is_first).to_series()
    place = filled.arg_max() if filled.any() else None
    return None if place is None else place + form.skipped_lines
