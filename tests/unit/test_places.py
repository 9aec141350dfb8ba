"""How municipalities are matched, and what is said when they are not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.ingest.places import PLACE_HOW, match_municipalities

MUNICIPALITIES = pl.DataFrame(
    [
        ("05001", "Medellín", "MED", "05"),
        ("05059", "Armenia", "", "05"),
        ("11001", "Bogotá, D. C.", "BOGOTA|SANTAFE DE BOGOTA", "11"),
        ("13001", "Cartagena de Indias", "CARTAGENA|CTG", "13"),
        ("13244", "El Carmen de Bolívar", "", "13"),
        ("47001", "Santa Marta", "", "47"),
        ("63001", "Armenia", "", "63"),
        ("76001", "Cali", "SANTIAGO DE CALI", "76"),
        ("76109", "Buenaventura", "", "76"),
        ("76111", "Guadalajara de Buga", "BUGA", "76"),
    ],
    schema=["code", "label_es", "aliases", "department_code"],
    orient="row",
).with_columns(label_en="label_es", valid_from=pl.lit(""), valid_to=pl.lit(""))
DEPARTMENTS = pl.DataFrame(
    [
        ("05", "Antioquia", ""),
        ("11", "Bogotá, D. C.", "BOGOTA"),
        ("13", "Bolívar", ""),
        ("25", "Cundinamarca", ""),
        ("47", "Magdalena", ""),
        ("63", "Quindío", ""),
        ("76", "Valle del Cauca", "VALLE"),
    ],
    schema=["code", "label_es", "aliases"],
    orient="row",
)


def one(
    municipality: str | None, department: str | None = None, threshold: float = 88.0
) -> dict[str, object]:
    values = pl.DataFrame(
        {"municipality": [municipality], "department": [department]},
        schema={"municipality": pl.String, "department": pl.String},
    )
    return match_municipalities(values, MUNICIPALITIES, DEPARTMENTS, threshold=threshold).row(0, named=True)


@pytest.mark.parametrize(
    ("municipality", "department", "code", "how"),
    [
        ("MEDELLÍN", "Antioquia", "05001", "label"),
        ("medellin", "ANTIOQUIA", "05001", "label"),
        ("BOGOTÁ, D.C.", "Bogotá, D.C.", "11001", "label"),
        ("Santafé de Bogotá", None, "11001", "alias"),
        ("CTG", "BOLIVAR", "13001", "alias"),
        ("Carmen de Bolívar", "Bolívar", "13244", "alias"),
        ("Sta. Marta", "MAGDALENA", "47001", "label"),
        ("Municipio de Cali", "Valle", "76001", "label"),
        ("5001", None, "05001", "code"),
        ("05001", "Antioquia", "05001", "code"),
        # The department tells the two Armenias apart; without it nothing is guessed.
        ("ARMENIA", "Quindío", "63001", "label"),
        ("ARMENIA", None, None, "ambiguous"),
        # The department may stand beside the municipality, in one cell.
        ("ARMENIA (QUINDÍO)", None, "63001", "label"),
        ("Cali, Valle del Cauca", None, "76001", "label"),
        ("ARMENIA - ANTIOQUIA", "Antioquia", "05059", "label"),
        ("ARMENIA - ANTIOQUIA", "Quindío", None, "unknown"),
        # A department that nobody can read is no department.
        ("CALI", "Narnia", "76001", "label"),
        ("Narnia", "Antioquia", None, "unknown"),
        (None, "Antioquia", None, None),
        ("", "", None, None),
    ],
)
def test_by_code_by_name_in_the_department_or_by_a_unique_name(
    municipality: str | None, department: str | None, code: str | None, how: str | None
) -> None:
    match = one(municipality, department)

    assert (match["municipality_code"], match["how"]) == (code, how)


@pytest.mark.parametrize(
    ("municipality", "department", "code"),
    [
        ("MEDELIN", "Antioquia", "05001"),
        ("BUENAVENTRA", None, "76109"),
        ("DE INDIAS CARTAGENA", "Bolívar", "13001"),
    ],
)
def test_a_similar_name_is_taken_and_said_to_be_similar(
    municipality: str, department: str | None, code: str
) -> None:
    match = one(municipality, department)

    assert (match["municipality_code"], match["how"]) == (code, "similar")
    assert 88 <= float(str(match["score"])) <= 100


def test_below_the_threshold_it_is_only_a_suggestion() -> None:
    match = one("MEDELIN", "Antioquia", threshold=99)

    assert (match["municipality_code"], match["how"], match["suggestion"]) == (None, "unknown", "05001")


def test_two_equally_similar_names_are_not_decided_between() -> None:
    twins = pl.concat([MUNICIPALITIES, MUNICIPALITIES.filter(pl.col("code") == "05001").with_columns(
        code=pl.lit("05002"), label_es=pl.lit("Medellon"), label_en=pl.lit("Medellon"), aliases=pl.lit("")
    )])  # fmt: skip

    match = match_municipalities(
        pl.DataFrame({"municipality": ["MEDELLAN"], "department": ["Antioquia"]}),
        twins,
        DEPARTMENTS,
        threshold=85,
    )

    assert match["how"][0] == "unknown"


@pytest.mark.parametrize(
    ("municipality", "department", "suggestion"),
    [("BOGOTA", "CUNDINAMARCA", "11001"), ("05001", "Quindío", "05001"), ("ARMENIA", "Bolívar", None)],
)
def test_a_municipality_of_another_department_is_a_conflict(
    municipality: str, department: str, suggestion: str | None
) -> None:
    match = one(municipality, department)

    assert (match["municipality_code"], match["how"], match["suggestion"]) == (None, "conflict", suggestion)


def test_the_department_is_the_stated_one_or_else_the_municipalitys() -> None:
    assert one("CALI", None)["department_code"] == "76"
    assert one("Narnia", "VALLE")["department_code"] == "76"
    assert one("BOGOTA", "CUNDINAMARCA")["department_code"] == "25"
    assert one("CALI", "Narnia")["department_how"] == "unknown"


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.text(max_size=12) | st.sampled_from(["CALI", "ARMENIA", "CALII", "76001", "S"]) | st.none(),
            st.text(max_size=8) | st.sampled_from(["VALLE", "Quindío", "05"]) | st.none(),
        ),
        max_size=20,
    )
)
def test_every_pair_has_its_row_in_order(pairs: list[tuple[str | None, str | None]]) -> None:
    values = pl.DataFrame(
        pairs, schema=dict.fromkeys(("municipality", "department"), pl.String), orient="row"
    )

    matched = match_municipalities(values, MUNICIPALITIES, DEPARTMENTS)

    assert matched.select(values.columns).equals(values)
    assert set(matched["how"].drop_nulls()) <= set(PLACE_HOW)
    coded = matched.filter(pl.col("how").is_in(["code", "label", "alias", "similar"]))
    assert coded["municipality_code"].null_count() == 0
    assert (
        matched.filter(pl.col("how").is_in(["conflict", "ambiguous", "unknown"]))["municipality_code"]
        .is_null()
        .all()
    )
