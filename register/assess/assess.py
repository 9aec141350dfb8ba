"""Assesses the sources of a project and keeps the result: the table ``indicator``, verdicts, and a page to read.

    assessments/answers.toml        the declared part, one table for each source
    assessments/<name>/             indicator.parquet  assessment.json  report_es.html  report_en.html

Nothing needs to be built: the extracts are read. Where a run was built, what its linkage found is added.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from register.assess import borders, linkage, measures, series
from register.assess.assessment import Assessed, Assessment
from register.assess.declaration import Indicators, load_indicators
from register.assess.gauge import FACT, Gauge, Gauged
from register.assess.kept import ANSWERS, FOLDER, workplace
from register.assess.people import FIELDS
from register.assess.questionnaire import Declared, Questionnaire, load_answers, load_questionnaire
from register.assess.verdict import Judged, Verdict, decide, judge
from register.console import Console
from register.engine import Engine, smaller_memory
from register.errors import ExtractError, QualityError, UsageError
from register.ingest.declaration import load_sources
from register.ingest.extracts import Extract, find_extracts
from register.ingest.folder import every_file
from register.ingest.source import Source
from register.link.declaration import load_rules
from register.project import Project
from register.run import NAME, Run, find_run, list_runs, now
from register.schema import Schema

#: What the database may hold; the rest spills. With the block being read the whole stays below two gigabytes.
MEMORY = "1GB"
KEY = ("source", "declaration", "period", "variable", "indicator_id")
#: The level of a comparison at which two fields are equal.
EQUAL = ("exact", "equal")


def assess(
    project: Project, console: Console, *, name: str | None = None, run_name: str | None = None
) -> Assessment:
    """Measure every source of a project and judge it.

    Parameters
    ----------
    name
        Of the assessment; today's date if not given.
    run_name
        The run whose linkage is looked at; the newest that was built as far as that, if not given.

    Raises
    ------
    ExtractError
        If there is no extract.
    UsageError
        If the name is none, or the run was not built as far as linkage.
    """
    schema = project.schema()
    name = name or dt.date.today().isoformat()
    if not re.fullmatch(NAME, name):
        raise UsageError("bad_run_name", name=name)
    indicators, questionnaire = load_indicators(schema), load_questionnaire(schema)
    answers = load_answers(project.root / FOLDER / ANSWERS, questionnaire)
    sources = load_sources(project.schemas / "sources", project.country, schema)
    extracts, unclaimed = find_extracts(project.extracts, sources)
    if not extracts:
        patterns = ", ".join(pattern for source in sources for pattern in source.files)
        raise ExtractError("no_extracts", where=str(project.extracts), patterns=patterns)
    run = _linked_run(project, schema, run_name)
    with workplace(project.root) as folder:
        gauged = _gauge(project, schema, indicators, extracts, Path(folder), console)
        console.say("assess.measuring")
        with Engine(
            memory_limit=smaller_memory(project.engine.memory_limit, MEMORY),
            threads=project.engine.threads,
            temp_directory=Path(folder) / "spill",
        ) as engine:
            rows = dict(_measure(project, engine, gauged, indicators))
            if run is not None:
                console.say("assess.linkage", run=run.name)
                _add_linkage(engine, run, schema, gauged, indicators, rows)
    table = _table(gauged, rows)
    verdicts, judged = _judge(gauged, table, answers, questionnaire, indicators)
    return Assessment(
        name=name,
        country=project.country,
        made=now(),
        run=run.name if run else "",
        is_stale=run is not None and _is_stale(project, run),
        sources=tuple(
            Assessed(
                g.source.name,
                g.source.table.name,
                dict(g.source.title),
                g.received,
                len(g.files),
                g.variables,
            )
            for g in gauged
        ),
        absent=tuple(s.name for s in sources if s.name not in {g.source.name for g in gauged}),
        unclaimed=tuple(unclaimed),
        verdicts=tuple(verdicts),
        judged=judged,
        declared={g.source.name: answers.get(g.source.name, Declared()) for g in gauged},
        indicator=table,
    )


def _gauge(
    project: Project,
    schema: Schema,
    indicators: Indicators,
    extracts: Sequence[Extract],
    folder: Path,
    console: Console,
) -> list[Gauged]:
    by_source: dict[str, list[Extract]] = {}
    for extract in extracts:
        by_source.setdefault(extract.source.name, []).append(extract)
    found = []
    with console.progress() as progress:
        total = sum(extract.path.stat().st_size for extract in extracts)
        bar = progress.add_task(console.text("assess.reading"), total=total)
        for name, own in sorted(by_source.items()):
            gauge = Gauge(own[0].source, schema, indicators, project.secret(), folder / name)
            found.append(gauge.read(own, lambda size: progress.advance(bar, size)))
    return found


def _measure(
    project: Project, engine: Engine, gauged: Sequence[Gauged], indicators: Indicators
) -> Iterator[tuple[str, list[measures.Row]]]:
    """Yield the rows of each source that need no linkage."""
    views = {}
    for number, one in enumerate(gauged):
        views[one.source.name] = f"fact_{number}"
        if one.facts:
            engine.view(f"fact_{number}", one.facts)
        else:
            engine.empty_view(f"fact_{number}", FACT)
    weights = _weights(project)
    needed = measures.needed_bits(_persons(engine, list(views.values())), indicators)
    rows: dict[str, list[measures.Row]] = {}
    for one in gauged:
        engine.run(f"create or replace view fact as select * from {views[one.source.name]}")
        own = [
            *measures.rows_of_files(one),
            *measures.values(one),
            *measures.edits_met(one),
            *measures.keys(one, weights, needed),
            *measures.duplicates(engine),
            *measures.documents(engine),
            *measures.births(engine, one.roles),
            *measures.lags(engine),
            *series.monthly(engine, indicators),
        ]
        if one.source.table.name == "crossing":
            own += borders.crossings(engine, indicators, CROSSINGS)
            own += borders.posts(engine, indicators)
        rows[one.source.name] = own
    for name, row in measures.coverage(engine, views):
        rows[name].append(row)
    yield from rows.items()


#: Before linkage, by the labels that `measures.documents` leaves; nothing but crossings tells of a person later.
CROSSINGS = """
select coalesce(p.who, d.who, f.document, f.person) as who, moment, direction, post, moment as last_seen
from fact as f left join label_person as p using (person) left join label_document as d using (document)
where role = 0 and moment is not null and direction is not null
"""


def _persons(engine: Engine, views: Sequence[str]) -> int:
    """Return about how many people the sources name: an estimate, within a few per cent, is enough for a logarithm."""
    told = " union all ".join(f"select coalesce(person, document) as who from {view}" for view in views)
    return int(engine.rows(f"select approx_count_distinct(who) from ({told})")[0][0])


def _weights(project: Project) -> list[float]:
    """Return log2(1/u) of each of `FIELDS`: what its equality tells, by the weights of the linkage rules.

    Raises
    ------
    QualityError
        If the rules have no weights.
    """
    rules = load_rules(project.linkage_rules / "people.toml")
    if rules.weights is None:
        raise QualityError("linkage_untrained", where=str(rules.weights_path), levels=", ".join(FIELDS))
    found = []
    for field in FIELDS:
        levels = rules.weights.levels.get(field, {})
        equal = next((levels[name][1] for name in EQUAL if name in levels), 1.0)
        found.append(-math.log2(equal))
    return found


def _linked_run(project: Project, schema: Schema, name: str | None) -> Run | None:
    """Return the run asked for, or the newest whose tables of linkage are there; none if nothing was built."""
    runs = [find_run(project.runs, name)] if name else list_runs(project.runs)
    for run in reversed(runs):
        if all(run.table_path(schema.tables[table]).is_file() for table in linkage.NEEDS):
            return run
    if name:
        raise UsageError("table_not_built", table="membership", run=name)
    return None


def _is_stale(project: Project, run: Run) -> bool:
    """Say whether the files of ``extracts/`` are others than those that the run read, by name and size."""
    read = {name: entry["bytes"] for name, entry in run.manifest.get("extracts", {}).items()}
    return read != {name: path.stat().st_size for path, name in every_file(project.extracts)}


def _add_linkage(
    engine: Engine,
    run: Run,
    schema: Schema,
    gauged: Sequence[Gauged],
    indicators: Indicators,
    rows: dict[str, list[measures.Row]],
) -> None:
    for table in linkage.NEEDS:
        engine.view(table, run.table_path(schema.tables[table]))
    names = [one.source.name for one in gauged]
    borders = [one.source.name for one in gauged if one.source.table.name == "crossing"]
    for name, row in linkage.linked(engine, indicators, names, borders):
        rows[name].append(row)


def _table(gauged: Sequence[Gauged], rows: dict[str, list[measures.Row]]) -> pl.DataFrame:
    frames = [
        measures.frame(rows[one.source.name]).select(
            pl.lit(one.source.table.name).alias("source"),
            pl.lit(one.source.name).alias("declaration"),
            pl.all(),
        )
        for one in gauged
    ]
    return pl.concat(frames).sort(KEY)


def _judge(
    gauged: Sequence[Gauged],
    table: pl.DataFrame,
    answers: dict[str, Declared],
    questionnaire: Questionnaire,
    indicators: Indicators,
) -> tuple[list[Verdict], dict[str, list[Judged]]]:
    verdicts, judged = [], {}
    for one in gauged:
        source: Source = one.source
        own = judge(table.filter(pl.col("declaration") == source.name), indicators)
        judged[source.name] = own
        declared = answers.get(source.name, Declared())
        verdicts.append(decide(source.name, source.table.name, own, declared, questionnaire, indicators))
    return verdicts, judged
