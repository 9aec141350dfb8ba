"""Bridges, against the definition: take the edge out and see whether its ends are still connected."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from register.link.bridges import find_bridges

Edges = set[tuple[int, int]]


def reached(edges: Edges, start: int) -> set[int]:
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        for edge in edges:
            other = sum(edge) - node
            if node in edge and other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def by_definition(edges: Edges) -> dict[frozenset[int], tuple[int, int]]:
    """Each bridge with the sizes of its two sides."""
    found = {}
    for one, other in edges:
        left = reached(edges - {(one, other)}, one)
        if other not in left:
            right = reached(edges - {(one, other)}, other)
            found[frozenset((one, other))] = (len(left), len(right))
    return found


def by_sql(edges: Edges) -> list[tuple[int, int, int]]:
    con = duckdb.connect()
    con.execute("create table edge (l integer, r integer)")
    if edges:
        con.executemany("insert into edge values (?, ?)", sorted(edges))
    many = find_bridges(con, "edge", "bridge")
    rows = con.execute("select l, r, beyond from bridge").fetchall()
    assert many == len(rows)
    assert [name for (name,) in con.execute("show tables").fetchall()] == ["bridge", "edge"]
    return rows


def test_two_triangles_held_by_one_link() -> None:
    edges = {(1, 2), (2, 3), (1, 3), (3, 4), (4, 5), (5, 6), (4, 6)}
    ((one, other, beyond),) = by_sql(edges)
    assert {one, other} == {3, 4}
    assert beyond == 3


def test_in_a_ring_no_link_is_a_bridge_and_in_a_chain_all_are() -> None:
    assert by_sql({(1, 2), (2, 3), (3, 4), (1, 4)}) == []
    assert len(by_sql({(1, 2), (2, 3), (3, 4)})) == 3


pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] != p[1]).map(sorted).map(tuple)


@settings(max_examples=25, deadline=None)
@given(st.sets(pairs, max_size=16))
def test_as_defined(edges: Edges) -> None:
    expected = by_definition(edges)
    found = by_sql(edges)
    assert {frozenset((one, other)) for one, other, _ in found} == set(expected)
    for one, other, beyond in found:
        assert beyond == len(reached({edge for edge in edges if set(edge) != {one, other}}, one))
        assert beyond in expected[frozenset((one, other))]
