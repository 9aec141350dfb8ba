"""First estimates of past years, told again as on their day and held against what is known now, through the command."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path

import pytest

from register.cli import main
from register.commands import write_synthetic_country
from register.console import Console
from register.pipeline import build
from register.project import init_project, load_project
from register.run import find_run
from register.tables import query_tables


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    root = tmp_path_factory.mktemp("backtest")
    write_synthetic_country(root / "country", 700, 5, "2016-2021", None)
    project = init_project(root / "project", "col")
    for extract in (root / "country" / "extracts").iterdir():
        shutil.move(extract, project.extracts / extract.name)
    build(project, Console("en", quiet=True))
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main(["-C", str(project.root), "flows", "--backtest", "--vintages", "1", "--json"])
    return project.root, json.loads(out.getvalue())


def test_each_vintage_is_told_by_both_ways_and_kept(told: tuple[Path, dict[str, object]]) -> None:
    root, shown = told
    kept = json.loads((find_run(load_project(root).runs).path / "backtest.json").read_text("utf-8"))
    assert shown["summary"] == kept["summary"]
    assert {one["provisional"] for one in kept["vintages"]} == {"model", "baseline"}
    assert len({one["cut_off"] for one in kept["vintages"]}) == kept["summary"]["model"]["vintages"] == 1
    for summary in kept["summary"].values():
        assert 0 <= summary["covered_80"] <= summary["covered_95"] <= 1


def test_the_final_value_is_what_the_run_says_today(told: tuple[Path, dict[str, object]]) -> None:
    root, _ = told
    project = load_project(root)
    kept = json.loads((find_run(project.runs).path / "backtest.json").read_text("utf-8"))
    one = next(one for one in kept["vintages"] if one["sex"] == "_T" and one["direction"] == "immigration")
    today = query_tables(
        project,
        f"""select sum(weight * probability) as n from completed_event where direction = 'immigration'
        and event_date > date '{one["cut_off"]}' - interval 1 year and event_date <= date '{one["cut_off"]}'""",
    )["n"][0]
    assert one["final"] == pytest.approx(today, abs=0.01)
    # On the day itself outcomes were open: the first estimate had an error, and was another number.
    assert one["standard_error"] > 0
    assert one["first"] != one["final"]
