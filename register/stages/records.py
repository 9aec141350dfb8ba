"""Ingest: from the extracts of an office to records, mentions and rejected rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from register.errors import ExtractError, QualityError
from register.ingest.folder import every_file
from register.locale.numbers import Share
from register.project import Project
from register.run import Run, digest, digest_file
from register.stages.workshop import Workshop

#: A source of fewer rows is not judged by a share.
MIN_ROWS_FOR_GATE = 1_000


def fingerprint_extracts(project: Project, run: Run) -> list[list[str]]:
    """Return path and content hash of every extract. A file whose size and time are as before is not read again."""
    before: dict[str, dict[str, Any]] = run.manifest.get("extracts", {})
    now: dict[str, dict[str, Any]] = {}
    unread: dict[str, Path] = {}
    for path, name in every_file(project.extracts):
        stat = path.stat()
        now[name] = {"bytes": stat.st_size, "modified": stat.st_mtime_ns}
        seen = before.get(name, {})
        if all(seen.get(key) == value for key, value in now[name].items()):
            now[name]["sha256"] = seen["sha256"]
        else:
            unread[name] = path
    # Hashing leaves the interpreter to others: several files at a time.
    with ThreadPoolExecutor(project.engine.threads or os.cpu_count()) as several:
        for name, found in zip(unread, several.map(digest_file, unread.values()), strict=True):
            now[name]["sha256"] = found
    if now != before:
        run.manifest["extracts"] = now
    return [[name, digest(entry["sha256"])] for name, entry in now.items()]


def ingest(workshop: Workshop) -> dict[str, Any]:
    """Make record tables, mentions, bundles and rejected rows of the extracts, and count them per file."""
    from register.ingest.declaration import load_sources
    from register.ingest.extracts import find_extracts
    from register.ingest.kinds import is_unread
    from register.ingest.load import Loader

    project, console = workshop.project, workshop.console
    sources = load_sources(project.schemas / "sources", project.country, workshop.schema)
    extracts, unclaimed = find_extracts(project.extracts, sources)
    if not extracts:
        patterns = ", ".join(pattern for source in sources for pattern in source.files)
        raise ExtractError("no_extracts", where=str(project.extracts), patterns=patterns)
    for name in unclaimed:
        if is_unread(name):
            console.say("ingest.unclaimed_kind", file=name, ending=Path(name).suffix)
        else:
            console.say("ingest.unclaimed", file=name)
    with console.progress() as progress:
        bar = progress.add_task(
            console.text("stage.ingest"), total=sum(e.path.stat().st_size for e in extracts)
        )
        loader = Loader(
            workshop.engine,
            workshop.schema,
            project.secret(),
            workshop.staging,
            lambda size: progress.advance(bar, size),
        )
        workshop.keep(loader.load(extracts))
    counts = [loader.counts[extract.number] for extract in extracts]
    for count in counts:
        if not count.received:
            console.say("ingest.no_rows", file=count.file)
        elif count.rejected == count.received and count.missing_columns:
            console.say("ingest.missing_needed", file=count.file, columns=", ".join(count.missing_columns))
        elif count.missing_columns:
            console.say("ingest.missing_columns", file=count.file, columns=", ".join(count.missing_columns))
    similar = loader.similar_texts
    if similar:
        console.say("ingest.similar", count=similar)
    allowed = {
        source.name: source.max_rejected_share for source in sources if source.max_rejected_share is not None
    }
    return {
        "files": [asdict(count) for count in counts],
        "unclaimed": unclaimed,
        "similar": similar,
        "max_rejected_share": allowed,
        # What explains a figure names records by their keys, but nobody by the number of a document.
        "document_keys": [source.name for source in sources if source.has_document_as_key],
    }


def check_rejected_share(project: Project, record: Mapping[str, Any]) -> None:
    """Stop the build if a source is worse than allowed. Its rejected rows are already there to be looked at.

    A source of fewer than a thousand rows is not judged by a share.

    Raises
    ------
    QualityError
        Naming the worst file of the source.
    """
    by_source: dict[str, list[dict[str, Any]]] = {}
    for count in record.get("files", []):
        by_source.setdefault(count["declaration"], []).append(count)
    for declaration, counts in by_source.items():
        received = sum(count["received"] for count in counts)
        rejected = sum(count["rejected"] for count in counts)
        allowed = record.get("max_rejected_share", {}).get(declaration, project.quality.max_rejected_share)
        if received >= MIN_ROWS_FOR_GATE and rejected > allowed * received:
            worst = max(counts, key=lambda count: count["rejected"])
            reasons = sorted(worst["reasons"].items(), key=lambda item: -item[1])
            raise QualityError(
                "too_many_rejected",
                where=worst["file"],
                declaration=declaration,
                share=Share(rejected / received),
                allowed=Share(allowed),
                reason=reasons[0][0] if reasons else "",
            )
