"""The declared tables: all there, read strictly, counted as a reader would count by hand."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from register.engine import Engine
from register.errors import DeclarationError
from register.release.declaration import TOTAL, load_releases
from register.release.published import MEASURES, derive
from register.release.tables import count_cells
from register.schema import load_schema, profile_directory

SCHEMAS = profile_directory() / "schemas"


def test_the_sixteen_tables_are_declared_with_sex_and_childhood() -> None:
    releases = load_releases(load_schema(SCHEMAS))
    assert [name for name in releases.tables if name != "open"] == [f"T{n:02}" for n in range(1, 17)]
    for name, table in releases.tables.items():
        if name != "open":
            assert "sex" in table.dimensions
            assert {"child", "age"} & set(table.dimensions)


@pytest.mark.parametrize(
    ("file", "before", "after", "key"),
    [
        ("T01.toml", 'source = "migration"', 'sauce = "migration"', "unknown_key"),
        ("T01.toml", '"nationality"]', '"nationalitty"]', "unknown_column"),
        ("T01.toml", 'title_en = "', 'title_xx = "', "unknown_key"),
        ("_dimensions.toml", 'codelist = "country"', 'codelist = "contry"', "unknown_codelist"),
        ("_periods.toml", '"T06"', '"T66"', "unknown_column"),
    ],
)
def test_a_misspelt_declaration_is_refused(
    tmp_path: Path, file: str, before: str, after: str, key: str
) -> None:
    shutil.copytree(SCHEMAS, tmp_path / "schemas")
    path = tmp_path / "schemas" / "releases" / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(DeclarationError) as refused:
        load_releases(load_schema(tmp_path / "schemas"))
    assert refused.value.key == key
    assert file in str(refused.value.where)


def test_cells_are_counted_with_every_margin() -> None:
    releases = load_releases(load_schema(SCHEMAS))
    rows = [
        {"unit_id": f"e{n}", "weight": weight, "draw": 0, "draw_weight": 1.0, "linkage": 0, "is_final": weight == 1,
         "year": 2020, "direction": "immigration",
         "sex": sex, "age": age, "citizenship_code": country}
        for n, (sex, age, country, weight) in enumerate(
            [("1", 3, "COL", 1.0), ("2", 16, "VEN", 1.0), ("2", 18, "VEN", 0.5), (None, None, None, 0.25)]
        )
    ]  # fmt: skip
    with Engine() as engine:
        engine.con.register("rows", pl.DataFrame(rows).to_arrow())
        engine.run("create temporary table source_migration as select * from rows")
        by_age = count_cells(
            engine, releases, releases.tables["T02"], {"country": "COL", "linkages": 4}, "s"
        ).frame
        by_nation = count_cells(
            engine, releases, releases.tables["T01"], {"country": "COL", "linkages": 4}, "s"
        ).frame
    ages = {(row["sex"], row["age"]): row["estimate"] for row in by_age.iter_rows(named=True)}
    assert ages[TOTAL, TOTAL] == 2.75
    assert ages[TOTAL, "Y0T17"] == 2.0
    assert ages["F", "Y15T19"] == 1.5
    assert ages["F", "Y15T17"] == 1.0
    assert ages["_U", "_U"] == 0.25
    nations = {(row["sex"], row["child"], row["nationality"]): row for row in by_nation.iter_rows(named=True)}
    assert nations["F", TOTAL, "FOR"]["estimate"] == 1.5
    assert nations["F", "Y_GE18", "FOR"]["variance"] == 0.25
    assert nations["_U", TOTAL, TOTAL]["final"] == 0
    # The same people are the same figure in both tables.
    key = by_age.filter(pl.col("sex") == TOTAL, pl.col("age") == TOTAL)["key"][0]
    assert nations[TOTAL, TOTAL, TOTAL]["key"] == key
    assert Counter(by_age["group"].to_list()).keys() == {0}


def test_another_linkage_adds_doubt_to_cells_and_nobody() -> None:
    """One woman goes in one of four linkages, and a man in another country comes in it: he makes no cell."""
    releases = load_releases(load_schema(SCHEMAS))
    rows = [
        {"unit_id": f"e{n}", "weight": weight, "draw": 0, "draw_weight": abs(weight), "linkage": linkage,
         "is_final": True, "year": 2020, "direction": "immigration", "sex": sex, "age": 30, "citizenship_code": country}
        for n, (sex, country, weight, linkage) in enumerate(
            [("2", "VEN", 1.0, 0), ("2", "VEN", -1.0, 1), ("1", "PER", 1.0, 1)]
        )
    ]  # fmt: skip
    with Engine() as engine:
        engine.con.register("rows", pl.DataFrame(rows).to_arrow())
        engine.run("create temporary table source_migration as select * from rows")
        told = count_cells(
            engine, releases, releases.tables["T01"], {"country": "COL", "linkages": 4}, "s"
        ).frame
    cells = {(row["sex"], row["child"], row["nationality"]): row for row in told.iter_rows(named=True)}
    assert {key[0] for key in cells} == {TOTAL, "F"}
    assert (cells["F", TOTAL, TOTAL]["n"], cells["F", TOTAL, TOTAL]["estimate"]) == (1, 1)
    # Between four draws, with the three degrees of freedom of Student's distribution.
    assert cells["F", TOTAL, TOTAL]["variance"] == pytest.approx((1 - 1 / 4) / 3 * 1.25 * 3)
    # Who goes and who comes leave the total as it is.
    assert cells[TOTAL, TOTAL, TOTAL]["variance"] == 0


def test_net_is_the_difference_of_what_is_published() -> None:
    table = load_releases(load_schema(SCHEMAS)).tables["T01"]
    lines = [
        ("2020", "immigration", 30.0, 3.0, "A", "F"),
        ("2020", "emigration", 12.0, 4.0, "P", "F"),
        ("2021", "emigration", None, None, "A", "C"),
    ]
    columns = ["year", "direction", "value", "standard_error", "obs_status", "conf_status"]
    totals = {name: pl.lit(TOTAL) for name in ("sex", "child", "nationality")}
    frame = pl.DataFrame(lines, schema=columns, orient="row").with_columns(
        **totals, share_final=pl.lit(None, pl.Float64)
    )
    frame = frame.select(*table.dimensions, *MEASURES)
    net = derive(frame, table).filter(pl.col("direction") == "net").sort("year").to_dicts()
    assert (net[0]["value"], net[0]["standard_error"], net[0]["obs_status"]) == (18.0, 5.0, "P")
    assert (net[1]["value"], net[1]["conf_status"]) == (None, "C")
