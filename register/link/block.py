"""Which pairs of identities are worth comparing: from the blocks of the rules to ``link_candidate``.

Every value that a block reads is made a number once, so that tens of millions of joins compare numbers and not names.
Splink could do this itself; with twenty blocks over a million rows this takes a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from register.errors import QualityError
from register.link import compile as compiled
from register.link.rules import MISSING, Block, Rules


def make_candidates(con: duckdb.DuckDBPyConnection, rules: Rules) -> int:
    """Create ``link_candidate`` (match_key, join_key_l, join_key_r): each pair once, under the first block that has it.

    Reads ``link_key``, which `count_comparisons` made. Two known nodes are no pair. Returns the number of pairs.
    """
    key_of = _keys(rules)
    # The conditions of a block hold in either direction, so that each new node can look for its partners.
    apart = "l.source < r.source" if rules.source else "(r.is_known or l.node < r.node)"
    con.execute("create or replace table link_found (match_key utinyint, l bigint, r bigint)")
    for position, block in enumerate(rules.blocks):
        for condition in _conditions(block, key_of):
            con.execute(
                f"""
                insert into link_found
                select {position}, least(l.node, r.node), greatest(l.node, r.node)
                from link_key as l join link_key as r on {condition} where not l.is_known and {apart}
                """
            )
    con.execute(
        """
        create or replace table link_candidate as
        select min(match_key) as match_key, l as join_key_l, r as join_key_r from link_found group by l, r
        """
    )
    con.execute("drop table link_found")
    (many,) = con.execute("select count(*) from link_candidate").fetchall()[0]
    return int(many)


def count_comparisons(con: duckdb.DuckDBPyConnection, rules: Rules, rows: int) -> dict[str, int]:
    """Make ``link_key`` and count the pairs of each block before any is made, from the sizes of its groups.

    Reads ``link_input`` and ``link_known``. The ``also`` of a block is not looked at: this is the work of the join, and
    the most that can come of it.

    Raises
    ------
    QualityError
        If they are more than ``comparisons_per_identity`` times the rows. The message gives the block at fault and
        the sizes of its largest groups; what the groups are called may be a name, and is not told.
    """
    key_of = _keys(rules)
    values = ", ".join(
        f"case when {sql} is not null then hash({sql}) end as {key}"
        for sql, key in ((compiled.part("t", term), key) for term, key in key_of.items())
    )
    source = f", {rules.source} as source" if rules.source else ""
    con.execute(
        f"""
        create or replace table link_key as
        select node{source}, node in (from link_known) as is_known, {values} from link_input as t
        """
    )
    counted = {block.name: _count(con, block, key_of) for block in rules.blocks}
    allowed = rules.ceiling * max(rows, 1000)
    if sum(counted.values()) > allowed:
        worst = max(rules.blocks, key=lambda block: counted[block.name])
        raise QualityError(
            "linkage_comparisons",
            where=f"{rules.path} [[block]] {worst.name}",
            comparisons=f"{sum(counted.values()):,}",
            allowed=f"{allowed:,}",
            block=worst.name,
            block_comparisons=f"{counted[worst.name]:,}",
            largest=", ".join(f"{size:,}" for size in _largest(con, worst, key_of)),
        )
    return counted


def _keys(rules: Rules) -> dict[str, str]:
    """Return the column of ``link_key`` for each term that a block reads."""
    terms = {
        side
        for block in rules.blocks
        for pair in (*block.on, *block.also)
        for side in pair
        if side != MISSING
    }
    return {term: f"k{position}" for position, term in enumerate(sorted(terms))}


def _conditions(block: Block, key_of: dict[str, str]) -> Iterator[str]:
    """Yield the join conditions of a block: one, or one for each direction if it crosses columns."""
    sides = {tuple(sorted(block.on)), tuple(sorted((right, left) for left, right in block.on))}
    also = " or ".join(_alternative(left, right, key_of) for left, right in block.also)
    for side in sorted(sides):
        terms = [f"l.{key_of[left]} = r.{key_of[right]}" for left, right in side]
        yield " and ".join([*terms, f"({also})"] if also else terms)


def _alternative(left: str, right: str, key_of: dict[str, str]) -> str:
    if right == MISSING:
        return f"l.{key_of[left]} is null or r.{key_of[left]} is null"
    there = f"l.{key_of[left]} = r.{key_of[right]}"
    return there if left == right else f"{there} or r.{key_of[left]} = l.{key_of[right]}"


def _count(con: duckdb.DuckDBPyConnection, block: Block, key_of: dict[str, str]) -> int:
    left, right = (
        ", ".join(f"{key_of[term[side]]} as c{n}" for n, term in enumerate(block.on)) for side in (0, 1)
    )
    names = ", ".join(f"c{n}" for n in range(len(block.on)))
    if left == right:
        (count,) = con.execute(
            "select coalesce(sum(n * (n - 1) - o * (o - 1)) / 2, 0)::bigint from ("
            "select count(*) as n, count(*) filter (is_known) as o from link_key"
            f" where {_filled(block, key_of)} group by {', '.join(key_of[term] for term, _ in block.on)})"
        ).fetchall()[0]
    else:
        (count,) = con.execute(
            f"""
            with l as (
                select {names}, count(*) as n, count(*) filter (is_known) as o
                from (select is_known, {left} from link_key) group by {names}
            ),
            r as (
                select {names}, count(*) as n, count(*) filter (is_known) as o
                from (select is_known, {right} from link_key) group by {names}
            )
            select coalesce(sum(l.n * r.n - l.o * r.o), 0)::bigint from l join r using ({names})
            """
        ).fetchall()[0]
    return int(count)


def _largest(
    con: duckdb.DuckDBPyConnection, block: Block, key_of: dict[str, str], many: int = 5
) -> list[int]:
    keys = ", ".join(key_of[left] for left, _ in block.on)
    rows = con.execute(
        f"select count(*) from link_key where {_filled(block, key_of)} group by {keys} order by 1 desc limit {many}"
    ).fetchall()
    return [int(size) for (size,) in rows]


def _filled(block: Block, key_of: dict[str, str]) -> str:
    return " and ".join(f"{key_of[left]} is not null" for left, _ in block.on)
