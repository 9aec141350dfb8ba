"""Tells the lines at the top of a text, above its first row, from the rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from register.ingest.source import Format


class Preamble:
    """Tells the lines above the header, or above the first row, from what follows; asked line by line, in order.

    They are as many as the declaration skips, then those before one that begins as declared, blank lines, and the line
    by which spreadsheets are told the delimiter ("sep=;").
    """

    _TOLD_DELIMITER = re.compile(r'"?sep=[^"]{1,2}"?', re.IGNORECASE)

    def __init__(self, form: Format) -> None:
        self.is_over = False
        self._left = form.skipped_lines
        self._begins = re.compile(form.begins) if form.begins else None

    def holds(self, line: bytes) -> bool:
        """Say whether a line, the next one, is still part of it."""
        if self._left:
            self._left -= 1
            return True
        text = line.decode(errors="replace").strip("\ufeff\r\n")
        is_begun = self._begins is None or self._begins.search(text) is not None
        self.is_over = bool(text.strip()) and is_begun and not self._TOLD_DELIMITER.fullmatch(text)
        return not self.is_over


def without_top(
    stretches: Iterator[tuple[bytes, int]], form: Format, header_lines: int
) -> Iterator[tuple[bytes, int, int, int]]:
    """Take the lines before the first row off; yield text, bytes consumed, lines taken off, and how many were blank."""
    preamble = Preamble(form)
    is_above = bool(header_lines or form.skipped_lines or form.begins)
    for text, consumed in stretches:
        lines = blank = at = 0
        while is_above and at < len(text):
            end = text.find(b"\n", at) + 1 or len(text)
            line = text[at:end]
            if preamble.is_over or not preamble.holds(line):
                is_above = header_lines > 1
                if not header_lines:
                    break
                header_lines -= 1
            else:
                blank += is_blank(line)
            at, lines = end, lines + 1
        yield text[at:] if at else text, consumed, lines, blank


def is_blank(line: bytes) -> bool:
    """Say whether a line holds nothing."""
    return not line.decode(errors="replace").strip("\ufeff\x1a \t\r\n")
