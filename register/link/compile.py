"""From the declared rules to Splink's settings: the only file that knows how Splink wants them.

The rules stay free of any SQL dialect. Conditions are written here in DuckDB's SQL; Splink adds ``_l`` and
``_r`` to the columns of the two sides of a pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import SettingsCreator

from register.link.rules import MISSING, Block, Compare, Level, Rules, parameters

DIALECT = "duckdb"

#: The kind, number and issuer of each document an identity may show.
SLOTS = (
    ("document_kind_code", "document_number", "document_issuer_code"),
    ("document_2_kind_code", "document_2_number", "document_2_issuer_code"),
)


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


def settings(rules: Rules, n_rows: int | None = None, *, steps: bool = False) -> SettingsCreator:
    """Return Splink's settings for the rules, with the weights at hand.

    Parameters
    ----------
    rules
        The declaration.
    n_rows
        Number of rows to be linked: sets the prior, see `prior_weight`. None in training.
    steps
        Whether Splink shall tell what each comparison adds to the weight of a pair.
    """
    weights = rules.weights
    given: dict[str, Any] = {}
    if weights and n_rows:
        odds = 2.0 ** prior_weight(weights.matches_per_identity, n_rows)
        given["probability_two_random_records_match"] = odds / (1 + odds)
    # Pairs to be weighed are given; only training draws its own, and then from two sources where those are linked.
    between = rules.source is not None and n_rows is None
    if between:
        given["source_dataset_column_name"] = rules.source
    return SettingsCreator(
        link_type="link_only" if between else "dedupe_only",
        unique_id_column_name="node",
        comparisons=[_comparison(rules, compare) for compare in rules.compares],
        retain_matching_columns=True,  # without them Splink leaves the levels of a pair out as well
        retain_intermediate_calculation_columns=steps,
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
    """Return the relation to read identities from: the declared table, the kinds of documents filled in."""
    if not rules.untold_kind:
        return rules.table
    kinds = " ".join(f"when '{country}' then '{kind}'" for country, kind in sorted(rules.untold_kind.items()))
    return f"""(
        select * replace (
            case when document_kind_code is null and document_number is not null
                then case citizenship_code {kinds} end else document_kind_code end as document_kind_code
        ) from {rules.table}
    )"""


def part(table: str, term: str) -> str:
    """Return the SQL of one side of a block's term: a column, or a part of it: ``birth_date.year``."""
    column, _, piece = term.partition(".")
    return PARTS[piece].format(f"{table}.{column}")


def columns(rules: Rules) -> list[str]:
    """Return every column that the blocks and comparisons read, sorted."""
    found: set[str] = set()
    for compare in rules.compares:
        found.update(_reads(compare))
    blocks = (*rules.blocks, *rules.training.certain, *rules.training.sessions)
    for block in blocks:
        terms = (*block.on, *block.also)
        found.update(side.partition(".")[0] for term in terms for side in term if side != MISSING)
    return sorted(found - {rules.key, rules.source or ""})


def rare_columns(rules: Rules) -> list[str]:
    """Return the columns whose values weigh by how rare they are."""
    return [compare.concept for compare in rules.compares if compare.rare_values]


def case_sql(rules: Rules, compare: Compare) -> str:
    """Return the SQL that numbers the level of a pair: -1 if nothing can be said, 0 for the least alike."""
    made = _comparison(rules, compare).get_comparison(DIALECT)
    return (
        "case "
        + " ".join(level._when_then_comparison_vector_value_sql for level in made.comparison_levels)
        + " end"
    )


def _reads(compare: Compare) -> Iterator[str]:
    if compare.by == "document":
        yield from (column for slot in _slots(compare) for column in slot)
        return
    yield compare.concept
    for level in compare.levels:
        if level.column:
            yield level.column
    for key, value in compare.columns.items():
        if key != "permanent":
            yield from [value] if isinstance(value, str) else value
    if any(level.word == "phonetic" for level in compare.levels):
        yield _key(compare)


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


def _either(left: str, right: str) -> str:
    return f"({left}_l = {right}_r or {right}_l = {left}_r)"


def _only_if(cheap: str, dear: str) -> str:
    """Return a condition whose dear part is computed only where the cheap part holds: ``and`` computes both."""
    return f"case when {cheap} then {dear} else false end"


def _one_edit(left: str, right: str) -> str:
    """Return the condition that one text becomes the other by one letter more, less or other, or two exchanged.

    Wherever the edit is, the half before it or the half behind it is left as it was. That is cheap to see and
    spares most pairs the distance.
    """
    half = f"(least(length({left}), length({right})) - 1) // 2"
    ends = " or ".join(f"{end}({left}, {half}) = {end}({right}, {half})" for end in ("left", "right"))
    near = _only_if(f"abs(length({left}) - length({right})) <= 1", ends)
    return _only_if(near, f"damerau_levenshtein({left}, {right}) <= 1")


def _null(compare: Compare) -> str:
    return f"{compare.concept}_l is null or {compare.concept}_r is null"


def _key(compare: Compare) -> str:
    return str(compare.columns.get("key", f"{compare.concept}_key"))


