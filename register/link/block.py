"""Which pairs are worth comparing: from the blocks of the rules to ``link_form_pair`` and ``link_node_pair``.

Every value that a block reads is made a number once, so that tens of millions of joins compare numbers and not names.
A block that reads nothing but the form is joined over forms, of which there are far fewer than identities.
"""

from __future__ import annotations

import duckdb

from register.engine import side_by_side
from register.errors import QualityError
from register.link import compile as compiled
from register.link.forms import is_of_form
from register.link.rules import MISSING, Block, Rules
from register.locale.numbers import Figure, Figures


def make_candidates(con: duckdb.DuckDBPyConnection, rules: Rules) -> int:
    """Create ``link_form_pair`` and ``link_node_pair``; return how many pairs of forms there are.

    ``link_node_pair`` (node_l, node_r, form_l, form_r): each pair that a block finds by more than the form.
    ``link_form_pair`` (match_key, form_l, form_r, is_met): the pairs of forms to compare, under the first block that
    has them, and whether nodes of theirs are in ``link_node_pair``; match_key is null where only those are worth it. Of
    a form that several nodes have, the pair with itself is one.

    Reads ``link_form``, ``link_node`` and the keys that `count_comparisons` made. Two known nodes are no pair.
    """
    con.execute("create or replace table link_form_found (match_key utinyint, l integer, r integer)")
    con.execute(
        "create or replace table link_node_found (l integer, r integer, form_l integer, form_r integer)"
    )

    key_of = _keys(rules)

    def find(cursor: duckdb.DuckDBPyConnection, numbered: tuple[int, Block]) -> None:
        position, block = numbered
        kind = "form" if is_of_form(rules, block) else "node"
        # A block that crosses columns meets a pair from the one side or from the other; any other from both.
        is_crossed = any(one != other for one, other in block.on)
        once = "l.item <> r.item" if is_crossed else "l.turn < r.turn"
        apart = f"{once} and l.source <> r.source" if rules.source else once
        pair = "least(l_item, r_item), greatest(l_item, r_item)"
        more = ", least(l_form, r_form), greatest(l_form, r_form)"
        found = f"{position}, {pair}" if kind == "form" else pair + more
        read = ["item", "turn", *(() if kind == "form" else ("form",)), *_also_read(block, key_of)]
        # What is no plain comparison is slow within a join: `offset 0` lets it wait until rows are joined.
        cursor.execute(
            f"""
            insert into link_{kind}_found select {found} from (
                select {", ".join(f"{side}.{column} as {side}_{column}" for column in read for side in "lr")}
                from link_{kind}_key as l join link_{kind}_key as r on {_alike(block, key_of)} and {apart} offset 0
            ) where least(l_turn, r_turn) < 0 and {_also(block, key_of, "l_", "r_")}
            """
        )

    side_by_side(con, find, enumerate(rules.blocks))
    if not rules.source:
        _pair_with_itself(con, rules)
    con.execute(
        """
        create or replace table link_node_pair as
        select distinct l as node_l, r as node_r, form_l, form_r from link_node_found
        """
    )
    con.execute(
        """
        create or replace table link_form_pair as
        select min(match_key) as match_key, l as form_l, r as form_r, bool_or(is_met) as is_met from (
            select *, false as is_met from link_form_found
            union all select null, form_l, form_r, true from link_node_pair
        ) group by l, r
        """
    )
    con.execute("drop table link_form_found; drop table link_node_found")
    (many,) = con.execute("select count(*) from link_form_pair").fetchall()[0]
    return int(many)


