"""Explanations add up: a pair's steps to its weight, a cell's units to its figure; and they name nobody."""

from __future__ import annotations

import json
import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.country import built_country

from register.errors import UsageError
from register.link.predict import IDENTICAL
from register.linked import rules_of
from register.project import Project
from register.run import find_run
from register.tables import open_tables, query_tables
from register.trace.cell import certain, explain_cell
from register.trace.chain import path, strongest_tree
from register.trace.named import name_records
from register.trace.pair import compared_rows, explain_pair
from register.trace.target import read_cell
from register.trace.timeline import LETTER, WIDTH, _place
from register.trace.weigh import weigh
from tests.cli.test_commands import run
from tests.kit.release import built_project, released


@pytest.fixture(scope="module")
def project() -> Project:
    """A small synthetic country. Read it only."""
    return built_project()


@pytest.fixture(scope="module")
def country() -> Project:
    """Eleven people whose lives are known. Read it only."""
    return built_country().project


# --- pairs --------------------------------------------------------------------------------------------------------


def test_the_steps_of_every_pair_add_up_to_the_weight_that_the_run_gave_it(project: Project) -> None:
    found = query_tables(
        project,
        "select identity_id_l, identity_id_r, match_weight, match_key from pair "
        "order by hash(identity_id_l, identity_id_r) limit 300",
    ).rows()
    run_of = find_run(project.runs)
    with open_tables(project, run_of) as engine:
        rules = rules_of(project, run_of)
        weighed = weigh(engine.con, rules, [row[:2] for row in found], compared_rows(run_of))
    names = [block.name for block in rules.blocks]
    for (left, right, weight, key), told in zip(found, weighed, strict=True):
        assert (told.identity_id_l, told.identity_id_r) == (left, right)
        if key == "identical":
            assert told.is_identical
            assert told.weight == IDENTICAL
            continue
        assert told.weight == pytest.approx(weight, abs=2e-4)
        assert told.prior + sum(s.weight + s.rarity for s in told.steps) == pytest.approx(weight, abs=2e-3)
        # the block that found the pair is the first that brings it together
        assert names[told.blocks[0] - 1] == key


def test_a_pair_is_named_by_identities_or_by_records(country: Project) -> None:
    visa = query_tables(country, "select identity_id from mention where source = 'visa'").item()
    by_records = explain_pair(country, "visa:V01", "birth:N01:mother")
    mother = query_tables(country, "select identity_id from mention where role = 'mother'").item()
    assert explain_pair(country, visa, mother) == by_records
    assert explain_pair(country, "birth:N01:mother", "V01") == by_records
    assert by_records.is_one
    assert {(record.source, record.name) for record in by_records.records} >= {
        ("visa", "V01"),
        ("birth", "N01"),
    }


def test_two_who_never_met_are_told_apart_with_the_reason(country: Project) -> None:
    found = explain_pair(country, "visa:V01", "death:D01")
    assert not found.is_one
    assert found.weighed.weight < found.review
    assert found.blocks == []
    birth_date = next(step for step in found.weighed.steps if step.concept == "birth_date")
    assert birth_date.level == "other"
    assert birth_date.weight < 0


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        ("visa:V01", "visa:V99", "no_identity"),
        ("visa:V01", "birth:N01", "several_identities"),
        ("visa:V01", "V01", "same_identity"),
    ],
)
def test_a_pair_that_cannot_be_meant(country: Project, one: str, other: str, key: str) -> None:
    with pytest.raises(UsageError) as refused:
        explain_pair(country, one, other)
    assert refused.value.key == key


# --- chains -------------------------------------------------------------------------------------------------------

Edges = dict[tuple[int, int], int]
edges = st.dictionaries(
    st.sampled_from(list(combinations(range(7), 2))), st.integers(1, 30), min_size=1, max_size=14
)


def widest(edges: Edges, start: int, end: int) -> int | None:
    """The weakest link of the best way, tried by leaving out ever more links."""
    for least in sorted(set(edges.values()), reverse=True):
        seen = {start}
        for _ in range(7):
            for (a, b), weight in edges.items():
                if weight >= least and len({a, b} & seen) == 1:
                    seen |= {a, b}
        if end in seen:
            return least
    return None


@settings(max_examples=60, deadline=None)
@given(edges)
def test_the_way_along_the_tree_has_the_strongest_weakest_link(edges: Edges) -> None:
    tree = strongest_tree([(str(a), str(b), float(w)) for (a, b), w in edges.items()])
    for start, end in combinations(range(7), 2):
        way = path(tree, str(start), str(end))
        best = widest(edges, start, end)
        assert (min(link[2] for link in way) if way else None) == best
        if way:
            assert (way[0][0], way[-1][1]) == (str(start), str(end))
            assert all(one[1] == other[0] for one, other in pairwise(way))


# --- cells --------------------------------------------------------------------------------------------------------


