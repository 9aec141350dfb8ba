"""Finds the extracts that declarations claim."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from register.ingest.declaration import Source

PACKED = (".gz", ".zip")


@dataclass(frozen=True)
class Extract:
    """A file that a declaration claims. ``number`` is its place in the order of deliveries, that of the paths."""

    number: int
    path: Path
    name: str
    source: Source


def find_extracts(directory: Path, sources: Sequence[Source]) -> tuple[list[Extract], list[str]]:
    """Return the files that declarations claim, in the order of their paths, and the names of those left over.

    A folder named like a file is no file; hidden files are passed over.
    """
    claimed: list[Extract] = []
    unclaimed: list[str] = []
    for path in sorted(directory.rglob("*")) if directory.is_dir() else []:
        name = path.relative_to(directory).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in Path(name).parts):
            continue
        bare = path.name[: -len(path.suffix)] if path.suffix.lower() in PACKED else path.name
        source = next(
            (source for source in sources if _claims(source, path.name) or _claims(source, bare)), None
        )
        if source is None:
            unclaimed.append(name)
        else:
            claimed.append(Extract(len(claimed), path, name, source))
    return claimed, unclaimed


def _claims(source: Source, name: str) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in source.files)
