"""What `register calibrate` and `register benchmarks` do: files in, files out, a few lines told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from register.calibrate.declaration import load_spec
from register.calibrate.spec import BenchmarkSpec, Spec, date_of
from register.console import Console
from register.errors import LockedError, UsageError
from register.locale import LANGUAGES

if TYPE_CHECKING:
    import polars as pl

    from register.calibrate.work import Outcome
    from register.project import Project

OpenProject = Callable[[], "Project"]


def calibrate_file(
    survey: Path,
    spec_path: Path,
    output: Path,
    open_project: OpenProject,
    run_name: str | None,
    console: Console,
) -> None:
    """Calibrate a survey file; write weights, pages and figures, and tell what came of it.

    Parameters
    ----------
    open_project
        Called only if the specification wants totals of the register.

    Raises
    ------
    QualityError
        If the benchmarks exclude one another or weights spread too far: the report is written, weights are not.
    RegisterError
        Of other kinds, if files and declarations do not fit each other.
    """
    if find_spec("scipy") is None:
        raise UsageError("missing_extra", extra="survey")
    from register.calibrate.report import write_page
    from register.calibrate.summary import summarise
    from register.calibrate.survey import FORMATS, read_survey, write_weights
    from register.calibrate.work import calibrate_survey, raise_for, report_paths

    if output.suffix.lower() not in FORMATS:
        raise UsageError("bad_survey_format", name=output.name, known=", ".join(FORMATS))
    spec = load_spec(spec_path)
    outcome = calibrate_survey(read_survey(survey, spec), spec, totals_of(spec, open_project, run_name))
    summary = summarise(outcome)
    paths = report_paths(output, LANGUAGES)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        paths["json"].write_text(json.dumps(summary, ensure_ascii=False, indent=2), "utf-8")
        for language in LANGUAGES:
            write_page(summary, survey.name, language, paths[language])
    except OSError as error:
        raise LockedError("cannot_write", where=str(output.parent)) from error
    page = paths[console.language]
    try:
        raise_for(outcome)
    except Exception:
        console.say("calibrate.report_written", report=page)
        raise
    write_weights(outcome.frame(), output)
    if console.as_json:
        console.json(
            summary | {"weights": str(output), "report": {name: str(path) for name, path in paths.items()}}
        )
        return
    _tell(console, outcome, summary)
    console.say("calibrate.written", path=output, report=page)


def totals_of(
    spec: Spec, open_project: OpenProject, run_name: str | None
) -> Callable[[BenchmarkSpec], pl.DataFrame]:
    """Return where the blocks of source ``register`` get their totals; the project is opened when one asks."""
    made: list[Any] = []

    def table(one: BenchmarkSpec) -> pl.DataFrame:
        from register.calibrate.totals import block_table, register_totals

        if not made:
            day = date_of(None, spec)
            made.append(register_totals(open_project(), run_name, spec.register, day, str(spec.path)))
        return block_table(made[0], one)

    return table


def _tell(console: Console, outcome: Outcome, summary: dict[str, Any]) -> None:
    heads = ("benchmark", "counts", "total", "before", "after", "interviews")
    rows = [
        (
            one["benchmark"],
            one["label"],
            console.number(one["total"]),
            console.number(one["before"]),
            console.number(one["after"]),
            one["interviews"],
        )
        for one in summary["benchmarks"]
    ]
    console.table([console.text(f"calibrate.{head}") for head in heads], rows)
    if summary["estimates"]:
        heads = ("estimate", "domain", "e_before", "e_before_error", "e_after", "e_after_error")
        lines = [
            [one["name"], one["domain"] or console.text("calibrate.everybody"), *_with_error(console, one, "before"),
             *_with_error(console, one, "after")]
            for one in summary["estimates"]
        ]  # fmt: skip
        console.table([console.text(f"calibrate.{head}") for head in heads], lines)
    ratios, effect, survey = summary["ratios"], summary["design_effect"], summary["survey"]
    console.say(
        "calibrate.told",
        rank=summary["rank"],
        benchmarks=len(summary["benchmarks"]),
        least=console.decimal(ratios["min"], 3),
        greatest=console.decimal(ratios["max"], 3),
        before=console.decimal(effect["before"], 3),
        after=console.decimal(effect["after"], 3),
    )
    if summary["collapses"] or summary["dropped"]:
        count, dropped = len(summary["collapses"]), len(summary["dropped"])
        console.say("calibrate.told_collapsed", count=count, dropped=dropped)
    if survey["uneven_households"]:
        console.say("calibrate.told_uneven", count=survey["uneven_households"])
    if survey["lonely_strata"]:
        lonely = outcome.spec.survey.lonely
        console.say("calibrate.told_lonely", count=survey["lonely_strata"], lonely=lonely)


def _with_error(console: Console, one: Mapping[str, Any], when: str) -> list[str]:
    """Return an estimate and its standard error, the error with the decimals of the estimate."""
    digits = 4 if abs(one[when]) < 10 else 1
    return [console.decimal(one[key], digits) for key in (when, f"{when}_error")]


def write_benchmarks(
    open_project: OpenProject,
    run_name: str | None,
    spec_path: Path | None,
    day: str | None,
    by: list[str],
    output: Path | None,
    console: Console,
) -> None:
    """Write or print the register's totals: see :func:`register.calibrate.totals.benchmarks_table`."""
    from register.calibrate.totals import benchmarks_table

    spec = None if spec_path is None else load_spec(spec_path)
    frame = benchmarks_table(open_project(), run_name, spec, day, by)
    if output is None:
        if console.as_json:
            console.json(frame.to_dicts())
        else:
            console.write(frame.write_csv())
        return
    suffix = output.suffix.lower()
    if suffix not in (".csv", ".parquet", ".json"):
        raise UsageError("bad_output", name=output.name)
    try:
        if suffix == ".csv":
            frame.write_csv(output)
        elif suffix == ".json":
            frame.write_json(output)
        else:
            frame.write_parquet(output)
    except OSError as error:
        raise LockedError("cannot_write", where=str(output)) from error
    console.say("calibrate.benchmarks_written", count=frame.height, path=output)
