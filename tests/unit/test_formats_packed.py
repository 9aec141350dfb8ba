"""Files packed in one another, and files that are not what their names or their declaration say."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from kit import CROSSINGS, VISAS, ingest, make_project

from register.check import check_project
from register.errors import ExtractError
from register.ingest.packed import open_extract

VISA = VISAS.text(VISAS.row())


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def tarred(mode: str, **files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "."))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_archives_in_archives_are_read_to_the_last_file(tmp_path: Path) -> None:
    march = zipped(cancilleria_visas_03__csv=VISA, LEAME__txt=b"...")
    april = gzip.compress(VISAS.text(VISAS.row(numero_visa="V2")))
    content = zipped(marzo__zip=march, cancilleria_visas_04__csv__gz=april)
    built = ingest(tmp_path / "p", {"2023.zip": content})
    assert {count["file"]: count["in_tables"] for count in built.files} == {
        "2023.zip/cancilleria_visas_04.csv.gz": 1,
        "2023.zip/marzo.zip/cancilleria_visas_03.csv": 1,
    }
    assert built.report.manifest["stages"]["ingest"]["unclaimed"] == ["2023.zip/marzo.zip/LEAME.txt"]


@pytest.mark.parametrize(("name", "mode"), [("e.tar", "w"), ("e.tar.gz", "w:gz"), ("e.tgz", "w:gz")])
def test_a_tar_is_read_like_a_zip(tmp_path: Path, name: str, mode: str) -> None:
    content = tarred(
        mode, cancilleria_visas__csv=VISA, m__txt=b"...", migracion_movimientos_1__csv=CROSSINGS.text()
    )
    built = ingest(tmp_path / "p", {name: content})
    assert sorted(count["file"] for count in built.files) == [
        f"{name}/cancilleria_visas.csv",
        f"{name}/migracion_movimientos_1.csv",
    ]


def test_a_damaged_tar_is_told(tmp_path: Path) -> None:
    content = tarred("w:gz", cancilleria_visas__csv=VISA * 50)
    with pytest.raises(ExtractError, match=r"e\.tgz: the packed file is damaged"):
        ingest(tmp_path / "p", {"e.tgz": content[: len(content) // 2]})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "Unpack it"),
        (b"Rar!\x1a\x07\x01\x00", "Unpack it"),
        (zipped(a__csv=VISA), r"\.zip"),
        (gzip.compress(VISA), r"\.gz"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", 'type = "xlsx"'),
        (b"$FL2@(#) SPSS DATA FILE", 'type = "spss"'),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"\xef\xbb\xbf\n<HTML><body><table>", "HTML page"),
        (b'[{"numero_visa": 1}]', "JSON"),
    ],
)
def test_a_file_of_another_kind_stops_with_what_to_do(tmp_path: Path, content: bytes, told: str) -> None:
    project = make_project(tmp_path / "p", {VISAS.file: content})
    with pytest.raises(ExtractError, match=told) as raised:
        check_project(project.root)
    assert VISAS.file in str(raised.value)


def test_a_file_that_no_declaration_claims_is_told_and_what_can_be_done_with_it(tmp_path: Path) -> None:
    files = {VISAS.file: VISA, "visas.7z": b"...", "notas/otra.csv": b"a;b\n", "~$libro.xlsx": b"."}
    notes = check_project(make_project(tmp_path / "p", files).root).notes
    told = {values["file"]: key for key, values in notes if "file" in values}
    assert told == {"visas.7z": "check.unclaimed_kind", "notas/otra.csv": "check.unclaimed"}


DECLARED = "schemas/sources/col/cancilleria_visas.toml"
OTHER = """table = "visa"
files = "{files}"
[columns]
[person.self]
document = "pasaporte"
"""


def test_of_several_declarations_the_most_exact_reads_a_file_and_check_tells(tmp_path: Path) -> None:
    files = {"2019/cancilleria_visas.csv": VISA, "2020/cancilleria_visas.csv": VISA}
    edits = {
        "schemas/sources/col/a.toml": OTHER.format(files="*.csv"),
        "schemas/sources/col/z.toml": OTHER.format(files="2019/cancilleria_visas*.csv"),
    }
    built = ingest(tmp_path / "p", files, edits)
    assert {count["file"]: count["declaration"] for count in built.files} == {
        "2019/cancilleria_visas.csv": "z",
        "2020/cancilleria_visas.csv": "cancilleria_visas",
    }
    notes = [values for key, values in check_project(built.project.root).notes if key == "check.rivals"]
    assert notes[0] == {
        "file": "2019/cancilleria_visas.csv",
        "source": "z",
        "rivals": "cancilleria_visas, a",
    }


@pytest.mark.parametrize(
    ("written", "declared", "likely"),
    [
        ("latin-1", "utf-8", "windows-1252"),
        ("utf-8", "latin-1", "utf-8"),
        ("utf-16", "utf-8", "utf-16"),
        ("utf-8", "utf-8", None),
        ("latin-1", "windows-1252", None),
        ("utf-16", "utf-16", None),
    ],
)
def test_check_tells_another_encoding_than_the_declared(
    tmp_path: Path, written: str, declared: str, likely: str | None
) -> None:
    files = {VISAS.file: VISA.decode().encode(written)}
    edits = {DECLARED: [('"utf-8"', f'"{declared}"')]}
    notes = check_project(make_project(tmp_path / "p", files, edits).root).notes
    assert [values["likely"] for key, values in notes if key == "check.encoding"] == (
        [likely] if likely else []
    )


def test_an_open_document_sheet_is_a_workbook(tmp_path: Path) -> None:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        "<table:table-row>" + "".join(cell.format(text) for text in row) + "</table:table-row>"
        for row in (VISAS.ordinary, VISAS.ordinary.values())
    )
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    sheet = f'<office:spreadsheet><table:table table:name="H1">{rows}</table:table></office:spreadsheet>'
    content = f"<office:document-content{names}><office:body>{sheet}</office:body></office:document-content>"
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    manifest = '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"></m:manifest>'
    book = zipped(
        mimetype=kind, content__xml=content.encode(), **{"META-INF/manifest__xml": manifest.encode()}
    )
    edits = {
        DECLARED: [
            ('"cancilleria_visas*.csv"', '"visas.ods"'),
            ('type = "csv", delimiter = ",", encoding = "utf-8"', 'type = "xlsx"'),
        ]
    }
    built = ingest(tmp_path / "p", {"visas.ods": book}, edits)
    assert built.values("select visa_class_code from visa") == ["M"]


def test_a_file_that_went_away_or_cannot_be_read_stops_with_what_to_do(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.csv", tmp_path, tmp_path / "gone.csv.gz"):
        with pytest.raises(ExtractError) as told, open_extract(path):
            pass
        assert told.value.key == "extract_unreadable"
