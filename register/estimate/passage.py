"""The chances to pass from state to state with nothing written down, in any number of days of any year.

Rates differ from year to year, so a gap lies within one year (`histories` divides them). The chances of many days are
those of some days times those of some months: two small tables that stay near the processor, instead of a large one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from register.estimate.chain import FORMS, STATES, Floats, Ints, Kind, Tables

#: Days that the first of the two tables holds.
STRIDE = 32


def widen(by_situation: Floats) -> Floats:
    """Return numbers of each two situations (the last two axes) as numbers of each two states."""
    wide: Floats = np.repeat(np.repeat(by_situation, FORMS, axis=-2), FORMS, axis=-1)
    return wide


def daily(kind: Kind) -> Floats:
    """Return the chances to go unseen from state to state in one day: (year, opener, undocumented, from, to).

    Within a day at most one crossing is missed.
    """
    first, later = kind.rate * widen(kind.trend)
    # No post (opener 0): no crossing was seen before.
    rate = np.stack([first, *[later] * (len(kind.missed) - 1)], axis=1)
    seen = np.stack([np.zeros(STATES), kind.first_permit])
    leaving = rate.sum(axis=-1)[:, :, None] + seen
    stays = np.exp(-leaving)
    missed = rate * np.repeat(kind.missed, FORMS, axis=-1)[:, :, None]
    share = missed[:, :, None] / np.maximum(leaving, 1e-300)[..., None]
    chances: Floats = share * (1 - stays)[..., None] + stays[..., None] * np.eye(STATES)
    return chances


def powers(matrices: Tables, most: int) -> Tables:
    """Return the powers of matrices from 0 to ``most``, as a third last axis."""
    found = np.empty((*matrices.shape[:-2], most + 1, STATES, STATES), dtype=np.float32)
    found[..., 0, :, :] = np.eye(STATES)
    # By doubling: the powers known so far give the next ones in one product, as rows of one matrix under another.
    rows = found.reshape(*matrices.shape[:-2], -1, STATES)
    known, power = 1, matrices
    while known <= most:
        take = min(known, most + 1 - known)
        np.matmul(
            rows[..., : take * STATES, :], power, out=rows[..., known * STATES : (known + take) * STATES, :]
        )
        known += take
        power = power @ power
    return found


class Passages:
    """The chances of each kind of people; each kind, year, opener and documentation has a cell of its own.

    Parameters
    ----------
    kinds
        The kinds of people, told apart by the same posts and years.
    longest
        The most days that are asked for.
    """

    def __init__(self, kinds: Sequence[Kind], longest: int) -> None:
        self.years, self.openers = len(kinds[0].trend[0]), len(kinds[0].missed)
        one = np.stack([daily(kind) for kind in kinds]).astype(np.float32).reshape(-1, STATES, STATES)
        near = powers(one, STRIDE)
        self.far = powers(np.ascontiguousarray(near[:, STRIDE]), longest // STRIDE)
        self.near = np.ascontiguousarray(near[:, :STRIDE])

    def cell(self, kind: Ints | int, year: Ints, opener: Ints | int, undocumented: Ints | int) -> Ints:
        """Return the numbers of cells."""
        cells: Ints = ((kind * self.years + year) * self.openers + opener) * 2 + undocumented
        return cells

    @property
    def cells(self) -> int:
        """How many cells each kind has."""
        return self.years * self.openers * 2

    def ahead(self, state: Tables, cell: Ints, days: Ints) -> Tables:
        """Return the chances of states some days later, from those now: (row, to)."""
        long = np.flatnonzero(days >= STRIDE)
        if len(long):
            state = np.array(state)
            state[long] = _times(state[long], self.far, cell[long], days[long] // STRIDE)
        return _times(state, self.near, cell, days % STRIDE)

    def onto(self, cell: Ints, days: Ints, goal: Ints) -> Tables:
        """Return the chances to be in a state some days later, from each state now: (row, from)."""
        entry = ((cell * STRIDE + days % STRIDE) * STATES**2 + goal)[:, None] + STATES * np.arange(STATES)
        column: Tables = self.near.reshape(-1).take(entry)
        long = np.flatnonzero(days >= STRIDE)
        if len(long):
            table = self.far[cell[long], days[long] // STRIDE]
            column[long] = np.matmul(table, column[long][:, :, None])[:, :, 0]
        return column

    def silent(self, kind: int, years: Ints) -> Floats:
        """Return the chances that nothing is seen of people from each day of the series to its end: (day, state).

        ``years`` are the days of each year.
        """
        later, found = np.ones(STATES), [np.ones((1, STATES))]
        for near, far, days in zip(*self._first(kind, years), years[::-1].tolist(), strict=True):
            back = np.matmul(far[:, None], (near @ later)[..., None])[..., 0].reshape(-1, STATES)
            found.append(back[days:0:-1])
            later = back[days]
        return np.concatenate(found[::-1])

    def _first(self, kind: int, years: Ints) -> tuple[Floats, Floats]:
        """Return the two tables of people of whom nothing was seen before, the last year first."""
        cells = self.cell(kind, np.arange(len(years))[::-1], 0, 1)
        return self.near[cells].astype(np.float64), self.far[cells].astype(np.float64)


def _times(state: Tables, table: Tables, cell: Ints, power: Ints) -> Tables:
    """Return each state times the matrix of its cell and power."""
    flat = table.reshape(-1, STATES, STATES)
    result: Tables = np.matmul(state[:, None, :], flat.take(cell * table.shape[1] + power, axis=0))[:, 0]
    return result


@dataclass(frozen=True)
class Unseen:
    """People of one kind of whom there is no record at all: how many for each one seen, and how one of them lives.

    ``days`` in each state and ``crossed`` from state to state, by year; ``start``: the chance of each state at the
    beginning.
    """

    ratio: float
    days: Floats
    crossed: Floats
    start: Floats


#: The most people without a record that are counted for each one with a record.
MOST_UNSEEN = 9.0


def unseen(kind: Kind, passages: Passages, number: int, years: Ints) -> Unseen:
    """Return what is to be expected of people of whom nothing was written down in the whole series.

    Who is in the register is there because something was seen: without the others, people would seem to come sooner
    than they do, and fewer and fewer of them (Sanathanan 1972).
    """
    later = passages.silent(number, years)
    chance = float(later[0] @ kind.start)
    state, day, spent, crossed = kind.start, 0, [], []
    near, far = passages._first(number, years)
    for one, other, days in zip(near[::-1], far[::-1], years.tolist(), strict=True):
        ahead = np.matmul((state @ other)[:, None, None], one)[:, :, 0].reshape(-1, STATES)
        step = one[1] * (1 - np.eye(STATES))
        spent.append((ahead[:days] * later[day : day + days]).sum(axis=0) / chance)
        crossed.append(step * (ahead[:days].T @ later[day + 1 : day + days + 1]) / chance)
        state, day = ahead[days], day + days
    return Unseen(
        ratio=min(chance / max(1 - chance, 1e-9), MOST_UNSEEN),
        days=np.stack(spent),
        crossed=np.stack(crossed),
        start=kind.start * later[0] / chance,
    )
