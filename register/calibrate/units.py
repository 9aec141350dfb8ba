"""What is weighted: people one by one, or households with one weight for all their members.

A household stands for its members as G. Lemaître and J. Dufour (An integrated method for weighting persons and
families, Survey Methodology 13 (1987) 199-207) have it: its row holds the members' means, its base weight is theirs
times their number. Totals are then the same sums, and R's ``calibrate(..., aggregate.stage =)`` gives the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from register.calibrate.design import Design, Ints, make_design
from register.calibrate.distances import Floats
from register.calibrate.solver import Calibration, calibrate

UNEVEN = 1e-9


@dataclass(frozen=True)
class Units:
    """m rows to weight for n people.

    Attributes
    ----------
    row
        (n,) row of each person.
    sizes
        (m,) people of each row.
    base
        (m,) base weight of each row: the mean of its people's, times their number.
    cluster
        (m,) first-stage unit of each row.
    uneven
        Households whose members had unequal base weights, and get their mean.
    """

    row: Ints
    sizes: Floats
    base: Floats
    cluster: Ints
    uneven: int

    def means(self, values: Any) -> Any:
        """Return the means over each row's people of values by person: (n,), (n, k) or sparse (n, k)."""
        n, m = len(self.row), len(self.sizes)
        averager = sparse.csr_array((1 / self.sizes[self.row], (self.row, np.arange(n))), shape=(m, n))
        return averager @ values

    def weights(self, ratios: Floats) -> Floats:
        """Return each person's weight, (n,), from the rows' ratios, (m,)."""
        return np.asarray((self.base / self.sizes * ratios)[self.row])

    def design(self, design: Design) -> Design:
        """Return the design of people as that of rows."""
        return Design(self.cluster, design.stratum_of, design.fraction, design.lonely)


def calibrate_households(
    x: Any, d: ArrayLike, totals: ArrayLike, household: ArrayLike, **options: Any
) -> Calibration:
    """Return one weight a household for people in n rows: see :func:`register.calibrate.calibrate`.

    Parameters
    ----------
    x, d, totals
        (n, K), (n,) and (K,), a row a person.
    household
        (n,) labels.
    options
        As of ``calibrate``.

    Returns
    -------
    Calibration
        ``weights`` and ``ratios`` of people, (n,), equal within households. Base weights that differ within a
        household enter as their mean.
    """
    base = np.asarray(d, np.float64)
    number = np.unique(np.asarray(household), return_inverse=True)[1]
    units = make_units(base, make_design(len(base)), number)
    matrix = sparse.csr_array(x if sparse.issparse(x) else np.asarray(x), dtype=np.float64)
    found = calibrate(units.means(matrix), units.base, totals, **options)
    return replace(found, weights=units.weights(found.ratios), ratios=found.ratios[units.row])


def make_units(base: Floats, design: Design, household: Any | None) -> Units:
    """Return people, or households if their numbers are given, as rows."""
    n = len(base)
    row = np.arange(n) if household is None else np.asarray(household)
    m = int(row.max()) + 1
    sizes = np.bincount(row, minlength=m).astype(np.float64)
    total = np.bincount(row, weights=base, minlength=m).astype(np.float64)
    away = abs(base - (total / sizes)[row]) > UNEVEN * base.max()
    cluster = np.zeros(m, np.int64)
    cluster[row] = design.cluster
    return Units(row.astype(np.int64), sizes, total, cluster, len(np.unique(row[away])))
