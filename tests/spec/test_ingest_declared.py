"""Extracts in layouts of other offices, declared in TOML alone: what each says is read as it is meant.

Every layout is made up after the ways of an office of the region: each test is a declaration, a file and what is read.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from kit import CROSSINGS, Built, ingest

PERSON = (
    "surname_1, surname_2, given_name, sex, birth_date, citizenship_code, document_kind_code, document_number"
)


def declared(
    directory: Path, declaration: str, files: dict[str, str | bytes], encoding: str = "utf-8"
) -> Built:
    """Build files by one declaration."""
    written = {
        name: text if isinstance(text, bytes) else text.encode(encoding) for name, text in files.items()
    }
    return ingest(directory / "project", written, {"schemas/sources/col/office.toml": declaration})


def lines(*rows: str, end: str = "\r\n") -> str:
    return "".join(row + end for row in rows)


# ---------------------------------------------------------------------------------------- a border control's own report

REPORT = r"""
table  = "crossing"
files  = ["control_migratorio_*.csv"]
key    = "Nro. Movimiento"
format = { delimiter = ";", encoding = "windows-1252", header_begins = '^"?Nro\.', ignored_lines = '^"?Total', nulls = [
    "S/D", "-", "NULL"], trailing_delimiter = true }

[columns]
crossed_at       = { from = ["Fec. Mov.", "Hora"], format = ["%d/%m/%y %H:%M", "%d/%m/%y"] }
direction        = { from = "E/S", values = { E = "arrival", S = "departure" } }
border_post_code = "Puesto"
purpose_code     = "Motivo"

[person.self]
name        = { layout = "separate", given = "Nombres", surname_1 = "Ape. Paterno", surname_2 = "Ape. Materno" }
birth_date  = { from = "Fec. Nac.", format = "%d/%m/%y" }
sex         = "Sexo"
citizenship = "Nacionalidad"
document    = { kind = "Tip. Doc.", number = "Nro. Doc.", issuer = "Nacionalidad" }
"""
REPORT_HEADER = (
    '"Nro. Movimiento";"Fec. Mov.";"Hora";"E/S";"Puesto";"Motivo";"Ape. Paterno";"Ape. Materno";"Nombres";"Fec. Nac.";'
    '"Sexo";"Nacionalidad";"Tip. Doc.";"Nro. Doc.";'
)


def test_a_report_with_lines_above_and_below_two_digit_years_and_a_delimiter_at_the_end(
    tmp_path: Path,
) -> None:
    built = declared(
        tmp_path,
        REPORT,
        {
            "control_migratorio_202301.csv": lines(
                "SUPERINTENDENCIA NACIONAL DE MIGRACIONES",
                "Reporte: movimientos; enero; 2023",
                "",
                REPORT_HEADER,
                '"1";"05/03/23";"14:30";"E";"AEROPUERTO EL DORADO";"TURISMO";"QUISPE";"MAMANI";"ROSA";"07/04/90";'
                '"F";"PERUANA";"PAS";"118.765.432";',
                '"2";"06/03/23";"S/D";"S";"RUMICHACA";"-";"NUÑEZ";"-";"JOSÉ";"07/04/31";"M";"PERU";"DNI";"NULL";',
                '"Total de registros:";"2";;;;;;;;;;;;;',
            ),
            "control_migratorio_202302.csv": lines(
                REPORT_HEADER.removesuffix(";"),
                "3;07/03/23;09:05;E;Ipiales;TRABAJO;ROJAS;S/D;LUIS;01/01/27;M;COLOMBIANA;CC;79.123.456;",
                "4;07/03/23;09:05;E;Ipiales;TRABAJO;ROJAS;S/D;LUIS;01/01/27;M;COLOMBIANA;CC;79.123.456",
                "Total de registros: 2",
            ),
        },
        "cp1252",
    )
    crossings = built.rows(
        "select record_key, crossed_at, direction, purpose_code, flags from crossing order by 1"
    )
    assert [tuple(row.values()) for row in crossings] == [
        ("1", dt.datetime(2023, 3, 5, 14, 30), "arrival", "tourism", None),
        ("2", dt.datetime(2023, 3, 6), "departure", None, None),
        ("3", dt.datetime(2023, 3, 7, 9, 5), "arrival", "work", None),
    ]
    people = built.rows(f"select {PERSON} from identity order by surname_1")
    assert [tuple(row.values()) for row in people] == [
        ("NUNEZ", None, "JOSE", "1", dt.date(1931, 4, 7), "PER", None, None),
        ("QUISPE", "MAMANI", "ROSA", "2", dt.date(1990, 4, 7), "PER", "passport", "118765432"),
        ("ROJAS", None, "LUIS", "1", dt.date(1927, 1, 1), "COL", "national_id", "79123456"),
    ]
    # The header of the second file stands on its first line; a row that lacks the last delimiter is no row.
    assert built.rows("select file, line, reasons from rejected") == [
        {"file": "control_migratorio_202302.csv", "line": 3, "reasons": "line:too_few_columns"}
    ]


# -------------------------------------------------------------- fixed width, one file a direction, the year in its path

FIXED = r"""
table  = "crossing"
files  = ["*_pax_*.txt"]
key    = "folio"

