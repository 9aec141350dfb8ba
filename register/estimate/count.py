"""Counts complete lives: what they show of the numbers of each kind of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from register.estimate.chain import (
    ACT,
    AWAY,
    DEATH,
    FIRST_PERMIT,
    FORMS,
    HOME,
    LAPSED,
    RENEWED,
    STATES,
    TRIP,
    VISIT,
    Flags,
    Floats,
    Histories,
    Kind,
    Lives,
)
from register.estimate.passage import Unseen, widen
from register.estimate.tally import SITUATIONS, Counts, narrow, stretches, tally
from register.estimate.trends import ALWAYS, FIRST, trends

#: How much the present numbers weigh against what is counted: one event, or one year.
PULL = 1.0
#: Crossings that the share of all posts weighs against those of one post.
POOL = 20.0
#: Moves to the other side as often as people of all kinds make them, against those of one kind: else a kind in whose
#: lives none was drawn would never move again, and whoever moves would be told as one who was missed.
ALIKE = 10.0
#: The crossing that ends a journey is made at the post where it began more often than the one that begins the next.
RETURNS, SETS_OUT = [VISIT, TRIP], [AWAY, HOME]
#: The longest mean of journeys, in days: the W - V of the commonest rule.
LONGEST_JOURNEY = 122
#: Those whom nobody watches are missed more often than not; who is missed less is told by the posts.
LEAST_UNWATCHED = 0.5
#: Of those whom nobody watches, the most that have a visa of residence: who has one enters by a post. The first mark.
MOST_ANNOUNCED = 0.02
#: The rate, per day, of what was never seen: nothing that may happen is held impossible, or lives would not add up.
RAREST = 1e-9
#: The shortest mean of residences, in days: the V of the commonest rule.
SHORTEST_RESIDENCE = 365


def count(
    histories: Histories,
    kinds: list[Kind],
    lives: Lives,
    rng: np.random.Generator | None = None,
    hidden: Sequence[Unseen | None] = (),
    steady: float = 10.0,
) -> list[Kind]:
    """Return the numbers that complete lives show: their means, or with ``rng`` a draw from what they may be.

    Rates are gamma, shares beta and Dirichlet, with a weak pull to the present numbers where little is seen. With
    ``hidden``, one for each kind, the people of whom nothing was seen are counted too; ``steady`` crossings of a year
    like the others weigh against those of each year. When people cross where nobody watches is told by too little for
    years of their own, and by too little whether those who leave a permit unrenewed have left: of them, those who are
    watched tell.
    """
    h = histories
    person = h.person
    days = stretches(h, lives)
    mine = [(lives.kind == number)[person] for number in range(len(kinds))]
    counts = [tally(h, kind, lives, days, rows) for kind, rows in zip(kinds, mine, strict=True)]
    starts = [
        np.bincount(lives.opened[(lives.kind == number) & ~h.is_born], minlength=STATES).astype(np.float64)
        for number in range(len(kinds))
    ]
    ratios = [1.0] * len(kinds)
    for number, one in enumerate(hidden):
        if one is None:
            continue
        people, counted = one.ratio * starts[number].sum(), counts[number]
        counted.days[0] += people * one.days
        counted.undocumented[:] += people * one.days.sum(axis=0)
        counted.unseen[0] += people * one.crossed.sum(axis=0)
        counted.by_year[0] += people * narrow(one.crossed)
        starts[number] += people * one.start
        ratios[number] += one.ratio
    missed = {
        is_watched: _missed(
            [kind.missed for kind in kinds if kind.is_watched == is_watched],
            [counted for kind, counted in zip(kinds, counts, strict=True) if kind.is_watched == is_watched],
            rng,
            is_watched=is_watched,
        )
        for is_watched in {kind.is_watched for kind in kinds}
    }
    common = {
        is_watched: _moves(
            [one for one, kind in zip(counts, kinds, strict=True) if kind.is_watched == is_watched]
        )
        for is_watched in missed
    }
    watched = np.array([kind.is_watched for kind in kinds])
    lapsed = _lapsed(h, lives, watched[lives.kind][person] | ~watched.any(), kinds[0].lapsed, rng)
    result = [
        _numbers(
            h,
            kind,
            lives,
            counted,
            rows,
            lives.kind == number,
            missed[kind.is_watched],
            common[kind.is_watched],
            lapsed,
            start,
            rng,
        )
        for number, (kind, counted, rows, start) in enumerate(zip(kinds, counts, mine, starts, strict=True))
    ]
    for is_watched in missed:
        alike = [number for number, kind in enumerate(kinds) if kind.is_watched == is_watched]
        found = trends(
            [(result[number], counts[number]) for number in alike],
            rng,
            *(min(steady, ALWAYS), FIRST) if is_watched else (ALWAYS, ALWAYS),
        )
        for number, trend in zip(alike, found, strict=True):
            result[number] = replace(result[number], share=result[number].share * ratios[number], trend=trend)
    whole = np.sum([kind.share for kind in result], axis=0)
    return [replace(kind, share=kind.share / whole) for kind in result]


def _missed(
    now: list[Floats], counts: list[Counts], rng: np.random.Generator | None, *, is_watched: bool
) -> Floats:
    """Return the share of crossings missed: (post of the one before, situation that the crossing ends).

    All kinds that are watched have them in common. Posts with few crossings are drawn to the share of all; those whom
    nobody watches have one share wherever they are seen. Before the first crossing nothing alternates: what was missed
    there is taken to be missed as often as later.
    """
    before = np.mean(now, axis=0)
    seen, unseen = (
        np.sum([narrow(getattr(one, name)).sum(axis=-1) for one in counts], axis=0)
        for name in ("seen", "unseen")
    )
    missed = np.empty_like(before)
    for leg in [RETURNS, SETS_OUT] if is_watched else [RETURNS + SETS_OUT]:
        lost, kept = unseen[:, leg].sum(axis=1), seen[:, leg].sum(axis=1)
        pooled = (lost[1:].sum() + PULL * before[:, leg].mean()) / (lost[1:].sum() + kept[1:].sum() + PULL)
        if is_watched:
            lost, kept = lost + POOL * pooled, kept + POOL * (1 - pooled)
        else:
            lost, kept = np.full(1, lost[1:].sum() + PULL), np.full(1, kept[1:].sum() + PULL)
        share = lost / (lost + kept) if rng is None else rng.beta(np.maximum(lost, 1e-3), kept)
        missed[:, leg] = share[:, None]
        if is_watched:
            missed[0, leg] = pooled
    bounded: Floats = np.clip(missed, 1e-4 if is_watched else LEAST_UNWATCHED, 0.95)
    return bounded


def _lapsed(h: Histories, lives: Lives, rows: Flags, now: Floats, rng: np.random.Generator | None) -> Floats:
    """Return the chance in each state that a permit which runs out is not renewed, from some steps.

    These are of those who are watched, and all kinds have it in common: of whom nobody watches, one who left and one
    who stays without a permit look the same, and all would be told as having left.
    """
    ended, renewed = (
        np.bincount(lives.before[rows & (h.kind == what)] // FORMS, minlength=SITUATIONS)
        + 5 * PULL * before[::FORMS]
        for what, before in ((LAPSED, now), (RENEWED, 1 - now))
    )
    lapsed = ended / (ended + renewed) if rng is None else rng.beta(ended, renewed)
    return np.repeat(np.clip(lapsed, 1e-3, 1 - 1e-3), FORMS)


def _moves(counts: list[Counts]) -> Floats:
    """Return how often a day people of some kinds together move to the other side, from each situation."""
    moved = np.sum([one.by_year.sum(axis=(0, 1)) for one in counts], axis=0)
    days = (
        np.sum([one.days.sum(axis=(0, 1)) for one in counts], axis=0).reshape(SITUATIONS, FORMS).sum(axis=1)
    )
    often = np.full(SITUATIONS, RAREST)
    for own, other in ((AWAY, HOME), (HOME, AWAY)):
        often[own] = (moved[own, other] + PULL) / (days[own] + PULL * SHORTEST_RESIDENCE)
    return often


def _numbers(
    h: Histories,
    kind: Kind,
    lives: Lives,
    counts: Counts,
    mine: Flags,
    people: Flags,
    missed: Floats,
    common: Floats,
    lapsed: Floats,
    start: Floats,
    rng: np.random.Generator | None,
) -> Kind:
    total = counts.days.sum(axis=(0, 1))

    def often(counted: Floats, now: Floats, days: Floats) -> Floats:
        shape, time = counted + PULL * now * 365, days + PULL * 365
        drawn: Floats = (shape if rng is None else rng.gamma(np.maximum(shape, 1e-12))) / time
        return np.maximum(drawn, RAREST)

    def acts(what: int, now: Floats, days: Floats) -> Floats:
        counted = np.bincount(lives.before[mine & (h.kind == what)], minlength=STATES)
        return often(counted.astype(np.float64), now, days)

    said = counts.purposes + kind.states * 5
    if rng is not None:
        said = rng.gamma(np.maximum(said, 1e-3))
    crossed = counts.seen.sum(axis=0) + counts.unseen.sum(axis=0)
    # In a year in which they cross more often people spend more than its days.
    spent = np.einsum("fys,fyst->st", counts.days, widen(kind.trend))
    rate = often(crossed, kind.rate, spent)
    # Whoever moves does so as often in either form of life: the forms tell journeys apart, not residences.
    for own, other in ((AWAY, HOME), (HOME, AWAY)):
        rows, targets = _rows(own), _rows(other)
        now = np.average(kind.rate[rows, targets], axis=0, weights=total[rows] + 365)
        shape = crossed[rows, targets].sum(axis=0) + ALIKE * now / now.sum()
        time = spent[rows, targets].sum(axis=0) + ALIKE / common[own]
        moves = np.maximum((shape if rng is None else rng.gamma(shape)) / time, RAREST)
        rate[rows, targets] = moves / max(1.0, SHORTEST_RESIDENCE * moves.sum())
    rate = _bounded(np.where(kind.rate > 0, rate, 0.0), total)
    share = np.bincount(h.origin[people], minlength=len(kind.share)).astype(np.float64) + 1.0
    if rng is not None:
        share = rng.gamma(share)
    yes, no = (
        (h.marks[people] == told).sum(axis=0) + PULL * now
        for told, now in ((1, kind.marked), (0, 1 - kind.marked))
    )
    marked = yes / (yes + no) if rng is None else rng.beta(np.maximum(yes, 1e-3), np.maximum(no, 1e-3))
    if not kind.is_watched:
        marked[0] = min(marked[0], MOST_ANNOUNCED)
    start = start + PULL * kind.start
    return Kind(
        rate=rate,
        trend=kind.trend,
        states=said / said.sum(axis=0),
        missed=missed,
        first_permit=acts(FIRST_PERMIT, kind.first_permit, counts.undocumented),
        act=acts(ACT, kind.act, total),
        death=acts(DEATH, kind.death, total),
        lapsed=lapsed,
        start=start / start.sum() if rng is None else rng.dirichlet(np.maximum(start, 1e-3)),
        share=share,
        marked=np.clip(marked, 1e-4, 1 - 1e-4),
        is_watched=kind.is_watched,
    )


def _bounded(rate: Floats, days: Floats) -> Floats:
    """Keep journeys shorter than lives: else residents and visitors could change names, and each be told by the other.

    A journey to the other side lasts at most `LONGEST_JOURNEY` days on average, and less than the stays on the own side
    between journeys.
    """
    rate = rate.copy()
    forms = np.arange(FORMS)
    for own, other in ((AWAY, VISIT), (HOME, TRIP)):
        own_rows, other_rows = FORMS * own + forms, FORMS * other + forms
        for row in other_rows:
            rate[row] *= max(1.0, 1 / (LONGEST_JOURNEY * rate[row].sum()))
        # A year in each form besides what was counted, so that states nobody was in do not decide.
        own_leaves, other_leaves = (
            float(np.average(rate[rows].sum(axis=1), weights=days[rows] + 365))
            for rows in (own_rows, other_rows)
        )
        rate[other_rows] *= np.clip(own_leaves / max(other_leaves, 1e-12), 1.0, 2.0)
    return rate


def _rows(situation: int) -> slice:
    return slice(FORMS * situation, FORMS * (situation + 1))
