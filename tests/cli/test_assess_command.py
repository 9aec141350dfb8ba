"""`register assess` as a user types it: what comes out, what is kept, and how two assessments are compared."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from register.cli import main
from register.project import Project, init_project
from tests.kit import CROSSINGS, PERMITS, command, make_project, put

ESI_HEADER = (
    "id_movi;tip_movi;via_tran;can_jefm;anio_movi;mes_movi;dia_movi;hor_movi;pais_prod;mot_viam;tip_docu;num_docu;"
    "pais_docu;nombres;apellido_1;apellido_2;anio_nac;mes_nac;dia_nac;sex_migr;nac_migr"
)
WAYS = ("ENTRADA", "SALIDA")


def moment(year: int, at: int) -> str:
    """Return a moment of a year, five to a month."""
    return f"{at % 5 * 5 + 1:02d}/{at // 5 + 1:02d}/{year} 10:00"


def here(*words: str) -> SimpleNamespace:
    """Run the command line in this process, in English: returncode, stdout, stderr."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(["--lang", "en", *words] if "--lang" not in words else list(words))
        except SystemExit as left:
            code = int(left.code or 0)
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two deliveries: in the first all purposes are told, in the second hardly any."""
    rows = [
        CROSSINGS.row(ID_MOVIMIENTO=f"M{at}", FECHA_HORA=moment(2023, at), TIPO_MOVIMIENTO=WAYS[at % 2])
        for at in range(60)
    ]
    files = {CROSSINGS.file: CROSSINGS.text(*rows), PERMITS.file: PERMITS.text(PERMITS.row())}
    made = make_project(tmp_path_factory.mktemp("assess") / "p", files)
    # One as a process of its own, as a user would; the others here, which is quicker.
    first = command("-C", str(made.root), "assess", "--name", "first", "--json")
    assert first.returncode == 0, first.stderr
    (made.root / "first.json").write_text(first.stdout, "utf-8")
    late = [
        CROSSINGS.row(
            ID_MOVIMIENTO=f"L{at}", FECHA_HORA=moment(2024, at), TIPO_MOVIMIENTO=WAYS[at % 2], SEXO=""
        )
        for at in range(60)
    ]
    put(made, "migracion_movimientos_2024.csv", CROSSINGS.text(*late))
    second = here("-C", str(made.root), "--lang", "es", "assess", "--name", "second")
    assert second.returncode == 0, second.stderr
    (made.root / "second.txt").write_text(second.stdout, "utf-8")
    return made


def test_json_holds_everything(project: Project) -> None:
    told = json.loads((project.root / "first.json").read_text("utf-8"))
    assert told["country"] == "COL"
    assert {source["declaration"] for source in told["sources"]} == {
        "migracion_movimientos",
        "permisos_residencia",
    }
    assert {verdict["declaration"] for verdict in told["verdicts"]} == {
        "migracion_movimientos",
        "permisos_residencia",
    }
    assert all({"T01", "T16"} <= set(v["tables"]) for v in told["verdicts"] if v["source"] == "crossing")
    assert {"source", "period", "variable", "indicator_id", "value", "numerator", "denominator"} <= set(
        told["indicator"][0]
    )
    assert "registro_civil_nacimientos" in told["absent"]


def test_what_is_kept(project: Project) -> None:
    folder = project.root / "assessments" / "first"
    assert {path.name for path in folder.iterdir()} == {
        "assessment.json",
        "indicator.parquet",
        "report_en.html",
        "report_es.html",
    }
    assert folder.stat().st_mode & 0o077 == 0
    # Nothing of the reading is left behind: it held hashes of people.
    assert not list(project.root.glob(".assess-*"))
    declared = set(project.schema().tables["indicator"].columns)
    assert set(pl.read_parquet(folder / "indicator.parquet").columns) == declared


def test_the_terminal_says_what_matters(project: Project) -> None:
    text = (project.root / "second.txt").read_text("utf-8")
    assert "Movimientos migratorios: datos incompletos" in text
    assert "Sexo 50,0" in text


def test_two_dates_compared(project: Project) -> None:
    done = here("-C", str(project.root), "assess", "--compare", "first", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["assessments"] == ["COL second", "COL first"]
    assert told["verdicts"]["migracion_movimientos"][0] < told["verdicts"]["migracion_movimientos"][1]
    (sex,) = [
        line
        for line in told["indicators"]
        if (line["source"], line["indicator_id"], line["variable"])
        == ("migracion_movimientos", "complete", "sex")
    ]
    assert sex["values"] == [0.5, 1.0]
    assert sex["changed"]
    assert told["indicators"][0]["changed"], "what changed stands first"
    for language in ("es", "en"):
        page = (project.root / "assessments" / f"comparison_{language}.html").read_text("utf-8")
        assert "COL second" in page


def test_two_countries_compared(project: Project, tmp_path: Path) -> None:
    ecuador = init_project(tmp_path / "ecu", "ecu")
    values = (
        "1;3;QUITO;2024;05;0{day};10:00;COL;TURISMO;PASAPORTE;AB12345{day};COL;ANA;PEREZ;DIAZ;1990;;;2;COL"
    )
    lines = [f"E{day};" + values.format(day=day) for day in range(1, 9)]
    (ecuador.extracts / "esi_2024.csv").write_text("\n".join([ESI_HEADER, *lines]) + "\n", "windows-1252")
    assert here("-C", str(ecuador.root), "assess").returncode == 0
    done = here("-C", str(project.root), "assess", "--compare", str(ecuador.root), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    # Of Ecuador's travellers only the years of birth are told: that is no birth on 1 January.
    heaped = [line for line in told["indicators"] if line["indicator_id"] == "born_1_january"]
    assert {line["values"][1] for line in heaped} == {None}
    # Between countries a source is its kind of record.
    assert set(told["verdicts"]) == {"crossing", "permit"}
    assert told["verdicts"]["permit"][1] is None
    assert told["tables"]["T01"][1] is not None


def test_the_table_can_be_queried_once_there_is_a_run(project: Project) -> None:
    assert here("-C", str(project.root), "build", "--until", "ingest").returncode == 0
    done = command(
        "-C",
        str(project.root),
        "sql",
        "select max(value) as v from indicator where indicator_id = 'complete'",
    )
    assert done.stdout.split() == ["v", "1.0"]


def test_answers_without_a_terminal(project: Project) -> None:
    done = here("-C", str(project.root), "assess", "--answer")
    assert done.returncode == 0, done.stderr
    form = project.root / "assessments" / "answers.toml"
    text = form.read_text("utf-8")
    assert "Does a law oblige to register" in text
    form.write_text(text.replace("# legal_mandate = ", "legal_mandate = 5", 1), "utf-8")
    wrong = here("-C", str(project.root), "assess")
    assert wrong.returncode == 10
    assert "legal_mandate" in wrong.stderr
    form.unlink()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--compare", "third"), 2, "third"),
        (("--compare", "second"), 2, "not compared with itself"),
        (("--compare", "first", "--compare", "first"), 2, "(COL first)"),
        (("--run", "none"), 2, "none"),
        (("--name", "../up"), 2, "../up"),
        (("--answer", "--source", "permisos_residensia"), 2, "permisos_residencia"),
    ],
)
def test_errors_tell_what_to_do(project: Project, words: tuple[str, ...], code: int, told: str) -> None:
    done = here("-C", str(project.root), "assess", *words)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_no_extract_is_an_error(tmp_path: Path) -> None:
    empty = make_project(tmp_path / "p", {})
    done = here("-C", str(empty.root), "assess")
    assert done.returncode == 11
