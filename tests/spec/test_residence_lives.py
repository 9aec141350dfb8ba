"""From linked records to stays, migrations, flows and stocks: what becomes of the untidy parts of lives.

The series runs from 2018 to the end of 2024 in Colombia. Persons are foreigners born abroad unless said otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from register.rules.residence import EVENTS, STAYS, Parameters, Rule, create_tables

CODELISTS = Path(__file__).parents[2] / "schemas" / "codelists"
FIRST, LAST = dt.date(2018, 1, 1), dt.date(2024, 12, 31)


class Office:
    """The linked records of a few persons, and the tables that the rule makes of them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.n_record = 0
        connection.execute(
            """
            create table person (person_id varchar, sex varchar, birth_date date, citizenship_code varchar,
                birth_country_code varchar, death_date date, birth_in_country boolean);
            create table crossing (record_id varchar, crossed_at timestamp, direction varchar,
                border_post_code varchar, transport_mode varchar, counterpart_country_code varchar,
                purpose_code varchar, traveller_class_code varchar);
            create table visa (record_id varchar, visa_class_code varchar, issued_on date, expires_on date);
            create table permit (record_id varchar, permit_class_code varchar, issued_on date, expires_on date,
                department_code varchar);
            create table birth (record_id varchar, born_on date);
            create table marriage (record_id varchar, married_on date);
            create table mention (record_id varchar, role varchar, identity_id varchar);
            create table membership (identity_id varchar, person_id varchar);
            """
        )
        for codelist in ("traveller_class", "permit_class", "visa_class", "age_group"):
            connection.execute(
                f"create view {codelist} as select * from read_csv('{CODELISTS / codelist}.csv', all_varchar = true)"
            )

    def person(
        self,
        person: str = "p",
        *,
        citizenship: str = "VEN",
        born: str = "1990-05-17",
        born_in: str = "VEN",
        died: str | None = None,
        is_native: bool = False,
    ) -> None:
        self.connection.execute(
            "insert into person values (?, '2', ?, ?, ?, ?, ?)",
            [person, born, citizenship, born_in, died, is_native],
        )
        self.connection.execute("insert into membership values (?, ?)", [f"i-{person}", person])

    def record(self, table: str, values: list[Any], role: str = "self", person: str = "p") -> None:
        self.n_record += 1
        record = f"r{self.n_record:03}"
        marks = ", ".join("?" * (len(values) + 1))
        self.connection.execute(f"insert into {table} values ({marks})", [record, *values])
        self.connection.execute("insert into mention values (?, ?, ?)", [record, role, f"i-{person}"])

    def crosses(
        self, when: str, direction: str, *, person: str = "p", post: str = "COL-BOG", who: str = "ordinary"
    ) -> None:
        where = {"A": "arrival", "D": "departure"}[direction]
        moment = when if ":" in when else f"{when} 12:00"
        self.record("crossing", [moment, where, post, "air", "VEN", "tourism", who], person=person)

    def permit(self, issued: str, expires: str, *, person: str = "p") -> None:
        self.record("permit", ["CE", issued, expires, "11"], person=person)

    def build(self, missing_leg: str = "midpoint", seed: int = 1, until: dt.date = LAST) -> None:
        parameters = Parameters(Rule.preset("12-of-16"), FIRST, until, "COL", missing_leg, seed)
        create_tables(self.connection, (*STAYS, *EVENTS), parameters)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def legs(self) -> list[str]:
        """Return the movements in scope: ``A 2020-01-01``, with how it was imputed."""
        return [
            " ".join(part for part in row if part)
            for row in self.rows(
                "select case direction when 'arrival' then 'A' else 'D' end, movement_date::varchar, imputation "
                "from movement where is_in_scope order by person_id, seq"
            )
        ]

    def events(self) -> list[tuple[str, str, str]]:
        return self.rows("select direction, event_date::varchar, status from event order by event_date")


@pytest.fixture
def office() -> Iterator[Office]:
    with duckdb.connect() as connection:
        yield Office(connection)


