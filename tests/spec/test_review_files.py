"""Review in a spreadsheet: pairs out to a CSV and decisions back, and what the command says."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.review import Country, country

from register.cli import main
from register.decisions import read_standing
from register.errors import ExtractError
from register.review.exchange import Imported, export, take


@pytest.fixture
def found(tmp_path: Path) -> Country:
    return country(600, 16.0).copy(tmp_path)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def save(path: Path, lines: list[dict[str, str]], delimiter: str = ";", encoding: str = "utf-8-sig") -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(lines)


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), (",", "utf-8"), ("\t", "cp1252")])
def test_a_spreadsheet_goes_out_and_comes_back(
    found: Country, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    path = tmp_path / "pairs.csv"
    many = export(found.open(), path)
    lines = rows(path)
    assert len(lines) == many > 100
    words = ["igual", "DISTINTA ", "no se sabe", "same", ""]
    for line, word in zip(lines, words, strict=False):
        line["judgement"], line["note"] = word, "véase el acta" if word else ""
    save(path, lines, delimiter, encoding)
    desk = found.open("luis")
    assert take(desk, path) == Imported(new=4, same=0, empty=many - 4)
    assert take(desk, path) == Imported(new=0, same=4, empty=many - 4)
    standing = read_standing(found.project.decisions).values()
    assert [one.judgement for one in standing] == ["same", "different", "unsure", "same"]
    assert {voice.note for one in standing for voice in one.voices} == {"véase el acta"}
    again = tmp_path / "rest.csv"
    assert export(found.open("ana"), again) < many
    kept = {tuple(line[key] for key in ("source_l", "record_key_l", "record_key_r")) for line in rows(again)}
    decided = {tuple(line[key] for key in ("source_l", "record_key_l", "record_key_r")) for line in lines[:4]}
    assert not kept & decided


@pytest.mark.parametrize(
    ("spoil", "key", "line"),
    [
        (lambda lines: lines[1].update(judgement="tal vez"), "bad_judgement", 3),
        (lambda lines: lines[1].update(judgement="same", record_key_l="1,23E+15"), "unknown_record", 3),
        (lambda lines: [line.pop("role_l") for line in lines], "bad_review_columns", 1),
    ],
)
def test_a_file_with_an_error_is_refused_whole(
    found: Country, tmp_path: Path, spoil: Callable[[list[dict[str, str]]], object], key: str, line: int
) -> None:
    path = tmp_path / "pairs.csv"
    export(found.open(), path)
    lines = rows(path)
    lines[0]["judgement"] = "same"
    spoil(lines)
    save(path, lines)
    with pytest.raises(ExtractError) as error:
        take(found.open(), path)
    assert (error.value.key, error.value.where) == (key, f"{path}:{line}")
    assert not found.project.decisions.exists()


def test_the_command_tells_how_far_the_review_is(
    found: Country, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pairs.csv"
    root = str(found.project.root)
    main(["--json", "-C", root, "review", "--summary"])
    nothing = json.loads(capsys.readouterr().out)["measured"]
    assert nothing["reviewed"] == 0
    assert nothing["precision_low"] is nothing["recall_high"] is None, "nobody measured anything"
    main(["--json", "-C", root, "review", "--export", str(path)])
    exported = json.loads(capsys.readouterr().out)
    lines = rows(path)
    assert exported == {"done": "exported", "count": len(lines), "path": str(path)}
    for line in lines:
        line["judgement"] = "different" if line["queue"] in ("threshold", "sample") else ""
    save(path, lines)
    main(["--lang", "es", "-C", root, "review", "--import", str(path), "--reviewer", "Ana María"])
    assert "decisiones tomadas de" in capsys.readouterr().err
    main(["--json", "-C", root, "review", "--summary"])
    told = json.loads(capsys.readouterr().out)
    assert told["measured"]["precision_low"] <= told["measured"]["precision"]
    assert told["progress"]["threshold"]["decided"] == told["progress"]["threshold"]["pairs"] > 0
    assert told["contradictions"] == told["disagreements"] == 0
    main(["--lang", "es", "-C", root, "review", "--summary"])
    out = capsys.readouterr().out
    assert "Cerca del umbral" in out
    assert f"en {told['measured']['bands']} de {told['strata']} estratos" in out


@pytest.mark.parametrize(
    "wrong", [["--export", "a.csv", "--summary"], ["--reviewer", " "], ["--port", "99999"]]
)
def test_what_makes_no_sense_is_said_so(
    found: Country, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--lang", "en", "-C", str(found.project.root), "review", *wrong])
    assert left.value.code == 2
    assert capsys.readouterr().err.strip()
