"""Reads the first rows of an extract as a build would, to tell what a declaration gets wrong before all are read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from register.ingest.account import every_reason
from register.ingest.block import Header
from register.ingest.extracts import Extract
from register.ingest.read import read_blocks
from register.ingest.records import RecordReader
from register.ingest.unfold import unfold

SAMPLE_BYTES = 2**17
SAMPLE_ROWS = 500
# A reason of so many of the rows is the declaration's rather than theirs.
_LEAST_SHARE = 0.5
_LEAST_ROWS = 5
# Nobody need mend these: they tell how a value was found.
_FOUND = ":similar"


def has_rows(extract: Extract, header: Header) -> bool:
    """Say whether rows stand at the beginning of an extract, well formed or not."""
    return any(block.received for block in islice(read_blocks(extract, header, SAMPLE_BYTES), 1))


def doubtful_values(extract: Extract, header: Header, reader: RecordReader) -> Iterator[tuple[str, int, int]]:
    """Yield each reason that most of the first rows have, with how many rows have it and how many were read.

    Parameters
    ----------
    extract
        The extract.
    header
        Its header, with no required column missing.
    reader
        Of its declaration; it may have read other extracts before.
    """
    block = next(read_blocks(extract, header, SAMPLE_BYTES), None)
    if block is None or not block.received:
        return
    # Of a handful of rows one may be odd; what all of them have is worth a look.
    least = _LEAST_SHARE if block.received >= _LEAST_ROWS else 1
    rows = unfold(block.rows.head(SAMPLE_ROWS), extract.source, extract.name)
    bad = block.rejected.head(SAMPLE_ROWS)["reasons"]
    texts = bad.to_list()
    if rows.height:
        made = reader.read(rows, extract.name)
        texts += [*made.rejected["reasons"], *made.records["flags"]]
    n_rows = rows.height + len(bad)
    for reason, count in sorted(every_reason(texts).items()):
        if count >= n_rows * least and not reason.endswith(_FOUND):
            yield reason, count, n_rows
