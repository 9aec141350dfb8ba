"""The match weight of pairs: at which level each comparison finds them, and what that adds, in bits.

The model is that of Fellegi and Sunter as Splink computes it: a level adds log2(m / u); two equal values of a column
whose rare values weigh add log2(u / frequency) as well. Splink itself trains the weights; it is not asked for each pair
because it would compare all columns of all pairs, where most pairs share a name with others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from register.engine import file_literal
from register.errors import DeclarationError
from register.link.compile import prior_weight, read_columns
from register.link.conditions import BY, document_slots
from register.link.rules import Compare, Level, Rules, level_names, parameters

#: The match weight of a pair to its probability.
PROBABILITY = "round(1 / (1 + pow(2.0, -({weight}))), 9)"


def level_sql(compare: Compare) -> str:
    """Return the SQL that numbers the level of a pair: -1 if nothing can be said, 0 for the least alike."""
    slots = document_slots(compare) if compare.by == "document" else ()
    if len(slots) < 2:
        return _level_sql(compare)
    # Few show more than one document: most pairs need not be asked about each document of both.
    first = replace(compare, columns={**compare.columns, "slots": slots[:1]})
    further = " and ".join(f"{number}_{side} is null" for _, number, _ in slots[1:] for side in "lr")
    return f"case when {further} then {_level_sql(first)} else {_level_sql(compare)} end"


def _level_sql(compare: Compare) -> str:
    missing, condition = BY[compare.by]
    top = len(level_names(compare)) - 1
    number = {level.name: top - turn for turn, level in enumerate(compare.levels)}
    tests = []
    for *closer, loosest in _together(compare):
        then = str(number[loosest.name])
        if closer:
            cases = " ".join(
                f"when {condition(compare, level)} then {number[level.name]}" for level in closer
            )
            then = f"case {cases} else {then} end"
        tests.append(f"when {condition(compare, loosest)} then {then}")
    if compare.by == "document":
        # Documents of different kinds say nothing about one another: the pair is as good as without any.
        return f"case {' '.join(tests)} else -1 end"
    return f"case when {missing(compare)} then -1 {' '.join(tests)} else 0 end"


def levels_sql(compares: Sequence[Compare]) -> str:
    """Return the columns ``gamma_*`` of a query that has both sides of a pair; see `sides_sql`."""
    return ", ".join(f"({level_sql(compare)})::tinyint as gamma_{compare.concept}" for compare in compares)


def sides_sql(compares: Sequence[Compare]) -> str:
    """Return the columns of both sides, ``l`` and ``r``, that the comparisons read, and how rare the left one's are."""
    sides = [f"{side}.{column} as {column}_{side}" for column in read_columns(compares) for side in "lr"]
    return ", ".join(
        [*sides, *(f"l.rarity_{compare.concept}" for compare in compares if compare.rare_values)]
    )


def bits_sql(rules: Rules, compare: Compare) -> str:
    """Return the SQL of what a comparison adds to the weight, from ``gamma_*``, rare values left aside."""
    bits = _bits(rules, compare)
    top = len(bits) - 1
    cases = " ".join(f"when {top - turn} then {value!r}::double" for turn, value in enumerate(bits))
    return f"case gamma_{compare.concept} {cases} else 0.0::double end"


def rarity_sql(compare: Compare) -> str:
    """Return the SQL of what a common value adds for how rare it is, from ``gamma_*`` and ``rarity_*``."""
    exact = [turn for turn, level in enumerate(compare.levels) if level.word == "exact"]
    if not compare.rare_values or not exact:
        return "0.0::double"
    level = len(level_names(compare)) - 1 - exact[0]
    return f"case when gamma_{compare.concept} = {level} then rarity_{compare.concept} else 0.0::double end"


def sum_sql(rules: Rules, compares: Sequence[Compare]) -> str:
    """Return the SQL of what some comparisons add in all."""
    rare = [rarity_sql(compare) for compare in compares if compare.rare_values]
    return " + ".join([*(bits_sql(rules, compare) for compare in compares), *rare]) or "0.0::double"


def most(rules: Rules, compares: Sequence[Compare], without: Mapping[str, set[str]] = {}) -> float:
    """Return the most that some comparisons can add, at none of the levels ``without``."""
    rarest = math.log2(1 / rules.training.rare_names)
    return sum(
        max(
            0.0,
            rarest if compare.rare_values else 0.0,
            *(
                bits
                for name, bits in zip(level_names(compare), _bits(rules, compare), strict=True)
                if name not in without.get(compare.concept, ())
            ),
        )
        for compare in compares
    )


