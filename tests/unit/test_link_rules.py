"""The declaration of linkage rules: what is read, and what is refused with a word of help."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.linkage import DECLARED

from register.errors import DeclarationError
from register.link.declaration import load_rules
from register.link.itinerary import load_itinerary
from register.link.rules import Rules, parameters, untrained

SMALL = """
[input]
table = "person_list"
key = "id"

[[block]]
on = ["surname", "born.year"]

[[block]]
on = ["given = surname"]

[[compare]]
concept = "surname"
by = "name"
levels = ["exact", "typo", 0.9]
rare_values = true

[[compare]]
concept = "born"
by = "date"
levels = [{ level = "exact", m = 0.9, u = 0.001 }, { level = "other", m = 0.1, u = 0.999 }]

[training]
certain = [{ on = ["surname", "born"] }]
recall = 0.8
sessions = [{ on = ["born"] }]
pairs = 1e5
seed = 1
floor = 1e-5
rare_names = 0.001

[threshold]
link = 8.0
review = 0.0
comparisons_per_identity = 100
"""


def read(folder: Path, text: str = SMALL, weights: str | None = None) -> Rules:
    path = folder / "people.toml"
    path.write_text(text, "utf-8")
    if weights is not None:
        path.with_suffix(".weights.toml").write_text(weights, "utf-8")
    return load_rules(path)


def test_a_declaration_is_read(tmp_path: Path) -> None:
    rules = read(tmp_path)
    assert [block.name for block in rules.blocks] == ["surname + born.year", "given=surname"]
    assert [level.name for level in rules.compares[0].levels] == ["exact", "typo", "within_0.9"]
    assert rules.weights is None
    assert untrained(rules) == ["surname.exact", "surname.typo", "surname.within_0.9", "surname.other"]


def test_weights_come_from_their_file_and_fixed_ones_from_the_declaration(tmp_path: Path) -> None:
    weights = "matches_per_identity = 2.5\n[weight.surname]\nexact = { m = 0.8, u = 0.01 }\n"
    rules = read(tmp_path, weights=weights + "[weight.born]\nexact = { m = 0.5, u = 0.5 }\n")
    surname, born = rules.compares
    assert parameters(rules, surname, "exact") == (0.8, 0.01)
    assert parameters(rules, surname, "typo") == (None, None)
    assert parameters(rules, born, "exact") == (0.9, 0.001)
    assert parameters(rules, born, "other") == (0.1, 0.999)


@pytest.mark.parametrize(
    ("old", "new", "key", "suggestion"),
    [
        ('by = "name"', 'by = "nmae"', "linkage_by", "name"),
        ('"typo"', '"tyop"', "linkage_level", "typo"),
        ("rare_values", "rare_value", "unknown_key", "rare_values"),
        ("[threshold]", "[treshold]", "unknown_key", "threshold"),
        ("born.year", "born.yaer", "unknown_key", "year"),
    ],
)
def test_a_misspelt_word_is_refused_with_the_nearest_right_one(
    tmp_path: Path, old: str, new: str, key: str, suggestion: str
) -> None:
    with pytest.raises(DeclarationError) as error:
        read(tmp_path, SMALL.replace(old, new))
    assert error.value.key == key
    assert error.value.values["suggestion"] == suggestion
    assert str(tmp_path / "people.toml") in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('table = "person_list"\n', "", "missing_key"),
        ('levels = ["exact", "typo", 0.9]', "levels = []", "missing_key"),
        ("link = 8.0", 'link = "eight"', "linkage_number"),
        ("recall = 0.8", "recall = 1.8", "linkage_share"),
        ("m = 0.9", "m = 0", "linkage_share"),
    ],
)
def test_a_wrong_value_is_refused(tmp_path: Path, old: str, new: str, key: str) -> None:
    with pytest.raises(DeclarationError) as error:
        read(tmp_path, SMALL.replace(old, new))
    assert error.value.key == key


def test_weights_of_a_level_that_nobody_declared_are_refused(tmp_path: Path) -> None:
    weights = "matches_per_identity = 2.5\n[weight.surname]\nphonetic = { m = 0.8, u = 0.01 }\n"
    with pytest.raises(DeclarationError) as error:
        read(tmp_path, weights=weights)
    assert error.value.key == "unknown_key"
    assert "people.weights.toml [weight.surname]" in str(error.value)


def test_a_level_of_two_kinds_of_comparison_is_not_mixed_up(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as error:
        read(tmp_path, SMALL.replace('["exact", "typo", 0.9]', '["heaped"]'))
    assert error.value.key == "linkage_level"


def test_the_shipped_rules_are_trained_to_the_last_level() -> None:
    rules = load_rules(DECLARED / "people.toml")
    assert untrained(rules) == []
    assert rules.frequencies_path.is_file()


def test_the_shipped_itinerary_is_read() -> None:
    assert "twins" in load_itinerary(DECLARED / "itinerary.toml").rules


def test_one_kind_of_document_needs_no_list(tmp_path: Path) -> None:
    path = tmp_path / "itinerary.toml"
    path.write_text('[two_national_ids]\nkinds = "national_id"\ntyping_errors = 2\n', "utf-8")
    assert load_itinerary(path).rules["two_national_ids"]["kinds"] == ["national_id"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[twinz]\nsimilarity = 0.8\n", "unknown_key"),
        ("[twins]\n", "missing_key"),
        ("[twins]\nx = 1\n", "unknown_key"),
        ('[twins]\nsimilarity = "high"\n', "not_a_number"),
        ("[twins]\nsimilarity = nan\n", "not_a_number"),
        ("[two_deaths]\ndays = -1\n", "not_a_number"),
        ("[two_national_ids]\nkinds = [1]\ntyping_errors = 2\n", "not_texts"),
        (
            "[two_birth_dates]\ndigits = 3\nrecords = 2\nnear_records = 2\napart_records = true\n",
            "not_a_number",
        ),
    ],
)
def test_an_itinerary_rule_that_is_not_known_or_not_complete_is_refused(
    tmp_path: Path, text: str, key: str
) -> None:
    path = tmp_path / "itinerary.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(DeclarationError) as error:
        load_itinerary(path)
    assert key in {one.key for one in error.value.each}
