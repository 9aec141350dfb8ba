"""Complete lives drawn from what was seen: forward filtering, backward sampling, and bridges between known states."""

from __future__ import annotations

import numpy as np

from register.estimate.chain import (
    BORN,
    CROSSINGS,
    DEPARTURE,
    FIRST_PERMIT,
    FORMS,
    STATES,
    TINY,
    YEAR,
    Flags,
    Floats,
    Histories,
    Ints,
    Kind,
    Lives,
    Tables,
    draw_rows,
)
from register.estimate.passage import Passages, widen


def seen_as(kind: Kind) -> Tables:
    """Return the matrices of what a step says: (sign, from, to); of crossings without the chance to be seen."""
    acts = [np.diag(kind.first_permit), np.diag(kind.act), np.eye(STATES), np.diag(kind.death)]
    acts += [np.diag(1 - kind.lapsed), np.diag(kind.lapsed), np.eye(STATES)]
    crossings = np.stack([kind.rate * crossing * widen(kind.states) for crossing in CROSSINGS])
    by_year = widen(kind.trend)[:, :, None, None] * crossings
    return np.concatenate([by_year.reshape(-1, STATES, STATES), np.stack(acts)]).astype(np.float32)


def signs(histories: Histories, purposes: int) -> Ints:
    """Return for each step the number of its matrix in `seen_as`."""
    h = histories
    crossing = (((h.opener > 0) * len(h.years) + h.year) * 2 + h.kind) * purposes + h.purpose
    act = h.kind - FIRST_PERMIT + 4 * purposes * len(h.years)
    sign: Ints = np.where(h.kind <= DEPARTURE, crossing, act)
    return sign


