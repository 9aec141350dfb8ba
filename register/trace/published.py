"""The units behind a cell of a release table, and what was published of it."""

from __future__ import annotations

from typing import Any

import polars as pl

from register.engine import Engine
from register.errors import UsageError, suggest
from register.project import Project
from register.release.concordance import ESTIMATED
from register.release.declaration import TOTAL, Releases, ReleaseTable, load_releases
from register.release.sources import make_sources
from register.release.tables import count_cells
from register.rules.residence import Parameters, bind
from register.run import Run
from register.tables import open_tables
from register.trace.target import CellName, check_code, codes_by_dimension

#: The source of events by other rules than that of the run: they are in no table of it.
OTHER_RULES = "concordance"


def release_units(
    engine: Engine, project: Project, run: Run, parameters: Parameters, name: CellName, language: str
) -> tuple[str, dict[str, str], dict[str, str], float, dict[str, Any] | None]:
    """Create ``unit`` for a cell of a release table; return its title, codes, labels, error and what was published.

    Raises
    ------
    UsageError
        If there is no such table, dimension or code, or the cell is computed from other published cells.
    """
    releases = load_releases(project.schema())
    counted = {known: t for known, t in releases.tables.items() if t.source}
    if name.table in releases.tables and name.table not in counted:
        raise UsageError("cell_of_releases", table=name.table)
    if name.table not in counted:
        known = ", ".join(["flow", "stock", *counted])
        raise UsageError(
            "unknown_cell_table",
            name=name.table,
            suggestion=suggest(name.table, known.split(", ")),
            known=known,
        )
    table = counted[name.table]
    told = codes_by_dimension(name, table.within, table.dimensions)
    codes = {dimension: told.get(dimension, TOTAL) for dimension in table.dimensions}
    values = make_sources(
        engine,
        lambda: open_tables(project, run),
        releases.schema,
        parameters,
        [table.source],
        run.manifest,
    )
    cells = count_cells(engine, releases, table, values, project.secret())
    _check(cells.frame, table, codes)
    cell = cells.frame.filter(pl.col(name) == code for name, code in codes.items())
    spread = float(cell["variance"].sum()) ** 0.5
    _units(engine, releases, table, values, codes)
    labels = {
        releases.dimensions[dimension].label[language]: releases.label(dimension, code, language)
        for dimension, code in codes.items()
        if code != TOTAL
    }
    return (
        f"{table.name}. {table.title[language]}",
        codes,
        labels,
        spread,
        _published(run, table, codes),
    )


def _check(frame: pl.DataFrame, table: ReleaseTable, codes: dict[str, str]) -> None:
    """Refuse a derived code, and one that the table does not have."""
    for derived in table.derived:
        if codes.get(derived.dimension) == derived.code:
            terms = [*derived.terms, *derived.per_hundred]
            raise UsageError("cell_derived", name=derived.code, terms=", ".join(terms))
    for dimension, code in codes.items():
        check_code(dimension, code, frame[dimension].unique().sort().to_list())


def _units(
    engine: Engine, releases: Releases, table: ReleaseTable, values: Any, codes: dict[str, str]
) -> None:
    """Create ``unit`` from the source of the table: the rows whose codes are, or are part of, those of the cell.

    `count_cells` left a table ``map_<dimension>`` (code, parent) for each dimension. A row is a migration of a
    completed register, says whose and of when it is (other rules), or begins with a person and names a day.
    """
    dimensions = [releases.dimensions[name] for name in table.dimensions]
    columns = ", ".join(f"{bind(d.expression(), values)} as {d.name}" for d in dimensions)
    chosen = "where linkage = 0" + (f" and ({bind(table.filter, values)})" if table.filter else "")
    held, parameters = [], {}
    for name, code in codes.items():
        parameters[f"v_{name}"] = code
        if name in table.within:
            held.append(f"s.{name}::varchar = $v_{name}")
        else:
            held.append(f"s.{name} in (select code from map_{name} where parent = $v_{name})")
    if table.source == OTHER_RULES:
        engine.run(
            f"""
            create or replace temp table unit as
            select case when counted_by = '{ESTIMATED}' then '' else event_date::varchar end as turn,
                person_id, event_date as day, direction, weight::double as share, is_final
            from (
                select {columns}, rule as counted_by, weight, is_final, person_id, event_date
                from source_{table.source} {chosen}
            ) as s
            where {" and ".join(held)}
            """,
            parameters,
        )
        return
    engine.run(
        f"""
        create or replace temp table unit as
        select case when e.event_id is null then s.unit_id else '' end as turn,
            coalesce(e.person_id, regexp_extract(s.unit_id, '^[^@#]+')) as person_id,
            coalesce(e.event_date, try_cast(regexp_extract(s.unit_id, '\\d{{4}}-\\d{{2}}-\\d{{2}}') as date)) as day,
            coalesce(e.direction, nullif(regexp_extract(s.unit_id, 'arrival|departure'), ''),
                case when ends_with(s.unit_id, '@true') then 'arrival' when ends_with(s.unit_id, '@false')
                    then 'departure' end) as direction,
            s.weight::double as share, s.is_final
        from (select {columns}, unit_id, weight, is_final from source_{table.source} {chosen}) as s
        left join completed_event as e on e.event_id = s.unit_id
        where {" and ".join(held)}
        """,
        parameters,
    )


def _published(run: Run, table: ReleaseTable, codes: dict[str, str]) -> dict[str, Any] | None:
    """Return the row of the cell in the run's release, if it was published."""
    path = run.path / "release" / "csv" / f"{table.name}.csv"
    if not path.is_file():
        return None
    frame = pl.read_csv(path, infer_schema=False, glob=False)
    for name, code in codes.items():
        frame = frame.filter(pl.col(name) == code)
    if frame.is_empty():
        # A cell that is not there is zero, or was made zero by the protection.
        return {"value": "0"}
    row = frame.row(0, named=True)
    return {name: value for name, value in row.items() if name not in codes}
