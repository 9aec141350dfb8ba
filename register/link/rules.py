"""What makes two identities one person: linkage rules, with their weights.

`register.link.declaration` reads them from ``people.toml``. Nothing here knows a SQL dialect or Splink;
`register.link.compile` turns the rules into both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

#: Levels each kind of comparison knows. A word that ends in ``_`` takes the name of a column; NUMBER stands
#: for a threshold: Jaro-Winkler similarity for names and text, days for dates, a difference for numbers.
VOCABULARY: Mapping[str, tuple[str, ...]] = {
    "name": (
        *("exact", "swapped_with_", "joined_with_", "rearranged", "one_of_two", "shared_word"),
        *("truncated", "initial", "phonetic", "typo", "NUMBER"),
    ),
    "date": ("exact", "heaped", "swapped", "typo", "year_only", "same_year", "same_day", "NUMBER"),
    "document": ("equal", "typo", "different", "changed"),
    "category": ("exact", "same_", "as_"),
    "exact": ("exact",),
    "text": ("exact", "typo", "truncated", "swapped_with_", "joined_with_", "NUMBER"),
    "number": ("exact", "NUMBER"),
    "sql": (),
}

#: What a block may take of a column: ``birth_date.year``, ``surname_1_key.first_3``.
PARTS = ("year", "year_month", "month_day", "first_1", "first_3", "last_3")
MISSING = "missing"

#: The level of a pair that meets no declared one. It need not be declared unless its weight is to be fixed.
#: Documents have none: those that cannot be compared say nothing.
ELSE = "other"


@dataclass(frozen=True)
class Level:
    """One level of a comparison: how alike two values are.

    ``m`` and ``u`` are set where the declaration fixes them instead of leaving them to training: the share of
    pairs at this level among pairs of one person, and among pairs of two.
    """

    name: str
    word: str
    column: str | None = None
    threshold: float | None = None
    m: float | None = None
    u: float | None = None
    sql: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Compare:
    """One comparison: a concept, how it is compared, and its levels from most to least alike."""

    concept: str
    by: str
    levels: tuple[Level, ...]
    rest: Level
    rare_values: bool = False
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """Pairs worth comparing: they agree on every term of ``on``, and on one of ``also`` if there are any.

    A term is ``(column of one, column of the other)``; in ``also`` the second may be `MISSING`: one of the two has no
    value.
    """

    on: tuple[tuple[str, str], ...]
    also: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The terms, as a reader would write them."""
        return " + ".join(left if left == right else f"{left}={right}" for left, right in self.on)


@dataclass(frozen=True)
class Training:
    """The plan of training: which pairs are surely one person, and the blocks of each EM session."""

    certain: tuple[Block, ...]
    recall: float
    sessions: tuple[Block, ...]
    pairs: float
    seed: int
    floor: float
    rare_names: float


@dataclass(frozen=True)
class Weights:
    """Trained parameters: the expected matches per identity, and m and u of each level."""

    matches_per_identity: float
    levels: Mapping[str, Mapping[str, tuple[float, float]]]


@dataclass(frozen=True)
class Rules:
    """The linkage rules of one kind of unit.

    A link that decides is as often false as true at the match weight ``even``; of each bit above or below, ``trust`` is
    to be believed.
    """

    path: Path
    table: str
    key: str
    source: str | None
    enough: tuple[tuple[str, ...], ...]
    untold_kind: Mapping[str, str]
    blocks: tuple[Block, ...]
    compares: tuple[Compare, ...]
    training: Training
    link: float
    review: float
    even: float
    trust: float
    ceiling: int
    weights: Weights | None

    @property
    def weights_path(self) -> Path:
        """Where training writes m and u."""
        return self.path.with_suffix(".weights.toml")

    @property
    def frequencies_path(self) -> Path:
        """Where training writes how common each value is."""
        return self.path.with_suffix(".frequencies.csv")

    def with_weights(self, weights: Weights) -> Rules:
        """Return the same rules with other weights."""
        return replace(self, weights=weights)


def parameters(rules: Rules, compare: Compare, level: str) -> tuple[float | None, float | None]:
    """Return m and u of a level: as fixed in the declaration, else as trained, else None."""
    fixed = next((known for known in (*compare.levels, compare.rest) if known.name == level), None)
    trained = rules.weights.levels.get(compare.concept, {}).get(level) if rules.weights else None
    m, u = trained or (None, None)
    if fixed:
        m = fixed.m if fixed.m is not None else m
        u = fixed.u if fixed.u is not None else u
    return m, u


def level_names(compare: Compare) -> list[str]:
    """Return the names of the levels that carry a weight, most alike first."""
    names = [level.name for level in compare.levels]
    return names if compare.by == "document" else [*names, ELSE]


def untrained(rules: Rules) -> list[str]:
    """Return ``concept.level`` of each level without m or u: a build must not start with one."""
    return [
        f"{compare.concept}.{level}"
        for compare in rules.compares
        for level in level_names(compare)
        if None in parameters(rules, compare, level)
    ]
