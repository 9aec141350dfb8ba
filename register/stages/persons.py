"""Identify, link, resolve, relink: from mentions to persons."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from register.engine import Engine
from register.project import Project
from register.run import digest, digest_files, list_runs
from register.stages.workshop import Workshop

LINK_CODE = Path(__file__).parents[1] / "link"


def identify(workshop: Workshop) -> dict[str, Any]:
    """Derive identities from mentions."""
    from register.ingest.identify import identity_sql

    workshop.write("identity", identity_sql(workshop.schema.tables["identity"]))
    return {}


def link(workshop: Workshop) -> dict[str, Any]:
    """Weigh pairs of identities: all, or only what is new if an earlier linkage used the same rules."""
    from register.link.declaration import load_rules
    from register.link.predict import predict

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
        there = run.has(pair, compared)
        if there and made.get("basis") == basis:
            workshop.engine.view("previous_pair", run.table_path(pair))
            workshop.engine.view("previous_compared", run.table_path(compared))
            return run.name, made["report"]["prior"]
    return None


def resolve(workshop: Workshop) -> dict[str, Any]:
    """Resolve pairs to persons, with ids carried over from the run before."""
    from register.link.declaration import load_rules
    from register.link.itinerary import load_itinerary
    from register.link.resolve import resolve

    rules = load_rules(workshop.project.linkage_rules / "people.toml")
    itinerary = load_itinerary(workshop.project.linkage_rules / "itinerary.toml")
    before = _register_previous(workshop)
    decisions = register_decisions(workshop.engine, workshop.project)
    report = resolve(workshop.engine.con, rules, itinerary, workshop.project.secret())
    _keep_mentions(workshop)
    workshop.write_made()
    decisions |= _tell_decisions(workshop, decisions["disagreed"])
    return {"report": asdict(report), "ids_carried_from": before, "decisions": decisions}


def _tell_decisions(workshop: Workshop, disagreed: int) -> dict[str, int]:
    """Say which decisions do not do what they say; return how many name records that no extract has."""
    say, rows = workshop.console.say, workshop.engine.rows
    found = dict(rows("select detail, count(*) from conflict where rule = 'decision' group by detail"))
    against = found.get("kept", 0) + found.get("contested", 0)
    if against or disagreed:
        say("decisions.contradicted", contradicted=against, disagreed=disagreed)
    if "one identity" in found:
        say("decisions.undivided", count=found["one identity"])
    ((absent, first),) = rows(
        """
        with asked as (
            select id, position, source_l as source, record_key_l as record_key, role_l as role from decision
            union all select id, position, source_r, record_key_r, role_r from decision
        )
        select count(distinct position), arg_min(id, position) from asked
        anti join mention using (source, record_key, role)
        """
    )
    if absent:
        say("decisions.absent", count=absent, first=first.removeprefix("line "))
    return {"absent": absent}


def relink(workshop: Workshop) -> dict[str, Any]:
    """Draw what the linkage could be as well."""
    from register.link.declaration import load_rules
    from register.link.itinerary import load_itinerary
    from register.link.redraw import redraw

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


def _keep_mentions(workshop: Workshop) -> None:
    """Keep the mentions as they are now: a record corrected later is known by them. One file, until it is replaced."""
    name = "resolved_mention"
    now, kept = (
        workshop.run.table_path(workshop.schema.tables["mention"]),
        workshop.staging / f"{name}.parquet",
    )
    kept.unlink(missing_ok=True)
    try:
        os.link(now, kept)
    except OSError:  # a file system without links
        shutil.copyfile(now, kept)
    workshop.keep({name: workshop.engine.rows("select count(*) from mention")[0][0]})


def _register_previous(workshop: Workshop) -> str | None:
    """Let SQL read the persons of the run before: this run's own last ones, else those of the newest other run."""
    membership, person, mention = (
        workshop.schema.tables[name] for name in ("membership", "person", "resolved_mention")
    )
    others = [run for run in list_runs(workshop.project.runs) if run.name != workshop.run.name]
    for run in (workshop.run, *reversed(others)):
        if run.has(membership, person):
            workshop.engine.view("previous_membership", run.table_path(membership))
            workshop.engine.view("previous_person", run.table_path(person))
            if run.has(mention):
                workshop.engine.view("previous_mention", run.table_path(mention))
            return run.name
    return None


def register_decisions(engine: Engine, project: Project) -> dict[str, int]:
    """Let SQL read what the reviewers' decisions come to; return how many pairs are agreed, disagreed and waiting."""
    import polars as pl

    from register.decisions import COLUMNS, DIFFERENT, SAME, read_standing

    standing = read_standing(project.decisions).values()
    rows = [
        (*found.pair[0], *found.pair[1], found.judgement, found.voices[-1].id)
        for found in standing
        if found.judgement in (SAME, DIFFERENT)
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys((*COLUMNS, "id"), pl.String), orient="row")
    engine.con.register("decision", frame.with_row_index("position").to_arrow())
    states = [found.state for found in standing]
    return {state: states.count(state) for state in ("agreed", "disagreed", "waiting")}
