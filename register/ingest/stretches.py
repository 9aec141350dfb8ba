"""Cuts a stream of bytes into stretches of whole lines of UTF-8 text, whatever encoding it is in."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

# Encodings as declarations name them, and the codec of each. Those of one byte a sign but for UTF.
CODECS = {
    "utf-8": "utf-8",
    "latin-1": "latin-1",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "latin-9": "iso8859-15",
    "cp850": "cp850",
    "cp437": "cp437",
    "mac-roman": "mac-roman",
}
MAX_LINE_BYTES = 2**20
LOST = "\ufffd".encode()
# So much is converted at once: small enough for its memory to be at hand from the last time.
_PIECE_BYTES = 2**16
# Where fewer bytes than one in so many are no ASCII, they are converted one by one and the rest is left as it is.
_FEW = 256
_ROW = 512
_HIGH_BITS = np.uint64(0x8080808080808080)
_BEYOND_ASCII = re.compile(rb"[^\n\x80-\xff]*[\x80-\xff][^\n]*")
Text = bytes | memoryview
"""Bytes of text, or a part of such."""


def read_stretches(
    stream: IO[bytes], encoding: str, block_bytes: int, other: str | None = None
) -> Iterator[tuple[bytes, int]]:
    """Yield text that ends with a line, and the bytes consumed for it. Bytes that are no text become U+FFFD.

    In UTF-8 a line that is none is read in the ``other`` encoding, if there is one: extracts are put together from
    those of several machines. A line longer than lines can be is cut: it is rejected for its length
    whatever its end says.
    """
    start = stream.read(min(block_bytes, MAX_LINE_BYTES))
    if encoding == "utf-16" or _ends_in_returns(start):
        read = _cut(_converted(stream, start, encoding, block_bytes), block_bytes)
    else:
        read = _whole_lines(stream, start, block_bytes)
    for text, consumed in read:
        # Files put together have a mark where each began.
        is_marked = text[: len(codecs.BOM_UTF8)] == codecs.BOM_UTF8
        yield _as_utf8(text[len(codecs.BOM_UTF8) :] if is_marked else text, encoding, other), consumed


def read_pieces(stream: IO[bytes], encoding: str, block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield text cut anywhere between two signs, and the bytes consumed for it: for forms in which lines mean nothing.

    Bytes that are no text become U+FFFD.
    """
    raw = stream.read(block_bytes)
    codec = _utf16(raw) if encoding == "utf-16" else CODECS[encoding]
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    is_first = True
    while raw:
        following = stream.read(block_bytes)
        text = decoder.decode(raw, final=not following)
        yield (text.removeprefix("\ufeff") if is_first else text).encode(), len(raw)
        raw, is_first = following, False


def _ends_in_returns(start: bytes) -> bool:
    """Say whether lines end in a carriage return alone, as old programs of the Macintosh wrote them."""
    return b"\r" in start and b"\n" not in start


def _whole_lines(stream: IO[bytes], start: bytes, block_bytes: int) -> Iterator[tuple[Text, int]]:
    """Yield stretches of about as many bytes, each to the end of its last line.

    All are read into the same memory: a stretch is good until the next one is asked for.
    """
    buffer = bytearray(block_bytes + MAX_LINE_BYTES)
    view, filled = memoryview(buffer), len(start)
    view[:filled] = start
    # Every stream that an extract is opened as can, but not all that Python calls a stream of bytes.
    read_into = cast(io.BufferedIOBase, stream).readinto
    while True:
        # A line longer than a stretch may go on in the room behind.
        end = block_bytes if filled < block_bytes else len(buffer)
        while filled < end and (read := read_into(view[filled:end])):
            filled += read
        cut = buffer.rfind(b"\n", 0, filled) + 1
        if filled < end:
            if filled:
                yield view[:filled], filled
            return
        if cut:
            yield view[:cut], cut
            view[: filled - cut] = view[cut:filled]
            filled -= cut
        elif filled == len(buffer):
            yield bytes(view[: MAX_LINE_BYTES + 1]) + b"\n", filled + _skip_line(stream)
            filled = 0


def _skip_line(stream: IO[bytes]) -> int:
    """Read to the end of a line; return how many bytes that were."""
    skipped = 0
    while more := stream.readline(MAX_LINE_BYTES):
        skipped += len(more)
        if more.endswith(b"\n"):
            break
    return skipped