[format]
type = "fixed"
encoding = "latin-1"
ignored_lines = '^(HDR|TRL)'
columns = [
    { name = "folio", start = 1, width = 6 }, { name = "dia_mes", start = 7, width = 4 },
    { name = "hora", start = 11, width = 4 }, { name = "run", start = 15, width = 12 },
    { name = "nombre", start = 27, width = 28 }, { name = "sexo", start = 55, width = 1 },
    { name = "nac", start = 56, width = 8 }, { name = "pais", start = 64, width = 3 },
]

[columns]
crossed_at = { path = '/(20\d\d)/', from = ["dia_mes", "hora"], join = "", format = "%Y%d%m%H%M" }
direction  = { path = '(entradas|salidas)_pax', values = { entradas = "arrival", salidas = "departure" } }

[person.self]
name        = { layout = "surnames_given", full = "nombre" }
birth_date  = { from = "nac", format = "%d%m%Y" }
sex         = { from = "sexo", values = { V = "1", M = "2" } }
citizenship = "pais"
document    = { kind = { constant = "RUN" }, number = "run", issuer = { constant = "CHL" } }
"""


def test_fixed_columns_with_the_year_and_the_direction_in_the_path(tmp_path: Path) -> None:
    row = "{:<6}{:<4}{:<4}{:<12}{:<28}{:<1}{:<8}{:<3}".format
    built = declared(
        tmp_path,
        FIXED,
        {
            "sur/2022/entradas_pax_03.txt": lines(
                "HDR20220331",
                row(
                    "000017", "0503", "0915", "12.345.678-5", "MUÑOZ PEÑA, ANA LUCÍA", "M", "07041990", "CHL"
                ),
                "TRL000001",
            ),
            "sur/2023/salidas_pax_01.txt": lines(
                row("000018", "3101", "2400", "9.876.543-3", "SOTO ROJAS, HUGO", "V", "00001971", "CHL"),
            ),
        },
        "latin-1",
    )
    assert built.rows("select crossed_at, direction from crossing order by record_key") == [
        {"crossed_at": dt.datetime(2022, 3, 5, 9, 15), "direction": "arrival"},
        {"crossed_at": dt.datetime(2023, 2, 1), "direction": "departure"},
    ]
    assert [tuple(row.values()) for row in built.rows(f"select {PERSON} from identity order by 1")] == [
        ("MUNOZ", "PENA", "ANA LUCIA", "2", dt.date(1990, 4, 7), "CHL", "national_id", "123456785"),
        ("SOTO", "ROJAS", "HUGO", "1", dt.date(1971, 1, 1), "CHL", "national_id", "98765433"),
    ]
    assert built.values("select birth_date_precision from identity order by surname_1") == ["day", "year"]
    assert [count["blank"] for count in built.files] == [2, 0]


def test_the_same_crossing_in_two_directions_is_two_records_of_a_source_without_a_key(tmp_path: Path) -> None:
    row = "{:<6}{:<4}{:<4}{:<12}{:<28}{:<1}{:<8}{:<3}".format
    line = lines(row("1", "0503", "0915", "12.345.678-5", "MUÑOZ PEÑA, ANA", "M", "07041990", "CHL"))
    files = {
        "e/2022/entradas_pax_1.txt": line,
        "s/2022/salidas_pax_1.txt": line,
        "x/2022/salidas_pax_1.txt": line,
    }
    built = declared(tmp_path, FIXED.replace('key    = "folio"', ""), files, "latin-1")
    assert built.values("select direction from crossing order by 1") == ["arrival", "departure"]
    assert [count["duplicate"] for count in built.files] == [0, 0, 1]


# ----------------------------------------------------------------------------------- a sheet saved as text by a program

SHEET = r"""
table  = "permit"
files  = ["tarjetas_*.csv"]
key    = { from = "FOLIO", renamed_from = ["NO_FOLIO", "FOLIO_TRAMITE"] }
format = { delimiter = ",", encoding = "utf-16", trim_decimals = true }

