"""What a diagnosis measures, on towns small enough to count by hand."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pytest
from kit.linkage import NATIONAL_ID, Town, rules, someone

from register.diagnose.blocking import measure_blocks
from register.diagnose.clusters import make_links, measure_bridges, measure_shapes, measure_sizes
from register.diagnose.model import measure_levels, measure_unlinkables, measure_weights
from register.link.predict import prepare

Link = tuple[str, str, float]


def persons(
    together: dict[str, str], links: list[Link], same: Sequence[tuple[str, str]] = ()
) -> duckdb.DuckDBPyConnection:
    """Return a connection with identities (by the letters of each person) and the links between them."""
    con = duckdb.connect()
    con.execute("create table membership (identity_id varchar, person_id varchar)")
    rows = [(letter, person) for person, letters in together.items() for letter in letters]
    con.executemany("insert into membership values (?, ?)", rows)
    con.execute(
        "create table pair (identity_id_l varchar, identity_id_r varchar, match_weight double,"
        " match_probability double, match_key varchar)"
    )
    found = [(*link, 0.9, "birth_date") for link in links] + [
        (*pair, 100.0, 1.0, "identical") for pair in same
    ]
    con.executemany("insert into pair values (?, ?, ?, ?, ?)", found)
    return con


def test_shapes_are_told_apart() -> None:
    chain = [("e", "f", 20.0), ("f", "g", 20.0), ("g", "h", 20.0)]
    star = [("i", "j", 20.0), ("i", "k", 20.0), ("i", "l", 20.0)]
    ring = [("m", "n", 20.0), ("n", "o", 20.0), ("o", "p", 20.0), ("m", "p", 20.0)]
    tree = [("s", "t", 9.0), ("t", "u", 9.0), ("t", "v", 9.0), ("v", "w", 9.0)]
    triangle = [("b", "c", 20.0), ("c", "d", 20.0), ("b", "d", 20.0)]
    con = persons(
        {
            "one": "a",
            "all": "bcd",
            "chain": "efgh",
            "star": "ijkl",
            "ring": "mnop",
            "held": "qr",
            "tree": "stuvw",
        },
        [*triangle, *chain, *star, *ring, *tree, ("q", "r", 3.0)],
    )
    make_links(con, 8.0)
    found = {row.shape: (row.persons, row.identities) for row in measure_shapes(con)}
    assert found == {
        "single": (1, 1), "complete": (1, 3), "mesh": (1, 4), "star": (1, 4), "chain": (1, 4), "tree": (1, 5),
        "held": (1, 2),
    }  # fmt: skip


def test_identities_alike_in_all_are_one_point_of_a_shape() -> None:
    con = persons({"p": "abc"}, [("a", "c", 20.0)], same=[("a", "b")])
    make_links(con, 8.0)
    (shape,) = measure_shapes(con)
    assert (shape.shape, shape.identities) == ("pair", 2)


def test_the_weak_bridge_between_two_couples_is_listed() -> None:
    """Two triangles held by one link of 9.5 bits, and a chain's end that hangs by 30."""
    links = [
        *(("a", "b", 25.0), ("b", "c", 25.0), ("a", "c", 25.0)),
        *(("d", "e", 25.0), ("e", "f", 25.0), ("d", "f", 25.0)),
        *(("c", "d", 9.5), ("f", "g", 30.0)),
    ]
    con = persons({"p": "abcdefg", "q": "hi"}, [*links, ("h", "i", 8.1)])
    make_links(con, 8.0)
    classes, weakest = measure_bridges(con, 8.0)
    assert [(row.low, row.high, row.bridges, row.halves) for row in classes if row.bridges] == [
        (8.0, 10.0, 1, 1),
        (24.0, None, 1, 0),
    ]
    (bridge,) = weakest
    assert {bridge.identity_id_l, bridge.identity_id_r} == {"c", "d"}
    assert (bridge.match_weight, bridge.smaller, bridge.larger) == (9.5, 3, 4)


def test_sizes_are_classes_that_leave_none_out() -> None:
    con = duckdb.connect()
    con.execute("create table person (n_identity integer, n_record integer)")
    con.executemany(
        "insert into person values (?, ?)", [(1, 3), (2, 2), (7, 10), (9, 20), (51, 60), (400, 500)]
    )
    found = measure_sizes(con)
    assert [(row.low, row.high, row.persons, row.records) for row in found if row.persons] == [
        (1, 1, 1, 3), (2, 2, 1, 2), (6, 10, 2, 30), (51, None, 2, 560),
    ]  # fmt: skip
    assert [row.low for row in found[1:]] == [(row.high or 0) + 1 for row in found[:-1]]


# --- on a linked town ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def town() -> duckdb.DuckDBPyConnection:
    """Three that are one by name and date, two that share a document alone, and one of whom little is known."""
    people = {
        "a": someone(),
        "b": someone(document=("passport", "998877665")),
        "c": someone(document=("passport", "554433221"), citizenship="PER"),
        "x": someone("ROBERTO", "QUISPE", "MAMANI", "1971-01-30", "1", "PER", (NATIONAL_ID, "40404040")),
        "y": someone("POBERTO", "TUISPE", None, "1993-11-11", "1", "PER", (NATIONAL_ID, "40404040")),
        "poor": someone("JUAN", None, None, None, None, None, None),
    }
    con = Town(people).link().con
    prepare(con, rules())
    return con


def test_a_block_that_alone_finds_a_link_cannot_be_dropped(town: duckdb.DuckDBPyConnection) -> None:
    linked = town.execute(
        f"select count(*) from pair where match_weight >= {rules().link} and match_key <> 'identical'"
    ).fetchall()[0][0]
    blocks = {row.block: row for row in measure_blocks(town, rules())}
    document = blocks["document_key"]
    assert document.comparisons == document.groups == 1
    assert document.found == document.alone == pytest.approx(1 / linked)
    by_name = blocks["birth_date + given_key"]
    assert (by_name.comparisons, by_name.groups, by_name.largest, by_name.largest_share) == (3, 1, (3,), 1.0)
    assert by_name.alone == 0
    # a crossed block: a value that stands as first surname here and as second there
    assert blocks["birth_date + surname_1_key=surname_2_key"].comparisons == 0


def test_who_says_too_little_cannot_be_linked(town: duckdb.DuckDBPyConnection) -> None:
    told = {
        (row.by, row.code): (row.identities, row.unlinkable) for row in measure_unlinkables(town, rules())
    }
    # the nameless others of the town say nothing at all
    others = Town({}).others
    assert told["all", ""] == (6 + others, 1 + others)
    assert told["source", "visa"] == (6, 1)
    assert told["lacks", ""] == (5, 0)
    assert told["lacks", "birth_date surname_1 document_number"] == (1, 1)
    assert told["citizenship", "others"] == (5, 0)


def test_the_levels_add_up_and_carry_the_weights_of_the_rules(town: duckdb.DuckDBPyConnection) -> None:
    levels = measure_levels(town, rules())
    for concept in ("surname_1", "birth_date", "document"):
        seen = [row.observed or 0.0 for row in levels if row.concept == concept]
        assert sum(seen) == pytest.approx(1.0, abs=1e-5)
    exact = next(row for row in levels if (row.concept, row.level) == ("birth_date", "exact"))
    assert exact.weight == pytest.approx(13.58, abs=0.01)
    assert exact.pairs == 3
    assert not exact.is_fixed
    bands = measure_weights(town)
    many = town.execute("select count(*) from pair where match_key <> 'identical'").fetchall()[0][0]
    assert sum(band.together + band.apart for band in bands) == many
