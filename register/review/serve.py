"""The server of the page: on this machine alone, for as long as the command runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from register.decisions import DecisionLog
from register.link.declaration import load_rules
from register.link.strata import identities_of
from register.project import Project
from register.review.app import Desk, make_app
from register.review.guard import Keys
from register.review.queue import LONGEST, prepare
from register.review.server import guarded, listen
from register.review.session import Session, Tally, reviewer_name
from register.run import find_run
from register.tables import open_tables


@dataclass(frozen=True)
class Manner:
    """How a reviewer wants to work."""

    who: str
    language: str = "es"
    is_blind: bool = False
    shows_score: bool = False
    longest: int = LONGEST


def open_desk(project: Project, run_name: str | None, manner: Manner, port: int = 0) -> Desk:
    """Pick the pairs of a run and take in what was decided before.

    Raises
    ------
    UsageError
        If the run was not built that far, or the reviewer has no name.
    DeclarationError
        If the decisions cannot be read.
    """
    run = find_run(project.runs, run_name)
    who = reviewer_name(manner.who)
    log = DecisionLog(project.decisions).refresh()
    made = list(log.decisions())
    engine = open_tables(project, run)
    rules = load_rules(project.linkage_rules / "people.toml")
    asked = [(decision.pair, decision.linked) for decision in made]
    queue = prepare(engine, rules, project.secret(), asked, manner.longest)
    identity = identities_of(engine.con, (anchor for decision in made for anchor in decision.pair))
    for item in queue.items:
        identity |= zip(item.anchors, item.identities, strict=True)
    session = Session(queue, Tally(log), who, run.name, identity, manner.is_blind, manner.shows_score)
    session.refresh()
    return Desk(session, engine, project.schema(), Keys(port), manner.language, run.log)


def serve(
    project: Project, run_name: str | None, manner: Manner, port: int, ready: Callable[[Desk], None]
) -> Desk:
    """Serve the page until the reviewer ends it; return the desk with what was done.

    ``port`` 0 takes a free one. ``ready`` is told when the link can be followed.

    Raises
    ------
    UsageError
        If the port is taken, and as `open_desk`.
    """
    with listen(port) as listening:
        desk = open_desk(project, run_name, manner, listening.getsockname()[1])
        server = guarded(make_app(desk), desk.keys, lambda reason: desk.tell("review.refused", reason=reason))

        def finish() -> None:
            server.should_exit = True

        desk.finish = finish
        session = desk.session
        desk.tell("review.start", who=session.who, blind=session.is_blind)
        listening.listen()
        ready(desk)
        try:
            server.run(sockets=[listening])
        except KeyboardInterrupt:
            # Ctrl-C in the terminal is the ordinary end of a session.
            pass
        finally:
            desk.tell("review.end", who=session.who, decisions=session.decided_now)
            desk.engine.close()
    return desk
