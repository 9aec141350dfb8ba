"""What each stage does with the tables it is handed: thin bridges from the pipeline to the parts that do the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from register.console import Console
from register.engine import Engine
from register.errors import ExtractError, QualityError, RegisterError
from register.project import Project
from register.run import Run, digest, digest_file, digest_files, list_runs
from register.schema import Schema

if TYPE_CHECKING:
    from register.rules.residence import Parameters

LINK_CODE = Path(__file__).parent / "link"
MIN_ROWS_FOR_GATE = 1_000
LARGEST_RESIDUAL = 0.001
RECORDS = ("crossing", "visa", "permit", "birth", "death", "marriage")


@dataclass
class Workshop:
    """What a stage works with. It reads tables by name in ``engine`` and keeps its results with `write`."""

    project: Project
    schema: Schema
    engine: Engine
    run: Run
    staging: Path
    console: Console
    makes: tuple[str, ...]
    #: Whether everything is to be made anew, whatever an earlier build left.
    force: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    written: dict[str, Path] = field(default_factory=dict)

    def write(self, name: str, sql: str) -> None:
        """Write a query as a table of the run, with the columns, types and order that its declaration gives."""
        table = self.schema.tables[name]
        path = self.staging / f"{name}.parquet"
        columns = [
            f'cast("{c.name}" as {SQL_TYPES[c.concept.type]}) as "{c.name}"' for c in table.columns.values()
        ]
        columns += [f'"{extra}"' for extra in self._extra_columns(sql, table.extra)]
        self.rows[name] = self.engine.write(
            f"select {', '.join(columns)} from ({sql})", path, order_by=table.key
        )
        self.written[name] = path
        if table.key:
            key = ", ".join(table.key)
            self.engine.view("__written", path)
            repeated = self.engine.rows(
                f"select count(*) from (select 1 from __written group by {key} having count(*) > 1)"
            )[0][0]
            if repeated:
                raise RegisterError("key_repeated", table=name, count=repeated, key=key)

    def keep(self, rows: Mapping[str, int]) -> None:
        """Keep tables that a stage wrote itself into ``staging``, with how many rows each has."""
        self.rows.update(rows)
        self.written.update({name: self.staging / f"{name}.parquet" for name in rows})

    def _extra_columns(self, sql: str, prefix: str) -> list[str]:
        if not prefix:
            return []
        described = self.engine.rows(f"describe {sql}")
        return [str(row[0]) for row in described if str(row[0]).startswith(prefix)]

    def write_made(self) -> None:
        """Write every table the stage makes from the relation of that name in the database."""
        for name in self.makes:
            self.write(name, f'select * from "{name}"')


SQL_TYPES: Mapping[str, str] = {
    "string": "varchar",
    "code": "varchar",
    "date": "date",
    "datetime": "timestamp",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
}


def fingerprint_extracts(project: Project, run: Run) -> list[list[str]]:
    """Return path and content hash of every extract. A file whose size and time are as before is not read again."""
    before: dict[str, dict[str, Any]] = run.manifest.get("extracts", {})
    now: dict[str, dict[str, Any]] = {}
    for path in sorted(project.extracts.rglob("*")) if project.extracts.is_dir() else []:
        if not path.is_file():
            continue
        name = path.relative_to(project.extracts).as_posix()
        stat = path.stat()
        seen = before.get(name, {})
        same = seen.get("bytes") == stat.st_size and seen.get("modified") == stat.st_mtime_ns
        now[name] = {
            "bytes": stat.st_size,
            "modified": stat.st_mtime_ns,
            "sha256": seen["sha256"] if same else digest_file(path),
        }
    if now != before:
        run.manifest["extracts"] = now
    return [[name, digest(entry["sha256"])] for name, entry in now.items()]


def ingest(workshop: Workshop) -> dict[str, Any]:
    """Make record tables, mentions, bundles and rejected rows of the extracts, and count them per file."""
    from register.ingest.declaration import load_sources
    from register.ingest.extracts import find_extracts
    from register.ingest.load import Loader

    project, console = workshop.project, workshop.console
    sources = load_sources(project.schemas / "sources", project.country, workshop.schema)
    extracts, unclaimed = find_extracts(project.extracts, sources)
    if not extracts:
        patterns = ", ".join(pattern for source in sources for pattern in source.files)
        raise ExtractError("no_extracts", where=str(project.extracts), patterns=patterns)
    for name in unclaimed:
        console.say("ingest.unclaimed", file=name)
    with console.progress() as progress:
        bar = progress.add_task(
            console.text("stage.ingest"), total=sum(e.path.stat().st_size for e in extracts)
        )
        loader = Loader(
            workshop.engine,
            workshop.schema,
            project.secret(),
            workshop.staging,
            lambda size: progress.advance(bar, size),
        )
        workshop.keep(loader.load(extracts))
    counts = [loader.counts[extract.number] for extract in extracts]
    for count in counts:
        if count.missing_columns:
            console.say("ingest.missing_columns", file=count.file, columns=", ".join(count.missing_columns))
    similar = loader.similar_texts
    if similar:
        console.say("ingest.similar", count=similar)
    allowed = {
        source.name: source.max_rejected_share for source in sources if source.max_rejected_share is not None
    }
    return {
        "files": [asdict(count) for count in counts],
        "unclaimed": unclaimed,
        "similar": similar,
        "max_rejected_share": allowed,
    }


def check_rejected_share(project: Project, record: Mapping[str, Any]) -> None:
    """Stop the build if a source is worse than allowed. Its rejected rows are already there to be looked at.

    A source of fewer than a thousand rows is not judged by a share.

    Raises
    ------
    QualityError
        Naming the worst file of the source.
    """
    by_source: dict[str, list[dict[str, Any]]] = {}
    for count in record.get("files", []):
        by_source.setdefault(count["declaration"], []).append(count)
    for declaration, counts in by_source.items():
        received = sum(count["received"] for count in counts)
        rejected = sum(count["rejected"] for count in counts)
        allowed = record.get("max_rejected_share", {}).get(declaration, project.quality.max_rejected_share)
        if received >= MIN_ROWS_FOR_GATE and rejected > allowed * received:
            worst = max(counts, key=lambda count: count["rejected"])
            reasons = sorted(worst["reasons"].items(), key=lambda item: -item[1])
            raise QualityError(
                "too_many_rejected",
                where=worst["file"],
                declaration=declaration,
                share=f"{rejected / received:.1%}",
                allowed=f"{allowed:.1%}",
                reason=reasons[0][0] if reasons else "",
            )


def identify(workshop: Workshop) -> dict[str, Any]:
    """Derive identities from mentions."""
    from register.ingest.identify import identity_sql

    workshop.write("identity", identity_sql(workshop.schema.tables["identity"]))
    return {}


def link(workshop: Workshop) -> dict[str, Any]:
    """Weigh pairs of identities: all, or only what is new if an earlier linkage used the same rules."""
    from register.link.predict import predict
    from register.link.rules import load_rules

    project, console = workshop.project, workshop.console
    declared = rules_digest(project)
    basis = digest(
        {
            "rules": declared,
            "code": digest_files(sorted(LINK_CODE.glob("*.py")), LINK_CODE),
            "libraries": [version(library) for library in ("duckdb", "splink")],
        }
    )
    earlier = None if workshop.force else _register_earlier_link(workshop, basis)
    report = predict(
        workshop.engine.con,
        load_rules(project.linkage_rules / "people.toml"),
        lambda blocks: console.say("link.comparisons", pairs=console.number(sum(blocks.values()))),
        earlier[1] if earlier else None,
    )
    workshop.write_made()
    kept_from = earlier[0] if earlier else None
    return {"report": asdict(report), "basis": basis, "rules": declared, "pairs_kept_from": kept_from}


def rules_digest(project: Project) -> str:
    """Return a hash of the linkage rules, their weights and frequencies, as a run's manifest keeps it."""
    return digest_files(sorted(project.linkage_rules.glob("people*")), project.root)


