"""From extracts to a run: init, build, check, assess, rejected, runs, doctor."""

import sys
from pathlib import Path
from shlex import quote

import typer

from register.cli.options import Text, output_option, run_option, session_of
from register.cli.usage import Application
from register.errors import UsageError, suggest


def add(app: Application, text: Text) -> None:
    """Add the commands."""

    @app.command(help=text("init"))
    def init(
        context: typer.Context,
        directory: Path = typer.Argument(..., help=text("target")),
        country: str = typer.Option(..., help=text("country")),
    ) -> None:
        from register.project import init_project

        project = init_project(session_of(context).directory / directory, country)
        session_of(context).console.say(
            "init.done", path=project.root, extracts=project.extracts, directory=quote(str(project.root))
        )

    @app.command(help=text("build"))
    def build(
        context: typer.Context,
        run: str | None = run_option(text),
        first: str | None = typer.Option(None, "--from", help=text("from_option")),
        until: str | None = typer.Option(None, help=text("until")),
        force: bool = typer.Option(False, "--force", help=text("force")),
        dry_run: bool = typer.Option(False, "--dry-run", help=text("dry_run")),
    ) -> None:
        from register import pipeline
        from register.show import project as show

        names = [stage.name for stage in pipeline.STAGES]
        for name in (first, until):
            if name is not None and name not in names:
                raise UsageError(
                    "unknown_stage", name=name, suggestion=suggest(name, names), known=", ".join(names)
                )
        session = session_of(context)
        project = session.project()
        report = pipeline.build(
            project, session.console, run_name=run, first=first, until=until, force=force, dry_run=dry_run
        )
        show.build_report(session.console, project, report, dry_run=dry_run)

    @app.command(help=text("check"))
    def check(context: typer.Context) -> None:
        from register.check import check_project
        from register.show import project as show

        session = session_of(context)
        show.check_report(session.console, check_project(session.directory))

    @app.command(help=text("assess"))
    def assess(
        context: typer.Context,
        name: str | None = typer.Option(None, "--name", help=text("assess_name")),
        run: str | None = run_option(text),
        answer: bool = typer.Option(False, "--answer", help=text("assess_answer")),
        source: str | None = typer.Option(None, "--source", help=text("assess_source")),
        compare: list[str] | None = typer.Option(None, "--compare", help=text("assess_compare")),
    ) -> None:
        from register.assess import command

        session = session_of(context)
        project = session.project()
        if answer:
            command.answer(project, session.console, source, input if sys.stdin.isatty() else None)
        elif compare:
            command.compare_with(project, session.console, compare)
        else:
            command.measure(project, session.console, name, run)

    @app.command(help=text("rejected"))
    def rejected(
        context: typer.Context,
        superseded: bool = typer.Option(False, "--superseded", help=text("superseded")),
        run: str | None = run_option(text),
        output: Path | None = output_option(text),
    ) -> None:
        from register.show import project as show
        from register.tables import rejected_rows, superseded_rows

        session = session_of(context)
        project = session.project()
        if superseded:
            show.superseded(session.console, superseded_rows(project, run, output), output)
        else:
            show.rejected(session.console, rejected_rows(project, run, output), output)

    runs_app = Application(app.language, help=text("runs"))
    app.add_typer(runs_app, name="runs")

    @runs_app.command("list", help=text("runs_list"))
    def runs_list(context: typer.Context) -> None:
        from register.run import list_runs
        from register.show import project as show

        session = session_of(context)
        show.runs(session.console, list_runs(session.project().runs))

    @runs_app.command("show", help=text("runs_show"))
    def runs_show(
        context: typer.Context, name: str | None = typer.Argument(None, help=text("run_option"))
    ) -> None:
        from register.run import find_run
        from register.show import project as show

        session = session_of(context)
        show.run(session.console, find_run(session.project().runs, name))

    @app.command(help=text("doctor"))
    def doctor(context: typer.Context) -> None:
        from register.check import check_installation
        from register.show import project as show

        show.installation(session_of(context).console, check_installation())
