"""Sets assessments side by side: dates of one project, or several countries, judged by the thresholds of the first.

Between dates a source is its declaration. Between countries it is its kind of record, and of several declarations of
one kind the one with the most rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import polars as pl

from register.assess.declaration import TOTAL, Indicators
from register.assess.kept import Kept
from register.assess.labels import Labels
from register.assess.questionnaire import Declared, Questionnaire
from register.assess.verdict import decide, judge
from register.page import html
from register.schema import Schema


@dataclass(frozen=True)
class Line:
    """One figure in every assessment: null where it was not measured. ``levels`` are by the first one's thresholds."""

    source: str
    indicator_id: str
    variable: str
    values: tuple[float | None, ...]
    levels: tuple[int | None, ...]

    @property
    def changed(self) -> bool:
        """Whether the level is not the same in all that have one."""
        return len({level for level in self.levels if level is not None}) > 1


@dataclass(frozen=True)
class Comparison:
    """``labels`` name the assessments. ``verdicts`` and ``tables``: levels by source, and by official table.

    ``declared``: scores by source and question. ``lines``: figures over all periods, those that changed level first.
    """

    labels: tuple[str, ...]
    titles: Mapping[str, Mapping[str, str]]
    verdicts: Mapping[str, tuple[int | None, ...]]
    tables: Mapping[str, tuple[int | None, ...]]
    declared: Mapping[tuple[str, str], tuple[int | None, ...]]
    lines: tuple[Line, ...]


def compare(assessments: Sequence[Kept], indicators: Indicators, questionnaire: Questionnaire) -> Comparison:
    """Set assessments side by side, in the order given."""
    by = "source" if len({one.record["country"] for one in assessments}) > 1 else "declaration"
    chosen = [_chosen(one, by, indicators, questionnaire) for one in assessments]
    names = list(dict.fromkeys(name for one in chosen for name in one))
    tables = [{t: level for name in names for t, level in _tables(one.get(name))} for one in chosen]
    return Comparison(
        labels=tuple(one.label for one in assessments),
        titles={name: next(one[name]["title"] for one in chosen if name in one) for name in names},
        verdicts={
            name: tuple(one[name]["level"] if name in one else None for one in chosen) for name in names
        },
        tables={
            table: tuple(
                _least(chosen[at], indicators, table) if table in each else None
                for at, each in enumerate(tables)
            )
            for table in indicators.support
        },
        declared=_declared(chosen, names, questionnaire),
        lines=_lines(assessments, chosen, names, indicators),
    )


def _chosen(
    kept: Kept, by: str, indicators: Indicators, questionnaire: Questionnaire
) -> dict[str, dict[str, Any]]:
    """Judge each source anew; return its declaration, title, scores, levels of figures, verdict and tables."""
    found: dict[str, dict[str, Any]] = {}
    known = kept.indicator.filter(pl.col("indicator_id").is_in(list(indicators.indicators)))
    for source in sorted(kept.record["sources"], key=lambda one: -one["received"]):
        name = source["declaration"]
        scores = kept.record["declared"].get(name, {}).get("scores", {})
        judged = judge(known.filter(pl.col("declaration") == name), indicators)
        asked = {question.name for question in questionnaire.questions}
        declared = Declared({question: score for question, score in scores.items() if question in asked})
        verdict = decide(name, source["source"], judged, declared, questionnaire, indicators)
        found.setdefault(
            source[by],
            {
                **source,
                "scores": scores,
                "levels": {(one.indicator_id, one.variable): one.level for one in judged},
                "level": verdict.level,
                "tables": verdict.tables,
            },
        )
    return dict(sorted(found.items()))


def _tables(source: Mapping[str, Any] | None) -> list[tuple[str, int]]:
    return list(source["tables"].items()) if source else []


def _least(chosen: Mapping[str, Mapping[str, Any]], indicators: Indicators, table: str) -> int:
    levels: dict[str, int] = {}
    for one in chosen.values():
        if table in one["tables"]:
            levels[one["source"]] = max(levels.get(one["source"], 0), one["tables"][table])
    needs = indicators.support[table]
    return min((levels.get(source, 0) for source, need in needs.items() if need.role == "main"), default=0)


