"""Calibration of survey weights: find w close to d with X'w = t. Usable alone; needs NumPy and SciPy only.

>>> from register.calibrate import calibrate
>>> found = calibrate(x, d, totals, distance="raking")
>>> found.weights, found.rank, found.dropped

Hard benchmarks are met exactly. A soft one has a cost c and adds ``c (X'w - t)² / 2`` to what is minimised
(ridge calibration): the dual problem then gains ``λ² / 2c``. The dual is convex and has one unknown a benchmark;
Newton's method with a line search finds it, from the sparse matrix in a few passes.

Sources: Deville and Särndal (1992); J. N. K. Rao and A. C. Singh, Range restricted weight calibration for survey data
using ridge regression, Pakistan Journal of Statistics 25 (2009) 371-384.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, sparse

from register.calibrate.conflict import find_conflict
from register.calibrate.distances import Bounds, Distance, Floats, make_distance
from register.calibrate.errors import ConflictError, NotConvergedError
from register.calibrate.rank import independent_columns, weighted_gram
from register.errors import UsageError

TOLERANCE = 1e-11
GOOD_ENOUGH = 1e-8
REDUNDANCY_TOLERANCE = 1e-6
MOST_STEPS = 100
MOST_HALVINGS = 40


@dataclass(frozen=True)
class Calibration:
    """Calibrated weights of n units under K benchmarks.

    Attributes
    ----------
    weights
        (n,) calibrated weights w, in the units of d.
    ratios
        (n,) w/d.
    multipliers
        (K,) λ; 0 for a dropped benchmark. Hand them to the next calibration as ``start``.
    misfit
        (K,) X'w - t, in the units of t. Zero, but for rounding, where a benchmark is hard.
    rank
        How many benchmarks say something that those before do not.
    dropped
        Places of the benchmarks that follow from others, and agree with them.
    steps
        Of Newton's method.
    """

    weights: Floats
    ratios: Floats
    multipliers: Floats
    misfit: Floats
    rank: int
    dropped: tuple[int, ...]
    steps: int


def calibrate(
    x: Any,
    d: ArrayLike,
    totals: ArrayLike,
    *,
    distance: str | Distance = "linear",
    bounds: Bounds | None = None,
    cost: ArrayLike | None = None,
    start: ArrayLike | None = None,
    redundancy_tolerance: float = REDUNDANCY_TOLERANCE,
    seek_conflict: bool = True,
) -> Calibration:
    """Return the weights nearest to d that meet the benchmarks.

    Parameters
    ----------
    x
        (n, K) values of the benchmarks' variables, dense or sparse. For one weight a household give a row a household,
        the means of its members, and d times their number (Lemaître and Dufour 1987).
    d
        (n,) base weights, not negative. A unit of weight 0 keeps it.
    totals
        (K,) benchmarks t.
    distance, bounds
        See :mod:`register.calibrate.distances`.
    cost
        (K,) cost c of each benchmark, about 1/variance; infinite (the default) for a hard one.
    start
        (K,) multipliers to start from: those of a similar problem save steps.
    redundancy_tolerance
        A hard benchmark that follows from others is dropped when it agrees with them to this relative difference.
    seek_conflict
        Whether to look for the benchmarks in conflict when no weights are found; it takes linear programmes.

    Raises
    ------
    ConflictError
        If no weights meet the hard benchmarks within the bounds: ``members`` names a smallest set in conflict.
    NotConvergedError
        If weights may exist but were not found.
    UsageError
        If shapes do not agree, or a value is not finite or negative where it may not be.
    """
    matrix, d, totals, cost = _checked(x, d, totals, cost)
    chosen = distance if isinstance(distance, Distance) else make_distance(distance, bounds)
    size = np.asarray(abs(matrix).T @ d).ravel()
    unit = np.where(size > 0, size, 1.0)
    hard = np.isinf(cost)

    kept, dropped = independent_columns(matrix, d, totals, hard, unit, redundancy_tolerance)
    part = matrix if len(kept) == len(totals) else matrix[:, kept]
    dual = _Dual(part, d, totals[kept], cost[kept], chosen, unit[kept])
    begin = np.zeros(len(kept)) if start is None else np.asarray(start, np.float64)[kept]
    lam, g, steps, converged = dual.solve(begin)
    if not converged:
        members = find_conflict(matrix, d, totals, hard, chosen, unit) if seek_conflict else []
        if members:
            raise ConflictError(members, matrix, d, totals, chosen)
        raise NotConvergedError(int(np.asarray(kept)[dual.worst(g, lam)]), float(dual.error(g, lam).max()))
    multipliers = np.zeros(len(totals))
    multipliers[kept] = lam
    weights = d * g
    return Calibration(
        weights, g, multipliers, np.asarray(matrix.T @ weights).ravel() - totals, len(kept), dropped, steps
    )


class _Dual:
    """Minimise ``Σ d P(x'λ) - λ't + Σ λ²/2c`` over λ: its gradient is the misfit of the benchmarks."""

    def __init__(
        self, matrix: Any, d: Floats, totals: Floats, cost: Floats, distance: Distance, unit: Floats
    ) -> None:
        self.matrix, self.transposed = matrix, matrix.T.tocsr()
        self.d, self.totals, self.distance, self.unit = d, totals, distance, unit
        self.ridge = 1 / cost

    def solve(self, lam: Floats) -> tuple[Floats, Floats, int, bool]:
        """Return multipliers, ratios, steps taken and whether the benchmarks are met."""
        value, gradient, g, slope = self._at(lam)
        if not np.isfinite(value):
            lam = np.zeros_like(lam)
            value, gradient, g, slope = self._at(lam)
        for step in range(MOST_STEPS):
            wrong = np.max(abs(gradient) / (abs(self.totals) + self.unit), initial=0.0)
            if wrong <= TOLERANCE:
                return lam, g, step, True
            move = self._direction(gradient, slope)
            length, fall = 1.0, float(gradient @ move)
            for _ in range(MOST_HALVINGS):
                trial = lam + length * move
                found = self._at(trial)
                flat = abs(value) * 1e-14
                if np.isfinite(found[0]) and found[0] <= value + 1e-4 * length * fall + flat:
                    break
                length /= 2
            else:
                return lam, g, step, bool(wrong <= GOOD_ENOUGH)
            new = np.max(abs(found[1]) / (abs(self.totals) + self.unit), initial=0.0)
            if new >= wrong and wrong <= GOOD_ENOUGH:
                # Rounding, not the step, decides what is left.
                return lam, g, step, True
            lam, (value, gradient, g, slope) = trial, found
        return lam, g, MOST_STEPS, bool(self.error(g, lam).max(initial=0.0) <= GOOD_ENOUGH)

    def _at(self, lam: Floats) -> tuple[float, Floats, Floats, Floats]:
        with np.errstate(over="ignore", invalid="ignore"):
            g, slope, potential = self.distance.evaluate(self.matrix @ lam)
            value = float(self.d @ potential - lam @ self.totals + (self.ridge * lam**2).sum() / 2)
            gradient = self.transposed @ (self.d * g) - self.totals + self.ridge * lam
        return value, gradient, g, slope

    def _direction(self, gradient: Floats, slope: Floats) -> Floats:
        hessian = weighted_gram(self.matrix, self.transposed, self.d * slope)
        hessian[np.diag_indices_from(hessian)] += self.ridge
        # One unit for all benchmarks: people beside pesos would cost digits.
        scale = 1 / np.sqrt(np.maximum(hessian.diagonal(), self.unit * 1e-14))
        system = hessian * scale * scale[:, None]
        try:
            solved = linalg.cho_solve(linalg.cho_factor(system), -gradient * scale)
        except linalg.LinAlgError:
            # Units at their bounds do not move: what they alone could mend is left for a later step.
            near = system + 1e-8 * np.eye(len(system))
            solved = linalg.lstsq(near, -gradient * scale)[0]
        return np.asarray(solved * scale, np.float64)

    def error(self, g: Floats, lam: Floats) -> Floats:
        """Return the relative misfit of each benchmark."""
        misfit = self.transposed @ (self.d * g) - self.totals + self.ridge * lam
        return np.asarray(abs(misfit) / (abs(self.totals) + self.unit))

    def worst(self, g: Floats, lam: Floats) -> int:
        """Return the place of the benchmark that is farthest from met."""
        return int(np.argmax(self.error(g, lam)))


def _checked(
    x: Any, d: ArrayLike, totals: ArrayLike, cost: ArrayLike | None
) -> tuple[Any, Floats, Floats, Floats]:
    matrix = sparse.csr_array(x, dtype=np.float64)
    base, wanted = np.asarray(d, np.float64).ravel(), np.asarray(totals, np.float64).ravel()
    price = np.full(len(wanted), np.inf) if cost is None else np.asarray(cost, np.float64).ravel()
    if matrix.shape != (len(base), len(wanted)) or len(price) != len(wanted):
        raise UsageError("bad_shapes", rows=len(base), columns=len(wanted), shape=str(matrix.shape))
    finite = np.isfinite(matrix.data).all() and np.isfinite(base).all() and np.isfinite(wanted).all()
    if not finite or (base < 0).any() or not (price > 0).all():
        raise UsageError("bad_numbers")
    return matrix, base, wanted, price