def _register_earlier_link(workshop: Workshop, basis: str) -> tuple[str, int] | None:
    """Let SQL read the newest linkage made by the same rules and program; return its run and its prior."""
    pair, compared = (workshop.schema.tables[name] for name in ("pair", "compared"))
    others = [run for run in list_runs(workshop.project.runs) if run.name != workshop.run.name]
    for run in (workshop.run, *reversed(others)):
        made = run.stages.get("link", {})
        there = run.table_path(pair).is_file() and run.table_path(compared).is_file()
        if there and made.get("basis") == basis:
            workshop.engine.view("previous_pair", run.table_path(pair))
            workshop.engine.view("previous_compared", run.table_path(compared))
            return run.name, made["report"]["prior"]
    return None


def resolve(workshop: Workshop) -> dict[str, Any]:
    """Resolve pairs to persons, with ids carried over from the run before."""
    from register.link.itinerary import load_itinerary
    from register.link.resolve import resolve
    from register.link.rules import load_rules

    rules = load_rules(workshop.project.linkage_rules / "people.toml")
    itinerary = load_itinerary(workshop.project.linkage_rules / "itinerary.toml")
    before = _register_previous(workshop)
    decisions = register_decisions(workshop.engine, workshop.project)
    report = resolve(workshop.engine.con, rules, itinerary, workshop.project.secret())
    workshop.write_made()
    against = workshop.engine.rows(
        "select count(*) from conflict where rule = 'decision' and detail in ('kept', 'contested')"
    )[0][0]
    if against or decisions["disagreed"]:
        disagreed = decisions["disagreed"]
        workshop.console.say("decisions.contradicted", contradicted=against, disagreed=disagreed)
    return {"report": asdict(report), "ids_carried_from": before, "decisions": decisions}


