"""How many people two lists miss together: the dual-system estimate, corrected for errors of linkage."""

from __future__ import annotations

import math
from dataclasses import dataclass

from register.errors import UsageError


@dataclass(frozen=True)
class DualSystem:
    """People in both lists after correction, all people, and the 95% interval of their number."""

    matched: float
    people: float
    low: float
    high: float


def dual_system(
    first: int, second: int, matched: float, *, sensitivity: float = 1.0, false_links: float = 0.0
) -> DualSystem:
    """Return how many people there are, seen or not.

    Parameters
    ----------
    first, second
        People in each list.
    matched
        People found in both.
    sensitivity
        a: of the people truly in both lists, the share that linkage finds.
    false_links
        b: of the people of the first list who are not in the second, the share that linkage links falsely.

    Returns
    -------
    DualSystem
        The links found are a m' + b (n1 - m'), so m' = (m - b n1) / (a - b) people are in both, and N = n1 n2 / m'
        (Lincoln 1930, Petersen 1896; corrected as by Ding and Fienberg 1994). The interval is that of Cannon and Roe
        (Livestock Disease Surveys, 1982, p. 34; in R, ``epi.popsize`` of the package epiR): normal for the share
        p = m' / n2, drawn without replacement, with a correction for continuity, n1 / (p +- w) where
        w = 1.96 sqrt(p (1 - p) (1 - n2 / N) / n2) + 1 / (2 N). The rates of error are taken as known.

    Raises
    ------
    UsageError
        If more people match than are in a list, or linkage finds no more true links than false ones, or no link is
        left after correction.
    """
    if not 0 <= false_links < sensitivity <= 1 or not 0 < matched <= min(first, second):
        raise UsageError("bad_dual_system", first=first, second=second, matched=matched)
    both = (matched - false_links * first) / (sensitivity - false_links)
    if not 0 < both <= min(first, second):
        raise UsageError("bad_dual_system", first=first, second=second, matched=matched)
    share, people = both / second, first * second / both
    width = 1.959964 * math.sqrt(share * (1 - share) * max(1 - second / people, 0.0) / second) + 1 / (
        2 * people
    )
    least, most = max(share - width, 1 / second), min(share + width, 1.0, first / second)
    return DualSystem(both, people, first / most, first / least)
