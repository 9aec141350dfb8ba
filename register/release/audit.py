"""What an attacker can infer: the shortest interval that must hold a cell, given all that is published.

The attacker knows the published cells, how far a published value can lie from the true one, and every sum. The set of
tables that fit is a polytope; linear programming gives the least and the greatest value of a cell within it. Where
these lie closer than they must, the cell is recovered.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from register.release.universe import Floats, Ints

DIRECTIONS = 24
SLACK = 1e-6
#: How far beyond all that is shown a figure without an upper bound is followed: far wider than any need.
BEYOND = 10_000.0


def recovered(low: Floats, high: Floats, matrix: csr_array, targets: Ints, need: Floats | float) -> Ints:
    """Return those of the target cells whose value can be bounded more narrowly than allowed.

    Parameters
    ----------
    low, high
        What is known of each cell by itself.
    matrix
        ``matrix @ values == 0``.
    targets
        Numbers of the cells to attack.
    need
        The least width that the interval of a target must have, one for all or one for each target.
    """
    wanted = np.broadcast_to(np.asarray(need, dtype=np.float64), targets.shape)
    least = np.full(len(targets), np.inf)
    most = np.full(len(targets), -np.inf)
    draw = np.random.default_rng(0)
    # Any table that fits is a witness: a few far-off ones show most cells safe at once.
    for turn in range(DIRECTIONS):
        open_cells = most - least < wanted - SLACK
        if not open_cells.any():
            break
        cost = np.zeros(len(low))
        signs = draw.choice([-1.0, 1.0], len(targets)) if turn >= 2 else np.full(len(targets), 1.0 - 2 * turn)
        np.add.at(cost, targets[open_cells], signs[open_cells])
        point = _extreme(cost, low, high, matrix)
        least = np.minimum(least, point[targets])
        most = np.maximum(most, point[targets])
    found = []
    for number in np.flatnonzero(most - least < wanted - SLACK):
        bottom, top = interval(int(targets[number]), low, high, matrix)
        if top - bottom < wanted[number] - SLACK:
            found.append(targets[number])
    return np.asarray(found, dtype=np.int64)


def interval(cell: int, low: Floats, high: Floats, matrix: csr_array) -> tuple[float, float]:
    """Return the least and the greatest value that a cell can have."""
    cost = np.zeros(len(low))
    cost[cell] = 1.0
    return float(_extreme(cost, low, high, matrix)[cell]), float(_extreme(-cost, low, high, matrix)[cell])


def _extreme(cost: Floats, low: Floats, high: Floats, matrix: csr_array) -> Floats:
    """Return a table that fits and has the least cost; of a withheld figure that nothing bounds, a very large one."""
    seen = np.isfinite(high)
    high = np.where(seen, high, high[seen].sum() + BEYOND)
    equal = {"A_eq": matrix, "b_eq": np.zeros(matrix.shape[0])} if matrix.shape[0] else {}
    result = linprog(cost, bounds=np.column_stack([low, high]), method="highs", **equal)
    if result.x is None:
        raise ArithmeticError(f"the published cells contradict one another: {result.message}")
    return np.asarray(result.x, dtype=np.float64)
