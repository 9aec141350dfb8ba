"""What makes two identities one person, as declared: ``people.toml``, its weights and its frequencies.

Nothing here knows a SQL dialect or Splink; `register.link.compile` turns the declaration into both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, Faults, suggest
from register.schema import read_toml, refuse_unknown_keys

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


def load_rules(path: Path) -> Rules:
    """Read ``people.toml`` and, if it is there, the file of weights beside it.

    Raises
    ------
    DeclarationError
        If a key, a level or a value is not one the declaration knows; the nearest right word is suggested.
    """
    tree = read_toml(path)
    refuse_unknown_keys(
        tree, ("input", "block", "compare", "training", "threshold", "chance", "column"), str(path)
    )
    faults = Faults()
    for key in ("input", "block", "compare", "training", "threshold"):
        with faults.gathered():
            if not tree.get(key):
                raise DeclarationError("missing_key", where=str(path), key=key)
    faults.tell()
    compares: list[Compare] = []
    for number, node in enumerate(tree["compare"], 1):
        with faults.gathered(f"{path} [[compare]] {number}"):
            compares.append(_compare(node, number, path))
    blocks: list[Block] = []
    for number, node in enumerate(tree["block"], 1):
        with faults.gathered(f"{path} [[block]] {number}"):
            blocks.append(parse_block(node, f"{path} [[block]] {number}"))
    with faults.gathered(str(path)):
        rules = _rules(path, tree, tuple(blocks), tuple(compares))
    faults.tell()
    weights_path, weights = rules.weights_path, None
    with faults.gathered(str(weights_path)):
        weights = load_weights(weights_path, rules.compares) if weights_path.is_file() else None
    faults.tell()
    return replace(rules, weights=weights)


def _rules(
    path: Path, tree: dict[str, Any], blocks: tuple[Block, ...], compares: tuple[Compare, ...]
) -> Rules:
    """Read the sections that stand once."""
    where = f"{path} [input]"
    given = tree["input"]
    known = ("table", "key", "source", "enough", "untold_kind", "id", "one_to_one")
    refuse_unknown_keys(given, known, where)
    limits = tree["threshold"]
    refuse_unknown_keys(limits, ("link", "review", "comparisons_per_identity"), f"{path} [threshold]")
    chance = tree.get("chance", {})
    refuse_unknown_keys(chance, ("even", "trust"), f"{path} [chance]")
    return Rules(
        path=path,
        table=_required(given, "table", where),
        key=_required(given, "key", where),
        source=given.get("source"),
        enough=tuple(tuple(columns) for columns in given.get("enough", [])),
        untold_kind=dict(given.get("untold_kind", {})),
        blocks=blocks,
        compares=compares,
        training=_training(tree["training"], f"{path} [training]"),
        link=_number(limits, "link", f"{path} [threshold]"),
        review=_number(limits, "review", f"{path} [threshold]"),
        even=_number({"even": limits.get("link"), **chance}, "even", f"{path} [chance]"),
        trust=_share({"trust": 1.0, **chance}, "trust", f"{path} [chance]"),
        ceiling=int(_number(limits, "comparisons_per_identity", f"{path} [threshold]")),
        weights=None,
    )


def load_weights(path: Path, compares: Sequence[Compare]) -> Weights:
    """Read m and u of each level; a level that the declaration does not know is refused.

    Raises
    ------
    DeclarationError
        If a comparison or level is unknown or a probability is not between 0 and 1.
    """
    tree = read_toml(path)
    refuse_unknown_keys(tree, ("matches_per_identity", "weight"), str(path))
    known = {compare.concept: [*(level.name for level in compare.levels), ELSE] for compare in compares}
    levels: dict[str, dict[str, tuple[float, float]]] = {}
    for concept, node in tree.get("weight", {}).items():
        refuse_unknown_keys([concept], known, f"{path} [weight]")
        refuse_unknown_keys(node, known[concept], f"{path} [weight.{concept}]")
        for level, pair in node.items():
            where = f"{path} [weight.{concept}] {level}"
            refuse_unknown_keys(pair, ("m", "u"), where)
            levels.setdefault(concept, {})[level] = (_share(pair, "m", where), _share(pair, "u", where))
    return Weights(_number(tree, "matches_per_identity", str(path)), levels)


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


def _compare(node: dict[str, Any], number: int, path: Path) -> Compare:
    where = f"{path} [[compare]] {node.get('concept', number)}"
    refuse_unknown_keys(node, ("concept", "by", "levels", "rare_values", "columns"), where)
    by = _required(node, "by", where)
    if by not in VOCABULARY:
        raise DeclarationError(
            "linkage_by",
            where=where,
            word=by,
            suggestion=suggest(by, VOCABULARY),
            known=", ".join(VOCABULARY),
        )
    levels = [_level(given, by, where) for given in _required(node, "levels", where)]
    rest = levels.pop() if levels[-1].name == ELSE else Level(ELSE, ELSE)
    return Compare(
        concept=_required(node, "concept", where),
        by=by,
        levels=tuple(levels),
        rest=rest,
        rare_values=bool(node.get("rare_values", False)),
        columns=dict(node.get("columns", {})),
    )


def _level(given: object, by: str, where: str) -> Level:
    node = given if isinstance(given, dict) else {"level": given}
    refuse_unknown_keys(node, ("level", "m", "u", "sql"), f"{where} levels")
    m = _share(node, "m", where) if "m" in node else None
    u = _share(node, "u", where) if "u" in node else None
    word = _required(node, "level", where)
    vocabulary = VOCABULARY[by]
    if isinstance(word, int | float) and "NUMBER" in vocabulary:
        return Level(f"within_{word:g}", "NUMBER", threshold=float(word), m=m, u=u)
    if by == "sql":
        return Level(str(word), "sql", m=m, u=u, sql=dict(_required(node, "sql", where)))
    if word == ELSE or (word in vocabulary and word != "NUMBER"):
        return Level(word, word, m=m, u=u)
    for prefix in (known for known in vocabulary if known.endswith("_")):
        if isinstance(word, str) and word.startswith(prefix) and len(word) > len(prefix):
            return Level(word, prefix, column=word.removeprefix(prefix), m=m, u=u)
    raise DeclarationError(
        "linkage_level",
        where=f"{where} levels",
        word=word,
        by=by,
        suggestion=suggest(str(word), vocabulary),
        known=", ".join(f"{known}COLUMN" if known.endswith("_") else known for known in vocabulary),
    )


def parse_block(node: dict[str, Any], where: str) -> Block:
    """Read a block: `on`, and `also` if it has any."""
    refuse_unknown_keys(node, ("on", "also"), where)
    on = tuple(_term(term, f"{where} on") for term in _required(node, "on", where))
    return Block(on, tuple(_term(term, f"{where} also") for term in node.get("also", [])))


def _term(written: str, where: str) -> tuple[str, str]:
    """Read ``a``, ``a = b`` or, in ``also``, ``a missing``."""
    if where.endswith(" also") and written.endswith(f" {MISSING}"):
        return written.removesuffix(f" {MISSING}").strip(), MISSING
    left, equals, right = (part.strip() for part in written.partition("="))
    for side in (left, right):
        refuse_unknown_keys([side.partition(".")[2] or "year"], PARTS, f"{where} {side}")
    return left, right if equals else left


def _training(node: dict[str, Any], where: str) -> Training:
    known = ("certain", "recall", "sessions", "pairs", "seed", "floor", "rare_names")
    refuse_unknown_keys(node, known, where)
    return Training(
        certain=tuple(parse_block(given, f"{where} certain") for given in _required(node, "certain", where)),
        recall=_share(node, "recall", where),
        sessions=tuple(
            parse_block(given, f"{where} sessions") for given in _required(node, "sessions", where)
        ),
        pairs=_number(node, "pairs", where),
        seed=int(_number(node, "seed", where)),
        floor=_share(node, "floor", where),
        rare_names=_share(node, "rare_names", where),
    )


def _required(node: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in node or node[key] in ("", []):
        raise DeclarationError("missing_key", where=where, key=key)
    return node[key]


def _number(node: Mapping[str, Any], key: str, where: str) -> float:
    value = _required(node, key, where)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DeclarationError("linkage_number", where=where, key=key)
    return float(value)


def _share(node: Mapping[str, Any], key: str, where: str) -> float:
    value = _number(node, key, where)
    if not 0 < value <= 1:
        raise DeclarationError("linkage_share", where=where, key=key, value=value)
    return value
