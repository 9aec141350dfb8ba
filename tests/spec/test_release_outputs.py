"""What a release holds: every table in every form, the same figures in each, protected, noted and readable."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from pysdmx.io import get_datasets, read_sdmx

from register.commands import make_release
from register.errors import DisclosureError, UsageError
from register.release.declaration import TOTAL
from register.release.identifiers import check_files
from register.run import find_run
from register.tables import open_tables, query_tables
from tests.kit.release import MONTH, built_project, copy_of, release_folder, released

TABLES = [*(f"T{n:02}" for n in range(1, 15)), "T16"]


@pytest.fixture(scope="module")
def folder() -> Path:
    return release_folder(released()[0])


def tidy(folder: Path, name: str) -> pl.DataFrame:
    types = {"value": pl.Float64, "standard_error": pl.Float64, "share_final": pl.Float64}
    frame = pl.read_csv(folder / "csv" / f"{name}.csv", infer_schema=False)
    return frame.cast({key: kind for key, kind in types.items() if key in frame.columns})


def test_every_table_is_there_in_every_form(folder: Path) -> None:
    outcome = released()[1]
    assert sorted(outcome.cells) == [*TABLES, "open"]
    assert outcome.left_out == {"T15": "partner"}
    for name in TABLES:
        assert (folder / "sdmx" / f"{name}.csv").is_file()
        assert (folder / "csv" / f"{name}.csv").is_file()
    for language in ("es", "en"):
        for file in (f"register_{language}.xlsx", f"report_{language}.html", f"quality_{language}.html"):
            assert (folder / file).is_file()


@pytest.mark.parametrize("name", TABLES[:13])
def test_every_figure_is_a_multiple_of_the_base(folder: Path, name: str) -> None:
    frame = tidy(folder, name)
    counts = frame.filter(pl.col("recorded") != "RATE") if "recorded" in frame.columns else frame
    assert len(counts)
    assert (counts["value"] % 3 == 0).all()


def test_one_total_stands_in_all_tables(folder: Path) -> None:
    def totals(name: str) -> pl.DataFrame:
        frame = tidy(folder, name).filter(pl.col("direction") != "net")
        margins = [
            c for c in frame.columns[: frame.columns.index("value")] if c not in ("year", "direction", "rule")
        ]
        frame = frame.filter(*(pl.col(c) == TOTAL for c in margins))
        if "rule" in frame.columns:
            frame = frame.filter(pl.col("rule") == "estimated")
        return frame.select("year", "direction", "value").sort("year", "direction")

    first = totals("T01")
    assert len(first) >= 4
    for name in ("T02", "T03", "T04", "T05", "T07", "T16"):
        assert totals(name).equals(first), name


def test_the_accounting_equation_closes(folder: Path) -> None:
    frame = tidy(folder, "T11")
    wide = frame.filter(*(pl.col(name) == TOTAL for name in ("sex", "child", "nationality")))
    wide = wide.pivot("component", index="year", values="value").fill_null(0)
    assert (
        wide["P0"] + wide["BIRTH"] - wide["DEATH"] + wide["IMMIG"] - wide["EMIG"] + wide["RESID"]
        == wide["P1"]
    ).all()
    ends = dict(zip(wide["year"], wide["P1"], strict=True))
    starts = dict(zip(wide["year"], wide["P0"], strict=True))
    assert all(
        ends[str(int(year) - 1)] == value for year, value in starts.items() if str(int(year) - 1) in ends
    )


def test_stock_and_flows_are_those_of_the_run(folder: Path) -> None:
    project = released()[0]
    stock = query_tables(
        project, "select year(reference_date)::varchar y, sum(estimate) e from stock group by 1"
    )
    flow = query_tables(
        project, "select year::varchar y, direction d, sum(estimate) e from flow group by all"
    )
    accounts = tidy(folder, "T11").filter(
        pl.col("component") == "P0", *(pl.col(n) == TOTAL for n in ("sex", "child", "nationality"))
    )
    found = accounts.join(stock, left_on="year", right_on="y")
    assert len(found) >= 2
    assert ((found["value"] - found["e"]).abs() < 3).all()
    flows = tidy(folder, "T01").filter(*(pl.col(n) == TOTAL for n in ("sex", "child", "nationality")))
    both = flows.join(flow, left_on=["year", "direction"], right_on=["y", "d"])
    assert len(both) == len(flow)
    assert ((both["value"] - both["e"]).abs() < 3).all()


def test_the_open_series_has_the_layout_that_stacks(folder: Path) -> None:
    frame = pl.read_csv(folder / "csv" / f"open_{MONTH}.csv")
    assert frame.columns == [
        *("year_month", "month_of_release", "direction", "citizenship", "visa", "country_of_residence"),
        *("estimate", "standard_error", "status"),
    ]
    assert frame["month_of_release"].unique().to_list() == [MONTH]
    assert set(frame["status"].unique()) <= {"Final", "Provisional"}


def test_sdmx_is_read_back(folder: Path) -> None:
    for structures in ("structures.xml", "structures.json"):
        message = read_sdmx(folder / "sdmx" / structures, validate=True)
        assert {f.id for f in message.get_dataflows()} == {*TABLES, "OPEN"}
        lists = {codelist.id for codelist in message.get_codelists()}
        assert {"CL_AREA", "CL_SEX", "CL_AGE", "CL_OBS_STATUS", "CL_CONF_STATUS"} <= lists
    for name in TABLES:
        dataset = get_datasets(folder / "sdmx" / f"{name}.csv", folder / "sdmx" / "structures.xml")[0]
        schema = dataset.structure
        data = dataset.data
        keys = [dimension.id for dimension in schema.components.dimensions]
        assert not data.duplicated(keys).any(), name
        for component in [*schema.components.dimensions, *schema.components.attributes]:
            if component.local_codes is not None:
                codes = {code.id for code in component.local_codes.items}
                assert set(data[component.id].dropna()) <= codes, (name, component.id)
        published = tidy(folder, name)
        assert len(data) == len(published)
        assert float(data["OBS_VALUE"].astype(float).sum()) == pytest.approx(published["value"].sum())


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_workbook_opens_with_cover_contents_notes_and_a_sheet_a_table(
    folder: Path, language: str
) -> None:
    book = openpyxl.load_workbook(folder / f"register_{language}.xlsx")
    assert book.sheetnames[3:] == sorted([*TABLES, "open"])
    for name in ("T01", "T13"):
        sheet = book[name]
        assert not sheet.merged_cells.ranges
        assert len(sheet.tables) == 1
        rows = list(sheet.iter_rows(min_row=5, values_only=True))
        published = tidy(folder, name)
        assert len(rows) - 1 == len(published)
        assert all(cell is not None for row in rows for cell in row)
        place = len(rows[0]) - 4
        assert [row[place] for row in rows[1:]] == published["value"].to_list()
    links = [cell.hyperlink.location for cell in book[book.sheetnames[1]]["A"] if cell.hyperlink]
    assert len(links) == len(TABLES) + 1


def test_years_that_were_not_like_others_say_so_everywhere(folder: Path) -> None:
    notes = pl.read_csv(folder / "csv" / "periods.csv")
    assert any("2020" in str(years) for years in notes["years"])
    for language, word in (("es", "Cierre de fronteras"), ("en", "Borders were closed")):
        assert word in (folder / f"report_{language}.html").read_text("utf-8")
        book = openpyxl.load_workbook(folder / f"register_{language}.xlsx", read_only=True)
        assert any(
            word in str(cell) for row in book["T01"].iter_rows(values_only=True, max_row=4) for cell in row
        )


def test_the_process_log_has_the_phases_of_the_office(folder: Path) -> None:
    log = pl.read_csv(folder / "csv" / "gsbpm.csv", infer_schema=False)
    assert {"ingest", "link", "flows", "release"} <= set(log["stage"])
    page = (folder / "quality_es.html").read_text("utf-8")
    assert ">otros vínculos posibles<" in page, "on a page in words"
    assert re.search(r">\d{4}-\d\d-\d\d \d\d:\d\d UTC<", page)
    assert "Recolección o acopio" in set(log["phase"])
    assert {"6.4", "7.2"} <= set(log["code"])


def section(folder: Path, name: str) -> str:
    page = (folder / "report_es.html").read_text("utf-8")
    return page.split(f'<section id="{name}">')[1].split("</section>")[0]


def test_the_report_shows_every_rule_beside_what_is_published(folder: Path) -> None:
    rules = set(tidy(folder, "T16")["rule"])
    assert rules == {"estimated", "6-of-12", "9-of-12", "12-of-16", "12-consecutive"}
    for rule in ("6 de 12 meses", "9 de 12 meses", "12 de 16 meses", "12 meses seguidos"):
        assert f">{rule}<" in section(folder, "T16"), rule


@pytest.mark.parametrize("name", ["T03", "T05", "T06"])
def test_the_table_of_a_report_has_what_is_not_known_too_so_that_its_sums_close(
    folder: Path, name: str
) -> None:
    told = section(folder, name)
    year = re.search(r"<caption>[^<]*, (\d{4})</caption>", told)
    assert year
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", told.split("<tbody>")[1].split("</tbody>")[0], re.DOTALL)
    shown: dict[str, float] = {}
    for row in rows:
        _, way, figure, *_ = (
            re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        )
        shown[way] = shown.get(way, 0.0) + float(figure.split("\xa0")[0].replace("\u202f", ""))
    frame = tidy(folder, name).filter(
        pl.col("year") == year[1], pl.col("sex") == TOTAL, pl.col("child") == TOTAL
    )
    free = next(column for column in frame.columns if column in ("citizenship", "counterpart", "document"))
    if "nationality" in frame.columns:
        frame = frame.filter(pl.col("nationality") == TOTAL)
    whole = dict(frame.filter(pl.col(free) == TOTAL).select("direction", "value").iter_rows())
    assert shown == {"Inmigración": whole["immigration"], "Emigración": whole["emigration"]}


def test_the_spanish_report_names_the_tables_of_the_united_nations_in_spanish(folder: Path) -> None:
    text = (folder / "report_es.html").read_text("utf-8")
    assert "Migrantes internacionales que entran y que salen, por país de nacimiento" in text
    assert not re.search(r"(?i)\b(incoming|departing|residents|stock of|migrants)\b", text)


def test_the_hatched_area_of_the_map_is_drawn_once(folder: Path) -> None:
    """A browser that prints makes an image of the size of the map of each hatched shape: one for each was 12 MB."""
    page = (folder / "report_es.html").read_text("utf-8")
    assert page.count('fill="url(#none)"') == len(["the area", "its sign"])


def test_no_file_points_outside(folder: Path) -> None:
    for path in folder.glob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"https?:|//[a-z]|@import|<script|<link|src=", text), path.name


def test_an_identifier_in_a_file_stops_the_release(tmp_path: Path) -> None:
    project = released()[0]
    with open_tables(project, find_run(project.runs)) as engine:
        person = engine.rows("select person_id from person limit 1")[0][0]
        name = engine.rows(
            "select given_1, surname_1, surname_2 from identity "
            "where surname_2 is not null and length(given_1) > 2 limit 1"
        )[0]
        check_files(engine, release_folder(project), set())
        for text, kind in ((f"cell,{person},3", "person_id"), (" ".join(name).title(), "name")):
            (tmp_path / "t.csv").write_text(f"a,b\n{text}\n")
            with pytest.raises(DisclosureError) as stopped:
                check_files(engine, tmp_path, set())
            assert stopped.value.values["kind"] == kind
            assert not {person, name[1]} & set(re.findall(r"\w+", stopped.value.message()))


def test_the_next_release_is_compared_with_this_one_and_revisions_stack(tmp_path: Path) -> None:
    project = copy_of(released()[0], tmp_path)
    (project.root / "partners").mkdir()
    (project.root / "partners" / "ecu.csv").write_text(
        "country,year,direction,sex,child,value\nVEN,2021,emigration,_T,_T,90\nVEN,2021,immigration,_T,_T,30\n"
    )
    outcome = make_release(project, None, None, "2023-07")
    assert outcome.compared_with == MONTH
    folder = release_folder(project)
    triangle = tidy(folder, "T14")
    assert sorted(triangle["vintage"].unique()) == [MONTH, "2023-07"]
    # Nothing changed in the records: nothing changes in what is published.
    first, second = (
        triangle.filter(pl.col("vintage") == month).drop("vintage") for month in (MONTH, "2023-07")
    )
    assert first.equals(second)
    stacked = sorted(path.name for path in project.vintages.glob("*.csv"))
    assert stacked == ["2023-06.csv", "2023-06.years.csv", "2023-07.csv", "2023-07.years.csv"]
    mirror = tidy(folder, "T15").filter(pl.col("sex") == TOTAL, pl.col("child") == TOTAL)
    theirs = mirror.filter(pl.col("mirror") == "THEIRS").sort("direction")
    assert theirs.select("direction", "value").rows() == [("emigration", 30.0), ("immigration", 90.0)]
    assert (mirror.filter(pl.col("mirror") == "OURS")["value"] > 0).all()


def test_a_refused_release_leaves_the_old_one_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_of(released()[0], tmp_path)
    folder = release_folder(project)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def refuse(*_: object) -> None:
        raise DisclosureError("cell_recoverable", count=1)

    monkeypatch.setattr("register.release.publish.check_files", refuse)
    with pytest.raises(DisclosureError):
        make_release(project, None, None, "2023-08")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert not (project.vintages / "2023-08.csv").exists()


@pytest.mark.parametrize(
    ("method", "month", "key"), [("rounding", None, "unknown_method"), (None, "06-2023", "bad_month")]
)
def test_a_wrong_option_is_refused(method: str | None, month: str | None, key: str) -> None:
    with pytest.raises(UsageError) as refused:
        make_release(built_project(), None, method, month)
    assert refused.value.key == key


def test_a_missing_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("register.release")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(UsageError) as refused:
        make_release(built_project(), None, None, None)
    assert "migration-register[release]" in refused.value.message("en")
