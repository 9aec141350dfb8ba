"""The match weight against Splink's, and the pairs found over forms against a comparison of everything."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import duckdb
import pytest
from kit.linkage import country, rules
from splink import DuckDBAPI, Linker

from register.link import compile as compiled
from register.link.predict import predict, prepare
from register.link.weigh import score


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """The country's identities, and 300 of its people with all whom a birth date brings together."""
    tables, _ = country()
    con = duckdb.connect()
    con.execute(
        f"""
        create table everybody as from '{tables}/identified/identity.parquet';
        create table identity as select * from everybody where birth_date in (
            select distinct birth_date from everybody order by hash(birth_date) limit 300
        ) or hash(identity_id) % 40 = 0
        """
    )
    return con


def test_weights_are_those_of_splink(con: duckdb.DuckDBPyConnection) -> None:
    """Splink takes the same weights and frequencies, and reaches the same match weight by its own SQL."""
    given = rules()
    assert given.weights is not None
    rows = prepare(con, given)
    con.execute(
        """
        create or replace table link_candidate as
        select 0::utinyint as match_key, l.node as join_key_l, r.node as join_key_r
        from link_input as l join link_input as r on l.node < r.node
            and (l.birth_date = r.birth_date or l.surname_1 = r.surname_1 or l.document_key = r.document_key)
        """
    )
    ours = score(con, given, rows)
    settings = compiled.settings(given)
    odds = 2.0 ** compiled.prior_weight(given.weights.matches_per_identity, rows)
    settings.probability_two_random_records_match = odds / (1 + odds)
    settings.retain_matching_columns = True
    api = DuckDBAPI(con)
    linker = Linker(api.register("link_input", dataset_display_name="link_input"), settings, log_level=None)
    for column in compiled.rare_columns(given):
        con.execute(
            f"""
            create table frozen_{column} as
            select v.{column}, coalesce(f.frequency, {given.training.rare_names}) as tf_{column}
            from (select distinct {column} from link_input where {column} is not null) as v
            left join '{given.frequencies_path}' as f on f.concept = '{column}' and f.value = v.{column}
            """
        )
        table = api.register(f"frozen_{column}", dataset_display_name=f"frozen_{column}")
        linker.table_management.register_term_frequency_lookup(table, column)
    linker.table_management.register_blocked_pairs_for_predict(
        api.register("link_candidate", dataset_display_name="link_candidate")
    )
    theirs = linker.inference.predict(warning_mode="never").physical_name
    levels = " or ".join(f"o.gamma_{c.concept} <> t.gamma_{c.concept}" for c in given.compares)
    ((pairs, other_levels, difference),) = con.execute(
        f"""
        select count(*), count(*) filter ({levels}), max(abs(o.match_weight - t.match_weight))
        from {ours} as o join {theirs} as t using (node_l, node_r)
        """
    ).fetchall()
    assert pairs == con.execute("select count(*) from link_candidate").fetchall()[0][0] > 1000
    assert other_levels == 0
    assert difference < 1e-9


def test_forms_give_the_pairs_that_comparing_all_identities_gives(con: duckdb.DuckDBPyConnection) -> None:
    """Every pair of identities that a block names, weighed with nothing shared between identities of one form."""
    given = rules()
    predict(con, given)
    rows = prepare(con, given)
    blocks = " union ".join(
        f"select l.node as l, r.node as r from link_input as l join link_input as r on {sql}"
        for _, sql in compiled.block_conditions(given.blocks)
    )
    con.execute(
        f"""
        create or replace table link_candidate as
        select distinct 0::utinyint as match_key, least(l, r) as join_key_l, greatest(l, r) as join_key_r
        from ({blocks}) where l <> r
        """
    )
    plain = score(con, given, rows)
    gammas = ", ".join(f"gamma_{compare.concept}" for compare in given.compares)
    found = con.execute(
        f"""
        select identity_id_l, identity_id_r, match_weight, {gammas} from pair
        where match_key <> 'identical' order by all
        """
    ).fetchall()
    expected = con.execute(
        f"""
        select least(l.identity_id, r.identity_id), greatest(l.identity_id, r.identity_id),
            round(match_weight, 4) as weight, {gammas}
        from {plain} join link_input as l on l.node = node_l join link_input as r on r.node = node_r
        where weight >= {given.review} order by all
        """
    ).fetchall()
    assert len(found) > 500
    assert found == expected


def test_rules_without_a_name_or_a_date_are_one_form_for_each_identity(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Nothing is dear then; what identities say is compared as it stands."""
    given = rules()
    sex = next(compare for compare in given.compares if compare.concept == "sex")
    only = replace(given, compares=(sex,), blocks=given.blocks[:1], link=-20.0, review=-30.0, enough=())
    predict(con, only)
    rows = con.execute(
        "select identity_id, document_key, sex from identity where document_key is not null"
    ).fetchall()
    expected = {
        tuple(sorted((one[0], other[0]))) for one, other in combinations(rows, 2) if one[1] == other[1]
    }
    assert {
        tuple(row) for row in con.execute("select identity_id_l, identity_id_r from pair").fetchall()
    } == expected
