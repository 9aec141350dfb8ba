"""Lives and their truth: journeys alternate, the residence rule holds, and the accounts balance."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from register.synth import generate
from register.synth.country import make_country
from register.synth.declare import load_faults, load_population
from register.synth.draw import MINUTES
from register.synth.lives import Journeys
from register.synth.residence import status_on, true_residence
from register.synth.world import Country

YEARS = (2018, 2021)
END = 10_000


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("country")
    generate(directory, people=2500, seed=21, years=YEARS)
    return directory / "truth"


@pytest.fixture(scope="module")
def country() -> Country:
    return make_country(12_000, 22, YEARS, load_population(), load_faults())


def one_person(days: list[int], *, inbound_first: bool, resident: bool) -> Journeys:
    n = len(days)
    return Journeys(
        np.zeros(n, dtype=np.int64),
        np.array(days, dtype=np.int64) * MINUTES,
        np.array([(i % 2 == 0) == inbound_first for i in range(n)]),
        np.array([resident]),
    )


def migrations(days: list[int], *, inbound_first: bool, resident: bool, death: int = END) -> list[bool]:
    journeys = one_person(days, inbound_first=inbound_first, resident=resident)
    return true_residence(journeys, np.array([death])).is_migration.tolist()


def test_an_absence_of_365_days_is_an_emigration_and_364_are_none() -> None:
    assert migrations([1000, 1365], inbound_first=False, resident=True) == [True, True]
    assert migrations([1000, 1364], inbound_first=False, resident=True) == [False, False]


@pytest.mark.parametrize(("back", "first_is_migration"), [(122, True), (123, False)])
def test_the_window_forgives_122_contrary_days(back: int, first_is_migration: bool) -> None:
    """A resident leaves, comes back a hundred days later for 122 or 123 days, and leaves for good."""
    days = [1000, 1100, 1100 + back]
    assert migrations(days, inbound_first=False, resident=True) == [
        first_is_migration,
        False,
        not first_is_migration,
    ]


def test_sixty_days_in_and_sixty_out_keep_the_first_status_for_ever() -> None:
    days = list(range(1000, 5000, 60))
    for resident in (True, False):
        decided = migrations(days, inbound_first=not resident, resident=resident)
        assert not any(decided[:-10])


def test_a_death_closes_the_window() -> None:
    assert migrations([1000], inbound_first=True, resident=False, death=1365) == [True]
    assert migrations([1000], inbound_first=True, resident=False, death=1364) == [False]


def test_the_published_cases(shared: Path) -> None:
    """The offices' own histories of one person whose status is known from the first crossing."""
    cases = json.loads((shared / "oracles" / "residence_cases.json").read_text("utf-8"))["cases"]
    checked = 0
    for case in cases:
        crossings, expected = case["crossings"], case["expect"]
        if len(set(case["persons"])) != 1 or case["initial"][0]["finalised_on"] != crossings[0]["date"]:
            continue
        days = [(date.fromisoformat(row["date"]) - date(1970, 1, 1)).days for row in crossings]
        inbound_first = crossings[0]["direction"] == "arrival"
        journeys = one_person(days, inbound_first=inbound_first, resident=case["initial"][0]["resident"] == 1)
        found = true_residence(journeys, np.array([days[-1] + 1000]))
        for number, outcome in expected.items():
            at = int(number) - 1
            told = (int(found.before[at]), int(found.after[at]), int(found.is_migration[at]))
            published = (
                outcome["res_status_before"],
                outcome["res_status_after"],
                outcome["is_long_term_mig"],
            )
            assert told == published, (case["case"], number)
            checked += 1
    assert checked > 60


def test_status_on_a_day_is_that_after_the_last_crossing_before_it() -> None:
    journeys = one_person([1000], inbound_first=True, resident=False)
    residence = true_residence(journeys, np.array([END]))
    assert [bool(status_on(journeys, residence, day, 1)[0]) for day in (1000, 1001)] == [False, True]


def test_the_crossings_of_a_person_alternate_from_the_side_of_the_start(country: Country) -> None:
    journeys = country.journeys
    first = np.r_[True, journeys.person[1:] != journeys.person[:-1]]
    side_before = np.where(
        first, journeys.starts_inside[journeys.person], np.r_[False, journeys.inbound[:-1]]
    )
    assert (journeys.inbound != side_before).all()
    assert (np.diff(journeys.minute)[~first[1:]] > 0).all()


def test_nobody_crosses_before_birth_or_after_death(country: Country) -> None:
    journeys = country.journeys
    day = journeys.minute // MINUTES
    assert (day >= country.people.birth[journeys.person]).all()
    assert (day < country.last_day[journeys.person]).all()


def test_events_of_a_person_alternate(truth: Path) -> None:
    events = pl.read_parquet(truth / "event.parquet").sort("true_id", "event_date")
    same_person = events["true_id"] == events["true_id"].shift(1)
    repeated = same_person & (events["direction"] == events["direction"].shift(1))
    assert events.height > 100
    assert same_person.sum() > 0
    assert repeated.sum() == 0


def test_flows_count_the_events(truth: Path) -> None:
    events = pl.read_parquet(truth / "event.parquet")
    flow = pl.read_parquet(truth / "flow.parquet")
    assert flow.height == 2 * (YEARS[1] - YEARS[0] + 1)
    assert flow["n"].sum() == events.height
    first = flow.filter((pl.col("year") == YEARS[0]) & (pl.col("direction") == "immigration"))["n"].item()
    counted = events.filter(
        (pl.col("event_date").dt.year() == YEARS[0]) & (pl.col("direction") == "immigration")
    )
    assert first == counted.height


