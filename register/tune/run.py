"""The whole trial: sample, both sides, difference, and what it would cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from register.decisions import DIFFERENT, SAME, read_standing
from register.engine import Engine
from register.errors import UsageError
from register.link.confidence import Expected
from register.link.itinerary import load_itinerary
from register.link.rules import Rules
from register.linked import rules_of
from register.project import Project
from register.run import Run, find_run
from register.tables import open_tables, parameters_of
from register.trace.weigh import weigh
from register.tune.changes import Change, apply, load_proposed
from register.tune.outcome import Outcome, compare, count_comparisons, reviewed_pairs
from register.tune.sample import PERSONS, Sample, draw
from register.tune.trial import attempt, handed

TABLES = ("identity", "mention", "pair", "membership", "person", "conflict")


@dataclass(frozen=True)
class Tuning:
    """A trial of proposed rules on a sample of a run. ``comparisons`` are of the whole register, by block.

    ``expected`` is what the probabilities of each side promise on the sample. ``agreed`` is how many of the
    ``reviewed`` pairs each side weighs as the reviewers judged them.
    """

    run: str
    changes: list[str]
    link: tuple[float, float]
    sample: Sample
    outcome: Outcome
    persons: tuple[int, int]
    expected: tuple[Expected, Expected]
    comparisons: tuple[dict[str, int], dict[str, int]]
    reviewed: int
    agreed: tuple[int, int]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, before and after by name."""
        told = asdict(self)
        for name in ("link", "persons", "expected", "comparisons", "agreed"):
            told[name] = dict(zip(("before", "after"), told[name], strict=True))
        return told


def tune(
    project: Project,
    run_name: str | None = None,
    *,
    rules: Path | None = None,
    changes: Sequence[Change] = (),
    persons: int = PERSONS,
) -> Tuning:
    """Try proposed rules on a sample of a run: those of a file, with settings changed, or those of the run so changed.

    Raises
    ------
    UsageError
        If the run was not built to its end, its rules are no longer there, or a setting cannot be meant.
    DeclarationError, QualityError
        If the proposed rules cannot be used.
    """
    begun = time.monotonic()
    run = find_run(project.runs, run_name)
    if "events" not in run.stages:
        raise UsageError("table_not_built", table="event", run=run.name)
    current = rules_of(project, run)
    proposed = apply(load_proposed(rules, current) if rules else current, changes)
    written = [*([str(rules)] if rules else []), *map(str, changes)]
    with open_tables(project, run) as engine:
        for table in TABLES:
            if not engine.has(table):
                raise UsageError("table_not_built", table=table, run=run.name)
        return _try(project, run, engine, current, proposed, persons, written, begun)


def _try(
    project: Project, run: Run, engine: Engine, current: Rules, proposed: Rules, persons: int, written: list[str],
    begun: float,
) -> Tuning:  # fmt: skip
    rows = int(run.stages["link"]["report"]["distinct"])
    itinerary = load_itinerary(project.linkage_rules / "itinerary.toml")
    parameters = parameters_of(project, run)
    comparisons = (count_comparisons(engine, current), count_comparisons(engine, proposed))
    sample = draw(engine, current, proposed, persons)
    with handed(engine, run.path) as files:
        before, one = attempt(project, files, current, itinerary, parameters, rows)
        with before:
            after, other = attempt(project, files, proposed, itinerary, parameters, rows)
            with after:
                outcome = compare(engine, before, after, current, proposed)
    judged = _judged(project, engine)
    agreed = (_agreed(engine, current, judged, rows), _agreed(engine, proposed, judged, rows))
    return Tuning(
        run=run.name,
        changes=written,
        link=(current.link, proposed.link),
        sample=sample,
        outcome=outcome,
        persons=(one.resolved.persons, other.resolved.persons),
        expected=(one.resolved.expected, other.resolved.expected),
        comparisons=comparisons,
        reviewed=len(judged),
        agreed=agreed,
        seconds=round(time.monotonic() - begun, 1),
    )


def _judged(project: Project, engine: Engine) -> list[tuple[str, str, bool]]:
    rows = [
        (*standing.pair[0], *standing.pair[1], standing.judgement == SAME)
        for standing in read_standing(project.decisions).values()
        if standing.judgement in (SAME, DIFFERENT)
    ]
    return reviewed_pairs(engine, rows) if rows else []


def _agreed(engine: Engine, rules: Rules, judged: Sequence[tuple[str, str, bool]], rows: int) -> int:
    weighed = weigh(engine.con, rules, [(left, right) for left, right, _ in judged], rows)
    return sum(
        (told.weight >= rules.link and (told.is_identical or bool(told.blocks))) == is_same
        for told, (_, _, is_same) in zip(weighed, judged, strict=True)
    )
