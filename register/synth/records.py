"""From lives to records: each office writes down the people it meets, with its mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from register.synth import extracts
from register.synth.acts import Couples, registration_delay
from register.synth.borders import Crossings, purposes
from register.synth.declare import Faults
from register.synth.documents import Documents, show_documents
from register.synth.draw import Bools, Ints, chance, choose, choose_word, day, stream, times
from register.synth.lives import Journeys, Period
from register.synth.mistakes import spoil
from register.synth.names import office_spelling
from register.synth.people import NATIONAL, People

OLD_VISAS = 400  # days before the period from which the visa office still hands over visas


@dataclass
class Country:
    """A synthetic country before its offices write anything down."""

    seed: int
    population: dict[str, Any]
    faults: Faults
    period: Period
    people: People
    journeys: Journeys
    last_day: Ints
    crossings: Crossings
    documents: Documents
    visas: pl.DataFrame
    permits: pl.DataFrame
    marriages: Couples
    births: Couples
    no_father: Bools
    children: Ints  # person born in each birth
    ascii_names: pl.DataFrame = field(init=False)
    native_names: pl.DataFrame = field(init=False)
    married_names: pl.Series = field(init=False)

    def __post_init__(self) -> None:
        names = self.people.names
        self.ascii_names = names.select(office_spelling(names[part]) for part in names.columns)
        self.native_names = names.select(office_spelling(names[part], keep_letters=True) for part in names.columns)
        self.married_names = self._married_names()

    @property
    def codes(self) -> pl.Series:
        """Return the code of each declared country."""
        return pl.Series(list(self.population["countries"]))

    def nationality(self, person: Ints) -> pl.Series:
        """Return the code of each person's citizenship."""
        return self.codes.gather(self.people.country[person])

    def municipality_code(self, person: Ints) -> pl.Series:
        """Return the DIVIPOLA code of the municipality where each person lives."""
        codes = pl.Series([spec["code"] for spec in self.population["municipality"]])
        return codes.gather(self.people.municipality[person])

    def named(self, office: str, person: Ints, number: pl.Series) -> pl.DataFrame:
        """Return people as an office writes them down: see ``mistakes.spoil``."""
        rng, rates = stream(self.seed, f"write {office}"), self.faults[office.split()[0]]
        native = pl.Series(chance(rng, rates["native_letters"], len(person)))
        plain, accented = self.ascii_names[person], self.native_names[person]
        bearers = pl.DataFrame(
            {part: accented[part].zip_with(native, plain[part]) for part in plain.columns}
        ).with_columns(
            birth=pl.Series(self.people.birth[person]),
            number=number,
            female=pl.Series(self.people.female[person]),
            married_name=self.married_names.gather(person),
        )
        return spoil(rng, self.faults, rates, bearers)

    def identity_document(self, person: Ints, days: Ints) -> pl.Series:
        """Return the document that a civil registry writes down: a national's card or a foreigner's passport."""
        national = pl.Series(self.people.country[person] == self.codes.to_list().index(NATIONAL))
        return self.documents.national_id.gather(person).zip_with(national, self.documents.passport_at(person, days))

    def _married_names(self) -> pl.Series:
        """Return for women with two surnames the husband's, of a marriage here or elsewhere."""
        rng, size = stream(self.seed, "married names"), len(self.people)
        surnames = self.ascii_names["surname_1"]
        husband = rng.integers(0, size, size) if size else np.zeros(0, np.int64)
        husband[self.marriages.woman] = self.marriages.man
        bears = pl.Series(self.people.female) & self.ascii_names["surname_2"].is_not_null()
        return pl.select(pl.when(bears).then(surnames.gather(husband))).to_series()