def test_the_accounts_balance(truth: Path) -> None:
    """Residents a year later = residents + births - deaths of residents + immigration - emigration."""
    person = pl.read_parquet(truth / "person.parquet")
    crossing = pl.read_parquet(truth / "crossing.parquet")
    stock = dict(pl.read_parquet(truth / "stock.parquet").rows())
    flow = {(year, direction): n for year, direction, n in pl.read_parquet(truth / "flow.parquet").rows()}
    status = pl.read_parquet(truth / "status.parquet")
    last_status = (
        crossing.sort("true_id", "crossed_at").group_by("true_id").agg(pl.col("status_after").last())
    )
    first_stock = status.filter(pl.col("reference_date") == date(YEARS[0], 1, 1))["true_id"]
    dead = (
        person.filter(pl.col("death_date").is_not_null())
        .join(last_status, on="true_id", how="left")
        .with_columns(
            resident=pl.coalesce(
                pl.col("status_after") == 1,
                pl.col("true_id").is_in(first_stock.implode()) | (pl.col("life") == "child"),
            )
        )
    )
    assert dead["resident"].sum() > 0
    for year in range(YEARS[0], YEARS[1] + 1):
        born = person.filter((pl.col("life") == "child") & (pl.col("birth_date").dt.year() == year)).height
        died = dead.filter(pl.col("resident") & (pl.col("death_date").dt.year() == year)).height
        balance = born - died + flow[year, "immigration"] - flow[year, "emigration"]
        assert stock[date(year + 1, 1, 1)] == stock[date(year, 1, 1)] + balance


def test_every_recorded_crossing_has_its_key_and_no_other_has(truth: Path) -> None:
    crossing = pl.read_parquet(truth / "crossing.parquet")
    assert (crossing["record_keys"].is_not_null() == crossing["recorded"]).all()
    told = crossing["record_keys"].drop_nulls().str.split(";").explode()
    mention = pl.read_parquet(truth / "mention.parquet").filter(pl.col("source") == "crossing")
    assert sorted(told) == sorted(mention["record_key"])


def test_lives_have_their_shares_and_their_marks(country: Country) -> None:
    lives = [spec["name"] for spec in country.population["life"]]
    shares = np.bincount(country.people.life, minlength=len(lives)) / len(country.people)
    for spec, share in zip(country.population["life"], shares, strict=True):
        assert share == pytest.approx(spec["share"], abs=0.004), spec["name"]
    crossings = np.bincount(country.journeys.person, minlength=len(country.people))
    commuters = crossings[country.people.life == lives.index("commuter")]
    assert np.median(commuters) > 40
    assert (crossings[country.people.life == lives.index("local")] == 0).all()


def test_students_stay_near_the_threshold_on_either_side(country: Country) -> None:
    lives = [spec["name"] for spec in country.population["life"]]
    residence = true_residence(country.journeys, country.last_day)
    students = np.flatnonzero(country.people.life == lives.index("student"))
    immigrated = np.isin(students, country.journeys.person[residence.is_migration & country.journeys.inbound])
    assert 0.2 < immigrated.mean() < 0.8


def test_twins_share_birth_date_and_surnames_but_not_their_names(country: Country) -> None:
    people = country.people
    frame = people.names.with_columns(birth=people.birth, country=people.country)
    pairs = frame.group_by("birth", "surname_1", "surname_2", "country").agg(
        n=pl.len(), n_given=pl.col("given").n_unique()
    )
    twins = pairs.filter(pl.col("n") > 1)
    assert twins["n"].sum() / 2 / len(people) == pytest.approx(0.01, abs=0.003)
    assert twins.filter(pl.col("n_given") < pl.col("n")).height <= 1


def test_twins_who_travel_together_cross_at_the_same_posts_minutes_apart(country: Country) -> None:
    journeys, leader = country.journeys, country.people.travels_with
    follower = np.flatnonzero(leader != np.arange(len(leader)))
    together = 0
    for second in follower:
        mine, other = journeys.person == second, journeys.person == leader[second]
        n = min(mine.sum(), other.sum())
        gaps = journeys.minute[mine][:n] - journeys.minute[other][:n]
        assert ((gaps > 0) & (gaps < 10)).all()
        posts = country.crossings.post
        assert (posts[mine][:n] == posts[other][:n]).all()
        together += n
    assert together > 50


def test_common_names_are_common(country: Country) -> None:
    nationals = country.people.names.filter(country.nationality(np.arange(len(country.people))) == "COL")
    top = nationals["surname_1"].value_counts(sort=True, normalize=True).row(0)
    assert top[0] == "Rodríguez"
    assert 0.05 < top[1] < 0.12


def test_countries_with_one_surname_have_one(country: Country) -> None:
    nationality = country.nationality(np.arange(len(country.people)))
    for code in ("BRA", "USA", "FRA", "HTI", "CHN"):
        assert country.people.names.filter(nationality == code)["surname_2"].null_count() > 0
    assert country.people.names.filter(nationality == "VEN")["surname_2"].null_count() == 0


def test_mothers_are_women_of_age_in_the_country(country: Country) -> None:
    births = country.births
    age = (births.day - country.people.birth[births.woman]) / 365.25
    assert country.people.female[births.woman].all()
    assert not country.people.female[births.man].any()
    assert age.min() >= 17
    assert age.max() < 53
    assert country.journeys.inside_at(births.woman, births.day).all()


def test_deaths_are_in_the_country(country: Country) -> None:
    dead = np.flatnonzero(country.last_day < country.period.end)
    assert len(dead) / len(country.people) == pytest.approx(0.0175, abs=0.002)
    assert country.journeys.inside_at(dead, country.last_day[dead]).all()