def prior_of(rules: Rules, rows: int) -> int:
    """Return the match weight of a pair about which nothing is known, among so many rows."""
    assert rules.weights is not None  # noqa: S101
    return prior_weight(rules.weights.matches_per_identity, rows)


def with_rarity(rules: Rules, compares: Sequence[Compare], relation: str) -> str:
    """Return the query of a relation with ``rarity_*``: what its value of each column adds if another has it too.

    The frequencies are those frozen with the weights; a value not among them is as rare as the declared floor.

    Raises
    ------
    DeclarationError
        If the file of frequencies is not there.
    """
    rare = [compare.concept for compare in compares if compare.rare_values]
    if rare and not rules.frequencies_path.is_file():
        raise DeclarationError("file_missing", where=str(rules.frequencies_path))
    columns = "columns = {'concept': 'varchar', 'value': 'varchar', 'frequency': 'double'}"
    frequencies = f"read_csv({file_literal(rules.frequencies_path)}, header = true, {columns})"
    told, joins = "", ""
    for compare in (compare for compare in compares if compare.rare_values):
        column = compare.concept
        _, u = parameters(rules, compare, "exact")
        common = f"coalesce(f_{column}.frequency, {rules.training.rare_names})"
        told += f", case when t.{column} is not null then log2({u} / {common}) end as rarity_{column}"
        joins += (
            f" left join {frequencies} as f_{column}"
            f" on f_{column}.concept = '{column}' and f_{column}.value = t.{column}::varchar"
        )
    return f"select t.*{told} from {relation} as t{joins}"


def score(con: duckdb.DuckDBPyConnection, rules: Rules, rows: int) -> str:
    """Weigh given pairs: those of ``link_candidate`` (match_key, join_key_l, join_key_r: nodes of ``link_input``).

    Parameters
    ----------
    rows
        Number of rows to be linked in all: sets the prior.

    Returns
    -------
    str
        Name of the table made: node_l, node_r, match_key, match_weight, match_probability, and for each comparison
        ``gamma_*``, its level, and ``mw_*`` and ``mw_tf_adj_*``, what it adds and what rare values add, in bits.
    """
    compares = rules.compares
    steps = ", ".join(
        f"{bits_sql(rules, compare)} as mw_{compare.concept}, {rarity_sql(compare)} as mw_tf_adj_{compare.concept}"
        for compare in compares
    )
    gammas = ", ".join(f"gamma_{compare.concept}" for compare in compares)
    weight = f"{prior_of(rules, rows)} + {sum_sql(rules, compares)}"
    rarities = "".join(f", rarity_{compare.concept}" for compare in compares if compare.rare_values)
    con.execute(
        f"""
        create or replace table link_scored as
        with rows as ({with_rarity(rules, compares, "link_input")}),
        pairs as (
            select join_key_l as node_l, join_key_r as node_r, match_key, {sides_sql(compares)} from link_candidate
            join rows as l on l.node = join_key_l join rows as r on r.node = join_key_r
        ),
        compared as (select node_l, node_r, match_key, {levels_sql(compares)}{rarities} from pairs)
        select node_l, node_r, match_key, {gammas}, {steps}, {weight} as match_weight,
            {PROBABILITY.format(weight=weight)} as match_probability
        from compared
        """
    )
    return "link_scored"


def _together(compare: Compare) -> list[list[Level]]:
    """Return the levels, those together that ask for ever less of one similarity: most pairs are measured once."""
    groups: list[list[Level]] = []
    for level in compare.levels:
        before = groups[-1][-1].threshold if groups else None
        is_looser = before is not None and level.threshold is not None and level.threshold < before
        if is_looser and compare.by in ("name", "text"):
            groups[-1].append(level)
        else:
            groups.append([level])
    return groups


def _bits(rules: Rules, compare: Compare) -> list[float]:
    """Return what each level adds, the most alike first."""
    bits = []
    for name in level_names(compare):
        m, u = parameters(rules, compare, name)
        assert m is not None and u is not None  # noqa: S101, PT018
        bits.append(math.log2(m / u))
    return bits
