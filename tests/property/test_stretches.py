"""A stream of bytes is cut into stretches of whole lines, of UTF-8 as Python's own codecs would have it."""

from __future__ import annotations

import codecs
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.ingest import stretches
from register.ingest.stretches import CODECS, read_stretches

MARK = codecs.BOM_UTF8
LINE = st.binary(max_size=40).map(lambda line: line.translate(None, b"\r\n"))
ONE_BYTE = sorted(set(CODECS) - {"utf-8", "utf-16"})


@pytest.mark.parametrize("encoding", ONE_BYTE)
@given(line=LINE, n_plain=st.integers(min_value=0, max_value=2_000), at=st.integers(min_value=0))
def test_few_and_many_signs_beyond_ascii_are_converted_alike(
    encoding: str, line: bytes, n_plain: int, at: int
) -> None:
    """A line among so many plain bytes that it is converted byte by byte, or so few that all is converted whole."""
    plain = b"PEREZ;ANA;" * n_plain
    at = at % (len(plain) + 1)
    text = plain[:at] + line + plain[at:]
    (found, _), *_ = [*read_stretches(io.BytesIO(text), encoding, 2**20), (b"", 0)]
    assert found == text.removeprefix(MARK).decode(CODECS[encoding], errors="replace").encode()


@pytest.mark.parametrize("encoding", [*ONE_BYTE, "utf-8"])
@given(
    lines=st.lists(st.sampled_from((b"", MARK)).flatmap(lambda mark: LINE.map(lambda line: mark + line))),
    is_ended=st.booleans(),
    block_bytes=st.integers(min_value=1, max_value=100),
    is_packed=st.booleans(),
)
def test_stretches_are_whole_lines_and_together_the_text(
    encoding: str, lines: list[bytes], is_ended: bool, block_bytes: int, is_packed: bool
) -> None:
    """Also where a line is longer than a stretch, and where files with a mark at their beginning were put together."""
    raw = b"\n".join(lines) + b"\n" * is_ended
    stream = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(raw))) if is_packed else io.BytesIO(raw)
    read = list(read_stretches(stream, encoding, block_bytes))
    bare = (line.removeprefix(MARK) for line in raw.split(b"\n"))
    whole = [line.decode(CODECS[encoding], errors="replace").encode() for line in bare]
    assert b"".join(text for text, _ in read) == b"\n".join(whole)
    assert sum(consumed for _, consumed in read) == len(raw)
    assert all(text.endswith(b"\n") for text, _ in read[:-1])


@given(lines=st.lists(st.binary(max_size=12)), block_bytes=st.integers(min_value=1, max_value=40))
def test_a_line_that_is_no_utf8_is_read_in_the_other_encoding_and_no_other_line(
    lines: list[bytes], block_bytes: int
) -> None:
    lines = [line.replace(b"\r", b"").replace(b"\n", b"").replace(MARK[:1], b"") for line in lines]
    read = read_stretches(
        io.BytesIO(b"".join(line + b"\n" for line in lines)), "utf-8", block_bytes, "latin-1"
    )
    found = b"".join(text for text, _ in read).decode().split("\n")[:-1]
    for line, text in zip(lines, found, strict=True):
        try:
            assert text == line.decode()
        except UnicodeDecodeError:
            assert text == line.decode("latin-1")


@given(
    before=st.lists(st.integers(min_value=0, max_value=30), max_size=4),
    longest=st.integers(min_value=65, max_value=400),
    after=st.lists(st.integers(min_value=0, max_value=30), max_size=4),
    block_bytes=st.integers(min_value=1, max_value=100),
)
def test_a_line_longer_than_lines_can_be_is_cut_and_no_other(
    before: list[int], longest: int, after: list[int], block_bytes: int
) -> None:
    """What is left of it is still longer than lines can be, so that it is rejected for that."""
    limit = 64
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "MAX_LINE_BYTES", limit)
        lines = [b"A" * length for length in (*before, longest, *after)]
        raw = b"".join(line + b"\n" for line in lines)
        read = list(read_stretches(io.BytesIO(raw), "latin-1", block_bytes))
    found = b"".join(text for text, _ in read).split(b"\n")[:-1]
    assert [len(line) for line in found[: len(before)]] == before
    assert limit < len(found[len(before)]) <= longest
    assert [len(line) for line in found[len(before) + 1 :]] == after
    assert sum(consumed for _, consumed in read) == len(raw)
