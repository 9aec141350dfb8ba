"""Keeps what a later delivery replaced: the row as it came, and what stands in its place.

Versions are found once every extract is read. Only then, and only where there are some, the extracts that hold them and
those that replaced them are read once more for their text, so that a build without corrections pays nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from register.engine import Engine
from register.ingest.block import LINE
from register.ingest.cells import prepare_cells
from register.ingest.extracts import Extract
from register.ingest.read import find_header, read_blocks
from register.ingest.records import record_key
from register.ingest.source import PATH, Source

# Versions held in memory at once, each with the row that replaced it.
ROWS_AT_ONCE = 50_000
WANTED = """
    select line from fate where fate = 'superseded' and file = {file} and line between {first} and {last}
    union
    select later_line from fate
    where fate = 'superseded' and later_file = {file} and later_line between {first} and {last}
    order by 1
"""
PAIRED = """
    select f.version, f.file, f.line, f.later_file, f.later_line, old.record_key, {cells}
    from fate f join __version old on old.file = f.file and old.line = f.line
        join __version new on new.file = f.later_file and new.line = f.later_line
    where f.fate = 'superseded' order by f.file, f.line
"""


@dataclass
class Versions:
    """Reads the replaced versions that `register.ingest.repeats.Repeats` found (relation ``fate``).

    Parameters
    ----------
    engine
        The database that holds the relation.
    folder
        Where the text of rows is kept meanwhile. It is confidential.
    """

    engine: Engine
    folder: Path
    _texts: dict[str, list[Path]] = field(default_factory=dict)

    def read(self, extracts: Iterable[Extract]) -> Iterator[pl.DataFrame]:
        """Yield frames of table ``superseded``: by declaration, in the order of deliveries."""
        concerned = {
            file
            for (file,) in self.engine.rows(
                "select file from fate where fate = 'superseded' "
                "union select later_file from fate where fate = 'superseded'"
            )
        }
        if not concerned:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        read_again = [extract for extract in extracts if extract.number in concerned]
        for extract in read_again:
            self._keep_texts(extract)
        names = {extract.number: extract.name for extract in read_again}
        for source in {extract.source.name: extract.source for extract in read_again}.values():
            yield from self._compare(source, names)

    def _keep_texts(self, extract: Extract) -> None:
        """Keep the text of the rows of an extract that were replaced, or replaced others."""
        source = extract.source
        header = find_header(extract)
        if header is None:
            return
        texts = self._texts.setdefault(source.name, [])
        for block in read_blocks(extract, header):
            if not block.rows.height:
                continue
            first, last = block.rows.item(0, LINE), block.rows.item(-1, LINE)
            wanted = self.engine.frame(WANTED.format(file=extract.number, first=first, last=last))
            rows = block.rows.join(wanted, left_on=LINE, right_on="line", how="semi", maintain_order="left")
            if not rows.height:
                continue
            cells = prepare_cells(rows, source, extract.name)
            there = [
                (pl.col(name) if name in cells.columns else pl.lit(None, pl.String)).alias(f"cell_{at}")
                for at, name in enumerate(source.declared_columns)
            ]
            kept = cells.select(
                pl.lit(extract.number, pl.Int32).alias("file"),
                pl.col(LINE).alias("line"),
                record_key(cells, source).alias("record_key"),
                *there,
            )
            path = self.folder / f"{source.name}_{len(texts):06d}.parquet"
            kept.write_parquet(path, compression="lz4", statistics=False)
            texts.append(path)

    def _compare(self, source: Source, names: dict[int, str]) -> Iterator[pl.DataFrame]:
        """Yield each version of a source beside what replaced it, in frames of a bounded size."""
        columns = source.declared_columns
        cells = ", ".join(
            f"{side}.cell_{at} as {side}_{at}" for side in ("old", "new") for at in range(len(columns))
        )
        self.engine.view("__version", self._texts[source.name])
        origin = {"source": source.table.name, "declaration": source.name}
        for frame in self.engine.frames(PAIRED.format(cells=cells), ROWS_AT_ONCE):
            yield frame.select(
                *(pl.lit(text).alias(name) for name, text in origin.items()),
                pl.format("{}:{}", pl.lit(source.name), "record_key").alias("record_id"),
                *("record_key", "version", "line", "later_line"),
                pl.col("file", "later_file").replace_strict(names, return_dtype=pl.String),
                *_differences(columns),
            )


def _differences(columns: tuple[str, ...]) -> list[pl.Expr]:
    """Return which cells of two versions differ, what they held before and after, and the whole old row."""
    named = [(at, column.replace(PATH, "path:", 1)) for at, column in enumerate(columns)]
    differ = [pl.col(f"old_{at}").ne_missing(pl.col(f"new_{at}")) for at, _ in named]

    def only_changed(side: str) -> pl.Expr:
        return _object(
            pl.when(is_other).then(_entry(name, f"{side}_{at}"))
            for is_other, (at, name) in zip(differ, named, strict=True)
        )

    changed = [
        pl.when(is_other).then(pl.lit(name)) for is_other, (_, name) in zip(differ, named, strict=True)
    ]
    filled = (
        pl.when(pl.col(f"old_{at}").is_not_null()).then(_entry(name, f"old_{at}")) for at, name in named
    )
    return [
        pl.concat_str(changed, separator=";", ignore_nulls=True).alias("changed_columns"),
        only_changed("old").alias("value_before"),
        only_changed("new").alias("value_after"),
        _object(filled).alias("row_before"),
    ]


def _object(entries: Iterable[pl.Expr]) -> pl.Expr:
    joined = pl.concat_str(list(entries), separator=", ", ignore_nulls=True)
    return pl.concat_str(pl.lit("{"), joined, pl.lit("}"))


def _entry(name: str, column: str) -> pl.Expr:
    """Return a name and a cell as JSON writes them."""
    value = (
        pl.struct(pl.col(column).alias("v"))
        .struct.json_encode()
        .str.strip_prefix('{"v":')
        .str.strip_suffix("}")
    )
    return pl.lit(json.dumps(name, ensure_ascii=False) + ": ") + value
