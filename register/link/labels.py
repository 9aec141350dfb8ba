"""Training from reviewers' labels: one step of expectation-maximisation in which a judged pair says what it is.

Reviewers see doubtful pairs more often than plain ones; counted as they come, their labels would teach that people
hardly resemble themselves. So each judged pair stands for the pairs of its band of weight, and a band without any is
taken at the model's word. The share of chance agreement (u) cannot be learnt from pairs that a model chose: it stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from register.errors import QualityError
from register.link.rules import Rules, Weights, level_names, parameters
from register.link.strata import band_sql

#: Fewer labels than this, or none of one kind, teach nothing.
FEWEST = 30
#: The weights at hand count as much as so many pairs: a level that few labels show moves little.
TRUST = 20.0


@dataclass(frozen=True)
class Labels:
    """Judged pairs: how many, how many are one person, and on how many the link threshold agreed with the reviewers."""

    pairs: int
    same: int
    agreed: int


def learn(con: duckdb.DuckDBPyConnection, rules: Rules) -> tuple[Weights, Labels]:
    """Return the weights that the judged pairs teach, and what there was to learn from.

    Reads ``pair`` and ``judged_pair`` (identity_id_l, identity_id_r, is_same). Levels that the declaration fixes stay.

    Raises
    ------
    QualityError
        If the rules have no weights yet, or there are too few labels.
    """
    if rules.weights is None:
        raise QualityError("linkage_untrained", where=str(rules.weights_path), levels="*")
    key = rules.key
    con.execute(
        f"""
        create or replace temp table labelled as
        with banded as (
            select p.*, is_same, {band_sql("match_weight")} as band from pair as p
            left join judged_pair as j on j.identity_id_l = p.{key}_l and j.identity_id_r = p.{key}_r
            where match_key <> 'identical'
        ),
        counted as (select band, count(*) as pairs, count(is_same) as judged from banded group by 1)
        select b.*, case when judged = 0 then match_probability
            when is_same then pairs / judged else 0.0 end as likely
        from banded as b join counted using (band) where judged = 0 or is_same is not null
        """
    )
    (found,) = con.execute(
        f"""
        select count(is_same), count(*) filter (is_same), count(*) filter (is_same = (match_weight >= {rules.link}))
        from labelled
        """
    ).fetchall()
    labels = Labels(*map(int, found))
    if labels.pairs < FEWEST or labels.same in (0, labels.pairs):
        raise QualityError(
            "linkage_few_labels",
            where=str(rules.weights_path),
            pairs=labels.pairs,
            same=labels.same,
            fewest=FEWEST,
        )
    learnt = {compare.concept: _learn(con, rules, compare.concept) for compare in rules.compares}
    con.execute("drop table labelled")
    return Weights(rules.weights.matches_per_identity, learnt), labels


def _learn(con: duckdb.DuckDBPyConnection, rules: Rules, concept: str) -> dict[str, tuple[float, float]]:
    """Return m and u of each level of a comparison; those that are not fixed share what the fixed ones leave."""
    compare = next(known for known in rules.compares if known.concept == concept)
    assert rules.weights is not None  # noqa: S101
    rows = con.execute(
        f"select gamma_{concept}, sum(likely) from labelled where gamma_{concept} >= 0 group by 1"
    )
    seen = dict(rows.fetchall())
    names = level_names(compare)
    fixed = {level.name for level in (*compare.levels, compare.rest) if level.m is not None}
    known = {name: parameters(rules, compare, name) for name in names}
    free = [name for name in names if name not in fixed]
    # Splink numbers levels from the least alike, 0, up.
    count = {name: float(seen.get(len(names) - 1 - place, 0.0)) for place, name in enumerate(names)}
    whole = sum(known[name][0] or 0.0 for name in free)
    pairs = sum(count[name] for name in free)
    levels = {}
    for name in names:
        m, u = known[name]
        assert m is not None  # noqa: S101
        assert u is not None  # noqa: S101
        if name in free:
            m = whole * (count[name] + TRUST * m / whole) / (pairs + TRUST)
        levels[name] = (max(float(f"{m:.4g}"), rules.training.floor), u)
    return levels


def judge(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``judged_pair`` from ``decision``: the last judgement of each pair of identities that reviewers saw."""
    con.execute(
        """
        create or replace temp table judged_pair as
        select least(a.identity_id, b.identity_id) as identity_id_l,
            greatest(a.identity_id, b.identity_id) as identity_id_r,
            arg_max(d.judgement, d.position) = 'same' as is_same
        from decision as d
        join mention as a on a.source = d.source_l and a.record_key = d.record_key_l
            and a.role = d.role_l
        join mention as b on b.source = d.source_r and b.record_key = d.record_key_r
            and b.role = d.role_r
        where a.identity_id <> b.identity_id group by 1, 2
        """
    )
