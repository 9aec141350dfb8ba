"""Whatever the sample: benchmarks are met or a smallest conflict is named, bounds hold, and presentation is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from register.calibrate import ConflictError, calibrate

BOUNDED = {"truncated": (0.4, 2.5), "logit": (0.4, 2.5)}
DISTANCES = {**BOUNDED, "linear": None, "raking": None}


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Units in the margins of one to three classifications, now and then with a quantity; base weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(8, 60))
    columns = []
    for levels in draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)):
        codes = rng.integers(0, levels, n)
        columns += [(codes == level).astype(float) for level in range(levels)]
    if draw(st.booleans()):
        columns.append(rng.lognormal(5, 1, n))
    return np.column_stack(columns), rng.lognormal(4, 0.5, n)


def reachable(x: np.ndarray, d: np.ndarray, seed: int) -> np.ndarray:
    """Return totals that some weights within 0.5 and 2 times base give."""
    return x.T @ (d * np.random.default_rng(seed).uniform(0.5, 2, len(d)))


def is_feasible(x: np.ndarray, d: np.ndarray, totals: np.ndarray, bounds: tuple[float, float] | None) -> bool:
    """Say by a linear programme whether weights within bounds give totals (None: above zero)."""
    scale = np.maximum(abs(totals), x.T @ d)
    low, high = bounds or (1e-6, None)
    found = linprog(
        np.zeros(len(d)), A_eq=(x * d[:, None]).T / scale[:, None], b_eq=totals / scale, bounds=(low, high)
    )
    return found.status == 0


@given(samples(), st.integers(0, 10**6), st.sampled_from(list(DISTANCES)))
@settings(max_examples=60, deadline=None)
def test_what_can_be_met_is_met_within_bounds(
    sample: tuple[np.ndarray, np.ndarray], seed: int, distance: str
) -> None:
    x, d = sample
    totals = reachable(x, d, seed)
    found = calibrate(x, d, totals, distance=distance, bounds=DISTANCES[distance])
    assert x.T @ found.weights == pytest.approx(totals, rel=1e-7, abs=1e-7 * d.sum())
    assert found.rank == np.linalg.matrix_rank(x * np.sqrt(d)[:, None])
    assert found.rank + len(found.dropped) == x.shape[1]
    if distance in BOUNDED:
        low, high = BOUNDED[distance]
        assert found.ratios.min() >= low
        assert found.ratios.max() <= high
    if distance == "raking":
        assert found.ratios.min() > 0


@given(
    samples(),
    st.integers(0, 10**6),
    st.sampled_from(list(BOUNDED)),
    st.lists(st.sampled_from([0.3, 0.7, 1.0, 1.5, 3.0]), min_size=12, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_benchmarks_are_met_or_a_smallest_conflict_is_named(
    sample: tuple[np.ndarray, np.ndarray], seed: int, distance: str, factors: list[float]
) -> None:
    x, d = sample
    totals = reachable(x, d, seed) * np.resize(factors, x.shape[1])
    bounds = BOUNDED[distance]
    try:
        found = calibrate(x, d, totals, distance=distance, bounds=bounds)
    except ConflictError as error:
        members = list(error.members)
        assert not is_feasible(x[:, members], d, totals[members], bounds)
        for place in members:
            rest = [other for other in members if other != place]
            assert not rest or is_feasible(x[:, rest], d, totals[rest], bounds), (
                "the set named is not smallest"
            )
    else:
        assert x.T @ found.weights == pytest.approx(totals, rel=1e-7, abs=1e-7 * d.sum())
        assert found.ratios.min() >= bounds[0]
        assert found.ratios.max() <= bounds[1]


@given(samples(), st.integers(0, 10**6), st.sampled_from(list(DISTANCES)), st.booleans())
@settings(max_examples=60, deadline=None)
def test_scale_and_order_of_rows_and_columns_change_nothing(
    sample: tuple[np.ndarray, np.ndarray], seed: int, distance: str, is_soft: bool
) -> None:
    x, d = sample
    totals = reachable(x, d, seed)
    rng = np.random.default_rng(seed)
    cost = 1 / (0.1 * (totals + 1)) ** 2 if is_soft else np.full(len(totals), np.inf)
    bounds = DISTANCES[distance]
    plain = calibrate(x, d, totals, distance=distance, bounds=bounds, cost=cost).weights
    unit = 10.0 ** rng.uniform(-4, 6, x.shape[1])
    scaled = calibrate(
        x * unit, d, totals * unit, distance=distance, bounds=bounds, cost=cost / unit**2
    ).weights
    assert scaled == pytest.approx(plain, rel=1e-6)
    rows, columns = rng.permutation(len(d)), rng.permutation(x.shape[1])
    moved = calibrate(
        x[np.ix_(rows, columns)],
        d[rows],
        totals[columns],
        distance=distance,
        bounds=bounds,
        cost=cost[columns],
    ).weights
    assert moved == pytest.approx(plain[rows], rel=1e-6)
    larger = calibrate(x, d * 1000, totals * 1000, distance=distance, bounds=bounds, cost=cost / 1000)
    assert larger.weights == pytest.approx(plain * 1000, rel=1e-6)


@given(samples(), st.sampled_from(list(DISTANCES)))
@settings(max_examples=40, deadline=None)
def test_without_need_no_weight_changes(sample: tuple[np.ndarray, np.ndarray], distance: str) -> None:
    x, d = sample
    found = calibrate(x, d, x.T @ d, distance=distance, bounds=DISTANCES[distance])
    assert found.weights == pytest.approx(d, rel=1e-10)


@given(samples(), st.integers(0, 10**6), st.sampled_from(list(DISTANCES)))
@settings(max_examples=40, deadline=None)
def test_a_soft_benchmark_ends_between_survey_and_total(
    sample: tuple[np.ndarray, np.ndarray], seed: int, distance: str
) -> None:
    """Alone, a soft total moves the survey towards itself and not beyond; the dearer a miss, the nearer."""
    x, d = sample
    x = x[:, :1]
    before, total = float(x[:, 0] @ d), float(reachable(x, d, seed)[0])
    assume(abs(before - total) > 1e-3 * before and before > 0)
    ends = [
        float(
            x[:, 0]
            @ calibrate(x, d, [total], distance=distance, bounds=DISTANCES[distance], cost=[cost]).weights
        )
        for cost in (1e-9, 1 / total, 1e9)
    ]
    nearer = [abs(end - total) for end in (before, *ends)]
    assert nearer == sorted(nearer, reverse=True)
    assert all(min(before, total) - 1e-6 * total <= end <= max(before, total) + 1e-6 * total for end in ends)
