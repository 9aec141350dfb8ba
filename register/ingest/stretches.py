"""Cuts a stream of bytes into stretches of whole lines of UTF-8 text, whatever encoding it is in."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO

import numpy as np

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


def read_stretches(stream: IO[bytes], encoding: str, block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield text that ends with a line, and the bytes consumed for it. Bytes that are no text become U+FFFD.

    A line longer than lines can be is cut: it is rejected for its length whatever its end says.
    """
    start = stream.read(min(block_bytes, MAX_LINE_BYTES))
    if encoding == "utf-16" or _ends_in_returns(start):
        read = _cut(_converted(stream, start, encoding, block_bytes), block_bytes)
    else:
        read = _whole_lines(stream, start, block_bytes)
    is_first = True
    for text, consumed in read:
        yield _as_utf8(text.removeprefix(codecs.BOM_UTF8) if is_first else text, encoding), consumed
        is_first = False


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


def _whole_lines(stream: IO[bytes], start: bytes, block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield stretches of about as many bytes, each to the end of its last line."""
    while text := start + stream.read(block_bytes - len(start)):
        start = b""
        if not text.endswith(b"\n"):
            text += stream.readline(MAX_LINE_BYTES)
        consumed = len(text)
        if not text.endswith(b"\n"):
            while skipped := stream.readline(MAX_LINE_BYTES):
                consumed += len(skipped)
                if skipped.endswith(b"\n"):
                    text += b"\n"
                    break
        yield text, consumed


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


def _cut(texts: Iterator[tuple[bytes, int]], block_bytes: int) -> Iterator[tuple[bytes, int]]:
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


def _as_utf8(text: bytes, encoding: str) -> bytes:
    if encoding == "utf-16" or text.isascii():
        return text
    # Files put together have a mark where each began. Its first byte is rare, and quickly looked for.
    if codecs.BOM_UTF8[:1] in text and codecs.BOM_UTF8 in text:
        text = text.replace(b"\n" + codecs.BOM_UTF8, b"\n")
    if encoding == "utf-8":
        try:
            text.decode()
        except UnicodeDecodeError:
            return text.decode(errors="replace").encode()
        return text
    return one_byte_as_utf8(text, encoding)


def one_byte_as_utf8(text: bytes, encoding: str) -> bytes:
    """Convert text of an encoding in which one byte is one sign, so that it may be cut anywhere."""
    codec = CODECS[encoding]
    places = np.flatnonzero(np.frombuffer(text, dtype=np.int8) < 0)
    if len(places) * _FEW > len(text):
        pieces = (text[at : at + _PIECE_BYTES] for at in range(0, len(text), _PIECE_BYTES))
        return b"".join(piece.decode(codec, errors="replace").encode() for piece in pieces)
    signs = {byte: bytes([byte]).decode(codec, errors="replace").encode() for byte in range(128, 256)}
    parts, done = list[bytes](), 0
    for place in places.tolist():
        parts += (text[done:place], signs[text[place]])
        done = place + 1
    return b"".join([*parts, text[done:]])
