"""Opens extracts for reading, unpacking gzip, and the files in a zip or tar, in whatever one is packed in another."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from register.errors import ExtractError

GZIP, ZIP, TAR, TGZ = ".gz", ".zip", ".tar", ".tgz"
Member = tuple[str, ...]
"""Where a file is in an archive: its name there, or that of an archive in it and then its name there; empty for a file
that stands alone."""
_DAMAGED = (
    *(zipfile.BadZipFile, gzip.BadGzipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError),
)


def bare_name(name: str) -> str:
    """Return a file's name without the suffix of its packing."""
    return name[: -len(_suffix(name))] if is_packed(name) else name


def is_packed(name: str) -> bool:
    """Say whether a file of this name is unpacked to be read."""
    return _suffix(name) in (GZIP, ZIP, TAR, TGZ)


def members(path: Path) -> list[Member]:
    """Return the files in an archive, those of archives in it too, by their names; of another file, itself.

    Folders and hidden files are passed over.

    Raises
    ------
    ExtractError
        If it cannot be unpacked: it is damaged or locked by a password.
    """
    if not is_packed(path.name):
        return [()]
    with _unpacking(path), ExitStack() as opened:
        return sorted(_members(opened.enter_context(path.open("rb")), path.name, path, opened))


@contextmanager
def open_extract(path: Path, member: Member = ()) -> Iterator[IO[bytes]]:
    """Open an extract for reading bytes.

    Raises
    ------
    ExtractError
        If it cannot be unpacked, or not be read: it is gone, or there is no permission.
    """
    with _unpacking(path), ExitStack() as opened:
        yield _inner(opened.enter_context(path.open("rb")), path.name, member, opened)


def is_hidden(name: str) -> bool:
    """Say whether a file is one that systems and programs keep for themselves."""
    return any(part.startswith((".", "~$", "__MACOSX")) for part in PurePosixPath(name).parts)


def _members(stream: IO[bytes], name: str, path: Path, opened: ExitStack) -> Iterator[Member]:
    stream, name = _unzipped(stream, name, opened)
    if not is_packed(name):
        yield ()
        return
    archive = _archive(stream, name, opened)
    if isinstance(archive, zipfile.ZipFile) and any(info.flag_bits & 1 for info in archive.infolist()):
        raise ExtractError("packed_locked", where=str(path))
    for inner in _names(archive):
        if is_packed(inner):
            yield from ((inner, *rest) for rest in _members(_open(archive, inner), inner, path, opened))
        else:
            yield (inner,)


def _inner(stream: IO[bytes], name: str, member: Member, opened: ExitStack) -> IO[bytes]:
    stream, name = _unzipped(stream, name, opened)
    if not is_packed(name):
        return stream
    archive = _archive(stream, name, opened)
    if not member:
        return io.BytesIO()
    return _inner(opened.enter_context(_open(archive, member[0])), member[0], member[1:], opened)


def _unzipped(stream: IO[bytes], name: str, opened: ExitStack) -> tuple[IO[bytes], str]:
    """Return what gzip packs and the name that it has unpacked; what is packed otherwise as it is."""
    suffix = _suffix(name)
    if suffix not in (GZIP, TGZ):
        return stream, name
    unzipped = opened.enter_context(gzip.GzipFile(fileobj=stream, mode="rb"))
    return cast("IO[bytes]", unzipped), bare_name(name) + (TAR if suffix == TGZ else "")


def _archive(stream: IO[bytes], name: str, opened: ExitStack) -> zipfile.ZipFile | tarfile.TarFile:
    if _suffix(name) == ZIP:
        return opened.enter_context(zipfile.ZipFile(stream))
    return opened.enter_context(tarfile.open(fileobj=stream))


def _names(archive: zipfile.ZipFile | tarfile.TarFile) -> list[str]:
    if isinstance(archive, zipfile.ZipFile):
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    else:
        names = [info.name for info in archive.getmembers() if info.isfile()]
    return [name for name in names if not is_hidden(name)]


def _open(archive: zipfile.ZipFile | tarfile.TarFile, name: str) -> IO[bytes]:
    if isinstance(archive, zipfile.ZipFile):
        return archive.open(name)
    return archive.extractfile(name) or io.BytesIO()


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, zipfile.BadZipFile, tarfile.ReadError) as error:
        raise ExtractError("packed_not", where=str(path), ending=_suffix(path.name)) from error
    except _DAMAGED as error:
        raise ExtractError("packed_damaged", where=str(path), reason=type(error).__name__) from error
    except OSError as error:
        raise ExtractError("extract_unreadable", where=str(path), reason=type(error).__name__) from error
