"""The ingest stage: every extract, block by block, into record tables, mentions and rejected rows.

Three things go on at once: the next block of an extract is read into records, the people of this one are read, and what
was made of the one before is written. At the end exact duplicates are dropped, the last delivery of a record wins, and
every row received is proved to be accounted for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl

from register.concepts import RECORDS
from register.engine import Engine
from register.ingest.account import FileCount, prove_counts
from register.ingest.block import LINE, Block
from register.ingest.extracts import Extract
from register.ingest.hashing import Hasher
from register.ingest.header import find_header
from register.ingest.name_knowledge import NameKnowledge
from register.ingest.output import Output
from register.ingest.read import read_blocks
from register.ingest.records import ONE_COLUMN, Accepted, RecordReader
from register.ingest.repeats import Repeats
from register.ingest.source import Source
from register.ingest.superseded import Versions
from register.ingest.unfold import line_of, reasons_of, unfold
from register.schema import Schema

_T = TypeVar("_T")
# How much of an extract is read ahead for the words of its names.
OWN_WORDS_BYTES = 2**23
MAKES = (*RECORDS, "mention", "bundle", "rejected", "superseded", "similar_match")


class Loader:
    """Loads extracts into the tables of ingest.

    Parameters
    ----------
    engine
        The database.
    schema
        The declarations.
    secret
        Makes identity ids opaque.
    folder
        Where the tables are written, and beside them what is needed until they are finished.
    advance
        Called with the bytes consumed, for progress.
    """

    def __init__(
        self, engine: Engine, schema: Schema, secret: str, folder: Path, advance: Callable[[int], None]
    ) -> None:
        self.schema = schema
        self.hasher = Hasher(secret)
        self.advance = advance
        self.counts: dict[int, FileCount] = {}
        self.repeats = Repeats(engine, folder / "parts")
        self.output = Output(folder, {name: schema.tables[name] for name in MAKES})
        self.similar: list[pl.DataFrame] = []
        self._known_names = NameKnowledge()

    def load(self, extracts: Sequence[Extract]) -> dict[str, int]:
        """Write the tables; return the rows of each.

        Sources that tell surnames from given names come first, and those that write a comma between them next: what
        they teach of names divides the names of the sources that write them in one column.

        Raises
        ------
        RegisterError
            If the rows received do not equal the rows accounted for: a defect, never published.
        """
        turns = {extract.number: _turn(extract.source) for extract in extracts}
        last = max(turns.values(), default=0)
        with self.output:
            for turn in range(last + 1):
                now = [extract for extract in extracts if turns[extract.number] == turn]
                self._learn_own_words(now)
                self._load(now, learn=turn < last)
                self.output.wait_for_records()
                if turn < last:
                    # What these bundles teach of names is for the next.
                    self.output.wait_for_bundles()
            self.output.submit(lambda: {"similar_match": pl.concat(self.similar)})
            self._keep_superseded(extracts)
            rows = self.output.finish() | self._drop_repeated()
        for count in self.counts.values():
            count.in_tables = count.received - count.rejected - count.duplicate - count.superseded
        prove_counts(list(self.counts.values()), rows)
        return rows

    @property
    def similar_texts(self) -> int:
        """How many different texts were matched by similarity."""
        return pl.concat(self.similar).select("text", "within").n_unique() if self.similar else 0

    def _learn_own_words(self, extracts: Sequence[Extract]) -> None:
        """Learn what extracts that write names in one column teach themselves, from the beginning of each."""
        known = self._known_names
        for extract in extracts:
            source = extract.source
            header = find_header(extract) if _turn(source) else None
            if header is None:
                continue
            blocks = read_blocks(extract, header, OWN_WORDS_BYTES)
            block = next(blocks, None)
            if block is not None and block.rows.height:
                reader = RecordReader(source, self.schema, self.hasher)
                rows = unfold(block.rows, source, extract.name)
                known = reader.learn_names(rows, extract.name, known)
        self._known_names = known

    def _load(self, extracts: Sequence[Extract], *, learn: bool) -> None:
        readers = {
            extract.source.name: RecordReader(extract.source, self.schema, self.hasher, self._known_names)
            for extract in extracts
        }
        for extract, block, accepted in ahead(self._read(extracts, readers)):
            self._load_block(block, accepted, extract, readers[extract.source.name], learn=learn)
            self.advance(block.consumed)
        for reader in readers.values():
            self._keep_bundles(reader.name_bundles(at_least=1), learn=learn)
            origin = {"source": reader.source.table.name, "declaration": reader.source.name}
            similar = reader.similar()
            self.similar.append(
                similar.with_columns(pl.lit(text).alias(name) for name, text in origin.items())
            )

    def _read(
        self, extracts: Sequence[Extract], readers: Mapping[str, RecordReader]
    ) -> Iterator[tuple[Extract, Block, Accepted | None]]:
        """Yield extracts block by block, each with the records that its rows are, and count what was received."""
        for extract in extracts:
            source = extract.source
            count = FileCount(source.name, source.table.name, extract.name)
            self.counts[extract.number] = count
            header = find_header(extract)
            if header is None:
                continue
            count.unknown_columns = list(header.unknown)
            count.missing_columns = list(header.missing)
            reader = readers[source.name]
            for block in read_blocks(extract, header):
                rows = unfold(block.rows, source, extract.name)
                count.received += rows.height + block.rejected.height
                count.unfolded += rows.height - block.rows.height
                count.blank += block.blank
                yield extract, block, reader.read_columns(rows, extract.name) if rows.height else None

    def _load_block(
        self, block: Block, accepted: Accepted | None, extract: Extract, reader: RecordReader, *, learn: bool
    ) -> None:
        source, count = extract.source, self.counts[extract.number]
        origin = {
            "source": pl.lit(source.table.name),
            "declaration": pl.lit(source.name),
            "file": pl.lit(extract.name),
        }
        frames: dict[str, pl.DataFrame] = {}
        rejected = block.rejected
        if accepted is not None:
            made = reader.read_people(accepted)
            count.add_reasons(made.records["flags"])
            if made.rejected.height:
                rejected = pl.concat([rejected, _with_text(made.rejected, block.rows, source)])
            if made.records.height:
                named = made.records.with_columns(
                    (pl.lit(f"{source.name}:") + pl.col("record_key")).alias("record_id"),
                    line_of(source).alias("line"),
                    **origin,
                )
                frames = {source.table.name: named, "mention": _mentions(named, made.people)}
                self._keep_bundles(reader.name_bundles(), learn=learn)
        if rejected.height:
            count.rejected += rejected.height
            count.add_reasons(rejected["reasons"])
            frames["rejected"] = rejected.with_columns(**origin)
        self.output.submit(partial(self._noted, extract, frames))

    def _noted(self, extract: Extract, frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Note the keys of a block's records, for repeats among them; return the frames that have rows."""
        table = extract.source.table.name
        if table in frames:
            self.repeats.add(extract.number, table, frames[table], frames["mention"]["line"])
        return {name: frame for name, frame in frames.items() if frame.height}

    def _keep_bundles(self, jobs: Iterable[Callable[[], pl.DataFrame]], *, learn: bool) -> None:
        """Name identity values and write them, and learn of their names."""

        def made(job: Callable[[], pl.DataFrame]) -> pl.DataFrame:
            bundles = job()
            if learn:
                self._known_names = self._known_names.learn(bundles)
            return bundles

        for job in jobs:
            self.output.submit_bundles(partial(made, job))

    def _keep_superseded(self, extracts: Sequence[Extract]) -> None:
        """Find the rows that are no record of their own, count them, and keep the versions that were replaced."""
        found = self.repeats.find()
        for number, fates in found.items():
            for fate, count in fates.items():
                setattr(self.counts[number], fate, count)
        if any("superseded" in fates for fates in found.values()):
            for versions in Versions(self.repeats.engine, self.repeats.folder).read(extracts):
                self.output.submit(partial(dict, superseded=versions))

    def _drop_repeated(self) -> dict[str, int]:
        """Take out of the tables what is no record of its own; return the rows of the tables that changed."""
        rows: dict[str, int] = {}
        for name in (*RECORDS, "mention"):
            blocks = self.repeats.blocks_of(name)
            if not self.repeats.any_changed(blocks):
                continue

            def mend(group: int, frame: pl.DataFrame, blocks: list[int] = blocks) -> pl.DataFrame:
                number = blocks[group]
                lines = frame["line"] if "line" in frame.columns else self.repeats.lines(number)
                return self.repeats.mend(number, frame, lines)

            rows[name] = self.output.rewrite(name, mend)
        return rows


