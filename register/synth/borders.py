"""Where and why people cross: country of the other side, post, purpose, and whether anybody wrote it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from register.synth.declare import Faults
from register.synth.draw import Bools, Ints, chance, choose
from register.synth.lives import Journeys
from register.synth.people import NATIONAL, People

SAME_POST = 0.6  # of a journey's two crossings
USUAL_PURPOSE = 0.5
HOME = 0.95  # crossings of foreigners to or from their own country


@dataclass(frozen=True)
class Crossings:
    """Attributes of each crossing of the journeys, in their order."""

    country: Ints  # position in the declared countries
    post: Ints  # position in the declared posts
    recorded: Bools


def cross(
    rng: np.random.Generator, population: dict[str, Any], faults: Faults, people: People, journeys: Journeys
) -> Crossings:
    """Draw the attributes of all crossings."""
    person, size = journeys.person, len(journeys.person)
    leaves = journeys.inbound != journeys.starts_inside[person]
    trip = np.cumsum(leaves | np.r_[True, person[1:] != person[:-1]]) - 1 if size else np.zeros(0, np.int64)
    n_trip = int(trip[-1]) + 1 if size else 0
    country = _countries(rng, population, people, person, trip, n_trip)
    post = _posts(rng, population, country)
    by_trip = np.zeros(n_trip, dtype=np.int64)
    by_trip[trip] = post
    post = np.where(chance(rng, SAME_POST, size), by_trip[trip], post)
    together = _together(journeys, people.travels_with)
    country, post = country[together], post[together]
    land = np.array([spec["transport"] == "land" for spec in population["posts"].values()])[post]
    rates = faults["unrecorded"]
    irregular = people.life[person] == [spec["name"] for spec in population["life"]].index("irregular")
    missing = np.where(irregular, rates["irregular"], np.where(land, rates["land"], rates["air"]))
    return Crossings(country, post, rng.random(size) >= missing)


def purposes(rng: np.random.Generator, population: dict[str, Any], faults: Faults, life: Ints) -> pl.Series:
    """Return the purpose of each journey as the office writes it, null where it is left empty."""
    weights, size = population["purposes"], len(life)
    words = pl.Series([*weights, None], dtype=pl.String)
    any_purpose = choose(rng, weights.values(), size)
    usual = np.array(
        [list(weights).index(spec["purpose"]) if "purpose" in spec else -1 for spec in population["life"]]
    )[life]
    drawn = np.where((usual >= 0) & chance(rng, USUAL_PURPOSE, size), usual, any_purpose)
    return words.gather(np.where(chance(rng, faults["crossing"]["no_purpose"], size), len(weights), drawn))


def _together(journeys: Journeys, travels_with: Ints) -> Ints:
    """Return for each crossing the row of the same crossing of the person with whom it was made."""
    person, row = journeys.person, np.arange(len(journeys.person))
    begin = np.searchsorted(person, np.arange(len(travels_with) + 1))
    with_whom = travels_with[person]
    same = begin[with_whom] + row - begin[person]
    return np.where(same < begin[with_whom + 1], same, row)


def _countries(
    rng: np.random.Generator,
    population: dict[str, Any],
    people: People,
    person: Ints,
    trip: Ints,
    n_trip: int,
) -> Ints:
    """Return the country on the other side: foreigners' own, where a national lives abroad, or any."""
    codes = list(population["countries"])
    weights = [spec["weight"] for spec in population["countries"].values()]
    abroad = choose(rng, weights, len(people))
    anywhere = choose(rng, weights, n_trip)[trip]
    national = people.country[person] == codes.index(NATIONAL)
    faithful = chance(rng, HOME, len(person))
    goes_far = np.array([any(not phase["inside"] for phase in spec["phases"]) for spec in population["life"]])
    at_home_abroad = goes_far[people.life[person]] & faithful
    own: Ints = np.where(national, np.where(at_home_abroad, abroad[person], anywhere), people.country[person])
    return np.where(national | faithful, own, anywhere)


def _posts(rng: np.random.Generator, population: dict[str, Any], country: Ints) -> Ints:
    names = list(population["posts"])
    general = [spec["weight"] for spec in population["posts"].values()]
    post = choose(rng, general, len(country))
    for position, spec in enumerate(population["countries"].values()):
        near = spec.get("near", {})
        if near:
            mine = np.flatnonzero(country == position)
            here = np.array([names.index(name) for name in near])
            local = mine[chance(rng, sum(near.values()), len(mine))]
            post[local] = here[choose(rng, near.values(), len(local))]
    return post
