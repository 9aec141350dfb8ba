"""Links any tables by a file of rules: the linkage of the register without the register.

The rules are those of ``people.toml``. A ``[column.NAME]`` table for each column that they read says where it comes
from and how its text is made comparable:

    [column.birth_date]
    from = ["date_of_birth", "born"]     # the first of these that a file has
    as = "date"                          # name, sound, text, digits, date, number
    format = ["%m/%d/%Y", "%Y%m%d"]

Rows are read, made comparable and written to the database in pieces: memory does not grow with the files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from register.engine import Engine, file_literal
from register.errors import DeclarationError, ExtractError, UsageError, suggest
from register.ingest.name_text import clean, phonetic_key
from register.ingest.text import fold_text
from register.link.clusters import connect
from register.link.declaration import load_rules
from register.link.predict import PredictReport, predict
from register.link.rules import Rules
from register.link.train import TrainReport, train, write
from register.schema import refuse_unknown_keys
from register.tables import copy_to
from register.toml_file import read_toml

ROWS_AT_ONCE = 100_000
#: The table that the rules read: a row of each file, and the columns that are always there.
TABLE, KEY, FILE, ID = "record", "record_id", "file", "id"

#: How text is made comparable.
READERS: Mapping[str, Callable[[pl.Expr, Sequence[str]], pl.Expr]] = {
    "name": lambda text, _: clean(text),
    "sound": lambda text, _: phonetic_key(clean(text)),
    "text": lambda text, _: fold_text(text).replace("", None),
    "digits": lambda text, _: text.str.replace_all("[^0-9]", "").replace("", None),
    "date": lambda text, formats: pl.coalesce(
        text.str.strip_chars().str.to_date(format_, strict=False) for format_ in formats
    ),
    "number": lambda text, _: text.str.strip_chars().cast(pl.Float64, strict=False),
}


@dataclass(frozen=True)
class Column:
    """One column to be made: the columns of a file that it may come from, and how it is read."""

    name: str
    sources: tuple[str, ...]
    reader: str
    formats: tuple[str, ...]


@dataclass(frozen=True)
class LinkFilesReport:
    """What was linked: rows of each file, links, groups of two rows or more; the training if there was one."""

    rows: Mapping[str, int]
    predicted: PredictReport
    links: int
    groups: int
    training: TrainReport | None


def link_files(
    files: Sequence[Path],
    rules: Path,
    output: Path,
    groups: Path | None = None,
    *,
    train_first: bool = False,
    announce: Callable[[dict[str, int]], None] = lambda _: None,
) -> LinkFilesReport:
    """Link the rows of files.

    Parameters
    ----------
    files
        CSV or Parquet. One file is freed of duplicates; several are linked with one another, and within themselves
        unless the rules name ``source = "file"``.
    rules
        The rules, with a table ``[column.NAME]`` for each column they read. Weights are found, or with ``train_first``
        written, beside them.
    output
        Where to write the links, one row a pair: the key of both rows (name of the file and ``id``), weight,
        probability, block and the level of each comparison. CSV, Parquet or JSON.
    groups
        Where to write the group of each row; rows that are linked, directly or through others, are one group.
    announce
        Is told the number of comparisons of each block before any is made.

    Raises
    ------
    DeclarationError
        If the rules are wrong, or read a column that a file lacks.
    ExtractError
        If a file cannot be read.
    QualityError
        If a level has no weight, or the blocks would make more comparisons than declared.
    UsageError
        If two files have one name.
    """
    declared = load_rules(rules)
    given = read_toml(rules)
    columns = _columns(given.get("column", {}), rules)
    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        raise UsageError("link_files_same_name", name=", ".join(sorted(names)))
    with Engine() as engine:
        rows = {file.stem: _read(engine, file, columns, given["input"].get("id"), rules) for file in files}
        training = None
        if train_first:
            training = train(engine.con, declared)
            write(training, declared)
            declared = load_rules(rules)
        predicted = predict(engine.con, declared, announce)
        links = _links(engine, declared, one_to_one=bool(given["input"].get("one_to_one", False)))
        copy_to(engine, "select * from link order by 1, 2", output)
        if groups is not None:
            copy_to(engine, "select * from grouped order by 1", groups)
        (found,) = engine.rows(
            "select count(*) from (select 1 from grouped group by group_id having count(*) > 1)"
        )
    return LinkFilesReport(rows, predicted, links, int(found[0]), training)


def _columns(declared: Mapping[str, Any], path: Path) -> list[Column]:
    columns = []
    for name, node in declared.items():
        where = f"{path} [column.{name}]"
        refuse_unknown_keys(node, ("from", "as", "format"), where)
        reader = node.get("as", "text")
        if reader not in READERS:
            raise DeclarationError(
                "link_files_as",
                where=where,
                word=reader,
                suggestion=suggest(reader, READERS),
                known=", ".join(READERS),
            )
        sources, formats = (
            tuple([value] if isinstance(value, str) else value)
            for value in (node.get("from", name), node.get("format", "%Y-%m-%d"))
        )
        columns.append(Column(name, sources, reader, formats))
    if not columns:
        raise DeclarationError("missing_key", where=str(path), key="column")
    return columns


def _read(engine: Engine, file: Path, columns: Sequence[Column], id_column: str | None, rules: Path) -> int:
    """Add a file's rows to the table ``record``; return how many."""
    if not file.is_file():
        raise ExtractError("file_missing", where=str(file))
    reader = (
        f"read_parquet({file_literal(file)})"
        if file.suffix.lower() == ".parquet"
        else f"read_csv({file_literal(file)}, all_varchar = true, header = true)"
    )
    try:
        described = engine.rows(f"describe from {reader}")
    except Exception as error:
        raise ExtractError("link_files_unread", where=str(file), reason=type(error).__name__) from error
    present = {str(row[0]).strip(): str(row[0]) for row in described}
    taken: dict[str, str] = {}
    for column in columns:
        source = next((name for name in column.sources if name in present), None)
        if source is None:
            raise DeclarationError(
                "link_files_column",
                where=f"{rules} [column.{column.name}]",
                column=", ".join(column.sources),
                file=file.name,
                suggestion=suggest(column.sources[0], present),
            )
        taken[column.name] = present[source]
    own = f'"{present[id_column]}"::varchar' if id_column in present else "row_number() over ()::varchar"
    listed = ", ".join(f'"{source}"::varchar as "{name}"' for name, source in taken.items())
    # The rows are read on a connection of their own, in the order of the file, while others write.
    reading = engine.con.cursor()
    reading.execute("set preserve_insertion_order = true")
    batches = reading.sql(f"select {own} as {ID}, {listed} from {reader}").to_arrow_reader(ROWS_AT_ONCE)
    rows = 0
    made = [
        READERS[column.reader](pl.col(column.name), column.formats).alias(column.name) for column in columns
    ]
    first = not engine.has(TABLE)
    for batch in batches:
        frame = pl.DataFrame(batch).with_columns(pl.col(ID).cast(pl.String))
        frame = frame.select(
            (pl.lit(file.stem + ":") + pl.col(ID)).alias(KEY), pl.lit(file.stem).alias(FILE), ID, *made
        )
        engine.con.register("batch", frame.to_arrow())
        engine.run(f"create table {TABLE} as from batch" if first else f"insert into {TABLE} from batch")
        first = False
        engine.con.unregister("batch")
        rows += len(frame)
    reading.close()
    return rows


def _links(engine: Engine, rules: Rules, *, one_to_one: bool) -> int:
    """Create ``link``, the pairs above the threshold, and ``grouped`` (record_id, file, id, group_id)."""
    best = (
        """
        qualify row_number() over (partition by record_id_l order by match_weight desc, record_id_r) = 1
            and row_number() over (partition by record_id_r order by match_weight desc, record_id_l) = 1
        """
        if one_to_one
        else ""
    )
    engine.run(f"create table link as select * from pair where match_weight >= {rules.link} {best}")
    engine.run(
        f"create temp table node as select row_number() over (order by {KEY}) as node, {KEY}, {FILE}, {ID} from {TABLE}"
    )
    engine.run(
        f"""
        create temp table edge as select a.node as l, b.node as r from link
        join node as a on a.{KEY} = {KEY}_l join node as b on b.{KEY} = {KEY}_r
        """
    )
    connect(engine.con, "edge", "cluster")
    engine.run(
        f"""
        create table grouped as
        select n.{KEY}, n.{FILE}, n.{ID}, coalesce(c.cluster, n.node) as group_id from node as n left join cluster as c
        using (node)
        """
    )
    ((links,),) = engine.rows("select count(*) from link")
    return int(links)
