"""Rounding, cell keys and suppression by themselves."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from register.errors import DisclosureError
from register.release import rounding
from register.release.audit import interval, recovered
from register.release.cellkey import perturb, transition
from register.release.rounding import round_block, round_universe
from register.release.suppression import known_bounds
from register.release.universe import Universe

NEVER = np.nan


def two_way(table: np.ndarray) -> tuple[np.ndarray, csr_array]:
    """A table with its margins in one row, and the sums that tie them."""
    full = np.zeros((table.shape[0] + 1, table.shape[1] + 1))
    full[:-1, :-1] = table
    full[-1, :-1], full[:-1, -1], full[-1, -1] = table.sum(0), table.sum(1), table.sum()
    number = np.arange(full.size).reshape(full.shape)
    lines = []
    for column in range(full.shape[1]):
        line = np.zeros(full.size)
        line[number[:-1, column]], line[number[-1, column]] = 1, -1
        lines.append(line)
    for row in range(table.shape[0]):
        line = np.zeros(full.size)
        line[number[row, :-1]], line[number[row, -1]] = 1, -1
        lines.append(line)
    return full.ravel(), csr_array(np.array(lines))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=5),
    st.sampled_from([3, 5]),
)
def test_rounded_tables_add_up_and_stay_near(table: list[list[int]], base: int) -> None:
    values, matrix = two_way(np.array(table, float))
    rounded = round_block(values, matrix, base, np.full(len(values), NEVER))
    assert not (rounded % base).any()
    assert not (matrix @ rounded).any()
    assert (np.abs(rounded - values) < base).all()


def test_what_is_a_multiple_stays() -> None:
    values, matrix = two_way(np.array([[3.0, 6.0], [9.0, 0.0]]))
    assert (round_block(values, matrix, 3, np.full(9, NEVER)) == values).all()


def test_a_figure_published_before_keeps_its_value() -> None:
    values, matrix = two_way(np.array([[4.0, 7.0], [8.0, 2.0]]))
    for first in (3.0, 6.0):
        kept = np.full(9, NEVER)
        kept[0] = first
        rounded = round_block(values, matrix, 3, kept)
        assert rounded[0] == first
        assert not (matrix @ rounded).any()


def test_sums_that_cannot_hold_are_refused() -> None:
    values, matrix = two_way(np.array([[4.0, 7.0], [8.0, 2.0]]))
    kept = np.array([300.0, NEVER, 3.0, *[NEVER] * 6])
    kept[1] = 9.0
    with pytest.raises(DisclosureError, match="no rounding"):
        round_block(values, matrix, 3, kept)


@pytest.mark.parametrize("reach", [3, 5])
@pytest.mark.parametrize("value", [1, 2, 3, 4, 7, 30])
def test_noise_has_mean_zero_and_leaves_no_small_count(value: int, reach: int) -> None:
    steps, cumulated = transition(value, reach)
    chance = np.diff(cumulated, prepend=0)
    assert chance @ steps == pytest.approx(0, abs=1e-9)
    assert cumulated[-1] == pytest.approx(1)
    assert np.abs(steps).max() <= reach
    assert all(value + step == 0 or value + step >= reach for step in steps)


def test_noise_depends_on_the_key_alone() -> None:
    draw = np.random.default_rng(5)
    key = draw.integers(0, 2**60, 20_000)
    count = np.full(20_000, 40.0)
    none = np.zeros(20_000, np.int64)
    first = perturb(count, key, 3, none)
    assert (first == perturb(count, key, 3, none)).all()
    assert first.mean() == pytest.approx(40, abs=0.05)
    assert (first != perturb(count, key, 3, none + 1)).mean() > 0.5
    assert (perturb(np.zeros(20_000), key, 3, none) == 0).all()


def test_the_auditor_computes_a_withheld_cell_from_its_margins() -> None:
    values, matrix = two_way(np.array([[3.0, 20.0], [30.0, 40.0]]))
    hidden = np.zeros(9, bool)
    hidden[0] = True
    low, high = known_bounds(values, hidden, np.ones(9, bool))
    assert interval(0, low, high, matrix) == (3.0, 3.0)
    assert recovered(low, high, matrix, np.array([0]), 4.0).tolist() == [0]


def test_the_auditor_is_content_with_four_withheld_cells() -> None:
    values, matrix = two_way(np.array([[3.0, 20.0], [30.0, 40.0]]))
    hidden = np.zeros(9, bool)
    hidden[[0, 1, 3, 4]] = True
    low, high = known_bounds(values, hidden, np.ones(9, bool))
    assert interval(0, low, high, matrix) == (0.0, 23.0)
    assert not len(recovered(low, high, matrix, np.array([0]), 4.0))


def test_a_withheld_figure_that_no_sum_bounds_is_safe() -> None:
    """A total and one part withheld together: they may be as large as one likes, and no attacker ends the search."""
    values, matrix = np.array([3.0, 20.0, 23.0]), csr_array(np.array([[1.0, 1.0, -1.0]]))
    low, high = known_bounds(values, np.array([True, False, True]), np.ones(3, bool))
    assert not len(recovered(low, high, matrix, np.array([0, 2]), 4.0))
    least, most = interval(0, low, high, matrix)
    assert least == 0.0
    assert most >= 10_000


def test_tables_that_share_figures_are_rounded_together() -> None:
    """Four parts of one person each are shown in tables of their own, where each could go to 0; so is their sum, 4.

    Rounded table after table, all five are fixed before the table that adds them up is reached.
    """
    figure = pl.DataFrame({"estimate": [1.0, 1.0, 1.0, 1.0, 4.0], "n": [1, 1, 1, 1, 4]})
    sums = pl.DataFrame({"sum": [0] * 4, "parent": [4] * 4, "child": range(4), "table": ["all"] * 4})
    rows = {f"T{number}": np.array([number]) for number in range(5)} | {"all": np.arange(5)}
    rounded = round_universe(Universe(figure, sums, rows), list(rows), 3, np.full(5, NEVER))
    assert rounded[:4].sum() == rounded[4]
    assert rounded[4] in (3, 6)
    assert set(rounded[:4]) <= {0, 3}


def test_what_is_too_much_at_once_is_rounded_table_by_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure that two tables share keeps in the second what the first shows."""

    def refused(*given: object) -> np.ndarray:
        if len(given) < 5:
            raise DisclosureError("no_rounding", base=3, count=1)
        return round_block(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(rounding, "round_block", refused)
    figure = pl.DataFrame(
        {"estimate": [4.0, 4.0, 8.0, 5.0, 3.0], "n": [4, 4, 8, 5, 3]},
        schema={"estimate": pl.Float64, "n": pl.Int64},
    )
    # One table divides 8 into 4 and 4, another into 5 and 3.
    sums = pl.DataFrame(
        {"table": ["A", "A", "B", "B"], "sum": [0, 0, 1, 1], "parent": [2, 2, 2, 2], "child": [0, 1, 3, 4]}
    )
    rows = {"A": np.array([0, 1, 2]), "B": np.array([2, 3, 4])}
    rounded = round_universe(Universe(figure, sums, rows), ["A", "B"], 3, np.full(5, NEVER))
    assert not (rounded % 3).any()
    assert rounded[0] + rounded[1] == rounded[2] == rounded[3] + rounded[4]
    assert rounded[2] in (6, 9)


def test_a_figure_of_another_base_is_rounded_anew() -> None:
    values, matrix = two_way(np.array([[4.0, 7.0], [8.0, 2.0]]))
    kept = np.full(9, NEVER)
    kept[0] = 5.0
    assert not (round_block(values, matrix, 3, kept) % 3).any()
