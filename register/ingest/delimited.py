"""Parts delimited text into rows and rejected lines.

Most stretches are flawless: a parser reads them whole, and counting separators proves that every line has its columns.
A stretch that fails the proof is halved until the flaws are found; only there are lines looked at one by one.
"""

from __future__ import annotations

import io
import re

import numpy as np
import polars as pl

from register.ingest.block import LINE, TEXT, Header, Parted, as_rejected, no_rejected, no_rows
from register.ingest.lines import damage, read_lines, without_blank
from register.ingest.source import Format
from register.ingest.stretches import MAX_LINE_BYTES, is_lossy

MAX_QUOTED_LINES = 50
# A separator of several characters is read as this one, which no text should hold.
UNIT_SEPARATOR = "\x1f"
_SMALLEST_HALF = 2**18


class DelimitedText:
    """Reads stretches of one delimited file.

    Parameters
    ----------
    form
        The declared format.
    header
        That of the file: its columns in their order; a line that begins as it does is the header again.
    """

    def __init__(self, form: Format, header: Header) -> None:
        self.quote = form.quote
        self.columns = list(header.columns)
        self.first_header = header.first
        self.separator = header.delimiter
        self._written_separator: bytes | None = None
        if len(header.delimiter.encode()) > 1:
            self.separator, self._written_separator = UNIT_SEPARATOR, header.delimiter.encode()
        self._held = b""
        self._ignored = form.ignored_lines
        self._may_be_short = form.has_short_lines
        value, plain = self._cell_patterns()
        separator = re.escape(self.separator)
        self._quoted = re.compile(f"(^|{separator}){value}")
        self._record = re.compile(f"(?:{value}|{plain})(?:{separator}(?:{value}|{plain}))*", re.DOTALL)

    def _cell_patterns(self) -> tuple[str, str]:
        """Return patterns of a cell in quotes and of one without, for Polars and for Python alike."""
        if not self.quote:
            return "", ""
        quote, separator = f"\\x{ord(self.quote):02x}", f"\\x{ord(self.separator):02x}"
        value = f"{quote}(?:[^{quote}]|{quote}{quote})*{quote}"
        return value, f"(?:[^{quote}{separator}\n][^{separator}\n]*)?"

    def read(self, text: bytes, first: int, *, is_last: bool) -> tuple[Parted, int]:
        """Read a stretch whose first line has the number ``first``; return also the number of the line after it.

        The lines of a quoted value that may go on in the next stretch are held back for it.
        """
        if self._written_separator:
            text = text.replace(self._written_separator, self.separator.encode())
        text, self._held = self._held + text, b""
        if not text:
            return (no_rows(self.columns), no_rejected(), 0), first
        lines = read_lines(text, first) if self._ignored else None
        has_ignored = lines is not None and lines[TEXT].str.contains(self._ignored or "").any()
        if has_ignored or self._may_be_short or (self.quote and self.quote.encode() in text):
            lines = read_lines(text, first) if lines is None else lines
            if self.quote and not is_last:
                lines = self._hold_back(lines)
            return self._read_lines(lines), first + lines.height
        return self._read_halves(text, first)

    def _read_halves(self, text: bytes, first: int) -> tuple[Parted, int]:
        """Read text without quotes whole, or in halves where that fails."""
        rows = self._read_whole(text, first)
        if rows is not None:
            return (rows, no_rejected(), 0), first + rows.height
        middle = text.find(b"\n", len(text) // 2) + 1
        if len(text) <= _SMALLEST_HALF or not 0 < middle < len(text):
            lines = read_lines(text, first)
            return self._read_lines(lines), first + lines.height
        one, line = self._read_halves(text[:middle], first)
        two, line = self._read_halves(text[middle:], line)
        return (pl.concat([one[0], two[0]]), pl.concat([one[1], two[1]]), one[2] + two[2]), line

    def _read_whole(self, text: bytes, first: int) -> pl.DataFrame | None:
        """Read flawless text; null if it is not: a blank line, a line of other columns, something that is no text."""
        width = len(self.columns)
        if width < 2 or b"\0" in text or is_lossy(text) or _has_long_line(text):
            return None
        try:
            rows = self._parse(text, quote=None)
        except pl.exceptions.PolarsError:
            return None
        # No line has more separators than it may, or parsing had failed; so if the sum is right every line has all.
        if _count(text, self.separator) != rows.height * (width - 1):
            return None
        header, first_column = self.first_header, rows[self.columns[0]]
        may_be_again = header and first_column.str.contains(header, literal=True).any()
        if may_be_again and self._is_header_again(rows).any():
            return None
        return rows.with_columns(pl.int_range(first, first + rows.height, dtype=pl.Int64).alias(LINE))

    def _parse(self, text: bytes, quote: str | None) -> pl.DataFrame:
        return pl.read_csv(
            io.BytesIO(text),
            separator=self.separator,
            quote_char=quote,
            has_header=False,
            schema=dict.fromkeys(self.columns, pl.String),
        )

    def _is_header_again(self, rows: pl.DataFrame) -> pl.Series:
        cell = rows[self.columns[0]].str.strip_chars()
        return (
            (cell == self.first_header).fill_null(value=False)
            if self.first_header
            else cell.is_null() & False
        )

    def _hold_back(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Keep the end of a stretch for the next one where a quoted value may go on over its edge."""
        odd = lines.tail(MAX_QUOTED_LINES).filter(_is_odd(self.quote))
        if odd.height % 2 == 0:
            return lines
        start = odd.item(-1, LINE)
        held = lines.filter(pl.col(LINE) >= start)
        self._held = ("\n".join(held[TEXT]) + "\n").encode()
        return lines.filter(pl.col(LINE) < start)

    def _read_lines(self, lines: pl.DataFrame) -> Parted:
        """Look at lines one by one: what is no row is kept aside with its reason."""
        joined = self._join_quoted_lines(lines) if self.quote else lines
        filled = without_blank(joined, self._ignored)
        n_blank = joined.height - filled.height
        marked = filled.with_columns(self._reason(filled))
        good = marked.filter(pl.col("reasons").is_null())
        rejected = [as_rejected(marked.filter(pl.col("reasons").is_not_null()))]
        if not good.height:
            return no_rows(self.columns), rejected[0], n_blank
        rows, misread = self._parse_lines(self._filled_up(good) if self._may_be_short else good)
        rejected.append(misread)
        again = self._is_header_again(rows)
        if again.any():
            headers = good.join(rows.filter(again).select(LINE), on=LINE, how="semi")
            rejected.append(as_rejected(headers.with_columns(reasons=pl.lit("line:repeated_header"))))
            rows = rows.filter(~again)
        return rows, pl.concat(rejected), n_blank

    def _reason(self, lines: pl.DataFrame) -> pl.Expr:
        """Return why each line is no row, null where it is one."""
        text = pl.col(TEXT)
        misquoted = pl.lit(value=False)
        if self._has_quotes(lines):
            value, plain = self._cell_patterns()
            separator = f"\\x{ord(self.separator):02x}"
            whole = f"(?s)^(?:{value}|{plain})(?:{separator}(?:{value}|{plain}))*$"
            misquoted = _is_odd(self.quote) | ~text.str.contains(whole)
        separators = self._separators(lines)
        width = len(self.columns)
        misfit = (
            pl.when(misquoted)
            .then(pl.lit("line:open_quote"))
            .when((separators < width - 1) & (not self._may_be_short))
            .then(pl.lit("line:too_few_columns"))
            .when(separators > width - 1)
            .then(pl.lit("line:too_many_columns"))
        )
        return pl.coalesce(damage(text), misfit).alias("reasons")

    def _has_quotes(self, lines: pl.DataFrame) -> bool:
        return bool(self.quote) and lines[TEXT].str.contains(self.quote, literal=True).any()

    def _separators(self, lines: pl.DataFrame) -> pl.Expr:
        """Return how many separators each line has. What stands between quotes cannot separate columns."""
        bare = pl.col(TEXT)
        if self._has_quotes(lines):
            separator = f"\\x{ord(self.separator):02x}"
            bare = bare.str.replace_all(f"(^|{separator}){self._cell_patterns()[0]}", "${1}")
        return bare.str.count_matches(self.separator, literal=True)

    def _filled_up(self, good: pl.DataFrame) -> pl.DataFrame:
        """Add the separators of the last columns to lines that end before them."""
        missing = len(self.columns) - 1 - self._separators(good).cast(pl.Int64)
        return good.with_columns(pl.col(TEXT) + pl.lit(self.separator).repeat_by(missing).list.join(""))

    def _parse_lines(self, good: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Parse lines that were found good. A line that the parser reads otherwise is rejected, never a crash."""
        whole = "\n".join(good[TEXT]).encode() + b"\n"
        try:
            rows = self._parse(whole, quote=self.quote or None)
            if rows.height == good.height:
                # Between quotes nothing is nothing too.
                return rows.with_columns(pl.all().replace("", None)).with_columns(good[LINE]), no_rejected()
        except pl.exceptions.PolarsError:
            pass
        if good.height == 1:
            return no_rows(self.columns), as_rejected(good.with_columns(reasons=pl.lit("line:open_quote")))
        half = good.height // 2
        parts = [self._parse_lines(good.slice(0, half)), self._parse_lines(good.slice(half))]
        return pl.concat([rows for rows, _ in parts]), pl.concat([rejected for _, rejected in parts])

    def _join_quoted_lines(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Join the lines of a quoted value that spans several, where that makes a whole record.

        Looks only at lines with an odd number of quotes: those alone can open or close such a value, and a stray quote
        must not swallow what follows it.
        """
        odd = lines.with_row_index("at").filter(_is_odd(self.quote))["at"].to_list()
        texts = lines[TEXT]
        joined: dict[int, tuple[int, str]] = {}
        position = 0
        while position + 1 < len(odd):
            start, end = odd[position], odd[position + 1]
            if end - start < MAX_QUOTED_LINES:
                spanned = texts[start : end + 1].to_list()
                whole = "\n".join(spanned)
                if self._may_span(spanned) and self._has_all_columns(whole):
                    joined[start] = (end, whole)
                    position += 2
                    continue
            position += 1
        if not joined:
            return lines
        inside = {at for start, (end, _) in joined.items() for at in range(start + 1, end + 1)}
        whole_text = pl.DataFrame(
            {"at": list(joined), "whole": [whole for _, whole in joined.values()]},
            schema={"at": pl.UInt32, "whole": pl.String},
        )
        return (
            lines.with_row_index("at")
            .filter(~pl.col("at").is_in(list(inside)))
            .join(whole_text, on="at", how="left", maintain_order="left")
            .select(pl.coalesce("whole", TEXT).alias(TEXT), LINE)
        )

    def _may_span(self, lines: list[str]) -> bool:
        """Say whether lines can be one record: not if one of them has all its columns, its quote being a stray one."""
        full = len(self.columns) - 1
        first, last = lines[0], lines[-1]
        if first.count(self.separator) == full and self.separator in first.rpartition(self.quote)[2]:
            return False
        if last.count(self.separator) == full and self.separator in last.partition(self.quote)[0]:
            return False
        return all(line.count(self.separator) != full for line in lines[1:-1])

    def _has_all_columns(self, record: str) -> bool:
        if not self._record.fullmatch(record):
            return False
        return self._quoted.sub(r"\1", record).count(self.separator) == len(self.columns) - 1


def _is_odd(quote: str) -> pl.Expr:
    return pl.col(TEXT).str.count_matches(quote, literal=True) % 2 == 1


def _count(text: bytes, sign: str) -> int:
    """Count a sign in a text, in pieces that a processor's cache holds."""
    signs, piece = np.frombuffer(text, dtype=np.uint8), 2**18
    return sum(
        int(np.count_nonzero(signs[at : at + piece] == ord(sign))) for at in range(0, len(signs), piece)
    )


def _has_long_line(text: bytes) -> bool:
    """Say whether a line may be longer than lines can be: between two of its ends there is room for none shorter."""
    step = MAX_LINE_BYTES // 2
    return any(text.find(b"\n", at, at + step) < 0 for at in range(0, len(text) - step, step))
