"""Which benchmarks say something new: the rank of X under the base weights, and what follows from what."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from register.calibrate.columns import Columns
from register.calibrate.distances import Floats
from register.calibrate.errors import ConflictError

# Of a column's squared length, what may be rounding.
DEPENDENT = 1e-10
PART = 1e-6


def independent_columns(
    gram: Floats,
    columns: Columns,
    d: Floats,
    totals: Floats,
    hard: NDArray[np.bool_],
    unit: Floats,
    tolerance: float,
) -> tuple[list[int], tuple[int, ...]]:
    """Return the columns to keep and those dropped: hard ones that are sums of hard ones before them.

    Soft benchmarks are always kept: their cost makes room for disagreement. ``gram`` is X' diag(d) X.

    Raises
    ------
    ConflictError
        If a column follows from others but its total does not: those others and it are the smallest set in conflict.
    """
    length = np.sqrt(gram.diagonal())
    length[length == 0] = 1.0
    gram = gram / length / length[:, None]

    kept: list[int] = []
    dropped: list[int] = []
    # Cholesky, a column at a time: what is left of a column's length beyond the span of those before it.
    factor = np.zeros_like(gram)
    for column in np.flatnonzero(hard):
        n = len(kept)
        part = linalg.solve_triangular(factor[:n, :n], gram[kept, column], lower=True) if n else np.zeros(0)
        left = gram[column, column] - part @ part
        if left > DEPENDENT:
            factor[n, :n], factor[n, n] = part, np.sqrt(left)
            kept.append(int(column))
            continue
        share = linalg.solve_triangular(factor[:n, :n].T, part, lower=False) if n else np.zeros(0)
        share = share * length[column] / length[kept] if n else share
        follows = float(share @ totals[kept]) if n else 0.0
        if abs(follows - totals[column]) > tolerance * (abs(totals[column]) + unit[column]):
            big = abs(share) * unit[kept] > PART * unit[column] if n else []
            members = [kept[place] for place in np.flatnonzero(big)]
            raise ConflictError([*members, int(column)], columns.matrix, d, totals, None)
        dropped.append(int(column))
    return sorted([*kept, *map(int, np.flatnonzero(~hard))]), tuple(dropped)
