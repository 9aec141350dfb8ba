"""The estimates that a specification asks for, before and after calibration, each with its standard errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from register.calibrate.distances import Floats
from register.calibrate.spec import EstimateSpec
from register.calibrate.survey import Survey
from register.calibrate.variance import Regression, Statistic, linearised_errors

if TYPE_CHECKING:
    from register.calibrate.work import Outcome


@dataclass(frozen=True)
class Estimate:
    """An estimate for a domain: before and after, with standard errors, linearised and (None without) replicated.

    ``domain`` is the codes of the variables asked for, empty for all; ``interviews`` the people it rests on.
    """

    name: str
    statistic: str
    domain: str
    interviews: int
    before: float
    before_error: float
    after: float
    after_error: float
    before_error_replicated: float | None = None
    after_error_replicated: float | None = None


def estimate(outcome: Outcome, regression: Regression) -> list[Estimate]:
    """Return every estimate of the specification.

    Raises
    ------
    RegisterError
        If one names a column that the survey does not have, or without values.
    """
    asked = [
        (one, domain, mask)
        for one in outcome.spec.estimates
        for domain, mask in _domains(one, outcome.survey)
    ]
    if not asked or outcome.calibration is None:
        return []
    units, survey = outcome.units, outcome.survey
    statistics = []
    for one, _, mask in asked:
        y = survey.numbers(one.variable, one.place) if one.variable else np.ones(len(survey))
        z = None
        if one.statistic != "total":
            z = (
                survey.numbers(one.denominator, one.place)
                if one.statistic == "ratio"
                else np.ones(len(survey))
            )
        statistics.append(Statistic(units.means(y * mask), None if z is None else units.means(z * mask)))
    base = units.base
    after = base * outcome.calibration.ratios
    columns: list[Floats | list[None]] = [
        np.array([one.point(base) for one in statistics]),
        linearised_errors(statistics, base, outcome.design),
        np.array([one.point(after) for one in statistics]),
        linearised_errors(statistics, after, outcome.design, regression),
    ]
    replicates, ratios = outcome.replicates, outcome.replicate_ratios
    if replicates is None or ratios is None:
        columns += [[None] * len(asked)] * 2
    else:
        weighted = [one.times(base) for one in statistics]
        by_cluster = [one.summed(outcome.design) for one in weighted]
        plain = np.array([one.point(replicates.factors) for one in by_cluster]).T
        again = np.array([one.point(ratios) for one in weighted]).T
        for place, values in ((0, plain), (2, again)):
            columns.append(np.sqrt(replicates.variance(np.asarray(columns[place]), values)))
    return [
        Estimate(
            one.name,
            one.statistic,
            domain,
            int(mask.sum()),
            *(None if v is None else float(v) for v in values),  # type: ignore[arg-type]
        )
        for (one, domain, mask), *values in zip(asked, *columns, strict=True)
    ]


def _domains(one: EstimateSpec, survey: Survey) -> Iterator[tuple[str, Floats]]:
    """Yield each domain's name and which people belong to it, as 0 and 1."""
    chosen = survey.mask(one.where, one.place)
    codes = [sorted(set(survey.codes(name, one.place).drop_nulls())) for name in one.by]
    for combination in product(*codes):
        mask = chosen & survey.mask(
            {name: (code,) for name, code in zip(one.by, combination, strict=True)}, one.place
        )
        told = {name: " + ".join(given) for name, given in one.where.items()} | dict(
            zip(one.by, combination, strict=True)
        )
        if mask.any():
            yield " · ".join(f"{name} = {code}" for name, code in told.items()), mask.astype(np.float64)
