"""Reads files of SPSS and Stata, in which a code may carry its label, a bounded number of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from register.errors import ExtractError, UsageError
from register.ingest.packed import Member, open_extract
from register.ingest.source import Format

LABELLED = ("spss", "stata")
BATCH_ROWS = 100_000


def column_names(path: Path, member: Member, form: Format) -> list[str]:
    """Return the names of the columns."""
    with _reader(path, member, form) as read:
        return [str(name) for name in read(metadataonly=True)[1].column_names]


def read_frames(
    path: Path, member: Member, form: Format
) -> Iterator[tuple[pl.DataFrame, dict[str, dict[str, str]]]]:
    """Yield the rows in frames and, where the format asks for them, the labels of each column's codes."""
    with _reader(path, member, form) as read:
        done, is_over = 0, False
        while not is_over:
            rows, told = read(row_offset=done, row_limit=BATCH_ROWS)
            frame = pl.DataFrame(rows)
            if frame.height:
                yield frame, _labels(told.variable_value_labels) if form.has_labels else {}
            done += frame.height
            is_over = frame.height < BATCH_ROWS


def _labels(by_column: Mapping[str, Mapping[Any, str]]) -> dict[str, dict[str, str]]:
    """Return the labels by the text of each code: figures of whole numbers have no decimals."""
    return {
        name: {
            f"{code:.15g}" if isinstance(code, float) else str(code): label for code, label in codes.items()
        }
        for name, codes in by_column.items()
    }


@contextmanager
def _reader(path: Path, member: Member, form: Format) -> Iterator[Any]:
    """Return what reads an open file, with the options of a reading.

    Raises
    ------
    UsageError
        If the library that reads such files is not installed.
    ExtractError
        If the file is none.
    """
    if find_spec("pyreadstat") is None:
        raise UsageError("missing_extra", where=str(path), extra="survey")
    import pyreadstat

    function: Any = pyreadstat.read_sav if form.type == "spss" else pyreadstat.read_dta
    with open_extract(path, member) as stream:

        def read(**options: Any) -> Any:
            stream.seek(0)
            return function(stream, output_format="polars", **options)

        try:
            yield read
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
            raise ExtractError("not_of_format", where=str(path), format=form.type) from error
