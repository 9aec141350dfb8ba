"""The catalogue of texts: complete in both languages, and every text that the program asks for is there."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console as RichConsole

import register
from register import errors
from register.console import Console
from register.locale import LANGUAGES, catalogue, default_language, translate
from register.settings import PROVISIONAL

PACKAGE = Path(register.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_profile" not in path.parts)
ERRORS = {
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", catalogue())
def test_a_message_stands_in_both_languages_with_the_same_values(key: str) -> None:
    texts = catalogue()[key]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert placeholders(texts["es"]) == placeholders(texts["en"])
    assert "" not in placeholders(texts["en"]), "values go by name"
    for text in texts.values():
        for _, name, spec, _ in string.Formatter().parse(text):
            assert not spec or (spec.count("|") == 1 and all(spec.split("|"))), (
                f"{name} chooses between two words"
            )


def calls() -> Iterator[tuple[str, int, str, ast.Call]]:
    """Yield every call in the program whose first argument is a text: file, line, name of what is called."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if isinstance(node.args[0].value, str):
                    yield str(path.relative_to(PACKAGE)), node.lineno, name, node


RAISED = [(file, line, call) for file, line, name, call in calls() if name in ERRORS]
SAID = [
    (file, line, call)
    for file, line, name, call in calls()
    if name in ("say", "text") and "." in call.args[0].value
]


def given(call: ast.Call) -> set[str] | None:
    """Return the names of the values that a call gives; null if it hands on values by ``**``."""
    names = [keyword.arg for keyword in call.keywords]
    return None if None in names else {name for name in names if name and name != "where"}


@pytest.mark.parametrize(("file", "line", "call"), RAISED, ids=[f"{file}:{line}" for file, line, _ in RAISED])
def test_every_error_has_a_text_and_gives_it_its_values(file: str, line: int, call: ast.Call) -> None:
    key = f"errors.{call.args[0].value}"
    assert key in catalogue()
    values = given(call)
    if values is not None:
        assert placeholders(catalogue()[key]["en"]) <= values


@pytest.mark.parametrize(("file", "line", "call"), SAID, ids=[f"{file}:{line}" for file, line, _ in SAID])
def test_every_narration_has_a_text_and_gives_it_its_values(file: str, line: int, call: ast.Call) -> None:
    key = call.args[0].value
    assert key in catalogue()
    values = given(call)
    if values is not None:
        assert placeholders(catalogue()[key]["en"]) <= values


def test_the_scan_sees_the_program() -> None:
    assert len(RAISED) > 40
    assert len(SAID) > 20


def test_every_stage_has_a_name() -> None:
    from register.pipeline import STAGES

    assert {f"stage.{stage.name}" for stage in STAGES} <= set(catalogue())


def test_every_way_of_a_first_estimate_has_a_name() -> None:
    assert {f"backtest.way_{way}" for way in PROVISIONAL} <= set(catalogue())


def test_every_error_has_its_own_exit_code() -> None:
    codes = {name: getattr(errors, name).exit_code for name in ERRORS}
    assert codes == {
        "RegisterError": 1,
        "UsageError": 2,
        "DeclarationError": 10,
        "SeveralDeclarationsError": 10,
        "ExtractError": 11,
        "LockedError": 12,
        "QualityError": 13,
        "DisclosureError": 14,
    }


def test_an_error_says_where_it_is() -> None:
    error = errors.DeclarationError("missing_key", where="schemas/x.toml", key="table")
    assert error.message("en").startswith("schemas/x.toml: ")
    assert "«table»" in error.message("es")
    assert str(error) == error.message("en")


@pytest.mark.parametrize("many", ["0", "2", "15\u202f283", 0, 21, 15_283])
def test_a_word_goes_with_its_number(many: object) -> None:
    """One file, two files, no files: in both languages, and whether the number is written already or not."""
    for one in ("1", 1):
        told = {
            language: translate("check.ok", language, sources=many, files=one, cases="")
            for language in LANGUAGES
        }
        written = "15\u202f283" if many == 15_283 else many
        assert f"{written} fuentes declaradas, 1 archivo hallado" in told["es"]
        assert f"{written} sources declared, 1 file found" in told["en"]


def test_a_key_that_is_not_there_is_a_defect() -> None:
    with pytest.raises(KeyError):
        translate("errors.no_such_text", "es")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "es"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "es"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "es_CO.UTF-8"}, "es"),
        ({"LANG": "es_CO.UTF-8", "REGISTER_LANG": "en"}, "en"),
    ],
)
def test_the_language_is_that_of_the_environment_and_spanish_by_default(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], language: str
) -> None:
    for name in ("REGISTER_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_language() == language


@pytest.mark.parametrize(
    ("word", "known", "suggestion"),
    [
        ("ingst", ["ingest", "link"], "ingest"),
        ("xyz", ["ingest", "link"], ""),
        ("a", [], ""),
        ("sexos", ["sex", "sexo"], "sexo"),
        ("apellidos_nombres", ["given_surnames", "mrz"], ""),
        ("municipio", ["department_code", "municipality_code"], "municipality_code"),
    ],
)
def test_a_misspelt_word_gets_the_nearest_one_or_none(word: str, known: list[str], suggestion: str) -> None:
    assert errors.suggest(word, known) == suggestion


def test_a_file_asked_for_is_whole_and_its_owner_s_alone(tmp_path: Path) -> None:
    target = tmp_path / "casos.csv"
    target.write_text("before")
    with suppress(KeyboardInterrupt), errors.writing(target) as beside:
        beside.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "before"
    with errors.writing(target) as beside:
        beside.write_text("whole")
    assert target.read_text() == "whole"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["casos.csv"]


def test_a_file_that_cannot_be_written_is_told_at_its_path(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "casos.csv"
    with pytest.raises(errors.LockedError) as caught, errors.writing(target):
        pytest.fail("nothing is written")
    assert caught.value.where == str(target)


def test_a_narrow_screen_cuts_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("es")
    console.__dict__["_out"] = RichConsole(width=30, soft_wrap=True)
    console.table(["archivo", "filas"], [["migracion_movimientos_2019.csv", "12"]])
    shown = "".join(
        character for character in capsys.readouterr().out if character.isalnum() or character in "._"
    )
    assert "…" not in shown
    assert shown.replace("filas", "").startswith("archivomigracion_movim")
    assert "2019.csv" in shown.replace("12", "")
