"""Cells with too few interviews are joined with their neighbours along a declared hierarchy, and every joint is told.

    [hierarchy.nationality]          # a code to the wider one that holds it
    ECU           = "andean"
    PER           = "andean"
    andean        = "south_america"

A cell with fewer interviews than ``minimum`` is joined with all others below the next wider code, in the variable that
may collapse first; if that is not enough, one step wider, and then in the next variable. Cells stay a partition: a
joined cell takes in every other that it overlaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from register.calibrate.benchmarks import Benchmark
from register.calibrate.spec import BenchmarkSpec, Spec
from register.calibrate.survey import Survey

Tree = Mapping[str, str]
Node = Mapping[str, str]


@dataclass(frozen=True)
class Collapse:
    """One joint: the cells joined with the interviews of each, and the cell that they became with its own."""

    block: str
    cells: tuple[tuple[str, int], ...]
    into: str
    interviews: int
    variable: str


@dataclass(frozen=True)
class _Cell:
    node: Node
    members: tuple[int, ...]
    interviews: int


def collapse(
    benchmarks: Sequence[Benchmark], spec: Spec, survey: Survey
) -> tuple[list[Benchmark], list[Collapse]]:
    """Return the benchmarks with small cells joined, and every joint."""
    by_name = {one.name: one for one in spec.benchmarks}
    kept: list[Benchmark] = []
    told: list[Collapse] = []
    families: dict[tuple[Any, ...], list[Benchmark]] = {}
    for one in benchmarks:
        families.setdefault((one.block, tuple(sorted(one.cell)), one.of), []).append(one)
    for (block, *_), family in families.items():
        joined, joints = _collapse_family(family, by_name[block], spec, survey)
        kept += joined
        told += joints
    return kept, told


def _collapse_family(
    family: Sequence[Benchmark], block: BenchmarkSpec, spec: Spec, survey: Survey
) -> tuple[list[Benchmark], list[Collapse]]:
    variables = [name for name in family[0].cell if all(len(one.cell[name]) == 1 for one in family)]
    wanted = block.collapse or tuple(reversed(variables))
    order = [name for name in wanted if name in variables and name in spec.hierarchy]
    minimum = spec.method.minimum if block.minimum is None else block.minimum
    if not order or len(family) < 2:
        return list(family), []
    cells = [
        _Cell(
            {name: one.cell[name][0] for name in variables},
            (place,),
            int(np.count_nonzero(survey.mask(one.cell, one.place))),
        )
        for place, one in enumerate(family)
    ]
    told: list[Collapse] = []
    for name in order:
        while True:
            small = next((one for one in cells if one.interviews < minimum and _wider(one, name, spec)), None)
            if small is None:
                break
            node, parts = _join(small, name, cells, spec.hierarchy)
            whole = _Cell(
                node,
                tuple(sorted(m for one in parts for m in one.members)),
                sum(one.interviews for one in parts),
            )
            at = cells.index(small)
            cells = [one for one in [*cells[:at], whole, *cells[at + 1 :]] if one not in parts]
            if len(parts) > 1:
                old = tuple((_sum(family, one.members).label, one.interviews) for one in parts)
                into = _sum(family, whole.members).label
                told.append(Collapse(block.name, old, into, whole.interviews, name))
    return [_sum(family, one.members) for one in cells], told


def _wider(cell: _Cell, name: str, spec: Spec) -> bool:
    return cell.node[name] in spec.hierarchy[name]


def _join(
    small: _Cell, name: str, cells: Sequence[_Cell], hierarchy: Mapping[str, Tree]
) -> tuple[Node, list[_Cell]]:
    """Return the node that a cell grows to in a variable, and the cells within it."""
    node = {**small.node, name: hierarchy[name][small.node[name]]}
    parts = [small]
    grown = True
    while grown:
        grown = False
        for cell in cells:
            if cell in parts or not all(_overlap(node[v], cell.node[v], hierarchy.get(v, {})) for v in node):
                continue
            parts.append(cell)
            wide = {
                v: node[v] if _holds(node[v], cell.node[v], hierarchy.get(v, {})) else cell.node[v]
                for v in node
            }
            grown = grown or wide != node
            node = wide
    return node, parts


def _holds(wide: str, narrow: str, tree: Tree) -> bool:
    seen = {narrow}
    while narrow != wide and narrow in tree and tree[narrow] not in seen:
        narrow = tree[narrow]
        seen.add(narrow)
    return narrow == wide


def _overlap(one: str, other: str, tree: Tree) -> bool:
    return _holds(one, other, tree) or _holds(other, one, tree)


def _sum(family: Sequence[Benchmark], members: Sequence[int]) -> Benchmark:
    """Return several cells as one: their totals added up, their errors as of independent totals."""
    parts = [family[place] for place in members]
    first = parts[0]
    if len(parts) == 1:
        return first
    cell = {
        name: tuple(dict.fromkeys(code for part in parts for code in part.cell[name])) for name in first.cell
    }
    return replace(
        first,
        cell=cell,
        total=sum(part.total for part in parts),
        statistical_error=float(np.sqrt(sum(part.statistical_error**2 for part in parts))),
    )
