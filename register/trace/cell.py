"""A figure taken apart: the units that it counts, each with its person and the records it rests on."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from register.engine import Engine
from register.errors import UsageError, writing
from register.locale import translate
from register.project import Project
from register.run import find_run
from register.tables import open_for_rule, parameters_of
from register.trace.named import name_records
from register.trace.target import check_code, codes_by_dimension, read_cell
from register.trace.units import TOTAL, UNKNOWN, WHOLE, collect, make_flow, make_stock

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

    ``labels`` are ``codes`` in words, without totals. ``estimate`` is the sum of what the units add, ``standard_error``
    that of the table; ``published`` is what left the office, None if there is no such cell in the run's release.

    ``n_final`` counts what is certain, ``n_open`` the units that are not.

    A unit is what one person adds: person_id, day (that of its event or of the beginning of its stay, the likeliest
    where draws differ), share (what it adds: 1, or less if the outcome is open or if it is there in some of the
    completed registers alone), is_final (certain), records (source:key of the crossings of that day that it rests on),
    around (where there is none, as for a crossing that nobody recorded, those before and after).
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
    parameters = parameters_of(project, run)
    with open_for_rule(project, run) as engine:
        name_records(engine, run)
        if name.table in KEPT:
            codes = codes_by_dimension(name, *KEPT[name.table])
            _check_codes(engine, project, name.table, codes)
            title = translate(f"trace.{name.table}", language)
            make = make_flow if name.table == "flow" else make_stock
            spread = make(engine, codes, parameters)
            published = None
            labels = _labels(project, codes, language)
        else:
            try:
                from register.trace.published import release_units
            except ModuleNotFoundError as error:
                raise UsageError("missing_extra", extra="release") from error
            told = release_units(engine, project, run, parameters, name, language)
            title, codes, labels, spread, published = told
        units = collect(engine)
    if not units:
        raise UsageError("no_cell", name=written, run=run.name)
    return CellExplanation(
        run=run.name,
        table=name.table,
        title=title,
        codes=codes,
        labels=labels,
        estimate=round(sum(unit["share"] for unit in units), 6),
        standard_error=round(spread, 6),
        n_final=certain(units),
        n_open=sum(not unit["is_final"] for unit in units),
        published=published,
        units=units,
    )


def certain(units: Sequence[Row]) -> int:
    """Return how many migrations are certain: by a rule of half a year somebody can migrate twice in a year."""
    return sum(math.floor(unit["share"] + 1 - WHOLE) for unit in units if unit["is_final"])


def _labels(project: Project, codes: Mapping[str, str], language: str) -> dict[str, str]:
    """Return codes of a table of the run in words."""
    schema = project.schema()
    found = {}
    for name, code in codes.items():
        if code == TOTAL:
            continue
        concept = schema.concepts[_concept(name)]
        label = code
        if concept.codelist:
            label = schema.labels(concept.codelist, language).get(code, code)
        found[concept.label[language]] = label
    return found


def _check_codes(engine: Engine, project: Project, table: str, codes: Mapping[str, str]) -> None:
    """Refuse a code that neither the table of the run nor the code list of its dimension has."""
    schema = project.schema()
    for dimension, code in codes.items():
        rows = engine.rows(
            f"select distinct {dimension}::varchar from {table} where {dimension} is not null order by 1"
        )
        understood = {TOTAL, UNKNOWN} if dimension not in KEPT[table][0] else set()
        codelist = schema.concepts[_concept(dimension)].codelist
        if codelist:
            understood |= set(schema.codelist(codelist)["code"])
        check_code(dimension, code, [value for (value,) in rows], understood)


def _concept(dimension: str) -> str:
    return "migration_direction" if dimension == "direction" else dimension


def write_units(found: CellExplanation, path: Path) -> None:
    """Write the units of a cell as CSV, one a line, their records joined by spaces."""
    with writing(path) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(list(found.units[0]))
        for unit in found.units:
            lists = [" ".join(unit[name]) for name in ("records", "around")]
            writer.writerow([*list(unit.values())[:-2], *lists])
