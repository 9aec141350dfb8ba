"""Cell-key perturbation: every figure gets a small noise that depends on the rows it counts and on nothing else.

Fraser and Wooton (2005); Thompson, Broadfoot and Elazar (2013). Each row has a fixed random key, made from its id
and the project's secret; a figure's key is the sum of its rows' keys. Equal rows give equal keys, so that a figure
has the same noise in every table and every release, and cannot be averaged out. The noise of a count has mean
zero, is at most ``reach`` and makes no published count between 1 and ``reach - 1``; of all distributions with
these properties and about the variance ``reach ** 2 / 4.5`` it is that of greatest entropy. Large noises are rare
on purpose: where several meet in one sum, they narrow the interval of its parts. Sums need not hold.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from register.release.tables import KEYS
from register.release.universe import Floats, Ints

VARIANCE = 2 / 9
STREAM = 0x9E3779B97F4A7C15


def perturb(estimate: Floats, key: Ints, reach: int, attempt: Ints) -> Floats:
    """Return the perturbed counts.

    Parameters
    ----------
    estimate
        True values.
    key
        Cell keys, 0 to 2^60.
    reach
        The greatest noise.
    attempt
        How often a figure's noise was drawn again because neighbouring figures would have given it away.
    """
    count = np.floor(estimate + 0.5).astype(np.int64)
    uniform = _uniform(key, attempt)
    published = np.zeros(len(count))
    large = 2 * reach
    for value in np.unique(np.minimum(count, large)):
        if value == 0:
            continue
        steps, cumulated = transition(int(value), reach)
        mine = np.minimum(count, large) == value
        drawn = np.searchsorted(cumulated, uniform[mine], side="right")
        published[mine] = count[mine] + steps[np.minimum(drawn, len(steps) - 1)]
    return published


def _uniform(key: Ints, attempt: Ints) -> Floats:
    """Return a number in [0, 1) for each key: mixed (splitmix64), so that attempts are independent."""
    x = key.astype(np.uint64) + attempt.astype(np.uint64) * np.uint64(STREAM)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return np.asarray((x % np.uint64(KEYS)).astype(np.float64) / KEYS)


@cache
def transition(value: int, reach: int) -> tuple[Ints, Floats]:
    """Return the steps that a count may take and their cumulated probabilities: mean zero, greatest entropy."""
    steps = np.array(
        [d for d in range(-reach, reach + 1) if value + d == 0 or value + d >= reach], dtype=np.int64
    )
    low, high = -20.0, 20.0
    for _ in range(200):
        tilt = (low + high) / 2
        power = tilt * steps - steps**2 / (2 * VARIANCE * reach**2)
        weight = np.exp(power - power.max())
        mean = float((weight * steps).sum() / weight.sum())
        low, high = (tilt, high) if mean < 0 else (low, tilt)
    return steps, np.cumsum(weight / weight.sum())
