# ruff: noqa: E501 — extracts and their declarations are as wide as they are
"""Extracts as offices of the region might send them, each declared by TOML alone: one row or two that say it all."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import xlsxwriter
from kit import Built, ingest


@dataclass(frozen=True)
class Office:
    """What an office sends: a file, its declaration, and what each record must say."""

    file: str
    content: bytes
    declaration: str
    records: tuple[Mapping[str, Any], ...]


PERU = Office(
    "movimiento_2023.txt",
    """SUPERINTENDENCIA NACIONAL DE MIGRACIONES
REPORTE DE MOVIMIENTO MIGRATORIO - AÑO 2023

NRO|FECHA MOV.|HORA|TIP_MOV|APELLIDO PATERNO|APELLIDO MATERNO|NOMBRES|FEC_NAC|GENERO|NACIONALIDAD|DOCUMENTO|VIA|
1|15-ene-2023|08:15|E|QUISPE|MAMANI|JUAN CARLOS|30021|MASCULINO|PERUANA|DNI-45678912|AEREA|
2|01-set-2023|24:00|S|DE LA CRUZ||ANA|33241,0|FEMENINO|VENEZOLANA|CE 001234567|MARITIMA|
TOTAL DE REGISTROS: 2
Firmado digitalmente por: Jefe de la Unidad
""".encode("latin-1"),
    r"""
table = "crossing"
files = "movimiento_*.txt"
key = "NRO"
[format]
delimiter = "|"
encoding = "ISO-8859-1"
header_begins = '^NRO\|'
ignored_lines = '^(TOTAL|Firmado)'
trailing_delimiter = true
[columns]
crossed_at = { from = ["FECHA MOV.", "HORA"], format = "%d-%b-%Y %H:%M" }
direction = "TIP_MOV"
transport_mode = "VIA"
[person.self]
name = { layout = "separate", given = "NOMBRES", surname_1 = "APELLIDO PATERNO", surname_2 = "APELLIDO MATERNO" }
birth_date = { from = "FEC_NAC", format = "excel" }
sex = "GENERO"
citizenship = "NACIONALIDAD"
[person.self.document]
kind = { from = "DOCUMENTO", pattern = '^([A-Z]+)' }
number = { from = "DOCUMENTO", pattern = '^[A-Z]+[- ](.*)$' }
""",
    (
        {
            "crossed_at": "2023-01-15 08:15:00", "direction": "arrival", "transport_mode": "air",
            "given_name": "JUAN CARLOS", "surname_1": "QUISPE", "surname_2": "MAMANI", "birth_date": "1982-03-11",
            "sex": "1", "citizenship_code": "PER", "document_kind_code": "national_id", "document_number": "45678912",
        },
        {
            "crossed_at": "2023-09-02 00:00:00", "direction": "departure", "transport_mode": "sea",
            "surname_1": "DE LA CRUZ", "surname_2": None, "birth_date": "1991-01-03", "citizenship_code": "VEN",
            "document_kind_code": "foreigner_id", "document_number": "001234567",
        },
    ),
)  # fmt: skip

BRAZIL = Office(
    "STI_mov_2022.csv",
    """\ufeff"Seq";"Dt. Movimento";"Hora";"Tipo";"Nome";"Dt Nasc";"Sexo";"Nacionalidade";"Tipo Doc";"Doc";"Classificação"
"1";"05-fev-22";"14h30";"Entrada";"João da Silva Pereira Júnior";"12-mai-80";"Masculino";"Portuguesa";"PASSAPORTE";"CB-123.456";"Turista"
"2";"05-out-22";"07h05";"Saída";"Maria José dos Santos";"01-dez-05";"Feminino";"Venezuelana";"RNM";"V123456-7";"Não informado"
"Total";"2";"";"";"";"";"";"";"";"";""
""".encode(),
    r"""
