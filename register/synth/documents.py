"""Documents that people hold, and the one that each crossing shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from register.synth.declare import Faults
from register.synth.draw import MINUTES, Bools, Floats, Ints, chance, distinct_numbers, numbers
from register.synth.lives import Period
from register.synth.people import NATIONAL, People

VALID_DAYS = 3652  # ten years
MAX_PASSPORTS = 6
ADULT_DAYS = 6574

PASSPORT = "PASAPORTE"
CITIZEN_CARD = "CEDULA DE CIUDADANIA"
NATIONAL_ID = "DOCUMENTO NACIONAL DE IDENTIDAD"
PERMIT_KINDS = {"CE": "CEDULA DE EXTRANJERIA", "PPT": "PPT"}


@dataclass(frozen=True)
class Documents:
    """Documents by person: a chain of passports, a second passport, national ids.

    ``passport`` holds the numbers of all people, ``MAX_PASSPORTS`` a person, of which the one at
    ``valid_from`` not after a day is in use on that day.
    """

    passport: pl.Series
    valid_from: Floats  # person x MAX_PASSPORTS
    second_passport: pl.Series  # null without one
    national_id: pl.Series  # shown at the border instead of a passport; null where the country has none
    home_id: pl.Series  # named in permits only

    def passport_at(self, person: Ints, day: Ints) -> pl.Series:
        """Return the number of the passport that each of some people uses on a day."""
        renewals = (self.valid_from[person] <= np.asarray(day)[:, None]).sum(axis=1) - 1
        return self.passport.gather(person * MAX_PASSPORTS + np.maximum(renewals, 0))


def make_documents(
    rng: np.random.Generator, population: dict[str, Any], faults: Faults, people: People, period: Period
) -> Documents:
    """Give everybody passports for the whole simulation, and the ids that their country issues."""
    size = len(people)
    valid_from = np.empty((size, MAX_PASSPORTS))
    valid_from[:, 0] = period.start - rng.uniform(0, VALID_DAYS, size)
    for renewal in range(1, MAX_PASSPORTS):
        early = chance(rng, faults["people"]["renewed_early"], size)
        lasted = np.where(early, rng.uniform(150, VALID_DAYS, size), VALID_DAYS)
        valid_from[:, renewal] = valid_from[:, renewal - 1] + lasted
    specs = population["countries"]
    by_passport = np.repeat(people.country, MAX_PASSPORTS)
    return Documents(
        passport=_by_country(rng, specs, "passport", by_passport),
        valid_from=valid_from,
        second_passport=_by_country(rng, specs, "passport", people.second_country),
        national_id=_by_country(rng, specs, "national_id", people.country),
        home_id=_by_country(rng, specs, "home_id", people.country),
    )


def _by_country(rng: np.random.Generator, specs: dict[str, Any], kind: str, country: Ints) -> pl.Series:
    """Return one number an entry, of the pattern of its country; null where the country has no such kind."""
    parts = [pl.DataFrame(schema={"at": pl.Int64, "number": pl.String})]
    for position, spec in enumerate(specs.values()):
        mine = np.flatnonzero(country == position)
        if kind in spec and len(mine):
            draw = numbers if kind == "passport" else distinct_numbers
            parts.append(pl.DataFrame({"at": mine, "number": draw(rng, spec[kind], len(mine))}))
    held = pl.concat(parts)
    everyone = pl.DataFrame({"at": np.arange(len(country))})
    return everyone.join(held, on="at", how="left", maintain_order="left")["number"]


def show_documents(
    rng: np.random.Generator,
    population: dict[str, Any],
    faults: Faults,
    people: People,
    documents: Documents,
    permits: pl.DataFrame,
    person: Ints,
    minute: Ints,
) -> pl.DataFrame:
    """Return kind, number, issuer and nationality of the document that each crossing shows.

    Parameters
    ----------
    permits
        One row a permit, sorted by person and issue: person, class, number, issued, expires (days).
    person, minute
        Of each crossing.
    """
    size, rates = len(person), faults["shown"]
    codes = pl.Series(list(population["countries"]))
    national = list(population["countries"]).index(NATIONAL)
    day = minute // MINUTES
    held, permit = _permit_at(permits, person, day)
    adult = day - people.birth[person] >= ADULT_DAYS
    is_national = people.country[person] == national
    has_id = documents.national_id.is_not_null().to_numpy()[person] & (adult | ~is_national)
    other = (has_id | held) & chance(rng, rates["other_document"], size)
    with_permit = other & held & (~has_id | chance(rng, 0.5, size))
    with_id = other & ~with_permit
    has_second = people.second_country[person] >= 0
    with_second = ~other & has_second & chance(rng, rates["second_passport"], size)
    country = np.where(with_second, people.second_country[person], people.country[person])
    id_kind = pl.Series(is_national).replace_strict({True: CITIZEN_CARD, False: NATIONAL_ID})
    return pl.DataFrame(
        {
            "passport": documents.passport_at(person, day),
            "second": documents.second_passport.gather(person),
            "id": documents.national_id.gather(person),
            "permit": permits["number"].gather(permit)
            if permits.height
            else pl.Series([None] * size, dtype=pl.String),
            "permit_kind": (
                permits["class"].gather(permit).replace_strict(PERMIT_KINDS)
                if permits.height
                else pl.Series([None] * size, dtype=pl.String)
            ),
            "id_kind": id_kind,
            "nationality": codes.gather(country),
            "with_permit": with_permit,
            "with_id": with_id,
            "with_second": with_second,
        }
    ).select(
        kind=pl.when("with_permit")
        .then("permit_kind")
        .when("with_id")
        .then("id_kind")
        .otherwise(pl.lit(PASSPORT)),
        number=pl.when("with_permit")
        .then("permit")
        .when("with_id")
        .then("id")
        .when("with_second")
        .then("second")
        .otherwise("passport"),
        issuer=pl.when("with_permit").then(pl.lit(NATIONAL)).otherwise("nationality"),
        nationality="nationality",
    )


def _permit_at(permits: pl.DataFrame, person: Ints, day: Ints) -> tuple[Bools, Ints]:
    """Return for each person and day whether a permit is in force, and its row."""
    if not permits.height:
        return np.zeros(len(person), dtype=np.bool_), np.zeros(len(person), dtype=np.int64)
    holder, issued = permits["person"].to_numpy(), permits["issued"].to_numpy()
    at = np.searchsorted((holder << 32) + issued, (person << 32) + day, side="right") - 1
    row = np.maximum(at, 0)
    held = (at >= 0) & (holder[row] == person) & (permits["expires"].to_numpy()[row] > day)
    return held, row
