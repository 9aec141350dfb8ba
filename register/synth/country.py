"""Make a synthetic country: lives, records of them with faults, and the truth. Read ``generate`` first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from register.errors import UsageError
from register.synth.acts import couples, deaths, parents, permits, surname_of_child, visas
from register.synth.borders import cross
from register.synth.declare import Faults, load_faults, load_population
from register.synth.documents import make_documents
from register.synth.draw import Ints, chance, day, stream
from register.synth.lives import Period, live, travel_along
from register.synth.people import NATIONAL, make_children, make_people
from register.synth.records import write_extracts
from register.synth.report import SynthReport
from register.synth.survey import write_survey
from register.synth.truth import write_truth
from register.synth.world import Country

MARGIN = 2  # years simulated before the first and after the last observed one
FEWEST, MOST = 10, 5_000_000
OLDEST_MOTHER = 45


def generate(
    directory: Path,
    *,
    people: int,
    seed: int,
    years: tuple[int, int],
    faults: Path | None = None,
    survey: bool = False,
) -> SynthReport:
    """Write ``directory/extracts`` and ``directory/truth``: see ``register.synth.generate``."""
    if not FEWEST <= people <= MOST:
        raise UsageError("bad_people", value=people, fewest=FEWEST, most=MOST)
    if years[0] > years[1]:
        raise UsageError("bad_years", value=f"{years[0]}-{years[1]}")
    country = make_country(people, seed, years, load_population(), load_faults(faults))
    for folder in ("extracts", "truth"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    mentions: dict[str, list[pl.DataFrame]] = {}
    for source, part in write_extracts(country, directory / "extracts", years):
        mentions.setdefault(source, []).append(part)
    truth = write_truth(country, mentions, directory / "truth", years)
    if survey:
        truth |= write_survey(country, directory, years)
    return SynthReport(
        directory=directory,
        people=len(country.people),
        seed=seed,
        years=years,
        records_by_source={
            source: sum(part["record_key"].n_unique() for part in parts) for source, parts in mentions.items()
        },
        truth=truth,
    )


def make_country(
    size: int, seed: int, years: tuple[int, int], population: dict[str, Any], faults: Faults
) -> Country:
    """Draw people, their journeys, acts and documents; nothing is written."""
    period = Period(day(years[0] - MARGIN), day(years[0]), day(years[1] + 1), day(years[1] + MARGIN + 1))
    names = [spec["name"] for spec in population["life"]]
    local, child = names.index("local"), names.index("child")
    life = _lives(stream(seed, "life"), population, size)
    n_child = int((life == child).sum())
    middle = (period.observed_from + period.observed_to) // 2
    people = make_people(
        stream(seed, "people"), population, faults, life[life != child], middle, period.start
    )
    journeys, phases = live(stream(seed, "journeys"), population["life"], people.life, people.birth, period)
    journeys, phases = travel_along(stream(seed, "twins"), journeys, phases, people.travels_with)

    acts = population["acts"]
    last_day = deaths(stream(seed, "deaths"), people, journeys, period, local, acts["death"])
    n_marriage = round(acts["marriage"] * size)
    pairs = couples(
        stream(seed, "couples"),
        people,
        journeys,
        last_day,
        period,
        local=local,
        wanted=n_marriage + n_child,
        oldest=OLDEST_MOTHER,
    )
    married, others = pairs.take(slice(0, n_marriage)), pairs.take(slice(n_marriage, None))
    births = parents(
        stream(seed, "births"),
        acts,
        married,
        others,
        journeys,
        last_day,
        period,
        n_child,
        faults["people"]["twin"],
    )
    rng = stream(seed, "children")
    no_father = chance(rng, faults["birth"]["no_father"], len(births.woman))
    home = list(population["countries"]).index(NATIONAL)
    mother_country, father_country = people.country[births.woman], people.country[births.man]
    citizen = (
        (mother_country == home) | ((father_country == home) & ~no_father) | chance(rng, 0.6, len(no_father))
    )
    children = make_children(
        rng,
        population,
        life=child,
        birth=births.day,
        country=np.where(citizen, home, mother_country),
        municipality=people.municipality[births.woman],
        surnames=surname_of_child(people, births, no_father),
    )
    child_journeys, _ = live(
        stream(seed, "journeys of children"), population["life"], children.life, children.birth, period
    )
    everybody = people.append(children)
    last_day = np.concatenate([last_day, np.full(len(children), period.end, dtype=np.int64)])
    all_journeys = journeys.append(child_journeys).until(last_day)
    return Country(
        seed=seed,
        population=population,
        faults=faults,
        period=period,
        people=everybody,
        journeys=all_journeys,
        last_day=last_day,
        crossings=cross(stream(seed, "crossings"), population, faults, everybody, all_journeys),
        documents=make_documents(stream(seed, "documents"), population, faults, everybody, period),
        visas=visas(stream(seed, "visas of"), population, people, phases, last_day, period),
        permits=permits(stream(seed, "permits of"), population, faults, people, phases, last_day, period),
        marriages=married,
        births=births,
        no_father=no_father,
        children=np.arange(len(people), len(everybody)),
    )


def _lives(rng: np.random.Generator, population: dict[str, Any], size: int) -> Ints:
    """Return the life of each person, the declared shares held exactly, in random order."""
    shares = np.array([spec["share"] for spec in population["life"]])
    bounds = np.round(np.cumsum(shares / shares.sum()) * size).astype(np.int64)
    life: Ints = np.searchsorted(bounds, np.arange(size), side="right")
    return rng.permutation(life)
