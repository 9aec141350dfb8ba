"""What offices register about lives: visas, permits, marriages, births and deaths (before any fault)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from register.synth.declare import Faults
from register.synth.documents import ADULT_DAYS
from register.synth.draw import Bools, Floats, Ints, chance, choose, distinct_numbers
from register.synth.lives import Journeys, Period, Phases
from register.synth.people import NATIONAL, People

VISA_DAYS = {"V": 365, "M": 1095, "R": 1825}
PERMIT_DAYS = {"CE": 730, "PPT": 1825}
SHORT_STAY = 90
STUDENT_STAY = 450
ROUNDS = 16  # no chain of renewals is longer


@dataclass(frozen=True)
class Couples:
    """Women and men who marry or have a child, and the day of it."""

    woman: Ints
    man: Ints
    day: Ints

    def take(self, at: Any) -> Couples:
        """Return some of the couples."""
        return Couples(self.woman[at], self.man[at], self.day[at])


def deaths(
    rng: np.random.Generator, people: People, journeys: Journeys, period: Period, local: int, share: float
) -> Ints:
    """Return the day of death of each person, or the end of the simulation: deaths in the country only."""
    size = len(people)
    last_day = np.full(size, period.end, dtype=np.int64)
    day = rng.integers(period.observed_from, period.observed_to, size)
    age = (day - people.birth) / 365.25
    likely = rng.random(size) * np.where(people.life == local, 3.0, 1.0) * np.exp((age - 60) / 40)
    possible = journeys.inside_at(np.arange(size), day) & (age > 0)
    dead = np.argsort(np.where(possible, -likely, 1.0), kind="stable")[: round(share * size)]
    dead = dead[possible[dead]]
    last_day[dead] = day[dead]
    return last_day


def couples(
    rng: np.random.Generator,
    people: People,
    journeys: Journeys,
    last_day: Ints,
    period: Period,
    *,
    local: int,
    wanted: int,
    oldest: int,
) -> Couples:
    """Return couples of adults who are alive and in the country on the day, those who never travel first."""
    adult = period.observed_from - people.birth >= ADULT_DAYS
    young = period.observed_from - people.birth <= oldest * 365
    order = np.argsort(rng.random(len(people)) * np.where(people.life == local, 0.25, 1.0), kind="stable")
    women = order[(people.female & adult & young)[order]]
    men = order[(~people.female & adult)[order]]
    size = min(len(women), len(men), 6 * wanted + 20)
    pairs = Couples(women[:size], men[:size], rng.integers(period.observed_from, period.observed_to, size))
    there = journeys.inside_at(pairs.woman, pairs.day) & journeys.inside_at(pairs.man, pairs.day)
    alive = (pairs.day < last_day[pairs.woman]) & (pairs.day < last_day[pairs.man])
    return pairs.take(np.flatnonzero(there & alive)[:wanted])


def parents(
    rng: np.random.Generator,
    acts: dict[str, float],
    married: Couples,
    others: Couples,
    journeys: Journeys,
    last_day: Ints,
    period: Period,
    wanted: int,
    twin_share: float,
) -> Couples:
    """Return the parents and day of each birth: of married couples, of others, some of them twice."""
    n_married = min(len(married.woman), round(acts["born_to_married"] * wanted))
    wed = married.take(rng.permutation(len(married.woman))[:n_married])
    wed = Couples(wed.woman, wed.man, wed.day + rng.integers(60, 900, n_married))
    pool = [wed, others.take(slice(0, wanted - n_married))]
    first = Couples(
        *(np.concatenate([getattr(part, key) for part in pool]) for key in ("woman", "man", "day"))
    )
    again = first.take(chance(rng, acts["born_to_same_couple"], len(first.woman)))
    again = Couples(again.woman, again.man, again.day + rng.integers(300, 900, len(again.woman)))
    twins = first.take(chance(rng, twin_share, len(first.woman)))
    births = Couples(
        *(
            np.concatenate([getattr(part, key) for part in (again, twins, first)])
            for key in ("woman", "man", "day")
        )
    )
    fits = (births.day < np.minimum(last_day[births.woman], period.observed_to)) & journeys.inside_at(
        births.woman, births.day
    )
    return births.take(np.flatnonzero(fits)[:wanted])


def visas(
    rng: np.random.Generator,
    population: dict[str, Any],
    people: People,
    phases: Phases,
    last_day: Ints,
    period: Period,
) -> pl.DataFrame:
    """Return the visas of foreigners who stay: person, class, issued, expires (days)."""
    acts, names = population["acts"], [spec["name"] for spec in population["life"]]
    who, start, end = _stays(population, people, phases, last_day, names.index("irregular"))
    length = end - start
    student = length < STUDENT_STAY
    seasonal = _seasons(people, phases, names.index("seasonal"))
    asks = rng.random(len(who)) < np.where(student, acts["visa_of_season"], acts["visa_of_stay"])
    takes = chance(rng, acts["visa_of_season"], len(seasonal[0]))
    person = np.concatenate([who[asks], seasonal[0][takes]])
    start = np.concatenate([_issue(rng, start[asks], period, 0, 60, before=True), seasonal[1][takes]])
    end = np.concatenate([end[asks], seasonal[2][takes]])
    temporary = np.concatenate([student[asks], np.ones(int(takes.sum()), bool)])
    kinds = list(VISA_DAYS)
    kind = np.where(temporary, 0, choose(rng, [0.14, 0.56, 0.30], len(person)))
    rounds = []
    for _ in range(ROUNDS):
        expires = start + np.array(list(VISA_DAYS.values()))[kind]
        rounds.append(
            pl.DataFrame(
                {
                    "person": person,
                    "class": pl.Series(kinds).gather(kind),
                    "issued": start,
                    "expires": expires,
                }
            )
        )
        again = chance(rng, acts["visa_renewed"], len(person)) & (expires < end)
        person, end = person[again], end[again]
        start = expires[again] - rng.integers(0, 60, len(person))
        temporary = temporary[again]
        kind = np.where(temporary, 0, np.maximum(kind[again], choose(rng, [0.1, 0.6, 0.3], len(person))))
    return _sorted(rounds)


def permits(
    rng: np.random.Generator,
    population: dict[str, Any],
    faults: Faults,
    people: People,
    phases: Phases,
    last_day: Ints,
    period: Period,
) -> pl.DataFrame:
    """Return permits: person, class, number, issued, expires (days), irregular; sorted by person and issue.

    An irregular entrant who stays for a year or more obtains one with the share declared in ``faults.toml``.
    """
    acts, names = population["acts"], [spec["name"] for spec in population["life"]]
    venezuela = list(population["countries"]).index("VEN")
    who, start, end = _stays(population, people, phases, last_day, names.index("irregular"))
    asks = (end - start >= 200) & chance(rng, acts["permit_of_stay"], len(who))
    hidden, entered, left = _irregular_stays(people, phases, last_day, names.index("irregular"))
    later = chance(rng, faults["irregular"]["permit"], len(hidden))
    hidden, entered, left = hidden[later], entered[later], left[later]
    wait = np.minimum(rng.uniform(60, 700, len(hidden)), (left - entered) * 0.9).astype(np.int64)
    person = np.concatenate([who[asks], hidden])
    issued = np.concatenate([_issue(rng, start[asks], period, 5, 60, before=False), entered + wait])
    end = np.concatenate([end[asks], left])
    irregular = np.concatenate([np.zeros(int(asks.sum()), bool), np.ones(len(hidden), bool)])
    special = irregular & (people.country[person] == venezuela)
    rounds = []
    for _ in range(ROUNDS):
        expires = issued + np.where(special, PERMIT_DAYS["PPT"], PERMIT_DAYS["CE"])
        kind = pl.Series(special).replace_strict({True: "PPT", False: "CE"}, return_dtype=pl.String)
        rounds.append(
            pl.DataFrame(
                {
                    "person": person,
                    "class": kind,
                    "issued": issued,
                    "expires": expires,
                    "irregular": irregular,
                }
            )
        )
        again = chance(rng, acts["permit_renewed"], len(person)) & (expires < end)
        person, end, special, irregular = person[again], end[again], special[again], irregular[again]
        issued = expires[again] + rng.integers(-40, 20, len(person))
    granted = _sorted(rounds)
    is_special = (granted["class"] == "PPT").to_numpy()
    cards, special_cards = int((~is_special).sum()), int(is_special.sum())
    numbered = pl.DataFrame(
        {
            "at": np.concatenate([np.flatnonzero(~is_special), np.flatnonzero(is_special)]),
            "number": pl.concat(
                [distinct_numbers(rng, "999999", cards), distinct_numbers(rng, "9999999", special_cards)]
            ),
        }
    ).sort("at")
    return granted.with_columns(number=numbered["number"])


def _sorted(rounds: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(rounds).sort("person", "issued", maintain_order=True)


def _stays(
    population: dict[str, Any], people: People, phases: Phases, last_day: Ints, irregular: int
) -> tuple[Ints, Ints, Ints]:
    """Return the longer phases in the country of foreigners who entered by a post: person, start, end."""
    national = list(population["countries"]).index(NATIONAL)
    foreign = (people.country != national) & (people.life != irregular)
    return _inside(phases, last_day, foreign[phases.person], SHORT_STAY)


def _irregular_stays(
    people: People, phases: Phases, last_day: Ints, irregular: int
) -> tuple[Ints, Ints, Ints]:
    return _inside(phases, last_day, people.life[phases.person] == irregular, 365)


def _inside(phases: Phases, last_day: Ints, which: Bools, shortest: int) -> tuple[Ints, Ints, Ints]:
    end = np.minimum(phases.end.astype(np.int64), last_day[phases.person])
    start = phases.start.astype(np.int64)
    at = phases.inside & which & (end - start >= shortest)
    return phases.person[at], start[at], end[at]


def _seasons(people: People, phases: Phases, seasonal: int) -> tuple[Ints, Ints, Ints]:
    """Return the working years of seasonal workers: the second phase of their lives."""
    second = np.r_[False, phases.person[1:] == phases.person[:-1]]
    at = second & np.r_[second[1:], False] & (people.life[phases.person] == seasonal)
    return phases.person[at], phases.start[at].astype(np.int64), phases.end[at].astype(np.int64)


def _issue(
    rng: np.random.Generator, start: Ints, period: Period, soonest: int, latest: int, *, before: bool
) -> Ints:
    """Return the first issue: near the start of a stay, or any time when it began before the simulation."""
    near = rng.integers(soonest, latest, len(start))
    old = start - rng.integers(0, 1000, len(start))
    issued: Ints = np.where(start <= period.start + 1, old, start - near if before else start + near)
    return issued


def surname_of_child(people: People, births: Couples, no_father: Bools) -> pl.DataFrame:
    """Return the surnames of each child: the father's first and the mother's first; else the mother's."""
    mother = people.names[births.woman]
    father = people.names[births.man]
    alone = pl.Series(no_father)
    second = mother["surname_1"].zip_with(~alone, mother["surname_2"])
    return pl.DataFrame(
        {"surname_1": mother["surname_1"].zip_with(alone, father["surname_1"]), "surname_2": second}
    )


def registration_delay(rng: np.random.Generator, size: int) -> Floats:
    """Return the days between an event and its registration."""
    return rng.integers(1, 40, size).astype(np.float64)
