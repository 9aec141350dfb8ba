"""What building, checking and the runs have to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from register import __version__
from register.console import INTERVAL_95, Console
from register.locale import catalogue
from register.locale.numbers import balance
from register.show.results import no_flows

if TYPE_CHECKING:
    from register.check import CheckReport
    from register.pipeline import BuildReport
    from register.project import Project
    from register.run import Run

ROW_FATES = ("received", "in_tables", "rejected", "duplicate", "superseded")


def build_report(console: Console, project: Project, report: BuildReport, *, dry_run: bool) -> None:
    """Say what a build did and give the headline flows."""
    if console.as_json:
        console.json(asdict(report) | {"flows": _headline(project, report)})
        return
    if dry_run:
        done, current = (_stages(console, names) for names in (report.done, report.current))
        console.say("build.would_do", stages=done, current=current)
        return
    if not report.done:
        console.say("build.nothing", run=report.run, seconds=console.decimal(report.seconds))
        return
    stages = report.manifest["stages"]
    files = stages["ingest"]["files"]
    totals = {key: console.number(sum(count[key] for count in files)) for key in ROW_FATES}
    console.say("build.rows", tables=totals.pop("in_tables"), **totals)
    if any(count["superseded"] for count in files):
        console.say("superseded.told")
    # What a build stopped short of is in the manifest still, of other extracts.
    made = {*report.done, *report.current}
    if {"identify", "resolve"} <= made:
        console.say(
            "build.people",
            identities=console.number(stages["identify"]["rows"]["identity"]),
            persons=console.number(stages["resolve"]["rows"]["person"]),
            conflicts=console.number(stages["resolve"]["rows"]["conflict"]),
        )
    headline = _headline(project, report)
    if "flows" in made and not headline:
        no_flows(console, stages)
    for row in headline:
        console.data(console.text("build.flow", **_rounded(console, row)))
    console.say("build.where", path=report.path / "tables")


def _stages(console: Console, names: Sequence[str]) -> str:
    """Return stages in words, with the names that --from and --until take."""
    words = {name: console.text(f"stage.{name}") for name in names}
    listed = [name if word == name else f"{word} ({name})" for name, word in words.items()]
    return ", ".join(listed) or console.text("build.none")


def _headline(project: Project, report: BuildReport) -> list[dict[str, Any]]:
    from register.tables import annual_flows

    if "flows" not in (*report.done, *report.current):
        return []
    return annual_flows(project, report.run, [])[2]


def _rounded(console: Console, row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "year": row["year"],
        "immigration": console.number(row["immigration"]),
        "immigration_error": console.number(INTERVAL_95 * row["immigration_standard_error"]),
        "emigration": console.number(row["emigration"]),
        "emigration_error": console.number(INTERVAL_95 * row["emigration_standard_error"]),
        "net": console.decimal(balance(row["immigration"], row["emigration"], 0), 0, sign=True),
        "final": f"{100 * row['share_final']:.0f}",
    }


def check_report(console: Console, report: CheckReport) -> None:
    """Say what a check found."""
    if console.as_json:
        notes = [{"kind": key.removeprefix("check."), **values} for key, values in report.notes]
        console.json(
            {"sources": report.sources, "files": report.files, "cases": report.cases, "notes": notes}
        )
        return
    for key, values in report.notes:
        console.data(console.text(key, **values))
    cases = console.text("check.cases", cases=report.cases) if report.cases else ""
    console.data(console.text("check.ok", sources=report.sources, files=report.files, cases=cases))


def rejected(console: Console, counts: Sequence[Mapping[str, Any]], output: Path | None) -> None:
    """Show how many rows were rejected or flagged, by file and reason."""
    if console.as_json:
        console.json(list(counts))
        return
    if not counts:
        console.say("rejected.none")
        return
    names = ("file", "reason", "rows")
    console.table(
        [console.text(f"column.{name}") for name in (*names, "meaning")],
        [[*(count[name] for name in names), _meaning(console, count["reason"])] for count in counts],
        title=console.text("rejected.title"),
    )
    if output is None:
        console.say("rejected.hint")
    if any(count["reason"].endswith(":similar") for count in counts):
        console.say("rejected.similar")


def _meaning(console: Console, reason: str) -> str:
    """Return in words why rows were rejected or flagged: ``column:reason``, or what is wrong with a line or header."""
    for key in (f"reason.{reason}", f"reason.{reason.rpartition(':')[2]}"):
        if key in catalogue():
            return console.text(key).replace("`", "")
    return ""


def superseded(console: Console, counts: Sequence[Mapping[str, Any]], output: Path | None) -> None:
    """Show in how many rows a later delivery corrected each column, by file."""
    if console.as_json:
        console.json(list(counts))
        return
    if not counts:
        console.say("superseded.none")
        return
    names = ("file", "later_file", "source_column", "rows")
    console.table(
        [console.text(f"column.{name}") for name in names],
        [[count[name] for name in names] for count in counts],
        title=console.text("superseded.title"),
    )
    if output is None:
        console.say("superseded.hint")


def runs(console: Console, found: Sequence[Run]) -> None:
    """List runs."""
    if console.as_json:
        console.json(
            [
                {"name": run.name, "created": run.manifest.get("created"), "stages": list(run.stages)}
                for run in found
            ]
        )
        return
    if not found:
        console.say("runs.none")
        return
    console.table(
        [console.text("column.run"), console.text("column.created"), console.text("column.stage")],
        [[run.name, run.manifest.get("created"), ", ".join(run.stages)] for run in found],
        title=console.text("runs.title"),
    )


def run(console: Console, found: Run) -> None:
    """Show the stages and files of a run."""
    if console.as_json:
        console.json(found.manifest)
        return
    console.table(
        [console.text("column.stage"), "GSBPM", console.text("column.seconds"), console.text("column.rows")],
        [
            [
                console.text(f"stage.{name}"),
                stage["gsbpm"],
                console.decimal(stage["seconds"], 2),
                ", ".join(f"{table} {console.number(rows)}" for table, rows in stage["rows"].items()),
            ]
            for name, stage in found.stages.items()
        ],
        title=found.name,
    )
    files = found.stages.get("ingest", {}).get("files", [])
    console.table(
        [console.text("column.file"), *(console.text(f"column.{fate}") for fate in ROW_FATES)],
        [[count["file"], *(console.number(count[fate]) for fate in ROW_FATES)] for count in files],
    )


def installation(console: Console, parts: Sequence[tuple[str, str]]) -> None:
    """Show what of the program is installed."""
    if console.as_json:
        console.json({"register": __version__, **dict(parts)})
        return
    console.table(
        [console.text("column.part"), console.text("column.state")],
        [
            ["register", __version__],
            *([name, found or console.text("doctor.missing")] for name, found in parts),
        ],
        title=console.text("doctor.title"),
    )
    console.say("doctor.offline")
