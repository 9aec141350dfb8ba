"""What the commands print: data on stdout, as a table or as JSON; narration on stderr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from register import __version__
from register.console import Console

if TYPE_CHECKING:
    from register.check import CheckReport
    from register.link.train import TrainReport
    from register.link_files import LinkFilesReport
    from register.pipeline import BuildReport
    from register.project import Project
    from register.run import Run

INTERVAL_95 = 1.96


def build_report(console: Console, project: Project, report: BuildReport, *, dry_run: bool) -> None:
    """Say what a build did and give the headline flows."""
    if console.as_json:
        console.json(asdict(report) | {"flows": _headline(project, report)})
        return
    if dry_run:
        console.say(
            "build.would_do", stages=", ".join(report.done) or "-", current=", ".join(report.current) or "-"
        )
        return
    if not report.done:
        console.say("build.nothing", run=report.run, seconds=f"{report.seconds:.1f}")
        return
    stages = report.manifest["stages"]
    files = stages["ingest"]["files"]
    totals = {key: console.number(sum(count[key] for count in files)) for key in ROW_FATES}
    console.say("build.rows", tables=totals.pop("in_tables"), **totals)
    if any(count["superseded"] for count in files):
        console.say("superseded.told")
    if "resolve" in stages and "identify" in stages:
        console.say(
            "build.people",
            identities=console.number(stages["identify"]["rows"]["identity"]),
            persons=console.number(stages["resolve"]["rows"]["person"]),
            conflicts=console.number(stages["resolve"]["rows"]["conflict"]),
        )
    for row in _headline(project, report):
        console.data(console.text("build.flow", **_rounded(console, row)))
    console.say("build.where", path=report.path / "tables")


ROW_FATES = ("received", "in_tables", "rejected", "duplicate", "superseded")


def _headline(project: Project, report: BuildReport) -> list[dict[str, Any]]:
    from register.commands import annual_flows

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
        "net": f"{row['net']:+,.0f}".replace(",", " "),
        "final": f"{100 * row['share_final']:.0f}",
    }


def flows(console: Console, run: Run, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Show annual flows as a table or as JSON."""
    if console.as_json:
        console.json(list(rows))
        return
    measures = ("immigration", "emigration", "net", "share_final")
    titles = [console.text(f"column.{name}") if name == "year" else name for name in columns]
    console.table(
        [*titles, *(console.text(f"column.{name}") for name in measures)],
        [
            [
                *(row[name] for name in columns),
                f"{row['immigration']:,.1f} ± {INTERVAL_95 * row['immigration_standard_error']:,.1f}",
                f"{row['emigration']:,.1f} ± {INTERVAL_95 * row['emigration_standard_error']:,.1f}",
                f"{row['net']:+,.1f}",
                f"{100 * row['share_final']:.0f}",
            ]
            for row in rows
        ],
        title=console.text("flows.title", run=run.name),
    )


def backtest(console: Console, run: Run, result: Any) -> None:
    """Show how good first estimates were, vintage by vintage and in all."""
    if console.as_json:
        console.json(result.to_dict())
        return
    console.table(
        [
            console.text(f"backtest.{name}")
            for name in ("cut_off", "way", "direction", "first", "final", "error")
        ],
        [
            [
                one.cut_off,
                one.provisional,
                console.text(f"backtest.{one.direction}"),
                f"{one.first:,.1f} ± {INTERVAL_95 * one.standard_error:,.1f}",
                f"{one.final:,.1f}",
                f"{100 * one.error:+.1f} %",
            ]
            for one in result.vintages
            if one.sex == "_T"
        ],
        title=console.text("backtest.title", run=run.name),
    )
    for way, found in result.summary.items():
        shares = {name: f"{100 * share:.1f}" for name, share in found.items() if name != "vintages"}
        console.data(console.text("backtest.summary", way=way, vintages=found["vintages"], **shares))


