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

ARRIVAL, DEPARTURE, FIRST_PERMIT, ACT, END, DEATH, RENEWED, LAPSED = range(8)


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
        For each step what was seen: ``ARRIVAL`` to ``LAPSED``.
    purpose
        For each step the number of the purpose that was stated at a crossing (0: none).
    opener
        For each step the number of the post of the crossing before it (0: none), which tells how likely the next
        crossing is to be missed.
    undocumented
        For each step whether no permit was seen before it.
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

    def __len__(self) -> int:
        return len(self.length)

    @property
    def first(self) -> Ints:
        """For each person the row of her first step."""
        return np.cumsum(self.length) - self.length

    @property
    def days(self) -> Ints:
        """For each person the days of her observation."""
        return np.add.reduceat(self.gap, self.first) if len(self) else self.length

    @property
    def person(self) -> Ints:
        """For each step the number of the person."""
        return np.repeat(np.arange(len(self.length)), self.length)


@dataclass(frozen=True)
class Kind:
    """The numbers of one kind of people, per day.

    ``rate`` of each crossing; ``states``, the chance that each purpose is stated at it, by situations: (purpose,
    from, to); ``missed``, the chance that a crossing after one at each post is not written down; ``first_permit``,
    ``act`` and ``death``: how often these are seen in each state; ``lapsed``, the chance in each state that a permit
    which runs out is not renewed; ``start``, the state when the series begins; ``share`` of the kind among the people
    of each origin, ``marked`` the share of them with each mark; ``is_watched`` tells people who cross at posts, all of
    whom are missed alike, from those who cross where nobody watches.
    """

    rate: Floats
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


def tabulate(kind: Kind, longest: int, into: Tables | None = None) -> Tables:
    """Return the chances to go unseen from state to state in 0 to ``longest`` days, written ``into`` an array if given.

    Axes: opener, undocumented, days, from, to. Within a day at most one crossing is missed.
    """
    openers = len(kind.missed)
    daily = np.zeros((openers, 2, STATES, STATES), dtype=np.float32)
    for opener in range(openers):
        for undocumented in (0, 1):
            seen = kind.first_permit if undocumented else np.zeros(STATES)
            leaving = kind.rate.sum(axis=1) + seen
            stays = np.exp(-leaving)
            share = kind.rate * kind.missed[opener] / np.maximum(leaving, 1e-300)[:, None]
            daily[opener, undocumented] = share * (1 - stays)[:, None] + np.diag(stays)
    size = (openers, 2, longest + 1, STATES, STATES)
    table = np.empty(size, dtype=np.float32) if into is None else into
    table[:, :, 0] = np.eye(STATES)
    # By doubling: the days known so far give the next ones in one product, as rows of one matrix under another.
    rows = table.reshape(openers, 2, (longest + 1) * STATES, STATES)
    known = 1
    power = daily
    while known <= longest:
        take = min(known, longest + 1 - known)
        np.matmul(
            rows[:, :, : take * STATES], power, out=rows[:, :, known * STATES : (known + take) * STATES]
        )
        known += take
        power = power @ power
    return table


def seen_as(kind: Kind) -> Tables:
    """Return the matrices of what a step says: (sign, from, to); of crossings without the chance to be seen."""
    states = np.kron(kind.states, np.ones((FORMS, FORMS)))
    acts = [np.diag(kind.first_permit), np.diag(kind.act), np.eye(STATES), np.diag(kind.death)]
    acts += [np.diag(1 - kind.lapsed), np.diag(kind.lapsed)]
    crossings = [kind.rate * crossing * states for crossing in CROSSINGS]
    return np.concatenate([*crossings, np.stack(acts)]).astype(np.float32)


def signs(histories: Histories, purposes: int) -> Ints:
    """Return for each step the number of its matrix in `seen_as`."""
    h = histories
    crossing, act = h.kind * purposes + h.purpose, h.kind - FIRST_PERMIT + 2 * purposes
    sign: Ints = np.where(h.kind <= DEPARTURE, crossing, act)
    return sign


def draw_rows(rng: np.random.Generator, weights: Floats | Tables) -> Ints:
    """Return for each row one column, drawn with the weights of the row."""
    total = np.cumsum(weights, axis=1, dtype=np.float64)
    drawn: Ints = (rng.random((len(total), 1)) * total[:, -1:] >= total).sum(axis=1)
    np.minimum(drawn, weights.shape[1] - 1, out=drawn)
    return drawn


