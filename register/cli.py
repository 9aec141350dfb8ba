"""The command line: parses, calls, prints. Nothing is computed here.

Heavy libraries are imported inside the commands, so that `register --help` answers at once.
"""

import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.exceptions import Abort, TyperException

from register import __version__
from register.console import Console
from register.errors import INTERRUPTED, RegisterError, UsageError, suggest
from register.locale import LANGUAGES, default_language, translate
from register.usage import Application, problem

GLOBAL_FLAGS = ("--json", "--quiet", "-q")
GLOBAL_VALUES = ("-C", "--directory", "--lang")


@dataclass
class Session:
    """What the global options chose; handed to each command by Typer."""

    directory: Path
    console: Console


def hoist_global_options(arguments: list[str]) -> list[str]:
    """Move the global options to the front, so that ``register flows --json -C P`` works as it reads."""
    front: list[str] = []
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += [word, *queue]
            break
        if word in GLOBAL_FLAGS or word.startswith(("--directory=", "--lang=")):
            front.append(word)
        elif word in GLOBAL_VALUES and queue:
            front += [word, queue.pop(0)]
        else:
            rest.append(word)
    return front + rest


def chosen_language(arguments: list[str]) -> str:
    """Return the language asked for with ``--lang``, or that of the environment: help texts need it before parsing."""
    chosen = default_language()
    for position, word in enumerate(arguments):
        value = ""
        if word == "--lang" and position + 1 < len(arguments):
            value = arguments[position + 1]
        elif word.startswith("--lang="):
            value = word.removeprefix("--lang=")
        if value in LANGUAGES:
            chosen = value
    return chosen


