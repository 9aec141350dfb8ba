"""Controlled rounding: every cell to a neighbouring multiple of the base, and all sums still hold.

Cox (1987), "A constructive procedure for unbiased controlled rounding"; here as an integer programme (HiGHS by way of
scipy) that keeps the sum of changes small. A cell that was published before, or in another table, for the same rows
keeps its value: the same figure is never rounded twice, so that no two roundings can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, identity

from register.errors import DisclosureError
from register.release.universe import Floats, Ints, Universe

SECONDS = 20.0
REACH = 2
EXACT = 1e-7


def round_block(values: Floats, matrix: csr_array, base: int, kept: Floats) -> Ints:
    """Return additive multiples of the base near the values.

    Parameters
    ----------
    values
        True values, one per cell.
    matrix
        ``matrix @ values == 0``.
    base
        3 or 5; 1 makes whole numbers of estimates.
    kept
        Values already published, NaN where there are none.

    Raises
    ------
    DisclosureError
        If no additive rounding exists.
    """
    floor = np.floor(values / base + EXACT)
    exact = np.abs(values / base - np.round(values / base)) < EXACT
    low, high = np.zeros(len(values)), np.where(exact, 0.0, 1.0)
    fixed = ~np.isnan(kept)
    low[fixed] = high[fixed] = kept[fixed] / base - floor[fixed]
    # Weights fall with size: a change matters most where the cell is small.
    weight = 1.0 / np.sqrt(1.0 + values)
    cost = weight * (np.abs(base * (floor + 1) - values) - np.abs(base * floor - values))
    target = -(matrix @ floor)
    steps = _solve(cost, matrix, target, low, high)
    if steps is None:
        steps = _solve_farther(cost, matrix, target, low, high, floor, fixed, base)
    if steps is None:
        raise DisclosureError("not_additive", table="", count=matrix.shape[0])
    return np.asarray(np.round(base * (floor + steps)), dtype=np.int64)


def _solve(cost: Floats, matrix: csr_array, target: Floats, low: Floats, high: Floats) -> Floats | None:
    constraints = [LinearConstraint(matrix, target, target)] if matrix.shape[0] else []
    found = milp(
        cost,
        integrality=np.ones(len(cost)),
        bounds=Bounds(low, high),
        constraints=constraints,
        options={"time_limit": SECONDS, "mip_rel_gap": 0.01},
    )
    return None if found.x is None else np.asarray(np.round(found.x), dtype=np.float64)


def _solve_farther(
    cost: Floats,
    matrix: csr_array,
    target: Floats,
    low: Floats,
    high: Floats,
    floor: Floats,
    fixed: Ints,
    base: int,
) -> Floats | None:
    """Let cells go beyond their neighbouring multiples, at a price, where these alone are not additive."""
    width = len(cost)
    reach = np.where(fixed, 0.0, float(REACH))
    eye = identity(width, format="csr")
    found = _solve(
        np.concatenate([cost, np.full(2 * width, 10.0 * base)]),
        csr_array(hstack([matrix, matrix @ eye, -(matrix @ eye)])),
        target,
        np.concatenate([low, np.zeros(2 * width)]),
        np.concatenate([high, reach, np.minimum(reach, floor)]),
    )
    if found is None:
        return None
    return np.asarray(found[:width] + found[width : 2 * width] - found[2 * width :], dtype=np.float64)


def round_universe(universe: Universe, tables: Sequence[str], base: int, kept: Floats) -> Floats:
    """Round all tables, in order; a figure that stands in several is rounded in the first.

    Parameters
    ----------
    kept
        Values of figures as published before (NaN: never). Where the sums of a table cannot hold with them, that
        part of the table is rounded anew.
    """
    published = np.full(len(universe.figure), np.nan)
    for table in tables:
        for block in universe.blocks(table):
            values = universe.estimate[block.figures]
            now = published[block.figures]
            before = np.where(np.isnan(now), kept[block.figures], now)
            try:
                rounded = round_block(values, block.matrix, base, before)
            except DisclosureError:
                if np.array_equal(before, now, equal_nan=True):
                    raise
                rounded = round_block(values, block.matrix, base, now)
            published[block.figures] = rounded
    return published
