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
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from register.calibrate.columns import Columns
from register.calibrate.conflict import find_conflict
from register.calibrate.distances import Bounds, Distance, Floats, make_distance
from register.calibrate.errors import ConflictError, NotConvergedError
from register.calibrate.rank import independent_columns
from register.errors import UsageError

Ints = NDArray[np.int64]
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
        (n, K) values of the benchmarks' variables, dense, sparse, or made ready by :class:`Columns`. For one weight a
        household give a row a household, the means of its members, and d times their number (Lemaître and Dufour 1987).
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
    columns, d, totals, cost = _checked(x, d, totals, cost)
    chosen = distance if isinstance(distance, Distance) else make_distance(distance, bounds)
    size = columns.sizes(d)
    unit = np.where(size > 0, size, 1.0)
    hard = np.isinf(cost)
    gram = columns.gram(d)

    try:
        kept, dropped = independent_columns(gram, columns, d, totals, hard, unit, redundancy_tolerance)
    except ConflictError as conflict:
        # Bounds may make a part of what does not add up a conflict by itself.
        among = conflict.members
        if seek_conflict:
            among = tuple(find_conflict(columns.matrix, d, totals, hard, chosen, unit, among)) or among
        raise ConflictError(among, columns.matrix, d, totals, chosen) from conflict
    dual = _Dual(columns, d, totals, cost, chosen, unit, np.asarray(kept, np.int64))
    begin = np.zeros(len(totals)) if start is None else np.asarray(start, np.float64).copy()
    begin[list(dropped)] = 0
    lam, g, steps, converged = dual.solve(begin, gram if start is None else None)
    if not converged:
        members = find_conflict(columns.matrix, d, totals, hard, chosen, unit) if seek_conflict else []
        if members:
            raise ConflictError(members, columns.matrix, d, totals, chosen)
        error = dual.error(g, lam)
        raise NotConvergedError(kept[int(np.argmax(error))], float(error.max()))
    weights = d * g
    return Calibration(weights, g, lam, columns.sums(weights) - totals, len(kept), dropped, steps)


class _Dual:
    """Minimise ``Σ d P(x'λ) - λ't + Σ λ²/2c`` over λ: its gradient is the misfit of the benchmarks.

    The multipliers of the benchmarks that are not ``kept`` stay 0.
    """

    def __init__(
        self,
        columns: Columns,
        d: Floats,
        totals: Floats,
        cost: Floats,
        distance: Distance,
        unit: Floats,
        kept: Ints,
    ) -> None:
        self.columns, self.d, self.totals, self.distance, self.kept = columns, d, totals, distance, kept
        self.ridge = 1 / cost
        self.unit = unit[kept]
        self.size = abs(totals[kept]) + self.unit

    def solve(self, lam: Floats, gram: Floats | None) -> tuple[Floats, Floats, int, bool]:
        """Return multipliers, ratios, steps taken and whether the benchmarks are met.

        ``gram`` is X' diag(d) X if λ begins at 0, where every distance has slope 1.
        """
        value, gradient, g, slope = self._at(lam)
        if not np.isfinite(value):
            lam, gram = np.zeros_like(lam), None
            value, gradient, g, slope = self._at(lam)
        for step in range(MOST_STEPS):
            wrong = np.max(abs(gradient) / self.size, initial=0.0)
            if wrong <= TOLERANCE:
                return lam, g, step, True
            move = self._direction(gradient, self.columns.gram(self.d * slope) if gram is None else gram)
            gram = None
            length, fall = 1.0, float(gradient @ move)
            for _ in range(MOST_HALVINGS):
                trial = lam.copy()
                trial[self.kept] += length * move
                found = self._at(trial)
                flat = abs(value) * 1e-14
                if np.isfinite(found[0]) and found[0] <= value + 1e-4 * length * fall + flat:
                    break
                length /= 2
            else:
                return lam, g, step, bool(wrong <= GOOD_ENOUGH)
            new = np.max(abs(found[1]) / self.size, initial=0.0)
            if new >= wrong and wrong <= GOOD_ENOUGH:
                # Rounding, not the step, decides what is left.
                return lam, g, step, True
            lam, (value, gradient, g, slope) = trial, found
        return lam, g, MOST_STEPS, bool(self.error(g, lam).max(initial=0.0) <= GOOD_ENOUGH)

    def _at(self, lam: Floats) -> tuple[float, Floats, Floats, Floats]:
        """Return the value, the gradient of the kept, the ratios and the slopes."""
        with np.errstate(over="ignore", invalid="ignore"):
            g, slope, potential = self.distance.evaluate(self.columns.times(lam))
            value = float(self.d @ potential - lam @ self.totals + (self.ridge * lam**2).sum() / 2)
            gradient = (self.columns.sums(self.d * g) - self.totals + self.ridge * lam)[self.kept]
        return value, gradient, g, slope

    def _direction(self, gradient: Floats, gram: Floats) -> Floats:
        hessian = gram[np.ix_(self.kept, self.kept)]
        hessian[np.diag_indices_from(hessian)] += self.ridge[self.kept]
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
        """Return the relative misfit of each benchmark kept."""
        misfit = self.columns.sums(self.d * g) - self.totals + self.ridge * lam
        return np.asarray(abs(misfit[self.kept]) / self.size)


def _checked(
    x: Any, d: ArrayLike, totals: ArrayLike, cost: ArrayLike | None
) -> tuple[Columns, Floats, Floats, Floats]:
    columns = x if isinstance(x, Columns) else Columns(x)
    base, wanted = np.asarray(d, np.float64).ravel(), np.asarray(totals, np.float64).ravel()
    price = np.full(len(wanted), np.inf) if cost is None else np.asarray(cost, np.float64).ravel()
    if columns.shape != (len(base), len(wanted)) or len(price) != len(wanted):
        raise UsageError("bad_shapes", rows=len(base), columns=len(wanted), shape=str(columns.shape))
    finite = np.isfinite(columns.matrix.data).all() and np.isfinite(base).all() and np.isfinite(wanted).all()
    if not finite or (base < 0).any() or not (price > 0).all():
        raise UsageError("bad_numbers")
    return columns, base, wanted, price