class Sampler:
    """Filters histories under a model and draws complete lives; made anew when the numbers of the model change.

    A person is filtered as each kind that she may be of; most arrays here have a row for each such pair.

    Parameters
    ----------
    histories
        What was seen.
    kinds
        The kinds of people.
    likely
        For each person and kind whether she may be of it; where not given, any may be of any.
    """

    def __init__(self, histories: Histories, kinds: list[Kind], likely: Flags | None = None) -> None:
        h = histories
        self.histories, self.kinds = h, kinds
        self.first, self.sign = h.first, signs(h, len(kinds[0].states))
        self.passages = Passages(kinds, max(int(h.gap.max(initial=0)), int(h.years.max())))
        self.cell = self.passages.cell(0, h.year, h.opener, h.undocumented)
        self.seen = np.stack([seen_as(kind) for kind in kinds])
        # The chance that a crossing after one at each post was written down, and for what is no crossing, one.
        kept = np.stack([np.repeat(1 - kind.missed, FORMS, axis=-1) for kind in kinds])
        self.kept: Tables = np.concatenate([kept, np.ones((len(kinds), 1, STATES))], axis=1).astype(
            np.float32
        )
        self.keeper = np.where(h.kind <= DEPARTURE, h.opener, kept.shape[1])
        self.start = np.stack([kind.start for kind in kinds]).astype(np.float32)
        may_be = np.ones((len(h), len(kinds)), dtype=bool) if likely is None else likely
        self.person, self.kind = np.nonzero(may_be)
        steps = np.arange(int(h.length.max(initial=0)))
        # Who has more steps comes first: at each step the pairs that still go on are a head of all.
        self.active = np.searchsorted(-h.length[self.person], -steps, side="left")
        self.offset = np.cumsum(self.active) - self.active
        self.filtered: Tables = np.empty((int(self.active.sum()), STATES), dtype=np.float32)
        self.weight: Floats = np.full(may_be.shape, -np.inf)
        self.weight[may_be] = self._filter()

    def likely(self, least: float) -> Flags:
        """Return for each person and kind whether the chance that she is of it is at least so large."""
        chance = np.exp(self.weight - self.weight.max(axis=1, keepdims=True))
        flags: Flags = chance >= least * chance.sum(axis=1, keepdims=True)
        return flags

    def _open(self, people: Ints, kind: Ints) -> Tables:
        """Return for people of some kinds the chances of the states when their observation begins."""
        is_born = self.histories.is_born[people]
        state: Tables = self.start[kind]
        state[is_born] = BORN
        return state

    def _filter(self) -> Floats:
        """Fill ``filtered``: for each step and pair the chance of each state after it; return how likely each pair is.

        It is the logarithm of the chance that a person is of the kind and that all this was seen of her.
        """
        h, kinds = self.histories, self.kinds
        state = self._open(self.person, self.kind)
        total = np.log(np.stack([kind.share for kind in kinds]))[self.kind, h.origin[self.person]]
        marked = np.stack([kind.marked for kind in kinds])
        chances = np.log(np.stack([1.0 - marked, marked, np.ones_like(marked)]))
        for number, marks in enumerate(h.marks.T):
            total += chances[marks[self.person], self.kind, number]
        first, cells = self.first[self.person], self.kind * self.passages.cells
        for step, (size, offset) in enumerate(zip(self.active.tolist(), self.offset.tolist(), strict=True)):
            rows = first[:size] + step
            state = self.passages.ahead(state[:size], self.cell[rows] + cells[:size], h.gap[rows])
            told = np.flatnonzero(h.kind[rows] != YEAR)
            if len(told):
                kind, mine = self.kind[told], rows[told]
                before = state[told] * self.kept[kind, self.keeper[mine]]
                state[told] = np.matmul(before[:, None, :], self.seen[kind, self.sign[mine]])[:, 0]
            found = state.sum(axis=-1)
            total[:size] += np.log(np.maximum(found, TINY))
            # What the model holds impossible tells nothing of the state.
            state /= np.maximum(found, TINY)[:, None]
            state[found <= 0] = 1 / STATES
            self.filtered[offset : offset + size] = state
        return total

    def draw(self, rng: np.random.Generator) -> Lives:
        """Draw for each person her kind, her state before and after each step, and the crossings nobody wrote down."""
        chosen = draw_rows(rng, np.exp(self.weight - self.weight.max(axis=1, keepdims=True)))
        before, after = (np.zeros(len(self.histories.gap), dtype=np.int64) for _ in range(2))
        opened = self._draw_back(rng, chosen, before, after)
        start = np.empty_like(before)
        start[1:] = after[:-1]
        start[self.first] = opened
        return Lives(chosen, opened, before, after, *self._bridge(rng, chosen, start, before))

    def _draw_back(self, rng: np.random.Generator, chosen: Ints, before: Ints, after: Ints) -> Ints:
        """Draw the states around the steps of people of chosen kinds, the last first; return those at the beginning."""
        h = self.histories
        pair = np.zeros(self.weight.shape, dtype=np.int64)
        pair[self.person, self.kind] = np.arange(len(self.person))
        mine = pair[np.arange(len(h)), chosen]
        state = draw_rows(rng, self.filtered[self.offset[h.length - 1] + mine])
        for step in range(len(self.active) - 1, -1, -1):
            size = int(np.searchsorted(-h.length, -step, side="left"))
            rows, kind = self.first[:size] + step, chosen[:size]
            cell, gap = self.cell[rows] + kind * self.passages.cells, h.gap[rows]
            after[rows] = state[:size]
            before_it = self.offset[step - 1] + mine[:size]
            earlier = self.filtered[before_it] if step else self._open(np.arange(size), kind)
            told = self.seen[kind, self.sign[rows], :, state[:size]] * self.kept[kind, self.keeper[rows]]
            before[rows] = draw_rows(rng, self.passages.ahead(earlier, cell, gap) * told)
            state[:size] = draw_rows(rng, earlier * self.passages.onto(cell, gap, before[rows]))
        return state

    def _bridge(
        self, rng: np.random.Generator, chosen: Ints, start: Ints, end: Ints
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """Draw the unseen crossings between two steps, given the states after the one and before the other."""
        h = self.histories
        rows = np.flatnonzero(h.gap > 0)
        cell = self.cell[rows] + chosen[h.person[rows]] * self.passages.cells
        at, goal, left, passed = start[rows], end[rows], h.gap[rows], np.zeros(len(rows), dtype=np.int64)
        found = [np.zeros((4, 0), dtype=np.int64)]
        while len(rows):
            # The chance that no crossing was missed until a day falls with the day: one number decides when.
            wanted = rng.random(len(rows)) * self._reach(cell, left, at, goal)
            stays = self.passages.near[cell, 1, at, at].astype(np.float64)
            goes = np.flatnonzero((at != goal) | (wanted >= stays**left))
            rows, cell, at, goal = rows[goes], cell[goes], at[goes], goal[goes]
            left, passed, wanted, stays = left[goes], passed[goes], wanted[goes], stays[goes]
            low, high = np.zeros(len(rows), dtype=np.int64), left - 1
            while (low < high).any():
                middle = (low + high + 1) // 2
                holds = stays**middle * self._reach(cell, left - middle, at, goal) > wanted
                low, high = np.where(holds, middle, low), np.where(holds, high, middle - 1)
            left = left - low - 1
            passed = passed + low + 1
            moves = self.passages.near[cell, 1, at]
            moves[np.arange(len(at)), at] = 0
            target = draw_rows(rng, moves * self.passages.onto(cell, left, goal))
            found.append(np.stack([rows, passed, at, target]))
            at = target
        row, day, source, target = np.concatenate(found, axis=1)
        order = np.lexsort((day, row))
        return row[order], day[order], source[order], target[order]

    def _reach(self, cell: Ints, days: Ints, at: Ints, goal: Ints) -> Tables:
        """Return the chance to go from one state to another in some days."""
        found: Tables = self.passages.onto(cell, days, goal)[np.arange(len(at)), at]
        return found