def ahead(blocks: Iterable[_T]) -> Iterator[_T]:
    """Yield blocks, the next one being read while one is worked on."""
    iterator = iter(blocks)
    with ThreadPoolExecutor(1, thread_name_prefix="read") as thread:
        coming = thread.submit(next, iterator, None)
        while (block := coming.result()) is not None:
            coming = thread.submit(next, iterator, None)
            yield block


def _with_text(rejected: pl.DataFrame, rows: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Give rejected rows their text, as it stood in the extract but for quotes."""
    text = pl.concat_str(
        [pl.col(column).fill_null("") for column in rows.columns if column != LINE],
        separator=source.format.delimiter,
    )
    named = rejected.select(line_of(source), reasons_of(source))
    raw = named.join(rows, on=LINE, how="left", maintain_order="left")
    return raw.select(pl.col(LINE).alias("line"), "reasons", text.alias("raw"))


def _mentions(records: pl.DataFrame, people: dict[str, pl.Series]) -> pl.DataFrame:
    """Return the persons whom records name: record_id, source, record_key, role, identity_id, line."""
    roles = [
        records.select("record_id", "source", "record_key", "line").with_columns(
            pl.lit(role).alias("role"), identity_id.alias("identity_id")
        )
        for role, identity_id in people.items()
    ]
    nobody = pl.DataFrame(
        schema=dict.fromkeys(("record_id", "source", "record_key", "role", "identity_id"), pl.String)
    )
    together = pl.concat(roles) if roles else nobody.with_columns(line=pl.lit(None, pl.Int64))
    return together if not together["identity_id"].null_count() else together.drop_nulls("identity_id")


def _turn(source: Source) -> int:
    """Say when a source is read: the less it tells given names from surnames, the later."""
    layouts = [person.name_layout for person in source.persons.values() if "full" in person.name_parts]
    return max((ONE_COLUMN.index(layout) + 1 for layout in layouts if layout in ONE_COLUMN), default=0)
