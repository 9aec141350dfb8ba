"""What `register review` does: serve the page, or exchange files, or tell how far the review is."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from register.errors import UsageError
from register.project import Project

if TYPE_CHECKING:
    from register.link.confidence import Reviewed
    from register.review.app import Desk


@dataclass(frozen=True)
class Order:
    """What was asked for: at most one of ``export``, ``take`` and ``summary``; with none of them the page is served."""

    run: str | None = None
    reviewer: str | None = None
    language: str = "es"
    is_blind: bool = False
    shows_score: bool = False
    port: int = 0
    export: Path | None = None
    take: Path | None = None
    summary: bool = False


def review(project: Project, order: Order, ready: Callable[[str, str, str], None]) -> dict[str, Any]:
    """Carry out an order; return what was done as plain values, ``done`` saying which.

    ``ready`` is told the link of the page, the run and the reviewer.

    Raises
    ------
    UsageError
        If the extra ``review`` is not installed, two things were asked for at once, or as the parts raise.
    """
    if (order.export is not None) + (order.take is not None) + order.summary > 1:
        raise UsageError("review_one_thing")
    try:
        from register.review.exchange import export, take
        from register.review.serve import Manner, open_desk, serve
    except ModuleNotFoundError as error:
        raise UsageError("missing_extra", extra="review") from error
    who = getpass.getuser() if order.reviewer is None else order.reviewer
    manner = Manner(who, order.language, order.is_blind, order.shows_score)
    if order.export or order.take or order.summary:
        desk = open_desk(project, order.run, manner)
        try:
            if order.export:
                return {"done": "exported", "count": export(desk, order.export), "path": str(order.export)}
            if order.take:
                return {"done": "imported", **asdict(take(desk, order.take)), "path": str(order.take)}
            return {"done": "summary", **summarise(desk)}
        finally:
            desk.engine.close()
    desk = serve(
        project,
        order.run,
        manner,
        order.port,
        lambda desk: ready(desk.keys.link, desk.session.run, desk.session.who),
    )
    return {"done": "ended", "count": desk.session.decided_now}


def _measured(found: Reviewed) -> dict[str, Any]:
    """Return what the answers measure; before there are any, the model's word has no interval."""
    told = asdict(found)
    return (
        told
        if found.reviewed
        else {key: None if key.endswith(("_low", "_high")) else told[key] for key in told}
    )


def summarise(desk: Desk) -> dict[str, Any]:
    """Return progress by queue, the measured error, agreement, and how many disagreements and contradictions stand."""
    from register.review.agreement import agreements, measure

    session = desk.session
    return {
        "progress": {queue: {"decided": n, "pairs": of} for queue, (n, of) in session.progress().items()},
        "measured": _measured(measure(session)),
        "strata": len(session.queue.strata),
        "agreement": [asdict(found) for found in agreements(session.tally.by_pair)],
        "disagreements": len(session.disagreements()),
        "contradictions": len(session.contradictions()),
    }
