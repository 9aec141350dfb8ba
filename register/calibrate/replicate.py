"""Replicate weights: the sample drawn again and again from itself.

The variance of an estimate is ``Σ c_r (θ_r - centre)²`` over the replicates. The methods are those of R's survey
package; ``c_r`` is its ``scale * rscales[r]``.

========= =========================================================== =========================================
JK1       each cluster left out in turn, no strata                    ``(n - 1) / n · (1 - f)``
JKn       each cluster left out in turn, within its stratum           ``(n_h - 1) / n_h · (1 - f_h)``
BRR       half of each stratum of two clusters; Fay's weights ρ, 2-ρ  ``1 / (R (1 - ρ)²)``
bootstrap ``n_h - 1`` of n_h clusters with replacement, rescaled      ``1 / (R - 1)``
========= =========================================================== =========================================

Sources: K. Wolter, Introduction to Variance Estimation (2007); J. N. K. Rao, C. F. J. Wu and K. Yue, Some recent work
on resampling methods for complex surveys, Survey Methodology 18 (1992) 209-217; W. A. Fuller, Replication variance
estimation for two-phase samples, Statistica Sinica 8 (1998) 1153-1164, for totals that are themselves estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from register.calibrate.design import Design
from register.calibrate.distances import Floats
from register.calibrate.words import CENTRES, REPLICATE_METHODS
from register.errors import QualityError, UsageError, suggest


@dataclass(frozen=True)
class Replicates:
    """R replicates of a design.

    Attributes
    ----------
    factors
        (P, R) what each cluster's weights are multiplied by.
    scale
        (R,) the c_r.
    centre
        ``mean`` of the replicates (R's default) or the full ``estimate``.
    """

    factors: Floats
    scale: Floats
    centre: str = "mean"

    def variance(self, full: Floats, replicated: Floats) -> Floats:
        """Return the variances, (m,), of m estimates from their R replicates, (R, m)."""
        middle = replicated[self.scale > 0].mean(axis=0) if self.centre == "mean" else full
        return np.asarray(self.scale @ (replicated - middle) ** 2)

    def draws(self, errors: Floats, seed: int) -> Floats:
        """Return what to add to K totals in each replicate, (R, K), so that their variance is that of their errors.

        With enough replicates the draws are made orthogonal, and the variance they bring is exact and free of chance.
        """
        n, k = len(self.scale), len(errors)
        used = self.scale > 0
        drawn = np.zeros((n, k))
        rng = np.random.default_rng(seed)
        wanted = np.flatnonzero(errors > 0)
        root = np.sqrt(self.scale[used])
        noise = rng.standard_normal((int(used.sum()), len(wanted)))
        if len(root) > len(wanted) + 1:
            basis = linalg.qr(np.column_stack([1 / root, noise]), mode="economic")[0][:, 1:]
        else:
            basis = noise / np.sqrt(max(len(root) - 1, 1))
        drawn[np.ix_(used, wanted)] = basis / root[:, None] * errors[wanted]
        return drawn


def make_replicates(
    design: Design,
    method: str,
    *,
    number: int = 200,
    seed: int = 1,
    fay: float = 0.0,
    centre: str = "mean",
) -> Replicates:
    """Return the replicates of a design.

    Parameters
    ----------
    method
        One of ``REPLICATE_METHODS``.
    number, seed
        Of bootstrap samples, and of their draw.
    fay
        Fay's ρ of BRR, from 0 to below 1.
    centre
        One of ``CENTRES``.

    Raises
    ------
    UsageError
        If there is no such method, or it does not go with the design.
    QualityError
        If a stratum holds one cluster and the design says ``fail``.
    """
    if method not in REPLICATE_METHODS:
        raise UsageError(
            "unknown_replicates",
            name=method,
            suggestion=suggest(method, REPLICATE_METHODS),
            known=", ".join(REPLICATE_METHODS),
        )
    if centre not in CENTRES:
        raise UsageError("unknown_centre", name=centre, known=", ".join(CENTRES))
    alone = design.sizes == 1
    if alone.any() and design.lonely == "fail":
        raise QualityError("lonely_cluster", count=int(alone.sum()))
    if method == "BRR":
        factors, scale = _halves(design, fay)
    elif method == "bootstrap":
        factors, scale = _bootstrap(design, number, seed)
    else:
        factors, scale = _jackknife(design, method)
    return Replicates(factors, scale, centre)


def _jackknife(design: Design, method: str) -> tuple[Floats, Floats]:
    sizes, strata = design.sizes, design.stratum_of
    if method == "JK1" and len(sizes) > 1:
        raise UsageError("jk1_strata", count=len(sizes))
    # A cluster alone in its stratum cannot be left out: it brings no replicate.
    left_out = np.flatnonzero(sizes[strata] > 1)
    n = sizes[strata[left_out]]
    factors = np.ones((len(strata), len(left_out)))
    same = strata[:, None] == strata[left_out][None, :]
    factors = np.where(same, n / (n - 1), factors)
    factors[left_out, np.arange(len(left_out))] = 0
    return factors, (n - 1) / n * (1 - design.fraction[strata[left_out]])


def _halves(design: Design, fay: float) -> tuple[Floats, Floats]:
    sizes, strata = design.sizes, design.stratum_of
    if (sizes != 2).any():
        raise UsageError("brr_pairs", count=int((sizes != 2).sum()))
    if not 0 <= fay < 1:
        raise UsageError("bad_fay", value=fay)
    number = 1 << len(sizes).bit_length()
    signs = linalg.hadamard(number)[1 : len(sizes) + 1]
    first = np.r_[True, strata[1:] != strata[:-1]]
    side = np.where(first, 1, -1)[:, None] * signs[strata]
    return 1 + (1 - fay) * side, np.full(number, 1 / (number * (1 - fay) ** 2))


def _bootstrap(design: Design, number: int, seed: int) -> tuple[Floats, Floats]:
    if number < 2:
        raise UsageError("bad_replicate_number", value=number)
    rng = np.random.default_rng(seed)
    factors = np.ones((len(design.stratum_of), number))
    for stratum, size in enumerate(design.sizes):
        if size < 2:
            continue
        members = np.flatnonzero(design.stratum_of == stratum)
        times = rng.multinomial(size - 1, np.full(size, 1 / size), size=number).T
        shrink = np.sqrt(1 - design.fraction[stratum])
        factors[members] = 1 - shrink + shrink * size / (size - 1) * times
    return factors, np.full(number, 1 / (number - 1))
