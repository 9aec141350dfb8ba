"""What calibration cannot do, said so that an office knows which of its benchmarks to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from register.errors import QualityError
from register.locale.numbers import Figure, Figures

if TYPE_CHECKING:
    from register.calibrate.distances import Distance, Floats


class ConflictError(QualityError):
    """No weights meet these benchmarks together; without any one of them, weights would.

    Attributes
    ----------
    members
        Places of the benchmarks in conflict.
    wanted
        Their totals.
    attainable
        For each, the least and greatest total that weights within the bounds can give it by itself.
    """

    def __init__(
        self, members: Sequence[int], matrix: Any, d: Floats, totals: Floats, distance: Distance | None
    ) -> None:
        self.members = tuple(sorted(members))
        self.wanted = [float(totals[place]) for place in self.members]
        self.attainable: list[tuple[float, float]] = [(-np.inf, np.inf)] * len(self.members)
        if distance is not None:
            low, high = ranges(matrix, d, distance)
            self.attainable = [(float(low[place]), float(high[place])) for place in self.members]
        least, greatest = (-np.inf, np.inf) if distance is None else distance.attainable
        super().__init__(
            "benchmarks_conflict",
            count=len(self.members),
            members=Figures(tuple(Figure(totals[place], label=f"[{place}]") for place in self.members)),
            bounds=Figures((Figure(least), Figure(greatest)), " – "),
        )


class NotConvergedError(QualityError):
    """The benchmarks do not exclude one another, but no weights were found."""

    def __init__(self, worst: int, error: float) -> None:
        self.worst, self.error = worst, Figure(error, 2)
        super().__init__("not_converged", member=worst, error=self.error)


def ranges(matrix: Any, d: Floats, distance: Distance) -> tuple[Floats, Floats]:
    """Return the least and greatest total that weights within the bounds can give each column by itself."""
    low, high = distance.attainable
    with np.errstate(invalid="ignore"):
        positive = np.asarray(matrix.maximum(0).T @ d).ravel()
        negative = np.asarray((-matrix).maximum(0).T @ d).ravel()

        def times(bound: float, total: Floats) -> Floats:
            return np.where(total > 0, bound * total, 0.0)

        return times(low, positive) - times(high, negative), times(high, positive) - times(low, negative)
