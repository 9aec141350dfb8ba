"""Faults happen as often as `faults.toml` declares: counted in what is written, not in what was meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from register.synth import generate
from register.synth.borders import cross
from register.synth.country import make_country
from register.synth.declare import Faults, load_faults, load_population
from register.synth.documents import MAX_PASSPORTS, VALID_DAYS
from register.synth.draw import distinct_numbers, numbers, stream
from register.synth.lives import Period
from register.synth.misspell import CHANGES, mistype, spoil_names
from register.synth.mistakes import spoil_dates, spoil_numbers
from register.synth.world import Country

YEARS = (2018, 2020)
PEOPLE = 9000
OFFICES = ("crossing", "visa", "permit", "birth", "death", "marriage")
NAMES = ["PRIMER_APELLIDO", "SEGUNDO_APELLIDO", "NOMBRES"]


def near(counted: int, of: int, share: float) -> bool:
    """Return whether a count is within four standard errors of a share."""
    return abs(counted - share * of) <= 4 * np.sqrt(of * share * (1 - share)) + 1


def crossings(directory: Path) -> pl.DataFrame:
    files = sorted((directory / "extracts").glob("migracion_*.csv"))
    return pl.concat(
        pl.read_csv(path.read_text("latin-1").encode(), separator=";", infer_schema=False) for path in files
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The crossings of one country as faultless and as faulty offices write them, row by row the same."""
    folder = tmp_path_factory.mktemp("faults")
    declared = load_faults()
    faultless = "".join(
        f"[{office}]\n"
        + "".join(
            f"{fault} = 0\n"
            for fault in ("name", "birth_date", "document", "sex", "native_letters", "keyed_twice")
            if fault in declared[office]
        )
        for office in OFFICES
    )
    (folder / "faultless.toml").write_text(faultless)
    (folder / "faulty.toml").write_text("[crossing]\nkeyed_twice = 0\nnative_letters = 0\n")
    for name in ("faultless", "faulty"):
        generate(folder / name, people=PEOPLE, seed=31, years=YEARS, faults=folder / f"{name}.toml")
    return crossings(folder / "faultless"), crossings(folder / "faulty")


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truth")
    generate(folder, people=PEOPLE, seed=32, years=YEARS)
    return folder / "truth"


@pytest.fixture(scope="module")
def country() -> Country:
    return make_country(PEOPLE, 33, YEARS, load_population(), load_faults())


def test_the_defaults_are_no_easier_than_offices_are() -> None:
    """The rates that were asked for; each may be harder, none easier."""
    faults = load_faults()
    for section, key, at_least in (
        ("crossing", "name", 0.10),
        ("crossing", "birth_date", 0.015),
        ("crossing", "document", 0.01),
        ("crossing", "sex", 0.004),
        ("crossing", "keyed_twice", 0.002),
        ("people", "twin", 0.01),
        ("people", "second_passport", 0.03),
        ("people", "renewed_early", 0.12),
        ("shown", "other_document", 1 / 3),
        ("unrecorded", "air", 0.006),
        ("unrecorded", "land", 0.04),
        ("unrecorded", "irregular", 0.5),
    ):
        assert faults[section][key] >= at_least, (section, key)
    assert faults["irregular"]["permit"] == 0.8
    irregular = next(life for life in load_population()["life"] if life["name"] == "irregular")
    assert irregular["share"] >= 0.06
    assert pytest.approx(3652.5, abs=1) == VALID_DAYS
    assert all(
        weight > 0 for fault in ("name", "birth_date", "document") for weight in faults.kinds(fault).values()
    )
    assert not any(faults["mess"].values())


@pytest.mark.parametrize(
    ("columns", "share"),
    [(NAMES, 0.10), (["FECHA_NACIMIENTO"], 0.015), (["NUM_DOCUMENTO"], 0.01), (["SEXO"], 0.004)],
)
def test_faults_in_crossings(
    written: tuple[pl.DataFrame, pl.DataFrame], columns: list[str], share: float
) -> None:
    right, wrong = written
    assert right.height == wrong.height > 20_000
    differs = np.any([wrong[column].ne_missing(right[column]).to_numpy() for column in columns], axis=0)
    assert near(int(differs.sum()), right.height, share)


