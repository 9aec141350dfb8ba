"""What training has to say."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from register.console import Console
from register.locale.numbers import Figure

if TYPE_CHECKING:
    from register.link.train import TrainReport


def train_report(console: Console, report: TrainReport, path: Path) -> None:
    """Say what training moved, by how many bits, and how its sessions went."""
    if console.as_json:
        console.json({
            "rows": report.rows,
            "moved": [asdict(move) for move in report.moved],
            "sessions": [asdict(session) for session in report.sessions],
            "spreads": [asdict(spread) for spread in report.spreads],
            "labels": asdict(report.labels) if report.labels else None,
            "weights": str(path),
        })  # fmt: skip
        return
    console.table(
        [console.text(f"column.{name}") for name in ("comparison", "level", "before", "after")],
        [
            [
                move.concept,
                move.level,
                "" if move.before is None else console.decimal(move.before, sign=True),
                console.decimal(move.after, sign=True),
            ]
            for move in report.moved
        ],
    )
    for session in report.sessions:
        console.say(
            "train.session" if session.converged else "train.session_open",
            block=session.block,
            iterations=session.iterations,
            change=Figure(session.last_change, 1),
        )
    if report.spreads:
        worst = report.spreads[0]
        console.say(
            "train.spread",
            levels=len(report.spreads),
            bits=console.decimal(worst.bits),
            level=f"{worst.concept}.{worst.level}",
        )
    if report.labels:
        agreed = console.percent(report.labels.agreed / report.labels.pairs)
        console.say("train.labels", pairs=report.labels.pairs, same=report.labels.same, agreed=agreed)
    console.say("train.done", identities=console.number(report.rows), moved=len(report.moved), path=path)
