"""The declared rules in a reader's words: what a comparison compares, and how alike two values of a level are."""

from __future__ import annotations

from collections.abc import Mapping

from register.link.rules import Block, Compare, Rules
from register.locale import translate

#: Level of a pair of which one side says nothing, as `pair` holds it.
UNTOLD = -1


class Words:
    """Names for the parts of linkage rules, in a language.

    Parameters
    ----------
    labels
        Label of each column in that language, as ``schemas/concepts.toml`` declares them.
    """

    def __init__(self, rules: Rules, labels: Mapping[str, str], language: str) -> None:
        self.language = language
        self._labels = labels
        self._compares = {compare.concept: compare for compare in rules.compares}

    def text(self, key: str, **values: object) -> str:
        """Return a text of the catalogue's section ``linkage``."""
        return translate(f"linkage.{key}", self.language, **values)

    def concept(self, name: str) -> str:
        """Return the label of a comparison or a column."""
        return self.text("document") if name == "document" else self._labels.get(name, name)

    def level(self, concept: str, name: str) -> str:
        """Return what a level says of two values."""
        compare = self._compares[concept]
        if name == "other":
            return self.text("other")
        level = next(known for known in compare.levels if known.name == name)
        if level.word == "sql":
            return level.name
        if level.word == "NUMBER":
            return self._within(compare, level.threshold or 0.0)
        if level.column:
            return self.text(level.word.rstrip("_"), column=self.concept(level.column).lower())
        if level.word == "typo":
            return self.text("typo_text" if compare.by in ("name", "text") else "typo_digits")
        return self.text(level.word)

    def gamma(self, compare: Compare, names: list[str], gamma: int) -> str:
        """Return what a level's number in `pair` says; ``names`` are the levels, most alike first."""
        if gamma == UNTOLD:
            return self.text("not_comparable" if compare.by == "document" else "untold")
        return self.level(compare.concept, names[len(names) - 1 - gamma])

    def block(self, block: Block) -> str:
        """Return what two identities of a block agree on; further alternatives of ``also`` are not told."""
        terms = []
        for left, right in block.on:
            one, other = self._term(left), self._term(right)
            terms.append(one if left == right else self.text("crossed", one=one, other=other))
        return " + ".join(terms)

    def _term(self, term: str) -> str:
        column, _, part = term.partition(".")
        label = self.concept(column).lower()
        return f"{label} ({self.text(f'part_{part}')})" if part else label

    def rule(self, name: str) -> str:
        """Return what an itinerary rule, or a reviewer's decision, forbids."""
        return self.text(f"rule_{name}")

    def _within(self, compare: Compare, threshold: float) -> str:
        kind = {"date": "within_days", "number": "within_number"}.get(compare.by, "within_text")
        written = f"{threshold:g}"
        return self.text(kind, threshold=written.replace(".", ",") if self.language == "es" else written)
