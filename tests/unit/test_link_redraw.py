"""Other linkages that the pairs allow: who can come out otherwise, how often, and who never does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb
import pytest
from kit.linkage import DECLARED, NATIONAL_ID, PASSPORT, Town, rules, someone

from register.link.itinerary import load_itinerary
from register.link.redraw import RedrawReport, redraw
from register.link.resolve import resolve

#: Beyond doubt, and a weight at which a link that decides is as often false as true.
STRONG, EVEN = 60.0, rules().even
DRAWS = 400


def linked(
    town: Town,
    pairs: Sequence[tuple[str, str, float]],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    link: float = 8.0,
) -> tuple[duckdb.DuckDBPyConnection, RedrawReport]:
    """A town with pairs of given weights, resolved and drawn."""
    con = town.connect()
    con.execute(
        "create table pair (identity_id_l varchar, identity_id_r varchar, match_weight double,"
        " match_probability double, match_key varchar)"
    )
    for one, other, weight in pairs:
        con.execute(
            "insert into pair values (?, ?, ?, ?, 'name')", [one, other, weight, 1 / (1 + 2.0**-weight)]
        )
    declared, itinerary = replace(rules(), link=link), load_itinerary(DECLARED / "itinerary.toml")
    resolve(con, declared, itinerary, "a secret")
    return con, redraw(con, declared, itinerary, draws, seed)


def town(*names: str, **more: object) -> Town:
    """People who do not contradict one another, each on a document of her own."""
    passports = {
        name: someone(document=(PASSPORT, f"{position}12233445")) for position, name in enumerate(names)
    }
    return Town(passports, others=0, **more)  # type: ignore[arg-type]


def companies(con: duckdb.DuckDBPyConnection) -> dict[int, set[frozenset[str]]]:
    """The changed people of each draw, as sets of identities."""
    found: dict[int, set[frozenset[str]]] = {}
    for draw, listed in con.execute(
        "select draw, list(identity_id) from drawn_membership group by draw, person_id"
    ).fetchall():
        found.setdefault(draw, set()).add(frozenset(listed))
    return found


def test_two_who_are_one_as_often_as_not_are_one_in_half_of_the_draws() -> None:
    con, report = linked(town("a", "b"), [("a", "b", EVEN)])
    found = companies(con)
    assert set(map(frozenset, found.values())) == {frozenset({frozenset("ab")})}
    assert len(found) / DRAWS == pytest.approx(0.5, abs=0.08)
    assert (report.couples, report.missed_expected) == (1, 0.5)


def test_a_link_that_holds_a_person_together_fails_as_often_as_it_is_false() -> None:
    con, report = linked(town("a", "b"), [("a", "b", EVEN)], link=EVEN - 1)
    found = companies(con)
    assert set(map(frozenset, found.values())) == {frozenset({frozenset("a"), frozenset("b")})}
    assert len(found) / DRAWS == pytest.approx(0.5, abs=0.08)
    assert (report.links_doubted, report.false_expected) == (1, 0.5)


def test_the_third_side_of_a_triangle_decides_nothing() -> None:
    con, report = linked(
        town("a", "b", "c"), [("a", "b", STRONG), ("b", "c", STRONG), ("a", "c", EVEN)], link=EVEN - 1
    )
    assert companies(con) == {}
    assert (report.links_doubted, report.persons_changed) == (0, 0)


def test_weak_links_side_by_side_say_no_more_than_the_best_of_them() -> None:
    """a and b are surely one, c and d as well: four weak links between them are one doubt, not four."""
    pairs = [("a", "b", STRONG), ("c", "d", STRONG), *((x, y, EVEN) for x in "ab" for y in "cd")]
    con, report = linked(town("a", "b", "c", "d"), pairs)
    assert report.missed_expected == 0.5
    assert len(companies(con)) / DRAWS == pytest.approx(0.5, abs=0.08)


def test_a_person_is_one_with_one_of_several_others() -> None:
    con, report = linked(town("a", "b", "c"), [("a", "b", EVEN), ("a", "c", EVEN)])
    found = companies(con)
    assert report.missed_expected == 1
    assert set(map(frozenset, found.values())) == {frozenset({frozenset("ab")}), frozenset({frozenset("ac")})}
    assert sum(frozenset("ab") in people for people in found.values()) / DRAWS == pytest.approx(0.5, abs=0.08)


def test_what_reviewers_decided_holds_in_every_draw() -> None:
    for answer, link in (("same", 8.0), ("different", 8.0), ("same", EVEN - 1), ("different", EVEN - 1)):
        con, _ = linked(town("a", "b", decisions=[("a", "b", answer)]), [("a", "b", EVEN)], link=link)
        assert companies(con) == {}


def test_two_who_cannot_be_one_are_one_in_no_draw() -> None:
    two = {
        "a": someone(document=(NATIONAL_ID, "1037482915"), citizenship="COL"),
        "b": someone(document=(NATIONAL_ID, "8264917350"), citizenship="COL"),
    }
    con, report = linked(Town(two, others=0), [("a", "b", EVEN)])
    assert companies(con) == {}
    assert report.couples == 0


def test_a_draw_breaks_no_rule_that_only_three_together_break() -> None:
    """b may be a or c, who cannot be one."""
    three = {
        "a": someone(document=(NATIONAL_ID, "1037482915"), citizenship="COL"),
        "b": someone(document=(PASSPORT, "112233445"), citizenship="COL"),
        "c": someone(document=(NATIONAL_ID, "8264917350"), citizenship="COL"),
        "d": someone(document=(PASSPORT, "998877665"), citizenship="COL"),
    }
    # d owns nothing: b and d are one surely, so that both links are drawn from different numbers.
    con, _ = linked(Town(three, others=0), [("a", "b", 7.9), ("b", "d", EVEN), ("c", "d", 7.9)])
    everyone = {company for people in companies(con).values() for company in people}
    assert everyone
    assert not any({"a", "c"} <= company for company in everyone)


def test_the_mean_over_draws_is_what_the_chances_promise() -> None:
    names = [f"{letter}{number}" for letter in "pqrstuvwxy" for number in range(2)]
    weights = [EVEN - 4 + n for n in range(10)]
    pairs = [
        (f"{letter}0", f"{letter}1", weight) for letter, weight in zip("pqrstuvwxy", weights, strict=True)
    ]
    con, report = linked(town(*names), pairs)
    # A couple joined is two persons gone for one; a link broken is one gone for two.
    ((gone, come),) = con.execute(
        f"select count(*) filter (sign < 0) / {DRAWS}, count(*) filter (sign > 0) / {DRAWS} from linkage_change"
    ).fetchall()
    assert gone == pytest.approx(2 * report.missed_expected + report.false_expected, rel=0.05)
    assert come == pytest.approx(report.missed_expected + 2 * report.false_expected, rel=0.05)
    assert report.persons_changed == gone


def test_without_doubt_nothing_changes() -> None:
    con, report = linked(town("a", "b", "c"), [("a", "b", STRONG)])
    assert (report.persons_changed, report.persons_drawn) == (0, 0)
    for table in ("drawn_membership", "drawn_person", "linkage_change"):
        assert con.execute(f"select count(*) from {table}").fetchall() == [(0,)]


def test_no_draws_are_no_error() -> None:
    con, report = linked(town("a", "b"), [("a", "b", EVEN)], draws=0)
    assert companies(con) == {}
    assert report.persons_changed == 0


PAIRS = [("a", "b", EVEN), ("b", "c", 9.0), ("c", "d", 3.0), ("e", "f", 6.0)]


def test_draws_depend_on_nothing_but_the_pairs_and_the_seed() -> None:
    """Not on threads, on the order of rows, or on the ids that people had before."""

    def drawn(seed: int = 0, **more: object) -> list[tuple[object, ...]]:
        con, _ = linked(town(*"abcdef", **more), PAIRS, draws=20, seed=seed)
        return con.execute(
            "select draw, identity_id, person_id from drawn_membership order by all"
        ).fetchall()

    first = drawn()
    assert first
    assert drawn(threads=1) == first
    assert drawn(identity_order="fedcba") == first
    assert (
        drawn(before=dict.fromkeys("abc", "an older id"), first_seen={"an older id": "2019-01-01"}) == first
    )
    assert drawn(seed=1) != first


def test_a_drawn_person_is_described_as_persons_are() -> None:
    con, _ = linked(town("a", "b"), [("a", "b", EVEN)])
    columns = [row[0] for row in con.execute("describe person").fetchall()]
    assert [row[0] for row in con.execute("describe drawn_person").fetchall()] == columns
    assert con.execute("select n_identity, n_record, sex from drawn_person").fetchall() == [(2, 2, "2")]
    ((taken,),) = con.execute(
        "select count(*) from linkage_change where sign < 0 and person_id not in (select person_id from person)"
    ).fetchall()
    assert taken == 0
