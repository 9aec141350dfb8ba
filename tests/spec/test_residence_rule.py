"""What the residence rule says, case by case. (V = 365 of W = 487 days unless a case says otherwise.)"""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from register.errors import DeclarationError
from register.rules.classify import classify
from register.rules.residence import PRESETS, Rule

DAY_0 = dt.date(2010, 1, 1)
LONG_AFTER = 5_000


def rule(
    *crossings: str, resident: int, until: int = LONG_AFTER, threshold: int = 365, window: int = 487
) -> list[dict[str, Any]]:
    """Rule on one person's crossings, written like ``"D 0"``: direction and day; days until the last one observed.

    The days of the answer count from day 0 too.
    """
    frame = pl.DataFrame(
        {
            "person_id": ["p"] * len(crossings),
            "date": [DAY_0 + dt.timedelta(int(crossing[2:])) for crossing in crossings],
            "direction": ["arrival" if crossing[0] == "A" else "departure" for crossing in crossings],
            "initial_status": [resident] * len(crossings),
        }
    )
    ruled = classify(
        frame, threshold=threshold, window=window, observed_until=DAY_0 + dt.timedelta(until)
    ).to_dicts()
    for row in ruled:
        row["final_day"] = (row["finalised_on"] - DAY_0).days if row["finalised_on"] else None
    return ruled


def migrations(*crossings: str, resident: int, **options: int) -> list[bool | None]:
    """Say of each crossing whether it was a migration (None: not known yet)."""
    return [row["is_migration"] for row in rule(*crossings, resident=resident, **options)]


class TestWhoMigrates:
    def test_a_resident_who_stays_away_a_year_has_left_with_the_departure(self) -> None:
        assert migrations("D 0", resident=1) == [True]

    def test_a_non_resident_who_stays_a_year_has_come_with_the_arrival(self) -> None:
        assert migrations("A 0", resident=0) == [True]

    def test_a_resident_who_arrives_and_a_non_resident_who_departs_change_nothing(self) -> None:
        assert migrations("A 0", resident=1) == [False]
        assert migrations("D 0", resident=0) == [False]

    def test_an_absence_of_364_days_is_no_emigration_and_one_of_365_is(self) -> None:
        assert migrations("D 0", "A 364", resident=1) == [False, False]
        assert migrations("D 0", "A 365", resident=1) == [True, True]

    def test_122_contrary_days_still_make_a_migrant_and_123_do_not(self) -> None:
        assert migrations("D 0", "A 100", "D 222", resident=1) == [True, False, False]
        assert migrations("D 0", "A 100", "D 223", resident=1) == [False, False, True]

    def test_the_days_need_not_be_in_one_piece(self) -> None:
        assert migrations("A 0", "D 150", "A 180", "D 330", "A 360", "D 425", resident=0)[0] is True

    def test_the_migration_is_the_first_crossing_whose_window_succeeds(self) -> None:
        assert migrations("D 0", "A 10", "D 70", resident=1) == [True, False, False]

    def test_who_alternates_60_days_in_and_60_out_keeps_the_first_status_for_ever(self) -> None:
        journeys = [f"{'DA'[turn % 2]} {60 * turn}" for turn in range(40)]
        for resident in (0, 1):
            ruled = rule(*journeys, resident=resident, until=40 * 60)
            assert {row["status_before"] for row in ruled} <= {resident, None}
            assert all(row["is_migration"] is False for row in ruled[:30])

    def test_a_return_after_a_migration_is_judged_from_the_new_status(self) -> None:
        assert migrations("A 0", "D 400", "A 800", resident=0) == [True, True, True]


