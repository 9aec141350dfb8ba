"""Reads extracts of any form and quality in bounded blocks: every line becomes a row or a rejected line.

Nothing is guessed. A line that is not what the declaration says (too few or too many columns, a quote that never
closes, bytes that are not in the declared encoding, binary data, the header again) is kept aside with its line number,
its reason and its text. Blank lines are no rows; they are counted apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import polars as pl

from register.ingest import sheets
from register.ingest.block import Block, Header, Parted
from register.ingest.delimited import DelimitedText
from register.ingest.extracts import Extract
from register.ingest.filled import fill_down
from register.ingest.fixed import FixedText
from register.ingest.kinds import find_encoding
from register.ingest.lines import LineText
from register.ingest.object_text import ObjectText
from register.ingest.packed import open_extract
from register.ingest.preamble import without_top
from register.ingest.source import Format
from register.ingest.stretches import MAX_LINE_BYTES, read_pieces, read_stretches

BLOCK_BYTES = 48 * 2**20
# Bytes are turned into rows in stretches small enough that their memory is used again for the next one.
STRETCH_BYTES = 8 * 2**20


class TextReader(Protocol):
    """Reads the stretches of one text, in order."""

    def read(self, text: bytes, first: int, *, is_last: bool) -> tuple[Parted, int]:
        """Read a stretch whose first line has the number ``first``; return also the number of the line after it."""
        ...


def read_blocks(extract: Extract, header: Header, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield an extract in blocks, as `_read_blocks` does, with the cells filled that mean what stands above them."""
    blocks = _read_blocks(extract, header, block_bytes)
    columns = extract.source.format.filled_down
    return fill_down(blocks, columns) if columns else blocks


def _read_blocks(extract: Extract, header: Header, block_bytes: int) -> Iterator[Block]:
    """Yield an extract in blocks of about ``block_bytes``; memory does not grow with the file.

    Parameters
    ----------
    extract
        The extract.
    header
        From `register.ingest.header`. An extract that lacks required columns has every line rejected, its header
        included.
    block_bytes
        About how large a block is.
    """
    form = extract.source.format
    if form.is_typed:
        yield from sheets.read_blocks(extract.path, form, header, extract.member, extract.sheet)
        return
    is_readable = not header.missing_required
    reader: TextReader = _reader(form, header) if is_readable else LineText("header:missing_column")
    line, read, n_read = 1, list[Parted](), 0
    with open_extract(extract.path, extract.member) as stream:
        encoding = find_encoding(extract.path, extract.member, form)
        size = min(block_bytes, STRETCH_BYTES)
        if form.type == "json" and is_readable:
            stretches = read_pieces(stream, encoding, size)
        else:
            stretches = read_stretches(stream, encoding, size, form.other_encoding)
        header_lines = header.lines if form.has_header and is_readable else 0
        for text, consumed, before, blank in without_top(stretches, form, header_lines):
            (rows, rejected, n_blank), line = reader.read(text, line + before, is_last=False)
            read.append((rows, rejected, blank + n_blank))
            n_read += consumed
            # Stretches end with a line, and so a little before they are full.
            if n_read > block_bytes - MAX_LINE_BYTES:
                yield _block(read, n_read)
                read, n_read = [], 0
    read.append(reader.read(b"", line, is_last=True)[0])
    yield _block(read, n_read)


def _block(parts: Sequence[Parted], consumed: int) -> Block:
    """Put what was read of several stretches together. In one piece each column is worked on quicker."""
    rows, rejected, blank = zip(*parts, strict=True)
    return Block(pl.concat(rows, rechunk=True), pl.concat(rejected, rechunk=True), sum(blank), consumed)


def _reader(form: Format, header: Header) -> TextReader:
    if form.type == "json":
        return ObjectText(form, header)
    if form.fixed:
        return FixedText(form, header.columns)
    return DelimitedText(form, header)
