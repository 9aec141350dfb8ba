"""`register calibrate`: what a specification says is what the weights do, and what it cannot mean is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyreadstat
import pytest
from kit import command

from register.calibrate.replicate import make_replicates
from register.errors import DeclarationError, ExtractError, QualityError, RegisterError, UsageError
from tests.kit.calibration import SPEC, calibration, households, run

SEXES = '[[benchmark]]\nname = "people"\nfile = "sex.csv"\n'


def sex_table(*factors: float) -> str:
    """Return benchmarks by sex: the survey's own totals times factors."""
    frame = households()
    rows = [
        f"{sex},{factor * frame.filter(pl.col('sex') == sex)['base'].sum()}"
        for sex, factor in zip((1, 2), factors, strict=True)
    ]
    return "\n".join(["sex,total", *rows]) + "\n"


def total(weights: pl.DataFrame, *where: pl.Expr) -> float:
    frame = households().with_columns(weights["weight"])
    return float(frame.filter(*where)["weight"].sum()) if where else float(frame["weight"].sum())


# ------------------------------------------------------------------------------------------------------- the walk


def test_weights_meet_a_table_and_stand_beside_what_identifies(tmp_path: Path) -> None:
    summary = run(calibration(tmp_path, SPEC + SEXES, sex=sex_table(1.1, 1.2)))
    weights = pl.read_csv(tmp_path / "weights.csv")
    assert weights.columns == ["house", "person", "base_weight", "weight", "ratio"]
    assert weights["house"].equals(households()["house"])
    for one in summary["benchmarks"]:
        sex = int(one["cell"]["sex"][0])
        assert total(weights, pl.col("sex") == sex) == pytest.approx(one["total"], rel=1e-9)
        assert one["after"] == pytest.approx(one["total"], rel=1e-9)
    per_household = weights.group_by("house").agg(pl.col("weight").n_unique())
    assert per_household["weight"].max() == 1, "one weight a household"
    assert summary["rank"] == 2
    assert summary["method"] == {"distance": "logit", "bounds": [0.3, 3.0], "household": True, "minimum": 30}


def test_people_may_be_weighted_one_by_one(tmp_path: Path) -> None:
    run(calibration(tmp_path, SPEC + "[calibration]\nhousehold = false\n" + SEXES, sex=sex_table(1.1, 1.2)))
    weights = pl.read_csv(tmp_path / "weights.csv")
    assert weights.group_by("house").agg(pl.col("weight").n_unique())["weight"].max() == 2
    ratio = households().with_columns(weights["ratio"]).group_by("sex").agg(pl.col("ratio").min()).sort("sex")
    assert ratio["ratio"].to_list() == pytest.approx([1.1, 1.2])


def test_a_single_total_a_sum_and_a_breakdown_go_together(tmp_path: Path) -> None:
    frame = households()
    spec = SPEC + (
        '[[benchmark]]\nname = "all"\ntotal = 20000\n'
        '[[benchmark]]\nname = "pay"\ntotal = 5.5e6\nof = "pay"\nwhere = { band = "15-59" }\n'
        '[[benchmark]]\nname = "foreigners"\ntotal = 5000\nwhere = { group = "foreign" }\n'
    )
    run(calibration(tmp_path, spec))
    weights = frame.with_columns(pl.read_csv(tmp_path / "weights.csv")["weight"])
    assert weights["weight"].sum() == pytest.approx(20000)
    working = weights.filter(pl.col("age").is_between(15, 59))
    assert (working["weight"] * working["pay"]).sum() == pytest.approx(5.5e6)
    assert weights.filter(pl.col("nation") != "COL")["weight"].sum() == pytest.approx(5000)


def test_an_empty_cell_of_a_table_counts_everybody(tmp_path: Path) -> None:
    table = "sex,band,total\n1,,9000\n,0-14,4000\n,,18000\n"
    run(calibration(tmp_path, SPEC + SEXES, sex=table))
    weights = pl.read_csv(tmp_path / "weights.csv")
    assert total(weights, pl.col("sex") == 1) == pytest.approx(9000)
    assert total(weights, pl.col("age") < 15) == pytest.approx(4000)
    assert total(weights) == pytest.approx(18000)


