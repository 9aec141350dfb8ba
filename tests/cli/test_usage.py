"""The command line speaks one language: its headings, and what it says of a command typed wrong."""

from __future__ import annotations

import errno
import re

import duckdb
import polars as pl
import pytest

from register.cli import main, make_app
from register.errors import LockedError

ENGLISH = re.compile(
    r"\b(Usage|Options|Arguments|Commands|Show|Install|required|default|No such|Missing|Invalid)\b|<(str|path|int|list)"
)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Return the exit code of a command and all it printed."""
    code = 0
    try:
        main(list(words))
    except SystemExit as left:
        code = int(left.code or 0)
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def pages() -> list[tuple[str, ...]]:
    from typer.main import get_command

    app = get_command(make_app("es"))
    names = [(name,) for name in app.commands] + [()]  # type: ignore[attr-defined]
    groups = [
        (name, inner)
        for name, command in app.commands.items()
        for inner in getattr(command, "commands", ())  # type: ignore[attr-defined]
    ]
    return names + groups


@pytest.mark.parametrize("command", pages(), ids=" ".join)
def test_a_help_page_in_spanish_holds_no_english_heading(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, page = said(capsys, "--lang", "es", *command, "--help")
    assert code == 0
    assert page.startswith("Uso: register")
    assert "Opciones:" in page
    assert not ENGLISH.search(page)


def test_a_help_page_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    _, page = said(capsys, "--lang", "en", "explain", "--help")
    assert page.startswith("Usage: register explain")
    assert "Options:" in page


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["buid"], "no existe la orden «buid». ¿Quiso decir «build»?"),
        (["build", "--frce"], "no existe la opción «--frce». ¿Quiso decir «--force»?"),
        (["init", "f"], "falta --country"),
        (["explain"], "falta OBJETO"),
        (["synth", "x", "--people", "muchas"], "el valor de --people no sirve: se espera un número entero"),
        (["build", "--run"], "la opción --run necesita un valor"),
        (["build", "extra"], "sobra «extra»"),
        (["flows", "--vintages", "0"], "se espera un número entero desde 1"),
        (["review", "--port", "99999"], "se espera un número entero de 0 a 65535"),
        (["flows", "-C"], "la opción -C necesita un valor"),
        (["classify", "falta.csv", "--observed-until", "2024-12-31", "-o", "v.csv"], "falta.csv: no existe"),
        (["runs", "shw"], "no existe la orden «shw». ¿Quiso decir «show»?"),
    ],
)
def test_a_command_typed_wrong_is_told_in_spanish(
    typed: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, "--lang", "es", *typed)
    assert code == 2
    assert told in text
    assert not ENGLISH.search(text)


def test_a_group_without_its_command_shows_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "--lang", "es", "runs")
    assert code == 2
    assert text.startswith("Uso: register runs")


@pytest.mark.parametrize(
    "full",
    [
        OSError(errno.ENOSPC, "No space left on device", "/disk/release/T01.csv"),
        duckdb.IOException("IO Error: Could not write file: No space left on device"),
        pl.exceptions.ComputeError("No space left on device (os error 28)"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_full_disk_is_no_defect_whoever_meets_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, full: Exception
) -> None:
    def refuse() -> None:
        raise full

    monkeypatch.delenv("REGISTER_DEBUG", raising=False)
    monkeypatch.setattr("register.cli.make_app", lambda _language: lambda **_: refuse())
    code, told = said(capsys, "--lang", "es", "doctor")
    assert code == LockedError.exit_code
    assert "el espacio en disco" in told
    assert "imprevisto" not in told
