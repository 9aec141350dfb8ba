"""A synthetic country, and how near the register came to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from register.console import Console


def synthetic(console: Console, directory: Path, report: Any) -> None:
    """Say what a synthetic country holds."""
    if console.as_json:
        console.json(report.to_dict())
        return
    console.say(
        "synth.done",
        path=directory / "extracts",
        people=console.number(report.people),
        records=console.number(report.records),
        truth=directory / "truth",
    )


def evaluation(console: Console, found: Any) -> None:
    """Show a comparison with the truth."""
    if console.as_json:
        console.json(found.to_dict())
        return
    console.table(
        ["", ""],
        [
            [console.text("evaluate.precision"), console.decimal(found.precision, 5)],
            [console.text("evaluate.recall"), console.decimal(found.recall, 5)],
            [console.text("evaluate.exact"), console.percent(found.exact, 2)],
        ],
        title=console.text("evaluate.title"),
    )
    console.table(
        [console.text(f"column.{name}") for name in ("year", "direction", "register", "truth", "difference")],
        [
            [
                row["year"],
                console.text(f"column.{row['direction']}"),
                console.decimal(row["register"]),
                console.decimal(row["truth"], 0),
                console.percent(row["error"], sign=True),
            ]
            for row in found.to_dict()["flows"]
        ],
    )
