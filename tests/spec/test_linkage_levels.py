"""How two values are compared, by example: the level that each comparison finds, most alike first."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from kit.linkage import (
    FOREIGNER_ID,
    IDENTITY,
    NATIONAL_ID,
    PASSPORT,
    PEP,
    PPT,
    identity_frame,
    rules,
    someone,
)

from register.link.rules import level_names
from register.link.weigh import level_sql


def level(concept: str, one: dict[str, Any], other: dict[str, Any]) -> str | None:
    """The level of a comparison between two identities, None if nothing can be said."""
    compare = next(compare for compare in rules().compares if compare.concept == concept)
    names = level_names(compare)
    con = duckdb.connect()
    con.register("rows", identity_frame({"l": one, "r": other}).to_arrow())
    sides = ", ".join(f"{side}.{column} as {column}_{side}" for side in "lr" for column in IDENTITY)
    pair = f"select {sides} from rows as l, rows as r where l.identity_id = 'l' and r.identity_id = 'r'"
    (row,) = con.execute(f"select {level_sql(compare)} from ({pair})").fetchall()
    return None if row[0] == -1 else names[len(names) - 1 - row[0]]


def both_ways(concept: str, one: dict[str, Any], other: dict[str, Any]) -> str | None:
    found = level(concept, one, other)
    assert level(concept, other, one) == found, "a comparison must not depend on which side is which"
    return found


@pytest.mark.parametrize(
    ("one", "other", "first", "second"),
    [
        (("ZAMBRANO", "URDANETA"), ("ZAMBRANO", "URDANETA"), "exact", "exact"),
        (("MUÑOZ", "PEÑA"), ("MUNOZ", "PENA"), "exact", "exact"),
        # A missing second surname is no disagreement.
        (("ZAMBRANO", "URDANETA"), ("ZAMBRANO", None), "exact", None),
        # Surnames exchanged.
        (
            ("ZAMBRANO", "URDANETA"),
            ("URDANETA", "ZAMBRANO"),
            "swapped_with_surname_2",
            "swapped_with_surname_1",
        ),
        # Spelt by ear: v/b, s/z, ll/y.
        (("VALENCIA", "ZULETA"), ("BALENSIA", "SULETA"), "phonetic", "typo"),
        (("CASTELLANOS", "PIRELA"), ("CASTEYANOZ", "PIRELA"), "phonetic", "exact"),
        # One letter wrong, missing, doubled, or two exchanged.
        (("ZAMBRANO", "URDANETA"), ("ZAMBRAMO", "URDANETTA"), "typo", "typo"),
        (("ZAMBRANO", "URDANETA"), ("ZABMRANO", "URDNETA"), "typo", "typo"),
        # Cut short by a narrow field.
        (("COLMENARES", "URDANETA"), ("COLMEN", "URDANETA"), "truncated", "exact"),
        (("ZAMBRANO", "URDANETA"), ("QUISPE", "MAMANI"), "other", "other"),
    ],
)
def test_surnames(
    one: tuple[str, str], other: tuple[str, str], first: str | None, second: str | None
) -> None:
    a = someone(surname_1=one[0], surname_2=one[1])
    b = someone(surname_1=other[0], surname_2=other[1])
    assert both_ways("surname_1", a, b) == first
    assert both_ways("surname_2", a, b) == second


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("LUZ MARINA", "LUZ MARINA", "exact"),
        ("LUZ MARINA", "LUZ", "one_of_two"),
        ("LUZ MARINA", "MARINA", "one_of_two"),
        ("LUZ MARINA", "LUZ MARIAN", "typo"),
        ("YESSICA", "JESICA", "phonetic"),
        ("ROBERTO", "ALBERTO", "within_0.8"),
        ("SEBASTIAN", "SEBAS", "truncated"),
        ("LUZ MARINA", "L", "initial"),
        # Two given names of which one differs: sisters are named like that.
        ("MARIA PAULA", "MARIA ISABEL", "shared_word"),
        ("LILIANA", "PEDRO", "other"),
    ],
)
def test_given_names(one: str, other: str, expected: str) -> None:
    assert both_ways("given_name", someone(given=one), someone(given=other)) == expected


def test_given_name_and_surname_exchanged() -> None:
    right, exchanged = (
        someone(given="LILIANA", surname_1="ZAMBRANO"),
        someone(given="ZAMBRANO", surname_1="LILIANA"),
    )
    assert both_ways("given_name", right, exchanged) == "rearranged"
    assert both_ways("surname_1", right, exchanged) == "rearranged"
    partly = someone(given="ZAMBRANO", surname_1="LILIANA", surname_2=None)
    assert both_ways("given_name", right, partly) == "swapped_with_surname_1"
    assert both_ways("surname_1", right, partly) == "swapped_with_given_1"


def test_a_name_in_one_column_may_be_divided_otherwise() -> None:
    one = someone(given="LAURA LOURDES", surname_1="MARTINEZ GARCIA", surname_2="MORENO")
    other = someone(given="LAURA", surname_1="LOURDES", surname_2="MARTINEZ GARCIA MORENO")
    assert both_ways("surname_1", one, other) == "rearranged"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1988-04-23", "1988-04-23", "exact"),
        # A first of January often stands for a date that nobody knew: it says less.
        ("1988-01-01", "1988-01-01", "heaped"),
        ("1988-04-03", "1988-03-04", "swapped"),
        ("1988-04-23", "1988-04-28", "typo"),
        ("1988-04-23", "1998-04-23", "typo"),
        ("1988-04-23", "1988-09-14", "same_year"),
        ("1985-04-23", "1992-04-23", "same_day"),
        ("1988-12-23", "1989-01-09", "within_31"),
        ("1988-04-23", "1971-11-30", "other"),
        ("1988-04-23", None, None),
    ],
)
def test_birth_dates(one: str, other: str | None, expected: str | None) -> None:
    assert both_ways("birth_date", someone(born=one), someone(born=other)) == expected


def test_a_birth_date_known_to_the_year_agrees_with_any_date_of_that_year() -> None:
    rough = someone(born="1988-01-01", birth_date_precision="year")
    assert both_ways("birth_date", someone(born="1988-04-23"), rough) == "year_only"
    assert both_ways("birth_date", someone(born="1987-04-23"), rough) == "other"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((PASSPORT, "112233445"), (PASSPORT, "112233445"), "equal"),
        # The kind is often keyed wrong, the number rarely.
        ((PASSPORT, "112233445"), (None, "112233445"), "equal"),
        ((PASSPORT, "112233445"), (PASSPORT, "112233545"), "typo"),
        ((PASSPORT, "112233445"), (PASSPORT, "11223345"), "typo"),
        # Passports are renewed, permits follow one another: another number says little.
        ((PASSPORT, "112233445"), (PASSPORT, "998877665"), "changed"),
        ((FOREIGNER_ID, "442639"), (FOREIGNER_ID, "834284"), "changed"),
        # A national id is for life.
        ((NATIONAL_ID, "1258970495"), (NATIONAL_ID, "1743170920"), "different"),
        # Documents of different kinds cannot be compared, and that is no disagreement.
        ((NATIONAL_ID, "1258970495"), (PASSPORT, "998877665"), None),
        ((PEP, "8663974"), (PPT, "5263179"), None),
        ((PASSPORT, "112233445"), None, None),
    ],
)
def test_documents(one: tuple[str, str], other: tuple[str | None, str] | None, expected: str | None) -> None:
    assert both_ways("document", someone(document=one), someone(document=other)) == expected


def test_a_permit_is_tied_to_a_traveller_by_the_passport_that_it_names() -> None:
    permit = someone(document=(PPT, "5263179"), second=(PASSPORT, "112233445"))
    assert both_ways("document", permit, someone(document=(PASSPORT, "112233445"))) == "equal"


def test_national_ids_of_two_countries_are_no_disagreement() -> None:
    colombian = someone(document=(NATIONAL_ID, "1258970495"), citizenship="COL")
    venezuelan = someone(document=(NATIONAL_ID, "17431709"), citizenship="VEN")
    assert both_ways("document", colombian, venezuelan) is None


def test_a_dual_national_shows_the_country_of_the_other_passport() -> None:
    one = someone(citizenship="VEN")
    other = someone(citizenship="ESP", document_issuer_code="VEN")
    assert both_ways("citizenship_code", one, other) == "as_document_issuer_code"
    assert both_ways("citizenship_code", one, someone(citizenship="ESP")) == "other"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(("54001", "54"), ("54001", "54"), "exact"), (("54001", "54"), ("54498", "54"), "same_department_code")],
)
def test_places(one: tuple[str, str], other: tuple[str, str], expected: str) -> None:
    places = [
        someone(municipality_code=municipality, department_code=department)
        for municipality, department in (one, other)
    ]
    assert both_ways("municipality_code", *places) == expected
