"""The layouts of the Colombian extracts: columns, delimiters, encodings, date formats, ways to write names.

Each function takes the people as the office wrote them down (see ``mistakes``) and returns the rows of its
extract; ``write`` puts them into a file.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

SEXES_SHORT = {True: "F", False: "M"}
SEXES_LONG = {True: "Femenino", False: "Masculino"}


@dataclass(frozen=True)
class Layout:
    """How a file is written (lines end in CR LF in all of them), and which columns hold dates and codes."""

    stem: str
    delimiter: str
    encoding: str
    birth_dates: tuple[str, ...]
    dates: tuple[str, ...]
    codes: tuple[str, ...]


CROSSING = Layout(
    stem="migracion_movimientos_{year}",
    delimiter=";",
    encoding="latin-1",
    birth_dates=("FECHA_NACIMIENTO",),
    dates=("FECHA_HORA",),
    codes=("PUESTO_CONTROL", "TIPO_DOCUMENTO", "NACIONALIDAD"),
)
VISA = Layout(
    stem="cancilleria_visas",
    delimiter=",",
    encoding="utf-8",
    birth_dates=("fecha_nacimiento",),
    dates=("fecha_expedicion",),
    codes=("tipo", "nacionalidad"),
)
PERMIT = Layout(
    stem="permisos_residencia",
    delimiter="|",
    encoding="utf-8-sig",
    birth_dates=("F_NACIMIENTO",),
    dates=("F_EXPEDICION",),
    codes=("CLASE", "NACIONALIDAD", "MUNICIPIO"),
)
BIRTH = Layout(
    stem="registro_civil_nacimientos",
    delimiter=",",
    encoding="utf-8",
    birth_dates=(),
    dates=("fecha_nacimiento",),
    codes=("cod_municipio", "nacionalidad_madre"),
)
DEATH = Layout(
    stem="registro_civil_defunciones",
    delimiter=",",
    encoding="utf-8",
    birth_dates=("fecha_nacimiento",),
    dates=("fecha_defuncion",),
    codes=("cod_municipio", "nacionalidad"),
)
MARRIAGE = Layout(
    stem="registro_civil_matrimonios",
    delimiter=",",
    encoding="utf-8",
    birth_dates=("fecha_nacimiento_1", "fecha_nacimiento_2"),
    dates=("fecha_matrimonio",),
    codes=("nacionalidad_1", "nacionalidad_2"),
)


def crossing_rows(keys: pl.Series, facts: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return border crossings.

    ``facts``: crossed_at, inbound, post, kind, issuer, nationality, country, purpose.
    """
    return pl.DataFrame(
        {
            "ID_MOVIMIENTO": keys,
            "FECHA_HORA": facts["crossed_at"].dt.strftime("%d/%m/%Y %H:%M"),
            "TIPO_MOVIMIENTO": facts["inbound"].replace_strict({True: "ENTRADA", False: "SALIDA"}),
            "PUESTO_CONTROL": facts["post"],
            "TIPO_DOCUMENTO": facts["kind"],
            "NUM_DOCUMENTO": people["number"],
            "PAIS_EMISOR": facts["issuer"],
            "PRIMER_APELLIDO": people["surname_1"],
            "SEGUNDO_APELLIDO": people["surname_2"],
            "NOMBRES": people["given"],
            "FECHA_NACIMIENTO": _date(people["birth"], "%d/%m/%Y"),
            "SEXO": people["female"].replace_strict(SEXES_SHORT),
            "NACIONALIDAD": facts["nationality"],
            "PAIS_PROCEDENCIA_DESTINO": facts["country"],
            "MOTIVO_VIAJE": facts["purpose"],
        }
    )