def test_every_cell_of_the_flows_is_the_sum_of_its_events(country: Project) -> None:
    cells = query_tables(
        country,
        "select year, direction, sex, coalesce(citizenship_code, '_U') as c, sum(estimate) as n, "
        "sqrt(sum(standard_error ** 2)) as e from flow group by all order by all",
    ).rows()
    assert len(cells) > 4
    crossings = set(
        query_tables(country, "select 'crossing:' || record_key as k from mention where source = 'crossing'")[
            "k"
        ]
    )
    for year, direction, sex, citizenship, estimate, error in cells:
        found = explain_cell(
            country, f"flow/{year}/{direction}/sex={sex}/citizenship_code={citizenship}", None, "en"
        )
        assert found.estimate == pytest.approx(estimate, abs=1e-6)
        assert found.standard_error == pytest.approx(error, abs=1e-6)
        assert found.n_final + found.n_open == len(found.units)
        for unit in found.units:
            assert set(unit["records"]) | set(unit["around"]) <= crossings


def test_who_migrates_twice_in_a_year_is_counted_twice() -> None:
    shares = {1.0: True, 2.0: True, 1.5: True, 0.99999: True, 0.4: False}
    assert certain([{"share": share, "is_final": is_final} for share, is_final in shares.items()]) == 5


def test_the_emigration_of_horacio_rests_on_his_crossing(country: Project) -> None:
    found = explain_cell(country, "flow/2022/emigration/citizenship_code=CHL", None, "es")
    (unit,) = found.units
    assert str(unit["day"]) == "2022-09-20"
    assert len(unit["records"]) == 1
    (day,) = query_tables(
        country,
        "select crossed_at::date::varchar as d from crossing join mention using (record_id) "
        f"where 'crossing:' || mention.record_key = '{unit['records'][0]}'",
    )["d"]
    assert day == "2022-09-20"
    assert list(found.labels.values()) == ["2022", "Emigración", "Chile"]


def test_the_stock_is_the_sum_of_its_residents(country: Project) -> None:
    cells = query_tables(
        country,
        "select reference_date::varchar, sex, age_group, sum(estimate) as n from stock where age_group is not null "
        "group by all",
    ).rows()
    assert len(cells) > 8
    for day, sex, age, estimate in cells[:6]:
        found = explain_cell(country, f"stock/{day}/sex={sex}/age_group={age}", None, "en")
        assert found.estimate == pytest.approx(estimate, abs=1e-6)


@pytest.mark.parametrize(
    "cell",
    [
        "T01/{year}/immigration", "T02/{year}/emigration/age=Y0T17", "T03/{year}/immigration/citizenship=VEN/sex=F",
        "T06/{year}/immigration/document=_U", "T07/{year}/immigration", "T08/{year}/IN", "T13/{year}/arrival",
        "T11/{year}/EMIG", "T16/{year}/immigration/12-of-16", "T16/{year}/emigration/estimated",
        "T16/{year}/immigration/6-of-12/sex=F",
    ],
)  # fmt: skip
def test_a_published_cell_is_near_the_sum_of_its_units(cell: str) -> None:
    project, outcome = released()
    assert outcome.method == "round"
    year = query_tables(project, "select max(year) - 1 from flow").item()
    found = explain_cell(project, cell.format(year=year), None, "es")
    assert found.published is not None
    # rounded to a multiple of three, at most one away from the nearest
    assert abs(float(found.published["value"]) - found.estimate) < 3.5
    persons = set(query_tables(project, "select person_id from person")["person_id"])
    assert {unit["person_id"] for unit in found.units} <= persons


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("flow/2021", "cell_place"),
        ("flow/2021/immigration/colour=red", "unknown_dimension"),
        ("flow/1990/immigration", "unknown_cell_code"),
        ("flow/2022/inmigration", "unknown_cell_code"),
        ("flow/2022/immigration/sex=F", "unknown_cell_code"),
        ("flow/2022/immigration/citizenship_code=JPN", "no_cell"),
        ("stock/yesterday", "unknown_cell_code"),
        ("stock/2021-05-05", "unknown_cell_code"),
        ("T14/2021", "cell_of_releases"),
        ("T99/2021", "unknown_cell_table"),
        ("T01/2021/net", "cell_derived"),
        ("T01/2021/sideways", "unknown_cell_code"),
        ("T01/2021/immigration/colour=red", "unknown_dimension"),
    ],
)
def test_a_cell_that_cannot_be_meant(country: Project, cell: str, key: str) -> None:
    with pytest.raises(UsageError) as refused:
        explain_cell(country, cell, None, "en")
    assert refused.value.key == key


def test_what_a_cells_name_says() -> None:
    found = read_cell("T03/2023/immigration/citizenship=VEN/sex=F")
    assert (found.table, found.place) == ("T03", ("2023", "immigration"))
    assert found.codes == (("citizenship", "VEN"), ("sex", "F"))


def test_no_code_is_taken_for_sql(country: Project) -> None:
    with pytest.raises(UsageError) as refused:
        explain_cell(country, "flow/2021/immigration/sex=2' or '1'='1", None, "en")
    assert refused.value.key == "unknown_cell_code"


