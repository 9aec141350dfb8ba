"""What `register review` prints: the link, what was done, and the summary."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from register.console import Console


def link(console: Console, address: str, run: str, who: str) -> None:
    """Give the link that opens the page of a review, as data: it is good once."""
    console.say("review.serving", run=run, who=who)
    if console.as_json:
        console.json({"link": address, "run": run, "reviewer": who})
    else:
        console.data(address)
    sys.stdout.flush()


def outcome(console: Console, done: Mapping[str, Any]) -> None:
    """Say what a review did, or how far it is."""
    if done["done"] != "summary":
        if console.as_json:
            console.json(done)
        else:
            values = {key: value for key, value in done.items() if key != "done"}
            console.say(f"review.{done['done']}", **values)
        return
    if console.as_json:
        console.json(done)
        return
    text = console.text
    rows = [
        (text(f"review.queue_{queue}"), console.number(n["decided"]), console.number(n["pairs"]))
        for queue, n in done["progress"].items()
    ]
    heads = [text(f"review.{name}") for name in ("queue", "decided_count", "total")]
    console.table(heads, rows, title=text("review.by_queue"))
    measured = done["measured"]
    if measured["reviewed"]:
        shares = [
            (
                text(f"review.{name}"),
                console.percent(measured[name], 2),
                f"{console.percent(measured[f'{name}_low'], 2)} – {console.percent(measured[f'{name}_high'], 2)}",
            )
            for name in ("precision", "recall")
        ]
        columns = [text("review.measure"), text("review.estimate"), text("review.interval")]
        title = text(
            "review.measured_from", count=measured["reviewed"], bands=measured["bands"], all=done["strata"]
        )
        console.table(columns, shares, title=title)
    if done["agreement"]:
        heads = [text(f"review.{name}") for name in ("reviewers", "pairs", "observed", "kappa")]
        lines = [
            (" – ".join(found["reviewers"]), found["pairs"], console.decimal(found["observed"], 3),
             "–" if found["kappa"] is None else console.decimal(found["kappa"], 3))
            for found in done["agreement"]
        ]  # fmt: skip
        console.table(heads, lines, title=text("review.agreement"))
    for name in ("disagreements", "contradictions"):
        console.data(f"{text(f'review.{name}')}: {done[name]}")
