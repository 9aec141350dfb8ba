"""Which benchmarks exclude one another: a smallest set, not a smear over all.

Weights within the bounds and the totals they must give form a linear programme. The elastic filter (J. W. Chinneck,
Feasibility and Infeasibility in Optimization, 2008, section 6.2) lets every benchmark be missed at a price; those that
are missed at the cheapest are then enforced, until no weights are left. The set enforced holds a conflict; it is
searched for one of one, two or three benchmarks, and else thinned until without any one of its members weights exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from register.calibrate.distances import Distance, Floats
from register.calibrate.errors import ranges

MISSED = 1e-6
ABOVE_ZERO = 1e-6
LARGEST_SEARCHED = 3
MOST_SEARCHED = 400


def find_conflict(
    matrix: Any,
    d: Floats,
    totals: Floats,
    hard: NDArray[np.bool_],
    distance: Distance,
    unit: Floats,
    among: Sequence[int] | None = None,
) -> list[int]:
    """Return the places of hard benchmarks that exclude one another, none if weights exist.

    ``among`` is a set in which there is known to be a conflict; one benchmark out of reach by itself is always found.
    """
    columns = np.flatnonzero(hard)
    low, high = ranges(matrix, d, distance)
    room = MISSED * (abs(totals) + unit)
    alone = [int(k) for k in columns if not low[k] - room[k] <= totals[k] <= high[k] + room[k]]
    if alone:
        return alone[:1]
    if among is not None:
        columns = np.array(among, np.int64)
    programme = _Programme(matrix[:, columns], d, totals[columns], distance, unit[columns])
    enforced = programme.elastic_filter()
    return [int(columns[place]) for place in programme.smallest(enforced)]


def _solve(**programme: Any) -> Any:
    # Loaded when there is a conflict to explain: it takes as long as a calibration.
    from scipy.optimize import linprog

    return linprog(method="highs", **programme)


class _Programme:
    """The linear programme of benchmarks, each divided by its size, and of ratios within the bounds."""

    def __init__(self, matrix: Any, d: Floats, totals: Floats, distance: Distance, unit: Floats) -> None:
        patterns, mass = _merge_rows(matrix, d)
        scale = 1 / (abs(totals) + unit)
        # Unknown: the ratio of each pattern.
        self.rows = sparse.csr_array((patterns.multiply(mass[:, None]).multiply(scale[None, :])).T)
        self.right = totals * scale
        low, high = distance.attainable
        if distance.name == "raking" and low == 0:
            low = ABOVE_ZERO
        self.bounds = [(low, None if np.isinf(high) else high)] * len(mass)

    def elastic_filter(self) -> list[int]:
        """Return benchmarks among which there is a conflict, none if weights exist."""
        enforced: list[int] = []
        n, n_unit = len(self.right), self.rows.shape[1]
        while True:
            free = [k for k in range(n) if k not in enforced]
            slack = sparse.csr_array(
                (np.ones(len(free)), (np.array(free, int), np.arange(len(free)))), shape=(n, len(free))
            )
            found = _solve(
                c=np.r_[np.zeros(n_unit), np.ones(2 * len(free))],
                A_eq=sparse.hstack([self.rows, slack, -slack]).tocsc(),
                b_eq=self.right,
                bounds=[*self.bounds, *[(0, None)] * (2 * len(free))],
            )
            if found.status == 2 or not free:
                return enforced
            parts = found.x[n_unit:] if found.x is not None else np.zeros(2 * len(free))
            missed = [k for k, a, b in zip(free, parts, parts[len(free) :], strict=False) if a + b > MISSED]
            if not missed:
                return enforced
            enforced += missed

    def smallest(self, enforced: Sequence[int]) -> list[int]:
        """Return a conflict within a set: of least size where few enough sets need to be tried."""
        if not enforced:
            return []
        for size in range(2, LARGEST_SEARCHED + 1):
            if comb(len(enforced), size) > MOST_SEARCHED or size >= len(enforced):
                break
            for chosen in combinations(enforced, size):
                if not self.is_feasible(chosen):
                    return list(chosen)
        left = list(enforced)
        for place in list(enforced):
            rest = [other for other in left if other != place]
            if rest and not self.is_feasible(rest):
                left = rest
        return left

    def is_feasible(self, chosen: Sequence[int]) -> bool:
        """Say whether weights meet these benchmarks."""
        found = _solve(
            c=np.zeros(self.rows.shape[1]),
            A_eq=self.rows[list(chosen)].tocsc(),
            b_eq=self.right[list(chosen)],
            bounds=self.bounds,
        )
        return bool(found.status != 2)


def _merge_rows(matrix: Any, d: Floats) -> tuple[Any, Floats]:
    """Return the distinct rows and the base weight of each: units that look alike can be weighted alike."""
    alive = np.flatnonzero(d > 0)
    rows = sparse.csr_array(matrix[alive])
    rows.sum_duplicates()
    # Equal rows have equal products with random numbers; others, as good as never.
    products = rows @ np.random.default_rng(0).random((rows.shape[1], 2))
    keys = products[:, 0] + 1j * products[:, 1]
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], np.bincount(place, weights=d[alive]).astype(np.float64)
