"""A run on disk: a stage's tables appear together with what the manifest says of them, or not at all."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from kit import build_project, make_project, sorted_rows, tables
from kit.country import FILES, built_country

from register.errors import LockedError, UsageError
from register.pipeline import STAGES
from register.project import Project, load_project
from register.run import JOURNAL, STAGING, Run, digest, find_run, list_runs, open_run, write_json
from register.tables import annual_flows

ALL = [stage.name for stage in STAGES]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The little country, not built."""
    return make_project(tmp_path / "project", FILES)


def content(run: Path) -> dict[str, object]:
    """Return the rows of every table of a run, by table."""
    return {path.stem: sorted_rows(path) for path in tables(run)}


# --- killed anywhere -------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it and nothing is tidied up."""


def kill_at(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, when: int | str, *, after: bool) -> None:
    """Let the process end at the n-th call of a method, or at the one for a table, before it does anything or after."""
    original = getattr(owner, name)
    calls = 0

    def dying(self: object, *args: object, **values: object) -> object:
        nonlocal calls
        calls += 1
        is_now = when in (calls, *args[:1])
        if is_now and not after:
            raise Killed
        result = original(self, *args, **values)
        if is_now:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, dying)


MOMENTS = {
    # when -> the function called then, which call of it or for which table, whether after it; how far to build
    "before any table is there": ("Workshop.keep", 1, False, "identify"),
    "with a table written and not recorded": ("Workshop.write", "identity", True, "identify"),
    "with the tables complete and no journal": ("Run.commit", 1, False, "identify"),
    "with a journal and no table moved": ("Run.recover", 2, False, "identify"),
    "with some tables moved": ("Path.replace", 6, True, "identify"),
    "with every table moved and the manifest old": ("Run.save", 2, False, "identify"),
    "with the manifest new and the journal still there": ("Run.save", 2, True, "identify"),
    "between stages": ("Run.recover", 3, True, "identify"),
    "in the middle of resolve": ("Workshop.write", "person", True, None),
    "with the journal of the last stage": ("Run.recover", 8, False, None),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_build_killed_at_any_moment_is_completed_by_the_next_with_the_same_tables(
    project: Project, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    from register import run, stages

    target, when, after, until = MOMENTS[moment]
    owner, name = target.split(".")
    owners = {"Workshop": stages.Workshop, "Run": run.Run, "Path": Path}
    with monkeypatch.context() as patched:
        kill_at(patched, owners[owner], name, when, after=after)
        with pytest.raises(Killed):
            build_project(project, run_name="first", until=until)
    again = build_project(project, run_name="first", until=until)
    made = content(again.report.path)
    undisturbed = content(built_country().report.path)
    assert made == {table: undisturbed[table] for table in made}
    assert set(made) == {
        table for stage in STAGES[: ALL.index(until or ALL[-1]) + 1] for table in stage.makes
    }
    assert not (again.report.path / JOURNAL).exists()
    assert not (again.report.path / STAGING).exists()
    assert build_project(project, until=until, dry_run=True).report.done == []


def test_a_journal_is_carried_out_before_anything_else(tmp_path: Path) -> None:
    run = Run(tmp_path)
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "flow.parquet").write_text("new")
    target = tmp_path / "tables" / "statistical" / "flow.parquet"
    target.parent.mkdir(parents=True)
    target.write_text("old")
    moves = [["staging/flow.parquet", "tables/statistical/flow.parquet"]]
    write_json(tmp_path / JOURNAL, {"stage": "flows", "moves": moves, "record": {"key": "k"}})
    assert run.recover()
    assert target.read_text() == "new"
    assert json.loads((tmp_path / "run.json").read_text())["stages"] == {"flows": {"key": "k"}}
    assert not run.recover(), "and once only"


# --- what is current is skipped --------------------------------------------------------------------------------------


def test_a_second_build_does_nothing_and_says_so_at_once() -> None:
    country = built_country()
    before = {path: path.stat().st_mtime_ns for path in tables(country.report.path)}
    again = build_project(country.project)
    assert (again.report.done, again.report.current) == ([], ALL)
    assert again.report.seconds < 2
    assert {path: path.stat().st_mtime_ns for path in tables(country.report.path)} == before


@pytest.fixture
def built(tmp_path: Path) -> Project:
    """A copy of the little country, built, that a test may change."""
    shutil.copytree(built_country().project.root, tmp_path / "built")
    return load_project(tmp_path / "built")


def would_do(project: Project, **options: object) -> list[str]:
    """Return the stages that a build would do."""
    report = build_project(load_project(project.root), dry_run=True, **options).report
    assert [*report.done, *report.current] != []
    return report.done


STALE = {
    "nothing": (None, None, None, []),
    "the residence rule": (
        "register.toml",
        'preset = "12-of-16"',
        'preset = "6-of-12"',
        ["stays", "events", "estimate", "flows"],
    ),
    "how fast it is built": ("register.toml", "threads = 0", "threads = 1", []),
    "the itinerary": ("linkage_rules/itinerary.toml", None, "\n# a remark\n", ALL[ALL.index("resolve") :]),
    "the linkage rules": ("linkage_rules/people.toml", None, "\n# a remark\n", ALL[ALL.index("link") :]),
    "a source": ("schemas/sources/col/cancilleria_visas.toml", None, "\n# a remark\n", ALL),
    "a code list": ("schemas/codelists/country.csv", "Andorra", "Andorrra", ALL),
    "the secret key": ("secret.key", "00", "11", ALL),
    "an extract": ("extracts/cancilleria_visas.csv", "V01", "V02", ALL),
}


@pytest.mark.parametrize("what", STALE)
def test_a_stage_is_redone_when_something_that_it_depends_on_changed_and_only_then(
    built: Project, what: str
) -> None:
    name, old, new, stages = STALE[what]
    if name is not None:
        path = built.root / name
        text = path.read_text("utf-8")
        assert old is None or old in text
        path.write_text(text + new if old is None else text.replace(old, new), "utf-8")
    assert would_do(built) == stages


def test_an_extract_that_was_only_touched_is_the_same_extract(built: Project) -> None:
    for path in built.extracts.iterdir():
        os.utime(path)
    assert would_do(built) == []


def test_a_new_extract_and_one_taken_away_are_noticed(built: Project) -> None:
    path = built.extracts / "registro_civil_defunciones.csv"
    path.rename(built.extracts / "registro_civil_defunciones_2024.csv")
    assert would_do(built) == ALL
    (built.extracts / "registro_civil_defunciones_2024.csv").unlink()
    assert would_do(built) == ALL


def test_a_table_that_was_deleted_or_cut_short_is_made_again(built: Project) -> None:
    folder = built.runs / "first" / "tables" / "statistical"
    (folder / "stock.parquet").unlink()
    flow = folder / "flow.parquet"
    flow.write_bytes(flow.read_bytes()[:-9])
    with pytest.raises(LockedError, match=r"flow\.parquet: the table is damaged"):
        annual_flows(built)
    assert build_project(built).report.done == ["flows"]
    assert content(built.runs / "first") == content(built_country().report.path)


def test_a_damaged_manifest_is_told_with_its_path(built: Project) -> None:
    manifest = built.runs / "first" / "run.json"
    manifest.write_text("{")
    with pytest.raises(LockedError, match=r"run\.json: the run's manifest is damaged"):
        find_run(built.runs)


def test_until_stops_after_a_stage_from_redoes_from_one_and_force_redoes_all(
    built: Project, project: Project
) -> None:
    assert would_do(built, first="events") == ["events", "estimate", "flows"]
    assert would_do(built, force=True) == ALL
    assert would_do(built, force=True, until="link") == ["ingest", "identify", "link"]
    assert would_do(built, first="ingest", until="identify") == ["ingest", "identify"]
    assert would_do(built, run_name="another") == ALL
    assert would_do(project) == ALL
    assert not tables(project.runs), "to say what would be done makes no table"
    assert build_project(built, run_name="first", first="events").report.done == [
        "events",
        "estimate",
        "flows",
    ]


def test_the_same_inputs_give_the_same_tables_again(built: Project) -> None:
    forced = build_project(built, force=True)
    assert forced.report.done == ALL
    assert content(forced.report.path) == content(built_country().report.path)


# --- names, order, lock ----------------------------------------------------------------------------------------------


def test_builds_go_to_the_newest_run_unless_one_is_named(project: Project) -> None:
    for name in ("b", "a"):
        with open_run(project.runs, name) as run:
            run.manifest["created"] = f"2025-01-0{'ba'.index(name) + 1}T00:00:00+00:00"
            run.save()
    assert [run.name for run in list_runs(project.runs)] == ["b", "a"], "the oldest first"
    assert build_project(project, dry_run=True).report.run == "a"
    assert build_project(project, dry_run=True, run_name="b").report.run == "b"
    assert find_run(project.runs).name == "a"
    assert find_run(project.runs, "b").name == "b"
    with pytest.raises(UsageError) as caught:
        find_run(project.runs, "c")
    assert (caught.value.key, caught.value.exit_code) == ("no_run", 2)


def test_only_one_build_works_on_a_run(tmp_path: Path) -> None:
    with open_run(tmp_path, "one"):
        with pytest.raises(LockedError) as caught, open_run(tmp_path, "one"):
            pass
        assert caught.value.exit_code == 12
        with open_run(tmp_path, "two"):
            pass
    with open_run(tmp_path, "one"):
        pass


def test_only_the_owner_can_enter_a_run(project: Project) -> None:
    build_project(project, until="ingest")
    run = find_run(project.runs)
    folders = [project.runs, run.path, *(path for path in (run.path / "tables").rglob("*") if path.is_dir())]
    assert len(folders) >= 3
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    assert stat.S_IMODE((project.root / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(project.extracts.stat().st_mode) == 0o700


# --- what a run tells ------------------------------------------------------------------------------------------------


def test_the_manifest_tells_of_stages_tables_and_files() -> None:
    manifest = json.loads((built_country().report.path / "run.json").read_text("utf-8"))
    assert manifest["name"] == "first"
    assert list(manifest["stages"]) == ALL
    for stage in STAGES:
        record = manifest["stages"][stage.name]
        assert record["gsbpm"] == stage.gsbpm
        assert set(record["rows"]) == set(stage.makes)
        assert {"key", "finished", "seconds"} <= set(record)
    counts = manifest["stages"]["ingest"]["files"]
    assert {count["file"] for count in counts} == set(FILES)
    assert set(manifest["extracts"]) == set(FILES)
    rows = {
        name: len(sorted_rows(path)) for path in tables(built_country().report.path) for name in [path.stem]
    }
    told = {name: number for record in manifest["stages"].values() for name, number in record["rows"].items()}
    assert rows == told


def test_the_log_has_a_line_for_each_beginning_and_end_with_its_place_in_the_business_process_model() -> None:
    lines = [
        json.loads(line)
        for line in (built_country().report.path / "log.jsonl").read_text("utf-8").splitlines()
    ]
    stages = [(line["event"], line["stage"], line["gsbpm"]) for line in lines if "stage" in line]
    assert stages == [(event, stage.name, stage.gsbpm) for stage in STAGES for event in ("start", "finish")]
    assert all(line["time"].endswith("+00:00") for line in lines)


def test_a_digest_depends_on_content_and_not_on_order_of_keys() -> None:
    assert digest({"a": 1, "b": [Path("x")]}) == digest({"b": [Path("x")], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_a_json_file_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    write_json(path, {"a": 1})
    kill_at(monkeypatch, Path, "replace", 1, after=False)
    with pytest.raises(Killed):
        write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 1}
