"""By how much people cross more often in one year than in another, before their first crossing that was seen and after.

When somebody crosses for the first time tells little of how often she does later: people grow up, become rich enough,
get a reason; and who is in the register is there because of that first crossing. Were one rate to hold for both, those
seen once and early would be taken to have travelled again unseen, instead of having left for good.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from register.estimate.chain import AWAY, HOME, TRIP, VISIT, Floats, Kind
from register.estimate.tally import SITUATIONS, Counts, narrow

#: First crossings of a year as often as people of all kinds make them, against those of one kind.
FIRST = 10.0
#: A year like all others, whatever is seen.
ALWAYS = 1e9
#: Crossings whose number is told for each year; how long journeys last is taken to be the same in all.
TRENDS = np.zeros((SITUATIONS, SITUATIONS), dtype=bool)
TRENDS[AWAY, [VISIT, HOME]] = TRENDS[HOME, [TRIP, AWAY]] = True


def trends(
    found: Sequence[tuple[Kind, Counts]], rng: np.random.Generator | None, steady: float, first: float
) -> list[Floats]:
    """Return by how much crossings are more often in each year, for each of some kinds of people.

    Parameters
    ----------
    found
        The kinds, with what complete lives show of them.
    rng
        Draws from what the numbers may be; without it they are means.
    steady
        Crossings of a year like the others that weigh against those of each year, after the first that was seen: there
        all kinds have the same years.
    first
        The same for the first crossings: there each kind has years of its own, drawn to those of all.

    Returns
    -------
        For each kind (before the first or after it, year, from, to), by situations.
    """

    def often(happened: Floats, expected: Floats) -> Floats:
        drawn: Floats = (happened if rng is None else rng.gamma(happened)) / expected
        return drawn

    happened = np.stack([counts.by_year for _, counts in found])
    expected = np.stack([narrow(counts.days[..., None] * kind.rate) for kind, counts in found])
    later = often(happened[:, 1].sum(axis=0) + steady, expected[:, 1].sum(axis=0) + steady)
    common = (happened[:, 0].sum(axis=0) + first) / (expected[:, 0].sum(axis=0) + first)
    return [
        np.where(TRENDS, np.stack([often(one + first * common, other + first), later]), 1.0)
        for one, other in zip(happened[:, 0], expected[:, 0], strict=True)
    ]
