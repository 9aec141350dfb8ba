"""How far the decisions can be trusted: agreement of blind reviewers, and the error that the random sample measures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from register.decisions import DIFFERENT, SAME, SKIP, Decision, Pair
from register.link.confidence import Reviewed, combine
from register.review.queue import SAMPLE, Queue
from register.review.session import Session

#: Of the normal distribution, for 95% intervals.
Z = 1.959964


@dataclass(frozen=True)
class Agreement:
    """Two blind reviewers over the pairs that both judged.

    ``observed`` is the share judged alike; ``kappa`` what of it is beyond chance (Cohen 1960), None where chance alone
    would agree always; ``low`` and ``high`` its 95% interval, from its large-sample error.
    """

    reviewers: tuple[str, str]
    pairs: int
    observed: float
    kappa: float | None
    low: float | None
    high: float | None


def agreements(by_pair: Mapping[Pair, Iterable[Decision]]) -> list[Agreement]:
    """Return the agreement of every two reviewers who judged pairs without seeing each other."""
    tables: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for decisions in by_pair.values():
        said = {d.who: d.judgement for d in decisions if d.blind and d.judgement != SKIP}
        for one, other in combinations(sorted(said), 2):
            tables.setdefault((one, other), Counter())[(said[one], said[other])] += 1
    return [cohen(reviewers, table) for reviewers, table in sorted(tables.items())]


def cohen(reviewers: tuple[str, str], table: Mapping[tuple[str, str], int]) -> Agreement:
    """Return Cohen's kappa of a table: what one and the other said, how often."""
    total = sum(table.values())
    observed = sum(count for (one, other), count in table.items() if one == other) / total
    ones, others = Counter[str](), Counter[str]()
    for (one, other), count in table.items():
        ones[one] += count
        others[other] += count
    chance = sum(ones[word] * others[word] for word in ones) / total**2
    if chance == 1:
        return Agreement(reviewers, total, observed, None, None, None)
    kappa = (observed - chance) / (1 - chance)
    spread = Z * math.sqrt(observed * (1 - observed) / total) / (1 - chance)
    return Agreement(reviewers, total, observed, kappa, max(-1.0, kappa - spread), min(1.0, kappa + spread))


def measure(session: Session) -> Reviewed:
    """Return the precision and recall that the answers to the random sample measure, with 95% intervals.

    They speak of the linkage as the model and its rules made it, before the answers changed it. Of each stratum
    the answers count up to the first pair that nobody has answered: those are a random draw, whatever else was
    reviewed. Once a build has applied answers, other pairs of the persons that they joined are no longer missed: the
    recall measured then lies between that before and that after.
    """
    drawn = _drawn(session.queue, {n: _answer(session, n) for n in session.queue.order[SAMPLE]})
    return combine(
        (s.linked, s.pairs, s.promised, drawn[(s.linked, s.band)][SAME] + drawn[(s.linked, s.band)][DIFFERENT],
         drawn[(s.linked, s.band)][SAME])
        for s in session.queue.strata
    )  # fmt: skip


def _answer(session: Session, number: int) -> str | None:
    """Return what holds about an item, empty where somebody answered and nothing holds, None where nobody did."""
    standing = session.standing(session.queue.items[number])
    if standing is None or standing.state == "waiting":
        return None
    return standing.judgement or ""


def _drawn(queue: Queue, answers: Mapping[int, str | None]) -> dict[tuple[bool, float], Counter[str]]:
    """Return by stratum how often each answer was given among the pairs at the head of its random order."""
    counts = {(stratum.linked, stratum.band): Counter[str]() for stratum in queue.strata}
    ended: set[tuple[bool, float]] = set()
    for number in sorted(answers, key=lambda number: queue.items[number].rank):
        item = queue.items[number]
        stratum = (item.linked, item.band)
        answer = answers[number]
        if answer is None:
            ended.add(stratum)
        elif stratum not in ended:
            counts[stratum][answer] += 1
    return counts
