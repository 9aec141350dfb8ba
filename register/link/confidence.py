"""How far to trust a linkage whose truth nobody knows: from its own probabilities, and from reviewed pairs.

Both speak of pairs of identities that were scored; what no block brought together is in neither.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

#: Bands of match weight, in bits: the doubtful ones narrow. A band reaches to the next one's foot.
BANDS = (0.0, 4.0, 8.0, 12.0, 16.0, 24.0)
#: Of the normal distribution, for 95% intervals.
Z = 1.959964


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


def expect(con: duckdb.DuckDBPyConnection) -> Expected:
    """Return what the probabilities promise. Reads ``pair``, ``membership`` and ``conflict``.

    Persons that a rule or a reviewer held apart are not missed links, whatever the probability of their pairs.
    """
    (row,) = con.execute(
        """
        with parted as (
            select distinct a.person_id as one, b.person_id as other from conflict
            join membership as a on a.identity_id = identity_id_l join membership as b on b.identity_id = identity_id_r
            where a.person_id <> b.person_id
        )
        select coalesce(sum(p) filter (is_linked) / count(*) filter (is_linked), 1.0),
            coalesce(sum(p) filter (is_linked) / nullif(sum(p), 0), 1.0), count(*)
        from (
            select match_probability as p, a.person_id = b.person_id as is_linked from pair
            join membership as a on a.identity_id = identity_id_l join membership as b on b.identity_id = identity_id_r
            where match_key <> 'identical' and (a.person_id, b.person_id) not in (select one, other from parted)
                and (b.person_id, a.person_id) not in (select one, other from parted)
        )
        """
    ).fetchall()
    return Expected(round(float(row[0]), 6), round(float(row[1]), 6), int(row[2]))


def estimate(con: duckdb.DuckDBPyConnection) -> Reviewed:
    """Return precision and recall from the pairs that reviewers judged, a sample stratified by match weight.

    Reads ``pair``, ``membership`` and ``judged_pair`` (identity_id_l, identity_id_r, is_same). The share of true pairs
    in a band, among the linked and among the others, is that of its judged pairs; the variance is that of a
    stratified sample, and the intervals are normal on the log-odds scale, so that they stay between 0 and 1.
    """
    bands = " ".join(f"when match_weight >= {foot} then {foot}" for foot in reversed(BANDS))
    rows = con.execute(
        f"""
        select is_linked, case {bands} else {BANDS[0]} end as band, count(*) as pairs, avg(p) as promised,
            count(is_same) as judged, count(*) filter (is_same) as same
        from (
            select match_weight, match_probability as p, a.person_id = b.person_id as is_linked, is_same from pair
            join membership as a on a.identity_id = pair.identity_id_l
            join membership as b on b.identity_id = pair.identity_id_r
            left join judged_pair as j on j.identity_id_l = pair.identity_id_l and j.identity_id_r = pair.identity_id_r
            where match_key <> 'identical'
        ) group by 1, 2 order by 1, 2
        """
    ).fetchall()
    return combine(
        (bool(linked), pairs, promised, judged, same) for linked, _, pairs, promised, judged, same in rows
    )


def combine(strata: Iterable[tuple[bool, int, float, int, int]]) -> Reviewed:
    """Return precision and recall from strata of pairs, as `estimate` does.

    ``strata``: whether the pairs are linked, how many, their mean probability, how many were judged, how many of them
    the same.
    """
    rows = list(strata)
    found: dict[bool, list[float]] = {True: [0.0, 0.0, 0.0], False: [0.0, 0.0, 0.0]}
    for is_linked, pairs, promised, judged, same in rows:
        # One pair of each kind is added to a band, so that a few judgements of one kind do not pass for certainty.
        share = (same + 2 * promised) / (judged + 2) if judged else promised
        variance = share * (1 - share) / (judged + 2) if judged else 0.0
        total = found[is_linked]
        total[0] += pairs
        total[1] += pairs * share
        total[2] += pairs**2 * variance
    (linked, true, variance), (_, missed, missed_variance) = found[True], found[False]
    precision = true / linked if linked else 1.0
    spread = math.sqrt(variance) / linked if linked else 0.0
    everything = true + missed
    recall = true / everything if everything else 1.0
    # First-order error of true / (true + missed), the two being judged apart.
    recall_spread = (
        math.sqrt(missed**2 * variance + true**2 * missed_variance) / everything**2 if everything else 0.0
    )
    return Reviewed(
        precision,
        *_interval(precision, spread),
        recall,
        *_interval(recall, recall_spread),
        reviewed=sum(row[3] for row in rows),
        bands=sum(1 for row in rows if row[3]),
    )


def _interval(share: float, spread: float) -> tuple[float, float]:
    """Return a 95% interval that is normal on the log-odds scale."""
    if not 0 < share < 1:
        return share, share
    odds, width = math.log(share / (1 - share)), Z * spread / (share * (1 - share))
    # Beyond these the exponential overflows, and a share is 0 or 1 to the last digit.
    low, high = (min(max(limit, -700.0), 700.0) for limit in (odds - width, odds + width))
    return 1 / (1 + math.exp(-low)), 1 / (1 + math.exp(-high))
