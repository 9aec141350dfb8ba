"""``register check`` tells everything that is wrong in a project's declarations at once, whatever stands in them."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import LAYOUTS, make_project

from register.check import check_project
from register.errors import DeclarationError, ExtractError
from register.ingest.folder import every_file
from register.toml_file import read_toml
from tests.cli.test_commands import run

VISAS = "schemas/sources/col/cancilleria_visas.toml"
CROSSINGS = "schemas/sources/col/migracion_movimientos.toml"
WRONG = {
    "register.toml": [("threshold = 5", "treshold = 5"), ("draws = 10", "draws = 1")],
    VISAS: [
        ("delimiter =", "delimitador ="),
        ("visa_class_code =", "visa_clas_code ="),
        ('= "sexo"', '= { from = "sexo", values = { Femenino = "20", Masculino = "30" } }'),
    ],
    CROSSINGS: [
        ('"%d/%m/%Y %H:%M" }', '"%d/%m/%Y %H:%M", patern = "x" }'),
        ("purpose_code  ", "porpose_code  "),
    ],
    "schemas/codelists/purpose.csv": "code,label_es\n1,turismo\n",
    "linkage_rules/itinerary.toml": "[two_births]\nx = 1\n[two_birth]\n",
    "schemas/releases/T01.toml": "title_es = 'x'\ndimensions = ['sexx']\n",
    "cases/a.toml": "[[case]]\nnme = 'x'\n",
}


def test_every_wrong_declaration_is_told_at_once_with_its_file_and_its_mend(tmp_path: Path) -> None:
    root = str(make_wrong(tmp_path / "p"))
    ran = run("-C", root, "check")
    assert ran.code == 10
    for told in (
        ("register.toml [release]", 'Did you mean "threshold"?'),
        ("register.toml [estimate]", "1"),
        ("cancilleria_visas.toml [format]", 'Did you mean "delimiter"?'),
        ("cancilleria_visas.toml [columns]", 'Did you mean "visa_class_code"?'),
        ("cancilleria_visas.toml [person.self] sex values.Femenino", "20"),
        ("cancilleria_visas.toml [person.self] sex values.Masculino", "30"),
        ("migracion_movimientos.toml [columns] crossed_at", 'Did you mean "pattern"?'),
        ("migracion_movimientos.toml [columns]", 'Did you mean "purpose_code"?'),
        ("purpose.csv", "label_en"),
        ("itinerary.toml", 'Did you mean "two_births"?'),
        ("T01.toml", 'Did you mean "sex"?'),
        ("a.toml [[case]] 1", 'Did you mean "name"?'),
    ):
        assert any(all(part in line for part in told) for line in ran.err.splitlines()), (told, ran.err)
    answer = json.loads(run("-C", root, "check", "--json").out)
    assert answer["exit_code"] == 10
    assert len(answer["errors"]) == 13


def make_wrong(root: Path) -> Path:
    make_project(root, {})
    for name, edit in WRONG.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        text = edit if isinstance(edit, str) else path.read_text("utf-8")
        for old, new in edit if isinstance(edit, list) else ():
            assert old in text, (name, old)
            text = text.replace(old, new, 1)
        path.write_text(text, "utf-8")
    return root


def test_one_error_alone_is_told_as_itself(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {}, {VISAS: [("delimiter =", "delimitador =")]})
    with pytest.raises(DeclarationError) as told:
        check_project(project.root)
    assert told.value.key == "unknown_key"


def test_a_delivery_whose_path_tells_no_date_is_told(tmp_path: Path) -> None:
    files = {f"cancilleria_visas_{name}.csv": "numero_visa\n" for name in ("2022", "nuevas")}
    edits = {VISAS: [("[columns]", "delivery = '_(?P<year>20[0-9]{2})'\n[columns]")]}
    project = make_project(tmp_path / "p", files, edits)
    notes = check_project(project.root).notes
    assert [values["file"] for key, values in notes if key == "check.no_delivery"] == [
        "cancilleria_visas_nuevas.csv"
    ]


def test_what_most_of_the_first_rows_would_be_rejected_or_flagged_for_is_told_before_a_build(
    tmp_path: Path,
) -> None:
    layout = {layout.declaration: layout for layout in LAYOUTS}["migracion_movimientos"]
    rows = [layout.row(ID_MOVIMIENTO=f"M{number}", SEXO="WYZ"[number % 3]) for number in range(9)]
    edits = {
        CROSSINGS: [("%d/%m/%Y %H:%M", "%m/%d/%Y"), ('"SEXO"', "{ path = '/(S[0-9])/', from = 'SEXO' }")]
    }
    project = make_project(tmp_path / "p", {layout.file: layout.text(*rows, layout.row(SEXO="M"))}, edits)
    notes = check_project(project.root).notes
    told = {
        values["reason"]: (values["count"], values["rows"])
        for key, values in notes
        if key == "check.doubtful"
    }
    assert told == {"sex:unknown_code": ("9", "10")}, "3 May is 5 March too"
    assert [values["pattern"] for key, values in notes if key == "check.no_path"] == ["/(S[0-9])/"]
    wrong = (project.root / CROSSINGS).read_text("utf-8").replace("%m/%d/%Y", "%Y-%m-%d")
    (project.root / CROSSINGS).write_text(wrong, "utf-8")
    told = {values["reason"] for key, values in check_project(project.root).notes if key == "check.doubtful"}
    assert told == {"crossed_at:date_unreadable"}, "rejected rows say nothing more"


def test_a_file_without_rows_or_without_a_column_that_it_needs_is_told_and_so_is_a_stray_declaration(
    tmp_path: Path,
) -> None:
    layout = {layout.declaration: layout for layout in LAYOUTS}["cancilleria_visas"]
    row = layout.row(fecha_expedicion="15-mar-2024")
    header = layout.header.replace("numero_visa", "nro_visa")
    files = {
        "cancilleria_visas_1.csv": b"",
        "cancilleria_visas_2.csv": layout.text(),
        "cancilleria_visas_3.csv": layout.text(row, header=header),
        "cancilleria_visas_4.csv": layout.text(row, header=layout.header.replace("sexo", "genero")),
    }
    root = make_project(tmp_path / "p", files, {"schemas/sources/col/bodas.toml.txt": "table = 'x'"}).root
    notes = [(key, values) for key, values in check_project(root).notes if key != "check.no_file"]
    told = {(key.removeprefix("check."), values["file"]): values for key, values in notes}
    assert {at for at in told if at[0] != "unknown_columns"} == {
        ("no_declaration", "schemas/sources/col/bodas.toml.txt"),
        ("no_rows", "cancilleria_visas_1.csv"),
        ("no_rows", "cancilleria_visas_2.csv"),
        ("missing_needed", "cancilleria_visas_3.csv"),
        ("missing_columns", "cancilleria_visas_4.csv"),
        ("doubtful", "cancilleria_visas_4.csv"),
    }
    assert told["missing_needed", "cancilleria_visas_3.csv"]["columns"] == "numero_visa (≈ nro_visa)"
    assert told["doubtful", "cancilleria_visas_4.csv"]["reason"] == "issued_on:date_unreadable"


TOML_FAULTS = {
    'a = 1\nb = "x\n': ("toml_quote", 2),
    "a = 1\n\nb = 'x": ("toml_quote", 3),
    'b = "\\d+"': ("toml_backslash", 1),
    "a = 1\nb : 1": ("toml_equals", 2),
    "año = 1": ("toml_equals", 1),
    "b = “x”": ("toml_value", 1),
    "a = 0123": ("toml_rest", 1),
    "a = [1, 2\n": ("toml_bracket", 1),
    "[a]\nb = 1\n[a]": ("toml_twice", 3),
    "a = 1\nb = 'ñ'": ("toml_encoding", 2),
    "a = 1\x01": ("toml_rest", 1),
}


@pytest.mark.parametrize("text", TOML_FAULTS)
def test_a_file_that_is_no_toml_is_told_in_words_with_its_line(tmp_path: Path, text: str) -> None:
    key, line = TOML_FAULTS[text]
    path = tmp_path / "x.toml"
    path.write_text(text, "latin-1" if key == "toml_encoding" else "utf-8")
    with pytest.raises(DeclarationError) as told:
        read_toml(path)
    assert (told.value.key, told.value.where) == (key, f"{path}:{line}")


def test_a_declaration_may_begin_with_the_mark_of_an_editor_and_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_toml(tmp_path / "x.toml") == {"a": 1}
    (tmp_path / "y.toml").mkdir()
    (tmp_path / "z.toml").symlink_to("z.toml")
    for name in "yz":
        with pytest.raises(DeclarationError) as told:
            read_toml(tmp_path / f"{name}.toml")
        assert told.value.key == "declaration_no_file"


def test_links_are_followed_and_what_is_no_file_is_told(tmp_path: Path) -> None:
    elsewhere, extracts = tmp_path / "elsewhere", tmp_path / "extracts"
    (elsewhere / "2024").mkdir(parents=True)
    extracts.mkdir()
    (elsewhere / "2024" / "visas de mañana (1).csv").write_text("x")
    (extracts / "entrega").symlink_to(elsewhere)
    (extracts / ".nada").symlink_to("nowhere")
    assert [name for _, name in every_file(extracts)] == ["entrega/2024/visas de mañana (1).csv"]
    assert every_file(tmp_path / "none") == []
    for name, target in (("itself", "itself"), ("nowhere", "gone.csv"), ("up", ".")):
        (extracts / name).symlink_to(target)
        with pytest.raises(ExtractError) as told:
            every_file(extracts)
        assert (told.value.key, told.value.where) == ("extract_no_file", str(extracts / name))
        (extracts / name).unlink()
    (extracts / os.fsdecode(b"a\xf1o.csv")).write_text("x")
    with pytest.raises(ExtractError) as told:
        every_file(extracts)
    assert told.value.values["name"] == "a?o.csv"


# --- whatever stands in a declaration ---------------------------------------------------------------------------------

OTHERS: tuple[Any, ...] = (7, "zzz", ["a", 1], {"q": 1}, True, "", -1.5, [], {})


def written(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(cell)}" for key, cell in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of a tree."""
    for key, value in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        yield (*path, key)
        yield from places(value, (*path, key))


def test_a_declaration_with_anything_in_it_is_right_or_told_as_wrong_and_never_a_defect(
    tmp_path: Path,
) -> None:
    chance = random.Random(20261122)
    root = make_project(tmp_path / "p", {}).root
    files = sorted(path for path in root.rglob("*.toml") if path.parent.name != "ecu")
    outcomes = []
    for _ in range(60):
        path = chance.choice(files)
        text = path.read_text("utf-8")
        tree = tomllib.loads(text)
        *way, last = chance.choice(list(places(tree)))
        node = tree
        for key in way:
            node = node[key]
        if chance.random() < 0.3:
            del node[last]
        else:
            node[last] = chance.choice(OTHERS)
        path.write_text(
            "\n".join(f"{json.dumps(key)} = {written(value)}" for key, value in tree.items()), "utf-8"
        )
        try:
            check_project(root)
            outcomes.append("right")
        except DeclarationError as error:
            outcomes.append("wrong" if all(one.where for one in error.each) else f"{path.name} {way} {last}")
        path.write_text(text, "utf-8")
    assert set(outcomes) == {"right", "wrong"}
    assert outcomes.count("wrong") > 20
    check_project(root)