def _converted(
    stream: IO[bytes], start: bytes, encoding: str, block_bytes: int
) -> Iterator[tuple[bytes, int]]:
    """Yield text in which the byte of a line end stands for one, as it comes, with the bytes consumed."""
    decoder = codecs.getincrementaldecoder(_utf16(start))(errors="replace") if encoding == "utf-16" else None
    raw, in_returns = start, None
    while True:
        text = raw if decoder is None else decoder.decode(raw, final=not raw).encode()
        if in_returns is None:
            in_returns = _ends_in_returns(text)
        yield text.replace(b"\r", b"\n") if in_returns else text, len(raw)
        if not raw:
            return
        raw = stream.read(block_bytes)


def _utf16(start: bytes) -> str:
    """Return which of its two ways UTF-16 is written: without a mark, by where the zero bytes of plain letters are."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-16-be" if start[::2].count(0) > start[1::2].count(0) else "utf-16-le"


def _cut(texts: Iterator[tuple[bytes, int]], block_bytes: int) -> Iterator[tuple[Text, int]]:
    """Put texts together to stretches of whole lines."""
    rest, consumed = b"", 0
    for text, size in texts:
        rest, consumed = rest + text, consumed + size
        cut = rest.rfind(b"\n") + 1 if size else len(rest)
        if cut:
            yield rest[:cut], consumed
            rest, consumed = rest[cut:], 0
        elif len(rest) > block_bytes + MAX_LINE_BYTES:
            rest = rest[: MAX_LINE_BYTES + 1]


def is_lossy(text: bytes) -> bool:
    """Say whether text has signs that stand for lost bytes. Their first byte is rare, and quickly looked for."""
    return LOST[:1] in text and LOST in text


def _as_utf8(text: Text, encoding: str, other: str | None) -> bytes:
    if encoding in ("utf-8", "utf-16"):
        whole = bytes(text)
        if encoding == "utf-16" or whole.isascii():
            return whole
        whole = _without_marks(whole)
        try:
            whole.decode()
        except UnicodeDecodeError:
            if other is not None:
                whole = _BEYOND_ASCII.sub(lambda line: _line_as_utf8(line[0], CODECS[other]), whole)
            return whole.decode(errors="replace").encode()
        return whole
    places = _beyond_ascii(text)
    if (np.frombuffer(text, dtype=np.uint8)[places] == codecs.BOM_UTF8[0]).any():
        text = _without_marks(bytes(text))
        places = _beyond_ascii(text)
    return _one_byte_as_utf8(text, encoding, places)


def _line_as_utf8(line: bytes, codec: str) -> bytes:
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode(codec, errors="replace").encode()
    return line


def _without_marks(text: bytes) -> bytes:
    return text.replace(b"\n" + codecs.BOM_UTF8, b"\n")


def _one_byte_as_utf8(text: Text, encoding: str, places: NDArray[np.intp]) -> bytes:
    """Convert text of an encoding in which one byte is one sign, so that it may be cut anywhere.

    ``places`` are those of the bytes that are no ASCII.
    """
    codec, view = CODECS[encoding], memoryview(text)
    if len(places) * _FEW > len(text):
        pieces = (view[at : at + _PIECE_BYTES] for at in range(0, len(text), _PIECE_BYTES))
        return b"".join(str(piece, codec, errors="replace").encode() for piece in pieces)
    signs = {byte: bytes([byte]).decode(codec, errors="replace").encode() for byte in range(128, 256)}
    parts, done = list[Text](), 0
    for place in places.tolist():
        parts += (view[done:place], signs[view[place]])
        done = place + 1
    return b"".join([*parts, view[done:]])


def _beyond_ascii(text: Text) -> NDArray[np.intp]:
    """Return where bytes are that are no ASCII. Hardly any are: whole rows of bytes are looked at first."""
    signs = np.frombuffer(text, dtype=np.int8)
    n_rows = len(signs) // _ROW
    rows = signs[: n_rows * _ROW].reshape(n_rows, _ROW)
    mixed = np.bitwise_or.reduce(rows.view(np.uint64), axis=1)
    of_rows = np.flatnonzero((mixed & _HIGH_BITS) != 0)
    row, place = np.nonzero(rows[of_rows] < 0)
    behind = np.flatnonzero(signs[n_rows * _ROW :] < 0)
    return np.concatenate([of_rows[row] * _ROW + place, behind + n_rows * _ROW])
