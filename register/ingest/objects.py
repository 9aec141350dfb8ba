"""Divides JSON into its objects: in a list, or one after another, on a line each or over several.

Where objects stand on a line each, lines are records. Other text is divided wherever an object may begin, and put
together again where brackets say that what begins there is part of the object before it. So a broken object does no
harm to those around it, and a list is never held as a whole.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

import polars as pl

from register.ingest.block import LINE, TEXT
from register.ingest.stretches import MAX_LINE_BYTES

# What no JSON holds unescaped: stands before a place where an object may begin.
_MARK = "\x1e"
_OBJECT_BEGINS = (r"(\}[\s,]*|\n\s*)\{", "${1}" + _MARK + "{")
AROUND = " \t\r\n,\ufeff\x1a"
_NO_OBJECT = AROUND + "[]"
_IN_QUOTES = r'"(?:[^"\\]|\\.)*"'
_FIRST_KEY = re.compile(rb'\s*\{\s*("(?:[^"\\]|\\.)*")')
# Of how many pieces an object may be: one more for each object within it.
_MOST_PIECES = 500
_LINES_LOOKED_AT = 100


class ObjectDivider:
    """Divides stretches of one text, cut anywhere.

    Parameters
    ----------
    listed
        The key of the list that holds the records, where one object is around them all; empty otherwise.

    Attributes
    ----------
    is_list
        Whether objects stand in a list, whose end follows the last of them.
    is_in_lines
        Whether objects stand on a line each, so that pieces are lines and their numbers those of lines.
    after
        The number that follows the last piece, for the next stretch.
    """

    def __init__(self, listed: str) -> None:
        self._listed = listed
        self._held = b""
        self._first_key: re.Match[bytes] | None = None
        self._is_start = True
        self.is_in_lines = self.is_list = False
        self.after = 1

    def divide(self, text: bytes, first: int, *, is_last: bool) -> pl.DataFrame:
        """Return the pieces of the objects that a stretch ends, and keep the rest of it for the next stretch.

        Parameters
        ----------
        text
            The stretch.
        first
            The number of the first of its pieces.
        is_last
            Whether nothing follows.

        Returns
        -------
        pl.DataFrame
            ``__text`` and ``__line``, the number of the piece.
        """
        text, self._held = self._held + text, b""
        if self._is_start and text:
            begun, self._is_start = _without_top(text, self._listed), False
            self.is_list, text = begun is not None, text if begun is None else begun
            self.is_in_lines = _are_in_lines(text)
            self._first_key = _FIRST_KEY.match(text)
        written = pl.Series(TEXT, [text.decode(errors="replace")])
        if self.is_in_lines:
            pieces = written.str.split("\n").explode().to_frame()
        else:
            pieces = written.str.replace_all(*_OBJECT_BEGINS).str.split(_MARK).explode().to_frame()
        if not is_last:
            pieces = self._hold_back(pieces)
        self.after = first + pieces.height
        pieces = pieces.with_columns(pl.int_range(first, self.after, dtype=pl.Int64).alias(LINE))
        pieces = pieces.filter(pl.col(TEXT).str.strip_chars(_NO_OBJECT) != "")
        return _without_foot(pieces) if is_last and self.is_list and self.is_in_lines else pieces

    def _hold_back(self, pieces: pl.DataFrame) -> pl.DataFrame:
        """Keep for the next stretch what may go on in it: the last piece, and an object that is not at its end.

        Of an object longer than records can be only the beginning is kept: it is rejected whatever its end says.
        """
        whole = pieces.height - 1
        if not self.is_in_lines and whole:
            depth = _depth(pieces[TEXT].head(whole)).cum_sum()
            at_end = pl.select(pl.lit(depth) == _floor(depth)).to_series()
            whole = max(at_end.arg_true().to_list(), default=-1) + 1
        self._held = "".join(pieces[TEXT][whole:]).encode()[: MAX_LINE_BYTES + 1]
        return pieces.head(whole)

    def by_brackets(self, pieces: pl.DataFrame) -> pl.Series:
        """Give each piece the number of its object: that ends where brackets are never again as few.

        A bracket too many in one object thus does not make one object of all that follow.
        """
        depth = _depth(pieces[TEXT])
        if self.is_in_lines or not (depth != 0).any():
            return pieces[LINE]
        depth = depth.cum_sum()
        # The end of the list stands behind the last object.
        ends = _floor(depth.head(-1))
        depth = pl.concat([depth.head(-1), depth.tail(1).clip(lower_bound=ends)])
        floor = depth.reverse().rolling_min(_MOST_PIECES, min_samples=1).reverse()
        return (depth <= floor).cast(pl.Int64).shift(1, fill_value=0).cum_sum()

    def by_first_key(self, pieces: pl.DataFrame) -> pl.Series:
        """Give each piece the number of its object, which begins with the key that the first begins with.

        It is for pieces whose brackets are wrong.
        """
        if self.is_in_lines:
            return pieces[LINE]
        key = self._first_key[1].decode() if self._first_key else ""
        return pieces[TEXT].str.contains(rf"^\s*\{{\s*{re.escape(key)}").cast(pl.Int64).cum_sum()


def _without_top(text: bytes, listed: str) -> bytes | None:
    """Leave out the bracket of the list, and what is before it, but for line ends; null if there is no list."""
    name = json.dumps(listed, ensure_ascii=False).encode()
    top = re.search(re.escape(name) + rb"\s*:\s*\[", text) if listed else re.match(rb"\s*\[", text)
    if top is None:
        return None
    rest = text[top.end() :]
    return b"" if rest.lstrip().startswith(b"]") else b"\n" * top[0].count(b"\n") + rest


def _without_foot(lines: pl.DataFrame) -> pl.DataFrame:
    """Leave out the line that begins with the bracket that ends the list, and those that follow."""
    text = pl.col(TEXT).str.strip_chars_start()
    foot = lines.select(text.str.starts_with("]")).to_series().arg_true()
    last = max(foot.to_list(), default=lines.height)
    return lines if lines[TEXT][last:].str.contains(r"^\s*\{").any() else lines.head(last)


def _are_in_lines(text: bytes) -> bool:
    """Say whether lines hold an object each: many of the first are one, and hardly one ends within an object."""
    lines = (line.strip(AROUND) for line in text.decode(errors="replace").split("\n"))
    looked_at = list(islice((line for line in lines if line not in ("", "]")), _LINES_LOOKED_AT))
    whole = sum((read_object(line) or ("", "…"))[1] == "" for line in looked_at)
    unended = sum(line.endswith(("[", "{")) for line in looked_at)
    return whole * 4 > len(looked_at) and unended * 20 < whole


def read_object(text: str) -> tuple[dict[str, Any], str] | None:
    """Return the object that a text begins with, and what follows it; null if there is none."""
    text = text.strip(AROUND)
    try:
        found, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return (found, text[end:].lstrip()) if isinstance(found, dict) else None


def _floor(depth: pl.Series) -> int:
    """Return how many brackets are open between objects: none, but where some were too many or too few before."""
    tail: list[int] = depth.tail(_MOST_PIECES).to_list()
    return min(tail if len(depth) > _MOST_PIECES else [0, *tail])


def _depth(pieces: pl.Series) -> pl.Series:
    """Return how many brackets each piece opens that it does not close."""
    bare = pieces.str.replace_all(_IN_QUOTES, "")
    opened = bare.str.count_matches(r"[\[{]").cast(pl.Int64)
    return opened - bare.str.count_matches(r"[\]}]")
