"""What the commands do beside building and asking: train, classify, publish, look back, make and evaluate a country."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from register.console import Console
from register.errors import DeclarationError, LockedError, UsageError, suggest
from register.project import Project
from register.rules.residence import Rule
from register.run import Run, find_run, write_json
from register.settings import RELEASE_METHODS
from register.tables import open_for_rule, open_tables, parameters_of

if TYPE_CHECKING:
    from register.link.train import TrainReport

# A release counts and sorts cells; two engines are open at once, to count under the other rules. What it needs does not
# grow with the memory a build was given.
RELEASE_MEMORY = "1GB"


def train_weights(
    project: Project, run_name: str | None, *, from_labels: bool = False
) -> tuple[TrainReport, Path]:
    """Estimate the linkage weights from a run, by EM or from reviewers' decisions; write them beside the rules."""
    from register.link.declaration import load_rules
    from register.link.train import train, train_from_labels, write
    from register.stages.persons import register_decisions

    run = find_run(project.runs, run_name)
    rules = load_rules(project.linkage_rules / "people.toml")
    with open_tables(project, run) as engine:
        for table in ("pair", "identity") if from_labels else ("identity",):
            if not engine.has(table):
                raise UsageError("table_not_built", table=table, run=run.name)
        if from_labels:
            register_decisions(engine, project)
        report = (train_from_labels if from_labels else train)(engine.con, rules)
    write(report, rules)
    return report, rules.weights_path


def classify_file(
    crossings: Path,
    output: Path,
    observed_until: str,
    threshold: int | None = None,
    window: int | None = None,
    preset: str | None = None,
) -> Any:
    """Apply a residence rule, the default one if none is said, to a file of linked crossings."""
    from register.rules.classify import classify

    try:
        until = dt.date.fromisoformat(observed_until)
    except ValueError as error:
        raise UsageError("bad_date_setting", key="--observed-until") from error
    if preset is not None and (threshold, window) != (None, None):
        raise UsageError("rule_half_said")
    rule = Rule.preset(preset or "12-of-16")
    return classify(
        crossings,
        threshold=rule.threshold if threshold is None else threshold,
        window=rule.window if window is None else window,
        observed_until=until,
        output=output,
    )


def write_synthetic_country(
    directory: Path, people: int, seed: int, years: str, faults: Path | None, *, survey: bool = False
) -> Any:
    """Write a synthetic country with known truth, and a household survey of it if asked."""
    from register.synth import generate

    found = re.fullmatch(r"(\d{4})-(\d{4})", years)
    if not found or int(found[1]) > int(found[2]):
        raise UsageError("bad_years", value=years)
    span = (int(found[1]), int(found[2]))
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError("not_a_folder", where=str(directory)) from error
    except OSError as error:
        raise LockedError("cannot_write", where=str(directory)) from error
    return generate(directory, people=people, seed=seed, years=span, faults=faults, survey=survey)


def evaluate_run(project: Project, run_name: str | None, truth: Path) -> Any:
    """Compare a run with a known truth."""
    from register.synth.evaluate import evaluate

    run = find_run(project.runs, run_name)
    if not truth.is_dir():
        raise DeclarationError("file_missing", where=str(truth))
    return evaluate(run.path / "tables", truth)


def make_release(project: Project, run_name: str | None, method: str | None, month: str | None) -> Any:
    """Publish a run: count, protect, check and write its tables; return what was published.

    Raises
    ------
    UsageError
        If the run was not built to its end, the method or the month is none, or the extra ``release`` is not installed.
    DisclosureError
        If a gate is not passed; nothing is written then.
    """
    settings = project.release
    if method is not None and method not in RELEASE_METHODS:
        hint = suggest(method, RELEASE_METHODS)
        raise UsageError("unknown_method", name=method, suggestion=hint, known=", ".join(RELEASE_METHODS))
    month = month or dt.datetime.now().astimezone().strftime("%Y-%m")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError("bad_month", value=month)
    run = find_run(project.runs, run_name)
    if "flows" not in run.stages:
        raise UsageError("table_not_built", table="flow", run=run.name)
    try:
        from register.release.declaration import load_releases
        from register.release.disclose import Protection
        from register.release.order import Order
        from register.release.publish import publish
    except ModuleNotFoundError as error:
        raise UsageError("missing_extra", extra="release") from error
    order = Order(
        releases=load_releases(project.schema()),
        parameters=parameters_of(project, run),
        protection=Protection(method or settings.method, settings.threshold, settings.base),
        secret=project.secret(),
        month=month,
        languages=settings.languages,
        manifest=run.manifest,
        folder=run.path / "release",
        vintages=project.vintages,
        open_run=lambda: open_tables(project, run, RELEASE_MEMORY),
        partners=sorted(project.partners.glob("*.csv")),
    )
    with open_tables(project, run, RELEASE_MEMORY) as engine:
        return publish(engine, order)


def backtest_run(project: Project, run_name: str | None, vintages: int, console: Console) -> tuple[Run, Any]:
    """Estimate past vintages of a run as on their day, compare them with what it says now, and keep the result.

    Raises
    ------
    UsageError
        If the run was not built to its end, or its series is too short for a vintage.
    """
    from register.estimate.backtest import backtest, cut_offs
    from register.settings import PROVISIONAL

    run = find_run(project.runs, run_name)
    if "flows" not in run.stages:
        raise UsageError("table_not_built", table="flow", run=run.name)
    parameters = parameters_of(project, run)
    if not cut_offs(parameters, 1):
        raise UsageError("series_too_short", where=run.name, window=parameters.rule.window)

    result = backtest(
        lambda: open_for_rule(project, run),
        parameters,
        PROVISIONAL,
        vintages,
        is_modelled=project.estimate.missing == "model",
        progress=lambda day: console.say("backtest.vintage", day=day),
    )
    write_json(run.path / "backtest.json", result.to_dict())
    return run, result
