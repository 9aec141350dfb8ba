"""Writes the tables of ingest block after block, each into one Parquet file, while the next block is being read.

A block becomes a row group. Rows are written as they come and never sorted: nothing needs an order, and the blocks come
in the order of the deliveries, so that the same extracts give the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from register.concepts import Table

# Texts as good as drawn by lot: to compress them takes long and saves little.
_RANDOM = (
    "identity_id",
    *("document_number", "document_key", "document_2_number", "document_2_key"),
)
# Texts that hardly repeat: a dictionary of their values would be as long as they are.
_DISTINCT = ("record_id", "record_key", "raw", *_RANDOM)
_WAITING_BLOCKS = 2


class TableFile:
    """One table being written.

    Attributes
    ----------
    path
        The file; complete once closed.
    rows
        Rows written so far.
    """

    def __init__(self, path: Path, table: Table) -> None:
        self.path = path
        self.rows = 0
        self._columns = {column.name: column.dtype for column in table.columns.values()}
        few = [name for name, dtype in self._columns.items() if dtype == pl.String and name not in _DISTINCT]
        schema = self._as_arrow(pl.DataFrame(schema=self._columns)).schema
        packed = {name: "none" if name in _RANDOM else "snappy" for name in self._columns}
        # Lines and moments hardly differ from those before.
        near = [name for name, dtype in self._columns.items() if dtype.is_integer() or dtype.is_temporal()]
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression=packed,
            use_dictionary=few,
            column_encoding=dict.fromkeys(near, "DELTA_BINARY_PACKED"),
            write_statistics=False,
            store_schema=False,
        )

    def write(self, frame: pl.DataFrame) -> None:
        """Write the columns of the table as one row group. An empty frame is one too."""
        rows = self._as_arrow(frame.select(pl.col(name).cast(dtype) for name, dtype in self._columns.items()))
        self._writer.write_table(rows, row_group_size=max(1, frame.height))
        self.rows += frame.height

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    @staticmethod
    def _as_arrow(frame: pl.DataFrame) -> pa.Table:
        return frame.to_arrow(compat_level=pl.CompatLevel.newest())


class Lane:
    """Work that a thread of its own does in the order in which it is handed over."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._pending: list[Future[None]] = []

    def submit(self, work: Callable[[], None]) -> None:
        """Hand work over; wait while much is on its way."""
        while len(self._pending) >= _WAITING_BLOCKS:
            self._pending.pop(0).result()
        self._pending.append(self._thread.submit(work))

    def wait(self) -> None:
        """Wait until everything handed over is done."""
        while self._pending:
            self._pending.pop(0).result()

    def close(self, *, cancel: bool) -> None:
        """Wait for what is under way, and for the rest unless it is to be left."""
        self._thread.shutdown(wait=True, cancel_futures=cancel)


class Output:
    """The tables of ingest, written in the order in which they are handed over: one lane for records, one for bundles.

    Parameters
    ----------
    folder
        Where the files are written, one per table.
    tables
        The declarations of the tables.
    """

    def __init__(self, folder: Path, tables: dict[str, Table]) -> None:
        self._folder = folder
        self._tables = tables
        self._files = {name: TableFile(self._path(name), table) for name, table in tables.items()}
        self._records, self._bundles = Lane("write"), Lane("name")

    def __enter__(self) -> Output:
        """Use the output and close it afterwards."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what is under way; after an error, leave the rest."""
        for lane in (self._records, self._bundles):
            lane.close(cancel=error is not None)
        for file in self._files.values():
            file.close()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"

    def submit(self, make: Callable[[], dict[str, pl.DataFrame]]) -> None:
        """Have frames of records made and written, by table, after those handed over before."""
        self._records.submit(partial(self._write, make))

    def submit_bundles(self, make: Callable[[], pl.DataFrame]) -> None:
        """Have bundles made and written after those handed over before, while records are written."""
        self._bundles.submit(lambda: self._files["bundle"].write(make()))

    def _write(self, make: Callable[[], dict[str, pl.DataFrame]]) -> None:
        for name, frame in make().items():
            self._files[name].write(frame)

    def wait_for_records(self) -> None:
        """Wait until all records handed over are written."""
        self._records.wait()

    def wait_for_bundles(self) -> None:
        """Wait until all bundles handed over are written."""
        self._bundles.wait()

    def finish(self) -> dict[str, int]:
        """Complete all files; return the rows of each."""
        self.wait_for_records()
        self.wait_for_bundles()
        for file in self._files.values():
            file.close()
        return {name: file.rows for name, file in self._files.items()}

    def rewrite(self, name: str, mend: Callable[[int, pl.DataFrame], pl.DataFrame]) -> int:
        """Write a finished table once more, row group by row group as ``mend`` returns them; return its rows."""
        path = self._path(name)
        beside = path.with_suffix(".mended")
        mended = TableFile(beside, self._tables[name])
        for number, group in enumerate(_row_groups(path)):
            mended.write(mend(number, group))
        mended.close()
        beside.replace(path)
        return mended.rows


def _row_groups(path: Path) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield pl.DataFrame(file.read_row_group(number))
