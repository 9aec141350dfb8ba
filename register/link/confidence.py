"""How far to trust a linkage whose truth nobody knows: from its own probabilities, and from reviewed pairs.

Both speak of pairs of identities that were scored; what no block brought together is in neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

#: Bands of match weight, in bits: the doubtful ones narrow. A band reaches to the next one's foot.
BANDS = (0.0, 4.0, 8.0, 12.0, 16.0, 24.0)
#: Draws for an interval: its ends are steady to the third digit.
DRAWS = 4_000
Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """Pairwise precision and recall that the model's own probabilities promise."""

    precision: float
    recall: float
    pairs: int


@dataclass(frozen=True)
class Reviewed:
    """Precision and recall estimated from reviewed pairs, with 95% intervals.

    ``reviewed`` is the number of judged pairs and ``bands`` that of bands with at least one; a band without any is
    taken at the model's word.
    """

    precision: float
    precision_low: float
    precision_high: float
    recall: float
    recall_low: float
    recall_high: float
    reviewed: int
    bands: int


#: The pairs that were scored, each with the persons of both sides, and the persons held apart: from a run's tables.
_SCORED = """
    select match_probability as p, a.person_id as one, b.person_id as other from pair
    join membership as a on a.identity_id = identity_id_l join membership as b on b.identity_id = identity_id_r
    where match_key <> 'identical'
"""
_PARTED = """
    select a.person_id as one, b.person_id as other from conflict
    join membership as a on a.identity_id = identity_id_l join membership as b on b.identity_id = identity_id_r
"""


def expect(con: duckdb.DuckDBPyConnection, scored: str = _SCORED, parted: str = _PARTED) -> Expected:
    """Return what the probabilities promise. Reads ``pair``, ``membership`` and ``conflict``, or the queries given.

    ``scored`` (p, one, other) gives the probability of each pair and its persons, ``parted`` (one, other) those whom a
    rule or a reviewer held apart: theirs are not missed links, whatever the probability.
    """
    (row,) = con.execute(
        f"""
        with apart as (
            select distinct least(one, other) as one, greatest(one, other) as other from ({parted}) where one <> other
        ),
        asked as (
            select p, least(one, other) as one, greatest(one, other) as other, one = other as is_linked from ({scored})
        )
        select coalesce(sum(p) filter (is_linked) / count(*) filter (is_linked), 1.0),
            coalesce(coalesce(sum(p) filter (is_linked), 0) / nullif(sum(p), 0), 1.0), count(*)
        from asked anti join apart using (one, other)
        """
    ).fetchall()
    return Expected(round(float(row[0]), 6), round(float(row[1]), 6), int(row[2]))


def combine(strata: Iterable[tuple[bool, int, float, int, int]]) -> Reviewed:
    """Return precision and recall from a sample of pairs, stratified by match weight.

    ``strata``: whether the pairs are linked, how many, their mean probability, how many were judged, how many of them
    the same. A stratum without answers is taken at the model's word; the others speak for themselves. The intervals are
    those of Jeffreys' prior in each stratum (Brown, Cai and DasGupta 2001), what was judged being known.
    """
    rows = list(strata)
    chance = np.random.default_rng(0)
    # Of each kind: pairs, true pairs as estimated, and as they could be given what was judged.
    pairs_of, true_of = {True: 0, False: 0}, {True: 0.0, False: 0.0}
    could_be = {True: np.zeros(DRAWS), False: np.zeros(DRAWS)}
    for is_linked, pairs, promised, judged, same in rows:
        pairs_of[is_linked] += pairs
        if judged:
            others = chance.beta(same + 0.5, judged - same + 0.5, DRAWS)
            true_of[is_linked] += pairs * same / judged
            could_be[is_linked] += same + max(pairs - judged, 0) * others
        else:
            true_of[is_linked] += pairs * promised
            could_be[is_linked] += pairs * promised
    linked, (true, missed) = pairs_of[True], (true_of[True], true_of[False])
    precision = true / linked if linked else 1.0
    recall = true / (true + missed) if true + missed else 1.0
    everything = could_be[True] + could_be[False]
    precisions = could_be[True] / linked if linked else np.ones(1)
    recalls = could_be[True][everything > 0] / everything[everything > 0] if true + missed else np.ones(1)
    return Reviewed(
        precision,
        *_interval(precision, precisions),
        recall,
        *_interval(recall, recalls),
        reviewed=sum(row[3] for row in rows),
        bands=sum(1 for row in rows if row[3]),
    )


def _interval(share: float, draws: Draws) -> tuple[float, float]:
    """Return the middle 95% of the draws, widened to hold the estimate: where no error was seen there may be none."""
    low, high = np.quantile(draws, (0.025, 0.975))
    return min(float(low), share), max(float(high), share)