class TestCrossings:
    def test_a_crossing_keyed_twice_counts_once(self, office: Office) -> None:
        office.person()
        office.crosses("2020-01-01 10:00", "A")
        office.crosses("2020-01-01 10:05", "A")
        office.build()
        assert office.legs() == ["A 2020-01-01"]
        assert office.rows("select fate, count(*) from passage group by 1 order by 1") == [
            ("duplicate", 1),
            (None, 1),
        ]

    def test_at_another_post_or_after_a_day_it_is_no_duplicate(self, office: Office) -> None:
        office.person()
        office.crosses("2020-01-01 10:00", "A")
        office.crosses("2020-01-01 14:00", "A", post="COL-CUC")
        office.crosses("2020-01-02 15:00", "A", post="COL-CUC")
        office.build()
        assert len([leg for leg in office.legs() if "midpoint" not in leg]) == 3

    def test_in_out_and_in_again_within_a_day_are_three_crossings(self, office: Office) -> None:
        office.person()
        for hour, direction in (("08", "A"), ("12", "D"), ("20", "A")):
            office.crosses(f"2020-01-01 {hour}:00", direction)
        office.build()
        assert office.legs() == ["A 2020-01-01", "D 2020-01-01", "A 2020-01-01"]

    def test_without_hours_a_day_continues_from_the_side_the_person_was_on(self, office: Office) -> None:
        office.person()
        office.crosses("2020-01-01", "A")
        office.crosses("2020-03-01 00:00", "A", post="COL-CUC")
        office.crosses("2020-03-01 00:00", "D", post="COL-CUC")
        office.build()
        assert office.legs() == ["A 2020-01-01", "D 2020-03-01", "A 2020-03-01"]

    def test_two_passports_are_one_history(self, office: Office) -> None:
        office.person()
        office.connection.execute("insert into membership values ('i-second', 'p')")
        office.crosses("2020-01-01", "A")
        office.crosses("2020-02-01", "D", person="second")
        office.build()
        assert office.legs() == ["A 2020-01-01", "D 2020-02-01"]

    def test_crews_and_diplomats_are_kept_out_of_scope(self, office: Office) -> None:
        office.person()
        office.crosses("2020-01-01", "A", who="crew")
        office.build()
        assert office.rows("select direction, is_in_scope from movement") == [("arrival", False)]
        assert office.events() == []


class TestMissingLegs:
    @pytest.fixture
    def gap(self, office: Office) -> Office:
        """Arrivals on 1 January and 10 February 2020 (40 days), with a permit that ran out on 20 January."""
        office.person()
        office.crosses("2020-01-01", "A")
        office.crosses("2020-02-10", "A", post="COL-CUC")
        office.permit("2020-01-02", "2020-01-20")
        return office

    def test_midpoint(self, gap: Office) -> None:
        gap.build()
        assert gap.legs() == ["A 2020-01-01", "D 2020-01-21 midpoint", "A 2020-02-10"]

    def test_the_rate_of_imputed_legs_can_be_told_by_post(self, gap: Office) -> None:
        gap.build()
        assert gap.rows("select border_post_code from movement where is_imputed") == [("COL-CUC",)]

    def test_permit_expiry(self, gap: Office) -> None:
        gap.build("permit-expiry")
        assert gap.legs() == ["A 2020-01-01", "D 2020-01-20 permit_expiry", "A 2020-02-10"]

    def test_drop_person(self, gap: Office) -> None:
        gap.build("drop-person")
        assert gap.rows("select distinct is_in_scope from movement") == [(False,)]
        assert gap.events() == []

    def test_stochastic_draws_an_observed_stay_and_the_same_for_the_same_seed(self, gap: Office) -> None:
        for number, days in enumerate((3, 7, 30, 90)):
            gap.person(f"tourist-{number}")
            gap.crosses("2021-01-01", "A", person=f"tourist-{number}")
            left = dt.date(2021, 1, 1) + dt.timedelta(days)
            gap.crosses(str(left), "D", person=f"tourist-{number}")
        drawn = set()
        for seed in range(12):
            gap.build("stochastic", seed)
            once = gap.rows(
                "select movement_date - date '2020-01-01', imputation from movement where is_imputed"
            )
            gap.build("stochastic", seed)
            assert (
                gap.rows(
                    "select movement_date - date '2020-01-01', imputation from movement where is_imputed"
                )
                == once
            )
            drawn |= set(once)
        assert drawn == {(3, "stochastic"), (7, "stochastic"), (30, "stochastic")}

    def test_movements_in_scope_alternate(self, gap: Office) -> None:
        gap.crosses("2020-05-01", "D")
        gap.crosses("2020-06-01", "D", post="COL-CUC")
        gap.build()
        assert [leg[0] for leg in gap.legs()] == ["A", "D", "A", "D", "A", "D"]