def test_totals_named_as_r_names_them(tmp_path: Path) -> None:
    table = "term,total\n(Intercept),20000\nareasouth,9000\nareasouth:pay,4.5e6\nsex2:areasouth,4600\n"
    run(calibration(tmp_path, SPEC + SEXES, sex=table))
    weights = pl.read_csv(tmp_path / "weights.csv")
    south = pl.col("area") == "south"
    assert total(weights, south) == pytest.approx(9000)
    assert total(weights, south, pl.col("sex") == 2) == pytest.approx(4600)
    frame = households().with_columns(weights["weight"]).filter(south)
    assert (frame["weight"] * frame["pay"]).sum() == pytest.approx(4.5e6)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".dta", ".sav"])
def test_every_format_gives_the_same_weights(tmp_path: Path, ending: str) -> None:
    spec = calibration(tmp_path, SPEC + SEXES, sex=sex_table(1.1, 1.2))
    run(spec)
    expected = pl.read_csv(tmp_path / "weights.csv")["weight"]
    frame, path = households(), tmp_path / f"other{ending}"
    if ending == ".parquet":
        frame.write_parquet(path)
    elif ending == ".csv":
        frame.write_csv(path)
    else:
        (pyreadstat.write_dta if ending == ".dta" else pyreadstat.write_sav)(frame, str(path))
    run(spec, path.name, f"other_weights{ending}")
    out = tmp_path / f"other_weights{ending}"
    found: Callable[[Path], pl.DataFrame] = {
        ".csv": pl.read_csv,
        ".parquet": pl.read_parquet,
        ".dta": lambda path: pyreadstat.read_dta(str(path), output_format="polars")[0],
        ".sav": lambda path: pyreadstat.read_sav(str(path), output_format="polars")[0],
    }[ending]
    assert found(out)["weight"].to_list() == pytest.approx(expected.to_list(), rel=1e-12)


def test_a_spanish_csv_is_read(tmp_path: Path) -> None:
    frame = households().with_columns(pl.col("base").cast(pl.String).str.replace(".", ",", literal=True))
    spec = SPEC.replace('weight = "base"', 'weight = "base"\ndelimiter = ";"\nencoding = "latin-1"')
    path = calibration(tmp_path, spec + SEXES, sex=sex_table(1.1, 1.2))
    text = frame.rename({"nation": "país"}).write_csv(separator=";")
    (tmp_path / "survey.csv").write_bytes(text.encode("latin-1"))
    path.write_text(path.read_text("utf-8").replace('from = "nation"', 'from = "país"'), "utf-8")
    assert run(path)["rank"] == 2


# ------------------------------------------------------------------------------------------ collapse, rank, conflict

TREE = """
[hierarchy.nation]
ECU = "andean"
PER = "andean"
andean = "south america"
VEN = "south america"
"south america" = "abroad"
ESP = "abroad"
"""


def nation_table() -> str:
    counts = households().group_by("nation").agg(pl.col("base").sum() * 1.1).sort("nation")
    return counts.rename({"base": "total"}).write_csv()


def test_small_cells_join_along_the_hierarchy_and_it_is_told(tmp_path: Path) -> None:
    people = {code: n for code, n in households()["nation"].value_counts().iter_rows()}  # noqa: C416
    small = min(people["ECU"], people["PER"]) + 1
    assert small <= people["ECU"] + people["PER"]
    spec = SPEC + f"[calibration]\nminimum = {small}\n" + TREE + '[[benchmark]]\nname = "n"\nfile = "n.csv"\n'
    summary = run(calibration(tmp_path, spec, n=nation_table()))
    (joint,) = [one for one in summary["collapses"] if "ECU" in one["into"]]
    assert joint["interviews"] == people["ECU"] + people["PER"]
    assert sorted(cell["interviews"] for cell in joint["cells"]) == sorted((people["ECU"], people["PER"]))
    cells = [tuple(sorted(one["cell"]["nation"])) for one in summary["benchmarks"]]
    assert ("ECU", "PER") in cells
    totals = {tuple(sorted(one["cell"]["nation"])): one["total"] for one in summary["benchmarks"]}
    table = dict(pl.read_csv(tmp_path / "n.csv").iter_rows())
    assert totals["ECU", "PER"] == pytest.approx(table["ECU"] + table["PER"])
    assert sum(totals.values()) == pytest.approx(sum(table.values()))


