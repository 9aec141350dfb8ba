"""The command line: what is asked for on stdout, narration on stderr, exit codes that scripts can rely on."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest
from kit import CROSSINGS, VISAS, command, make_project
from kit.country import built_country

from register.cli import main
from register.console import Console
from register.pipeline import BuildReport
from register.project import load_project
from register.run import find_run, open_run
from register.show import project as show
from register.tables import in_order


@dataclass
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str


def run(*arguments: str) -> Ran:
    """Run a command in this process, in English unless told otherwise."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([*(() if "--lang" in arguments else ("--lang", "en")), *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture
def root() -> str:
    """The little country, built. Tests read it."""
    return str(built_country().project.root)


# --- errors ------------------------------------------------------------------------------------------------------


def declared(old: str, new: str) -> Callable[[Path], list[str]]:
    """Return a maker of a project with one source declaration edited, and the command that meets it."""

    def make(folder: Path) -> list[str]:
        edits = {"schemas/sources/col/cancilleria_visas.toml": [(old, new)]}
        return ["-C", str(make_project(folder / "p", {}, edits).root), "check"]

    return make


def settings(old: str, new: str) -> Callable[[Path], list[str]]:
    """Return a maker of a project with its settings edited, and the command that meets it."""

    def make(folder: Path) -> list[str]:
        path = make_project(folder / "p", {}).root / "register.toml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        return ["-C", str(path.parent), "build"]

    return make


def too_bad(folder: Path) -> list[str]:
    rows = [
        CROSSINGS.row(ID_MOVIMIENTO=f"M{at}", TIPO_MOVIMIENTO="TRANSITO" if at < 40 else "SALIDA")
        for at in range(1000)
    ]
    return ["-C", str(make_project(folder / "p", {CROSSINGS.file: CROSSINGS.text(*rows)}).root), "build"]


def country(*words: str) -> Callable[[Path], list[str]]:
    return lambda _: ["-C", str(built_country().project.root), *words]


ERRORS: dict[str, tuple[Callable[[Path], list[str]], int, list[str]]] = {
    # what is wrong -> the command, the exit code, and what the message must say
    "no project here": (lambda folder: ["-C", str(folder), "build"], 2, ["register.toml", "register init"]),
    "an unknown stage": (country("build", "--until", "ingst"), 2, ['Did you mean "ingest"?', "flows"]),
    "an unknown run": (country("runs", "show", "frist"), 2, ["frist", "first"]),
    "an unknown command": (lambda _: ["buidl"], 2, ["buidl"]),
    "an unknown option": (country("build", "--untill", "link"), 2, ["--untill"]),
    "an unknown dimension": (country("flows", "--by", "sexo"), 2, ['Did you mean "sex"?']),
    "a query of no table": (country("sql", "select * from crosing"), 2, ["crosing"]),
    "a query that is none": (country("sql", "selec 1"), 2, ["not correct SQL near \"selec\""]),
    "an output of no known kind": (country("sql", "select 1", "-o", "x.xls"), 2, ["x.xls", ".parquet"]),
    "a project twice": (lambda _: ["init", str(built_country().project.root), "--country", "col"], 2, ["already"]),
    "an unknown country": (
        lambda folder: ["init", str(folder / "p"), "--country", "cool"], 2, ['Did you mean "col"?']
    ),
    "years that are none": (lambda folder: ["synth", str(folder), "--years", "2018"], 2, ["A-B", "2018"]),
    "a misspelt key": (
        declared("delimiter =", "delimitador ="), 10,
        ["cancilleria_visas.toml [format]", "delimitador", 'Did you mean "delimiter"?'],
    ),
    "a column of no table": (
        declared("visa_class_code =", "visa_clas_code ="), 10, ["[columns]", 'Did you mean "visa_class_code"?']
    ),
    "a table of no name": (declared('"visa"', '"vista"'), 10, ["vista", 'Did you mean "visa"?']),
    "an unknown layout of names": (
        declared('"surnames_given"', '"surname_given"'), 10, ["[person.self]", 'Did you mean "surnames_given"?']
    ),
    "an unknown encoding": (declared('"utf-8"', '"utf-9"'), 10, ["utf-9", 'Did you mean "utf-8"?']),
    "no TOML": (declared("[columns]", "[columns"), 10, ["cancilleria_visas.toml", "line"]),
    "a setting of no name": (settings("preset =", "presset ="), 10, ["[rule]", 'Did you mean "preset"?']),
    "a rule of no name": (settings('"12-of-16"', '"12-of-61"'), 10, ["12-of-61", 'Did you mean "12-of-16"?']),
    "a share beyond one": (settings("= 0.02", "= 2"), 10, ["max_rejected_share", "between 0 and 1"]),
    "a source too bad to build on": (too_bad, 13, [CROSSINGS.file, "4.0%", "direction:unknown_code"]),
}  # fmt: skip


