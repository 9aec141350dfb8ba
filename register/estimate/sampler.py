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
    by_year = widen(kind.trend)[:, None, None] * crossings
    return np.concatenate([by_year.reshape(-1, STATES, STATES), np.stack(acts)]).astype(np.float32)


def signs(histories: Histories, purposes: int) -> Ints:
    """Return for each step the number of its matrix in `seen_as`."""
    h = histories
    crossing = (h.year * 2 + h.kind) * purposes + h.purpose
    act = h.kind - FIRST_PERMIT + 2 * purposes * len(h.years)
    sign: Ints = np.where(h.kind <= DEPARTURE, crossing, act)
    return sign


class Sampler:
    """Filters histories under a model and draws complete lives; made anew when the numbers of the model change."""

    def __init__(self, histories: Histories, kinds: list[Kind]) -> None:
        h = histories
        self.histories, self.kinds = h, kinds
        self.first, self.sign = h.first, signs(h, len(kinds[0].states))
        self.passages = Passages(kinds, max(int(h.gap.max(initial=0)), int(h.years.max())))
        self.cell = self.passages.cell(h.year, h.opener, h.undocumented)
        self.seen = np.stack([seen_as(kind) for kind in kinds])
        # The chance that a crossing after one at each post was written down, and for what is no crossing, one.
        kept = np.stack([np.repeat(1 - kind.missed, FORMS, axis=-1) for kind in kinds])
        self.kept: Tables = np.concatenate([kept, np.ones((len(kinds), 1, STATES))], axis=1).astype(
            np.float32
        )
        self.keeper = np.where(h.kind <= DEPARTURE, h.opener, kept.shape[1])
        self.start = np.stack([kind.start for kind in kinds]).astype(np.float32)
        self.filtered: Tables = np.empty((len(kinds), len(h.gap), STATES), dtype=np.float32)
        self.weight = self._filter().T

    def _active(self, step: int) -> int:
        """Return how many people have more steps than ``step``: they come first."""
        return int(np.searchsorted(-self.histories.length, -step, side="left"))

    def _open(self, people: Ints | slice) -> Tables:
        """Return for each kind and person the chances of the states when her observation begins."""
        is_born = self.histories.is_born[people]
        state: Tables = np.repeat(self.start[:, None], len(is_born), axis=1)
        state[:, is_born] = BORN
        return state

    def _filter(self) -> Floats:
        """Fill ``filtered``: for each kind and step the chance of each state after it; return how likely each life is.

        Of each kind, whether it is that of a person counted in.
        """
        h, kinds = self.histories, self.kinds
        state = self._open(slice(None))
        total = np.log(np.stack([kind.share for kind in kinds]))[:, h.origin]
        for marks, marked in zip(h.marks.T, np.stack([kind.marked for kind in kinds]).T, strict=True):
            total += np.log(np.stack([1.0 - marked, marked, np.ones(len(kinds))], axis=1))[:, marks]
        for step in range(int(h.length.max(initial=0))):
            size = self._active(step)
            rows = self.first[:size] + step
            state = self.passages.ahead(state[:, :size], self.cell[rows], h.gap[rows])
            told = np.flatnonzero(h.kind[rows] != YEAR)
            if len(told):
                mine = rows[told]
                before = state[:, told] * self.kept[:, self.keeper[mine]]
                after = np.matmul(before[:, :, None, :], self.seen[:, self.sign[mine]])
                state[:, told] = after[:, :, 0, :]
            found = state.sum(axis=-1)
            total[:, :size] += np.log(np.maximum(found, TINY))
            # What the model holds impossible tells nothing of the state.
            state /= np.maximum(found, TINY)[..., None]
            state[found <= 0] = 1 / STATES
            self.filtered[:, rows] = state
        return total

    def draw(self, rng: np.random.Generator) -> Lives:
        """Draw for each person her kind, her state before and after each step, and the crossings nobody wrote down."""
        h = self.histories
        weight = np.exp(self.weight - self.weight.max(axis=1, keepdims=True))
        chosen = draw_rows(rng, weight)
        opened = np.zeros(len(h), dtype=np.int64)
        before, after = (np.zeros(len(h.gap), dtype=np.int64) for _ in range(2))
        for number in range(len(self.kinds)):
            mine = np.flatnonzero(chosen == number)
            if len(mine):
                opened[mine] = self._draw_back(rng, number, mine, before, after)
        start = np.empty_like(before)
        start[1:] = after[:-1]
        start[self.first] = opened
        return Lives(chosen, opened, before, after, *self._bridge(rng, chosen, start, before))

    def _draw_back(
        self, rng: np.random.Generator, number: int, mine: Ints, before: Ints, after: Ints
    ) -> Ints:
        """Draw the states around the steps of some people, from the last to the first; return their first states."""
        h, seen, filtered = self.histories, self.seen[number], self.filtered[number]
        first, length = self.first[mine], h.length[mine]
        opening = self._open(mine)[number]
        state = draw_rows(rng, filtered[first + length - 1])
        for step in range(int(length.max()) - 1, -1, -1):
            size = int(np.searchsorted(-length, -step, side="left"))
            rows = first[:size] + step
            cell, gap = self.cell[rows], h.gap[rows]
            after[rows] = state[:size]
            earlier = filtered[rows - 1] if step else opening
            ahead = self.passages.ahead(earlier, cell, gap, number)
            told = seen[self.sign[rows], :, state[:size]]
            before[rows] = draw_rows(rng, ahead * told * self.kept[number, self.keeper[rows]])
            state[:size] = draw_rows(rng, earlier * self.passages.onto(number, cell, gap, before[rows]))
        return state

    def _bridge(
        self, rng: np.random.Generator, chosen: Ints, start: Ints, end: Ints
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """Draw the unseen crossings between two steps, given the states after the one and before the other."""
        h = self.histories
        by_row = chosen[h.person]
        found = []
        for number in range(len(self.kinds)):
            rows = np.flatnonzero((by_row == number) & (h.gap > 0))
            cell, at, goal, left = self.cell[rows], start[rows], end[rows], h.gap[rows]
            passed = np.zeros(len(rows), dtype=np.int64)
            while len(rows):
                # The chance that no crossing was missed until a day falls with the day: one number decides when.
                wanted = rng.random(len(rows)) * self._reach(number, cell, left, at, goal)
                stays = self.passages.near[number][cell, 1, at, at].astype(np.float64)
                goes = np.flatnonzero((at != goal) | (wanted >= stays**left))
                rows, cell, at, goal = rows[goes], cell[goes], at[goes], goal[goes]
                left, passed, wanted, stays = left[goes], passed[goes], wanted[goes], stays[goes]
                low, high = np.zeros(len(rows), dtype=np.int64), left - 1
                while (low < high).any():
                    middle = (low + high + 1) // 2
                    holds = stays**middle * self._reach(number, cell, left - middle, at, goal) > wanted
                    low, high = np.where(holds, middle, low), np.where(holds, high, middle - 1)
                left = left - low - 1
                passed = passed + low + 1
                moves = self.passages.near[number][cell, 1, at]
                moves[np.arange(len(at)), at] = 0
                target = draw_rows(rng, moves * self.passages.onto(number, cell, left, goal))
                found.append(np.stack([rows, passed, at, target]))
                at = target
        if not found:
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing, nothing, nothing
        row, day, source, target = np.concatenate(found, axis=1)
        order = np.lexsort((day, row))
        return row[order], day[order], source[order], target[order]

    def _reach(self, number: int, cell: Ints, days: Ints, at: Ints, goal: Ints) -> Tables:
        """Return the chance to go from one state to another in some days."""
        found: Tables = self.passages.onto(number, cell, days, goal)[np.arange(len(at)), at]
        return found
