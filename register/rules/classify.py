"""The residence rule for anybody's linked crossings: a file or a frame in, the same rows with verdicts out."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol, overload

import duckdb

from register.engine import Engine, literal
from register.errors import ExtractError, UsageError
from register.rules.parts import Layout, rule_sorted, sort_crossings
from register.rules.residence import Rule

if TYPE_CHECKING:
    import polars as pl

REQUIRED = ("person_id", "date", "direction")
ADDED = ("status_before", "status_after", "is_migration", "finalised_on")

LINES_SHOWN = 5

_PROBLEM = """case
    when person_id is null then 'person_id'
    when try_cast(date as date) is null then 'date'
    when direction is null or cast(direction as varchar) not in ('arrival', 'departure') then 'direction'
    {}
end"""
_STATUS_PROBLEM = """when initial_status is not null and coalesce(try_cast(initial_status as integer), -1) not in (0, 1)
        then 'initial_status'"""


class ArrowFrame(Protocol):
    """Any table that speaks the Arrow interface: Polars, pandas, PyArrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the table as a stream of record batches."""


@dataclass(frozen=True)
class Classified:
    """How many crossings and persons were classified, and to what: migrations, crossings without verdict."""

    crossings: int
    persons: int
    migrations: int
    unknown: int

    def to_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


@overload
def classify(
    crossings: Path | str | ArrowFrame,
    *,
    observed_until: dt.date,
    threshold: int = ...,
    window: int = ...,
    output: None = ...,
    memory_limit: str = ...,
    threads: int = ...,
) -> pl.DataFrame: ...


@overload
def classify(
    crossings: Path | str | ArrowFrame,
    *,
    observed_until: dt.date,
    threshold: int = ...,
    window: int = ...,
    output: Path | str,
    memory_limit: str = ...,
    threads: int = ...,
) -> Classified: ...


def classify(
    crossings: Path | str | ArrowFrame,
    *,
    observed_until: dt.date,
    threshold: int = 365,
    window: int = 487,
    output: Path | str | None = None,
    memory_limit: str = "",
    threads: int = 0,
) -> pl.DataFrame | Classified:
    """Say of each crossing whether it was a migration, and since when that is known.

    Parameters
    ----------
    crossings
        CSV or Parquet file, or a frame, with the columns ``person_id``, ``date`` (ISO; with a time of day, that
        orders the crossings of a day) and ``direction`` (``arrival`` or ``departure``), and optionally
        ``initial_status`` (1 resident, 0 not): the status before the person's first crossing. Without it the
        person is taken to have lived on the side that the first crossing leaves. On a later row, where the row
        before has none or another, it sets the status anew; days of finality still follow from the crossings
        alone. Rows may come in any order. Other columns are kept.
    observed_until
        Last day observed; nothing after it is known.
    threshold, window
        V and W, in days.
    output
        CSV or Parquet file to write; without it a frame is returned.
    memory_limit
        As DuckDB writes it, for example ``"4GB"``; what does not fit spills beside the output.
    threads
        0 for all processors.

    Returns
    -------
    pl.DataFrame or Classified
        The rows received, in their order, with ``status_before`` and ``status_after`` (1, 0, null unknown),
        ``is_migration`` (true, false, null unknown) and ``finalised_on`` (the first day on which the verdict was
        certain; null if that lies after ``observed_until``); or, with ``output``, how many.

    Notes
    -----
    Crossings of a day without an hour are taken in the order received when that alternates, or else in the order
    that continues from the side the person was on. Where two arrivals (or departures) follow each other, the
    missing leg is taken to lie half-way, as the offices' own code does; it counts for the days and is not judged.

    Raises
    ------
    DeclarationError
        Unless window / 2 < threshold <= window.
    ExtractError
        If the file cannot be read, lacks a column, or holds a value that is none: the lines are named.
    UsageError
        If the format of the output is not known.
    """
    rule = Rule(threshold, window)
    target = Path(output) if output is not None else None
    if target is not None and target.suffix not in (".csv", ".parquet"):
        raise UsageError("classify_format", where=str(target), suffix=target.suffix)
    with (
        TemporaryDirectory(prefix=".classify-", dir=target.parent if target else None) as spill,
        Engine(memory_limit=memory_limit, threads=threads, temp_directory=Path(spill)) as engine,
    ):
        # The result stands beside the rows received: both keep their order.
        engine.run("set preserve_insertion_order = true")
        where = _open(engine, crossings)
        try:
            rule_crossings(engine, rule, observed_until, where=where)
        except duckdb.InvalidInputException as error:
            raise ExtractError(
                "classify_unreadable", where=where, reason=str(error).splitlines()[0]
            ) from error
        kept = ", ".join(f'source."{name}"' for name in _columns(engine) if name not in ADDED)
        beside = (
            f"select {kept}, ruling.* exclude (row_place) from source "
            "positional join (select * from ruling order by row_place) as ruling"
        )
        if target is None:
            return engine.frame(beside)
        engine.run(f"copy ({beside}) to {literal(target)} (format {target.suffix[1:]})")
        return _count(engine)


def rule_crossings(engine: Engine, rule: Rule, observed_until: dt.date, *, where: str | None = None) -> None:
    """Make the view ``ruling`` for the crossings in ``source``: see :func:`register.rules.parts.rule_sorted`.

    Raises
    ------
    ExtractError
        If a column is missing, or a value is none.
    """
    columns = _columns(engine)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise ExtractError(
            "classify_columns", where=where, missing=", ".join(missing), found=", ".join(columns)
        )
    layout = Layout(
        has_status="initial_status" in columns,
        has_hours=columns["date"] != "DATE"
        and bool(engine.rows("select bool_or(try_cast(date as time) <> time '00:00') from source")[0][0]),
    )
    if not sort_crossings(engine, layout):
        raise _bad_value(engine, where, layout)
    rule_sorted(engine, rule, observed_until, layout)


def _bad_value(engine: Engine, where: str | None, layout: Layout) -> ExtractError:
    """Return the refusal of crossings with values that are none: which column, how many rows, the first lines."""
    problem = _PROBLEM.format(_STATUS_PROBLEM if layout.has_status else "")
    problems = f"select row_number() over () as record, {problem} as problem from source"
    column, number = engine.rows(
        f"select problem, count(*) from ({problems}) where problem is not null group by 1 order by 2 desc, 1"
    )[0]
    records = engine.rows(
        f"select record from ({problems}) where problem = $column order by record limit $shown",
        {"column": column, "shown": LINES_SHOWN},
    )
    # A file's first line is its header.
    lines = ", ".join(str(row[0] + (1 if where else 0)) for row in records)
    return ExtractError("classify_value", where=where, column=column, number=number, lines=lines)


def _open(engine: Engine, crossings: Path | str | ArrowFrame) -> str | None:
    """Let SQL read the crossings as ``source``; return the name of the file."""
    if not isinstance(crossings, (str, Path)):
        engine.con.register("source", crossings)
        return None
    path = Path(crossings)
    if not path.is_file():
        raise ExtractError("classify_unreadable", where=str(path), reason="no such file")
    try:
        if path.suffix == ".parquet":
            engine.view("source", path)
        else:
            engine.run(
                f"create table source as select * from read_csv({literal(path)}, header = true, all_varchar = true)"
            )
    except duckdb.Error as error:
        raise ExtractError(
            "classify_unreadable", where=str(path), reason=str(error).splitlines()[0]
        ) from error
    return str(path)


def _columns(engine: Engine) -> dict[str, str]:
    """Return the columns of the crossings with their types."""
    return {str(row[0]): str(row[1]) for row in engine.rows("describe source")}


def _count(engine: Engine) -> Classified:
    counts: tuple[Any, ...] = engine.rows(
        "select count(*), (select count(distinct person_id) from source), "
        "count(*) filter (is_migration), count(*) filter (is_migration is null) from ruling"
    )[0]
    return Classified(*(int(count) for count in counts))
