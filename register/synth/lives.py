"""Lives as journeys: every crossing of every person, also before and after the observed years.

A life is a sequence of phases inside or outside the country (``population.toml``), each with journeys to
the other side. The crossings of a person alternate by construction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from register.synth.draw import MINUTES, Bools, Floats, Ints, chance

REST = 0.2  # days that must lie between two crossings


@dataclass(frozen=True)
class Period:
    """Days since 1970-01-01; each end is the first day that no longer belongs."""

    start: int  # of the simulation
    observed_from: int
    observed_to: int
    end: int  # of the simulation


@dataclass(frozen=True)
class Phases:
    """One entry a phase of a life, in order of person and time."""

    person: Ints
    start: Floats
    end: Floats
    inside: Bools


@dataclass(frozen=True)
class Journeys:
    """One entry a crossing, sorted by person and time, and for each person the side at the start."""

    person: Ints
    minute: Ints  # since 1970-01-01
    inbound: Bools
    starts_inside: Bools

    def inside_at(self, person: Ints, days: Ints) -> Bools:
        """Return whether each of some people is in the country at noon of a day."""
        starts: Bools = self.starts_inside[person]
        if not len(self.person):
            return starts
        keys = (self.person << 32) + self.minute
        at = np.searchsorted(keys, (person << 32) + days * MINUTES + MINUTES // 2, side="right") - 1
        row = np.maximum(at, 0)
        return np.where((at >= 0) & (self.person[row] == person), self.inbound[row], starts)

    def until(self, last_day: Ints) -> Journeys:
        """Return the crossings that lie before the last day of each person."""
        kept = self.minute < last_day[self.person] * MINUTES
        return replace(self, person=self.person[kept], minute=self.minute[kept], inbound=self.inbound[kept])

    def append(self, other: Journeys) -> Journeys:
        """Return the journeys of two groups; the people of the second come after."""
        return Journeys(
            np.concatenate([self.person, other.person + len(self.starts_inside)]),
            np.concatenate([self.minute, other.minute]),
            np.concatenate([self.inbound, other.inbound]),
            np.concatenate([self.starts_inside, other.starts_inside]),
        )


def live(
    rng: np.random.Generator, lives: list[dict[str, Any]], life: Ints, birth: Ints, period: Period
) -> tuple[Journeys, Phases]:
    """Return the journeys and the phases of people who live the given lives."""
    people, starts, ends, sides = [], [], [], []
    persons, minutes, directions = [], [], []
    starts_inside = np.array([bool(spec["phases"][0]["inside"]) for spec in lives])[life]
    for position, spec in enumerate(lives):
        mine = np.flatnonzero(life == position)
        for number, (person, start, end) in enumerate(_phases(rng, spec, mine, birth[mine], period)):
            phase = spec["phases"][number]
            people.append(person)
            starts.append(start)
            ends.append(end)
            sides.append(np.full(len(person), phase["inside"]))
            if number and phase["inside"] != spec["phases"][number - 1]["inside"]:
                persons.append(person)
                minutes.append(start)
                directions.append(np.full(len(person), phase["inside"]))
            at, leave, back = _trips(rng, phase, start, end, period)
            persons += [person[at], person[at]]
            minutes += [leave, back]
            directions += [np.full(len(at), not phase["inside"]), np.full(len(at), phase["inside"])]
    person, when = np.concatenate(persons), np.concatenate(minutes)
    order = np.lexsort((when, person))
    journeys = Journeys(
        person[order],
        (when[order] * MINUTES).astype(np.int64),
        np.concatenate(directions)[order],
        starts_inside,
    )
    who, begin = np.concatenate(people), np.concatenate(starts)
    by_person = np.lexsort((begin, who))
    return journeys, Phases(
        who[by_person], begin[by_person], np.concatenate(ends)[by_person], np.concatenate(sides)[by_person]
    )


def travel_along(
    rng: np.random.Generator, journeys: Journeys, phases: Phases, travels_with: Ints
) -> tuple[Journeys, Phases]:
    """Give people the journeys of those with whom they travel, minutes apart."""
    person, row = _rows_of(journeys.person, travels_with)
    apart = np.where(travels_with[person] != person, rng.integers(1, 9, len(person)), 0)
    along = Journeys(person, journeys.minute[row] + apart, journeys.inbound[row], journeys.starts_inside)
    who, phase = _rows_of(phases.person, travels_with)
    return along, Phases(who, phases.start[phase], phases.end[phase], phases.inside[phase])


def _rows_of(person: Ints, whose: Ints) -> tuple[Ints, Ints]:
    """Return people in order, each as often as the person in ``whose`` has rows, and these rows."""
    begin = np.searchsorted(person, np.arange(len(whose) + 1))
    count = np.diff(begin)[whose]
    who = np.repeat(np.arange(len(whose)), count)
    within = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
    return who, begin[whose][who] + within


def _phases(
    rng: np.random.Generator, spec: dict[str, Any], person: Ints, birth: Ints, period: Period
) -> list[tuple[Ints, Floats, Floats]]:
    """Return for each phase of a life who comes to live it, from when and until when."""
    phases = []
    start = np.maximum(birth + 1.0, period.start)
    observed = period.observed_to - period.observed_from
    for number, phase in enumerate(spec["phases"]):
        size = len(person)
        if number == 0 and "turn" in spec:
            low, high = spec["turn"]
            end = period.observed_from + rng.uniform(float(low), float(high), size) * observed
        elif "days" in phase:
            low, high = phase["days"]
            end = start + rng.uniform(float(low), float(high), size)
            end[chance(rng, phase.get("forever", 0.0), size)] = period.end
        else:
            end = np.full(size, float(period.end))
        end = np.clip(end, start + REST, period.end)
        phases.append((person, start, end))
        goes_on = end < period.end - 1
        person, start = person[goes_on], end[goes_on]
    return phases


def _trips(
    rng: np.random.Generator, phase: dict[str, Any], start: Floats, end: Floats, period: Period
) -> tuple[Ints, Floats, Floats]:
    """Return the journeys of a phase to the other side: which person of the phase, leaving and return."""
    size = len(start)
    if not phase["trips"] or not size:
        none = np.zeros(0)
        return none.astype(np.int64), none, none
    regular, spread = float(phase.get("regular", 1.0)), float(phase["spread"])
    habit = 1.0 if regular > 1 else rng.gamma(1.5, 1 / 1.5, size) + 0.05
    stay = phase["trip_days"] * np.exp(spread**2 / 2)
    rest = np.maximum(365.25 / (phase["trips"] * habit) - stay, 1.0) * np.ones(size)
    leave = start + REST + rng.gamma(regular, rest / regular)
    if phase.get("anchor"):
        rare = rest > (period.observed_to - period.observed_from) / 4
        anchored = rng.uniform(period.observed_from, period.observed_to, size)
        leave = np.where(rare, np.maximum(anchored, start + REST), leave)
    at = np.arange(size)
    who, leaving, returning = [], [], []
    while len(at):
        back = leave + np.maximum(phase["trip_days"] * np.exp(spread * rng.standard_normal(len(at))), REST)
        fits = back < end[at] - REST
        at, leave, back = at[fits], leave[fits], back[fits]
        who.append(at)
        leaving.append(leave)
        returning.append(back)
        leave = back + REST + rng.gamma(regular, rest[at] / regular)
    return np.concatenate(who), np.concatenate(leaving), np.concatenate(returning)
