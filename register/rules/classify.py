"""The residence rule for anybody's linked crossings: a file or a frame in, the same rows with verdicts out."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, overload

import duckdb
import polars as pl

from register.engine import Engine, literal
from register.errors import UsageError
from register.rules.packed import unpack_ruling
from register.rules.parts import ROWS_WORTH_A_PART, rule_sorted, sort_crossings
from register.rules.residence import Rule
from register.rules.source import (
    ArrowFrame,
    Source,
    bad_value,
    columns_of,
    open_source,
    read_layout,
    unreadable,
)

ADDED = ("status_before", "status_after", "is_migration", "finalised_on")


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
    observed_until: dt.date | str,
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
    observed_until: dt.date | str,
    threshold: int = ...,
    window: int = ...,
    output: Path | str,
    memory_limit: str = ...,
    threads: int = ...,
) -> Classified: ...


def classify(
    crossings: Path | str | ArrowFrame,
    *,
    observed_until: dt.date | str,
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
        CSV or Parquet file, or a frame (Polars, pandas, PyArrow, or a relation of DuckDB, which is read into memory),
        with the columns ``person_id`` (text or number), ``date`` (ISO; with a local time of day, that orders the
        crossings of a day) and ``direction`` (``arrival`` or ``departure``), and optionally
        ``initial_status`` (1 resident, 0 not): the status before the person's first crossing. Without it the
        person is taken to have lived on the side that the first crossing leaves. On a later row, where the row
        before has none or another, it sets the status anew; days of finality still follow from the crossings
        alone. Rows may come in any order. Other columns are kept.
    observed_until
        Last day observed, a date or ISO text; nothing after it is known.
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
    that continues from the side the person was on; if none of these alternates, a crossing repeated within a day is
    taken for a duplicate, which adds no day. Where two arrivals (or departures) follow each other, the
    missing leg is taken to lie half-way, as the offices' own code does; it counts for the days and is not judged.

    Raises
    ------
    DeclarationError
        Unless window / 2 < threshold <= window.
    ExtractError
        If the file cannot be read, lacks a column, or holds a value that is none: the lines are named.
    UsageError
        If the format of the output is not known or its folder does not exist, if ``observed_until`` is no day, or if
        ``crossings`` is no table.
    """
    rule = Rule(threshold, window)
    target = Path(output) if output is not None else None
    form = target.suffix.lower() if target else ".csv"
    if form not in (".csv", ".parquet"):
        raise UsageError("classify_format", where=str(target), suffix=form)
    if target is not None and not target.parent.is_dir():
        raise UsageError("classify_folder", where=str(target.parent))
    with (
        TemporaryDirectory(prefix=".classify-", dir=target.parent if target else None) as spill,
        Engine(memory_limit=memory_limit, threads=threads, temp_directory=Path(spill)) as engine,
    ):
        # The result stands beside the rows received: both keep their order.
        engine.run("set preserve_insertion_order = true")
        source = open_source(engine, crossings)
        try:
            rule_crossings(engine, rule, _day(observed_until), source)
        except duckdb.InvalidInputException as error:
            raise unreadable(error, source.where) from error
        if target is None:
            return _frame(engine, beside(engine, source))
        engine.run(
            f"copy ({' union all '.join(beside(engine, source))}) to {literal(target)} (format {form[1:]})"
        )
        return _count(engine)


def rule_crossings(engine: Engine, rule: Rule, observed_until: dt.date, source: Source) -> None:
    """Make ``ruling`` for the crossings of a source: see :func:`register.rules.parts.rule_sorted`.

    Raises
    ------
    ExtractError
        If a column is missing, or a value is none.
    """
    layout = read_layout(engine, source)
    found = sort_crossings(engine, layout)
    if found is None:
        raise bad_value(engine, source, layout)
    rule_sorted(engine, found, rule, observed_until, layout)


def beside(engine: Engine, source: Source) -> list[str]:
    """Return queries for the rows received with their rulings beside them: each for a stretch of the rows, in order.

    Two tables are read in step by one processor only, so there are as many stretches as processors where the source
    can be read from the middle.
    """
    kept = ", ".join(f'"{name}"' for name in columns_of(engine) if name.lower() not in ADDED)
    rows = int(engine.rows("select count(*) from ruled")[0][0])
    n_stretch = engine.threads if source.has_index and rows > ROWS_WORTH_A_PART else 1
    bounds = [rows * stretch // n_stretch for stretch in range(n_stretch + 1)]
    queries = []
    for first, next_first in pairwise(bounds):
        place = source.row_place
        received = (
            f"numbered where {place} >= {first} and {place} < {next_first}" if n_stretch > 1 else "source"
        )
        ruled = f"ruled where rowid >= {first} and rowid < {next_first}"
        queries.append(
            f"select {kept}, {unpack_ruling(place)} from (select {kept} from {received}) "
            f"positional join (select ruled as {place} from {ruled})"
        )
    return queries


def _frame(engine: Engine, queries: list[str]) -> pl.DataFrame:
    """Return the rows of queries, one after the other."""
    if len(queries) == 1:
        return engine.frame(queries[0])

    def read(cursor: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
        return pl.DataFrame(cursor.sql(query).to_arrow_table())

    return pl.concat(engine.side_by_side(read, queries))


def _day(value: dt.date | str) -> dt.date:
    """Return a day given as such, as a moment, or as ISO text."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UsageError("bad_date_setting", key="observed_until") from error


def _count(engine: Engine) -> Classified:
    counts: tuple[Any, ...] = engine.rows(
        "select count(*), (select count(distinct person_id) from source), "
        "count(*) filter (is_migration), count(*) filter (is_migration is null) from ruling"
    )[0]
    return Classified(*(int(count) for count in counts))
