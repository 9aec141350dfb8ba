"""From lives to records: each office writes down the people it meets, with its mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from register.synth import extracts
from register.synth.acts import registration_delay
from register.synth.borders import purposes
from register.synth.documents import show_documents
from register.synth.draw import MINUTES, Ints, chance, choose_word, day, stream, times
from register.synth.extracts import Layout
from register.synth.mess import break_lines, disorder
from register.synth.people import NATIONAL
from register.synth.world import Country

OLD_VISAS = 400  # days before the period from which the visa office still hands over visas


def write_extracts(
    country: Country, directory: Path, years: tuple[int, int]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Write all extracts.

    Yields, file by file, its source and who is named in it: record_key, role, person (position), crossing
    (position of the crossing in the journeys, -1 for other records).
    """
    for source, write in (
        ("visa", _visas),
        ("permit", _permits),
        ("birth", _births),
        ("death", _deaths),
        ("marriage", _marriages),
    ):
        yield source, write(country, directory)
    first_key = 0
    for year in range(years[0], years[1] + 1):
        mentions = _crossings(country, directory, year, first_key)
        first_key += mentions.height
        yield "crossing", mentions


def _crossings(country: Country, directory: Path, year: int, first_key: int) -> pl.DataFrame:
    rng, journeys = stream(country.seed, f"crossings {year}"), country.journeys
    first, last = day(year) * MINUTES, day(year + 1) * MINUTES
    at = np.flatnonzero((journeys.minute >= first) & (journeys.minute < last) & country.crossings.recorded)
    # An hour that was written down wrong stays within its day.
    at_any_hour = journeys.minute[at] // MINUTES * MINUTES + rng.integers(0, MINUTES, len(at))
    written = np.where(
        chance(rng, country.faults["crossing"]["hour"], len(at)), at_any_hour, journeys.minute[at]
    )
    order = np.argsort(written, kind="stable")
    at, written = at[order], written[order]
    person, minute = journeys.person[at], journeys.minute[at]
    shown = show_documents(
        rng,
        country.population,
        country.faults,
        country.people,
        country.documents,
        country.permits,
        person,
        minute,
    )
    people = country.named(f"crossing {year}", person, shown["number"])
    facts = shown.with_columns(
        crossed_at=times(written),
        inbound=pl.Series(journeys.inbound[at]),
        post=pl.Series(list(country.population["posts"])).gather(country.crossings.post[at]),
        country=country.codes.gather(country.crossings.country[at]),
        purpose=purposes(rng, country.population, country.faults, country.people.life[person]),
    )
    twice = 1 + chance(rng, country.faults["crossing"]["keyed_twice"], len(at))
    row = np.repeat(np.arange(len(at)), twice)
    keys = _keys("M", 9, len(row), first_key)
    _write(country, extracts.crossing_rows(keys, facts[row], people[row]), directory, extracts.CROSSING, year)
    return _mentions(keys, {"self": person[row]}, at[row])


def _visas(country: Country, directory: Path) -> pl.DataFrame:
    rng, period = stream(country.seed, "visas"), country.period
    held = country.visas.filter(
        pl.col("issued").is_between(period.observed_from - OLD_VISAS, period.observed_to - 1)
    ).sort("issued", maintain_order=True)
    person = held["person"].to_numpy()
    people = country.named("visa", person, country.documents.passport_at(person, held["issued"].to_numpy()))
    labels = _spelt(
        rng,
        [spec["labels"] for spec in country.population["countries"].values()],
        country.people.country[person],
    )
    keys = _keys("V", 7, held.height)
    _write(
        country,
        extracts.visa_rows(keys, held.with_columns(nationality=labels), people),
        directory,
        extracts.VISA,
    )
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
        number=pl.when("without")
        .then(None)
        .when(pl.col("by_home") & pl.col("home").is_not_null())
        .then("home")
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
    _write(country, extracts.permit_rows(held["number"], facts, people), directory, extracts.PERMIT)
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
        "birth mother",
        births.woman,
        nothing.zip_with(pl.Series(mother_without), country.identity_document(births.woman, births.day)),
    )
    father = country.named(
        "birth father",
        births.man,
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
    _write(country, extracts.birth_rows(keys, facts, child, mother, father), directory, extracts.BIRTH)
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
    _write(country, extracts.death_rows(keys, facts, people), directory, extracts.DEATH)
    return _mentions(keys, {"self": person})


def _marriages(country: Country, directory: Path) -> pl.DataFrame:
    couples = country.marriages.take(np.argsort(country.marriages.day, kind="stable"))
    wife = country.named(
        "marriage wife", couples.woman, country.identity_document(couples.woman, couples.day)
    )
    husband = country.named(
        "marriage husband", couples.man, country.identity_document(couples.man, couples.day)
    )
    facts = pl.DataFrame(
        {
            "married": couples.day,
            "nationality_1": country.nationality(couples.woman),
            "nationality_2": country.nationality(couples.man),
        }
    )
    keys = _keys("C", 7, len(couples.day))
    _write(country, extracts.marriage_rows(keys, facts, wife, husband), directory, extracts.MARRIAGE)
    return _mentions(keys, {"spouse_1": couples.woman, "spouse_2": couples.man})


def _write(
    country: Country, rows: pl.DataFrame, directory: Path, layout: Layout, year: int | None = None
) -> None:
    stem, rates = layout.stem.format(year=year), country.faults["mess"]
    rng = stream(country.seed, f"mess {stem}")
    text = extracts.to_text(disorder(rng, rates, rows, layout), layout)
    path = directory / f"{stem}.csv"
    path.write_bytes(break_lines(rng, rates["broken_line"], text).encode(layout.encoding))


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
