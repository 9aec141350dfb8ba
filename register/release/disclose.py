"""The only door to ``release/``: true cells go in, protected ones come out, or nothing does.

Three methods: ``round`` (controlled rounding), ``suppress`` (with complementary cells), ``cell-key`` (fixed noise). Whatever the
method, the gates look at its result as an attacker would, together with the release before, and stop the release (exit 14)
if a figure below the threshold can be bounded too narrowly, or if sums do not hold that should.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from register.errors import DisclosureError
from register.release.audit import recovered
from register.release.cellkey import perturb
from register.release.rounding import round_universe
from register.release.suppression import known_bounds, suppress
from register.release.universe import Flags, Floats, Ints, Universe

METHODS = ("round", "suppress", "cell-key")
REDRAWS = 25


@dataclass(frozen=True)
class Protection:
    """How an office protects its releases.

    ``threshold`` is k: figures of 1 to k - 1 must not be known. ``base`` is that of rounding, and the reach of the noise
    of ``cell-key``. ``secret`` never leaves the project.
    """

    method: str
    threshold: int
    base: int


@dataclass(frozen=True)
class Protected:
    """The figures of a release as they are published, in the order of the universe.

    ``value`` is NaN where a figure is withheld; ``low`` and ``high`` are what a reader can know of the true one by itself;
    ``noise`` is the variance that protection adds.
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


def protect(universe: Universe, tables: Sequence[str], protection: Protection, before: Protected) -> Protected:
    """Protect the figures of a release and pass them through the gates.

    Parameters
    ----------
    universe
        Figures of this release and, so that differences are seen, of the one before.
    tables
        Those of this release, in the order in which they are protected.
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
    whole = np.where(np.isnan(whole), np.where(np.isnan(before.value), universe.estimate, before.value), whole)
    earlier = old & np.isnan(before.value)
    sensitive = is_sensitive(universe, protection.threshold)
    # What was withheld stays withheld: the release before relies on it.
    withheld = suppress(
        universe, whole, sensitive, sensitive | earlier, old & ~earlier, protection.threshold
    )
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
    for _ in range(REDRAWS):
        value = perturb(universe.estimate, key, reach, attempt)
        value = np.where(old, before.value, value)
        low = np.maximum(0.0, value - width)
        result = Protected(value, low, value + width, reach**2 / 3, attempt, is_additive=False)
        exposed = _exposed(universe, protection, result, count_sensitive)
        if not len(exposed):
            return result
        # The noises around an exposed figure happen to fit together: draw them again, for good.
        near = universe.sums.filter(
            universe.sums["parent"].is_in(exposed.tolist()) | universe.sums["child"].is_in(exposed.tolist())
        )
        around = np.unique(np.concatenate([exposed, near["parent"].to_numpy(), near["child"].to_numpy()]))
        attempt[around[~old[around]]] += 1
    raise DisclosureError("cell_recoverable", count=len(exposed))


def _exposed(universe: Universe, protection: Protection, result: Protected, sensitive: Flags) -> Ints:
    found = [
        block.figures[
            recovered(
                result.low[block.figures],
                result.high[block.figures],
                block.matrix,
                np.flatnonzero(sensitive[block.figures]).astype(np.int64),
                need(protection),
            )
        ]
        for block in universe.blocks()
        if sensitive[block.figures].any()
    ]
    return np.concatenate(found) if found else np.zeros(0, np.int64)


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
        for block in universe.blocks(table):
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
