"""Cell suppression: small cells are withheld, and with them the cells from which they could be computed.

Complementary cells are found as in the linear heuristics for the cell suppression problem (Fischetti and Salazar
2001): for a cell that the auditor can bound too narrowly, the cheapest way to change it while every sum holds
names the cells that must be withheld too. The auditor then looks again, until nothing is recovered.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from register.errors import DisclosureError
from register.release.audit import recovered
from register.release.universe import Flags, Floats, Ints, Universe

ROUNDS = 40
FEASIBLE = 1e-6


def suppress(
    universe: Universe, whole: Floats, sensitive: Flags, withheld: Flags, known: Flags, threshold: int
) -> Flags:
    """Return which figures to withhold.

    Parameters
    ----------
    whole
        Values as whole numbers, additive within each table.
    sensitive
        Figures that must not be known.
    withheld
        Figures withheld to begin with: those, and what an earlier release withheld.
    known
        Figures that cannot be withheld any more: an earlier release shows them.
    threshold
        The least width of the interval left for a sensitive figure is one less than this.

    Raises
    ------
    DisclosureError
        If a figure cannot be protected.
    """
    withheld = withheld.copy()
    for block in universe.blocks():
        cells = block.figures
        targets = np.flatnonzero(sensitive[cells]).astype(np.int64)
        if not len(targets):
            continue
        need = float(threshold - 1)
        for _ in range(ROUNDS):
            low, high = known_bounds(whole[cells], withheld[cells], universe.is_count[cells])
            exposed = recovered(low, high, block.matrix, targets, need)
            if not len(exposed):
                break
            for cell in exposed:
                partners = _complement(
                    int(cell), whole[cells], withheld[cells], known[cells], block.matrix, need
                )
                withheld[cells[partners]] = True
        else:
            raise DisclosureError("cell_recoverable", count=len(exposed))
    return withheld


def known_bounds(published: Floats, withheld: Flags, is_count: Flags) -> tuple[Floats, Floats]:
    """Return what is known of each figure by itself when some are withheld and the others shown."""
    doubt = np.where(is_count, 0.0, 1.0)
    low = np.where(withheld, 0.0, np.maximum(0.0, published - doubt))
    high = np.where(withheld, np.inf, published + doubt)
    return low, high


def _complement(
    cell: int, values: Floats, withheld: Flags, known: Flags, matrix: csr_array, need: float
) -> Ints:
    """Return the cells that must be withheld so that a cell could be larger by what it needs."""
    width = len(values)
    # Large cells are dear: they tell the reader most. What is withheld already costs next to nothing.
    price = np.where(withheld, 1e-3, 1.0 + values)
    up = np.where(known, 0.0, np.inf)
    down = np.where(known, 0.0, values)
    bounds = np.column_stack([np.zeros(2 * width), np.concatenate([up, down])])
    bounds[cell] = [need, need]
    bounds[width + cell] = [0.0, 0.0]
    found = linprog(
        np.concatenate([price, price]),
        A_eq=csr_array(hstack([matrix, -matrix])),
        b_eq=np.zeros(matrix.shape[0]),
        bounds=bounds,
        method="highs",
    )
    if found.x is None:
        raise DisclosureError("cell_recoverable", count=1)
    moved = found.x[:width] + found.x[width:]
    return np.flatnonzero(moved > FEASIBLE).astype(np.int64)
