"""Numbers as each language writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.errors import QualityError
from register.locale.numbers import Figure, Figures, Share, balance, decimal, number, percent, significant


@pytest.mark.parametrize(
    ("value", "spanish", "english"),
    [
        (1234567, "1\u202f234\u202f567", "1\u202f234\u202f567"),
        (-4, "\u22124", "\u22124"),
        (0.25, "0,2", "0.2"),
        (12.0, "12", "12"),
        (-0.0, "0", "0"),
    ],
)
def test_a_number_is_whole_if_it_is(value: float, spanish: str, english: str) -> None:
    assert (number(value, "es"), number(value, "en")) == (spanish, english)


def test_what_rounds_to_zero_is_not_below_zero() -> None:
    assert decimal(-0.001, 1, "en") == "0.0"
    assert decimal(-0.001, 1, "es", sign=True) == "+0,0"


def test_a_share_in_per_cent() -> None:
    assert percent(0.9999, 2, "es") == "99,99\u00a0%"
    assert percent(-0.074, 1, "en", sign=True) == "\u22127.4%"


@pytest.mark.parametrize(
    ("value", "figures", "spanish", "english"),
    [
        (48_258_494, 6, "48\u202f258\u202f494", "48\u202f258\u202f494"),
        (1234.5678, 6, "1\u202f234,57", "1\u202f234.57"),
        (0.3, 6, "0,3", "0.3"),
        (120.0, 6, "120", "120"),
        (0.000034, 1, "0,00003", "0.00003"),
        (0.0, 6, "0", "0"),
        (float("-inf"), 6, "\u2212\u221e", "\u2212\u221e"),
    ],
)
def test_figures_that_count(value: float, figures: int, spanish: str, english: str) -> None:
    assert (significant(value, figures, "es"), significant(value, figures, "en")) == (spanish, english)


def test_totals_that_exclude_one_another_are_written_in_the_reader_s_language() -> None:
    totals = Figures((Figure(48_258_494.2, label="sexo: 1"), Figure(0.25, label="edad: 2")))
    error = QualityError(
        "benchmarks_conflict", count=2, members=totals, bounds=Figures((Figure(0.3), Figure(3)), " – ")
    )
    assert "w/d en 0,3 – 3 cumple" in error.message("es")
    assert "sexo: 1 = 48\u202f258\u202f494; edad: 2 = 0,25." in error.message("es")
    assert "edad: 2 = 0.25." in error.message("en")


def test_a_share_in_a_message_is_written_as_its_language_writes_it() -> None:
    error = QualityError(
        "too_many_rejected", declaration="d", share=Share(0.1234), allowed=Share(0.02), reason="r"
    )
    assert "12,3\u00a0%" in error.message("es")
    assert "2,0\u00a0%" in error.message("es")
    assert "12.3%" in error.message("en")


def test_one_total_that_cannot_be_met_is_not_called_several() -> None:
    alone = Figures((Figure(45, label="edad: 0-14"),))
    error = QualityError(
        "benchmarks_conflict", count=1, members=alone, bounds=Figures((Figure(0.95), Figure(1.05)), " – ")
    )
    assert "cumple este total, ni siquiera solo: edad: 0-14 = 45." in error.message("es")
    assert "meet this total, not even alone: edad: 0-14 = 45." in error.message("en")


@pytest.mark.parametrize("digits", [0, 1])
@given(arrivals=st.floats(0, 1e7), departures=st.floats(0, 1e7))
def test_a_balance_is_what_a_reader_who_subtracts_finds(
    arrivals: float, departures: float, digits: int
) -> None:
    def shown(value: float) -> Decimal:
        return Decimal(decimal(value, digits, "en").replace("\u202f", "").replace("\u2212", "-"))

    assert shown(arrivals) - shown(departures) == shown(balance(arrivals, departures, digits))
