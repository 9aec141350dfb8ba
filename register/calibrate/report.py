"""The page of a calibration: benchmarks before and after, how far weights moved, what was joined or cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from register.calibrate.charts import Dot, dots
from register.calibrate.definition import told_definition
from register.calibrate.report_weights import collapses, estimates, ratios, replicates
from register.calibrate.telling import Telling
from register.page import html

SHOWN = 30
NORMAL_95 = 1.96
SECTIONS = (ratios, collapses, estimates, replicates)


def write_page(summary: Mapping[str, Any], title: str, language: str, path: Path) -> None:
    """Write the page of a calibration in a language."""
    path.write_text(Page(summary, title, language).page(), "utf-8")


class Page:
    """One language's page, section by section.

    Parameters
    ----------
    summary
        See :func:`register.calibrate.summary.summarise`.
    title
        Name of the survey's file.
    """

    def __init__(self, summary: Mapping[str, Any], title: str, language: str) -> None:
        self.summary, self.title, self.tell = summary, title, Telling(language)

    def page(self) -> str:
        """Return the whole page."""
        heading = self.tell.text("title", survey=self.title)
        sections = [
            self._conflict(),
            self._benchmarks(),
            *(section(self.summary, self.tell) for section in SECTIONS),
        ]
        subtitle = self.tell.paragraph(f"subtitle_{self._kind()}", **self._told())
        body = (
            f"<header><h1>{escape(heading)}</h1>{subtitle}</header>"
            f'<main id="main">{self._headline()}{"".join(sections)}</main>'
        )
        return html.page(heading, self.tell.language, body, self.tell.text("skip"))

    def _kind(self) -> str:
        return "household" if self.summary["method"]["household"] else "people"

    def _told(self) -> dict[str, str]:
        survey, method = self.summary["survey"], self.summary["method"]
        return {
            "people": self.tell.count(survey["people"]),
            "households": self.tell.count(survey["households"] or 0),
            "strata": self.tell.count(survey["strata"]),
            "clusters": self.tell.count(survey["clusters"]),
            "distance": self.tell.text(f"distance_{method['distance']}"),
            "bounds": self.tell.bounds(self.summary["method"]["bounds"]),
        }

    def _headline(self) -> str:
        summary, effect = self.summary, self.summary["design_effect"]
        figures = [(self.tell.text("benchmarks"), self.tell.count(len(summary["benchmarks"])), "")]
        if summary["rank"] is not None:
            ratios = summary["ratios"]
            figures += [
                (self.tell.text("rank"), self.tell.count(summary["rank"]), ""),
                (
                    self.tell.text("ratio_range"),
                    f"{self.tell.decimal(ratios['min'], 2)} – {self.tell.decimal(ratios['max'], 2)}",
                    "",
                ),
                (
                    self.tell.text("design_effect"),
                    self.tell.decimal(effect["after"], 2),
                    self.tell.text("was", value=self.tell.decimal(effect["before"], 2)),
                ),
            ]
        cells = "".join(
            f"<div><dt>{escape(label)}</dt><dd>{escape(value)} <span>{escape(beside)}</span></dd></div>"
            for label, value, beside in figures
        )
        return f'<dl class="headline">{cells}</dl>'

    def _conflict(self) -> str:
        conflict = self.summary["conflict"]
        if not conflict:
            return ""
        columns = [self.tell.text(key) for key in ("benchmark", "counts", "total", "least", "greatest")]
        lines = [
            (
                [
                    one["benchmark"],
                    one["label"],
                    *(self.tell.figure(one[key]) for key in ("total", "least", "greatest")),
                ],
                "",
            )
            for one in conflict
        ]
        bounds = self.tell.bounds(self.summary["method"]["bounds"])
        told = f'<div class="note">{self.tell.paragraph("conflict_told", bounds=bounds)}</div>'
        return self.tell.section("conflict", told + html.table(self.tell.text("conflict"), columns, lines, 2))

    def _benchmarks(self) -> str:
        rows = self.summary["benchmarks"]
        done = self.summary["rank"] is not None
        widest = sorted(rows, key=lambda one: -abs(one["difference_before"] or 0))[:SHOWN]
        marks = [
            Dot(
                one["label"],
                one["difference_before"],
                one["difference_after"],
                NORMAL_95 * one["standard_error"] / abs(one["total"]) if one["total"] else 0.0,
            )
            for one in widest
        ]
        legend = (self.tell.text("before"), self.tell.text("after"), self.tell.text("interval"))
        chart = dots(
            "b",
            self.tell.text("chart_benchmarks"),
            self.tell.text("chart_benchmarks_told"),
            marks,
            legend,
            self.tell.language,
        )
        caption = self.tell.text("chart_benchmarks")
        parts = [f"<figure>{chart}<figcaption>{escape(caption)}</figcaption></figure>"]
        if len(rows) > len(widest):
            parts.append(self.tell.paragraph("only_widest", shown=len(widest), all=len(rows)))
        heads = (
            "benchmark",
            "counts",
            "total",
            "standard_error",
            "before",
            "after",
            "difference",
            "interviews",
            "kind",
        )
        lines = [(self._benchmark_cells(one, done=done), "p" if one["dropped"] else "") for one in rows]
        parts.append(
            html.table(self.tell.text("benchmarks"), [self.tell.text(key) for key in heads], lines, 2)
        )
        parts.append(self.tell.paragraph("benchmarks_told"))
        sources = {
            (
                one["benchmark"],
                one["date"],
                told_definition(one["definition"], self.tell.language),
                one["version"],
            )
            for one in rows
        }
        if any(any(told) for _, *told in sources):
            columns = [self.tell.text(key) for key in ("benchmark", "date", "definition", "version")]
            parts.append(
                html.table(self.tell.text("sources"), columns, [(list(one), "") for one in sorted(sources)])
            )
        return self.tell.section("benchmarks", "".join(parts))

    def _benchmark_cells(self, one: Mapping[str, Any], *, done: bool) -> list[str]:
        kind = (
            "dropped"
            if one["dropped"]
            else "in_conflict"
            if one["in_conflict"]
            else "soft"
            if one["soft"]
            else "hard"
        )
        difference = one["difference_after"] if done else one["difference_before"]
        return [
            one["benchmark"],
            one["label"],
            self.tell.figure(one["total"]),
            self.tell.figure(one["standard_error"] or None),
            f"{self.tell.figure(one['before'])} ± {self.tell.figure(NORMAL_95 * one['before_error'])}",
            self.tell.figure(one["after"]),
            self.tell.percent(difference),
            self.tell.count(one["interviews"]),
            self.tell.text(f"kind_{kind}"),
        ]
