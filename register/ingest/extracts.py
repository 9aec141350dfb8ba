"""Finds the extracts that declarations claim, and the order in which they were delivered.

A file is of one declaration, but for a workbook whose sheets several declarations name.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from register.ingest.folder import every_file
from register.ingest.kinds import refuse_other_kind
from register.ingest.packed import Member, bare_name, members
from register.ingest.sheets import is_pattern, pick_sheets
from register.ingest.source import Source


@dataclass(frozen=True)
class Extract:
    """A file that a declaration claims, or one of the files in an archive.

    ``number`` is its place in the order of deliveries: by the date that the declaration finds in its path, and by the
    path. ``member`` is its name in an archive, ``sheet`` that of the sheet of a workbook, null for the
    first. ``rivals`` are the other declarations that claim it, by less exact patterns or later names.
    """

    number: int
    path: Path
    name: str
    source: Source
    member: Member = ()
    sheet: str | None = None
    rivals: tuple[str, ...] = ()

    @property
    def period(self) -> tuple[dt.date, dt.date] | None:
        """The first and last day that the delivery covers, where its path tells."""
        return self.source.period(self.name)


def find_extracts(directory: Path, sources: Sequence[Source]) -> tuple[list[Extract], list[str]]:
    """Return the files that declarations claim, in the order of deliveries, and the names of those left over.

    A folder named like a file is no file; hidden files are passed over. The files in an archive are claimed by their
    own names, or all of them by the name of the archive. Of several declarations that claim a file that one reads it
    whose pattern names more of its name.

    Raises
    ------
    ExtractError
        If an archive cannot be unpacked, a workbook lacks a sheet, or something is no file (`every_file`).
    """
    claimed: list[Extract] = []
    unclaimed: list[str] = []
    for path, name, member in _files(directory):
        claims = _claims(name, (path.name, *member), sources)
        if not claims:
            unclaimed.append(name)
        elif claims[0].format.sheets:
            claimed += _sheets(path, name, member, [source for source in claims if source.format.sheets])
        else:
            rivals = tuple(source.name for source in claims[1:])
            claimed.append(Extract(0, path, name, claims[0], member, rivals=rivals))
    claimed.sort(key=lambda extract: ((extract.period or (dt.date.min,))[0], extract.name))
    return [replace(extract, number=number) for number, extract in enumerate(claimed)], unclaimed


def _sheets(path: Path, name: str, member: Member, sources: Sequence[Source]) -> list[Extract]:
    """Return the sheets of a workbook that declarations name, each claimed by the first; it is then like a folder.

    A workbook of which a declaration names one sheet, and no other declaration any, bears its own name.
    """
    claimed: dict[str, Source] = {}
    refuse_other_kind(path, member, sources[0].format)
    for source in sources:
        for sheet in pick_sheets(path, source.format, member):
            claimed.setdefault(sheet, source)
    is_alone = len(claimed) == 1 and not any(is_pattern(sheet) for sheet in sources[0].format.sheets)
    return [
        Extract(0, path, name if is_alone else f"{name}/{sheet}", source, member, sheet)
        for sheet, source in claimed.items()
    ]


def _files(directory: Path) -> Iterator[tuple[Path, str, Member]]:
    """Yield path, name and member of every file; an archive of one file bears its own name, others are folders."""
    for path, name in every_file(directory):
        packed = members(path)
        if len(packed) < 2:
            yield path, name, packed[0] if packed else ()
        for member in packed if len(packed) > 1 else ():
            yield path, "/".join((name, *member)), member


def _claims(name: str, parts: Sequence[str], sources: Sequence[Source]) -> list[Source]:
    """Return the declarations that claim a file: by its own name before that of its archive, the more exact before.

    A pattern with a slash is of folders too, and is held against the end of the path.
    """
    folders = name.removesuffix("/".join(parts))
    claims: dict[str, Source] = {}
    for at in range(len(parts), 0, -1):
        path = folders + "/".join(parts[:at])
        exact = {source.name: _exactness(source, path) for source in sources}
        found = [source for source in sources if exact[source.name] >= 0]
        for source in sorted(found, key=lambda source: -exact[source.name]):
            claims.setdefault(source.name, source)
    return list(claims.values())


def _exactness(source: Source, path: str) -> int:
    """Return how many signs of a path the patterns of a declaration name, -1 where none fits it."""
    named = [-1]
    for pattern in source.files:
        for whole in (path, bare_name(path)):
            text = f"/{whole}" if "/" in pattern else Path(whole).name
            wanted = f"*/{pattern.lstrip('/')}" if "/" in pattern else pattern
            if fnmatch.fnmatchcase(text.lower(), wanted.lower()):
                named.append(len(re.sub(r"[*?]|\[.*?\]", "", pattern)))
    return max(named)
