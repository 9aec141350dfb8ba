"""How dates and times are read, by example."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.ingest.date_formats import EXCEL, check_date_format
from register.ingest.dates import DATE_REASONS, read_dates, read_datetimes

LATEST = date(2024, 12, 31)


def one_date(
    text: str | None, *formats: str, **options: object
) -> tuple[date | None, str | None, str | None]:
    read = read_dates(
        pl.Series([text], dtype=pl.String),
        formats,
        latest=LATEST,
        **options,  # type: ignore[arg-type]
    )
    return read.select("date", "precision", "reason").row(0)


@pytest.mark.parametrize(
    ("text", "format_", "meant"),
    [
        ("31/12/1975", "%d/%m/%Y", date(1975, 12, 31)),
        (" 1/2/1975 ", "%d/%m/%Y", date(1975, 2, 1)),
        ("1975-12-31", "%Y-%m-%d", date(1975, 12, 31)),
        ("19751231", "%Y%m%d", date(1975, 12, 31)),
        ("31121975", "%d%m%Y", date(1975, 12, 31)),
        ("12-ENE-1975", "%d-%b-%Y", date(1975, 1, 12)),
        ("12-sept.-1975", "%d-%b-%Y", date(1975, 9, 12)),
        ("12 de diciembre de 1975", "%d de %B de %Y", date(1975, 12, 12)),
        ("29/02/2024", "%d/%m/%Y", date(2024, 2, 29)),
        ("1975-12-31 00:00:00", "%Y-%m-%d", date(1975, 12, 31)),
        ("27485", EXCEL, date(1975, 4, 1)),
        ("27485.5", EXCEL, date(1975, 4, 1)),
    ],
)
def test_a_full_date(text: str, format_: str, meant: date) -> None:
    assert one_date(text, format_) == (meant, "day", None)


@pytest.mark.parametrize(
    ("text", "format_", "start", "precision"),
    [
        ("00/00/1975", "%d/%m/%Y", date(1975, 1, 1), "year"),
        ("00/05/1975", "%d/%m/%Y", date(1975, 5, 1), "month"),
        ("XX/05/1975", "%d/%m/%Y", date(1975, 5, 1), "month"),
        ("--/--/1975", "%d/%m/%Y", date(1975, 1, 1), "year"),
        ("05/1975", "%d/%m/%Y", date(1975, 5, 1), "month"),
        ("1975", "%d/%m/%Y", date(1975, 1, 1), "year"),
        ("1975-00-00", "%Y-%m-%d", date(1975, 1, 1), "year"),
        ("1975-05", "%Y-%m-%d", date(1975, 5, 1), "month"),
        ("19750000", "%Y%m%d", date(1975, 1, 1), "year"),
        ("197505", "%Y%m%d", date(1975, 5, 1), "month"),
        ("ENE-1975", "%d-%b-%Y", date(1975, 1, 1), "month"),
    ],
)
def test_a_partial_date_keeps_its_precision(text: str, format_: str, start: date, precision: str) -> None:
    assert one_date(text, format_) == (start, precision, None)


def test_partial_dates_can_be_refused() -> None:
    assert one_date("1975", "%d/%m/%Y", partial=False) == (None, None, "date_unreadable")


@pytest.mark.parametrize(
    "text",
    ["99999999", "00/00/0000", "0000-00-00", "01/01/0001", "01/01/1900", "31/12/9999", "SIN FECHA", "No registra",
     "dd/mm/aaaa", "//", "-", "N/A", "NULL", "9999"],
)  # fmt: skip
def test_placeholders_are_no_dates(text: str) -> None:
    assert one_date(text, "%d/%m/%Y", "%Y%m%d") == (None, None, "date_placeholder")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31/02/1975", "date_unreadable"),
        ("29/02/2023", "date_unreadable"),
        ("12/31/1975", "date_unreadable"),
        ("1975/12/31", "date_unreadable"),
        ("yesterday", "date_unreadable"),
        ("31/12/19750", "date_unreadable"),
        ("01/01/2025", "date_out_of_range"),
        ("31/12/1879", "date_out_of_range"),
    ],
)
def test_what_is_no_date_says_why(text: str, reason: str) -> None:
    assert one_date(text, "%d/%m/%Y") == (None, None, reason)


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_a_blank_is_no_date_and_no_fault(blank: str | None) -> None:
    assert one_date(blank, "%d/%m/%Y") == (None, None, None)


def test_a_year_is_within_the_bounds_when_some_day_of_it_is() -> None:
    bounds = {"earliest": date(1975, 6, 1)}

    assert one_date("1975", "%d/%m/%Y", **bounds)[1] == "year"
    assert one_date("05/1975", "%d/%m/%Y", **bounds)[2] == "date_out_of_range"


def test_formats_are_tried_in_order_and_the_first_possible_date_is_taken() -> None:
    assert one_date("03/04/1975", "%d/%m/%Y", "%m/%d/%Y")[0] == date(1975, 4, 3)
    assert one_date("12/31/1975", "%d/%m/%Y", "%m/%d/%Y")[0] == date(1975, 12, 31)


@pytest.mark.parametrize(
    ("text", "pivot", "year"),
    [("03/04/24", None, 2024), ("03/04/25", None, 1925), ("03/04/25", 30, 2025), ("03/04/31", 30, 1931)],
)
def test_two_digit_years_turn_at_the_pivot(text: str, pivot: int | None, year: int) -> None:
    read = read_dates(
        pl.Series([text]), ["%d/%m/%y"], latest=date(2024 if pivot is None else 2099, 12, 31), pivot=pivot
    )

    assert read["date"][0] == date(year, 4, 3)


@pytest.mark.parametrize(
    ("text", "format_", "moment", "precision"),
    [
        ("01/01/2019 02:42", "%d/%m/%Y %H:%M", datetime(2019, 1, 1, 2, 42), "minute"),
        ("01/01/2019  2:42", "%d/%m/%Y %H:%M", datetime(2019, 1, 1, 2, 42), "minute"),
        ("01/01/2019 24:00", "%d/%m/%Y %H:%M", datetime(2019, 1, 2), "minute"),
        ("01/01/2019", "%d/%m/%Y %H:%M", datetime(2019, 1, 1), "day"),
        ("2019-01-01T02:42:11-05:00", "%Y-%m-%dT%H:%M:%S%z", datetime(2019, 1, 1, 2, 42, 11), "second"),
        ("2019-01-01 02:42:11.123", "%Y-%m-%d %H:%M:%S", datetime(2019, 1, 1, 2, 42, 11), "second"),
        ("01/01/2019 02:42 p. m.", "%d/%m/%Y %I:%M %p", datetime(2019, 1, 1, 14, 42), "minute"),
        ("01/01/2019 12:05 AM", "%d/%m/%Y %I:%M %p", datetime(2019, 1, 1, 0, 5), "minute"),
        ("45000.5", EXCEL, datetime(2023, 3, 15, 12), "second"),
    ],
)
def test_a_moment(text: str, format_: str, moment: datetime, precision: str) -> None:
    read = read_datetimes(pl.Series([text]), [format_])

    assert read.row(0) == (text, moment, precision, None)


@pytest.mark.parametrize("text", ["01/01/2019 25:00", "01/01/2019 10:61", "31/02/2019 10:00", "10:00"])
def test_an_impossible_moment(text: str) -> None:
    assert read_datetimes(pl.Series([text]), ["%d/%m/%Y %H:%M"]).row(0) == (
        text,
        None,
        None,
        "date_unreadable",
    )


def test_a_format_is_checked_with_its_declaration() -> None:
    assert check_date_format("%d/%m/%Y") is None
    assert check_date_format(EXCEL) is None
    assert check_date_format("%d/%Q/%Y") == "%Q"
    assert check_date_format("%d/%m") == "%Y"
    with pytest.raises(ValueError, match="unknown directive"):
        read_dates(pl.Series(["1"]), ["%Q"])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=20) | st.none(), max_size=30))
def test_any_text_is_a_date_or_has_a_reason_or_is_blank(texts: list[str | None]) -> None:
    formats = ["%d/%m/%Y", "%Y%m%d", "%d-%b-%y", EXCEL]

    read = read_dates(pl.Series(texts, dtype=pl.String), formats)

    assert read["value"].to_list() == texts
    for text, day, precision, reason in read.rows():
        assert (day is None) == (precision is None)
        if day is not None:
            assert reason is None
        elif reason is None:
            assert (text or "").strip() == ""
        else:
            assert reason in DATE_REASONS


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(st.dates(date(1901, 1, 1), LATEST), max_size=30),
    st.sampled_from(["%d/%m/%Y", "%Y%m%d", "%Y-%m-%d"]),
)
def test_what_was_written_is_read(days: list[date], format_: str) -> None:
    written = pl.Series([day.strftime(format_) for day in days], dtype=pl.String)

    assert read_dates(written, [format_])["date"].to_list() == days


@pytest.mark.parametrize(
    ("text", "format_", "moment"),
    [
        ("1678026600", "epoch", "2023-03-05 14:30:00"),
        ("1678026600000", "epoch", "2023-03-05 14:30:00"),
        ("1678026600.25", "epoch-05:00", "2023-03-05 09:30:00"),
        ("1678071600", "epoch+05:30", "2023-03-06 08:30:00"),
        ("-86400", "epoch", "1969-12-31 00:00:00"),
        ("05/03/2023", "epoch", None),
        ("0", "epoch", None),
        ("1975", "epoch-05:00", None),
        ("18000", "epoch-05:00", "1970-01-01 00:00:00"),
        ("99999999999999999", "epoch", None),
    ],
)
def test_seconds_since_1970_are_read_in_the_local_time_of_a_zone(
    text: str, format_: str, moment: str | None
) -> None:
    read = read_datetimes(pl.Series([text]), [format_])["datetime"].item()
    assert (None if read is None else str(read)) == moment
