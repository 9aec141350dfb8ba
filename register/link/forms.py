"""The forms of identities: what a person is called and when born, each way of writing it once.

Many identities say one name and one birth date, beside different documents. Names are what is dear to block and to
compare, so both are done for forms, and the pairs of forms are then spread to the identities that share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import duckdb

from register.link import compile as compiled
from register.link.conditions import KEPT_BY_EDIT, document_slots
from register.link.rules import MISSING, Block, Compare, Rules
from register.link.weigh import with_rarity

#: Comparisons of what differs between identities of one form; all others are of the form.
BESIDE = ("document", "category", "exact", "number")


def divide(rules: Rules) -> tuple[tuple[Compare, ...], tuple[Compare, ...]]:
    """Return the comparisons of forms, and those of what identities say beside. The former are never none."""
    of_form = tuple(compare for compare in rules.compares if compare.by not in BESIDE) or rules.compares
    return of_form, tuple(compare for compare in rules.compares if compare not in of_form)


def form_columns(rules: Rules) -> list[str]:
    """Return the columns that make a form, sorted."""
    return compiled.read_columns(divide(rules)[0])


def is_of_form(rules: Rules, block: Block) -> bool:
    """Say whether a block reads nothing but the form."""
    return block_columns(block) <= set(form_columns(rules))


def block_columns(block: Block) -> set[str]:
    """Return the columns that a block reads."""
    terms = (side for pair in (*block.on, *block.also) for side in pair if side != MISSING)
    return {term.partition(".")[0] for term in terms}


def read_once(rules: Rules) -> str:
    """Return the columns that tell the forms of rows, and the ends of their documents: ``link_input`` has them.

    Two hashes, of 64 bits each, tell whether rows are of one form: names need not be held against one another.
    """
    columns, (_, beside) = form_columns(rules), divide(rules)
    number, check = (f"hash({', '.join(names)})" for names in (columns, columns[::-1]))
    heads, tails = (ends_sql(beside, end) for end in ("left", "right"))
    return f"{number} as form_hash, {check} as form_check, {heads} as heads, {tails} as tails"


def make_forms(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    """Create ``link_form`` and ``link_node`` from ``link_input`` and ``link_known``.

    ``link_form``: form, its columns, how rare its values are (``rarity_*``), ``n``, the nodes that have it, and
    ``n_known``, how many of them are known. ``link_node``: node, form, whether it is known, and what it says beside.
    Both have ``heads`` and ``tails``, the ends of the document numbers; see `near_sql`.
    Forms are numbered by a hash of what they say: which of two comes first does not change as the register grows.
    """
    of_form, beside = divide(rules)
    columns = form_columns(rules)
    source = [rules.source] if rules.source else []
    told = [*source, "form_hash", "form_check"]
    con.execute(
        f"""
        create or replace temp table link_numbered as
        select row_number() over (order by {", ".join([*source, "form_hash", "first"])})::integer as form, * from (
            select {", ".join(told)}, min(node) as first, count(*) as n, count(k.node) as n_known,
                bit_or(heads) as heads, bit_or(tails) as tails
            from link_input left join link_known as k using (node) group by {", ".join(told)}
        )
        """
    )
    spelt = f"""(
        select form, n, n_known, f.heads, f.tails, {", ".join(f"t.{column}" for column in [*source, *columns])}
        from link_numbered as f join link_input as t on t.node = first
    )"""
    con.execute(f"create or replace table link_form as {with_rarity(rules, of_form, spelt)}")
    kept = {
        column for block in rules.blocks if not is_of_form(rules, block) for column in block_columns(block)
    }
    codes = _make_codes(con, beside)
    said = "".join(
        f", t.{column}::link_code as {column}" if column in codes else f", t.{column}"
        for column in sorted(kept | set(compiled.read_columns(beside)))
    )
    alike = " and ".join(f"t.{name} = f.{name}" for name in told)
    nodes = f"""(
        select t.node, t.{rules.key}, f.form, t.node in (from link_known) as is_known, t.heads, t.tails
            {"".join(f", t.{s}" for s in source)}{said}
        from link_input as t join link_numbered as f on {alike}
    )"""
    con.execute(f"create or replace table link_node as {with_rarity(rules, beside, nodes)}")
    con.execute("drop table link_numbered; drop type link_code")


def _make_codes(con: duckdb.DuckDBPyConnection, beside: Sequence[Compare]) -> set[str]:
    """Create the type ``link_code`` of all codes that are only asked whether they are equal; return their columns.

    A code of two bytes in place of a text: each pair of nodes carries those of both.
    """
    present = dict(row[:2] for row in con.execute("describe link_input").fetchall())
    columns = {column for compare in beside for column in _codes(compare) if present[column] == "VARCHAR"}
    values = " union ".join(f"select {column} as code from link_input" for column in sorted(columns))
    con.execute(
        "create or replace type link_code as enum"
        f" (select code from ({values or 'select null::varchar as code'}) where code is not null order by code)"
    )
    return columns


def _codes(compare: Compare) -> set[str]:
    if compare.by == "document":
        return {column for kind, _, issuer in document_slots(compare) for column in (kind, issuer)}
    return set(compiled.read_columns([compare])) if compare.by in ("category", "exact") else set()


def ends_sql(beside: Sequence[Compare], end: str) -> str:
    """Return the SQL of a set of 64 of the first or the last signs of the numbers that are compared; see `near_sql`."""
    numbers = [number for compare in beside if _typo(compare) for _, number, _ in document_slots(compare)]
    marks = (
        f"case when {number} is null then 0::ubigint"
        f" else 1::ubigint << (hash({end}({number}, {KEPT_BY_EDIT})) & 63)::integer end"
        for number in numbers
    )
    return " | ".join(marks) or "0::ubigint"


def near_sql(left: str, right: str) -> str:
    """Return the condition that a document of one side may be one edit away from one of the other.

    Such numbers have their first signs in common, or their last. The few other pairs that the sets let through are only
    looked at in vain.
    """
    return f"(({left}.heads & {right}.heads) | ({left}.tails & {right}.tails)) <> 0"


def found_near(rules: Rules) -> dict[str, set[str]]:
    """Return, for each comparison, the levels that only nodes reach whose documents are near one another."""
    return {compare.concept: _typo(compare) for compare in divide(rules)[1] if _typo(compare)}


def _typo(compare: Compare) -> set[str]:
    return {level.name for level in compare.levels if compare.by == "document" and level.word == "typo"}


def found_beside(rules: Rules) -> dict[str, set[str]]:
    """Return, for each comparison, the levels at which every pair of nodes is found by a block of more than the form.

    Equal documents are, if each number is blocked with each. What is found by its form alone is at none of them.
    """
    alone = {block.on for block in rules.blocks if len(block.on) == 1 and not block.also}
    alone |= {((right, left),) for ((left, right),) in alone}
    found = {}
    for compare in (compare for compare in divide(rules)[1] if compare.by == "document"):
        numbers = [number for _, number, _ in document_slots(compare)]
        if all(((left, right),) in alone for left, right in product(numbers, repeat=2)):
            found[compare.concept] = {level.name for level in compare.levels if level.word == "equal"}
    return found
