"""The stages, in order: READ THIS FIRST.

An office's extracts become annual flows in nine steps. Each reads tables and makes tables; a table between stages has
a declared grain, key and columns (``schemas/tables``) and stands as Parquet in the run, so that any step can be looked
at with ``register sql``.

    ingest    extracts            -> crossing visa permit birth death marriage, mention bundle, rejected superseded ...
    identify  mention bundle      -> identity                       distinct bundles of name, birth date, documents
    link      identity            -> pair compared                  which identities look like one person, with a weight
    resolve   pair mention        -> membership person conflict person_change resolved_mention
    relink    pair                -> drawn_membership drawn_person linkage_change    what the linkage could be as well
    stays     crossing membership -> movement stay initial_status   when each person was in the country
    events    movement            -> verdict outlook event          which crossings were migrations, by the rule
    estimate  movement            -> completed_event completed_residency missing_rate    what nobody wrote down
              drawn_membership    -> drawn_event drawn_residency    the same, of people in other linkages
    flows     completed_event     -> flow stock account             what the office publishes, beside the plain rule
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from register import stages
from register.concepts import RECORDS
from register.console import Console
from register.engine import Engine, OutOfMemory
from register.errors import DeclarationError, LockedError
from register.project import Project
from register.run import Run, digest, digest_files, list_runs, now, open_run
from register.schema import Schema


@dataclass(frozen=True)
class Stage:
    """One step: what it reads and makes, what of the project it depends on, and the function that does it.

    ``settings`` is the slice of ``register.toml``, ``declarations`` the files of the project and ``code`` the parts of
    the program whose change makes the result stale. ``gate`` stops the build if the result, kept for the office to
    look at, is too bad to go on from. ``gsbpm`` is the sub-process of the Generic Statistical Business Process Model.
    """

    name: str
    gsbpm: str
    work: Callable[[stages.Workshop], dict[str, Any]]
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    settings: Callable[[Project], object] = lambda _: None
    declarations: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    gate: Callable[[Project, Mapping[str, Any]], None] = lambda _project, _record: None


STAGES: tuple[Stage, ...] = (
    Stage(
        name="ingest",
        gsbpm="4.4",
        work=stages.ingest,
        reads=(),
        makes=(*RECORDS, "mention", "bundle", "rejected", "superseded", "similar_match"),
        settings=lambda project: (project.country, asdict(project.quality), project.secret()),
        declarations=("schemas/**/*",),
        code=("ingest", "schema.py", "stages/records.py"),
        gate=stages.check_rejected_share,
    ),
    Stage(
        name="identify",
        gsbpm="5.2",
        work=stages.identify,
        reads=("mention", "bundle"),
        makes=("identity",),
        code=("ingest/identify.py", "stages/persons.py"),
    ),
    Stage(
        name="link",
        gsbpm="5.1",
        work=stages.link,
        reads=("identity",),
        makes=("pair", "compared"),
        declarations=("linkage_rules/people*",),
        code=("link", "stages/persons.py"),
    ),
    Stage(
        name="resolve",
        gsbpm="5.1",
        work=stages.resolve,
        reads=("identity", "pair", "mention", *RECORDS),
        makes=("membership", "person", "conflict", "person_change", "resolved_mention"),
        settings=lambda project: project.secret(),
        declarations=("linkage_rules/*", "decisions/people.jsonl"),
        code=("link", "decisions.py", "stages/persons.py"),
    ),
    Stage(
        name="relink",
        gsbpm="5.1",
        work=stages.relink,
        reads=("identity", "pair", "mention", *RECORDS, "membership", "conflict"),
        makes=("drawn_membership", "drawn_person", "linkage_change"),
        settings=lambda project: (project.estimate.linkages, project.rule.seed),
        declarations=("linkage_rules/*", "decisions/people.jsonl"),
        code=("link", "decisions.py", "stages/persons.py"),
    ),
    Stage(
        name="stays",
        gsbpm="5.3",
        work=stages.stays,
        reads=(*RECORDS, "mention", "membership", "person"),
        makes=("movement", "stay", "initial_status", "movement_conflict"),
        settings=lambda project: asdict(project.rule),
        declarations=("schemas/codelists/*",),
        code=("rules", "stages/residence.py"),
    ),
    Stage(
        name="events",
        gsbpm="5.5",
        work=stages.events,
        reads=(*RECORDS, "mention", "membership", "person", "movement", "stay", "initial_status"),
        makes=("verdict", "outlook", "event"),
        settings=lambda project: (asdict(project.rule), project.estimate.provisional),
        declarations=("schemas/codelists/*",),
        code=("rules", "estimate/outcome.py", "stages/residence.py"),
    ),
    Stage(
        name="estimate",
        gsbpm="5.4",
        work=stages.estimate,
        reads=(
            *(*RECORDS, "mention", "membership", "person", "movement", "initial_status"),
            *("drawn_membership", "drawn_person"),
        ),
        makes=("completed_event", "completed_residency", "missing_rate", "drawn_event", "drawn_residency"),
        settings=lambda project: (asdict(project.rule), asdict(project.estimate)),
        declarations=("schemas/codelists/*",),
        code=("estimate", "rules", "stages/residence.py"),
    ),
    Stage(
        name="flows",
        gsbpm="5.7",
        work=stages.flows,
        reads=(
            *("crossing", "person", "movement", "stay", "verdict", "outlook", "event"),
            *("completed_event", "completed_residency", "drawn_event", "drawn_residency"),
            *("drawn_person", "linkage_change"),
        ),
        makes=("flow", "stock", "account"),
        settings=lambda project: (asdict(project.rule), asdict(project.estimate)),
        declarations=("schemas/codelists/age_group.csv",),
        code=("estimate", "rules", "stages/residence.py"),
        gate=stages.check_account,
    ),
)


@dataclass
class BuildReport:
    """What a build did: the stages it ran and those that were current, with the manifest of the run."""

    run: str
    path: Path
    done: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    seconds: float = 0.0
    manifest: Mapping[str, Any] = field(default_factory=dict)


def build(
    project: Project,
    console: Console | None = None,
    *,
    run_name: str | None = None,
    first: str | None = None,
    until: str | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> BuildReport:
    """Bring a run up to date: walk the stages, skip what is current, write what is not.

    Parameters
    ----------
    project
        The project.
    console
        For progress and notes; silent if not given.
    run_name
        The run to build; the newest if not given, a first one if there is none.
    first, until
        Redo from this stage on; stop after that one.
    force
        Redo every stage.
    dry_run
        Only say what would be done.

    Raises
    ------
    RegisterError
        Of the kinds that the stages raise; the tables of finished stages stay.
    """
    started = time.monotonic()
    console = console or Console(quiet=True)
    schema = project.schema()
    names = [stage.name for stage in STAGES]
    start = names.index(first) if first else len(names)
    stop = names.index(until) if until else len(names)
    name = _newest_or_first(project) if run_name is None else run_name
    for stage in STAGES:
        for table in stage.makes:
            if table not in schema.tables:
                where = str(schema.directory / "tables" / f"{table}.toml")
                raise DeclarationError("file_missing", where=where)
    if dry_run and not (project.runs / name).is_dir():
        return BuildReport(run=name, path=project.runs / name, done=names[: stop + 1])
    with open_run(project.runs, name) as run, console.progress() as progress:
        report = BuildReport(run=name, path=run.path)
        bar = progress.add_task(console.text("build.progress"), total=stop + 1)
        keys: dict[str, str] = {}
        for position, stage in enumerate(STAGES[: stop + 1]):
            progress.update(bar, description=console.text(f"stage.{stage.name}"), completed=position)
            key = _stage_key(stage, project, run, keys)
            keys.update(dict.fromkeys(stage.makes, key))
            tables = [schema.tables[table] for table in stage.makes]
            stale = force or position >= start or not run.is_current(stage.name, key, tables)
            if not stale:
                report.current.append(stage.name)
            else:
                report.done.append(stage.name)
                if not dry_run:
                    _perform(stage, key, project, schema, run, console, force=force)
            stage.gate(project, run.stages.get(stage.name, {}))
        report.manifest = run.manifest
        report.seconds = time.monotonic() - started
        return report


def _perform(
    stage: Stage, key: str, project: Project, schema: Schema, run: Run, console: Console, *, force: bool
) -> None:
    """Do one stage and commit its tables."""
    begun = time.monotonic()
    run.log("start", stage=stage.name, gsbpm=stage.gsbpm)
    staging = run.staging(stage.name)
    with Engine(
        memory_limit=project.engine.memory_limit,
        threads=project.engine.threads,
        temp_directory=run.path / "staging" / "spill",
    ) as engine:
        for table in stage.reads:
            engine.view(table, run.table_path(schema.tables[table]))
        workshop = stages.Workshop(project, schema, engine, run, staging, console, stage.makes, force)
        try:
            details = stage.work(workshop)
        except OutOfMemory as error:
            raise LockedError("out_of_memory", where=str(run.path)) from error
    seconds = round(time.monotonic() - begun, 2)
    record = {
        "key": key,
        "gsbpm": stage.gsbpm,
        "finished": now(),
        "seconds": seconds,
        "rows": workshop.rows,
        **details,
    }
    run.commit(stage.name, workshop.written, record, schema.tables)
    run.log("finish", stage=stage.name, gsbpm=stage.gsbpm, seconds=seconds, rows=workshop.rows)
    console.say(
        "build.stage_done", stage=console.text(f"stage.{stage.name}"), seconds=console.decimal(seconds)
    )


def _stage_key(stage: Stage, project: Project, run: Run, keys: Mapping[str, str]) -> str:
    """Return a hash of everything a stage's result depends on."""
    package = Path(__file__).parent
    code = [
        path
        for part in stage.code
        for path in _files(package, part)
        if path.suffix in (".py", ".sql", ".toml")
    ]
    declared = [
        path
        for pattern in stage.declarations
        for path in sorted(project.root.glob(pattern))
        if path.is_file()
    ]
    return digest(
        {
            "inputs": {table: keys[table] for table in stage.reads},
            "extracts": stages.fingerprint_extracts(project, run) if not stage.reads else None,
            "settings": stage.settings(project),
            "declarations": digest_files(declared, project.root),
            "code": digest_files([*code, package / "stages" / "workshop.py"], package),
            "libraries": [version(library) for library in ("duckdb", "polars", "splink")],
        }
    )


def _files(package: Path, part: str) -> list[Path]:
    place = package / part
    return [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())


def _newest_or_first(project: Project) -> str:
    known = list_runs(project.runs)
    return known[-1].name if known else now()[:10]
