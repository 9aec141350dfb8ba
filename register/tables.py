"""The tables of a run: read by their names, queried, written to a file."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from register.assess.kept import newest_table
from register.engine import Engine, OutOfMemory, literal, smaller_memory
from register.errors import LockedError, UsageError, suggest, writing
from register.project import Project
from register.rules.codelists import register_codelists
from register.rules.residence import Parameters
from register.run import Run, find_run

DIMENSIONS = ("sex", "age_group", "citizenship_code", "birth_country_code", "counterpart_country_code")
OUTPUTS = {
    ".csv": "(format csv, header)",
    ".parquet": "(format parquet, compression zstd)",
    ".json": "(format json, array true)",
}


def open_tables(project: Project, run: Run, memory_limit: str = "") -> Engine:
    """Return an engine in which every table of a run can be read by its name; it may be held to less memory."""
    limit = smaller_memory(project.engine.memory_limit, memory_limit)
    # Rows that spill may hold names: beside the run, whose folder is its owner's alone.
    engine = Engine(
        memory_limit=limit, threads=project.engine.threads, temp_directory=run.path / f".spill-{os.getpid()}"
    )
    for table in project.schema().tables.values():
        path = run.table_path(table)
        if path.is_file():
            engine.view(table.name, path)
    assessed = newest_table(project)
    if assessed is not None:
        engine.view("indicator", assessed)
    return engine


def open_for_rule(project: Project, run: Run) -> Engine:
    """Return an engine with the tables of a run and the code lists that the residence rule looks into."""
    engine = open_tables(project, run)
    register_codelists(engine.con, project.schema())
    return engine


def query_tables(project: Project, query: str, run_name: str | None = None) -> pl.DataFrame:
    """Return the rows of a query over the tables of a run, the newest if not named.

    Raises
    ------
    UsageError
        If the query is wrong or names a table that was not built.
    """
    run = find_run(project.runs, run_name)
    with open_tables(project, run) as engine, _explained(project, run):
        return engine.frame(_bare(query))


def query_text(project: Project, query: str, run_name: str | None, *, as_json: bool) -> str:
    """Return the rows of a query as CSV or JSON text, as a file of that kind would hold them."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / ("rows.json" if as_json else "rows.csv")
        export_tables(project, query, output, run_name)
        return output.read_text("utf-8")


def export_tables(project: Project, query: str, output: Path, run_name: str | None = None) -> None:
    """Write the rows of a query to a file, as `query_tables` returns them; they may exceed the memory.

    Raises
    ------
    UsageError
        If the query is wrong, names a table that was not built, or the file's ending is unknown.
    """
    run = find_run(project.runs, run_name)
    with open_tables(project, run) as engine, _explained(project, run):
        copy_to(engine, query, output)


@contextmanager
def _explained(project: Project, run: Run) -> Iterator[None]:
    """Turn the database's errors on a user's query into errors that tell what to do."""
    try:
        yield
    except duckdb.IOException as error:
        raise LockedError("cannot_write", where=str(run.path)) from error
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        raise _told(project, run, str(error).splitlines()[0]) from error
    except OutOfMemory as error:
        raise LockedError("out_of_memory", where=str(run.path)) from error
    except duckdb.Error as error:
        # Met while reading rows: its text may quote one.
        raise UsageError("sql_failed_on_rows", kind=type(error).__name__) from error


def _told(project: Project, run: Run, reason: str) -> UsageError:
    """Return the database's refusal of a query in the reader's words; a kind that is not known here stays as it is."""
    tables = project.schema().tables
    named = re.search(r"Table with name (\w+)", reason)
    if named and named[1] in tables:
        return UsageError("table_not_built", table=named[1], run=run.name)
    if named:
        there = [table.name for table in tables.values() if run.table_path(table).is_file()]
        return UsageError(
            "sql_no_table", name=named[1], suggestion=suggest(named[1], there), known=", ".join(there)
        )
    column = re.search(r'Referenced column "(\w+)" not found', reason)
    if column:
        return UsageError("sql_no_column", name=column[1], run=run.name)
    syntax = re.search(r'syntax error at or near "(.*)"', reason)
    if syntax:
        return UsageError("sql_syntax", near=syntax[1])
    return UsageError("sql_failed", reason=reason)


def copy_to(engine: Engine, query: str, output: Path) -> None:
    """Write a query's rows to CSV, Parquet or JSON, by the ending of the file's name.

    Raises
    ------
    UsageError
        If the ending is none of these.
    """
    form = OUTPUTS.get(output.suffix.lower())
    if form is None:
        raise UsageError("bad_output", name=output.name)
    query = _bare(query)
    if output.suffix.lower() == ".json":
        query = _finite(engine, query)
    with writing(output, duckdb.IOException) as beside:
        engine.run(f"copy ({query}) to {literal(beside)} {form[:-1]}, use_tmp_file false)")


