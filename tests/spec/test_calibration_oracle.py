"""Weights and standard errors are those of R's survey package 4.1-1, where it can do the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from register.calibrate import ConflictError, calibrate, calibrate_households
from register.calibrate.design import make_design
from register.calibrate.replicate import make_replicates
from register.calibrate.variance import Regression, linearised_errors
from tests.kit.calibration import api_columns, api_statistics
from tests.reference.calibration import household_weights, is_truncated_optimum, replicate_variance

EXACT = 1e-9
ASKED = {"linear": {}, "raking": {}, "logit": {"bounds": (0.5, 2)}}


@pytest.fixture(scope="module")
def api(shared: Path) -> pl.DataFrame:
    return pl.read_csv(shared / "oracles" / "calibration" / "apistrat_weights.csv")


@pytest.fixture(scope="module")
def totals(shared: Path) -> np.ndarray:
    return pl.read_csv(shared / "oracles" / "calibration" / "apistrat_totals.csv")["total"].to_numpy()


@pytest.fixture(scope="module")
def published(shared: Path) -> pl.DataFrame:
    return pl.read_csv(shared / "oracles" / "calibration" / "apistrat_estimates.csv")


@pytest.mark.parametrize("distance", ASKED)
def test_weights(api: pl.DataFrame, totals: np.ndarray, distance: str) -> None:
    found = calibrate(api_columns(api), api["pw"], totals, distance=distance, **ASKED[distance])
    assert found.weights == pytest.approx(api[f"w_{distance}"].to_numpy(), rel=EXACT)
    assert found.rank == 7
    assert found.dropped == ()


@pytest.mark.parametrize("design_name", ["base", "linear", "raking"])
def test_estimates_and_linearised_errors(
    api: pl.DataFrame, totals: np.ndarray, published: pl.DataFrame, design_name: str
) -> None:
    x, base = api_columns(api), api["pw"].to_numpy()
    design = make_design(len(api), api["stype"], None, api["fpc"])
    weights, regression = base, None
    if design_name != "base":
        weights = calibrate(x, base, totals, distance=design_name, **ASKED[design_name]).weights
        regression = Regression(sparse.csr_array(x), base, np.zeros(7), np.zeros(7))
    statistics = api_statistics(api)
    told = published.filter(pl.col("design") == design_name)
    assert [float(one.point(weights)) for one in statistics] == pytest.approx(
        told["est"].to_list(), rel=EXACT
    )
    errors = linearised_errors(statistics, weights, design, regression)
    assert errors == pytest.approx(told["se"].to_numpy(), rel=EXACT)


def test_replicates_of_a_total_give_the_linearised_error(api: pl.DataFrame, published: pl.DataFrame) -> None:
    """For a total the stratified jackknife is the formula itself: the published figure is met without calibration."""
    base = api["pw"].to_numpy()
    design = make_design(len(api), api["stype"], None, api["fpc"])
    replicates = make_replicates(design, "JKn")
    total = api_statistics(api)[0]
    weights = base[:, None] * replicates.factors[design.cluster]
    variance = replicates.variance(total.point(base)[None], total.point(weights)[:, None])
    told = published.filter((pl.col("design") == "base") & (pl.col("stat") == "total_enroll"))["se"][0]
    assert np.sqrt(variance)[0] == pytest.approx(told, rel=EXACT)


@pytest.mark.parametrize("method", ["JK1", "JKn"])
@pytest.mark.parametrize("distance", ["linear", "raking"])
def test_calibrated_jackknife_is_the_definition(
    api: pl.DataFrame, totals: np.ndarray, method: str, distance: str
) -> None:
    """R: as.svrepdesign(type=) then calibrate then svytotal, svymean: written out with dense loops."""
    x, base = api_columns(api), api["pw"].to_numpy()
    strata = api["stype"].to_numpy() if method == "JKn" else np.zeros(len(api), int)
    design = make_design(len(api), strata, np.arange(len(api)) // 2, None)
    replicates = make_replicates(design, method)
    weights = np.column_stack(
        [
            calibrate(x, base * factor[design.cluster], totals, distance=distance).weights
            for factor in replicates.factors.T
        ]
    )
    values = np.array([one.point(weights) for one in api_statistics(api)]).T
    expected = replicate_variance(
        x, base, totals, strata, np.arange(len(api)) // 2, distance, api["enroll"].to_numpy()
    )
    assert replicates.variance(np.zeros(5), values)[0] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("bounds", [(0.86, 1.2), (0.865, 1.19)])
def test_bounded_linear_is_the_truncated_quadratic(
    api: pl.DataFrame, totals: np.ndarray, bounds: tuple[float, float]
) -> None:
    x, base = api_columns(api), api["pw"].to_numpy()
    found = calibrate(x, base, totals, distance="linear", bounds=bounds)
    assert found.weights == pytest.approx(
        calibrate(x, base, totals, distance="truncated", bounds=bounds).weights
    )
    assert (found.ratios == bounds[0]).any() or (found.ratios == bounds[1]).any()
    assert is_truncated_optimum(x / abs(x).max(axis=0), found.ratios, bounds)
    assert (found.ratios >= bounds[0]).all()
    assert (found.ratios <= bounds[1]).all()
    assert abs(found.misfit).max() < 1e-6


@pytest.mark.parametrize("distance", ["linear", "raking"])
def test_one_weight_a_household_is_aggregate_stage(
    api: pl.DataFrame, totals: np.ndarray, distance: str
) -> None:
    """R: calibrate(aggregate.stage = 1), on clusters of three schools of one type."""
    api = api.sort("stype", maintain_order=True)
    x, base = api_columns(api), api["pw"].to_numpy()
    household = (
        pl.DataFrame({"t": api["stype"], "n": np.arange(len(api)) // 3})
        .select(pl.struct("t", "n").rank("dense"))
        .to_series()
        .to_numpy()
        - 1
    )
    weights = calibrate_households(x, base, totals, household, distance=distance).weights
    assert weights == pytest.approx(household_weights(x, base, totals, household, distance), rel=1e-8)
    assert x.T @ weights == pytest.approx(totals, rel=EXACT)
    for one in range(household.max() + 1):
        assert len(set(np.round(weights[household == one], 9))) == 1


def test_a_collinear_benchmark_changes_nothing(api: pl.DataFrame, totals: np.ndarray) -> None:
    x, base = api_columns(api), api["pw"].to_numpy()
    elementary = x[:, 0] - x[:, 1] - x[:, 2]
    wide = np.column_stack([x, elementary])
    found = calibrate(wide, base, np.r_[totals, totals[0] - totals[1] - totals[2]], distance="linear")
    assert found.weights == pytest.approx(api["w_linear"].to_numpy(), rel=EXACT)
    assert found.rank == 7
    assert found.dropped == (7,)


def test_collinear_benchmarks_that_disagree_are_named(api: pl.DataFrame, totals: np.ndarray) -> None:
    x, base = api_columns(api), api["pw"].to_numpy()
    wide = np.column_stack([x, x[:, 0] - x[:, 1] - x[:, 2]])
    with pytest.raises(ConflictError) as caught:
        calibrate(wide, base, np.r_[totals, 5000], distance="raking")
    assert caught.value.members == (0, 1, 2, 7)


@pytest.mark.parametrize("distance", ["truncated", "logit"])
def test_the_benchmark_out_of_reach_is_named(api: pl.DataFrame, totals: np.ndarray, distance: str) -> None:
    """Of the 755 schools of type H 393 are wide under base weights: 900 are more than twice as many."""
    wrong = totals.copy()
    wrong[5] = 900
    with pytest.raises(ConflictError) as caught:
        calibrate(api_columns(api), api["pw"], wrong, distance=distance, bounds=(0.5, 2))
    assert caught.value.members == (5,)
    assert caught.value.attainable[0] == pytest.approx((0.5 * 392.6, 2 * 392.6), rel=1e-4)
