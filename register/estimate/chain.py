"""The model of missing crossings: where a person lives and is, day by day, of which only some crossings are seen.

A hidden Markov chain in days. A person lives abroad or here, and is on one side; the crossings between these states
happen at rates, and each is written down or not. A history that alternates is explained by what was written; an
arrival after an arrival needs a departure that was not, on a day that the chain finds likely: soon after the arrival
of a visitor, shortly before the return of a resident. Several kinds of people (`kinds`) have rates of their own, and
their own chance to be missed; to which kind a person belongs is not known either.

Method: hidden Markov models with thinned transitions; forward filtering and backward sampling (Fruehwirth-Schnatter
1994); jumps between two known states are drawn from the exact bridge. See docs/explanation/estimation.en.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Tables = NDArray[np.float32]
Flags = NDArray[np.bool_]

# Four situations: lives abroad and is there, or visits; lives here and is at home, or travels. Each has a brief and a
# lasting form: lengths of stays are mixtures of two exponentials. A state is 2 * situation + form.
AWAY, VISIT, HOME, TRIP = range(4)
FORMS = 2
STATES = 4 * FORMS
ARRIVALS = ((AWAY, VISIT), (AWAY, HOME), (TRIP, HOME))
DEPARTURES = ((VISIT, AWAY), (HOME, TRIP), (HOME, AWAY))

ARRIVAL, DEPARTURE, FIRST_PERMIT, ACT, END, DEATH, RENEWED, LAPSED, YEAR = range(9)


def edges(pairs: tuple[tuple[int, int], ...]) -> Floats:
    """Return a matrix with one at the given transitions."""
    matrix = np.zeros((STATES // FORMS, STATES // FORMS))
    for source, target in pairs:
        matrix[source, target] = 1.0
    return np.kron(matrix, np.ones((FORMS, FORMS))).astype(np.float64)


CROSSINGS = (edges(ARRIVALS), edges(DEPARTURES))
MOVES = CROSSINGS[0] + CROSSINGS[1]
#: The smallest number that a chance is told from none.
TINY = np.float32(1e-30)
BORN = np.repeat(np.eye(STATES // FORMS)[HOME], FORMS) / FORMS


@dataclass(frozen=True)
class Histories:
    """What was seen of the people of one population; people in the order of their number of steps, longest first.

    Parameters
    ----------
    length
        For each person how many steps she has; the steps of the first come first, then those of the second.
    origin
        For each person the number of her citizenship among those that are told apart.
    is_born
        For each person whether her observation begins with her birth.
    marks
        For each person and each thing that papers can tell of her: 1 yes, 0 no, -1 not known.
    gap
        For each step the days since the one before, or since the start.
    kind
        For each step what was seen: ``ARRIVAL`` to ``LAPSED``, or ``YEAR``: nothing, a new year begins.
    purpose
        For each step the number of the purpose that was stated at a crossing (0: none).
    opener
        For each step the number of the post of the crossing before it (0: none), which tells how likely the next
        crossing is to be missed.
    undocumented
        For each step whether no permit was seen before it.
    year
        For each step the number of the year in which the days since the one before lie.
    years
        The days of each year of the series.
    """

    length: Ints
    origin: Ints
    is_born: Flags
    marks: Ints
    gap: Ints
    kind: Ints
    purpose: Ints
    opener: Ints
    undocumented: Ints
    year: Ints
    years: Ints

    def __len__(self) -> int:
        return len(self.length)

    @property
    def first(self) -> Ints:
        """For each person the row of her first step."""
        return np.cumsum(self.length) - self.length

    @property
    def person(self) -> Ints:
        """For each step the number of the person."""
        return np.repeat(np.arange(len(self.length)), self.length)


@dataclass(frozen=True)
class Kind:
    """The numbers of one kind of people, per day.

    ``rate`` of each crossing; ``trend``, by how much it is more often in each year, before the first crossing that was
    seen and after it: (before or after, year, from, to), by situations;
    ``states``, the chance that each purpose is stated at it: (purpose, from, to); ``missed``, the chance that a
    crossing is not written down, by the post of the one before and the situation that it ends; ``first_permit``,
    ``act`` and ``death``: how often these are seen in each state; ``lapsed``, the chance in each state that a permit
    which runs out is not renewed; ``start``, the state when the series begins; ``share`` of the kind among the people
    of each origin, ``marked`` the share of them with each mark; ``is_watched`` tells people who cross at posts, all of
    whom are missed alike, from those who cross where nobody watches.
    """

    rate: Floats
    trend: Floats
    states: Floats
    missed: Floats
    first_permit: Floats
    act: Floats
    death: Floats
    lapsed: Floats
    start: Floats
    share: Floats
    marked: Floats
    is_watched: bool = True


@dataclass(frozen=True)
class Lives:
    """One draw of complete lives.

    Parameters
    ----------
    kind
        For each person the number of her kind.
    opened
        For each person the state when her observation begins.
    before, after
        For each step the state before and after it.
    row, day, source, target
        For each crossing that nobody wrote down: the step before which it lies, the days from the step before that
        until it, and the states it leads from and to. In order of row and time.
    """

    kind: Ints
    opened: Ints
    before: Ints
    after: Ints
    row: Ints
    day: Ints
    source: Ints
    target: Ints


def draw_rows(rng: np.random.Generator, weights: Floats | Tables) -> Ints:
    """Return for each row one column, drawn with the weights of the row."""
    total = np.cumsum(weights, axis=1, dtype=np.float64)
    drawn: Ints = (rng.random((len(total), 1)) * total[:, -1:] >= total).sum(axis=1)
    np.minimum(drawn, weights.shape[1] - 1, out=drawn)
    return drawn