table = "crossing"
files = "sti_*.csv"
key = "Seq"
format = { delimiter = ";", ignored_lines = '^"?Total' }
[columns]
crossed_at = { from = ["Dt. Movimento", "Hora"], format = "%d-%b-%y %Hh%M" }
direction = "Tipo"
traveller_class_code = "Classificação"
[person.self]
name = { layout = "portuguese", full = "Nome" }
birth_date = { from = "Dt Nasc", format = "%d-%b-%y" }
sex = "Sexo"
citizenship = "Nacionalidade"
document = { kind = "Tipo Doc", number = "Doc" }
""",
    (
        {
            "crossed_at": "2022-02-05 14:30:00", "direction": "arrival", "traveller_class_code": "ordinary",
            "given_name": "JOAO", "surname_1": "PEREIRA", "surname_2": "DA SILVA", "birth_date": "1980-05-12",
            "citizenship_code": "PRT", "document_kind_code": "passport", "document_number": "CB123456", "flags": None,
        },
        {
            "crossed_at": "2022-10-05 07:05:00", "direction": "departure", "birth_date": "2005-12-01", "sex": "2",
            "citizenship_code": "VEN", "document_kind_code": "foreigner_id", "flags": None,
        },
    ),
)  # fmt: skip

CHILE = Office(
    "otorgadas.tsv",
    "Id\tRUN\tNombre completo\tSexo\tF.Nacimiento\tNacionalidad\tFecha Otorgamiento\tFecha Vencimiento\r\n"
    "100-1\t12.345.678-5\tPEREZ SOTO, JUAN\t1\t05121980\tHaitiano(a)\t2022-03-01T00:00:00-03:00\t01/03/24\r\n"
    "100-2\tS/I\tMUÑOZ, ROSA\t2\t31121991\tBOLIVIANA/O\t2022-03-01T10:30:00Z\t\r\n".encode("utf-16"),
    r"""
table = "permit"
files = "otorgadas.tsv"
key = "Id"
format = { delimiter = "tab", encoding = "utf-16", nulls = ["S/I"] }
[columns]
permit_class_code = { constant = "OTHER" }
issued_on = { from = "Fecha Otorgamiento", format = "%Y-%m-%dT%H:%M:%S%z" }
expires_on = { from = "Fecha Vencimiento", format = "%d/%m/%y" }
[person.self]
name = { layout = "surnames_given", full = "Nombre completo" }
sex = { from = "Sexo", values = { 1 = "1", 2 = "2" } }
birth_date = { from = "F.Nacimiento", format = "%d%m%Y" }
citizenship = "Nacionalidad"
document = { kind = { constant = "national_id" }, number = "RUN", issuer = { constant = "CHL" } }
""".replace("utf-16", "UTF-16"),
    (
        {
            "issued_on": "2022-03-01", "expires_on": "2024-03-01", "sex": "1", "citizenship_code": "HTI",
            "birth_date": "1980-12-05", "document_number": "123456785", "document_issuer_code": "CHL",
        },
        {
            "issued_on": "2022-03-01", "expires_on": None, "sex": "2", "citizenship_code": "BOL",
            "birth_date": "1991-12-31", "document_number": None, "document_issuer_code": None,
        },
    ),
)  # fmt: skip

COSTA_RICA = Office(
    "mov.dat",
    (
        "0000001" "2023064" "1" "ARIAS SANCHEZ, OSCAR         " "19400913" "M" "NICARAGÜENSE   " "155812345678\r\n"
        "0000002" "2023365" "2" "UREÑA JIMENEZ, ANA           " "00000000" "F" "COSTARRICENSE  " "1-0234-0567\r\n\x1a"
    ).encode("cp850"),
    r"""
table = "crossing"
files = "mov.dat"
key = "id"
[format]
type = "fixed"
encoding = "cp850"
columns = [
    { name = "id", start = 1, width = 7 }, { name = "fecha", start = 8, width = 7 }, { name = "mov", start = 15, width = 1 },
    { name = "nombre", start = 16, width = 29 }, { name = "nac", start = 45, width = 8 },
    { name = "sexo", start = 53, width = 1 }, { name = "pais", start = 54, width = 15 }, { name = "doc", start = 69, width = 14 },
]
[columns]
crossed_at = { from = "fecha", format = "%Y%j" }
direction = { from = "mov", values = { 1 = "arrival", 2 = "departure" } }
[person.self]
name = { layout = "surnames_given", full = "nombre" }
birth_date = { from = "nac", format = "%Y%m%d" }
sex = "sexo"
citizenship = "pais"
document = "doc"
""",
    (
        {
            "crossed_at": "2023-03-05 00:00:00", "direction": "arrival", "surname_1": "ARIAS", "birth_date": "1940-09-13",
            "citizenship_code": "NIC", "document_number": "155812345678",
        },
        {
            "crossed_at": "2023-12-31 00:00:00", "direction": "departure", "surname_1": "URENA", "birth_date": None,
            "citizenship_code": "CRI", "document_number": "102340567", "flags": "birth_date:date_placeholder",
        },
    ),
)  # fmt: skip

DOMINICAN_REPUBLIC = Office(
    "llegadas_2021.csv",
    """Llegadas por vía aérea,,,,,,,,,
