"""The crossings that the residence rule is asked about, as SQL reads them: a file or a frame, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from register.engine import Engine, file_literal
from register.errors import ExtractError, UsageError
from register.rules.packed import DIRECTION
from register.rules.parts import Layout

REQUIRED = ("person_id", "date", "direction")

LINES_SHOWN = 5

_PROBLEM = """case
    when person_id is null then 'person_id'
    when try_cast(date as date) is null then 'date'
    when {direction} is null then 'direction'
    {status}
end"""
_STATUS_PROBLEM = """when initial_status is not null and coalesce(try_cast(initial_status as integer), -1) not in (0, 1)
        then 'initial_status'"""


class ArrowFrame(Protocol):
    """Any table that speaks the Arrow interface: Polars, pandas, PyArrow, a relation of DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the table as a stream of record batches."""


@dataclass(frozen=True)
class Source:
    """Crossings that SQL reads as ``source``, and as ``numbered`` with the column ``row_place`` (from 0) more.

    Parameters
    ----------
    where
        The name of the file.
    row_place
        A name that no column received has.
    has_index
        Whether a stretch of rows can be read without those before it.
    """

    where: str | None
    row_place: str
    has_index: bool


def open_source(engine: Engine, crossings: Path | str | ArrowFrame) -> Source:
    """Let SQL read the crossings as ``source`` and ``numbered``.

    Raises
    ------
    ExtractError
        If the file cannot be read.
    UsageError
        If the object is no table.
    """
    if not isinstance(crossings, (str, Path)):
        _register(engine, crossings)
        return number_rows(engine, None)
    path = Path(crossings)
    if not path.is_file():
        raise ExtractError("classify_unreadable", where=str(path), reason="no such file")
    try:
        if path.suffix.lower() == ".parquet":
            engine.run(f"create or replace view source as select * from read_parquet({file_literal(path)})")
            return number_rows(
                engine, str(path), of=f"read_parquet({file_literal(path)})", by="file_row_number"
            )
        _read_csv(engine, path)
        return number_rows(engine, str(path), by="rowid")
    except duckdb.Error as error:
        raise unreadable(error, str(path)) from error


def number_rows(engine: Engine, where: str | None, *, of: str = "source", by: str = "") -> Source:
    """Make ``numbered``: the rows of ``source`` with their numbers.

    Parameters
    ----------
    where
        The name of the file.
    of
        What ``source`` reads.
    by
        The column by which that counts its rows from 0, where it has one beside those of ``source``. Rows without
        are counted, which one processor does.
    """
    names = {name.lower() for name in columns_of(engine)}
    row_place = "row_place"
    while row_place in names:
        row_place += "_"
    has_index = bool(by) and by not in names
    # Only this connection knows a frame, and may then know the view.
    view, number = ("view", by) if has_index else ("temporary view", "row_number() over () - 1")
    engine.run(f"create or replace {view} numbered as select *, {number} as {row_place} from {of}")
    return Source(where, row_place, has_index)


def unreadable(error: duckdb.Error, where: str | None) -> ExtractError:
    """Return the refusal of crossings that the database cannot read."""
    return ExtractError("classify_unreadable", where=where, reason=str(error).splitlines()[0])


def read_layout(engine: Engine, source: Source) -> Layout:
    """Return what of the crossings' form the rule must know.

    Raises
    ------
    ExtractError
        If a column is missing, or dates have a time zone.
    """
    columns = columns_of(engine)
    types = {name.lower(): kind for name, kind in columns.items()}
    missing = [name for name in REQUIRED if name not in types]
    if missing:
        raise ExtractError(
            "classify_columns", where=source.where, missing=", ".join(missing), found=", ".join(columns)
        )
    if types["date"] == "TIMESTAMP WITH TIME ZONE":
        raise ExtractError("classify_zone", where=source.where)
    return Layout(
        has_status="initial_status" in types,
        has_hours=types["date"] != "DATE"
        and bool(engine.rows("select bool_or(try_cast(date as time) <> time '00:00') from source")[0][0]),
        row_place=source.row_place,
    )


def bad_value(engine: Engine, source: Source, layout: Layout) -> ExtractError:
    """Return the refusal of crossings with values that are none: which column, how many rows, the first lines."""
    problem = _PROBLEM.format(direction=DIRECTION, status=_STATUS_PROBLEM if layout.has_status else "")
    problems = f"select {source.row_place} as row_place, {problem} as problem from numbered"
    column, number = engine.rows(
        f"select problem, count(*) from ({problems}) where problem is not null group by 1 order by 2 desc, 1"
    )[0]
    places = engine.rows(
        f"select row_place from ({problems}) where problem = $column order by row_place limit $shown",
        {"column": column, "shown": LINES_SHOWN},
    )
    # Lines count from 1, and a file's first one is its header.
    lines = ", ".join(str(row[0] + (2 if source.where else 1)) for row in places)
    return ExtractError("classify_value", where=source.where, column=column, number=number, lines=lines)


def columns_of(engine: Engine) -> dict[str, str]:
    """Return the columns of the crossings with their types."""
    return {str(row[0]): str(row[1]) for row in engine.rows("describe source")}


def _register(engine: Engine, frame: ArrowFrame) -> None:
    # A relation of another connection, or a stream that can be read once only, is read now.
    if isinstance(frame, duckdb.DuckDBPyRelation):
        engine.con.register("source", frame.to_arrow_table())
        return
    try:
        engine.con.register("source", frame)
    except duckdb.InvalidInputException as error:
        raise UsageError("classify_frame", kind=type(frame).__name__) from error


def _read_csv(engine: Engine, path: Path) -> None:
    """Make ``source`` of a CSV file, whatever its delimiter, in UTF-8, UTF-16 or Latin-1."""
    with path.open("rb") as file:
        encodings = ("utf-16",) if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else ("utf-8", "latin-1")
    for encoding in encodings:
        try:
            engine.run(
                f"create or replace table source as select * from read_csv({file_literal(path)}, "
                f"header = true, all_varchar = true, encoding = '{encoding}')"
            )
        except duckdb.InvalidInputException as error:
            if encoding == encodings[-1] or "utf-8" not in str(error).lower():
                raise
        else:
            return