class Sampler:
    """Filters histories under a model and draws complete lives; made anew when the numbers of the model change."""

    def __init__(self, histories: Histories, kinds: list[Kind]) -> None:
        self.histories, self.kinds = histories, kinds
        self.first, self.sign = histories.first, signs(histories, len(kinds[0].states))
        longest = int(histories.days.max(initial=0))
        # One kind of people after the other along the first axis.
        size = (len(kinds), len(kinds[0].missed), 2, longest + 1, STATES, STATES)
        self.tables: Tables = np.empty(size, dtype=np.float32)
        for number, kind in enumerate(kinds):
            tabulate(kind, longest, self.tables[number])
        self.seen = np.stack([seen_as(kind) for kind in kinds])
        self.filtered: Tables = np.empty((len(kinds), len(histories.gap), STATES), dtype=np.float32)
        self.weight = self._filter().T
        self.log_likelihood = float(np.logaddexp.reduce(self.weight, axis=1).sum())

    def _active(self, step: int) -> int:
        """Return how many people have more steps than ``step``: they come first."""
        return int(np.searchsorted(-self.histories.length, -step, side="left"))

    def _filter(self) -> Floats:
        """Fill ``filtered``: for each kind and step the chance of each state after it; return how likely each life is.

        Of each kind, whether it is that of a person counted in.
        """
        h, kinds = self.histories, self.kinds
        state = np.stack([np.broadcast_to(kind.start, (len(h), STATES)) for kind in kinds]).astype(np.float32)
        state[:, h.is_born] = BORN
        kept = 1 - np.stack([kind.missed for kind in kinds])
        total = np.log(np.stack([kind.share for kind in kinds]))[:, h.origin]
        for marks, marked in zip(h.marks.T, np.stack([kind.marked for kind in kinds]).T, strict=True):
            total += np.log(np.stack([1.0 - marked, marked, np.ones(len(kinds))], axis=1))[:, marks]
        for step in range(int(h.length.max(initial=0))):
            size = self._active(step)
            rows = self.first[:size] + step
            between = self.tables[:, h.opener[rows], h.undocumented[rows], h.gap[rows]]
            state = np.matmul(state[:, :size, None, :], between)
            state = np.matmul(state, self.seen[:, self.sign[rows]])[:, :, 0, :]
            found = state.sum(axis=-1)
            crossing = h.kind[rows] <= DEPARTURE
            likelihood = np.where(crossing, found * kept[:, h.opener[rows]], found)
            total[:, :size] += np.log(np.maximum(likelihood, TINY))
            # What the model holds impossible tells nothing of the state.
            state = np.where(
                found[..., None] > 0, state / np.maximum(found, TINY)[..., None], np.float32(1 / STATES)
            )
            self.filtered[:, rows] = state
        return total

    def draw(self, rng: np.random.Generator) -> Lives:
        """Draw for each person her kind, her state before and after each step, and the crossings nobody wrote down."""
        h = self.histories
        weight = np.exp(self.weight - self.weight.max(axis=1, keepdims=True))
        chosen = draw_rows(rng, weight)
        opened = np.zeros(len(h), dtype=np.int64)
        before, after = (np.zeros(len(h.gap), dtype=np.int64) for _ in range(2))
        for number, kind in enumerate(self.kinds):
            mine = np.flatnonzero(chosen == number)
            if len(mine):
                opened[mine] = self._draw_back(rng, number, kind, mine, before, after)
        start = np.empty_like(before)
        start[1:] = after[:-1]
        start[self.first] = opened
        return Lives(chosen, opened, before, after, *self._bridge(rng, chosen, start, before))

    def _draw_back(
        self, rng: np.random.Generator, number: int, kind: Kind, mine: Ints, before: Ints, after: Ints
    ) -> Ints:
        """Draw the states around the steps of some people, from the last to the first; return their first states."""
        h, table, seen, filtered = (
            self.histories,
            self.tables[number],
            self.seen[number],
            self.filtered[number],
        )
        first, length = self.first[mine], h.length[mine]
        opening = np.broadcast_to(kind.start, (len(mine), STATES)).astype(np.float32)
        opening[h.is_born[mine]] = BORN
        state = draw_rows(rng, filtered[first + length - 1])
        for step in range(int(length.max()) - 1, -1, -1):
            size = int(np.searchsorted(-length, -step, side="left"))
            rows, every = first[:size] + step, np.arange(size)
            after[rows] = state[:size]
            earlier = filtered[rows - 1] if step else opening
            between = table[h.opener[rows], h.undocumented[rows], h.gap[rows]]
            predicted = np.matmul(earlier[:, None, :], between)[:, 0, :]
            before[rows] = draw_rows(rng, predicted * seen[self.sign[rows]][every, :, state[:size]])
            state[:size] = draw_rows(rng, earlier * between[every, :, before[rows]])
        return state

    def _bridge(
        self, rng: np.random.Generator, chosen: Ints, start: Ints, end: Ints
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """Draw the unseen crossings between two steps, given the states after the one and before the other."""
        h = self.histories
        by_row = chosen[h.person]
        found = []
        for number, table in enumerate(self.tables):
            moves = self.kinds[number].rate
            rows = np.flatnonzero((by_row == number) & (h.gap > 0))
            opener, undocumented = h.opener[rows], h.undocumented[rows]
            at, goal, left = start[rows], end[rows], h.gap[rows]
            passed = np.zeros(len(rows), dtype=np.int64)
            while len(rows):
                # The chance that no crossing was missed until a day falls with the day: one number decides when.
                draw = rng.random(len(rows))
                stays = table[opener, undocumented, 1, at, at].astype(np.float64)
                whole = table[opener, undocumented, left, at, goal]
                goes = np.flatnonzero((at != goal) | (draw * whole >= stays**left))
                rows, opener, undocumented = rows[goes], opener[goes], undocumented[goes]
                at, goal, left, passed = at[goes], goal[goes], left[goes], passed[goes]
                wanted, stays = (draw * whole)[goes], stays[goes]
                low, high = np.zeros(len(rows), dtype=np.int64), left - 1
                while (low < high).any():
                    middle = (low + high + 1) // 2
                    later = stays**middle * table[opener, undocumented, left - middle, at, goal]
                    holds = later > wanted
                    low, high = np.where(holds, middle, low), np.where(holds, high, middle - 1)
                left = left - low - 1
                passed = passed + low + 1
                target = draw_rows(rng, moves[at] * table[opener, undocumented, left, :, goal])
                found.append(np.stack([rows, passed, at, target]))
                at = target
        if not found:
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing, nothing, nothing
        row, day, source, target = np.concatenate(found, axis=1)
        order = np.lexsort((day, row))
        return row[order], day[order], source[order], target[order]
