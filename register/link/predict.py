"""From `identity` to `pair`: blocked, compared and scored with frozen weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
from splink import DuckDBAPI, Linker

from register.engine import file_literal
from register.errors import DeclarationError, QualityError, suggest
from register.link import compile as compiled
from register.link.block import count_comparisons, make_candidates
from register.link.reuse import PROBABILITY, find_known, kept_pairs
from register.link.rules import Rules, untrained

#: Match weight of two identities that are alike in every compared column: certain, and no model was asked.
IDENTICAL = 100.0


@dataclass(frozen=True)
class PredictReport:
    """What the linkage compared and found: counts only.

    ``comparisons`` counts, for each block, the pairs that its terms would join by themselves; ``candidates`` are the
    pairs that were scored; ``known`` those of the ``distinct`` identities that the linkage before had compared with
    one another. ``prior`` is the match weight of a pair about which nothing is known.
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
    whole = rows or distinct
    prior = compiled.prior_weight(rules.weights.matches_per_identity, whole)
    known = find_known(con, rules, prior, previous_prior)
    comparisons = count_comparisons(con, rules, distinct)
    announce(comparisons)
    candidates = make_candidates(con, rules)
    # What is kept is decided on the rounded weight: let what could round up through.
    scored = score(con, rules, whole, threshold=rules.review - 0.001, table=_needed(con, known))
    names = ", ".join(f"'{block.name}'" for block in rules.blocks)
    levels = [f"gamma_{compare.concept}" for compare in rules.compares]
    key = rules.key
    weight = "round(match_weight, 4)"
    kept = ""
    if known and previous_prior is not None:
        kept = f"union all {kept_pairs(rules, levels, prior - previous_prior)}"
    con.execute(
        f"""
        create or replace table pair as
        select least(l.{key}, r.{key}) as {key}_l, greatest(l.{key}, r.{key}) as {key}_r, {weight} as match_weight,
            {PROBABILITY.format(weight=weight)} as match_probability,
            [{names}][match_key::integer + 1] as match_key,
            {", ".join(f"{level}::tinyint as {level}" for level in levels)}
        from {scored} join link_input as l on l.node = node_l join link_input as r on r.node = node_r
        where {weight} >= {rules.review}
        {kept}
        union all
        select least(representative, {key}), greatest(representative, {key}), {IDENTICAL}, 1.0, 'identical',
            {", ".join(f"null::tinyint as {level}" for level in levels)}
        from link_bundle where representative <> {key}
        order by 1, 2
        """
    )
    con.execute(
        f"""
        create or replace table compared as
        select {key}, representative as representative_id, content as content_hash from link_bundle order by {key}
        """
    )
    forget_splink(con)
    for name in ("input", "needed", "bundle", "key", "candidate", "heir", "known"):
        con.execute(f"drop table if exists link_{name}")
    (pairs, above) = con.execute(
        f"select count(*), count(*) filter (match_weight >= {rules.link}) from pair"
    ).fetchall()[0]
    return PredictReport(identities, distinct, known, prior, comparisons, candidates, pairs, above)


def score(
    con: duckdb.DuckDBPyConnection,
    rules: Rules,
    rows: int,
    *,
    threshold: float | None = None,
    steps: bool = False,
    table: str = "link_input",
) -> str:
    """Weigh the pairs of ``link_candidate`` (match_key, join_key_l, join_key_r: nodes of ``link_input``).

    Parameters
    ----------
    rows
        Number of rows to be linked in all: sets the prior.
    threshold
        Match weight, in bits, that a pair must reach to be returned; all are if not given.
    steps
        Keep what each comparison adds to the weight: ``mw_*`` and ``mw_tf_adj_*``, in bits.
    table
        Where the nodes of the candidates stand, if not in ``link_input`` with all others.

    Returns
    -------
    str
        Name of a table with node_l, node_r, match_weight, match_probability, match_key and gamma_*. It lives until
        `forget_splink`.
    """
    api = DuckDBAPI(con)
    linker = Linker(
        api.register(table, dataset_display_name=table),
        compiled.settings(rules, rows, steps=steps),
        log_level=None,
        validate_settings=False,
    )
    _register_frequencies(con, api, linker, rules)
    linker.table_management.register_blocked_pairs_for_predict(
        api.register("link_candidate", dataset_display_name="link_candidate")
    )
    scored = linker.inference.predict(threshold_match_weight=threshold, warning_mode="never")
    return str(scored.physical_name)


