"""The distances between base and calibrated weights, each by the function that turns ``u = x'λ`` into ``g = w / d``.

A distance is a convex ``G(g)`` with its least value, 0, at ``g = 1``. Calibration minimises ``Σ d G(w / d)``; at the
minimum ``g = F(u)`` with ``F`` the inverse of ``G'``. ``P(u) = u g - G(g)`` is an integral of ``F``: the potential
whose least value over λ the solver looks for.

=========== ============================ =============================================
linear      ``F = 1 + u``                the generalised regression estimator (GREG)
truncated   ``1 + u``, cut off at L, U   the linear distance that never leaves the bounds
raking      ``exp(u)``                   always positive; with bounds cut off at L, U
logit       between L and U              Deville and Särndal (1992), case 6
=========== ============================ =============================================

Source: J.-C. Deville and C.-E. Särndal, Calibration estimators in survey sampling, JASA 87 (1992) 376-382.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from register.calibrate.words import DISTANCES
from register.errors import UsageError, suggest

Floats = NDArray[np.float64]
Bounds = tuple[float, float]
DEFAULT_BOUNDS: Bounds = (0.3, 3.0)
UNBOUNDED: Bounds = (-math.inf, math.inf)
LARGEST_EXPONENT = 300.0


@dataclass(frozen=True)
class Distance:
    """A distance with its bounds.

    Parameters
    ----------
    name
        One of ``DISTANCES``, as it works: ``linear`` with bounds is ``truncated``.
    lower, upper
        Bounds of w/d; infinite where there are none.
    evaluate
        From u (any shape) to g, its derivative and the potential, each of that shape.
    """

    name: str
    lower: float
    upper: float
    evaluate: Callable[[Floats], tuple[Floats, Floats, Floats]]

    @property
    def attainable(self) -> Bounds:
        """The least and greatest w/d that the distance can come near to."""
        return (max(self.lower, 0.0) if self.name == "raking" else self.lower), self.upper


def make_distance(name: str, bounds: Bounds | None = None) -> Distance:
    """Return a distance; ``truncated`` and ``logit`` have the bounds 0.3 and 3 unless told otherwise.

    Raises
    ------
    UsageError
        If there is no such distance, or the bounds do not hold 1 between them.
    """
    if name not in DISTANCES:
        raise UsageError(
            "unknown_distance", name=name, suggestion=suggest(name, DISTANCES), known=", ".join(DISTANCES)
        )
    if bounds is None:
        bounds = DEFAULT_BOUNDS if name in ("truncated", "logit") else UNBOUNDED
    lower, upper = map(float, bounds)
    if not lower < 1 < upper or (name == "logit" and not (math.isfinite(lower) and math.isfinite(upper))):
        raise UsageError("bad_bounds", lower=lower, upper=upper)
    if name == "logit":
        return Distance(name, lower, upper, _logit(lower, upper))
    if name == "raking":
        return Distance(name, lower, upper, _raking(lower, upper))
    cut = math.isfinite(lower) or math.isfinite(upper)
    return Distance("truncated" if cut else "linear", lower, upper, _linear(lower, upper))


def _linear(lower: float, upper: float) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    def evaluate(u: Floats) -> tuple[Floats, Floats, Floats]:
        free = 1 + u
        g = np.clip(free, lower, upper)
        return g, (free == g).astype(np.float64), u * g - (g - 1) ** 2 / 2

    return evaluate


def _raking(lower: float, upper: float) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    def evaluate(u: Floats) -> tuple[Floats, Floats, Floats]:
        free = np.exp(np.clip(u, -LARGEST_EXPONENT, LARGEST_EXPONENT))
        g = np.clip(free, lower, upper)
        inside = free == g
        logarithm = np.log(g, out=np.zeros_like(g), where=g > 0)
        return g, np.where(inside, g, 0.0), np.where(inside, g - 1, u * g - g * logarithm + g - 1)

    return evaluate


def _logit(lower: float, upper: float) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    a = (upper - lower) / ((1 - lower) * (upper - 1))
    shift = math.log((1 - lower) / (upper - 1))

    def evaluate(u: Floats) -> tuple[Floats, Floats, Floats]:
        v = a * u + shift
        share = 0.5 * (1 + np.tanh(v / 2))
        g = lower + (upper - lower) * share
        potential = lower * u + (upper - lower) / a * (np.logaddexp(0, v) - np.logaddexp(0, shift))
        return g, (upper - lower) * a * share * (1 - share), potential

    return evaluate
