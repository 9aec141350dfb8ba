"""The page of a calibration: benchmarks before and after, how far weights moved, what was joined or cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from register.calibrate.charts import Dot, dots, histogram
from register.calibrate.summary import QUANTILES
from register.locale import translate
from register.locale.numbers import decimal, number, percent
from register.page import html

SHOWN = 30
NORMAL_95 = 1.96


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
        self.summary, self.title, self.language = summary, title, language
        self.text: Callable[..., str] = lambda key, **values: translate(
            f"calibrate.{key}", language, **values
        )

    def page(self) -> str:
        """Return the whole page."""
        heading = self.text("title", survey=self.title)
        sections = [
            self._conflict(),
            self._benchmarks(),
            self._ratios(),
            self._collapses(),
            self._estimates(),
            self._replicates(),
        ]
        body = (
            f"<header><h1>{escape(heading)}</h1>{self._paragraph('subtitle_' + self._kind(), **self._told())}</header>"
            f'<main id="main">{self._headline()}{"".join(sections)}</main>'
        )
        return html.page(heading, self.language, body, self.text("skip"))

    def _kind(self) -> str:
        return "household" if self.summary["method"]["household"] else "people"

    def _told(self) -> dict[str, str]:
        survey, method = self.summary["survey"], self.summary["method"]
        return {
            "people": self._count(survey["people"]),
            "households": self._count(survey["households"] or 0),
            "strata": self._count(survey["strata"]),
            "clusters": self._count(survey["clusters"]),
            "distance": self.text(f"distance_{method['distance']}"),
            "bounds": self._bounds(),
        }

    def _bounds(self) -> str:
        low, high = self.summary["method"]["bounds"]
        if low is None and high is None:
            return self.text("no_bounds")
        return self.text("bounds", low=self._decimal(low, 2), high=self._decimal(high, 2))

    def _headline(self) -> str:
        summary, effect = self.summary, self.summary["design_effect"]
        figures = [(self.text("benchmarks"), self._count(len(summary["benchmarks"])), "")]
        if summary["rank"] is not None:
            ratios = summary["ratios"]
            figures += [
                (self.text("rank"), self._count(summary["rank"]), ""),
                (
                    self.text("ratio_range"),
                    f"{self._decimal(ratios['min'], 2)} – {self._decimal(ratios['max'], 2)}",
                    "",
                ),
                (
                    self.text("design_effect"),
                    self._decimal(effect["after"], 2),
                    self.text("was", value=self._decimal(effect["before"], 2)),
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
        columns = [self.text(key) for key in ("benchmark", "counts", "total", "least", "greatest")]
        lines = [
            (
                [
                    one["benchmark"],
                    one["label"],
                    *(self._figure(one[key]) for key in ("total", "least", "greatest")),
                ],
                "",
            )
            for one in conflict
        ]
        told = f'<div class="note">{self._paragraph("conflict_told", bounds=self._bounds())}</div>'
        return self._section("conflict", told + html.table(self.text("conflict"), columns, lines, 2))

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
        legend = (self.text("before"), self.text("after"), self.text("interval"))
        chart = dots(
            "b",
            self.text("chart_benchmarks"),
            self.text("chart_benchmarks_told"),
            marks,
            legend,
            self.language,
        )
        caption = self.text("chart_benchmarks")
        parts = [f"<figure>{chart}<figcaption>{escape(caption)}</figcaption></figure>"]
        if len(rows) > len(widest):
            parts.append(self._paragraph("only_widest", shown=len(widest), all=len(rows)))
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
        parts.append(html.table(self.text("benchmarks"), [self.text(key) for key in heads], lines, 2))
        parts.append(self._paragraph("benchmarks_told"))
        sources = {(one["benchmark"], one["date"], one["definition"], one["version"]) for one in rows}
        if any(any(told) for _, *told in sources):
            columns = [self.text(key) for key in ("benchmark", "date", "definition", "version")]
            parts.append(
                html.table(self.text("sources"), columns, [(list(one), "") for one in sorted(sources)])
            )
        return self._section("benchmarks", "".join(parts))

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
            self._figure(one["total"]),
            self._figure(one["standard_error"] or None),
            f"{self._figure(one['before'])} ± {self._figure(NORMAL_95 * one['before_error'])}",
            self._figure(one["after"]),
            self._percent(difference),
            self._count(one["interviews"]),
            self.text(f"kind_{kind}"),
        ]

    def _ratios(self) -> str:
        ratios = self.summary["ratios"]
        if ratios is None:
            return ""
        shape = ratios["histogram"]
        chart = histogram(
            "g",
            self.text("chart_ratios"),
            self.text("chart_ratios_told"),
            shape["edges"],
            shape["people"],
            tuple(self.summary["method"]["bounds"]),
            (self.text("axis_ratio"), self.text("axis_people")),
            self.language,
        )
        columns = [self.text("ratio"), *(self.text(f"q_{name}") for name in QUANTILES)]
        line = ["w/d", *(self._decimal(ratios[name], 3) for name in QUANTILES)]
        effect = self.summary["design_effect"]
        effects = [
            ([self.text("before"), self._decimal(effect["before"], 3)], ""),
            ([self.text("after"), self._decimal(effect["after"], 3)], ""),
        ]
        told = self._paragraph(
            "ratios_told",
            lower=self._count(ratios["at_lower"]),
            upper=self._count(ratios["at_upper"]),
            negative=self._count(ratios["negative"]),
        )
        return self._section(
            "ratios",
            f"<figure>{chart}<figcaption>{escape(self.text('chart_ratios'))}</figcaption></figure>"
            + html.table(self.text("ratios"), columns, [(line, "")])
            + told
            + html.table(self.text("kish"), [self.text("weights"), self.text("design_effect")], effects)
            + self._paragraph("kish_told"),
        )

    def _collapses(self) -> str:
        joints, dropped = self.summary["collapses"], self.summary["dropped"]
        parts = []
        if joints:
            columns = [self.text(key) for key in ("benchmark", "into", "joined", "interviews")]
            lines = [
                (
                    [
                        one["benchmark"],
                        one["into"],
                        "; ".join(f"{cell['label']} ({cell['interviews']})" for cell in one["cells"]),
                        self._count(one["interviews"]),
                    ],
                    "",
                )
                for one in joints
            ]
            parts.append(self._paragraph("collapses_told", minimum=self.summary["method"]["minimum"]))
            parts.append(html.table(self.text("collapses"), columns, lines, 2))
        else:
            parts.append(self._paragraph("no_collapses"))
        if self.summary["small_cells"]:
            minimum = self.summary["method"]["minimum"]
            told = self._paragraph("small_cells_told", count=self.summary["small_cells"], minimum=minimum)
            parts.append(told)
        if dropped:
            parts.append(self._paragraph("dropped_told", count=len(dropped)))
            parts.append("<ul>" + "".join(f"<li>{escape(label)}</li>" for label in dropped) + "</ul>")
        elif self.summary["rank"] is not None:
            parts.append(self._paragraph("full_rank"))
        return self._section("collapses", "".join(parts))

    def _estimates(self) -> str:
        rows = self.summary["estimates"]
        if not rows:
            return ""
        replicated = rows[0]["after_error_replicated"] is not None
        keys = ["before", "before_error", *(["before_error_replicated"] if replicated else [])]
        keys += ["after", "after_error", *(["after_error_replicated"] if replicated else [])]
        heads = ["estimate", "domain", "interviews", *(f"e_{key}" for key in keys)]
        lines = [
            (
                [one["name"], one["domain"] or self.text("everybody"), self._count(one["interviews"])]
                + [self._figure(one[key]) for key in keys],
                "",
            )
            for one in rows
        ]
        caption = self.text("estimates")
        return self._section(
            "estimates",
            html.table(caption, [self.text(key) for key in heads], lines, 2)
            + self._paragraph("estimates_told"),
        )

    def _replicates(self) -> str:
        made = self.summary["replicates"]
        if made is None:
            return ""
        words = {key: self._count(made[key]) for key in ("number", "drawn", "relaxed")}
        return self._section("replicates", self._paragraph("replicates_told", method=made["method"], **words))

    def _section(self, name: str, body: str) -> str:
        return f'<section id="{name}"><h2>{escape(self.text(name))}</h2>{body}</section>'

    def _paragraph(self, key: str, **values: object) -> str:
        return f"<p>{escape(self.text(key, **values))}</p>"

    def _count(self, value: float) -> str:
        return number(round(value), self.language)

    def _figure(self, value: float | None) -> str:
        if value is None:
            return "–"
        if abs(value) >= 1000 or abs(value - round(value)) < 1e-9:
            return self._count(value)
        return self._decimal(value, 3 if abs(value) < 1 else 1)

    def _decimal(self, value: float | None, digits: int) -> str:
        return "–" if value is None else decimal(value, digits, self.language)

    def _percent(self, value: float | None) -> str:
        return "–" if value is None else percent(value, 2, self.language)