def make_app(language: str) -> typer.Typer:
    """Build the application with its help texts in a language."""

    def text(key: str) -> str:
        return translate(f"help.{key}", language)

    app = Application(language, name="register", help=text("app"), pretty_exceptions_enable=False)
    runs_app = Application(language, help=text("runs"))
    app.add_typer(runs_app, name="runs")

    run_option: Any = typer.Option(None, "--run", help=text("run_option"))
    output_option: Any = typer.Option(None, "-o", "--output", help=text("output"))

    def show_version(value: bool) -> None:
        if value:
            sys.stdout.write(f"register {__version__}\n")
            raise typer.Exit

    @app.callback()
    def main_options(
        context: typer.Context,
        directory: Path = typer.Option(Path(), "-C", "--directory", help=text("directory")),
        lang: str = typer.Option(language, "--lang", help=text("lang")),
        as_json: bool = typer.Option(False, "--json", help=text("json")),
        quiet: bool = typer.Option(False, "--quiet", "-q", help=text("quiet")),
        version: bool = typer.Option(  # noqa: ARG001 - Typer calls show_version before the command
            False, "--version", callback=show_version, is_eager=True, help=text("version")
        ),
    ) -> None:
        if lang not in LANGUAGES:
            raise UsageError("unknown_language", name=lang, known=", ".join(LANGUAGES))
        context.obj = Session(directory, Console(lang, as_json=as_json, quiet=quiet))

    @app.command(help=text("init"))
    def init(
        context: typer.Context,
        directory: Path = typer.Argument(..., help=text("target")),
        country: str = typer.Option(..., help=text("country")),
    ) -> None:
        from register.project import init_project

        project = init_project(_session(context).directory / directory, country)
        _session(context).console.say("init.done", path=project.root, extracts=project.extracts)

    @app.command(help=text("build"))
    def build(
        context: typer.Context,
        run: str | None = run_option,
        first: str | None = typer.Option(None, "--from", help=text("from_option")),
        until: str | None = typer.Option(None, help=text("until")),
        force: bool = typer.Option(False, help=text("force")),
        dry_run: bool = typer.Option(False, "--dry-run", help=text("dry_run")),
    ) -> None:
        from register import pipeline, show
        from register.project import load_project

        names = [stage.name for stage in pipeline.STAGES]
        for name in (first, until):
            if name is not None and name not in names:
                raise UsageError(
                    "unknown_stage", name=name, suggestion=suggest(name, names), known=", ".join(names)
                )
        session = _session(context)
        project = load_project(session.directory)
        report = pipeline.build(
            project, session.console, run_name=run, first=first, until=until, force=force, dry_run=dry_run
        )
        show.build_report(session.console, project, report, dry_run=dry_run)

    @app.command(help=text("check"))
    def check(context: typer.Context) -> None:
        from register import show
        from register.check import check_project
        from register.project import load_project

        session = _session(context)
        show.check_report(session.console, check_project(load_project(session.directory)))

    @app.command(help=text("train"))
    def train(
        context: typer.Context,
        run: str | None = run_option,
        labels: bool = typer.Option(False, "--labels", help=text("train_labels")),
    ) -> None:
        from register import show
        from register.commands import train_weights
        from register.project import load_project

        session = _session(context)
        project = load_project(session.directory)
        show.train_report(session.console, *train_weights(project, run, from_labels=labels))

    @app.command(help=text("link"))
    def link(
        context: typer.Context,
        files: list[Path] = typer.Argument(..., help=text("link_files")),
        rules: Path = typer.Option(..., help=text("link_rules")),
        output: Path = typer.Option(..., "-o", "--output", help=text("output")),
        groups: Path | None = typer.Option(None, help=text("link_groups")),
        train: bool = typer.Option(False, "--train", help=text("link_train")),
    ) -> None:
        from register import show
        from register.link_files import link_files

        console = _session(context).console
        report = link_files(
            files,
            rules,
            output,
            groups,
            train_first=train,
            announce=lambda blocks: console.say(
                "link.comparisons", pairs=console.number(sum(blocks.values()))
            ),
        )
        show.linked_files(console, report, output)

    @app.command(help=text("flows"))
    def flows(
        context: typer.Context,
        by: list[str] | None = typer.Option(None, help=text("by")),
        run: str | None = run_option,
        output: Path | None = output_option,
        backtest: bool = typer.Option(False, "--backtest", help=text("backtest")),
        vintages: int = typer.Option(6, min=1, help=text("vintages")),
    ) -> None:
        from register import show
        from register.commands import annual_flows, backtest_run, export_tables, flows_sql
        from register.project import load_project

        session = _session(context)
        project = load_project(session.directory)
        if backtest:
            show.backtest(session.console, *backtest_run(project, run, vintages, session.console))
        elif output is None:
            show.flows(session.console, *annual_flows(project, run, by or []))
        else:
            export_tables(project, flows_sql(by or []), output, run)

    @app.command(help=text("stock"))
    def stock(
        context: typer.Context,
        day: str = typer.Argument(..., help=text("stock_day")),
        by: list[str] | None = typer.Option(None, help=text("stock_by")),
        run: str | None = run_option,
    ) -> None:
        from register import show_population
        from register.population import stock_on
        from register.project import load_project

        session = _session(context)
        found, rows = stock_on(load_project(session.directory), day, by or [], run)
        show_population.stock(session.console, found, day, by or [], rows)

    @app.command(help=text("concordance"))
    def concordance(context: typer.Context, run: str | None = run_option) -> None:
        from register import show_population
        from register.population import rules_side_by_side
        from register.project import load_project

        session = _session(context)
        show_population.rules(session.console, *rules_side_by_side(load_project(session.directory), run))

    @app.command(help=text("imputed"))
    def imputed(context: typer.Context, run: str | None = run_option) -> None:
        from register import show_population
        from register.population import imputed_by_post
        from register.project import load_project

        session = _session(context)
        show_population.imputed(session.console, *imputed_by_post(load_project(session.directory), run))

    @app.command(help=text("report"))
    def report(
        context: typer.Context,
        method: str | None = typer.Option(None, help=text("method")),
        month: str | None = typer.Option(None, help=text("month")),
        run: str | None = run_option,
    ) -> None:
        from register import show
        from register.commands import make_release
        from register.project import load_project

        session = _session(context)
        show.release(session.console, make_release(load_project(session.directory), run, method, month))

    @app.command(help=text("rejected"))
    def rejected(
        context: typer.Context,
        superseded: bool = typer.Option(False, "--superseded", help=text("superseded")),
        run: str | None = run_option,
        output: Path | None = output_option,
    ) -> None:
        from register import show
        from register.commands import rejected_rows, superseded_rows
        from register.project import load_project

        session = _session(context)
        project = load_project(session.directory)
        if superseded:
            show.superseded(session.console, superseded_rows(project, run, output), output)
        else:
            show.rejected(session.console, rejected_rows(project, run, output), output)

    @app.command(help=text("sql"))
    def sql(
        context: typer.Context,
        query: str = typer.Argument(..., help=text("query")),
        run: str | None = run_option,
        output: Path | None = output_option,
    ) -> None:
        from register.commands import export_tables, query_text
        from register.project import load_project

        session = _session(context)
        project = load_project(session.directory)
        if output is None:
            session.console.write(query_text(project, query, run, as_json=session.console.as_json))
        else:
            export_tables(project, query, output, run)

    @app.command(help=text("classify"))
    def classify(
        context: typer.Context,
        crossings: Path = typer.Argument(..., help=text("crossings")),
        output: Path = typer.Option(..., "-o", "--output", help=text("output")),
        observed_until: str = typer.Option(..., "--observed-until", help=text("observed_until")),
        threshold: int | None = typer.Option(None, help=text("threshold")),
        window: int | None = typer.Option(None, help=text("window")),
        preset: str | None = typer.Option(None, help=text("preset")),
    ) -> None:
        from register import show
        from register.commands import classify_file

        session = _session(context)
        counts = classify_file(crossings, output, observed_until, threshold, window, preset)
        show.classified(session.console, counts, output)

    @runs_app.command("list", help=text("runs_list"))
    def runs_list(context: typer.Context) -> None:
        from register import show
        from register.project import load_project
        from register.run import list_runs

        session = _session(context)
        show.runs(session.console, list_runs(load_project(session.directory).runs))

    @runs_app.command("show", help=text("runs_show"))
    def runs_show(
        context: typer.Context, name: str | None = typer.Argument(None, help=text("run_option"))
    ) -> None:
        from register import show
        from register.project import load_project
        from register.run import find_run

        session = _session(context)
        show.run(session.console, find_run(load_project(session.directory).runs, name))

    @app.command(help=text("synth"))
    def synth(
        context: typer.Context,
        directory: Path = typer.Argument(..., help=text("target")),
        people: int = typer.Option(10_000, help=text("people")),
        seed: int = typer.Option(1, help=text("seed")),
        years: str = typer.Option("2018-2024", help=text("years")),
        faults: Path | None = typer.Option(None, help=text("faults")),
        survey: bool = typer.Option(False, "--survey", help=text("synth_survey")),
    ) -> None:
        from register import show
        from register.commands import write_synthetic_country

        session = _session(context)
        report = write_synthetic_country(
            session.directory / directory, people, seed, years, faults, survey=survey
        )
        show.synthetic(session.console, session.directory / directory, report)

    @app.command(help=text("evaluate"))
    def evaluate(
        context: typer.Context,
        truth: Path = typer.Argument(..., help=text("truth")),
        run: str | None = run_option,
    ) -> None:
        from register import show
        from register.commands import evaluate_run
        from register.project import load_project

        session = _session(context)
        show.evaluation(session.console, evaluate_run(load_project(session.directory), run, truth))

    @app.command(help=text("diagnose"))
    def diagnose(context: typer.Context, run: str | None = run_option) -> None:
        from register.diagnose.command import diagnose_run
        from register.project import load_project

        session = _session(context)
        diagnose_run(session.console, load_project(session.directory), run)

    @app.command(help=text("tune"))
    def tune(
        context: typer.Context,
        rules: Path | None = typer.Option(None, help=text("tune_rules")),
        settings: list[str] | None = typer.Option(None, "--set", help=text("tune_set")),
        sample: int = typer.Option(1500, help=text("tune_sample")),
        page: bool = typer.Option(False, "--page", help=text("tune_page")),
        port: int = typer.Option(0, min=0, max=65535, help=text("port")),
        run: str | None = run_option,
    ) -> None:
        from register.project import load_project
        from register.tune.command import open_page, try_rules

        session = _session(context)
        project = load_project(session.directory)
        if not page:
            try_rules(session.console, project, run, rules, settings or [], sample)
        elif rules is not None or settings:
            raise UsageError("tune_page_alone")
        else:
            open_page(session.console, project, run, port)

    @app.command(help=text("explain"))
    def explain(
        context: typer.Context,
        target: list[str] = typer.Argument(..., help=text("asked")),
        run: str | None = run_option,
        picture: Path | None = typer.Option(None, "--svg", help=text("picture")),
        output: Path | None = typer.Option(None, "-o", "--output", help=text("units")),
    ) -> None:
        from register.project import load_project
        from register.trace.command import explain as explain_target

        session = _session(context)
        explain_target(session.console, load_project(session.directory), target, run, picture, output)

    @app.command(help=text("review"))
    def review(
        context: typer.Context,
        reviewer: str | None = typer.Option(None, help=text("reviewer")),
        double_blind: bool = typer.Option(False, "--double-blind", help=text("double_blind")),
        show_score: bool = typer.Option(False, "--show-score", help=text("show_score")),
        export: Path | None = typer.Option(None, help=text("review_export")),
        take: Path | None = typer.Option(None, "--import", help=text("review_import")),
        summary: bool = typer.Option(False, "--summary", help=text("review_summary")),
        port: int = typer.Option(0, min=0, max=65535, help=text("port")),
        run: str | None = run_option,
    ) -> None:
        from functools import partial

        from register.project import load_project
        from register.review import tell
        from register.review.command import Order
        from register.review.command import review as do

        console = _session(context).console
        order = Order(run, reviewer, console.language, double_blind, show_score, port, export, take, summary)
        done = do(load_project(_session(context).directory), order, partial(tell.link, console))
        tell.outcome(console, done)

    @app.command(help=text("assess"))
    def assess(
        context: typer.Context,
        name: str | None = typer.Option(None, "--name", help=text("assess_name")),
        run: str | None = run_option,
        answer: bool = typer.Option(False, "--answer", help=text("assess_answer")),
        source: str | None = typer.Option(None, "--source", help=text("assess_source")),
        compare: list[str] | None = typer.Option(None, "--compare", help=text("assess_compare")),
    ) -> None:
        from register.assess import command
        from register.project import load_project

        session = _session(context)
        project = load_project(session.directory)
        if answer:
            command.answer(project, session.console, source, input if sys.stdin.isatty() else None)
        elif compare:
            command.compare_with(project, session.console, compare)
        else:
            command.measure(project, session.console, name, run)

    @app.command(help=text("calibrate"))
    def calibrate(
        context: typer.Context,
        survey: Path = typer.Argument(..., help=text("survey")),
        spec: Path = typer.Option(..., "--spec", help=text("calibration_spec")),
        output: Path = typer.Option(..., "-o", "--output", help=text("weights_output")),
        run: str | None = run_option,
    ) -> None:
        from register.calibrate.command import calibrate_file
        from register.project import load_project

        session = _session(context)
        calibrate_file(survey, spec, output, lambda: load_project(session.directory), run, session.console)

    @app.command(help=text("benchmarks"))
    def benchmarks(
        context: typer.Context,
        spec: Path | None = typer.Option(None, "--spec", help=text("calibration_spec")),
        day: str | None = typer.Option(None, "--date", help=text("benchmarks_date")),
        by: list[str] | None = typer.Option(None, help=text("benchmarks_by")),
        output: Path | None = output_option,
        run: str | None = run_option,
    ) -> None:
        from register.calibrate.command import write_benchmarks
        from register.project import load_project

        session = _session(context)
        write_benchmarks(
            lambda: load_project(session.directory), run, spec, day, by or [], output, session.console
        )

    @app.command(help=text("doctor"))
    def doctor(context: typer.Context) -> None:
        from register import show
        from register.check import check_installation

        show.installation(_session(context).console, check_installation())

    return app