def test_joining_goes_on_to_the_top(tmp_path: Path) -> None:
    spec = SPEC + "[calibration]\nminimum = 100000\n" + TREE + '[[benchmark]]\nname = "n"\nfile = "n.csv"\n'
    summary = run(calibration(tmp_path, spec, n=nation_table()))
    cells = sorted(tuple(sorted(one["cell"]["nation"])) for one in summary["benchmarks"])
    assert cells == [("COL",), ("ECU", "ESP", "PER", "VEN")]


def test_joined_cells_stay_a_partition(tmp_path: Path) -> None:
    """Nation by sex, nation first: a cell that grows takes in every other that it overlaps."""
    counts = households().group_by("nation", "sex").agg(pl.col("base").sum()).sort("nation", "sex")
    spec = (
        SPEC
        + "[calibration]\nminimum = 25\n"
        + TREE
        + '[hierarchy.sex]\n1 = "both"\n2 = "both"\n'
        + '[[benchmark]]\nname = "n"\nfile = "n.csv"\ncollapse = ["sex", "nation"]\n'
    )
    summary = run(calibration(tmp_path, spec, n=counts.rename({"base": "total"}).write_csv()))
    covered = np.zeros(len(households()), int)
    for one in summary["benchmarks"]:
        inside = np.ones(len(covered), bool)
        for name, codes in one["cell"].items():
            inside &= households()[name].cast(pl.String).is_in(codes).to_numpy()
        covered += inside
        assert one["interviews"] == inside.sum() >= 25
    assert (covered == 1).all()
    assert summary["collapses"]


def test_redundant_benchmarks_are_dropped_and_named(tmp_path: Path) -> None:
    table = sex_table(1.1, 1.2)
    whole = sum(float(line.split(",")[1]) for line in table.splitlines()[1:])
    spec = SPEC + SEXES + f'[[benchmark]]\nname = "all"\ntotal = {whole}\n'
    summary = run(calibration(tmp_path, spec, sex=table))
    assert summary["rank"] == 2
    assert summary["dropped"] == ["Σ 1"]


def test_a_conflict_is_named_and_no_weights_are_written(tmp_path: Path) -> None:
    spec = (
        SPEC
        + SEXES
        + '[[benchmark]]\nname = "all"\ntotal = 15000\n'
        + '[[benchmark]]\nname = "pay"\ntotal = 9e6\nof = "pay"\n'
    )
    path = calibration(tmp_path, spec, sex=sex_table(1.1, 1.2))
    with pytest.raises(QualityError) as caught:
        run(path)
    assert caught.value.key == "benchmarks_conflict"
    assert caught.value.exit_code == 13
    assert not (tmp_path / "weights.csv").exists()
    report = json.loads((tmp_path / "weights_report.json").read_text("utf-8"))
    named = {one["benchmark"] for one in report["conflict"]}
    assert named == {"people", "all"}, "pay has no part in it"
    for language in ("es", "en"):
        page = (tmp_path / f"weights_report_{language}.html").read_text("utf-8")
        assert 'id="conflict"' in page


def test_a_cell_without_interviews_is_named(tmp_path: Path) -> None:
    path = calibration(tmp_path, SPEC + SEXES, sex="nation,total\nCOL,15000\nHTI,300\n")
    with pytest.raises(QualityError, match="nation = HTI = 300"):
        run(path)


def test_weights_that_spread_too_far_are_not_written(tmp_path: Path) -> None:
    spec = SPEC + "[calibration]\nmax_design_effect = 1.05\n" + SEXES
    path = calibration(tmp_path, spec, sex=sex_table(1.3, 0.7))
    with pytest.raises(QualityError) as caught:
        run(path)
    assert caught.value.key == "design_effect"
    assert not (tmp_path / "weights.csv").exists()


# -------------------------------------------------------------------------------------------------- soft, replicates


