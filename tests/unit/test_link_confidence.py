"""What is said of a linkage without truth, on pairs few enough to count by hand."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from register.link.confidence import Reviewed, combine, expect
from register.link.strata import RANK, make_scored, sample

SECRET = "s"
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
    con.execute("create temp table asked (l varchar, r varchar, was_linked boolean, is_same boolean)")
    return con


def answer(con: duckdb.DuckDBPyConnection, answers: dict[str, bool | None]) -> None:
    """Answer pairs, named by their left sides."""
    con.executemany(
        "insert into asked values (?, ?, null, ?)",
        [
            (left, left.translate({ord("l"): "r", ord("x"): "y"}), is_same)
            for left, is_same in answers.items()
        ],
    )


def in_random_order(con: duckdb.DuckDBPyConnection, linked: bool) -> list[str]:
    """Return the left sides of pairs in the order in which a sample asks about them."""
    make_scored(con)
    rows = con.execute(f"select l, {RANK} as rank, linked from scored", {"secret": SECRET}).fetchall()
    return [left for left, _, is_linked in sorted(rows, key=lambda row: row[1]) if is_linked == linked]


def estimate(con: duckdb.DuckDBPyConnection) -> Reviewed:
    make_scored(con)
    return combine((s.is_linked, s.pairs, s.promised, s.judged, s.same) for s in sample(con, SECRET))


def test_probabilities_promise_a_precision_and_a_recall() -> None:
    persons = {"a": "p", "b": "p", "c": "q", "d": "q", "e": "r"}
    found = expect(linkage([("a", "b", 20, 0.9), ("c", "d", 20, 0.7), ("d", "e", 2, 0.4)], persons))
    assert found.precision == pytest.approx((0.9 + 0.7) / 2)
    assert found.recall == pytest.approx(1.6 / 2.0)
    assert found.pairs == 3


def test_a_linkage_that_links_nothing_misses_everything() -> None:
    found = expect(linkage([("a", "b", 5, 0.4)], {"a": "p", "b": "q"}))
    assert (found.precision, found.recall) == (1.0, 0.0)


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
    """A model says .99; of 1,000 linked pairs 900 are truly one person, and the first 200 of a sample are reviewed."""
    pairs = [(f"l{n}", f"r{n}", 10.0, 0.99) for n in range(1000)]
    persons = {side: f"p{n}" for n in range(1000) for side in (f"l{n}", f"r{n}")}
    con = linkage(pairs, persons)
    answer(con, {left: not left.endswith("0") for left in in_random_order(con, True)[:200]})
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
    answer(con, {left: place < 4 for place, left in enumerate(in_random_order(con, False)[:20])})
    found = estimate(con)
    assert found.recall_low < 90 / 100 < found.recall_high
    assert found.precision == pytest.approx(0.999)


def test_without_reviews_the_model_is_taken_at_its_word() -> None:
    con = linkage([("a", "b", 20, 0.9)], {"a": "p", "b": "p"})
    found = estimate(con)
    assert (found.precision, found.reviewed, found.bands) == (pytest.approx(0.9), 0, 0)


def hundred() -> duckdb.DuckDBPyConnection:
    """A hundred linked pairs of one stratum."""
    pairs = [(f"l{n}", f"r{n}", 10.0, 0.9) for n in range(100)]
    return linkage(pairs, {side: f"p{n}" for n in range(100) for side in (f"l{n}", f"r{n}")})


def test_answers_count_up_to_the_first_pair_that_nobody_has_answered() -> None:
    con = hundred()
    order = in_random_order(con, True)
    answer(con, dict.fromkeys([*order[:10], *order[11:40]], True))
    assert estimate(con).reviewed == 10
    answer(con, {order[10]: False})
    found = estimate(con)
    assert (found.reviewed, found.precision) == (40, pytest.approx(39 / 40))


def test_a_pair_chosen_for_its_doubts_counts_where_chance_would_have_asked_it_too() -> None:
    """Nine wrong pairs are asked first, because they are doubtful: the sample must neither add nor lose them."""
    con = hundred()
    order = in_random_order(con, True)
    wrong = set(order[::11])
    answer(con, {left: left not in wrong for left in wrong | set(order[:33])})
    found = estimate(con)
    assert (found.reviewed, found.precision) == (34, pytest.approx(30 / 34))


def test_who_cannot_tell_has_answered_and_says_nothing() -> None:
    con = hundred()
    order = in_random_order(con, True)
    answer(con, dict.fromkeys(order[:20], True) | {order[3]: None})
    assert (estimate(con).reviewed, estimate(con).precision) == (19, 1.0)


def test_a_pair_stays_in_the_stratum_in_which_it_was_asked() -> None:
    con = linkage([("l1", "r1", 10.0, 0.9)], {"l1": "p", "r1": "q"})
    con.execute("insert into asked values ('l1', 'r1', true, false)")
    make_scored(con)
    (stratum,) = sample(con, SECRET)
    assert (stratum.is_linked, stratum.judged, stratum.same) == (True, 1, 0)


def test_a_share_next_to_certain_has_an_interval_all_the_same() -> None:
    """Three judged pairs, all true: few answers promise little, however sure the model is."""
    found = combine([(True, 19, 1 - 1e-8, 3, 3)])
    assert 0.3 < found.precision_low < 0.7 < found.precision == found.precision_high == 1
    assert found.precision_high == 1


def test_the_intervals_hold_the_truth_as_often_as_they_promise() -> None:
    """Errors as rare as in a good linkage, a model that is sure of the pairs it did not link, 240 answers."""
    chance = np.random.default_rng(5)
    #: Whether linked, pairs, errors among them, the model's word, answers.
    strata = [
        *(
            (True, 5000, 0, 1.0, 90),
            (True, 800, 3, 1.0, 50),
            (True, 120, 3, 0.99, 20),
            (True, 40, 2, 0.9, 10),
        ),
        *((False, 90, 4, 1.0, 30), (False, 90, 1, 0.99, 20), (False, 40, 0, 0.7, 20)),
    ]
    wrong, missed = (sum(row[2] for row in strata if row[0] is kind) for kind in (True, False))
    precision = 1 - wrong / 5960
    recall = (5960 - wrong) / (5960 - wrong + missed)
    held, runs = [0, 0], 60
    for _ in range(runs):
        found = combine(
            (linked, pairs, word, n, n - seen if linked else seen)
            for linked, pairs, errors, word, n in strata
            for seen in [int(chance.hypergeometric(errors, pairs - errors, n))]
        )
        held[0] += found.precision_low <= precision <= found.precision_high
        held[1] += found.recall_low <= recall <= found.recall_high
        assert found.precision_high - found.precision_low < 0.05
        assert found.recall_high - found.recall_low < 0.02
    assert min(held) >= 0.93 * runs


def test_of_a_stratum_without_answers_the_intervals_allow_for_anything() -> None:
    """The model is sure that what a rule parted is one person; nobody has looked yet."""
    found = combine([(True, 900, 0.999, 300, 300), (False, 100, 1.0, 0, 0)])
    assert found.recall == pytest.approx(0.9)
    assert found.recall_low < 0.905
    assert found.recall_high == 1
