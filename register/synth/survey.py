"""A household survey of a synthetic country that sees too few migrants, and the truth behind it.

The sample is stratified and in two stages: segments of dwellings within departments, households within segments. Its
frame is old: most households of foreigners are not on it, and a few of nationals. Base weights are the inverse of the
probability of selection among the households on the frame, so that migrants are undercounted by what the frame lacks.

``survey/``
    ``survey.csv``, one row per person interviewed; ``projection.csv``, residents by sex and age, as an office
    projects them; ``calibration.toml``, which calibrates the one to the other and to the register's foreigners.
``truth/survey_population.parquet``
    One row per resident: true_id, department_code, household, sex, age, citizenship_code, birth_country_code, on_frame
    and the answers (employed, income) that the survey would get.
"""

from __future__ import annotations

from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from register.synth.draw import Bools, Ints, chance, choose, dates, day, stream
from register.synth.people import NATIONAL
from register.synth.residence import status_on, true_residence
from register.synth.truth import true_ids
from register.synth.world import Country

ON_FRAME = {True: 0.55, False: 0.96}  # foreign household or not
LIVES_WITH_NATIONALS = 0.12
HOUSEHOLD_SIZES = (0.20, 0.25, 0.25, 0.20, 0.10)
SEGMENT = 16  # households
SAMPLED_SEGMENTS = 0.5
TAKEN = 8  # households of a segment
FEWEST_SEGMENTS = 2
BREAKS = (0, 15, 30, 45, 60)


def write_survey(country: Country, directory: Path, years: tuple[int, int]) -> dict[str, int]:
    """Write the survey of 1 January of the last year; return the rows of each table."""
    population = _population(country, day(years[1]))
    sample = _sample(stream(country.seed, "survey sample"), population)
    folder = directory / "survey"
    folder.mkdir(parents=True, exist_ok=True)
    population.write_parquet(directory / "truth" / "survey_population.parquet")
    sample.write_csv(folder / "survey.csv")
    _projection(population, years[1]).write_csv(folder / "projection.csv")
    text = resources.files(__package__).joinpath("calibration.toml").read_text("utf-8")
    (folder / "calibration.toml").write_text(text.replace("{date}", f"{years[1]}-01-01"), "utf-8")
    return {"survey": sample.height, "survey_population": population.height}


def _population(country: Country, first: int) -> pl.DataFrame:
    people = country.people
    resident = status_on(
        country.journeys, true_residence(country.journeys, country.last_day), first, len(people)
    )
    there = np.flatnonzero(resident & (people.birth < first) & (country.last_day >= first))
    born_here = people.life[there] == [spec["name"] for spec in country.population["life"]].index("child")
    frame = pl.DataFrame(
        {
            "true_id": true_ids(there),
            "department_code": country.municipality_code(there).str.head(2),
            "sex": pl.Series(people.female[there]).replace_strict(
                {True: "2", False: "1"}, return_dtype=pl.String
            ),
            "birth": dates(people.birth[there]),
            "citizenship_code": country.nationality(there),
        }
    ).with_columns(
        age=((pl.lit(first) - pl.Series(people.birth[there])) / 365.2425).floor().cast(pl.Int64),
        birth_country_code=pl.when(pl.Series(born_here)).then(pl.lit(NATIONAL)).otherwise("citizenship_code"),
    )
    rng = stream(country.seed, "survey population")
    foreign = (frame["citizenship_code"] != NATIONAL).to_numpy()
    household = _households(rng, frame["department_code"], foreign)
    # A household is foreign when most of its members are.
    share = np.bincount(household, weights=foreign) / np.bincount(household)
    listed = rng.random(len(share)) < np.where(share > 0.5, ON_FRAME[True], ON_FRAME[False])
    age = frame["age"].to_numpy()
    adult = (age >= 15) & (age < 70)
    employed = adult & (rng.random(len(age)) < np.where(foreign, 0.74, 0.58))
    income = np.where(employed, np.round(np.exp(rng.normal(np.where(foreign, 13.7, 14.1), 0.5)), -3), 0.0)
    return frame.drop("birth").with_columns(
        household=pl.Series(household),
        on_frame=pl.Series(listed[household]),
        employed=pl.Series(employed.astype(np.int64)),
        income=pl.Series(income),
    )