def test_a_soft_total_is_averaged_with_the_survey_by_their_variances(tmp_path: Path) -> None:
    """Alone and linear, the calibrated total is the mean of both, each weighted by the inverse of its variance."""
    spec = (
        SPEC
        + '[calibration]\ndistance = "linear"\n[[benchmark]]\nwhere = { group = "foreign" }\nsoft = true\n'
    )
    spec += "total = 6000\nstandard_error = "
    (one,) = run(calibration(tmp_path, f"{spec}400"))["benchmarks"]
    own, theirs = one["before_error"] ** 2, 400**2
    assert one["after"] == pytest.approx((one["before"] * theirs + 6000 * own) / (own + theirs), rel=1e-9)
    ends = [
        run(calibration(tmp_path, f"{spec}{error}"))["benchmarks"][0]["after"] for error in (0.001, 10000000)
    ]
    assert ends == pytest.approx([6000, one["before"]], rel=1e-4)
    (told,) = run(calibration(tmp_path, f"{spec}400\ncoverage_error = 0.4\n"))["benchmarks"]
    assert abs(told["after"] - 6000) < abs(one["after"] - 6000), "a survey known to miss people weighs less"


def test_soft_and_hard_conflict_is_no_conflict(tmp_path: Path) -> None:
    spec = SPEC + SEXES + '[[benchmark]]\nname = "all"\ntotal = 5000\nstandard_error = 100\nsoft = true\n'
    summary = run(calibration(tmp_path, spec, sex=sex_table(1.1, 1.2)))
    people = [one for one in summary["benchmarks"] if one["benchmark"] == "people"]
    assert all(one["after"] == pytest.approx(one["total"]) for one in people)


ESTIMATES = """
[[estimate]]
statistic = "total"
variable = "job"
[[estimate]]
statistic = "mean"
variable = "pay"
by = "group"
[[estimate]]
name = "pay of those with a job"
statistic = "ratio"
variable = "pay"
denominator = "job"
where = { sex = 1 }
"""


