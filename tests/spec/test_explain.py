"""The explanation of a person: each verdict told with the numbers that decided it, to a reader who never saw SQL."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from functools import partial
from typing import Any
from xml.etree import ElementTree

import pytest
from kit.country import built_country

from register.locale import LANGUAGES, translate
from register.trace.timeline import draw_timeline
from register.trace.verdicts import IMPUTATIONS, Explanation, explain_person, sentences

EVIDENCE = ("birth", "first_crossing", "permit", "act", "citizenship", "default")


def text_in(language: str) -> Any:
    return lambda key, **values: translate(key, language, **values)


def told(found: Explanation, language: str = "es") -> str:
    return "\n".join(sentences(found, text_in(language), language))


@pytest.fixture(scope="module")
def luz() -> Explanation:
    """Immigrates in February 2021."""
    built = built_country()
    [person] = built.values(
        "select person_id from event where direction = 'immigration' and event_date = '2021-02-05'"
    )
    return explain_person(built.project, person)


def test_a_migration_is_told_with_the_days_that_decided_it(luz: Explanation) -> None:
    story = told(luz)
    assert "1. 5 de febrero de 2021: entrada por Aeropuerto El Dorado (Bogotá)" in story
    assert "En los 487 días que siguieron estuvo 487 en el país y 0 fuera del país." in story
    assert "Es una inmigración. Se sabe con certeza desde el 5 de febrero de 2022." in story
    assert "- del 15 de abril de 2023 al 2 de mayo de 2023: fuera del país (17 días)" in story


def test_a_holiday_is_told_as_the_way_back(luz: Explanation) -> None:
    assert "3. 2 May 2023: arrival at El Dorado Airport (Bogotá)" in told(luz, "en")
    assert "this crossing leads back to the side of residence. It is no migration." in told(luz, "en")


def test_json_holds_everything_that_the_sentences_say(luz: Explanation) -> None:
    whole = json.loads(json.dumps(luz.to_dict(), default=str))
    first = whole["verdicts"][0]
    assert (first["days_observed"], first["days_present"], first["days_with"], first["days_against"]) == (
        487,
        487,
        487,
        0,
    )
    assert whole["rule"]["threshold"] == 365
    assert [row["is_present"] for row in whole["stays"]] == [False, True, False, True]


def test_the_timeline_is_a_picture_with_words(luz: Explanation) -> None:
    picture = draw_timeline(luz, text_in("es"))
    root = ElementTree.fromstring(picture)
    words = " ".join(root.itertext())
    assert "inmigración 2021-02-05" in words
    assert root.get("role") == "img"
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("imputation", IMPUTATIONS)
def test_every_way_to_impute_has_a_sentence(luz: Explanation, imputation: str, language: str) -> None:
    supposed = {**luz.verdicts[0], "is_imputed": True, "imputation": imputation}
    stay = {**luz.stays[1], "from_evidence": imputation}
    story = told(replace(luz, verdicts=[supposed], stays=[stay]), language)
    assert story.count(translate(f"explain.imputation_{imputation}", language)) == 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("evidence", EVIDENCE)
def test_every_evidence_for_the_first_status_has_a_sentence(
    luz: Explanation, evidence: str, language: str
) -> None:
    assert translate(f"explain.evidence_{evidence}", language) in told(
        replace(luz, initial={"status": 1, "evidence": evidence}), language
    )


def verdict(luz: Explanation, **changed: Any) -> str:
    return told(replace(luz, verdicts=[{**luz.verdicts[0], **changed}], events=[]))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"finalised_on": None}, "Es una inmigración. Será definitivo cuando se observe un día más."),
        (
            {"is_migration": False, "status_after": 0, "days_with": 30, "days_against": 123},
            "Fueron más de 122 fuera del país, y así ya no podía llegar a 365 en el país",
        ),
        (
            {"is_migration": False, "status_after": 0, "days_with": 30, "days_against": 2},
            "murió antes de llegar a 365 en el país. No es una migración.",
        ),
        ({"rests_on_imputed": True}, "Atención: estos días dependen de un cruce que nadie anotó"),
        ({"is_migration": None, "probability": 0.25}, "todavía no hay veredicto"),
        (
            {"is_migration": None, "probability": 0.25},
            "la probabilidad de que sea una inmigración es del 25 %",
        ),
        (
            {"is_migration": None, "status_before": None},
            "Depende de un cruce anterior que aún no tiene veredicto",
        ),
        (
            {"is_migration": False, "status_before": None},
            "estuvo menos de 243 días del otro lado, y es solo el regreso",
        ),
    ],
)
def test_every_reason_has_its_sentence(luz: Explanation, changed: dict[str, Any], sentence: str) -> None:
    assert sentence in verdict(luz, **changed)


def test_crossings_that_do_not_count_are_named(luz: Explanation) -> None:
    crew = {"movement_date": dt.date(2022, 3, 1)}
    assert "los cruces de: 1 de marzo de 2022." in told(replace(luz, out_of_scope=[crew]))


@pytest.mark.parametrize("tell", [partial(told, language="es"), partial(told, language="en")], ids=LANGUAGES)
def test_everybody_can_be_explained(tell: Any) -> None:
    built = built_country()
    for person in built.values("select person_id from person"):
        story = tell(explain_person(built.project, person))
        assert person in story
        assert "None" not in story
