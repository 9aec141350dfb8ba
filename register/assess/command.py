"""What ``register assess`` does, for the command line: measure, ask, or compare; and what it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

from register.assess.assess import assess
from register.assess.compare import compare, page
from register.assess.declaration import load_indicators
from register.assess.findings import find
from register.assess.kept import ANSWERS, FOLDER, Kept, keep, kept, record
from register.assess.labels import Labels
from register.assess.questionnaire import (
    HIGHEST,
    Declared,
    load_answers,
    load_questionnaire,
    write_answers,
)
from register.assess.report import FIRST, Report
from register.console import Console
from register.errors import UsageError, suggest
from register.ingest.declaration import load_sources
from register.locale import LANGUAGES
from register.project import SETTINGS_FILE, Project, load_project

STOP = "q"


def measure(project: Project, console: Console, name: str | None, run_name: str | None) -> None:
    """Assess a project's sources, keep the result and print what matters."""
    schema = project.schema()
    indicators, questionnaire = load_indicators(schema), load_questionnaire(schema)
    assessment = assess(project, console, name=name, run_name=run_name)
    pages = {
        f"report_{language}.html": Report(assessment, indicators, questionnaire, schema, language).page()
        for language in LANGUAGES
    }
    folder = keep(project, assessment, pages)
    titles = {one.declaration: one.title for one in assessment.sources}
    labels = Labels(schema, titles, console.language)
    findings = find(assessment, indicators, labels)
    if console.as_json:
        console.json(
            {
                **record(assessment),
                "findings": [asdict(finding) for finding in findings],
                "indicator": assessment.indicator.to_dicts(),
                "folder": str(folder),
            }
        )
        return
    console.table(
        [labels.word(f"head.{head}") for head in ("source", "rows", "verdict", "measured", "declared")],
        [
            [
                labels.source(one.declaration), labels.count(one.received),
                *(labels.level(level) for level in (verdict.level, verdict.measured, verdict.declared)),
            ]
            for one, verdict in zip(assessment.sources, assessment.verdicts, strict=True)
        ],
    )  # fmt: skip
    for finding in findings[:FIRST]:
        console.data(f"· {finding.text}")
    if assessment.is_stale:
        console.say("assess.note_stale", run=assessment.run)
    for declaration in assessment.absent:
        console.say("assess.no_file", source=declaration)
    if any(verdict.declared is None for verdict in assessment.verdicts):
        console.say("assess.note_undeclared")
    console.say("assess.kept", path=folder / f"report_{console.language}.html")


def answer(project: Project, console: Console, only: str | None, read: Callable[[str], str] | None) -> None:
    """Ask what is not answered yet, and write the form; without a terminal (``read`` is none) only write it.

    Raises
    ------
    UsageError
        If there is no such source.
    """
    schema = project.schema()
    questionnaire = load_questionnaire(schema)
    sources = load_sources(project.schemas / "sources", project.country, schema)
    titles = {source.name: source.title.get(console.language, source.name) for source in sources}
    if only is not None and only not in titles:
        known = ", ".join(titles)
        raise UsageError("assess_no_source", name=only, suggestion=suggest(only, titles), known=known)
    path = project.root / FOLDER / ANSWERS
    answers = load_answers(path, questionnaire)
    write_answers(path, questionnaire, answers, titles, console.language)
    for name, title in titles.items() if read else ():
        if only is not None and name != only:
            continue
        console.say("assess.asking", source=title)
        given = dict(answers.get(name, Declared()).scores)
        for question in questionnaire.questions:
            if question.name in given and only is None:
                continue
            score = _ask(console, question.text, question.answers, given.get(question.name), read)
            if score is None:
                console.say("assess.form", path=path)
                return
            if score >= 0:
                given[question.name] = score
            answers[name] = Declared(given, answers.get(name, Declared()).note)
            # After every answer: who stops loses nothing.
            write_answers(path, questionnaire, answers, titles, console.language)
    console.say("assess.form", path=path)


def _ask(
    console: Console,
    text: Mapping[str, str],
    choices: Sequence[Mapping[str, str]],
    now: int | None,
    read: Callable[[str], str] | None,
) -> int | None:
    """Return the score chosen, -1 to leave the question as it is, none to stop."""
    language = console.language
    console.data(f"\n{text[language]}")
    for score, choice in enumerate(choices):
        console.data(f"  {score}  {choice[language]}")
    prompt = console.text("assess.prompt", now="–" if now is None else now)
    while read is not None:
        try:
            given = read(prompt).strip().lower()
        except EOFError:
            return None
        if given == STOP:
            return None
        if not given:
            return -1
        if given in map(str, range(HIGHEST + 1)):
            return int(given)
        console.say("assess.not_a_score")
    return None


def compare_with(project: Project, console: Console, others: Sequence[str]) -> None:
    """Set the newest assessment beside others: of earlier dates by name, of other projects by folder.

    Raises
    ------
    UsageError
        If one of them has no assessment, or is given twice.
    """
    schema = project.schema()
    indicators, questionnaire = load_indicators(schema), load_questionnaire(schema)
    chosen: list[Kept] = [kept(project)]
    for other in others:
        folder = Path(other)
        is_project = (folder / SETTINGS_FILE).is_file()
        chosen.append(kept(load_project(folder)) if is_project else kept(project, other))
    for left, right in combinations(chosen, 2):
        if left.label == right.label and left.record == right.record:
            raise UsageError("assess_with_itself", name=left.label)
    found = compare(chosen, indicators, questionnaire)
    home = project.root / FOLDER
    for language in LANGUAGES:
        text = page(found, indicators, questionnaire, schema, language)
        (home / f"comparison_{language}.html").write_text(text, "utf-8")
    if console.as_json:
        console.json(
            {
                "assessments": found.labels,
                "verdicts": found.verdicts,
                "tables": found.tables,
                "declared": [
                    {"source": source, "question": question, "scores": scores}
                    for (source, question), scores in found.declared.items()
                ],
                "indicators": [{**asdict(line), "changed": line.changed} for line in found.lines],
            }
        )
        return
    labels = Labels(schema, found.titles, console.language)
    console.table(
        [labels.word("head.source"), *found.labels],
        [
            [labels.source(name), *(labels.level(level) for level in levels)]
            for name, levels in found.verdicts.items()
        ],
    )
    changed = [line for line in found.lines if line.changed]
    if changed:
        console.table(
            [*(labels.word(f"head.{head}") for head in ("source", "indicator", "variable")), *found.labels],
            [
                [
                    labels.source(line.source), indicators[line.indicator_id].label[console.language],
                    labels.variable(line.variable),
                    *("–" if v is None else labels.value(indicators[line.indicator_id], v) for v in line.values),
                ]
                for line in changed
            ],
        )  # fmt: skip
    console.say("assess.kept", path=home / f"comparison_{console.language}.html")
