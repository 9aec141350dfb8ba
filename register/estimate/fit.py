"""Estimates the numbers of the model of missing crossings from the register itself.

Data augmentation (Tanner and Wong 1987): draw complete lives under the present numbers, count what happens in them,
draw new numbers from the counts, and again. While the numbers settle, their means are taken instead (stochastic
expectation-maximisation, Celeux and Diebolt 1985).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from register.estimate.chain import Flags, Histories, Ints, Kind
from register.estimate.count import count
from register.estimate.kinds import FOREIGNERS, Model, Sizes, guess_kind
from register.estimate.passage import unseen
from register.estimate.sampler import Sampler

#: Rounds with some of the people, until the numbers have nearly settled, and rounds with all.
SEARCH, ROUNDS = 14, 5
#: These are at most so many, without those of most steps: they take the time and tell little that others do not.
FEW, LONG = 1_500, 60
#: The chance below which a person is taken not to be of a kind, by the round before; of those searched with, all kinds
#: are looked at again every so many rounds.
UNLIKELY, AFRESH = 1e-5, 4
#: Rounds with the people drawn again for each draw of the numbers.
AGAIN = 1


def fit(
    histories: Histories,
    sizes: Sizes,
    rng: np.random.Generator,
    draws: int,
    models: Sequence[Model] = (Model(FOREIGNERS),),
) -> list[list[Kind]]:
    """Return as many draws of the numbers of a population as asked for; each has the kinds of people.

    Each round takes the mean of what the numbers may be, given the lives drawn, until they settle. For each draw that
    is kept the people are drawn anew and the numbers too, so that what is not known of them shows as a difference
    between draws. The draws take turns between models with other kinds of people, each with a search of its own: the
    likelihood has several summits, and where models or summits disagree, the draws differ.
    """

    def step(
        seen: Histories,
        model: Model,
        kinds: list[Kind],
        likely: Flags | None = None,
        *,
        is_drawn: bool = False,
    ) -> tuple[list[Kind], Flags]:
        sampler = Sampler(seen, kinds, likely)
        # When those who are watched first crossed is told of those who did (`count`): nobody else is to be counted.
        hidden = [
            None if kind.is_watched else unseen(kind, sampler.passages, at, seen.years)
            for at, kind in enumerate(kinds)
        ]
        lives = sampler.draw(rng)
        found = count(seen, kinds, lives, rng if is_drawn else None, hidden, model.steady)
        return found, sampler.likely(UNLIKELY)

    short = np.flatnonzero(histories.length <= max(LONG, int(np.median(histories.length))))
    some = choose(histories, np.sort(rng.permutation(short)[:FEW]))
    settled = []
    for model in models[:draws]:
        kinds = [guess_kind(guess, sizes) for guess in model.guesses]
        # Of few people the numbers are uncertain however long they settle.
        search = SEARCH if len(histories) > FEW else SEARCH // 2
        likely = None
        for number in range(search):
            kinds, likely = step(some, model, kinds, None if number % AFRESH == 0 else likely)
        likely = None
        for _ in range(ROUNDS):
            kinds, likely = step(histories, model, kinds, likely)
        settled.append((kinds, likely))
    kept = []
    for number in range(draws):
        turn = number % len(settled)
        kinds, likely = settled[turn]
        people = resample(len(histories), rng)
        again, may_be = choose(histories, people), None if likely is None else likely[people]
        for _ in range(AGAIN):
            kinds, _ = step(again, models[turn], kinds, may_be)
        kept.append(step(again, models[turn], kinds, may_be, is_drawn=True)[0])
    return kept


def resample(people: int, rng: np.random.Generator) -> Ints:
    """Return the numbers of as many people, drawn with replacement (the bootstrap: Efron 1979)."""
    return np.sort(rng.integers(people, size=people))


def choose(h: Histories, people: Ints) -> Histories:
    """Return some people, in their order."""
    length = h.length[people]
    rows = np.repeat(h.first[people] - (np.cumsum(length) - length), length) + np.arange(length.sum())
    by_person = {name: getattr(h, name)[people] for name in ("length", "origin", "is_born", "marks")}
    steps = ("gap", "kind", "purpose", "opener", "undocumented", "year")
    return replace(h, **by_person, **{name: getattr(h, name)[rows] for name in steps})
