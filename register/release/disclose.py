"""The only door to ``release/``: true cells go in, protected ones come out, or nothing does.

Three methods: ``round`` (controlled rounding), ``suppress`` (with complementary cells), ``cell-key`` (fixed
noise). Whatever the method, the gates look at its result as an attacker would, together with the release before,
and stop the release (exit 14) if a figure below the threshold can be bounded too narrowly, or if sums do not hold
that should.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from register.errors import DisclosureError
from register.release.audit import recovered
from register.release.cellkey import VARIANCE, perturb
from register.release.rounding import round_universe
from register.release.suppression import known_bounds, suppress
from register.release.universe import Block, Flags, Floats, Ints, Universe

METHODS = ("round", "suppress", "cell-key")
REDRAWS = 40
PATIENCE = 8


@dataclass(frozen=True)
class Protection:
    """How an office protects its releases.

    ``threshold`` is k: figures of 1 to k - 1 must not be known. ``base`` is that of rounding, and the reach of the
    noise of ``cell-key``. ``secret`` never leaves the project.
    """

    method: str
    threshold: int
    base: int


@dataclass(frozen=True)
class Protected:
    """The figures of a release as they are published, in the order of the universe.

    ``value`` is NaN where a figure is withheld; ``low`` and ``high`` are what a reader can know of the true one by
    itself; ``noise`` is the variance that protection adds.
    """

    value: Floats
    low: Floats
    high: Floats
    noise: float
    attempt: Ints
    is_additive: bool


def is_sensitive(universe: Universe, threshold: int) -> Flags:
    """Return which figures must not be known: those that come to 1 to k - 1."""
    count = np.floor(universe.estimate + 0.5)
    return np.asarray((count >= 1) & (count < threshold))


def need(protection: Protection) -> float:
    """Return the least width of the interval that must be left for a sensitive figure."""
    return float(protection.threshold - 1 if protection.method == "suppress" else protection.base - 1)


def protect(
    universe: Universe, tables: Sequence[str], protection: Protection, before: Protected
) -> Protected:
    """Protect the figures of a release and pass them through the gates.

    Parameters
    ----------
    universe
        Figures of this release and, so that differences are seen, of the one before.
    tables
        Those of this release.
    before
        What the release before made of its figures: NaN in ``low`` where it had none.

    Raises
    ------
    DisclosureError
        If a gate is not passed.
    """
    if protection.method == "round":
        result = _by_rounding(universe, tables, protection, before)
    elif protection.method == "suppress":
        result = _by_suppression(universe, tables, protection, before)
    else:
        result = _by_cell_key(universe, protection, before)
    check_additivity(universe, tables, result)
    check_recovery(universe, protection, result)
    return result


def shown_before(before: Protected) -> Flags:
    """Return which figures the release before shows or withholds."""
    return np.asarray(~np.isnan(before.low))


def _merge(now: Protected, before: Protected, current: Flags) -> Protected:
    """Put what is known from the release before beside the figures that only it has."""
    old = shown_before(before)
    only = old & ~current
    # Of a figure in both, a reader knows what either tells.
    low = np.where(old & current, np.fmax(now.low, before.low), np.where(only, before.low, now.low))
    high = np.where(old & current, np.fmin(now.high, before.high), np.where(only, before.high, now.high))
    value = np.where(only, before.value, now.value)
    return Protected(value, low, high, now.noise, now.attempt, now.is_additive)


def _current(universe: Universe, tables: Sequence[str]) -> Flags:
    current = np.zeros(len(universe.figure), bool)
    for table in tables:
        current[universe.rows[table]] = True
    return current


def _by_rounding(
    universe: Universe, tables: Sequence[str], protection: Protection, before: Protected
) -> Protected:
    base = protection.base
    value = round_universe(universe, tables, base, before.value)
    reach = np.where(universe.is_count, base - 1.0, float(base))
    true = universe.estimate
    # A cell that had to go beyond its neighbours is known less well than a reader thinks; the truth must fit.
    low = np.minimum(np.maximum(0.0, value - reach), true)
    high = np.maximum(value + reach, true)
    result = Protected(value, low, high, (base**2 - 1) / 6, np.zeros(len(value), np.int64), is_additive=True)
    return _merge(result, before, _current(universe, tables))


def _by_suppression(
    universe: Universe, tables: Sequence[str], protection: Protection, before: Protected
) -> Protected:
    current = _current(universe, tables)
    old = shown_before(before)
    whole = round_universe(universe, tables, 1, before.value)
    whole = np.where(
        np.isnan(whole), np.where(np.isnan(before.value), universe.estimate, before.value), whole
    )
    earlier = old & np.isnan(before.value)
    sensitive = is_sensitive(universe, protection.threshold)
    # What was withheld stays withheld: the release before relies on it.
    withheld = suppress(universe, whole, sensitive, sensitive | earlier, old & ~earlier, protection.threshold)
    low, high = known_bounds(whole, withheld, universe.is_count)
    value = np.where(withheld, np.nan, whole)
    result = Protected(value, low, high, 0.0, np.zeros(len(value), np.int64), is_additive=True)
    return _merge(result, before, current)


def _by_cell_key(universe: Universe, protection: Protection, before: Protected) -> Protected:
    key = universe.figure["key"].to_numpy()
    old = shown_before(before)
    attempt = np.where(old, before.attempt, 0).astype(np.int64)
    reach = protection.base
    width = reach + np.where(universe.is_count, 0.0, 0.5)
    count_sensitive = is_sensitive(universe, protection.threshold)
    blocks = [block for block in universe.blocks() if count_sensitive[block.figures].any()]
    sums = _sums_of(universe, np.flatnonzero(count_sensitive))
    for turn in range(REDRAWS):
        value = perturb(universe.estimate, key, reach, attempt)
        value = np.where(old, before.value, value)
        low = np.maximum(0.0, value - width)
        result = Protected(value, low, value + width, reach**2 * VARIANCE, attempt, is_additive=False)
        found = [_exposed_in(block, protection, result, count_sensitive) for block in blocks]
        # What held before its neighbours were drawn again need not be looked at twice: the gate looks at all.
        blocks = [block for block, exposed in zip(blocks, found, strict=True) if len(exposed)]
        if not blocks:
            return result
        exposed = np.concatenate(found)
        # The noises around an exposed figure happen to fit together: draw those of the sum that binds it closest again,
        # for good.
        for figure in exposed:
            mine = sums.get(int(figure), [])
            around = _closest(int(figure), mine, low, value + width)
            if turn >= PATIENCE and mine:
                around = _beyond(universe, np.unique(np.concatenate(mine)), turn // PATIENCE)
            attempt[around[~old[around]]] += 1
    raise DisclosureError("cell_recoverable", count=len(exposed))


def _exposed(universe: Universe, protection: Protection, result: Protected, sensitive: Flags) -> Ints:
    found = [
        _exposed_in(block, protection, result, sensitive)
        for block in universe.blocks()
        if sensitive[block.figures].any()
    ]
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _sums_of(universe: Universe, figures: Ints) -> dict[int, list[Ints]]:
    """Return the figures of every sum in which a figure stands, the whole first."""
    wholes = universe.sums.group_by("sum").agg(pl.col("parent").first().alias("figure"))
    members = pl.concat([wholes, universe.sums.select("sum", pl.col("child").alias("figure"))])
    every = members.group_by("sum", maintain_order=True).agg(pl.col("figure").alias("all"))
    mine = (
        members.filter(pl.col("figure").is_in(figures.tolist())).join(every, on="sum").sort("figure", "sum")
    )
    found: dict[int, list[Ints]] = {}
    for figure, every in mine.select("figure", "all").iter_rows():
        found.setdefault(figure, []).append(np.asarray(every, dtype=np.int64))
    return found


def _closest(figure: int, sums: Sequence[Ints], low: Floats, high: Floats) -> Ints:
    """Return the figures of the sum that by itself bounds a figure most narrowly."""
    best, width = np.array([figure]), np.inf
    for every in sums:
        parts = every[1:]
        if figure == every[0]:
            least, most = low[parts].sum(), high[parts].sum()
        else:
            others = parts[parts != figure]
            least, most = low[every[0]] - high[others].sum(), high[every[0]] - low[others].sum()
        left = min(most, high[figure]) - max(least, low[figure])
        if left < width:
            best, width = every, left
    return best


def _beyond(universe: Universe, figures: Ints, hops: int) -> Ints:
    """Return figures and, for each hop after the first, those that stand in a sum with them."""
    for _ in range(hops - 1):
        touched = universe.sums.filter(
            pl.col("child").is_in(figures.tolist()) | pl.col("parent").is_in(figures.tolist())
        )["sum"].unique()
        near = universe.sums.filter(pl.col("sum").is_in(touched.to_list()))
        figures = np.unique(np.concatenate([near["parent"].to_numpy(), near["child"].to_numpy()]))
    return figures


def _exposed_in(block: Block, protection: Protection, result: Protected, sensitive: Flags) -> Ints:
    targets = np.flatnonzero(sensitive[block.figures]).astype(np.int64)
    low, high = result.low[block.figures], result.high[block.figures]
    return block.figures[recovered(low, high, block.matrix, targets, need(protection))]


def check_additivity(universe: Universe, tables: Sequence[str], result: Protected) -> None:
    """Stop if a sum of shown figures does not hold that should.

    Raises
    ------
    DisclosureError
        Naming how many.
    """
    if not result.is_additive:
        return
    for table in tables:
        for block in universe.blocks([table]):
            values = result.value[block.figures]
            hidden = np.isnan(values)
            complete = (abs(block.matrix) @ hidden.astype(float)) == 0
            broken = np.flatnonzero(complete & (np.abs(block.matrix @ np.nan_to_num(values)) > 1e-6))
            if len(broken):
                raise DisclosureError("not_additive", table=table, count=len(broken))


def check_recovery(universe: Universe, protection: Protection, result: Protected) -> None:
    """Stop if a figure below the threshold can be bounded too narrowly, from this release and the one before.

    Raises
    ------
    DisclosureError
        Naming how many.
    """
    exposed = _exposed(universe, protection, result, is_sensitive(universe, protection.threshold))
    if len(exposed):
        raise DisclosureError("cell_recoverable", count=len(exposed))
