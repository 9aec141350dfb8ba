"""Journeys as evidence: what is missing on one document stands on another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kit.linkage import DECLARED, PASSPORT, Linked, Town, groups, rules, someone

from register.link.itinerary import load_itinerary
from register.link.predict import predict
from register.link.resolve import resolve

#: A common name, and a birth date that only one of two passports tells: a little short of the threshold.
LUIS = someone("LUIS", "ZAMBRANO", "GOMEZ", sex="1")
ALSO_LUIS = someone("LUIS", "ZAMBRANO", "GOMEZ", sex="1", born=None, document=(PASSPORT, "998877665"))
IN_AND_IN = [("a", "2020-01-10T08:00", "arrival", "BOG"), ("a", "2021-06-01T08:00", "arrival", "BOG")]


def town(crossings: list[tuple[str, str, str, str]], other: dict[str, Any] = ALSO_LUIS, **more: Any) -> Town:
    return Town({"a": LUIS, "b": other}, crossings=crossings, **more)


def test_the_model_alone_does_not_link_them() -> None:
    linked = town([]).link()
    ((weight,),) = linked.rows("select match_weight from pair where identity_id_r = 'b'")
    assert rules().link - 4 <= weight < rules().link
    assert linked.together == groups("a", "b")


def test_an_exit_on_another_document_completes_an_entry_never_left() -> None:
    linked = town([*IN_AND_IN, ("b", "2020-12-20T08:00", "departure", "BOG")]).link()
    assert linked.together == groups("ab")
    assert linked.resolved.links_completed == 1


@pytest.mark.parametrize(
    "crossing",
    [
        ("b", "2019-12-20T08:00", "departure", "BOG"),  # before the gap
        ("b", "2020-12-20T08:00", "arrival", "BOG"),  # one more of the same
    ],
)
def test_a_journey_that_completes_nothing_is_no_evidence(crossing: tuple[str, str, str, str]) -> None:
    assert town([*IN_AND_IN, crossing]).link().together == groups("a", "b")


def test_whole_journeys_of_each_are_no_evidence() -> None:
    crossings = [
        ("a", "2020-01-10T08:00", "arrival", "BOG"),
        ("a", "2020-02-10T08:00", "departure", "BOG"),
        ("b", "2021-01-10T08:00", "arrival", "BOG"),
        ("b", "2021-02-10T08:00", "departure", "BOG"),
    ]
    assert town(crossings).link().together == groups("a", "b")


@pytest.mark.parametrize("said", [{"sex": "2"}, {"surname_2": "GAVIRIA"}])
def test_journeys_do_not_outweigh_what_surnames_and_sex_say(said: dict[str, str]) -> None:
    told = {"given": "LUIS", "surname_1": "ZAMBRANO", "surname_2": "GOMEZ", "sex": "1"} | said
    other = someone(**told, born=None, document=(PASSPORT, "998877665"))  # type: ignore[arg-type]
    linked = town([*IN_AND_IN, ("b", "2020-12-20T08:00", "departure", "BOG")], other).link()
    assert linked.together == groups("a", "b")


def test_a_reviewer_who_held_them_apart_is_obeyed() -> None:
    crossings = [*IN_AND_IN, ("b", "2020-12-20T08:00", "departure", "BOG")]
    assert town(crossings, decisions=[("a", "b", "different")]).link().together == groups("a", "b")


def test_an_office_may_leave_the_rule_out() -> None:
    con = town([*IN_AND_IN, ("b", "2020-12-20T08:00", "departure", "BOG")]).connect()
    predicted = predict(con, rules())
    itinerary = load_itinerary(DECLARED / "itinerary.toml")
    without = {name: given for name, given in itinerary.rules.items() if name != "completed_journeys"}
    resolved = resolve(con, rules(), replace(itinerary, rules=without), "a secret")
    assert Linked(con, predicted, resolved).together == groups("a", "b")
    assert resolved.links_completed == 0


def test_a_project_made_before_a_parameter_was_thought_of_goes_by_its_default(tmp_path: Path) -> None:
    declared = tmp_path / "itinerary.toml"
    declared.write_text('[two_national_ids]\nkinds = ["national_id"]\ntyping_errors = 2\n', "utf-8")
    assert load_itinerary(declared).rules["two_national_ids"]["records"] == 1