def release(console: Console, outcome: Any) -> None:
    """Say what a release holds and where it stands."""
    if console.as_json:
        console.json(asdict(outcome))
        return
    for table, what in outcome.left_out.items():
        console.say("release.left_out", table=table, what=what)
    console.data(
        console.text(
            "release.done",
            month=outcome.month,
            path=outcome.folder,
            tables=len(outcome.cells),
            cells=console.number(sum(outcome.cells.values())),
            withheld=console.number(outcome.withheld),
            method=outcome.method,
        )
    )
    if outcome.compared_with:
        console.say("release.compared", month=outcome.compared_with)


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
    console.data(console.text("check.ok", sources=report.sources, files=report.files, cases=report.cases))


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
        [console.text(f"column.{name}") for name in names],
        [[count[name] for name in names] for count in counts],
        title=console.text("rejected.title"),
    )
    if output is None:
        console.say("rejected.hint")
    if any(count["reason"].endswith(":similar") for count in counts):
        console.say("rejected.similar")


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
                stage["seconds"],
                ", ".join(f"{table} {rows}" for table, rows in stage["rows"].items()),
            ]
            for name, stage in found.stages.items()
        ],
        title=found.name,
    )
    files = found.stages.get("ingest", {}).get("files", [])
    console.table(
        [console.text("column.file"), *(console.text(f"column.{fate}") for fate in ROW_FATES)],
        [[count["file"], *(count[fate] for fate in ROW_FATES)] for count in files],
    )


def train_report(console: Console, report: TrainReport, path: Path) -> None:
    """Say what training moved, by how many bits, and how its sessions went."""
    if console.as_json:
        console.json({
            "rows": report.rows,
            "moved": [asdict(move) for move in report.moved],
            "sessions": [asdict(session) for session in report.sessions],
            "spreads": [asdict(spread) for spread in report.spreads],
            "labels": asdict(report.labels) if report.labels else None,
            "weights": str(path),
        })  # fmt: skip
        return
    console.table(
        [console.text(f"column.{name}") for name in ("comparison", "level", "before", "after")],
        [
            [
                move.concept,
                move.level,
                "" if move.before is None else f"{move.before:+.1f}",
                f"{move.after:+.1f}",
            ]
            for move in report.moved
        ],
    )
    for session in report.sessions:
        console.say(
            "train.session" if session.converged else "train.session_open",
            block=session.block,
            iterations=session.iterations,
            change=f"{session.last_change:.1g}",
        )
    if report.spreads:
        worst = report.spreads[0]
        console.say(
            "train.spread",
            levels=len(report.spreads),
            bits=f"{worst.bits:.1f}",
            level=f"{worst.concept}.{worst.level}",
        )
    if report.labels:
        agreed = f"{report.labels.agreed / report.labels.pairs:.1%}"
        console.say("train.labels", pairs=report.labels.pairs, same=report.labels.same, agreed=agreed)
    console.say("train.done", identities=console.number(report.rows), moved=len(report.moved), path=path)


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


def synthetic(console: Console, directory: Path, report: Any) -> None:
    """Say what a synthetic country holds."""
    if console.as_json:
        console.json(report.to_dict())
        return
    console.say(
        "synth.done",
        path=directory / "extracts",
        people=console.number(report.people),
        records=console.number(report.records),
        truth=directory / "truth",
    )


def evaluation(console: Console, found: Any) -> None:
    """Show a comparison with the truth."""
    if console.as_json:
        console.json(found.to_dict())
        return
    console.table(
        ["", ""],
        [
            [console.text("evaluate.precision"), f"{found.precision:.5f}"],
            [console.text("evaluate.recall"), f"{found.recall:.5f}"],
            [console.text("evaluate.exact"), f"{found.exact:.2%}"],
        ],
        title=console.text("evaluate.title"),
    )
    console.table(
        [console.text(f"column.{name}") for name in ("year", "direction", "register", "truth", "difference")],
        [
            [
                row["year"],
                console.text(f"column.{row['direction']}"),
                f"{row['register']:,.1f}",
                row["truth"],
                f"{row['error']:+.1%}",
            ]
            for row in found.to_dict()["flows"]
        ],
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