@pytest.mark.parametrize(("method", "number"), [("JKn", 24), ("bootstrap", 200), ("BRR", 16)])
def test_replicate_weights_are_each_calibrated(tmp_path: Path, method: str, number: int) -> None:
    frame = households()
    if method == "BRR":
        frame = frame.with_columns(area=pl.col("segment") // 2)
    spec = SPEC + SEXES + f'[replicates]\nmethod = "{method}"\n' + ESTIMATES
    summary = run(calibration(tmp_path, spec, frame, sex=sex_table(1.1, 1.2)))
    assert summary["replicates"]["number"] == number
    weights = pl.read_csv(tmp_path / "weights.csv")
    replicates = weights.select(pl.col("^replicate_.*$"))
    assert replicates.width == number
    for one in summary["benchmarks"]:
        sums = replicates.filter(frame["sex"] == int(one["cell"]["sex"][0])).sum().row(0)
        assert list(sums) == pytest.approx([one["total"]] * number)
    # What a user computes from the file is what the report says.
    scale = np.array(summary["replicates"]["scale"])
    values = np.array([(replicates[name] * frame["job"]).sum() for name in replicates.columns])
    error = np.sqrt(scale @ (values - values.mean()) ** 2)
    first = summary["estimates"][0]
    assert first["after_error_replicated"] == pytest.approx(error)
    for one in summary["estimates"]:
        assert one["after_error_replicated"] == pytest.approx(one["after_error"], rel=0.35)
        assert one["before_error_replicated"] == pytest.approx(one["before_error"], rel=0.35)


def test_the_error_of_a_benchmark_reaches_the_estimates(tmp_path: Path) -> None:
    """Whoever is a foreigner is known to within 800: so is the number of foreigners after calibration."""
    block = '[[benchmark]]\nname = "f"\ntotal = 6000\nwhere = { group = "foreign" }\nstandard_error = 800\n'
    wanted = '[[estimate]]\nname = "foreigners"\nwhere = { group = "foreign" }\n'
    spec = SPEC + block + wanted + '[replicates]\nmethod = "JKn"\n'
    (one,) = run(calibration(tmp_path, spec))["estimates"]
    assert one["after"] == pytest.approx(6000)
    assert one["after_error"] == pytest.approx(800, rel=1e-6)
    assert one["after_error_replicated"] == pytest.approx(800, rel=1e-6)


def test_replicates_that_cannot_meet_a_benchmark_are_let_give_way_and_counted(tmp_path: Path) -> None:
    frame = households().with_columns(rare=pl.when(pl.col("segment") == 3).then(1).otherwise(0))
    spec = (
        SPEC + '[[benchmark]]\nname = "r"\ntotal = 700\nwhere = { rare = 1 }\n[replicates]\nmethod = "JKn"\n'
    )
    summary = run(calibration(tmp_path, spec, frame))
    assert summary["replicates"]["relaxed"] == 1


# ------------------------------------------------------------------------------------------------------- refusals

HEAD = '[survey]\nweight = "base"\n'
ONE = "[[benchmark]]\ntotal = 1\n"


@pytest.mark.parametrize(
    ("spec", "error", "key", "says"),
    [
        ("[survey]\nweigth = 'base'\n", DeclarationError, "unknown_key", "weight"),
        ("[survey]\nid = 'x'\n", DeclarationError, "missing_key", "weight"),
        (HEAD + "[calibration]\ndistance = 'rakin'\n", DeclarationError, "unknown_word", "raking"),
        (HEAD + "[calibration]\nbounds = [0.3]\n", DeclarationError, "bounds_not_two", ""),
        (HEAD + "[calibration]\nbounds = [1.3, 3]\n", DeclarationError, "bad_bounds", "1.3"),
        (HEAD + "[calibration]\nhousehold = true\n", DeclarationError, "missing_key", "household"),
        (HEAD + "[benchmark]\ntotal = 1\n", DeclarationError, "not_a_list", "[[benchmark]]"),
        (HEAD + "[[benchmark]]\ntotal = 1\nfile = 'x.csv'\n", DeclarationError, "benchmark_of_one_kind", ""),
        (HEAD + "[[benchmark]]\ntotal = -1\n", DeclarationError, "not_a_number", "-1"),
        (HEAD + "[[benchmark]]\nfile = 'none.csv'\n", DeclarationError, "file_missing", "none.csv"),
        (HEAD, DeclarationError, "no_benchmarks", ""),
        (HEAD + "[[benchmark]]\ntotal = 1\nwhere = { sexo = 1 }\n", DeclarationError, "no_survey_column", "sex"),
        (HEAD + "[[benchmark]]\ntotal = 1\nof = 'nation'\n", ExtractError, "not_numeric", "nation"),
        (HEAD + "[[benchmark]]\ntotal = 1\nsoft = true\n", DeclarationError, "soft_needs_error", ""),
        ("[survey]\nweight = 'bas'\n[[benchmark]]\ntotal = 1\n", DeclarationError, "no_survey_column", "base"),
        (HEAD + "[variables.b]\nfrom = 'age'\nbreaks = [9, 3]\n", DeclarationError, "bad_breaks", ""),
        (
            HEAD + "[variables.g]\nfrom = 'nation'\nvalues = { COL = 'x' }\n" + ONE + "where = { g = 'x' }\n",
            ExtractError,
            "code_not_mapped",
            "nation",
        ),
        (HEAD + "[hierarchy.sex]\na = 'b'\nb = 'a'\n", DeclarationError, "hierarchy_cycle", "a"),
        (HEAD + "[replicates]\nmethod = 'JK2'\n", DeclarationError, "unknown_word", "JK1"),
        (HEAD + "[[estimate]]\nstatistic = 'median'\n", DeclarationError, "unknown_word", "mean"),
        (HEAD + "[[benchmark]]\nsource = 'register'\n", DeclarationError, "missing_key", "by"),
        ("[survey]\nweight = 'base'\nstratum = 'area'\n[[benchmark]]\ntotal = 17000\n[replicates]\nmethod = 'JK1'\n",
         UsageError, "jk1_strata", "JKn"),
        ("[survey]\nweight = 'base'\n[[benchmark]]\ntotal = 17000\n[replicates]\nmethod = 'BRR'\n",
         UsageError, "brr_pairs", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, spec: str, error: type[RegisterError], key: str, says: str
) -> None:
    with pytest.raises(error) as caught:
        run(calibration(tmp_path, spec))
    assert caught.value.key == key
    for language in ("es", "en"):
        assert says in caught.value.message(language)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"base": -1.0}, "bad_base_weight"),
        ({"base": None}, "missing_values"),
        ({"sex": None}, "missing_values"),
    ],
)
def test_a_survey_that_cannot_be_weighted_is_refused(
    tmp_path: Path, change: dict[str, float | None], key: str
) -> None:
    ((name, value),) = change.items()
    frame = households().with_columns(
        pl.when(pl.int_range(pl.len()) == 4).then(pl.lit(value)).otherwise(name).alias(name)
    )
    with pytest.raises(ExtractError) as caught:
        run(calibration(tmp_path, SPEC + SEXES, frame, sex=sex_table(1, 1)))
    assert caught.value.key == key


