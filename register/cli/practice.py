"""A country whose truth is known: synth, evaluate."""

from pathlib import Path

import typer

from register.cli.options import Text, run_option, session_of, there


def add(app: typer.Typer, text: Text) -> None:
    """Add the commands."""

    @app.command(help=text("synth"))
    def synth(
        context: typer.Context,
        directory: Path = typer.Argument(..., help=text("target")),
        people: int = typer.Option(10_000, help=text("people")),
        seed: int = typer.Option(1, help=text("seed")),
        years: str = typer.Option("2018-2024", help=text("years")),
        faults: Path | None = typer.Option(None, callback=there, help=text("faults")),
        survey: bool = typer.Option(False, "--survey", help=text("synth_survey")),
    ) -> None:
        from register.commands import write_synthetic_country
        from register.show import practice as show

        session = session_of(context)
        report = write_synthetic_country(
            session.directory / directory, people, seed, years, faults, survey=survey
        )
        show.synthetic(session.console, session.directory / directory, report)

    @app.command(help=text("evaluate"))
    def evaluate(
        context: typer.Context,
        truth: Path = typer.Argument(..., callback=there, help=text("truth")),
        run: str | None = run_option(text),
    ) -> None:
        from register.commands import evaluate_run
        from register.show import practice as show

        session = session_of(context)
        show.evaluation(session.console, evaluate_run(session.project(), run, truth))