@pytest.mark.parametrize("wrong", ERRORS)
def test_an_error_has_its_exit_code_and_says_where_and_what_to_do(tmp_path: Path, wrong: str) -> None:
    make, code, words = ERRORS[wrong]
    ran = run(*make(tmp_path))
    assert (ran.code, ran.out) == (code, "")
    for word in words:
        assert word in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_a_run_that_another_build_holds_is_exit_12(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {VISAS.file: VISAS.text(VISAS.row())})
    with open_run(project.runs, "busy"):
        ran = run("-C", str(project.root), "build", "--run", "busy")
        assert ran.code == 12
        assert "--run" in ran.err


def too_little_memory(tmp_path: Path) -> Path:
    project = make_project(tmp_path / "p", {VISAS.file: VISAS.text(VISAS.row())})
    assert run("-C", str(project.root), "build", "--until", "ingest").code == 0
    path = project.root / "register.toml"
    path.write_text(path.read_text("utf-8").replace('"4GB"', '"50MB"'), "utf-8")
    return project.root


def test_a_query_beyond_the_memory_says_which_setting_to_raise(tmp_path: Path) -> None:
    root = too_little_memory(tmp_path)
    ran = run("-C", str(root), "sql", "select list(i::varchar) as all_of_them from range(9000000) numbers(i)")
    assert ran.code == 12
    assert "memory_limit" in ran.err


def test_what_a_query_spills_stays_in_the_run(root: str) -> None:
    ran = run("-C", root, "sql", "select current_setting('temp_directory') as spill")
    assert ran.out.splitlines()[1].startswith(str(Path(root) / "runs"))


def test_the_bad_rows_that_stopped_a_build_can_be_looked_at_and_the_limit_moved(tmp_path: Path) -> None:
    arguments = too_bad(tmp_path)
    assert run(*arguments).code == 13
    assert run(*arguments).code == 13, "as long as nothing is mended"
    shown = run("-C", arguments[1], "--json", "rejected")
    assert {"file": CROSSINGS.file, "reason": "direction:unknown_code", "rows": 40} in json.loads(shown.out)
    path = Path(arguments[1]) / "register.toml"
    path.write_text(path.read_text("utf-8").replace("= 0.02", "= 0.05"), "utf-8")
    assert run(*arguments, "--until", "ingest").code == 0


def test_errors_are_told_in_spanish_too(tmp_path: Path) -> None:
    ran = run("--lang", "es", "-C", str(tmp_path), "build")
    assert ran.code == 2
    assert "esta carpeta no es un proyecto" in ran.err


def test_an_error_is_json_when_json_was_asked_for(tmp_path: Path) -> None:
    ran = run("--json", "-C", str(tmp_path), "build")
    told = json.loads(ran.out)
    assert (ran.code, told["exit_code"], told["error"]) == (2, 2, "no_project")
    assert str(tmp_path) in told["message"]


# --- languages and options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "word"), [("es", "Lleva la corrida al día"), ("en", "Bring the run up to date")]
)
def test_help_is_in_both_languages(language: str, word: str) -> None:
    ran = command("--help", REGISTER_LANG=language)
    assert ran.returncode == 0
    assert word in " ".join(ran.stdout.split())
    assert word in " ".join(run("build", "--help", "--lang", language).out.split())


def test_global_options_may_stand_anywhere(root: str) -> None:
    first = run("-C", root, "--json", "flows")
    last = run("flows", "-C", root, "--json")
    middle = run("flows", f"--directory={root}", "--json", "--lang=es")
    assert first.out == last.out == middle.out
    assert json.loads(first.out)


def test_version_and_doctor() -> None:
    from register import __version__

    assert run("--version").out == f"register {__version__}\n"
    parts = json.loads(run("doctor", "--json").out)
    assert parts["register"] == __version__
    assert parts["duckdb"]


