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
from register.estimate.kinds import FOREIGNERS, Guess, Sizes, guess_kind
from register.estimate.passage import unseen
from register.estimate.sampler import Sampler

#: Searches that are begun with some of the people, rounds until the best of them is told, rounds that it goes on with
#: these people, and rounds with all.
STARTS, TRIAL, FURTHER, ROUNDS = 2, 7, 10, 6
FEW = 2_000
#: Rounds with the people drawn again for each draw of the numbers.
AGAIN = 1


def fit(
    histories: Histories,
    sizes: Sizes,
    rng: np.random.Generator,
    draws: int,
    models: Sequence[Sequence[Guess]] = (FOREIGNERS,),
) -> list[list[Kind]]:
    """Return as many draws of the numbers of a population as asked for; each has the kinds of people.

    Several searches are begun, because the likelihood has several summits; the best goes on until it settles, each
    round with the mean of what the numbers may be, given the lives drawn. For each draw that is kept the people are
    drawn anew and the numbers too, so that what is not known of them shows as a difference between draws. The draws
    take turns between the models, each with kinds of people of its own: where these disagree, the draws differ.
    """

    def step(seen: Histories, kinds: list[Kind], *, is_drawn: bool = False) -> tuple[list[Kind], float]:
        sampler = Sampler(seen, kinds)
        hidden = [unseen(kind, sampler.passages, at, seen.years) for at, kind in enumerate(kinds)]
        new = count(seen, kinds, sampler.draw(rng), rng if is_drawn else None, hidden)
        return new, sampler.log_likelihood

    some = choose(histories, np.sort(rng.permutation(len(histories))[:FEW]))
    settled = []
    for guesses in models[:draws]:
        searches = []
        for _ in range(STARTS):
            kinds = [guess_kind(guess, sizes) for guess in guesses]
            for _ in range(TRIAL):
                kinds, likelihood = step(some, kinds)
            searches.append((likelihood, kinds))
        kinds = max(searches, key=lambda one: one[0])[1]
        for number in range(FURTHER + ROUNDS):
            kinds, _ = step(some if number < FURTHER else histories, kinds)
        settled.append(kinds)
    kept = []
    for number in range(draws):
        again, kinds = resample(histories, rng), settled[number % len(settled)]
        for _ in range(AGAIN):
            kinds, _ = step(again, kinds)
        kept.append(step(again, kinds, is_drawn=True)[0])
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
