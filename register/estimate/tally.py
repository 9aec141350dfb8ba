"""What happens in complete lives: crossings by states and years, days in each state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from register.estimate.chain import DEPARTURE, FORMS, STATES, Flags, Floats, Histories, Ints, Kind, Lives

SITUATIONS = STATES // FORMS


@dataclass(frozen=True)
class Counts:
    """What complete lives show of one kind of people.

    Crossings ``seen`` and ``unseen`` by opener and states; all of them by year and situations (``by_year``), those
    until the first that was seen and those after it apart, with purposes at those seen; ``days`` likewise by year and
    state, and those without a permit (``undocumented``) by state.
    """

    seen: Floats
    unseen: Floats
    by_year: Floats
    purposes: Floats
    days: Floats
    undocumented: Floats


def tally(h: Histories, kind: Kind, lives: Lives, days: tuple[Ints, Ints, Floats], mine: Flags) -> Counts:
    """Return what happens in the steps of one kind of people; ``days`` as `stretches` gives them."""
    openers, years = len(kind.missed), len(h.years)
    unseen, crossed = mine[lives.row], mine & (h.kind <= DEPARTURE)
    before, after = lives.before[crossed], lives.after[crossed]
    source, target = lives.source[unseen], lives.target[unseen]
    phase = (h.opener > 0) * years + h.year
    by_year = _cross(phase[crossed], before, after, 2 * years) + _cross(
        phase[lives.row][unseen], source, target, 2 * years
    )
    row, state, length = (values[mine[days[0]]] for values in days)
    spent = np.bincount(phase[row] * STATES + state, weights=length, minlength=2 * years * STATES)
    bare = np.bincount(state, weights=length * h.undocumented[row], minlength=STATES)
    return Counts(
        seen=_cross(h.opener[crossed], before, after, openers),
        unseen=_cross(h.opener[lives.row][unseen], source, target, openers),
        by_year=narrow(by_year).reshape(2, years, SITUATIONS, SITUATIONS),
        purposes=_state(h, lives, crossed, len(kind.states)),
        days=spent.reshape(2, years, STATES).astype(np.float64),
        undocumented=bare.astype(np.float64),
    )


def stretches(h: Histories, lives: Lives) -> tuple[Ints, Ints, Floats]:
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


def _cross(group: Ints, source: Ints, target: Ints, groups: int) -> Floats:
    """Return how many crossings each group has from state to state."""
    flat = (group * STATES + source) * STATES + target
    counted = np.bincount(flat, minlength=groups * STATES**2)
    return counted.reshape(groups, STATES, STATES).astype(np.float64)


def narrow(by_state: Floats) -> Floats:
    """Return numbers from state to state summed by situations."""
    apart = by_state.reshape(*by_state.shape[:-2], SITUATIONS, FORMS, SITUATIONS, FORMS)
    summed: Floats = apart.sum(axis=(-3, -1))
    return summed


def _state(h: Histories, lives: Lives, crossed: Flags, purposes: int) -> Floats:
    """Return how often each purpose was stated at crossings between each two situations."""
    size = STATES // FORMS
    source, target = lives.before[crossed] // FORMS, lives.after[crossed] // FORMS
    flat = (h.purpose[crossed] * size + source) * size + target
    return np.bincount(flat, minlength=purposes * size**2).reshape(purposes, size, size).astype(np.float64)