# --- data on stdout, narration on stderr -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["build"],
        ["build", "--dry-run"],
        ["check"],
        ["flows"],
        ["flows", "--by", "sex"],
        ["rejected"],
        ["runs", "list"],
        ["runs", "show"],
        ["sql", "select * from crossing"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_json_on_stdout_and_nothing_else(root: str, words: list[str]) -> None:
    ran = run("-C", root, "--json", *words)
    assert (ran.code, ran.err) == (0, "")
    json.loads(ran.out)


def test_a_build_narrates_on_stderr_and_gives_flows_on_stdout(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {VISAS.file: VISAS.text(VISAS.row()), "LEAME.txt": "x"})
    ran = run("-C", str(project.root), "build", "--until", "ingest")
    assert (ran.code, ran.out) == (0, "")
    assert "1 received, 1 in tables, 0 rejected" in ran.err
    assert "LEAME.txt" in ran.err
    quiet = run("-C", str(project.root), "--quiet", "build", "--until", "ingest", "--force")
    assert (quiet.out, quiet.err) == ("", "")


@pytest.mark.parametrize(
    ("made", "told"), [(["ingest", "identify"], False), (["ingest", "identify", "resolve", "flows"], True)]
)
def test_a_build_tells_of_the_stages_that_it_made_and_not_of_older_ones(
    root: str,
    capsys: pytest.CaptureFixture[str],
    made: list[str],
    told: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a run that was built before, with other extracts, the persons stand in the manifest still."""
    found = find_run(Path(root) / "runs")
    report = BuildReport(found.name, found.path, made, manifest=found.manifest)
    monkeypatch.setattr("register.show.project._headline", lambda *_: [])
    show.build_report(Console("en"), load_project(Path(root)), report, dry_run=False)
    said = capsys.readouterr().err
    assert ("identities" in said, "no annual flows yet" in said) == (told, told)


def test_a_build_with_nothing_to_do_says_so(root: str) -> None:
    ran = run("-C", root, "build")
    assert "Nothing to do: run first is current" in ran.err
    assert ran.out == ""


def test_a_dry_run_says_what_it_would_do(root: str) -> None:
    ran = run("-C", root, "build", "--dry-run", "--from", "events")
    assert "Would do the stages: events, missing crossings (estimate), flows." in ran.err


def test_check_tells_what_does_not_fit(tmp_path: Path) -> None:
    project = make_project(
        tmp_path / "p",
        {
            "cancilleria_visas.csv": VISAS.text(VISAS.row() + ",x", header=VISAS.header + ",consulado"),
            "cancilleria_visas_2.csv": "numero_visa,tipo\nV1,M\n",
            "LEAME.txt": "x",
        },
    )
    ran = run("-C", str(project.root), "check")
    assert ran.code == 0
    assert "cancilleria_visas.csv: columns that no declaration knows: consulado" in ran.out
    assert "cancilleria_visas_2.csv: declared columns are missing: fecha_expedicion" in ran.out
    assert "LEAME.txt" in ran.out
    assert "permisos_residencia" in ran.out, "a source without files is told"


def test_runs_are_listed_and_shown(root: str) -> None:
    listed = json.loads(run("-C", root, "runs", "list", "--json").out)
    assert [entry["name"] for entry in listed] == ["first"]
    shown = run("-C", root, "runs", "show", "first").out
    assert "ingest" in shown
    assert "4.4" in shown


# --- sql -------------------------------------------------------------------------------------------------------------

QUERY = "select source, count(*) as n from mention group by source order by source"


def test_sql_prints_csv(root: str) -> None:
    ran = run("-C", root, "sql", QUERY)
    assert ran.out.splitlines()[:2] == ["source,n", "birth,3"]
    assert ran.err == ""


def test_sql_prints_json(root: str) -> None:
    assert json.loads(run("-C", root, "sql", QUERY, "--json").out)[0] == {"source": "birth", "n": 3}


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_sql_writes_a_file_by_its_ending(root: str, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    ran = run("-C", root, "sql", QUERY, "-o", str(path))
    assert (ran.code, ran.out) == (0, "")
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": pl.read_json}[ending]
    assert read(path).rows()[0] == ("birth", 3)


def test_flows_are_given_by_dimension_and_written_to_a_file(root: str, tmp_path: Path) -> None:
    rows = json.loads(run("-C", root, "flows", "--by", "sex", "--json").out)
    assert {"year", "sex", "immigration", "emigration", "net", "share_final"} <= set(rows[0])
    path = tmp_path / "flows.csv"
    both = json.loads(run("-C", root, "flows", "--by", "sex,age_group", "--json").out)
    assert both == json.loads(run("-C", root, "flows", "--by", "sex", "--by", "age_group", "--json").out)
    assert run("-C", root, "flows", "--by", "sex", "-o", str(path)).code == 0
    assert pl.read_csv(path).height == len(rows)


def test_age_groups_are_in_the_order_of_ages() -> None:
    groups = "(values ('85+'), ('10-14'), (null), ('5-9')) as t(age_group)"
    found = duckdb.sql(f"select age_group from {groups} order by {in_order(['age_group'])}").fetchall()
    assert [age for (age,) in found] == ["5-9", "10-14", "85+", None]


def test_rejected_rows_are_written_to_a_file(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {VISAS.file: VISAS.text(VISAS.row(), "TOTAL")})
    assert run("-C", str(project.root), "-q", "build", "--until", "ingest").code == 0
    path = tmp_path / "rejected.csv"
    assert run("-C", str(project.root), "rejected", "-o", str(path)).code == 0
    assert pl.read_csv(path).select("line", "reasons", "raw").rows() == [(3, "line:too_few_columns", "TOTAL")]


def test_init_makes_a_project_that_checks(tmp_path: Path) -> None:
    assert run("-C", str(tmp_path), "init", "p", "--country", "COL").code == 0
    assert {path.name for path in (tmp_path / "p").iterdir()} >= {
        "register.toml", "secret.key", "schemas", "linkage_rules", "extracts",
    }  # fmt: skip
    assert json.loads(run("-C", str(tmp_path / "p"), "check", "--json").out)["files"] == 0
