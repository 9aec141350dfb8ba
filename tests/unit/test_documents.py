"""How document numbers are standardised, and what their check digits say."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.ingest.check_digits import NATIONAL_ID_RULES, mrz_check_digit
from register.ingest.documents import DOCUMENT_FLAGS, standardise_documents


def one(number: str | None, kind: str | None = "passport", issuer: str | None = "COL") -> dict[str, object]:
    raw = pl.DataFrame(
        {"kind": [kind], "number": [number], "issuer": [issuer]},
        schema={"kind": pl.String, "number": pl.String, "issuer": pl.String},
    )
    return standardise_documents(raw).row(0, named=True)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("AB 123456", "AB123456"),
        (" ab-123.456 ", "AB123456"),
        ("087618", "087618"),
        ("1.037.555.204", "1037555204"),
        ("1037555204.0", "1037555204"),
        ("L898902C<", "L898902C"),
        ("ＡＢ１２３４", "AB1234"),
    ],
)
def test_one_writing_per_number(written: str, number: str) -> None:
    document = one(written)

    assert document["document_number"] == number
    assert document["document_flags"] is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("C.C. 1.037.555", "1037555"),
        ("CE-381654", "381654"),
        ("PAS: AB123456", "AB123456"),
        ("No. 381654", "381654"),
    ],
)
def test_the_kind_written_before_the_number_is_taken_off(written: str, number: str) -> None:
    document = one(written)

    assert document["document_number"] == number
    assert document["document_flags"] == "document_prefix"


@pytest.mark.parametrize("written", ["CC123456X", "PE1234567", "TI998877"])
def test_letters_that_belong_to_the_number_stay(written: str) -> None:
    assert one(written)["document_number"] == written


@pytest.mark.parametrize(
    "nothing",
    [
        "0",
        "000000",
        "999999",
        "1111111",
        "123456789",
        "NO TIENE",
        "INDOCUMENTADO",
        "S/N",
        "N/A",
        "XXXX",
        "-",
        "***",
    ],
)
def test_placeholders_are_no_numbers(nothing: str) -> None:
    document = one(nothing)

    assert document["document_number"] is None
    assert document["document_flags"] == "document_placeholder"


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_a_blank_is_no_number_and_no_fault(blank: str | None) -> None:
    document = one(blank)

    assert document["document_number"] is None
    assert document["document_flags"] is None


def test_a_number_that_a_spreadsheet_cut_short_is_lost() -> None:
    assert one("1,03756E+09")["document_number"] is None
    assert one("1.03756E+09")["document_flags"] == "document_damaged"


@pytest.mark.parametrize(("written", "flag"), [("12", "document_short"), ("ABCDE", "document_no_digits")])
def test_doubtful_numbers_are_kept_and_flagged(written: str, flag: str) -> None:
    document = one(written)

    assert document["document_number"] == written
    assert document["document_flags"] == flag


@pytest.mark.parametrize(
    ("one_writing", "other"), [("AO12345", "A012345"), ("I5B8Z2", "158822"), ("SO1234", "501234")]
)
def test_look_alikes_share_a_key_and_keep_their_number(one_writing: str, other: str) -> None:
    first, second = one(one_writing), one(other)

    assert first["document_confusion_key"] == second["document_confusion_key"]
    assert first["document_number"] == one_writing


def test_leading_zeros_and_the_venezuelan_letter_do_not_keep_keys_apart() -> None:
    assert one("087618")["document_bare_key"] == one("87618")["document_bare_key"]
    assert one("V-12.345.679", "national_id", "VEN")["document_bare_key"] == "12345679"
    assert one("V1234567", "passport", "VEN")["document_bare_key"] == "V1234567"


@pytest.mark.parametrize(
    ("text", "digit"),
    # The specimens of ICAO 9303-4, appendix B, and the check digit of an empty field.
    [
        ("L898902C3", 6),
        ("740812", 2),
        ("120415", 9),
        ("ZE184226B<<<<<", 1),
        ("<<<<<<<<<<<<<<", 0),
        ("a", None),
    ],
)
def test_check_digit_of_the_machine_readable_zone(text: str, digit: int | None) -> None:
    assert pl.DataFrame({"text": [text]}).select(mrz_check_digit(pl.col("text"))).item() == digit


@pytest.mark.parametrize(
    ("issuer", "valid"),
    [
        ("ECU", "1710034065"), ("CHL", "12.345.678-5"), ("CHL", "7.654.321-6"), ("BRA", "529.982.247-25"),
        ("ARG", "20-12345678-6"), ("ESP", "12345678Z"), ("ESP", "X1234567L"), ("URY", "1.234.567-2"),
        ("MEX", "HEGG560427MVZRRL04"), ("DOM", "00113918205"),
    ],
)  # fmt: skip
def test_check_digits_of_national_identity_numbers(issuer: str, valid: str) -> None:
    assert one(valid, "national_id", issuer)["document_check"] is True
    # Any other last character fails or, where the rule cannot be sure, is null.
    last = "A" if valid[-1].isalpha() else str((int(valid[-1]) + 1) % 10)
    assert one(valid[:-1] + last, "national_id", issuer)["document_check"] in (False, None)


def test_a_failed_check_is_flagged_and_changes_nothing() -> None:
    document = one("1710034066", "national_id", "ECU")

    assert document["document_number"] == "1710034066"
    assert document["document_flags"] == "document_check_failed"


@pytest.mark.parametrize(
    ("kind", "issuer", "number"),
    [("national_id", "COL", "1710034066"), ("passport", "ECU", "1710034066"), ("national_id", None, "1710034066"),
     ("national_id", "CHL", "1234567"), ("national_id", "ARG", "30123456"), ("national_id", "ECU", "A1234")],
)  # fmt: skip
def test_no_rule_gives_no_verdict(kind: str, issuer: str | None, number: str) -> None:
    assert one(number, kind, issuer)["document_check"] is None


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["national_id", "passport", None]),
            st.text(max_size=20) | st.from_regex("[0-9A-Z.-]{0,12}", fullmatch=True) | st.none(),
            st.sampled_from([*NATIONAL_ID_RULES, "COL", "VEN", None]),
        ),
        max_size=30,
    )
)
def test_any_number_is_standardised_once(rows: list[tuple[str | None, str | None, str | None]]) -> None:
    raw = pl.DataFrame(rows, schema=dict.fromkeys(("kind", "number", "issuer"), pl.String), orient="row")

    documents = standardise_documents(raw)
    again = standardise_documents(documents.select("kind", "issuer", number="document_number"))

    assert documents.select(raw.columns).equals(raw)
    assert again["document_number"].to_list() == documents["document_number"].to_list()
    assert documents["document_number"].drop_nulls().str.contains("^[A-Z0-9]+$").all()
    flags = set(documents["document_flags"].drop_nulls().str.split(";").explode(empty_as_null=True))
    assert flags <= set(DOCUMENT_FLAGS)