class TestIrregularEntries:
    def test_a_permit_without_an_entry_is_one_on_its_day(self, office: Office) -> None:
        office.person()
        office.permit("2021-03-15", "2023-03-15")
        office.build()
        assert office.legs() == ["A 2021-03-15 permit"]
        assert office.events() == [("immigration", "2021-03-15", "final")]

    def test_so_are_a_marriage_and_the_birth_of_a_child_to_its_mother(self, office: Office) -> None:
        for person, table, role in (
            ("a", "marriage", "spouse_2"),
            ("b", "birth", "mother"),
            ("c", "birth", "father"),
        ):
            office.person(person)
            office.record(table, ["2021-03-15"], role, person)
        office.build()
        assert office.legs() == ["A 2021-03-15 marriage", "A 2021-03-15 birth"]

    def test_a_permit_after_an_entry_adds_nothing(self, office: Office) -> None:
        office.person()
        office.crosses("2021-01-01", "A")
        office.permit("2021-03-15", "2023-03-15")
        office.build()
        assert office.legs() == ["A 2021-01-01"]

    def test_an_act_while_abroad_is_a_return_that_nobody_recorded(self, office: Office) -> None:
        office.person(citizenship="COL", born_in="COL")
        office.crosses("2020-01-01", "D")
        office.record("marriage", ["2020-06-01"], "spouse_1")
        office.build()
        assert office.legs() == ["D 2020-01-01", "A 2020-06-01 marriage"]

    def test_a_national_at_home_needs_no_entry(self, office: Office) -> None:
        office.person(citizenship="COL", born_in="COL")
        office.record("marriage", ["2020-06-01"], "spouse_1")
        office.build()
        assert office.legs() == []

    def test_nor_does_who_was_there_before_the_series(self, office: Office) -> None:
        office.person()
        office.permit("2016-05-01", "2019-05-01")
        office.permit("2019-04-01", "2022-04-01")
        office.build()
        assert office.legs() == []
        assert office.rows("select status, evidence from initial_status") == [(1, "permit")]


class TestLivesAndDeaths:
    def test_a_birth_in_the_country_makes_a_resident_without_a_crossing(self, office: Office) -> None:
        office.person(born="2020-04-01", born_in="COL", is_native=True)
        office.build()
        assert office.rows("select from_date::varchar, to_date, is_present, from_evidence from stay") == [
            ("2020-04-01", None, True, "birth")
        ]
        assert office.events() == []

    def test_who_dies_abroad_within_the_year_has_not_emigrated(self, office: Office) -> None:
        office.person(citizenship="COL", born_in="COL", died="2021-03-01")
        office.crosses("2021-01-01", "D")
        office.build()
        assert office.rows(
            "select status_before, status_after, is_migration, finalised_on::varchar from verdict"
        ) == [(1, 1, False, "2021-03-01")]

    def test_a_death_ends_the_stay(self, office: Office) -> None:
        office.person(died="2021-03-01")
        office.crosses("2020-01-01", "A")
        office.build()
        assert office.rows("select to_date::varchar, to_evidence from stay order by from_date")[-1] == (
            "2021-03-01",
            "death",
        )

    def test_crossings_after_a_death_are_reported_and_do_not_count(self, office: Office) -> None:
        office.person(died="2021-03-01")
        office.crosses("2020-01-01", "A")
        office.crosses("2021-06-01", "D")
        office.build()
        assert office.legs() == ["A 2020-01-01"]
        assert office.rows("select rule, person_id from movement_conflict") == [("crossing_after_death", "p")]


class TestStays:
    def test_they_follow_each_other_without_gap_or_overlap(self, office: Office) -> None:
        office.person()
        for when, direction in (
            ("2019-01-01", "A"),
            ("2019-01-01", "D"),
            ("2020-01-01", "A"),
            ("2020-03-01", "D"),
        ):
            office.crosses(f"{when} {'08' if direction == 'A' else '18'}:00", direction)
        office.build()
        assert office.rows(
            "select from_date::varchar, to_date::varchar, is_present from stay order by 1"
        ) == [
            ("2018-01-01", "2019-01-01", False),
            ("2019-01-01", "2020-01-01", False),
            ("2020-01-01", "2020-03-01", True),
            ("2020-03-01", None, False),
        ]