def test_a_file_that_is_none_and_a_format_unknown(tmp_path: Path) -> None:
    path = calibration(tmp_path, SPEC + SEXES, sex=sex_table(1, 1))
    (tmp_path / "broken.sav").write_bytes(b"not SPSS")
    for survey, key in (("none.csv", "no_survey"), ("calibration.toml", "bad_survey_format"),
                        ("broken.sav", "survey_unreadable")):  # fmt: skip
        with pytest.raises(RegisterError) as caught:
            run(path, survey)
        assert caught.value.key == key
    with pytest.raises(UsageError):
        run(path, output="weights.xlsx")


# ------------------------------------------------------------------------------------------------- command, replicates


def test_the_command_needs_no_project_and_speaks_both_languages(tmp_path: Path) -> None:
    spec = calibration(tmp_path, SPEC + SEXES + ESTIMATES, sex=sex_table(1.1, 1.2))
    out = tmp_path / "w.csv"
    words = ["calibrate", str(tmp_path / "survey.csv"), "--spec", str(spec), "-o", str(out)]
    done = command(*words, "--lang", "es")
    assert done.returncode == 0, done.stderr
    assert "efecto de diseño" in done.stderr
    assert "sex = 1" in done.stdout
    done = command(*words, "--json")
    told = json.loads(done.stdout)
    assert told["weights"] == str(out)
    assert told["rank"] == 2
    assert done.stderr == ""
    for language in ("es", "en"):
        page = Path(told["report"][language]).read_text("utf-8")
        assert f'<html lang="{language}">' in page
        assert page.count('role="img"') == page.count("<figcaption>") == 2
        assert not re.search(r'(?:src|href)="(?!#)', page), "no address but its own"


def test_replicates_by_hand() -> None:
    """Two strata: clusters a, b and c, d, e; all b drawn with half of its stratum known."""
    from register.calibrate.design import make_design

    design = make_design(5, [0, 0, 1, 1, 1], [0, 1, 2, 3, 4], [4, 4, 0.5, 0.5, 0.5])
    jackknife = make_replicates(design, "JKn")
    assert jackknife.factors.T.tolist() == [
        [0, 2, 1, 1, 1],
        [2, 0, 1, 1, 1],
        [1, 1, 0, 1.5, 1.5],
        [1, 1, 1.5, 0, 1.5],
        [1, 1, 1.5, 1.5, 0],
    ]
    assert jackknife.scale.tolist() == pytest.approx([1 / 4, 1 / 4, 1 / 3, 1 / 3, 1 / 3])
    pairs = make_design(4, [0, 0, 1, 1])
    halves = make_replicates(pairs, "BRR")
    assert set(halves.factors.ravel()) == {0, 2}
    y = np.array([3.0, 5.0, 10.0, 4.0])
    variance = halves.variance(np.array([22.0]), (y @ halves.factors)[:, None])
    assert variance[0] == pytest.approx((3 - 5) ** 2 + (10 - 4) ** 2), "balanced: the formula itself"
    boot = make_replicates(pairs, "bootstrap", number=4000, seed=3)
    assert boot.factors.mean(axis=1) == pytest.approx([1] * 4, abs=0.05)
    assert boot.variance(np.array([22.0]), (y @ boot.factors)[:, None])[0] == pytest.approx(40, rel=0.1)
