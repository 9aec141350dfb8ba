"""A country of eleven people whose lives are known, small enough to check by hand.

LUZ       Venezuelan, immigrates in February 2021: visa, permit, a child. Her permit drops her second surname and
          she crosses once on a renewed passport.
HORACIO   Chilean, immigrates in July 2021, emigrates in September 2022. Father of the child.
GERMAN    Colombian, emigrates in May 2021 after a holiday in 2020. One letter of his name differs on his way out.
MATEO     born to Luz and Horacio in May 2022.
NUBIA     Colombian, resident, a fortnight abroad every year.
PETER     American tourist, three weeks in 2021 and again in 2023.
AMPARO    Colombian, back in March 2022 after years abroad; married in 2023.
DIEGO     Colombian, resident; marries Amparo; never crosses.
NATALY    Venezuelan, entered where nobody saw her; a permit since 2022, leaves in June 2023.
JORGE     Colombian, works abroad from January to May and in 2024 until the last day observed.
MIGUEL    Colombian, never crosses, dies in 2024.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from kit import (
    BIRTHS,
    CROSSINGS,
    DEATHS,
    MARRIAGES,
    PERMITS,
    VISAS,
    Built,
    build_project,
    make_project,
)

LUZ = {
    "TIPO_DOCUMENTO": "PASAPORTE", "NUM_DOCUMENTO": "085123467", "PAIS_EMISOR": "VEN", "PRIMER_APELLIDO": "ZAMBRANO",
    "SEGUNDO_APELLIDO": "QUIÑONES", "NOMBRES": "LUZ MARINA", "FECHA_NACIMIENTO": "09/11/1985", "SEXO": "F",
    "NACIONALIDAD": "VEN",
}  # fmt: skip
HORACIO = {
    "TIPO_DOCUMENTO": "PASAPORTE", "NUM_DOCUMENTO": "F31864275", "PAIS_EMISOR": "CHL", "PRIMER_APELLIDO": "ARAYA",
    "SEGUNDO_APELLIDO": "OSSES", "NOMBRES": "HORACIO ANDRES", "FECHA_NACIMIENTO": "21/04/1979", "SEXO": "M",
    "NACIONALIDAD": "CHL",
}  # fmt: skip
GERMAN = {
    "TIPO_DOCUMENTO": "PASAPORTE", "NUM_DOCUMENTO": "AT604718", "PAIS_EMISOR": "COL", "PRIMER_APELLIDO": "VALBUENA",
    "SEGUNDO_APELLIDO": "OSPINA", "NOMBRES": "GERMAN FELIPE", "FECHA_NACIMIENTO": "12/10/1991", "SEXO": "M",
    "NACIONALIDAD": "COL",
}  # fmt: skip
NUBIA = {
    "TIPO_DOCUMENTO": "CEDULA DE CIUDADANIA", "NUM_DOCUMENTO": "1583297460", "PAIS_EMISOR": "COL",
    "PRIMER_APELLIDO": "MANJARREZ", "SEGUNDO_APELLIDO": "CASTELBLANCO", "NOMBRES": "NUBIA",
    "FECHA_NACIMIENTO": "03/02/1970", "SEXO": "F", "NACIONALIDAD": "COL",
}  # fmt: skip
PETER = {
    "TIPO_DOCUMENTO": "PASAPORTE", "NUM_DOCUMENTO": "472181260", "PAIS_EMISOR": "USA", "PRIMER_APELLIDO": "GREGORY",
    "SEGUNDO_APELLIDO": "", "NOMBRES": "PETER", "FECHA_NACIMIENTO": "06/11/1969", "SEXO": "M", "NACIONALIDAD": "USA",
}  # fmt: skip
AMPARO = {
    "TIPO_DOCUMENTO": "PASAPORTE", "NUM_DOCUMENTO": "BD918273", "PAIS_EMISOR": "COL", "PRIMER_APELLIDO": "SALDARRIAGA",
    "SEGUNDO_APELLIDO": "BENJUMEA", "NOMBRES": "AMPARO", "FECHA_NACIMIENTO": "19/04/1988", "SEXO": "F",
    "NACIONALIDAD": "COL",
}  # fmt: skip
NATALY = {
    "TIPO_DOCUMENTO": "PERMISO POR PROTECCION TEMPORAL", "NUM_DOCUMENTO": "5263179", "PAIS_EMISOR": "COL",
    "PRIMER_APELLIDO": "PIRELA", "SEGUNDO_APELLIDO": "URDANETA", "NOMBRES": "NATALY PATRICIA",
    "FECHA_NACIMIENTO": "08/09/1995", "SEXO": "F", "NACIONALIDAD": "VEN",
}  # fmt: skip
JORGE = {
    "TIPO_DOCUMENTO": "CEDULA DE CIUDADANIA", "NUM_DOCUMENTO": "1964027315", "PAIS_EMISOR": "COL",
    "PRIMER_APELLIDO": "CHAPARRO", "SEGUNDO_APELLIDO": "TIQUE", "NOMBRES": "JORGE ELIECER",
    "FECHA_NACIMIENTO": "30/06/1982", "SEXO": "M", "NACIONALIDAD": "COL",
}  # fmt: skip

IN, OUT = "ENTRADA", "SALIDA"
TRAVEL = [
    ("01/01/2020 06:00", OUT, JORGE, "ESP"),
    ("28/05/2020 21:10", IN, JORGE, "ESP"),
    ("01/08/2020 09:00", OUT, GERMAN, "USA"),
    ("15/08/2020 19:00", IN, GERMAN, "USA"),
    ("10/12/2020 09:00", OUT, NUBIA, "ESP"),
    ("24/12/2020 19:00", IN, NUBIA, "ESP"),
    ("04/01/2021 06:00", OUT, JORGE, "ESP"),
    ("05/02/2021 14:30", IN, LUZ, "VEN"),
    ("03/03/2021 11:00", IN, PETER, "USA"),
    ("24/03/2021 11:00", OUT, PETER, "USA"),
    ("11/05/2021 08:15", OUT, {**GERMAN, "PRIMER_APELLIDO": "VALVUENA"}, "USA"),
    ("30/05/2021 21:10", IN, JORGE, "ESP"),
    ("01/07/2021 23:50", IN, HORACIO, "CHL"),
    ("10/12/2021 09:00", OUT, NUBIA, "ESP"),
    ("24/12/2021 19:00", IN, NUBIA, "ESP"),
    ("05/01/2022 06:00", OUT, JORGE, "ESP"),
    ("14/03/2022 16:40", IN, AMPARO, "ESP"),
    ("29/05/2022 21:10", IN, JORGE, "ESP"),
    ("20/09/2022 05:30", OUT, HORACIO, "CHL"),
    ("10/12/2022 09:00", OUT, NUBIA, "PER"),
    ("24/12/2022 19:00", IN, NUBIA, "PER"),
    ("06/01/2023 06:00", OUT, JORGE, "ESP"),
    ("02/03/2023 11:00", IN, PETER, "USA"),
    ("23/03/2023 11:00", OUT, PETER, "USA"),
    ("15/04/2023 10:00", OUT, {**LUZ, "NUM_DOCUMENTO": "163904528"}, "VEN"),
    ("02/05/2023 18:00", IN, {**LUZ, "NUM_DOCUMENTO": "163904528"}, "VEN"),
    ("27/05/2023 21:10", IN, JORGE, "ESP"),
    ("18/06/2023 12:00", OUT, NATALY, "ECU"),
    ("05/01/2024 06:00", OUT, JORGE, "ESP"),
    ("31/12/2024 21:10", IN, JORGE, "ESP"),
]


def crossings(year: int) -> bytes:
    """Return the crossings of one year."""
    rows = [
        CROSSINGS.row(
            **person,
            ID_MOVIMIENTO=f"M{number:05d}",
            FECHA_HORA=moment,
            TIPO_MOVIMIENTO=direction,
            PAIS_PROCEDENCIA_DESTINO=country,
        )
        for number, (moment, direction, person, country) in enumerate(TRAVEL)
        if moment[6:10] == str(year)
    ]
    return CROSSINGS.text(*rows, end="\r\n")


FILES = {
    **{f"migracion_movimientos_{year}.csv": crossings(year) for year in range(2020, 2025)},
    VISAS.file: VISAS.text(
        VISAS.row(
            numero_visa="V01", tipo="M", fecha_expedicion="2021-01-20", fecha_vencimiento="2024-01-19",
            pasaporte="085123467", apellidos_nombres="ZAMBRANO QUIÑONES, LUZ MARINA", fecha_nacimiento="1985-11-09",
            sexo="Femenino", nacionalidad="Venezuela",
        )
    ),
    PERMITS.file: PERMITS.text(
        PERMITS.row(
            NUM_PERMISO="582559", CLASE="CE", F_EXPEDICION="20210301", F_VENCIMIENTO="20240301", DOC_ORIGEN="085123467",
            NOMBRE_COMPLETO="LUZ MARINA ZAMBRANO", F_NACIMIENTO="19851109", MUNICIPIO="IPIALES", DEPARTAMENTO="Nariño",
        ),
        PERMITS.row(
            NUM_PERMISO="5263179", CLASE="PPT", F_EXPEDICION="20220110", F_VENCIMIENTO="20310110", DOC_ORIGEN="",
            NOMBRE_COMPLETO="NATALY PATRICIA PIRELA URDANETA", F_NACIMIENTO="19950908",
        ),
    ),
    BIRTHS.file: BIRTHS.text(
        BIRTHS.row(
            serial="N01", fecha_nacimiento="2022-05-02", fecha_inscripcion="2022-05-12", nombres="MATEO",
            primer_apellido="ARAYA", segundo_apellido="ZAMBRANO", doc_madre="582559", nombres_madre="LUZ MARINA",
            apellidos_madre="ZAMBRANO QUIÑONES", doc_padre="F31864275", nombres_padre="HORACIO ANDRES",
            apellidos_padre="ARAYA OSSES",
        )
    ),
    MARRIAGES.file: MARRIAGES.text(
        MARRIAGES.row(
            serial="C01", fecha_matrimonio="2023-02-18", documento_1="1037482915", nombres_1="AMPARO",
            apellidos_1="SALDARRIAGA BENJUMEA", fecha_nacimiento_1="1988-04-19", documento_2="1490862266",
            nombres_2="DIEGO FERNANDO", apellidos_2="GUTIERREZ ESPITIA", fecha_nacimiento_2="1985-04-16",
        )
    ),
    DEATHS.file: DEATHS.text(
        DEATHS.row(
            serial="D01", fecha_defuncion="2024-03-01", documento="1864504264", nombres="MIGUEL ANTONIO",
            primer_apellido="FERNANDEZ", segundo_apellido="LOZANO", fecha_nacimiento="1953-02-18",
        )
    ),
}  # fmt: skip


@cache
def built_country() -> Built:
    """Return the country, built once in each process. Tests read it and must not change it."""
    folder = Path(tempfile.mkdtemp(prefix="register-country-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return build_project(make_project(folder / "project", FILES), run_name="first")
