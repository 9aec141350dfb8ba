"""Benchmarks: totals with their standard errors, dates, definitions and versions, and the columns they bind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from register.calibrate.distances import Floats
from register.calibrate.spec import BenchmarkSpec, Spec
from register.calibrate.survey import Survey
from register.calibrate.terms import read_term
from register.calibrate.variables import as_codes, as_numbers
from register.errors import DeclarationError, suggest

RECORD = ("date", "definition", "version")
OWN_COLUMNS = ("term", "total", "standard_error", "share_final", "of", "benchmark", *RECORD)


@dataclass(frozen=True)
class Benchmark:
    """One total that the weights must give.

    Attributes
    ----------
    block
        Name of its ``[[benchmark]]``.
    place
        File and section, for errors.
    cell
        Variable to the codes that count; empty for everybody.
    of
        Columns whose product is summed; empty to count people.
    statistical_error, relative_error
        The standard error is the root of the sum of squares of the first and of the second times the total.
    coverage_error
        Relative error that the survey's own total may have beyond sampling: what its frame misses.
    """

    block: str
    place: str
    cell: Mapping[str, tuple[str, ...]]
    total: float
    statistical_error: float = 0.0
    relative_error: float = 0.0
    of: tuple[str, ...] = ()
    soft: bool = False
    cost: float | None = None
    coverage_error: float = 0.0
    record: Mapping[str, str] = field(default_factory=dict)

    @property
    def standard_error(self) -> float:
        """The standard error of the total."""
        return float(np.hypot(self.statistical_error, self.relative_error * self.total))

    @property
    def label(self) -> str:
        """What is counted, in the codes of the survey."""
        parts = [f"{name} = {' + '.join(codes)}" for name, codes in self.cell.items()]
        summed = f"Σ {' × '.join(self.of)}" if self.of else ""
        return " · ".join([part for part in (summed, *parts) if part]) or "Σ 1"


def read_benchmarks(
    spec: Spec, survey: Survey, register_totals: Callable[[BenchmarkSpec], pl.DataFrame]
) -> list[Benchmark]:
    """Return every benchmark that a specification declares, in its order.

    Parameters
    ----------
    register_totals
        From a block of source ``register`` to its table: variables, total, standard_error, date, definition, version.

    Raises
    ------
    DeclarationError
        If a table lacks a column, or names a variable or code that the survey does not have.
    """
    found: list[Benchmark] = []
    for one in spec.benchmarks:
        if one.total is not None:
            found.append(_benchmark(one, one.where, one.total, one.standard_error, _summed(one.of), {}))
            continue
        if one.source == "register":
            place, frame = one.place, register_totals(one)
        else:
            place, frame = f"{one.place} {one.file}", _read_table(one)
        found += _of_table(one, place, frame, survey)
    if not found:
        raise DeclarationError("no_benchmarks", where=str(spec.path))
    for benchmark in found:
        if benchmark.soft and not benchmark.standard_error and not benchmark.cost:
            raise DeclarationError("soft_needs_error", where=benchmark.place, label=benchmark.label)
    return found


def _read_table(one: BenchmarkSpec) -> pl.DataFrame:
    path = Path(str(one.file))
    if not path.is_file():
        raise DeclarationError("file_missing", where=str(path))
    if path.suffix.lower() == ".parquet":
        return pl.read_parquet(path, glob=False)
    return pl.read_csv(path, infer_schema=False, glob=False)


def _of_table(one: BenchmarkSpec, place: str, frame: pl.DataFrame, survey: Survey) -> list[Benchmark]:
    if "total" not in frame.columns:
        raise DeclarationError("table_lacks_column", where=place, name="total")
    known = [*survey.frame.columns, *survey.variables]
    variables = list(one.by) or [name for name in frame.columns if name not in OWN_COLUMNS]
    for name in variables:
        if name not in frame.columns:
            raise DeclarationError("table_lacks_column", where=place, name=name)
        if name not in known:
            raise DeclarationError(
                "no_survey_column", where=place, name=name, suggestion=suggest(name, known)
            )
    beside = {name: codes for name, codes in one.where.items() if name not in frame.columns}
    for name, codes in one.where.items():
        if name in frame.columns:
            frame = frame.filter(as_codes(frame[name]).is_in(list(codes)))
    total = as_numbers(frame["total"], place)
    error = as_numbers(frame["standard_error"], place) if "standard_error" in frame.columns else None
    cells = {name: as_codes(frame[name]) for name in variables}
    words = {name: as_codes(frame[name]) for name in ("term", "of", *RECORD) if name in frame.columns}
    found = []
    for row, (value, own) in enumerate(
        zip(total, error if error is not None else [None] * len(total), strict=True)
    ):
        if value is None:
            raise DeclarationError("missing_key", where=f"{place} {row + 1}", key="total")
        cell: dict[str, tuple[str, ...]] = {
            name: (str(codes[row]),) for name, codes in cells.items() if codes[row] is not None
        }
        told = {name: column[row] for name, column in words.items() if column[row] is not None}
        summed = _summed(told.pop("of", one.of))
        if "term" in told:
            named, product = read_term(told.pop("term"), survey, place)
            cell, summed = {**cell, **named}, (*summed, *product)
        found.append(_benchmark(one, {**beside, **cell}, value, own or one.standard_error, summed, told))
    return found


def _summed(of: str) -> tuple[str, ...]:
    return (of,) if of else ()


def _benchmark(
    one: BenchmarkSpec,
    cell: Mapping[str, tuple[str, ...]],
    total: float,
    error: float,
    of: tuple[str, ...],
    told: Mapping[str, str],
) -> Benchmark:
    return Benchmark(
        block=one.name,
        place=one.place,
        cell=dict(cell),
        total=float(total),
        statistical_error=float(error),
        relative_error=one.relative_error,
        of=of,
        soft=one.soft,
        cost=one.cost,
        coverage_error=one.coverage_error,
        record={key: told.get(key) or getattr(one, key) for key in RECORD},
    )


def benchmark_matrix(benchmarks: Sequence[Benchmark], survey: Survey) -> tuple[Any, Any]:
    """Return X as sparse (n, K), and the number of units that count in each benchmark, (K,).

    Raises
    ------
    DeclarationError
        If a benchmark names a column that the survey does not have.
    ExtractError
        If the survey has no value where a benchmark needs one.
    """
    rows, values, counts = [], [], []
    for one in benchmarks:
        at = np.flatnonzero(survey.mask(one.cell, one.place))
        value = np.ones(len(at))
        for name in one.of:
            value = value * survey.numbers(name, one.place)[at]
        rows.append(at)
        values.append(value)
        counts.append(len(at))
    columns = np.repeat(np.arange(len(benchmarks)), counts)
    matrix = sparse.coo_array(
        (np.concatenate(values), (np.concatenate(rows), columns)), shape=(len(survey), len(benchmarks))
    )
    return matrix.tocsr(), np.array(counts)


def ridge_costs(benchmarks: Sequence[Benchmark], before: Floats, errors: Floats, square: Floats) -> Floats:
    """Return the cost of each benchmark, (K,): infinite where hard.

    A soft total t of variance σ² meets the survey's own, X, of variance V: with the cost ``V / (q σ²)``, q its
    quadratic form under the base weights, linear calibration to it alone ends at the mean of the two, each weighted by
    the inverse of its variance. V is that of the design, and of what the survey's frame may miss where declared.

    Parameters
    ----------
    before, errors
        (K,) X and the standard error of X under the design.
    square
        (K,) q, the weighted sums of squares.
    """
    cost = np.full(len(benchmarks), np.inf)
    for place, one in enumerate(benchmarks):
        if one.soft and one.cost:
            cost[place] = one.cost
        elif one.soft:
            own = errors[place] ** 2 + (one.coverage_error * before[place]) ** 2
            cost[place] = max(own, np.finfo(float).tiny) / (square[place] or 1.0) / one.standard_error**2
    return cost
