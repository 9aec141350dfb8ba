"""What `register synth` writes: layouts, encodings, keys, repeatability, and mess on demand."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from register.errors import DeclarationError, UsageError
from register.synth import generate
from register.synth.report import SynthReport

YEARS = (2019, 2021)
HEADERS = {
    "migracion_movimientos_2020.csv": (
        b"ID_MOVIMIENTO;FECHA_HORA;TIPO_MOVIMIENTO;PUESTO_CONTROL;TIPO_DOCUMENTO;NUM_DOCUMENTO;PAIS_EMISOR;"
        b"PRIMER_APELLIDO;SEGUNDO_APELLIDO;NOMBRES;FECHA_NACIMIENTO;SEXO;NACIONALIDAD;"
        b"PAIS_PROCEDENCIA_DESTINO;MOTIVO_VIAJE"
    ),
    "cancilleria_visas.csv": (
        b"numero_visa,tipo,fecha_expedicion,fecha_vencimiento,pasaporte,apellidos_nombres,"
        b"fecha_nacimiento,sexo,nacionalidad"
    ),
    "permisos_residencia.csv": (
        b"\xef\xbb\xbfNUM_PERMISO|CLASE|F_EXPEDICION|F_VENCIMIENTO|DOC_ORIGEN|NOMBRE_COMPLETO|F_NACIMIENTO|"
        b"SEXO|NACIONALIDAD|MUNICIPIO|DEPARTAMENTO"
    ),
    "registro_civil_nacimientos.csv": (
        b"serial,fecha_nacimiento,nombres,primer_apellido,segundo_apellido,sexo,cod_municipio,doc_madre,"
        b"nombres_madre,apellidos_madre,nacionalidad_madre,doc_padre,nombres_padre,apellidos_padre,"
        b"nacionalidad_padre,fecha_inscripcion"
    ),
    "registro_civil_defunciones.csv": (
        b"serial,fecha_defuncion,documento,nombres,primer_apellido,segundo_apellido,fecha_nacimiento,sexo,"
        b"nacionalidad,cod_municipio"
    ),
    "registro_civil_matrimonios.csv": (
        b"serial,fecha_matrimonio,documento_1,nombres_1,apellidos_1,fecha_nacimiento_1,nacionalidad_1,"
        b"documento_2,nombres_2,apellidos_2,fecha_nacimiento_2,nacionalidad_2"
    ),
}
ENCODINGS = {"migracion": ("latin-1", ";"), "permisos": ("utf-8-sig", "|")}


def read(path: Path) -> pl.DataFrame:
    encoding, delimiter = ENCODINGS.get(path.name.split("_")[0], ("utf-8", ","))
    return pl.read_csv(path.read_text(encoding).encode(), separator=delimiter, infer_schema=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SynthReport:
    return generate(tmp_path_factory.mktemp("country"), people=600, seed=11, years=YEARS)


@pytest.fixture(scope="module")
def extracts(made: SynthReport) -> Path:
    return made.directory / "extracts"


def test_one_file_of_crossings_a_year_and_one_of_each_other_source(extracts: Path) -> None:
    assert sorted(path.name for path in extracts.iterdir()) == sorted(
        [*HEADERS, "migracion_movimientos_2019.csv", "migracion_movimientos_2021.csv"]
    )


@pytest.mark.parametrize("name", HEADERS)
def test_header_encoding_mark_and_line_ends(extracts: Path, name: str) -> None:
    content = (extracts / name).read_bytes()
    assert content.split(b"\r\n")[0] == HEADERS[name]
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.endswith(b"\r\n")


def test_headers_are_those_of_the_sample(extracts: Path, shared: Path) -> None:
    sample = shared / "extracts" / "colombia-sample"
    for name in HEADERS:
        assert (extracts / name).read_bytes().split(b"\r\n")[0] == (sample / name).read_bytes().split(
            b"\r\n"
        )[0]


@pytest.mark.parametrize(
    ("name", "column", "pattern"),
    [
        ("migracion_movimientos_2020.csv", "ID_MOVIMIENTO", r"^M\d{9}$"),
        ("migracion_movimientos_2020.csv", "FECHA_HORA", r"^\d\d/\d\d/2020 \d\d:\d\d$"),
        ("migracion_movimientos_2020.csv", "TIPO_MOVIMIENTO", r"^(ENTRADA|SALIDA)$"),
        ("migracion_movimientos_2020.csv", "FECHA_NACIMIENTO", r"^\d\d/\d\d/\d{4}$"),
        ("migracion_movimientos_2020.csv", "NACIONALIDAD", r"^[A-Z]{3}$"),
        ("cancilleria_visas.csv", "numero_visa", r"^V\d{7}$"),
        ("cancilleria_visas.csv", "fecha_expedicion", r"^\d{4}-\d\d-\d\d$"),
        ("cancilleria_visas.csv", "apellidos_nombres", r"^[^,]+, [^,]+$"),
        ("cancilleria_visas.csv", "sexo", r"^(Femenino|Masculino)$"),
        ("permisos_residencia.csv", "F_VENCIMIENTO", r"^\d{8}$"),
        ("permisos_residencia.csv", "NUM_PERMISO", r"^\d{6,7}$"),
        ("registro_civil_nacimientos.csv", "serial", r"^N\d{7}$"),
        ("registro_civil_nacimientos.csv", "nombres_padre", r"^(\p{Lu}\p{Ll}*)( \p{Lu}\p{Ll}*)*$"),
        ("registro_civil_defunciones.csv", "serial", r"^D\d{7}$"),
        ("registro_civil_matrimonios.csv", "serial", r"^C\d{7}$"),
    ],
)
def test_values_are_written_as_the_office_writes_them(
    extracts: Path, name: str, column: str, pattern: str
) -> None:
    values = read(extracts / name)[column].drop_nulls()
    assert len(values) > 0
    assert values.filter(~values.str.contains(pattern)).to_list() == []


def test_the_truth_names_each_mention_of_the_extracts_once_and_no_other(made: SynthReport) -> None:
    extracts = made.directory / "extracts"
    named = []
    for file, source, key, roles in (
        ("migracion_movimientos_*.csv", "crossing", "ID_MOVIMIENTO", {"self": "NOMBRES"}),
        ("cancilleria_visas.csv", "visa", "numero_visa", {"self": "apellidos_nombres"}),
        ("permisos_residencia.csv", "permit", "NUM_PERMISO", {"self": "NOMBRE_COMPLETO"}),
        (
            "registro_civil_nacimientos.csv",
            "birth",
            "serial",
            {"child": "nombres", "mother": "nombres_madre", "father": "nombres_padre"},
        ),
        ("registro_civil_defunciones.csv", "death", "serial", {"self": "nombres"}),
        (
            "registro_civil_matrimonios.csv",
            "marriage",
            "serial",
            {"spouse_1": "nombres_1", "spouse_2": "nombres_2"},
        ),
    ):
        for path in sorted(extracts.glob(file)):
            rows = read(path)
            for role, name in roles.items():
                keys = rows.filter(pl.col(name).is_not_null())[key]
                named += [(source, record_key, role) for record_key in keys]
    truth = pl.read_parquet(made.directory / "truth" / "mention.parquet")
    told = truth.select("source", "record_key", "role").rows()
    assert sorted(told) == sorted(named)
    assert len(set(told)) == len(told)
    people = pl.read_parquet(made.directory / "truth" / "person.parquet")["true_id"]
    assert truth["true_id"].is_in(people.implode()).all()


def test_the_report_counts_what_stands_in_the_files(made: SynthReport, extracts: Path) -> None:
    crossings = sum(read(path).height for path in extracts.glob("migracion_*.csv"))
    assert made.records_by_source["crossing"] == crossings
    assert made.records == sum(made.records_by_source.values())
    assert made.to_dict()["truth"]["person"] == made.people


def test_crossings_are_in_order_of_time_and_key(extracts: Path) -> None:
    for path in extracts.glob("migracion_*.csv"):
        rows = read(path)
        assert rows["FECHA_HORA"].str.to_datetime("%d/%m/%Y %H:%M").is_sorted()
        assert rows["ID_MOVIMIENTO"].is_sorted()
        assert rows["ID_MOVIMIENTO"].is_unique().all()


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*.*")
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        generate(tmp_path / name, people=200, seed=seed, years=(2020, 2021))
    first = contents(tmp_path / "a")
    assert first == contents(tmp_path / "b")
    other = contents(tmp_path / "c")
    assert first.keys() == other.keys()
    assert (
        first["extracts/migracion_movimientos_2020.csv"] != other["extracts/migracion_movimientos_2020.csv"]
    )


def test_ten_people_and_one_year_are_enough(tmp_path: Path) -> None:
    report = generate(tmp_path, people=10, seed=1, years=(2020, 2020))
    assert report.people <= 10
    assert (tmp_path / "extracts" / "migracion_movimientos_2020.csv").is_file()
    assert (tmp_path / "truth" / "mention.parquet").is_file()


def write_faults(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_mess_is_made_on_demand(tmp_path: Path) -> None:
    faults = write_faults(
        tmp_path / "mess.toml",
        "[mess]\nunreadable_birth_date = 0.2\nunreadable_date = 0.1\nbad_code = 0.1\n"
        "duplicate_row = 0.1\nbroken_line = 0.1\n",
    )
    for name, file in (("tidy", None), ("messy", faults)):
        generate(tmp_path / name, people=400, seed=3, years=(2020, 2020), faults=file)
    file = "extracts/migracion_movimientos_2020.csv"
    tidy = (tmp_path / "tidy" / file).read_text("latin-1").splitlines()
    messy = (tmp_path / "messy" / file).read_text("latin-1").splitlines()
    assert messy[0] == tidy[0]
    assert 1.03 < (len(messy) - 1) / (len(tidy) - 1) < 1.2
    cells = [line.split(";") for line in messy[1:]]
    whole = [cell for cell in cells if len(cell) == len(tidy[0].split(";"))]
    assert 0.03 < 1 - len(whole) / len(cells) < 0.2
    columns = dict(zip(tidy[0].split(";"), zip(*whole, strict=True), strict=True))
    assert "SIN DATO" in columns["FECHA_NACIMIENTO"]
    assert "SIN DATO" in columns["FECHA_HORA"]
    assert "QQQ" in columns["NACIONALIDAD"]
    assert not any("QQQ" in line or "SIN DATO" in line for line in tidy)


@pytest.mark.parametrize(
    ("text", "key", "named"),
    [
        ("[crossing]\nnames = 0.1\n", "unknown_key", "crossing.names"),
        ("[crosing]\nname = 0.1\n", "unknown_key", "crosing"),
        ("[crossing]\nname = 1.5\n", "not_a_share", "crossing.name"),
        ("[crossing]\nname = true\n", "not_a_share", "crossing.name"),
        ("crossing = 0.1\n", "not_a_section", "crossing"),
        (
            "[document.kinds]\nmissing_character = 0\nwrong_character = 0\nswapped_characters = 0\n"
            "letter_for_digit = 0\nmissing = 0\n",
            "not_a_share",
            "document.kinds",
        ),
    ],
)
def test_a_wrong_file_of_faults_is_refused(tmp_path: Path, text: str, key: str, named: str) -> None:
    faults = write_faults(tmp_path / "faults.toml", text)
    with pytest.raises(DeclarationError) as caught:
        generate(tmp_path / "country", people=100, seed=1, years=(2020, 2020), faults=faults)
    assert caught.value.key == key
    assert caught.value.where == str(faults)
    assert caught.value.values["key"] == named
    assert not (tmp_path / "country").exists()


def test_a_misspelt_key_comes_with_a_suggestion(tmp_path: Path) -> None:
    faults = write_faults(tmp_path / "faults.toml", "[unrecorded]\niregular = 0.5\n")
    with pytest.raises(DeclarationError) as caught:
        generate(tmp_path, people=100, seed=1, years=(2020, 2020), faults=faults)
    assert caught.value.values["suggestion"] == "unrecorded.irregular"


def test_a_file_of_faults_that_is_no_toml_or_not_there(tmp_path: Path) -> None:
    faults = write_faults(tmp_path / "faults.toml", "[crossing\n")
    with pytest.raises(DeclarationError) as caught:
        generate(tmp_path, people=100, seed=1, years=(2020, 2020), faults=faults)
    assert caught.value.key == "toml_bracket"
    with pytest.raises(DeclarationError) as caught:
        generate(tmp_path, people=100, seed=1, years=(2020, 2020), faults=tmp_path / "none.toml")
    assert caught.value.key == "file_missing"


def test_people_and_years_must_make_sense(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        generate(tmp_path, people=3, seed=1, years=(2020, 2020))
    assert caught.value.key == "bad_people"
    with pytest.raises(UsageError) as caught:
        generate(tmp_path, people=100, seed=1, years=(2021, 2020))
    assert caught.value.key == "bad_years"


def test_without_the_extra_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("register.synth.find_spec", lambda name: None)
    with pytest.raises(UsageError) as caught:
        generate(tmp_path, people=100, seed=1, years=(2020, 2020))
    assert caught.value.key == "missing_extra"
    assert caught.value.values == {"extra": "synth"}


def test_evaluating_needs_no_extra() -> None:
    """The module of ``evaluate`` is importable where NumPy and Faker are missing."""
    import subprocess

    code = (
        "import sys; sys.modules['numpy'] = None; sys.modules['faker'] = None; "
        "import register.synth, register.synth.evaluate"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
