"""Controlled rounding: every cell to a neighbouring multiple of the base, and all sums still hold.

Cox (1987), "A constructive procedure for unbiased controlled rounding"; here as an integer programme (HiGHS by way of
scipy) that keeps the sum of changes small. All tables are rounded as one system, in which a figure stands once, in
whichever tables it is shown: were one table rounded after another, the figures that they share could leave the later
one without any rounding that adds up. A figure that was published before for the same rows keeps its value unless
sums force it: no two roundings of one figure can then be compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack

from register.errors import DisclosureError
from register.release.universe import Flags, Floats, Ints, Universe

SECONDS = 20.0
REACH = 2
EXACT = 1e-7
#: What a step beyond the neighbouring multiples costs, in bases; and a step away from what was published.
DEAR, DEAREST = 10.0, 1_000.0


def round_block(
    values: Floats, matrix: csr_array, base: int, kept: Floats, shown: Floats | None = None
) -> Ints:
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
        Values already published, NaN where there are none. What is no multiple of the base is rounded anew.
    shown
        Values that another table of this release shows, NaN where there are none: they stay.

    Raises
    ------
    DisclosureError
        If no additive rounding is found.
    """
    floor = np.floor(values / base + EXACT)
    exact = np.abs(values / base - np.round(values / base)) < EXACT
    low, high = np.zeros(len(values)), np.where(exact, 0.0, 1.0)
    is_shown = np.zeros(len(values), bool) if shown is None else ~np.isnan(shown)
    kept = kept if shown is None else np.where(is_shown, shown, kept)
    fixed = np.abs(np.nan_to_num(kept / base, nan=0.5) % 1.0) < EXACT
    low[fixed] = high[fixed] = kept[fixed] / base - floor[fixed]
    # Weights fall with size: a change matters most where the cell is small.
    weight = 1.0 / np.sqrt(1.0 + values)
    cost = weight * (np.abs(base * (floor + 1) - values) - np.abs(base * floor - values))
    target = -(matrix @ floor)
    steps = _solve(cost, matrix, target, low, high)
    if steps is None:
        steps = _solve_farther(cost, matrix, target, low, high, floor, (fixed, is_shown), base)
    if steps is None:
        raise DisclosureError("no_rounding", base=base, count=matrix.shape[0])
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
    held: tuple[Flags, Flags],
    base: int,
) -> Floats | None:
    """Let cells go beyond their neighbouring multiples, at a price, where these alone are not additive.

    ``held``: what was published before moves last, and what another table shows does not.
    """
    width, (fixed, is_shown) = len(cost), held
    reach = np.where(is_shown, 0.0, float(REACH))
    price = base * np.where(fixed, DEAREST, DEAR)
    found = _solve(
        np.concatenate([cost, price, price]),
        csr_array(hstack([matrix, matrix, -matrix])),
        target,
        np.concatenate([low, np.zeros(2 * width)]),
        np.concatenate([high, reach, np.minimum(reach, floor + low)]),
    )
    if found is None:
        return None
    return np.asarray(found[:width] + found[width : 2 * width] - found[2 * width :], dtype=np.float64)


def round_universe(universe: Universe, tables: Sequence[str], base: int, kept: Floats) -> Floats:
    """Round all tables together.

    Parameters
    ----------
    kept
        Values of figures as published before (NaN: never).

    Raises
    ------
    DisclosureError
        If no additive rounding is found.
    """
    published = np.full(len(universe.figure), np.nan)
    for block in universe.blocks(tables):
        cells = block.figures
        try:
            published[cells] = round_block(universe.estimate[cells], block.matrix, base, kept[cells])
        except DisclosureError:
            _round_in_turn(universe, tables, base, kept, published, cells)
    return published


def _round_in_turn(
    universe: Universe, tables: Sequence[str], base: int, kept: Floats, published: Floats, cells: Ints
) -> None:
    """Round some cells table by table: too many to be solved at once in the time there is."""
    is_meant = np.zeros(len(published), bool)
    is_meant[cells] = True
    for table in tables:
        for part in universe.blocks([table]):
            mine = part.figures
            if is_meant[mine].all():
                published[mine] = round_block(
                    universe.estimate[mine], part.matrix, base, kept[mine], published[mine]
                )
