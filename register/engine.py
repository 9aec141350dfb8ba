"""The one seam to the database. Everything relational is SQL sent through here.

DuckDB works out of core: what does not fit the declared memory spills to the run's own temporary folder, which has the
run's permissions because spilled rows hold names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import duckdb
import polars as pl

from register.errors import LockedError

Item = TypeVar("Item")
Result = TypeVar("Result")

# What a statement raises that cannot do with the memory it may use, nor spill the rest.
OutOfMemory = duckdb.OutOfMemoryException

# What a Parquet file begins and ends with.
PARQUET = b"PAR1"


def smaller_memory(one: str, other: str) -> str:
    """Return the smaller of two memory limits as DuckDB writes them ("4GB", "1200MB"); an empty one is no limit."""

    def size(limit: str) -> float:
        number, prefix, binary = re.fullmatch(r"([\d.]+)\s*([KMGT])(i?)B", limit).groups()  # type: ignore[union-attr]
        return float(number) * float((1024 if binary else 1000) ** ("KMGT".index(prefix) + 1))

    return min((limit for limit in (one, other) if limit), key=size, default="")


class Engine:
    """A DuckDB connection with the settings of a project.

    Parameters
    ----------
    memory_limit
        As DuckDB writes it, for example ``"4GB"``; empty for DuckDB's own default (80% of the machine).
    threads
        0 for all processors.
    temp_directory
        Where to spill; made when first needed.
    """

    def __init__(
        self, *, memory_limit: str = "", threads: int = 0, temp_directory: Path | None = None
    ) -> None:
        self.con = duckdb.connect()
        # The register must work, and must be seen to work, without a network.
        self.con.execute("set autoinstall_known_extensions = false; set autoload_known_extensions = false")
        # Rows are put in order where order matters, by `order by`; keeping insertion order costs memory.
        self.con.execute("set preserve_insertion_order = false")
        self.con.execute("set enable_progress_bar = false")
        # The database lives in memory and with the build: to pack its tables anew at every few takes time for nothing.
        self.con.execute("set checkpoint_threshold = '1TB'")
        if memory_limit:
            self.con.execute(f"set memory_limit = '{memory_limit}'")
        if threads:
            self.con.execute(f"set threads = {int(threads)}")
        if temp_directory is not None:
            self.con.execute(f"set temp_directory = {literal(temp_directory)}")

    def __enter__(self) -> Engine:
        """Use the engine and close it afterwards."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.con.close()

    def interrupt(self) -> None:
        """Stop the statement under way."""
        with suppress(duckdb.Error):
            self.con.interrupt()

    def view(self, name: str, files: Path | Sequence[Path]) -> None:
        """Let SQL read Parquet under a name.

        Raises
        ------
        LockedError
            If a file was cut short or is not there.
        """
        paths = [files] if isinstance(files, Path) else list(files)
        listed = ", ".join(file_literal(path) for path in paths)
        try:
            self.con.execute(f'create or replace view "{name}" as select * from read_parquet([{listed}])')
        except duckdb.Error as error:
            damaged = next((path for path in paths if not is_whole(path)), None)
            if damaged is None:
                raise
            raise LockedError("table_damaged", where=str(damaged)) from error

    def empty_view(self, name: str, columns: Mapping[str, Any]) -> None:
        """Let SQL read a table that no source supplied."""
        frame = pl.DataFrame(schema=dict(columns)).to_arrow()
        self.con.register(f"__{name}", frame)
        self.con.execute(f'create or replace view "{name}" as select * from "__{name}"')

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement for what it does."""
        self.con.execute(sql, dict(parameters or {}))

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a small result: one left open would block the next call on the connection."""
        return list(self.con.execute(sql, dict(parameters or {})).fetchall())

    def side_by_side(
        self, work: Callable[[duckdb.DuckDBPyConnection, Item], Result], items: Iterable[Item]
    ) -> list[Result]:
        """Do a work for each item; see `side_by_side`."""
        return side_by_side(self.con, work, items)

    @property
    def threads(self) -> int:
        """How many threads the engine has."""
        return int(self.rows("select current_setting('threads')")[0][0])

    def frame(self, sql: str) -> pl.DataFrame:
        """Return a small result as a Polars frame."""
        table = self.con.sql(sql).to_arrow_table()
        names = table.column_names
        # A user's query may name two columns alike; a frame may not.
        unique = [name if name not in names[:at] else f"{name}_{at}" for at, name in enumerate(names)]
        return pl.DataFrame(table.rename_columns(unique))

    def frames(self, sql: str, rows: int) -> Iterator[pl.DataFrame]:
        """Yield a large result in frames of so many rows; run nothing else before the last is taken."""
        for batch in self.con.sql(sql).to_arrow_reader(rows):
            yield pl.DataFrame(batch)

    def write(self, sql: str, path: Path, *, order_by: Iterable[str] = ()) -> int:
        """Write the rows of a query to Parquet without collecting them; return how many.

        With ``order_by`` the same rows always give the same file.
        """
        order = ", ".join(f'"{column}"' for column in order_by)
        query = f"select * from ({sql}) order by {order}" if order else sql
        counted = self.con.execute(
            # The first level packs nearly as well as the third in a third less time.
            f"copy ({query}) to {literal(path)} (format parquet, compression zstd, compression_level 1)"
        ).fetchall()
        return int(counted[0][0])

    def has(self, name: str) -> bool:
        """Say whether a table or view of that name exists."""
        found = self.rows("select 1 from duckdb_tables() where table_name = $n union all "
                          "select 1 from duckdb_views() where view_name = $n", {"n": name})  # fmt: skip
        return bool(found)


def side_by_side(
    con: duckdb.DuckDBPyConnection,
    work: Callable[[duckdb.DuckDBPyConnection, Item], Result],
    items: Iterable[Item],
) -> list[Result]:
    """Do a work for each item, each on a cursor of its own, as many at once as there are threads.

    Cursors see the tables and views of a connection, not its temporary ones.
    """

    def on_cursor(item: Item) -> Result:
        with con.cursor() as cursor:
            return work(cursor, item)

    (threads,) = con.execute("select current_setting('threads')").fetchall()[0]
    with ThreadPoolExecutor(max_workers=int(threads)) as pool:
        return list(pool.map(on_cursor, items))


def is_whole(path: Path) -> bool:
    """Say whether a Parquet file is there from beginning to end: one cut short has no footer."""
    try:
        with path.open("rb") as stream:
            begins = stream.read(len(PARQUET))
            stream.seek(-len(PARQUET), os.SEEK_END)
            return begins == stream.read() == PARQUET
    except OSError:
        return False


def file_literal(path: Path) -> str:
    """Return the path of one file to read as an SQL literal: the signs that stand for others stand for themselves."""
    return literal(re.sub(r"([\[*?])", r"[\1]", str(path)))


def literal(value: Path | str) -> str:
    """Return a text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"