,,,,,,,,,
No.,Fecha,Primer Nombre,Segundo Nombre,Primer Apellido,Segundo Apellido,Sexo,Año Nac.,Mes Nac.,Cédula
1,"3/5/2021 2:30:00 PM",RAFAEL,LEÓNIDAS,TRINIDAD,DE LOS SANTOS,HOMBRE,1980,3,001-0123456-7
2,"12/31/2021 11:59:59 PM",MARIE,,ORTEGA,Y LOUIS,MUJER,1990,,
,,,,,,,,,
Nota: cifras preliminares,,,,,,,,,
""".encode("windows-1252"),
    r"""
table = "crossing"
files = "llegadas_*.csv"
key = "No."
format = { encoding = "ANSI", header_begins = '^No\.', ignored_lines = '^(,*$|Nota)' }
[columns]
crossed_at = { from = "Fecha", format = "%-m/%-d/%Y %I:%M:%S %p" }
direction = { constant = "arrival" }
transport_mode = { constant = "air" }
[person.self]
name = { layout = "separate", given = ["Primer Nombre", "Segundo Nombre"], surname_1 = "Primer Apellido", surname_2 = "Segundo Apellido" }
birth_date = { from = ["Año Nac.", "Mes Nac."], join = "-", format = "%Y-%m" }
sex = "Sexo"
document = "Cédula"
""",
    (
        {
            "crossed_at": "2021-03-05 14:30:00", "given_name": "RAFAEL LEONIDAS", "surname_2": "DE LOS SANTOS",
            "birth_date": "1980-03-01", "birth_date_precision": "month", "document_number": "00101234567",
        },
        {
            "crossed_at": "2021-12-31 23:59:59", "given_name": "MARIE", "surname_2": "LOUIS", "sex": "2",
            "birth_date": "1990-01-01", "birth_date_precision": "year",
        },
    ),
)  # fmt: skip

URUGUAY = Office(
    "dnm.csv",
    """Fecha y hora#Mov#Nombres y Apellidos#Fecha Nac#Sexo#Nacionalidad#Documento
Lunes, 2 de enero de 2023 a las 9:05#Ingreso#María Noel Rodríguez Da Cunha#2 de enero de 1990#Mujer#uruguaya#CI 1.234.567-2
martes 3 de enero de 2023 a las 21:05#Egreso#Silva, Washington#3 ene. 85#Hombre#Desconocida#CI UY 4.567.890-1
""".encode(),
    r"""
table = "crossing"
files = "dnm.csv"
format = { delimiter = "#" }
[columns]
crossed_at = { from = "Fecha y hora", format = ["%A, %d de %B de %Y a las %H:%M", "%A %d de %B de %Y a las %H:%M"] }
direction = "Mov"
[person.self]
name = { layout = "given_surnames", full = "Nombres y Apellidos" }
birth_date = { from = "Fecha Nac", format = ["%d de %B de %Y", "%d %b %y"] }
sex = "Sexo"
citizenship = "Nacionalidad"
[person.self.document]
kind = { from = "Documento", pattern = '^(\w+)' }
number = { from = "Documento", pattern = '([0-9][0-9.-]*)$' }
""",
    (
        {
            "crossed_at": "2023-01-02 09:05:00", "direction": "arrival", "given_name": "MARIA NOEL",
            "surname_1": "RODRIGUEZ", "surname_2": "DA CUNHA", "birth_date": "1990-01-02", "citizenship_code": "URY",
            "document_number": "12345672", "document_kind_code": "national_id",
        },
        {
            "crossed_at": "2023-01-03 21:05:00", "direction": "departure", "surname_1": "SILVA", "sex": "1",
            "birth_date": "1985-01-03", "citizenship_code": None, "flags": None, "document_number": "45678901",
        },
    ),
)  # fmt: skip

MEXICO = Office(
    "fmm_2023.csv",
    """folio,nombre,apellidos,fec_nac,sexo,nacionalidad,pasaporte,entrada_fecha,entrada_hora,salida_fecha,salida_hora,dias
