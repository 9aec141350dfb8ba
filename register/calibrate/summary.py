"""What a calibration came to, as plain values: the figures behind ``--json``, the printed tables and the page."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from register.calibrate.distances import Floats
from register.calibrate.work import Outcome

QUANTILES = {
    "min": 0,
    "p01": 1,
    "p05": 5,
    "p25": 25,
    "median": 50,
    "p75": 75,
    "p95": 95,
    "p99": 99,
    "max": 100,
}
AT_BOUND = 1e-6
BINS = 54


def summarise(outcome: Outcome) -> dict[str, Any]:
    """Return everything worth telling of a calibration. Totals and weights are in people; ratios are w/d.

    Keys: survey, method, benchmarks (one a total: before, after, standard errors, dropped, in_conflict), rank, dropped,
    conflict, ratios, design_effect, collapses, small_cells (left with fewer interviews than the minimum), replicates,
    estimates.
    """
    before, after = outcome.design_effects
    found = outcome.calibration
    return {
        "survey": _survey(outcome),
        "method": _method(outcome),
        "benchmarks": _benchmarks(outcome),
        "rank": None if found is None else found.rank,
        "dropped": [] if found is None else [outcome.benchmarks[place].label for place in found.dropped],
        "steps": None if found is None else found.steps,
        "conflict": _conflict(outcome),
        "ratios": None if found is None else _ratios(outcome),
        "design_effect": {"before": before, "after": None if found is None else after},
        "collapses": [
            {
                "benchmark": one.block,
                "variable": one.variable,
                "cells": [{"label": label, "interviews": count} for label, count in one.cells],
                "into": one.into,
                "interviews": one.interviews,
            }
            for one in outcome.collapses
        ],
        "small_cells": int((outcome.counts < outcome.spec.method.minimum).sum()),
        "replicates": _replicates(outcome),
        "estimates": [
            {key: _finite(value) for key, value in asdict(one).items()} for one in outcome.estimates
        ],
    }


def _finite(value: Any) -> Any:
    """Return a value, or nothing for a number that JSON cannot write: a mean over nobody."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _survey(outcome: Outcome) -> dict[str, Any]:
    spec, units = outcome.spec, outcome.units
    return {
        "people": len(units.row),
        "households": len(units.sizes) if spec.method.household else None,
        "strata": len(outcome.design.fraction),
        "clusters": len(outcome.design.stratum_of),
        "lonely_strata": int((outcome.design.sizes == 1).sum()),
        "uneven_households": units.uneven,
        "date": spec.survey.date.isoformat() if spec.survey.date else None,
        "sum_of_base_weights": float(outcome.base_weights.sum()),
        "sum_of_weights": float(outcome.weights.sum()) if outcome.calibration else None,
    }


def _method(outcome: Outcome) -> dict[str, Any]:
    low, high = outcome.distance.lower, outcome.distance.upper
    return {
        "distance": outcome.distance.name,
        "bounds": [low if math.isfinite(low) else None, high if math.isfinite(high) else None],
        "household": outcome.spec.method.household,
        "minimum": outcome.spec.method.minimum,
    }


def _benchmarks(outcome: Outcome) -> list[dict[str, Any]]:
    found = outcome.calibration
    rows = []
    for place, one in enumerate(outcome.benchmarks):
        after = None if found is None else one.total + float(found.misfit[place])
        rows.append(
            {
                "benchmark": one.block,
                "label": one.label,
                "cell": {name: list(codes) for name, codes in one.cell.items()},
                "interviews": int(outcome.counts[place]),
                "total": one.total,
                "standard_error": one.standard_error,
                "soft": one.soft,
                **one.record,
                "before": float(outcome.before[place]),
                "before_error": float(outcome.before_errors[place]),
                "after": after,
                "difference_before": _relative(float(outcome.before[place]), one.total),
                "difference_after": None if after is None else _relative(after, one.total),
                "dropped": found is not None and place in found.dropped,
                "in_conflict": place in outcome.conflict,
            }
        )
    return rows


def _relative(value: float, total: float) -> float | None:
    return value / total - 1 if total else None


def _conflict(outcome: Outcome) -> list[dict[str, Any]] | None:
    if not outcome.conflict:
        return None
    return [
        {
            "benchmark": outcome.benchmarks[place].block,
            "label": outcome.benchmarks[place].label,
            "total": outcome.benchmarks[place].total,
            "least": low if math.isfinite(low) else None,
            "greatest": high if math.isfinite(high) else None,
        }
        for place, (low, high) in zip(outcome.conflict, outcome.attainable, strict=True)
    ]


def _ratios(outcome: Outcome) -> dict[str, Any]:
    base, weights = outcome.base_weights, outcome.weights
    ratio = weights[base > 0] / base[base > 0]
    low, high = outcome.distance.lower, outcome.distance.upper
    counts, edges = np.histogram(ratio, bins=_bins(ratio, low, high))
    return {
        **{name: float(np.percentile(ratio, at)) for name, at in QUANTILES.items()},
        "at_lower": int((ratio <= low + AT_BOUND).sum()),
        "at_upper": int((ratio >= high - AT_BOUND).sum()),
        "negative": int((ratio < 0).sum()),
        "histogram": {"edges": edges.tolist(), "people": counts.tolist()},
    }


def _bins(ratio: Floats, lower: float, upper: float) -> Any:
    """Return the edges of bins from bound to bound, or from end to end where there is none."""
    low = lower if math.isfinite(lower) else float(ratio.min())
    high = upper if math.isfinite(upper) else float(ratio.max())
    if high - low < 1e-9:
        low, high = low - 0.05, high + 0.05
    return np.linspace(low, high, BINS + 1)


def _replicates(outcome: Outcome) -> dict[str, Any] | None:
    asked, made = outcome.spec.replicates, outcome.replicates
    if asked is None or made is None:
        return None
    return {
        "method": asked.method,
        "number": len(made.scale),
        "centre": made.centre,
        "scale": made.scale.tolist(),
        "relaxed": outcome.relaxed,
        "drawn": sum(one.standard_error > 0 for one in outcome.benchmarks),
    }
