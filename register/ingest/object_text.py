"""Reads the objects of JSON as rows: what is within an object, or in a list, is a column of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from register.engine import literal
from register.ingest.block import LINE, TEXT, Header, Parted, as_rejected, no_rows
from register.ingest.kinds import find_encoding
from register.ingest.lines import damage
from register.ingest.objects import AROUND, ObjectDivider, read_object
from register.ingest.packed import Member, open_extract
from register.ingest.source import Format
from register.ingest.stretches import read_pieces

_NUMBER = "__number"
_HEADER_BYTES = 2**20
_RARE = 50
# How many items of a list are told as columns, so that nobody is asked about hundreds.
_ITEMS = 3


def read_keys(path: Path, member: Member, form: Format) -> dict[str, str] | None:
    """Return the keys of the objects at the beginning of a file, in their order, and where each stands in its object.

    A key of an object in an object follows that one's, after a point: ``person.name``; so does the place of an item in
    a list, from 1: ``documents.1.number``. Where it stands is told as a JSON pointer: ``/documents/0/number``. There
    are none where nothing is an object, and null is returned where the file is empty.
    """
    with open_extract(path, member) as stream:
        encoding = find_encoding(path, member, form)
        text = next(read_pieces(stream, encoding, _HEADER_BYTES), (b"", 0))[0]
    divider = ObjectDivider(form.records)
    pieces = divider.divide(text, 1, is_last=True)
    keys: dict[str, str] = {}
    told: Counter[str] = Counter()
    n_found = 0
    for number in (divider.by_brackets, divider.by_first_key):
        for written in _together(pieces.with_columns(number(pieces).alias(_NUMBER)))[TEXT]:
            found = read_object(written)
            here = dict(_leaves(found[0], "", "")) if found else {}
            n_found += found is not None
            told.update(here.keys())
            keys |= {name: place for name, place in here.items() if name not in keys}
    # A key that hardly an object has is one that damage made.
    common = {name: place for name, place in keys.items() if told[name] * _RARE >= n_found}
    return common if pieces.height else None


def key_place(name: str) -> str:
    """Return where a key stands in its object, by the name that `read_keys` gives it."""
    parts = (str(int(part) - 1) if part.isdecimal() and part != "0" else part for part in name.split("."))
    return "".join(f"/{_escaped(part)}" for part in parts)


def _leaves(node: Any, name: str, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, f"{name}.{key}" if name else key, f"{place}/{_escaped(key)}")
    elif isinstance(node, list) and name:
        for at, value in enumerate(node[:_ITEMS]):
            yield from _leaves(value, f"{name}.{at + 1}", f"{place}/{at}")
    elif name:
        yield name, place


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


class ObjectText:
    """Reads stretches of one file of JSON, cut anywhere.

    The number of a record is that of its line where objects stand on a line each, otherwise its place among objects.

    Parameters
    ----------
    form
        The declared format.
    header
        That of the file: its columns, and where each stands in an object (``places``).
    """

    def __init__(self, form: Format, header: Header) -> None:
        self.columns = list(header.columns)
        self._divider = ObjectDivider(form.records)
        places = ", ".join(literal(place) for place in header.places)
        # An object or a list where a value is declared says nothing: its keys and signs are no part of a name.
        cells = ", ".join(
            f"case when cells[{at}] <> '' and not (left(cells[{at}], 1) in ('{{', '[') and json_valid(cells[{at}])) "
            f"then cells[{at}] end as c{at}"
            for at in range(1, len(self.columns) + 1)
        )
        is_object = f"case when json_valid({TEXT}) then json_type({TEXT}) = 'OBJECT' else false end"
        self._query = f"""
            select {LINE}, is_object, {cells} from (
                select *, case when is_object then json_extract_string({TEXT}, [{places}]) end as cells
                from (select *, {is_object} as is_object from given)
            )"""
        self._con = duckdb.connect(config={"threads": 1})

    def read(self, text: bytes, first: int, *, is_last: bool) -> tuple[Parted, int]:
        """Read a stretch whose first record has the number ``first``; return also the number of the one after it."""
        pieces = self._divider.divide(text, first, is_last=is_last)
        read, broken = [no_rows(self.columns)], pieces.with_columns(reasons=pl.lit(None, pl.String))
        # What is no object, put together by its brackets, may be several of which one is broken, or a part of one.
        for number in (self._divider.by_brackets, self._divider.by_first_key, _apart):
            if not broken.height:
                break
            numbered = broken.select(TEXT, LINE, number(broken).alias(_NUMBER))
            objects = _together(numbered)
            rows, wrong = self._read(_without_end(objects) if is_last and self._divider.is_list else objects)
            read.append(rows)
            reasons = wrong.select(_NUMBER, "reasons")
            broken = numbered.join(reasons, on=_NUMBER, maintain_order="left").drop(_NUMBER)
        rows, rejected = pl.concat(read).sort(LINE), as_rejected(broken)
        if self._divider.is_in_lines:
            return (rows, rejected, 0), self._divider.after
        # Pieces were numbered: now their objects are.
        every = pl.concat([rows[LINE], rejected["line"]]).rank("ordinal").cast(pl.Int64) + (first - 1)
        rows = rows.with_columns(every.head(rows.height).alias(LINE))
        rejected = rejected.with_columns(every.tail(rejected.height).alias("line"))
        return (rows, rejected, 0), first + len(every)

    def _read(self, objects: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the rows that texts are, and those that are none with their reasons."""
        text = pl.col(TEXT)
        marked = objects.with_columns(text.str.strip_chars(AROUND), damage(text).alias("reasons"))
        good = marked.filter(pl.col("reasons").is_null())
        if not good.height:
            return no_rows(self.columns), marked
        with self._con.cursor() as con:
            con.register("given", good.select(TEXT, LINE).to_arrow())
            found = pl.DataFrame(con.sql(self._query).to_arrow_table())
        is_object = found["is_object"]
        cells = found.drop("is_object").rename(dict(zip(found.columns[2:], self.columns, strict=True)))
        rows = cells.filter(is_object).select(*self.columns, LINE)
        no_object = good.filter(~is_object).with_columns(reasons=pl.lit("line:no_object"))
        bad = marked.filter(pl.col("reasons").is_not_null())
        return rows, pl.concat([bad, no_object]).sort(LINE, maintain_order=True)


def _apart(pieces: pl.DataFrame) -> pl.Series:
    return pieces[LINE]


def _without_end(objects: pl.DataFrame) -> pl.DataFrame:
    """Leave out what stands behind the last object of a list: the bracket that ends it, and the rest of the file."""
    last = objects.item(-1, TEXT).strip(AROUND)
    found = read_object(last)
    if found is None or not found[1].startswith("]"):
        return objects
    ended = objects.tail(1).with_columns(pl.lit(last.removesuffix(found[1])).alias(TEXT))
    return pl.concat([objects.head(-1), ended])


def _together(pieces: pl.DataFrame) -> pl.DataFrame:
    """Put the pieces of each object together: ``__text``, ``__line``, ``__number``."""
    if pieces[_NUMBER].is_unique().all():
        return pieces
    parts = pieces.group_by(_NUMBER, maintain_order=True)
    return parts.agg(pl.col(TEXT).str.join(), pl.col(LINE).first()).select(TEXT, LINE, _NUMBER)