def _needed(con: duckdb.DuckDBPyConnection, known: int) -> str:
    """Return the table of the nodes that are compared: where most are known, a smaller one than ``link_input``."""
    if not known:
        return "link_input"
    con.execute(
        """
        create or replace table link_needed as select * from link_input where node in (
            select join_key_l from link_candidate union select join_key_r from link_candidate
        )
        """
    )
    return "link_needed"


def prepare(con: duckdb.DuckDBPyConnection, rules: Rules) -> int:
    """Create ``link_input`` for training: every row of the rules' table, the columns the rules read."""
    _check_columns(con, rules)
    return _distinct(con, rules)[1]


def _distinct(con: duckdb.DuckDBPyConnection, rules: Rules) -> tuple[int, int]:
    """Create ``link_bundle`` and ``link_input``: every row, and one of each that say the same.

    ``link_bundle`` has each row's key, its ``representative`` in ``link_input``, and ``content``, a hash of what is
    compared.
    """
    compared = ", ".join(compiled.columns(rules))
    groups = [" and ".join(f"{column} is not null" for column in group) for group in rules.enough]
    enough = " or ".join(f"({group})" for group in groups) or "false"
    source = f"{rules.source}, " if rules.source else ""
    con.execute(
        f"""
        create or replace table link_bundle as
        select {rules.key}, case when {enough}
            then min({rules.key}) over (partition by {source}{compared}) else {rules.key} end as representative,
            hash({source}{compared})::varchar as content
        from {compiled.identities(rules)}
        """
    )
    con.execute(
        f"""
        create or replace table link_input as
        select row_number() over (order by {source}{rules.key}) as node, {rules.key}, {source}{compared}
        from {compiled.identities(rules)}
        semi join (select distinct representative as {rules.key} from link_bundle) using ({rules.key})
        order by {rules.key}
        """
    )
    (counts,) = con.execute(
        "select (select count(*) from link_bundle), (select count(*) from link_input)"
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


def _register_frequencies(
    con: duckdb.DuckDBPyConnection, api: DuckDBAPI, linker: Linker, rules: Rules
) -> None:
    """Give Splink the frozen frequencies: a value not among them is as rare as the declared floor."""
    if compiled.rare_columns(rules) and not rules.frequencies_path.is_file():
        raise DeclarationError("file_missing", where=str(rules.frequencies_path))
    columns = "columns = {'concept': 'varchar', 'value': 'varchar', 'frequency': 'double'}"
    frequencies = f"read_csv({file_literal(rules.frequencies_path)}, header = true, {columns})"
    for column in compiled.rare_columns(rules):
        con.execute(
            f"""
            create or replace table __splink__frozen_{column} as
            select v.{column}, coalesce(f.frequency, {rules.training.rare_names}) as tf_{column}
            from (select distinct {column} from link_input where {column} is not null) as v
            left join {frequencies} as f on f.concept = '{column}' and f.value = v.{column}
            """
        )
        table = api.register(f"__splink__frozen_{column}", dataset_display_name=f"frozen_{column}")
        linker.table_management.register_term_frequency_lookup(table, column)


def forget_splink(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what Splink left in the connection, so that a stage leaves its own tables only."""
    left = con.execute(
        """
        select table_name, table_type from information_schema.tables
        where starts_with(table_name, '__splink__') or table_name = 'result_df'
        """
    ).fetchall()
    for name, kind in left:
        con.execute(f'drop {"view" if kind == "VIEW" else "table"} "{name}"')