[columns]
permit_class_code = { from = "CONDICION", values = { "RESIDENTE TEMPORAL" = "CE", "ESTUDIANTE" = "" } }
issued_on         = { from = "EXPEDIDA", format = ["excel", "%d/%m/%Y"] }
municipality_code = "MUNICIPIO"

[columns.expires_on]
from         = ["VENCE_ANIO", "VENCE_MES", "VENCE_DIA"]
join         = "-"
format       = "%Y-%m-%d"
renamed_from = { VENCE_ANIO = "ANIO_FIN" }

[person.self]
name        = { layout = "given_surnames", full = "NOMBRE" }
birth_date  = { from = "CURP", pattern = '^[A-Z]{4}(\d{6})', format = "%y%m%d" }
sex         = { from = "CURP", pattern = '^[A-Z]{4}\d{6}([HM])', values = { H = "1", M = "2" } }
citizenship = "NACIONALIDAD"
[person.self.document]
kind   = { from = "DOCUMENTO", pattern = '^([A-Z]+)' }
number = { from = "DOCUMENTO", pattern = '([0-9].*)$' }
"""


def test_a_sheet_with_serial_dates_decimals_and_two_things_in_one_column(tmp_path: Path) -> None:
    built = declared(
        tmp_path,
        SHEET,
        {
            "tarjetas_2022.csv": lines(
                "NO_FOLIO,CONDICION,EXPEDIDA,ANIO_FIN,VENCE_MES,VENCE_DIA,MUNICIPIO,NOMBRE,CURP,NACIONALIDAD,DOCUMENTO",
                "1001.0,RESIDENTE TEMPORAL,44652,2026.0,3.0,31.0,5001,JOSE LUIS GARCIA LOPEZ,GALL901231HDFRPS09,VEN,"
                "PAS-G7654321",
                "1002.0,ESTUDIANTE,01/04/2022,2026.0,4.0,,8001.0,ANA LOPEZ,LOXA850607MDFPXN01,VEN,CC 1.023.456",
            ),
            "tarjetas_2023.csv": lines(
                "FOLIO,CONDICION,EXPEDIDA,VENCE_ANIO,VENCE_MES,VENCE_DIA,MUNICIPIO,NOMBRE,CURP,NACIONALIDAD,DOCUMENTO",
                "1001,RESIDENTE TEMPORAL,44652,2027,3,31,05001,JOSE LUIS GARCIA LOPEZ,GALL901231HDFRPS09,VEN,"
                "PAS-G7654321",
            ),
        },
        "utf-16-le",
    )
    permits = built.rows(
        "select record_key, permit_class_code, issued_on, expires_on, municipality_code, flags from permit order by 1"
    )
    assert [tuple(row.values()) for row in permits] == [
        ("1001", "CE", dt.date(2022, 4, 1), dt.date(2027, 3, 31), "05001", None),
        ("1002", None, dt.date(2022, 4, 1), dt.date(2026, 4, 1), "08001", None),
    ]
    assert built.count("tarjetas_2022.csv")["superseded"] == 1
    assert [count["missing_columns"] for count in built.files] == [[], []]
    assert [
        tuple(row.values()) for row in built.rows(f"select {PERSON} from identity order by surname_1")
    ] == [
        ("GARCIA", "LOPEZ", "JOSE LUIS", "1", dt.date(1990, 12, 31), "VEN", "passport", "7654321"),
        ("LOPEZ", None, "ANA", "2", dt.date(1985, 6, 7), "VEN", "national_id", "1023456"),
    ]


# ----------------------------------------------------------------------------------------- what a passport reader reads

MRZ = r"""
table  = "crossing"
files  = ["lector_*.log"]
format = { delimiter = "|", header = false, columns = ["momento", "puerta", "mrz1", "mrz2"] }

