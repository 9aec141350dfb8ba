"""Estimates the numbers of the model of missing crossings from the register itself.

Data augmentation (Tanner and Wong 1987): draw complete lives under the present numbers, count what happens in them,
draw new numbers from the counts, and again. While the numbers settle, their means are taken instead (stochastic
expectation-maximisation, Celeux and Diebolt 1985).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from register.estimate.chain import Histories, Ints, Kind
from register.estimate.count import count
from register.estimate.kinds import FOREIGNERS, Model, Sizes, guess_kind
from register.estimate.passage import unseen
from register.estimate.sampler import Sampler

#: Rounds with some of the people, until the numbers have nearly settled, and rounds with all.
SEARCH, ROUNDS = 14, 5
#: These are at most so many, without those of most steps: they take the time and tell little that others do not.
FEW, LONG = 1_500, 60
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

    def step(seen: Histories, model: Model, kinds: list[Kind], *, is_drawn: bool = False) -> list[Kind]:
        sampler = Sampler(seen, kinds)
        hidden = [unseen(kind, sampler.passages, at, seen.years) for at, kind in enumerate(kinds)]
        return count(seen, kinds, sampler.draw(rng), rng if is_drawn else None, hidden, model.steady)

    short = np.flatnonzero(histories.length <= max(LONG, int(np.median(histories.length))))
    some = choose(histories, np.sort(rng.permutation(short)[:FEW]))
    settled = []
    for model in models[:draws]:
        kinds = [guess_kind(guess, sizes) for guess in model.guesses]
        # Of few people the numbers are uncertain however long they settle.
        search = SEARCH if len(histories) > FEW else SEARCH // 2
        for number in range(search + ROUNDS):
            kinds = step(some if number < search else histories, model, kinds)
        settled.append(kinds)
    kept = []
    for number in range(draws):
        again, turn = resample(histories, rng), number % len(settled)
        kinds = settled[turn]
        for _ in range(AGAIN):
            kinds = step(again, models[turn], kinds)
        kept.append(step(again, models[turn], kinds, is_drawn=True))
    return kept


def resample(h: Histories, rng: np.random.Generator) -> Histories:
    """Return as many people, drawn from these with replacement (the bootstrap: Efron 1979)."""
    return choose(h, np.sort(rng.integers(len(h), size=len(h))))


def choose(h: Histories, people: Ints) -> Histories:
    """Return some people, in their order."""
    length = h.length[people]
    rows = np.repeat(h.first[people] - (np.cumsum(length) - length), length) + np.arange(length.sum())
    by_person = {name: getattr(h, name)[people] for name in ("length", "origin", "is_born", "marks")}
    steps = ("gap", "kind", "purpose", "opener", "undocumented", "year")
    return replace(h, **by_person, **{name: getattr(h, name)[rows] for name in steps})