class TestDays:
    def test_in_and_out_on_one_day_is_no_day_at_all(self) -> None:
        assert migrations("A 0", "D 0", resident=0) == [False, False]
        assert rule("A 0", "D 0", resident=0)[0]["final_day"] == 122

    @pytest.mark.parametrize(
        ("left", "returned", "emigrated"),
        [("2019-03-01", "2020-02-29", True), ("2020-03-01", "2021-02-28", False)],
        ids=["365 days, into a leap year", "364 days, out of one"],
    )
    def test_a_year_is_365_days_whatever_the_calendar(
        self, left: str, returned: str, emigrated: bool
    ) -> None:
        frame = pl.DataFrame(
            {"person_id": [1, 1], "date": [left, returned], "direction": ["departure", "arrival"]}
        )
        ruled = classify(frame, observed_until=dt.date(2024, 12, 31))
        assert ruled["is_migration"][0] is emigrated

    def test_a_missing_leg_lies_half_way(self) -> None:
        """Arrivals on days 0 and 800: gone from day 400 on, so that the first stay lasts; to day 364, it does not."""
        assert migrations("A 0", "A 800", resident=0) == [True, False]
        assert migrations("A 0", "A 728", resident=0) == [False, True]

    def test_a_time_of_day_orders_the_crossings_of_a_day(self) -> None:
        frame = pl.DataFrame(
            {
                "person_id": ["p", "p"],
                "date": ["2020-01-01 18:00", "2020-01-01 06:00"],
                "direction": ["arrival", "departure"],
            }
        )
        ruled = classify(frame, observed_until=dt.date(2023, 12, 31))
        assert ruled["is_migration"].to_list() == [False, False]
        assert ruled["status_before"].to_list() == [1, 1]

    def test_without_hours_a_day_continues_from_the_side_the_person_was_on(self) -> None:
        frame = pl.DataFrame(
            {
                "person_id": ["p"] * 3,
                "date": ["2020-01-01", "2020-02-01", "2020-02-01"],
                "direction": ["departure", "departure", "arrival"],
            }
        )
        ruled = classify(frame, observed_until=dt.date(2023, 12, 31))
        # Back and off again on one day: away for good from the first departure.
        assert ruled["is_migration"].to_list() == [True, False, False]

    def test_a_crossing_keyed_twice_beside_its_return_counts_once(self) -> None:
        """Out and back on day 50, the departure twice: the next departure tells that the person was in."""
        journeys = ("A 0", "D 50", "A 50", "D 400")
        once, twice = rule(*journeys, resident=0), rule(*journeys, "D 50", resident=0)
        assert [row["is_migration"] for row in once] == [True, False, False, True]
        assert twice[:4] == once
        assert twice[4]["is_migration"] is False

    def test_out_and_back_twice_a_day_are_four_crossings(self) -> None:
        journeys = ("A 0", "D 50", "A 50", "D 50", "A 50", "D 400")
        mixed = ("A 0", "A 50", "A 50", "D 50", "D 50", "D 400")
        assert migrations(*journeys, resident=0) == [True, False, False, False, False, True]
        assert migrations(*mixed, resident=0) == [True, False, False, False, False, True]


class TestUnknown:
    def test_a_single_arrival_observed_for_364_days_is_unknown_and_for_365_a_migration(self) -> None:
        assert migrations("A 0", resident=0, until=363) == [None]
        assert migrations("A 0", resident=0, until=364) == [True]

    def test_a_refusal_is_known_with_the_first_contrary_day_too_many(self) -> None:
        assert migrations("D 0", "A 0", resident=1, until=121)[0] is None
        assert migrations("D 0", "A 0", resident=1, until=122)[0] is False

    def test_unknown_propagates_forward(self) -> None:
        ruled = rule("D 0", "A 250", "D 260", resident=1, until=300)
        assert [(row["status_before"], row["status_after"]) for row in ruled] == [
            (1, None),
            (None, None),
            (None, None),
        ]

    def test_one_certainty_survives_a_return_after_fewer_than_243_days(self) -> None:
        assert migrations("D 0", "A 242", resident=1, until=250) == [None, False]
        assert migrations("D 0", "A 243", resident=1, until=250) == [None, None]

    def test_the_days_of_that_certainty_add_up_over_several_journeys(self) -> None:
        assert migrations("D 0", "A 121", "D 122", "A 243", resident=1, until=243)[3] is False
        assert migrations("D 0", "A 121", "D 122", "A 244", resident=1, until=243)[3] is None

    def test_what_lies_after_the_cut_off_does_not_change_what_lies_before(self) -> None:
        assert migrations("A 0", "D 500", resident=0, until=400)[0] is True


