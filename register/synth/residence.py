"""True migrations: the 12-of-16 rule applied to complete journeys.

Written from the definition and sharing nothing with the register's own rule, so that the two can be
compared. The simulation goes on for two years after the last observed one, so each window of 487 days is
complete and no status is unknown: a crossing in the migrating direction changes the status when the person
then spends at least 365 of the 487 days on the side that it leads to. A death closes the window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from register.synth.draw import MINUTES, Bools, Ints
from register.synth.lives import Journeys

THRESHOLD = 365
WINDOW = 487


@dataclass(frozen=True)
class Residence:
    """Status of each crossing's person before and after it; the crossings that change it are migrations."""

    before: Bools
    after: Bools

    @property
    def is_migration(self) -> Bools:
        """Return which crossings change the status."""
        changed: Bools = self.before != self.after
        return changed


def true_residence(journeys: Journeys, last_day: Ints) -> Residence:
    """Return the residence status around each crossing.

    Parameters
    ----------
    journeys
        Alternating crossings with the side, and so the status, of each person at the start.
    last_day
        For each person the day of death, or the end of the simulation.
    """
    person, inbound = journeys.person, journeys.inbound
    size = len(person)
    if not size:
        return Residence(np.zeros(0, bool), np.zeros(0, bool))
    date = journeys.minute // MINUTES
    first = np.r_[True, person[1:] != person[:-1]]
    days_since = np.where(first, 0, date - np.r_[date[0], date[:-1]])
    present_so_far = np.cumsum(days_since * np.r_[False, inbound[:-1]])

    closing = np.minimum(date + WINDOW, last_day[person])
    last = np.searchsorted((person << 32) + date, (person << 32) + closing, side="right") - 1
    present = present_so_far[last] + (closing - date[last]) * inbound[last] - present_so_far
    lasting = np.where(inbound, present, closing - date - present) >= THRESHOLD

    # After a crossing that lasts, the person lives on the side it leads to; after another, as before.
    decisive = np.maximum.accumulate(np.where(lasting, np.arange(size), -1))
    start = np.maximum.accumulate(np.where(first, np.arange(size), 0))
    known = decisive >= start
    after = np.where(known, inbound[np.maximum(decisive, 0)], journeys.starts_inside[person])
    before = np.where(first, journeys.starts_inside[person], np.r_[False, after[:-1]])
    return Residence(before, after)


def status_on(journeys: Journeys, residence: Residence, day: int, n_person: int) -> Bools:
    """Return whether each person is a resident at the start of a day."""
    keys = (journeys.person << 32) + journeys.minute
    everyone = np.arange(n_person)
    if not len(keys):
        return journeys.starts_inside.copy()
    at = np.searchsorted(keys, (everyone << 32) + day * MINUTES, side="left") - 1
    known = (at >= 0) & (journeys.person[np.maximum(at, 0)] == everyone)
    return np.where(known, residence.after[np.maximum(at, 0)], journeys.starts_inside)
