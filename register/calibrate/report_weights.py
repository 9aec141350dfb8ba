"""Sections of the page of a calibration that tell of weights: how far they moved, for which cells, with what error."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from register.calibrate.charts import histogram
from register.calibrate.summary import QUANTILES
from register.calibrate.telling import Telling
from register.page import html


def ratios(summary: Mapping[str, Any], tell: Telling) -> str:
    """Return the section of how far weights moved, empty where there are none."""
    ratios = summary["ratios"]
    if ratios is None:
        return ""
    shape = ratios["histogram"]
    chart = histogram(
        "g",
        tell.text("chart_ratios"),
        tell.text("chart_ratios_told"),
        shape["edges"],
        shape["people"],
        tuple(summary["method"]["bounds"]),
        (tell.text("axis_ratio"), tell.text("axis_people")),
        tell.language,
    )
    columns = [tell.text("ratio"), *(tell.text(f"q_{name}") for name in QUANTILES)]
    line = ["w/d", *(tell.decimal(ratios[name], 3) for name in QUANTILES)]
    effect = summary["design_effect"]
    effects = [
        ([tell.text("before"), tell.decimal(effect["before"], 3)], ""),
        ([tell.text("after"), tell.decimal(effect["after"], 3)], ""),
    ]
    told = tell.paragraph(
        "ratios_told",
        lower=tell.count(ratios["at_lower"]),
        upper=tell.count(ratios["at_upper"]),
        negative=tell.count(ratios["negative"]),
    )
    return tell.section(
        "ratios",
        f"<figure>{chart}<figcaption>{escape(tell.text('chart_ratios'))}</figcaption></figure>"
        + html.table(tell.text("ratios"), columns, [(line, "")])
        + told
        + html.table(tell.text("kish"), [tell.text("weights"), tell.text("design_effect")], effects)
        + tell.paragraph("kish_told"),
    )


def collapses(summary: Mapping[str, Any], tell: Telling) -> str:
    """Return the section of cells that were joined, and of totals that add nothing."""
    joints, dropped = summary["collapses"], summary["dropped"]
    parts = []
    if joints:
        columns = [tell.text(key) for key in ("benchmark", "into", "joined", "interviews")]
        lines = [
            (
                [
                    one["benchmark"],
                    one["into"],
                    "; ".join(f"{cell['label']} ({cell['interviews']})" for cell in one["cells"]),
                    tell.count(one["interviews"]),
                ],
                "",
            )
            for one in joints
        ]
        parts.append(tell.paragraph("collapses_told", minimum=summary["method"]["minimum"]))
        parts.append(html.table(tell.text("collapses"), columns, lines, 2))
    else:
        parts.append(tell.paragraph("no_collapses"))
    if summary["small_cells"]:
        minimum = summary["method"]["minimum"]
        told = tell.paragraph("small_cells_told", count=summary["small_cells"], minimum=minimum)
        parts.append(told)
    if dropped:
        parts.append(tell.paragraph("dropped_told", count=len(dropped)))
        parts.append("<ul>" + "".join(f"<li>{escape(label)}</li>" for label in dropped) + "</ul>")
    elif summary["rank"] is not None:
        parts.append(tell.paragraph("full_rank"))
    return tell.section("collapses", "".join(parts))


def estimates(summary: Mapping[str, Any], tell: Telling) -> str:
    """Return the section of the survey's own estimates, empty where none is asked for."""
    rows = summary["estimates"]
    if not rows:
        return ""
    replicated = rows[0]["after_error_replicated"] is not None
    keys = ["before", "before_error", *(["before_error_replicated"] if replicated else [])]
    keys += ["after", "after_error", *(["after_error_replicated"] if replicated else [])]
    heads = ["estimate", "domain", "interviews", *(f"e_{key}" for key in keys)]
    lines = [
        (
            [one["name"], one["domain"] or tell.text("everybody"), tell.count(one["interviews"])]
            + [tell.figure(one[key]) for key in keys],
            "",
        )
        for one in rows
    ]
    caption = tell.text("estimates")
    return tell.section(
        "estimates",
        html.table(caption, [tell.text(key) for key in heads], lines, 2) + tell.paragraph("estimates_told"),
    )


def replicates(summary: Mapping[str, Any], tell: Telling) -> str:
    """Return the section of replicate weights, empty where there are none."""
    made = summary["replicates"]
    if made is None:
        return ""
    words = {key: tell.count(made[key]) for key in ("number", "drawn", "relaxed")}
    return tell.section("replicates", tell.paragraph("replicates_told", method=made["method"], **words))
