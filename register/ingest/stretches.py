"""Cuts a stream of bytes into stretches of whole lines of UTF-8 text, whatever encoding it is in."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO

CODECS = {"utf-8": "utf-8", "latin-1": "latin-1", "windows-1252": "cp1252", "utf-16": "utf-16"}
MAX_LINE_BYTES = 2**20
LOST = "\ufffd".encode()


def read_stretches(stream: IO[bytes], encoding: str, block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield text that ends with a line, and the bytes consumed for it. Bytes that are no text become U+FFFD.

    A line longer than lines can be is cut: it is rejected for its length whatever its end says.
    """
    read = _decoded(stream, block_bytes) if encoding == "utf-16" else _whole_lines(stream, block_bytes)
    is_first = True
    for text, consumed in read:
        yield _as_utf8(text.removeprefix(codecs.BOM_UTF8) if is_first else text, encoding), consumed
        is_first = False


def _whole_lines(stream: IO[bytes], block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield stretches of about as many bytes, each to the end of its last line."""
    while text := stream.read(block_bytes):
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


def _decoded(stream: IO[bytes], block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Yield UTF-16 as UTF-8: only there does the byte of a line end stand for one."""
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    rest, consumed, raw = b"", 0, b"."
    while raw:
        raw = stream.read(block_bytes)
        consumed += len(raw)
        rest += decoder.decode(raw, final=not raw).encode()
        cut = len(rest) if not raw else rest.rfind(b"\n") + 1
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
    if encoding == "utf-8":
        try:
            text.decode()
        except UnicodeDecodeError:
            return text.decode(errors="replace").encode()
        return text
    return text.decode(CODECS[encoding], errors="replace").encode()
