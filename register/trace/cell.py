"""A figure taken apart: the units that it counts, each with its person and the records it rests on."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from register.commands import open_tables, run_parameters
from register.engine import Engine
from register.errors import UsageError, suggest
from register.locale import translate
from register.project import Project
from register.release.declaration import TOTAL, UNKNOWN
from register.rules.residence import Parameters, create_tables
from register.run import find_run
from register.trace.target import CellName, read_cell

Row = dict[str, Any]

#: What a place in a cell's name says, and the dimensions that may be told, of the tables that a run keeps.
KEPT: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "flow": (
        ("year", "direction"),
        ("sex", "age_group", "citizenship_code", "birth_country_code", "counterpart_country_code"),
    ),
    "stock": (("reference_date",), ("sex", "age_group", "citizenship_code", "birth_country_code")),
}


@dataclass(frozen=True)
class CellExplanation:
    """A cell and what it counts.

    ``labels`` are ``codes`` in words, without totals. ``estimate`` is the sum of the units' probabilities,
    ``standard_error`` the doubt about outcomes; ``published`` is what left the office, None if there is no such cell in
    the run's release. Each unit: unit_id, person_id, day, probability, is_final, records (source:key of the crossings
    of that day that it rests on), around (where there is none, as for an imputed leg, those before and after).
    """

    run: str
    table: str
    title: str
    codes: dict[str, str]
    labels: dict[str, str]
    estimate: float
    standard_error: float
    n_final: int
    n_open: int
    published: Row | None
    units: list[Row]

    def to_dict(self) -> Row:
        """Return everything as plain values."""
        return asdict(self)


def explain_cell(project: Project, written: str, run_name: str | None, language: str) -> CellExplanation:
    """Take a cell apart.

    Parameters
    ----------
    written
        ``flow/2023/immigration/sex=2``, ``stock/2024-01-01``, or a release table:
        ``T03/2023/immigration/citizenship=VEN``. What is not told is at its total.
    language
        Of the title.

    Raises
    ------
    UsageError
        If the run was not built to its end, or there is no such table, dimension, code or cell.
    """
    run = find_run(project.runs, run_name)
    if "flows" not in run.stages:
        raise UsageError("table_not_built", table="flow", run=run.name)
    name = read_cell(written)
    parameters = run_parameters(project, run)
    with open_tables(project, run) as engine:
        if name.table in KEPT:
            codes = _codes(name, *KEPT[name.table])
            title = translate(f"trace.{name.table}", language)
            make = _flow_units if name.table == "flow" else _stock_units
            make(engine, codes, parameters, project)
            published = None
            labels = _labels(project, codes, language)
        else:
            try:
                from register.trace.published import release_units
            except ModuleNotFoundError as error:
                raise UsageError("missing_extra", extra="release") from error
            title, codes, labels, published = release_units(engine, project, run, parameters, name, language)
        units = _collect(engine)
    if not units:
        raise UsageError("no_cell", name=written, run=run.name)
    return CellExplanation(
        run=run.name,
        table=name.table,
        title=title,
        codes=codes,
        labels=labels,
        estimate=round(sum(unit["probability"] for unit in units), 6),
        standard_error=round(
            sum(unit["probability"] * (1 - unit["probability"]) for unit in units) ** 0.5, 6
        ),
        n_final=sum(unit["is_final"] for unit in units),
        n_open=sum(not unit["is_final"] for unit in units),
        published=published,
        units=units,
    )


def _labels(project: Project, codes: Mapping[str, str], language: str) -> dict[str, str]:
    """Return codes of a table of the run in words."""
    schema = project.schema()
    found = {}
    for name, code in codes.items():
        concept = schema.concepts["migration_direction" if name == "direction" else name]
        label = code
        if concept.codelist:
            frame = schema.codelist(concept.codelist)
            label = next(iter(frame.filter(frame["code"] == code)[f"label_{language}"]), code)
        found[concept.label[language]] = label
    return found


def _codes(name: CellName, places: tuple[str, ...], others: tuple[str, ...]) -> dict[str, str]:
    """Return the codes told, by dimension."""
    if len(name.place) != len(places):
        raise UsageError("cell_place", table=name.table, places="/".join(places))
    for dimension, _ in name.codes:
        if dimension not in others:
            raise UsageError(
                "unknown_dimension",
                name=dimension,
                suggestion=suggest(dimension, others),
                known=", ".join(others),
            )
    return dict(zip(places, name.place, strict=True)) | dict(name.codes)


def _conditions(codes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the condition that holds the told codes, with its parameters. ``_U`` is not known."""
    terms, values = ["true"], {}
    for dimension, code in codes.items():
        if code == UNKNOWN:
            terms.append(f"{dimension} is null")
        elif code != TOTAL:
            terms.append(f"{dimension}::varchar = $v_{dimension}")
            values[f"v_{dimension}"] = code
    return " and ".join(terms), values