def test_a_misspelt_code_is_told_the_one_that_was_meant(country: Project) -> None:
    with pytest.raises(UsageError, match='Did you mean "immigration"'):
        explain_cell(country, "flow/2022/inmigration", None, "en")
    with pytest.raises(UsageError, match='Did you mean "CHL"'):
        explain_cell(country, "flow/2022/immigration/citizenship_code=CHILE", None, "en")


# --- the command --------------------------------------------------------------------------------------------------


def test_a_pair_on_the_command_line(country: Project, tmp_path: Path) -> None:
    picture = tmp_path / "pair.svg"
    ran = run(
        "-C",
        str(country.root),
        "--lang",
        "es",
        "explain",
        "visa:V01",
        "birth:N01:mother",
        "--svg",
        str(picture),
    )
    assert ran.code == 0
    assert "son una sola persona" in ran.out
    assert re.search(r"Punto de partida +dos identidades cualesquiera +−\d+,0", ran.out)
    assert re.search(r"Primer apellido +igual", ran.out)
    assert "visa:V01:self" in ran.out
    drawn = ElementTree.parse(picture).getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert "Punto de partida" in picture.read_text("utf-8")


def test_a_person_is_told_with_records_links_and_verdicts(country: Project) -> None:
    ran = run("-C", str(country.root), "--json", "explain", "visa:V01")
    told = json.loads(ran.out)
    assert {record["source"] for record in told["records"]} == {"crossing", "visa", "permit", "birth"}
    assert len(told["links"]) == len({r["identity_id"] for r in told["records"]}) - 1
    assert told["events"][0]["direction"] == "immigration"
    assert run("-C", str(country.root), "explain", told["person_id"]).out.count("crossing:") >= 3


@pytest.mark.parametrize("words", [["visa:V01"], ["visa:V01", "death:D01"], ["flow/2022/immigration"]])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_nobody_is_named(country: Project, words: list[str], form: list[str]) -> None:
    ran = run("-C", str(country.root), *form, "explain", *words)
    assert ran.code == 0
    said = query_tables(
        country,
        "select distinct unnest([given_1, surname_1, surname_2, document_number]) as said from identity",
    )["said"]
    shown = set(re.findall(r"\w+", ran.out.upper()))
    assert not set(said.drop_nulls()) & shown


def test_a_record_whose_key_is_a_document_is_named_by_its_place(country: Project) -> None:
    key, identity = query_tables(
        country, "select record_key, identity_id from mention where source = 'permit' order by 1"
    ).row(0)
    told = json.loads(run("-C", str(country.root), "--json", "explain", identity).out)
    (permit,) = [record for record in told["records"] if record["source"] == "permit"]
    file, line = query_tables(country, f"select file, line from permit where record_key = '{key}'").row(0)
    assert permit["name"] == f"{file}:{line}" != key
    for written in (key, f"permit:{key}:self", f"permit:{file}:{line}", f"permit:{file}:{line}:self"):
        assert json.loads(run("-C", str(country.root), "--json", "explain", written).out) == told


def test_a_run_that_does_not_tell_whose_keys_are_documents_tells_no_key_of_a_permit_or_a_visa(
    country: Project,
) -> None:
    of_old = find_run(country.runs)
    del of_old.stages["ingest"]["document_keys"]
    with open_tables(country, of_old) as engine:
        name_records(engine, of_old)
        told = engine.rows(
            "select distinct m.source from named join mention as m using (record_id) where name = record_key"
        )
    sources = {source for (source,) in told}
    assert "crossing" in sources
    assert not sources & {"permit", "visa"}


def test_the_units_of_a_cell_go_to_a_file_for_the_owner_alone(country: Project, tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    ran = run("-C", str(country.root), "explain", "flow/2022/immigration", "-o", str(path))
    assert ran.code == 0
    assert path.stat().st_mode & 0o077 == 0
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "person_id,day,share,is_final,records,around"
    assert len(lines) == 1 + len(explain_cell(country, "flow/2022/immigration", None, "en").units)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["a", "b", "c"], "bad_target"),
        (["flow/2021/immigration", "--svg", "x.svg"], "no_picture"),
        (["visa:V01", "-o", "x.csv"], "no_units"),
        (["nobody"], "no_person"),
    ],
)
def test_what_cannot_be_asked(country: Project, words: list[str], key: str) -> None:
    ran = run("-C", str(country.root), "--json", "explain", *words)
    assert ran.code == 2
    assert json.loads(ran.out)["error"] == key


def test_labels_of_a_timeline_neither_overlap_nor_leave_the_picture() -> None:
    labels = [(place, "emigration 2016-02-05") for place in (20.0, 30.0, 130.0, 400.0, 420.0, 939.0)]
    placed, rows = _place(labels)
    half = len("emigration 2016-02-05") * LETTER / 2
    assert rows == 3
    for at, (middle, row) in enumerate(placed):
        assert half <= middle <= WIDTH - half
        assert all(abs(middle - other) > 2 * half for other, level in placed[:at] if level == row)
