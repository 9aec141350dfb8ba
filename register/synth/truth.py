"""The truth behind a synthetic country, as Parquet tables in ``truth/``.

============ =====================================================================================
table        grain and columns
============ =====================================================================================
person       one person: true_id, sex ('1' male, '2' female), birth_date, citizenship_code,
             second_citizenship_code, birth_country_code, life (kind of life), death_date,
             initial_status (1 resident at the start of the simulation, or at birth; else 0)
mention      one person named in one record: source, record_key, role, true_id; source, record_key
             and role as in the register's table of the same name
crossing     one true crossing inside the observed years: true_id, crossed_at, direction (arrival,
             departure), border_post, recorded, record_keys (joined by ";"; two when keyed twice),
             status_before, status_after (1 resident, 0 not), is_migration
event        one true migration inside the observed years: true_id, direction (immigration,
             emigration), event_date
flow         year, direction, n: events counted
stock        reference_date (1 January), n: residents alive on that day
status       one resident on one 1 January: true_id, reference_date
============ =====================================================================================

Statuses and events follow ``residence``: the 12-of-16 rule on the complete journeys, recorded or not, that
go on for two years after the last observed one, so that all of them are final. A birth in the country makes
a resident without an event; a death ends a residence without one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from register.synth.draw import MINUTES, Ints, dates, day, times
from register.synth.people import NATIONAL
from register.synth.residence import Residence, status_on, true_residence
from register.synth.world import Country


def true_ids(person: Ints) -> pl.Series:
    """Return the identifiers of people."""
    return pl.Series(person).cast(pl.String).str.zfill(8).str.replace("^", "P")


def write_truth(
    country: Country, mentions: dict[str, list[pl.DataFrame]], directory: Path, years: tuple[int, int]
) -> dict[str, int]:
    """Write the truth and return the number of rows of each table."""
    residence = true_residence(country.journeys, country.last_day)
    keyed = pl.concat(mentions["crossing"])
    crossing = _crossing(country, residence, keyed)
    event = crossing.filter("is_migration").select(
        "true_id",
        direction=pl.when(pl.col("direction") == "arrival")
        .then(pl.lit("immigration"))
        .otherwise(pl.lit("emigration")),
        event_date=pl.col("crossed_at").dt.date(),
    )
    status = _status(country, residence, years)
    tables = {
        "person": _person(country),
        "mention": _mention(mentions),
        "crossing": crossing,
        "event": event,
        "flow": _flow(event, years),
        "stock": status.group_by("reference_date").agg(n=pl.len().cast(pl.Int64)).sort("reference_date"),
        "status": status,
    }
    for name, table in tables.items():
        table.write_parquet(directory / f"{name}.parquet")
    return {name: table.height for name, table in tables.items()}


def _person(country: Country) -> pl.DataFrame:
    people, period = country.people, country.period
    lives = pl.Series([spec["name"] for spec in country.population["life"]])
    born_here = people.life == lives.to_list().index("child")
    second = pl.Series(people.second_country)
    dead = pl.Series(country.last_day < period.end)
    return pl.DataFrame(
        {
            "true_id": true_ids(np.arange(len(people))),
            "sex": pl.Series(people.female).replace_strict({True: "2", False: "1"}, return_dtype=pl.String),
            "birth_date": dates(people.birth),
            "citizenship_code": country.codes.gather(people.country),
            "second_citizenship_code": pl.select(
                pl.when(second >= 0).then(country.codes.gather(second.clip(lower_bound=0)))
            ).to_series(),
            "birth_country_code": pl.select(
                pl.when(pl.Series(born_here))
                .then(pl.lit(NATIONAL))
                .otherwise(country.codes.gather(people.country))
            ).to_series(),
            "life": lives.gather(people.life),
            "death_date": pl.select(pl.when(dead).then(dates(country.last_day))).to_series(),
            "initial_status": pl.Series(country.journeys.starts_inside).cast(pl.Int8),
        }
    )


def _mention(mentions: dict[str, list[pl.DataFrame]]) -> pl.DataFrame:
    return pl.concat(
        part.select(
            pl.lit(source).alias("source"),
            "record_key",
            "role",
            true_ids(part["person"].to_numpy()).alias("true_id"),
        )
        for source, parts in mentions.items()
        for part in parts
    )


def _crossing(country: Country, residence: Residence, keyed: pl.DataFrame) -> pl.DataFrame:
    journeys, period = country.journeys, country.period
    at = np.flatnonzero(
        (journeys.minute >= period.observed_from * MINUTES) & (journeys.minute < period.observed_to * MINUTES)
    )
    posts = pl.Series(list(country.population["posts"]))
    keys = keyed.group_by("crossing", maintain_order=True).agg(record_keys=pl.col("record_key").str.join(";"))
    return (
        pl.DataFrame(
            {
                "crossing": at,
                "true_id": true_ids(journeys.person[at]),
                "crossed_at": times(journeys.minute[at]),
                "direction": pl.Series(journeys.inbound[at]).replace_strict(
                    {True: "arrival", False: "departure"}
                ),
                "border_post": posts.gather(country.crossings.post[at]),
                "recorded": country.crossings.recorded[at],
                "status_before": residence.before[at].astype(np.int8),
                "status_after": residence.after[at].astype(np.int8),
                "is_migration": residence.is_migration[at],
            }
        )
        .join(keys, on="crossing", how="left", maintain_order="left")
        .drop("crossing")
    )


def _flow(event: pl.DataFrame, years: tuple[int, int]) -> pl.DataFrame:
    counted = event.group_by(year=pl.col("event_date").dt.year().cast(pl.Int64), direction="direction").agg(
        n=pl.len().cast(pl.Int64)
    )
    cells = pl.DataFrame({"year": range(years[0], years[1] + 1)}, schema={"year": pl.Int64}).join(
        pl.DataFrame({"direction": ["emigration", "immigration"]}), how="cross"
    )
    return cells.join(counted, on=["year", "direction"], how="left", maintain_order="left").with_columns(
        pl.col("n").fill_null(0)
    )


def _status(country: Country, residence: Residence, years: tuple[int, int]) -> pl.DataFrame:
    """Return who is a resident, born and alive on each 1 January from the first year to after the last."""
    people, parts = country.people, []
    for year in range(years[0], years[1] + 2):
        first = day(year)
        resident = status_on(country.journeys, residence, first, len(people))
        there = np.flatnonzero(resident & (people.birth < first) & (country.last_day >= first))
        parts.append(
            pl.DataFrame({"true_id": true_ids(there), "reference_date": dates(np.full(len(there), first))})
        )
    return pl.concat(parts)