def test_all_else_is_written_as_it_was(written: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    right, wrong = written
    others = pl.exclude(*NAMES, "FECHA_NACIMIENTO", "NUM_DOCUMENTO", "SEXO")
    assert right.select(others).equals(wrong.select(others))


def test_documents_are_right_but_for_the_declared_share(
    written: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    right, wrong = written
    assert right["NUM_DOCUMENTO"].null_count() == 0
    missing = load_faults().kinds("document")["missing"]
    assert near(wrong["NUM_DOCUMENTO"].null_count(), wrong.height, 0.01 * missing)


def test_crossings_without_a_purpose(written: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    rows = written[0]
    assert near(rows["MOTIVO_VIAJE"].null_count(), rows.height, 0.14)


def test_unrecorded_crossings(truth: Path) -> None:
    irregular = pl.read_parquet(truth / "person.parquet").filter(pl.col("life") == "irregular")["true_id"]
    crossing = pl.read_parquet(truth / "crossing.parquet").with_columns(
        irregular=pl.col("true_id").is_in(irregular.implode()),
        air=pl.col("border_post").str.starts_with("AEROPUERTO"),
    )
    for group, share in (
        (crossing.filter(~pl.col("irregular") & pl.col("air")), 0.006),
        (crossing.filter(~pl.col("irregular") & ~pl.col("air")), 0.04),
        (crossing.filter("irregular"), 0.56),
    ):
        assert near(group.height - group["recorded"].sum(), group.height, share)


def test_crossings_keyed_twice(truth: Path) -> None:
    keys = pl.read_parquet(truth / "crossing.parquet")["record_keys"].drop_nulls()
    assert near(keys.str.contains(";").sum(), len(keys), 0.002)


def test_a_crossing_keyed_twice_differs_in_its_key_only(tmp_path: Path) -> None:
    generate(tmp_path, people=3000, seed=34, years=(2020, 2020))
    rows = crossings(tmp_path)
    told = pl.read_parquet(tmp_path / "truth" / "crossing.parquet")["record_keys"].drop_nulls()
    pairs = told.filter(told.str.contains(";")).str.split(";").to_list()
    assert pairs
    for first, second in pairs:
        one = rows.filter(pl.col("ID_MOVIMIENTO") == first).drop("ID_MOVIMIENTO")
        assert one.equals(rows.filter(pl.col("ID_MOVIMIENTO") == second).drop("ID_MOVIMIENTO"))


def test_second_passports_of_foreigners(truth: Path) -> None:
    foreign = pl.read_parquet(truth / "person.parquet").filter(pl.col("citizenship_code") != "COL")
    assert near(foreign["second_citizenship_code"].is_not_null().sum(), foreign.height, 0.03)


def test_passports_are_renewed_after_ten_years_or_earlier(country: Country) -> None:
    lasted = np.diff(country.documents.valid_from, axis=1)
    assert near(int((lasted < VALID_DAYS - 0.001).sum()), lasted.size, 0.12)
    assert lasted.max() == pytest.approx(VALID_DAYS)
    covers = country.documents.valid_from[:, -1] + VALID_DAYS >= country.period.end
    assert country.documents.valid_from.shape[1] == MAX_PASSPORTS
    assert covers.mean() > 0.999


def test_other_documents_than_passports(written: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """Peruvians and Ecuadorians hold a national id, adults of this country a card: a third shows it."""
    rows = written[0].with_columns(
        born=pl.col("FECHA_NACIMIENTO").str.to_date("%d/%m/%Y"),
        crossed=pl.col("FECHA_HORA").str.to_datetime("%d/%m/%Y %H:%M").dt.date(),
    )
    holders = rows.filter(
        pl.col("NACIONALIDAD").is_in(["PER", "ECU"])
        | ((pl.col("NACIONALIDAD") == "COL") & ((pl.col("crossed") - pl.col("born")).dt.total_days() >= 6574))
    )
    shown = (holders["TIPO_DOCUMENTO"] != "PASAPORTE").sum()
    assert near(shown, holders.height, 0.334)
    tourists = rows.filter(pl.col("NACIONALIDAD").is_in(["MEX", "USA"]))
    assert set(tourists["TIPO_DOCUMENTO"]) <= {"PASAPORTE", "CEDULA DE EXTRANJERIA"}


def test_irregular_entrants_who_stay_and_their_permits(country: Country) -> None:
    lives = [spec["name"] for spec in country.population["life"]]
    irregular = np.flatnonzero(country.people.life == lives.index("irregular"))
    assert near(len(irregular), len(country.people), 0.06)
    granted = country.permits.filter("irregular")
    holders = granted["person"].unique()
    stays = long_stays(country, irregular)
    assert holders.is_in(pl.Series(sorted(stays)).implode()).all()
    assert near(len(holders), len(stays), 0.8)
    venezuelan = country.nationality(granted["person"].to_numpy()) == "VEN"
    assert (granted["class"].filter(venezuelan) == "PPT").all()
    assert (granted["class"].filter(~venezuelan) == "CE").all()


def long_stays(country: Country, people: np.ndarray) -> set[int]:
    """Return who arrives and has no planned departure for a year: the journeys' own gaps, trips bridged."""
    journeys, staying = country.journeys, set()
    for person in people.tolist():
        mine = journeys.person == person
        minutes, inbound = journeys.minute[mine], journeys.inbound[mine]
        end = min(int(country.last_day[person]), country.period.end) * 1440
        edges = np.r_[minutes, end]
        inside = int(np.sum(np.diff(edges)[inbound])) / 1440 if len(minutes) else 0
        if inside >= 300:
            staying.add(person)
    return staying


def frame(given: str, surname_1: str, surname_2: str | None, married: str | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {"given": [given], "surname_1": [surname_1], "surname_2": [surname_2], "married_name": [married]},
        schema_overrides=dict.fromkeys(("surname_2", "married_name"), pl.String),
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("missing_surname", ("ANA MARIA", "PEREZ", None)),
        ("swapped_surnames", ("ANA MARIA", "ROJAS", "PEREZ")),
        ("one_given_name", ("ANA", "PEREZ", "ROJAS")),
        ("joined_surnames", ("ANA MARIA", "PEREZ ROJAS", None)),
        ("married_name", ("ANA MARIA", "PEREZ", "DE GOMEZ")),
    ],
)
def test_kinds_of_faults_in_names(kind: str, expected: tuple[str, str, str | None]) -> None:
    wrong = CHANGES[kind](frame("ANA MARIA", "PEREZ", "ROJAS", "GOMEZ"))
    assert wrong.select("given", "surname_1", "surname_2").row(0) == expected


def test_long_given_names_are_cut_at_twenty_letters_else_a_surname_loses_its_last() -> None:
    long = CHANGES["truncation"](frame("STEFANIA MARTHA CECILIA", "MIRA", "OCAMPO"))
    assert long["given"].item() == "STEFANIA MARTHA CECI"
    short = CHANGES["truncation"](frame("ANA", "HERNANDEZ", None))
    assert short.select("given", "surname_1").row(0) == ("ANA", "HERNANDE")


def test_a_fault_that_cannot_happen_becomes_a_typing_error() -> None:
    """Without a second surname, a given name to drop or a husband, each kind still makes the name wrong."""
    people = pl.concat([frame("ANA", "LIMA", None)] * 300)
    for kind in (*CHANGES, "spelling", "typing"):
        given, surname_1, surname_2 = spoil_names(
            stream(1, kind), {kind: 1.0}, people, np.ones(people.height, dtype=bool)
        )
        wrong = (given != "ANA") | (surname_1 != "LIMA") | surname_2.is_not_null()
        assert wrong.all(), kind


def test_spelling_by_ear_sounds_the_same() -> None:
    people = pl.concat([frame("VALERIA", "GIL", None)] * 200)
    given, surname, _ = spoil_names(stream(2, "x"), {"spelling": 1.0}, people, np.ones(200, dtype=bool))
    assert set(given) | set(surname) == {"VALERIA", "BALERIA", "VALERYA", "GIL", "JIL", "GYL"}


def test_a_typing_error_changes_one_letter_or_exchanges_two() -> None:
    from rapidfuzz.distance import OSA

    words = pl.Series(["RODRIGUEZ", "LEE", "ANNA", "JO", "X", "MUÑOZ"] * 300)
    wrong = mistype(stream(3, "x"), words)
    assert (words != wrong).all()
    assert max(OSA.distance(a, b) for a, b in zip(words, wrong, strict=True)) == 1


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("day_off", {"1980-05-06", "1980-05-08"}),
        ("ten_days_off", {"1980-04-27", "1980-05-17"}),
        ("month_swapped", {"1980-07-05"}),
        ("year_off", {"1979-05-07", "1981-05-07"}),
        ("ten_years_off", {"1970-05-07", "1990-05-07"}),
        ("first_of_january", {"1980-01-01"}),
    ],
)
def test_kinds_of_faults_in_birth_dates(kind: str, wrong: set[str]) -> None:
    days = np.full(50, np.datetime64("1980-05-07").astype(np.int64))
    spoilt = spoil_dates(stream(4, kind), {kind: 1.0}, days)
    assert {str(np.datetime64(int(day), "D")) for day in spoilt} == wrong


def test_a_birth_date_left_out_and_one_that_cannot_be_swapped() -> None:
    days = np.array([np.datetime64("1980-05-27").astype(np.int64)])
    assert np.isnan(spoil_dates(stream(5, "x"), {"missing": 1.0}, days)).all()
    assert abs(spoil_dates(stream(5, "y"), {"month_swapped": 1.0}, days) - days).item() == 1


@pytest.mark.parametrize(
    "kind", ["missing_character", "wrong_character", "swapped_characters", "letter_for_digit"]
)
def test_kinds_of_faults_in_document_numbers(kind: str) -> None:
    from rapidfuzz.distance import OSA

    words = numbers(stream(6, "words"), "AA999999", 500)
    wrong = spoil_numbers(stream(6, kind), {kind: 1.0}, words)
    assert (words != wrong).all()
    assert all(OSA.distance(a, b) == 1 for a, b in zip(words, wrong, strict=True))
    if kind == "letter_for_digit":
        assert wrong.str.contains("[OI]").sum() > 300


def test_a_document_left_out() -> None:
    assert spoil_numbers(stream(7, "x"), {"missing": 1.0}, pl.Series(["A1", "B2"])).to_list() == [None, None]


def test_numbers_that_identify_are_distinct_even_when_the_pattern_is_too_short() -> None:
    assert numbers(stream(8, "x"), "V9A", 5).str.contains(r"^V\d[A-Z]$").all()
    drawn = distinct_numbers(stream(8, "y"), "99", 90)
    assert drawn.is_unique().all()


def test_other_faults_leave_the_lives_as_they_are(country: Country) -> None:
    """A file of faults changes what is written and recorded, never who lives how."""
    sections = {name: dict(section) for name, section in load_faults().sections.items()}
    sections["unrecorded"] = {"air": 0.0, "land": 0.0, "irregular": 0.0}
    crossed = cross(
        stream(33, "crossings"), country.population, Faults(sections), country.people, country.journeys
    )
    assert crossed.recorded.all()
    assert (crossed.post == country.crossings.post).all()


def test_the_period_is_simulated_two_years_on_either_side(country: Country) -> None:
    day = np.datetime64("2016-01-01").astype(np.int64)
    assert country.period == Period(
        int(day),
        int(np.datetime64("2018-01-01").astype(np.int64)),
        int(np.datetime64("2021-01-01").astype(np.int64)),
        int(np.datetime64("2023-01-01").astype(np.int64)),
    )
