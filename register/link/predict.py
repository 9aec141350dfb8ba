"""From `identity` to `pair`: blocked, compared and scored with frozen weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from register.errors import DeclarationError, QualityError, suggest
from register.link import compile as compiled
from register.link.block import count_comparisons, make_candidates
from register.link.forms import form_columns, make_forms, read_once
from register.link.reuse import find_known, kept_pairs
from register.link.rules import Rules, untrained
from register.link.score import forget_candidates, score_candidates
from register.link.weigh import PROBABILITY, prior_of

#: Match weight of two identities that are alike in every compared column: certain, and no model was asked.
IDENTICAL = 100.0


@dataclass(frozen=True)
class PredictReport:
    """What the linkage compared and found: counts only.

    ``comparisons`` counts, for each block, the pairs that its terms would join by themselves; ``candidates`` are the
    pairs of forms that were weighed, each for all identities that are written so; ``known`` those of the ``distinct``
    identities that the linkage before had compared with one another. ``prior`` is the match weight of a pair about
    which nothing is known.
    """

    identities: int
    distinct: int
    known: int
    prior: int
    comparisons: dict[str, int]
    candidates: int
    pairs: int
    above_link: int


def predict(
    con: duckdb.DuckDBPyConnection,
    rules: Rules,
    announce: Callable[[dict[str, int]], None] = lambda _: None,
    previous_prior: int | None = None,
    rows: int | None = None,
) -> PredictReport:
    """Create ``pair``: one row per pair of identities whose match weight reaches the review threshold.

    Reads the table or view that the rules name. Identities that are alike in all compared columns and say
    enough (``enough`` in the rules) are compared once; their link to one another stands in ``pair`` as block
    ``identical``. ``announce`` is told the comparisons of each block before any is made.

    Creates ``compared`` as well (identity_id, representative_id, content_hash): what a later linkage needs to compare
    only what is new. With ``previous_prior``, the ``prior`` of a linkage by the same rules, its two tables are read as
    ``previous_pair`` and ``previous_compared``; the result is that of comparing everything. ``rows`` is how many
    distinct identities the whole register has, if this is a part of it: the prior is that of the whole.

    Raises
    ------
    QualityError
        If a level has no weight, or the blocks would make more comparisons than declared.
    DeclarationError
        If the rules read a column that the table lacks.
    """
    missing = untrained(rules)
    if missing or rules.weights is None:
        raise QualityError("linkage_untrained", where=str(rules.weights_path), levels=", ".join(missing))
    _check_columns(con, rules)
    identities, distinct = _distinct(con, rules)
    # A node is here the place of its row: nothing that comes of a pair depends on the numbers, and to sort takes time.
    con.execute(
        "create or replace temp view link_input as select rowid::integer as node, * from link_distinct"
    )
    whole = rows or distinct
    prior = prior_of(rules, whole)
    known = find_known(con, rules, prior, previous_prior)
    make_forms(con, rules)
    comparisons = count_comparisons(con, rules, distinct)
    announce(comparisons)
    candidates = make_candidates(con, rules)
    # What is kept is decided on the rounded weight: let what could round up through.
    scored = score_candidates(con, rules, whole, threshold=rules.review - 0.001)
    names = ", ".join(f"'{block.name}'" for block in rules.blocks)
    levels = [f"gamma_{compare.concept}" for compare in rules.compares]
    key = rules.key
    sides = f"least(l.{key}, r.{key}) as {key}_l, greatest(l.{key}, r.{key}) as {key}_r"
    weight = "round(match_weight, 4)"
    kept = ""
    if known and previous_prior is not None:
        kept = f"union all {kept_pairs(rules, levels, prior - previous_prior)}"
    con.execute(
        f"""
        create or replace table pair as
        select {sides}, {weight} as match_weight,
            {PROBABILITY.format(weight=weight)} as match_probability,
            [{names}][match_key::integer + 1] as match_key,
            {", ".join(f"{level}::tinyint as {level}" for level in levels)}
        from ({scored}) join link_node as l on l.node = node_l join link_node as r on r.node = node_r
        where {weight} >= {rules.review}
        {kept}
        union all
        select least(representative, {key}), greatest(representative, {key}), {IDENTICAL}, 1.0, 'identical',
            {", ".join(f"null::tinyint as {level}" for level in levels)}
        from link_bundle where representative <> {key}
        """
    )
    con.execute(
        f"""
        create or replace table compared as
        select {key}, nullif(representative, {key}) as representative_id, content as content_hash from link_bundle
        """
    )
    forget_candidates(con)
    con.execute("drop view link_input")
    for name in ("distinct", "bundle", "heir", "known"):
        con.execute(f"drop table link_{name}")
    (pairs, above) = con.execute(
        f"select count(*), count(*) filter (match_weight >= {rules.link}) from pair"
    ).fetchall()[0]
    return PredictReport(identities, distinct, known, prior, comparisons, candidates, pairs, above)


def prepare(con: duckdb.DuckDBPyConnection, rules: Rules) -> int:
    """Create ``link_input`` and ``link_bundle`` for training: the distinct rows, numbered in the order of their keys.

    Chance is drawn from the numbers: they are the same every time. Returns how many rows there are.
    """
    _check_columns(con, rules)
    _, distinct = _distinct(con, rules)
    order = ", ".join(filter(None, (rules.source, rules.key)))
    con.execute(
        f"""
        create or replace table link_input as
        select row_number() over (order by {order})::integer as node, * from link_distinct
        """
    )
    con.execute("drop table link_distinct")
    return distinct


def _distinct(con: duckdb.DuckDBPyConnection, rules: Rules) -> tuple[int, int]:
    """Create ``link_bundle`` and ``link_distinct``: every row, and one of each that say the same, as the rules read it.

    ``link_bundle`` has each row's key, its ``representative`` in ``link_distinct``, and ``content``, a hash of what is
    compared. Two hashes, of 64 bits each, tell whether rows say the same: names need not be held against one another.
    """
    compared = compiled.columns(rules)
    groups = [" and ".join(f"{column} is not null" for column in group) for group in rules.enough]
    enough = " or ".join(f"({group})" for group in groups) or "false"
    source = [rules.source] if rules.source else []
    beside = [*source, *(column for column in compared if column not in form_columns(rules))]
    content, check = (
        f"hash({', '.join([form, *columns])})"
        for form, columns in (("form_hash", beside), ("form_check", beside[::-1]))
    )
    con.execute(
        f"""
        create or replace table link_distinct as
        select *, {content} as content, {check} as content_check from (
            select {", ".join([rules.key, *source, *compared])}, {read_once(rules)}, {enough} as is_enough
            from {compiled.identities(rules)}
        )
        """
    )
    con.execute(
        f"""
        create or replace table link_bundle as
        with shared as (
            select content, content_check, min({rules.key}) as first from link_distinct where is_enough
            group by content, content_check having count(*) > 1
        )
        select {rules.key}, (content >> 1)::bigint as content,
            case when is_enough then coalesce(first, {rules.key}) else {rules.key} end as representative
        from link_distinct left join shared using (content, content_check)
        """
    )
    con.execute(
        f"""
        delete from link_distinct
        where {rules.key} in (select {rules.key} from link_bundle where representative <> {rules.key})
        """
    )
    (counts,) = con.execute(
        "select (select count(*) from link_bundle), (select count(*) from link_distinct)"
    ).fetchall()
    return int(counts[0]), int(counts[1])


def _check_columns(con: duckdb.DuckDBPyConnection, rules: Rules) -> None:
    present = [row[0] for row in con.execute(f"describe {rules.table}").fetchall()]
    for column in [rules.key, *compiled.columns(rules)]:
        if column not in present:
            raise DeclarationError(
                "linkage_column",
                where=str(rules.path),
                column=column,
                table=rules.table,
                suggestion=suggest(column, present),
            )
