"""Finds the rows that are no record of their own: exact duplicates, and versions that a later delivery replaced.

Of the rows with one key those of the last file stand, with every distinct content (a key that one delivery uses twice
for different content is two records). A row of the same content elsewhere is a duplicate, of other content superseded.
Where the last file takes a record back, none of its rows stands: all are superseded, that one by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from register.engine import Engine
from register.ingest.block import LINE
from register.ingest.records import CONTENT, WITHDRAWN

WITHDRAWN_SCHEMA = {"file": pl.Int32, "line": pl.Int64, "key_1": pl.UInt64}
# Keys looked at in one go when the repeated ones are searched for.
KEYS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Block:
    """Where the rows of a block went: file, record table, first and last line, and how many mentions."""

    file: int
    table: str
    first: int
    last: int
    mentions: int


@dataclass
class Repeats:
    """Keeps two hashes of the key and one of the content of every record, on disk, and compares them at the end.

    Parameters
    ----------
    engine
        The database, for the comparison.
    folder
        Where the hashes are kept. They say nothing of anybody.
    """

    engine: Engine
    folder: Path
    blocks: list[Block] = field(default_factory=list)
    _rows: int = 0
    _changed_files: frozenset[int] = frozenset()
    _withdrawn: list[pl.DataFrame] = field(default_factory=lambda: [pl.DataFrame(schema=WITHDRAWN_SCHEMA)])

    def add(self, file: int, table: str, records: pl.DataFrame, people: pl.Series) -> None:
        """Note the records of a block (record_id, content, line) and the line of each person they mention."""
        self.folder.mkdir(parents=True, exist_ok=True)
        noted = records.select(
            pl.col("record_id").hash(1).alias("key_1"),
            pl.col("record_id").hash(2).alias("key_2"),
            pl.col(CONTENT).alias("content"),
            pl.lit(file, dtype=pl.Int32).alias("file"),
            pl.col("line"),
        )
        if WITHDRAWN in records.columns:
            withdrawn = noted.filter(records[WITHDRAWN])
            self._withdrawn.append(withdrawn.select(list(WITHDRAWN_SCHEMA)))
        number = len(self.blocks)
        _write(noted, self._keys(number))
        _write(people.alias("line").to_frame(), self._lines(number))
        self.blocks.append(Block(file, table, records.item(0, "line"), records.item(-1, "line"), len(people)))
        self._rows += records.height

    def _keys(self, number: int) -> Path:
        return self.folder / f"key_{number:06d}.parquet"

    def _every_keys(self) -> list[Path]:
        return [self._keys(number) for number in range(len(self.blocks))]

    def _lines(self, number: int) -> Path:
        return self.folder / f"line_{number:06d}.parquet"

    def find(self) -> dict[int, dict[str, int]]:
        """Decide the fate of every row of a repeated key; return how many are duplicate or superseded, by file."""
        counts: dict[int, dict[str, int]] = {}
        suspects = self._suspects()
        if not suspects.height:
            return counts
        self.engine.con.register("__suspect", suspects.to_arrow())
        self.engine.con.register("__withdrawn", pl.concat(self._withdrawn).to_arrow())
        self.engine.view("__key", self._every_keys())
        self.engine.run(FATE)
        self.engine.con.unregister("__suspect")
        self.engine.con.unregister("__withdrawn")
        for file, fate, count in self.engine.rows(
            "select file, fate, count(*) from fate where fate <> 'stands' group by file, fate"
        ):
            counts.setdefault(file, {})[fate] = count
        changed = self.engine.rows("select distinct file from fate where fate <> 'stands' or version > 1")
        self._changed_files = frozenset(file for (file,) in changed)
        return counts

    def _suspects(self) -> pl.DataFrame:
        """Return the keys that several rows have, or that are withdrawn.

        They are looked for in shares, so that memory does not grow with the rows.
        """
        shares = self._rows // KEYS_AT_ONCE + 1
        found = [pl.concat(self._withdrawn).select("key_1")]
        for share in range(shares) if self.blocks else ():
            keys = pl.scan_parquet(self._every_keys(), glob=False).select("key_1")
            if shares > 1:
                keys = keys.filter(pl.col("key_1") % shares == share)
            key = keys.collect(engine="streaming")["key_1"].sort()
            found.append(key.filter(key == key.shift(1)).unique().to_frame())
        return pl.concat(found).unique()

    def any_changed(self, numbers: Sequence[int]) -> bool:
        """Say whether some of these blocks hold rows to be dropped, or records to be told apart."""
        return any(self.blocks[number].file in self._changed_files for number in numbers)

    def blocks_of(self, table: str) -> list[int]:
        """Return the numbers of the blocks that wrote into a table, in order."""
        return [
            number
            for number, block in enumerate(self.blocks)
            if block.table == table or (table == "mention" and block.mentions)
        ]

    def mend(self, number: int, rows: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
        """Drop the rows of a block that do not stand, and tell apart the records of one key by a number.

        Parameters
        ----------
        number
            Of the block.
        rows
            Rows with a ``record_id``.
        lines
            The line that each row comes from.
        """
        block = self.blocks[number]
        if block.file not in self._changed_files:
            return rows
        fate = self.engine.frame(
            f"select line, key_1, fate = 'stands' as stands, version from fate where file = {block.file}"
            f" and line between {block.first} and {block.last} and (fate <> 'stands' or version > 1)"
        )
        # One line may hold several records: the key tells them apart.
        placed = rows.hstack([lines.alias(LINE)]).with_columns(pl.col("record_id").hash(1).alias("key_1"))
        work = placed.join(
            fate, left_on=[LINE, "key_1"], right_on=["line", "key_1"], how="left", maintain_order="left"
        )
        told_apart = pl.when(pl.col("version") > 1).then(pl.format("~{}", "version")).otherwise(pl.lit(""))
        return (
            work.filter(pl.col("stands").fill_null(value=True))
            .with_columns((pl.col("record_id") + told_apart).alias("record_id"))
            .select(rows.columns)
        )

    def lines(self, number: int) -> pl.Series:
        """Return the line of each mention of a block."""
        return pl.read_parquet(self._lines(number), glob=False)["line"]


FATE = """
create temp table fate as
with repeated as (
    select * from __key where key_1 in (select key_1 from __suspect)
),
last_file as (
    select key_1, key_2, max(file) as file from repeated group by key_1, key_2
),
latest as (
    select r.key_1, r.key_2, r.file as later_file, coalesce(min(w.line), min(r.line)) as later_line,
        count(w.line) > 0 as is_withdrawn
    from repeated r join last_file l using (key_1, key_2, file)
        left join __withdrawn w on w.file = r.file and w.line = r.line and w.key_1 = r.key_1
    group by r.key_1, r.key_2, r.file
),
standing as (
    select distinct r.key_1, r.key_2, r.content
    from repeated r join latest l on l.key_1 = r.key_1 and l.key_2 = r.key_2 and l.later_file = r.file
    where not l.is_withdrawn
),
copies as (
    select r.*, s.content is not null as stands,
        row_number() over (partition by r.key_1, r.key_2, r.content order by r.file, r.line) as copy
    from repeated r left join standing s using (key_1, key_2, content)
),
fated as (
    select *, case when not stands then 'superseded' when copy > 1 then 'duplicate' else 'stands' end as fate
    from copies
)
select f.file, f.line, f.key_1, f.fate, l.later_file, l.later_line,
    row_number() over (partition by f.key_1, f.key_2, f.fate order by f.file, f.line) as version
from fated f join latest l using (key_1, key_2)
"""


def _write(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="uncompressed", statistics=False)
