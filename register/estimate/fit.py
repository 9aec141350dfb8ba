"""Estimates the numbers of the model of missing crossings from the register itself.

Data augmentation (Tanner and Wong 1987): draw complete lives under the present numbers, count what happens in them,
draw new numbers from the counts, and again. While the numbers settle, their means are taken instead (stochastic
expectation-maximisation, Celeux and Diebolt 1985).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from register.estimate.chain import (
    ACT,
    AWAY,
    DEATH,
    DEPARTURE,
    FIRST_PERMIT,
    FORMS,
    HOME,
    LAPSED,
    MOVES,
    RENEWED,
    STATES,
    TRIP,
    VISIT,
    Flags,
    Floats,
    Histories,
    Ints,
    Kind,
    Lives,
    Sampler,
    Tables,
)
from register.estimate.kinds import FOREIGNERS, Guess, Sizes, guess_kind

#: Searches that are begun, rounds until the best of them is told, and rounds until its numbers have settled.
STARTS, TRIAL, ROUNDS = 3, 10, 22
#: Rounds with the people drawn again for each draw of the numbers.
AGAIN = 2
#: How much the present numbers weigh against what is counted: one event, or one year.
PULL = 1.0
#: Crossings that the share of all posts weighs against those of one post.
POOL = 20.0
#: The longest mean of journeys, in days: the W - V of the commonest rule.
LONGEST_JOURNEY = 122
#: The most people without a record that are counted for each one with a record.
MOST_UNSEEN = 9.0
#: Those whom nobody watches are missed more often than not; who is missed less is told by the posts.
LEAST_UNWATCHED = 0.5
#: The rate, per day, of what was never seen: nothing that may happen is held impossible, or lives would not add up.
RAREST = 1e-9
#: The shortest mean of residences, in days: the V of the commonest rule.
SHORTEST_RESIDENCE = 365


def fit(
    histories: Histories,
    sizes: Sizes,
    rng: np.random.Generator,
    draws: int,
    guesses: Sequence[Guess] = FOREIGNERS,
) -> list[list[Kind]]:
    """Return as many draws of the numbers of a population as asked for; each has the kinds of people.

    Several searches are begun, because the likelihood has several summits; the best goes on until it settles, each
    round with the mean of what the numbers may be, given the lives drawn. For each draw that is kept the people are
    drawn anew and the numbers too, so that what is not known of them shows as a difference between draws.
    """
    length = int(histories.days.max())

    def step(seen: Histories, kinds: list[Kind], *, is_drawn: bool = False) -> tuple[list[Kind], float]:
        sampler = Sampler(seen, kinds)
        hidden = [unseen(*one, length) for one in zip(kinds, sampler.tables, strict=True)]
        return count(
            seen, kinds, sampler.draw(rng), rng if is_drawn else None, hidden
        ), sampler.log_likelihood

    searches = []
    for _ in range(STARTS):
        kinds = [guess_kind(guess, sizes) for guess in guesses]
        for _ in range(TRIAL):
            kinds, likelihood = step(histories, kinds)
        searches.append((likelihood, kinds))
    kinds = max(searches, key=lambda one: one[0])[1]
    for _ in range(ROUNDS - TRIAL):
        kinds, _ = step(histories, kinds)
    kept = []
    for _ in range(draws):
        again = resample(histories, rng)
        drawn = kinds
        for _ in range(AGAIN):
            drawn, _ = step(again, drawn)
        kept.append(step(again, drawn, is_drawn=True)[0])
    return kept


def resample(h: Histories, rng: np.random.Generator) -> Histories:
    """Return as many people, drawn from these with replacement (the bootstrap: Efron 1979)."""
    people = np.sort(rng.integers(len(h), size=len(h)))
    length = h.length[people]
    rows = np.repeat(h.first[people] - (np.cumsum(length) - length), length) + np.arange(length.sum())
    by_person = {name: getattr(h, name)[people] for name in ("length", "origin", "is_born", "marks")}
    steps = ("gap", "kind", "purpose", "opener", "undocumented")
    return Histories(**by_person, **{name: getattr(h, name)[rows] for name in steps})


@dataclass(frozen=True)
class Unseen:
    """People of one kind of whom there is no record at all: how many for each one seen, and how one of them lives.

    ``days`` in each state, ``crossed`` from state to state, ``start``: the chance of each state at the beginning.
    """

    ratio: float
    days: Floats
    crossed: Floats
    start: Floats


def unseen(kind: Kind, table: Tables, length: int) -> Unseen:
    """Return what is to be expected of people of whom nothing was written down in ``length`` days.

    Who is in the register is there because something was seen: without the others, people would seem to come sooner
    than they do, and fewer and fewer of them (Sanathanan 1972).
    """
    between = table[0, 1].astype(np.float64)
    ahead = kind.start @ between[: length + 1]
    later = between[: length + 1].sum(axis=-1)[::-1]
    chance = float(later[0] @ kind.start)
    daily = between[1] * (1 - np.eye(STATES))
    return Unseen(
        ratio=min(chance / max(1 - chance, 1e-9), MOST_UNSEEN),
        days=(ahead[:-1] * later[:-1]).sum(axis=0) / chance,
        crossed=daily * (ahead[:-1].T @ later[1:]) / chance,
        start=kind.start * later[0] / chance,
    )


@dataclass(frozen=True)
class _Counts:
    """What complete lives show of one kind of people: crossings seen and unseen by opener, purposes, days by state."""

    seen: Floats
    unseen: Floats
    purposes: Floats
    days: Floats


def count(
    histories: Histories,
    kinds: list[Kind],
    lives: Lives,
    rng: np.random.Generator | None = None,
    hidden: Sequence[Unseen] = (),
) -> list[Kind]:
    """Return the numbers that complete lives show: their means, or with ``rng`` a draw from what they may be.

    Rates are gamma, shares beta and Dirichlet, with a weak pull to the present numbers where little is seen. With
    ``hidden``, one for each kind, the people of whom nothing was seen are counted too.
    """
    h = histories
    person = h.person
    days = _days(h, lives)
    mine = [(lives.kind == number)[person] for number in range(len(kinds))]
    counts = [_counts(h, kind, lives, days, rows) for kind, rows in zip(kinds, mine, strict=True)]
    starts = [
        np.bincount(lives.opened[(lives.kind == number) & ~h.is_born], minlength=STATES).astype(np.float64)
        for number in range(len(kinds))
    ]
    ratios = [1.0] * len(kinds)
    for number, one in enumerate(hidden):
        people = one.ratio * starts[number].sum()
        counts[number].days[1] += people * one.days
        counts[number].unseen[0] += people * one.crossed
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
    result = [
        _numbers(h, kind, lives, counted, rows, lives.kind == number, missed[kind.is_watched], start, rng)
        for number, (kind, counted, rows, start) in enumerate(zip(kinds, counts, mine, starts, strict=True))
    ]
    result = [replace(kind, share=kind.share * ratio) for kind, ratio in zip(result, ratios, strict=True)]
    whole = np.sum([kind.share for kind in result], axis=0)
    return [replace(kind, share=kind.share / whole) for kind in result]


def _counts(h: Histories, kind: Kind, lives: Lives, days: tuple[Ints, Ints, Floats], mine: Flags) -> _Counts:
    openers, unseen = len(kind.missed), mine[lives.row]
    crossed = mine & (h.kind <= DEPARTURE)
    return _Counts(
        _cross(h.opener[crossed], lives.before[crossed], lives.after[crossed], openers),
        _cross(h.opener[lives.row][unseen], lives.source[unseen], lives.target[unseen], openers),
        _state(h, lives, crossed, len(kind.states)),
        np.stack([_sum(days, mine & (h.undocumented == flag)) for flag in (0, 1)]),
    )


def _missed(
    now: list[Floats], counts: list[_Counts], rng: np.random.Generator | None, *, is_watched: bool
) -> Floats:
    """Return the share of crossings missed after one at each post, which all kinds that are watched have in common.

    Posts with few crossings are drawn to the share of all; those whom nobody watches have one share wherever they are
    seen. Before the first crossing nothing alternates: what was missed there is taken to be missed as often as later.
    """
    before = np.mean(now, axis=0)
    seen, unseen = (
        np.sum([getattr(one, name).sum(axis=(1, 2)) for one in counts], axis=0) for name in ("seen", "unseen")
    )
    pooled = (unseen[1:].sum() + PULL * before.mean()) / (seen[1:].sum() + unseen[1:].sum() + PULL)
    if is_watched:
        lost, kept = unseen + POOL * pooled, seen + POOL * (1 - pooled)
    else:
        lost, kept = np.full(1, unseen[1:].sum() + PULL), np.full(1, seen[1:].sum() + PULL)
    missed = lost / (lost + kept) if rng is None else rng.beta(np.maximum(lost, 1e-3), kept)
    missed = np.broadcast_to(missed, seen.shape).copy()
    if is_watched:
        missed[0] = pooled
    bounded: Floats = np.clip(missed, 1e-4 if is_watched else LEAST_UNWATCHED, 0.95)
    return bounded


def _numbers(
    h: Histories,
    kind: Kind,
    lives: Lives,
    counts: _Counts,
    mine: Flags,
    people: Flags,
    missed: Floats,
    start: Floats,
    rng: np.random.Generator | None,
) -> Kind:
    total = counts.days.sum(axis=0)

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
    rate = often(crossed, kind.rate, np.repeat(total[:, None], STATES, axis=1))
    # Whoever moves does so as often in either form of life: the forms tell journeys apart, not residences.
    for own, other in ((AWAY, HOME), (HOME, AWAY)):
        rows, targets = _rows(own), _rows(other)
        moves = often(
            crossed[rows, targets].sum(axis=0),
            np.average(kind.rate[rows, targets], axis=0, weights=total[rows] + 365),
            np.repeat(total[rows].sum(), FORMS),
        )
        rate[rows, targets] = moves / max(1.0, SHORTEST_RESIDENCE * moves.sum())
    share = np.bincount(h.origin[people], minlength=len(kind.share)).astype(np.float64) + 1.0
    if rng is not None:
        share = rng.gamma(share)
    yes, no = (
        (h.marks[people] == told).sum(axis=0) + PULL * now
        for told, now in ((1, kind.marked), (0, 1 - kind.marked))
    )
    marked = yes / (yes + no) if rng is None else rng.beta(np.maximum(yes, 1e-3), np.maximum(no, 1e-3))
    ended, renewed = (
        np.bincount(lives.before[mine & (h.kind == what)], minlength=STATES) + 5 * PULL * now
        for what, now in ((LAPSED, kind.lapsed), (RENEWED, 1 - kind.lapsed))
    )
    lapsed = ended / (ended + renewed) if rng is None else rng.beta(ended, renewed)
    start = start + PULL * kind.start
    return Kind(
        rate=_bounded(rate * MOVES, total),
        states=said / said.sum(axis=0),
        missed=missed,
        first_permit=acts(FIRST_PERMIT, kind.first_permit, counts.days[1]),
        act=acts(ACT, kind.act, total),
        death=acts(DEATH, kind.death, total),
        lapsed=np.clip(lapsed, 1e-3, 1 - 1e-3),
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


def _days(h: Histories, lives: Lives) -> tuple[Ints, Ints, Floats]:
    """Return row, state and days of every stretch: from each step or unseen crossing to the next."""
    begin = np.empty_like(lives.before)
    begin[1:] = lives.after[:-1]
    begin[h.first] = lives.opened
    row = np.concatenate([np.arange(len(h.gap)), lives.row])
    state = np.concatenate([begin, lives.target])
    start = np.concatenate([np.zeros(len(h.gap), dtype=np.int64), lives.day])
    order = np.lexsort((start, row))
    row, state, start = row[order], state[order], start[order]
    last = np.r_[row[1:] != row[:-1], True]
    # Two crossings on one day lie half a day apart, on average.
    days = np.where(last, h.gap[row], np.r_[start[1:], 0]) - start + 0.5 * last
    return row, state, days


def _sum(days: tuple[Ints, Ints, Floats], rows: Flags) -> Floats:
    row, state, length = days
    chosen = rows[row]
    return np.bincount(state[chosen], weights=length[chosen], minlength=STATES).astype(np.float64)


def _cross(opener: Ints, source: Ints, target: Ints, openers: int) -> Floats:
    flat = (opener * STATES + source) * STATES + target
    return (
        np.bincount(flat, minlength=openers * STATES**2).reshape(openers, STATES, STATES).astype(np.float64)
    )


def _state(h: Histories, lives: Lives, crossed: Flags, purposes: int) -> Floats:
    """Return how often each purpose was stated at crossings between each two situations."""
    size = STATES // FORMS
    source, target = lives.before[crossed] // FORMS, lives.after[crossed] // FORMS
    flat = (h.purpose[crossed] * size + source) * size + target
    return np.bincount(flat, minlength=purposes * size**2).reshape(purposes, size, size).astype(np.float64)
