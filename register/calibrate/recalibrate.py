"""Every replicate calibrated anew, to totals drawn for it: R sets of weights."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from register.calibrate.columns import Columns
from register.calibrate.design import Ints
from register.calibrate.distances import Distance, Floats
from register.calibrate.errors import ConflictError, NotConvergedError
from register.calibrate.replicate import Replicates
from register.calibrate.solver import Calibration, calibrate

# In a replicate whose benchmarks cannot be met, each may be missed at this share of its quadratic form.
RELAXED = 1e-3


def recalibrate(
    x: Any,
    base: Floats,
    cluster: Ints,
    replicates: Replicates,
    totals: Floats,
    distance: Distance,
    found: Calibration,
    cost: Floats | None = None,
) -> tuple[Floats, int]:
    """Calibrate every replicate of a sample.

    Parameters
    ----------
    x, base, distance, cost
        As the full sample was calibrated, see :func:`register.calibrate.calibrate`.
    cluster
        (n,) first-stage unit of each row.
    totals
        (R, K) totals of each replicate.
    found
        The calibration of the full sample: its multipliers are where each replicate starts, and what it dropped as
        redundant is left out, so that totals drawn apart are not taken for a conflict.

    Returns
    -------
    ratios
        (n, R) replicate weights divided by base weights.
    relaxed
        Replicates without weights that meet all benchmarks, which were let give way a little.
    """
    kept = [place for place in range(totals.shape[1]) if place not in found.dropped]
    columns = Columns(x if len(kept) == totals.shape[1] else x[:, kept])
    price = np.full(len(kept), np.inf) if cost is None else cost[kept]
    square = squares(columns.matrix, base)
    room = np.minimum(price, 1 / (RELAXED * np.where(square > 0, square, 1.0)))
    ratios = np.empty((len(base), len(replicates.scale)))
    relaxed = 0
    for number in range(ratios.shape[1]):
        factor = replicates.factors[cluster, number]
        calibrated = partial(
            calibrate,
            columns,
            base * factor,
            totals[number, kept],
            distance=distance,
            start=found.multipliers[kept],
            seek_conflict=False,
        )
        try:
            one = calibrated(cost=price)
        except (ConflictError, NotConvergedError):
            relaxed += 1
            one = calibrated(cost=room)
        ratios[:, number] = factor * one.ratios
    return ratios, relaxed


def squares(x: Any, base: Floats) -> Floats:
    """Return the weighted sums of squares of columns, (K,)."""
    return np.asarray((x * x).T @ base).ravel()
