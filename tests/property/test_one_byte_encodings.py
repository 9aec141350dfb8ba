"""Text of encodings in which one byte is one sign becomes UTF-8 as Python's own codecs would have it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.ingest.stretches import CODECS, one_byte_as_utf8

ONE_BYTE = sorted(set(CODECS) - {"utf-8", "utf-16"})


@pytest.mark.parametrize("encoding", ONE_BYTE)
@given(
    line=st.binary(max_size=60),
    n_plain=st.integers(min_value=0, max_value=20_000),
    at=st.integers(min_value=0),
)
def test_few_and_many_signs_beyond_ascii_are_converted_alike(
    encoding: str, line: bytes, n_plain: int, at: int
) -> None:
    """A line among so many plain bytes that it is converted byte by byte, or so few that all is converted whole."""
    plain = b"PEREZ;ANA;" * (n_plain // 10)
    at = at % (len(plain) + 1)
    text = plain[:at] + line + plain[at:]
    assert one_byte_as_utf8(text, encoding) == text.decode(CODECS[encoding], errors="replace").encode()
