"""What was made of files of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from register.console import Console

if TYPE_CHECKING:
    from register.link_files import LinkFilesReport


def linked_files(console: Console, report: LinkFilesReport, output: Path) -> None:
    """Say how many rows were linked to how many."""
    if console.as_json:
        console.json({
            "output": str(output),
            "rows": dict(report.rows),
            "comparisons": report.predicted.comparisons,
            "links": report.links,
            "groups": report.groups,
        })  # fmt: skip
        return
    rows, links, groups = (
        console.number(n) for n in (sum(report.rows.values()), report.links, report.groups)
    )
    console.say("link.done", rows=rows, links=links, groups=groups, path=output)


def classified(console: Console, counts: Any, output: Path) -> None:
    """Say how many crossings were classified."""
    if console.as_json:
        console.json({"output": str(output), **counts.to_dict()})
        return
    console.say("classify.done", path=output, **counts.to_dict())
