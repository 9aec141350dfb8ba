"""Where the search for the numbers of the model begins: the kinds of people that an office would name.

The numbers are rough; what the histories tell replaces them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from register.estimate.chain import AWAY, FORMS, HOME, STATES, TRIP, VISIT, Kind

#: The journeys of those who live on each side.
JOURNEY = {AWAY: slice(FORMS * VISIT, FORMS * (VISIT + 1)), HOME: slice(FORMS * TRIP, FORMS * (TRIP + 1))}
#: How many days a journey of those who moved lasts, to begin with.
USUAL_JOURNEY = 20


@dataclass(frozen=True)
class Sizes:
    """How many posts, origins and stated purposes a population is told apart by, each with one for all others.

    ``years``: those of the series.
    """

    openers: int
    origins: int
    purposes: int
    years: int


@dataclass(frozen=True)
class Guess:
    """Where the search for a kind of people begins.

    How often a year those who live abroad come and those who live here travel, share of crossings missed, arrivals that
    stay, people who live here at the start, share with each mark, how often a year residents get a first permit, how
    long in days visits last as a rule, and on which side those live who moved.
    """

    comes: float
    travels: float
    missed: float
    settles: float
    lives_here: float
    marked: tuple[float, ...] = (0.05, 0.05)
    permits: float = 0.1
    visits: float = 10
    is_watched: bool = True
    moves_to: int = HOME


SELDOM, OFTEN = Guess(0.1, 0.4, 0.02, 0.02, 0.3), Guess(3.0, 3.0, 0.02, 0.02, 0.3)
SETTLER = Guess(0.05, 0.4, 0.02, 0.5, 0.1, (0.8, 0.05), 3.0)
RESIDENT = Guess(0.4, 0.8, 0.02, 0.5, 0.9, (0.8, 0.05), 0.3)
UNWATCHED = Guess(0.05, 0.4, 0.55, 0.5, 0.1, (0.01, 0.5), 0.02, is_watched=False)
PROTECTED = Guess(0.05, 0.4, 0.55, 0.5, 0.1, (0.01, 0.9), 1.0, is_watched=False)
SEASONAL = Guess(1.0, 0.4, 0.02, 0.02, 0.1, visits=90)
#: Nationals who live abroad and visit. Who came once may be one of them.
EXPATRIATE = Guess(0.15, 0.4, 0.02, 0.1, 0.02)
#: Residents who hardly ever travel. Whether they are a kind of their own can hardly be told from what is seen.
HOMEBODY = Guess(0.2, 0.15, 0.02, 0.3, 0.9, moves_to=AWAY)
#: Nothing tells a national who crosses where nobody watches from one who was missed: nationals are taken to be watched.
NATIONALS = tuple(replace(one, moves_to=AWAY) for one in (SELDOM, OFTEN, SETTLER, RESIDENT, EXPATRIATE))
FOREIGNERS = (SELDOM, OFTEN, SEASONAL, SETTLER, RESIDENT, UNWATCHED, PROTECTED)


@dataclass(frozen=True)
class Model:
    """A way to tell people: their kinds, and how many crossings a year like the others weighs against its own."""

    guesses: tuple[Guess, ...]
    steady: float = 10.0


#: The models between which draws take turns, of nationals and of foreigners: what is seen does not decide between them.
MODELS = (
    (Model(NATIONALS), Model((*NATIONALS, HOMEBODY), math.inf)),
    (Model(FOREIGNERS), Model(FOREIGNERS, math.inf)),
)


def guess_kind(guess: Guess, sizes: Sizes) -> Kind:
    """Return a kind to start from: journeys of ten days and of four months, homes that last for years."""
    rate = np.zeros((STATES, STATES))
    leaves = {
        AWAY: (1 / 90, guess.comes / 365), VISIT: (1 / guess.visits, 1 / 120),
        HOME: (1 / 90, guess.travels / 365), TRIP: (1 / 10, 1 / 120),
    }  # fmt: skip
    forms = {AWAY: (0.2, 0.8), VISIT: (0.9, 0.1), HOME: (0.2, 0.8), TRIP: (0.9, 0.1)}
    moves = {AWAY: {VISIT: 1 - guess.settles, HOME: guess.settles}, VISIT: {AWAY: 1.0}, TRIP: {HOME: 1.0}}
    moves[HOME] = {TRIP: 0.95, AWAY: 0.05}
    for source, targets in moves.items():
        for target, share in targets.items():
            for form in range(FORMS):
                row = FORMS * source + form
                rate[row, FORMS * target : FORMS * (target + 1)] = (
                    leaves[source][form] * share * np.array(forms[target])
                )
    # Who moved keeps her ways: on that side some travel often and others hardly ever, whatever they did before. There
    # the forms tell people apart, not journeys: each leads to itself only.
    own, journey = slice(FORMS * guess.moves_to, FORMS * (guess.moves_to + 1)), JOURNEY[guess.moves_to]
    rate[own, journey] = np.diag(rate[own, journey].sum(axis=1))
    rate[journey, own] = np.eye(FORMS) / USUAL_JOURNEY
    acts = np.repeat(np.array([0.001, 0.01, 0.1, 0.001]) / 365, FORMS)
    return Kind(
        rate=rate,
        trend=np.ones((2, sizes.years, STATES // FORMS, STATES // FORMS)),
        states=np.full((sizes.purposes, STATES // FORMS, STATES // FORMS), 1 / sizes.purposes),
        missed=np.full((sizes.openers, STATES // FORMS), guess.missed),
        first_permit=acts * guess.permits * 10,
        act=acts,
        death=acts / 10,
        lapsed=np.repeat(np.array([0.95, 0.9, 0.2, 0.2]), FORMS),
        start=np.repeat(
            np.outer([1 - guess.lives_here, guess.lives_here], [0.9, 0.1]).ravel() / FORMS, FORMS
        ),
        share=np.full(sizes.origins, 1.0),
        marked=np.array(guess.marked),
        is_watched=guess.is_watched,
    )
