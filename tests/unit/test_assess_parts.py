"""The parts of an assessment by themselves: check digits, breaks, thresholds, verdicts, the questionnaire."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.assess.command import answer
from register.assess.declaration import Indicator, load_indicators
from register.assess.digits import mrz_marks
from register.assess.kept import ANSWERS, FOLDER
from register.assess.questionnaire import Declared, load_answers, load_questionnaire, write_answers
from register.assess.series import Break, every_month, find_breaks
from register.assess.verdict import Judged, Verdict, decide, judge, table_levels, wilson
from register.console import Console
from register.errors import DeclarationError, UsageError
from register.schema import load_schema, profile_directory
from tests.kit import CROSSINGS, build_project, make_project, put
from tests.kit.assess import Figures, assess_project, assessed

SCHEMA = load_schema(profile_directory() / "schemas")
INDICATORS = load_indicators(SCHEMA)
QUESTIONS = load_questionnaire(SCHEMA)

# -------------------------------------------------------------------------------------------------- check digits

MRZ = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"


def marked(text: str) -> dict[str, str]:
    """Return by field whether its digit is right."""
    marks = mrz_marks(pl.Series([text, None, "AB123456"]))
    return {variable: mark for variable, mark, rows in marks if 0 in rows}


def test_the_machine_readable_zone_of_icao_9303() -> None:
    # The specimen of ICAO 9303: number L898902C3 has the digit 6, birth 740812 has 2, expiry 120415 has 9.
    assert marked(MRZ) == dict.fromkeys(("mrz.number", "mrz.birth", "mrz.expiry"), "digit_right")


@pytest.mark.parametrize(
    ("at", "field"), [(3, "number"), (15, "birth"), (24, "expiry"), (9, "number"), (19, "birth")]
)
def test_one_wrong_figure_breaks_the_digit_of_its_field_alone(at: int, field: str) -> None:
    wrong = MRZ[:at] + str((int(MRZ[at]) + 1) % 10) + MRZ[at + 1 :]
    assert {name for name, mark in marked(wrong).items() if mark == "digit_wrong"} == {f"mrz.{field}"}


def test_a_number_by_itself_is_known_by_its_filler() -> None:
    assert marked("AB123456<4") in ({"mrz.number": "digit_right"}, {"mrz.number": "digit_wrong"})
    assert not marked(
        "1020304050"
    )  # ten figures may be an identity card of Colombia, which has no check digit


def test_cedulas_of_ecuador_and_of_colombia(tmp_path: Path) -> None:
    cedulas = ["1710034065", "0926687856", "1710034064", "0102030405"]  # the last two fail modulo 10
    rows = [
        CROSSINGS.row(ID_MOVIMIENTO=f"E{at}", TIPO_DOCUMENTO="CEDULA DE CIUDADANIA", PAIS_EMISOR="ECU", NUM_DOCUMENTO=n)
        for at, n in enumerate(cedulas)
    ]  # fmt: skip
    rows.append(
        CROSSINGS.row(
            ID_MOVIMIENTO="C1",
            TIPO_DOCUMENTO="CEDULA DE CIUDADANIA",
            PAIS_EMISOR="COL",
            NUM_DOCUMENTO="1710034064",
        )
    )
    figures = Figures(
        assessed(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(*rows)}), "migracion_movimientos"
    )
    assert figures("check_digit", "national_id.ECU") == (2, 4)
    assert not figures.has("check_digit", "national_id.COL")


# -------------------------------------------------------------------------------------------------- breaks and posts

MONTHS = [f"{2018 + n // 12}-{n % 12 + 1:02d}" for n in range(72)]


def test_a_level_that_falls_and_rises_again() -> None:
    counts = [400] * 27 + [20] * 6 + [380] * 39
    found = find_breaks(MONTHS, counts, 3.0, 0.25)
    assert [one.month for one in found] == ["2020-04", "2020-10"]
    assert found[0] == Break("2020-04", 400.0, 20.0)


def test_repeating_months_are_no_break() -> None:
    counts = [200 + 100 * (month.endswith(("-07", "-12"))) for month in MONTHS]
    assert find_breaks(MONTHS, counts, 3.0, 0.25) == []


def test_a_small_change_is_not_told() -> None:
    assert find_breaks(MONTHS, [1000] * 36 + [850] * 36, 3.0, 0.25) == []
    assert [one.month for one in find_breaks(MONTHS, [1000] * 36 + [700] * 36, 3.0, 0.25)] == ["2021-01"]


def test_slow_growth_is_no_break() -> None:
    assert find_breaks(MONTHS, [200 + 6 * at for at in range(72)], 3.0, 0.25) == []
    doubled = [(200 + 6 * at) * (2 if at >= 40 else 1) for at in range(72)]
    assert [one.month for one in find_breaks(MONTHS, doubled, 3.0, 0.25)] == [MONTHS[40]]


def test_too_few_months_have_no_break() -> None:
    assert find_breaks(MONTHS[:5], [1, 900, 1, 900, 1], 3.0, 0.25) == []


def naive_cost(values: list[float], starts: list[int], penalty: float) -> float:
    edges = [*starts, len(values)]
    cost = penalty * (len(starts) - 1)
    for a, b in pairwise(edges):
        mean = math.fsum(values[a:b]) / (b - a)
        cost += math.fsum((value - mean) ** 2 for value in values[a:b])
    return cost


@given(st.lists(st.integers(0, 60), min_size=6, max_size=13), st.floats(0.1, 30))
def test_the_partition_is_the_cheapest_of_all(values: list[int], penalty: float) -> None:
    """Against every partition into levels of three months or more, one after another."""
    import numpy as np

    from register.assess.series import LEAST_MONTHS, _partition

    size = len(values)
    floats = [float(value) for value in values]
    every = (
        [0, *cuts]
        for k in range(size // LEAST_MONTHS)
        for cuts in combinations(range(LEAST_MONTHS, size - LEAST_MONTHS + 1), k)
        if all(b - a >= LEAST_MONTHS for a, b in zip([0, *cuts], [*cuts, size], strict=True))
    )
    best = min(naive_cost(floats, starts, penalty) for starts in every)
    found = _partition(np.array(floats), penalty)
    assert naive_cost(floats, found, penalty) == pytest.approx(best, abs=1e-6)


def test_every_month_between_two_days() -> None:
    import datetime as dt

    assert every_month(dt.date(2021, 11, 30), dt.date(2022, 2, 1)) == [
        "2021-11",
        "2021-12",
        "2022-01",
        "2022-02",
    ]


def test_a_post_that_stopped_and_a_month_that_is_missing(tmp_path: Path) -> None:
    rows, key = [], 0
    for month in range(1, 13):
        for day in range(1, 15):
            key += 1
            # El Dorado reports all year but for May; Paraguachón stops after March; in June one passes Cúcuta.
            if month != 5:
                rows.append(
                    CROSSINGS.row(ID_MOVIMIENTO=f"B{key}", FECHA_HORA=f"{day:02d}/{month:02d}/2023 10:00")
                )
            if month <= 3:
                moment = f"{day:02d}/{month:02d}/2023 11:00"
                rows.append(
                    CROSSINGS.row(ID_MOVIMIENTO=f"P{key}", FECHA_HORA=moment, PUESTO_CONTROL="PARAGUACHON")
                )
    rows.append(
        CROSSINGS.row(
            ID_MOVIMIENTO="S1", FECHA_HORA="03/06/2023 10:00", PUESTO_CONTROL="PUENTE SIMON BOLIVAR"
        )
    )
    figures = Figures(
        assessed(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(*rows)}), "migracion_movimientos"
    )
    assert figures("months_received") == (11, 12)
    assert figures("month_records", period="2023-05")[0] == 0
    assert figures("month_records", period="2023-06")[0] == 15
    # From 1 January to 14 March, 73 days, it sent 42; to 14 December it is silent for 275 days.
    assert figures.value("post_silent", "post.COL-PGN", "2023-03") == pytest.approx(42 / 73 * 275)
    assert figures("posts_reporting", "border_post_code") == (2, 3)
    assert figures("posts_reporting", "border_post_code", "2023") == (3, 3)
    # One traveller in June is no pace that silence could fall short of.
    assert not figures.has("post_silent", "post.COL-PSB", "2023-06")


# -------------------------------------------------------------------------------------------------- verdicts


def test_thresholds_are_the_worst_values_that_still_do() -> None:
    complete, whipple = INDICATORS["complete"], INDICATORS["whipple"]
    assert [complete.level(v) for v in (1.0, 0.98, 0.9799, 0.90, 0.70, 0.69)] == [3, 3, 2, 2, 1, 0]
    assert [whipple.level(v) for v in (100, 105, 106, 175, 176)] == [3, 3, 2, 1, 0]
    assert INDICATORS["coverage"].level(0.1) is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_better_value_is_never_judged_worse(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for indicator in INDICATORS.indicators.values():
        if indicator.thresholds:
            worse, better = (low, high) if indicator.better == "higher" else (high, low)
            assert indicator.level(worse) <= indicator.level(better)  # type: ignore[operator]


def rows(*figures: tuple[str, str, float, float]) -> pl.DataFrame:
    """Return rows of the table: indicator, variable, numerator, denominator."""
    return pl.DataFrame(
        [("_T", v, i, n / d, n, d) for i, v, n, d in figures],
        schema=["period", "variable", "indicator_id", "value", "numerator", "denominator"],
        orient="row",
    )


def verdict(frame: pl.DataFrame, declared: Declared | None = None) -> Verdict:
    judged = judge(frame, INDICATORS)
    return decide("x", "crossing", judged, declared or Declared(), QUESTIONS, INDICATORS)


GOOD = [("rows_accepted", "_T", 1000, 1000)] + [
    (indicator, variable, 1000, 1000)
    for indicator in ("complete", "valid")
    for variable in ("crossed_at", "direction", "sex", "birth_date", "citizenship_code")
]


def test_a_source_is_no_better_than_its_worst_essential_indicator() -> None:
    assert verdict(rows(*GOOD)).level == 3
    bad = verdict(rows(*GOOD, ("alternation", "_T", 800, 1000)))
    assert (bad.level, [one.indicator_id for one in bad.limits]) == (1, ["alternation"])


def test_an_indicator_that_is_not_essential_costs_direct_use_and_no_more() -> None:
    assert verdict(rows(*GOOD, ("repeated_events", "_T", 900, 1000))).level == 2


def test_a_variable_that_is_not_key_costs_nothing() -> None:
    assert verdict(rows(*GOOD, ("complete", "purpose_code", 100, 1000))).level == 3


def test_what_linkage_found_replaces_what_was_measured_before() -> None:
    found = verdict(rows(*GOOD, ("alternation", "_T", 800, 1000), ("alternation_linked", "_T", 990, 1000)))
    assert found.level == 3


def test_a_table_asks_for_its_own_variables() -> None:
    country = "counterpart_country_code"
    found = verdict(rows(*GOOD, ("complete", country, 800, 1000), ("valid", country, 1, 1)))
    assert found.tables["T01"] == 3
    assert found.tables["T05"] == 1  # 80% complete
    assert found.tables["T04"] == 0  # no country of birth at all
    levels = table_levels([found], INDICATORS)
    assert (levels["T01"], levels["T04"]) == (3, 0)
    assert levels["T06"] == 0  # asks for visas and permits too


def test_every_official_table_and_every_variable_that_it_asks_for_exists() -> None:
    tables = {path.stem for path in (SCHEMA.directory / "releases").glob("T*.toml")}
    assert set(INDICATORS.support) == tables
    for needs in INDICATORS.support.values():
        for source, need in needs.items():
            for variable in need.variables:
                name = variable.rpartition(".")[2]
                assert name in SCHEMA.tables[source].columns or name in SCHEMA.tables["identity"].columns, (
                    variable
                )


@pytest.mark.parametrize(
    ("scores", "level"),
    [
        ({}, 3),
        ({"metadata": 3, "staff": 2}, 3),
        ({"metadata": 1, "staff": 2}, 2),
        ({"metadata": 0, "staff": 1}, 1),
        ({"legal_mandate": 0, "metadata": 3, "staff": 3, "frequency": 3}, 1),
    ],
)
def test_what_is_declared_sets_a_ceiling(scores: dict[str, int], level: int) -> None:
    assert verdict(rows(*GOOD), Declared(scores)).level == level


def test_a_figure_of_chance_is_judged_by_its_interval() -> None:
    # 3 of 100 born on 1 January is 3%, but 0.8 to 8.5%: direct use ends at 0.5%, use with correction at 2%.
    few = judge(rows(("born_1_january", "birth_date", 3, 100)), INDICATORS)[0]
    many = judge(rows(("born_1_january", "birth_date", 300, 10_000)), INDICATORS)[0]
    assert (few.level, many.level) == (2, 1)
    assert wilson(0.03, 100) == pytest.approx((0.01025, 0.08452), abs=5e-5)


def test_labels_and_definitions_stand_in_both_languages() -> None:
    for one in INDICATORS.indicators.values():
        assert {*one.label} == {*one.definition} == {"es", "en"}
        assert {*one.framework} == {"blue_ets", "zhang", "essnet"}, one.name
    for question in QUESTIONS.questions:
        for text in (question.text, *question.answers, QUESTIONS.sections[question.section]):
            assert all(text[language].strip() for language in ("es", "en"))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('better = "higher"', 'better = "highest"', "assess_unknown_word"),
        ("thresholds = [0.995, 0.97, 0.90]", "thresholds = [0.97, 0.995, 0.90]", "assess_thresholds"),
        ("thresholds = [0.995, 0.97, 0.90]", "thresholds = [0.97]", "assess_thresholds"),
        ("margin_bits = 10.0", "margin = 10.0", "unknown_key"),
        ('unit = "share"', 'unite = "share"', "unknown_key"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, old: str, new: str, key: str) -> None:
    edits = {"schemas/indicators.toml": [(old, new)]}
    project = make_project(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(CROSSINGS.row())}, edits)
    with pytest.raises(DeclarationError) as caught:
        load_indicators(project.schema())
    assert caught.value.key == key


def test_an_older_project_without_the_file_uses_the_shipped_one(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(CROSSINGS.row())})
    for name in ("indicators.toml", "questionnaire.toml"):
        (project.schemas / name).unlink()
    assert Figures(assess_project(project), "migracion_movimientos")("rows_accepted") == (1, 1)


def test_a_run_of_other_extracts_is_told_of(tmp_path: Path) -> None:
    built = build_project(make_project(tmp_path / "p", {CROSSINGS.file: CROSSINGS.text(CROSSINGS.row())}))
    assert assess_project(built.project).run == built.report.run
    assert not assess_project(built.project).is_stale
    put(built.project, "migracion_movimientos_2024.csv", CROSSINGS.text(CROSSINGS.row(ID_MOVIMIENTO="M2")))
    assert assess_project(built.project).is_stale


# -------------------------------------------------------------------------------------------------- questionnaire


def test_answers_are_kept_as_a_form_to_be_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "a" / ANSWERS
    given_answers = {"visas": Declared({"staff": 2}, 'una "nota" \\ con ñ')}
    write_answers(path, QUESTIONS, given_answers, {"visas": "Visas", "permisos": "Permisos"}, "es")
    assert load_answers(path, QUESTIONS) == {**given_answers, "permisos": Declared()}
    text = path.read_text("utf-8")
    assert "staff = 2" in text
    path.write_text(text.replace("# legal_mandate = ", "legal_mandate = 3", 1), "utf-8")
    assert load_answers(path, QUESTIONS)["visas"].scores == {"legal_mandate": 3, "staff": 2}


@pytest.mark.parametrize("value", ["4", "-1", '"3"', "true", "1.5"])
def test_a_score_is_0_to_3(tmp_path: Path, value: str) -> None:
    path = tmp_path / ANSWERS
    path.write_text(f"[visas]\nstaff = {value}\n", "utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_answers(path, QUESTIONS)
    assert caught.value.key == "assess_score"


def test_answering_in_the_terminal(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {})
    path = project.root / FOLDER / ANSWERS
    said = iter(["3", "7", "2", "", "q"])  # seven is asked again; Enter leaves a question; q stops
    answer(project, Console("es", quiet=True), "cancilleria_visas", lambda _: next(said))
    first, second = (question.name for question in QUESTIONS.questions[:2])
    assert load_answers(path, QUESTIONS)["cancilleria_visas"].scores == {first: 3, second: 2}
    # A source at a time, what was answered before is not asked again unless that source is named.
    asked: list[str] = []
    answer(project, Console("es", quiet=True), None, lambda text: asked.append(text) or "q")  # type: ignore[func-returns-value]
    assert len(asked) == 1
    assert load_answers(path, QUESTIONS)["cancilleria_visas"].scores == {first: 3, second: 2}


def test_without_a_terminal_the_form_is_written(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {})
    answer(project, Console("es", quiet=True), None, None)
    assert set(load_answers(project.root / FOLDER / ANSWERS, QUESTIONS)) >= {
        "cancilleria_visas",
        "permisos_residencia",
    }
    with pytest.raises(UsageError):
        answer(project, Console("es", quiet=True), "cancileria_visas", None)


def test_an_indicator_says_what_it_is() -> None:
    assert isinstance(INDICATORS["complete"], Indicator)
    assert Judged("complete", "sex", 0.5, 1, 2, 0, True).allows == 0
    assert Judged("sentinel", "sex", 0.5, 1, 2, 0, False).allows == 2
