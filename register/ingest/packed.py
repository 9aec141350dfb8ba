"""Opens extracts for reading, unpacking gzip and the members of a zip."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from register.errors import ExtractError

GZIP, ZIP = ".gz", ".zip"


def bare_name(name: str) -> str:
    """Return a file's name without the suffix of its packing."""
    return name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in (GZIP, ZIP) else name


def zip_members(path: Path) -> list[str]:
    """Return the files in a zip, in the order of their names; folders and hidden files are passed over.

    Raises
    ------
    ExtractError
        If it cannot be unpacked: it is damaged or locked by a password.
    """
    with _unpacking(path), zipfile.ZipFile(path) as archive:
        if any(member.flag_bits & 1 for member in archive.infolist()):
            raise ExtractError("packed_locked", where=str(path))
        names = [member.filename for member in archive.infolist() if not member.is_dir()]
    return sorted(
        name for name in names if not any(part.startswith((".", "__MACOSX")) for part in Path(name).parts)
    )


@contextmanager
def open_extract(path: Path, member: str | None = None) -> Iterator[IO[bytes]]:
    """Open an extract for reading bytes.

    Raises
    ------
    ExtractError
        If it cannot be unpacked.
    """
    suffix = path.suffix.lower()
    with _unpacking(path):
        if suffix == GZIP:
            with gzip.open(path, "rb") as stream:
                yield cast("IO[bytes]", stream)
        elif suffix == ZIP:
            name = member or next(iter(zip_members(path)), None)
            with zipfile.ZipFile(path) as archive, archive.open(name) if name else io.BytesIO() as inner:
                yield inner
        else:
            with path.open("rb") as stream:
                yield stream


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ExtractError("packed_damaged", where=str(path), reason=type(error).__name__) from error
