"""Training from reviewers' labels."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
from kit.linkage import country, rules

from register.errors import QualityError
from register.link.confidence import BANDS
from register.link.labels import Labels, learn
from register.link.rules import Rules, level_names, parameters, untrained
from register.link.train import TrainReport, train_from_labels


def connection() -> duckdb.DuckDBPyConnection:
    """The linked synthetic country, with what is true of every pair in it as ``answer``."""
    tables, truth = country()
    con = duckdb.connect()
    for table in ("identity", "mention", "pair"):
        con.execute(f"create view {table} as from '{tables}/identified/{table}.parquet'")
    con.execute(
        f"""
        create table person_of as
        select identity_id, min(true_id) as person, min_by(m.record_key, m.place) as record_key,
            min_by(m.source, m.place) as source, min_by(m.role, m.place) as role
        from (select *, concat_ws(' ', source, record_key, role) as place from mention) as m
        join '{truth}/mention.parquet' using (source, record_key, role) group by 1
        """
    )
    con.execute(
        """
        create table answer as
        select p.*, l.person = r.person as is_same, l.record_key || ' ' || r.record_key as place from pair as p
        join person_of as l on l.identity_id = identity_id_l join person_of as r on r.identity_id = identity_id_r
        where match_key <> 'identical'
        """
    )
    return con


def decide(con: duckdb.DuckDBPyConnection, chosen: str) -> None:
    """Let reviewers decide the chosen pairs, and rightly."""
    con.execute(
        f"""
        create or replace table decision as
        select row_number() over (order by identity_id_l, identity_id_r) as position, l.source as source_l,
            l.record_key as record_key_l, l.role as role_l, r.source as source_r, r.record_key as record_key_r,
            r.role as role_r, case when is_same then 'same' else 'different' end as judgement
        from ({chosen}) join person_of as l on l.identity_id = identity_id_l
        join person_of as r on r.identity_id = identity_id_r
        """
    )


#: Three hundred pairs of each band of weight: the same ones in every run, whatever the secret of the project's ids.
STRATIFIED = f"""
    from answer qualify row_number() over (
        partition by case {" ".join(f"when match_weight < {top} then {top}" for top in BANDS[1:])} end
        order by hash(place), place
    ) <= 300
"""


def weight(of: Rules, concept: str, level: str) -> float:
    compare = next(compare for compare in of.compares if compare.concept == concept)
    m, _ = parameters(of, compare, level)
    assert m is not None
    return m


def share(con: duckdb.DuckDBPyConnection, concept: str, level: str, where: str = "true") -> float:
    """The share of the pairs of one person that are at a level."""
    names = level_names(next(compare for compare in rules().compares if compare.concept == concept))
    number = len(names) - 1 - names.index(level)
    (found,) = con.execute(
        f"select avg((gamma_{concept} = {number})::integer) from answer where is_same and gamma_{concept} >= 0"
        f" and {where}"
    ).fetchall()[0]
    return float(found)


def test_labels_teach_what_the_truth_of_every_pair_would() -> None:
    con = connection()
    decide(con, STRATIFIED)
    learnt = replace(rules(), weights=train_from_labels(con, rules()).weights)
    assert untrained(learnt) == []
    for concept in ("surname_1", "given_name", "birth_date", "sex"):
        assert abs(weight(learnt, concept, "exact") - share(con, concept, "exact")) < 0.05, concept


def test_doubtful_pairs_alone_do_not_teach_that_people_hardly_resemble_themselves() -> None:
    """Reviewers see what is doubtful: in such pairs of one person the dates agree far less than in all."""
    con = connection()
    decide(con, "from answer where match_weight < 8")
    learnt = replace(rules(), weights=train_from_labels(con, rules()).weights)
    seen, true = (share(con, "birth_date", "exact", where) for where in ("match_weight < 8", "true"))
    assert true - seen > 0.3
    assert abs(weight(learnt, "birth_date", "exact") - true) < 0.05


def test_levels_fixed_in_the_declaration_stay_and_shares_add_up() -> None:
    con = connection()
    decide(con, STRATIFIED)
    report = train_from_labels(con, rules())
    learnt = replace(rules(), weights=report.weights)
    for compare in rules().compares:
        for level in compare.levels:
            if level.m is not None:
                assert weight(learnt, compare.concept, level.name) == level.m
        was, now = (
            sum(weight(of, compare.concept, name) for name in level_names(compare))
            for of in (rules(), learnt)
        )
        assert now == pytest.approx(was, abs=0.002)
    assert {move.concept for move in report.moved} <= {compare.concept for compare in rules().compares}


def test_what_there_was_to_learn_from_is_told() -> None:
    con = connection()
    decide(con, STRATIFIED)
    report: TrainReport = train_from_labels(con, rules())
    counted = "count(*), count(*) filter (is_same), count(*) filter (is_same = (match_weight >= 8))"
    (pairs, same, agreed) = con.execute(f"select {counted} from ({STRATIFIED})").fetchall()[0]
    assert report.labels == Labels(pairs, same, agreed)
    assert report.sessions == ()
    assert report.frequencies_text == ""


@pytest.mark.parametrize(
    "chosen", ["from answer limit 5", "from answer where is_same", "from answer where not is_same"]
)
def test_too_few_labels_or_of_one_kind_teach_nothing(chosen: str) -> None:
    con = connection()
    decide(con, chosen)
    with pytest.raises(QualityError) as error:
        train_from_labels(con, rules())
    assert error.value.key == "linkage_few_labels"


def test_rules_without_weights_have_nothing_to_start_from() -> None:
    con = connection()
    with pytest.raises(QualityError) as error:
        learn(con, replace(rules(), weights=None))
    assert error.value.key == "linkage_untrained"
