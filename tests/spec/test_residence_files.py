"""`register classify`: what it takes, what it gives, and what it says of a file that it cannot use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from register.errors import ExtractError, UsageError
from register.rules import parts
from register.rules.classify import ADDED, Classified, classify

UNTIL = dt.date(2023, 12, 31)
CROSSINGS = """note,person_id,date,direction,initial_status
b,two,2020-03-01,departure,1
a,one,2020-01-01,arrival,0
c,two,2020-03-11,arrival,1
d,three,2023-06-01,arrival,
"""


@pytest.fixture
def crossings(tmp_path: Path) -> Path:
    path = tmp_path / "crossings.csv"
    path.write_text(CROSSINGS, "utf-8")
    return path


def bad_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bad.csv"
    path.write_text(text, "utf-8")
    return path


class TestResult:
    def test_the_same_rows_come_out_in_the_same_order_with_four_columns_more(
        self, crossings: Path, tmp_path: Path
    ) -> None:
        output = tmp_path / "out.csv"
        counts = classify(crossings, observed_until=UNTIL, output=output)
        assert output.read_text("utf-8").splitlines() == [
            "note,person_id,date,direction,initial_status,status_before,status_after,is_migration,finalised_on",
            "b,two,2020-03-01,departure,1,1,1,false,2020-07-11",
            "a,one,2020-01-01,arrival,0,0,1,true,2020-12-31",
            "c,two,2020-03-11,arrival,1,1,1,false,2020-03-11",
            "d,three,2023-06-01,arrival,,0,,,",
        ]
        assert counts == Classified(crossings=4, persons=3, migrations=1, unknown=1)

    def test_csv_parquet_and_frames_give_one_result(self, crossings: Path, tmp_path: Path) -> None:
        frame = pl.read_csv(crossings, try_parse_dates=True)
        frame.write_parquet(tmp_path / "crossings.parquet")
        classify(tmp_path / "crossings.parquet", observed_until=UNTIL, output=tmp_path / "out.parquet")
        added = ["status_before", "status_after", "is_migration", "finalised_on"]
        from_frame = classify(frame, observed_until=UNTIL)
        assert pl.read_parquet(tmp_path / "out.parquet").equals(from_frame)
        assert classify(crossings, observed_until=UNTIL).select(added).equals(from_frame.select(added))

    def test_a_file_classified_before_is_classified_anew(self, crossings: Path, tmp_path: Path) -> None:
        once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
        classify(crossings, observed_until=UNTIL, output=once)
        classify(once, observed_until=UNTIL, output=twice)
        assert twice.read_text("utf-8") == once.read_text("utf-8")

    def test_nothing_is_left_beside_the_output(self, crossings: Path, tmp_path: Path) -> None:
        classify(crossings, observed_until=UNTIL, output=tmp_path / "out.csv")
        assert {path.name for path in tmp_path.iterdir()} == {"crossings.csv", "out.csv"}

    def test_a_file_without_rows_has_none(self, tmp_path: Path) -> None:
        empty = bad_file(tmp_path, "person_id,date,direction\n")
        assert classify(empty, observed_until=UNTIL).is_empty()

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_a_csv_may_have_any_delimiter_and_be_encoded_as_offices_do(
        self, encoding: str, delimiter: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "crossings.csv"
        path.write_text(CROSSINGS.replace("b,two", "ñ,two").replace(",", delimiter), encoding)
        ruled = classify(path, observed_until=UNTIL)
        assert ruled["is_migration"].to_list() == [False, True, False, None]
        assert ruled["note"][0] == "ñ"

    def test_letters_great_and_small_and_spaces_do_not_matter(self, tmp_path: Path) -> None:
        text = "PERSON_ID, Date, direction\n1, 2020-03-01, DEPARTURE\n1, 2020-03-11, Arrival\n"
        ruled = classify(
            bad_file(tmp_path, text.replace("Date, d", "Date,d").replace("ID, ", "ID,")), observed_until=UNTIL
        )
        assert ruled["status_after"].to_list() == [1, 1]

    def test_columns_of_any_name_are_kept(self, crossings: Path) -> None:
        frame = pl.read_csv(crossings).with_columns(
            *(pl.lit(7).alias(name) for name in ("record", "row_place", "key", "person", "place", "x y"))
        )
        ruled = classify(frame, observed_until=UNTIL)
        assert ruled.columns[: frame.width] == frame.columns
        assert ruled["is_migration"].to_list() == [False, True, False, None]

    @pytest.mark.parametrize(
        "convert",
        [
            lambda frame: frame.lazy(),
            lambda frame: frame.to_arrow(),
            lambda frame: frame.to_pandas(),
            lambda frame: duckdb.connect().from_arrow(frame.to_arrow()),
        ],
        ids=["lazy", "arrow", "pandas", "duckdb"],
    )
    def test_frames_of_other_libraries_are_read(self, crossings: Path, convert: Callable[..., Any]) -> None:
        frame = pl.read_csv(crossings)
        expected = classify(frame, observed_until=UNTIL).select(ADDED)
        assert classify(convert(frame), observed_until="2023-12-31").select(ADDED).equals(expected)

    @pytest.mark.parametrize(
        "cast",
        [
            pl.col("date").str.to_date(),
            pl.col("date").str.to_datetime(time_unit="ns"),
            pl.col("date").str.to_datetime(time_unit="ms"),
            pl.col("direction").cast(pl.Categorical),
            pl.col("direction").cast(pl.Enum(["arrival", "departure"])),
            pl.col("person_id").replace_strict({"one": 1, "two": 2, "three": 3}),
            pl.col("initial_status").cast(pl.Float64),
        ],
        ids=["date", "ns", "ms", "category", "enum", "number", "float status"],
    )
    def test_columns_may_have_any_type_that_says_the_same(
        self, crossings: Path, cast: pl.Expr, tmp_path: Path
    ) -> None:
        frame = pl.read_csv(crossings)
        expected = classify(frame, observed_until=UNTIL).select(ADDED)
        frame.with_columns(cast).write_parquet(tmp_path / "crossings.parquet")
        assert classify(tmp_path / "crossings.parquet", observed_until=UNTIL).select(ADDED).equals(expected)

    def test_two_persons_with_neighbouring_hashes_stay_two(self, monkeypatch: pytest.MonkeyPatch) -> None:
        frame = pl.DataFrame(
            [
                (
                    person,
                    dt.date(2020, 1, 1) + dt.timedelta(person + 90 * turn),
                    ("arrival", "departure")[turn % 2],
                )
                for person in range(30)
                for turn in range(6)
            ],
            schema=["person_id", "date", "direction"],
            orient="row",
        )
        expected = classify(frame, observed_until=UNTIL)
        monkeypatch.setattr(parts, "PERSON_KEY", "((person_id // 3) << 23) | (person_id % 3)")
        assert classify(frame, observed_until=UNTIL).equals(expected)

    def test_two_persons_whose_hashes_agree_stay_two(
        self, crossings: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = classify(crossings, observed_until=UNTIL)
        monkeypatch.setattr(parts, "PERSON_KEY", "hash(length(person_id))")
        assert classify(crossings, observed_until=UNTIL).equals(expected)

    def test_many_parts_give_the_result_of_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        frame = pl.DataFrame(
            [
                (
                    f"p{person}",
                    dt.date(2020, 1, 1) + dt.timedelta(person + 40 * turn),
                    ("arrival", "departure")[turn % 2],
                )
                for person in range(200)
                for turn in range(5)
            ],
            schema=["person_id", "date", "direction"],
            orient="row",
        )
        in_one = classify(frame, observed_until=UNTIL, threads=1)
        monkeypatch.setattr(parts, "ROWS_PER_PART", 100)
        assert classify(frame, observed_until=UNTIL).equals(in_one)

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_stretches_read_side_by_side_give_the_rows_in_their_order(
        self, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        frame = pl.DataFrame(
            {
                "person_id": [f"p{row % 70}" for row in range(500)],
                "date": [dt.date(2020, 1, 1) + dt.timedelta(row * 37 % 1400) for row in range(500)],
                "direction": [("arrival", "departure")[row // 70 % 2] for row in range(500)],
                "row_place": range(500),
            }
        )
        path = tmp_path / f"crossings.{form}"
        frame.write_csv(path) if form == "csv" else frame.write_parquet(path)
        at_once = classify(frame, observed_until=UNTIL, threads=1)
        monkeypatch.setattr("register.rules.classify.ROWS_WORTH_A_PART", 10)
        ruled = classify(path, observed_until=UNTIL, threads=3)
        assert ruled.select(ADDED).equals(at_once.select(ADDED))
        assert ruled["row_place"].cast(pl.Int64).to_list() == list(range(500))
        classify(path, observed_until=UNTIL, threads=3, output=tmp_path / "out.parquet")
        assert pl.read_parquet(tmp_path / "out.parquet").equals(ruled)


class TestRefusals:
    def test_moments_with_a_time_zone_are_refused_because_the_day_is_a_local_one(
        self, crossings: Path
    ) -> None:
        frame = pl.read_csv(crossings).with_columns(pl.col("date").str.to_datetime(time_zone="UTC"))
        with pytest.raises(ExtractError) as refusal:
            classify(frame, observed_until=UNTIL)
        assert refusal.value.key == "classify_zone"

    def test_what_is_no_table_is_refused(self) -> None:
        with pytest.raises(UsageError) as refusal:
            classify({"person_id": [1]}, observed_until=UNTIL)  # type: ignore[arg-type]
        assert refusal.value.key == "classify_frame"

    @pytest.mark.parametrize("until", ["31/12/2023", 2023, None])
    def test_a_last_day_that_is_none_is_refused(self, crossings: Path, until: Any) -> None:
        with pytest.raises(UsageError) as refusal:
            classify(crossings, observed_until=until)
        assert refusal.value.key == "bad_date_setting"

    def test_a_result_in_no_folder_is_refused(self, crossings: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as refusal:
            classify(crossings, observed_until=UNTIL, output=tmp_path / "none" / "out.csv")
        assert refusal.value.key == "classify_folder"

    def test_a_missing_column_is_named_beside_those_found(self, tmp_path: Path) -> None:
        with pytest.raises(ExtractError) as refusal:
            classify(
                bad_file(tmp_path, "person,date,direction\n1,2020-01-01,arrival\n"), observed_until=UNTIL
            )
        assert refusal.value.key == "classify_columns"
        assert refusal.value.values == {"missing": "person_id", "found": "person, date, direction"}

    @pytest.mark.parametrize(
        ("row", "column"),
        [
            (",2020-01-01,arrival,1", "person_id"),
            ("x,01/02/2020,arrival,1", "date"),
            ("x,,arrival,1", "date"),
            ("x,2020-02-30,arrival,1", "date"),
            ("x,2020-01-01,ENTRADA,1", "direction"),
            ("x,2020-01-01,,1", "direction"),
            ("x,2020-01-01,arrival,resident", "initial_status"),
            ("x,2020-01-01,arrival,2", "initial_status"),
        ],
    )
    def test_a_value_that_is_none_is_named_by_column_and_line(
        self, tmp_path: Path, row: str, column: str
    ) -> None:
        text = f"person_id,date,direction,initial_status\na,2020-01-01,arrival,0\n{row}\n"
        with pytest.raises(ExtractError) as refusal:
            classify(bad_file(tmp_path, text), observed_until=UNTIL)
        assert refusal.value.key == "classify_value"
        assert refusal.value.values == {"column": column, "number": 1, "lines": "3"}

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ExtractError) as refusal:
            classify(tmp_path / "nowhere.csv", observed_until=UNTIL)
        assert refusal.value.key == "classify_unreadable"

    def test_a_parquet_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "bad.parquet").write_text("no parquet", "utf-8")
        with pytest.raises(ExtractError) as refusal:
            classify(tmp_path / "bad.parquet", observed_until=UNTIL)
        assert refusal.value.key == "classify_unreadable"

    def test_an_output_of_no_known_format(self, crossings: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as refusal:
            classify(crossings, observed_until=UNTIL, output=tmp_path / "out.xlsx")
        assert refusal.value.key == "classify_format"
