"""What the register says: flows, stock, rules, imputations, releases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from register.console import Console
from register.locale import catalogue
from register.locale.numbers import balance

if TYPE_CHECKING:
    from register.run import Run
    from register.schema import Schema

Row = dict[str, Any]


def flows(
    console: Console, schema: Schema, run: Run, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Show annual flows as a table, in words, or as JSON, in codes."""
    if console.as_json:
        console.json(list(rows))
        return
    if not rows:
        no_flows(console, run.stages)
        return
    measures = ("immigration", "emigration", "net", "share_final", "linkage_share")
    titles, words = _in_words(console, schema, columns)
    console.table(
        [*titles, *(console.text(f"column.{name}") for name in measures)],
        [
            [
                *(words(name, row[name]) for name in columns),
                console.interval(row["immigration"], row["immigration_standard_error"]),
                console.interval(row["emigration"], row["emigration_standard_error"]),
                console.decimal(balance(row["immigration"], row["emigration"], 1), sign=True),
                f"{100 * row['share_final']:.0f}",
                console.decimal(100 * row["linkage_share"]),
            ]
            for row in rows
        ],
        title=console.text("flows.title", run=run.name),
    )


def no_flows(console: Console, stages: Mapping[str, Mapping[str, Any]]) -> None:
    """Say why a run has no annual flows: without crossings, or before the first year that could be told."""
    if not stages.get("ingest", {}).get("rows", {}).get("crossing"):
        console.say("flows.no_crossings")
        return
    series = stages.get("stays", {})
    console.say("flows.none", first=series.get("observed_from", "?"), last=series.get("observed_until", "?"))


def _in_words(
    console: Console, schema: Schema, columns: Sequence[str]
) -> tuple[list[str], Callable[[str, Any], Any]]:
    """Return the titles of columns, and what tells a code of one in words."""
    language = console.language
    concepts = {name: schema.concepts[name] for name in columns}
    lists = {name: schema.labels(c.codelist, language) for name, c in concepts.items() if c.codelist}

    def words(column: str, code: Any) -> Any:
        return console.text("column.not_known") if code is None else lists.get(column, {}).get(code, code)

    return [concept.label[language] for concept in concepts.values()], words


def backtest(console: Console, run: Run, result: Any) -> None:
    """Show how good first estimates were, vintage by vintage and in all."""
    if console.as_json:
        console.json(result.to_dict())
        return
    console.table(
        [
            console.text(f"backtest.{name}")
            for name in ("cut_off", "way", "direction", "first", "final", "error")
        ],
        [
            [
                one.cut_off,
                console.text(f"backtest.way_{one.provisional}"),
                console.text(f"backtest.{one.direction}"),
                console.interval(one.first, one.standard_error),
                console.decimal(one.final),
                console.percent(one.error, sign=True),
            ]
            for one in result.vintages
            if one.sex == "_T"
        ],
        title=console.text("backtest.title", run=run.name),
    )
    for way, found in result.summary.items():
        shares = {name: console.decimal(100 * share) for name, share in found.items() if name != "vintages"}
        console.data(
            console.text(
                "backtest.summary",
                way=console.text(f"backtest.way_{way}"),
                vintages=found["vintages"],
                **shares,
            )
        )


def stock(
    console: Console, schema: Schema, run: Run, day: str, by: Sequence[str], rows: Sequence[Row]
) -> None:
    """Show the residents of a day as a table, in words, or as JSON, in codes."""
    if console.as_json:
        console.json({"run": run.name, "date": day, "stock": list(rows)})
        return
    titles, words = _in_words(console, schema, by)
    console.table(
        [*titles, console.text("stock.residents"), console.text("column.share_final")],
        [
            [
                *(words(name, row[name]) for name in by),
                console.interval(row["estimate"], row["standard_error"]),
                f"{100 * row['share_final']:.0f}",
            ]
            for row in rows
        ],
        title=console.text("stock.title", day=day, run=run.name),
    )


def rules(console: Console, run: Run, rows: Sequence[Row]) -> None:
    """Show one register under every rule."""
    if console.as_json:
        console.json({"run": run.name, "rules": list(rows)})
        return
    measures = ("immigration", "emigration", "net")
    console.table(
        [
            console.text("concordance.rule"),
            console.text("concordance.days"),
            console.text("column.year"),
            *(console.text(f"column.{name}") for name in measures),
            console.text("column.share_final"),
        ],
        [
            [
                row["rule"],
                f"{row['threshold']}/{row['window']}" if row["window"] else str(row["threshold"]),
                row["year"],
                console.decimal(row["immigration"]),
                console.decimal(row["emigration"]),
                console.decimal(balance(row["immigration"], row["emigration"], 1), sign=True),
                f"{100 * row['share_final']:.0f}",
            ]
            for row in rows
        ],
        title=console.text("concordance.title", run=run.name),
    )
    console.say("concordance.note")


def imputed(console: Console, run: Run, rows: Sequence[Row]) -> None:
    """Show what was imputed, by border post."""
    if console.as_json:
        console.json({"run": run.name, "posts": list(rows)})
        return
    names = ("post", "movements", "missing_legs", "proven_entries", "share_imputed")
    console.table(
        [console.text(f"imputed.{name}") for name in names],
        [
            [
                row[f"label_{console.language}"]
                or row["border_post_code"]
                or console.text("imputed.no_post"),
                console.number(row["movements"]),
                console.number(row["missing_legs"]),
                console.number(row["proven_entries"]),
                console.decimal(100 * row["share_imputed"]),
            ]
            for row in rows
        ],
        title=console.text("imputed.title", run=run.name),
    )


def release(console: Console, outcome: Any) -> None:
    """Say what a release holds and where it stands."""
    if console.as_json:
        console.json(asdict(outcome))
        return
    for table, what in outcome.left_out.items():
        key = f"release.needs_{what}"
        console.say("release.left_out", table=table, what=console.text(key) if key in catalogue() else what)
    console.data(
        console.text(
            "release.done",
            month=outcome.month,
            path=outcome.folder,
            tables=len(outcome.cells),
            cells=console.number(sum(outcome.cells.values())),
            withheld=console.number(outcome.withheld),
            method=outcome.method,
        )
    )
    if outcome.compared_with:
        console.say("release.compared", month=outcome.compared_with)
