"""How well a run found the people and the flows of a country whose truth is known.

Pairs of mentions are counted in a contingency table of true person and found person, so that precision and
recall over millions of mentions take one pass: with n_ij mentions of true person i in found person j, the
pairs truly together and found together are the sum of n_ij (n_ij - 1) / 2, the pairs found together the same
over the column sums, the pairs truly together over the row sums (Hubert and Arabie 1985).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from register.engine import file_literal
from register.errors import UsageError

if TYPE_CHECKING:
    import duckdb

KEY = ("source", "record_key", "role")


@dataclass(frozen=True)
class FlowError:
    """One year that the run publishes, and one direction.

    ``difference`` is the register's flow less the true one, ``error`` its share of the true flow (of one
    person, where nobody truly moved).
    """

    year: int
    direction: str
    register: float
    truth: float
    difference: float
    error: float


@dataclass(frozen=True)
class Evaluation:
    """A run against the truth.

    Attributes
    ----------
    precision, recall, f1
        Over pairs of mentions: of the pairs that the run puts into one person, the share that truly are one;
        of the pairs that truly are one, the share that the run puts together.
    exact
        Share of true people, named at least once, whose mentions all carry one person_id that no mention
        of anybody else carries.
    split, merged
        True people whose mentions carry several person_ids; person_ids that hold mentions of several people.
    true_people, found_people
        People named at least once in the truth; person_ids of the mentions compared.
    mentions, only_in_truth, only_in_run
        Mentions compared, and those that only one side knows (rejected records, other extracts). They count
        in no measure.
    flows
        One entry a year and direction; empty where the run or the truth holds no flows.
    """

    precision: float
    recall: float
    f1: float
    exact: float
    split: int
    merged: int
    true_people: int
    found_people: int
    mentions: int
    only_in_truth: int
    only_in_run: int
    flows: tuple[FlowError, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain values, for JSON."""
        return asdict(self) | {"flows": [asdict(flow) for flow in self.flows]}


def evaluate(tables: Path, truth: Path) -> Evaluation:
    """Compare a run with the truth.

    Parameters
    ----------
    tables
        The run's folder of tables: ``mention`` and ``membership`` are read from it or its folder
        ``identified``, ``flow`` (if there) from it or its folder ``statistical``; Parquet or CSV.
    truth
        The folder with the truth: ``mention`` (source, record_key, role, true_id) and, if there, ``flow``
        (year, direction, n); Parquet or CSV.

    Raises
    ------
    UsageError
        A table or one of its columns is missing, or not a single mention is in both.
    """
    import duckdb

    with duckdb.connect(":memory:") as connection:
        _read(connection, "mention", tables, (*KEY, "identity_id"))
        _read(connection, "membership", tables, ("identity_id", "person_id"))
        _read(connection, "truth_mention", truth, (*KEY, "true_id"), name="mention")
        people = _compare_people(connection)
        if people["mentions"] == 0:
            raise UsageError("nothing_to_compare", where=str(truth))
        flows: tuple[FlowError, ...] = ()
        if _find(tables, "flow") and _find(truth, "flow"):
            _read(connection, "flow", tables, ("year", "direction", "estimate"))
            _read(connection, "truth_flow", truth, ("year", "direction", "n"), name="flow")
            flows = _compare_flows(connection)
    return Evaluation(**people, flows=flows)


def _compare_people(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    connection.execute(
        """
        create temp table found as
        select distinct m.source, m.record_key, m.role, s.person_id
        from mention m join membership s using (identity_id);

        create temp table truth as select distinct source, record_key, role, true_id from truth_mention;

        create temp table contingency as
        select t.true_id, f.person_id, count(*) as n
        from truth t join found f using (source, record_key, role)
        group by t.true_id, f.person_id;

        create temp table by_truth as
        select true_id, sum(n) as n, count(*) as n_person, min(person_id) as person_id
        from contingency group by true_id;

        create temp table by_person as
        select person_id, sum(n) as n, count(*) as n_true from contingency group by person_id;
        """
    )
    row = connection.execute(
        """
        select
            (select coalesce(sum(n * (n - 1) / 2), 0) from contingency) as together,
            (select coalesce(sum(n * (n - 1) / 2), 0) from by_person) as found_together,
            (select coalesce(sum(n * (n - 1) / 2), 0) from by_truth) as truly_together,
            (select count(*) from by_truth t join by_person p using (person_id)
             where t.n_person = 1 and p.n_true = 1) as exact,
            (select count(*) from by_truth where n_person > 1) as split,
            (select count(*) from by_person where n_true > 1) as merged,
            (select count(*) from by_truth) as true_people,
            (select count(*) from by_person) as found_people,
            (select coalesce(sum(n), 0) from contingency) as mentions,
            (select count(*) from truth anti join found using (source, record_key, role)) as only_in_truth,
            (select count(*) from found anti join truth using (source, record_key, role)) as only_in_run
        """
    ).fetchall()[0]
    together, found, truly, exact, *counts = (float(value) for value in row)
    split, merged, true_people, found_people, mentions, only_in_truth, only_in_run = (int(n) for n in counts)
    precision = together / found if found else 1.0
    recall = together / truly if truly else 1.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "exact": exact / true_people if true_people else 0.0,
        "split": split,
        "merged": merged,
        "true_people": true_people,
        "found_people": found_people,
        "mentions": mentions,
        "only_in_truth": only_in_truth,
        "only_in_run": only_in_run,
    }


def _compare_flows(connection: duckdb.DuckDBPyConnection) -> tuple[FlowError, ...]:
    rows = connection.execute(
        """
        with found as (
            select cast(year as bigint) as year, direction, sum(cast(estimate as double)) as n
            from flow group by all
        ),
        truth as (
            select cast(year as bigint) as year, direction, sum(cast(n as double)) as n
            from truth_flow group by all
        )
        select t.year, t.direction, coalesce(f.n, 0) as found, t.n,
            coalesce(f.n, 0) - t.n, (coalesce(f.n, 0) - t.n) / greatest(t.n, 1)
        from truth t left join found f using (year, direction)
        where t.year in (select year from found)
        order by t.year, t.direction
        """
    ).fetchall()
    return tuple(FlowError(*row) for row in rows)


def _find(folder: Path, table: str) -> Path | None:
    """Return the file of a table: Parquet before CSV, the folder itself before its subfolders."""
    for place in (folder, folder / "identified", folder / "statistical"):
        for suffix in ("parquet", "csv"):
            path = place / f"{table}.{suffix}"
            if path.is_file():
                return path
    return None


def _read(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    folder: Path,
    columns: tuple[str, ...],
    *,
    name: str | None = None,
) -> None:
    path = _find(folder, name or view)
    if path is None:
        raise UsageError("table_missing", where=str(folder), name=name or view)
    file = file_literal(path)
    reader = f"read_csv({file}, all_varchar = true)" if path.suffix == ".csv" else f"read_parquet({file})"
    present = {row[0] for row in connection.execute(f"describe select * from {reader}").fetchall()}
    absent = [column for column in columns if column not in present]
    if absent:
        raise UsageError("columns_missing", where=str(path), columns=", ".join(absent))
    connection.execute(f"create temp view {view} as select {', '.join(columns)} from {reader}")
