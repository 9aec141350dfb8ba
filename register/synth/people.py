"""The people of a synthetic country: sex, birth date, citizenship and names, with those easily mistaken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from register.synth.declare import Faults
from register.synth.draw import Bools, Ints, chance, choose, scatter
from register.synth.names import country_names, office_spelling

NATIONAL = "COL"
NAME_PARTS = ("given", "surname_1", "surname_2")


@dataclass
class People:
    """One entry a person; positions are the same in every array, and in ``names``."""

    life: Ints  # position in the declared lives
    female: Bools
    birth: Ints  # days since 1970-01-01
    country: Ints  # position in the declared countries: citizenship
    second_country: Ints  # citizenship of a second passport, -1 without one
    municipality: Ints  # position in the declared municipalities
    travels_with: Ints  # position of the person whose journeys this one shares, else the own
    names: pl.DataFrame  # given, surname_1, surname_2 in title case with accents

    def __len__(self) -> int:
        return len(self.life)

    def append(self, other: People) -> People:
        """Return the two groups as one; the others come after."""
        return People(
            life=np.concatenate([self.life, other.life]),
            female=np.concatenate([self.female, other.female]),
            birth=np.concatenate([self.birth, other.birth]),
            country=np.concatenate([self.country, other.country]),
            second_country=np.concatenate([self.second_country, other.second_country]),
            municipality=np.concatenate([self.municipality, other.municipality]),
            travels_with=np.concatenate([self.travels_with, other.travels_with + len(self)]),
            names=pl.concat([self.names, other.names]),
        )


def make_people(
    rng: np.random.Generator,
    population: dict[str, Any],
    faults: Faults,
    life: Ints,
    middle: int,
    youngest: int,
) -> People:
    """Draw the people who live the given lives, aged as declared on the day ``middle``.

    Nobody is born after the day ``youngest``: those who are born later are born in the country.
    """
    size = len(life)
    lives, countries = population["life"], list(population["countries"])
    ages = np.array([spec["ages"] for spec in lives], dtype=np.float64)[life]
    years = np.clip(rng.normal(ages[:, 0], ages[:, 1]), 0.5, 92)
    birth = middle - (years * 365.25).astype(np.int64)
    birth = youngest - np.abs(youngest - birth)
    country = np.zeros(size, dtype=np.int64)
    for position, spec in enumerate(lives):
        mine = np.flatnonzero(life == position)
        country[mine] = _countries(rng, population, spec["countries"], len(mine))
    people = People(
        life=life,
        female=chance(rng, 0.49, size),
        birth=birth,
        country=country,
        second_country=np.full(size, -1, dtype=np.int64),
        municipality=choose(rng, [spec["weight"] for spec in population["municipality"]], size),
        travels_with=np.arange(size),
        names=pl.DataFrame(),
    )
    rates = faults["people"]
    pairs = _pairs(rng, size, [rates[kind] for kind in ("twin", "sibling", "homonym", "minor_offset")])
    twins, siblings, homonyms, offsets = pairs
    for first, second in (twins, siblings, homonyms, offsets):
        people.life[second], people.country[second] = people.life[first], people.country[first]
    people.birth[twins[1]] = people.birth[twins[0]]
    people.birth[offsets[1]] = people.birth[offsets[0]] + 1
    for first, second in (homonyms, offsets):
        people.female[second] = people.female[first]
    people.names = _names(rng, population, countries, people)
    for (first, second), parts in (
        (twins, NAME_PARTS[1:]),
        (siblings, NAME_PARTS[1:]),
        (homonyms, NAME_PARTS),
        (offsets, NAME_PARTS),
    ):
        people.names = _copy_names(people.names, first, second, parts)
    spare = country_names(population, NATIONAL).draw_given(rng, people.female[twins[1]])
    people.names = _tell_twins_apart(rng, people.names, twins, spare, rates["twin_shares_name"])
    along = chance(rng, rates["twin_travels_along"], len(twins[0]))
    people.travels_with[twins[1][along]] = twins[0][along]
    people.names = _nicknames(rng, population["nicknames"], people.names, rates["nickname"])
    foreign = np.flatnonzero(people.country != countries.index(NATIONAL))
    dual = foreign[chance(rng, rates["second_passport"], len(foreign))]
    second_country = _countries(rng, population, {"COL": 0.5, "USA": 0.2, "ESP": 0.2, "VEN": 0.1}, len(dual))
    differs = second_country != people.country[dual]
    people.second_country[dual] = np.where(differs, second_country, countries.index(NATIONAL))
    return people


def make_children(
    rng: np.random.Generator,
    population: dict[str, Any],
    *,
    life: int,
    birth: Ints,
    country: Ints,
    municipality: Ints,
    surnames: pl.DataFrame,
) -> People:
    """Draw children born in the country, with the surnames that their parents give them."""
    size = len(birth)
    children = People(
        life=np.full(size, life, dtype=np.int64),
        female=chance(rng, 0.49, size),
        birth=birth,
        country=country,
        second_country=np.full(size, -1, dtype=np.int64),
        municipality=municipality,
        travels_with=np.arange(size),
        names=pl.DataFrame(),
    )
    given = country_names(population, NATIONAL).draw_given(rng, children.female)
    children.names = surnames.select(given.alias("given"), "surname_1", "surname_2")
    return children


def _countries(rng: np.random.Generator, population: dict[str, Any], wanted: Any, size: int) -> Ints:
    countries = population["countries"]
    if wanted == "national":
        wanted = {NATIONAL: 1}
    elif wanted == "foreign":
        wanted = {code: spec["weight"] for code, spec in countries.items()}
    positions = np.array([list(countries).index(code) for code in wanted], dtype=np.int64)
    return positions[choose(rng, wanted.values(), size)]


def _names(
    rng: np.random.Generator, population: dict[str, Any], countries: list[str], people: People
) -> pl.DataFrame:
    parts = []
    for position, code in enumerate(countries):
        mine = np.flatnonzero(people.country == position)
        names = country_names(population, code)
        surname_1, surname_2 = names.draw_surnames(rng, len(mine))
        given = names.draw_given(rng, people.female[mine])
        parts.append(
            pl.DataFrame({"at": mine, "given": given, "surname_1": surname_1, "surname_2": surname_2})
        )
    return pl.concat(parts).sort("at").drop("at")


def _pairs(rng: np.random.Generator, size: int, shares: list[float]) -> list[tuple[Ints, Ints]]:
    """Return for each share that many pairs of people; nobody is in two pairs."""
    order, pairs, at = rng.permutation(size), [], 0
    for share in shares:
        n_pair = min(round(share * size), (size - at) // 2)
        pairs.append((order[at : at + n_pair], order[at + n_pair : at + 2 * n_pair]))
        at += 2 * n_pair
    return pairs


def _copy_names(names: pl.DataFrame, source: Ints, target: Ints, parts: tuple[str, ...]) -> pl.DataFrame:
    origin = np.arange(names.height)
    origin[target] = source
    return names.with_columns(names[part].gather(origin) for part in parts)


def _tell_twins_apart(
    rng: np.random.Generator, names: pl.DataFrame, twins: tuple[Ints, Ints], spare: pl.Series, share: float
) -> pl.DataFrame:
    """Give some second twins the first one's first name, and none all the same names.

    ``spare`` holds other given names, for twins who were drawn the same ones.
    """
    first, second = twins
    word = r"^(\S+)"
    given = pl.DataFrame(
        {"one": names["given"].gather(first), "other": names["given"].gather(second), "spare": spare}
    ).with_columns(other=pl.when(pl.col("one") == pl.col("other")).then("spare").otherwise("other"))
    one, other = pl.col("one").str.extract(word, 1), pl.col("other").str.extract(word, 1)
    shares = pl.Series(chance(rng, share, len(first)), dtype=pl.Boolean)
    told = given.select(
        given=pl.when(shares & (one != other))
        .then(pl.concat_str(one, other, separator=" "))
        .otherwise("other")
    )["given"]
    return names.with_columns(given=scatter(names["given"], second, told))


def _nicknames(
    rng: np.random.Generator, nicknames: dict[str, str], names: pl.DataFrame, share: float
) -> pl.DataFrame:
    first = names["given"].str.extract(r"^(\S+)", 1)
    nickname = office_spelling(first).replace_strict(nicknames, default=None, return_dtype=pl.String)
    known = nickname.is_not_null().to_numpy()
    taken = pl.Series(known & chance(rng, min(1.0, share / max(known.mean(), share)), len(known)))
    rest = names["given"].str.extract(r"(\s.*)$", 1).fill_null("")
    return names.with_columns(given=(nickname.str.to_titlecase() + rest).zip_with(taken, names["given"]))
