"""Reading linkage rules: ``people.toml``, and the weights that training wrote beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from register.errors import DeclarationError, Faults, suggest
from register.link.rules import (
    ELSE,
    MISSING,
    PARTS,
    VOCABULARY,
    Block,
    Compare,
    Level,
    Rules,
    Training,
    Weights,
)
from register.schema import refuse_unknown_keys
from register.toml_file import read_toml


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