def _session(context: typer.Context) -> Session:
    session: Session = context.obj
    return session


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = hoist_global_options(list(sys.argv[1:] if arguments is None else arguments))
    language = chosen_language(given)
    try:
        make_app(language)(args=given, prog_name="register", standalone_mode=False)
    except RegisterError as error:
        _fail(error.message(language), error.exit_code, given, error.key)
    except TyperException as error:
        # Typer's own errors: a misspelt command or option, a missing argument; or a group named without its command.
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(error.format_message() + "\n")
            raise SystemExit(2) from None
        _fail(translate("errors.usage", language, reason=problem(error, language)), 2, given, "usage")
    except (KeyboardInterrupt, Abort):
        _fail(translate("build.interrupted", language), INTERRUPTED, given, "interrupted")
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except Exception as error:
        # The text of an unforeseen error may quote a row, and so a name: say only where it happened.
        if os.environ.get("REGISTER_DEBUG"):
            raise
        _fail(
            translate("errors.defect", language, kind=type(error).__name__, place=_place(error)),
            1,
            given,
            "defect",
        )


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"{os.sep}register{os.sep}" in frame.filename]
    return "; ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in own[-3:])


def _fail(message: str, code: int, arguments: list[str], key: str) -> None:
    console = Console(as_json="--json" in arguments)
    if console.as_json:
        console.json({"error": key, "message": message, "exit_code": code})
    else:
        console.error(message)
    raise SystemExit(code)
