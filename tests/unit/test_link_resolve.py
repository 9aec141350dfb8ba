"""Clusters: connected components and cutting, against slow and plain versions of both."""

from __future__ import annotations

import random
from itertools import pairwise

import duckdb
import pytest

from register.link.clusters import connect
from register.link.cut import cut

Edge = tuple[int, int, float]


def components(nodes: range, edges: list[tuple[int, int]]) -> dict[int, int]:
    """Connected components by union and find; a component is named by its smallest node."""
    parent = {node: node for node in nodes}

    def root(node: int) -> int:
        while parent[node] != node:
            node = parent[node]
        return node

    for l, r in edges:  # noqa: E741
        a, b = sorted((root(l), root(r)))
        parent[b] = a
    return {node: root(node) for node in nodes}


def grown_one_by_one(nodes: range, edges: list[Edge], barred: list[tuple[int, int]]) -> dict[int, int]:
    """Take links from the strongest to the weakest, leaving out each that would bring a barred pair together."""
    kept: list[tuple[int, int]] = []
    for l, r, _ in sorted(edges, key=lambda edge: (-edge[2], edge[0], edge[1])):  # noqa: E741
        found = components(nodes, [*kept, (l, r)])
        if all(found[a] != found[b] for a, b in barred):
            kept.append((l, r))
    return components(nodes, kept)


def clusters(con: duckdb.DuckDBPyConnection) -> dict[int, int]:
    return dict(con.execute("select node, cluster from cluster").fetchall())


def load(con: duckdb.DuckDBPyConnection, edges: list[Edge], barred: list[tuple[int, int]]) -> None:
    con.execute("create temp table edge (l bigint, r bigint, strength tinyint, weight double)")
    con.executemany("insert into edge values (?, ?, 0, ?)", edges)
    con.execute("create temp table impossible (rule varchar, l bigint, r bigint)")
    if barred:
        con.executemany("insert into impossible values ('rule', ?, ?)", barred)


def test_a_long_chain_is_one_component() -> None:
    con = duckdb.connect()
    numbers = list(range(500))
    random.Random(1).shuffle(numbers)
    load(con, [(a, b, 1.0) for a, b in pairwise(numbers)], [])
    connect(con, "edge", "cluster")
    assert set(clusters(con).values()) == {0}


@pytest.mark.parametrize("seed", range(5))
def test_components_are_those_of_union_and_find(seed: int) -> None:
    draw = random.Random(seed)
    edges = {tuple(sorted(draw.sample(range(200), 2))) for _ in range(150)}
    con = duckdb.connect()
    load(con, [(l, r, 1.0) for l, r in edges], [])  # noqa: E741
    connect(con, "edge", "cluster")
    plain = components(range(200), list(edges))
    assert clusters(con) == {node: plain[node] for edge in edges for node in edge}


@pytest.mark.parametrize("seed", range(8))
def test_cutting_in_rounds_is_cutting_link_by_link(seed: int) -> None:
    draw = random.Random(seed)
    nodes = range(40)
    pairs = sorted({tuple(sorted(draw.sample(nodes, 2))) for _ in range(70)})
    edges = [(l, r, float(draw.randint(1, 8))) for l, r in pairs]  # noqa: E741
    barred = sorted({tuple(sorted(draw.sample(nodes, 2))) for _ in range(15)} - set(pairs[:5]))
    con = duckdb.connect()
    load(con, edges, barred)
    connect(con, "edge", "cluster")
    con.execute("create temp table core as select node, node as core from cluster")
    cut(con)
    found = clusters(con)
    plain = grown_one_by_one(nodes, edges, barred)
    assert found == {node: plain[node] for node in found}
    assert all(found.get(a, -1) != found.get(b, -2) for a, b in barred)


def test_a_cluster_that_breaks_no_rule_is_left_alone() -> None:
    con = duckdb.connect()
    load(con, [(1, 2, 9.0), (2, 3, 1.0), (4, 5, 9.0), (5, 6, 1.0)], [(4, 6)])
    connect(con, "edge", "cluster")
    con.execute("create temp table core as select node, node as core from cluster")
    assert cut(con) == 1
    assert clusters(con) == {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 6}