def _households(rng: np.random.Generator, department: pl.Series, foreign: Bools) -> Ints:
    """Return the household of each person, from 0: neighbours of one department, foreigners mostly among themselves."""
    place = department.rank("dense").to_numpy().astype(np.int64)
    among = foreign & ~chance(rng, LIVES_WITH_NATIONALS, len(foreign))
    pool = place * 2 + among
    order = np.lexsort((rng.random(len(pool)), pool))
    sizes = 1 + choose(rng, HOUSEHOLD_SIZES, len(pool))
    running = np.repeat(np.arange(len(sizes)), sizes)[: len(pool)]
    # A new pool begins a new household.
    begins = np.r_[True, (running[1:] != running[:-1]) | (pool[order][1:] != pool[order][:-1])]
    household = np.empty(len(pool), np.int64)
    household[order] = np.cumsum(begins) - 1
    return household


def _sample(rng: np.random.Generator, population: pl.DataFrame) -> pl.DataFrame:
    """Draw segments within departments and households within segments, from those on the frame."""
    households = (
        population.filter("on_frame")
        .group_by("department_code", "household")
        .agg(foreign=(pl.col("citizenship_code") != NATIONAL).mean())
        .sort("department_code", "household")
    )
    # Segments are neighbourhoods: foreigners live closer together than chance would have it.
    near = households["foreign"].to_numpy() + rng.normal(0, 0.8, households.height)
    parts = []
    for (code,), mine in households.with_columns(near=pl.Series(near)).group_by(
        "department_code", maintain_order=True
    ):
        count = max(FEWEST_SEGMENTS, round(mine.height / SEGMENT))
        segment = (mine["near"].rank("ordinal").to_numpy().astype(np.int64) - 1) * count // mine.height
        drawn = max(FEWEST_SEGMENTS, round(SAMPLED_SEGMENTS * count))
        chosen = rng.permutation(count)[:drawn]
        for number in sorted(chosen):
            inside = np.flatnonzero(segment == number)
            if not len(inside):
                continue
            taken = rng.permutation(inside)[:TAKEN]
            weight = count / drawn * len(inside) / len(taken)
            parts.append(
                mine[np.sort(taken)].select(
                    pl.lit(code).alias("estrato"),
                    pl.lit(f"{code}{number + 1:04d}").alias("upm"),
                    "household",
                    pl.lit(count).alias("n_upm"),
                    pl.lit(weight).alias("fexp"),
                )
            )
    drawn_households = pl.concat(parts).with_row_index("hogar", offset=1)
    return (
        population.join(drawn_households, on="household", maintain_order="right")
        .sort("hogar", "true_id")
        .with_columns(persona=pl.int_range(1, pl.len() + 1).over("hogar"))
        .select(
            "estrato", "upm", "n_upm", "hogar", "persona",
            pl.col("department_code").alias("departamento"),
            pl.col("sex").alias("sexo"),
            pl.col("age").alias("edad"),
            pl.col("citizenship_code").alias("nacionalidad"),
            pl.col("birth_country_code").alias("pais_nacimiento"),
            pl.col("employed").alias("ocupado"),
            pl.col("income").alias("ingreso"),
            "fexp",
        )
    )  # fmt: skip


def _projection(population: pl.DataFrame, year: int) -> pl.DataFrame:
    """Return residents by sex and age group, as a table of benchmarks."""
    labels = [*(f"{a}-{b - 1}" for a, b in pairwise(BREAKS)), f"{BREAKS[-1]}+"]
    bands = pl.Series(labels).gather(np.searchsorted(BREAKS, population["age"].to_numpy(), side="right") - 1)
    return (
        population.with_columns(age_group=bands)
        .group_by("sex", "age_group")
        .agg(total=pl.len())
        .sort("sex", "age_group")
        .with_columns(
            date=pl.lit(f"{year}-01-01"),
            definition=pl.lit("residents, projection"),
            version=pl.lit("synthetic"),
        )
    )