def write_extracts(country: Country, directory: Path, years: tuple[int, int]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Write all extracts; yield, file by file, its name and who is named in it: record_key, role, person, position."""
    for source, write in (
        ("visa", _visas), ("permit", _permits), ("birth", _births), ("death", _deaths), ("marriage", _marriages)
    ):
        yield source, write(country, directory)
    first_key = 0
    for year in range(years[0], years[1] + 1):
        mentions = _crossings(country, directory, year, first_key)
        first_key += mentions.height
        yield "crossing", mentions


def _crossings(country: Country, directory: Path, year: int, first_key: int) -> pl.DataFrame:
    rng, journeys = stream(country.seed, f"crossings {year}"), country.journeys
    first, last = day(year) * 1440, day(year + 1) * 1440
    at = np.flatnonzero((journeys.minute >= first) & (journeys.minute < last) & country.crossings.recorded)
    at = at[np.argsort(journeys.minute[at], kind="stable")]
    person, minute = journeys.person[at], journeys.minute[at]
    shown = show_documents(
        rng, country.population, country.faults, country.people, country.documents, country.permits, person, minute
    )
    people = country.named(f"crossing {year}", person, shown["number"])
    facts = shown.with_columns(
        crossed_at=times(minute),
        inbound=pl.Series(journeys.inbound[at]),
        post=pl.Series(list(country.population["posts"])).gather(country.crossings.post[at]),
        country=country.codes.gather(country.crossings.country[at]),
        purpose=purposes(rng, country.population, country.faults, len(at)),
    )
    twice = 1 + chance(rng, country.faults["crossing"]["keyed_twice"], len(at))
    row = np.repeat(np.arange(len(at)), twice)
    keys = _keys("M", 9, len(row), first_key)
    extracts.write(
        extracts.crossing_rows(keys, facts[row], people[row]), directory, extracts.CROSSING, year
    )
    return _mentions(keys, {"self": person[row]}, at[row])


def _visas(country: Country, directory: Path) -> pl.DataFrame:
    rng, period = stream(country.seed, "visas"), country.period
    held = country.visas.filter(
        pl.col("issued").is_between(period.observed_from - OLD_VISAS, period.observed_to - 1)
    ).sort("issued", maintain_order=True)
    person = held["person"].to_numpy()
    people = country.named("visa", person, country.documents.passport_at(person, held["issued"].to_numpy()))
    labels = _spelt(rng, [spec["labels"] for spec in country.population["countries"].values()], country.people.country[person])
    keys = _keys("V", 7, held.height)
    extracts.write(extracts.visa_rows(keys, held.with_columns(nationality=labels), people), directory, extracts.VISA)
    return _mentions(keys, {"self": person})


def _permits(country: Country, directory: Path) -> pl.DataFrame:
    rng, period = stream(country.seed, "permits"), country.period
    held = country.permits.filter(
        pl.col("issued").is_between(period.observed_from, period.observed_to - 1)
    ).sort("issued", maintain_order=True)
    person, size = held["person"].to_numpy(), held.height
    irregular = held["irregular"].to_numpy()
    rates = country.faults["irregular"]
    draw = rng.random(size)
    without = np.where(
        irregular, draw < rates["no_origin_document"], draw < country.faults["permit"]["no_origin_document"]
    )
    home = irregular & (draw >= 1 - rates["national_id"])
    number = pl.DataFrame(
        {
            "passport": country.documents.passport_at(person, held["issued"].to_numpy()),
            "home": country.documents.home_id.gather(person),
            "without": without,
            "by_home": home,
        }
    ).select(
        number=pl.when("without").then(None).when(pl.col("by_home") & pl.col("home").is_not_null()).then("home")
        .otherwise("passport")
    )["number"]
    people = country.named("permit", person, number)
    specs = country.population["municipality"]
    lives_in = country.people.municipality[person]
    facts = held.with_columns(
        nationality=country.nationality(person),
        municipality=_spelt(rng, [spec["labels"] for spec in specs], lives_in),
        department=pl.Series([spec["department"] for spec in specs]).gather(lives_in),
    )
    extracts.write(extracts.permit_rows(held["number"], facts, people), directory, extracts.PERMIT)
    return _mentions(held["number"], {"self": person})


def _births(country: Country, directory: Path) -> pl.DataFrame:
    rng, births, rates = stream(country.seed, "births"), country.births, country.faults["birth"]
    size = len(births.woman)
    home = country.codes.to_list().index(NATIONAL)
    foreign_father = country.people.country[births.man] != home
    father_without = rng.random(size) < np.where(
        foreign_father, rates["no_father_document"], rates["no_father_document_col"]
    )
    mother_without = chance(rng, rates["no_mother_document"], size)
    nothing = pl.repeat(None, size, dtype=pl.String, eager=True)
    child = country.named("birth child", country.children, nothing)
    mother = country.named(
        "birth mother", births.woman,
        nothing.zip_with(pl.Series(mother_without), country.identity_document(births.woman, births.day)),
    )
    father = country.named(
        "birth father", births.man,
        nothing.zip_with(pl.Series(father_without), country.identity_document(births.man, births.day)),
    )
    has_father = ~country.no_father
    facts = pl.DataFrame(
        {
            "municipality_code": country.municipality_code(births.woman),
            "registered": pl.Series((births.day + registration_delay(rng, size)).astype(np.int64)),
            "mother_nationality": country.nationality(births.woman),
            "father_nationality": country.nationality(births.man),
            "has_father": pl.Series(has_father),
        }
    )
    keys = _keys("N", 7, size)
    extracts.write(extracts.birth_rows(keys, facts, child, mother, father), directory, extracts.BIRTH)
    return pl.concat(
        [
            _mentions(keys, {"child": country.children, "mother": births.woman}),
            _mentions(keys.filter(pl.Series(has_father)), {"father": births.man[has_father]}),
        ]
    )


def _deaths(country: Country, directory: Path) -> pl.DataFrame:
    person = np.flatnonzero(country.last_day < country.period.end)
    person = person[np.argsort(country.last_day[person], kind="stable")]
    died = country.last_day[person]
    people = country.named("death", person, country.identity_document(person, died))
    facts = pl.DataFrame(
        {
            "died": died,
            "nationality": country.nationality(person),
            "municipality_code": country.municipality_code(person),
        }
    )
    keys = _keys("D", 7, len(person))
    extracts.write(extracts.death_rows(keys, facts, people), directory, extracts.DEATH)
    return _mentions(keys, {"self": person})


def _marriages(country: Country, directory: Path) -> pl.DataFrame:
    couples = country.marriages.take(np.argsort(country.marriages.day, kind="stable"))
    wife = country.named("marriage wife", couples.woman, country.identity_document(couples.woman, couples.day))
    husband = country.named("marriage husband", couples.man, country.identity_document(couples.man, couples.day))
    facts = pl.DataFrame(
        {
            "married": couples.day,
            "nationality_1": country.nationality(couples.woman),
            "nationality_2": country.nationality(couples.man),
        }
    )
    keys = _keys("C", 7, len(couples.day))
    extracts.write(extracts.marriage_rows(keys, facts, wife, husband), directory, extracts.MARRIAGE)
    return _mentions(keys, {"spouse_1": couples.woman, "spouse_2": couples.man})


def _keys(prefix: str, width: int, size: int, first: int = 0) -> pl.Series:
    return pl.Series(np.arange(first, first + size)).cast(pl.String).str.zfill(width).str.replace("^", prefix)


def _spelt(rng: np.random.Generator, spellings: list[dict[str, float]], which: Ints) -> pl.Series:
    """Return for each entry one of the spellings of its country or municipality."""
    parts = [pl.DataFrame(schema={"at": pl.Int64, "label": pl.String})]
    for position, labels in enumerate(spellings):
        mine = np.flatnonzero(which == position)
        parts.append(pl.DataFrame({"at": mine, "label": choose_word(rng, labels, len(mine))}))
    return pl.concat(parts).sort("at")["label"]


def _mentions(keys: pl.Series, roles: dict[str, Ints], crossing: Ints | None = None) -> pl.DataFrame:
    """Return who is named: record_key, role, person, and the position of the crossing in the journeys."""
    return pl.concat(
        pl.DataFrame(
            {
                "record_key": keys,
                "role": pl.repeat(role, len(keys), eager=True),
                "person": person,
                "crossing": np.full(len(keys), -1) if crossing is None else crossing,
            }
        )
        for role, person in roles.items()
    )
