"""Shows the stock of a day, the rules side by side, and what was imputed: tables, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from register.console import Console
from register.run import Run

Row = dict[str, Any]
INTERVAL_95 = 1.96


def stock(console: Console, run: Run, day: str, by: Sequence[str], rows: Sequence[Row]) -> None:
    """Show the residents of a day."""
    if console.as_json:
        console.json({"run": run.name, "date": day, "stock": list(rows)})
        return
    console.table(
        [*by, console.text("stock.residents"), console.text("column.share_final")],
        [
            [
                *(row[name] for name in by),
                f"{row['estimate']:,.1f} ± {INTERVAL_95 * row['standard_error']:,.1f}",
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
                f"{row['immigration']:,.1f}",
                f"{row['emigration']:,.1f}",
                f"{row['net']:+,.1f}",
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
                f"{100 * row['share_imputed']:.1f}",
            ]
            for row in rows
        ],
        title=console.text("imputed.title", run=run.name),
    )
