"""The dual-system estimate, by its published checks."""

from __future__ import annotations

import pytest

from register.errors import UsageError
from register.estimate.coverage import dual_system


def test_two_lists_of_four_hundred_that_share_forty_are_of_four_thousand() -> None:
    found = dual_system(400, 400, 40)
    assert found.people == pytest.approx(4000)
    assert (round(found.low), round(found.high)) == (3125, 5557)


def test_errors_of_linkage_are_taken_out() -> None:
    assert dual_system(1000, 900, 717.5, sensitivity=0.95, false_links=0.02).people == pytest.approx(
        1200.0, abs=0.05
    )
    assert dual_system(1000, 900, 717.5).people == pytest.approx(1254.4, abs=0.05)


def test_lists_that_hold_everybody_leave_nobody() -> None:
    found = dual_system(500, 500, 500)
    assert found.people == 500
    assert found.low == 500
    # The correction for continuity: half a person may be missed.
    assert found.high == pytest.approx(500.5, abs=0.01)


@pytest.mark.parametrize(
    ("matched", "sensitivity", "false_links"), [(0, 1, 0), (401, 1, 0), (40, 0.5, 0.6), (3, 1, 0.02)]
)
def test_what_cannot_be_is_refused(matched: float, sensitivity: float, false_links: float) -> None:
    with pytest.raises(UsageError):
        dual_system(400, 400, matched, sensitivity=sensitivity, false_links=false_links)
