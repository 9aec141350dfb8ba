"""The form of the page: the rules as fields, and what of a filled-in form differs from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from register.link.rules import ELSE, Rules, level_names, parameters
from register.link.words import Words
from register.tune.changes import Change

#: What a box that is ticked sends.
TICKED = "on"


@dataclass(frozen=True)
class LevelField:
    """The weight of a level, and whether it can be left out. ``drop`` is the name of its box, empty if it has none."""

    label: str
    name: str
    value: str
    drop: str


@dataclass(frozen=True)
class CompareFields:
    """The fields of one comparison. ``rare`` is the name of the box for rare values, empty if it knows none."""

    label: str
    levels: list[LevelField]
    rare: str


@dataclass(frozen=True)
class Form:
    """Every field of the rules at hand, by its name, with its value as written (boxes: `TICKED`)."""

    numbers: list[tuple[str, str]]
    blocks: list[tuple[str, str]]
    compares: list[CompareFields]
    values: Mapping[str, str] = field(default_factory=dict)

    def changes(self, filled: Mapping[str, str]) -> list[Change]:
        """Return what a filled-in form changes. A box that is not ticked sends nothing."""
        boxes = {name for name, value in self.values.items() if value == TICKED}
        found = []
        for name, value in self.values.items():
            if name in boxes:
                if filled.get(name) != TICKED:
                    found.append(Change(name, "off"))
            elif filled.get(name, "").strip() not in ("", value):
                found.append(Change(name, filled[name].strip()))
        added = filled.get("block.add", "").strip()
        return [*found, *([Change("block.add", added)] if added else [])]


def make_form(rules: Rules, words: Words) -> Form:
    """Return the form of some rules in a language."""
    values = {"threshold.link": f"{rules.link:g}", "threshold.review": f"{rules.review:g}"}
    if rules.weights is not None:
        values["matches_per_identity"] = f"{rules.weights.matches_per_identity:g}"
    numbers = list(values.items())
    blocks = [(f"block.{number}", words.block(block)) for number, block in enumerate(rules.blocks, 1)]
    values |= {name: TICKED for name, _ in blocks}
    compares = []
    for compare in rules.compares:
        levels = []
        for level in level_names(compare):
            m, u = parameters(rules, compare, level)
            name, drop = f"weight.{compare.concept}.{level}", f"level.{compare.concept}.{level}"
            values[name] = f"{math.log2(m / u):.2f}" if m and u else "0.00"
            can_go = level != ELSE and len(compare.levels) > 1
            if can_go:
                values[drop] = TICKED
            label = words.level(compare.concept, level)
            levels.append(LevelField(label, name, values[name], drop if can_go else ""))
        rare = f"rare.{compare.concept}" if compare.rare_values else ""
        if rare:
            values[rare] = TICKED
        compares.append(CompareFields(words.concept(compare.concept), levels, rare))
    return Form(numbers, blocks, compares, values)
