"""The matrix of benchmarks' variables, made ready for many passes: X λ, X'v and X' diag(v) X."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from register.calibrate.distances import Floats

# Products of two cells of a row that are kept; beyond, they are multiplied anew in each pass.
MOST_PRODUCTS = 16_000_000


class Columns:
    """X of n units and K benchmarks, sparse.

    A unit is in few cells, so that ``X' diag(v) X`` is a sum over few products a unit. They are found once and counted
    up in each pass, a quarter of the time of a sparse product.

    Parameters
    ----------
    x
        (n, K), dense or sparse.
    """

    def __init__(self, x: Any) -> None:
        self.matrix = sparse.csr_array(x if sparse.issparse(x) else np.asarray(x), dtype=np.float64)
        self.matrix.sum_duplicates()
        self.matrix.eliminate_zeros()
        self.transposed = self.matrix.T.tocsr()
        self.counts = np.diff(self.matrix.indptr)
        self._products: list[tuple[Any, Any, Any]] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """N and K."""
        n, k = self.matrix.shape
        return int(n), int(k)

    def times(self, lam: Floats) -> Floats:
        """Return X λ, (n,)."""
        return np.asarray(self.matrix @ lam)

    def sums(self, v: Floats) -> Floats:
        """Return X'v, (K,)."""
        return np.asarray(self.transposed @ v)

    def sizes(self, d: Floats) -> Floats:
        """Return the weighted sums of absolute values, (K,)."""
        return np.asarray(abs(self.transposed) @ d)

    def gram(self, v: Floats) -> Floats:
        """Return X' diag(v) X, dense (K, K)."""
        k = self.shape[1]
        if (
            self._products is None
            and (self.counts.astype(np.int64) * (self.counts + 1) // 2).sum() <= MOST_PRODUCTS
        ):
            self._products = list(self._find_products())
        if self._products is None:
            repeated = self.matrix.data * np.repeat(v, self.counts)
            weighted = sparse.csr_array(
                (repeated, self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape
            )
            return np.asarray((self.transposed @ weighted).toarray())
        upper = np.zeros(k * k)
        for rows, places, values in self._products:
            weight = v[rows][:, None] * values
            upper += np.bincount(places, weights=weight.ravel(), minlength=k * k)
        half = upper.reshape(k, k)
        return half + half.T - np.diag(half.diagonal())

    def _find_products(self) -> Any:
        """Yield, for the rows of one length: the rows, where in X'X each product stands, and the products."""
        k = self.shape[1]
        for count in np.unique(self.counts[self.counts > 0]):
            rows = np.flatnonzero(self.counts == count)
            cells = self.matrix.indptr[rows][:, None] + np.arange(count)
            first, second = np.triu_indices(count)
            column, value = self.matrix.indices[cells].astype(np.int64), self.matrix.data[cells]
            places = np.ascontiguousarray(column[:, first] * k + column[:, second]).ravel()
            yield rows, places, np.ascontiguousarray(value[:, first] * value[:, second])
