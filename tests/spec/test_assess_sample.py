"""The report on the shared sample names its real weaknesses, with figures that plain SQL over the files confirms."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from register.assess.assessment import Assessment
from register.assess.declaration import load_indicators
from register.assess.findings import Finding, find
from register.assess.labels import Labels
from register.project import init_project, load_project
from tests.kit.assess import Figures, assess_project

MOVEMENTS, PERMITS, VISAS, BIRTHS = (
    *("migracion_movimientos", "permisos_residencia", "cancilleria_visas"),
    "registro_civil_nacimientos",
)


@pytest.fixture(scope="module")
def sample(shared: Path) -> Path:
    return shared / "extracts" / "colombia-sample"


@pytest.fixture(scope="module")
def found(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Assessment, list[Finding]]:
    project = init_project(tmp_path_factory.mktemp("sample") / "p", "col")
    for extract in sample.iterdir():
        (project.extracts / extract.name).write_bytes(extract.read_bytes())
    assessment = assess_project(load_project(project.root))
    schema = project.schema()
    labels = Labels(schema, {one.declaration: one.title for one in assessment.sources}, "en")
    return assessment, find(assessment, load_indicators(schema), labels)


@pytest.fixture(scope="module")
def sql(sample: Path) -> duckdb.DuckDBPyConnection:
    """The files as they are, every cell a text, and nothing of the program."""
    con = duckdb.connect()
    read = "read_csv('{}', all_varchar = true, header = true, delim = '{}', encoding = '{}', union_by_name = true)"
    for name, file, delimiter, encoding in (
        ("movement", "migracion_movimientos_*.csv", ";", "latin-1"),
        ("permit", "permisos_residencia.csv", "|", "utf-8"),
        ("visa", "cancilleria_visas.csv", ",", "utf-8"),
        ("birth", "registro_civil_nacimientos.csv", ",", "utf-8"),
    ):
        con.execute(f"create table {name} as select * from {read.format(sample / file, delimiter, encoding)}")
    return con


def one(sql: duckdb.DuckDBPyConnection, query: str) -> float:
    ((value,),) = sql.execute(query).fetchall()
    return float(value)


def finding(found: tuple[Assessment, list[Finding]], declaration: str, indicator: str) -> str:
    """Return the sentence on an indicator of a source; it must be there."""
    return next(f.text for f in found[1] if (f.declaration, f.indicator_id) == (declaration, indicator))


def test_records_keyed_twice(found: tuple[Assessment, list[Finding]], sql: duckdb.DuckDBPyConnection) -> None:
    twice = one(
        sql,
        """
        with m as (select * exclude ID_MOVIMIENTO from movement)
        select (select count(*) from m) - (select count(*) from (select distinct * from m))
        """,
    )
    assert Figures(found[0], MOVEMENTS)("repeated_events") == (
        twice,
        one(sql, "select count(*) from movement"),
    )
    assert f"{twice:.0f} events were keyed twice" in finding(found, MOVEMENTS, "repeated_events")


def test_purpose_and_second_surname_are_often_missing(
    found: tuple[Assessment, list[Finding]], sql: duckdb.DuckDBPyConnection
) -> None:
    figures = Figures(found[0], MOVEMENTS)
    for variable, column in (("purpose_code", "MOTIVO_VIAJE"), ("surname_2", "SEGUNDO_APELLIDO")):
        assert figures("missing", variable)[0] == one(
            sql, f"select count(*) from movement where coalesce({column}, '') = ''"
        )
    year = one(
        sql,
        "select count(*) from movement where coalesce(MOTIVO_VIAJE, '') = '' and substr(FECHA_HORA, 7, 4) = '2021'",
    )
    assert figures("missing", "purpose_code", "2021")[0] == year
    assert "Purpose of travel 85.5%" in finding(found, MOVEMENTS, "complete")


def test_documents_and_birth_dates_that_are_not_there(
    found: tuple[Assessment, list[Finding]], sql: duckdb.DuckDBPyConnection
) -> None:
    figures = Figures(found[0], MOVEMENTS)
    assert figures("missing", "document_number")[0] == one(
        sql, "select count(*) from movement where coalesce(NUM_DOCUMENTO, '') = ''"
    )
    assert figures("missing", "birth_date")[0] == one(
        sql, "select count(*) from movement where coalesce(FECHA_NACIMIENTO, '') = ''"
    )
    permits = Figures(found[0], PERMITS)
    origin = one(sql, "select count(*) from permit where coalesce(DOC_ORIGEN, '') = ''")
    assert permits("missing", "document_2_number") == (origin, one(sql, "select count(*) from permit"))
    fathers = one(sql, "select count(*) from birth where coalesce(doc_padre, '') = ''")
    assert Figures(found[0], BIRTHS)("missing", "father.document_number") == (
        fathers,
        one(sql, "select count(*) from birth"),
    )
    assert "58.1%" in finding(found, BIRTHS, "complete")


def test_crossings_that_nobody_recorded(
    found: tuple[Assessment, list[Finding]], sql: duckdb.DuckDBPyConnection
) -> None:
    """Alternation by the same notion of a person, written as one query: documents that share a name and birth date."""
    rows = sql.execute("""
        with m as (
            select strptime(FECHA_HORA, '%d/%m/%Y %H:%M') as moment, TIPO_MOVIMIENTO as way, PUESTO_CONTROL as post,
                nullif(NUM_DOCUMENTO || '|' || TIPO_DOCUMENTO || '|' || PAIS_EMISOR, '') as document,
                case when FECHA_NACIMIENTO <> ''
                    then concat_ws('|', NOMBRES, PRIMER_APELLIDO, coalesce(SEGUNDO_APELLIDO, ''), FECHA_NACIMIENTO)
                end as person
            from movement
        ),
        shown as (select distinct document, person from m where document is not null and person is not null),
        step as (
            select way, lag(way) over (partition by who order by moment, way) as before
            from (
                select moment, way, coalesce(p.who, d.who, m.document, m.person) as who from m
                left join (
                    select person, min(first) as who from shown
                    join (select document, min(person) as first from shown group by document) using (document)
                    group by person
                ) as p using (person)
                left join (select document, min(person) as who from shown group by document) as d using (document)
            ) where who is not null
        )
        select count(*) filter (way <> before), count(before) from step
        """).fetchall()  # fmt: skip
    good, steps = rows[0]
    numerator, denominator = Figures(found[0], MOVEMENTS)("alternation")
    # Ties of hash order choose other names for the same people, and now and then another division of them.
    assert numerator / denominator == pytest.approx(good / steps, abs=0.005)
    assert abs(denominator - steps) < 0.01 * steps
    text = finding(found, MOVEMENTS, "alternation")
    assert "Paraguachón" in text.split("Worst:")[1]


def test_check_digits_of_ecuador_fail(
    found: tuple[Assessment, list[Finding]], sql: duckdb.DuckDBPyConnection
) -> None:
    held = one(sql, r"""
        with n as (
            select NUM_DOCUMENTO as n from movement where PAIS_EMISOR = 'ECU' and TIPO_DOCUMENTO like 'CEDULA%'
                and regexp_full_match(NUM_DOCUMENTO, '\d{10}')
        ),
        d as (
            select n, i, substr(n, i, 1)::int * (2 - (i - 1) % 2) as term from n, range(1, 10) as r(i)
        ),
        checked as (
            select n, count(*) / 9 as rows,
                (10 - sum(case when term > 9 then term - 9 else term end) % 10) % 10 = substr(n, 10, 1)::int as holds
            from d group by n
        )
        select coalesce(sum(rows), 0) from checked
        where holds and substr(n, 1, 2)::int between 1 and 24 and substr(n, 3, 1)::int < 6
        """)  # fmt: skip
    numerator, denominator = Figures(found[0], MOVEMENTS)("check_digit", "national_id.ECU")
    assert numerator == held
    assert denominator > 300
    assert "the check digit fails" in finding(found, MOVEMENTS, "check_digit")


def test_birthdays_on_the_first_of_january(
    found: tuple[Assessment, list[Finding]], sql: duckdb.DuckDBPyConnection
) -> None:
    who = "NOMBRES, PRIMER_APELLIDO, SEGUNDO_APELLIDO, FECHA_NACIMIENTO"
    count = "select count(*) from (select distinct {} from movement where {})"
    january, people = Figures(found[0], MOVEMENTS)("born_1_january", "birth_date")
    assert january == one(sql, count.format(who, "FECHA_NACIMIENTO like '01/01/%'"))
    assert people == pytest.approx(one(sql, count.format(who, "FECHA_NACIMIENTO <> ''")), abs=5)


def test_months_posts_and_lag(
    found: tuple[Assessment, list[Finding]], sql: duckdb.DuckDBPyConnection
) -> None:
    figures = Figures(found[0], MOVEMENTS)
    months = sql.execute(
        "select substr(FECHA_HORA, 7, 4) || '-' || substr(FECHA_HORA, 4, 2), count(*) from movement group by 1"
    )
    for month, n in months.fetchall():
        assert figures("month_records", period=month)[0] == n
    posts = one(sql, "select count(distinct PUESTO_CONTROL) from movement")
    assert figures("posts_reporting", "border_post_code") == (posts, posts)
    median = one(
        sql,
        "select quantile_cont(datediff('day', fecha_nacimiento::date, fecha_inscripcion::date), 0.5) from birth",
    )
    assert Figures(found[0], BIRTHS).value("lag_median", "registered_on") == median


def test_coverage_of_visas_by_document(
    found: tuple[Assessment, list[Finding]], sql: duckdb.DuckDBPyConnection
) -> None:
    both = one(
        sql,
        "select count(distinct pasaporte) from visa where pasaporte in (select NUM_DOCUMENTO from movement)",
    )
    numerator, n = Figures(found[0], MOVEMENTS)("coverage_by_document", f"against.{VISAS}")
    assert n == pytest.approx(
        one(sql, "select count(distinct pasaporte) from visa where pasaporte <> ''"), abs=2
    )
    assert numerator == pytest.approx(both, abs=2)  # leading zeros and look-alike letters are read as one


def test_nobody_brings_the_country_of_birth(found: tuple[Assessment, list[Finding]]) -> None:
    (text,) = [one.text for one in found[1] if one.indicator_id == "support"]
    assert "country of birth" in text
    assert "T04" in text


def test_verdicts(found: tuple[Assessment, list[Finding]]) -> None:
    levels = {verdict.declaration: verdict.level for verdict in found[0].verdicts}
    assert levels[MOVEMENTS] == 2  # use with correction
    assert levels[VISAS] == levels[PERMITS] == 3
    assert levels[BIRTHS] == 2
