"""From the declared rules to Splink's settings: the only file that knows how Splink wants them.

The rules stay free of any SQL dialect. The conditions of levels stand in
`register.link.conditions`; Splink adds ``_l`` and ``_r`` to the columns of the two sides of a pair.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import SettingsCreator

from register.link.conditions import BY, document_slots, phonetic_key
from register.link.rules import MISSING, Block, Compare, Rules, parameters

#: What a block may take of a column.
PARTS = {
    "": "{0}",
    "year": "year({0})",
    "year_month": "(100 * year({0}) + month({0}))",
    "month_day": "(100 * month({0}) + day({0}))",
    "first_1": "left({0}, 1)",
    "first_3": "left({0}, 3)",
    "last_3": "right({0}, 3)",
}


def settings(rules: Rules) -> SettingsCreator:
    """Return Splink's settings to train the rules, with the weights at hand.

    Where two sources are linked, Splink draws its pairs from both.
    """
    between = rules.source is not None
    given: dict[str, Any] = {"source_dataset_column_name": rules.source} if between else {}
    return SettingsCreator(
        link_type="link_only" if between else "dedupe_only",
        unique_id_column_name="node",
        comparisons=[_comparison(rules, compare) for compare in rules.compares],
        max_iterations=50,
        **given,
    )


def prior_weight(matches_per_identity: float, n_rows: int) -> int:
    """Return the match weight, in bits, of a pair about which nothing is known.

    The chance that two rows drawn at random are one person falls as the register grows. It is rounded to
    whole bits so that a few more rows do not move every weight.
    """
    return round(math.log2(matches_per_identity / max(n_rows, 2)))


def block_conditions(blocks: tuple[Block, ...]) -> list[tuple[str, str]]:
    """Return ``(block name, join condition)``; a block that crosses two columns needs both directions."""
    found = []
    for block in blocks:
        sides = [block.on]
        if any(left != right for left, right in block.on):
            sides.append(tuple((right, left) for left, right in block.on))
        for side in sides:
            terms = [f"{part('l', left)} = {part('r', right)}" for left, right in side]
            if block.also:
                terms.append(f"({' or '.join(_alternative(left, right) for left, right in block.also)})")
            found.append((block.name, " and ".join(terms)))
    return found


def _alternative(left: str, right: str) -> str:
    if right == MISSING:
        return f"{part('l', left)} is null or {part('r', left)} is null"
    return f"{part('l', left)} = {part('r', right)} or {part('l', right)} = {part('r', left)}"


def identities(rules: Rules) -> str:
    """Return the relation to read identities from: the declared table, the kinds of documents filled in.

    A document of a kind that goes without saying is one of the country where it does.
    """
    if not rules.untold_kind:
        return rules.table
    kinds = " ".join(f"when '{country}' then '{kind}'" for country, kind in sorted(rules.untold_kind.items()))
    told = ", ".join(f"'{country}'" for country in sorted(rules.untold_kind))
    # What begins with a letter is the number of a passport.
    untold = "document_kind_code is null and document_number < 'A'"
    return f"""(
        select * replace (
            case when {untold} then case citizenship_code {kinds} end else document_kind_code end
                as document_kind_code,
            case when {untold} and citizenship_code in ({told}) then coalesce(document_issuer_code, citizenship_code)
                else document_issuer_code end as document_issuer_code
        ) from {rules.table}
    )"""


def part(table: str, term: str) -> str:
    """Return the SQL of one side of a block's term: a column, or a part of it: ``birth_date.year``."""
    column, _, piece = term.partition(".")
    return PARTS[piece].format(f"{table}.{column}")


def columns(rules: Rules) -> list[str]:
    """Return every column that the blocks and comparisons read, sorted."""
    found = set(read_columns(rules.compares))
    blocks = (*rules.blocks, *rules.training.certain, *rules.training.sessions)
    for block in blocks:
        terms = (*block.on, *block.also)
        found.update(side.partition(".")[0] for term in terms for side in term if side != MISSING)
    return sorted(found - {rules.key, rules.source or ""})


def rare_columns(rules: Rules) -> list[str]:
    """Return the columns whose values weigh by how rare they are."""
    return [compare.concept for compare in rules.compares if compare.rare_values]


def read_columns(compares: Sequence[Compare]) -> list[str]:
    """Return every column that some comparisons read, sorted."""
    return sorted({column for compare in compares for column in _reads(compare)})


def _reads(compare: Compare) -> Iterator[str]:
    if compare.by == "document":
        yield from (column for slot in document_slots(compare) for column in slot)
        return
    yield compare.concept
    for level in compare.levels:
        if level.column:
            yield level.column
    for key, value in compare.columns.items():
        if key != "permanent":
            yield from [value] if isinstance(value, str) else value
    if any(level.word == "phonetic" for level in compare.levels):
        yield phonetic_key(compare)


def _comparison(rules: Rules, compare: Compare) -> cl.CustomComparison:
    null, condition = BY[compare.by]
    named = [(level, condition(compare, level)) for level in compare.levels]
    levels: list[Any] = []
    if compare.by != "document":
        levels.append(cll.CustomLevel(null(compare), "missing").configure(is_null_level=True))
        named.append((compare.rest, "ELSE"))
    for level, sql in named:
        made = cll.CustomLevel(sql, level.name)
        m, u = parameters(rules, compare, level.name)
        made.configure(
            m_probability=m,
            u_probability=u,
            fix_m_probability=level.m is not None,
            fix_u_probability=level.u is not None,
        )
        if compare.rare_values and level.word == "exact":
            made.configure(tf_adjustment_column=compare.concept, tf_adjustment_weight=1.0)
        levels.append(made)
    if compare.by == "document":
        # Documents of different kinds say nothing about one another: the pair is as good as without any.
        levels.append(cll.CustomLevel("true", "not comparable").configure(is_null_level=True))
    return cl.CustomComparison(comparison_levels=levels, output_column_name=compare.concept)