def _pair_with_itself(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """Add to ``link_form_found`` each form of several nodes, not all known, that a block pairs with itself."""
    key_of = _keys(rules)
    cases = " ".join(
        f"when {_alike(block, key_of, right='l')} and {_also(block, key_of, 'l.', 'l.')} then {position}"
        for position, block in enumerate(rules.blocks)
        if is_of_form(rules, block)
    )
    con.execute(
        f"""
        insert into link_form_found select case {cases or "when false then 0"} end as match_key, item, item
        from link_form_key as l where n > 1 and turn < 0 and match_key is not null
        """
    )


def count_comparisons(con: duckdb.DuckDBPyConnection, rules: Rules, rows: int) -> dict[str, int]:
    """Make the keys of the blocks and count the pairs of each before any is made, from the sizes of its groups.

    Reads ``link_form`` and ``link_node``; creates ``link_form_key`` and ``link_node_key`` for `make_candidates`. The
    pairs are those of nodes. The ``also`` of a block is not looked at: this is the most that can come of it.

    Raises
    ------
    QualityError
        If they are more than ``comparisons_per_identity`` times the rows. The message gives the block at fault and
        the sizes of its largest groups; what the groups are called may be a name, and is not told.
    """
    key_of = _keys(rules)
    for kind in ("form", "node"):
        _make_keys(con, rules, kind, key_of)
    counts = side_by_side(
        con, lambda cursor, block: _count(cursor, block, key_of, _table(rules, block)), rules.blocks
    )
    counted = {block.name: count for block, count in zip(rules.blocks, counts, strict=True)}
    allowed = rules.ceiling * max(rows, 1000)
    if sum(counted.values()) > allowed:
        worst = max(rules.blocks, key=lambda block: counted[block.name])
        raise QualityError(
            "linkage_comparisons",
            where=f"{rules.path} [[block]] {worst.name}",
            comparisons=Figure(sum(counted.values())),
            allowed=Figure(allowed),
            block=worst.name,
            block_comparisons=Figure(counted[worst.name]),
            largest=Figures(tuple(map(Figure, _largest(con, worst, key_of, _table(rules, worst)))), ", "),
        )
    return counted


def _table(rules: Rules, block: Block) -> str:
    return f"link_{'form' if is_of_form(rules, block) else 'node'}_key"


def _make_keys(con: duckdb.DuckDBPyConnection, rules: Rules, kind: str, key_of: dict[str, str]) -> None:
    """Create ``link_form_key`` or ``link_node_key``: item, turn, n and n_known (nodes), and the keys of the blocks.

    That of nodes has their ``form``. A pair is met once, from the smaller ``turn``: items not known all have one below
    zero, and are paired with all.
    """
    of_form = kind == "form"
    terms = {side for block in rules.blocks if is_of_form(rules, block) == of_form for side in _sides(block)}
    # Half a hash is less to move; the few values that share one are pairs that no comparison finds alike.
    keys = "".join(
        f", case when {sql} is not null then (hash({sql}) & 4294967295)::uinteger end as {key_of[term]}"
        for sql, term in ((compiled.part("t", term), term) for term in sorted(terms))
    )
    source = f", {rules.source} as source" if rules.source else ""
    counts, known = (
        ("n, n_known", "n = n_known")
        if of_form
        else ("form, 1 as n, is_known::integer as n_known", "is_known")
    )
    con.execute(
        f"create or replace table link_{kind}_key as select {kind} as item,"
        f" case when {known} then {kind} else -{kind} end as turn, {counts}{source}{keys} from link_{kind} as t"
    )


def _sides(block: Block) -> set[str]:
    return {side for pair in (*block.on, *block.also) for side in pair if side != MISSING}


def _keys(rules: Rules) -> dict[str, str]:
    """Return the column that holds the number of each term that a block reads."""
    terms = {side for block in rules.blocks for side in _sides(block)}
    return {term: f"k{position}" for position, term in enumerate(sorted(terms))}


def _alike(block: Block, key_of: dict[str, str], right: str = "r") -> str:
    """Return what a block joins on; one that crosses columns reads one of them of ``l``, the other of ``r``."""
    return " and ".join(f"l.{key_of[one]} = {right}.{key_of[other]}" for one, other in block.on)


def _also(block: Block, key_of: dict[str, str], left: str, right: str) -> str:
    """Return the condition that one of the alternatives of a block holds; the sides are prefixes of columns."""

    def alternative(one: str, other: str) -> str:
        if other == MISSING:
            return f"{left}{key_of[one]} is null or {right}{key_of[one]} is null"
        there = f"{left}{key_of[one]} = {right}{key_of[other]}"
        return there if one == other else f"{there} or {right}{key_of[one]} = {left}{key_of[other]}"

    return f"({' or '.join(alternative(one, other) for one, other in block.also) or 'true'})"


def _also_read(block: Block, key_of: dict[str, str]) -> list[str]:
    return sorted({key_of[side] for pair in block.also for side in pair if side != MISSING})


def _count(con: duckdb.DuckDBPyConnection, block: Block, key_of: dict[str, str], table: str) -> int:
    left, right = (
        ", ".join(f"{key_of[term[side]]} as c{n}" for n, term in enumerate(block.on)) for side in (0, 1)
    )
    names = ", ".join(f"c{n}" for n in range(len(block.on)))
    if left == right:
        (count,) = con.execute(
            "select coalesce(sum(n * (n - 1) - o * (o - 1)) / 2, 0)::bigint from ("
            f"select sum(n) as n, sum(n_known) as o from {table}"
            f" where {_filled(block, key_of)} group by {', '.join(key_of[term] for term, _ in block.on)})"
        ).fetchall()[0]
    else:
        (count,) = con.execute(
            f"""
            with l as (
                select {names}, sum(n) as n, sum(n_known) as o
                from (select n, n_known, {left} from {table}) group by {names}
            ),
            r as (
                select {names}, sum(n) as n, sum(n_known) as o
                from (select n, n_known, {right} from {table}) group by {names}
            )
            select coalesce(sum(l.n * r.n - l.o * r.o), 0)::bigint from l join r using ({names})
            """
        ).fetchall()[0]
    return int(count)


def _largest(
    con: duckdb.DuckDBPyConnection, block: Block, key_of: dict[str, str], table: str, many: int = 5
) -> list[int]:
    keys = ", ".join(key_of[left] for left, _ in block.on)
    rows = con.execute(
        f"select sum(n) from {table} where {_filled(block, key_of)} group by {keys} order by 1 desc limit {many}"
    ).fetchall()
    return [int(size) for (size,) in rows]


def _filled(block: Block, key_of: dict[str, str]) -> str:
    return " and ".join(f"{key_of[left]} is not null" for left, _ in block.on)
