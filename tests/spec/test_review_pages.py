"""What a page shows: texts in both languages, the comparison of two records, their journeys, and agreement."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import register.review
from register.decisions import JUDGEMENTS, Decision, order
from register.link.itinerary import RULES
from register.locale import catalogue, translate
from register.review.agreement import agreements, cohen
from register.review.compare import Labels, compare
from register.review.journeys import draw
from register.review.queue import JUDGED, QUEUES
from register.review.records import Mark
from register.schema import load_schema, profile_directory

TEMPLATES = sorted((Path(register.review.__file__).parent / "templates").glob("*.html"))


def test_every_text_of_the_pages_is_in_the_catalogue() -> None:
    told = {
        key
        for path in TEMPLATES
        for key in re.findall(r"""\bt\(["'](\w+)["'](?![\w ]*\+)""", path.read_text("utf-8"))
    }
    told |= {key for path in TEMPLATES for key in re.findall(r'\bt\("(\w+)" if \w', path.read_text("utf-8"))}
    told |= {f"judgement_{word}" for word in JUDGEMENTS} | {f"queue_{name}" for name in (*QUEUES, JUDGED)}
    told |= {f"queue_help_{name}" for name in QUEUES} | {"reason"}
    told |= {f"sign_{sign}" for sign in ("equal", "alike", "different", "missing", "incomparable", "swapped")}
    told |= {
        f"mark_{what}" for what in ("arrival", "departure", "visa", "permit", "birth", "death", "marriage")
    }
    assert len(told) > 60
    assert {key for key in told if f"review.{key}" not in catalogue()} == set()
    assert {rule for rule in (*RULES, "decision") if f"linkage.rule_{rule}" not in catalogue()} == set()


def identity(**values: Any) -> dict[str, Any]:
    names = (
        *(
            "surname_1",
            "surname_2",
            "given_name",
            "married_name",
            "birth_date",
            "birth_date_precision",
            "sex",
        ),
        *("citizenship_code", "birth_country_code", "department_code", "municipality_code"),
        *("document_kind_code", "document_number", "document_issuer_code"),
        *("document_2_kind_code", "document_2_number", "document_2_issuer_code"),
    )
    return dict.fromkeys(names) | values


def fields(left: dict[str, Any], right: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Return the lines of a comparison: what differs on each side stands in brackets."""
    labels = Labels(load_schema(profile_directory() / "schemas"), "es")

    def told(pieces: Any) -> str:
        return "".join(f"[{piece.text}]" if piece.differs else piece.text for piece in pieces)

    found = compare(identity(**left), identity(**right), labels)
    return {field.name: (told(field.left), field.sign, told(field.right)) for field in found}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("ZAMBRANO", "ZAMBRANO", ("ZAMBRANO", "equal", "ZAMBRANO")),
        ("ZAMBRANO", "SAMBRANO", ("[Z]AMBRANO", "alike", "[S]AMBRANO")),
        ("ZAMBRANO", None, ("ZAMBRANO", "missing", "")),
        ("ZAMBRANO", "QUIÑONES", ("[ZAMBRANO]", "different", "[QUIÑONES]")),
        ("MARIA ANA", "ANA", ("[MARIA ]ANA", "alike", "ANA")),
    ],
)
def test_names_are_compared_sign_by_sign(one: str, other: str | None, expected: tuple[str, str, str]) -> None:
    assert fields({"surname_1": one}, {"surname_1": other}) == {"surname_1": expected}


def test_surnames_in_each_others_place_are_told_as_such() -> None:
    left, right = {"surname_1": "VEGA", "surname_2": "RUIZ"}, {"surname_1": "RUIZ", "surname_2": "VEGA"}
    assert fields(left, right) == {
        "surname_1": ("VEGA", "swapped", "RUIZ"),
        "surname_2": ("RUIZ", "swapped", "VEGA"),
    }
    assert fields(left, {"surname_1": "RUIZ"})["surname_2"] == ("RUIZ", "swapped", "")
    assert fields(left, {"surname_1": "DAZA"})["surname_1"] == ("[VEGA]", "different", "[DAZA]")
    assert (
        fields({"surname_1": "VEGA", "surname_2": "VEGA"}, {"surname_1": "VEGA"})["surname_1"][1] == "equal"
    )


@pytest.mark.parametrize(
    ("one", "other", "sign"),
    [
        ("1980-05-13", "1980-05-13", "equal"),
        ("1980-05-13", "1980-05-18", "alike"),
        ("1980-03-12", "1980-12-03", "alike"),
        ("1980-05-13", "1971-11-30", "different"),
    ],
)
def test_dates_are_alike_by_a_digit_or_with_day_and_month_swapped(one: str, other: str, sign: str) -> None:
    sides = (
        {"birth_date": dt.date.fromisoformat(day), "birth_date_precision": "day"} for day in (one, other)
    )
    assert fields(*sides)["birth_date"][1] == sign


def passport(number: str, kind: str = "passport", place: str = "document") -> dict[str, str]:
    return {f"{place}_kind_code": kind, f"{place}_number": number, f"{place}_issuer_code": "VEN"}


@pytest.mark.parametrize(
    ("one", "other", "sign"),
    [
        (passport("112233445"), passport("112233445"), "equal"),
        (passport("112233445"), passport("112233446"), "alike"),
        (passport("112233445"), passport("998877665"), "different"),
        (passport("112233445"), passport("998877665", "national_id"), "incomparable"),
        (passport("112233445"), {}, "missing"),
    ],
)
def test_numbers_of_documents_of_two_kinds_say_nothing(one: Any, other: Any, sign: str) -> None:
    assert fields(one, other)["document_1"][1] == sign


def test_the_second_document_of_one_may_be_the_first_of_the_other() -> None:
    both = passport("5263179", "ppt") | passport("112233445", place="document_2")
    found = fields(both, passport("112233445"))
    assert (found["document_1"][1], found["document_2"][1]) == ("equal", "equal")


def text(key: str, **values: object) -> str:
    return translate(key, "es", **values)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_journeys_are_drawn_with_names_for_those_who_cannot_see_them() -> None:
    left = [
        Mark(day("2020-01-10"), "arrival", "RUMICHACA <b>"),
        Mark(day("2021-03-01"), "departure", None),
        Mark(day("2021-06-01"), "visa", None),
        Mark(day("2022-01-01"), "arrival", None),
    ]
    picture = ElementTree.fromstring(draw([left, []], text))
    space = "{http://www.w3.org/2000/svg}" if picture.tag.startswith("{") else ""
    titles = [node.text for node in picture.iter(f"{space}title")]
    assert titles[0] == "Recorridos de A y B"
    assert "2020-01-10 llegada, RUMICHACA <b>" in titles
    bars = [node for node in picture.iter(f"{space}rect") if node.get("height") == "12"]
    assert [bar.get("stroke-dasharray") for bar in bars] == [None, "4 3"]
    assert picture.get("role") == "img"


def test_no_dated_record_no_picture() -> None:
    assert draw([[], []], text) == ""


def test_kappa_by_hand() -> None:
    """Of 10 pairs 8 alike; by chance 0.7 x 0.7 + 0.3 x 0.3 = 0.58: kappa is 0.22 / 0.42."""
    found = cohen(("ana", "luis"), {("same", "same"): 6, ("same", "different"): 1, ("different", "same"): 1,
                                    ("different", "different"): 2})  # fmt: skip
    assert (found.pairs, found.observed) == (10, pytest.approx(0.8))
    assert found.kappa == pytest.approx(0.22 / 0.42)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.22 / 0.42 < found.high <= 1


def test_kappa_of_reviewers_who_always_say_the_same_is_not_known() -> None:
    assert cohen(("ana", "luis"), {("same", "same"): 10}).kappa is None


def test_agreement_counts_blind_judgements_alone_and_the_last_of_each() -> None:
    pair = order(("visa", "1", "self"), ("visa", "2", "self"))
    said = [("ana", "same", True), ("ana", "different", True), ("luis", "different", True), ("luis", "skip", True),
            ("eva", "same", False)]  # fmt: skip
    made = [Decision(str(n), "", who, pair, word, blind=blind) for n, (who, word, blind) in enumerate(said)]
    (found,) = agreements({pair: made})
    assert (found.reviewers, found.pairs, found.observed) == (("ana", "luis"), 1, 1.0)