def _flow_units(engine: Engine, codes: Mapping[str, str], parameters: Parameters, project: Project) -> None:
    """Create ``unit`` for a cell of ``flow``: its events."""
    engine.con.register("age_group", project.schema().codelist("age_group").to_arrow())
    where, values = _conditions(codes)
    engine.run(
        f"""
        create or replace temp table unit as
        select event_id as unit_id, person_id, event_date as day, direction, probability, status = 'final' as is_final
        from (
            select event.* replace (coalesce(sex, '0') as sex), age_group.code as age_group from event
            left join age_group on event.age >= age_group.age_from::integer
                and event.age <= coalesce(age_group.age_to::integer, 999)
            where date_diff('day', date '{parameters.observed_from}', make_date(event.year, 1, 1))
                >= {parameters.rule.window}
        ) where {where}
        """,
        values,
    )


def _stock_units(engine: Engine, codes: Mapping[str, str], parameters: Parameters, project: Project) -> None:
    """Create ``unit`` for a cell of ``stock``: its residents, each with the day since when, if seen."""
    engine.con.register("age_group", project.schema().codelist("age_group").to_arrow())
    try:
        day = dt.date.fromisoformat(codes["reference_date"])
    except ValueError as error:
        raise UsageError("bad_date_setting", key="stock") from error
    create_tables(engine.con, ["residency"], parameters)
    where, values = _conditions({name: code for name, code in codes.items() if name != "reference_date"})
    engine.run(
        f"""
        create or replace temp table unit as
        select person_id || '@{day}' as unit_id, person_id,
            case when after_date >= date '{parameters.observed_from}' then after_date end as day,
            'arrival' as direction, probability, is_final = 1 as is_final
        from (
            select r.person_id, r.after_date, r.probability, r.is_final, coalesce(p.sex, '0') as sex,
                age_group.code as age_group, p.citizenship_code, p.birth_country_code
            from residency as r join person as p using (person_id)
            left join age_group on year(date '{day}') - year(p.birth_date)
                    - case when month(p.birth_date) = 1 and day(p.birth_date) = 1 then 0 else 1 end
                between age_group.age_from::integer and coalesce(age_group.age_to::integer, 999)
            where r.after_date < date '{day}' and date '{day}' <= r.until_date
        ) where {where}
        """,
        values,
    )


def _collect(engine: Engine) -> list[Row]:
    """Read ``unit`` (unit_id, person_id, day, direction, probability, is_final) with the records behind it."""
    rows = engine.rows(
        """
        with crossed as (
            select b.person_id, c.crossed_at::date as day, c.direction, 'crossing:' || m.record_key as record
            from crossing as c join mention as m on m.record_id = c.record_id and m.role = 'self'
            join membership as b using (identity_id) where b.person_id in (select person_id from unit)
        ),
        told as (
            select u.unit_id,
                list(record order by record) filter (c.day = u.day and c.direction = case u.direction
                    when 'immigration' then 'arrival' when 'emigration' then 'departure'
                    else u.direction end) as records,
                max(struct_pack(day := c.day, record := c.record)) filter (c.day < u.day) as last_before,
                min(struct_pack(day := c.day, record := c.record))
                    filter (c.day > u.day or u.day is null) as first_after
            from unit as u join crossed as c using (person_id) group by u.unit_id
        )
        select u.unit_id, u.person_id, u.day, u.probability, u.is_final, coalesce(t.records, []),
            last_before.record, first_after.record
        from unit as u left join told as t using (unit_id) order by u.day nulls first, u.person_id, u.unit_id
        """
    )
    names = ("unit_id", "person_id", "day", "probability", "is_final", "records")
    units = []
    for *values, before, after in rows:
        unit = dict(zip(names, values, strict=True))
        unit["around"] = [] if unit["records"] else [record for record in (before, after) if record]
        units.append(unit)
    return units


def write_units(found: CellExplanation, path: Path) -> None:
    """Write the units of a cell as CSV, one a line, their records joined by spaces."""
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(list(found.units[0]))
        for unit in found.units:
            lists = [" ".join(unit[name]) for name in ("records", "around")]
            writer.writerow([*list(unit.values())[:-2], *lists])
