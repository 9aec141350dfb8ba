"""The crossings that the residence rule is asked about, as SQL reads them: a file or a frame, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import duckdb

from register.engine import Engine, file_literal
from register.errors import ExtractError, UsageError
from register.rules.parts import DIRECTION, Layout

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


def open_source(engine: Engine, crossings: Path | str | ArrowFrame) -> str | None:
    """Let SQL read the crossings as ``source``; return the name of the file.

    Raises
    ------
    ExtractError
        If the file cannot be read.
    UsageError
        If the object is no table.
    """
    if not isinstance(crossings, (str, Path)):
        _register(engine, crossings)
        return None
    path = Path(crossings)
    if not path.is_file():
        raise ExtractError("classify_unreadable", where=str(path), reason="no such file")
    try:
        if path.suffix.lower() == ".parquet":
            engine.view("source", path)
        else:
            _read_csv(engine, path)
    except duckdb.Error as error:
        raise unreadable(error, str(path)) from error
    return str(path)


def unreadable(error: duckdb.Error, where: str | None) -> ExtractError:
    """Return the refusal of crossings that the database cannot read."""
    return ExtractError("classify_unreadable", where=where, reason=str(error).splitlines()[0])


def read_layout(engine: Engine, where: str | None) -> Layout:
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
            "classify_columns", where=where, missing=", ".join(missing), found=", ".join(columns)
        )
    if types["date"] == "TIMESTAMP WITH TIME ZONE":
        raise ExtractError("classify_zone", where=where)
    return Layout(
        has_status="initial_status" in types,
        has_hours=types["date"] != "DATE"
        and bool(engine.rows("select bool_or(try_cast(date as time) <> time '00:00') from source")[0][0]),
    )


def bad_value(engine: Engine, where: str | None, layout: Layout) -> ExtractError:
    """Return the refusal of crossings with values that are none: which column, how many rows, the first lines."""
    problem = _PROBLEM.format(direction=DIRECTION, status=_STATUS_PROBLEM if layout.has_status else "")
    problems = f"select row_number() over () as row_place, {problem} as problem from source"
    column, number = engine.rows(
        f"select problem, count(*) from ({problems}) where problem is not null group by 1 order by 2 desc, 1"
    )[0]
    places = engine.rows(
        f"select row_place from ({problems}) where problem = $column order by row_place limit $shown",
        {"column": column, "shown": LINES_SHOWN},
    )
    # A file's first line is its header.
    lines = ", ".join(str(row[0] + (1 if where else 0)) for row in places)
    return ExtractError("classify_value", where=where, column=column, number=number, lines=lines)


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