[columns]
crossed_at = { from = "momento", format = "%Y-%m-%dT%H:%M:%S.%f%z" }
direction  = { from = "puerta", pattern = '-(IN|OUT)$' }

[person.self]
name        = { layout = "mrz", full = { from = "mrz1", pattern = '^(.*?<<.*?)<*$' } }
birth_date  = { from = "mrz2", pattern = '^.{13}(\d{6})', format = "%y%m%d" }
sex         = { from = "mrz2", pattern = '^.{20}(.)', values = { "<" = "" } }
citizenship = { from = "mrz2", pattern = '^.{10}([A-Z]+)' }
[person.self.document]
kind   = { constant = "passport" }
number = { from = "mrz2", pattern = '^(.{9})' }
issuer = { from = "mrz1", pattern = '^P.([A-Z]+)' }
"""


def test_the_machine_readable_lines_of_passports(tmp_path: Path) -> None:
    built = declared(
        tmp_path,
        MRZ,
        {
            "lector_07.log": lines(
                "2023-03-05T14:30:05.123-05:00|G7-IN|P<COLRODRIGUEZ<PEREZ<<JUAN<CARLOS<<<<<<<<<<<<|"
                "AQ12345670COL9004073M3001012<<<<<<<<<<<<<<04",
                "2023-03-05T14:31:00.000-05:00|G7-OUT|P<D<<MUELLER<<ANNA<<<<<<<<<<<<<<<<<<<<<<<<<<|"
                "C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4",
            )
        },
    )
    assert built.rows("select crossed_at, direction from crossing order by 1") == [
        {"crossed_at": dt.datetime(2023, 3, 5, 14, 30, 5), "direction": "arrival"},
        {"crossed_at": dt.datetime(2023, 3, 5, 14, 31), "direction": "departure"},
    ]
    assert [
        tuple(row.values()) for row in built.rows(f"select {PERSON} from identity order by surname_1")
    ] == [
        ("MUELLER", None, "ANNA", "2", dt.date(1964, 8, 12), "DEU", "passport", "C01X00T47"),
        ("RODRIGUEZ", "PEREZ", "JUAN CARLOS", "1", dt.date(1990, 4, 7), "COL", "passport", "AQ1234567"),
    ]


# -------------------------------------------------------------------------- births by hand, and marriages of two people

BIRTHS = r"""
table  = "birth"
files  = ["nacidos vivos*.csv"]
key    = ["Libro", "Acta"]
format = { delimiter = "\t", nulls = ["NULL", "-", "S/D"] }
ignored = ["Observaciones"]

