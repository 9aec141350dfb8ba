"""The rules proposed: those of a file, or those at hand with some settings changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from register.errors import UsageError, suggest
from register.link.declaration import load_rules, parse_block
from register.link.rules import ELSE, Block, Compare, Rules, Weights, parameters

#: What may be set. X stands for a name, N for a number.
KEYS = (
    *("threshold.link", "threshold.review", "matches_per_identity", "block.N", "block.add"),
    *("weight.X.LEVEL", "level.X.LEVEL", "rare.X"),
)
OFF, ON = ("off", "no"), ("on", "yes", "si", "sí")


@dataclass(frozen=True)
class Change:
    """One setting.

    ``threshold.link=13``, ``weight.surname_1.exact=4.5`` (bits), ``block.7=off``, ``block.add=birth_date + sex``,
    ``level.given_name.initial=off`` or ``rare.given_name=off``.
    """

    key: str
    value: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.key}={self.value}"


def read_change(written: str) -> Change:
    """Read ``key=value``.

    Raises
    ------
    UsageError
        If there is no sign of equality.
    """
    key, equals, value = (part.strip() for part in written.partition("="))
    if not equals or not value:
        raise UsageError("tune_setting", setting=written, known=", ".join(KEYS))
    return Change(key, value)


def load_proposed(path: Path, current: Rules) -> Rules:
    """Return the rules of a file. Without weights or frequencies beside it, those of the project are taken.

    Raises
    ------
    DeclarationError
        If the file cannot be meant.
    """
    rules = load_rules(path)
    if rules.weights is None and current.weights is not None:
        known = {c.concept: [*(level.name for level in c.levels), ELSE] for c in rules.compares}
        levels = {
            concept: {name: pair for name, pair in pairs.items() if name in known[concept]}
            for concept, pairs in current.weights.levels.items()
            if concept in known
        }
        rules = rules.with_weights(Weights(current.weights.matches_per_identity, levels))
    return rules if rules.frequencies_path.is_file() else replace(rules, path=current.path)


def apply(rules: Rules, changes: Sequence[Change]) -> Rules:
    """Return the rules with settings changed.

    Blocks are numbered from 1 as declared, whatever else changes.

    Raises
    ------
    UsageError
        If there is no such setting, comparison, level or block, or the value cannot be meant.
    """
    dropped, added = set(), []
    for change in changes:
        kind, _, rest = change.key.partition(".")
        if change.key in ("threshold.link", "threshold.review"):
            value = _number(change)
            rules = replace(rules, link=value) if rest == "link" else replace(rules, review=value)
        elif change.key == "matches_per_identity" and rules.weights is not None:
            rules = rules.with_weights(replace(rules.weights, matches_per_identity=_positive(change)))
        elif change.key == "block.add":
            added.append(_block(change))
        elif kind == "block" and rest.isdigit() and 1 <= int(rest) <= len(rules.blocks):
            if not _is_on(change):
                dropped.add(int(rest))
        elif kind == "weight":
            rules = _weigh(rules, change, *_level_of(rules, change, rest))
        elif kind == "level":
            rules = _drop_level(rules, change, *_level_of(rules, change, rest))
        elif kind == "rare":
            compare = _compare_of(rules, change, rest)
            rules = _with(rules, replace(compare, rare_values=_is_on(change)))
        else:
            raise UsageError("tune_key", key=change.key, known=", ".join(KEYS))
    kept = tuple(block for number, block in enumerate(rules.blocks, 1) if number not in dropped)
    if not kept and not added:
        raise UsageError("tune_no_blocks")
    return replace(rules, blocks=(*kept, *added))


def _number(change: Change) -> float:
    try:
        value = float(change.value.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError("tune_number", key=change.key, value=change.value)
    return value


def _positive(change: Change) -> float:
    value = _number(change)
    if value <= 0:
        raise UsageError("tune_number", key=change.key, value=change.value)
    return value


def _is_on(change: Change) -> bool:
    if change.value.lower() not in (*OFF, *ON):
        raise UsageError("tune_switch", key=change.key, value=change.value)
    return change.value.lower() in ON


def _block(change: Change) -> Block:
    terms = [term.strip() for term in change.value.split("+")]
    return parse_block({"on": terms}, change.key)


def _compare_of(rules: Rules, change: Change, concept: str) -> Compare:
    known = [compare.concept for compare in rules.compares]
    for compare in rules.compares:
        if compare.concept == concept:
            return compare
    raise UsageError(
        "tune_concept",
        key=change.key,
        name=concept,
        suggestion=suggest(concept, known),
        known=", ".join(known),
    )


def _level_of(rules: Rules, change: Change, rest: str) -> tuple[Compare, str]:
    """Return the comparison and level of ``concept.level``; a level may hold a point: ``within_0.9``."""
    concept, _, level = rest.partition(".")
    compare = _compare_of(rules, change, concept)
    known = [*(known.name for known in compare.levels), ELSE]
    if level not in known:
        raise UsageError(
            "tune_level", key=change.key, name=level, suggestion=suggest(level, known), known=", ".join(known)
        )
    return compare, level


def _with(rules: Rules, changed: Compare) -> Rules:
    compares = tuple(changed if compare.concept == changed.concept else compare for compare in rules.compares)
    return replace(rules, compares=compares)


def _weigh(rules: Rules, change: Change, compare: Compare, name: str) -> Rules:
    """Give a level another weight, in bits: u is set from m, or m from u where u would pass 1."""
    bits = _number(change)
    m, _ = parameters(rules, compare, name)
    m = m if m is not None else 0.5
    wanted = m * 2.0**-bits
    if wanted > 1:
        m, wanted = 2.0**bits, 1.0
    levels = tuple(replace(level, m=m, u=wanted) if level.name == name else level for level in compare.levels)
    rest = replace(compare.rest, m=m, u=wanted) if name == ELSE else compare.rest
    return _with(rules, replace(compare, levels=levels, rest=rest))


def _drop_level(rules: Rules, change: Change, compare: Compare, name: str) -> Rules:
    """Leave a level out: its pairs fall to the next that holds for them."""
    if _is_on(change):
        return rules
    levels = tuple(level for level in compare.levels if level.name != name)
    if len(levels) == len(compare.levels) or not levels:
        raise UsageError("tune_last_level", key=change.key)
    return _with(rules, replace(compare, levels=levels))
