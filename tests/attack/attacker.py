"""An attacker who shares no code with the protection: rows, sums and linear programmes by plain Python.

The attacker has the published figures, knows the method, knows which cells are truly empty and which cells of two
tables or two releases count the same people, and bounds every other cell by linear programming. More than any real
reader knows.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.optimize import linprog
from scipy.sparse import coo_array

TOTAL = "_T"
Cell = tuple[str, ...]


@dataclass
class View:
    """One published table as the attacker sees it, with the true cells that judge the attack.

    ``within`` of the dimensions are never added up. ``groups`` are the unions of codes that a dimension has beside
    its total.
    """

    dimensions: tuple[str, ...]
    within: tuple[str, ...]
    rows: Sequence[Mapping[str, str]]
    published: pl.DataFrame
    groups: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def people(self) -> dict[Cell, frozenset[str]]:
        """Who is counted in each cell, margins included."""
        found: defaultdict[Cell, set[str]] = defaultdict(set)
        for row in self.rows:
            for cell in itertools.product(*(self._codes(name, row[name]) for name in self.dimensions)):
                found[cell].add(row["unit_id"])
        return {cell: frozenset(ids) for cell, ids in found.items()}

    def _codes(self, name: str, code: str) -> list[str]:
        if name in self.within:
            return [code]
        return [code, TOTAL, *(group for group, parts in self.groups.get(name, {}).items() if code in parts)]

    def sums(self, cells: Iterable[Cell]) -> list[tuple[Cell, list[Cell]]]:
        """Every cell that is a total or a group along a dimension, with its parts along it."""
        known = set(cells)
        leaves = {name: {row[name] for row in self.rows} for name in self.dimensions}
        found = []
        for cell in known:
            for place, name in enumerate(self.dimensions):
                if name in self.within or cell[place] in leaves[name]:
                    continue
                parts = self.groups.get(name, {}).get(cell[place], tuple(leaves[name]))
                pieces = [(*cell[:place], part, *cell[place + 1 :]) for part in parts]
                found.append((cell, [piece for piece in pieces if piece in known]))
        return found

    def figures(self) -> dict[Cell, float | None]:
        """The published figures: None where withheld; a cell that is not there is zero."""
        return {
            tuple(str(row[name]) for name in self.dimensions): row["value"]
            for row in self.published.iter_rows(named=True)
        }


def attack(
    views: Sequence[View], *, reach: float, threshold: int, zero_is_known: bool = True
) -> list[tuple[int, float, float]]:
    """Bound every small cell; return true count, least and greatest value of each.

    Parameters
    ----------
    views
        Everything published, of this release and of those before.
    reach
        How far a published figure can lie from the true one, as the method says.
    """
    number: dict[frozenset[str], int] = {}
    low: list[float] = []
    high: list[float] = []
    equations: list[tuple[int, list[int]]] = []
    for view in views:
        people, figures = view.people(), view.figures()
        for cell, ids in people.items():
            place = number.setdefault(ids, len(number))
            if place == len(low):
                low.append(1.0 if zero_is_known else 0.0)
                high.append(float(len({row["unit_id"] for v in views for row in v.rows})))
            figure = figures.get(cell, 0.0)
            if figure is not None:
                low[place] = max(low[place], figure - reach)
                high[place] = min(high[place], figure + reach)
        for whole, parts in view.sums(people):
            equations.append((number[people[whole]], [number[people[part]] for part in parts]))
    truth = {place: len(ids) for ids, place in number.items()}
    # Rarely sums force a figure beyond the neighbours that the method names. The attacker would then be misled;
    # here she is told, and it must stay rare.
    misled = 0
    for place, count in truth.items():
        misled += not low[place] <= count <= high[place]
        low[place], high[place] = min(low[place], count), max(high[place], count)
    assert misled <= 0.02 * len(truth), "the method does not do what it says"
    entries = [(line, whole, -1.0) for line, (whole, _) in enumerate(equations)]
    entries += [(line, part, 1.0) for line, (_, parts) in enumerate(equations) for part in parts]
    line, column, value = (np.array(part) for part in zip(*entries, strict=True))
    matrix = coo_array((value, (line, column)), shape=(len(equations), len(low))).tocsr()
    bounds = np.column_stack([low, high])
    found = []
    for place, count in truth.items():
        if count >= threshold:
            continue
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(len(low))
            cost[place] = sign
            result = linprog(cost, A_eq=matrix, b_eq=np.zeros(len(equations)), bounds=bounds, method="highs")
            assert result.x is not None, result.message
            ends.append(float(result.x[place]))
        found.append((count, ends[0], ends[1]))
    return found


def recovered(found: Sequence[tuple[int, float, float]], width: float) -> int:
    """How many small cells are known more closely than a width."""
    return sum(high - low < width - 1e-6 for _, low, high in found)