def _declared(
    chosen: Sequence[Mapping[str, Mapping[str, Any]]], names: Sequence[str], questionnaire: Questionnaire
) -> dict[tuple[str, str], tuple[int | None, ...]]:
    """Return the scores of the questions that somebody answered."""
    scores = {
        (name, question.name): tuple(one.get(name, {}).get("scores", {}).get(question.name) for one in chosen)
        for name in names
        for question in questionnaire.questions
    }
    return {key: found for key, found in scores.items() if any(score is not None for score in found)}


def _lines(
    assessments: Sequence[Kept],
    chosen: Sequence[Mapping[str, Mapping[str, Any]]],
    names: Sequence[str],
    indicators: Indicators,
) -> tuple[Line, ...]:
    values: dict[tuple[str, str, str], list[float | None]] = {}
    for at, (kept, own) in enumerate(zip(assessments, chosen, strict=True)):
        name_of = {one["declaration"]: name for name, one in own.items()}
        is_known = pl.col("indicator_id").is_in(list(indicators.indicators))
        total = kept.indicator.filter((pl.col("period") == TOTAL) & is_known)
        for row in total.iter_rows(named=True):
            if row["declaration"] in name_of:
                key = (name_of[row["declaration"]], row["indicator_id"], row["variable"])
                values.setdefault(key, [None] * len(assessments))[at] = row["value"]

    def levels(name: str, *figure: str) -> tuple[int | None, ...]:
        return tuple(own[name]["levels"].get(figure) if name in own else None for own in chosen)

    order = {name: at for at, name in enumerate(indicators.indicators)}
    lines = [
        Line(name, indicator, variable, tuple(found), levels(name, indicator, variable))
        for (name, indicator, variable), found in values.items()
    ]  # fmt: skip
    place = {name: at for at, name in enumerate(names)}
    return tuple(
        sorted(
            lines, key=lambda one: (not one.changed, place[one.source], order[one.indicator_id], one.variable)
        )
    )


def page(
    comparison: Comparison,
    indicators: Indicators,
    questionnaire: Questionnaire,
    schema: Schema,
    language: str,
) -> str:
    """Return a comparison as a page that needs no other file."""
    labels = Labels(schema, comparison.titles, language)
    word = labels.word

    def level_table(
        caption: str, head: str, rows: Mapping[str, tuple[int | None, ...]], named: Mapping[str, str]
    ) -> str:
        lines = [
            ([named[name], *(labels.level(level) for level in levels)], "") for name, levels in rows.items()
        ]
        return html.table(caption, [head, *comparison.labels], lines)

    sources = {name: labels.source(name) for name in comparison.verdicts}
    tables = {name: labels.table(name) for name in comparison.tables}
    questions = {question.name: question.text[language] for question in questionnaire.questions}
    declared = [
        (
            [sources[name], questions[question], *("–" if score is None else str(score) for score in scores)],
            "",
        )
        for (name, question), scores in comparison.declared.items()
    ]
    judged = [line for line in comparison.lines if indicators[line.indicator_id].thresholds]
    figures = [
        (
            [
                sources[line.source], indicators[line.indicator_id].label[language], labels.variable(line.variable),
                *("–" if v is None else labels.value(indicators[line.indicator_id], v) for v in line.values),
                word("yes") if line.changed else "",
            ],
            "",
        )
        for line in judged
    ]  # fmt: skip
    heads = [
        word("head.source"),
        word("head.indicator"),
        word("head.variable"),
        *comparison.labels,
        word("head.changed"),
    ]
    title = word("comparison", labels=" · ".join(comparison.labels))
    pieces = [
        f'<header><h1>{escape(title)}</h1><p class="soft">{escape(word("comparison_about"))}</p></header>',
        '<main id="main">',
        f"<section><h2>{escape(word('verdicts'))}</h2>",
        level_table(word("verdicts"), word("head.source"), comparison.verdicts, sources),
        f"</section><section><h2>{escape(word('matrix'))}</h2>",
        level_table(word("matrix"), word("head.table"), comparison.tables, tables),
        f"</section><section><h2>{escape(word('indicators_compared'))}</h2>",
        html.table(word("indicators_compared"), heads, figures, 3),
        "</section>",
    ]
    if declared:
        heads = [word("head.source"), word("head.question"), *comparison.labels]
        table = html.table(word("declared_part"), heads, declared, 2)
        pieces.append(f"<section><h2>{escape(word('declared_part'))}</h2>{table}</section>")
    return html.page(title, language, "".join([*pieces, "</main>"]), word("skip"))