def _text(compare: Compare, level: Level) -> str:
    """Conditions on names and other text."""
    own, other = compare.concept, level.column
    left, right = f"{own}_l", f"{own}_r"
    match level.word:
        case "exact":
            return f"{left} = {right}"
        case "swapped_with_":
            return _either(own, str(other))
        case "joined_with_":
            one, two = (f"replace({side}, ' ', '')" for side in (left, right))
            both = [f"replace({own}_{side} || {other}_{side}, ' ', '')" for side in "lr"]
            alike = f"coalesce({one} = {two} or {both[0]} = {two} or {both[1]} = {one}, false)"
            return _only_if(f"left({left}, 2) = left({right}, 2)", alike)
        case "rearranged":
            sides = [[f"{column}_{side}" for column in compare.columns["whole"]] for side in "lr"]
            whole = [f"concat_ws(' ', {', '.join(side)})" for side in sides]
            size = [" + ".join(f"coalesce(length({one}) + 1, 0)" for one in side) for side in sides]
            return _only_if(
                f"{size[0]} = {size[1]}",
                f"list_sort(string_split({whole[0]}, ' ')) = list_sort(string_split({whole[1]}, ' '))",
            )
        case "one_of_two":
            first, second = compare.columns["words"]
            return (
                f"{second}_l is null and {first}_l in ({first}_r, {second}_r)"
                f" or {second}_r is null and {first}_r in ({first}_l, {second}_l)"
            )
        case "shared_word":
            words = list(compare.columns["words"])
            return " or ".join(f"{one}_l = {two}_r" for one, two in product(words, words))
        case "truncated":
            return (
                f"length({left}) >= 3 and starts_with({right}, {left})"
                f" or length({right}) >= 3 and starts_with({left}, {right})"
            )
        case "initial":
            return (
                f"length({left}) = 1 and starts_with({right}, {left})"
                f" or length({right}) = 1 and starts_with({left}, {right})"
            )
        case "phonetic":
            return f"{_key(compare)}_l = {_key(compare)}_r"
        case "typo":
            return _one_edit(left, right)
        case _:
            return f"jaro_winkler_similarity({left}, {right}) >= {level.threshold}"


def _date(compare: Compare, level: Level) -> str:
    """Conditions on dates. A date known to the year only equals another of that year."""
    left, right = f"{compare.concept}_l", f"{compare.concept}_r"
    precision = compare.columns.get("precision")
    full = f"{precision}_l = 'day' and {precision}_r = 'day'" if precision else "true"
    match level.word:
        case "exact":
            return f"{left} = {right} and {full}"
        case "heaped":
            return f"{left} = {right} and {full} and month({left}) = 1 and day({left}) = 1"
        case "year_only":
            return f"not ({full}) and year({left}) = year({right})"
        case "swapped":
            return (
                f"{full} and year({left}) = year({right})"
                f" and month({left}) = day({right}) and day({left}) = month({right})"
            )
        case "typo":
            written = ", ".join(f"strftime({side}, '%Y%m%d')" for side in (left, right))
            part = " or ".join(f"{part}({left}) = {part}({right})" for part in ("year", "month", "day"))
            eight = " and ".join(f"year({side}) between 1000 and 9999" for side in (left, right))
            # Of eight digits one edit changes one, or exchanges two.
            near = _only_if(f"{full} and ({part}) and {eight}", f"hamming({written}) <= 2")
            return _only_if(near, f"damerau_levenshtein({written}) <= 1")
        case "same_year":
            return f"year({left}) = year({right})"
        case "same_day":
            return f"{full} and month({left}) = month({right}) and day({left}) = day({right})"
        case _:
            return f"{full} and abs({left} - {right}) <= {level.threshold:g}"


def _slots(compare: Compare) -> tuple[tuple[str, str, str], ...]:
    given = compare.columns.get("slots")
    return tuple(tuple(slot) for slot in given) if given else SLOTS


def _document(compare: Compare, level: Level) -> str:
    """Conditions on documents: any that one shows against any that the other shows."""
    permanent = ", ".join(f"'{kind}'" for kind in compare.columns.get("permanent", ["national_id"]))
    pairs = list(product(_slots(compare), repeat=2))
    terms = []
    for (kind_l, number_l, issuer_l), (kind_r, number_r, issuer_r) in pairs:
        left, right = f"{number_l}_l", f"{number_r}_r"
        same_kind = f"{kind_l}_l = {kind_r}_r"
        match level.word:
            case "equal":
                terms.append(f"{left} = {right}")
            case "typo":
                long = f"least(length({left}), length({right})) >= 5"
                terms.append(_only_if(f"{long} and coalesce({same_kind}, true)", _one_edit(left, right)))
            case "different":
                terms.append(
                    f"({same_kind} and {kind_l}_l in ({permanent})"
                    f" and coalesce({issuer_l}_l = {issuer_r}_r, true) and {left} <> {right})"
                )
            case _:
                terms.append(f"({same_kind} and {kind_l}_l not in ({permanent}) and {left} <> {right})")
    return " or ".join(terms)


def _category(compare: Compare, level: Level) -> str:
    """Conditions on codes."""
    match level.word:
        case "same_":
            return f"{level.column}_l = {level.column}_r"
        case "as_":
            return _either(compare.concept, str(level.column))
        case _:
            return f"{compare.concept}_l = {compare.concept}_r"


def _number(compare: Compare, level: Level) -> str:
    left, right = f"{compare.concept}_l", f"{compare.concept}_r"
    return f"{left} = {right}" if level.word == "exact" else f"abs({left} - {right}) <= {level.threshold:g}"


def _sql(_: Compare, level: Level) -> str:
    return level.sql[DIALECT]


#: For each kind of comparison: when nothing can be said, and the condition of a level.
BY: dict[str, tuple[Callable[[Compare], str], Callable[[Compare, Level], str]]] = {
    "name": (_null, _text),
    "text": (_null, _text),
    "date": (_null, _date),
    "document": (_null, _document),
    "category": (_null, _category),
    "exact": (_null, _category),
    "number": (_null, _number),
    "sql": (_null, _sql),
}
