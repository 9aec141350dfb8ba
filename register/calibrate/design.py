"""How the sample was drawn, as far as variances need it: strata, first-stage units, their sampling fractions.

Variances are those of the first stage (ultimate clusters): units drawn within strata, with replacement unless a
finite population correction is given. They are those of R's ``svydesign(ids = ~cluster, strata =, fpc =, nest = TRUE)``
with one stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from register.calibrate.distances import Floats
from register.errors import ExtractError, QualityError

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Design:
    """Strata and clusters of n units.

    Attributes
    ----------
    cluster
        (n,) number of the first-stage unit, from 0; numbered within strata, one number in one stratum.
    stratum_of
        (P,) stratum of each cluster, from 0.
    fraction
        (H,) share of the stratum's clusters that was drawn; 0 without finite population correction.
    lonely
        What a stratum of one cluster adds to a variance: ``adjust`` its square from the mean of all clusters
        (cautious), ``remove`` nothing, ``fail`` an error.
    """

    cluster: Ints
    stratum_of: Ints
    fraction: Floats
    lonely: str = "adjust"

    @property
    def sizes(self) -> Ints:
        """(H,) clusters of each stratum."""
        return np.bincount(self.stratum_of, minlength=len(self.fraction)).astype(np.int64)

    def sums(self, values: Any) -> Floats:
        """Return the sums by cluster, (P, m), of values by unit, (n, m), dense or sparse."""
        n = len(self.cluster)
        adder = sparse.csr_array((np.ones(n), (self.cluster, np.arange(n))), shape=(len(self.stratum_of), n))
        added = adder @ values
        return np.asarray(added.toarray() if sparse.issparse(added) else added)

    def variance(self, values: Any) -> Floats:
        """Return the variance of the sum of each column of weighted values, (n, m), as (m,).

        Raises
        ------
        QualityError
            If a stratum holds one cluster and ``lonely`` is ``fail``.
        """
        totals = self.sums(values)
        sizes = self.sizes
        alone = sizes == 1
        if alone.any() and self.lonely == "fail":
            raise QualityError("lonely_cluster", count=int(alone.sum()))
        means = np.zeros((len(sizes), totals.shape[1]))
        np.add.at(means, self.stratum_of, totals)
        means /= np.maximum(sizes, 1)[:, None]
        means[alone] = totals.mean(axis=0) if self.lonely == "adjust" else means[alone]
        away = totals - means[self.stratum_of]
        factor = (1 - self.fraction) * np.where(alone, 1.0, sizes / np.maximum(sizes - 1, 1))
        return np.asarray((factor[self.stratum_of][:, None] * away**2).sum(axis=0))


def make_design(
    n: int,
    stratum: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    fpc: ArrayLike | None = None,
    lonely: str = "adjust",
) -> Design:
    """Return the design of n units from its columns.

    Parameters
    ----------
    stratum, cluster
        (n,) labels; without them one stratum, and each unit its own cluster. Clusters are told apart within strata.
    fpc
        (n,) for the unit's stratum: how many clusters there are (above 1) or the share drawn (up to 1).

    Raises
    ------
    ExtractError
        If fpc differs within a stratum, or is less than the clusters drawn.
    """
    strata = _numbers(stratum) if stratum is not None else np.zeros(n, np.int64)
    within = _numbers(cluster) if cluster is not None else np.arange(n)
    pairs, place = np.unique(strata * (int(within.max(initial=0)) + 1) + within, return_inverse=True)
    stratum_of = (pairs // (int(within.max(initial=0)) + 1)).astype(np.int64)
    n_stratum = int(strata.max(initial=0)) + 1
    fraction = np.zeros(n_stratum)
    if fpc is not None:
        given = np.asarray(fpc, np.float64)
        low, high = np.full(n_stratum, np.inf), np.full(n_stratum, -np.inf)
        np.minimum.at(low, strata, given)
        np.maximum.at(high, strata, given)
        drawn = np.bincount(stratum_of, minlength=n_stratum)
        fraction = np.where(high > 1, drawn / high, high)
        if not np.isfinite(given).all() or (low != high).any() or (fraction > 1).any() or (low <= 0).any():
            raise ExtractError("bad_fpc")
    return Design(place.astype(np.int64), stratum_of, fraction, lonely)


def _numbers(labels: ArrayLike) -> Any:
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)


def kish_effect(weights: Floats) -> float:
    """Return Kish's design effect of unequal weights, n Σw² / (Σw)²: 1 where all are equal."""
    alive = weights[weights != 0]
    return float(len(alive) * (alive**2).sum() / alive.sum() ** 2)
