"""``register explain``: a person, a pair or a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from register.console import Console
from register.engine import Engine
from register.errors import UsageError, writing
from register.link.rules import Rules
from register.link.words import Words
from register.linked import rules_of
from register.project import Project
from register.run import Run, find_run
from register.tables import open_tables
from register.trace.cell import explain_cell, write_units
from register.trace.named import name_records
from register.trace.pair import compared_rows, explain_pair
from register.trace.records import Made, made_of
from register.trace.target import find_person, is_cell
from register.trace.tell import Teller
from register.trace.verdicts import explain_person, sentences

LINKED = ("identity", "mention", "pair", "membership", "conflict", "person")


def explain(
    console: Console,
    project: Project,
    words: Sequence[str],
    run_name: str | None,
    picture: Path | None,
    output: Path | None,
) -> None:
    """Explain what is asked for; draw it, or write its units, if asked.

    Raises
    ------
    UsageError
        If nothing of that name is in the run, or it cannot be drawn or written.
    """
    if is_cell(words):
        if picture is not None:
            raise UsageError("no_picture")
        _cell(console, project, words[0], run_name, output)
        return
    if output is not None:
        raise UsageError("no_units")
    if len(words) == 2:
        _pair(console, project, words[0], words[1], run_name, picture)
    elif len(words) == 1:
        _person(console, project, words[0], run_name, picture)
    else:
        raise UsageError("bad_target")


def _teller(console: Console, project: Project, rules: Rules) -> Teller:
    schema = project.schema()
    labels = {name: concept.label[console.language] for name, concept in schema.concepts.items()}
    codes: dict[str, str] = {}
    for codelist in ("record_source", "role"):
        codes |= schema.labels(codelist, console.language)
    return Teller(Words(rules, labels, console.language), console.text, codes)


def _draw(console: Console, path: Path, svg: str) -> None:
    with writing(path) as beside:
        beside.write_text(svg, "utf-8")
    console.say("explain.written", path=path)


def _pair(
    console: Console, project: Project, one: str, other: str, run_name: str | None, picture: Path | None
) -> None:
    found = explain_pair(project, one, other, run_name)
    teller = _teller(console, project, rules_of(project, find_run(project.runs, run_name)))
    if picture is not None:
        _draw(console, picture, teller.picture(found))
    if console.as_json:
        console.json(found.to_dict())
        return
    for line in teller.pair(found):
        console.data(line)


def _cell(
    console: Console, project: Project, written: str, run_name: str | None, output: Path | None
) -> None:
    found = explain_cell(project, written, run_name, console.language)
    if output is not None:
        write_units(found, output)
        console.say("trace.units_written", path=output, many=len(found.units))
    if console.as_json:
        console.json(found.to_dict())
        return
    rules = rules_of(project, find_run(project.runs, run_name))
    for line in _teller(console, project, rules).cell(found):
        console.data(line)


def _person(
    console: Console, project: Project, written: str, run_name: str | None, picture: Path | None
) -> None:
    run = find_run(project.runs, run_name)
    with open_tables(project, run) as engine:
        for table in LINKED:
            if not engine.has(table):
                raise UsageError("table_not_built", table=table, run=run.name)
        name_records(engine, run)
        person = find_person(engine, written, run.name)
        found = explain_person(project, person, run.name)
        rules = rules_of(project, run)
        made = _made(engine, run, person, rules)
    if picture is not None:
        from register.trace.timeline import draw_timeline

        _draw(console, picture, draw_timeline(found, console.text))
    if console.as_json:
        console.json(found.to_dict() | asdict(made))
        return
    for line in sentences(found, console.text, console.language):
        console.data(line)
    for line in _teller(console, project, rules).made(person, made):
        console.data(line)


def _made(engine: Engine, run: Run, person: str, rules: Rules) -> Made:
    return made_of(engine, person, rules, compared_rows(run))
