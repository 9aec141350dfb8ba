"""Evaluation of a run against a known truth, on cases small enough to count by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from register.errors import UsageError
from register.synth.evaluate import Evaluation, FlowError, evaluate


def write_run(folder: Path, people: dict[str, str]) -> Path:
    """Write the tables of a run in which the crossing named by each key belongs to the person given."""
    identified = folder / "identified"
    identified.mkdir(parents=True)
    keys = list(people)
    pl.DataFrame(
        {
            "record_id": [f"crossing:{key}" for key in keys],
            "source": "crossing",
            "record_key": keys,
            "role": "self",
            "identity_id": [f"i{key}" for key in keys],
        }
    ).write_parquet(identified / "mention.parquet")
    pl.DataFrame(
        {"identity_id": [f"i{key}" for key in keys], "person_id": list(people.values()), "method": "model"}
    ).write_parquet(identified / "membership.parquet")
    return folder


def truth_table(people: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"source": "crossing", "record_key": list(people), "role": "self", "true_id": list(people.values())}
    )


def write_truth(folder: Path, people: dict[str, str]) -> Path:
    folder.mkdir()
    truth_table(people).write_parquet(folder / "mention.parquet")
    return folder


ANNA_BEN = {"1": "anna", "2": "anna", "3": "anna", "4": "ben", "5": "ben"}


def measure(tmp_path: Path, found: dict[str, str], true: dict[str, str] = ANNA_BEN) -> Evaluation:
    return evaluate(write_run(tmp_path / "tables", found), write_truth(tmp_path / "truth", true))


def test_a_perfect_run(tmp_path: Path) -> None:
    found = measure(tmp_path, {"1": "p", "2": "p", "3": "p", "4": "q", "5": "q"})
    assert (found.precision, found.recall, found.f1, found.exact) == (1, 1, 1, 1)
    assert (found.split, found.merged) == (0, 0)
    assert (found.true_people, found.found_people, found.mentions) == (2, 2, 5)


def test_one_merge_costs_precision(tmp_path: Path) -> None:
    """Five mentions in one person are ten pairs, of which anna's three and ben's one are true."""
    found = measure(tmp_path, dict.fromkeys(ANNA_BEN, "p"))
    assert found.precision == pytest.approx(4 / 10)
    assert found.recall == 1
    assert found.exact == 0
    assert (found.split, found.merged, found.found_people) == (0, 1, 1)


def test_one_split_costs_recall(tmp_path: Path) -> None:
    """Of the four true pairs, splitting anna's third mention off leaves one of hers and ben's one."""
    found = measure(tmp_path, {"1": "p", "2": "p", "3": "r", "4": "q", "5": "q"})
    assert found.precision == 1
    assert found.recall == pytest.approx(2 / 4)
    assert found.f1 == pytest.approx(2 / 3)
    assert found.exact == pytest.approx(1 / 2)
    assert (found.split, found.merged, found.found_people) == (1, 0, 3)


def test_a_mention_of_one_with_the_other(tmp_path: Path) -> None:
    """Pairs found: 1-2, and 3-4, 3-5, 4-5; true ones among them: 1-2 and 4-5; true in all: four."""
    found = measure(tmp_path, {"1": "p", "2": "p", "3": "q", "4": "q", "5": "q"})
    assert found.precision == pytest.approx(2 / 4)
    assert found.recall == pytest.approx(2 / 4)
    assert found.exact == 0
    assert (found.split, found.merged) == (1, 1)


def test_mentions_that_one_side_lacks_count_nowhere_but_are_told(tmp_path: Path) -> None:
    found = measure(tmp_path, {"1": "p", "2": "p", "4": "q", "5": "q", "99": "z"})
    assert (found.precision, found.recall, found.exact) == (1, 1, 1)
    assert (found.mentions, found.only_in_truth, found.only_in_run) == (4, 1, 1)


def test_people_named_once_make_no_pairs(tmp_path: Path) -> None:
    found = measure(tmp_path, {"1": "p", "2": "q"}, {"1": "anna", "2": "ben"})
    assert (found.precision, found.recall, found.exact) == (1, 1, 1)


def test_roles_of_one_record_are_different_mentions(tmp_path: Path) -> None:
    truth = pl.concat(
        [truth_table({"1": "anna"}), truth_table({"1": "ben"}).with_columns(role=pl.lit("father"))]
    )
    (tmp_path / "truth").mkdir()
    truth.write_parquet(tmp_path / "truth" / "mention.parquet")
    found = evaluate(write_run(tmp_path / "tables", {"1": "p"}), tmp_path / "truth")
    assert (found.mentions, found.only_in_truth, found.true_people) == (1, 1, 1)


def test_the_truth_may_be_csv_with_other_columns(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    truth_table({"0001": "7", "0002": "7", "0003": "8"}).with_columns(note=pl.lit("x")).write_csv(
        tmp_path / "truth" / "mention.csv"
    )
    found = evaluate(
        write_run(tmp_path / "tables", {"0001": "p", "0002": "p", "0003": "q"}), tmp_path / "truth"
    )
    assert (found.mentions, found.exact) == (3, 1)


def test_flow_errors_by_year_and_direction(tmp_path: Path) -> None:
    """2018 is not published by the run; 2019 is published without emigration, which counts as none found."""
    tables = write_run(tmp_path / "tables", {"1": "p"})
    (tables / "statistical").mkdir()
    pl.DataFrame(
        {
            "year": [2019, 2019, 2020],
            "direction": ["immigration", "immigration", "emigration"],
            "sex": ["1", "2", "1"],
            "estimate": [5.0, 4.0, 3.0],
        }
    ).write_parquet(tables / "statistical" / "flow.parquet")
    truth = write_truth(tmp_path / "truth", {"1": "anna"})
    pl.DataFrame(
        {
            "year": [2018, 2019, 2019, 2020],
            "direction": ["immigration", "emigration", "immigration", "emigration"],
            "n": [6, 2, 10, 0],
        }
    ).write_parquet(truth / "flow.parquet")
    assert evaluate(tables, truth).flows == (
        FlowError(2019, "emigration", register=0, truth=2, difference=-2, error=-1),
        FlowError(2019, "immigration", register=9, truth=10, difference=-1, error=-0.1),
        FlowError(2020, "emigration", register=3, truth=0, difference=3, error=3),
    )


def test_to_dict_holds_plain_values(tmp_path: Path) -> None:
    found = measure(tmp_path, {"1": "p", "2": "p", "3": "p", "4": "q", "5": "q"}).to_dict()
    assert found["precision"] == 1
    assert found["flows"] == []


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    tables = write_run(tmp_path / "tables", {"1": "p"})
    (tables / "identified" / "membership.parquet").unlink()
    with pytest.raises(UsageError) as caught:
        evaluate(tables, write_truth(tmp_path / "truth", {"1": "anna"}))
    assert caught.value.key == "table_missing"
    assert caught.value.values == {"name": "membership"}


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "truth").mkdir()
    truth_table({"1": "anna"}).drop("role").write_parquet(tmp_path / "truth" / "mention.parquet")
    with pytest.raises(UsageError) as caught:
        evaluate(write_run(tmp_path / "tables", {"1": "p"}), tmp_path / "truth")
    assert caught.value.key == "columns_missing"
    assert caught.value.values == {"columns": "role"}


def test_a_run_of_other_extracts_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        measure(tmp_path, {"1": "p"}, {"2": "anna"})
    assert caught.value.key == "nothing_to_compare"