[columns]
born_on           = { from = "Fecha de nacimiento", format = ["%d-%b-%Y", "%d de %B de %Y"] }
registered_on     = { from = "Inscrita el", format = "%d-%b-%y" }
municipality_code = { from = "Municipio", values = { "LA CAPITAL" = "11001" } }
department_code   = "Departamento"

[person.child]
name          = { layout = "separate", given = "Nombres", surnames = "Apellidos" }
birth_date    = { from = "Fecha de nacimiento", format = ["%d-%b-%Y", "%d de %B de %Y"] }
sex           = { from = "Sexo", values = { V = "1", M = "2" } }
birth_country = { constant = "Colombia" }

[person.mother]
name     = { layout = "given_surnames", full = "Madre" }
sex      = { constant = "2" }
document = { number = "Doc. madre" }

[person.father]
name     = { layout = "given_surnames", full = "Padre" }
sex      = { constant = "1" }
document = { number = "Doc. padre" }
"""


def test_births_with_months_in_words_three_people_and_texts_for_nothing(tmp_path: Path) -> None:
    header = (
        'Libro\tActa\t"Fecha de\nnacimiento"\tInscrita el\tMunicipio\tDepartamento\tNombres\tApellidos\tSexo\tMadre\t'
        "Doc. madre\tPadre\tDoc. padre\tObservaciones"
    )
    built = declared(
        tmp_path,
        BIRTHS,
        {
            "nacidos vivos.csv": lines(
                header,
                "1-2\t3\t15-ene-2023\t02-feb-23\tla capital\tBogotá D.C.\tMATEO\tROJAS LARA\tV\tANA LARA\t"
                "52123456\t-\tNULL\t",
                "1\t2-3\t7 de septiembre de 2022\t8-SET-22\t5001\tAntioquia\tSARA\tDIAZ\tM\tEVA DIAZ\tS/D\t"
                "LUIS DIAZ\t79\t",
                "1\t-\t15-ene-2023\t02-feb-23\t5001\tAntioquia\tLUZ\tDIAZ\tM\tEVA DIAZ\tS/D\tLUIS DIAZ\t79\t",
                end="\n",
            )
        },
    )
    births = built.rows(
        "select record_key, born_on, registered_on, municipality_code, flags from birth order by 2"
    )
    assert [tuple(row.values()) for row in births] == [
        ('1-"2-3"', dt.date(2022, 9, 7), dt.date(2022, 9, 8), "05001", None),
        ('"1-2"-3', dt.date(2023, 1, 15), dt.date(2023, 2, 2), "11001", None),
    ]
    named = "select role, count(*) as n from mention join birth using (record_id) group by role order by role"
    assert built.rows(named) == [
        {"role": "child", "n": 2},
        {"role": "father", "n": 1},
        {"role": "mother", "n": 2},
    ]
    assert built.values("select reasons from rejected") == ["record_key:missing"]
    sexes = (
        "select sex from mention join identity using (identity_id) where role = 'child' order by surname_1"
    )
    assert built.values(sexes) == ["2", "1"]


MARRIAGES = r"""
table  = "marriage"
files  = ["uniones.csv"]
key    = "id"
format = { delimiter = "~|~" }

[columns]
married_on = "fecha"

[person.spouse_1]
name     = { layout = "portuguese", full = "conjuge_1" }
document = { kind = { constant = "CPF" }, number = "cpf_1", issuer = { constant = "BRA" } }