class TestInitialStatus:
    def evidence(self, office: Office) -> list[tuple[Any, ...]]:
        office.build()
        return office.rows("select status, evidence from initial_status")

    def test_a_first_crossing_after_v_days_tells_it(self, office: Office) -> None:
        office.person()
        office.crosses("2019-01-01", "D")
        assert self.evidence(office) == [(1, "first_crossing")]

    def test_before_that_a_permit_in_force_does(self, office: Office) -> None:
        office.person()
        office.permit("2017-06-01", "2020-06-01")
        office.crosses("2018-12-31", "A")
        assert self.evidence(office) == [(1, "permit")]

    def test_or_a_visa_that_is_older_than_the_series(self, office: Office) -> None:
        office.person()
        office.record("visa", ["M", "2017-06-01", "2020-06-01"])
        office.crosses("2018-02-01", "A")
        assert self.evidence(office) == [(1, "permit")]

    def test_a_visa_issued_within_the_series_announces_a_migration(self, office: Office) -> None:
        office.person()
        office.record("visa", ["M", "2018-01-20", "2020-06-01"])
        office.crosses("2018-02-01", "A")
        assert self.evidence(office) == [(0, "citizenship")]

    def test_or_citizenship(self, office: Office) -> None:
        office.person(citizenship="COL")
        office.crosses("2018-02-01", "A")
        assert self.evidence(office) == [(1, "citizenship")]


class TestEvents:
    def test_attributes_are_those_at_the_date(self, office: Office) -> None:
        office.person()
        office.record("visa", ["V", "2019-12-01", "2020-03-01"])
        office.record("visa", ["M", "2020-06-01", "2023-06-01"])
        office.permit("2020-02-01", "2023-02-01")
        office.crosses("2020-01-10", "A")
        office.crosses("2022-01-10", "D")
        office.build()
        assert office.rows(
            "select direction, age, visa_class_code, department_code, length_of_stay_days, probability "
            "from event order by event_date"
        ) == [("immigration", 29, "V", "11", 731, 1.0), ("emigration", 31, "M", "11", 731, 1.0)]

    def test_an_open_crossing_is_provisional_with_a_probability(self, office: Office) -> None:
        office.person()
        office.crosses("2024-10-01", "A")
        office.build()
        [(status, probability, final)] = office.rows("select status, probability, finalised_on from event")
        assert (status, final) == ("provisional", None)
        assert 0 < probability < 1

    def test_an_identifier_stays_when_other_records_come(self, office: Office) -> None:
        office.person()
        office.crosses("2022-01-10", "A")
        office.build()
        [(event,)] = office.rows("select event_id from event")
        office.crosses("2018-03-01", "A")
        office.crosses("2018-03-10", "D")
        office.build()
        assert (event,) in office.rows("select event_id from event")


class TestExperience:
    """Open crossings are told by finished ones as these stood."""

    LOOKED = (
        "select seq, direction, band, days_with, days_against, is_lasting, is_settled, is_documented, is_lapsed, "
        "recent from landmark where "
    )

    def test_a_finished_crossing_is_looked_at_as_it_stood_on_that_day(self, office: Office) -> None:
        office.person()
        office.permit("2019-02-10", "2019-11-30")
        office.permit("2022-09-01", "2023-03-01")
        arrivals = ("2019-02-01", "2019-03-20", "2021-03-15", "2022-08-01", "2022-09-04")
        departures = ("2019-03-12", "2020-06-01", "2021-03-30", "2022-08-25")
        for way, days in (("A", arrivals), ("D", departures)):
            for day in days:
                office.crosses(day, way)
        office.build()
        finished = office.rows(self.LOOKED + "not is_open order by all")
        assert {one[1] for one in finished} == {"arrival", "departure"}
        for name in ("is_lasting", "is_settled", "is_documented", "is_lapsed"):
            assert len(office.rows(f"select distinct {name} from landmark where not is_open")) == 2
        crossed = dict(office.rows("select seq, movement_date from movement"))
        eves = [(crossed[one[0]] + dt.timedelta(days=one[3] + one[4] - 1), one) for one in finished]
        for eve, one in sorted(eves, reverse=True)[::5]:
            for table, known in (("crossing", "crossed_at::date"), ("permit", "issued_on")):
                office.rows(f"delete from {table} where {known} > date '{eve}'")
            office.build(until=eve)
            assert one in office.rows(self.LOOKED + "is_open"), eve

    def test_they_are_spread_over_the_days_of_a_month_as_open_ones_are(self, office: Office) -> None:
        for number in range(30):
            office.person(f"p{number}")
            day = dt.date(2020, 1, 1) + dt.timedelta(days=number)
            office.crosses(f"{day}", "A", person=f"p{number}")
        office.build()
        looked = office.rows(
            "select band, count(distinct days_with) from landmark where band < 12 group by band"
        )
        # On the day of the crossing itself nobody asks: there the first month is a day short.
        assert sorted(looked) == [(0, 29), *((band, 30) for band in range(1, 12))]


