"""The match weight of a few pairs, step by step: the model asked again about them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import polars as pl

from register.link import compile as compiled
from register.link.predict import IDENTICAL, prepare
from register.link.rules import Rules, level_names
from register.link.weigh import score


@dataclass(frozen=True)
class Step:
    """What one comparison adds to the weight of a pair, in bits.

    ``level`` is None where nothing can be said. ``rarity`` is the part for how rare the common value is.
    """

    concept: str
    level: str | None
    weight: float
    rarity: float


@dataclass(frozen=True)
class Weighed:
    """A pair with its weight: ``prior`` for what is known of any two identities, plus the steps.

    ``is_identical``: alike in all that is compared; no model was asked. ``blocks`` are the numbers of the blocks that
    bring the pair together, from 1; without any, the model never compared the two.
    """

    identity_id_l: str
    identity_id_r: str
    weight: float
    probability: float
    prior: float
    is_identical: bool
    steps: tuple[Step, ...]
    blocks: tuple[int, ...]


def weigh(
    con: duckdb.DuckDBPyConnection, rules: Rules, pairs: Sequence[tuple[str, str]], rows: int
) -> list[Weighed]:
    """Weigh pairs of identities in the order given.

    Parameters
    ----------
    con
        With ``identity``.
    rules
        Those of the run, with weights.
    pairs
        Identity ids.
    rows
        How many identities the run compared: sets the prior.
    """
    if not pairs:
        return []
    asked = sorted({identity for pair in pairs for identity in pair})
    con.register("asked_id", pl.DataFrame({rules.key: asked}).to_arrow())
    con.execute(
        f"create or replace temp table asked as select * from {rules.table} semi join asked_id using ({rules.key})"
    )
    prepare(con, replace(rules, table="asked"))
    numbered = pl.DataFrame(
        [(turn, *pair) for turn, pair in enumerate(pairs)], schema=["turn", "one", "other"], orient="row"
    )
    con.register("asked_pair", numbered.to_arrow())
    con.execute(
        f"""
        create or replace temp table asked_node as
        select turn, least(l.node, r.node) as l, greatest(l.node, r.node) as r from asked_pair
        join link_bundle as a on a.{rules.key} = one join link_bundle as b on b.{rules.key} = other
        join link_input as l on l.{rules.key} = a.representative
        join link_input as r on r.{rules.key} = b.representative
        """
    )
    con.execute(
        """
        create or replace table link_candidate as
        select distinct 0::utinyint as match_key, l as join_key_l, r as join_key_r from asked_node where l <> r
        """
    )
    found = _steps(con, rules, rows)
    nodes = con.execute("select l, r from asked_node order by turn").fetchall()
    prior = float(compiled.prior_weight(rules.weights.matches_per_identity, rows)) if rules.weights else 0.0
    for name in ("asked_id", "asked_pair"):
        con.unregister(name)
    for name in ("asked", "asked_node", "link_candidate", "link_scored", "link_input", "link_bundle"):
        con.execute(f"drop table {name}")
    weighed = []
    for (one, other), node in zip(pairs, nodes, strict=True):
        left, right = min(one, other), max(one, other)
        if node[0] == node[1]:
            weighed.append(Weighed(left, right, IDENTICAL, 1.0, prior, True, (), ()))
        else:
            weight, probability, steps, blocks = found[node]
            weighed.append(Weighed(left, right, weight, probability, prior, False, steps, blocks))
    return weighed


def _steps(
    con: duckdb.DuckDBPyConnection, rules: Rules, rows: int
) -> dict[tuple[int, int], tuple[float, float, tuple[Step, ...], tuple[int, ...]]]:
    """Return weight, probability, steps and blocks of each pair of ``link_candidate``."""
    scored = score(con, rules, rows)
    parts = []
    for compare in rules.compares:
        name = compare.concept
        rarity = f"mw_tf_adj_{name}" if compare.rare_values else "0.0::double"
        parts.append(f"gamma_{name}, mw_{name}, {rarity}")
    tests = []
    for block in rules.blocks:
        either = " or ".join(f"({condition})" for _, condition in compiled.block_conditions((block,)))
        tests.append(f"coalesce({either}, false)")
    told = con.execute(
        f"""
        select node_l, node_r, match_weight, match_probability, {", ".join(parts)}, [{", ".join(tests)}]
        from {scored} join link_input as l on l.node = node_l join link_input as r on r.node = node_r
        """
    ).fetchall()
    found = {}
    for left, right, weight, probability, *rest in told:
        *flat, is_in = rest
        steps = []
        for turn, compare in enumerate(rules.compares):
            gamma, bits, rarity = flat[3 * turn : 3 * turn + 3]
            names = level_names(compare)
            level = None if gamma < 0 else names[len(names) - 1 - gamma]
            steps.append(Step(compare.concept, level, round(bits, 4), round(rarity, 4)))
        blocks = tuple(number for number, there in enumerate(is_in, 1) if there)
        found[left, right] = (round(weight, 4), round(probability, 9), tuple(steps), blocks)
    return found