"F-1",JOSÉ LUIS,"HERNÁNDEZ, LÓPEZ",1975-05-00,H,GUATEMALTECO,"A 123 456",2023/05/01,02:30:00 p.m.,2023/05/20,13:00:00,19
"F-2",MARÍA GUADALUPE,"VDA DE GÓMEZ",0000-00-00,M,HONDUREÑA,B987,2023/06/01,12:05:00 a.m.,NULL,NULL,NULL
""".encode(),
    r"""
table = "crossing"
files = "fmm_*.csv"
key = "folio"
ignored = ["dias"]
format = { nulls = ["NULL"] }
[rows.entrada]
fecha = ["entrada_fecha", "entrada_hora"]
sentido = { constant = "E" }
[rows.salida]
fecha = ["salida_fecha", "salida_hora"]
sentido = { constant = "S" }
[columns]
crossed_at = { from = "fecha", format = ["%Y/%m/%d %I:%M:%S %p", "%Y/%m/%d %T"] }
direction = "sentido"
[person.self]
name = { layout = "separate", given = "nombre", surnames = "apellidos" }
birth_date = { from = "fec_nac", format = "%F" }
sex = { from = "sexo", values = { H = "1", M = "2" } }
citizenship = "nacionalidad"
document = { kind = { constant = "passport" }, number = "pasaporte", issuer = "nacionalidad" }
""",
    (
        {"record_key": "F-1:entrada", "crossed_at": "2023-05-01 14:30:00", "direction": "arrival", "sex": "1"},
        {"record_key": "F-1:salida", "crossed_at": "2023-05-20 13:00:00", "direction": "departure",
         "birth_date": "1975-05-01", "birth_date_precision": "month", "document_number": "A123456"},
        {"record_key": "F-2:entrada", "crossed_at": "2023-06-01 00:05:00", "married_name": "GOMEZ", "sex": "2"},
    ),
)  # fmt: skip


def workbook(*rows: tuple[Any, ...]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    forms = {
        dt.date: book.add_format({"num_format": "dd/mm/yyyy"}),
        dt.time: book.add_format({"num_format": "hh:mm"}),
    }
    for at, row in enumerate(rows):
        for place, cell in enumerate(row):
            if type(cell) in forms:
                sheet.write_datetime(at, place, cell, forms[type(cell)])
            elif cell is not None:
                sheet.write(at, place, cell)
    book.close()
    return out.getvalue()


ARGENTINA = Office(
    "Ingresos y egresos 2023.xlsx",
    workbook(
        ("MINISTERIO DEL INTERIOR",),
        (),
        (None, "MOVIMIENTO", None, None, "PERSONA"),
        ("N°", "Fecha", "Hora", "Tipo", "Apellidos y nombres", "Nacimiento", "Sexo (1=H, 2=M)", "Nacionalidad", "DNI"),
        (1, dt.date(2023, 3, 5), dt.time(14, 30), "Ingreso", "PÉREZ GÓMEZ, JUAN", dt.date(1980, 2, 29), 1, "ARGENTINO/A", 30123456),
        (2, dt.date(2023, 3, 6), dt.time(0, 0), "Egreso", "GARCIA, MARIA", "1985", 2, "Brasilera", "MG 12"),
        (3, "07/03/2023", "23:59", "Egreso", "GARCIA, LUIS", 33241, 2.0, "Perú", None),
        (None, None, None, "Total", 3),
        ("Fuente: Ministerio",),
    ),
    r"""
