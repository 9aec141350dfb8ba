"""Figures and their errors, on registers of one or two people worked by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from register.errors import DeclarationError
from register.estimate.figures import figures
from register.project import init_project, load_project
from register.rules.residence import bind

COLUMNS = """
    flow varchar, part varchar, draw bigint, linkage bigint,
    weight double, probability double, final double, plain double
"""


def told(
    rows: list[tuple[str, str, int, int, float, float]], draws: int = 4, linkages: int = 4
) -> list[dict[str, float]]:
    con = duckdb.connect()
    con.execute(f"create table one ({COLUMNS})")
    con.executemany("insert into one values (?, ?, ?, ?, ?, ?, 0, 0)", rows)
    sql = figures("select * from one", ("flow", "part"), ("flow",), ("flow",))
    found = con.sql(bind(sql, {"draws": draws, "linkages": linkages}) + " order by flow, part").pl()
    return found.to_dicts()


def test_an_immigration_that_hangs_on_a_link_of_one_half_has_the_variance_of_a_coin() -> None:
    """Two records, together one immigrant, apart none; in two of four linkages they are apart: p (1 - p) = 1/4."""
    (found,) = told([("in", "x", 0, 0, 1.0, 1.0), ("in", "x", 0, 1, -1.0, 1.0), ("in", "x", 0, 3, -1.0, 1.0)])
    assert found["estimate"] == 1
    # Of four draws: 4/3 of the variance 1/4, and 1/4 more for their number; three times that for three degrees.
    assert found["linkage_error"] ** 2 == pytest.approx(0.25 * 4 / 3 * 1.25 * 3)
    assert found["standard_error"] == found["linkage_error"]
    assert found["missing_error"] == found["outcome_error"] == 0


def test_without_a_link_in_doubt_linkage_adds_nothing() -> None:
    (found,) = told([("in", "x", 0, 0, 1.0, 0.5)])
    assert found["linkage_error"] == 0
    assert found["standard_error"] == found["outcome_error"] == 0.5


def test_who_comes_and_who_goes_at_once_leaves_the_figure_as_it_is() -> None:
    rows = [("in", "x", 0, 0, 1.0, 1.0), ("in", "x", 0, 2, -1.0, 1.0), ("in", "x", 0, 2, 1.0, 1.0)]
    assert told(rows)[0]["linkage_error"] == 0


def test_lives_of_which_each_is_drawn_in_part_count_by_their_mean() -> None:
    """A drawn person whose four lives hold two immigrations is half an immigrant in the linkage that makes her."""
    rows = [("in", "x", 0, 0, 1.0, 1.0), *(("in", "x", draw, 1, 0.25, 1.0) for draw in (1, 2))]
    assert told(rows)[0]["linkage_error"] ** 2 == pytest.approx((0.25 - 0.0625) / 3 * 1.25 * 3)


def test_errors_are_of_three_kinds_and_add_as_squares() -> None:
    rows = [
        *(("in", "x", draw, 0, 0.25, 0.8) for draw in (1, 2)),
        ("in", "x", 0, 1, 1.0, 1.0),
    ]
    (found,) = told(rows)
    parts = sum(found[f"{name}_error"] ** 2 for name in ("outcome", "missing", "linkage"))
    assert found["standard_error"] ** 2 == pytest.approx(parts)
    assert min(found[f"{name}_error"] for name in ("outcome", "missing", "linkage")) > 0


def test_errors_of_cells_add_up_to_that_of_their_total() -> None:
    """One linkage moves both cells: together they vary four times as each does, not twice."""
    rows = [("in", part, 0, linkage, 1.0, 1.0) for part in "xy" for linkage in (0, 1)]
    found = told(rows)
    assert [row["part"] for row in found] == ["x", "y"]
    variance = (4 - 4 / 4) / 3 * 1.25 * 3
    assert sum(row["linkage_error"] ** 2 for row in found) == pytest.approx(variance)


def test_a_cell_that_nobody_is_in_is_none() -> None:
    """Another linkage would put somebody there; the doubt stays in the total."""
    rows = [("in", "x", 0, 0, 1.0, 1.0), ("in", "x", 0, 1, 1.0, 1.0), ("in", "y", 0, 1, 1.0, 1.0)]
    (found,) = told(rows)
    assert found["part"] == "x"
    assert found["linkage_error"] ** 2 == pytest.approx((4 - 4 / 4) / 3 * 1.25 * 3)


def test_with_no_linkage_drawn_there_is_no_error_of_linkage() -> None:
    (found,) = told([("in", "x", 0, 0, 1.0, 0.5)], linkages=0)
    assert (found["linkage_error"], found["standard_error"]) == (0, 0.5)


@pytest.mark.parametrize(("value", "is_refused"), [(0, False), (1, True), (2, False), (101, True)])
def test_linkages_are_none_or_several(tmp_path: Path, value: int, *, is_refused: bool) -> None:
    project = init_project(tmp_path / "project", "col")
    path = project.root / "register.toml"
    path.write_text(path.read_text("utf-8").replace("linkages = 20", f"linkages = {value}"), "utf-8")
    if is_refused:
        with pytest.raises(DeclarationError) as refused:
            load_project(project.root)
        assert refused.value.key == "bad_linkages"
    else:
        assert load_project(project.root).estimate.linkages == value
