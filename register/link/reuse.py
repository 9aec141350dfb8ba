"""What a linkage keeps of the one before: identities compared by the same rules are not compared again.

A year of new extracts adds a few identities to many. Pairs of two identities that both stood in the linkage before, and
say what they said then, are taken from it; what is left is to compare the new with the old and with one another. The
weights are frozen, so the pairs are those that a linkage of everything would give.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from register.link.rules import Rules
from register.link.weigh import PROBABILITY


def find_known(con: duckdb.DuckDBPyConnection, rules: Rules, prior: int, previous_prior: int | None) -> int:
    """Create ``link_heir`` (was, now) and ``link_known`` (node): what the linkage before has compared.

    Reads ``link_bundle``, ``link_input`` and, if there is a linkage before, ``previous_compared``. A bundle of
    identities is known if one of its members was compared with the same values; ``was`` and ``now`` are its
    representatives then and now. With a smaller register than before a pair below the threshold then might pass it
    now: nothing is kept. Returns the number of known nodes.
    """
    key = rules.key
    heirs = (
        f"""
        select distinct coalesce(p.representative_id, p.{key}) as was, b.representative as now
        from previous_compared as p join link_bundle as b on b.{key} = p.{key} and b.content = p.content_hash
        """
        if previous_prior is not None and prior <= previous_prior and not rules.source
        else "select null::varchar as was, null::varchar as now where false"
    )
    con.execute(f"create or replace table link_heir as {heirs}")
    con.execute(
        f"""
        create or replace table link_known as
        select node from link_input where {key} in (select now from link_heir)
        """
    )
    (many,) = con.execute("select count(*) from link_known").fetchall()[0]
    return int(many)


def kept_pairs(rules: Rules, levels: Sequence[str], shift: int) -> str:
    """Return the query of the pairs kept from ``previous_pair``, in the columns of `pair`.

    ``shift`` is what the prior of a pair lost, in bits, because the register grew.
    """
    key = rules.key
    weight = f"round(match_weight + {shift}, 4)"
    return f"""
        select least(a.now, b.now), greatest(a.now, b.now), {weight}, {PROBABILITY.format(weight=weight)},
            match_key, {", ".join(levels)}
        from previous_pair join link_heir as a on a.was = {key}_l join link_heir as b on b.was = {key}_r
        where match_key <> 'identical' and {weight} >= {rules.review}
    """
