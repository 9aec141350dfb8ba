"""What is said of a linkage without truth, on pairs few enough to count by hand."""

from __future__ import annotations

import random

import duckdb
import pytest

from register.link.confidence import combine, estimate, expect

Pair = tuple[str, str, float, float]


def linkage(pairs: list[Pair], persons: dict[str, str]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "create table pair (identity_id_l varchar, identity_id_r varchar, match_weight double,"
        " match_probability double, match_key varchar)"
    )
    con.executemany("insert into pair values (?, ?, ?, ?, 'birth_date')", pairs)
    con.execute("create table membership (identity_id varchar, person_id varchar)")
    con.executemany("insert into membership values (?, ?)", list(persons.items()))
    con.execute("create table conflict (identity_id_l varchar, identity_id_r varchar)")
    con.execute("create table judged_pair (identity_id_l varchar, identity_id_r varchar, is_same boolean)")
    return con


def test_probabilities_promise_a_precision_and_a_recall() -> None:
    persons = {"a": "p", "b": "p", "c": "q", "d": "q", "e": "r"}
    found = expect(linkage([("a", "b", 20, 0.9), ("c", "d", 20, 0.7), ("d", "e", 2, 0.4)], persons))
    assert found.precision == pytest.approx((0.9 + 0.7) / 2)
    assert found.recall == pytest.approx(1.6 / 2.0)
    assert found.pairs == 3


def test_pairs_that_a_rule_parted_are_not_missed() -> None:
    persons = {"a": "p", "b": "p", "c": "q", "d": "r"}
    con = linkage(
        [("a", "b", 20, 0.9), ("a", "c", 20, 0.9), ("b", "c", 20, 0.9), ("a", "d", 2, 0.1)], persons
    )
    con.execute("insert into conflict values ('a', 'c')")
    assert expect(con).recall == pytest.approx(0.9)


def test_identities_alike_in_all_are_left_out() -> None:
    con = linkage([("a", "b", 20, 0.9)], {"a": "p", "b": "p", "c": "p"})
    con.execute("insert into pair values ('a', 'c', 100, 1.0, 'identical')")
    assert expect(con).precision == pytest.approx(0.9)


def test_reviewed_pairs_correct_a_model_that_is_too_sure() -> None:
    """A model says .99; of 1,000 linked pairs 900 are truly one person, and 200 drawn at random are reviewed."""
    draw = random.Random(4)
    truth = [n % 10 != 0 for n in range(1000)]
    pairs = [(f"l{n}", f"r{n}", 10.0, 0.99) for n in range(1000)]
    persons = {side: f"p{n}" for n in range(1000) for side in (f"l{n}", f"r{n}")}
    con = linkage(pairs, persons)
    sample = draw.sample(range(1000), 200)
    con.executemany(
        "insert into judged_pair values (?, ?, ?)", [(f"l{n}", f"r{n}", truth[n]) for n in sample]
    )
    found = estimate(con)
    assert found.reviewed == 200
    assert found.bands == 1
    assert found.precision_low < 0.9 < found.precision_high
    assert found.precision_high - found.precision_low < 0.1
    assert found.recall == 1


def test_missed_pairs_lower_the_recall_and_widen_its_interval() -> None:
    pairs = [(f"l{n}", f"r{n}", 20.0, 0.999) for n in range(90)] + [
        (f"x{n}", f"y{n}", 5.0, 0.3) for n in range(50)
    ]
    persons = {side: f"p{n}" for n in range(90) for side in (f"l{n}", f"r{n}")}
    persons |= {side: side for n in range(50) for side in (f"x{n}", f"y{n}")}
    con = linkage(pairs, persons)
    con.executemany(
        "insert into judged_pair values (?, ?, ?)", [(f"x{n}", f"y{n}", n < 4) for n in range(20)]
    )
    found = estimate(con)
    assert found.recall_low < 90 / 100 < found.recall_high
    assert found.precision == pytest.approx(0.999)


def test_without_reviews_the_model_is_taken_at_its_word() -> None:
    con = linkage([("a", "b", 20, 0.9)], {"a": "p", "b": "p"})
    found = estimate(con)
    assert (found.precision, found.reviewed, found.bands) == (pytest.approx(0.9), 0, 0)


def test_a_share_next_to_certain_has_an_interval_all_the_same() -> None:
    """Three judged pairs, all true: few answers promise little, however sure the model is."""
    found = combine([(True, 19, 1 - 1e-8, 3, 3)])
    assert 0.3 < found.precision_low < 0.7 < found.precision == found.precision_high == 1
    assert found.precision_high == 1
