"""What each block costs in comparisons, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from register.link import compile as compiled
from register.link.rules import Block, Rules

#: Links looked at, at most: shares need no more.
LINKS = 500_000
LARGEST = 5


@dataclass(frozen=True)
class BlockYield:
    """One block.

    ``comparisons`` are the pairs that its terms join; ``groups`` the values shared by at least two identities, and
    ``largest`` how many identities share the commonest of them. ``largest_share`` is the part of the comparisons that
    the largest makes. ``found`` is the share of the links that the block brings together, ``alone`` the share that no
    other block brings together.
    """

    number: int
    block: str
    comparisons: int
    groups: int
    largest: tuple[int, ...]
    largest_share: float
    found: float
    alone: float


def measure_blocks(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[BlockYield]:
    """Measure every block, in the order declared. Reads ``link_input`` and ``pair``."""
    shares = _shares(con, rules)
    return [
        BlockYield(number, block.name, *count_groups(con, block), *shares[number - 1])
        for number, block in enumerate(rules.blocks, 1)
    ]


def count_groups(con: duckdb.DuckDBPyConnection, block: Block) -> tuple[int, int, tuple[int, ...], float]:
    """Return comparisons, groups, sizes of the largest ones, and the share of the largest in the comparisons.

    Where a block crosses two columns, a group is a value that stands in one column here and in the other there.
    """

    def counted(side: int) -> str:
        terms = [compiled.part("t", term[side]) for term in block.on]
        filled = " and ".join(f"{sql} is not null" for sql in terms)
        names = ", ".join(f"{sql} as c{n}" for n, sql in enumerate(terms))
        return f"(select {names}, count(*)::bigint as n from link_input as t where {filled} group by all)"

    if any(left != right for left, right in block.on):
        using = ", ".join(f"c{n}" for n in range(len(block.on)))
        crossed = f"{counted(0)} as l join {counted(1)} as r using ({using})"
        groups = f"(select l.n + r.n as n, l.n * r.n as made from {crossed})"
    else:
        groups = f"(select n, n * (n - 1) // 2 as made from {counted(0)} where n > 1)"
    (row,) = con.execute(
        f"""
        select coalesce(sum(made), 0)::bigint, count(*), coalesce(max(made), 0), list(n order by n desc)[:{LARGEST}]
        from {groups}
        """
    ).fetchall()
    comparisons, many, most, sizes = row
    return (
        int(comparisons),
        int(many),
        tuple(sizes or ()),
        round(most / comparisons, 6) if comparisons else 0.0,
    )


def _shares(con: duckdb.DuckDBPyConnection, rules: Rules) -> list[tuple[float, float]]:
    """Return for each block the share of links that it finds, and that it alone finds."""
    tests = []
    for block in rules.blocks:
        either = [f"({condition})" for _, condition in compiled.block_conditions((block,))]
        tests.append(f"coalesce({' or '.join(either)}, false)::integer")
    named = ", ".join(f"{test} as b{n}" for n, test in enumerate(tests))
    total = " + ".join(f"b{n}" for n in range(len(tests)))
    averages = ", ".join(f"avg(b{n}), avg((b{n} = 1 and {total} = 1)::integer)" for n in range(len(tests)))
    key = rules.key
    (row,) = con.execute(
        f"""
        with linked as (
            select {key}_l, {key}_r from pair where match_weight >= {rules.link} and match_key <> 'identical'
            order by hash({key}_l, {key}_r), {key}_l, {key}_r limit {LINKS}
        ),
        tested as (
            select {named} from linked
            join link_input as l on l.{key} = {key}_l join link_input as r on r.{key} = {key}_r
        )
        select {averages} from tested
        """
    ).fetchall()
    return [(round(row[2 * n] or 0.0, 6), round(row[2 * n + 1] or 0.0, 6)) for n in range(len(rules.blocks))]
