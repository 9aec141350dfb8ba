"""How far to trust a linkage whose truth nobody knows: from its own probabilities, and from reviewed pairs.

Both speak of pairs of identities that were scored; what no block brought together is in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

    ``reviewed`` is the number of judged pairs and ``bands`` that of bands with at least one; of a band without any the
    estimate is the model's word, and the intervals allow for anything.
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
    the same. A stratum without answers is estimated at the model's word; the others speak for themselves.

    The ends of the intervals are quantiles of what the pairs not judged could be, given those that were: in each
    stratum a beta-binomial number of errors. The end that fears errors has Jeffreys' prior (Brown, Cai and DasGupta
    2001); at the end that hopes for none the prior adds none, as in the bound of Clopper and Pearson: half an error in
    each of a dozen strata is more than most linkages have. In a stratum without answers all may be wrong, or none.
    """
    rows = list(strata)
    chance = np.random.default_rng(0)
    pairs_of, true_of = {True: 0, False: 0}, {True: 0.0, False: 0.0}
    hoped, feared = ({kind: np.zeros(DRAWS) for kind in (True, False)} for _ in range(2))
    for is_linked, pairs, promised, judged, same in rows:
        pairs_of[is_linked] += pairs
        true_of[is_linked] += pairs * (same / judged if judged else promised)
        # Against the linkage speak linked pairs that are two persons, and others that are one.
        wrong = judged - same if is_linked else same
        for errors, prior in ((hoped, 0.0), (feared, 0.5)):
            share = _draw(chance, wrong + prior, judged - wrong + 1 - prior)
            errors[is_linked] += wrong + chance.binomial(max(pairs - judged, 0), share)
    (best, most), (worst, least) = (_shares(pairs_of[True], errors) for errors in (hoped, feared))
    true, missed = true_of[True], true_of[False]
    precision = true / pairs_of[True] if pairs_of[True] else 1.0
    recall = true / (true + missed) if true + missed else 1.0
    return Reviewed(
        precision,
        *_interval(precision, worst, best),
        recall,
        *_interval(recall, least, most),
        reviewed=sum(row[3] for row in rows),
        bands=sum(1 for row in rows if row[3]),
    )


def _draw(chance: np.random.Generator, wrong: float, right: float) -> Draws:
    """Return draws of a share of errors; where none was seen and no prior adds any, there are none."""
    return chance.beta(wrong, right, DRAWS) if wrong else np.zeros(DRAWS)


def _shares(linked: int, errors: Mapping[bool, Draws]) -> tuple[Draws, Draws]:
    """Return the precision and the recall that false links and missed pairs come to."""
    true = np.maximum(linked - errors[True], 0.0)
    known = true + errors[False]
    return (
        true / linked if linked else np.ones(DRAWS),
        np.divide(true, known, out=np.ones(DRAWS), where=known > 0),
    )


def _interval(share: float, feared: Draws, hoped: Draws) -> tuple[float, float]:
    """Return the 95% between what is feared and what is hoped, widened to hold the estimate."""
    low, high = float(np.quantile(feared, 0.025)), float(np.quantile(hoped, 0.975))
    return min(low, share), max(high, share)
