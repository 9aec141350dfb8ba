"""What the standardisation of names promises for any text."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.ingest.name_text import clean, phonetic_key, repair_mojibake
from register.ingest.names import DOUBT, LAYOUTS, NAME_FLAGS, learn_name_frequencies, standardise_names

WORDS = st.sampled_from(
    ["MARIA", "JOSE", "Muñoz", "de", "la", "CRUZ", "PEREZ", "del", "carmen", "Y", "-", "VDA", "DE", "JR",
     "NN", ",", "O'", "D'", "MC", "X", "NETO", "SAN", "SANTA", "DR.", "Ã±", "<", "<<", "LEON", "JESUS", "0"]
)  # fmt: skip
NAMES = st.lists(WORDS, max_size=7).map(" ".join) | st.text(max_size=25) | st.none()
COLUMNS = ("given_name", "surname_1", "surname_2")
RAW = ("given_name_raw", "surname_1_raw", "surname_2_raw")


def frame(rows: list[tuple[str | None, ...]], columns: tuple[str, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.tuples(NAMES, NAMES, NAMES), min_size=1, max_size=20))
def test_standardising_twice_is_standardising_once(rows: list[tuple[str | None, ...]]) -> None:
    once = standardise_names(frame(rows, RAW), "separate")

    again = standardise_names(once.select(**dict(zip(RAW, map(pl.col, COLUMNS), strict=True))), "separate")

    assert again.select(COLUMNS).rows() == once.select(COLUMNS).rows()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(NAMES, min_size=1, max_size=20), st.sampled_from(sorted(LAYOUTS)))
def test_any_text_is_standardised(texts: list[str | None], layout: str) -> None:
    columns = LAYOUTS[layout][-1]
    raw = frame([(text,) * len(columns) for text in texts], columns)

    names = standardise_names(raw, layout)

    assert names.select(raw.columns).equals(raw)
    for column in (
        *COLUMNS,
        "married_name",
        "given_key",
        "surname_1_key",
        "surname_2_key",
        "given_1",
        "given_2",
    ):
        written = names[column].drop_nulls()
        assert written.str.contains("^[A-Z]+(?: [A-Z]+)*$").all(), (column, written.to_list())
    flags = set(names["name_flags"].drop_nulls().str.split(";").explode(empty_as_null=True))
    assert flags <= set(NAME_FLAGS)
    assert names["name_doubt"].to_list() == [
        bool(set(DOUBT) & set((flags or "").split(";"))) for flags in names["name_flags"]
    ]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=20))
def test_cleaning_and_keys_take_any_text(texts: list[str]) -> None:
    values = pl.DataFrame({"text": texts}, schema={"text": pl.String})

    cleaned = values.select(clean(pl.col("text")))["text"]
    again = pl.DataFrame({"text": cleaned}).select(clean(pl.col("text")), key=phonetic_key(pl.col("text")))

    assert again["text"].to_list() == cleaned.to_list()
    assert again["key"].is_null().to_list() == cleaned.is_null().to_list()


def test_mojibake_is_repaired_only_where_it_is_certain() -> None:
    text = pl.DataFrame({"text": ["NuÃ±ez", "NÃºÃ±ez", "Ã\x81lvarez", "PeÃƒÂ±a", "JOÃO", "Núñez", "Â"]})

    repaired = text.select(repair_mojibake(pl.col("text")))["text"].to_list()

    assert repaired == ["Nuñez", "Núñez", "Álvarez", "Peña", "JOÃO", "Núñez", "Â"]


def test_further_columns_and_the_order_of_rows_are_kept() -> None:
    raw = frame([("B", "LOPEZ", None, "2"), ("A", "PEREZ", None, "1"), (None, None, None, "3")], (*RAW, "n"))

    names = standardise_names(raw, "separate")

    assert names["n"].to_list() == ["2", "1", "3"]
    assert names.columns[:4] == [*RAW, "n"]


def test_no_rows_give_no_rows() -> None:
    for layout, inputs in LAYOUTS.items():
        assert standardise_names(frame([], inputs[0]), layout).height == 0


def test_an_unknown_layout_or_a_missing_column_is_a_defect() -> None:
    with pytest.raises(ValueError, match="unknown name layout"):
        standardise_names(frame([], RAW), "sideways")
    with pytest.raises(ValueError, match="needs the columns"):
        standardise_names(frame([], RAW), "mrz")


def test_frequencies_count_words_of_given_names_and_whole_surnames() -> None:
    names = standardise_names(
        frame([("MARIA ELENA", "DE LA CRUZ", "ROSA"), ("ROSA", "DE LA CRUZ", None)], RAW), "separate"
    )

    known = learn_name_frequencies([names, names])

    assert {row["token"]: (row["n_given"], row["n_surname"]) for row in known.to_dicts()} == {
        "MARIA": (2, 0),
        "ELENA": (2, 0),
        "ROSA": (2, 2),
        "DE LA CRUZ": (0, 4),
    }


def test_nothing_learnt_is_an_empty_table() -> None:
    assert learn_name_frequencies([]).columns == ["token", "n_given", "n_surname"]