class TestImputedCrossings:
    """Imputation breaks finality: a verdict says whether the days it counts rest on an imputed crossing."""

    def flags(self, office: Office) -> list[tuple[str, bool]]:
        office.build()
        return office.rows("select movement_date::varchar, rests_on_imputed from verdict order by seq")

    def test_a_history_that_is_complete_rests_on_none(self, office: Office) -> None:
        office.person()
        office.crosses("2020-01-01", "A")
        office.crosses("2021-06-01", "D")
        assert [rests for _, rests in self.flags(office)] == [False, False]

    def test_every_verdict_whose_days_reach_the_gap_rests_on_it(self, office: Office) -> None:
        """The gap is between the arrivals of 2021 and 2022; the stay of 2018 ended long before."""
        office.person()
        for when, direction in (
            ("2018-03-01", "A"),
            ("2018-06-01", "D"),
            ("2021-01-01", "A"),
            ("2022-01-01", "A"),
        ):
            office.crosses(when, direction)
        assert self.flags(office) == [
            ("2018-03-01", False),
            ("2018-06-01", False),
            ("2021-01-01", True),
            ("2021-07-02", True),
            ("2022-01-01", False),
        ]

    def test_a_window_that_ends_before_the_supposed_day_rests_on_it_all_the_same(
        self, office: Office
    ) -> None:
        """Two departures four years apart: the arrival between may have been within the first months."""
        office.person(citizenship="COL")
        office.crosses("2018-06-01", "D")
        office.crosses("2022-06-01", "D")
        assert self.flags(office)[0] == ("2018-06-01", True)


class TestFirstArrivalToLastDeparture:
    """The separate rule: a stay inside a permit, whatever the travel between, is a migration if it lasts a year."""

    def stays(self, office: Office) -> list[tuple[Any, ...]]:
        office.build()
        parameters = Parameters(Rule.preset("12-of-16"), FIRST, LAST, "COL")
        create_tables(office.connection, ["permit_stay"], parameters)
        return office.rows(
            "select first_arrival::varchar, last_departure::varchar, stay_days, is_migration, is_final "
            "from permit_stay order by permit_from"
        )

    def test_travel_between_is_ignored(self, office: Office) -> None:
        """Half of each month away: by days no resident, by first arrival and last departure one."""
        office.person()
        office.record("visa", ["M", "2020-01-01", "2022-12-31"])
        for month in range(1, 13):
            office.crosses(f"2020-{month:02}-10", "A")
            office.crosses(f"2020-{month:02}-24", "D")
        office.crosses("2021-01-10", "A")
        office.crosses("2021-01-24", "D")
        assert self.stays(office) == [("2020-01-10", "2021-01-24", 380, True, True)]
        assert office.events() == []

    def test_a_stay_of_364_days_is_none_and_one_of_365_is(self, office: Office) -> None:
        for person, left in (("p", "2021-12-31"), ("q", "2022-01-01")):
            office.person(person)
            office.record("visa", ["M", "2021-01-01", "2022-12-31"], person=person)
            office.crosses("2021-01-01", "A", person=person)
            office.crosses(left, "D", person=person)
        assert [row[2:4] for row in self.stays(office)] == [(364, False), (365, True)]

    def test_a_permit_that_follows_another_continues_the_stay(self, office: Office) -> None:
        office.person()
        office.record("visa", ["M", "2020-01-01", "2020-07-31"])
        office.record("visa", ["M", "2020-08-01", "2021-01-31"])
        office.record("visa", ["M", "2021-03-01", "2021-06-30"])
        office.crosses("2020-02-01", "A")
        office.crosses("2021-01-31", "D")
        office.crosses("2021-03-05", "A")
        office.crosses("2021-06-20", "D")
        assert [row[:4] for row in self.stays(office)] == [
            ("2020-02-01", "2021-01-31", 365, True),
            ("2021-03-05", "2021-06-20", 107, False),
        ]

    def test_who_is_still_there_has_no_last_departure(self, office: Office) -> None:
        office.person()
        office.record("visa", ["M", "2023-06-01", "2026-06-01"])
        office.crosses("2023-07-01", "A")
        assert self.stays(office) == [("2023-07-01", None, 550, True, True)]

    def test_a_stay_too_short_so_far_is_not_final_while_the_permit_lasts(self, office: Office) -> None:
        office.person()
        office.record("visa", ["M", "2024-06-01", "2026-06-01"])
        office.crosses("2024-07-01", "A")
        assert self.stays(office) == [("2024-07-01", None, 184, False, False)]

    def test_a_tourist_visa_is_no_permission_to_reside(self, office: Office) -> None:
        office.person()
        office.record("visa", ["V", "2020-01-01", "2024-01-01"])
        office.crosses("2020-02-01", "A")
        office.crosses("2022-02-01", "D")
        assert self.stays(office) == []
