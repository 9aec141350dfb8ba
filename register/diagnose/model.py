"""The weights of the model, what this run's data say of them, and identities too poor to be linked at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb

from register.link.rules import Rules, level_names, parameters
from register.link.weigh import score

#: Nationalities with fewer identities are counted together.
FEWEST = 20
NATIONALITIES = 15
#: Identities whose own weight is computed, at most.
SAMPLE = 300_000


@dataclass(frozen=True)
class LevelWeight:
    """One level of a comparison: ``weight`` in bits, log2 of m over u.

    ``is_fixed``: m was declared and not trained. ``observed`` is the share of this run's pairs of one person at the
    level, each pair counted by its probability: what m would be if it were read off here; None where no pair tells.
    """

    concept: str
    level: str
    m: float
    u: float
    weight: float
    is_fixed: bool
    observed: float | None
    pairs: int


@dataclass(frozen=True)
class Unlinkable:
    """Identities of a group that do not reach the threshold even against themselves.

    ``by``: all, source, citizenship or lacks (what they do not say).
    """

    by: str
    code: str
    identities: int
    unlinkable: int


@dataclass(frozen=True)
class WeightBand:
    """Pairs whose weight lies in [foot, foot + 1) bits: of one person in the end, and not."""

    foot: int
    together: int
    apart: int


def measure_levels(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[LevelWeight]:
    """Return every level with its weight, in the order declared. Reads ``pair``."""
    found = []
    for compare in rules.compares:
        column = f"gamma_{compare.concept}"
        rows = con.execute(
            f"""
            select {column}, sum(match_probability), count(*) from pair
            where match_key <> 'identical' and {column} >= 0 group by 1 order by 1
            """
        ).fetchall()
        told = {int(gamma): (float(weight), int(many)) for gamma, weight, many in rows}
        total = sum(weight for weight, _ in told.values())
        names = level_names(compare)
        declared = {level.name: level for level in (*compare.levels, compare.rest)}
        for position, name in enumerate(names):
            m, u = parameters(rules, compare, name)
            if m is None or u is None:  # a build with such a level stops, so no run has one
                continue
            seen, many = told.get(len(names) - 1 - position, (0.0, 0))
            found.append(
                LevelWeight(
                    concept=compare.concept,
                    level=name,
                    m=m,
                    u=u,
                    weight=round(math.log2(m / u), 4),
                    is_fixed=declared[name].m is not None,
                    observed=round(seen / total, 6) if total else None,
                    pairs=many,
                )
            )
    return found


def measure_weights(con: duckdb.DuckDBPyConnection) -> list[WeightBand]:
    """Return the distribution of match weights, one row a bit. Reads ``pair`` and ``membership``."""
    rows = con.execute(
        """
        select floor(match_weight)::integer as foot, count(*) filter (a.person_id = b.person_id),
            count(*) filter (a.person_id <> b.person_id)
        from pair join membership as a on a.identity_id = identity_id_l
        join membership as b on b.identity_id = identity_id_r
        where match_key <> 'identical' group by 1 order by 1
        """
    ).fetchall()
    return [WeightBand(*row) for row in rows]


def measure_unlinkables(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[Unlinkable]:
    """Return how many identities cannot be linked, by source and citizenship and by what they lack.

    An identity compared with itself has the highest weight that it can reach. Reads ``link_input``, ``link_bundle``,
    ``identity`` and ``mention``; of a large register, a sample.
    """
    con.execute(
        f"""
        create or replace table link_candidate as
        select 0::utinyint as match_key, node as join_key_l, node as join_key_r from link_input
        order by hash(node), node limit {SAMPLE}
        """
    )
    (rows,) = con.execute("select count(*) from link_input").fetchall()[0]
    scored = score(con, rules, int(rows))
    con.execute(
        f"""
        create or replace table best as
        select b.{rules.key} as identity_id, match_weight < {rules.link} as is_unlinkable
        from {scored} join link_input as i on i.node = node_l
        join link_bundle as b on b.representative = i.{rules.key}
        """
    )
    con.execute("drop table link_candidate; drop table link_scored")
    lacks = " || ".join(
        f"case when {column} is null then '{column} ' else '' end"
        for column in ("birth_date", "given_name", "surname_1", "document_number")
    )
    found = con.execute(
        f"""
        with common as (
            select citizenship_code from identity where citizenship_code is not null
            group by 1 having count(*) >= {FEWEST} order by count(*) desc, 1 limit {NATIONALITIES}
        ),
        told as (
            select 0 as turn, 'all' as kind, '' as code, identity_id from identity
            union all select distinct 1, 'source', source, identity_id from mention
            union all
            select 2, 'citizenship', case when citizenship_code is null then 'unknown'
                when citizenship_code in (from common) then citizenship_code else 'others' end, identity_id
            from identity
            union all select 3, 'lacks', trim({lacks}), identity_id from identity
        )
        select kind, code, count(*), count(*) filter (is_unlinkable) as many from told join best using (identity_id)
        group by turn, kind, code order by turn, many / count(*) desc, code
        """
    ).fetchall()
    con.execute("drop table best")
    return [Unlinkable(*row) for row in found]
