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
from register.ingest.header import find_header
from register.ingest.read import read_blocks
from register.ingest.records import record_key
from register.ingest.source import PATH, Source
from register.ingest.unfold import line_of, unfold

# Versions put beside what replaced them at once.
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
    from fate f join __version old on old.file = f.file and old.line = f.line and old.key_1 = f.key_1
        join __version new on new.file = f.later_file and new.line = f.later_line and new.key_1 = f.key_1
    where f.fate = 'superseded' and f.file = {file} and f.line between {first} and {last} order by f.line
"""


@dataclass(frozen=True)
class _Kept:
    """The kept rows of a block: where they are, the number of their file, and their first and last line."""

    path: Path
    file: int
    first: int
    last: int


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
    _kept: dict[str, list[_Kept]] = field(default_factory=dict)

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
        kept = self._kept.setdefault(source.name, [])
        for block in read_blocks(extract, header):
            if not block.rows.height:
                continue
            first, last = block.rows.item(0, LINE), block.rows.item(-1, LINE)
            wanted = self.engine.frame(WANTED.format(file=extract.number, first=first, last=last))
            rows = block.rows.join(wanted, left_on=LINE, right_on="line", how="semi", maintain_order="left")
            if not rows.height:
                continue
            cells = prepare_cells(unfold(rows, source, extract.name), source, extract.name)
            key = record_key(cells, source)
            there = [
                (pl.col(name) if name in cells.columns else pl.lit(None, pl.String)).alias(f"cell_{at}")
                for at, name in enumerate(source.declared_columns)
            ]
            texts = cells.select(
                pl.lit(extract.number, pl.Int32).alias("file"),
                line_of(source).alias("line"),
                pl.lit(key).alias("record_key"),
                (pl.lit(f"{source.name}:") + pl.lit(key)).hash(1).alias("key_1"),
                *there,
            )
            path = self.folder / f"{source.name}_{len(kept):06d}.parquet"
            # The database looks for a line in those files only whose first and last line lie around it.
            texts.write_parquet(path, compression="lz4", statistics=True)
            kept.append(_Kept(path, extract.number, first, last))

    def _compare(self, source: Source, names: dict[int, str]) -> Iterator[pl.DataFrame]:
        """Yield each version of a source beside what replaced it, in frames of a bounded size."""
        columns = source.declared_columns
        cells = ", ".join(
            f"{side}.cell_{at} as {side}_{at}" for side in ("old", "new") for at in range(len(columns))
        )
        self.engine.view("__version", [kept.path for kept in self._kept[source.name]])
        origin = {"source": source.table.name, "declaration": source.name}
        for kept in self._kept[source.name]:
            query = PAIRED.format(cells=cells, file=kept.file, first=kept.first, last=kept.last)
            for frame in self.engine.frames(query, ROWS_AT_ONCE):
                yield frame.select(
                    *(pl.lit(text).alias(name) for name, text in origin.items()),
                    pl.format("{}:{}", pl.lit(source.name), "record_key").alias("record_id"),
                    *("record_key", "version", "line", "later_line"),
                    pl.col("file", "later_file").replace_strict(names, return_dtype=pl.String),
                    *_differences(frame, columns),
                )


def _differences(frame: pl.DataFrame, columns: tuple[str, ...]) -> list[pl.Series]:
    """Return which cells of two versions differ, what they held before and after, and the whole old row."""
    named = [(at, column.replace(PATH, "path:", 1)) for at, column in enumerate(columns)]
    masks = frame.select(
        pl.col(f"old_{at}").ne_missing(pl.col(f"new_{at}")).alias(str(at)) for at, _ in named
    )
    # Corrections are of few columns: the others need no looking at.
    changed = [(masks[str(at)], at, name) for at, name in named if masks[str(at)].any()]
    # Where rows took back what was never said before, nothing changed.
    nothing = pl.lit(None, dtype=pl.String)
    columns_changed = [nothing, *(pl.when(mask).then(pl.lit(name)) for mask, _, name in changed)]
    out = {
        "changed_columns": pl.concat_str(columns_changed, separator=";", ignore_nulls=True),
        "row_before": _object(
            pl.when(pl.col(f"old_{at}").is_not_null()).then(_entry(frame, name, f"old_{at}"))
            for at, name in named
        ),
    }
    for side, title in (("old", "value_before"), ("new", "value_after")):
        out[title] = _object(
            pl.when(mask).then(_entry(frame, name, f"{side}_{at}")) for mask, at, name in changed
        )
    return frame.select(**out).get_columns()


def _object(entries: Iterable[pl.Expr]) -> pl.Expr:
    joined = pl.concat_str([pl.lit(None, dtype=pl.String), *entries], separator=", ", ignore_nulls=True)
    return pl.concat_str(pl.lit("{"), joined, pl.lit("}"))


def _entry(frame: pl.DataFrame, name: str, column: str) -> pl.Expr:
    """Return a name and a cell as JSON writes them."""
    cell = pl.col(column)
    if frame[column].str.contains(r'["\\\x00-\x1f]').any():
        encoded = pl.struct(cell.alias("v")).struct.json_encode()
        value = encoded.str.strip_prefix('{"v":').str.strip_suffix("}")
    else:
        value = pl.concat_str(pl.lit('"'), cell, pl.lit('"')).fill_null("null")
    return pl.lit(json.dumps(name, ensure_ascii=False) + ": ") + value