table = "crossing"
files = "ingresos y egresos *.xlsx"
key = "N°"
format = { type = "xlsx", header_begins = '^N°', ignored_lines = '^(,*Total|Fuente)' }
[columns]
crossed_at = { from = ["Fecha", "Hora"], format = ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M"] }
direction = "Tipo"
[person.self]
name = { layout = "surnames_given", full = "Apellidos y nombres" }
birth_date = { from = "Nacimiento", format = ["%Y-%m-%d", "excel"] }
sex = { from = "Sexo (1=H, 2=M)", values = { 1 = "1", 2 = "2" } }
citizenship = "Nacionalidad"
document = "DNI"
""",
    (
        {
            "crossed_at": "2023-03-05 14:30:00", "line": "5", "birth_date": "1980-02-29", "sex": "1",
            "citizenship_code": "ARG", "document_number": "30123456",
        },
        {
            "crossed_at": "2023-03-06 00:00:00", "birth_date": "1985-01-01", "birth_date_precision": "year",
            "citizenship_code": "BRA", "document_number": "MG12",
        },
        {"crossed_at": "2023-03-07 23:59:00", "birth_date": "1991-01-03", "sex": "2", "citizenship_code": "PER"},
    ),
)  # fmt: skip

PORTAL = Office(
    "portal_2023-03.json",
    """{"generado": "2023-04-01", "total": 3, "cruces": [
  {"id": 17, "momento": 1678043400000, "sentido": "I", "viajero": {"nombres": "ANNA", "apellidos": ["MÜLLER", null],
   "nacido": "1964-08", "sexo": 2}, "documentos": [{"tipo": "P", "numero": "C01X00T47", "pais": "D"}]},
  {"id": 18, "momento": 1678078740000, "sentido": "O", "viajero": {"nombres": "ARTA", "apellidos": ["HOXHA", "ZIMBA"],
   "nacido": "1990-01-31", "sexo": 9}, "documentos": [{"tipo": "P", "numero": "K7", "pais": "RKS"},
   {"tipo": "V", "numero": "88"}], "estado": "vigente"},
  {"id": 19, "momento": 1678078740000, "sentido": "O", "viajero": {"nombres": "EVA", "apellidos": ["DIAZ"]},
   "documentos": [], "estado": "ANULADO"}
], "paginas": {"actual": 1, "de": 1}}
""".encode("windows-1252"),
    r"""
table = "crossing"
files = "portal_*.json"
key = "id"
withdrawn = { from = "estado", pattern = '^(ANUL)' }
format = { type = "json", records = "cruces", encoding = ["utf-8", "windows-1252"] }
[columns]
crossed_at = { from = "momento", format = "epoch-05:00" }
direction = { from = "sentido", values = { I = "arrival", O = "departure" } }
[person.self]
name = { layout = "separate", given = "viajero.nombres", surname_1 = "viajero.apellidos.1", surname_2 = "viajero.apellidos.2" }
birth_date = "viajero.nacido"
sex = { from = "viajero.sexo", values = { 1 = "1", 2 = "2", 9 = "" } }
citizenship = "documentos.1.pais"
document = { kind = { constant = "passport" }, number = "documentos.1.numero", issuer = "documentos.1.pais" }
""",
    (
        {
            "record_key": "17", "crossed_at": "2023-03-05 14:10:00", "direction": "arrival", "line": "1",
            "surname_1": "MULLER", "surname_2": None, "birth_date": "1964-08-01", "birth_date_precision": "month",
            "sex": "2", "citizenship_code": "DEU", "document_number": "C01X00T47", "flags": None,
        },
        {
            "record_key": "18", "crossed_at": "2023-03-05 23:59:00", "direction": "departure", "line": "2",
            "surname_2": "ZIMBA", "sex": None, "citizenship_code": "RKS", "document_issuer_code": "RKS", "flags": None,
        },
    ),
)  # fmt: skip

OFFICES = {
    "argentina": ARGENTINA,
    "peru": PERU,
    "brazil": BRAZIL,
    "chile": CHILE,
    "costa_rica": COSTA_RICA,
    "dominican_republic": DOMINICAN_REPUBLIC,
    "uruguay": URUGUAY,
    "mexico": MEXICO,
    "portal": PORTAL,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Every office's extract in one project."""
    files = {office.file: office.content for office in OFFICES.values()}
    edits = {f"schemas/sources/col/{name}.toml": office.declaration for name, office in OFFICES.items()}
    return ingest(tmp_path_factory.mktemp("offices") / "p", files, edits)


@pytest.mark.parametrize("name", OFFICES)
def test_an_extract_says_what_its_declaration_makes_of_it(built: Built, name: str) -> None:
    office = OFFICES[name]
    table = "permit" if '"permit"' in office.declaration else "crossing"
    found = built.rows(
        f"select r.*, i.* exclude (identity_id, roles) from {table} r join mention m using (record_id) "
        f"join identity i using (identity_id) where r.declaration = '{name}' order by r.line, r.record_key"
    )
    assert len(found) == len(office.records)
    for row, expected in zip(found, office.records, strict=True):
        told = {column: row[column] if row[column] is None else str(row[column]) for column in expected}
        assert told == dict(expected)
    assert built.count(office.file)["rejected"] == 0
