"""Decisions that cannot all be right: A is B, B is C, and A is not C."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from register.decisions import DIFFERENT, SAME, Anchor, Pair, Standing


@dataclass(frozen=True)
class Contradiction:
    """A pair held to be two persons, and the shortest chain of pairs held to be one that joins them.

    The chain is empty where the records of the pair carry one and the same identity.
    """

    apart: Standing
    chain: tuple[Standing, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair of which one must be wrong."""
        return (self.apart.pair, *(found.pair for found in self.chain))


def find_contradictions(standing: Iterable[Standing], identity: Mapping[Anchor, str]) -> list[Contradiction]:
    """Return every contradiction among what holds, in the order in which the pairs were first held apart.

    Records that carry one identity are one: ``identity`` says which they are.
    """
    found = list(standing)
    joined: dict[str, list[tuple[str, Standing]]] = {}
    for one in found:
        if one.judgement == SAME:
            left, right = _ends(one, identity)
            joined.setdefault(left, []).append((right, one))
            joined.setdefault(right, []).append((left, one))
    contradictions = []
    for one in found:
        if one.judgement == DIFFERENT:
            chain = _chain(joined, *_ends(one, identity))
            if chain is not None:
                contradictions.append(Contradiction(one, chain))
    return contradictions


def _ends(standing: Standing, identity: Mapping[Anchor, str]) -> tuple[str, str]:
    left, right = (identity.get(anchor, f"{anchor}") for anchor in standing.pair)
    return left, right


def _chain(
    joined: Mapping[str, list[tuple[str, Standing]]], start: str, goal: str
) -> tuple[Standing, ...] | None:
    """Return the shortest chain from one identity to another, None if there is none."""
    came: dict[str, tuple[str, Standing] | None] = {start: None}
    waiting = deque([start])
    while waiting and goal not in came:
        here = waiting.popleft()
        for there, by in joined.get(here, ()):
            if there not in came:
                came[there] = (here, by)
                waiting.append(there)
    if goal not in came:
        return None
    chain: list[Standing] = []
    step = came[goal]
    while step is not None:
        chain.append(step[1])
        step = came[step[0]]
    return tuple(reversed(chain))
