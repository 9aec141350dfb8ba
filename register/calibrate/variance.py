"""Totals, means and ratios, of all or of domains, with their standard errors before and after calibration.

Linearised: the variance under the design of ``w (u - x'B)``, with u the influence of a unit on the estimate and B its
regression on the benchmarks under the base weights, ridge included. A benchmark with a standard error σ adds
``B² σ²``. Without such errors and without ridge these are the figures of R's survey package for calibrated designs.

Sources: J.-C. Deville and C.-E. Särndal (1992), for the residuals; J. A. Dever and R. Valliant, A comparison of
variance estimators for poststratification to estimated control totals, Survey Methodology 36 (2010) 45-56, for
``B² σ²``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from register.calibrate.columns import Columns
from register.calibrate.design import Design
from register.calibrate.distances import Floats


@dataclass(frozen=True)
class Statistic:
    """What to estimate: the total of y, or the ratio of the totals of y and z; a mean is a ratio with z = 1.

    Attributes
    ----------
    y
        (n,) values, 0 outside the domain.
    z
        (n,) denominator, 0 outside the domain; None for a total.
    """

    y: Floats
    z: Floats | None = None

    def point(self, weights: Floats) -> Floats:
        """Return the estimate under weights, (n,) or (n, R)."""
        above = self.y @ weights
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(above if self.z is None else above / (self.z @ weights))

    def times(self, weights: Floats) -> Statistic:
        """Return the statistic whose estimates are these with weights multiplied by others, (n,)."""
        return Statistic(self.y * weights, None if self.z is None else self.z * weights)

    def summed(self, design: Design) -> Statistic:
        """Return the statistic of the clusters' sums."""
        y, z = (None if part is None else design.sums(part[:, None])[:, 0] for part in (self.y, self.z))
        return Statistic(np.asarray(y), z)

    def influence(self, weights: Floats) -> Floats:
        """Return how much a unit of weight more of each unit moves the estimate, (n,)."""
        if self.z is None:
            return self.y
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((self.y - self.point(weights) * self.z) / (self.z @ weights))


@dataclass(frozen=True)
class Regression:
    """What calibration does to influences: the benchmarks' variables, base weights and ridge.

    Attributes
    ----------
    matrix
        (n, K) variables of the benchmarks kept, as the weights were calibrated on them.
    base
        (n,) base weights.
    ridge
        (K,) 1 / cost, 0 for a hard benchmark.
    errors
        (K,) standard errors of the totals.
    """

    matrix: Any
    base: Floats
    ridge: Floats
    errors: Floats

    def coefficients(self, influences: Floats) -> Floats:
        """Return B, (K, m), for influences (n, m)."""
        columns = Columns(self.matrix)
        gram = columns.gram(self.base)
        gram[np.diag_indices_from(gram)] += self.ridge
        scale = 1 / np.sqrt(np.maximum(gram.diagonal(), np.finfo(float).tiny))
        right = columns.transposed @ (self.base[:, None] * influences)
        solved = linalg.lstsq(gram * scale * scale[:, None], right * scale[:, None])[0]
        return np.asarray(solved * scale[:, None])


def linearised_errors(
    statistics: Sequence[Statistic], weights: Floats, design: Design, regression: Regression | None = None
) -> Floats:
    """Return the linearised standard error of each statistic; with a regression, that after calibration."""
    influences = np.column_stack([statistic.influence(weights) for statistic in statistics])
    if regression is None:
        return np.asarray(np.sqrt(design.variance(weights[:, None] * influences)))
    b = regression.coefficients(influences)
    residuals = influences - regression.matrix @ b
    variance = design.variance(weights[:, None] * residuals) + (regression.errors**2) @ b**2
    return np.asarray(np.sqrt(variance))
