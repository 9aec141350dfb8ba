"""Scored pairs by stratum, each in a random order: what reviewers' answers are a sample of.

A stratum holds the pairs of a band of match weight that are linked, or that are not. Its pairs have one random order,
which the project's secret seeds. Answers count as far as the first pair of that order that nobody has answered: those
are a random draw, whatever else was reviewed and in whatever queue they were asked. Answers to pairs that were chosen
because they are doubtful count where chance would have asked about them too, and so does nothing else: to count only
what was asked as part of a sample would leave out the doubtful pairs that another queue had asked about before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import polars as pl

from register.decisions import Anchor, Pair
from register.link.confidence import BANDS

#: The place of a scored pair in the random order of its stratum; takes the parameter ``secret``.
RANK = "row_number() over (partition by was_linked, band order by md5($secret || l || r), l, r)"
_ANCHOR = dict.fromkeys(("source", "record_key", "role"), pl.String)


@dataclass(frozen=True)
class Sampled:
    """A stratum: its pairs, their mean probability, how many of its head were judged, and how many are the ``same``."""

    is_linked: bool
    band: float
    pairs: int
    promised: float
    judged: int
    same: int


def band_sql(weight: str) -> str:
    """Return the foot of the band of a match weight, as SQL."""
    bands = " ".join(f"when {weight} >= {foot} then {foot}" for foot in reversed(BANDS[1:]))
    return f"case {bands} else {BANDS[0]} end::double"


def identities_of(con: duckdb.DuckDBPyConnection, anchors: Iterable[Anchor]) -> dict[Anchor, str]:
    """Return the identity that each record has in this run; a record that is gone has none. Reads ``mention``."""
    con.register("anchor", pl.DataFrame(list(set(anchors)), schema=_ANCHOR, orient="row").to_arrow())
    rows = con.execute(
        "select source, record_key, role, identity_id from mention join anchor using (source, record_key, role)"
    ).fetchall()
    con.unregister("anchor")
    return {(source, key, role): identity for source, key, role, identity in rows}


def make_asked(
    con: duckdb.DuckDBPyConnection, asked: Iterable[tuple[Pair, bool | None, bool | None]]
) -> None:
    """Create ``asked`` (l, r, was_linked, is_same): reviewers' answers by pair of identities. Reads ``mention``.

    Parameters
    ----------
    asked
        Pairs of records, whether they were linked when they were asked, and what holds about them; none where it is
        not known.
    """
    known = list(asked)
    identity = identities_of(con, (anchor for pair, _, _ in known for anchor in pair))
    rows = [
        (*sorted((identity[one], identity[other])), was_linked, is_same)
        for (one, other), was_linked, is_same in known
        if one in identity and other in identity and identity[one] != identity[other]
    ]
    kinds = {"l": pl.String, "r": pl.String, "was_linked": pl.Boolean, "is_same": pl.Boolean}
    con.register("asked_rows", pl.DataFrame(rows, schema=kinds, orient="row").to_arrow())
    con.execute(
        """
        create or replace temp table asked as
        select l, r, bool_or(was_linked) as was_linked, bool_and(is_same) as is_same from asked_rows group by l, r
        """
    )
    con.unregister("asked_rows")


def make_scored(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``scored``: the pairs that the model scored, with their persons and stratum. Reads ``asked`` and a run.

    A pair stays in the stratum in which it was asked about: what reviewers part is no longer linked, and would make the
    linked pairs look free of errors.
    """
    con.execute(
        f"""
        create or replace temp table scored as
        select identity_id_l as l, identity_id_r as r, match_weight as weight, match_probability as probability,
            a.person_id as person_l, b.person_id as person_r, a.person_id = b.person_id as linked,
            coalesce(q.was_linked, a.person_id = b.person_id) as was_linked, {band_sql("match_weight")} as band
        from pair as p join membership as a on a.identity_id = identity_id_l
        join membership as b on b.identity_id = identity_id_r
        left join asked as q on q.l = identity_id_l and q.r = identity_id_r
        where match_key <> 'identical'
        """
    )


def sample(con: duckdb.DuckDBPyConnection, secret: str) -> list[Sampled]:
    """Return the strata with the answers at the head of their random order. Reads ``scored`` and ``asked``."""
    rows = con.execute(
        f"""
        with drawn as (select l, r, was_linked, band, probability, {RANK} as rank from scored),
        answered as (
            select drawn.*, asked.l is not null as is_answered, is_same from drawn left join asked using (l, r)
        ),
        ended as (
            select was_linked, band, min(rank) filter (not is_answered) as first from answered group by 1, 2
        )
        select was_linked, band, count(*), avg(probability), count(is_same) filter (is_head),
            count(*) filter (is_head and is_same)
        from (
            select answered.*, rank < coalesce(first, rank + 1) as is_head from answered
            join ended using (was_linked, band)
        ) group by 1, 2 order by 1, 2
        """,
        {"secret": secret},
    ).fetchall()
    return [Sampled(*row) for row in rows]
