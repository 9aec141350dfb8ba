"""The part of the page about one source: what it falls short in, its months, completeness, posts and indicators."""

from __future__ import annotations

from html import escape

import polars as pl

from register.assess import charts
from register.assess.assessment import Assessed, Assessment
from register.assess.declaration import TOTAL, Indicators
from register.assess.findings import Finding
from register.assess.labels import Labels
from register.assess.verdict import Verdict
from register.page import html

NOT_LISTED = ("complete", "missing", "sentinel", "valid")


def listed(sentences: list[str], tag: str) -> str:
    """Return findings as a list."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<{tag}>{items}</{tag}>" if items else ""


class SourceSection:
    """The sections of the sources in one language."""

    def __init__(
        self, assessment: Assessment, indicators: Indicators, labels: Labels, findings: list[Finding]
    ) -> None:
        self.assessment = assessment
        self.indicators = indicators
        self.labels = labels
        self.word = labels.word
        self.language = labels.language
        self.findings = findings

    def section(self, one: Assessed, verdict: Verdict) -> str:
        """Return the section of a source."""
        title = self.labels.source(one.declaration)
        own = [finding for finding in self.findings if finding.declaration == one.declaration]
        summary = self.word(
            "summary",
            level=self.labels.level(verdict.level),
            rows=self.labels.count(one.received),
            files=one.files,
        )
        held = list(
            dict.fromkeys(
                _lower(self.indicators[limit.indicator_id].label[self.language]) for limit in verdict.limits
            )
        )
        if held:
            summary += " " + self.word("held_by", reasons=self.labels.listed(held))
        items = (
            listed([finding.bare for finding in own], "ul") or f"<p>{escape(self.word('nothing_found'))}</p>"
        )
        return (
            f'<section id="{escape(one.declaration)}"><h2>{escape(title)}</h2><p>{escape(summary)}</p>{items}'
            f"{self._months(one)}{self._heat(one)}{self._posts(one)}{self._indicators(one)}</section>"
        )

    def _months(self, one: Assessed) -> str:
        rows = self.assessment.of(one.declaration).sort("period")
        found = rows.filter(pl.col("indicator_id") == "month_records")
        if found.height < 2:
            return ""
        changes = rows.filter(pl.col("indicator_id") == "break_level")
        labels = {
            row["period"]: self.word("break_short", month=row["period"], change=self._change(row["value"]))
            for row in changes.iter_rows(named=True)
        }
        title = self.word("monthly", source=self.labels.source(one.declaration))
        counts = dict(zip(found["period"], found["value"], strict=True))
        years: dict[str, float] = {}
        for month, n in counts.items():
            years[month[:4]] = years.get(month[:4], 0) + n
        svg = charts.monthly(
            f"m-{one.declaration}",
            title,
            self.word("monthly_about", months=found.height),
            counts,
            labels,
            self.language,
        )
        lines = [([year, self.labels.count(n)], "") for year, n in years.items()]
        caption = self.word("by_year", source=self.labels.source(one.declaration))
        return self._figure(title, svg) + html.table(
            caption, [self.word("head.year"), self.word("head.records")], lines
        )

    def _change(self, ratio: float) -> str:
        sign = "+" if ratio >= 1 else "\u2212"
        return f"{sign}{abs(ratio - 1):.0%}".replace("%", "\u00a0%" if self.language == "es" else "%")

    def _figure(self, caption: str, svg: str) -> str:
        return f"<figure><figcaption>{escape(caption)}</figcaption>{svg}</figure>"

    def _heat(self, one: Assessed) -> str:
        rows = self.assessment.of(one.declaration).filter(pl.col("indicator_id") == "complete")
        years = sorted({period for period in rows["period"] if period.isdigit()})
        columns = [*years, TOTAL]
        share = {(row["variable"], row["period"]): row["value"] for row in rows.iter_rows(named=True)}
        indicator = self.indicators["complete"]
        names = [self.labels.variable(name) for name in one.variables]
        heads = [*years, self.labels.period(TOTAL)]

        def label(name: str, period: str) -> str:
            return self.labels.value(indicator, share[name, period]) if (name, period) in share else "–"

        cells = {
            (at, place): (share[name, period], label(name, period).rstrip("%").rstrip())
            for at, name in enumerate(one.variables)
            for place, period in enumerate(columns)
            if (name, period) in share
        }
        title = self.word("heat", source=self.labels.source(one.declaration))
        svg = charts.heat_map(f"h-{one.declaration}", title, self.word("heat_about"), names, heads, cells)
        lines = [
            ([names[at], *(label(name, period) for period in columns)], "")
            for at, name in enumerate(one.variables)
        ]
        caption = self.word("heat_table", source=self.labels.source(one.declaration))
        return self._figure(title, svg) + html.table(caption, [self.word("head.variable"), *heads], lines)

    def _posts(self, one: Assessed) -> str:
        name = "alternation_linked" if self.assessment.run else "alternation"
        rows = self.assessment.of(one.declaration).filter(pl.col("variable").str.starts_with("post."))
        good = rows.filter((pl.col("indicator_id") == name) & (pl.col("period") == TOTAL)).sort(
            "value", "variable"
        )
        if good.is_empty():
            return ""
        stopped = {
            row["variable"]: row["period"]
            for row in rows.filter(pl.col("indicator_id") == "post_silent").iter_rows(named=True)
        }
        indicator = self.indicators[name]
        lines = [
            (
                [
                    self.labels.variable(row["variable"]), self.labels.value(indicator, row["value"]),
                    self.labels.count(row["denominator"]), self.labels.level(indicator.level(row["value"])),
                    stopped.get(row["variable"], "–"),
                ],
                "",
            )
            for row in good.iter_rows(named=True)
        ]  # fmt: skip
        heads = [self.word(f"head.{head}") for head in ("post", "alternation", "steps", "verdict", "stopped")]
        return html.table(self.word("by_post"), heads, lines)

    def _indicators(self, one: Assessed) -> str:
        rows = self.assessment.of(one.declaration).filter(
            (pl.col("period") == TOTAL)
            & ~pl.col("indicator_id").is_in(NOT_LISTED)
            & ~pl.col("variable").str.contains(r"^(?:post|against)\.")
        )
        order = {name: at for at, name in enumerate(self.indicators.indicators)}
        level = {(j.indicator_id, j.variable): j.level for j in self.assessment.judged[one.declaration]}
        lines = []
        for row in sorted(
            rows.iter_rows(named=True), key=lambda row: (order[row["indicator_id"]], row["variable"])
        ):
            indicator = self.indicators[row["indicator_id"]]
            is_counted = row["denominator"] >= 1 and indicator.unit in ("share", "ratio", "index")
            cells = [
                indicator.label[self.language], self.labels.variable(row["variable"]),
                self.labels.value(indicator, row["value"]),
                self.labels.count(round(row["numerator"])) if is_counted else "–",
                self.labels.count(round(row["denominator"])),
                self.labels.level(level.get((indicator.name, row["variable"]))),
            ]  # fmt: skip
            lines.append((cells, ""))
        heads = [
            self.word(f"head.{head}")
            for head in ("indicator", "variable", "value", "numerator", "denominator", "verdict")
        ]
        return html.table(
            self.word("indicators", source=self.labels.source(one.declaration)), heads, lines, 2
        )


def _lower(label: str) -> str:
    """Return a label as it stands within a sentence."""
    return label[:1].lower() + label[1:]
