"""The survey's microdata: read from Parquet, CSV, Stata or SPSS, looked at by variable, and weights written back."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from register.calibrate.design import Design, make_design
from register.calibrate.distances import Floats
from register.calibrate.spec import Spec, SurveyColumns
from register.calibrate.variables import Variable, as_codes, as_numbers
from register.errors import DeclarationError, ExtractError, LockedError, UsageError, suggest

FORMATS = (".parquet", ".csv", ".txt", ".tsv", ".dta", ".sav", ".zsav")


class Survey:
    """A survey file as its declaration reads it: n units (people) in the order of the file.

    Parameters
    ----------
    frame
        The file.
    columns
        What its columns are.
    variables
        Those that the declaration makes of columns.
    where
        The file's path, for errors.
    """

    def __init__(
        self, frame: pl.DataFrame, columns: SurveyColumns, variables: Mapping[str, Variable], where: str
    ) -> None:
        self.frame, self.columns, self.variables, self.where = frame, columns, variables, where
        self._codes: dict[str, pl.Series] = {}
        self._numbers: dict[str, Floats] = {}

    def __len__(self) -> int:
        return self.frame.height

    def column(self, name: str, place: str) -> pl.Series:
        """Return a column of the file.

        Raises
        ------
        DeclarationError
            If there is none of that name; ``place`` says who asked for it.
        """
        if name not in self.frame.columns:
            known = [*self.frame.columns, *self.variables]
            raise DeclarationError(
                "no_survey_column", where=place, name=name, suggestion=suggest(name, known)
            )
        return self.frame[name]

    def codes(self, name: str, place: str) -> pl.Series:
        """Return a variable as codes, one a unit, null where there is none."""
        if name not in self._codes:
            variable = self.variables.get(name, Variable(name, name, {}))
            asked = f"{place} [variables.{name}]" if name in self.variables else place
            self._codes[name] = variable.codes(self.column(variable.source, asked), self.where)
        return self._codes[name]

    def numbers(self, name: str, place: str) -> Floats:
        """Return a column as numbers.

        Raises
        ------
        ExtractError
            If a cell holds none.
        """
        if name not in self._numbers:
            source = self.variables[name].source if name in self.variables else name
            number = as_numbers(self.column(source, place), self.where)
            if number.null_count():
                raise ExtractError(
                    "missing_values", where=self.where, column=source, count=number.null_count()
                )
            self._numbers[name] = number.to_numpy().astype(np.float64)
        return self._numbers[name]

    def mask(self, where: Mapping[str, Iterable[str]], place: str) -> Any:
        """Return which units have one of the codes in each variable, as (n,) of booleans.

        Raises
        ------
        ExtractError
            If a variable has no value for some units.
        """
        chosen = np.ones(len(self), bool)
        for name, codes in where.items():
            own = self.codes(name, place)
            if own.null_count():
                raise ExtractError("missing_values", where=self.where, column=name, count=own.null_count())
            chosen &= own.is_in(list(codes)).to_numpy()
        return chosen

    @property
    def base_weights(self) -> Floats:
        """The base weights, (n,).

        Raises
        ------
        ExtractError
            If one is negative or missing, or all are zero.
        """
        weights = self.numbers(self.columns.weight, "[survey] weight")
        if (weights < 0).any() or not weights.any():
            raise ExtractError("bad_base_weight", where=self.where, column=self.columns.weight)
        return weights

    def design(self) -> Design:
        """Return strata and clusters."""
        columns = self.columns

        def label(names: Iterable[str], key: str) -> Any:
            parts = [as_codes(self.column(name, f"[survey] {key}")).fill_null("") for name in names]
            return np.asarray(
                pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator="\x1f")).to_series()
            )

        cluster = columns.cluster or columns.household
        return make_design(
            len(self),
            label(columns.stratum, "stratum") if columns.stratum else None,
            label([cluster], "cluster") if cluster else None,
            self.numbers(columns.fpc, "[survey] fpc") if columns.fpc else None,
            columns.lonely,
        )

    def households(self) -> Any:
        """Return the number of each unit's household, from 0, as (n,).

        A household code need be unique within its stratum and cluster only.
        """
        parts = [*self.columns.stratum, self.columns.cluster, self.columns.household]
        labels = [
            as_codes(self.column(name, "[survey] household")).fill_null("")
            for name in dict.fromkeys(parts)
            if name
        ]
        joined = pl.DataFrame(labels).select(pl.concat_str(pl.all(), separator="\x1f")).to_series()
        return np.unique(np.asarray(joined), return_inverse=True)[1]

    def identifiers(self) -> pl.DataFrame:
        """Return the columns that tell units apart; the row's number, from 1, where none are declared."""
        names = list(dict.fromkeys([*self.columns.id, self.columns.household] if self.columns.id else []))
        names = [name for name in names if name]
        for name in names:
            self.column(name, "[survey] id")
        rows = pl.Series("row", np.arange(1, len(self) + 1))
        return self.frame.select(names) if names else pl.DataFrame([rows])


def read_survey(path: Path, spec: Spec) -> Survey:
    """Read a survey file by its ending.

    Raises
    ------
    UsageError
        If the ending is unknown, or the extra ``survey`` is wanted and missing.
    ExtractError
        If the file cannot be read.
    """
    if not path.is_file():
        raise UsageError("no_survey", where=str(path))
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError("bad_survey_format", name=path.name, known=", ".join(FORMATS))
    try:
        frame = _read(path, suffix, spec.survey)
    except (UsageError, LockedError):
        raise
    except Exception as error:
        # Each reader has errors of its own, and their texts may quote a row.
        raise ExtractError("survey_unreadable", where=str(path), kind=type(error).__name__) from error
    if not frame.height:
        raise ExtractError("survey_empty", where=str(path))
    return Survey(frame, spec.survey, spec.variables, str(path))


def _read(path: Path, suffix: str, columns: SurveyColumns) -> pl.DataFrame:
    if suffix == ".parquet":
        return pl.read_parquet(path, glob=False)
    if suffix in (".csv", ".txt", ".tsv"):
        text = path.read_bytes().decode("utf-8-sig" if columns.encoding == "utf-8" else columns.encoding)
        delimiter = "\t" if suffix == ".tsv" else columns.delimiter
        return pl.read_csv(io.StringIO(text), separator=delimiter, infer_schema=False)
    package = _pyreadstat()
    read = package.read_dta if suffix == ".dta" else package.read_sav
    return pl.DataFrame(read(str(path), output_format="polars")[0])


def write_weights(frame: pl.DataFrame, path: Path) -> None:
    """Write weights to Parquet, CSV, Stata or SPSS, by the ending.

    Raises
    ------
    UsageError
        If the ending is unknown, or the extra ``survey`` is wanted and missing.
    LockedError
        If the file may not be written.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UsageError("bad_survey_format", name=path.name, known=", ".join(FORMATS))
    try:
        if suffix == ".parquet":
            frame.write_parquet(path)
        elif suffix in (".csv", ".txt", ".tsv"):
            frame.write_csv(path, separator="\t" if suffix == ".tsv" else ",")
        elif suffix == ".dta":
            _pyreadstat().write_dta(frame, str(path))
        else:
            _pyreadstat().write_sav(frame, str(path), compress=suffix == ".zsav")
    except OSError as error:
        raise LockedError("cannot_write", where=str(path)) from error


def _pyreadstat() -> Any:
    try:
        import pyreadstat
    except ModuleNotFoundError as error:
        raise UsageError("missing_extra", extra="survey") from error
    return pyreadstat
