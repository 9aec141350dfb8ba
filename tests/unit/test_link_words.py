"""Whatever linkage rules may say has words in both languages: a new level, part or rule leaves no reader without."""

from __future__ import annotations

import pytest

from register.link.itinerary import RULES
from register.link.rules import PARTS, VOCABULARY, Block, Compare, Level, Rules, level_names
from register.link.words import Words
from register.locale import LANGUAGES
from register.schema import load_schema, profile_directory
from tests.kit.linkage import rules


def words(language: str, of: Rules | None = None) -> Words:
    concepts = load_schema(profile_directory() / "schemas").concepts
    return Words(of or rules(), {name: c.label[language] for name, c in concepts.items()}, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_rules_read_as_sentences(language: str) -> None:
    told = words(language)
    for compare in rules().compares:
        names = level_names(compare)
        said = [told.level(compare.concept, name) for name in names]
        assert len(set(said)) == len(said), compare.concept
        assert not any("_" in text for text in said)
        assert told.gamma(compare, names, len(names) - 1) == said[0]
        assert told.gamma(compare, names, -1) not in said
    for block in rules().blocks:
        assert "_" not in told.block(block)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_and_every_rule_has_words(language: str) -> None:
    told = words(language)
    for part in PARTS:
        assert told.block(Block(((f"birth_date.{part}",) * 2,)))
    for rule in (*RULES, "decision"):
        assert told.rule(rule)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("by", [by for by in VOCABULARY if by != "sql"])
def test_every_level_of_the_vocabulary_has_words(by: str, language: str) -> None:
    levels = [
        Level("within_2", "NUMBER", threshold=2.0)
        if word == "NUMBER"
        else Level(
            f"{word}surname_1" if word.endswith("_") else word,
            word,
            "surname_1" if word.endswith("_") else None,
        )
        for word in VOCABULARY[by]
    ]
    compare = Compare("surname_2", by, tuple(levels), Level("other", "other"))
    told = words(language, Rules(**{**vars(rules()), "compares": (compare,)}))
    assert all(told.level("surname_2", level.name) for level in levels)
