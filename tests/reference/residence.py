"""The residence rule written out naively: one person at a time, one day at a time.

Shares nothing with the SQL of ``register/rules``, on purpose. Days are whole numbers; a history is a list of
crossings in order, each a day and a direction. Read it beside the definition of the rule: it is meant to be
obviously right, not fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

ARRIVAL = "arrival"
DEPARTURE = "departure"


@dataclass(frozen=True)
class Crossing:
    """A crossing of one person: a day and ``"arrival"`` or ``"departure"``."""

    day: int
    direction: str


@dataclass(frozen=True)
class Verdict:
    """What the rule says of a crossing; None is unknown, or a day that lies after the cut-off."""

    status_before: int | None
    status_after: int | None
    is_migration: bool | None
    status_before_final: int | None
    status_after_final: int | None
    finalised: int | None


def alternates(crossings: list[Crossing]) -> bool:
    """Say whether arrivals and departures take turns."""
    return all(one.direction != following.direction for one, following in pairwise(crossings))


def in_order(crossings: list[Crossing]) -> list[Crossing]:
    """Return the crossings in order of time; those of one day so that they continue from the side the person was on.

    Received in an order that alternates, they stay in it. Otherwise a day begins with the direction that leaves the
    side known before it, or else with the one that it has more of, or else so that it ends before the next crossing,
    or else as received. If that does not let the history alternate, a crossing repeated within a day counts once, and
    stands beside the first.
    """
    received = sorted(crossings, key=lambda crossing: crossing.day)
    for ordered in (received, continued(received, repeats_count=True)):
        if alternates(ordered):
            return ordered
    return continued(received, repeats_count=False)


def continued(received: list[Crossing], *, repeats_count: bool) -> list[Crossing]:
    """Order the crossings of each day so that they continue from the side the person was on."""
    days: dict[int, list[Crossing]] = {}
    for crossing in received:
        days.setdefault(crossing.day, []).append(crossing)
    majority = {}
    for day, group in days.items():
        directions = [crossing.direction for crossing in group]
        counted = directions if repeats_count else sorted(set(directions))
        if 2 * counted.count(ARRIVAL) != len(counted):
            majority[day] = ARRIVAL if 2 * counted.count(ARRIVAL) > len(counted) else DEPARTURE
    ordered: list[Crossing] = []
    side_entered: str | None = None
    for day, group in days.items():
        later = [direction for other, direction in majority.items() if other > day]
        if side_entered is not None:
            first = DEPARTURE if side_entered == ARRIVAL else ARRIVAL
        elif day in majority:
            first = majority[day]
        elif later:
            first = later[0]
        else:
            first = group[0].direction
        ones = [crossing for crossing in group if crossing.direction == first]
        others = [crossing for crossing in group if crossing.direction != first]
        if not repeats_count:
            ordered += ones + others
        while repeats_count and (ones or others):
            ordered += ones[:1] + others[:1]
            ones, others = ones[1:], others[1:]
        side_entered = majority.get(day, side_entered)
    return ordered


def add_missing_legs(crossings: list[Crossing]) -> list[Crossing]:
    """Return the history with a leg half-way (rounded down) wherever two crossings have one direction."""
    complete: list[Crossing] = []
    for crossing in crossings:
        if complete and complete[-1].direction == crossing.direction:
            other = DEPARTURE if crossing.direction == ARRIVAL else ARRIVAL
            complete.append(Crossing(complete[-1].day + (crossing.day - complete[-1].day) // 2, other))
        complete.append(crossing)
    return complete


def presence_by_day(legs: list[Crossing], first: int, last: int) -> dict[int, bool]:
    """Say for each day whether the person counts as present: on a day of arrival yes, of departure no."""
    present = {}
    side = legs[0].direction == DEPARTURE
    following = 0
    for day in range(first, last + 1):
        while following < len(legs) and legs[following].day <= day:
            side = legs[following].direction == ARRIVAL
            following += 1
        present[day] = side
    return present


class History:
    """One person's crossings, observed until a day before ``ends``.

    Parameters
    ----------
    crossings
        In order.
    initial_status
        1 resident, 0 non-resident before the first crossing.
    threshold, window
        V and W.
    ends
        E, the first day that is not observed.
    """

    def __init__(
        self,
        crossings: list[Crossing],
        initial_status: int,
        *,
        threshold: int,
        window: int,
        ends: int,
    ) -> None:
        self.crossings = crossings
        self.initial_status = initial_status
        self.threshold = threshold
        self.window = window
        self.ends = ends
        self.present = presence_by_day(
            add_missing_legs(crossings), crossings[0].day, max(crossings[-1].day, crossings[0].day) + window
        )

    def is_on_side(self, day: int, direction: str) -> bool:
        """Say whether the person is that day on the side to which the direction leads."""
        return self.present[day] == (direction == ARRIVAL)

    def outcome(self, crossing: Crossing) -> tuple[int | None, int | None]:
        """Return what becomes of a crossing in the migrating direction, and the day on which that is certain.

        1 if the status flips, 0 if it does not, None if that is open. A migration is certain the day after
        its V-th day; a non-migration on the day that is one contrary day too many.
        """
        with_days = against_days = 0
        for day in range(crossing.day, min(crossing.day + self.window, self.ends)):
            if self.is_on_side(day, crossing.direction):
                with_days += 1
            else:
                against_days += 1
            if against_days > self.window - self.threshold:
                return 0, day
            if with_days == self.threshold:
                return 1, day + 1
        return None, None

    def days_on_side(self, direction: str, since: int, until: int) -> int:
        """Return the observed days in [since, until) on the side to which the direction leads."""
        return sum(self.is_on_side(day, direction) for day in range(since, min(until, self.ends)))

    def verdicts(self) -> list[Verdict]:
        """Walk through the crossings in order and classify each."""
        status: int | None = self.initial_status
        final: int | None = self.crossings[0].day
        # Crossings in the migrating direction so far, with the status before and when that was final.
        migrating: list[tuple[Crossing, int, int]] = []
        verdicts = []
        for crossing in self.crossings:
            towards = 1 if crossing.direction == ARRIVAL else 0
            status_before, before_final = status, None if final is None else max(final, crossing.day)
            is_migration: bool | None = None
            verdict_final: int | None = None
            if status_before is None or before_final is None:
                status, final = None, None
            elif status_before == towards:
                final = before_final
                is_migration, verdict_final = False, before_final
            else:
                flips, certain = self.outcome(crossing)
                if flips is None or certain is None:
                    status, final = None, None
                else:
                    status = towards if flips else status_before
                    final = max(certain, before_final)
                    is_migration, verdict_final = bool(flips), final
            # The certainty that survives an open status: too few days on the other side since a known status.
            for earlier, status_then, known in migrating:
                if status_then != towards:
                    continue
                away = self.days_on_side(earlier.direction, earlier.day, crossing.day)
                if away < 2 * self.threshold - self.window:
                    is_migration = bool(is_migration)
                    prompt = max(crossing.day, known)
                    verdict_final = prompt if verdict_final is None else min(verdict_final, prompt)
            if status_before is not None and before_final is not None and status_before != towards:
                migrating.append((crossing, status_before, before_final))
            verdicts.append(
                Verdict(
                    status_before,
                    status,
                    is_migration,
                    self._observed(before_final),
                    self._observed(final),
                    self._observed(verdict_final),
                )
            )
        return verdicts

    def _observed(self, day: int | None) -> int | None:
        return None if day is None or day >= self.ends else day
