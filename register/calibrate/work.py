"""The walk from a survey and its specification to weights: read, collapse, calibrate, replicate, estimate, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from register.calibrate.benchmarks import Benchmark, benchmark_matrix, read_benchmarks, ridge_costs
from register.calibrate.collapse import Collapse, collapse
from register.calibrate.design import Design, kish_effect
from register.calibrate.distances import Distance, Floats, make_distance
from register.calibrate.errors import ConflictError, NotConvergedError
from register.calibrate.estimates import Estimate, estimate
from register.calibrate.recalibrate import recalibrate, squares
from register.calibrate.replicate import Replicates, make_replicates
from register.calibrate.solver import Calibration, calibrate
from register.calibrate.spec import BenchmarkSpec, Spec
from register.calibrate.survey import Survey
from register.calibrate.units import Units, make_units
from register.calibrate.variance import Regression
from register.errors import QualityError
from register.locale.numbers import Figure, Figures

Totals = Callable[[BenchmarkSpec], pl.DataFrame]


@dataclass
class Outcome:
    """What a calibration came to; the parts that a conflict keeps from being made stay None.

    Attributes
    ----------
    counts
        (K,) interviews in each benchmark's cell.
    before, after
        (K,) totals under base and calibrated weights.
    before_errors
        (K,) standard errors of ``before`` under the design.
    conflict
        Places of the benchmarks that exclude one another.
    attainable
        For each of these the least and greatest total that it could have by itself.
    replicate_ratios
        (m, R) replicate weights of the rows, divided by their base weights.
    relaxed
        Replicates in which not all benchmarks could be met.
    """

    spec: Spec
    survey: Survey
    benchmarks: list[Benchmark]
    collapses: list[Collapse]
    design: Design
    units: Units
    distance: Distance
    counts: Any
    before: Floats
    before_errors: Floats
    calibration: Calibration | None = None
    conflict: tuple[int, ...] = ()
    attainable: list[tuple[float, float]] = field(default_factory=list)
    replicates: Replicates | None = None
    replicate_ratios: Floats | None = None
    relaxed: int = 0
    estimates: list[Estimate] = field(default_factory=list)

    @property
    def base_weights(self) -> Floats:
        """Base weights of the people, (n,), as they enter: equal within households in household mode."""
        return self.units.weights(np.ones(len(self.units.base)))

    @property
    def weights(self) -> Floats:
        """Calibrated weights of the people, (n,)."""
        if self.calibration is None:
            return self.base_weights
        return self.units.weights(self.calibration.ratios)

    @property
    def design_effects(self) -> tuple[float, float]:
        """Kish's design effect of the weights before and after."""
        return kish_effect(self.base_weights), kish_effect(self.weights)

    def frame(self) -> pl.DataFrame:
        """Return the weights as a table: one row a person in the order of the survey.

        Columns: those that identify, base_weight, weight, ratio (w/d) and replicate_001, replicate_002, ...
        """
        base, weights = self.base_weights, self.weights
        ratio = np.divide(weights, base, out=np.ones_like(base), where=base > 0)
        columns = {"base_weight": base, "weight": weights, "ratio": ratio}
        if self.replicate_ratios is not None:
            for number, ratios in enumerate(self.replicate_ratios.T, 1):
                columns[f"replicate_{number:03d}"] = self.units.weights(ratios)
        return self.survey.identifiers().with_columns(
            pl.Series(name, values) for name, values in columns.items()
        )


def calibrate_survey(survey: Survey, spec: Spec, register_totals: Totals) -> Outcome:
    """Calibrate a survey; a conflict is part of the outcome, see `raise_for`.

    Raises
    ------
    RegisterError
        If the specification and the survey do not fit each other, or no weights were found.
    """
    benchmarks, collapses = collapse(read_benchmarks(spec, survey, register_totals), spec, survey)
    matrix, counts = benchmark_matrix(benchmarks, survey)
    design = survey.design()
    units = make_units(survey.base_weights, design, survey.households() if spec.method.household else None)
    x = units.means(matrix).tocsr()
    totals = np.array([one.total for one in benchmarks])
    distance = make_distance(spec.method.distance, spec.method.bounds)
    weighted = x.multiply(units.base[:, None]).tocsr()
    outcome = Outcome(
        spec=spec,
        survey=survey,
        benchmarks=benchmarks,
        collapses=collapses,
        design=units.design(design),
        units=units,
        distance=distance,
        counts=counts,
        before=np.asarray(weighted.sum(axis=0)).ravel(),
        before_errors=np.sqrt(units.design(design).variance(weighted)),
    )
    cost = ridge_costs(benchmarks, outcome.before, outcome.before_errors, squares(x, units.base))
    tolerance = spec.method.redundancy_tolerance
    try:
        found = calibrate(x, units.base, totals, distance=distance, cost=cost, redundancy_tolerance=tolerance)
    except ConflictError as error:
        outcome.conflict, outcome.attainable = error.members, error.attainable
        return outcome
    except NotConvergedError as error:
        label = benchmarks[error.worst].label
        raise QualityError("not_converged", where=str(spec.path), member=label, error=error.error) from error
    outcome.calibration = found
    errors = np.array([one.standard_error for one in benchmarks])
    if spec.replicates is not None:
        asked = spec.replicates
        replicates = make_replicates(
            outcome.design,
            asked.method,
            number=asked.number,
            seed=asked.seed,
            fay=asked.fay,
            centre=asked.centre,
        )
        outcome.replicates = replicates
        drawn = totals + replicates.draws(errors, asked.seed)
        outcome.replicate_ratios, outcome.relaxed = recalibrate(
            x, units.base, units.cluster, replicates, drawn, distance, found, cost
        )
    kept = [place for place in range(len(totals)) if place not in found.dropped]
    regression = Regression(x[:, kept], units.base, 1 / cost[kept], errors[kept])
    outcome.estimates = estimate(outcome, regression)
    return outcome


def raise_for(outcome: Outcome) -> None:
    """Stop if the benchmarks exclude one another, or the weights spread more than the specification allows.

    Raises
    ------
    QualityError
        Naming the smallest set of benchmarks in conflict, or the design effect.
    """
    where = str(outcome.spec.path)
    if outcome.conflict:
        members = [outcome.benchmarks[place] for place in outcome.conflict]
        low, high = outcome.distance.attainable
        raise QualityError(
            "benchmarks_conflict",
            where=where,
            count=len(members),
            members=Figures(tuple(Figure(one.total, label=f"{one.block}: {one.label}") for one in members)),
            bounds=Figures((Figure(low), Figure(high)), " – "),
        )
    limit, (_, after) = outcome.spec.method.max_design_effect, outcome.design_effects
    if limit is not None and after > limit:
        raise QualityError("design_effect", where=where, limit=Figure(limit), found=Figure(after, 4))


def report_paths(weights: Path, languages: Sequence[str]) -> dict[str, Path]:
    """Return where the report of weights stands: one page a language, and its figures as ``json``."""
    paths = {language: weights.with_name(f"{weights.stem}_report_{language}.html") for language in languages}
    return {**paths, "json": weights.with_name(f"{weights.stem}_report.json")}
