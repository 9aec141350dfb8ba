"""From `identity` to `pair`: blocked, compared and scored with frozen weights."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker

from register.errors import DeclarationError, QualityError, suggest
from register.link import compile as compiled
from register.link.block import count_comparisons, make_candidates
from register.link.rules import Rules, untrained

#: Match weight of two identities that are alike in every compared column: certain, and no model was asked.
IDENTICAL = 100.0


@dataclass(frozen=True)
class PredictReport:
    """What the linkage compared and found: counts only.

    ``comparisons`` counts, for each block, the pairs that its terms would join by themselves; ``candidates`` are the
    pairs that were scored.
    """

    identities: int
    distinct: int
    comparisons: dict[str, int]
    candidates: int
    pairs: int
    above_link: int


def predict(
    con: duckdb.DuckDBPyConnection,
    rules: Rules,
    announce: Callable[[dict[str, int]], None] = lambda _: None,
) -> PredictReport:
    """Create ``pair``: one row per pair of identities whose match weight reaches the review threshold.

    Reads the table or view that the rules name. Identities that are alike in all compared columns and say
    enough (``enough`` in the rules) are compared once; their link to one another stands in ``pair`` as block
    ``identical``. ``announce`` is told the comparisons of each block before any is made.

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
    comparisons = count_comparisons(con, rules, distinct)
    announce(comparisons)
    candidates = make_candidates(con, rules)
    scored = score(con, rules, distinct, threshold=rules.review)
    names = ", ".join(f"'{block.name}'" for block in rules.blocks)
    levels = [f"gamma_{compare.concept}" for compare in rules.compares]
    key = rules.key
    con.execute(
        f"""
        create or replace table pair as
        select l.{key} as {key}_l, r.{key} as {key}_r, round(match_weight, 4) as match_weight,
            round(match_probability, 9) as match_probability, [{names}][match_key::integer + 1] as match_key,
            {", ".join(f"{level}::tinyint as {level}" for level in levels)}
        from {scored} join link_input as l on l.node = node_l join link_input as r on r.node = node_r
        union all
        select least(representative, {key}), greatest(representative, {key}), {IDENTICAL}, 1.0, 'identical',
            {", ".join(f"null::tinyint as {level}" for level in levels)}
        from link_bundle where representative <> {key}
        order by 1, 2
        """
    )
    forget_splink(con)
    con.execute(
        "drop table link_input; drop table link_bundle; drop table link_key; drop table link_candidate"
    )
    (pairs, above) = con.execute(
        f"select count(*), count(*) filter (match_weight >= {rules.link}) from pair"
    ).fetchall()[0]
    return PredictReport(identities, distinct, comparisons, candidates, pairs, above)


def score(
    con: duckdb.DuckDBPyConnection,
    rules: Rules,
    rows: int,
    *,
    threshold: float | None = None,
    steps: bool = False,
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

    Returns
    -------
    str
        Name of a table with node_l, node_r, match_weight, match_probability, match_key and gamma_*. It lives until
        `forget_splink`.
    """
    api = DuckDBAPI(con)
    linker = Linker(
        api.register("link_input", dataset_display_name="link_input"),
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


def prepare(con: duckdb.DuckDBPyConnection, rules: Rules) -> int:
    """Create ``link_input`` for training: every row of the rules' table, the columns the rules read."""
    _check_columns(con, rules)
    return _distinct(con, rules)[1]


def _distinct(con: duckdb.DuckDBPyConnection, rules: Rules) -> tuple[int, int]:
    """Create ``link_bundle`` (key -> representative) and ``link_input`` (representatives only)."""
    compared = ", ".join(compiled.columns(rules))
    groups = [" and ".join(f"{column} is not null" for column in group) for group in rules.enough]
    enough = " or ".join(f"({group})" for group in groups) or "false"
    source = f"{rules.source}, " if rules.source else ""
    con.execute(
        f"""
        create or replace table link_bundle as
        select {rules.key}, case when {enough}
            then min({rules.key}) over (partition by {source}{compared}) else {rules.key} end as representative
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
    frequencies = read_frequencies(rules)
    con.register("link_frequency_file", frequencies.to_arrow())
    for column in compiled.rare_columns(rules):
        con.execute(
            f"""
            create or replace table __splink__frozen_{column} as
            select v.{column}, coalesce(f.frequency, {rules.training.rare_names}) as tf_{column}
            from (select distinct {column} from link_input where {column} is not null) as v
            left join link_frequency_file as f on f.concept = '{column}' and f.value = v.{column}
            """
        )
        table = api.register(f"__splink__frozen_{column}", dataset_display_name=f"frozen_{column}")
        linker.table_management.register_term_frequency_lookup(table, column)
    con.unregister("link_frequency_file")


def read_frequencies(rules: Rules) -> pl.DataFrame:
    """Return the frozen frequencies: concept, value, frequency (share of identities with a value)."""
    rows: list[dict[str, str]] = []
    if rules.frequencies_path.is_file():
        with rules.frequencies_path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    schema = {"concept": pl.String, "value": pl.String, "frequency": pl.String}
    return pl.DataFrame(rows, schema=schema).with_columns(pl.col("frequency").cast(pl.Float64))


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
