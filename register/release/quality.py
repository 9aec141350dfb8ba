"""The quality report (concepts of SIMS 2.0 and ESMS) and the log of the process (GSBPM 5.1), filled from the run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from register.engine import Engine
from register.locale import translate
from register.release import html
from register.release.charts import number
from register.release.declaration import TOTAL
from register.release.order import Order
from register.release.published import Published

OWN_PHASES = ("5.7", "6.4", "7.2")


@dataclass(frozen=True)
class Indicator:
    """One line of the quality report: SIMS concept, the key of its text, and its value."""

    concept: str
    key: str
    value: float
    is_share: bool = False
    detail: str = ""


def measure(engine: Engine, order: Order, tables: Sequence[Published]) -> list[Indicator]:
    """Return the indicators of a run and its release: all of the whole register, none of a small group."""
    files = order.manifest["stages"]["ingest"]["files"]
    received = sum(count["received"] for count in files)
    found = [
        Indicator(
            "S.13.3.1", "rejected", _share(sum(count["rejected"] for count in files), received), is_share=True
        ),
        Indicator(
            "S.13.3.1",
            "duplicates",
            _share(sum(count["duplicate"] for count in files), received),
            is_share=True,
        ),
    ]
    persons, identities = (
        engine.rows(f"select count(*) from {name}")[0][0] for name in ("person", "identity")
    )
    found += [
        Indicator("S.13.3.2", "identities", identities / max(1, persons)),
        Indicator(
            "S.13.3.2",
            "conflicts",
            _one(engine, "select count(*) from conflict") / max(1, persons),
            is_share=True,
        ),
    ]
    movements, imputed, late = engine.rows(
        "select count(*), count(*) filter (is_imputed), count(*) filter (not is_in_scope) from movement"
    )[0]
    found.append(Indicator("S.13.3.3", "imputed", _share(imputed, movements), is_share=True))
    found.append(Indicator("S.13.3.1", "out_of_scope", _share(late, movements), is_share=True))
    for column in ("sex", "birth_date", "citizenship_code", "birth_country_code"):
        missing = _one(engine, f"select count(*) filter ({column} is null) from person")
        found.append(Indicator("S.13.3.3", f"missing_{column}", _share(missing, persons), is_share=True))
    year, month = map(int, order.month.split("-"))
    until = order.parameters.observed_until
    found.append(Indicator("S.14.1", "timeliness", (dt.date(year, month, 1) - until).days))
    found += [*_of_linkage(engine, order), *_of_years(tables)]
    return found


def _of_linkage(engine: Engine, order: Order) -> list[Indicator]:
    """Return what linkage left in doubt, and its share of the variance of all flows published."""
    report = order.manifest["stages"]["relink"]["report"]
    persons = max(1, _one(engine, "select count(*) from person"))
    found = [
        Indicator("S.13.3.2", name, report[name] / persons, is_share=True)
        for name in ("false_expected", "missed_expected")
    ]
    for direction, linkage, variance in engine.rows(
        "select direction, sum(linkage_error * linkage_error), sum(standard_error * standard_error) from flow"
        " group by direction order by direction desc"
    ):
        found.append(
            Indicator(
                "S.13.2", "linkage_share", _share(linkage, variance), is_share=True, detail=f"{{{direction}}}"
            )
        )
    return found


def _of_years(tables: Sequence[Published]) -> list[Indicator]:
    found = []
    flows = next(one for one in tables if one.table.name == "T01")
    totals = flows.frame.filter(
        *(pl.col(name) == TOTAL for name in flows.table.summed), pl.col("direction") != "net"
    )
    for row in totals.iter_rows(named=True):
        if row["value"] and row["standard_error"] is not None:
            detail = f"{row['year']}, {{{row['direction']}}}"
            found.append(
                Indicator(
                    "S.13.2", "error", row["standard_error"] / row["value"], is_share=True, detail=detail
                )
            )
    triangle = next((one for one in tables if one.table.published == "vintage"), None)
    if triangle is not None:
        wide = triangle.frame.filter(pl.col("sex") == TOTAL, pl.col("child") == TOTAL).sort("vintage")
        revised = wide.group_by("year", "direction", maintain_order=True).agg(
            pl.col("value").first().alias("first"), pl.col("value").last().alias("last"), pl.len().alias("n")
        ).filter(pl.col("n") > 1, pl.col("first") > 0)  # fmt: skip
        if len(revised):
            change = (revised["last"] - revised["first"]).abs() / revised["first"]
            found.append(Indicator("S.17.2", "revision", float(change.to_numpy().mean()), is_share=True))
    return found


def _one(engine: Engine, sql: str) -> int:
    return int(engine.rows(sql)[0][0])


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def gsbpm_log(order: Order) -> list[dict[str, Any]]:
    """Return the steps of the process with the phase names of the country, where the code list has them."""
    frame = order.releases.schema.codelist("gsbpm")
    column = order.parameters.country.lower()
    names = {row["code"]: row for row in frame.to_dicts()}
    steps = [
        {"stage": name, "code": stage["gsbpm"], "seconds": stage["seconds"], "finished": stage["finished"]}
        for name, stage in order.manifest["stages"].items()
    ]
    steps += [
        {"stage": "release", "code": code, "seconds": None, "finished": order.month} for code in OWN_PHASES
    ]
    for step in steps:
        row = names.get(str(step["code"]), {})
        step["phase"] = row.get(column) or row.get("label_es", "")
        step["process_es"], step["process_en"] = row.get("label_es", ""), row.get("label_en", "")
    return steps


def write_quality(found: Sequence[Indicator], order: Order, language: str, path: Path) -> None:
    """Write the quality report of a release in a language."""
    text: Callable[..., str] = lambda key, **values: translate(f"release.{key}", language, **values)  # noqa: E731
    lines = []
    for one in found:
        value = (
            f"{number(round(100 * one.value, 2), language)}\u00a0%"
            if one.is_share
            else number(one.value, language)
        )
        detail = one.detail
        for direction in ("immigration", "emigration"):
            detail = detail.replace(
                f"{{{direction}}}", order.releases.label("direction", direction, language)
            )
        lines.append(
            ([text(f"quality_{one.key}") + (f" ({detail})" if detail else ""), one.concept, value], "")
        )
    steps = [
        (
            [
                str(step["code"]),
                step[f"process_{language}"],
                str(step["phase"]),
                translate(f"stage.{step['stage']}", language),
                _minute(str(step["finished"])),
            ],
            "",
        )
        for step in gsbpm_log(order)
    ]
    country = order.releases.label("citizenship", order.parameters.country, language)
    title = text("quality_title", country=country)
    subtitle = text("subtitle", month=order.month, until=order.parameters.observed_until)
    body = (
        f"<header><h1>{escape(title)}</h1>"
        f'<p class="soft">{escape(subtitle)}</p></header>'
        f'<main id="main"><p>{escape(text("quality_intro"))}</p>'
        f"{html.table(text('quality_table'), [text('quality_what'), 'SIMS', text('value')], lines)}"
        f"<h2>{escape(text('gsbpm_title'))}</h2>"
        + html.table(
            text("gsbpm_title"),
            ["GSBPM", *(text(f"gsbpm_{key}") for key in ("process", "phase", "stage", "time"))],
            steps,
        )
        + "</main>"
    )
    path.write_text(html.page(title, language, body, text("skip")), "utf-8")


def _minute(finished: str) -> str:
    """Return a moment of the run's log as a page tells it; a month stays as it is."""
    day, is_moment, time = finished.partition("T")
    return f"{day} {time[:5]} UTC" if is_moment else finished


def write_log(order: Order, folder: Path) -> None:
    """Write the log of the process as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(gsbpm_log(order), infer_schema_length=None).write_csv(folder / "gsbpm.csv")