def relink(workshop: Workshop) -> dict[str, Any]:
    """Draw what the linkage could be as well."""
    from register.link.itinerary import load_itinerary
    from register.link.redraw import redraw
    from register.link.rules import load_rules

    project = workshop.project
    register_decisions(workshop.engine, project)
    report = redraw(
        workshop.engine.con,
        load_rules(project.linkage_rules / "people.toml"),
        load_itinerary(project.linkage_rules / "itinerary.toml"),
        project.estimate.linkages,
        project.rule.seed,
    )
    workshop.write_made()
    return {"report": asdict(report)}


def _register_previous(workshop: Workshop) -> str | None:
    """Let SQL read the persons of the run before: this run's own last ones, else those of the newest other run."""
    membership, person = (workshop.schema.tables[name] for name in ("membership", "person"))
    others = [run for run in list_runs(workshop.project.runs) if run.name != workshop.run.name]
    for run in (workshop.run, *reversed(others)):
        if run.table_path(membership).is_file() and run.table_path(person).is_file():
            workshop.engine.view("previous_membership", run.table_path(membership))
            workshop.engine.view("previous_person", run.table_path(person))
            return run.name
    return None


def register_decisions(engine: Engine, project: Project) -> dict[str, int]:
    """Let SQL read what the reviewers' decisions come to; return how many pairs are agreed, disagreed and waiting."""
    import polars as pl

    from register.decisions import COLUMNS, DIFFERENT, SAME, read_standing

    standing = read_standing(project.decisions).values()
    rows = [
        (*found.pair[0], *found.pair[1], found.judgement)
        for found in standing
        if found.judgement in (SAME, DIFFERENT)
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    engine.con.register("decision", frame.with_row_index("position").to_arrow())
    states = [found.state for found in standing]
    return {state: states.count(state) for state in ("agreed", "disagreed", "waiting")}


def rule_parameters(workshop: Workshop) -> Parameters:
    """Return the residence rule of the project and the series that the crossings cover."""
    from register.rules.residence import Parameters

    rule = workshop.project.rule
    first, last = workshop.engine.rows(
        "select coalesce(min(crossed_at)::date, current_date), coalesce(max(crossed_at)::date, current_date) "
        "from crossing"
    )[0]
    return Parameters(
        rule=rule.rule,
        observed_from=first,
        observed_until=rule.observed_until or last,
        country=workshop.project.country,
        missing_leg=rule.missing_leg,
        seed=rule.seed,
    )


def stays(workshop: Workshop) -> dict[str, Any]:
    """Derive movements and stays from the records of persons."""
    from register.rules.residence import STAYS

    return _apply_rule(workshop, STAYS)


def events(workshop: Workshop) -> dict[str, Any]:
    """Derive verdicts and migrations from movements."""
    from register.estimate.complete import derive_events

    parameters = rule_parameters(workshop)
    register_codelists(workshop.schema, workshop.engine)
    derive_events(workshop.engine, parameters, workshop.project.estimate.provisional)
    workshop.write_made()
    return _series(parameters)


def estimate(workshop: Workshop) -> dict[str, Any]:
    """Complete the register where crossings are missing, and apply the rule to each completion."""
    from register.estimate.complete import complete, derive
    from register.estimate.linkage import add_drawn

    project, engine = workshop.project, workshop.engine
    parameters = rule_parameters(workshop)
    register_codelists(workshop.schema, engine)
    with Engine(memory_limit=project.engine.memory_limit, threads=project.engine.threads) as apart:
        register_codelists(workshop.schema, apart)
        for name in (*RECORDS, "mention"):
            apart.view(name, workshop.run.table_path(workshop.schema.tables[name]))
        add_drawn(engine, apart, workshop.staging, parameters)
    completed = complete(
        engine, parameters, project.estimate.draws, is_modelled=project.estimate.missing == "model"
    )
    workshop.write("missing_rate", "select * from missing_rate")
    with Engine(
        memory_limit=project.engine.memory_limit,
        threads=project.engine.threads,
        temp_directory=workshop.run.path / "staging" / "spill_completed",
    ) as other:
        register_codelists(workshop.schema, other)
        for name in ("mention", "visa", "permit"):
            other.view(name, workshop.run.table_path(workshop.schema.tables[name]))
        derive(engine, other, workshop.staging, parameters, project.estimate.provisional)
        for name in ("event", "residency"):
            path = workshop.staging / f"derived_{name}.parquet"
            other.write(f"select * from completed_{name}", path)
            engine.view(f"derived_{name}", path)
            workshop.write(f"completed_{name}", f"select * from derived_{name} where not is_drawn")
            workshop.write(f"drawn_{name}", f"select * from derived_{name} where is_drawn")
    return {"people_modelled": completed.people, "people_left_out": completed.left_out}


def flows(workshop: Workshop) -> dict[str, Any]:
    """Aggregate migrations to flows and stocks."""
    from register.estimate.complete import read_sql
    from register.rules.residence import RESIDENCY, create_tables

    engine, parameters = workshop.engine, rule_parameters(workshop)
    register_codelists(workshop.schema, engine)
    create_tables(engine.con, [name for name in RESIDENCY if not engine.has(name)], parameters)
    values = {
        **parameters.values(),
        "draws": workshop.project.estimate.draws,
        "linkages": workshop.project.estimate.linkages,
    }
    for name in ("flow", "reference", "stock", "account"):
        engine.run(f"create temporary table {name} as {read_sql(name, values)}")
    workshop.write_made()
    residuals = engine.rows("select year, residual from account order by year")
    return {
        **_series(parameters),
        "account_residual": {str(year): round(residual, 6) for year, residual in residuals},
    }


def check_account(_project: Project, record: Mapping[str, Any]) -> None:
    """Stop the build if the accounting equation of some year does not close.

    Raises
    ------
    QualityError
        Naming the year and what is left over.
    """
    for year, residual in record.get("account_residual", {}).items():
        if abs(residual) > LARGEST_RESIDUAL:
            raise QualityError("account_open", where="account", year=year, residual=f"{residual:+.6f}")


def _apply_rule(workshop: Workshop, tables: Sequence[str]) -> dict[str, Any]:
    from register.rules.residence import create_tables

    parameters = rule_parameters(workshop)
    register_codelists(workshop.schema, workshop.engine)
    # A table that an earlier stage kept is there to be read; the others are made for this stage and pass with it.
    create_tables(workshop.engine.con, [name for name in tables if not workshop.engine.has(name)], parameters)
    workshop.write_made()
    return _series(parameters)


def register_codelists(schema: Schema, engine: Engine) -> None:
    """Let SQL of the residence rule read its code lists."""
    for name in ("age_group", "permit_class", "traveller_class", "visa_class"):
        engine.con.register(name, schema.codelist(name).to_arrow())


def _series(parameters: Parameters) -> dict[str, Any]:
    return {"observed_from": parameters.observed_from, "observed_until": parameters.observed_until}