def visa_rows(keys: pl.Series, facts: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return visas; ``facts``: class, issued, expires, nationality (in Spanish)."""
    return pl.DataFrame(
        {
            "numero_visa": keys,
            "tipo": facts["class"],
            "fecha_expedicion": _date(facts["issued"], "%Y-%m-%d"),
            "fecha_vencimiento": _date(facts["expires"], "%Y-%m-%d"),
            "pasaporte": people["number"],
            "apellidos_nombres": _join(people, _SURNAMES) + ", " + people["given"],
            "fecha_nacimiento": _date(people["birth"], "%Y-%m-%d"),
            "sexo": people["female"].replace_strict(SEXES_LONG),
            "nacionalidad": facts["nationality"],
        }
    )


def permit_rows(keys: pl.Series, facts: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return permits; ``facts``: class, issued, expires, nationality, municipality, department."""
    return pl.DataFrame(
        {
            "NUM_PERMISO": keys,
            "CLASE": facts["class"],
            "F_EXPEDICION": _date(facts["issued"], "%Y%m%d"),
            "F_VENCIMIENTO": _date(facts["expires"], "%Y%m%d"),
            "DOC_ORIGEN": people["number"],
            "NOMBRE_COMPLETO": _join(people, ("given", *_SURNAMES)),
            "F_NACIMIENTO": _date(people["birth"], "%Y%m%d"),
            "SEXO": people["female"].replace_strict(SEXES_SHORT),
            "NACIONALIDAD": facts["nationality"],
            "MUNICIPIO": facts["municipality"],
            "DEPARTAMENTO": facts["department"],
        }
    )


def birth_rows(
    keys: pl.Series, facts: pl.DataFrame, child: pl.DataFrame, mother: pl.DataFrame, father: pl.DataFrame
) -> pl.DataFrame:
    """Return births.

    ``facts``: municipality_code, registered, mother_nationality, father_nationality, has_father.
    """
    named = facts["has_father"]
    nothing = pl.Series([None], dtype=pl.String)

    def if_named(values: pl.Series) -> pl.Series:
        return values.zip_with(named, nothing)

    return pl.DataFrame(
        {
            "serial": keys,
            "fecha_nacimiento": _date(child["birth"], "%Y-%m-%d"),
            "nombres": child["given"],
            "primer_apellido": child["surname_1"],
            "segundo_apellido": child["surname_2"],
            "sexo": child["female"].replace_strict(SEXES_SHORT),
            "cod_municipio": facts["municipality_code"],
            "doc_madre": mother["number"],
            "nombres_madre": mother["given"],
            "apellidos_madre": _join(mother, _SURNAMES),
            "nacionalidad_madre": facts["mother_nationality"],
            "doc_padre": if_named(father["number"]),
            "nombres_padre": if_named(father["given"].str.to_titlecase()),
            "apellidos_padre": if_named(_join(father, _SURNAMES).str.to_titlecase()),
            "nacionalidad_padre": if_named(facts["father_nationality"]),
            "fecha_inscripcion": _date(facts["registered"], "%Y-%m-%d"),
        }
    )


def death_rows(keys: pl.Series, facts: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return deaths; ``facts``: died, nationality, municipality_code."""
    return pl.DataFrame(
        {
            "serial": keys,
            "fecha_defuncion": _date(facts["died"], "%Y-%m-%d"),
            "documento": people["number"],
            "nombres": people["given"],
            "primer_apellido": people["surname_1"],
            "segundo_apellido": people["surname_2"],
            "fecha_nacimiento": _date(people["birth"], "%Y-%m-%d"),
            "sexo": people["female"].replace_strict(SEXES_SHORT),
            "nacionalidad": facts["nationality"],
            "cod_municipio": facts["municipality_code"],
        }
    )


def marriage_rows(
    keys: pl.Series, facts: pl.DataFrame, spouse_1: pl.DataFrame, spouse_2: pl.DataFrame
) -> pl.DataFrame:
    """Return marriages; ``facts``: married, nationality_1, nationality_2."""
    columns = {"serial": keys, "fecha_matrimonio": _date(facts["married"], "%Y-%m-%d")}
    for number, spouse in (("1", spouse_1), ("2", spouse_2)):
        columns |= {
            f"documento_{number}": spouse["number"],
            f"nombres_{number}": spouse["given"],
            f"apellidos_{number}": _join(spouse, _SURNAMES),
            f"fecha_nacimiento_{number}": _date(spouse["birth"], "%Y-%m-%d"),
            f"nacionalidad_{number}": facts[f"nationality_{number}"],
        }
    return pl.DataFrame(columns)


def to_text(rows: pl.DataFrame, layout: Layout) -> str:
    """Return the rows of an extract as the text of its file."""
    return rows.write_csv(separator=layout.delimiter, line_terminator="\r\n")


_SURNAMES = ("surname_1", "surname_2")


def _date(days: pl.Series, form: str) -> pl.Series:
    return days.cast(pl.Int32).cast(pl.Date).dt.strftime(form)


def _join(people: pl.DataFrame, parts: tuple[str, ...]) -> pl.Series:
    return people.select(name=pl.concat_str(*parts, separator=" ", ignore_nulls=True))["name"]
