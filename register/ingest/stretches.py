"""Cuts a stream of bytes into stretches of whole lines of UTF-8 text, whatever encoding it is in."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO

CODECS = {"utf-8": "utf-8", "latin-1": "latin-1", "windows-1252": "cp1252", "utf-16": "utf-16"}
MAX_LINE_BYTES = 2**20
LOST = "\ufffd".encode()
BYTE_ORDER_MARK = codecs.BOM_UTF8


def read_stretches(stream: IO[bytes], encoding: str, block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield text that ends with a line, and the bytes consumed for it. Bytes that are no text become U+FFFD.

    A line longer than a stretch is cut: it is rejected for its length whatever its end says.
    """
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace") if encoding == "utf-16" else None
    rest = b""
    consumed = 0
    is_first = True
    while raw := stream.read(block_bytes):
        consumed += len(raw)
        # In UTF-16 a line end is found in the decoded text only; elsewhere it is the byte that it looks like.
        rest += decoder.decode(raw).encode() if decoder else raw
        if is_first and len(rest) >= len(BYTE_ORDER_MARK):
            rest, is_first = rest.removeprefix(BYTE_ORDER_MARK), False
        cut = rest.rfind(b"\n") + 1
        if cut:
            yield _as_utf8(rest[:cut], encoding), consumed
            rest, consumed = rest[cut:], 0
        elif len(rest) > block_bytes + MAX_LINE_BYTES:
            rest = rest[: MAX_LINE_BYTES + 1]
    if decoder:
        rest += decoder.decode(b"", final=True).encode()
    rest = rest.removeprefix(BYTE_ORDER_MARK) if is_first else rest
    if rest:
        yield _as_utf8(rest, encoding), consumed


def _as_utf8(text: bytes, encoding: str) -> bytes:
    if encoding == "utf-16" or text.isascii():
        return text
    if encoding == "utf-8":
        try:
            text.decode()
        except UnicodeDecodeError:
            return text.decode(errors="replace").encode()
        return text
    return text.decode(CODECS[encoding], errors="replace").encode()