class TestFinality:
    def test_a_migration_is_final_v_days_after_the_crossing_plus_the_contrary_days(self) -> None:
        assert rule("D 0", resident=1)[0]["final_day"] == 365
        assert rule("D 0", "A 10", "D 70", resident=1)[0]["final_day"] == 425

    def test_a_refusal_is_final_w_minus_v_days_after_it_plus_the_days_on_its_own_side(self) -> None:
        assert rule("D 0", "A 10", resident=1)[0]["final_day"] == 132

    def test_a_departure_ten_days_after_an_arrival_needs_no_wait(self) -> None:
        assert rule("A 0", "D 10", resident=0)[1]["final_day"] == 10

    def test_a_crossing_waits_for_the_status_before_it(self) -> None:
        """Away for 250 days: the return is no migration, but only when it is known that nothing ended before."""
        assert [row["final_day"] for row in rule("D 0", "A 250", resident=1)] == [372, 372]

    def test_no_verdict_is_final_after_the_cut_off(self) -> None:
        assert rule("D 0", "A 10", resident=1, until=131)[0]["final_day"] is None
        assert rule("D 0", "A 10", resident=1, until=132)[0]["final_day"] == 132

    def test_on_the_day_v_a_migration_is_known_and_becomes_final_on_the_next(self) -> None:
        known = rule("D 0", resident=1, until=364)[0]
        assert (known["is_migration"], known["final_day"]) == (True, None)
        assert rule("D 0", resident=1, until=365)[0]["final_day"] == 365


class TestInitialStatus:
    def test_it_is_by_default_the_side_that_the_first_crossing_leaves(self) -> None:
        frame = pl.DataFrame(
            {"person_id": ["in", "out"], "date": ["2020-01-01"] * 2, "direction": ["arrival", "departure"]}
        )
        assert classify(frame, observed_until=dt.date(2023, 1, 1))["status_before"].to_list() == [0, 1]

    def test_on_a_later_row_it_sets_the_status_anew(self) -> None:
        frame = pl.DataFrame(
            {
                "person_id": ["p"] * 2,
                "date": ["2020-01-01", "2020-02-01"],
                "direction": ["arrival", "departure"],
                "initial_status": [0, 1],
            }
        )
        ruled = classify(frame, observed_until=dt.date(2023, 1, 1))
        assert ruled["status_before"].to_list() == [0, 1]
        assert ruled["is_migration"].to_list() == [False, True]


class TestParameters:
    @pytest.mark.parametrize(
        ("name", "threshold", "window"),
        [("12-of-16", 365, 487), ("12-consecutive", 365, 365), ("9-of-12", 270, 365), ("6-of-12", 183, 365)],
    )
    def test_presets(self, name: str, threshold: int, window: int) -> None:
        assert PRESETS[name] == Rule(threshold, window, name) == Rule.preset(name)

    @pytest.mark.parametrize(("threshold", "window"), [(182, 365), (243, 487), (366, 365), (0, 0)])
    def test_a_threshold_that_leaves_the_status_ambiguous_is_refused(
        self, threshold: int, window: int
    ) -> None:
        with pytest.raises(DeclarationError) as refusal:
            Rule(threshold, window)
        assert refusal.value.key == "bad_rule"

    def test_an_unknown_preset_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(DeclarationError) as refusal:
            Rule.preset("12-of-17")
        assert refusal.value.values["suggestion"] == "12-of-16"

    def test_a_stricter_rule_sees_fewer_migrants(self) -> None:
        away_eight_months_twice = ("D 0", "A 240", "D 300")
        assert migrations(*away_eight_months_twice, resident=1, threshold=183, window=365)[0] is True
        assert migrations(*away_eight_months_twice, resident=1, threshold=365, window=365)[0] is False