def _finite(engine: Engine, query: str) -> str:
    """Put null in the place of numbers that JSON cannot write (NaN, infinity)."""
    described = engine.rows(f"describe {query}")
    numbers = [str(name) for name, kind, *_ in described if kind in ("DOUBLE", "FLOAT")]
    if not numbers:
        return query
    replaced = ", ".join(f'case when isfinite("{name}") then "{name}" end as "{name}"' for name in numbers)
    return f"select * replace ({replaced}) from ({query})"


def _bare(query: str) -> str:
    """Return a query without a closing semicolon; refuse one that says nothing."""
    bare = query.strip().rstrip(";").rstrip()
    if not bare:
        raise UsageError("empty_query")
    return bare


def parameters_of(project: Project, run: Run) -> Parameters:
    """Return the rule and the series with which a run's flows were made."""
    stage = run.stages["flows"]
    return Parameters(
        rule=project.rule.rule,
        observed_from=dt.date.fromisoformat(stage["observed_from"]),
        observed_until=dt.date.fromisoformat(stage["observed_until"]),
        country=project.country,
        missing_leg=project.rule.missing_leg,
        seed=project.rule.seed,
    )


def flows_sql(by: Sequence[str] = ()) -> str:
    """Return the query for immigration, emigration and net by year and the dimensions asked for.

    The standard error of a sum is the root of the sum of squares; ``linkage_share`` is the part of its square that
    linkage leaves.

    Raises
    ------
    UsageError
        If there is no such dimension.
    """
    for name in by:
        if name not in DIMENSIONS:
            raise UsageError(
                "unknown_dimension",
                name=name,
                suggestion=suggest(name, DIMENSIONS),
                known=", ".join(DIMENSIONS),
            )
    listed = ", ".join(("year", *by))
    measures = ", ".join(
        f"""coalesce(sum(estimate) filter (direction = '{direction}'), 0) as {direction},
            sqrt(coalesce(sum(standard_error ** 2) filter (direction = '{direction}'), 0))
                as {direction}_standard_error"""
        for direction in ("immigration", "emigration")
    )
    return f"""
        select *, immigration - emigration as net from (
            select {listed}, {measures},
                coalesce(sum(share_final * estimate) / nullif(sum(estimate), 0), 1) as share_final,
                coalesce(sum(linkage_error ** 2) / nullif(sum(standard_error ** 2), 0), 0) as linkage_share
            from flow group by {listed}
        ) order by {in_order(("year", *by))}
        """


def in_order(dimensions: Sequence[str]) -> str:
    """Return the terms by which rows are put in order: age groups by age, "5-9" before "10-14"."""
    ages = "try_cast(regexp_extract(age_group, '[0-9]+') as integer), age_group"
    return ", ".join(ages if name == "age_group" else name for name in dimensions)


def annual_flows(
    project: Project, run_name: str | None = None, by: Sequence[str] = ()
) -> tuple[Run, list[str], list[dict[str, Any]]]:
    """Return the run, the columns of breakdown and the rows of `flows_sql`."""
    run = find_run(project.runs, run_name)
    return run, ["year", *by], query_tables(project, flows_sql(by), run.name).to_dicts()


def rejected_rows(project: Project, run_name: str | None, output: Path | None) -> list[dict[str, Any]]:
    """Return counts of rejected rows and flagged values by file and reason; write the rows to a file if asked."""
    run = find_run(project.runs, run_name)
    if output is not None:
        export_tables(project, "select * from rejected order by file, line", output, run.name)
    return [
        {"file": count["file"], "reason": reason, "rows": number}
        for count in run.stages.get("ingest", {}).get("files", [])
        for reason, number in sorted(count["reasons"].items())
    ]


def superseded_rows(project: Project, run_name: str | None, output: Path | None) -> list[dict[str, Any]]:
    """Return which columns later deliveries corrected and in how many rows, by the files before and after.

    The rows themselves, what each said before and says now, are written to a file if asked.
    """
    run = find_run(project.runs, run_name)
    if output is not None:
        query = "select * from superseded order by record_id, version, file, line"
        export_tables(project, query, output, run.name)
    columns = "unnest(string_split(changed_columns, ';'))"
    changed = f"select file, later_file, {columns} as source_column from superseded"
    counted = f"select *, count(*) as rows from ({changed}) group by all order by all"
    return query_tables(project, counted, run.name).to_dicts()
