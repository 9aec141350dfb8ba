"""The page of an assessment: one HTML file a language that needs no other file. What matters stands first."""

from __future__ import annotations

from html import escape

import polars as pl

from register.assess.assessment import Assessment
from register.assess.declaration import DIRECT, LEVELS, Indicators
from register.assess.findings import find
from register.assess.labels import Labels
from register.assess.questionnaire import Questionnaire
from register.assess.source_section import SourceSection, listed
from register.assess.verdict import table_levels
from register.page import html
from register.schema import Schema

FIRST = 8
#: Backgrounds of not usable, auxiliary, with correction, direct use; the word stands in each cell.
PAINT = ("#f2b8a0", "#f7dcc8", "#dce7f3", "#a9c6e4")


class Report:
    """One language's page of an assessment."""

    def __init__(
        self,
        assessment: Assessment,
        indicators: Indicators,
        questionnaire: Questionnaire,
        schema: Schema,
        language: str,
    ) -> None:
        self.assessment = assessment
        self.indicators = indicators
        self.questionnaire = questionnaire
        self.schema = schema
        self.language = language
        titles = {one.declaration: one.title for one in assessment.sources}
        self.labels = Labels(schema, titles, language)
        self.word = self.labels.word
        self.findings = find(assessment, indicators, self.labels)

    def page(self) -> str:
        """Return the whole page."""
        assessment = self.assessment
        country = self.labels.country(assessment.country)
        title = self.word("title", country=country)
        run = self.word("with_run", run=assessment.run) if assessment.run else self.word("without_run")
        subtitle = self.word("subtitle", date=assessment.made[:10], run=run)
        section = SourceSection(assessment, self.indicators, self.labels, self.findings)
        sections = "".join(
            section.section(one, verdict)
            for one, verdict in zip(assessment.sources, assessment.verdicts, strict=True)
        )
        body = (
            f'<header><h1>{escape(title)}</h1><p class="soft">{escape(subtitle)}</p></header><main id="main">'
            f"{self._headline()}{self._first()}{self._contents()}{self._notes()}{self._verdicts()}{self._matrix()}{self._coverage()}"
            f"{sections}{self._declared()}{self._method()}</main>"
        )
        return html.page(title, self.language, body, self.word("skip"))

    def _headline(self) -> str:
        entries = "".join(
            f"<div><dt>{escape(self.labels.source(v.declaration))}</dt>"
            f'<dd style="font-size:1.2rem">{escape(self.labels.level(v.level))}</dd></div>'
            for v in self.assessment.verdicts
        )
        return f'<dl class="headline">{entries}</dl>'

    def _first(self) -> str:
        shown = (
            listed([finding.text for finding in self.findings[:FIRST]], "ol")
            or f"<p>{escape(self.word('nothing_found'))}</p>"
        )
        return f'<section id="findings"><h2>{escape(self.word("findings"))}</h2>{shown}</section>'

    def _contents(self) -> str:
        """Return links to the sections: the sources under their titles."""
        titles = {name: self.word(name) for name in ("verdicts", "matrix")}
        titles |= {one.declaration: self.labels.source(one.declaration) for one in self.assessment.sources}
        titles |= {"declared": self.word("declared_part"), "method": self.word("method")}
        items = "".join(
            f'<li><a href="#{escape(name)}">{escape(title)}</a></li>' for name, title in titles.items()
        )
        heading = escape(self.word("contents"))
        return f'<nav aria-label="{heading}"><h2>{heading}</h2><ol>{items}</ol></nav>'

    def _notes(self) -> str:
        lines = [self.word("note_verdict"), self.word("note_disclosure")]
        if self.assessment.is_stale:
            lines.append(self.word("note_stale", run=self.assessment.run))
        if not self.assessment.run:
            lines.append(self.word("note_unlinked"))
        if any(verdict.declared is None for verdict in self.assessment.verdicts):
            lines.append(self.word("note_undeclared"))
        if self.assessment.absent:
            lines.append(self.word("note_absent", sources=", ".join(self.assessment.absent)))
        if self.assessment.unclaimed:
            lines.append(self.word("note_unclaimed", count=len(self.assessment.unclaimed)))
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        return f'<section id="reading"><h2>{escape(self.word("how_to_read"))}</h2><ul>{items}</ul></section>'

    def _verdicts(self) -> str:
        heads = ["source", "verdict", "measured", "declared", "score", "rows"]
        lines = []
        for one, v in zip(self.assessment.sources, self.assessment.verdicts, strict=True):
            score = (
                "–"
                if v.score is None
                else f"{v.score:.1f}".replace(".", "," if self.language == "es" else ".")
            )
            cells = [
                self.labels.source(v.declaration), self.labels.level(v.level), self.labels.level(v.measured),
                self.labels.level(v.declared), score, self.labels.count(one.received),
            ]  # fmt: skip
            lines.append((cells, ""))
        table = html.table(self.word("verdicts"), [self.word(f"head.{head}") for head in heads], lines)
        return f'<section id="verdicts"><h2>{escape(self.word("verdicts"))}</h2>{table}</section>'

    def _matrix(self) -> str:
        """Return source by official table. A cell holds a word; the colour repeats it."""
        verdicts, support = self.assessment.verdicts, self.indicators.support
        levels = table_levels(verdicts, self.indicators)
        names = [self.labels.source(verdict.declaration) for verdict in verdicts]
        head = "".join(
            f'<th scope="col"{"" if at else html.LEFT}>{escape(text)}</th>'
            for at, text in enumerate([self.word("head.table"), *names, self.word("head.together")])
        )
        body = []
        for table, level in levels.items():
            cells = []
            for v in verdicts:
                if table not in v.tables:
                    cells.append("<td>–</td>")
                    continue
                is_main = support[table][v.source].role == "main"
                cells.append(
                    self._cell(v.tables[table], "" if is_main else f" ({self.word('auxiliary_role')})")
                )
            named = self.labels.table(table)
            body.append(
                f'<tr><th scope="row" style="min-width:17rem">{escape(named)}</th>'
                f"{''.join(cells)}{self._cell(level)}</tr>"
            )
        caption = self.word("matrix")
        return (
            f'<section id="matrix"><h2>{escape(caption)}</h2><p>{escape(self.word("matrix_about"))}</p>'
            f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
            f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table></div></section>"
        )

    def _cell(self, level: int, extra: str = "") -> str:
        words = self.word(f"short.{LEVELS[level]}") + extra
        return f'<td style="background:{PAINT[level]}">{escape(words)}</td>'

    def _coverage(self) -> str:
        """Return how much of each source stands in each other."""
        is_linked = bool(self.assessment.run)
        name = "coverage_corrected" if is_linked else "coverage_by_document"
        rows = self.assessment.indicator.filter(pl.col("indicator_id") == name)
        if rows.is_empty():
            return ""
        cell = {
            (r["declaration"], r["variable"].partition(".")[2]): r["value"]
            for r in rows.iter_rows(named=True)
        }
        names = [one.declaration for one in self.assessment.sources]
        indicator = self.indicators[name]

        def share(mine: str, other: str) -> str:
            return self.labels.value(indicator, cell[mine, other]) if (mine, other) in cell else "–"

        lines = [
            ([self.labels.source(other), *(share(mine, other) for mine in names)], "") for other in names
        ]
        caption = indicator.label[self.language]
        heads = [
            self.word("head.of_those_in"),
            *(self.word("found_in", source=self.labels.source(one)) for one in names),
        ]
        return (
            f'<section id="coverage"><h2>{escape(self.word("coverage"))}</h2>'
            f"<p>{escape(indicator.definition[self.language])}</p>{html.table(caption, heads, lines)}"
            f"{self._people()}</section>"
        )

    def _people(self) -> str:
        """Return how many people each two sources are of, by the dual-system estimate."""
        rows = self.assessment.indicator.filter(pl.col("indicator_id").str.starts_with("dual_system"))
        if rows.is_empty():
            return ""
        indicator = self.indicators["dual_system"]
        wide = rows.pivot("indicator_id", index=["declaration", "variable"], values="value")
        lines = []
        for row in wide.sort("declaration", "variable").iter_rows(named=True):
            low, people, high = (
                self.labels.count(round(row[f"dual_system{end}"])) for end in ("_low", "", "_high")
            )
            other = row["variable"].partition(".")[2]
            pair = [self.labels.source(row["declaration"]), self.labels.source(other)]
            lines.append(([*pair, people, f"{low} – {high}"], ""))
        heads = [self.word(f"head.{head}") for head in ("source_one", "source_other", "people", "interval")]
        return (
            f"<p>{escape(indicator.definition[self.language])}</p>"
            f"{html.table(indicator.label[self.language], heads, lines, 2)}"
        )

    def _declared(self) -> str:
        declared = self.assessment.declared
        names = [one.declaration for one in self.assessment.sources]
        lines = []
        for question in self.questionnaire.questions:
            section = self.questionnaire.sections[question.section][self.language]
            scores = [declared[name].scores.get(question.name) for name in names]
            cells = [
                section,
                question.text[self.language],
                *("–" if score is None else str(score) for score in scores),
            ]
            lines.append((cells, ""))
        heads = [
            self.word("head.section"),
            self.word("head.question"),
            *(self.labels.source(name) for name in names),
        ]
        caption = self.word("declared_part")
        return (
            f'<section id="declared"><h2>{escape(caption)}</h2><p>{escape(self.word("declared_about"))}</p>'
            f"{html.table(caption, heads, lines, 2)}</section>"
        )

    def _method(self) -> str:
        """Return what every indicator means, with its formula, frameworks and thresholds."""
        lines = []
        for indicator in self.indicators.indicators.values():
            limits = " / ".join(self.labels.value(indicator, limit) for limit in indicator.thresholds) or "–"
            place = indicator.framework
            blue_ets = self.word(f"blue_ets.{place['blue_ets']}")
            frameworks = f"{blue_ets}; Zhang {place['zhang']}; ESSnet {place['essnet']}"
            essential = self.word("yes") if indicator.essential else ""
            lines.append(([indicator.label[self.language], limits, essential, frameworks], ""))
        heads = [self.word(f"head.{head}") for head in ("indicator", "thresholds", "essential", "framework")]
        entries = "".join(
            f"<dt><strong>{escape(one.label[self.language])}</strong></dt>"
            f"<dd>{escape(one.definition[self.language])} <code>{escape(one.formula[self.language])}</code></dd>"
            for one in self.indicators.indicators.values()
        )
        caption, about = self.word("thresholds"), self.word("method_about", best=self.labels.level(DIRECT))
        return (
            f'<section id="method"><h2>{escape(self.word("method"))}</h2><p>{escape(about)}</p>'
            f"{html.table(caption, heads, lines)}<dl>{entries}</dl></section>"
        )