[person.spouse_2]
name     = { layout = "portuguese", given = "nome_2", surnames = "sobrenomes_2" }
birth_date = { from = "nasc_2", format = "%d/%m/%Y" }
document = { number = "cpf_2" }
"""


def test_two_people_in_a_record_with_portuguese_names_and_dates_that_need_no_format(tmp_path: Path) -> None:
    built = declared(
        tmp_path,
        MARRIAGES,
        {
            "uniones.csv": lines(
                "id~|~fecha~|~conjuge_1~|~cpf_1~|~nome_2~|~sobrenomes_2~|~nasc_2~|~cpf_2",
                "1~|~2023-04-01~|~João da Silva Santos~|~111.444.777-35~|~Maria~|~Oliveira Souza~|~"
                "02/05/1988~|~52998224725",
                end="\r",
            )
        },
    )
    assert built.values("select married_on from marriage") == [dt.date(2023, 4, 1)]
    people = built.rows("select surname_1, surname_2, given_name, document_number from identity order by 1")
    assert [tuple(row.values()) for row in people] == [
        ("SANTOS", "DA SILVA", "JOAO", "11144477735"),
        ("SOUZA", "OLIVEIRA", "MARIA", "52998224725"),
    ]


# -------------------------------------------------------------------------------- what a declaration says is held to it


def test_two_digit_years_lie_ahead_where_a_permit_ends(tmp_path: Path) -> None:
    declaration = """
        table = "visa"
        files = "visados.csv"
        key = "n"
        [columns]
        issued_on = { from = "desde", format = "%d/%m/%y" }
        expires_on = { from = "hasta", format = "%d/%m/%y" }
        [person.self]
        document = { number = "doc" }
    """
    built = declared(
        tmp_path, declaration, {"visados.csv": "n,desde,hasta,doc\n1,01/02/98,31/12/35,AB123456\n"}
    )
    assert built.row("select issued_on, expires_on from visa") == {
        "issued_on": dt.date(1998, 2, 1),
        "expires_on": dt.date(2035, 12, 31),
    }


@pytest.mark.parametrize("text", ["NULL", " - ", "S/D", ""])
def test_a_text_for_nothing_is_no_fault_of_a_value(tmp_path: Path, text: str) -> None:
    declaration = """
        table = "visa"
        files = "visados.csv"
        key = "n"
        format = { nulls = ["NULL", "-", "S/D"] }
        [columns]
        issued_on = "desde"
        visa_class_code = "clase"
        [person.self]
        document = { number = "doc" }
    """
    built = declared(tmp_path, declaration, {"visados.csv": f"n,desde,clase,doc\n1,{text},{text},{text}\n"})
    row = built.row("select issued_on, visa_class_code, flags from visa")
    assert row == {"issued_on": None, "visa_class_code": None, "flags": None}
    assert built.values("select count(*) from mention") == [0]


@pytest.mark.parametrize(("least", "code"), [(88, "05001"), (95, None), (100, None)])
def test_how_like_a_place_must_be_is_declared(tmp_path: Path, least: int, code: str | None) -> None:
    declaration = f"""
        table = "permit"
        files = "permisos.csv"
        key = "n"
        [columns]
        municipality_code = {{ from = "ciudad", similarity = {least} }}
        [person.self]
        document = {{ number = "doc" }}
    """
    built = declared(tmp_path, declaration, {"permisos.csv": "n,ciudad,doc\n1,Medelin,AB123456\n"})
    assert built.values("select municipality_code from permit") == [code]
    assert len(built.values("select * from similar_match")) == (code is not None)


def test_people_known_by_documents_alone(tmp_path: Path) -> None:
    declaration = """
        table = "crossing"
        files = "conteo_*.csv"
        key = "n"
        [columns]
        crossed_at = "fecha"
        direction = { path = '(entrada|salida)' }
        [person.self]
        document = { number = "doc" }
    """
    header = "n,fecha,doc\n"
    files: dict[str, str | bytes] = {
        "conteo_entrada.csv": f"{header}1,2023-01-02,AB1111\n2,2023-01-02,AB2222\n3,2023-01-03,\n",
        "conteo_salida.csv": f"{header}4,2023-02-02,AB1111\n",
    }
    built = declared(tmp_path, declaration, files)
    seen = "select direction, document_number from crossing left join mention using (record_id)"
    seen += " left join identity using (identity_id) order by record_id"
    assert [tuple(row.values()) for row in built.rows(seen)] == [
        ("arrival", "AB1111"), ("arrival", "AB2222"), ("arrival", None), ("departure", "AB1111"),
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------- names in one column alone

ONE_COLUMN = """
    table = "permit"
    files = "permisos.csv"
    key = "n"
    [columns]
    [person.self]
    name = { layout = "given_surnames", full = "nombre" }
    citizenship = "pais"
