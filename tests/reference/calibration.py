"""Calibration written out from its definition, dense and slow, to compare the program with."""

from __future__ import annotations

import numpy as np


def plain_weights(x: np.ndarray, d: np.ndarray, totals: np.ndarray, distance: str) -> np.ndarray:
    """Return linear or raking weights by plain Newton steps, with no scaling and no line search."""
    lam = np.zeros(x.shape[1])
    for _ in range(1 if distance == "linear" else 60):
        g = 1 + x @ lam if distance == "linear" else np.exp(x @ lam)
        slope = np.ones(len(d)) if distance == "linear" else g
        hessian = x.T @ (x * (d * slope)[:, None])
        lam = lam + np.linalg.pinv(hessian) @ (totals - x.T @ (d * g))
    return d * (1 + x @ lam if distance == "linear" else np.exp(x @ lam))


def is_truncated_optimum(x: np.ndarray, g: np.ndarray, bounds: tuple[float, float]) -> bool:
    """Say whether g minimises ``Σ d (g - 1)² / 2`` among the g within bounds with its totals: Kuhn and Tucker's test.

    There must be one λ with ``g = 1 + x λ`` where g is inside, ``≤`` it at the upper and ``≥`` at the lower bound.
    """
    low, high = g <= bounds[0] + 1e-12, g >= bounds[1] - 1e-12
    inside = ~low & ~high
    lam = np.linalg.lstsq(x[inside], g[inside] - 1)[0]
    free = 1 + x @ lam
    return bool(
        np.allclose(free[inside], g[inside], atol=1e-9)
        and (free[low] <= bounds[0] + 1e-9).all()
        and (free[high] >= bounds[1] - 1e-9).all()
    )


def household_weights(
    x: np.ndarray, d: np.ndarray, totals: np.ndarray, household: np.ndarray, distance: str
) -> np.ndarray:
    """Return weights of people who all bear their household's means, as R's ``ave`` makes them."""
    means, base = x.copy(), d.copy()
    for one in np.unique(household):
        members = household == one
        means[members], base[members] = x[members].mean(axis=0), d[members].mean()
    return plain_weights(means, base, totals, distance)


def replicate_variance(
    x: np.ndarray, d: np.ndarray, totals: np.ndarray, strata: np.ndarray, clusters: np.ndarray, distance: str,
    y: np.ndarray,
) -> float:  # fmt: skip
    """Return the jackknife variance of a calibrated total: leave one cluster out, calibrate, and so on."""
    values, scale = [], []
    for stratum in np.unique(strata):
        inside = strata == stratum
        names = np.unique(clusters[inside])
        n = len(names)
        for cluster in names:
            base = d.copy()
            base[inside] *= n / (n - 1)
            base[inside & (clusters == cluster)] = 0
            values.append(float(y @ plain_weights(x, base, totals, distance)))
            scale.append((n - 1) / n)
    away = np.array(values) - np.mean(values)
    return float(np.array(scale) @ away**2)
