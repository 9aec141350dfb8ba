"""Prediction: what stops it, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.linkage import PASSPORT, Town, rules, someone

from register.errors import DeclarationError, QualityError
from register.link.predict import IDENTICAL, predict
from register.link.rules import Block, Weights


def test_a_level_without_a_weight_stops_the_build() -> None:
    con = Town({"a": someone()}, others=0).connect()
    with pytest.raises(QualityError) as error:
        predict(con, rules().with_weights(Weights(1.0, {})))
    assert error.value.key == "linkage_untrained"
    assert "surname_1.exact" in str(error.value)


def test_a_block_too_large_stops_the_build_and_tells_sizes_but_no_names() -> None:
    many = {f"{n:03}": someone(document=(PASSPORT, f"{n:09}"), born=None) for n in range(700)}
    con = Town(many, others=0).connect()
    mistaken = replace(rules(), blocks=(*rules().blocks, Block((("surname_1", "surname_1"),))), ceiling=50)
    with pytest.raises(QualityError) as error:
        predict(con, mistaken)
    assert error.value.key == "linkage_comparisons"
    assert "700" in str(error.value)
    assert "n_largest_blocks" in str(error.value)
    assert "ZAMBRANO" not in str(error.value)


def test_a_column_that_the_table_lacks_is_named() -> None:
    con = Town({"a": someone()}, others=0).connect()
    con.execute("alter table identity rename column surname_1_key to surname_key")
    with pytest.raises(DeclarationError) as error:
        predict(con, rules())
    assert error.value.key == "linkage_column"
    assert error.value.values["column"] == "surname_1_key"


def test_identities_alike_in_all_that_is_compared_are_asked_about_once() -> None:
    linked = Town({"a": someone(), "b": someone(), "c": someone("LILIAMA")}, others=0).link()
    assert linked.predicted.identities == 3
    assert linked.predicted.distinct == 2
    assert linked.rows(
        "select identity_id_l, identity_id_r, match_weight, match_key from pair where identity_id_r = 'b'"
    ) == [("a", "b", IDENTICAL, "identical")]
    assert linked.person_of["a"] == linked.person_of["b"] == linked.person_of["c"]


def test_fathers_of_one_name_and_nothing_else_are_not_taken_for_one() -> None:
    fathers = {
        name: someone("LUIS", "RODRIGUEZ", "GOMEZ", born=None, document=None, sex="1") for name in "ab"
    }
    linked = Town(fathers).link()
    assert linked.person_of["a"] != linked.person_of["b"]


def test_only_the_tables_of_the_stage_are_left() -> None:
    con = Town({"a": someone(), "b": someone("LILIAMA")}, others=0).connect()
    names = {row[2] for row in con.execute("show all tables").fetchall()}
    predict(con, rules())
    after = {row[2] for row in con.execute("show all tables").fetchall()}
    assert after - names == {"pair", "compared"}
