"""How what offices write becomes a code."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from register.ingest.codes import match_codes

COUNTRIES = pl.DataFrame(
    {
        "code": ["COL", "PER", "SUN", "RUS", "USA", "COG", "COD"],
        "label_es": [
            "Colombia",
            "Perú",
            "Unión Soviética",
            "Rusia",
            "Estados Unidos",
            "Congo",
            "R. D. del Congo",
        ],
        "label_en": ["Colombia", "Peru", "Soviet Union", "Russia", "United States", "Congo", "DR Congo"],
        "valid_from": ["", "", "", "1991-12-25", "", "", ""],
        "valid_to": ["", "", "1991-12-25", "", "", "", ""],
        "aliases": [
            "COLOMBIANO|COLOMBIANA",
            "PERUANO",
            "RUSIA|URSS",
            "",
            "EE.UU.|EUA",
            "CONGOLES",
            "CONGOLES",
        ],
        "alpha_2": ["CO", "PE", "SU", "RU", "US", "CG", "CD"],
        "numeric": ["170", "604", "810", "643", "840", "178", "180"],
    }
)
MUNICIPALITIES = pl.DataFrame(
    {"code": ["05001", "11001"], "label_es": ["Medellín", "Bogotá, D. C."], "aliases": ["", "BOGOTA"]}
)


def one(
    text: str | None, codelist: pl.DataFrame = COUNTRIES, **options: object
) -> tuple[str | None, str | None]:
    matched = match_codes(pl.Series([text], dtype=pl.String), codelist, **options)  # type: ignore[arg-type]
    return matched.select("code", "how").row(0)


@pytest.mark.parametrize(
    ("text", "code", "how"),
    [
        ("PER", "PER", "code"),
        ("pe", "PER", "code"),
        ("604", "PER", "code"),
        ("Perú", "PER", "label"),
        ("  PERU. ", "PER", "label"),
        ("United  States", "USA", "label"),
        ("peruano", "PER", "alias"),
        ("EE. UU.", "USA", "alias"),
        ("Atlantis", None, "unknown"),
        # Two countries share the adjective: nothing is guessed.
        ("CONGOLÉS", None, "unknown"),
        # A label outranks the alias of another code.
        ("RUSIA", "RUS", "label"),
        (None, None, None),
        ("  ", None, None),
        ("NO REGISTRA", None, None),
        ("-", None, None),
    ],
)
def test_code_then_label_then_alias(text: str | None, code: str | None, how: str | None) -> None:
    assert one(text) == (code, how)


def test_the_declaration_has_the_first_word() -> None:
    own = {"PER": "COL", "Otro": "USA", "Se ignora": ""}

    assert one("PER", extra=own) == ("COL", "value_map")
    assert one("OTRO", extra=own) == ("USA", "value_map")
    assert one("se ignora", extra=own) == (None, "value_map")


def test_codes_are_those_valid_on_a_day() -> None:
    assert one("SUN", on_date=date(1980, 1, 1)) == ("SUN", "code")
    assert one("SUN", on_date=date(2020, 1, 1)) == (None, "unknown")
    assert one("RUS", on_date=date(1980, 1, 1)) == (None, "unknown")
    assert one("Rusia", on_date=date(1980, 1, 1)) == ("SUN", "alias")


@pytest.mark.parametrize("text", ["05001", "5001", "5001.0", "5001,00"])
def test_leading_zeros_lost_in_a_spreadsheet_are_found_again(text: str) -> None:
    assert one(text, MUNICIPALITIES) == ("05001", "code")


def test_every_value_has_its_row_in_order() -> None:
    values = pl.Series(["PER", None, "x", "PER", "COL"])

    matched = match_codes(values, COUNTRIES)

    assert matched["value"].to_list() == values.to_list()
    assert matched["code"].to_list() == ["PER", None, None, "PER", "COL"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("PerÃº", "PER"),
        ("Colombia (COL)", "COL"),
        ("COL - Colombia", "COL"),
        ("PER/Perú", "PER"),
        ("7. Perú", "PER"),
        ("Perú (COL)", None),
        ("X. Perú", None),
        ("Perú/a", "PER"),
        ("Estados Unidos/as", "USA"),
        ("N/A", None),
        ("COL/PER", None),
    ],
)
def test_another_form_of_what_a_list_knows(written: str, code: str | None) -> None:
    assert match_codes(pl.Series([written]), COUNTRIES)["code"].item() == code


def test_a_plural_is_looked_for_as_one_and_a_short_code_is_no_plural() -> None:
    classes = pl.DataFrame(
        {
            "code": ["T", "M"],
            "label_es": ["Turista", "Migrante"],
            "label_en": ["Tourist", "Migrant"],
            "valid_from": [None, None],
            "valid_to": [None, None],
            "aliases": ["", "RESIDENTE"],
        },
        schema_overrides={"valid_from": pl.String, "valid_to": pl.String},
    )
    found = match_codes(pl.Series(["turistas", "Residentes", "TS", "MS"]), classes)["code"]
    assert found.to_list() == ["T", "M", None, None]
