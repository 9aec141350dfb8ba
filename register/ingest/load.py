"""The ingest stage: every extract, block by block, into record tables, mentions and rejected rows.

Each block of a file becomes Parquet parts; at the end the database joins the parts, drops exact duplicates, lets the
last delivery of a record win, and proves that every row received is accounted for.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from register.engine import Engine, literal
from register.errors import RegisterError
from register.ingest.declaration import Source
from register.ingest.hashing import Hasher
from register.ingest.names import learn_name_frequencies
from register.ingest.read import LINE, Block, first_line, read_blocks, read_header
from register.ingest.records import RecordReader, every_reason
from register.schema import Schema

FILE = "file_no"
PACKED = (".gz", ".zip")


@dataclass(frozen=True)
class Extract:
    """A file that a declaration claims. ``number`` is its place in the order of deliveries, that of the paths."""

    number: int
    path: Path
    name: str
    source: Source


@dataclass
class FileCount:
    """What became of the rows of one file."""

    declaration: str
    source: str
    file: str
    received: int = 0
    blank: int = 0
    in_tables: int = 0
    rejected: int = 0
    duplicate: int = 0
    superseded: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    unknown_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)

    def add_reasons(self, texts: pl.Series) -> None:
        """Count the reason codes of some rows."""
        for reason, count in every_reason(texts.drop_nulls()).items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count


def find_extracts(directory: Path, sources: Sequence[Source]) -> tuple[list[Extract], list[str]]:
    """Return the files that declarations claim, in the order of their paths, and the names of those left over.

    A folder named like a file is no file; hidden files are passed over.
    """
    claimed: list[Extract] = []
    unclaimed: list[str] = []
    for path in sorted(directory.rglob("*")) if directory.is_dir() else []:
        name = path.relative_to(directory).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in Path(name).parts):
            continue
        bare = path.name[: -len(path.suffix)] if path.suffix.lower() in PACKED else path.name
        source = next(
            (source for source in sources if _claims(source, path.name) or _claims(source, bare)), None
        )
        if source is None:
            unclaimed.append(name)
        else:
            claimed.append(Extract(len(claimed), path, name, source))
    return claimed, unclaimed


def _claims(source: Source, name: str) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in source.files)


class Loader:
    """Loads extracts into parts, then parts into tables.

    Parameters
    ----------
    engine
        The database.
    schema
        The declarations.
    secret
        Makes identity ids opaque.
    folder
        Where parts may be written.
    advance
        Called with the bytes consumed, for progress.
    """

    def __init__(
        self, engine: Engine, schema: Schema, secret: str, folder: Path, advance: Callable[[int], None]
    ) -> None:
        self.engine = engine
        self.schema = schema
        self.hasher = Hasher(engine, secret)
        self.folder = folder
        self.advance = advance
        self.counts: dict[int, FileCount] = {}
        self._parts = 0

    def load(self, extracts: Sequence[Extract]) -> None:
        """Write the parts of every extract.

        Sources that tell surnames from given names come first: what they teach of names divides the names of the
        sources that write them in one column.
        """
        told = [extract for extract in extracts if not _needs_frequencies(extract.source)]
        untold = [extract for extract in extracts if _needs_frequencies(extract.source)]
        readers: dict[str, RecordReader] = {}
        for extract in told:
            self._load_file(extract, self._reader(readers, extract.source, None))
        known = self._known_names() if untold else None
        for extract in untold:
            self._load_file(extract, self._reader(readers, extract.source, known))

    def _reader(
        self, readers: dict[str, RecordReader], source: Source, known_names: pl.DataFrame | None
    ) -> RecordReader:
        if source.name not in readers:
            readers[source.name] = RecordReader(source, self.schema, self.hasher, known_names)
        return readers[source.name]

    def _load_file(self, extract: Extract, reader: RecordReader) -> None:
        count = FileCount(extract.source.name, extract.source.table.name, extract.name)
        self.counts[extract.number] = count
        head = first_line(extract.path, extract.source)
        if not head:
            return
        header = read_header(head, extract.source)
        count.unknown_columns = list(header.unknown)
        count.missing_columns = list(header.missing)
        for block in read_blocks(extract.path, extract.source, header):
            self._load_block(block, extract, count, reader)
            self.advance(block.consumed)

    def _load_block(self, block: Block, extract: Extract, count: FileCount, reader: RecordReader) -> None:
        source = extract.source
        count.received += block.received
        count.blank += block.blank
        rejected = [block.rejected]
        if block.rows.height:
            made = reader.read(block.rows)
            if made.rejected.height:
                raw = made.rejected.join(block.rows, on=LINE, how="left", maintain_order="left")
                text = pl.concat_str(
                    [pl.col(column).fill_null("") for column in block.rows.columns if column != LINE],
                    separator=source.delimiter,
                )
                rejected.append(raw.select(pl.col(LINE).alias("line"), "reasons", text.alias("raw")))
            count.add_reasons(made.records["flags"])
            records = made.records.with_columns(pl.col("content").hash().alias("content"))
            self._write(source.table.name, records.with_columns(
                pl.lit(source.name).alias("declaration"),
                pl.lit(extract.number, dtype=pl.Int32).alias(FILE),
            ))  # fmt: skip
            number = pl.lit(extract.number, dtype=pl.Int32).alias(FILE)
            self._write("mention", made.people.with_columns(number, pl.lit(source.name).alias("declaration")))
            self._write("bundle", made.bundles)
        bad = pl.concat(rejected)
        if bad.height:
            count.rejected += bad.height
            count.add_reasons(bad["reasons"])
            self._write("rejected", bad.with_columns(
                pl.lit(source.table.name).alias("source"), pl.lit(source.name).alias("declaration"),
                pl.lit(extract.name).alias("file")))  # fmt: skip

    def _write(self, kind: str, frame: pl.DataFrame) -> None:
        if not frame.height:
            return
        folder = self.folder / kind
        folder.mkdir(parents=True, exist_ok=True)
        self._parts += 1
        frame.write_parquet(folder / f"{self._parts:06d}.parquet", compression="lz4")

    def _known_names(self) -> pl.DataFrame | None:
        """Count words as given names and as surnames in the sources that tell them apart."""
        folder = self.folder / "bundle"
        if not folder.is_dir():
            return None
        names = pl.scan_parquet(folder / "*.parquet").select("given_name", "surname_1", "surname_2")
        return learn_name_frequencies([names.collect(engine="streaming")])

    def finish(self, write: Callable[[str, str], None]) -> None:
        """Join the parts into tables. ``write(table, sql)`` keeps the rows of a query as a table of the run.

        Raises
        ------
        RegisterError
            If the rows received do not equal the rows accounted for: a defect, never published.
        """
        self._view_files()
        self._mark_repeated()
        for name in ("crossing", "visa", "permit", "birth", "death", "marriage"):
            write(name, self._records_sql(name))
        write("mention", self._mentions_sql())
        self._view(
            "bundle", {name: column.dtype for name, column in self.schema.tables["bundle"].columns.items()}
        )
        write("bundle", "select * from part_bundle")
        self._view(
            "rejected",
            dict.fromkeys(("source", "declaration", "file", "reasons", "raw"), pl.String)
            | {"line": pl.Int64},
        )
        write("rejected", "select source, declaration, file, line, reasons, raw from part_rejected")
        self._account()

    def _has(self, kind: str) -> bool:
        return (self.folder / kind).is_dir()

    def _view(self, kind: str, columns: dict[str, Any]) -> None:
        if self._has(kind):
            self.engine.view(f"part_{kind}", sorted((self.folder / kind).glob("*.parquet")))
        else:
            self.engine.empty_view(f"part_{kind}", columns)

    def _view_files(self) -> None:
        files = pl.DataFrame(
            [
                {FILE: number, "file": count.file, "source": count.source}
                for number, count in self.counts.items()
            ],
            schema={FILE: pl.Int32, "file": pl.String, "source": pl.String},
        )
        self.engine.con.register("__files", files.to_arrow())
        self.engine.run("create temp table extract_file as select * from __files")
        record = {
            LINE: pl.Int64,
            FILE: pl.Int32,
            "record_key": pl.String,
            "content": pl.UInt64,
            "declaration": pl.String,
        }
        for name in ("crossing", "visa", "permit", "birth", "death", "marriage"):
            columns = {
                c.name: c.dtype
                for c in self.schema.tables[name].columns.values()
                if c.declarable or c.name == "flags"
            }
            self._view(name, record | columns)
        self._view("mention", {LINE: pl.Int64, FILE: pl.Int32, "role": pl.String, "identity_id": pl.String})

    def _mark_repeated(self) -> None:
        """Find the rows that are not a record of their own: exact duplicates, and versions a later file replaced.

        Of the rows with one key those of the last file stand, with every distinct content (a key that one delivery uses
        twice for different content is two records). A row of the same content elsewhere is a duplicate, of other
        content superseded.
        """
        parts = " union all ".join(
            f"select declaration, record_key, content, {FILE}, {LINE} from part_{name}"
            for name in ("crossing", "visa", "permit", "birth", "death", "marriage")
        )
        # Most keys stand once. A hash finds the few that do not in little memory; they are then compared exactly.
        self.engine.run(
            f"""
            create temp table repeated as
            with hashed as (select hash(declaration, record_key) as h, * from ({parts})),
            suspect as (select h from hashed group by h having count(*) > 1)
            select declaration, record_key, content, {FILE}, {LINE} from hashed where h in (select h from suspect)
            """
        )
        self.engine.run(
            f"""
            create temp table fate as
            with last_file as (
                select declaration, record_key, max({FILE}) as {FILE} from repeated group by declaration, record_key
            ),
            standing as (
                select distinct r.declaration, r.record_key, r.content
                from repeated r join last_file l using (declaration, record_key, {FILE})
            ),
            copies as (
                select r.*, s.content is not null as stands,
                    row_number() over (
                        partition by r.declaration, r.record_key, r.content order by r.{FILE}, r.{LINE}
                    ) as copy
                from repeated r left join standing s using (declaration, record_key, content)
            )
            select {FILE}, {LINE},
                case when not stands then 'superseded' when copy > 1 then 'duplicate' else 'stands' end as fate,
                row_number() over (
                    partition by declaration, record_key, stands and copy = 1 order by {FILE}, {LINE}
                ) as version
            from copies
            """
        )
        for file_no, fate, count in self.engine.rows(
            f"select {FILE}, fate, count(*) from fate where fate <> 'stands' group by {FILE}, fate"
        ):
            setattr(self.counts[file_no], fate, count)

    def _records_sql(self, name: str) -> str:
        columns = [
            c.name for c in self.schema.tables[name].columns.values() if c.declarable or c.name == "flags"
        ]
        listed = ", ".join(f"p.{column}" for column in columns)
        return f"""
            select {_record_id("p")} as record_id, f.source, p.declaration, p.record_key, f.file,
                p.{LINE} as line, {listed}
            from part_{name} p join extract_file f using ({FILE}) left join fate t using ({FILE}, {LINE})
            where coalesce(t.fate, 'stands') = 'stands'
            """

    def _mentions_sql(self) -> str:
        return f"""
            select {_record_id("p")} as record_id, f.source, p.record_key, p.role, p.identity_id
            from part_mention p join extract_file f using ({FILE}) left join fate t using ({FILE}, {LINE})
            where coalesce(t.fate, 'stands') = 'stands'
            """

    def _account(self) -> None:
        for count in self.counts.values():
            count.in_tables = count.received - count.rejected - count.duplicate - count.superseded


def check_counts(counts: Sequence[FileCount], rows: dict[str, int]) -> None:
    """Prove that every row received stands in a table, is rejected, or is a counted duplicate or old version.

    Raises
    ------
    RegisterError
        If the sums differ.
    """
    for table in ("crossing", "visa", "permit", "birth", "death", "marriage"):
        told = sum(count.in_tables for count in counts if count.source == table)
        if told != rows[table]:
            raise RegisterError("rows_do_not_add_up", where=table, expected=told, found=rows[table])
    rejected = sum(count.rejected for count in counts)
    if rejected != rows["rejected"]:
        raise RegisterError("rows_do_not_add_up", where="rejected", expected=rejected, found=rows["rejected"])


def _record_id(alias: str) -> str:
    return (
        f"{alias}.declaration || ':' || {alias}.record_key"
        " || case when t.version > 1 then '~' || cast(t.version as varchar) else '' end"
    )


def _needs_frequencies(source: Source) -> bool:
    return any(person.name_layout in ("given_surnames", "portuguese") for person in source.persons.values())