"""


def surnames(built: Built, name: str) -> tuple[str | None, ...]:
    """Return given name and surnames of a name in one column."""
    row = built.row(f"select given_name, surname_1, surname_2 from identity where full_name_raw = '{name}'")
    return tuple(row.values())


def test_names_are_divided_by_the_words_of_their_own_extract(tmp_path: Path) -> None:
    words = ("ROJAS", "LARA", "MORA", "DIAZ", "VEGA", "RUIZ", "SOTO", "LUNA")
    names = [f"{given} {surname}" for given in ("DAVID", "JUAN") for surname in words]
    rows = [f"{at},{name},COL" for at, name in enumerate([*names, "JUAN DAVID ROJAS", "JUAN LARA ROJAS"])]
    built = declared(tmp_path, ONE_COLUMN, {"permisos.csv": lines("n,nombre,pais", *rows)})
    assert surnames(built, "JUAN DAVID ROJAS") == ("JUAN DAVID", "ROJAS", None)
    assert surnames(built, "JUAN LARA ROJAS") == ("JUAN", "LARA", "ROJAS")


def test_names_are_divided_by_how_many_surnames_people_of_a_country_have(tmp_path: Path) -> None:
    told = [
        CROSSINGS.row(
            ID_MOVIMIENTO=f"M{at}", NUM_DOCUMENTO=f"AB{at:06d}", NACIONALIDAD=country, SEGUNDO_APELLIDO=second
        )
        for at, (country, second) in enumerate([("USA", ""), ("COL", "ROJAS")] * 60)
    ]
    rows = ["1,ROBIN MARLO FIELD,USA", "2,ROBIN MARLO FIELD,COL"]
    built = declared(
        tmp_path,
        ONE_COLUMN,
        {CROSSINGS.file: CROSSINGS.text(*told), "permisos.csv": lines("n,nombre,pais", *rows)},
    )
    found = built.rows(
        "select citizenship_code, given_name, surname_1 from identity where full_name_raw is not null order by 1"
    )
    assert [tuple(row.values()) for row in found] == [
        ("COL", "ROBIN", "MARLO"),
        ("USA", "ROBIN MARLO", "FIELD"),
    ]


def test_a_delivery_may_lack_every_column_of_a_person_and_a_person_may_have_a_name_alone(
    tmp_path: Path,
) -> None:
    declaration = """
        table = "birth"
        files = "nacidos_*.csv"
        key = "n"
        [columns]
        born_on = "fecha"
        [person.child]
        name = { layout = "surnames_given", full = "nombre" }
        [person.father]
        name = { layout = "surnames_given", full = { from = "padre", optional = true } }
        document = { number = { from = "doc", optional = true } }
    """
    files: dict[str, str | bytes] = {
        "nacidos_2022.csv": 'n,fecha,nombre\n1,2022-01-02,"DIAZ, EVA"\n2,2022-01-03,"SOTO, ANA"\n',
        "nacidos_2023.csv": 'n,fecha,nombre,padre,doc\n3,2023-01-02,"MORA, LUZ","MORA, JOSE",AB1111\n4,2023-01-02,,,\n',
    }
    built = declared(tmp_path, declaration, files)
    named = "select record_key, role, surname_1, given_name from mention join identity using (identity_id)"
    named += " order by record_key, role"
    assert [tuple(row.values()) for row in built.rows(named)] == [
        ("1", "child", "DIAZ", "EVA"),
        ("2", "child", "SOTO", "ANA"),
        ("3", "child", "MORA", "LUZ"),
        ("3", "father", "MORA", "JOSE"),
    ]
